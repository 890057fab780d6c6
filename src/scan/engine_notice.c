/* What scans have to say to notifications (store/notice.h), in the transaction of what they found.
 * Without a notification that asks for it that is one question. */
#include "scan/engine_impl.h"

#include "base/clock.h"
#include "store/checks.h"
#include "store/digest_key.h"
#include "store/notice.h"
#include "store/notification.h"

#define ARENA_MAX (16U << 20)
#define CHECKS_MAX ((size_t)4 << 20) /* bytes of a list: hundreds of thousands of checks */
#define EVENTS (1U << STORE_NOTIFY_FINDINGS | 1U << STORE_NOTIFY_STATE)

static int checks_of(struct db_tx *tx, int64_t image, struct check_union *out, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT ps.checks FROM image_set s JOIN package_set ps"
				     " ON ps.id = s.set_id WHERE s.image_id = $1",
				     DB_ARGS(DB_I(image)), e);
	int r = s ? 0 : -(int)e->code;
	check_union_clear(out);
	while (s && (r = db_step(s, e)) > 0) {
		r = check_union_add(out, db_bytes(s, 0), e);
		if (r < 0)
			break;
	}
	db_done(s);
	check_union_settle(out);
	return r < 0 ? r : 0;
}

int engine_notice_before(struct db_tx *tx, const struct store_scan *scan, struct engine_notice *n,
			 struct err *e)
{
	struct arena a;
	struct ledger_image image;
	int wants = store_notification_wants(tx, EVENTS, NULL, e);
	n->wanted = wants > 0;
	if (wants <= 0)
		return wants;
	arena_init(&a, ARENA_MAX);
	int r = ledger_image_get(tx, scan->repository_id, scan->digest, &a, &image, e);
	n->state = r > 0 ? image.state : IMAGE_PENDING;
	if (r > 0)
		r = checks_of(tx, image.id, &n->checks, e);
	arena_free(&a);
	return r < 0 ? r : 0;
}

/* Those of now that were not there before, in the kept form. */
static int put_new(struct check_union *before, struct check_union *now, struct buf *out,
		   struct err *e)
{
	struct check_union fresh = {0};
	size_t at = 0;
	int r = 0;
	for (size_t i = 0; r == 0 && i < now->count; i++) {
		while (at < before->count && before->items[at].id < now->items[i].id)
			at++;
		if (at == before->count || before->items[at].id != now->items[i].id)
			r = check_union_add_one(&fresh, now->items[i], e);
	}
	if (r == 0 && fresh.count)
		r = check_union_put(&fresh, out, e);
	check_union_free(&fresh);
	return r < 0 ? r : 0;
}

int engine_notice_after(struct db_tx *tx, const struct store_scan *scan,
			const struct ledger_image *image, struct engine_notice *n, struct err *e)
{
	struct check_union now = {0};
	struct buf fresh;
	const char *became = "";
	if (!n->wanted)
		return 0;
	buf_init(&fresh, CHECKS_MAX);
	int r = checks_of(tx, image->id, &now, e);
	if (r == 0)
		r = put_new(&n->checks, &now, &fresh, e);
	bool worse = image->state == IMAGE_UNHEALTHY && n->state != IMAGE_UNHEALTHY,
	     better = image->state == IMAGE_HEALTHY && n->state == IMAGE_UNHEALTHY;
	if (worse || better)
		became = worse ? "Unhealthy" : "Healthy";
	if (r == 0 && (fresh.len || *became))
		r = store_notice_add(tx,
				     &(struct store_notice){.kind = STORE_NOTICE_SCAN,
							    .scope_id = scan->repository_id,
							    .subject = scan->digest,
							    .detail = bytes_of(became),
							    .checks = buf_bytes(&fresh),
							    .at = clock_wall_ms()},
				     e);
	buf_free(&fresh);
	check_union_free(&now);
	return r;
}

/* 1 = the scan before this one failed for the same reason, and that was announced: each start of a
 * server tries such images again. What was tried again by itself is announced at its end. */
static int is_known(struct db_tx *tx, const struct store_scan *scan, struct bytes reason,
		    struct err *e)
{
	struct digest_key key;
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT status, reason FROM scan WHERE repository_id = $1 AND digest = $2"
		     " AND id < $3 AND status >= 2 ORDER BY id DESC LIMIT 1",
		     DB_ARGS(DB_I(scan->repository_id), DB_B(digest_key_of(scan->digest, &key)),
			     DB_I(scan->id)),
		     e);
	int r = s ? db_step(s, e) : -(int)e->code;
	bool known = r > 0 && scan->retries == 0 && db_int(s, 0) == STORE_SCAN_FAILED &&
		     bytes_eq(db_bytes(s, 1), reason);
	db_done(s);
	return r < 0 ? r : known;
}

int engine_notice_failed(struct db_tx *tx, const struct store_scan *scan, struct bytes reason,
			 struct err *e)
{
	int wants = store_notification_wants(tx, 1U << STORE_NOTIFY_SCAN_FAILED, NULL, e);
	if (wants <= 0)
		return wants;
	int known = is_known(tx, scan, reason, e);
	if (known != 0)
		return known < 0 ? known : 0;
	return store_notice_add(tx,
				&(struct store_notice){.kind = STORE_NOTICE_SCAN_FAILED,
						       .scope_id = scan->repository_id,
						       .subject = scan->digest,
						       .detail = reason,
						       .at = clock_wall_ms()},
				e);
}
