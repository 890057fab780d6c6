/* tar_case: an archive that a test makes, and what is expected of reading it. For one file of a
 * test program. */
#pragma once
#include "archive/tar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "make_tar.h"

static const struct limits defaults = LIMITS_DEFAULT;
static struct buf in; /* the archive being made */
static struct tar_entry ent;
static struct stream *s;
static struct tar *t;

static inline int fresh(void **state)
{
	(void)state;
	buf_init(&in, SIZE_MAX / 2);
	s = NULL;
	t = NULL;
	return 0;
}

static inline int done(void **state)
{
	(void)state;
	tar_close(t);
	stream_close(s);
	buf_free(&in);
	return 0;
}

static inline void reopen(void)
{
	struct err e = ERR_INIT;
	tar_close(t);
	stream_close(s);
	s = stream_open_bytes(buf_bytes(&in), &e);
	t = tar_open(s, &defaults, &e);
	assert_non_null(t);
}

static inline void expect_next(enum tar_type type, const char *path, uint64_t size)
{
	struct err e = ERR_INIT;
	int rc = tar_next(t, &ent, &e);
	if (rc != 1)
		print_error("%s: %d %s\n", path, rc, e.msg);
	assert_int_equal(rc, 1);
	if (!bytes_eq_lit(ent.path, path))
		print_error("%.*s, not %s\n", BYTES_ARG(ent.path), path);
	assert_true(bytes_eq_lit(ent.path, path));
	assert_int_equal(ent.type, type);
	assert_int_equal(ent.size, size);
}

static inline void expect_end(void)
{
	struct err e = ERR_INIT;
	assert_int_equal(tar_next(t, &ent, &e), 0);
	assert_int_equal(tar_next(t, &ent, &e), 0);
}

static inline void expect_fail(enum err_code code)
{
	struct err e = ERR_INIT;
	int rc;
	reopen();
	while ((rc = tar_next(t, &ent, &e)) > 0)
		;
	if (rc != -(int)code)
		print_error("%d %s\n", rc, e.msg);
	assert_int_equal(rc, -(int)code);
	assert_true(e.msg[0] != 0);
	assert_int_equal(tar_next(t, &ent, &e), -(int)code); /* sticky */
}

/* Read in pieces of cap bytes. */
static inline int64_t content(struct buf *out, size_t cap, struct err *e)
{
	uint8_t part[8192];
	int64_t n;
	while ((n = tar_read(t, part, cap, e)) > 0)
		buf_put(out, (struct bytes){.ptr = part, .len = (size_t)n});
	return n;
}

static inline void expect_content(struct bytes want)
{
	struct err e = ERR_INIT;
	struct buf out;
	buf_init(&out, SIZE_MAX / 2);
	assert_int_equal(content(&out, 777, &e), 0);
	assert_true(bytes_eq(buf_bytes(&out), want));
	buf_free(&out);
}

static inline void put_pax(char type, const char *key, struct bytes value)
{
	struct buf rec;
	buf_init(&rec, SIZE_MAX / 2);
	make_record(&rec, key, value);
	make_member(&in, type, "pax", buf_bytes(&rec));
	buf_free(&rec);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, done)
