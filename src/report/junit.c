/* JUnit XML, as continuous integration reads it (the schema of Jenkins' xunit plugin,
 * junit-10.xsd): a test case that fails for each finding, and one for the image, which is an error
 * where the image could not be assessed. */
#include "report/formats.h"
#include "report/markup.h"
#include "report/rows.h"

#include "base/clock.h"

static void put_attribute(struct buf *out, const char *key, struct bytes value)
{
	buf_printf(out, " %s=\"", key);
	markup_put(out, value);
	buf_put_u8(out, '"');
}

static void put_name(struct buf *out, const struct finding *f)
{
	buf_put_text(out, " name=\"[");
	buf_put_text(out, adv_severity_word(f->check.severity));
	buf_put_text(out, "] ");
	for (size_t i = 0; i < report_id_count(f); i++) {
		buf_put_text(out, i ? " " : "");
		markup_put(out, report_id(f, i));
	}
	buf_printf(out, " (%llu)\"", (unsigned long long)f->check.id);
}

static void put_case(struct buf *out, const struct finding *f)
{
	buf_put_text(out, "    <testcase classname=\"");
	markup_put(out, finding_package(f));
	buf_put_u8(out, ' ');
	markup_put(out, f->installed);
	buf_put_u8(out, '"');
	put_name(out, f);
	buf_put_text(out, ">\n      <failure");
	put_attribute(out, "message", f->check.title);
	put_attribute(out, "type", bytes_of(adv_severity_word(f->check.severity)));
	buf_put_u8(out, '>');
	markup_put(out, f->check.summary.len ? f->check.summary : f->check.title);
	for (size_t i = 0; i < f->match_listed; i++) {
		const struct finding_match *m = &f->matches[i];
		buf_put_u8(out, '\n');
		markup_put(out, m->purl);
		buf_put_text(out, m->fixed_version.len ? ": fixed in " : ": ");
		markup_put(out, m->fixed_version.len ? m->fixed_version
						     : bytes_of(adv_status_word(m->status)));
	}
	buf_put_text(out, f->remediation.len ? "\n" : "");
	markup_put(out, f->remediation);
	buf_put_text(out, "</failure>\n    </testcase>\n");
}

static void put_image(struct buf *out, const struct report *r)
{
	buf_put_text(out, "    <testcase");
	put_attribute(out, "classname", r->input->name);
	buf_put_text(out, " name=\"The image could be assessed\"");
	if (r->assess->state != ASSESS_UNVERIFIED) {
		buf_put_text(out, "/>\n");
		return;
	}
	buf_put_text(out, ">\n      <error");
	put_attribute(out, "message", r->assess->reason);
	put_attribute(out, "type", BYTES_LIT("Unverified"));
	buf_put_text(out, "/>\n    </testcase>\n");
}

int junit_put(const struct report *r, struct buf *out, struct err *e)
{
	char when[CLOCK_RFC3339_CAP];
	size_t cases = r->finding_count + 1, errors = r->assess->state == ASSESS_UNVERIFIED;
	clock_rfc3339(r->now_ms, when);
	buf_put_text(out,
		     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"plimsoll\"");
	buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n  <testsuite", cases,
		   r->finding_count, errors);
	put_attribute(out, "name", r->input->name);
	buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"0\"", cases,
		   r->finding_count, errors);
	put_attribute(out, "timestamp", bytes_part(bytes_of(when), 0, 19)); /* without a zone */
	buf_put_text(out, " time=\"0\">\n    <properties>\n      <property name=\"state\"");
	put_attribute(out, "value", bytes_of(assess_state_word(r->assess->state)));
	buf_put_text(out, "/>\n      <property name=\"reason\"");
	put_attribute(out, "value", r->assess->reason);
	buf_put_text(out, "/>\n    </properties>\n");
	put_image(out, r);
	for (size_t i = 0; i < r->finding_count; i++)
		put_case(out, &r->findings[i]);
	buf_put_text(out, "  </testsuite>\n</testsuites>\n");
	return report_end_text(out, e);
}
