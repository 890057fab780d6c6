/* upload_impl (upload_): an upload in memory, for the two files that make it. Private to registry/.
 */
#pragma once
#include "registry/registry_impl.h"

struct upload {
	struct upload *next;
	struct registry *g;
	struct store_upload row;
	char *repository;
	uint64_t owner; /* for the tap */
	enum digest_algo algo;
	bool in_use;
	bool once; /* no row, ends with its request */
	int fd;
	_Atomic uint64_t received; /* written and held; other requests may ask for it */
	uint64_t offset;	   /* bytes in the file, and in the hash */
	uint8_t *block;		   /* WRITE_BLOCK bytes, or NULL; only while in use */
	size_t held;		   /* bytes in block: they come after offset */
	uint64_t nudged;	   /* writeback was started up to here */
	uint64_t reported;	   /* bytes reported to the tap */
	struct digest_run *run;
	void *tap_handle;
	bool tap_begun;
	int64_t used_mono_ms;
};

/* Report to the tap that the upload ended: stored under d, or (NULL) cancelled. */
void upload_tap_end(struct upload *u, const struct digest *d);
void upload_tap_report(struct upload *u, bool all);
/* Out of the list. */
void upload_detach(struct upload *u);
void upload_free(struct upload *u);
/* The hash of what the file holds. */
int upload_rehash(struct upload *u, enum digest_algo algo, struct digest_run **ret, struct err *e);
/* Remove the session's row: 1/0. */
int upload_delete_row(struct upload *u, struct err *e);
