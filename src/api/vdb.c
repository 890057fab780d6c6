/* The vulnerability database in use. */
#include "api/doc.h"
#include "api/routes.h"

#include "base/clock.h"
#include "scan/engine.h"
#include "vdb/vdb.h"

static const struct record_field source_fields[] = {
    RECORD_FIELD(struct vdb_source, feed, RECORD_TEXT, "feed", "Which feed", .example = "\"osv\""),
    RECORD_FIELD(struct vdb_source, source, RECORD_TEXT, "source", "File or address of the source"),
    RECORD_FIELD(struct vdb_source, fetched_ms, RECORD_TIME, "fetched_at", "When it was fetched",
		 .flags = RECORD_OPTIONAL),
    RECORD_FIELD(struct vdb_source, records, RECORD_UINT, "records", "Records in it"),
    RECORD_FIELD(struct vdb_source, notes, RECORD_UINT, "notes", "Records that could not be read"),
};
static const struct record_object source_object = {.name = "VulndbSource",
						   RECORD_TABLE(source_fields)};

struct vdb_row {
	struct bytes digest;
	int64_t built_ms, age_sec;
	struct vdb_counts counts;
	struct record_rows sources;
	bool present;
};
#define V(member, kind, key, ...)                                                                  \
	RECORD_FIELD(struct vdb_row, member, kind, key, __VA_ARGS__, .flags = RECORD_OPTIONAL)
static const struct record_field vdb_fields[] = {
    RECORD_FIELD(struct vdb_row, present, RECORD_BOOL, "present",
		 "Whether one is loaded; if not, nothing is matched and other fields are absent"),
    V(digest, RECORD_TEXT, "digest", "SHA-256 of the file"),
    V(built_ms, RECORD_TIME, "built_at", "When it was built"),
    V(age_sec, RECORD_INT, "age_seconds", "Since then"),
    V(counts.advisories, RECORD_UINT, "advisories", "Advisories"),
    V(counts.affected, RECORD_UINT, "affected", "Affected entries of packages"),
    V(counts.packages, RECORD_UINT, "packages", "Packages in them"),
    V(counts.exploits, RECORD_UINT, "exploits", "CVEs with KEV or EPSS data"),
    V(counts.file_len, RECORD_UINT, "size", "Bytes of the file"),
    V(sources, RECORD_OBJECTS, "sources", "What it was built from", .of = &source_object,
      .stride = sizeof(struct vdb_source)),
};
static const struct record_object vdb_object = {
    .name = "Vulndb", .text = "The vulnerability database in use", RECORD_TABLE(vdb_fields)};
static const struct record_object none_object = {.fields = vdb_fields, .count = 1};

/* The database's row; runs borrow from it. */
static int fill(const struct vdb *v, struct arena *a, struct vdb_row *row, struct err *e)
{
	size_t count = vdb_source_count(v), n = 0;
	struct vdb_source *sources = arena_alloc(a, count, sizeof *sources);
	if (!sources)
		return err_set(e, ERR_NOMEM, "no memory for %zu sources", count);
	for (size_t i = 0; i < count; i++)
		n += vdb_source_get(v, i, &sources[n]);
	*row = (struct vdb_row){.present = true,
				.digest = bytes_of(vdb_digest(v)),
				.built_ms = vdb_built_ms(v),
				.age_sec = (clock_wall_ms() - vdb_built_ms(v)) / 1000,
				.counts = vdb_counts_get(v),
				.sources = {sources, n}};
	row->age_sec = row->age_sec < 0 ? 0 : row->age_sec;
	return 0;
}

static int get_vdb(struct http_request *r, struct err *e)
{
	struct buf out;
	struct json_out w;
	struct engine *g = api_of(r)->engine;
	struct vdb_row row = {.present = false};
	const struct vdb *v = engine_vdb_take(g);
	int rc = v ? fill(v, http_arena(r), &row, e) : 0;
	buf_init(&out, 4U << 20);
	json_out_init(&w, &out, false);
	if (rc == 0)
		record_put(&w, NULL, v ? &vdb_object : &none_object, &row);
	engine_vdb_give(g, v);
	if (rc == 0)
		return api_reply_json(r, 200, &out, e);
	buf_free(&out);
	return rc;
}

static int post_update(struct http_request *r, struct err *e)
{
	const struct api *api = api_of(r);
	if (!api->vdb_update)
		return err_set(e, ERR_UNSUPPORTED, "this server fetches no feeds");
	api->vdb_update(api->vdb_update_arg);
	return http_reply_empty(r, 202, e);
}

static const struct api_doc vdb_doc = {
    .id = "getVulndb",
    .replies = {{.status = 200, .text = "The database, or that none is loaded", .of = &vdb_object}},
};
static const struct api_doc update_doc = {
    .id = "updateVulndb",
    .text = "The reply does not wait: `built_at` of /api/v1/vulndb changes when it is done.",
    .replies = {{.status = 202, .text = "The feeds are being fetched"}},
};

const struct http_route api_vdb_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/vulndb",
     .handle = get_vdb,
     .action = ACTION_SECURITY_READ,
     .summary = "The vulnerability database in use",
     .doc = &vdb_doc},
    {.methods = HTTP_POST,
     .pattern = "/api/v1/vulndb:update",
     .handle = post_update,
     .action = ACTION_VDB_UPDATE,
     .summary = "Fetch the feeds now; changes are matched once the database is built",
     .doc = &update_doc},
};
const size_t api_vdb_route_count = sizeof api_vdb_routes / sizeof *api_vdb_routes;
