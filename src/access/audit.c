#include "access/audit.h"

#include "access/access.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/utf8.h"

#include <stdio.h>

#define A(member, kind, key) RECORD_FIELD(struct access_audit, member, kind, key, "")
static const struct record_field columns[] = {
    A(id, RECORD_INT, "id"),	      A(at, RECORD_TIME, "at"),
    A(actor, RECORD_TEXT, "actor"),   A(peer, RECORD_TEXT, "peer"),
    A(action, RECORD_TEXT, "action"), A(subject, RECORD_TEXT, "subject"),
    A(before, RECORD_TEXT, "before"), A(after, RECORD_TEXT, "after"),
    A(chain, RECORD_TEXT, "chain"),
};
const struct record_object audit_columns = {RECORD_TABLE(columns)};

#define ROW_MAX (1U << 20) /* bytes of a row's texts together */

static void put(struct buf *b, struct bytes field)
{
	buf_printf(b, "%zu:", field.len);
	buf_put(b, field);
	buf_put_text(b, ",");
}

int audit_chain(struct bytes previous, const struct access_audit *row, char out[AUDIT_CHAIN_CAP],
		struct err *e)
{
	uint8_t hash[SECRET_HASH_LEN];
	struct buf b;
	char at[24];
	(void)snprintf(at, sizeof at, "%lld", (long long)row->at);
	buf_init(&b, ROW_MAX);
	const struct bytes fields[] = {previous,    bytes_of(at), row->actor,  row->peer,
				       row->action, row->subject, row->before, row->after};
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		put(&b, fields[i]);
	int r = buf_ok(&b) ? secret_sha256(buf_bytes(&b), hash, e)
			   : err_set(e, ERR_NOMEM, "no memory for an audit row");
	buf_free(&b);
	if (r == 0)
		num_hex_encode((struct bytes){.ptr = hash, .len = sizeof hash}, out);
	return r;
}

/* The text as it is kept, in a where it is another. */
static int settle(struct bytes *text, struct arena *a, struct err *e)
{
	struct buf b;
	bool kept = true;
	if (utf8_is_text(*text))
		return 0;
	buf_init(&b, ROW_MAX);
	utf8_put_text(&b, *text);
	*text = arena_bytes(a, buf_bytes(&b), &kept);
	kept = kept && buf_ok(&b);
	buf_free(&b);
	return kept ? 0 : err_set(e, ERR_NOMEM, "no memory for an audit row");
}

static int settle_all(struct access_audit *row, struct arena *a, struct err *e)
{
	struct bytes *texts[] = {&row->actor,	&row->peer,   &row->action,
				 &row->subject, &row->before, &row->after};
	int r = 0;
	for (size_t i = 0; r == 0 && i < sizeof texts / sizeof *texts; i++)
		r = settle(texts[i], a, e);
	return r;
}

int audit_add(struct db_tx *tx, enum access_log log, const struct access_audit *row, struct err *e)
{
	struct arena a;
	struct access_audit last, kept = *row;
	char chain[AUDIT_CHAIN_CAP];
	arena_init(&a, 4 * ROW_MAX);
	int64_t r = settle_all(&kept, &a, e);
	if (r == 0)
		r = access_db_audit_next(tx, log, INT64_MAX, &a, &last, e);
	if (r >= 0)
		r = audit_chain(r > 0 ? last.chain : BYTES_NONE, &kept, chain, e);
	if (r >= 0) {
		kept.chain = bytes_of(chain);
		r = access_db_audit_add(tx, log, &kept, e);
	}
	arena_free(&a);
	return r < 0 ? (int)r : 0;
}

int access_audit(struct db_tx *tx, const struct access_actor *by, enum audit_action action,
		 struct bytes subject, struct bytes before, struct bytes after, struct err *e)
{
	struct access_audit row = {.at = clock_wall_ms(),
				   .actor = by->name,
				   .peer = by->peer,
				   .action = bytes_of(audit_actions[action].code),
				   .subject = subject,
				   .before = before,
				   .after = after};
	return audit_add(tx, ACCESS_LOG_CHANGES, &row, e);
}

int access_traffic(struct db_tx *tx, const struct access_actor *by, enum audit_action action,
		   struct bytes subject, struct bytes detail, uint64_t max, struct err *e)
{
	struct access_audit row = {.at = clock_wall_ms(),
				   .actor = by ? by->name : BYTES_NONE,
				   .peer = by ? by->peer : BYTES_NONE,
				   .action = bytes_of(audit_actions[action].code),
				   .subject = subject,
				   .after = detail};
	int r = audit_add(tx, ACCESS_LOG_TRAFFIC, &row, e);
	return r < 0 ? r : access_db_audit_trim(tx, ACCESS_LOG_TRAFFIC, max, e);
}

/* The newer row's chain follows from this one's. Rows of before the chain have none, and nothing
 * newer than one that has may lack it. */
static int check(struct audit_check *c, struct bytes previous, struct err *e)
{
	char want[AUDIT_CHAIN_CAP];
	if (c->newer.chain.len == 0 && previous.len == 0)
		return 0;
	int r = audit_chain(previous, &c->newer, want, e);
	if (r == 0 && !bytes_eq_lit(c->newer.chain, want) && c->broken == 0)
		c->broken = c->newer.id;
	return r;
}

int audit_check_next(struct audit_check *c, const struct access_audit *row, struct err *e)
{
	int r = c->any ? check(c, row->chain, e) : 0;
	/* Numbers are given without gaps. */
	if (c->any && c->newer.id != row->id + 1 && c->broken == 0)
		c->broken = c->newer.id;
	c->newer = *row;
	c->any = true;
	c->count++;
	return r;
}

int audit_check_end(struct audit_check *c, struct err *e)
{
	c->whole = c->any && c->newer.id == 1;
	return c->whole ? check(c, BYTES_NONE, e) : 0;
}
