#include "defend/rule_export.h"

#include "base/clock.h"
#include "exception/exception.h"
#include "ledger/findings.h"

#include <stdlib.h>

#define NOTES_MAX 100U
#define TEXT_MAX 65536U

/* A finding that a rule disables. */
struct said {
	size_t rule; /* of the export */
	const struct finding *finding;
};
struct exporting {
	struct db_tx *tx;
	const struct rule_export *x;
	struct arena *a;
	struct said *items;
	size_t count, cap, read; /* read: findings of all rules */
	struct buf notes;
	size_t left_out;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for an export of rules");
}

static bool has_ends(const struct rule_end *x)
{
	return x->fix_available || x->kev || x->epss_min > 0 || x->severity_min;
}

/* Why no statement says what the rule says; NULL: some may. */
static const char *cannot_say(const struct rule_export_item *i, int64_t now_ms)
{
	struct criteria rest = i->terms.what.c;
	bool named = rest.cves.count || rest.id_count;
	rest.cves = (struct criteria_texts){0};
	rest.ids = NULL;
	rest.id_count = 0;
	if (i->x.effect == RULE_OBSERVES)
		return "it only counts";
	if (i->x.expires_at && i->x.expires_at <= now_ms)
		return "it is expired";
	if (i->x.expires_at || has_ends(&i->terms.ends))
		return "it ends, which no statement can say";
	if (!named)
		return "it names no vulnerability";
	if (rest.any && !criteria_is_empty(&rest))
		return "it also disables what it does not name: match is any";
	return NULL;
}

static void leave_out(struct exporting *g, const struct rule_export_item *i, const char *why)
{
	if (g->left_out++ >= NOTES_MAX)
		return;
	buf_printf(&g->notes, "; left out: rule %lld \"%.*s\" at %.*s: %s", (long long)i->x.id,
		   BYTES_ARG(i->x.name), BYTES_ARG(i->scope), why);
}

/* A name by which documents find the check: its advisory's, or each of its CVEs. */
static bool has_name(const struct match_check *c)
{
	return c->advisory.len || c->cve_count;
}

static bool has_purls(const struct finding *f)
{
	bool has = f->match_listed > 0;
	for (size_t i = 0; has && i < f->match_listed; i++)
		has = f->matches[i].purl.len > 0;
	return has;
}

static int keep(struct exporting *g, size_t rule, const struct finding *f, struct err *e)
{
	struct said *more = arena_grow(g->a, g->items, g->count, &g->cap, sizeof *more);
	if (!more)
		return no_memory(e);
	g->items = more;
	more[g->count++] = (struct said){rule, f};
	return 0;
}

/* The findings that the rule disables now. */
static int read_rule(struct exporting *g, size_t rule, struct err *e)
{
	const struct rule_export_item *i = &g->x->items[rule];
	struct criteria named = {.any = i->terms.what.c.any,
				 .cves = i->terms.what.c.cves,
				 .ids = i->terms.what.c.ids,
				 .id_count = i->terms.what.c.id_count};
	struct finding *found;
	size_t kept = 0;
	bool whole, all = true;
	const struct finding_query q = {.visible = g->x->visible,
					.below = g->x->below ? g->x->below : i->x.scope_id,
					.criteria = &named,
					.shown = FINDING_SHOW_DISABLED};
	int64_t n = finding_list_all(g->tx, &q, RULE_EXPORT_FINDINGS_MAX - g->read, g->a, &found,
				     &whole, e);
	if (n < 0)
		return (int)n;
	g->read += (size_t)n;
	for (int64_t k = 0; k < n; k++) {
		const struct finding *f = &found[k];
		if (rule_of(&i->terms, false, f) != RULE_FITS)
			continue;
		if (!has_name(&f->check) || !has_purls(f)) {
			all = false;
			continue;
		}
		kept++;
		if (keep(g, rule, f, e) < 0)
			return -(int)e->code;
	}
	if (!whole)
		leave_out(g, i, "in part: there are more findings than a document takes");
	else if (!all)
		leave_out(g, i, "in part: findings without a package URL or a name");
	else if (!kept)
		leave_out(g, i, "it disables nothing at present");
	return 0;
}

static int by_statement(const void *a, const void *b)
{
	const struct said *x = a, *y = b;
	const struct finding *f = x->finding, *g = y->finding;
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	if (f->check.id != g->check.id)
		return f->check.id < g->check.id ? -1 : 1;
	int d = bytes_cmp(f->digest, g->digest);
	return d ? d : (f->image_id > g->image_id) - (f->image_id < g->image_id);
}

static void put_text(struct json_out *w, const char *key, struct buf *text)
{
	json_put_string(w, key, buf_bytes(text));
	json_put_need(w, text);
	buf_clear(text);
}

/* An image by its digest, wherever it is, and what it holds of the vulnerability. */
static void put_product(struct json_out *w, const struct finding *f, struct buf *text)
{
	struct bytes hex = f->digest, kind = bytes_cut(&hex, ':');
	size_t slash = bytes_find_last(f->repository, '/');
	struct bytes name =
	    slash < f->repository.len ? bytes_from(f->repository, slash + 1) : f->repository;
	buf_put_text(text, "pkg:oci/");
	buf_put_percent(text, name, "");
	buf_put_u8(text, '@');
	buf_put_percent(text, f->digest, ":");
	json_put_object(w, NULL);
	put_text(w, "@id", text);
	json_put_object(w, "hashes");
	json_put_string(w, bytes_eq_lit(kind, "sha512") ? "sha-512" : "sha-256", hex);
	json_put_end(w, '}');
	json_put_array(w, "subcomponents");
	for (size_t i = 0; i < f->match_listed; i++) {
		/* They are by package and version: in several places is beside each other. */
		if (i && bytes_eq(f->matches[i - 1].purl, f->matches[i].purl))
			continue;
		json_put_object(w, NULL);
		json_put_string(w, "@id", f->matches[i].purl);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
	json_put_end(w, '}');
}

static void put_reason(struct json_out *w, const struct rule_export_item *i, struct buf *text)
{
	buf_printf(text, "rule %lld \"%.*s\" at %.*s, by %.*s", (long long)i->x.id,
		   BYTES_ARG(i->x.name), BYTES_ARG(i->scope), BYTES_ARG(i->x.author));
	if (i->x.ticket.len)
		buf_printf(text, ", %.*s", BYTES_ARG(i->x.ticket));
	json_put_text(w, "status", "not_affected");
	put_text(w, "status_notes", text);
	if (exception_is_justification(i->x.justification)) {
		json_put_string(w, "justification", i->x.justification);
		return;
	}
	if (i->x.justification.len)
		buf_put(text, i->x.justification);
	else
		buf_printf(text, "disabled by rule %lld \"%.*s\"", (long long)i->x.id,
			   BYTES_ARG(i->x.name));
	put_text(w, "impact_statement", text);
}

/* Of the findings from..to, which a rule and a check have in common. */
static void put_statement(struct exporting *g, struct json_out *w, const struct said *from,
			  const struct said *to, struct bytes name, struct buf *text)
{
	const struct rule_export_item *i = &g->x->items[from->rule];
	json_put_object(w, NULL);
	json_put_object(w, "vulnerability");
	json_put_string(w, "name", name);
	json_put_end(w, '}');
	json_put_time(w, "timestamp", i->x.changed_at);
	json_put_array(w, "products");
	for (const struct said *s = from; s < to; s++)
		if (s == from || !bytes_eq(s[-1].finding->digest, s->finding->digest))
			put_product(w, s->finding, text);
	json_put_end(w, ']');
	put_reason(w, i, text);
	json_put_end(w, '}');
}

/* A check with one CVE is known by that. One with several goes with its advisory, or, without one,
 * with all of them: a statement about one would not take it out. */
static void put_check(struct exporting *g, struct json_out *w, const struct said *from,
		      const struct said *to, struct buf *text)
{
	const struct match_check *c = &from->finding->check;
	if (c->advisory.len && c->cve_count != 1)
		put_statement(g, w, from, to, c->advisory, text);
	for (size_t i = 0; (!c->advisory.len || c->cve_count == 1) && i < c->cve_count; i++)
		put_statement(g, w, from, to, c->cves[i], text);
}

static void put_document(struct exporting *g, struct buf *out, struct buf *text)
{
	const struct rule_export *x = g->x;
	struct json_out w;
	char now[CLOCK_RFC3339_CAP];
	clock_rfc3339(x->now_ms, now);
	json_out_init(&w, out, true);
	json_put_object(&w, NULL);
	json_put_text(&w, "@context", "https://openvex.dev/ns/v0.2.0");
	buf_printf(text, "%.*s/api/v1/rules/export?format=openvex#%s", BYTES_ARG(x->url), now);
	put_text(&w, "@id", text);
	json_put_string(&w, "author", x->author);
	json_put_time(&w, "timestamp", x->now_ms);
	json_put_u64(&w, "version", 1);
	buf_printf(text, "plimsoll %s", x->version);
	buf_put(text, buf_bytes(&g->notes));
	if (g->left_out > NOTES_MAX)
		buf_printf(text, "; left out: %zu more", g->left_out - NOTES_MAX);
	put_text(&w, "tooling", text);
	json_put_need(&w, &g->notes);
	json_put_array(&w, "statements");
	for (size_t from = 0, to; from < g->count; from = to) {
		to = from + 1;
		while (to < g->count && g->items[to].rule == g->items[from].rule &&
		       g->items[to].finding->check.id == g->items[from].finding->check.id)
			to++;
		put_check(g, &w, &g->items[from], &g->items[to], text);
	}
	json_put_end(&w, ']');
	json_put_end(&w, '}');
}

int rule_export_openvex(struct db_tx *tx, const struct rule_export *x, struct arena *a,
			struct buf *out, size_t *ret_left_out, struct err *e)
{
	struct exporting g = {.tx = tx, .x = x, .a = a};
	struct buf text;
	int r = 0;
	buf_init(&g.notes, TEXT_MAX);
	buf_init(&text, 2 * TEXT_MAX);
	for (size_t i = 0; i < x->count && r == 0; i++) {
		const char *why = cannot_say(&x->items[i], x->now_ms);
		if (why)
			leave_out(&g, &x->items[i], why);
		else
			r = read_rule(&g, i, e);
	}
	if (r == 0 && g.count)
		qsort(g.items, g.count, sizeof *g.items, by_statement);
	if (r == 0)
		put_document(&g, out, &text);
	if (r == 0 && !buf_ok(out))
		r = out->len ? err_set(e, ERR_LIMIT, "the document is larger than a reply may be")
			     : no_memory(e);
	*ret_left_out = g.left_out;
	buf_free(&g.notes);
	buf_free(&text);
	return r;
}
