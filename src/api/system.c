/* How the server is: for orchestrators, monitoring and people. */
#include "access/role.h"
#include "api/doc.h"
#include "api/routes.h"
#include "api/turns.h"
#include "base/clock.h"
#include "jail/pool.h"
#include "ledger/counts.h"
#include "registry/registry.h"
#include "scan/engine.h"
#include "store/registries.h"
#include "vdb/vdb.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define METRICS_MAX (1U << 20) /* bytes: five lines a registry */

static int get_livez(struct http_request *r, struct err *e)
{
	return http_reply_bytes(r, 200, "text/plain", BYTES_LIT("ok\n"), e);
}

static int ping(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	struct db_stmt *s = db_query(tx, "SELECT 1", NULL, 0, e);
	if (!s)
		return e ? -(int)e->code : -(int)ERR_INTERNAL;
	int rc = db_step(s, e);
	db_done(s);
	return rc < 0 ? rc : 0;
}

struct check {
	const char *name;
	bool ok;
	const char *why; /* when it is not: for everybody, without names or texts of the system */
	const char *detail; /* the same for those who may read the system; NULL: there is no more */
};
#define TROUBLE_CAP 256

/* When the vulnerability database in use was built, wall ms; 0 = no database. */
static int64_t vdb_built(const struct api *api)
{
	const struct vdb *v = api->engine ? engine_vdb_take(api->engine) : NULL;
	int64_t built = v ? vdb_built_ms(v) : 0;
	if (v)
		engine_vdb_give(api->engine, v);
	return built;
}

#define CHECK_COUNT 8
#define WHY_MAX 640
struct checks {
	struct check rows[CHECK_COUNT];
	struct registry_health stored;
	bool has_stored;
	char database[WHY_MAX], collection[WHY_MAX], blobs[WHY_MAX], space[WHY_MAX],
	    trouble[TROUBLE_CAP];
};

/* The parts of the store. */
static void checks_store(const struct api *api, bool with_stored, struct checks *c)
{
	struct err ignored = ERR_INIT;
	const struct registry_health *h = &c->stored;
	bool answers = api->db && db_run(api->db, DB_READ, ping, NULL, NULL) >= 0;
	bool damaged = answers && db_is_damaged(api->db, c->database, sizeof c->database);
	c->has_stored = answers && api->registry &&
			registry_health_get(api->registry, with_stored, &c->stored, &ignored) == 0;
	c->rows[1] =
	    (struct check){"database", answers && !damaged,
			   damaged ? "the database is damaged" : "the database does not answer",
			   damaged ? c->database : NULL};
	(void)snprintf(c->collection, sizeof c->collection,
		       "the last collection left %" PRIu64 " things undone: %s", h->failed, h->why);
	c->rows[5] = (struct check){"collection", !h->failed && !h->is_late,
				    h->failed ? "the last collection was incomplete"
					      : "no collection has completed for a long time",
				    h->failed ? c->collection : NULL};
	(void)snprintf(c->blobs, sizeof c->blobs,
		       "%" PRIu64 " blobs were found damaged and must be pushed again",
		       h->stored.damaged);
	c->rows[6] = (struct check){"blobs", h->stored.damaged == 0, c->blobs, NULL};
	(void)snprintf(c->space, sizeof c->space,
		       "%" PRIu64 " MiB of the disk are left, of which uploads must leave %" PRIu64,
		       h->disk_free >> 20, h->reserve >> 20);
	c->rows[7] = (struct check){"disk space", h->disk_free >= h->reserve, c->space, NULL};
}

static void checks_run(const struct api *api, bool with_stored, struct checks *c)
{
	*c = (struct checks){.has_stored = false};
	c->rows[0] = (struct check){
	    "started", api->ready,
	    api->engine && !engine_is_settled(api->engine)
		? "a vulnerability database is being switched to, or the server stops"
		: "still starting or stopping",
	    NULL};
	checks_store(api, with_stored, c);
	c->rows[2] = (struct check){"jail", api->pool && pool_is_jailed(api->pool),
				    "workers run without their full jail", NULL};
	c->rows[3] =
	    (struct check){"vulnerability database", vdb_built(api) > 0,
			   "no vulnerability database is loaded: nothing can be matched", NULL};
	c->rows[4] = (struct check){"workers",
				    api->pool && !pool_trouble(api->pool, c->trouble, TROUBLE_CAP),
				    "the last worker did not become ready", c->trouble};
}

struct check_row {
	struct bytes name, reason;
	bool ok;
};
static const struct record_field check_fields[] = {
    RECORD_FIELD(struct check_row, name, RECORD_TEXT, "name", "What was checked"),
    RECORD_FIELD(struct check_row, ok, RECORD_BOOL, "ok", "The check passed"),
    RECORD_FIELD(struct check_row, reason, RECORD_TEXT, "reason", "What is wrong",
		 .flags = RECORD_OPTIONAL),
};
static const struct record_object check_object = {.name = "ReadyCheck", RECORD_TABLE(check_fields)};

struct ready_row {
	bool ready;
	struct record_rows checks;
	struct bytes jail;
	int64_t vdb_built_ms;
};
static const struct record_field ready_fields[] = {
    RECORD_FIELD(struct ready_row, ready, RECORD_BOOL, "ready", "The server is ready"),
    RECORD_FIELD(struct ready_row, checks, RECORD_OBJECTS, "checks", "What was checked",
		 .of = &check_object, .stride = sizeof(struct check_row)),
    RECORD_FIELD(struct ready_row, jail, RECORD_TEXT, "jail", "The workers' restrictions",
		 .flags = RECORD_OPTIONAL),
    RECORD_FIELD(struct ready_row, vdb_built_ms, RECORD_TIME, "vulndb_built_at",
		 "When the vulnerability database was built", .flags = RECORD_OPTIONAL),
};
static const struct record_object ready_object = {
    .name = "Ready", .text = "The server's state", RECORD_TABLE(ready_fields)};

struct version_row {
	struct bytes name, version;
	struct record_rows apis;
};
static const struct record_field version_fields[] = {
    RECORD_FIELD(struct version_row, name, RECORD_TEXT, "name", "plimsoll"),
    RECORD_FIELD(struct version_row, version, RECORD_TEXT, "version", "Its version"),
    RECORD_FIELD(struct version_row, apis, RECORD_TEXTS, "apis", "Paths of its interfaces"),
};
static const struct record_object version_object = {.name = "Version",
						    RECORD_TABLE(version_fields)};

static int reply_row(struct http_request *r, unsigned status, const struct record_object *o,
		     const void *row, struct err *e)
{
	struct buf body;
	struct json_out w;
	buf_init(&body, METRICS_MAX);
	json_out_init(&w, &body, false);
	record_put(&w, NULL, o, row);
	return api_reply_json(r, status, &body, e);
}

/* All but the first two are warnings: what they speak of is still served without. */
static int get_readyz(struct http_request *r, struct err *e)
{
	const struct api *api = api_of(r);
	struct checks checks;
	struct check_row rows[CHECK_COUNT];
	checks_run(api, false, &checks);
	const struct check *c = checks.rows;
	bool known = api_is_known(r, ACTION_SYSTEM_READ);
	for (size_t i = 0; i < CHECK_COUNT; i++) {
		const char *why = known && c[i].detail ? c[i].detail : c[i].why;
		rows[i] = (struct check_row){.name = bytes_of(c[i].name),
					     .ok = c[i].ok,
					     .reason = c[i].ok ? BYTES_NONE : bytes_of(why)};
	}
	struct ready_row row = {.ready = c[0].ok && c[1].ok,
				.checks = {rows, CHECK_COUNT},
				.vdb_built_ms = vdb_built(api)};
	if (api->pool)
		row.jail = bytes_of(pool_jail_report(api->pool));
	return reply_row(r, row.ready ? 200 : 503, &ready_object, &row, e);
}

static int get_version(struct http_request *r, struct err *e)
{
	static const char *const starts[] = {"/api/v1", "/v2/"};
	const struct bytes apis[] = {bytes_of(starts[0]), bytes_of(starts[1])};
	const struct api *api = api_of(r);
	struct version_row row = {.name = BYTES_LIT("plimsoll"),
				  .version = bytes_of(api->version ? api->version : ""),
				  .apis = {apis, sizeof apis / sizeof *apis}};
	return reply_row(r, 200, &version_object, &row, e);
}

/* Resident bytes, from the kernel: second number of statm, in pages. 0 when it cannot be read. */
static uint64_t resident(void)
{
	uint64_t size = 0, pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	if (!f)
		return 0;
	/* NOLINTNEXTLINE(cert-err34-c): the kernel writes what fits */
	if (fscanf(f, "%" SCNu64 " %" SCNu64, &size, &pages) != 2)
		pages = 0;
	(void)fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void metric(struct buf *out, const char *name, const char *type, const char *help,
		   double value)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", name, help, name, type, name,
		   value);
}

static void scan_metrics(struct buf *out, const struct api *api)
{
	unsigned busy = 0, slots = 0;
	if (api->pool)
		pool_load(api->pool, &busy, &slots);
	metric(out, "plimsoll_workers_busy", "gauge", "Busy workers", busy);
	metric(out, "plimsoll_workers", "gauge", "Worker slots", slots);
	if (!api->engine)
		return;
	struct engine_counts n = engine_counts_get(api->engine);
	metric(out, "plimsoll_scans_completed_total", "counter", "Scans completed",
	       (double)n.completed);
	metric(out, "plimsoll_scans_failed_total", "counter", "Scans failed", (double)n.failed);
	metric(out, "plimsoll_scans_unsupported_total", "counter",
	       "Scans of images that cannot be assessed", (double)n.unsupported);
	metric(out, "plimsoll_layers_live_total", "counter", "Layers indexed while they uploaded",
	       (double)n.layers_live);
	metric(out, "plimsoll_layers_late_total", "counter", "Layers indexed from the store",
	       (double)n.layers_late);
	metric(out, "plimsoll_vulndb_built_timestamp_seconds", "gauge",
	       "When the vulnerability database was built; 0 without one",
	       (double)vdb_built(api) / 1e3);
}

static void store_metrics(struct buf *out, const struct registry_health *h)
{
	metric(out, "plimsoll_stored_bytes", "gauge", "Bytes of stored blobs, each once",
	       (double)h->stored.all.bytes);
	metric(out, "plimsoll_stored_blobs", "gauge", "Stored blobs", (double)h->stored.all.blobs);
	metric(out, "plimsoll_damaged_blobs", "gauge",
	       "Blobs that were found damaged and must be pushed again", (double)h->stored.damaged);
	metric(out, "plimsoll_damaged_blobs_found_total", "counter", "Blobs found damaged",
	       (double)h->found_damaged);
	metric(out, "plimsoll_scrubbed_bytes_total", "counter",
	       "Stored bytes re-read for verification", (double)h->scrubbed_bytes);
	metric(out, "plimsoll_collected_bytes_total", "counter", "Bytes freed by collection",
	       (double)h->freed_bytes);
	metric(out, "plimsoll_collected_files_total", "counter", "Files removed by collection",
	       (double)h->freed_files);
	metric(out, "plimsoll_collection_failures", "gauge", "Failures of the last collection",
	       (double)h->failed);
	metric(out, "plimsoll_collection_whole_timestamp_seconds", "gauge",
	       "Time of the last complete collection; 0 = none since the start",
	       (double)h->last_pass_ms / 1e3);
	if (h->disk_all == UINT64_MAX)
		return;
	metric(out, "plimsoll_disk_free_bytes", "gauge",
	       "Free bytes of the disk that holds the blobs", (double)h->disk_free);
	metric(out, "plimsoll_disk_bytes", "gauge", "Size of that disk", (double)h->disk_all);
	metric(out, "plimsoll_disk_reserve_bytes", "gauge", "Free bytes that uploads must leave",
	       (double)h->reserve);
}

#define REGISTRIES_BUDGET (8U << 20) /* bytes: names and hosts of all registries */

struct by_registry {
	struct buf *out;
	struct arena a;
};

/* What each registry holds, labelled with its name, which has no character that a label must
 * escape. */
static void registry_metrics(struct buf *out, const struct store_registries *list,
			     const struct repository_total *totals,
			     const struct store_stored *stored)
{
	static const struct {
		const char *name, *help;
	} rows[] = {{"plimsoll_registry_images", "Images of a registry"},
		    {"plimsoll_registry_unhealthy_images", "Images with findings"},
		    {"plimsoll_registry_unverified_images", "Images that could not be assessed"},
		    {"plimsoll_registry_stored_blobs", "Blobs of a registry"},
		    {"plimsoll_registry_stored_bytes", "Bytes of those blobs"}};
	for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
		buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", rows[k].name, rows[k].help,
			   rows[k].name);
		for (size_t i = 0; i < list->count; i++) {
			const uint64_t values[] = {totals[i].images, totals[i].unhealthy,
						   totals[i].unverified, stored[i].blobs,
						   stored[i].bytes};
			buf_printf(out, "%s{registry=\"%.*s\"} %" PRIu64 "\n", rows[k].name,
				   BYTES_ARG(list->items[i].name), values[k]);
		}
	}
}

static int registries_tx(struct db_tx *tx, void *arg, struct err *e)
{
	static const struct store_registries_query all = {.name = {.len = 0}};
	const struct visibility v = VISIBILITY_ALL;
	struct by_registry *b = arg;
	struct store_registries list;
	if (store_registries_list(tx, &all, &b->a, &list, e) < 0)
		return -(int)e->code;
	int64_t *ids = arena_alloc(&b->a, list.count, sizeof *ids);
	struct repository_total *totals = arena_alloc(&b->a, list.count, sizeof *totals);
	struct store_stored *stored = arena_alloc(&b->a, list.count, sizeof *stored);
	if (!ids || !totals || !stored)
		return err_nomem(e);
	for (size_t i = 0; i < list.count; i++)
		ids[i] = list.items[i].id;
	if (repository_totals_sums(tx, ids, list.count, &v, totals, e) < 0 ||
	    store_stored_many(tx, ids, list.count, stored, e) < 0)
		return -(int)e->code;
	registry_metrics(b->out, &list, totals, stored);
	return 0;
}

static int get_metrics(struct http_request *r, struct err *e)
{
	struct by_registry by = {.out = NULL};
	struct buf body;
	struct api *api = api_of(r);
	struct checks checks;
	checks_run(api, true, &checks);
	buf_init(&body, METRICS_MAX);
	buf_printf(&body, "# HELP plimsoll_http_requests_total Requests by class of status\n"
			  "# TYPE plimsoll_http_requests_total counter\n");
	for (unsigned i = 0; i < 6; i++)
		buf_printf(&body, "plimsoll_http_requests_total{status=\"%s%s\"} %" PRIu64 "\n",
			   i ? (const char[]){(char)('0' + i), '\0'} : "gone", i ? "xx" : "",
			   atomic_load(&api->metrics.requests[i]));
	metric(&body, "plimsoll_http_request_seconds_total", "counter", "Time spent on requests",
	       (double)atomic_load(&api->metrics.took_us) / 1e6);
	metric(&body, "plimsoll_http_received_bytes_total", "counter", "Bytes of request bodies",
	       (double)atomic_load(&api->metrics.bytes_in));
	metric(&body, "plimsoll_http_sent_bytes_total", "counter", "Bytes of reply bodies",
	       (double)atomic_load(&api->metrics.bytes_out));
	metric(&body, "plimsoll_reads_waiting", "gauge", "Reads of the store that wait their turn",
	       turns_reads_waiting(api->turns));
	metric(&body, "plimsoll_uptime_seconds", "gauge", "Seconds since the start",
	       (double)(clock_wall_ms() - api->started_ms) / 1e3);
	metric(&body, "process_resident_memory_bytes", "gauge", "Resident memory",
	       (double)resident());
	buf_printf(&body, "# HELP plimsoll_check Checks of /readyz\n# TYPE plimsoll_check gauge\n");
	for (size_t i = 0; i < CHECK_COUNT; i++)
		buf_printf(&body, "plimsoll_check{name=\"%s\"} %d\n", checks.rows[i].name,
			   checks.rows[i].ok);
	if (checks.has_stored)
		store_metrics(&body, &checks.stored);
	scan_metrics(&body, api);
	metric(&body, "plimsoll_store_statements_total", "counter",
	       "Statements that the database was asked", (double)db_asked(api->db));
	by.out = &body;
	arena_init(&by.a, REGISTRIES_BUDGET);
	if (db_run(api->db, DB_READ, registries_tx, &by, e) < 0)
		buf_printf(&body, "# registries: not read\n");
	arena_free(&by.a);
	int rc = buf_ok(&body)
		     ? http_reply_bytes(r, 200, "text/plain; version=0.0.4", buf_bytes(&body), e)
		     : err_set(e, ERR_NOMEM, "metrics");
	buf_free(&body);
	return rc;
}

static int get_openapi(struct http_request *r, struct err *e)
{
	struct buf body;
	const struct api *api = api_of(r);
	buf_init(&body, 4U << 20);
	api_openapi_put(&body, api->version ? api->version : "", api->public_url, api_tables,
			api_table_count);
	return api_reply_json(r, 200, &body, e);
}

void api_served(void *context, const struct http_request *r, const struct http_route *route,
		unsigned status, int64_t took_us, uint64_t bytes_in, uint64_t bytes_out)
{
	(void)r;
	(void)route;
	struct api_metrics *m = &((struct api *)context)->metrics;
	unsigned class = status / 100 < 6 ? status / 100 : 0;
	atomic_fetch_add_explicit(&m->requests[class], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&m->took_us, (uint64_t)took_us, memory_order_relaxed);
	atomic_fetch_add_explicit(&m->bytes_in, bytes_in, memory_order_relaxed);
	atomic_fetch_add_explicit(&m->bytes_out, bytes_out, memory_order_relaxed);
}

static const struct api_doc livez_doc = {
    .id = "getLivez",
    .replies = {{.status = 200, .text = "`ok`", .type = "text/plain"}},
};
#define READY_REPLIES                                                                              \
	{                                                                                          \
		{.status = 200, .text = "It can", .of = &ready_object},                            \
		{                                                                                  \
			.status = 503, .text = "It cannot", .of = &ready_object                    \
		}                                                                                  \
	}
static const struct api_doc readyz_doc = {.id = "getReadyz", .replies = READY_REPLIES};
static const struct api_doc healthz_doc = {.id = "getHealthz", .replies = READY_REPLIES};
static const struct api_doc version_doc = {
    .id = "getVersion",
    .replies = {{.status = 200, .text = "Name and version", .of = &version_object}},
};
static const struct api_doc metrics_doc = {
    .id = "getMetrics",
    .replies = {{.status = 200, .text = "Metrics", .type = "text/plain; version=0.0.4"}},
};
static const struct api_doc openapi_doc = {
    .id = "getOpenapi",
    .replies = {{.status = 200, .text = "This document", .type = "application/json"}},
};

const struct http_route api_system_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/livez",
     .handle = get_livez,
     .action = HTTP_PUBLIC,
     .summary = "The process answers",
     .doc = &livez_doc},
    {.methods = HTTP_GET,
     .pattern = "/readyz",
     .handle = get_readyz,
     .action = HTTP_PUBLIC,
     .summary = "Whether the server is ready, and why not",
     .doc = &readyz_doc},
    {.methods = HTTP_GET,
     .pattern = "/healthz",
     .handle = get_readyz,
     .action = HTTP_PUBLIC,
     .summary = "The same as /readyz",
     .doc = &healthz_doc},
    {.methods = HTTP_GET,
     .pattern = "/version",
     .handle = get_version,
     .action = HTTP_PUBLIC,
     .summary = "Name and version",
     .doc = &version_doc},
    {.methods = HTTP_GET,
     .pattern = "/metrics",
     .handle = get_metrics,
     .action = ACTION_SYSTEM_READ,
     .summary = "Metrics in the Prometheus text format",
     .doc = &metrics_doc},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/openapi.json",
     .handle = get_openapi,
     .action = HTTP_PUBLIC,
     .summary = "This description of the interface",
     .doc = &openapi_doc},
};
const size_t api_system_route_count = sizeof api_system_routes / sizeof *api_system_routes;
