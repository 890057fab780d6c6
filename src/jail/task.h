/* task: requests of the daemon to a worker and the worker's replies. docs/decisions explains why
 * one process serves one task. Socket: SOCK_SEQPACKET; every message is u8 type, u8 version
 * (TASK_VERSION), u16 zero, then its body; at most LIMIT_FRAME_MAX bytes. */
#pragma once
#include "base/buf.h"
#include "base/cursor.h"
#include "base/err.h"
#include "base/limits.h"
#include "jail/cage_report.h"
#include <stdbool.h>
#include <stdint.h>

#define TASK_VERSION 1
/* Where a worker finds its socket, its input and its scratch or output file. */
#define TASK_SOCKET_FD 3
#define TASK_IN_FD 4
#define TASK_OUT_FD 5	      /* may be closed: then the task keeps everything in memory */
#define TASK_HEAD_LEN 4	      /* bytes of a message in front of its body */
#define TASK_FRAME_FILL 65536 /* bytes a worker fills a message up to: larger ones gain nothing */
#define TASK_NAME_MAX 256     /* bytes of a START's name */

enum task_kind {
	TASK_INDEX_LAYER, /* fd 0: the layer's file (maybe still growing), fd 1: scratch file;
			     answers one inventory */
	TASK_READ_FEED,	  /* fd 0: a feed document or archive; answers advisories and exploits */
	TASK_LIST_TAR,	/* fd 0: a docker-archive or OCI-layout tar (maybe compressed), fd 1: where
			   to put it plain if compressed; answers members */
	TASK_READ_SBOM, /* fd 0: a bill of materials; answers what it says (inventory/bill.h) */
	TASK_PACK,	/* fd 0: a file, fd 1: where to put it compressed; answers nothing */
	TASK_UNPACK, /* fd 0: a compressed file, fd 1: where to put it plain; name: how many bytes
			it may have, in decimal; answers nothing */
	TASK_READ_ATTACHED, /* fd 0: a document attached to an image; answers statements
			       (exception/), a bill, and at the end what it is (attest/head.h) */
	TASK_KIND_COUNT
};

/* Messages to the worker. */
enum task_request { TASK_START = 1, TASK_AVAILABLE = 2, TASK_CANCEL = 3 };
/* TASK_START body: u8 kind, struct limits fields as u64 each in their order, u64 off, u64 len
 * (UINT64_MAX = growing, TASK_AVAILABLE follows), blob name (feed name or path), blob path.
 * TASK_AVAILABLE body: u64 bytes in the file now, u8 final. */

/* Messages from the worker, in this order per task: any number of RECORD, NOTE; then one of DONE,
 * FAILED. */
enum task_reply {
	TASK_READY = 16,
	TASK_RECORD = 17,
	TASK_NOTE = 18,
	TASK_DONE = 19,
	TASK_FAILED = 20,
	TASK_BATCH = 21,
};
/* TASK_READY comes first, before the worker has read anything; body: u8 no_new_privs, u8 rlimits,
 * u8 landlock, u8 seccomp, u32 landlock ABI. TASK_BATCH body: u8 record type, then small whole
 * records of that type, a blob each, at least one. TASK_RECORD body: u8 record type, u8 more (1 =
 * the record goes on in the next message), bytes. */
enum task_record {
	TASK_INVENTORY = 1,
	TASK_ADVISORY = 2,
	TASK_EXPLOIT = 3,
	TASK_MEMBER = 4,
	TASK_BILL = 5,
	TASK_STATEMENTS = 6,
	TASK_ATTACHED = 7
};
/* TASK_MEMBER body: blob path, u8 tar_type, blob link, u64 offset, u64 size.  TASK_NOTE body: blob
 * where, blob text. TASK_DONE body: u64 records sent.  TASK_FAILED body: u8 err_code, blob text. */

struct task_start {
	enum task_kind kind;
	struct limits limits;
	uint64_t off, len;
	struct bytes name, path; /* borrowed */
};

/* Append a message's head; its body follows. */
void task_head_put(struct buf *out, uint8_t type);
/* Take the head: the type, or 0 with the cursor failed when it is not a valid message. */
uint8_t task_head_take(struct cursor *c);
void task_start_put(struct buf *out, const struct task_start *s);
void task_available_put(struct buf *out, uint64_t available, bool final);
/* Bodies, after task_head_take. ERR_FORMAT for anything that the peer would not write; runs
 * borrow from the message. */
int task_start_take(struct cursor *c, struct task_start *ret, struct err *e);
int task_available_take(struct cursor *c, uint64_t *ret_available, bool *ret_final, struct err *e);
void task_ready_put(struct buf *out, const struct cage_report *r);
int task_ready_take(struct cursor *c, struct cage_report *ret, struct err *e);
