/* session (session_): a worker's side of its one task: what it was asked, and the answers on their
 * way out. */
#pragma once
#include "base/buf.h"
#include "codec/stream.h"
#include "jail/task.h"
#include <stdbool.h>

struct session {
	int sock;
	struct task_start start; /* borrows from request */
	uint64_t available;	 /* bytes the growing file is known to hold in all */
	bool is_final;
	struct ahead *ahead; /* for the task that reads layers; its threads run already. Or NULL */
	uint64_t record_count, note_count;
	enum task_record batch_type;
	struct buf batch; /* a BATCH message being filled; empty = none */
	struct buf out;	  /* any other message */
	uint8_t request[2 * LIMIT_PATH_MAX];
};

void session_init(struct session *s, int sock);
void session_free(struct session *s);
/* Wait for START. 1 = s->start is filled, 0 = the parent went away or cancelled, ERR_FORMAT. */
int session_wait_start(struct session *s, struct err *e);
/* The input from its start, as far as it goes; waits for a file that is still growing. Close it
 * with stream_close. */
struct stream *session_open_input(struct session *s, struct err *e);
/* All of the input, into out. ERR_LIMIT: it is more than out may be; what names it. */
int session_read_input(struct session *s, const char *what, struct buf *out, struct err *e);
/* Send one record; small ones travel together. */
int session_record(struct session *s, enum task_record type, struct bytes body, struct err *e);
/* Report something that could not be read. After NOTE_MAX of them the rest is only counted and
 * reported at the end. */
int session_note(struct session *s, struct bytes where, struct bytes text, struct err *e);
/* The end of the task: DONE, or FAILED with *task_error. */
int session_done(struct session *s, struct err *e);
int session_failed(struct session *s, const struct err *task_error);
/* The cage is complete. */
int session_ready(struct session *s, const struct cage_report *r, struct err *e);
