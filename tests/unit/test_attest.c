/* Envelopes and statements. The signed text and its encoding are the example of DSSE's
 * protocol.md; keys and signatures over it were made by the openssl program. */
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/attest.h"
#include "attest/head.h"
#include "attest/verify.h"
#include "base/buf.h"
#include "exception/exception.h"

#define TYPE "http://example.com/HelloWorld"
#define BODY "aGVsbG8gd29ybGQ="
#define SIGNED "DSSEv1 29 http://example.com/HelloWorld 11 hello world"
#define ED_KEY                                                                                     \
	"-----BEGIN PUBLIC KEY-----\n"                                                             \
	"MCowBQYDK2VwAyEAXzcFKTXnF5TuvpzsFwswfQXGlbkIM2vswDfEq8RIXvA=\n"                           \
	"-----END PUBLIC KEY-----\n"
#define EC_KEY                                                                                     \
	"-----BEGIN PUBLIC KEY-----\n"                                                             \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE64ClIHdNBbbLKipns9qrhTTSz1Zk\n"                       \
	"IgYvUrMVZQOw+glyTvke6+JZpmU6zJo1vdu/BlyX9bLoDSXZOQ7e+lmE6g==\n"                           \
	"-----END PUBLIC KEY-----\n"
#define P384_KEY                                                                                   \
	"-----BEGIN PUBLIC KEY-----\n"                                                             \
	"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEkTdgl5LfTxDX/sohzB9/iVF6ZaaFQmYx\n"                       \
	"7oLHHwvHyUGtWJv0Bo4zWt4dp1PvPegrksl0CXaaRRBPj8tyN7R7UsPLCOTMeixA\n"                       \
	"K6QLmeX5e4BRKCD+kOmGkjW1buvs0urL\n"                                                       \
	"-----END PUBLIC KEY-----\n"
#define ED_SIGNATURE                                                                               \
	"pE7KJaCUJgq7CZ/lkwQ0q260lUYjJZjvkfT+ZN/XNOML1lfnrBiBAFNsTzGXHcd19fGmDZlQ/YuDzZifnD0OCw=="
#define EC_SIGNATURE                                                                               \
	"MEUCIQCPR6SIpNL35qdWIDnqCdvSY0qt+QBxhDl77RtdnOX3zgIgSIjIy1icE5WvkZ+"                      \
	"JfOs6zjn+JAec0TsDPgpy+X2+si4="
#define ENVELOPE(body, sig)                                                                        \
	"{\"payloadType\":\"" TYPE "\",\"payload\":\"" body                                        \
	"\",\"signatures\":[{\"keyid\":\"k\",\"sig\":\"" sig "\"}]}"

static const struct {
	const char *text, *keys;
	int envelope; /* 1, 0, or an error */
	bool good;
} envelopes[] = {
    {ENVELOPE(BODY, ED_SIGNATURE), ED_KEY, 1, true},
    {ENVELOPE(BODY, EC_SIGNATURE), EC_KEY, 1, true},
    {ENVELOPE(BODY, EC_SIGNATURE), ED_KEY EC_KEY, 1, true},
    {"{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",\"dsseEnvelope\":" ENVELOPE(
	 BODY, EC_SIGNATURE) "}",
     EC_KEY, 1, true},
    /* Without padding: URL-safe base64. */
    {ENVELOPE("aGVsbG8gd29ybGQ", ED_SIGNATURE), ED_KEY, 1, true},
    {ENVELOPE(BODY, ED_SIGNATURE), EC_KEY, 1, false},
    {ENVELOPE("aGVsbG8gd29ybGR", ED_SIGNATURE), ED_KEY, -ERR_FORMAT, false},
    {ENVELOPE("aGVsbG8gV29ybGQ=", ED_SIGNATURE), ED_KEY, 1, false},
    {ENVELOPE(BODY, ""), ED_KEY, 1, false},
    {ENVELOPE("*", ""), ED_KEY, -ERR_FORMAT, false},
    {ENVELOPE(BODY, "*"), ED_KEY, -ERR_FORMAT, false},
    {"{\"payloadType\":\"a\"}", ED_KEY, 0, false},
    {"{\"payloadType\":\"a\",\"payload\":\"\"}", ED_KEY, 1, false},
    {"[]", ED_KEY, -ERR_FORMAT, false},
};

static void test_envelopes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof envelopes / sizeof *envelopes; i++) {
		struct arena a;
		struct attest_envelope x;
		struct err e = ERR_INIT;
		arena_init(&a, 1U << 20);
		assert_int_equal(attest_envelope_read(bytes_of(envelopes[i].text), &a, &x, &e),
				 envelopes[i].envelope);
		if (envelopes[i].envelope == 1)
			assert_int_equal(attest_is_signed(&x, bytes_of(envelopes[i].keys), &e),
					 envelopes[i].good);
		arena_free(&a);
	}
}

static void test_signed_text(void **state)
{
	struct arena a;
	struct attest_envelope x;
	struct buf out;
	struct err e = ERR_INIT;
	(void)state;
	arena_init(&a, 1U << 20);
	buf_init(&out, 1024);
	assert_int_equal(attest_envelope_read(bytes_of(ENVELOPE(BODY, "")), &a, &x, &e), 1);
	attest_put_signed(&out, &x);
	assert_string_equal(buf_cstr(&out), SIGNED);
	buf_free(&out);
	arena_free(&a);
}

static void test_keys(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	assert_int_equal(attest_keys_check(bytes_of(ED_KEY EC_KEY), &e), 2);
	assert_int_equal(attest_keys_check(bytes_of(ED_KEY P384_KEY), &e), -ERR_FORMAT);
	assert_non_null(strstr(e.msg, "key 2 is neither"));
	assert_int_equal(attest_keys_check(bytes_of("no key"), &e), -ERR_FORMAT);
	assert_int_equal(attest_keys_check(BYTES_NONE, &e), -ERR_FORMAT);
}

#define HEX "124c7d2707904eea7431fffe91522a01e5a861a624ee31d03372cc1d138a3126"
#define STATEMENT(predicate)                                                                       \
	"{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"a\",\"digest\":{" \
	"\"sha1\":\"x\",\"sha256\":\"" HEX                                                         \
	"\"}},{\"name\":\"b\"}],\"predicateType\":\"https://p\",\"predicate\":" predicate "}"

static const struct {
	const char *text;
	int r;
	const char *predicate;
} statements[] = {
    {STATEMENT("{\"a\":1}"), 1, "{\"a\":1}"},
    {STATEMENT("{\"Data\":{\"a\":1},\"Timestamp\":\"x\"}"), 1, "{\"a\":1}"},
    {STATEMENT("{\"Data\":\"SPDXVersion: \\\"x\\\"\"}"), 1, "SPDXVersion: \"x\""},
    {STATEMENT("{\"Data\":1,\"other\":2}"), 1, "{\"Data\":1,\"other\":2}"},
    {STATEMENT("\"text\""), 1, "text"},
    {"{\"_type\":\"https://in-toto.io/Statement/v1\"}", 0, NULL},
    {"{\"predicateType\":\"https://p\",\"predicate\":{}}", 0, NULL},
    {"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"p\",\"subject\":1}",
     -ERR_FORMAT, NULL},
    {"[1]", -ERR_FORMAT, NULL},
};

static void test_statements(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
		struct arena a;
		struct attest_statement x;
		struct err e = ERR_INIT;
		arena_init(&a, 1U << 20);
		assert_int_equal(attest_statement_read(bytes_of(statements[i].text), &a, &x, &e),
				 statements[i].r);
		if (statements[i].r == 1) {
			assert_true(bytes_eq_lit(x.predicate, statements[i].predicate));
			assert_true(bytes_eq_lit(x.predicate_type, "https://p"));
			assert_int_equal(x.subject_count, 1);
			assert_true(bytes_eq_lit(x.subjects[0], "sha256:" HEX));
		}
		arena_free(&a);
	}
}

static void test_too_many(void **state)
{
	struct arena a;
	struct buf text;
	struct attest_statement s;
	struct attest_envelope x;
	struct err e = ERR_INIT;
	(void)state;
	arena_init(&a, 16U << 20);
	buf_init(&text, 1U << 20);
	buf_put_text(&text,
		     "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"p\","
		     "\"subject\":[");
	for (unsigned i = 0; i <= ATTEST_SUBJECTS_MAX; i++)
		buf_printf(&text, "%s{\"digest\":{\"sha256\":\"" HEX "\"}}", i ? "," : "");
	buf_put_text(&text, "]}");
	assert_int_equal(attest_statement_read(buf_bytes(&text), &a, &s, &e), -ERR_LIMIT);
	buf_clear(&text);
	buf_put_text(&text, "{\"payloadType\":\"p\",\"payload\":\"\",\"signatures\":[");
	for (unsigned i = 0; i <= ATTEST_SIGNATURES_MAX; i++)
		buf_printf(&text, "%s{\"sig\":\"\"}", i ? "," : "");
	buf_put_text(&text, "]}");
	assert_int_equal(attest_envelope_read(buf_bytes(&text), &a, &x, &e), -ERR_LIMIT);
	buf_free(&text);
	arena_free(&a);
}

/* Every prefix is an error: nothing is taken from half a document. */
static void test_prefixes(void **state)
{
	const char *const texts[] = {ENVELOPE(BODY, EC_SIGNATURE), STATEMENT("{\"Data\":{}}")};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (size_t n = 0; n < strlen(texts[i]); n++) {
			struct arena a;
			struct attest_envelope x;
			struct attest_statement s;
			struct err e = ERR_INIT;
			struct bytes part = bytes_part(bytes_of(texts[i]), 0, n);
			arena_init(&a, 1U << 20);
			assert_true(attest_envelope_read(part, &a, &x, &e) < 0);
			assert_true(attest_statement_read(part, &a, &s, &e) < 0);
			arena_free(&a);
		}
	}
}

#define OPENVEX                                                                                    \
	"{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"timestamp\":\"2024-01-01T00:00:00Z\","  \
	"\"statements\":[{\"vulnerability\":{\"name\":\"CVE-2024-1\",\"aliases\":[\"GHSA-1\"]},"   \
	"\"products\":[{\"@id\":\"ghcr.io/a/b@sha256:" HEX                                         \
	"\",\"subcomponents\":[\"pkg:deb/debian/bash@5?arch=amd64\"]},{\"@id\":\"urn:x\"}],"       \
	"\"status\":\"not_affected\",\"justification\":\"component_not_present\","                 \
	"\"impact_statement\":\"why\"}]}"

/* What a worker puts is what the server takes. */
static int there_and_back(void *arg)
{
	struct exceptions from, to;
	struct buf out;
	struct err e = ERR_INIT;
	(void)arg;
	exceptions_init(&from);
	exceptions_init(&to);
	buf_init(&out, 1U << 20);
	int r = exceptions_add_vex(&from, bytes_of(OPENVEX), BYTES_LIT("f"), &e);
	if (r == 0) {
		exceptions_put(&out, &from);
		r = buf_ok(&out) ? 0 : -ERR_NOMEM;
	}
	if (r == 0)
		r = exceptions_take(&to, buf_bytes(&out), BYTES_LIT("s"), &e);
	if (r == 0) {
		const struct exception *x = &to.items[0];
		assert_int_equal(to.count, 1);
		assert_int_equal(to.note_count, 1); /* urn:x */
		assert_true(bytes_eq_lit(x->source, "s"));
		assert_true(x->of_image && x->of_package && x->kind == EXCEPTION_VEX);
		assert_true(bytes_eq_lit(x->image.version, "sha256:" HEX));
		assert_true(bytes_eq_lit(x->package.name, "bash"));
		assert_true(bytes_eq_lit(x->package.version, "5"));
		assert_int_equal(x->id_count, 2);
		assert_true(bytes_eq_lit(x->ids[1], "GHSA-1"));
		assert_int_equal(x->status, ADV_NOT_AFFECTED);
		assert_int_equal(x->at_ms, INT64_C(1704067200000));
		assert_true(bytes_eq_lit(x->justification, "component_not_present"));
		assert_true(bytes_eq_lit(x->statement, "why"));
	}
	exceptions_free(&from);
	exceptions_free(&to);
	buf_free(&out);
	return r;
}

static void test_there_and_back(void **state)
{
	(void)state;
	assert_int_equal(there_and_back(NULL), 0);
	assert_true(torture(there_and_back, NULL) > 5);
}

/* What no worker would send is refused: each prefix, bytes behind, a statement about nothing. */
static void test_hostile_answers(void **state)
{
	struct exceptions from, to;
	struct buf out;
	struct err e = ERR_INIT;
	(void)state;
	exceptions_init(&from);
	buf_init(&out, 1U << 20);
	assert_int_equal(exceptions_add_vex(&from, bytes_of(OPENVEX), BYTES_LIT("f"), &e), 0);
	exceptions_put(&out, &from);
	size_t whole = out.len;
	buf_put_u8(&out, 0);
	for (size_t n = 0; n <= whole + 1; n++) {
		if (n == whole)
			continue;
		exceptions_init(&to);
		assert_int_equal(
		    exceptions_take(&to, bytes_part(buf_bytes(&out), 0, n), BYTES_LIT("s"), &e),
		    -ERR_FORMAT);
		exceptions_free(&to);
	}
	from.items[0].of_image = from.items[0].of_package = false;
	buf_clear(&out);
	exceptions_put(&out, &from);
	exceptions_init(&to);
	assert_int_equal(exceptions_take(&to, buf_bytes(&out), BYTES_LIT("s"), &e), -ERR_FORMAT);
	exceptions_free(&to);
	exceptions_free(&from);
	buf_free(&out);
}

static int read_both(void *arg)
{
	struct arena a;
	struct attest_envelope x;
	struct attest_statement s;
	struct err e = ERR_INIT;
	(void)arg;
	arena_init(&a, 1U << 20);
	int r = attest_envelope_read(bytes_of(ENVELOPE(BODY, "")), &a, &x, &e);
	if (r > 0)
		r = attest_statement_read(bytes_of(STATEMENT("{\"Data\":\"a\\n\"}")), &a, &s, &e);
	arena_free(&a);
	return r < 0 ? r : r == 1 ? 0 : -ERR_INTERNAL;
}

static void test_memory(void **state)
{
	(void)state;
	assert_true(torture(read_both, NULL) >= 1);
}

static void test_head(void **state)
{
	struct bytes subjects[] = {BYTES_LIT("sha256:" HEX)};
	const struct attest_head h = {.is_statement = true,
				      .has_bill = true,
				      .statement_count = 7,
				      .predicate_type = BYTES_LIT("p"),
				      .subjects = subjects,
				      .subject_count = 1};
	struct attest_head got;
	struct arena a;
	struct buf out;
	struct err e = ERR_INIT;
	(void)state;
	arena_init(&a, 1U << 20);
	buf_init(&out, 1024);
	attest_head_put(&out, &h);
	assert_int_equal(attest_head_take(buf_bytes(&out), &a, &got, &e), 0);
	assert_true(got.is_statement && got.has_bill && !got.is_envelope && !got.has_statements);
	assert_int_equal(got.statement_count, 7);
	assert_true(bytes_eq(got.subjects[0], subjects[0]));
	for (size_t n = 0; n < out.len; n++)
		assert_int_equal(attest_head_take(bytes_part(buf_bytes(&out), 0, n), &a, &got, &e),
				 -ERR_FORMAT);
	buf_free(&out);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_envelopes),	   cmocka_unit_test(test_signed_text),
	    cmocka_unit_test(test_keys),	   cmocka_unit_test(test_statements),
	    cmocka_unit_test(test_too_many),	   cmocka_unit_test(test_prefixes),
	    cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_hostile_answers),
	    cmocka_unit_test(test_memory),	   cmocka_unit_test(test_head),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
