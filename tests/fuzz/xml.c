/* Two readers of one text must agree: skipping all of it, and reading every attribute and text. */
#include "base/xml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned read_bytes; /* keeps the compiler from leaving reads out */

static void touch(struct bytes b, unsigned *sum)
{
	for (size_t i = 0; i < b.len; i++)
		*sum += b.ptr[i];
}

/* Odd elements are read as text, even ones by their children. */
static void read(struct xml *x, unsigned *sum)
{
	for (unsigned i = 0; xml_child(x); i++) {
		touch(xml_attribute(x, "id"), sum);
		*sum += xml_is(x, "a");
		if (i % 2)
			touch(xml_content(x), sum);
		else
			read(x, sum);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct xml x;
	struct arena a;
	unsigned sum = 0;
	arena_init(&a, 64U << 20);
	xml_init(&x, (struct bytes){data, size}, &a);
	if (xml_root(&x))
		xml_skip(&x);
	int skipped = xml_finish(&x, &e);
	xml_init(&x, (struct bytes){data, size}, &a);
	if (xml_root(&x)) {
		touch(xml_attribute(&x, "id"), &sum);
		read(&x, &sum);
	}
	int whole = xml_finish(&x, &e);
	/* skipping does not look at references */
	if ((skipped < 0 && whole == 0) || (whole < 0 && e.msg[0] == '\0'))
		abort();
	read_bytes = sum;
	arena_free(&a);
	return 0;
}
