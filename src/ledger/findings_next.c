/* All checks in a list's order, some at a time. */
#include "ledger/findings_impl.h"

#define FIRST_KEY 1e15		       /* above every key: times are in milliseconds */
#define CHECK_MEMORY ((size_t)4 << 20) /* of one check's texts */

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for a list of findings");
}

/* What numbers decide is decided here, so that few checks are found among many; the criteria then
 * decide all of it. */
#define NEXT(from, order)                                                                          \
	"SELECT " FINDING_CHECK " FROM security_check c WHERE " from                               \
	" AND ($5 = '' OR " LISTING_TEXT(                                                          \
	    "$5") ") AND ($6 = 0 OR c.severity {IN $7})"                                           \
		  " AND ($8 < 0 OR c.kev = $8) AND ($9 <= 0 OR c.cvss_base >= $9)"                 \
		  " AND ($10 <= 0 OR c.epss >= $10) ORDER BY " order " LIMIT $4"
#define BELOW(key) NEXT("$3 = '' AND (" key ", c.id) <= ($1, $2)", key " DESC, c.id DESC")
/* After what was looked at last, itself included: some of it may be left. */
static const char *const next_texts[FINDING_SORT_COUNT] = {
    [FINDING_BY_SEVERITY] = BELOW("c.urgency"),
    [FINDING_BY_CVSS] = BELOW("c.cvss_base"),
    [FINDING_BY_EPSS] = BELOW("c.epss"),
    [FINDING_BY_FIRST_SEEN] = BELOW("c.first_seen"),
    [FINDING_BY_PACKAGE] =
	NEXT("$1 >= 0 AND c.source_name >= $3 AND (c.source_name > $3 OR c.id <= $2)",
	     "c.source_name, c.id DESC"),
};
static const char unrated_text[] =
    NEXT("$1 >= -1 AND $3 = '' AND c.epss IS NULL AND c.id <= $2", "c.id DESC");

bool listing_pattern(struct listing *l, struct bytes *ret)
{
	struct bytes text = l->q->criteria->text;
	*ret = BYTES_NONE;
	if (!text.len || l->q->criteria->any)
		return true;
	uint8_t *out = arena_alloc(l->a, 2 * text.len + 2, 1);
	size_t n = 0;
	if (!out)
		return false;
	out[n++] = '%';
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '%' || text.ptr[i] == '_' || text.ptr[i] == '\\')
			out[n++] = '\\';
		out[n++] = byte_lower(text.ptr[i]);
	}
	out[n++] = '%';
	*ret = (struct bytes){.ptr = out, .len = n};
	return true;
}

/* Reads the row's check; into the candidates when it is wanted. */
static int put_candidate(struct listing *l, struct db_stmt *s, struct arena *row, struct err *e)
{
	struct candidate c = {.key = 0};
	int r = finding_check_read(s, 0, row, &c.check, e);
	if (r < 0)
		return r;
	c.key = listing_key(l, &c.check);
	l->end = listing_at(l, &c);
	if (!criteria_fits_check(l->q->criteria, &c.check))
		return 0;
	struct candidate *kept = &l->candidates[l->candidate_count++];
	kept->key = c.key;
	return finding_check_read(s, 0, l->a, &kept->check, e);
}

static size_t wanted_severities(const struct criteria *c, int64_t out[ADV_SEV_CRITICAL + 1])
{
	size_t n = 0;
	for (int i = 0; i <= ADV_SEV_CRITICAL; i++)
		if (c->severities[i])
			out[n++] = i;
	return n;
}

/* The next checks from l->from on: 1, 0 = there are none, <0. */
static int read_next(struct listing *l, const char *text, size_t most, struct err *e)
{
	const struct finding_cursor *at = &l->from;
	bool by_name = l->q->sort == FINDING_BY_PACKAGE, some = false, ok = true;
	struct arena row = {.blocks = NULL};
	struct bytes pattern;
	int64_t severities[ADV_SEV_CRITICAL + 1];
	static const struct criteria none;
	const struct criteria *c = l->q->criteria->any ? &none : l->q->criteria;
	size_t severity_count = wanted_severities(c, severities);
	l->candidate_count = 0;
	l->candidates = arena_alloc(l->a, most, sizeof *l->candidates);
	if (!l->candidates || !listing_pattern(l, &pattern))
		return no_memory(e);
	struct db_stmt *s =
	    listing_ask(l, text,
			DB_ARGS(DB_R(at->key), DB_I(at->check),
				DB_T(by_name ? at->name : BYTES_NONE), DB_I(most), DB_T(pattern),
				DB_I(severity_count), DB_INTS(severities, severity_count),
				DB_I(c->kev == RECORD_UNSAID ? -1 : c->kev == RECORD_YES),
				DB_R(c->cvss_min), DB_R(c->epss_min)),
			e);
	int r = s ? 0 : -(int)e->code;
	while (r >= 0 && (r = db_step(s, e)) > 0) {
		some = true;
		arena_free(&row);
		arena_init(&row, CHECK_MEMORY);
		r = put_candidate(l, s, &row, e);
	}
	db_done(s);
	if (r >= 0 && some) {
		l->end.name = arena_bytes(l->a, l->end.name, &ok);
		l->from = l->end;
		l->from.check--; /* behind it */
	}
	arena_free(&row);
	return !ok ? no_memory(e) : r < 0 ? r : some;
}

int listing_next(struct listing *l, size_t most, struct err *e)
{
	bool by_epss = l->q->sort == FINDING_BY_EPSS, by_name = l->q->sort == FINDING_BY_PACKAGE;
	struct finding_cursor *at = &l->from;
	if (!at->is_set)
		*at = (struct finding_cursor){
		    .is_set = true, .key = by_name ? 0 : FIRST_KEY, .check = INT64_MAX};
	if (!by_epss || at->key >= 0) {
		int r = read_next(l, next_texts[l->q->sort], most, e);
		if (r != 0 || !by_epss)
			return r;
		*at = (struct finding_cursor){.is_set = true, .key = -1, .check = INT64_MAX};
	}
	return read_next(l, unrated_text, most, e);
}
