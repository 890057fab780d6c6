/* Two images side by side, without a server. */
#include "cli/image.h"
#include "cli/verbs.h"

#include "match/compare.h"

const struct cli_option compare_options[] = {
    CIMG_OPTIONS,
    {"all", 0, NULL, NULL, "unchanged findings, too"},
    {"json", 0, NULL, NULL, "as JSON"},
    {0},
};

static int read_side(const struct cli_image *c, struct arena *a, struct compare_side *ret,
		     struct err *e)
{
	*ret = (struct compare_side){.finding_count = c->assess.finding_count,
				     .package_count = c->image.package_count};
	ret->findings = arena_alloc(a, ret->finding_count, sizeof(void *));
	ret->packages = arena_alloc(a, ret->package_count, sizeof(void *));
	if (!ret->findings || !ret->packages)
		return err_set(e, ERR_NOMEM, "no memory for a comparison");
	for (size_t i = 0; i < ret->finding_count; i++)
		ret->findings[i] = &c->assess.findings[i];
	for (size_t i = 0; i < ret->package_count; i++)
		ret->packages[i] = &c->image.packages[i].pkg;
	return 0;
}

static void put_counts(struct buf *out, const uint64_t *by, const char *what)
{
	uint64_t all = 0;
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++)
		all += by[i];
	buf_printf(out, "%llu %s", (unsigned long long)all, what);
	for (size_t i = 0, n = 0; all && i <= ADV_SEV_CRITICAL; i++) {
		enum adv_severity s = report_severity_order[i];
		if (by[s])
			buf_printf(out, "%s%llu %s", n++ ? ", " : " (", (unsigned long long)by[s],
				   adv_severity_word(s));
	}
	buf_put_text(out, all ? ")" : "");
}

static void put_finding(struct buf *out, const struct compare_finding *f)
{
	static const char marks[] = {'+', '-', '~', ' '};
	const struct finding *of = f->to ? f->to : f->from;
	buf_printf(out, "%c %-10s ", marks[f->change], adv_severity_word(of->check.severity));
	report_put_plain(out, of->check.advisory);
	buf_put_text(out, "  ");
	report_put_plain(out, of->check.source_name);
	buf_put_text(out, " ");
	report_put_plain(out, of->installed);
	if (of->fixed.len) {
		buf_put_text(out, " -> ");
		report_put_plain(out, of->fixed);
	}
	buf_put_text(out, "\n");
}

static void put_package(struct buf *out, const struct compare_package *p)
{
	static const char marks[] = {'+', '-', '~'};
	const struct pkg *of = p->to ? p->to : p->from;
	buf_printf(out, "%c ", marks[p->change]);
	report_put_plain(out, of->name);
	if (p->from) {
		buf_put_text(out, " ");
		report_put_plain(out, p->from->version);
	}
	if (p->to) {
		buf_put_text(out, p->from ? " -> " : " ");
		report_put_plain(out, p->to->version);
	}
	buf_put_text(out, "\n");
}

/* An image that was not assessed lacks nothing for certain. */
static void put_doubt(struct buf *out, const char *which, const struct cli_image *c)
{
	if (!c->assess.reason.len)
		return;
	buf_printf(out, "%s: %s: ", which, assess_state_word(c->assess.state));
	report_put_plain(out, c->assess.reason);
	buf_put_text(out, "\n");
}

static void put_text(struct buf *out, const struct compare *c, bool all)
{
	buf_put_text(out, "findings: ");
	put_counts(out, c->by_severity[COMPARE_ADDED], "added");
	buf_put_text(out, ", ");
	put_counts(out, c->by_severity[COMPARE_GONE], "fixed");
	buf_put_text(out, ", ");
	put_counts(out, c->by_severity[COMPARE_UNCHANGED], "unchanged");
	buf_put_text(out, "\n");
	for (size_t i = 0; i < c->finding_count; i++)
		if (all || c->findings[i].change != COMPARE_UNCHANGED)
			put_finding(out, &c->findings[i]);
	buf_printf(out, "packages: %llu added, %llu removed, ",
		   (unsigned long long)c->packages_by[COMPARE_ADDED],
		   (unsigned long long)c->packages_by[COMPARE_GONE]);
	buf_printf(out, "%llu changed, %llu unchanged\n",
		   (unsigned long long)c->packages_by[COMPARE_CHANGED],
		   (unsigned long long)c->packages_unchanged);
	for (size_t i = 0; i < c->package_count; i++)
		put_package(out, &c->packages[i]);
}

static void put_json(struct buf *out, const struct compare *c, bool all)
{
	struct json_out w;
	json_out_init(&w, out, true);
	json_put_object(&w, NULL);
	json_put_array(&w, "findings");
	for (size_t i = 0; i < c->finding_count; i++)
		if (all || c->findings[i].change != COMPARE_UNCHANGED)
			record_put(&w, NULL, &compare_finding_object, &c->findings[i]);
	json_put_end(&w, ']');
	json_put_array(&w, "packages");
	for (size_t i = 0; i < c->package_count; i++)
		record_put(&w, NULL, &compare_package_object, &c->packages[i]);
	json_put_end(&w, ']');
	json_put_end(&w, '}');
	buf_put_text(out, "\n");
}

static int show(struct cli_image *from, struct cli_image *to, const struct cli_args *args,
		struct err *e)
{
	struct compare_side a, b;
	struct compare c;
	struct buf out;
	if (read_side(from, &to->arena, &a, e) < 0 || read_side(to, &to->arena, &b, e) < 0 ||
	    compare_images(&a, &b, &to->arena, &c, e) < 0)
		return -(int)e->code;
	buf_init(&out, 64U << 20);
	if (cli_has(args, "json")) {
		put_json(&out, &c, cli_has(args, "all"));
	} else {
		put_doubt(&out, "first image", from);
		put_doubt(&out, "second image", to);
		put_text(&out, &c, cli_has(args, "all"));
	}
	int r =
	    buf_ok(&out) ? cli_write(cli_get(args, "output"), buf_bytes(&out), e) : err_nomem(e);
	buf_free(&out);
	return r;
}

int verb_compare(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct cli_image from = {0}, to = {0};
	if (cli_parse(compare_options, argc, argv, &args, &e) < 0)
		return cli_usage("compare", &e);
	if (args.operand_count != 2 || cli_get(&args, "input")) {
		err_set(&e, ERR_FORMAT, "give two images: the older one, then the newer one");
		return cli_usage("compare", &e);
	}
	int rc = cli_image_open(&from, &args, args.operands[0], true, &e);
	if (rc == 0)
		rc = cli_image_open(&to, &args, args.operands[1], true, &e);
	if (rc == 0)
		rc = show(&from, &to, &args, &e);
	cli_image_close(&from);
	cli_image_close(&to);
	return rc < 0 ? cli_fail("compare", &e) : 0;
}
