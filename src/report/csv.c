/* CSV (RFC 4180): a line for each finding with the columns of its table of fields, and the packages
 * that it hits. */
#include "report/formats.h"

#include "base/record.h"

static void put_packages(struct buf *out, const struct finding *f)
{
	struct buf text;
	buf_init(&text, LIMIT_REPORT_MAX);
	for (size_t i = 0; i < f->match_listed; i++) {
		buf_put_text(&text, i ? " " : "");
		buf_put(&text, f->matches[i].purl);
	}
	buf_put_u8(out, ',');
	record_csv_cell(out, buf_bytes(&text));
	out->failed |= !buf_ok(&text);
	buf_free(&text);
}

int csv_put(const struct report *r, struct buf *out, struct err *e)
{
	record_csv_header(out, &finding_object);
	buf_put_text(out, ",packages\r\n");
	for (size_t i = 0; i < r->finding_count; i++) {
		record_csv_row(out, &finding_object, &r->findings[i]);
		put_packages(out, &r->findings[i]);
		buf_put_text(out, "\r\n");
	}
	return report_end_text(out, e);
}
