#include "cli/image.h"
#include "cli/verbs.h"

#include "base/clock.h"
#include "base/num.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct cli_option scan_options[] = {
	CIMG_OPTIONS,
	{"format", 'f', "NAME", "table", "table, json or sarif"},
	{"severity", 's', "LIST", NULL, "show only these, e.g. HIGH,CRITICAL"},
	{"category", 0, "LIST", NULL, "show only these, e.g. \"Debian,Kernel headers\""},
	{"not-category", 0, "LIST", NULL, "leave these out, e.g. \"kernel headers\""},
	{"ignore-unfixed", 0, NULL, NULL, "leave out what has no fixed version yet"},
	{"only-fixed", 0, NULL, NULL, "the same"},
	{"exit-code", 0, "N", "0", "exit status when findings remain"},
	{"fail-on", 0, "SEVERITY", NULL, "exit with 2 when a finding is at least this severe"},
	{"no-color", 0, NULL, NULL, "no colors, also with NO_COLOR in the environment"},
	{0},
};
const struct cli_option inventory_options[] = {
	CIMG_OPTIONS,
	{"format", 'f', "NAME", "table", "table or json"},
	{0},
};

static int parse_severity(struct bytes word, const char *option, enum adv_severity *ret, struct err *e)
{
	*ret = adv_severity_parse(word);
	bool unknown = word.len == 7 && byte_lower(word.ptr[0]) == 'u' && byte_lower(word.ptr[1]) == 'n';
	if (*ret == ADV_SEV_UNKNOWN && !unknown)
		return err_set(e, ERR_FORMAT,
			       "%s: \"%.*s\" is none of Critical, High, Medium, Low, Negligible, Unknown", option,
			       BYTES_ARG(word));
	return 0;
}

struct filters {
	bool severities[ADV_SEV_CRITICAL + 1];
	struct bytes categories, not_categories; /* commas between; empty: any, none */
	bool fixed_only;
	bool has_fail_on;
	enum adv_severity fail_on;
	int exit_code;
	const struct report_format *format;
};

static int parse_filters(const struct cli_args *args, struct filters *f, struct err *e)
{
	*f = (struct filters){.fixed_only = cli_has(args, "ignore-unfixed") || cli_has(args, "only-fixed"),
			      .categories = bytes_of(cli_get(args, "category")),
			      .not_categories = bytes_of(cli_get(args, "not-category"))};
	struct bytes list = bytes_of(cli_get(args, "severity"));
	bool all = list.len == 0;
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++)
		f->severities[i] = all;
	while (list.len) {
		enum adv_severity s;
		if (parse_severity(bytes_trim(bytes_cut(&list, ',')), "--severity", &s, e) < 0)
			return -(int)e->code;
		f->severities[s] = true;
	}
	const char *fail_on = cli_get(args, "fail-on");
	f->has_fail_on = fail_on != NULL;
	if (fail_on && parse_severity(bytes_of(fail_on), "--fail-on", &f->fail_on, e) < 0)
		return -(int)e->code;
	uint64_t code;
	if (!num_u64(bytes_of(cli_get(args, "exit-code")), 255, &code))
		return err_set(e, ERR_FORMAT, "--exit-code: \"%s\" is not a number from 0 to 255",
			       cli_get(args, "exit-code"));
	f->exit_code = (int)code;
	f->format = report_find(bytes_of(cli_get(args, "format")));
	if (!f->format)
		return err_set(e, ERR_FORMAT, "--format: there is no format \"%s\"", cli_get(args, "format"));
	return 0;
}

/* Is category one of list, whatever its case? */
static bool is_listed(struct bytes list, struct bytes category)
{
	while (list.len) {
		struct bytes one = bytes_trim(bytes_cut(&list, ','));
		size_t n = 0;
		while (n < one.len && n < category.len &&
		       byte_lower(one.ptr[n]) == byte_lower(category.ptr[n]))
			n++;
		if (n == one.len && n == category.len)
			return true;
	}
	return false;
}

static bool is_shown(const struct filters *f, const struct report_finding *x)
{
	return f->severities[x->severity] && (!f->fixed_only || x->fixed_version.len) &&
	       (f->categories.len == 0 || is_listed(f->categories, x->category)) &&
	       !is_listed(f->not_categories, x->category);
}

static void apply(const struct filters *f, struct report *r)
{
	size_t kept = 0;
	for (size_t i = 0; i < r->finding_count; i++) {
		if (is_shown(f, &r->findings[i]))
			r->findings[kept++] = r->findings[i];
	}
	r->hidden_count = r->finding_count - kept;
	r->finding_count = kept;
}

static int status_of(const struct filters *f, const struct report *r)
{
	for (size_t i = 0; f->has_fail_on && i < r->finding_count; i++) {
		if (r->findings[i].severity >= f->fail_on)
			return 2;
	}
	return r->finding_count ? f->exit_code : 0;
}

static int write_report(int (*put)(const struct report *, struct buf *, struct err *), const struct report *r,
			const struct cli_args *args, struct err *e)
{
	struct buf out;
	buf_init(&out, SIZE_MAX / 4);
	int rc = put(r, &out, e);
	if (rc == 0)
		rc = cli_write(cli_get(args, "output"), buf_bytes(&out), e);
	buf_free(&out);
	return rc;
}

static bool wants_color(const struct cli_args *args)
{
	const char *no = getenv("NO_COLOR");
	const char *path = cli_get(args, "output");
	return !cli_has(args, "no-color") && !(no && *no) && !path && isatty(STDOUT_FILENO);
}

/* "scan image REF", as other scanners want it, is "scan REF". */
static void drop_word(struct cli_args *args)
{
	if (args->operand_count == 0 || !bytes_eq_lit(bytes_of(args->operands[0]), "image") ||
	    (args->operand_count == 1 && !cli_get(args, "input")))
		return;
	args->operand_count--;
	memmove(args->operands, args->operands + 1, args->operand_count * sizeof *args->operands);
}

int verb_scan(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct filters filters;
	struct cimg c = {0};
	if (cli_parse(scan_options, argc, argv, &args, &e) < 0 || parse_filters(&args, &filters, &e) < 0)
		return cli_usage("scan", &e);
	drop_word(&args);
	if (args.operand_count > 1) {
		(void)err_set(&e, ERR_FORMAT, "one image at a time");
		return cli_usage("scan", &e);
	}
	int rc = cimg_open(&c, &args, args.operand_count ? args.operands[0] : NULL, true, &e);
	struct report r = {.input = &c.input,
			   .assess = &c.assess,
			   .vdb = c.vdb,
			   .color = wants_color(&args),
			   .version = PLIMSOLL_VERSION,
			   .now_ms = clock_wall_ms()};
	int status = 1;
	if (rc == 0)
		rc = report_findings_of(&c.assess, &c.arena, &r.findings, &r.finding_count, &e);
	if (rc == 0) {
		apply(&filters, &r);
		status = status_of(&filters, &r);
		rc = write_report(filters.format->put, &r, &args, &e);
	}
	cimg_close(&c);
	return rc < 0 ? cli_fail("scan", &e) : status;
}

int verb_inventory(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct cimg c = {0};
	if (cli_parse(inventory_options, argc, argv, &args, &e) < 0)
		return cli_usage("inventory", &e);
	struct bytes format = bytes_of(cli_get(&args, "format"));
	bool json = bytes_eq_lit(format, "json");
	if (args.operand_count > 1 || (!json && !bytes_eq_lit(format, "table"))) {
		err_set(&e, ERR_FORMAT, args.operand_count > 1 ? "one image at a time" : "--format is table or json");
		return cli_usage("inventory", &e);
	}
	int rc = cimg_open(&c, &args, args.operand_count ? args.operands[0] : NULL, false, &e);
	struct report r = {.input = &c.input, .assess = &c.assess, .version = PLIMSOLL_VERSION,
			   .now_ms = clock_wall_ms()};
	if (rc == 0)
		rc = write_report(json ? report_inventory_json : report_inventory_table, &r, &args, &e);
	cimg_close(&c);
	return rc < 0 ? cli_fail("inventory", &e) : 0;
}
