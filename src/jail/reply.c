#include "jail/reply.h"

/* The order of a task: READY; then RECORD, BATCH and NOTE in any mix; then DONE with the number of
 * records, or FAILED. A record in parts is a run of RECORD messages of one type, all but the last
 * with more = 1; nothing may come between them. What a kind may answer, and how much, is a table.
 */

#define NOTE_COUNT_MAX 100000U /* notes of one task: a worker sums up the rest itself */
#define NOTE_TEXT_MAX 4096U    /* bytes */

static const struct answer {
	enum task_kind kind;
	enum task_record type;
	size_t record_max;  /* bytes of one record */
	uint64_t count_max; /* records; 0 = members_max */
	uint64_t bytes_max; /* bytes of all records */
} answers[] = {
    {TASK_INDEX_LAYER, TASK_INVENTORY, LIMIT_INVENTORY_MAX, 1, LIMIT_INVENTORY_MAX},
    /* An advisory that lists every affected version of a kernel takes megabytes. */
    {TASK_READ_FEED, TASK_ADVISORY, 16U << 20, 16U << 20, UINT64_C(16) << 30},
    {TASK_READ_FEED, TASK_EXPLOIT, 64U << 10, 16U << 20, UINT64_C(16) << 30},
    {TASK_READ_SBOM, TASK_BILL, LIMIT_INVENTORY_MAX, 1, LIMIT_INVENTORY_MAX},
    {TASK_READ_ATTACHED, TASK_STATEMENTS, LIMIT_ATTACHED_SAYS_MAX, 3, LIMIT_ATTACHED_SAYS_MAX},
    {TASK_READ_ATTACHED, TASK_BILL, LIMIT_INVENTORY_MAX, 3, 2 * LIMIT_INVENTORY_MAX},
    {TASK_READ_ATTACHED, TASK_ATTACHED, LIMIT_FRAME_MAX, 3, 2 * LIMIT_INVENTORY_MAX},
    {TASK_LIST_TAR, TASK_MEMBER, 2 * LIMIT_PATH_MAX + 64, 0, UINT64_C(1) << 30},
};

void reply_init(struct reply *r, enum task_kind kind, const struct limits *lim,
		const struct pool_reader *reader)
{
	*r = (struct reply){.kind = kind, .members_max = lim->layer_members_max, .reader = reader};
	buf_init(&r->part, 0);
}

void reply_free(struct reply *r)
{
	buf_free(&r->part);
}

static int protocol_error(struct err *e, const char *what)
{
	return err_set(e, ERR_CHILD, "worker: %s", what);
}

static const struct answer *answer_find(enum task_kind kind, uint8_t type)
{
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		if (answers[i].kind == kind && (uint8_t)answers[i].type == type)
			return &answers[i];
	}
	return NULL;
}

static int take_ready(struct reply *r, struct cursor *c, struct err *e)
{
	if (task_ready_take(c, &r->cage, e) < 0)
		return protocol_error(e, "not a valid READY");
	r->is_ready = true;
	if (!cage_is_whole(&r->cage) && !r->allow_unjailed)
		return err_set(e, ERR_UNSUPPORTED, "worker: the kernel lacks a part of the jail");
	return 0;
}

static int deliver(struct reply *r, const struct answer *a, struct bytes body, struct err *e)
{
	if (body.len == 0 || body.len > a->record_max)
		return protocol_error(e, "empty or oversized record");
	uint64_t count_max = a->count_max ? a->count_max : r->members_max;
	if (r->record_count >= count_max || body.len > a->bytes_max - r->record_bytes)
		return protocol_error(e, "more records than the task can have");
	r->record_count++;
	r->record_bytes += body.len;
	if (!r->reader || !r->reader->record)
		return 0;
	return r->reader->record(r->reader->arg, a->type, body, e);
}

static int take_record(struct reply *r, struct cursor *c, struct err *e)
{
	uint8_t type = cur_u8(c);
	uint8_t more = cur_u8(c);
	const struct answer *a = answer_find(r->kind, type);
	if (!cur_ok(c) || !a || more > 1)
		return protocol_error(e, "not a valid RECORD");
	if (r->in_part && r->part_type != a->type)
		return protocol_error(e, "a record changed its type");
	struct bytes body = cur_take(c, cur_left(c));
	if (body.len == 0)
		return protocol_error(e, "empty part of a record");
	if (!more && !r->in_part)
		return deliver(r, a, body, e);
	if (!r->in_part) {
		buf_clear(&r->part);
		r->part.max = a->record_max;
		r->part_type = a->type;
		r->in_part = true;
	}
	if (body.len > r->part.max - r->part.len)
		return protocol_error(e, "oversized record");
	buf_put(&r->part, body);
	if (!buf_ok(&r->part))
		return err_set(e, ERR_NOMEM, "no memory for a worker's record");
	if (more)
		return 0;
	r->in_part = false;
	return deliver(r, a, buf_bytes(&r->part), e);
}

static int take_batch(struct reply *r, struct cursor *c, struct err *e)
{
	const struct answer *a = answer_find(r->kind, cur_u8(c));
	if (!a || cur_left(c) == 0)
		return protocol_error(e, "not a valid BATCH");
	while (cur_left(c) > 0) {
		struct bytes body = cur_blob(c);
		if (!cur_ok(c))
			return protocol_error(e, "not a valid BATCH");
		int rc = deliver(r, a, body, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int take_note(struct reply *r, struct cursor *c, struct err *e)
{
	struct bytes where = cur_blob(c);
	struct bytes text = cur_blob(c);
	if (!cur_ok(c) || cur_left(c) > 0 || where.len > LIMIT_PATH_MAX || text.len > NOTE_TEXT_MAX)
		return protocol_error(e, "not a valid NOTE");
	if (++r->note_count > NOTE_COUNT_MAX)
		return protocol_error(e, "more notes than a worker may send");
	if (!r->reader || !r->reader->note)
		return 0;
	return r->reader->note(r->reader->arg, where, text, e);
}

static int take_done(const struct reply *r, struct cursor *c, struct err *e)
{
	uint64_t count = cur_le64(c);
	if (!cur_ok(c) || cur_left(c) > 0 || count != r->record_count)
		return protocol_error(e, "DONE does not fit what was sent");
	if (r->kind == TASK_INDEX_LAYER && count != 1)
		return protocol_error(e, "DONE without an inventory");
	return 1;
}

/* Errors that a worker may report; the others are the parent's, about workers and requests. */
static bool is_worker_error(uint8_t code)
{
	static const uint8_t codes[] = {
	    ERR_NOMEM,	     ERR_IO,	    ERR_TRUNCATED, ERR_FORMAT,	  ERR_LIMIT,
	    ERR_UNSUPPORTED, ERR_INTEGRITY, ERR_NOT_FOUND, ERR_CANCELLED, ERR_INTERNAL};
	for (size_t i = 0; i < sizeof codes; i++) {
		if (codes[i] == code)
			return true;
	}
	return false;
}

static int take_failed(struct cursor *c, struct err *e)
{
	uint8_t code = cur_u8(c);
	struct bytes text = cur_blob(c);
	if (!cur_ok(c) || cur_left(c) > 0 || text.len > NOTE_TEXT_MAX || !is_worker_error(code))
		return protocol_error(e, "not a valid FAILED");
	/* A worker's memory is a limit: the same input meets it again. */
	if (code == ERR_NOMEM)
		return err_set(e, ERR_LIMIT, "%.*s: more than a worker may have", BYTES_ARG(text));
	return err_set(e, (enum err_code)code, "%.*s", BYTES_ARG(text));
}

int reply_take(struct reply *r, struct bytes message, struct err *e)
{
	if (message.len > LIMIT_FRAME_MAX)
		return protocol_error(e, "oversized message");
	struct cursor c = cur_of(message);
	uint8_t type = task_head_take(&c);
	if (!cur_ok(&c))
		return protocol_error(e, "not a message");
	if (type == TASK_FAILED)
		return take_failed(&c, e);
	if ((type == TASK_READY) == r->is_ready)
		return protocol_error(e, r->is_ready ? "a second READY" : "an answer before READY");
	if (r->in_part && type != TASK_RECORD)
		return protocol_error(e, "a record was left unfinished");
	switch (type) {
	case TASK_READY:
		return take_ready(r, &c, e);
	case TASK_RECORD:
		return take_record(r, &c, e);
	case TASK_BATCH:
		return take_batch(r, &c, e);
	case TASK_NOTE:
		return take_note(r, &c, e);
	case TASK_DONE:
		return take_done(r, &c, e);
	default:
		return protocol_error(e, "an unknown type of message");
	}
}
