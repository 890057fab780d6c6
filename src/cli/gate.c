#include "cli/gate.h"

#include "base/num.h"
#include "cli/suggest.h"
#include "match/match.h"
#include "pkg/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_SEVERITY (ADV_SEV_CRITICAL + 1)
#define CATEGORIES_MAX 64

static bool is_word(struct bytes a, struct bytes b)
{
	size_t n = 0;
	while (n < a.len && n < b.len && byte_lower(a.ptr[n]) == byte_lower(b.ptr[n]))
		n++;
	return n == a.len && n == b.len;
}

/* In any case, in a list with commas. */
static bool is_listed(struct bytes list, struct bytes word)
{
	while (list.len) {
		if (is_word(bytes_trim(bytes_cut(&list, ',')), word))
			return true;
	}
	return false;
}

static int parse_severity(struct bytes word, const char *option, enum adv_severity *ret,
			  struct err *e)
{
	static const char *const words[] = {"Critical",	  "High",    "Medium", "Low",
					    "Negligible", "Unknown", NULL};
	*ret = adv_severity_parse(word);
	if (*ret != ADV_SEV_UNKNOWN || is_word(word, BYTES_LIT("unknown")))
		return 0;
	const char *near = suggest(word, words);
	return err_set(
	    e, ERR_FORMAT,
	    "%s: \"%.*s\" is none of Critical, High, Medium, Low, Negligible, Unknown%s%s%s",
	    option, BYTES_ARG(word), near ? "; did you mean " : "", near ? near : "",
	    near ? "?" : "");
}

static int parse_shown(struct bytes list, struct gate *g, struct err *e)
{
	bool all = list.len == 0;
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++)
		g->severities[i] = all;
	while (list.len) {
		enum adv_severity s;
		if (parse_severity(bytes_trim(bytes_cut(&list, ',')), "--severity", &s, e) < 0)
			return -(int)e->code;
		g->severities[s] = true;
	}
	return 0;
}

/* "unknown" with another severity adds unrated findings; alone it is the lowest: any finding.
 */
static int parse_fail_on(struct bytes list, struct gate *g, struct err *e)
{
	g->has_fail_on = list.len > 0;
	g->at_least = NO_SEVERITY;
	while (list.len) {
		struct bytes word = bytes_trim(bytes_cut(&list, ','));
		bool *flag = is_word(word, BYTES_LIT("kev"))	      ? &g->kev
			     : is_word(word, BYTES_LIT("fixable"))    ? &g->fixable
			     : is_word(word, BYTES_LIT("unverified")) ? &g->unverified
			     : is_word(word, BYTES_LIT("eol"))	      ? &g->eol
			     : is_word(word, BYTES_LIT("unknown"))    ? &g->unknown
								      : NULL;
		enum adv_severity s = ADV_SEV_UNKNOWN;
		if (flag)
			*flag = true;
		else if (is_word(word, BYTES_LIT("any")))
			g->at_least = ADV_SEV_UNKNOWN;
		else if (parse_severity(word, "--fail-on", &s, e) < 0)
			return err_set(e, ERR_FORMAT, "--fail-on: \"%.*s\" is none of " GATE_WORDS,
				       BYTES_ARG(word));
		else if (s < g->at_least)
			g->at_least = s;
	}
	if (g->unknown && g->at_least == NO_SEVERITY)
		g->at_least = ADV_SEV_UNKNOWN;
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

/* An impossible category is a usage error, not an empty report. */
static int check_categories(const char *option, struct bytes list, struct err *e)
{
	const char *names[CATEGORIES_MAX] = {MATCH_KERNEL_HEADERS};
	size_t n = 1;
	for (size_t i = 0; ver_ecosystem_name(i) && n < CATEGORIES_MAX - 1; i++)
		names[n++] = ver_ecosystem_name(i);
	while (list.len) {
		struct bytes word = bytes_trim(bytes_cut(&list, ','));
		bool known = false;
		for (size_t i = 0; i < n && !known; i++)
			known = is_word(word, bytes_of(names[i]));
		const char *near = known ? NULL : suggest(word, names);
		if (!known)
			return err_set(e, ERR_FORMAT, "%s: unknown category \"%.*s\"%s%s%s", option,
				       BYTES_ARG(word),
				       near ? "; did you mean \""
					    : " (Debian, Alpine, Red Hat, Kernel headers …)",
				       near ? near : "", near ? "\"?" : "");
	}
	return 0;
}

static int parse_format(const struct cli_args *args, struct gate *g, struct err *e)
{
	const char *name = cli_get(args, "format");
	g->format = report_find(bytes_of(name));
	if (g->format)
		return 0;
	struct buf names;
	buf_init(&names, 1024);
	for (size_t i = 0; i < report_count; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", report_table[i].name);
	int r = err_set(e, ERR_FORMAT, "--format: unknown format \"%s\"; known are %s", name,
			buf_cstr(&names));
	buf_free(&names);
	return r;
}

int gate_parse(const struct cli_args *args, struct gate *ret, struct err *e)
{
	*ret = (struct gate){.fixed_only =
				 cli_has(args, "ignore-unfixed") || cli_has(args, "only-fixed"),
			     .categories = bytes_of(cli_get(args, "category")),
			     .not_categories = bytes_of(cli_get(args, "not-category"))};
	if (parse_shown(bytes_of(cli_get(args, "severity")), ret, e) < 0 ||
	    parse_fail_on(bytes_of(cli_get(args, "fail-on")), ret, e) < 0 ||
	    parse_status(args, "exit-code", &ret->left_status, e) < 0 ||
	    parse_status(args, "exit-on-eol", &ret->eol_status, e) < 0 ||
	    check_categories("--category", ret->categories, e) < 0 ||
	    check_categories("--not-category", ret->not_categories, e) < 0 ||
	    parse_format(args, ret, e) < 0)
		return -(int)e->code;
	return term_style(args, &ret->style, e);
}

static bool is_shown(const struct gate *g, const struct report_finding *x)
{
	return g->severities[x->severity] && (!g->fixed_only || x->fixed_version.len) &&
	       (g->categories.len == 0 || is_listed(g->categories, x->category)) &&
	       !is_listed(g->not_categories, x->category);
}

static int by_id(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* Number of distinct ids; sorts them. */
static size_t count_ids(uint64_t *ids, size_t count)
{
	size_t n = 0;
	if (count)
		qsort(ids, count, sizeof *ids, by_id);
	for (size_t i = 0; i < count; i++)
		n += i == 0 || ids[i] != ids[i - 1];
	return n;
}

int gate_apply(const struct gate *g, struct report *r, struct err *e)
{
	size_t kept = 0;
	uint64_t *ids = calloc(r->finding_count + 1, sizeof *ids);
	if (!ids)
		return err_set(e, ERR_NOMEM, "no memory for %zu findings", r->finding_count);
	for (size_t i = 0; i < r->finding_count; i++)
		ids[i] = r->findings[i].id;
	size_t all = count_ids(ids, r->finding_count), unrated = 0;
	for (size_t i = 0; i < r->finding_count; i++) {
		const struct report_finding *x = &r->findings[i];
		if (is_shown(g, x))
			r->findings[kept++] = *x;
		else if (x->severity == ADV_SEV_UNKNOWN && !g->severities[ADV_SEV_UNKNOWN])
			ids[unrated++] = x->id;
	}
	r->hidden_unrated = count_ids(ids, unrated);
	for (size_t i = 0; i < kept; i++)
		ids[i] = r->findings[i].id;
	r->hidden_checks = all - count_ids(ids, kept);
	r->hidden_count = r->finding_count - kept;
	r->finding_count = kept;
	free(ids);
	r->style = g->style;
	return 0;
}

static bool fails(const struct gate *g, const struct report_finding *x)
{
	return (int)x->severity >= (int)g->at_least ||
	       (g->unknown && x->severity == ADV_SEV_UNKNOWN) || (g->kev && x->kev) ||
	       (g->fixable && x->fixed_version.len);
}

static bool is_past_its_end(const struct report *r)
{
	struct support s;
	return report_support(r, &s) && s.state == SUPPORT_ENDED;
}

/* Security checks among the findings that pass. */
static size_t count_checks(const struct report *r,
			   bool (*pass)(const struct gate *, const struct report_finding *),
			   const struct gate *g)
{
	size_t n = 0;
	uint64_t *ids = calloc(r->finding_count + 1, sizeof *ids);
	for (size_t i = 0; i < r->finding_count; i++) {
		if (!pass(g, &r->findings[i]))
			continue;
		if (ids)
			ids[n] = r->findings[i].id;
		n++;
	}
	n = ids ? count_ids(ids, n) : n; /* without memory the rows are counted */
	free(ids);
	return n;
}

static bool is_unrated(const struct gate *g, const struct report_finding *x)
{
	return x->severity == ADV_SEV_UNKNOWN && !fails(g, x);
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
		warn_unrated(verb, count_checks(r, is_unrated, g),
			     "not counted by --fail-on; add unknown to its list");
	if (r->assess->state == ASSESS_UNVERIFIED)
		print_reason(verb,
			     "warning: the image is Unverified: status 0 does not mean that "
			     "nothing is wrong (--fail-on unverified)",
			     r);
}

int gate_status(const struct gate *g, const struct report *r, const char *verb)
{
	size_t count = g->has_fail_on ? count_checks(r, fails, g) : 0;
	bool unverified = g->unverified && r->assess->state == ASSESS_UNVERIFIED;
	bool ended = (g->eol || g->eol_status) && is_past_its_end(r);
	if (unverified)
		print_reason(verb, "--fail-on unverified", r);
	if (ended)
		fprintf(stderr, "plimsoll %s: the image's release gets no more fixes\n", verb);
	if (count)
		fprintf(stderr, "plimsoll %s: --fail-on: %zu finding%s\n", verb, count,
			count == 1 ? "" : "s");
	int status = count || unverified || (ended && g->eol) ? CLI_GATE : CLI_DONE;
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
	buf_init(&out, SIZE_MAX / 4);
	int rc = g->format->put(r, &out, e);
	if (rc == 0)
		rc = cli_write(cli_get(args, "output"), buf_bytes(&out), e);
	buf_free(&out);
	return rc;
}
