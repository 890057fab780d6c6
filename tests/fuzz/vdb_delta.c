/* A delta of any bytes, applied to a small database; its checksum and that of the database within
 * are made right first, or nothing else would ever be reached. */
#include "oci/digest.h"
#include "vdb/delta_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct buf base;
static struct vdb *old;

static void make_base(void)
{
	struct err e = ERR_INIT;
	struct adv_range_event from = {.kind = ADV_INTRODUCED, .version = BYTES_LIT("0")};
	struct vdb_writer *w = vdb_writer_open(&e);
	for (unsigned i = 0; w && i < 4; i++) {
		char id[16], name[16];
		(void)snprintf(id, sizeof id, "CVE-%u", i);
		(void)snprintf(name, sizeof name, "p%u", i / 2);
		struct adv_affected x = {.ecosystem = BYTES_LIT("Debian:12"),
					 .name = bytes_of(name),
					 .events = &from,
					 .event_count = 1};
		const struct adv a = {.feed = BYTES_LIT("osv"),
				      .id = bytes_of(id),
				      .affected = &x,
				      .affected_count = 1};
		const struct adv_exploit f = {
		    .cve = bytes_of(id), .epss = i / 10.0, .epss_percentile = i / 8.0};
		if (vdb_writer_add(w, &a, &e) < 0 || vdb_writer_add_exploit(w, &f, &e) < 0)
			abort();
	}
	buf_init(&base, 1U << 20);
	if (!w || vdb_layout(w, &base, &e) < 0 || !(old = vdb_open_bytes(buf_bytes(&base), &e)))
		abort();
	vdb_writer_close(w);
}

static void seal(uint8_t *p, size_t n)
{
	struct digest d;
	digest_of(DIGEST_SHA256, (struct bytes){.ptr = p, .len = n}, &d);
	memcpy(p + n, d.hash, VDB_HASH_LEN);
}

static void apply(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct buf out;
	buf_init(&out, 1U << 24);
	(void)vdb_delta_apply(old, (struct bytes){.ptr = data, .len = size}, &out, &e);
	buf_free(&out);
}

/* The input is what follows the header and two lengths of the parts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!old)
		make_base();
	apply(data, size);
	if (size < 4 || size > 1U << 16)
		return 0;
	size_t rest = size - 4, total = DELTA_HEADER_LEN + rest + VDB_HASH_LEN;
	uint8_t *p = calloc(total, 1);
	if (!p)
		return 0;
	memcpy(p, DELTA_MAGIC, 8);
	p[8] = DELTA_VERSION;
	memcpy(p + 16, old->digest, VDB_HASH_LEN);
	memcpy(p + 120, data, 2);
	memcpy(p + 128, data + 2, 2);
	memcpy(p + DELTA_HEADER_LEN, data + 4, rest);
	size_t at =
	    DELTA_HEADER_LEN + (data[0] | (size_t)data[1] << 8) + (data[2] | (size_t)data[3] << 8);
	if (at + VDB_HEADER_LEN <= total - VDB_HASH_LEN)
		seal(p + at, VDB_HEADER_LEN - VDB_HASH_LEN);
	seal(p, total - VDB_HASH_LEN);
	apply(p, total);
	free(p);
	return 0;
}
