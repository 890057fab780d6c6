/* Signatures: what was signed is what is checked, and nothing else. The vector is RFC 8032's. */
#include "vdb/sign.h"
#include "vdb_sample.h"

static const struct sample rows[] = {
    {.id = "DSA-1", .ecosystem = "Debian:12", .name = "openssl", .events = "introduced 0"},
    {.id = "DSA-2", .ecosystem = "Debian:12", .name = "bash", .events = "introduced 0"},
};

struct place {
	struct buf secret, open, file, text;
	struct vdb *v;
	struct vdb_statement s;
};

static int setup(void **state)
{
	static struct place p;
	struct err e = ERR_INIT;
	buf_init(&p.secret, 4096);
	buf_init(&p.open, 4096);
	buf_init(&p.text, VDB_SIGNATURE_MAX);
	sample_file(rows, 2, &p.file);
	p.v = vdb_open_bytes(buf_bytes(&p.file), &e);
	p.s = (struct vdb_statement){.name = "series", .created_ms = 1700000000000};
	vdb_statement_of(p.v, &p.s);
	*state = &p;
	return vdb_key_make(&p.secret, &p.open, &e) < 0 ||
	       vdb_sign(buf_bytes(&p.secret), &p.s, &p.text, &e) < 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	vdb_close(p->v);
	buf_free(&p->secret);
	buf_free(&p->open);
	buf_free(&p->file);
	buf_free(&p->text);
	return 0;
}

static void good(void **state)
{
	struct place *p = *state;
	struct vdb_statement s;
	struct err e = ERR_INIT;
	assert_int_equal(vdb_signature_check(buf_bytes(&p->open), buf_bytes(&p->text), &s, &e), 0);
	assert_string_equal(s.name, "series");
	assert_int_equal(s.created_ms, 1700000000000);
	assert_int_equal(s.file_len, p->file.len);
	assert_int_equal(vdb_statement_fits(&s, p->v, "series", &e), 0);
	assert_int_equal(vdb_statement_fits(&s, p->v, NULL, &e), 0);
	assert_int_equal(vdb_statement_fits(&s, p->v, "other", &e), -ERR_DENIED);
	assert_int_equal(vdb_statement_read(buf_bytes(&p->text), &s, &e), 0);
}

/* A new key is added to the file of keys before the old one is taken out. */
static void two_keys(void **state)
{
	struct place *p = *state;
	struct buf secret, open;
	struct vdb_statement s;
	struct err e = ERR_INIT;
	buf_init(&secret, 4096);
	buf_init(&open, 8192);
	assert_int_equal(vdb_key_make(&secret, &open, &e), 0);
	assert_int_equal(vdb_signature_check(buf_bytes(&open), buf_bytes(&p->text), &s, &e),
			 -ERR_DENIED);
	buf_put(&open, buf_bytes(&p->open));
	assert_int_equal(vdb_signature_check(buf_bytes(&open), buf_bytes(&p->text), &s, &e), 0);
	assert_int_equal(vdb_signature_check(BYTES_NONE, buf_bytes(&p->text), &s, &e), -ERR_FORMAT);
	assert_int_equal(vdb_signature_check(buf_bytes(&secret), buf_bytes(&p->text), &s, &e),
			 -ERR_FORMAT);
	buf_free(&secret);
	buf_free(&open);
}

/* Each bit of it counts, and each prefix is none. */
static void changed(void **state)
{
	struct place *p = *state;
	struct bytes keys = buf_bytes(&p->open), text = buf_bytes(&p->text);
	struct vdb_statement s;
	struct err e = ERR_INIT;
	for (size_t n = 0; n < text.len; n++)
		assert_true(vdb_signature_check(keys, bytes_part(text, 0, n), &s, &e) < 0);
	for (size_t i = 0; i < text.len * 8; i++) {
		p->text.ptr[i / 8] ^= (uint8_t)(1U << i % 8);
		if (vdb_signature_check(keys, text, &s, &e) == 0)
			fail_msg("bit %zu does not count", i);
		p->text.ptr[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	buf_put_text(&p->text, "x");
	assert_true(vdb_signature_check(keys, buf_bytes(&p->text), &s, &e) < 0);
	p->text.len--;
}

static void another_file(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct buf file;
	sample_file(rows, 1, &file);
	struct vdb *v = vdb_open_bytes(buf_bytes(&file), &e);
	assert_int_equal(vdb_statement_fits(&p->s, v, NULL, &e), -ERR_DENIED);
	vdb_close(v);
	buf_free(&file);
}

static void beside_the_file(void **state)
{
	struct place *p = *state;
	struct vdb_statement s;
	struct err e = ERR_INIT;
	char path[256], name[300];
	sample_path(path, "signed");
	(void)snprintf(name, sizeof name, "%s.sig", path);
	assert_int_equal(vdb_check_signed(p->v, path, buf_bytes(&p->open), "series", &s, &e),
			 -ERR_DENIED);
	assert_non_null(strstr(e.msg, "not signed"));
	assert_int_equal(io_replace_file(name, buf_bytes(&p->text), 0600, &e), 0);
	assert_int_equal(vdb_check_signed(p->v, path, buf_bytes(&p->open), "series", &s, &e), 0);
	(void)unlink(name);
}

/* RFC 8032 §7.1, TEST 1, as a key of another program: the public key that belongs to the secret. */
static void known_key(void **state)
{
	static const char secret[] = "-----BEGIN PRIVATE KEY-----\n"
				     "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLs"
				     "LMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n",
			  open[] = "-----BEGIN PUBLIC KEY-----\n"
				   "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7h"
				   "cvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
	struct place *p = *state;
	struct vdb_statement s;
	struct err e = ERR_INIT;
	struct buf text;
	buf_init(&text, VDB_SIGNATURE_MAX);
	if (vdb_sign(bytes_of(secret), &p->s, &text, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(vdb_signature_check(bytes_of(open), buf_bytes(&text), &s, &e), 0);
	buf_free(&text);
}

static void bad_names_and_keys(void **state)
{
	struct place *p = *state;
	struct vdb_statement s = p->s;
	struct err e = ERR_INIT;
	struct buf text;
	buf_init(&text, VDB_SIGNATURE_MAX);
	assert_int_equal(vdb_sign(buf_bytes(&p->open), &s, &text, &e), -ERR_FORMAT);
	assert_int_equal(vdb_sign(BYTES_LIT("x"), &s, &text, &e), -ERR_FORMAT);
	static const char *const names[] = {"", "a b", "a\nfile: x", "\xc3\xa4"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		(void)snprintf(s.name, sizeof s.name, "%s", names[i]);
		assert_int_equal(vdb_sign(buf_bytes(&p->secret), &s, &text, &e), -ERR_FORMAT);
	}
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good),
	    cmocka_unit_test(two_keys),
	    cmocka_unit_test(changed),
	    cmocka_unit_test(another_file),
	    cmocka_unit_test(beside_the_file),
	    cmocka_unit_test(known_key),
	    cmocka_unit_test(bad_names_and_keys),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
