/* Envelopes and statements, down to what VEX says: read, put as a worker does, taken as the server
 * does. The first byte says whether the rest is a document or what a worker sent. */
#include "attest/attest.h"
#include "attest/head.h"
#include "base/buf.h"
#include "exception/exception.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(struct bytes text)
{
	struct err e = ERR_INIT;
	struct exceptions x;
	struct attest_head head;
	exceptions_init(&x);
	x.arena.budget = 64U << 20;
	(void)exceptions_take(&x, text, BYTES_LIT("f"), &e);
	(void)attest_head_take(text, &x.arena, &head, &e);
	exceptions_free(&x);
}

static void read_document(struct bytes text)
{
	struct err e = ERR_INIT;
	struct arena a;
	struct exceptions x;
	struct attest_envelope envelope;
	struct attest_statement statement;
	struct buf out;
	arena_init(&a, 64U << 20);
	buf_init(&out, 1U << 20);
	exceptions_init(&x);
	x.arena.budget = 64U << 20;
	x.is_attached = true;
	if (attest_envelope_read(text, &a, &envelope, &e) > 0) {
		attest_put_signed(&out, &envelope);
		text = envelope.payload;
	}
	if (attest_statement_read(text, &a, &statement, &e) > 0)
		text = statement.predicate;
	buf_clear(&out);
	if (exceptions_add_vex(&x, text, BYTES_LIT("f"), &e) == 0) {
		exceptions_put(&out, &x);
		take(buf_bytes(&out));
	}
	exceptions_free(&x);
	buf_free(&out);
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = {.ptr = data, .len = size};
	if (size == 0)
		return 0;
	if (data[0] == 'w')
		take(bytes_from(text, 1));
	else
		read_document(bytes_from(text, 1));
	return 0;
}
