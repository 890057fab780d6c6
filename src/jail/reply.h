/* reply: parses a worker's messages one by one, as if an attacker wrote them. Knows no sockets. */
#pragma once
#include "jail/pool.h"

struct reply {
	enum task_kind kind;
	uint64_t members_max;
	bool allow_unjailed;
	const struct pool_reader
	    *reader; /* members may be NULL: such answers are checked and dropped */
	bool is_ready, in_part;
	enum task_record part_type;
	struct buf part; /* of an unfinished record */
	struct cage_report cage;
	uint64_t record_count, record_bytes, note_count;
};

void reply_init(struct reply *r, enum task_kind kind, const struct limits *lim,
		const struct pool_reader *reader);
void reply_free(struct reply *r);
/* One whole message. 0 = more is expected, 1 = the task is done, <0: the worker's own error, the
 * reader's, ERR_UNSUPPORTED (not jailed) or ERR_CHILD (protocol error: wrong order, type, length
 * or total). After a result other than 0 no further message may be passed. */
int reply_take(struct reply *r, struct bytes message, struct err *e);
