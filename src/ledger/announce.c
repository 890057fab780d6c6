#include "ledger/announce.h"

#include "base/cursor.h"
#include "store/notification.h"

#define BYTES_MAX ((size_t)8 << 20)
#define EVENTS (1U << STORE_NOTIFY_FINDINGS | 1U << STORE_NOTIFY_STATE)

struct announcing {
	const struct rescore *r;
	struct buf *out;
	int severity_min;
};

/* Of checks c, those that a notification may ask for: severities that nobody knows count as
 * Medium. */
#define FITS "(c.kev = 1 OR c.severity >= $2 OR (c.severity = 0 AND $2 <= 3))"

/* Columns: check, with. */
static int put_pairs(struct db_stmt *s, enum announce_why why, struct buf *out, bool *ret_cut,
		     struct err *e)
{
	struct buf rows;
	uint64_t n = 0;
	int r = s ? 0 : -(int)e->code;
	buf_init(&rows, BYTES_MAX);
	while (s && n < ANNOUNCE_PAIRS_MAX && (r = db_step(s, e)) > 0) {
		buf_put_varint(&rows, (uint64_t)db_int(s, 0));
		buf_put_varint(&rows, (uint64_t)db_int(s, 1) << 2 | why);
		n++;
	}
	*ret_cut = *ret_cut || n == ANNOUNCE_PAIRS_MAX;
	db_done(s);
	buf_put_varint(out, n);
	buf_put(out, buf_bytes(&rows));
	bool ok = buf_ok(&rows);
	buf_free(&rows);
	return r < 0 ? r : ok ? 0 : err_set(e, ERR_NOMEM, "no memory for what is new");
}

/* Column: image. */
static int put_images(struct db_stmt *s, struct buf *out, struct err *e)
{
	struct buf rows;
	uint64_t n = 0;
	int r = s ? 0 : -(int)e->code;
	buf_init(&rows, BYTES_MAX);
	while (s && n < ANNOUNCE_IMAGES_MAX && (r = db_step(s, e)) > 0) {
		buf_put_varint(&rows, (uint64_t)db_int(s, 0));
		n++;
	}
	db_done(s);
	buf_put_varint(out, n);
	buf_put(out, buf_bytes(&rows));
	bool ok = buf_ok(&rows);
	buf_free(&rows);
	return r < 0 ? r : ok ? 0 : err_set(e, ERR_NOMEM, "no memory for what is new");
}

static int put_checks(const struct announcing *x, struct db_tx *tx, bool *cut, struct err *e)
{
	int64_t next = x->r->epoch + 1;
	const struct db_value args[] = {DB_I(next), DB_I(x->severity_min),
					DB_I(ANNOUNCE_PAIRS_MAX)};
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT m.check_id, m.package_id FROM match_version m JOIN check_version c"
	    " ON c.id = m.check_id AND c.since <= $1 AND (c.until = 0 OR c.until > $1)"
	    " WHERE m.since = $1 AND m.since > 0 AND " FITS " AND NOT EXISTS (SELECT 1 FROM"
	    " match_version o WHERE o.package_id = m.package_id AND o.check_id = m.check_id"
	    " AND o.until = $1) ORDER BY c.kev DESC, c.severity DESC, m.check_id LIMIT $3",
	    args, 3, e);
	if (put_pairs(s, ANNOUNCE_MATCH, x->out, cut, e) < 0)
		return -(int)e->code;
#define CHANGED                                                                                    \
	" FROM check_version c JOIN check_version o ON o.id = c.id AND o.until = $1"               \
	" WHERE c.since = $1 AND c.since > 0 AND " FITS
	s = db_query(tx,
		     "SELECT c.id, 0" CHANGED
		     " AND c.kev = 1 AND o.kev = 0 ORDER BY c.severity DESC, c.id LIMIT $3",
		     args, 3, e);
	if (put_pairs(s, ANNOUNCE_KEV, x->out, cut, e) < 0)
		return -(int)e->code;
	s = db_query(tx,
		     "SELECT c.id, o.severity" CHANGED
		     " AND c.severity > o.severity AND NOT (c.kev = 1 AND o.kev = 0)"
		     " ORDER BY c.severity DESC, c.id LIMIT $3",
		     args, 3, e);
	return put_pairs(s, ANNOUNCE_SEVERITY, x->out, cut, e);
}

#define SUM(prefix)                                                                                \
	"(" prefix "critical + " prefix "high + " prefix "medium + " prefix "low + " prefix        \
	"negligible + " prefix "unknown)"

static int announce_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct announcing *x = arg;
	const struct db_value args[] = {DB_I(x->r->epoch + 1), DB_I(ANNOUNCE_IMAGES_MAX)};
	bool cut = false;
	buf_clear(x->out);
	int wants = store_notification_wants(tx, EVENTS, &x->severity_min, e);
	if (wants <= 0)
		return wants;
	if (put_checks(x, tx, &cut, e) < 0)
		return -(int)e->code;
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT image_id FROM image_counts WHERE since = $1 AND rest < 4 AND " SUM(
			 "") " > 0"
			     " AND " SUM("old_") " = 0 ORDER BY image_id LIMIT $2",
		     args, 2, e);
	if (put_images(s, x->out, e) < 0)
		return -(int)e->code;
	s = db_query(tx,
		     "SELECT image_id FROM image_counts WHERE since = $1 AND rest = 1 AND " SUM(
			 "") " = 0"
			     " AND " SUM("old_") " > 0 ORDER BY image_id LIMIT $2",
		     args, 2, e);
	if (put_images(s, x->out, e) < 0)
		return -(int)e->code;
	buf_put_varint(x->out, cut);
	return buf_ok(x->out) ? 0 : err_set(e, ERR_NOMEM, "no memory for what is new");
}

int announce_switch(const struct rescore *r, struct buf *out, struct err *e)
{
	struct announcing x = {.r = r, .out = out};
	int rc = db_run(r->db, DB_READ, announce_tx, &x, e);
	return rc < 0 ? rc : 0;
}

static int damaged(struct err *e)
{
	return err_set(e, ERR_DAMAGED, "the notice of a switch is damaged");
}

static int read_pairs(struct cursor *c, struct arena *a, struct announced *ret, size_t *cap,
		      struct err *e)
{
	uint64_t n = cur_varint(c);
	if (!cur_ok(c) || n > ANNOUNCE_PAIRS_MAX)
		return damaged(e);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t check = cur_varint(c), with = cur_varint(c);
		if (!cur_ok(c) || (with & 3) > ANNOUNCE_SEVERITY)
			return damaged(e);
		ret->pairs = arena_grow(a, ret->pairs, ret->pair_count, cap, sizeof *ret->pairs);
		if (!ret->pairs)
			return err_set(e, ERR_NOMEM, "no memory for what is new");
		ret->pairs[ret->pair_count++] = (struct announce_pair){
		    check, (enum announce_why)(with & 3), (int64_t)(with >> 2)};
	}
	return 0;
}

static int read_images(struct cursor *c, struct arena *a, struct announced *ret, size_t *count,
		       size_t *cap, struct err *e)
{
	uint64_t n = cur_varint(c);
	if (!cur_ok(c) || n > ANNOUNCE_IMAGES_MAX)
		return damaged(e);
	for (uint64_t i = 0; i < n; i++) {
		int64_t id = (int64_t)cur_varint(c);
		size_t at = ret->unhealthy + ret->healthy;
		if (!cur_ok(c))
			return damaged(e);
		ret->images = arena_grow(a, ret->images, at, cap, sizeof *ret->images);
		if (!ret->images)
			return err_set(e, ERR_NOMEM, "no memory for what is new");
		ret->images[at] = id;
		(*count)++;
	}
	return 0;
}

int announce_parse(struct bytes kept, struct arena *a, struct announced *ret, struct err *e)
{
	struct cursor c = cur_of(kept);
	size_t cap = 0, image_cap = 0;
	*ret = (struct announced){0};
	for (int i = 0; i < 3; i++)
		if (read_pairs(&c, a, ret, &cap, e) < 0)
			return -(int)e->code;
	if (read_images(&c, a, ret, &ret->unhealthy, &image_cap, e) < 0 ||
	    read_images(&c, a, ret, &ret->healthy, &image_cap, e) < 0)
		return -(int)e->code;
	ret->cut = cur_varint(&c) != 0;
	return cur_ok(&c) && !cur_left(&c) ? 0 : damaged(e);
}
