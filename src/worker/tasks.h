/* tasks: what a worker can do. One file and one row in table.c each. */
#pragma once
#include "worker/session.h"

struct worker_task {
	enum task_kind kind;
	/* Reads TASK_IN_FD, may use out_fd (-1 = there is none), answers by session_record and
	 * session_note. The caller reports the end. */
	int (*run)(struct session *s, int out_fd, struct err *e);
};

extern const struct worker_task worker_task_table[];
extern const size_t worker_task_count;

int task_index_layer(struct session *s, int out_fd, struct err *e);
int task_read_feed(struct session *s, int out_fd, struct err *e);
int task_read_sbom(struct session *s, int out_fd, struct err *e);
int task_read_attached(struct session *s, int out_fd, struct err *e);
int task_list_tar(struct session *s, int out_fd, struct err *e);
int task_pack(struct session *s, int out_fd, struct err *e);
int task_unpack(struct session *s, int out_fd, struct err *e);

/* All of in, appended to out_fd; more than max bytes are ERR_LIMIT. */
int task_put_plain(struct stream *in, uint64_t max, int out_fd, struct err *e);
