/* toc: does a layer's blob carry a table of contents? Engines that know the form (zstd:chunked:
 * podman; eStargz: containerd's snapshotter) fetch the files that the table names instead of
 * unpacking the tar. Both say so in the blob's last bytes. Inside the worker only. */
#pragma once
#include "base/bytes.h"

#define TOC_TAIL_LEN 64U /* eStargz's footer has 51 bytes, zstd:chunked's magic is the last 8 */

struct toc_tail {
	uint8_t ptr[TOC_TAIL_LEN];
	size_t len;
};

/* A stream_see_fn; arg is the struct toc_tail, all zero at first. */
void toc_see(void *arg, struct bytes b);
/* At the end of the blob: the form of its table, or NULL. */
const char *toc_find(const struct toc_tail *t);
