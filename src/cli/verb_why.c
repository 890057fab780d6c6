#include "cli/except.h"
#include "cli/image.h"
#include "cli/verbs.h"
#include "cli/why.h"

#include "base/clock.h"
#include "inspect/inspect.h"
#include "match/why.h"

#include <stdio.h>

const struct cli_option why_options[] = {
    CIMG_OPTIONS,
    EXCEPT_OPTIONS,
    {"server", 0, "URL", NULL, "ask this Plimsoll about an image that it holds"},
    {0},
};

static bool is_about(const struct match_check *check, struct bytes id)
{
	bool about = bytes_eq_nocase(check->advisory, id);
	for (size_t i = 0; !about && i < check->cve_count; i++)
		about = bytes_eq_nocase(check->cves[i], id);
	return about;
}

/* What takes this package's match out of reports. */
static void put_excepted(struct buf *out, const struct report *r, const struct pkg *p,
			 struct bytes id)
{
	for (size_t i = 0; i < r->excepted_count; i++) {
		const struct exception_hit *h = &r->excepted[i];
		struct buf line;
		if (!is_about(&h->check, id) || pkg_cmp(&h->match.pkg, p) != 0)
			continue;
		buf_init(&line, 65536);
		buf_put_text(&line, "suppressed by ");
		exception_put_text(&line, h->by);
		why_put_lines(out, buf_bytes(&line));
		out->failed |= !buf_ok(&line);
		buf_free(&line);
	}
}

static void put_package(struct buf *out, const struct cli_image *c, const struct inv_package *ip)
{
	const struct assess_layer *l =
	    ip->layer < c->assess.layer_count ? &c->assess.layers[ip->layer] : NULL;
	why_put_package(out, &ip->pkg,
			&(const struct why_layer){.number = l ? ip->layer + 1 : 0,
						  .digest = bytes_of(l ? l->digest : ""),
						  .created_by = l ? l->created_by : BYTES_NONE});
}

static int explain(const struct cli_image *c, const struct report *r, struct bytes id,
		   struct why_answer *ret, struct err *e)
{
	struct arena a;
	for (size_t i = 0; i < inv_subject_count(&c->image); i++) {
		const struct inv_package *ip = inv_subject(&c->image, i);
		enum match_outcome outcome;
		struct bytes text;
		arena_init(&a, 16U << 20);
		int rc = match_explain(c->vdb, &ip->pkg, id, &a, &outcome, &text, e);
		bool affected = outcome == MATCH_AFFECTED;
		if (rc == 0 &&
		    (affected || outcome == MATCH_NOT_AFFECTED || outcome == MATCH_NOT_ASSESSED)) {
			struct buf *out = affected ? &ret->reported : &ret->not_reported;
			put_package(out, c, ip);
			why_put_lines(out, text);
			if (affected)
				put_excepted(out, r, &ip->pkg, id);
			*(affected ? &ret->reported_count : &ret->not_reported_count) += 1;
		}
		arena_free(&a);
		if (rc < 0)
			return rc;
	}
	return buf_ok(&ret->reported) && buf_ok(&ret->not_reported) ? 0 : err_nomem(e);
}

static void put_withdrawn(const struct adv *adv, struct buf *out)
{
	char when[CLOCK_RFC3339_CAP];
	buf_put_text(out, "  ");
	report_put_plain(out, adv->id);
	buf_put_text(out, ": withdrawn");
	if (adv->withdrawn_ms > ADV_WITHDRAWN_UNDATED) {
		clock_rfc3339(adv->withdrawn_ms, when);
		buf_printf(out, " on %.10s", when);
	}
	buf_put_text(out, adv->summary.len ? ": " : "");
	report_put_plain(out, adv->summary);
	buf_put_text(out, "\n");
}

/* No package matched the id: is it known at all, and for which packages? */
static int put_unknown(const struct cli_image *c, struct bytes id, struct buf *out, struct err *e)
{
	struct arena a;
	uint32_t *ids;
	arena_init(&a, 64U << 20);
	int64_t n = vdb_find_id(c->vdb, id, &a, &ids, e);
	report_put_plain(out, id);
	if (inspect_find(id) != INSPECT_KIND_COUNT)
		buf_put_text(out, ": a content check, which found nothing in this image\n");
	else if (n == 0)
		buf_put_text(out, ": not in the vulnerability database\n");
	else if (n > 0)
		buf_put_text(out, ": not reported: the database knows it, but for no package of "
				  "this image. Its records name:\n");
	for (int64_t i = 0; i < n && i < 20; i++) {
		struct adv adv;
		if (vdb_advisory_full(c->vdb, ids[i], &a, &adv, e) < 0) {
			n = -(int)e->code;
			break;
		}
		if (adv.withdrawn_ms)
			put_withdrawn(&adv, out);
		for (size_t k = 0; k < adv.affected_count && k < 20; k++) {
			buf_put_text(out, "  ");
			report_put_plain(out, adv.id);
			buf_put_text(out, ": ");
			report_put_plain(out, adv.affected[k].ecosystem);
			buf_put_text(out, " ");
			report_put_plain(out, adv.affected[k].name);
			buf_put_text(out, "\n");
		}
	}
	arena_free(&a);
	return n < 0 ? (int)n : 0;
}

static bool is_listed(const struct finding *findings, size_t count, struct bytes id)
{
	for (size_t i = 0; i < count; i++) {
		const struct match_check *c = &findings[i].check;
		bool is = bytes_eq(c->advisory, id);
		for (size_t k = 0; k < c->cve_count; k++)
			is = is || bytes_eq(c->cves[k], id);
		if (is)
			return true;
	}
	return false;
}

/* The one reason. What is reported is what the report lists. */
static int put_reason(struct cli_image *c, const struct report *r, struct bytes id, struct buf *out,
		      struct err *e)
{
	size_t n = inv_subject_count(&c->image);
	const struct pkg **packages = arena_alloc(&c->arena, n, sizeof(void *));
	struct why why = {.reason = WHY_REPORTED};
	if (!packages)
		return err_nomem(e);
	for (size_t i = 0; i < n; i++)
		packages[i] = &inv_subject(&c->image, i)->pkg;
	const struct why_input in = {.v = c->vdb,
				     .packages = packages,
				     .package_count = n,
				     .id = id,
				     .unread = c->image.state != INV_ASSESSED,
				     .now_ms = c->now_ms};
	if (is_listed(r->findings, r->finding_count, id))
		why.reason = WHY_REPORTED;
	else if (is_listed(c->assess.findings, c->assess.finding_count, id))
		why.reason = WHY_DISABLED;
	else if (why_ask(&in, &c->arena, &why, e) < 0)
		return -(int)e->code;
	why_put_reason(out, bytes_of(why_reason_word((int)why.reason)),
		       bytes_of(why.reason == WHY_DISABLED
				    ? "An ignore file or VEX document takes it out."
				    : why_reason_text(why.reason)));
	return 0;
}

static int run_here(const char *verb, bool why_not, const struct cli_args *args)
{
	struct err e = ERR_INIT;
	struct cli_image c = {0};
	struct bytes id;
	struct buf out;
	struct why_answer answer;
	struct exceptions exceptions = {.count = 0};
	struct report r = {.input = &c.input, .assess = &c.assess};
	buf_init(&out, 64U << 20);
	why_answer_init(&answer);
	int rc =
	    cli_image_open(&c, args, args->operand_count == 2 ? args->operands[1] : NULL, true, &e);
	r.findings = c.assess.findings;
	r.finding_count = c.assess.finding_count;
	if (rc == 0)
		rc = except_read(args, verb, &exceptions, &e);
	if (rc == 0)
		rc = exceptions_join(&exceptions, &c.attached.applied, &e);
	if (rc == 0)
		rc = except_apply(&exceptions, &r, &c.assess, &c.arena, &e);
	if (rc == 0)
		rc = cli_known_id(c.vdb, args->operands[0], &c.arena, &id, &e);
	if (rc == 0)
		rc = explain(&c, &r, id, &answer, &e);
	if (rc == 0)
		why_put_answer(&out, id, why_not, &answer);
	if (rc == 0 && answer.reported_count + answer.not_reported_count == 0)
		rc = put_unknown(&c, id, &out, &e);
	if (rc == 0)
		rc = put_reason(&c, &r, id, &out, &e);
	if (rc == 0) {
		const struct kept_question since = {.path = c.vdb_kept,
						    .until_ms = vdb_built_ms(c.vdb),
						    .id = id,
						    .image = &c.image};
		rc = kept_put_since(&since, &out, &e);
	}
	if (rc == 0)
		rc = cli_write(cli_get(args, "output"), buf_bytes(&out), &e);
	why_answer_free(&answer);
	buf_free(&out);
	exceptions_free(&exceptions);
	cli_image_close(&c);
	return rc < 0 ? cli_fail(verb, &e) : 0;
}

static int run(const char *verb, bool why_not, int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	if (cli_parse(why_options, argc, argv, &args, &e) < 0)
		return cli_usage(verb, &e);
	/* By the command line only: who has PLIMSOLL_SERVER set may mean a file all the same. */
	bool remote = cli_given(&args, "server") != NULL;
	if (args.operand_count < 1 || args.operand_count > 2 ||
	    (remote && args.operand_count != 2)) {
		err_set(&e, ERR_FORMAT, "give a CVE or advisory id, then the image");
		return cli_usage(verb, &e);
	}
	if (!remote)
		return run_here(verb, why_not, &args);
	if (why_remote_refuses(&args, &e) < 0)
		return cli_usage(verb, &e);
	return why_remote(&args, why_not, &e) < 0 ? cli_fail(verb, &e) : 0;
}

int verb_why(int argc, char **argv)
{
	return run("why", false, argc, argv);
}

int verb_why_not(int argc, char **argv)
{
	return run("why-not", true, argc, argv);
}
