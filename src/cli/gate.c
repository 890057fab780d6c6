#include "cli/gate.h"

#include "base/io.h"
#include "base/num.h"
#include "cli/filter.h"
#include "pkg/license.h"
#include "report/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_SEVERITY (ADV_SEV_CRITICAL + 1)
#define DENIED_MAX 256		 /* licences of --deny-license */
#define DENIED_SHOWN 10		 /* packages that are named */
#define VALUES_BUDGET (1U << 20) /* bytes of the options' values, which a command line bounds */

static int parse_severity(struct bytes word, enum adv_severity *ret, struct err *e)
{
	*ret = adv_severity_parse(word);
	if (*ret != ADV_SEV_UNKNOWN || bytes_eq_nocase(word, BYTES_LIT("unknown")))
		return 0;
	return err_set(e, ERR_FORMAT, "--fail-on: \"%.*s\" is not one of " GATE_WORDS,
		       BYTES_ARG(word));
}

/* "unknown" with another severity adds unrated findings; alone it is the lowest: any finding.
 */
static int parse_fail_on(struct bytes list, struct gate *g, struct err *e)
{
	int at_least = NO_SEVERITY;
	bool unknown = false;
	g->has_fail_on = list.len > 0;
	g->fails = (struct criteria){.any = true};
	while (list.len) {
		struct bytes word = bytes_trim(bytes_cut(&list, ','));
		enum adv_severity s = ADV_SEV_UNKNOWN;
		if (bytes_eq_nocase(word, BYTES_LIT("kev")))
			g->fails.kev = RECORD_YES;
		else if (bytes_eq_nocase(word, BYTES_LIT("fixable")))
			g->fails.fixed = RECORD_YES;
		else if (bytes_eq_nocase(word, BYTES_LIT("unverified")))
			g->unverified = true;
		else if (bytes_eq_nocase(word, BYTES_LIT("eol")))
			g->eol = true;
		else if (bytes_eq_nocase(word, BYTES_LIT("unknown")))
			unknown = true;
		else if (bytes_eq_nocase(word, BYTES_LIT("any")))
			at_least = ADV_SEV_UNKNOWN;
		else if (parse_severity(word, &s, e) < 0)
			return -(int)e->code;
		else if ((int)s < at_least)
			at_least = (int)s;
	}
	if (unknown && at_least == NO_SEVERITY)
		at_least = ADV_SEV_UNKNOWN;
	for (int i = at_least; i <= ADV_SEV_CRITICAL; i++)
		g->fails.severities[i] = true;
	g->fails.severities[ADV_SEV_UNKNOWN] |= unknown;
	return 0;
}

static int parse_status(const struct cli_args *args, const char *name, int *ret, struct err *e)
{
	uint64_t code;
	const char *text = cli_get(args, name);
	*ret = CLI_DONE;
	if (!text)
		return 0;
	if (!num_u64(bytes_of(text), 255, &code))
		return err_set(e, ERR_FORMAT, "--%s: \"%s\" is not a number from 0 to 255", name,
			       text);
	*ret = (int)code;
	return 0;
}

int gate_template(const struct cli_args *args, struct buf *ret, struct err *e)
{
	const char *path = cli_get(args, "template");
	buf_init(ret, TEMPLATE_MAX);
	return path && io_read_file(path, ret, e) < 0 ? err_ctx(e, "--template: %s", path) : 0;
}

static int parse_format(const struct cli_args *args, struct gate *g, struct err *e)
{
	const char *name = cli_get(args, "format");
	g->format = report_find(bytes_of(name));
	if (g->format && (strcmp(name, "template") == 0) != cli_has(args, "template"))
		return err_set(e, ERR_FORMAT,
			       "--format template and --template FILE need each other");
	if (g->format)
		return gate_template(args, &g->template, e);
	struct buf names;
	buf_init(&names, 1024);
	for (size_t i = 0; i < report_count; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", report_table[i].name);
	int r = err_set(e, ERR_FORMAT, "--format: unknown format \"%s\"; known are %s", name,
			buf_cstr(&names));
	buf_free(&names);
	return r;
}

static int parse_denied(struct bytes list, struct gate *g, struct err *e)
{
	if (!list.len)
		return 0;
	g->denied = arena_alloc(&g->arena, DENIED_MAX, sizeof *g->denied);
	while (g->denied && list.len) {
		struct bytes one = bytes_trim(bytes_cut(&list, ','));
		if (!one.len)
			continue;
		if (g->denied_count == DENIED_MAX)
			return err_set(e, ERR_FORMAT, "--deny-license: more than %d licences",
				       DENIED_MAX);
		const char *text = arena_cstr(&g->arena, one);
		if (!text)
			return err_nomem(e);
		g->denied[g->denied_count++] = text;
	}
	return g->denied ? 0 : err_nomem(e);
}

bool gate_needs_packages(const struct gate *g)
{
	return g->denied_count > 0;
}

int gate_parse(const struct cli_args *args, const char *verb, struct gate *ret, struct err *e)
{
	*ret = (struct gate){.left_status = CLI_DONE};
	arena_init(&ret->arena, VALUES_BUDGET);
	if (filter_parse(args, &ret->arena, &ret->shown, e) < 0 ||
	    parse_fail_on(bytes_of(cli_get(args, "fail-on")), ret, e) < 0 ||
	    parse_denied(bytes_of(cli_get(args, "deny-license")), ret, e) < 0 ||
	    parse_status(args, "exit-code", &ret->left_status, e) < 0 ||
	    parse_status(args, "exit-on-eol", &ret->eol_status, e) < 0 ||
	    parse_format(args, ret, e) < 0 || except_read(args, verb, &ret->exceptions, e) < 0)
		return -(int)e->code;
	if (cli_has(args, "ignore-unfixed") || cli_has(args, "only-fixed"))
		ret->shown.fixed = RECORD_YES;
	return term_style(args, &ret->style, e);
}

void gate_free(struct gate *g)
{
	arena_free(&g->arena);
	buf_free(&g->template);
	exceptions_free(&g->exceptions);
}

int gate_except(struct gate *g, struct report *r, struct assess *assess, struct err *e)
{
	return except_apply(&g->exceptions, r, assess, &g->exceptions.arena, e);
}

void gate_apply(const struct gate *g, struct report *r)
{
	size_t kept = 0;
	struct criteria rated = {.any = true}; /* the severities alone */
	memcpy(rated.severities, g->shown.severities, sizeof rated.severities);
	r->hidden_count = r->hidden_unrated = 0;
	for (size_t i = 0; i < r->finding_count; i++) {
		const struct finding *x = &r->findings[i];
		if (criteria_fits(&g->shown, x))
			r->findings[kept++] = *x;
		else if (x->check.severity == ADV_SEV_UNKNOWN)
			r->hidden_unrated += !criteria_fits(&rated, x);
	}
	r->hidden_count = r->finding_count - kept;
	r->finding_count = kept;
	r->style = g->style;
	r->template = buf_bytes(&g->template);
	/* As GitHub's runners state it. */
	r->run = (struct report_run){.commit = getenv("GITHUB_SHA"),
				     .ref = getenv("GITHUB_REF"),
				     .job = getenv("GITHUB_RUN_ID"),
				     .workflow = getenv("GITHUB_WORKFLOW")};
}

static bool fails(const struct gate *g, const struct finding *x)
{
	return !criteria_is_empty(&g->fails) && criteria_fits(&g->fails, x);
}

static bool is_past_its_end(const struct report *r)
{
	struct support s;
	return report_support(r, &s) && s.state == SUPPORT_ENDED;
}

static size_t count_findings(const struct report *r,
			     bool (*pass)(const struct gate *, const struct finding *),
			     const struct gate *g)
{
	size_t n = 0;
	for (size_t i = 0; i < r->finding_count; i++)
		n += pass(g, &r->findings[i]);
	return n;
}

static bool is_unrated(const struct gate *g, const struct finding *x)
{
	return x->check.severity == ADV_SEV_UNKNOWN && !fails(g, x);
}

static void warn_unrated(const char *verb, size_t count, const char *what)
{
	if (count)
		fprintf(stderr, "plimsoll %s: warning: %zu finding%s no severity: %s\n", verb,
			count, count == 1 ? " has" : "s have", what);
}

static void print_reason(const char *verb, const char *head, const struct report *r)
{
	struct buf text;
	buf_init(&text, 65536);
	report_put_plain(&text, r->assess->reason);
	fprintf(stderr, "plimsoll %s: %s: %s\n", verb, head, buf_cstr(&text));
	buf_free(&text);
}

/* Warn about what a gate that passed did not count. */
static void warn_open(const struct gate *g, const struct report *r, const char *verb)
{
	warn_unrated(verb, r->hidden_unrated,
		     "hidden by --severity; add unknown to its list to see them");
	if (g->has_fail_on)
		warn_unrated(verb, count_findings(r, is_unrated, g),
			     "not counted by --fail-on; add unknown to its list");
	if (r->assess->state == ASSESS_UNVERIFIED)
		print_reason(verb,
			     "warning: the image is Unverified: status 0 does not mean that "
			     "nothing is wrong (--fail-on unverified)",
			     r);
}

static void print_denied(const struct pkg *p, const char *verb)
{
	struct buf text;
	buf_init(&text, 65536);
	report_put_plain(&text, p->name);
	buf_put_u8(&text, ' ');
	report_put_plain(&text, p->version);
	buf_put_text(&text, ": ");
	report_put_plain(&text, p->license);
	fprintf(stderr, "plimsoll %s: --deny-license: %s\n", verb, buf_cstr(&text));
	buf_free(&text);
}

/* The packages that need a denied licence; what only lock files declare is not there. Those that
 * state none are said. */
static size_t count_denied(const struct gate *g, const struct report *r, const char *verb)
{
	size_t count = 0, unstated = 0;
	const struct inv_image *image = r->assess->image;
	for (size_t i = 0; i < image->package_count; i++) {
		const struct pkg *p = &image->packages[i].pkg;
		if (p->class == PKG_DECLARED)
			continue;
		unstated += p->license.len == 0;
		if (license_is_denied(p->license, g->denied, g->denied_count) &&
		    count++ < DENIED_SHOWN)
			print_denied(p, verb);
	}
	if (count)
		fprintf(stderr, "plimsoll %s: --deny-license: %zu package%s\n", verb, count,
			num_plural(count));
	if (unstated)
		fprintf(stderr, "plimsoll %s: warning: --deny-license: %zu package%s no licence\n",
			verb, unstated, unstated == 1 ? " states" : "s state");
	return count;
}

int gate_status(const struct gate *g, const struct report *r, const char *verb)
{
	size_t count = g->has_fail_on ? count_findings(r, fails, g) : 0;
	bool unverified = g->unverified && r->assess->state == ASSESS_UNVERIFIED;
	bool ended = (g->eol || g->eol_status) && is_past_its_end(r);
	if (unverified)
		print_reason(verb, "--fail-on unverified", r);
	if (ended)
		fprintf(stderr, "plimsoll %s: the image's release gets no more fixes\n", verb);
	if (count)
		fprintf(stderr, "plimsoll %s: --fail-on: %zu finding%s\n", verb, count,
			num_plural(count));
	size_t denied = g->denied_count ? count_denied(g, r, verb) : 0;
	int status = count || denied || unverified || (ended && g->eol) ? CLI_GATE : CLI_DONE;
	if (!status && r->finding_count)
		status = g->left_status;
	if (!status && ended)
		status = g->eol_status;
	if (!status)
		warn_open(g, r, verb);
	return status;
}

int gate_write(const struct gate *g, const struct report *r, const struct cli_args *args,
	       struct err *e)
{
	struct buf out;
	buf_init(&out, LIMIT_REPORT_MAX);
	int rc = report_put(g->format, r, &out, e);
	if (rc == 0)
		rc = cli_write(cli_get(args, "output"), buf_bytes(&out), e);
	buf_free(&out);
	return rc;
}
