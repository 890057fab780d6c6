/* feed_case: what every importer's test does: documents with all that they must give, prefixes,
 * failing allocations, a sink that refuses, and the golden folder. Include in one file of a program
 * linked with torture_dep. */
#pragma once
#include "torture.h"

#include "base/io.h"
#include "feed_catch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the document is called: some feeds say things in names alone. */
#ifndef FEED_PATH
#define FEED_PATH "file"
#endif

struct feed_case {
	const char *document;
	const char *want; /* feed_catch's text */
	int code;	  /* 0 or -code */
};

struct feed_run {
	const struct feed *feed;
	struct bytes document;
};

/* Import a copy of exactly this size, so that a sanitizer sees a read past it. The caller frees
 * c->text. */
static inline int feed_run(const char *feed, struct bytes document, struct feed_catch *c,
			   struct err *e)
{
	struct feed_sink sink = catch_sink(c);
	struct arena a;
	const struct feed *f = feed_find(bytes_of(feed));
	uint8_t *copy = malloc(document.len ? document.len : 1);
	if (!copy)
		return err_set(e, ERR_NOMEM, "no memory");
	if (document.len > 0)
		memcpy(copy, document.ptr, document.len);
	arena_init(&a, 64U << 20);
	int rc = f->import(BYTES_LIT(FEED_PATH), (struct bytes){copy, document.len}, &sink, &a, e);
	arena_free(&a);
	free(copy);
	return rc;
}

static inline void feed_check(const char *feed, const struct feed_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct feed_catch c;
		struct err e = ERR_INIT;
		int rc = feed_run(feed, bytes_of(cases[i].document), &c, &e);
		if (rc != cases[i].code)
			fail_msg("case %zu: %d (%s), want %d", i, rc, e.msg, cases[i].code);
		assert_string_equal(buf_cstr(&c.text), cases[i].want);
		buf_free(&c.text);
	}
}

/* No prefix of a whole document may crash, and none that is shorter than min_ok bytes may pass for
 * whole. */
static inline void feed_prefixes(const char *feed, const char *document, size_t min_ok)
{
	size_t len = strlen(document);
	for (size_t n = 0; n < len; n++) {
		struct feed_catch c;
		struct err e = ERR_INIT;
		int rc = feed_run(feed, bytes_part(bytes_of(document), 0, n), &c, &e);
		if (n < min_ok && rc >= 0)
			fail_msg("%zu of %zu bytes pass for a whole document", n, len);
		buf_free(&c.text);
	}
}

struct feed_torture {
	const char *feed, *document;
};

static inline int feed_torture_once(void *arg)
{
	const struct feed_torture *t = arg;
	struct feed_catch c;
	struct err e = ERR_INIT;
	int rc = feed_run(t->feed, bytes_of(t->document), &c, &e);
	buf_free(&c.text);
	return rc;
}

static inline void feed_tortured(const char *feed, const char *document)
{
	struct feed_torture t = {feed, document};
	assert_true(torture(feed_torture_once, &t) > 2);
}

/* What the sink answers is what import returns. */
static inline void feed_refused(const char *feed, const char *document)
{
	struct feed_catch c;
	struct feed_sink sink = catch_sink(&c);
	struct arena a;
	struct err e = ERR_INIT;
	c.refuse = true;
	arena_init(&a, 1U << 20);
	assert_int_equal(feed_find(bytes_of(feed))
			     ->import(BYTES_LIT(FEED_PATH), bytes_of(document), &sink, &a, &e),
			 -ERR_CANCELLED);
	arena_free(&a);
	buf_free(&c.text);
}

static inline void feed_golden_case(const char *feed, const char *dir, const char *name)
{
	char path[4096];
	struct buf input, want;
	struct err e = ERR_INIT;
	struct feed_catch c;
	buf_init(&input, 1U << 20);
	buf_init(&want, 1U << 20);
	(void)snprintf(path, sizeof path, "%s/%s/input", dir, name);
	if (io_read_file(path, &input, &e) < 0)
		fail_msg("%s", e.msg);
	(void)snprintf(path, sizeof path, "%s/%s/expected", dir, name);
	if (io_read_file(path, &want, &e) < 0)
		fail_msg("%s", e.msg);
	int rc = feed_run(feed, buf_bytes(&input), &c, &e);
	if (rc < 0)
		fail_msg("%s/%s: %s", dir, name, e.msg);
	assert_string_equal(buf_cstr(&c.text), buf_cstr(&want));
	buf_free(&c.text);
	buf_free(&want);
	buf_free(&input);
}

/* Every case of tests/golden/feed-NAME: input is imported, expected is what feed_catch writes down.
 */
static inline void feed_golden(const char *feed)
{
	char dir[2048];
	size_t cases = 0;
	const char *source = getenv("PLIMSOLL_SOURCE");
	(void)snprintf(dir, sizeof dir, "%s/tests/golden/feed-%s", source ? source : ".", feed);
	DIR *d = opendir(dir);
	for (struct dirent *ent; d && (ent = readdir(d));) {
		if (ent->d_name[0] == '.')
			continue;
		feed_golden_case(feed, dir, ent->d_name);
		cases++;
	}
	if (d)
		closedir(d);
	if (cases == 0)
		fail_msg("%s: no golden case", dir);
}

/* What the tests that every importer has need to know. */
struct feed_tests {
	const char *feed;
	const struct feed_case *cases; /* FEED_CASES(array) */
	size_t case_count;
	const char *whole; /* a document with all that the importer reads */
	size_t whole_min;  /* bytes of it: no shorter prefix may pass for a whole document */
	const char *wanted[4], *unwanted[4]; /* members of an archive, where it selects some */
};
#define FEED_CASES(array) .cases = (array), .case_count = sizeof(array) / sizeof *(array)

static inline void feed_documents_give_what_they_say(void **state)
{
	const struct feed_tests *t = *state;
	feed_check(t->feed, t->cases, t->case_count);
}

static inline void feed_hostile_runs_end(void **state)
{
	const struct feed_tests *t = *state;
	feed_prefixes(t->feed, t->whole, t->whole_min);
	feed_tortured(t->feed, t->whole);
	feed_refused(t->feed, t->whole);
}

static inline void feed_only_its_documents_are_wanted(void **state)
{
	const struct feed_tests *t = *state;
	const struct feed *f = feed_find(bytes_of(t->feed));
	for (size_t i = 0; i < sizeof t->wanted / sizeof *t->wanted && t->wanted[i]; i++)
		if (!f->wants(bytes_of(t->wanted[i])))
			fail_msg("%s is not wanted", t->wanted[i]);
	for (size_t i = 0; i < sizeof t->unwanted / sizeof *t->unwanted && t->unwanted[i]; i++)
		if (f->wants(bytes_of(t->unwanted[i])))
			fail_msg("%s is wanted", t->unwanted[i]);
}

static inline void feed_golden_cases_give_what_is_expected(void **state)
{
	const struct feed_tests *t = *state;
	feed_golden(t->feed);
}

/* Their rows among a program's tests. */
#define FEED_TESTS(t)                                                                              \
	cmocka_unit_test_prestate(feed_documents_give_what_they_say, (t)),                         \
	    cmocka_unit_test_prestate(feed_hostile_runs_end, (t)),                                 \
	    cmocka_unit_test_prestate(feed_only_its_documents_are_wanted, (t)),                    \
	    cmocka_unit_test_prestate(feed_golden_cases_give_what_is_expected, (t))
