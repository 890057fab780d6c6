#include "ledger/security_checks.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/own.h"
#include "ledger/many.h"
#include "store/seen.h"

#include <stdlib.h>

#define TEXTS_BUDGET (256U << 20) /* bytes: CVEs and references of checks that are put together */
#define CVES_MAX (1U << 20)
#define REFERENCES_MAX (4U << 20)

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for security checks");
}

static struct db_value score(struct cvss_score s)
{
	return s.version == CVSS_NONE ? DB_NULL_OF(DB_REAL) : DB_R(s.base);
}

static struct db_value maybe(double v)
{
	return v < 0 ? DB_NULL_OF(DB_REAL) : DB_R(v);
}

static void put_references(struct buf *out, const struct match_check *c)
{
	struct json_out w;
	json_out_init(&w, out, false);
	json_put_array(&w, NULL);
	for (size_t i = 0; i < c->reference_count; i++) {
		json_put_object(&w, NULL);
		json_put_string(&w, "type", c->references[i].type);
		json_put_string(&w, "url", c->references[i].url);
		json_put_end(&w, '}');
	}
	json_put_end(&w, ']');
}

/* Most are as they were: a package's neighbours have the same ones. */
#define DIFFERS                                                                                    \
	"(title, category, severity, vendor_severity, cvss_version, cvss_base, cvss_vector, "      \
	"cvss_v2, cvss_v3, cvss_v4, kev,"                                                          \
	" ransomware, epss, epss_percentile, published, modified, summary, details, cves, refs, "  \
	"kev_due, kev_due_by, kev_action) IS DISTINCT FROM"                                        \
	" ($4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, "   \
	"$22, $23, $24, $25, $26)"
#define COLUMNS 29
/* $27: the version's epoch, or the next one. $28: now. $29: the record that the score is from,
 * which changes with the score: rows of before it was kept are not written again for it alone.
 * advisory and source name make the id: they do not change. */
static const char update_text[] =
    "UPDATE check_version SET title = $4, category = $5, severity = $6, vendor_severity = $7,"
    " cvss_version = $8, cvss_base = $9, cvss_vector = $10, cvss_v2 = $11, cvss_v3 = $12,"
    " cvss_v4 = $13, kev = $14, ransomware = $15, epss = $16, epss_percentile = $17,"
    " published = $18, modified = $19, summary = $20, details = $21, cves = $22, refs = $23,"
    " kev_due = $24, kev_due_by = $25, kev_action = $26, cvss_source = $29,"
    " kev_since = CASE WHEN $14 = 0 THEN 0 WHEN kev = 1 THEN kev_since ELSE $28 END"
    " WHERE id = $1 AND advisory = $2 AND source_name = $3 AND since = $27 AND " DIFFERS;
static const char end_text[] =
    "UPDATE check_version SET until = $27 WHERE id = $1 AND advisory = $2 AND source_name = $3"
    " AND " SEEN " AND " DIFFERS;
static const char insert_text[] =
    /* Its dates are those of the versions before it. A check that is listed from the start did not
       enter the list. */
    "INSERT INTO check_version(id, advisory, source_name, title, category, severity,"
    " vendor_severity, cvss_version, cvss_base, cvss_vector, cvss_v2, cvss_v3, cvss_v4, kev,"
    " ransomware, epss, epss_percentile, published, modified, summary, details, cves, refs,"
    " kev_due, kev_due_by, kev_action, since, until, first_seen, kev_since, cvss_source)"
    " VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
    " $19, $20, $21, $22, $23, $24, $25, $26, $27, 0,"
    " COALESCE((SELECT min(o.first_seen) FROM check_version o WHERE o.id = $1), $28),"
    " CASE WHEN $14 = 0 THEN 0 ELSE COALESCE((SELECT CASE WHEN o.kev = 1 THEN o.kev_since"
    " ELSE $28 END FROM check_version o WHERE o.id = $1 ORDER BY o.since DESC LIMIT 1), 0)"
    " END, $29)"
    " ON CONFLICT(id, since) DO NOTHING";

static int add_row(struct many *m, const struct security_check_entry *p, int64_t epoch,
		   struct err *e)
{
	const struct match_check *c = p->check;
	const struct db_value values[COLUMNS] = {DB_I(c->id),
						 DB_T(c->advisory),
						 DB_T(c->source_name),
						 DB_T(c->title),
						 DB_T(c->category),
						 DB_I(c->severity),
						 DB_I(c->vendor_severity),
						 DB_I(c->cvss.version),
						 DB_R(c->cvss.base),
						 DB_T(c->cvss_vector),
						 score(c->cvss_v2),
						 score(c->cvss_v3),
						 score(c->cvss_v4),
						 DB_I(c->kev),
						 DB_I(c->ransomware),
						 maybe(c->epss),
						 maybe(c->epss_percentile),
						 DB_I(c->published_ms),
						 DB_I(c->modified_ms),
						 DB_T(c->summary),
						 DB_T(c->details),
						 DB_T(p->cves),
						 DB_T(p->references),
						 DB_I(c->kev_due_ms),
						 DB_I(c->kev_due_by),
						 DB_T(c->kev_action),
						 DB_I(epoch),
						 DB_I(clock_wall_ms()),
						 DB_T(c->cvss_source)};
	return many_add(m, values, e);
}

static int by_id(const void *a, const void *b)
{
	const struct match_check *x = ((const struct security_check_entry *)a)->check,
				 *y = ((const struct security_check_entry *)b)->check;
	return (x->id > y->id) - (x->id < y->id);
}

/* Sorted by id, each once; their number. */
static size_t settle(struct security_check_entry *entries, size_t count)
{
	size_t n = 0;
	if (count)
		qsort(entries, count, sizeof *entries, by_id);
	for (size_t i = 0; i < count; i++) {
		if (n == 0 || entries[n - 1].check->id != entries[i].check->id)
			entries[n++] = entries[i];
	}
	return n;
}

static bool keep(struct arena *a, struct buf *b, struct bytes *ret)
{
	bool ok;
	*ret = arena_bytes(a, buf_bytes(b), &ok);
	ok = ok && buf_ok(b);
	buf_clear(b);
	return ok;
}

static int make_texts(struct security_check_entry *entries, size_t count, struct arena *a,
		      struct err *e)
{
	struct buf cves, references;
	bool ok = true;
	buf_init(&cves, CVES_MAX);
	buf_init(&references, REFERENCES_MAX);
	for (size_t i = 0; ok && i < count; i++) {
		const struct match_check *c = entries[i].check;
		for (size_t k = 0; k < c->cve_count; k++) {
			if (k)
				buf_put_u8(&cves, ' ');
			buf_put(&cves, c->cves[k]);
		}
		put_references(&references, c);
		ok = keep(a, &cves, &entries[i].cves) &&
		     keep(a, &references, &entries[i].references);
	}
	buf_free(&cves);
	buf_free(&references);
	return ok ? 0 : no_memory(e);
}

/* What readers see of each: columns id, since, until, cves. */
static int read_seen(struct db_tx *tx, struct security_check_entry *entries, const int64_t *ids,
		     size_t count, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT id, since, until, cves FROM check_version"
				     " WHERE id {IN $1} AND " SEEN " ORDER BY id",
				     DB_ARGS(DB_INTS(ids, count)), e);
	int r = s ? 0 : -(int)e->code;
	for (size_t i = 0; s && i < count && (r = db_step(s, e)) > 0; i++) {
		while (i < count && ids[i] != db_int(s, 0))
			i++;
		if (i == count)
			break;
		entries[i].since = db_int(s, 1);
		entries[i].is_ended = db_int(s, 2) != 0;
		entries[i].cves_differ = !bytes_eq(db_bytes(s, 3), entries[i].cves);
	}
	db_done(s);
	return r < 0 ? r : 0;
}

/* Expired versions of these that are not removed yet have no reader, and would conflict. */
static int clear_over(struct db_tx *tx, const int64_t *ids, size_t count, struct err *e)
{
#define OVER(table, key)                                                                           \
	"DELETE FROM " table " WHERE " key " {IN $1} AND until > 0 AND until <= " SEEN_EPOCH
	if (db_exec(tx, OVER("check_version", "id"), DB_ARGS(DB_INTS(ids, count)), e) < 0 ||
	    db_exec(tx, OVER("cve_version", "check_id"), DB_ARGS(DB_INTS(ids, count)), e) < 0)
		return -(int)e->code;
	return 0;
}

static int read_all(struct db_tx *tx, struct security_check_entry *entries, size_t count,
		    bool clear, struct err *e)
{
	OWN_FREE int64_t *ids = own_calloc(count + 1, sizeof *ids);
	if (!ids)
		return no_memory(e);
	for (size_t i = 0; i < count; i++) {
		ids[i] = (int64_t)entries[i].check->id;
		entries[i].since = -1;
		entries[i].is_ended = false;
		entries[i].cves_differ = true;
	}
	int r = 0;
	for (size_t from = 0; r == 0 && from < count; from += DB_LIST_MAX) {
		size_t n = count - from < DB_LIST_MAX ? count - from : DB_LIST_MAX;
		if (clear)
			r = clear_over(tx, ids + from, n, e);
		if (r == 0)
			r = read_seen(tx, entries + from, ids + from, n, e);
	}
	return r;
}

/* Which of them a statement is for. */
typedef bool (*is_for_fn)(const struct security_check_entry *p);
static bool all(const struct security_check_entry *p)
{
	(void)p;
	return true;
}
static bool is_seen(const struct security_check_entry *p)
{
	return p->since >= 0;
}
static bool is_unseen(const struct security_check_entry *p)
{
	return p->since < 0;
}
static bool is_ended(const struct security_check_entry *p)
{
	return p->is_ended;
}
static bool is_written(const struct security_check_entry *p)
{
	return p->since < 0 || p->is_ended;
}
static bool has_other_cves(const struct security_check_entry *p)
{
	return p->cves_differ;
}

/* epoch < 0: of the version that readers see. */
static int run(struct db_tx *tx, const char *text, const struct security_check_entry *entries,
	       size_t count, is_for_fn is_for, int64_t epoch, struct err *e)
{
	/* Only this one says nothing of now. */
	struct many m = {
	    .tx = tx, .text = text, .columns = text == end_text ? COLUMNS - 2 : COLUMNS};
	int r = 0;
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (is_for(&entries[i]))
			r = add_row(&m, &entries[i], epoch < 0 ? entries[i].since : epoch, e);
	}
	return many_end(&m, r, e);
}

static int run_short(struct db_tx *tx, const char *text, const struct security_check_entry *entries,
		     size_t count, is_for_fn is_for, int64_t epoch, struct err *e)
{
	struct many m = {.tx = tx, .text = text, .columns = 2};
	int r = 0;
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct security_check_entry *p = &entries[i];
		const struct db_value values[] = {DB_I(p->check->id),
						  DB_I(epoch >= 0     ? epoch
						       : p->since < 0 ? 0
								      : p->since)};
		if (is_for(p))
			r = many_add(&m, values, e);
	}
	return many_end(&m, r, e);
}

/* The CVEs of a version, of epoch (< 0: of the version that readers see). */
static int put_cves(struct db_tx *tx, const struct security_check_entry *entries, size_t count,
		    is_for_fn is_for, int64_t epoch, struct err *e)
{
	struct many add = {.tx = tx,
			   .columns = 3,
			   .text = "INSERT INTO cve_version(cve, check_id, since, until)"
				   " VALUES($1, $2, $3, 0)"
				   " ON CONFLICT(cve, check_id, since) DO NOTHING"};
	int r = run_short(tx, "DELETE FROM cve_version WHERE check_id = $1 AND since = $2", entries,
			  count, is_for, epoch, e);
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct security_check_entry *p = &entries[i];
		int64_t since = epoch >= 0 ? epoch : p->since < 0 ? 0 : p->since;
		for (size_t k = 0; r == 0 && is_for(p) && k < p->check->cve_count; k++) {
			const struct db_value values[] = {DB_T(p->check->cves[k]),
							  DB_I(p->check->id), DB_I(since)};
			r = many_add(&add, values, e);
		}
	}
	return many_end(&add, r, e);
}

static int put_now(struct db_tx *tx, const struct security_check_entry *entries, size_t count,
		   struct err *e)
{
	if (run(tx, update_text, entries, count, is_seen, -1, e) < 0 ||
	    run(tx, insert_text, entries, count, is_unseen, 0, e) < 0)
		return -(int)e->code;
	return put_cves(tx, entries, count, has_other_cves, -1, e);
}

int security_check_put_many(struct db_tx *tx, struct security_check_entry *entries, size_t count,
			    struct err *e)
{
	struct arena texts;
	arena_init(&texts, TEXTS_BUDGET);
	count = settle(entries, count);
	int r = make_texts(entries, count, &texts, e);
	if (r == 0)
		r = read_all(tx, entries, count, true, e);
	if (r == 0)
		r = put_now(tx, entries, count, e);
	arena_free(&texts);
	return r;
}

/* The versions that readers see end where they differ; then there are new ones for those, and for
 * what no reader sees. */
static int change(struct db_tx *tx, struct security_check_entry *entries, size_t count,
		  int64_t next, struct err *e)
{
	if (run(tx, end_text, entries, count, all, next, e) < 0 ||
	    read_all(tx, entries, count, false, e) < 0 ||
	    run_short(tx,
		      "UPDATE cve_version SET until = $2 WHERE check_id = $1 AND since < $2"
		      " AND until = 0",
		      entries, count, is_ended, next, e) < 0 ||
	    run(tx, insert_text, entries, count, is_written, next, e) < 0)
		return -(int)e->code;
	return put_cves(tx, entries, count, is_written, next, e);
}

int security_check_change_many(struct db_tx *tx, struct security_check_entry *entries, size_t count,
			       int64_t next, struct err *e)
{
	struct arena texts;
	arena_init(&texts, TEXTS_BUDGET);
	count = settle(entries, count);
	int r = make_texts(entries, count, &texts, e);
	if (r == 0)
		r = change(tx, entries, count, next, e);
	arena_free(&texts);
	return r;
}
