/* What pushing and pulling share. Private to scan/travel*.c. */
#pragma once
#include "connect/client.h"
#include "scan/travel.h"

/* The reference of place, open for requests. */
int travel_open(const struct travel_place *place, struct arena *a, struct client *c,
		struct ref *ref, struct err *e);
/* "delta-BASE-FILE": the tag of a delta. */
#define TRAVEL_TAG_CAP 64
void travel_delta_tag(const char *base_generation, const char *file_sha256,
		      char out[TRAVEL_TAG_CAP]);
/* SHA-256 of a whole file. */
int travel_digest(int fd, struct digest *ret, struct err *e);
/* The file compressed, by a worker: a descriptor. */
int travel_pack(struct pool *pool, int fd, uint64_t *ret_len, struct err *e);
/* from made plain, by a worker, into the file to, which is synced: at most max bytes, else
 * ERR_LIMIT. pool may be NULL: ERR_UNSUPPORTED. */
int travel_unpack(struct pool *pool, const char *from, uint64_t max, const char *to, struct err *e);
