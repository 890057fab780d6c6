/* list: what a server holds, as tables: findings, checks, images, repositories, packages, scans. A
 * list is a row of `lists`. */
#include "cli/filter.h"
#include "cli/listing.h"
#include "cli/verbs.h"

#include "base/num.h"

#include <stdio.h>
#include <string.h>

#define SHOW_OPTIONS                                                                               \
	{"format", 0, "WORD", "table", "table, csv, or ndjson (one JSON object a line, whole)"},   \
	{                                                                                          \
		"limit", 0, "N", "100", "at most so many rows; 0: all"                             \
	}
#define WHERE_OPTIONS                                                                              \
	{"scope", 0, "PATH", NULL, "within a scope: /subscriptions/NAME, /registries/NAME ..."},   \
	{                                                                                          \
		"registry", 0, "NAME", NULL, "of this registry"                                    \
	}

static const struct cli_option finding_options[] = {
    WHERE_OPTIONS,
    FILTER_IMAGE_OPTIONS FILTER_OPTIONS{"sort", 0, "WORD", NULL, "severity, cvss, epss or package"},
    {"state", 0, "WORD", NULL, "active, or disabled by rules"},
    SHOW_OPTIONS,
    CLI_SERVER_OPTIONS,
    {0},
};
static const struct cli_option image_options[] = {
    {"registry", 0, "NAME", NULL, "of this registry; of a repository: local if none is named"},
    {"state", 0, "WORD", NULL, "Healthy, Unhealthy, Unverified or Pending"},
    {"sort", 0, "WORD", NULL, "pushed or severity"},
    SHOW_OPTIONS,
    CLI_SERVER_OPTIONS,
    {0},
};
static const struct cli_option repository_options[] = {
    {"scope", 0, "PATH", NULL, "within a scope: /subscriptions/NAME, /registries/NAME ..."},
    {"sort", 0, "WORD", NULL, "name or severity"},
    SHOW_OPTIONS,
    CLI_SERVER_OPTIONS,
    {0},
};
static const struct cli_option package_options[] = {
    {"type", 0, "WORD", NULL, "of this type of package URL: deb, npm, ..."},
    {"version", 0, "VERSION", NULL, "with exactly this version"},
    {"below", 0, "VERSION", NULL, "with an older version than this one"},
    {"from", 0, "VERSION", NULL, "with this version or a newer one"},
    {"repository", 0, "NAME", NULL, "in images of this repository"},
    WHERE_OPTIONS,
    SHOW_OPTIONS,
    CLI_SERVER_OPTIONS,
    {0},
};
static const struct cli_option scans_options[] = {
    {"repository", 0, "NAME", NULL, "of this repository"},
    {"digest", 0, "DIGEST", NULL, "of this image"},
    WHERE_OPTIONS,
    SHOW_OPTIONS,
    CLI_SERVER_OPTIONS,
    {0},
};

static const struct listing_column finding_columns[] = {
    {"severity", "SEVERITY", 10},
    {"kev", "KEV", 3},
    {"advisory", "VULNERABILITY", 20},
    {"package", "PACKAGE", 20},
    {"installed_version", "INSTALLED", 20},
    {"fixed_version", "FIXED IN", 20},
    {"registry", "REGISTRY", 12},
    {"repository", "REPOSITORY", 24},
    {"digest", "DIGEST", 0},
};
static const struct listing_column check_columns[] = {
    {"severity", "SEVERITY", 10}, {"kev", "KEV", 3},
    {"cvss", "CVSS", 4},	  {"images", "IMAGES", 6},
    {"package", "PACKAGE", 20},	  {"fixed_version", "FIXED IN", 20},
    {"id", "CHECK", 16},	  {"title", "SECURITY CHECK", 0},
};
static const struct listing_column image_columns[] = {
    {"state", "STATE", 10},	   {"findings.Critical", "CRITICAL", 8},
    {"findings.High", "HIGH", 6},  {"findings.Medium", "MEDIUM", 6},
    {"findings.Low", "LOW", 6},	   {"disabled", "DISABLED", 8},
    {"distro.name", "SYSTEM", 24}, {"pushed_at", "PUSHED", 24},
    {"tags", "TAGS", 20},	   {"digest", "DIGEST", 0},
};
static const struct listing_column all_image_columns[] = {
    {"state", "STATE", 10},	      {"findings.Critical", "CRITICAL", 8},
    {"findings.High", "HIGH", 6},     {"distro.name", "SYSTEM", 24},
    {"pushed_at", "PUSHED", 24},      {"registry", "REGISTRY", 12},
    {"repository", "REPOSITORY", 24}, {"tags", "TAGS", 20},
    {"digest", "DIGEST", 0},
};
static const struct listing_column repository_columns[] = {
    {"registry", "REGISTRY", 12},  {"images", "IMAGES", 6},
    {"unhealthy", "UNHEALTHY", 9}, {"unverified", "UNVERIFIED", 10},
    {"healthy", "HEALTHY", 7},	   {"findings.Critical", "CRITICAL", 8},
    {"findings.High", "HIGH", 6},  {"findings.Medium", "MEDIUM", 6},
    {"name", "REPOSITORY", 0},
};
static const struct listing_column package_columns[] = {
    {"packages.name", "PACKAGE", 20}, {"packages.version", "VERSION", 20}, {"os", "SYSTEM", 14},
    {"registry", "REGISTRY", 12},     {"repository", "REPOSITORY", 24},	   {"tags", "TAGS", 16},
    {"digest", "DIGEST", 0},
};
static const struct listing_column scan_columns[] = {
    {"id", "SCAN", 8},		 {"status", "STATUS", 10},     {"trigger", "TRIGGER", 12},
    {"queued_at", "QUEUED", 24}, {"registry", "REGISTRY", 12}, {"repository", "REPOSITORY", 24},
    {"digest", "DIGEST", 71},	 {"reason", "REASON", 0},
};

/* Options that are parameters of the route, under another name where it has one. */
struct parameter {
	const char *option, *key;
};
static const struct parameter where[] = {{"scope", "scope"},
					 {"registry", "registry"},
					 {"sort", "sort"},
					 {"state", "state"},
					 {NULL, NULL}};
static const struct parameter of_images[] = {{"sort", "sort"}, {"state", "state"}, {NULL, NULL}};
static const struct parameter of_all_images[] = {
    {"registry", "registry"}, {"sort", "sort"}, {"state", "state"}, {NULL, NULL}};
static const struct parameter of_packages[] = {{"scope", "scope"},
					       {"registry", "registry"},
					       {"type", "type"},
					       {"version", "version"},
					       {"below", "version_below"},
					       {"from", "version_from"},
					       {"repository", "repository"},
					       {NULL, NULL}};
static const struct parameter of_scans[] = {{"scope", "scope"},
					    {"registry", "registry"},
					    {"repository", "repository"},
					    {"digest", "digest"},
					    {NULL, NULL}};

struct list {
	const char *name; /* "list findings" */
	const char *path;
	const char *operand; /* key of the parameter that the operand is; "": a part of the path;
				NULL: there is none */
	const struct cli_option *options;
	const struct parameter *parameters;
	bool is_filtered; /* by the criteria of findings */
	const struct listing_column *columns;
	size_t column_count;
	const struct list *without; /* the list where no operand is given; NULL: it must be */
};
#define COLUMNS(c) .columns = (c), .column_count = sizeof(c) / sizeof *(c)
enum { FINDINGS, CHECKS, IMAGES, REPOSITORIES, PACKAGES, SCANS };
static const struct list all_images = {
    "list images", "/api/v1/images",	      NULL, image_options, of_all_images,
    false,	   COLUMNS(all_image_columns)};
static const struct list lists[] = {
    [FINDINGS] = {"list findings", "/api/v1/findings", NULL, finding_options, where, true,
		  COLUMNS(finding_columns)},
    [CHECKS] = {"list checks", "/api/v1/checks", NULL, finding_options, where, true,
		COLUMNS(check_columns)},
    [IMAGES] = {"list images", NULL, "", image_options, of_images, false, COLUMNS(image_columns),
		.without = &all_images},
    [REPOSITORIES] = {"list repositories", "/api/v1/repositories", NULL, repository_options, where,
		      false, COLUMNS(repository_columns)},
    [PACKAGES] = {"list packages", "/api/v1/packages", "name", package_options, of_packages, false,
		  COLUMNS(package_columns)},
    [SCANS] = {"list scans", "/api/v1/scans", NULL, scans_options, of_scans, false,
	       COLUMNS(scan_columns)},
};

static const char *path_of(struct admin *p, const struct list *l, struct err *e)
{
	struct buf b;
	char mark = '?';
	buf_init(&b, 65536);
	if (l->path) {
		buf_put_text(&b, l->path);
	} else {
		buf_put_text(&b, "/api/v1/registries/");
		const char *registry = cli_get(&p->args, "registry");
		fetch_encode(&b, bytes_of(registry ? registry : "local"));
		buf_put_text(&b, "/repositories/");
		fetch_encode(&b, bytes_of(p->args.operands[0]));
		buf_put_text(&b, "/images");
	}
	if (l->operand && *l->operand) {
		buf_printf(&b, "?%s=", l->operand);
		fetch_encode(&b, bytes_of(p->args.operands[0]));
		mark = '&';
	}
	for (const struct parameter *q = l->parameters; q->option; q++) {
		const char *value = cli_get(&p->args, q->option);
		if (!value)
			continue;
		buf_printf(&b, "%c%s=", mark, q->key);
		fetch_encode(&b, bytes_of(value));
		mark = '&';
	}
	if (l->is_filtered) {
		buf_put_text(&b, mark == '?' ? "?" : "");
		filter_query(&p->args, &b);
	}
	return admin_text(p, &b, e);
}

static int read_show(const struct admin *p, struct listing_show *show, struct err *e)
{
	static const char *const formats[] = {"table", "csv", "ndjson"};
	const char *format = cli_get(&p->args, "format"), *limit = cli_get(&p->args, "limit");
	uint64_t most;
	size_t i = 0;
	while (i < sizeof formats / sizeof *formats && strcmp(format, formats[i]) != 0)
		i++;
	if (i == sizeof formats / sizeof *formats)
		return err_set(e, ERR_FORMAT, "--format: \"%s\" is none of table, csv, ndjson",
			       format);
	if (!num_u64(bytes_of(limit), SIZE_MAX, &most))
		return err_set(e, ERR_FORMAT, "--limit: \"%s\" is no number", limit);
	*show = (struct listing_show){.format = (enum listing_format)i, .most = (size_t)most};
	return 0;
}

static int print_list(const struct list *l, int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	struct listing_show show = {.more = false};
	size_t most = l->operand != NULL, least = l->without ? 0 : most;
	if (admin_open(&p, &(const struct admin_verb){l->name, l->options, least, most}, argc, argv,
		       &e) < 0)
		return CLI_ERROR;
	if (l->without && p.args.operand_count == 0)
		l = l->without;
	int r = read_show(&p, &show, &e);
	r = r < 0 ? r : admin_connect(&p, &e);
	const char *path = r < 0 ? NULL : path_of(&p, l, &e);
	r = path ? listing_write(&p, path, l->columns, l->column_count, &show, &e) : -(int)e.code;
	if (r == 0 && fflush(stdout) != 0)
		r = err_set(&e, ERR_IO, "standard output could not be written");
	if (r == 0 && show.more)
		fprintf(stderr, "there are more than the %zu listed: --limit 0 lists all\n",
			show.most);
	return admin_close(&p, r, &e);
}

#define VERB(name, number)                                                                         \
	static int list_##name(int argc, char **argv)                                              \
	{                                                                                          \
		return print_list(&lists[number], argc, argv);                                     \
	}
VERB(findings, FINDINGS)
VERB(checks, CHECKS)
VERB(images, IMAGES)
VERB(repositories, REPOSITORIES)
VERB(packages, PACKAGES)
VERB(scans, SCANS)

const struct cli_command list_commands[] = {
    {.name = "findings",
     .main = list_findings,
     .synopsis = "[--severity LIST] [--cve LIST] [--repository LIST] ...",
     .summary = "findings of all images, gravest first",
     .options = finding_options},
    {.name = "checks",
     .main = list_checks,
     .synopsis = "[--severity LIST] [--package LIST] ...",
     .summary = "security checks that have findings, each once, with the number of images",
     .options = finding_options},
    {.name = "images",
     .main = list_images,
     .synopsis = "[REPOSITORY] [--registry NAME] [--state WORD]",
     .summary = "images and their state, of all repositories or of one",
     .options = image_options},
    {.name = "repositories",
     .main = list_repositories,
     .synopsis = "[--scope PATH] [--sort WORD]",
     .summary = "repositories of all registries, with the sums of their images",
     .options = repository_options},
    {.name = "packages",
     .main = list_packages,
     .synopsis = "NAME [--below VERSION] [--type WORD]",
     .summary = "images that have a package, whatever is known against it",
     .options = package_options},
    {.name = "scans",
     .main = list_scans,
     .synopsis = "[--registry NAME] [--repository NAME]",
     .summary = "scans, newest first",
     .options = scans_options},
    {.name = NULL},
};

int verb_list(int argc, char **argv)
{
	return cli_run_below(cli_find("list"), argc, argv);
}
