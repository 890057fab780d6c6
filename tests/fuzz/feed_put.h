/* feed_put: a sink for fuzzing. Every record is serialised, parsed and serialised again: the two
 * forms must not differ. So every byte that an importer hands out is read. */
#pragma once
#include "feed/feed.h"

#include <stdlib.h>
#include <string.h>

/* What the document is called: some feeds say things in names alone. */
#ifndef FEED_PATH
#define FEED_PATH "file"
#endif

static inline int put_advisory(void *arg, const struct adv *a, struct err *e)
{
	struct buf first, second;
	struct arena arena;
	struct adv back;
	(void)arg;
	arena_init(&arena, 256U << 20);
	buf_init(&first, 64U << 20);
	buf_init(&second, 64U << 20);
	adv_put(&first, a);
	if (buf_ok(&first)) {
		if (adv_take(buf_bytes(&first), &arena, &back, e) < 0)
			abort();
		adv_put(&second, &back);
		if (!bytes_eq(buf_bytes(&first), buf_bytes(&second)))
			abort();
		if (back.id.len == 0 || back.feed.len == 0 ||
		    (back.affected_count == 0 && back.cvss_count == 0 && !back.withdrawn_ms))
			abort();
	}
	buf_free(&first);
	buf_free(&second);
	arena_free(&arena);
	return 0;
}

static inline int put_exploit(void *arg, const struct adv_exploit *x, struct err *e)
{
	struct buf form;
	struct adv_exploit back;
	(void)arg;
	buf_init(&form, 64U << 20);
	adv_exploit_put(&form, x);
	if (buf_ok(&form) && (adv_exploit_take(buf_bytes(&form), &back, e) < 0 ||
			      !bytes_eq(back.cve, x->cve) || back.cve.len == 0))
		abort();
	buf_free(&form);
	return 0;
}

static inline int put_note(void *arg, struct bytes where, const char *text, struct err *e)
{
	unsigned *sum = arg;
	(void)e;
	for (size_t i = 0; i < where.len; i++)
		*sum += where.ptr[i];
	if (strlen(text) == 0)
		abort();
	return 0;
}

static inline int put_import(const char *feed, const uint8_t *data, size_t size)
{
	unsigned sum = 0;
	const struct feed_sink sink = {
	    .arg = &sum, .advisory = put_advisory, .exploit = put_exploit, .note = put_note};
	struct err e = ERR_INIT;
	struct arena a;
	arena_init(&a, 96U << 20);
	int rc = feed_find(bytes_of(feed))
		     ->import(BYTES_LIT(FEED_PATH), (struct bytes){data, size}, &sink, &a, &e);
	if (rc > 0 || (rc < 0 && e.msg[0] == '\0'))
		abort();
	arena_free(&a);
	return 0;
}
