/* The table for people: a line for the image, a row for each finding, the totals line, and what was
 * not assessed. */
#include "report/formats.h"

static const char *const severity_color[] = {
    [ADV_SEV_UNKNOWN] = "",	   [ADV_SEV_NEGLIGIBLE] = "",	[ADV_SEV_LOW] = "\x1b[36m",
    [ADV_SEV_MEDIUM] = "\x1b[33m", [ADV_SEV_HIGH] = "\x1b[31m", [ADV_SEV_CRITICAL] = "\x1b[1;31m"};

struct column {
	const char *title;
	size_t width;
	size_t max;
};

enum { COL_SEVERITY, COL_PACKAGE, COL_INSTALLED, COL_FIXED, COL_ADVISORY, COL_CHECK, COL_COUNT };

static struct bytes cell(const struct report_finding *f, int column)
{
	switch (column) {
	case COL_SEVERITY:
		return bytes_of(adv_severity_word(f->severity));
	case COL_PACKAGE:
		return f->package;
	case COL_INSTALLED:
		return f->installed_version;
	case COL_FIXED:
		return f->fixed_version.len
			   ? f->fixed_version
			   : bytes_of(f->status == ADV_AFFECTED ? "-" : adv_status_word(f->status));
	case COL_ADVISORY:
		return f->advisory;
	default:
		return f->check;
	}
}

/* Characters a terminal shows: bytes that do not continue a UTF-8 sequence. */
static size_t shown_len(struct bytes b)
{
	size_t n = 0;
	for (size_t i = 0; i < b.len; i++)
		n += (b.ptr[i] & 0xc0U) != 0x80U;
	return n;
}

static void put_cell(struct buf *out, struct bytes text, size_t width, bool last)
{
	struct bytes cut = text;
	if (shown_len(text) > width && !last)
		cut = bytes_part(text, 0, width);
	report_put_plain(out, cut);
	for (size_t n = shown_len(cut); !last && n < width + 2; n++)
		buf_put_u8(out, ' ');
}

static void put_name(const struct report *r, struct buf *out)
{
	const struct inv_image *image = r->assess->image;
	report_put_plain(out, r->input->name);
	if (image->has_distro) {
		buf_put_text(out, " (");
		report_put_plain(out,
				 image->distro.name.len ? image->distro.name : image->distro.id);
		buf_put_text(out, ")");
	}
	buf_put_text(out, ": ");
}

static void put_head(const struct report *r, struct buf *out)
{
	put_name(r, out);
	buf_printf(out, "%s, %zu packages\n", assess_state_word(r->assess->state),
		   r->assess->image->package_count);
	if (r->assess->reason.len) {
		buf_put_text(out, "  ");
		report_put_plain(out, r->assess->reason);
		buf_put_text(out, "\n");
	}
}

static void put_totals(const struct report *r, struct buf *out)
{
	size_t counts[ADV_SEV_CRITICAL + 1];
	report_count_severities(r, counts);
	buf_printf(out, "Total: %zu (", r->finding_count);
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++) {
		enum adv_severity s = (enum adv_severity)i;
		for (const char *p = adv_severity_word(s); *p; p++)
			buf_put_u8(out, (uint8_t)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p));
		buf_printf(out, ": %zu%s", counts[s], i == ADV_SEV_CRITICAL ? ")" : ", ");
	}
	if (r->hidden_count)
		buf_printf(out, ", %zu more hidden by filters", r->hidden_count);
	buf_put_text(out, "\n");
	size_t headers = 0;
	for (size_t i = 0; i < r->finding_count; i++)
		headers += bytes_eq_lit(r->findings[i].category, MATCH_KERNEL_HEADERS);
	if (headers)
		buf_printf(out, "%s: %zu of these (%s; --not-category leaves them out)\n",
			   MATCH_KERNEL_HEADERS, headers, MATCH_KERNEL_HEADERS_WHY);
}

static void put_notes(const struct report *r, struct buf *out)
{
	const struct assess *as = r->assess;
	const struct pkg_distro *d = &as->image->distro;
	struct support support;
	if (report_support(r, &support) && support.state != SUPPORT_FULL) {
		struct buf line;
		buf_init(&line, 4096);
		support_put_text(&line, d->id, d->version_id, &support);
		buf_put_text(out, "Support: ");
		report_put_plain(out, buf_bytes(&line));
		buf_put_text(out, "\n");
		out->failed |= !buf_ok(&line);
		buf_free(&line);
	}
	for (size_t i = 0; i < as->unassessed_count; i++) {
		buf_put_text(out, "Not assessed: ");
		report_put_plain(out, as->unassessed[i]);
		buf_put_text(out, "\n");
	}
	for (size_t i = 0; i < as->image->note_count; i++) {
		const struct inv_note *n = &as->image->notes[i];
		buf_put_text(out, "Note: ");
		if (n->layer >= 0)
			buf_printf(out, "layer %d: ", n->layer + 1);
		if (n->path.len) {
			report_put_plain(out, n->path);
			buf_put_text(out, ": ");
		}
		report_put_plain(out, n->text);
		buf_put_text(out, "\n");
	}
}

int table_put(const struct report *r, struct buf *out, struct err *e)
{
	struct column cols[COL_COUNT] = {{"Severity", 8, 10},  {"Package", 7, 32},
					 {"Installed", 9, 32}, {"Fixed in", 8, 32},
					 {"Advisory", 8, 24},  {"Security check", 14, 200}};
	for (size_t i = 0; i < r->finding_count; i++) {
		for (int c = 0; c < COL_COUNT; c++) {
			size_t n = shown_len(cell(&r->findings[i], c));
			cols[c].width = n > cols[c].width ? n : cols[c].width;
			cols[c].width = cols[c].width > cols[c].max ? cols[c].max : cols[c].width;
		}
	}
	put_head(r, out);
	if (r->finding_count) {
		buf_put_text(out, "\n");
		for (int c = 0; c < COL_COUNT; c++)
			put_cell(out, bytes_of(cols[c].title), cols[c].width, c == COL_COUNT - 1);
		buf_put_text(out, "\n");
	}
	for (size_t i = 0; i < r->finding_count; i++) {
		const char *color = r->color ? severity_color[r->findings[i].severity] : "";
		buf_put_text(out, color);
		for (int c = 0; c < COL_COUNT; c++) {
			put_cell(out, cell(&r->findings[i], c), cols[c].width, c == COL_COUNT - 1);
			if (c == COL_SEVERITY && *color)
				buf_put_text(out, "\x1b[0m");
		}
		buf_put_text(out, "\n");
	}
	if (r->finding_count)
		buf_put_text(out, "\n");
	put_totals(r, out);
	put_notes(r, out);
	return buf_ok(out) ? 0 : err_set(e, ERR_NOMEM, "no memory for the report");
}

int report_inventory_table(const struct report *r, struct buf *out, struct err *e)
{
	const struct inv_image *image = r->assess->image;
	size_t width[3] = {7, 7, 4};
	for (size_t i = 0; i < image->package_count; i++) {
		const struct pkg *p = &image->packages[i].pkg;
		size_t n[3] = {shown_len(p->name), shown_len(p->version), shown_len(p->arch)};
		for (int c = 0; c < 3; c++)
			width[c] = n[c] > width[c] ? (n[c] > 48 ? 48 : n[c]) : width[c];
	}
	/* no state and no reason: nothing was judged */
	put_name(r, out);
	buf_printf(out, "%zu packages\n", image->package_count);
	for (size_t i = 0; i < image->package_count; i++) {
		const struct pkg *p = &image->packages[i].pkg;
		put_cell(out, p->name, width[0], false);
		put_cell(out, p->version, width[1], false);
		put_cell(out, p->arch, width[2], false);
		buf_printf(out, "layer %u\n", image->packages[i].layer + 1);
	}
	put_notes(r, out);
	return buf_ok(out) ? 0 : err_set(e, ERR_NOMEM, "no memory for the report");
}
