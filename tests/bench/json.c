/* bench: the JSON reader over text as OSV records have it (or over the files named). Prints MB/s of
 * skipping and of reading every value, the limit, and the ratio to memchr over the same bytes;
 * status 1 under the limit. build/tests/bench_json [file …] */
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "figure.h"

#include <stdio.h>
#include <string.h>

#define LIMIT_MB_S 500.0
#define ROUNDS 5
#define TEXT_LEN ((size_t)64 << 20)

static void make_text(struct buf *out)
{
	struct json_out w;
	json_out_init(&w, out, true);
	json_put_array(&w, NULL);
	for (unsigned i = 0; out->len < TEXT_LEN && buf_ok(out); i++) {
		json_put_object(&w, NULL);
		json_put_text(&w, "schema_version", "1.7.0");
		json_put_text(&w, "id", "GHSA-2030-0000-0001");
		json_put_time(&w, "modified", 1893456000000 + i);
		json_put_text(&w, "details",
			      "A ship that is loaded deeper than its line takes water over "
			      "the deck.\n\nThis was reported by \"a sailor\"; see the log "
			      "book of the voyage for what was done about it, and by whom.");
		json_put_array(&w, "affected");
		for (unsigned k = 0; k < 8; k++) {
			json_put_object(&w, NULL);
			json_put_object(&w, "package");
			json_put_text(&w, "ecosystem", "AlmaLinux:9");
			json_put_text(&w, "name", "harbour-libs");
			json_put_end(&w, '}');
			json_put_array(&w, "ranges");
			json_put_object(&w, NULL);
			json_put_text(&w, "type", "ECOSYSTEM");
			json_put_array(&w, "events");
			json_put_object(&w, NULL);
			json_put_text(&w, "introduced", "0");
			json_put_end(&w, '}');
			json_put_object(&w, NULL);
			json_put_text(&w, "fixed", "1:2.4.37-51.module_el9.7.0+3405+9516b832.1");
			json_put_end(&w, '}');
			json_put_end(&w, ']');
			json_put_end(&w, '}');
			json_put_end(&w, ']');
			json_put_u64(&w, "number", i + k);
			json_put_end(&w, '}');
		}
		json_put_end(&w, ']');
		json_put_end(&w, '}');
	}
	json_put_end(&w, ']');
}

static size_t walk(struct json *j)
{
	struct bytes key;
	size_t sum = 0;
	switch (json_peek(j)) {
	case JSON_OBJECT:
		for (bool more = json_enter_object(j); more && json_next_key(j, &key);)
			sum += key.len + walk(j);
		break;
	case JSON_ARRAY:
		for (bool more = json_enter_array(j); more && json_next_item(j);)
			sum += walk(j);
		break;
	case JSON_STRING:
		sum = json_string(j).len;
		break;
	case JSON_NUMBER:
		sum = json_number(j).len;
		break;
	case JSON_BOOL:
	case JSON_NULL:
	case JSON_NONE:
		json_skip(j);
		break;
	}
	return sum;
}

static int read_once(struct bytes text, bool skip, struct err *e)
{
	struct arena a;
	struct json j;
	arena_init(&a, (size_t)1 << 30);
	json_init(&j, text, &a);
	if (skip)
		json_skip(&j);
	else
		(void)walk(&j);
	int rc = json_finish(&j, e);
	arena_free(&a);
	return rc;
}

/* Best MB/s of the rounds; <0 on failure. */
static double measure(struct bytes text, bool skip, struct err *e)
{
	int64_t best = INT64_MAX;
	for (int i = 0; i < ROUNDS; i++) {
		int64_t begin = clock_mono_us();
		if (read_once(text, skip, e) < 0)
			return -1;
		int64_t us = clock_mono_us() - begin;
		best = us < best ? us : best;
	}
	return (double)text.len / (double)(best > 0 ? best : 1);
}

/* memchr for a byte that is not there: what reading the memory alone costs. */
static double measure_memory(struct bytes text)
{
	int64_t best = INT64_MAX;
	for (int i = 0; i < ROUNDS; i++) {
		int64_t begin = clock_mono_us();
		if (memchr(text.ptr, 0, text.len))
			return -1;
		int64_t us = clock_mono_us() - begin;
		best = us < best ? us : best;
	}
	return (double)text.len / (double)(best > 0 ? best : 1);
}

static int bench(const char *name, struct bytes text)
{
	struct err e = ERR_INIT;
	double memory = measure_memory(text);
	double skipped = measure(text, true, &e), walked = measure(text, false, &e);
	if (skipped < 0 || walked < 0) {
		fprintf(stderr, "json: %s: %s\n", name, e.msg);
		return 2;
	}
	printf(
	    "json: %s, %.1f MB; memchr over it %.0f MB/s, skipping %.2f and reading %.2f of that\n",
	    name, (double)text.len / 1e6, memory, skipped / memory, walked / memory);
	figure("json: skip every value", skipped, "MB/s", FIGURE_LEAST, LIMIT_MB_S);
	figure("json: read every value", walked, "MB/s", FIGURE_LEAST, LIMIT_MB_S);
	return figure_status();
}

int main(int argc, char **argv)
{
	struct buf text;
	struct err e = ERR_INIT;
	int worst = 0;
	buf_init(&text, (size_t)1 << 30);
	if (argc < 2) {
		make_text(&text);
		worst = buf_ok(&text) ? bench("made records", buf_bytes(&text)) : 2;
	}
	for (int i = 1; i < argc; i++) {
		buf_clear(&text);
		int rc =
		    io_read_file(argv[i], &text, &e) < 0 ? 2 : bench(argv[i], buf_bytes(&text));
		worst = rc > worst ? rc : worst;
	}
	if (e.msg[0])
		fprintf(stderr, "json: %s\n", e.msg);
	buf_free(&text);
	return worst;
}
