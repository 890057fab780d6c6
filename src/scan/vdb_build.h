/* vdb_build: feeds → a vulnerability database. The feeds' bytes are parsed by workers; what they
 * answer is taken apart with a cursor here. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"
#include "jail/pool.h"

struct vdb_build_input {
	const char *feed; /* "osv" */
	const char *path; /* a file, zip, .gz, .zst, .xz, tar or a folder, read recursively in
			     sorted order */
};

struct vdb_build_stats {
	uint64_t advisories, exploits; /* records that arrived */
	uint64_t notes;		       /* records that could not be read */
	uint64_t documents;	       /* files opened */
};

struct vdb_build_hooks {
	void *arg;
	/* May be NULL. A record that could not be read; bytes are untrusted. */
	void (*note)(void *arg, const char *feed, struct bytes where, struct bytes text);
	/* May be NULL. A file was read. */
	void (*read)(void *arg, const char *feed, const char *path,
		     const struct vdb_build_stats *so_far);
	/* May be NULL. Set to the number of the input that could not be read, else left alone. */
	size_t *failed;
};

/* Read all inputs and replace the file out; a signature beside it goes. Nothing is replaced on
 * error: an input that cannot be read at all is one. The same inputs give the same file, whatever
 * their order. *ret_stats may be NULL. */
int scan_vdb_build(struct pool *pool, const struct vdb_build_input *in, size_t count,
		   const char *out, const struct vdb_build_hooks *hooks,
		   struct vdb_build_stats *ret_stats, struct err *e);
