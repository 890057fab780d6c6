/* The table for people: what the image is, the totals in words, a row for each finding
 * (worst first), what to upgrade, and what was not assessed. */
#include "report/cells.h"
#include "report/columns.h"
#include "report/formats.h"
#include "report/rows.h"

#define TABLE_BUDGET (256U << 20) /* bytes: 20,000 rows take 4 MiB */
#define CELL_MAX 65536		  /* bytes of one cell's text */
#define GAP 2
#define UPGRADES_SHOWN 8
#define NOTES_SHOWN 12
#define NOTE_INDENT 2

static const char *const severity_color[] = {
    [ADV_SEV_UNKNOWN] = "",	   [ADV_SEV_NEGLIGIBLE] = "",	[ADV_SEV_LOW] = "\x1b[36m",
    [ADV_SEV_MEDIUM] = "\x1b[33m", [ADV_SEV_HIGH] = "\x1b[31m", [ADV_SEV_CRITICAL] = "\x1b[1;31m"};

struct table {
	const struct report *r;
	struct arena arena;
	const struct finding **rows;
	size_t row_count;
	size_t columns[REPORT_COLUMNS_MAX], widths[REPORT_COLUMNS_MAX];
	size_t column_count;
	struct buf cell; /* the text that is being measured or shown */
	bool lost;	 /* one of them could not be kept */
};

static const struct report_column *column(const struct table *t, size_t i)
{
	return &report_columns[t->columns[i]];
}

static struct bytes cell_of(struct table *t, size_t row, size_t i)
{
	buf_clear(&t->cell);
	column(t, i)->put(&t->cell, t->rows[row], t->r->style.wide);
	t->lost = t->lost || !buf_ok(&t->cell);
	return buf_bytes(&t->cell);
}

static void choose_columns(struct table *t)
{
	const struct report_style *s = &t->r->style;
	bool any_kev = false;
	for (size_t i = 0; i < t->row_count; i++)
		any_kev = any_kev || t->rows[i]->check.kev;
	for (size_t i = 0; i < s->column_count; i++)
		t->columns[t->column_count++] = s->columns[i];
	for (size_t i = 0; s->column_count == 0 && i < report_column_count; i++) {
		bool empty = !any_kev && bytes_eq_lit(bytes_of(report_columns[i].name), "kev");
		if ((report_columns[i].usual || (s->wide && report_columns[i].wide)) && !empty)
			t->columns[t->column_count++] = i;
	}
}

static size_t total_width(const struct table *t)
{
	size_t sum = (t->column_count - 1) * GAP;
	for (size_t i = 0; i < t->column_count; i++)
		sum += t->widths[i];
	return sum;
}

/* As wide as their content; on a terminal, the widest column shrinks first. */
static void measure(struct table *t)
{
	const struct report_style *s = &t->r->style;
	for (size_t i = 0; i < t->column_count; i++) {
		size_t most = cells_width(bytes_of(column(t, i)->title));
		for (size_t row = 0; row < t->row_count; row++) {
			size_t n = cells_width(cell_of(t, row, i));
			most = n > most ? n : most;
		}
		bool bound = s->width && !s->wide && most > column(t, i)->max;
		t->widths[i] = bound ? column(t, i)->max : most;
	}
	while (s->width && !s->wide && total_width(t) > s->width) {
		size_t best = t->column_count;
		for (size_t i = 0; i < t->column_count; i++) {
			if (t->widths[i] > column(t, i)->min &&
			    (best == t->column_count || t->widths[i] > t->widths[best]))
				best = i;
		}
		if (best == t->column_count)
			return;
		t->widths[best]--;
	}
}

static void put_line(struct table *t, struct buf *out, size_t row, bool title)
{
	bool plain = title || !t->r->style.color;
	const char *color = plain ? "" : severity_color[t->rows[row]->check.severity];
	for (size_t i = 0; i < t->column_count; i++) {
		struct bytes text = title ? bytes_of(column(t, i)->title) : cell_of(t, row, i);
		bool colored = *color && bytes_eq_lit(bytes_of(column(t, i)->name), "severity");
		struct cells_style style = {.width = t->widths[i] ? t->widths[i] : 1,
					    .ascii = t->r->style.ascii,
					    .last = i + 1 == t->column_count};
		buf_put_text(out, colored ? color : "");
		cells_put(out, text, style);
		buf_put_text(out, colored ? "\x1b[0m" : "");
		for (size_t n = 0; !style.last && n < GAP; n++)
			buf_put_u8(out, ' ');
	}
	while (out->len && out->ptr[out->len - 1] == ' ') /* of a last cell without text */
		out->len--;
	buf_put_text(out, "\n");
}

static void put_rows(struct table *t, struct buf *out)
{
	if (t->row_count == 0)
		return;
	choose_columns(t);
	measure(t);
	buf_put_text(out, "\n");
	put_line(t, out, 0, true);
	for (size_t i = 0; i < t->row_count; i++)
		put_line(t, out, i, false);
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

/* Text that was collected in a buffer, as lines of the terminal's width. */
static void put_wrapped(const struct report *r, struct buf *out, struct buf *text)
{
	cells_put_wrapped(out, buf_bytes(text), r->style.width, NOTE_INDENT);
	out->failed |= !buf_ok(text);
	buf_free(text);
}

static void put_head(const struct report *r, struct buf *out)
{
	put_name(r, out);
	buf_printf(out, "%s, ", assess_state_word(r->assess->state));
	report_put_count(out, r->assess->image->package_count, "package", "packages");
	buf_put_text(out, "\n");
	if (r->assess->reason.len) {
		size_t width = r->style.width > NOTE_INDENT ? r->style.width - NOTE_INDENT : 0;
		buf_put_text(out, "  ");
		cells_put_wrapped(out, r->assess->reason, width, NOTE_INDENT);
	}
}

static void put_hidden(const struct report *r, struct buf *out)
{
	if (r->hidden_count == 0)
		return;
	report_put_count(out, r->hidden_count, "more is", "more are");
	buf_put_text(out, " hidden by filters.");
}

static void put_totals(const struct table *t, struct buf *out)
{
	const struct report *r = t->r;
	struct report_counts c = report_counts_of(r->findings, r->finding_count);
	struct buf text;
	buf_init(&text, CELL_MAX);
	report_put_count(&text, c.findings, "finding", "findings");
	for (size_t i = 0, shown = 0; i <= ADV_SEV_CRITICAL; i++) {
		enum adv_severity s = report_severity_order[i];
		if (c.severities[s])
			buf_printf(&text, "%s %zu %s", shown++ ? "," : ":", c.severities[s],
				   adv_severity_word(s));
	}
	buf_put_text(&text, ". ");
	if (c.findings) {
		if (c.kev)
			report_put_count(&text, c.kev, "is known to be exploited (KEV), ",
					 "are known to be exploited (KEV), ");
		else
			buf_put_text(&text, "None is known to be exploited (KEV), ");
		report_put_count(&text, c.fixed, "has a fix; ", "have a fix; ");
		buf_put_text(&text, "in ");
		report_put_count(&text, c.packages, "source package, ", "source packages, ");
		report_put_count(&text, c.matches, "match. ", "matches. ");
	}
	put_hidden(r, &text);
	put_wrapped(r, out, &text);
	size_t headers = 0;
	for (size_t i = 0; i < t->row_count; i++)
		headers += bytes_eq_lit(t->rows[i]->check.category, MATCH_KERNEL_HEADERS);
	if (headers) {
		buf_init(&text, CELL_MAX);
		buf_printf(&text, "%s: %zu of these (%s; ", MATCH_KERNEL_HEADERS, headers,
			   MATCH_KERNEL_HEADERS_WHY);
		buf_put_text(&text, "--not-category \"kernel headers\" leaves them out)");
		put_wrapped(r, out, &text);
	}
}

static int put_upgrades(struct table *t, struct buf *out, struct err *e)
{
	struct report_upgrade *list;
	size_t count, shown;
	if (report_upgrades(t->rows, t->row_count, &t->arena, &list, &count, e) < 0)
		return -(int)e->code;
	shown = t->r->style.wide || count <= UPGRADES_SHOWN ? count : UPGRADES_SHOWN;
	for (size_t i = 0; i < shown; i++) {
		struct buf text;
		buf_init(&text, CELL_MAX);
		buf_put_text(&text, "Upgrade ");
		buf_put(&text, list[i].package);
		buf_put_text(&text, " to ");
		buf_put(&text, list[i].version);
		buf_printf(&text, ": clears %zu", list[i].clears);
		if (list[i].kev)
			buf_printf(&text, " (%zu KEV)", list[i].kev);
		if (!list[i].deliverable)
			buf_put_text(&text, ", not in the image's own repositories");
		buf_put_text(out, i ? "" : "\n");
		put_wrapped(t->r, out, &text);
	}
	if (shown < count) {
		report_put_count(out, count - shown, "more upgrade", "more upgrades");
		buf_put_text(out, ": --wide\n");
	}
	return 0;
}

static void put_support(const struct report *r, struct buf *out)
{
	const struct pkg_distro *d = &r->assess->image->distro;
	struct support support;
	struct buf line;
	if (!report_support(r, &support) || support.state == SUPPORT_FULL)
		return;
	buf_init(&line, CELL_MAX);
	buf_put_text(&line, "Support: ");
	support_put_text(&line, d->id, d->version_id, &support);
	put_wrapped(r, out, &line);
}

static void put_note(const struct report *r, struct buf *out, const struct inv_note *n)
{
	struct buf line;
	buf_init(&line, CELL_MAX);
	buf_put_text(&line, "Note: ");
	if (n->layer >= 0)
		buf_printf(&line, "layer %d: ", n->layer + 1);
	buf_put(&line, n->path);
	buf_put_text(&line, n->path.len ? ": " : "");
	buf_put(&line, n->text);
	put_wrapped(r, out, &line);
}

static void put_notes(const struct report *r, struct buf *out)
{
	const struct assess *as = r->assess;
	size_t notes = as->image->note_count;
	bool all = r->style.wide || !r->style.width || notes <= NOTES_SHOWN;
	size_t shown = all ? notes : NOTES_SHOWN;
	put_support(r, out);
	for (size_t i = 0; i < as->unassessed_count; i++) {
		struct buf line;
		buf_init(&line, CELL_MAX);
		buf_put_text(&line, "Not assessed: ");
		buf_put(&line, as->unassessed[i]);
		put_wrapped(r, out, &line);
	}
	for (size_t i = 0; i < shown; i++)
		put_note(r, out, &as->image->notes[i]);
	if (shown < notes) {
		report_put_count(out, notes - shown, "more note", "more notes");
		buf_put_text(out, ": --wide\n");
	}
}

/* What VEX, ignore files and rules took out is never silent. */
static void put_excepted(const struct report *r, struct buf *out)
{
	size_t vex = report_excepted(r, EXCEPTION_VEX),
	       ignored = report_excepted(r, EXCEPTION_IGNORED), whole = vex + ignored;
	if (vex) {
		report_put_count(out, vex, "finding", "findings");
		buf_put_text(out, " suppressed by VEX.\n");
	}
	if (ignored) {
		report_put_count(out, ignored, "finding", "findings");
		buf_put_text(out, " suppressed by ignore files.\n");
	}
	if (r->excepted_count > whole)
		buf_printf(out, "Matches suppressed in all: %zu.\n", r->excepted_count);
	if (r->disabled_count) {
		report_put_count(out, r->disabled_count, "finding", "findings");
		buf_put_text(out, " disabled by rules of the server.\n");
	}
}

static int put_all(struct table *t, struct buf *out, struct err *e)
{
	const struct report *r = t->r;
	t->rows = report_rows(r->findings, r->finding_count, &t->arena);
	t->row_count = r->finding_count;
	if (!t->rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu findings", r->finding_count);
	put_head(r, out);
	put_totals(t, out);
	put_excepted(r, out);
	put_rows(t, out);
	if (put_upgrades(t, out, e) < 0)
		return -(int)e->code;
	buf_put_text(out, t->row_count ? "\n" : "");
	put_notes(r, out);
	return t->lost ? err_set(e, ERR_NOMEM, "no memory for the report")
		       : report_end_text(out, e);
}

int table_put(const struct report *r, struct buf *out, struct err *e)
{
	struct table t = {.r = r};
	arena_init(&t.arena, TABLE_BUDGET);
	buf_init(&t.cell, CELL_MAX);
	int rc = put_all(&t, out, e);
	buf_free(&t.cell);
	arena_free(&t.arena);
	return rc;
}

int report_inventory_table(const struct report *r, struct buf *out, struct err *e)
{
	const struct inv_image *image = r->assess->image;
	size_t width[3] = {7, 7, 4};
	for (size_t i = 0; i < image->package_count; i++) {
		const struct pkg *p = &image->packages[i].pkg;
		size_t n[3] = {cells_width(p->name), cells_width(p->version), cells_width(p->arch)};
		for (int c = 0; c < 3; c++)
			width[c] = n[c] > width[c] ? (n[c] > 48 ? 48 : n[c]) : width[c];
	}
	/* two spaces after each, and the layer */
	const size_t rest = sizeof "      layer 999" - 1;
	while (r->style.width > rest + 24 && width[0] + width[1] + width[2] > r->style.width - rest)
		width[width[1] > width[0]]--;
	/* no state and no reason: nothing was judged */
	put_name(r, out);
	report_put_count(out, image->package_count, "package", "packages");
	buf_put_text(out, "\n");
	for (size_t i = 0; i < image->package_count; i++) {
		const struct pkg *p = &image->packages[i].pkg;
		const struct bytes cells[3] = {p->name, p->version, p->arch};
		for (int c = 0; c < 3; c++) {
			/* a pipe gets the whole of it, a terminal what fits */
			size_t most = r->style.width ? width[c] : 0;
			cells_put(out, cells[c],
				  (struct cells_style){.width = most, .ascii = r->style.ascii});
			for (size_t n = cells_width(cells[c]); !most && n < width[c]; n++)
				buf_put_u8(out, ' ');
			buf_put_text(out, "  ");
		}
		buf_printf(out, "layer %u\n", image->packages[i].layer + 1);
	}
	put_notes(r, out);
	return report_end_text(out, e);
}
