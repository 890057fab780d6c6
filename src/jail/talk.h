/* talk: the parent's half of one task with a worker that was started and sent its START. */
#pragma once
#include "jail/pool.h"
#include "jail/process.h"

struct talk_how {
	const struct limits *limits;
	bool allow_unjailed;
	int cancel_fd; /* readable = stop: ERR_CANCELLED */
	enum task_kind kind;
	struct bytes last; /* the message that ends a growing file; may be empty */
	const struct pool_reader *reader;
	bool is_ready; /* result: the worker said READY, and its cage will do */
};

/* Until DONE, an error or a deadline; the worker is ended and reaped in any case. Errors as
 * pool_run. */
int talk_run(struct talk_how *how, struct proc *w, struct err *e);
