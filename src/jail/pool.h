/* pool: worker processes for tasks. One process serves one task: any damage by a hostile layer
 * ends with the process. */
#pragma once
#include "jail/task.h"
#include <stdbool.h>

struct pool;
struct pool_options {
	const char *worker_path; /* plimsoll-worker; NULL = next to the running program */
	unsigned slots;		 /* tasks at once; 0 = processors online plus one */
	struct limits limits;
	bool allow_unjailed; /* run even if a kernel feature is missing; default refuses */
	bool skip_probe; /* no probe: the first task's worker reports its cage, and may be refused
			    then; pool_jail_report is empty */
};
/* Probes the kernel by running one empty worker (unless skip_probe): ERR_UNSUPPORTED names what is
 * missing (unless allowed). */
struct pool *pool_open(const struct pool_options *o, struct err *e);
/* Cancels running and future tasks (ERR_CANCELLED); returns immediately. */
void pool_stop(struct pool *p);
/* pool_stop, and waits, also until the owners of live tasks have
 * finished or abandoned them. NULL accepted. */
void pool_close(struct pool *p);
/* "seccomp=yes landlock=7 …" for /readyz and start-up; borrowed. */
const char *pool_jail_report(const struct pool *p);
bool pool_is_jailed(const struct pool *p);
/* True: the last worker started did not become ready (no program, it exits, it hangs, it has no
 * cage); the reason goes into out. */
bool pool_trouble(const struct pool *p, char *out, size_t cap);
/* Slots in use / in all, for metrics. */
void pool_load(const struct pool *p, unsigned *ret_busy, unsigned *ret_slots);

/* Answers to a task. Called from the thread that runs pool_run / pool_finish. Bytes are hostile:
 * parse with a cursor. */
struct pool_reader {
	void *arg;
	int (*record)(void *arg, enum task_record type, struct bytes body, struct err *e);
	int (*note)(void *arg, struct bytes where, struct bytes text, struct err *e);
};

struct pool_task {
	enum task_kind kind;
	int fd;	    /* input; the caller keeps it */
	int out_fd; /* read and write: scratch or output file, or -1: the pool makes an unlinked
		       temporary file when the kind needs one */
	uint64_t off,
	    len; /* len UINT64_MAX: to the file's end as it is now; pool_begin ignores len */
	struct bytes name, path;
	uint64_t owner; /* an owner's tasks leave one slot to others, if there is more than one
			   slot; 0 = no owner */
};
/* Run to completion in the calling thread; waits for a free slot. 0, the worker's own error
 * (FORMAT, LIMIT …), or ERR_CHILD (died, hung, broke the protocol), ERR_TIMEOUT, ERR_CANCELLED.
 * Thread-safe. */
int pool_run(struct pool *p, const struct pool_task *t, const struct pool_reader *r, struct err *e);

/* A task on a file that is still growing (the tap of an upload). Never blocks: NULL when no slot
 * is free (index it later). */
struct pool_live;
struct pool_live *pool_begin(struct pool *p, const struct pool_task *t, struct err *e);
/* The file now holds `available` bytes. Non-blocking; calls may be coalesced. */
void pool_advance(struct pool_live *l, uint64_t available);
/* No more bytes will come; wait for the answers and free l. Errors as pool_run. */
int pool_finish(struct pool_live *l, uint64_t total, const struct pool_reader *r, struct err *e);
/* Kill the worker and free l; NULL accepted. */
void pool_abandon(struct pool_live *l);
