#include "cli/why.h"

#include "report/report.h"

void why_answer_init(struct why_answer *r)
{
	*r = (struct why_answer){.reported_count = 0};
	buf_init(&r->reported, 32U << 20);
	buf_init(&r->not_reported, 32U << 20);
}

void why_answer_free(struct why_answer *r)
{
	buf_free(&r->reported);
	buf_free(&r->not_reported);
}

void why_put_package(struct buf *out, const struct pkg *p, const struct why_layer *l)
{
	report_put_plain(out, p->name);
	buf_put_text(out, " ");
	report_put_plain(out, p->version);
	if (p->class != PKG_CONTENT) {
		buf_put_text(out, " (source ");
		report_put_plain(out, p->source_name);
		buf_put_text(out, " ");
		report_put_plain(out, p->source_version);
		buf_put_text(out, ")");
	}
	buf_put_text(out, p->class == PKG_CONTENT ? "\n  found in " : "\n  listed in ");
	report_put_plain(out, p->path);
	if (l->number) {
		buf_printf(out, " in layer %zu, ", l->number);
		report_put_plain(out, l->digest);
	}
	buf_put_text(out, "\n");
	if (l->created_by.len) {
		buf_put_text(out, "  added by: ");
		report_put_plain(out, l->created_by);
		buf_put_text(out, "\n");
	}
}

void why_put_lines(struct buf *out, struct bytes text)
{
	while (text.len) {
		buf_put_text(out, "  ");
		report_put_plain(out, bytes_cut(&text, '\n'));
		buf_put_text(out, "\n");
	}
}

static void put_head(struct buf *out, struct bytes id, const char *what, size_t count)
{
	report_put_plain(out, id);
	buf_put_text(out, what);
	if (count)
		report_put_count(out, count, "package", "packages");
	buf_put_text(out, ":\n");
}

void why_put_answer(struct buf *out, struct bytes id, bool why_not, const struct why_answer *r)
{
	if (r->reported_count) {
		put_head(out, id, " IS reported, for ", r->reported_count);
		buf_put(out, buf_bytes(&r->reported));
	}
	if (r->not_reported_count && (why_not || !r->reported_count)) {
		put_head(out, id, " is not reported for ", r->not_reported_count);
		buf_put(out, buf_bytes(&r->not_reported));
	} else if (r->not_reported_count) {
		report_put_count(out, r->not_reported_count, "other package it names is",
				 "other packages it names are");
		buf_put_text(out, " not reported: see plimsoll why-not\n");
	}
}

void why_put_reason(struct buf *out, struct bytes word, struct bytes text)
{
	buf_put_text(out, "reason: ");
	report_put_plain(out, word);
	buf_put_text(out, ": ");
	report_put_plain(out, text);
	buf_put_text(out, "\n");
}
