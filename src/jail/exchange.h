/* exchange: the parent's side of one task with a worker that was started and sent its START. */
#pragma once
#include "jail/pool.h"
#include "jail/process.h"

struct exchange_options {
	const struct limits *limits;
	bool allow_unjailed;
	int cancel_fd; /* readable = stop: ERR_CANCELLED */
	enum task_kind kind;
	struct bytes last; /* the message that ends a growing file; may be empty */
	const struct pool_reader *reader;
	bool is_ready; /* result: the worker sent READY, and its cage is sufficient */
};

/* Runs until DONE, an error or a deadline; the worker is killed and reaped in any case. Errors as
 * pool_run. */
int exchange_run(struct exchange_options *how, struct proc *w, struct err *e);
