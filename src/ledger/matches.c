#include "ledger/matches.h"

#include "base/json.h"
#include "store/seen.h"

static struct db_value score(struct cvss_score s)
{
	return s.version == CVSS_NONE ? DB_N : DB_R(s.base);
}

static struct db_value maybe(double v)
{
	return v < 0 ? DB_N : DB_R(v);
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
	" ransomware, epss, epss_percentile, published, modified, summary, details, cves, refs) "  \
	"IS DISTINCT FROM"                                                                         \
	" ($4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, "   \
	"$22, $23)"

enum text { CHECK_UPDATE, CHECK_END, CHECK_INSERT };
/* $24: the version's epoch, or the next one. advisory and source name make the id: they do not
 * change. */
static const char *const texts[] = {
    [CHECK_UPDATE] = "UPDATE check_version SET title = $4, category = $5, severity = $6, "
		     "vendor_severity = $7, cvss_version = $8,"
		     " cvss_base = $9, cvss_vector = $10, cvss_v2 = $11, cvss_v3 = $12, cvss_v4 = "
		     "$13, kev = $14,"
		     " ransomware = $15, epss = $16, epss_percentile = $17, published = $18, "
		     "modified = $19, summary = $20,"
		     " details = $21, cves = $22, refs = $23 WHERE id = $1 AND advisory = $2 AND "
		     "source_name = $3"
		     " AND since = $24 AND " DIFFERS,
    [CHECK_END] = "UPDATE check_version SET until = $24 WHERE id = $1 AND advisory = $2 AND "
		  "source_name = $3 AND " SEEN " AND " DIFFERS,
    [CHECK_INSERT] =
	"INSERT INTO check_version(id, advisory, source_name, title, category, severity, "
	"vendor_severity,"
	" cvss_version, cvss_base, cvss_vector, cvss_v2, cvss_v3, cvss_v4, kev, ransomware, epss,"
	" epss_percentile, published, modified, summary, details, cves, refs, since, until)"
	" VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
	"$19, $20,"
	" $21, $22, $23, $24, 0) ON CONFLICT(id, since) DO NOTHING",
};

/* Rows changed. */
static int64_t run_check(struct db_tx *tx, enum text which, const struct match_check *c,
			 int64_t epoch, struct err *e)
{
	struct buf cves, refs;
	buf_init(&cves, 1U << 20);
	buf_init(&refs, 4U << 20);
	for (size_t i = 0; i < c->cve_count; i++) {
		if (i)
			buf_put_u8(&cves, ' ');
		buf_put(&cves, c->cves[i]);
	}
	put_references(&refs, c);
	int64_t r = db_exec(
	    tx, texts[which],
	    DB_ARGS(DB_I(c->id), DB_T(c->advisory), DB_T(c->source_name), DB_T(c->title),
		    DB_T(c->category), DB_I(c->severity), DB_I(c->vendor_severity),
		    DB_I(c->cvss.version), DB_R(c->cvss.base), DB_T(c->cvss_vector),
		    score(c->cvss_v2), score(c->cvss_v3), score(c->cvss_v4), DB_I(c->kev),
		    DB_I(c->ransomware), maybe(c->epss), maybe(c->epss_percentile),
		    DB_I(c->published_ms), DB_I(c->modified_ms), DB_T(c->summary), DB_T(c->details),
		    DB_T(buf_bytes(&cves)), DB_T(buf_bytes(&refs)), DB_I(epoch)),
	    e);
	if (r >= 0 && !(buf_ok(&cves) && buf_ok(&refs)))
		r = err_set(e, ERR_NOMEM, "no memory for a security check");
	buf_free(&cves);
	buf_free(&refs);
	return r;
}

/* The CVEs of a version. */
static int put_cves(struct db_tx *tx, const struct match_check *c, int64_t since, struct err *e)
{
	if (db_exec(tx, "DELETE FROM cve_version WHERE check_id = $1 AND since = $2",
		    DB_ARGS(DB_I(c->id), DB_I(since)), e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < c->cve_count; i++) {
		if (db_exec(tx,
			    "INSERT INTO cve_version(cve, check_id, since, until) VALUES($1, $2, "
			    "$3, 0) ON CONFLICT(cve, check_id, since) DO NOTHING",
			    DB_ARGS(DB_T(c->cves[i]), DB_I(c->id), DB_I(since)), e) < 0)
			return -(int)e->code;
	}
	return 0;
}

/* 1 = readers see a version: *ret is its epoch. */
static int seen(struct db_tx *tx, uint64_t check, int64_t *ret, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT since FROM check_version WHERE id = $1 AND " SEEN,
				     DB_ARGS(DB_I(check)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		*ret = db_int(s, 0);
	db_done(s);
	return r;
}

static int put_check(struct db_tx *tx, const struct match_check *c, struct err *e)
{
	int64_t since = 0;
	int r = seen(tx, c->id, &since, e);
	if (r < 0)
		return r;
	int64_t n = run_check(tx, r ? CHECK_UPDATE : CHECK_INSERT, c, since, e);
	return n <= 0 ? (int)n : put_cves(tx, c, since, e);
}

/* The version of the next epoch, if it is another one. */
static int change_check(struct db_tx *tx, const struct match_check *c, int64_t next, struct err *e)
{
	int64_t since;
	int64_t n = run_check(tx, CHECK_END, c, next, e);
	if (n > 0)
		n = db_exec(tx,
			    "UPDATE cve_version SET until = $2 WHERE check_id = $1 AND since < $2 "
			    "AND until = 0",
			    DB_ARGS(DB_I(c->id), DB_I(next)), e);
	else if (n == 0 && (n = seen(tx, c->id, &since, e)) > 0)
		return 0;
	if (n >= 0)
		n = run_check(tx, CHECK_INSERT, c, next, e);
	return n <= 0 ? (int)n : put_cves(tx, c, next, e);
}

static int add_match(struct db_tx *tx, int64_t package, const struct match *m, int64_t since,
		     struct err *e)
{
	int64_t n =
	    db_exec(tx,
		    "INSERT INTO match_version(package_id, check_id, since, until, "
		    "fixed_version, status, patchable, remediation) VALUES($1, $2, $3, 0, "
		    "$4, $5, $6, $7)",
		    DB_ARGS(DB_I(package), DB_I(m->check.id), DB_I(since), DB_T(m->fixed_version),
			    DB_I(m->status), DB_I(m->patchable), DB_T(m->remediation)),
		    e);
	return n < 0 ? (int)n : 0;
}

int matches_put(struct db_tx *tx, int64_t package, const struct match *matches, size_t count,
		struct err *e)
{
	if (db_exec(tx, "DELETE FROM match_version WHERE package_id = $1", DB_ARGS(DB_I(package)),
		    e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < count; i++) {
		if (put_check(tx, &matches[i].check, e) < 0 ||
		    add_match(tx, package, &matches[i], 0, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

static void add_change(struct buf *out, struct matches_change c)
{
	buf_put(out, (struct bytes){.ptr = (const uint8_t *)&c, .len = sizeof c});
}

/* Columns: check_id, fixed_version, status, patchable, remediation. */
static bool same_match(struct db_stmt *s, const struct match *m)
{
	return bytes_eq(db_bytes(s, 1), m->fixed_version) && db_int(s, 2) == (int64_t)m->status &&
	       (db_int(s, 3) != 0) == m->patchable && bytes_eq(db_bytes(s, 4), m->remediation);
}

int matches_compare(struct db_tx *tx, int64_t package, const struct match *matches, size_t count,
		    struct buf *out, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT check_id, fixed_version, status, patchable, remediation FROM package_match"
	    " WHERE package_id = $1 ORDER BY check_id",
	    DB_ARGS(DB_I(package)), e);
	struct matches_change add = {.kind = MATCHES_ADD, .package = package};
	size_t i = 0;
	int r = s ? 0 : -(int)e->code;
	while (r == 0 && (r = db_step(s, e)) > 0) {
		uint64_t check = (uint64_t)db_int(s, 0);
		for (; i < count && matches[i].check.id < check; i++) {
			add.match = &matches[i];
			add_change(out, add);
		}
		bool still = i < count && matches[i].check.id == check,
		     same = still && same_match(s, &matches[i]);
		if (!same)
			add_change(out, (struct matches_change){.kind = MATCHES_END,
								.package = package,
								.check = check});
		add.match = still ? &matches[i] : NULL;
		if (still && !same)
			add_change(out, add);
		i += still;
		r = 0;
	}
	db_done(s);
	for (; i < count; i++) {
		add.match = &matches[i];
		add_change(out, add);
	}
	if (r == 0 && !buf_ok(out))
		r = err_set(e, ERR_NOMEM, "no memory for the matches of a package");
	return r;
}

int matches_change(struct db_tx *tx, const struct matches_change *c, int64_t next, struct err *e)
{
	if (c->kind == MATCHES_CHECK)
		return change_check(tx, &c->match->check, next, e);
	if (c->kind == MATCHES_ADD)
		return add_match(tx, c->package, c->match, next, e);
	int64_t n = db_exec(tx,
			    "UPDATE match_version SET until = $3 WHERE package_id = $1 AND "
			    "check_id = $2 AND since < $3 AND until = 0",
			    DB_ARGS(DB_I(c->package), DB_I(c->check), DB_I(next)), e);
	return n < 0 ? (int)n : 0;
}

/* $1: the epoch that readers see; "since > 0" and "until > 0" name the small indexes of what is not
 * for good. */
#define STEPS(table, key)                                                                          \
	"DELETE FROM " table " WHERE (" key ") IN (SELECT " key " FROM " table                     \
	" WHERE until > 0 AND until <= $1 LIMIT $2)",                                              \
	    "DELETE FROM " table " WHERE (" key ") IN (SELECT " key " FROM " table                 \
	    " WHERE since > 0 AND since > $1 LIMIT $2)",                                           \
	    "UPDATE " table " SET until = 0 WHERE (" key ") IN (SELECT " key " FROM " table        \
	    " WHERE until > 0 AND until > $1 LIMIT $2)"
enum { OVER, PREPARED, ENDED, STEP_COUNT };
static const char *const clearing[3][STEP_COUNT] = {
    {STEPS("match_version", "package_id, check_id, since")},
    {STEPS("check_version", "id, since")},
    {STEPS("cve_version", "cve, check_id, since")},
};

int64_t matches_clear(struct db_tx *tx, int64_t epoch, bool undo, size_t max, struct err *e)
{
	int64_t total = 0;
	for (size_t t = 0; t < 3; t++) {
		for (size_t step = 0; step < (undo ? STEP_COUNT : OVER + 1U); step++) {
			int64_t n =
			    db_exec(tx, clearing[t][step], DB_ARGS(DB_I(epoch), DB_I(max)), e);
			if (n < 0)
				return n;
			total += n;
		}
	}
	return total;
}
