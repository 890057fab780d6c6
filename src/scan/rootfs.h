/* rootfs: a folder that holds a root file system, as an image of one layer. What package databases
 * need is read; of other files only that they are there. */
#pragma once
#include "scan/input.h"

struct rootfs_options {
	/* Enter other file systems, too, but for those that are made of a kernel's memory (proc,
	 * sysfs, devtmpfs, cgroups …): they hold no files. */
	bool other_file_systems;
	struct bytes
	    skipped; /* folders that are not entered: "work,var/lib/docker"; may be empty */
};
struct rootfs_stats {
	size_t members, unreadable, other_file_systems, skipped;
};
/* Is it one? Something in it names a distribution or is a place of a package database. */
bool rootfs_is(const char *dir);
/* Never leaves dir: no link is followed, and no other file system entered unasked. The layer is an
 * unlinked temporary file that the input owns. ERR_IO, ERR_LIMIT (depth or length of a path),
 * ERR_NOMEM. */
int rootfs_open(struct scan_input *in, const char *dir, const struct rootfs_options *options,
		struct rootfs_stats *ret_stats, struct err *e);
