/* The first byte chooses: the rest is the serialised form of an advisory or of an exploit fact.
 * What is taken must serialise to the same bytes. */
#include "advisory/advisory.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_advisory(struct bytes in)
{
	struct arena a;
	struct buf out;
	struct adv adv;
	struct err e = ERR_INIT;
	arena_init(&a, 64U << 20);
	buf_init(&out, 64U << 20);
	if (adv_take(in, &a, &adv, &e) == 0) {
		adv_put(&out, &adv);
		if (buf_ok(&out) && !bytes_eq(buf_bytes(&out), in))
			abort();
	}
	buf_free(&out);
	arena_free(&a);
}

static void take_exploit(struct bytes in)
{
	struct buf out;
	struct adv_exploit x;
	struct err e = ERR_INIT;
	buf_init(&out, 64U << 20);
	if (adv_exploit_take(in, &x, &e) == 0) {
		adv_exploit_put(&out, &x);
		if (buf_ok(&out) && !bytes_eq(buf_bytes(&out), in))
			abort();
	}
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct bytes in = {data + 1, size - 1};
	if (data[0] & 1)
		take_advisory(in);
	else
		take_exploit(in);
	return 0;
}
