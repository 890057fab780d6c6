/* How often images are pulled: kept by day, and as a sum of the last 30 days, by which images are
 * ordered. Once an hour the days before that leave the sum. */
#include "ledger/images.h"
#include "ledger/many.h"
#include "store/digest_key.h"

#define DAY_MS INT64_C(86400000)
#define STEP 512 /* images of a transaction */

static int count_pulls(struct db_tx *tx, int64_t id, const struct ledger_pulls *p, struct err *e)
{
	if (db_exec(tx, "UPDATE image SET pulled_at = $2, pulled_by = $3 WHERE id = $1",
		    DB_ARGS(DB_I(id), DB_I(p->at_ms), DB_T(p->by)), e) < 0 ||
	    db_exec(tx, "UPDATE image_counts SET pulls = pulls + $2 WHERE image_id = $1",
		    DB_ARGS(DB_I(id), DB_I(p->count)), e) < 0 ||
	    db_exec(tx,
		    "INSERT INTO image_pull(image_id, day, pulls) VALUES($1, $2, $3)"
		    " ON CONFLICT(image_id, day) DO UPDATE SET"
		    " pulls = image_pull.pulls + excluded.pulls",
		    DB_ARGS(DB_I(id), DB_I(p->at_ms / DAY_MS), DB_I(p->count)), e) < 0)
		return -(int)e->code;
	return 1;
}

int ledger_image_pulled(struct db_tx *tx, int64_t repository, struct bytes digest,
			const struct ledger_pulls *pulls, int64_t *ret_scanned, struct err *e)
{
	struct digest_key key;
	struct db_stmt *s = db_query(
	    tx, "SELECT id, scanned_at FROM image WHERE repository_id = $1 AND digest = $2",
	    DB_ARGS(DB_I(repository), DB_B(digest_key_of(digest, &key))), e);
	int64_t id = 0;
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0) {
		id = db_int(s, 0);
		*ret_scanned = db_int(s, 1);
	}
	db_done(s);
	return r <= 0 ? r : count_pulls(tx, id, pulls, e);
}

/* A statement for each of these: image, day, pulls. */
static int each(struct db_tx *tx, const char *text, int64_t (*rows)[3], size_t count, struct err *e)
{
	struct many m = {.tx = tx, .columns = 3, .text = text};
	int r = 0;
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct db_value row[] = {DB_I(rows[i][0]), DB_I(rows[i][1]),
					       DB_I(rows[i][2])};
		r = many_add(&m, row, e);
	}
	return many_end(&m, r, e);
}

int ledger_image_pulls_forget(struct db_tx *tx, int64_t before_ms, struct err *e)
{
	int64_t rows[STEP][3];
	size_t n = 0;
	struct db_stmt *s = db_query(tx,
				     "SELECT image_id, day, pulls FROM image_pull WHERE day < $1"
				     " ORDER BY day, image_id LIMIT $2",
				     DB_ARGS(DB_I(before_ms / DAY_MS), DB_I(STEP)), e);
	int r = s ? 0 : -(int)e->code;
	for (; s && n < STEP && (r = db_step(s, e)) > 0; n++)
		for (int i = 0; i < 3; i++)
			rows[n][i] = db_int(s, i);
	db_done(s);
	if (r < 0 ||
	    each(tx,
		 "UPDATE image_counts SET pulls = CASE WHEN pulls > $3 THEN pulls - $3 ELSE 0 END"
		 " WHERE image_id = $1 AND $2 >= 0",
		 rows, n, e) < 0 ||
	    each(tx, "DELETE FROM image_pull WHERE image_id = $1 AND day = $2 AND pulls = $3", rows,
		 n, e) < 0)
		return -(int)e->code;
	return n == STEP;
}
