/* blob_readers: a registry whose blobs are no files: what reads them, reads the same. */
#include "blob_readers.h"
#include "registry_place.h"

#include "base/clock.h"
#include "base/io.h"

#define DAY (INT64_C(24) * 3600000)
#define CONFIG BYTES_LIT("{\"architecture\":\"amd64\",\"os\":\"linux\"}")
#define LAYER_LEN 300000U /* more than a piece */

static uint8_t layer[LAYER_LEN];

struct elsewhere {
	struct place *p;
	struct stream_reader r;
};

static int setup(void **state)
{
	static struct elsewhere w;
	struct err e = ERR_INIT;
	void *place;
	assert_int_equal(place_setup(&place), 0);
	w = (struct elsewhere){.p = place};
	for (size_t i = 0; i < LAYER_LEN; i++)
		layer[i] = (uint8_t)(i * 7 + i / 251);
	assert_int_equal(stream_reader_begin(&w.r, w.p->dir, w.p->blobs, &e), 0);
	assert_int_equal(push_once(w.p->g, REPO, CONFIG, &e), 0);
	assert_int_equal(push_once(w.p->g, REPO, run_of(layer, LAYER_LEN), &e), 0);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct elsewhere *w = *state;
	void *place = w->p;
	assert_int_equal(w->r.opened, w->r.closed);
	stream_reader_end(&w->r);
	return place_teardown(&place);
}

/* Whole, in parts, past its end. */
static void parts(void **state)
{
	struct elsewhere *w = *state;
	struct err e = ERR_INIT;
	OWN_CONTENT struct content c = CONTENT_INIT;
	struct digest d = digest_for(run_of(layer, LAYER_LEN));
	static uint8_t got[LAYER_LEN];
	assert_true(blob_is(w->p->g, REPO, CONFIG));
	assert_true(blob_is(w->p->g, REPO, run_of(layer, LAYER_LEN)));
	assert_int_equal(registry_blob_open(w->p->g, REPO, &d, &c, &e), 1);
	assert_int_equal(c.fd, -1);
	assert_int_equal(c.size, LAYER_LEN);
	assert_int_equal(content_read(&c, got, 10, LAYER_LEN - 3, &e), 3);
	assert_memory_equal(got, layer + LAYER_LEN - 3, 3);
	assert_int_equal(content_read(&c, got, 10, LAYER_LEN, &e), 0);
	assert_int_equal(content_read(&c, got, LAYER_LEN, 0, &e), LAYER_LEN);
	assert_memory_equal(got, layer, LAYER_LEN);
}

/* A worker gets a descriptor, of a copy that has no name. */
static void file(void **state)
{
	struct elsewhere *w = *state;
	struct err e = ERR_INIT;
	struct digest d = digest_for(run_of(layer, LAYER_LEN));
	static uint8_t got[LAYER_LEN + 1];
	uint64_t size = 0;
	int made = -1;
	assert_int_equal(registry_blob_file(w->p->g, REPO, &d, &made, &size, &e), 1);
	OWN_FD int fd = made;
	assert_int_equal(size, LAYER_LEN);
	assert_int_equal(io_pread(fd, got, sizeof got, 0, &e), LAYER_LEN);
	assert_memory_equal(got, layer, LAYER_LEN);
	/* A stream that ends early is an error, not a short layer. */
	w->r.cut = 1;
	assert_int_equal(registry_blob_file(w->p->g, REPO, &d, &made, &size, &e), -ERR_TRUNCATED);
	w->r.cut = 0;
	d = digest_for(BYTES_LIT("never pushed"));
	assert_int_equal(registry_blob_file(w->p->g, REPO, &d, &made, &size, &e), 0);
}

/* The scrub reads streams; one that lost a byte is damaged. */
static void scrub(void **state)
{
	struct elsewhere *w = *state;
	struct err e = ERR_INIT;
	uint64_t size = 0, all = 0;
	int64_t later = clock_wall_ms() + 8 * DAY;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(registry_scrub(w->p->g, later, 0, &size, &e), 1);
		all += size;
	}
	assert_int_equal(all, LAYER_LEN + CONFIG.len);
	assert_true(blob_is(w->p->g, REPO, CONFIG));
	w->r.cut = 1;
	assert_int_equal(registry_scrub(w->p->g, later + 8 * DAY, 0, &size, &e), 1);
	assert_int_equal(registry_scrub(w->p->g, later + 8 * DAY, 0, &size, &e), 1);
	w->r.cut = 0;
	assert_false(blob_is(w->p->g, REPO, CONFIG));
	assert_false(blob_is(w->p->g, REPO, run_of(layer, LAYER_LEN)));
}

/* What is not a file is copied, and may have an address. */
static void put(void **state)
{
	struct elsewhere *w = *state;
	struct err e = ERR_INIT;
	struct digest d = digest_for(CONFIG);
	char name[] = "/tmp/plimsoll-content-XXXXXX";
	uint8_t got[64];
	OWN_CONTENT struct content c = CONTENT_INIT;
	OWN_FD int fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(registry_blob_open(w->p->g, REPO, &d, &c, &e), 1);
	assert_int_equal(content_copy(&c, fd, &e), 0);
	assert_int_equal(io_pread(fd, got, sizeof got, 0, &e), CONFIG.len);
	assert_memory_equal(got, CONFIG.ptr, CONFIG.len);
	assert_null(c.address);
	content_close(&c);
	w->r.address = "https://elsewhere.example/";
	assert_int_equal(registry_blob_open(w->p->g, REPO, &d, &c, &e), 1);
	assert_int_equal(strncmp(c.address, w->r.address, strlen(w->r.address)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(parts, setup, teardown),
	    cmocka_unit_test_setup_teardown(file, setup, teardown),
	    cmocka_unit_test_setup_teardown(scrub, setup, teardown),
	    cmocka_unit_test_setup_teardown(put, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
