/* round_trips: what a scan and a page of findings ask of the store, whatever their size: an engine
 * that is a server answers each statement over a socket. */
#include "registry_place.h"
#include "repository_of.h"
#include "server_store.h"

#include "base/clock.h"
#include "fleet.h"
#include "defend/remediation.h"
#include "ledger/findings.h"
#include "scan/engine_impl.h"
#include "store/inventories.h"
#include "store/pack.h"

#define SCAN_MOST 200U
#define PAGE_MOST 16U
#define PLAN_MOST 110U /* six pages of findings, and what they come to */
#define PAGE 100
#define LAYERS_MAX 101

static const struct fleet fleet = {
    .images = 1, .os_sets = 2, .app_sets = 100, .os_names = 1040, .app_names = 4000};

struct scanned {
	struct place p;
	struct engine *engine;
	struct buf tar, inventory, packed, config, manifest;
	struct digest layers[LAYERS_MAX];
	size_t sizes[LAYERS_MAX];
};

static void right(int r, const struct err *e)
{
	if (r < 0)
		fail_msg("%s", e->msg);
}

struct keep {
	struct bytes digest, packed;
	struct lay lay;
};

static int keep_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct keep *k = arg;
	return store_inventory_put(tx, k->digest, k->packed, &k->lay, 1, e);
}

/* A layer in the registry, and its inventory as a worker makes it. */
static void put_layer(struct scanned *s, unsigned layer)
{
	struct err e = ERR_INIT;
	struct arena a;
	struct keep k = {0};
	char text[DIGEST_TEXT_CAP];
	fleet_layer_tar(&fleet, layer, &s->tar);
	right(push_once(s->p.g, REPO, buf_bytes(&s->tar), &e), &e);
	s->layers[layer] = digest_for(buf_bytes(&s->tar));
	s->sizes[layer] = s->tar.len;
	digest_text(&s->layers[layer], text);
	arena_init(&a, 64U << 20);
	right(fleet_layer_index(&s->tar, &s->inventory, &e), &e);
	right(layer_parse(buf_bytes(&s->inventory), &a, &k.lay, &e), &e);
	buf_clear(&s->packed);
	pack_put(buf_bytes(&s->inventory), &s->packed);
	k.digest = bytes_of(text);
	k.packed = buf_bytes(&s->packed);
	right(db_run(s->p.db, DB_WRITE, keep_tx, &k, &e), &e);
	arena_free(&a);
}

/* An image of an operating system and count - 1 applications: push it, but for its layers. */
static void put_image(struct scanned *s, unsigned count)
{
	struct err e = ERR_INIT;
	char text[DIGEST_TEXT_CAP];
	struct registry_put_result put;
	buf_clear(&s->config);
	buf_clear(&s->manifest);
	buf_put_text(&s->config, "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{"
				 "\"type\":\"layers\",\"diff_ids\":[");
	for (unsigned i = 0; i < count; i++) {
		digest_text(&s->layers[i ? i + 1 : 0], text);
		buf_printf(&s->config, "%s\"%s\"", i ? "," : "", text);
	}
	buf_put_text(&s->config, "]}}");
	right(push_once(s->p.g, REPO, buf_bytes(&s->config), &e), &e);
	struct digest config = digest_for(buf_bytes(&s->config));
	digest_text(&config, text);
	buf_printf(&s->manifest,
		   "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MANIFEST_TYPE
		   "\",\"config\":{\"mediaType\":\"" OCI_CONFIG_TYPE
		   "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[",
		   text, s->config.len);
	for (unsigned i = 0; i < count; i++) {
		digest_text(&s->layers[i ? i + 1 : 0], text);
		buf_printf(&s->manifest,
			   "%s{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\","
			   "\"digest\":\"%s\",\"size\":%zu}",
			   i ? "," : "", text, s->sizes[i ? i + 1 : 0]);
	}
	buf_put_text(&s->manifest, "]}");
	right(put_manifest(s->p.g, REPO, buf_bytes(&s->manifest), "v1", &put, &e), &e);
}

struct claim {
	struct arena *a;
	struct store_scan scan;
};

static int claim_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct claim *c = arg;
	int64_t next;
	const struct store_scan_turn any = {.owner = "test", .any = true};
	return store_scan_claim(tx, clock_wall_ms(), &any, c->a, &c->scan, &next, e);
}

static int image_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct ledger_image *i = arg;
	static struct arena a;
	arena_init(&a, 1U << 20);
	int r = ledger_image_get(tx, repository_of(tx, REPO, e), i->digest, &a, i, e);
	arena_free(&a);
	return r;
}

/* Scan what was pushed last: the statements that it took; *ret: what came of it. */
static uint64_t scan(struct scanned *s, struct ledger_image *ret)
{
	struct err e = ERR_INIT;
	struct arena a;
	struct claim c = {.a = &a};
	enum store_scan_status status;
	struct bytes reason = BYTES_NONE;
	char text[DIGEST_TEXT_CAP];
	arena_init(&a, ENGINE_SCAN_BUDGET);
	assert_int_equal(db_run(s->p.db, DB_WRITE, claim_tx, &c, &e), 1);
	uint64_t before = db_asked(s->p.db);
	right(engine_scan_image(s->engine, &c.scan, &status, &reason, &a, &e), &e);
	uint64_t took = db_asked(s->p.db) - before;
	assert_int_equal(status, STORE_SCAN_COMPLETED);
	arena_free(&a);
	struct digest d = digest_for(buf_bytes(&s->manifest));
	digest_text(&d, text);
	ret->digest = bytes_of(text);
	assert_int_equal(db_run(s->p.db, DB_READ, image_tx, ret, &e), 1);
	return took;
}

static uint64_t findings_of(const struct ledger_image *i)
{
	uint64_t n = 0;
	for (size_t k = 0; k <= ADV_SEV_CRITICAL; k++)
		n += i->counts.by[k];
	return n;
}

static void a_scan(void **state)
{
	struct scanned *s = *state;
	struct ledger_image image = {0};
	uint64_t took;
	put_image(s, 10);
	took = scan(s, &image);
	assert_true(image.package_count >= 500 && findings_of(&image) >= 300);
	assert_in_range(took, 1, SCAN_MOST);
	/* Ten times as large, and most of it is new. */
	put_image(s, 100);
	took = scan(s, &image);
	assert_true(image.package_count >= 5000 && findings_of(&image) >= 3000);
	assert_in_range(took, 1, SCAN_MOST);
}

static int take_over_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct claim *c = arg;
	const struct store_scan_turn other = {.owner = "other", .any = true};
	int64_t next, late = clock_wall_ms() + 2 * (int64_t)STORE_LEASE_MS;
	int64_t n = store_scan_reap(tx, late, e);
	return n <= 0 ? (int)n : store_scan_claim(tx, late, &other, c->a, &c->scan, &next, e);
}

/* A server that was thought dead comes to the end of its scan after another took it over: nothing
 * of it is kept, and what the other one does is. */
static void a_scan_that_was_taken_over(void **state)
{
	struct scanned *s = *state;
	struct err e = ERR_INIT;
	struct arena a;
	struct claim slow = {.a = &a}, other = {.a = &a};
	struct ledger_image image = {0};
	enum store_scan_status status;
	struct bytes reason = BYTES_NONE;
	char text[DIGEST_TEXT_CAP];
	arena_init(&a, ENGINE_SCAN_BUDGET);
	put_image(s, 20);
	struct digest d = digest_for(buf_bytes(&s->manifest));
	digest_text(&d, text);
	image.digest = bytes_of(text);
	assert_int_equal(db_run(s->p.db, DB_WRITE, claim_tx, &slow, &e), 1);
	assert_int_equal(db_run(s->p.db, DB_WRITE, take_over_tx, &other, &e), 1);
	assert_int_equal(slow.scan.id, other.scan.id);
	assert_int_equal(engine_scan_image(s->engine, &slow.scan, &status, &reason, &a, &e),
			 -ERR_CONFLICT);
	assert_int_equal(db_run(s->p.db, DB_READ, image_tx, &image, &e), 1);
	assert_int_equal(image.state, IMAGE_PENDING);
	image.digest = bytes_of(text);
	e = (struct err)ERR_INIT;
	right(engine_scan_image(s->engine, &other.scan, &status, &reason, &a, &e), &e);
	assert_int_equal(status, STORE_SCAN_COMPLETED);
	assert_int_equal(db_run(s->p.db, DB_READ, image_tx, &image, &e), 1);
	assert_int_equal(image.state, IMAGE_UNHEALTHY);
	arena_free(&a);
}

struct page {
	struct finding_query q;
	struct finding_cursor cursor;
	int64_t count;
	bool more;
};

static int page_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct page *p = arg;
	struct arena a;
	arena_init(&a, 256U << 20);
	struct finding *out = arena_alloc(&a, PAGE, sizeof *out);
	p->count = out ? finding_list(tx, &p->q, &p->cursor, &a, out, &p->more, e) : -1;
	arena_free(&a);
	return p->count < 0 ? -1 : 0;
}

/* Of everything, of a repository, of an image; in every order. */
static void a_page(void **state)
{
	struct scanned *s = *state;
	struct err e = ERR_INIT;
	struct bytes repository = REPO, digest;
	char text[DIGEST_TEXT_CAP];
	struct digest d = digest_for(buf_bytes(&s->manifest));
	digest_text(&d, text);
	digest = bytes_of(text);
	for (unsigned i = 0; i < 3 * FINDING_SORT_COUNT; i++) {
		const struct criteria of = {
		    .repositories = {.items = &repository, .count = i % 3 ? 1 : 0},
		    .digests = {.items = &digest, .count = i % 3 == 2 ? 1 : 0}};
		struct page p = {.q = {.visible = VISIBILITY_ALL,
				       .criteria = &of,
				       .sort = (enum finding_sort)(i / 3),
				       .max = PAGE}};
		uint64_t before = db_asked(s->p.db);
		right(db_run(s->p.db, DB_READ, page_tx, &p, &e), &e);
		assert_int_equal(p.count, PAGE);
		assert_true(p.more);
		assert_in_range(db_asked(s->p.db) - before, 1, PAGE_MOST);
	}
}

static int plan_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct finding_query *q = arg;
	struct remediation plan;
	struct arena a;
	arena_init(&a, 64U << 20);
	int r = remediation_plan(tx, q, 1, &a, &plan, e);
	assert_true(r < 0 || plan.findings == REMEDIATION_FINDINGS_MAX);
	arena_free(&a);
	return r;
}

/* Of everything, and of the largest image. */
static void a_plan(void **state)
{
	struct scanned *s = *state;
	struct err e = ERR_INIT;
	char text[DIGEST_TEXT_CAP];
	struct digest d = digest_for(buf_bytes(&s->manifest));
	digest_text(&d, text);
	struct bytes digest = bytes_of(text);
	for (unsigned i = 0; i < 2; i++) {
		const struct criteria of = {.digests = {.items = &digest, .count = i}};
		struct finding_query q = {.visible = VISIBILITY_ALL, .criteria = &of};
		uint64_t before = db_asked(s->p.db);
		right(db_run(s->p.db, DB_READ, plan_tx, &q, &e), &e);
		assert_in_range(db_asked(s->p.db) - before, 1, PLAN_MOST);
	}
}

static int setup(void **state)
{
	struct scanned *s = calloc(1, sizeof *s);
	struct err e = ERR_INIT;
	void *made = NULL;
	char path[96];
	assert_non_null(s);
	assert_int_equal(place_setup(&made), 0);
	s->p = *(struct place *)made;
	free(made);
	struct buf *bufs[] = {&s->tar, &s->inventory, &s->packed, &s->config, &s->manifest};
	for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
		buf_init(bufs[i], 64U << 20);
	struct engine_options o = {.db = s->p.db};
	s->engine = engine_new(&o, &e);
	assert_non_null(s->engine);
	registry_close(s->p.g);
	s->p.g = registry_open(s->p.db, s->p.blobs, NULL, engine_watch(s->engine), &e);
	assert_non_null(s->p.g);
	engine_set_registry(s->engine, s->p.g);
	(void)snprintf(path, sizeof path, "%s/a.vdb", s->p.dir);
	right(fleet_vdb(&fleet, 0, path, &e), &e);
	s->engine->vdb = vdb_open(path, &e);
	assert_non_null(s->engine->vdb);
	for (unsigned layer = 0; layer < LAYERS_MAX; layer++)
		put_layer(s, layer);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scanned *s = *state;
	struct place *p = malloc(sizeof *p);
	void *last = p;
	assert_non_null(p);
	registry_close(s->p.g);
	s->p.g = NULL;
	*p = s->p;
	engine_free(s->engine);
	struct buf *bufs[] = {&s->tar, &s->inventory, &s->packed, &s->config, &s->manifest};
	for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
		buf_free(bufs[i]);
	free(s);
	return place_teardown(&last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_scan), cmocka_unit_test(a_page),
					   cmocka_unit_test(a_plan),
					   cmocka_unit_test(a_scan_that_was_taken_over)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
