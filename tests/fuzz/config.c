/* Every byte of what an image config delivers is read. */
#include "oci/config.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sink;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct oci_config c;
	struct err e = ERR_INIT;
	arena_init(&a, 1 << 20);
	/* What is read as a config is seen to be one. */
	int seen = oci_config_has_rootfs((struct bytes){.ptr = data, .len = size}, &a, &e);
	e = (struct err)ERR_INIT;
	int r = oci_config_parse((struct bytes){.ptr = data, .len = size}, &a, &c, &e);
	if ((r == 0) != (e.code == ERR_OK))
		abort();
	if (r == 0 && seen != 1)
		abort();
	if (r == 0) {
		uint64_t sum = bytes_hash(c.platform.os, 0) + bytes_hash(c.platform.arch, 1) +
			       bytes_hash(c.platform.variant, 2) +
			       bytes_hash(c.platform.os_version, 3) + bytes_hash(c.created, 4) +
			       bytes_hash(c.user, 5);
		for (size_t i = 0; i < c.diff_id_count; i++)
			sum += c.diff_ids[i].hash[c.diff_ids[i].len - 1] +
			       bytes_hash(oci_config_layer_line(&c, i), i);
		for (size_t i = 0; i < c.history_count; i++)
			sum += bytes_hash(c.history[i].created_by, 1) +
			       bytes_hash(c.history[i].comment, 2) +
			       bytes_hash(c.history[i].created, 3);
		sink += sum;
	}
	arena_free(&a);
	return 0;
}
