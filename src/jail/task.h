/* task: what the daemon asks of a worker and what it may answer. docs/decisions holds why one process serves one task.
 * Socket: SOCK_SEQPACKET; every message is u8 type, u8 version (TASK_VERSION), u16 zero, then its body; at most LIMIT_FRAME_MAX bytes. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include <stdint.h>

#define TASK_VERSION 1

enum task_kind {
	TASK_INDEX_LAYER, /* fd 0: the layer's file (maybe still growing), fd 1: scratch file; answers one inventory */
	TASK_READ_FEED,   /* fd 0: a feed document or archive; answers advisories and exploits */
	TASK_LIST_TAR,    /* fd 0: a docker-archive or OCI-layout tar (maybe compressed), fd 1: where to put it plain if compressed; answers members */
	TASK_KIND_COUNT
};

/* Messages to the worker. */
enum task_request { TASK_START = 1, TASK_AVAILABLE = 2, TASK_CANCEL = 3 };
/* TASK_START body: u8 kind, struct limits fields as u64 each in their order, u64 off, u64 len (UINT64_MAX = growing, TASK_AVAILABLE follows),
 * blob name (feed name or path), blob path. TASK_AVAILABLE body: u64 bytes in the file now, u8 final. */

/* Messages from the worker, in this order per task: any number of RECORD, NOTE; then one of DONE, FAILED. */
enum task_reply { TASK_READY = 16, TASK_RECORD = 17, TASK_NOTE = 18, TASK_DONE = 19, TASK_FAILED = 20 };
/* TASK_RECORD body: u8 record type, u8 more (1 = the record goes on in the next message), bytes. */
enum task_record { TASK_INVENTORY = 1, TASK_ADVISORY = 2, TASK_EXPLOIT = 3, TASK_MEMBER = 4 };
/* TASK_MEMBER body: blob path, u8 tar_type, blob link, u64 offset, u64 size.  TASK_NOTE body: blob where, blob text.
 * TASK_DONE body: u64 records sent.  TASK_FAILED body: u8 err_code, blob text. */
