/* The first line is the Content-Type, the rest the document; every byte of what is delivered is
 * read. */
#include "base/buf.h"
#include "oci/manifest.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t read_descriptor(const struct oci_descriptor *d)
{
	char text[DIGEST_TEXT_CAP];
	struct buf out;
	buf_init(&out, 1 << 22);
	oci_platform_text(&d->platform, &out);
	digest_text(&d->digest, text);
	if (d->digest.algo != DIGEST_NONE && !bytes_eq_lit(d->digest_text, text))
		abort();
	uint64_t sum = bytes_hash(d->media_type, 0) + bytes_hash(d->digest_text, 1) +
		       bytes_hash(d->artifact_type, 2) + bytes_hash(d->annotations, 3) +
		       bytes_hash(d->data, 4) + bytes_hash(buf_bytes(&out), 5) +
		       bytes_hash(d->platform.os_version, 6) + oci_is_layer_type(d->media_type);
	buf_free(&out);
	return sum;
}

static volatile uint64_t sink;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = {.ptr = data, .len = size};
	struct bytes type = bytes_cut(&text, '\n');
	struct arena a;
	struct oci_manifest m;
	struct err e = ERR_INIT;
	arena_init(&a, 1 << 20);
	int r = oci_manifest_parse(text, type, &a, &m, &e);
	if ((r == 0) != (e.code == ERR_OK))
		abort();
	if (r == 0) {
		uint64_t sum = read_descriptor(&m.config) + read_descriptor(&m.subject) +
			       bytes_hash(m.annotations, 1) + bytes_hash(m.artifact_type, 2) +
			       bytes_hash(m.media_type, 3) + oci_has_layer_type(&m);
		for (size_t i = 0; i < m.layer_count; i++)
			sum += read_descriptor(&m.layers[i]);
		sink += sum;
	}
	arena_free(&a);
	return 0;
}
