/* The vulnerability database in use. */
#include "api/routes.h"

#include "base/clock.h"
#include "scan/engine.h"
#include "vdb/vdb.h"

static void put_sources(struct json_out *w, const struct vdb *v)
{
	json_put_array(w, "sources");
	for (size_t i = 0; i < vdb_source_count(v); i++) {
		struct vdb_source s;
		if (!vdb_source_get(v, i, &s))
			continue;
		json_put_object(w, NULL);
		json_put_string(w, "feed", s.feed);
		json_put_string(w, "source", s.source);
		json_put_time(w, "fetched_at", s.fetched_ms);
		json_put_u64(w, "records", s.records);
		json_put_u64(w, "notes", s.notes);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
}

static int get_vdb(struct http_request *r, struct err *e)
{
	struct buf out;
	struct json_out w;
	struct engine *g = api_of(r)->engine;
	const struct vdb *v = engine_vdb_take(g);
	buf_init(&out, 4U << 20);
	json_out_init(&w, &out, false);
	json_put_object(&w, NULL);
	json_put_bool(&w, "present", v != NULL);
	if (v) {
		struct vdb_counts c = vdb_counts_get(v);
		json_put_text(&w, "digest", vdb_digest(v));
		json_put_time(&w, "built_at", vdb_built_ms(v));
		json_put_i64(&w, "age_seconds", (clock_wall_ms() - vdb_built_ms(v)) / 1000);
		json_put_u64(&w, "advisories", c.advisories);
		json_put_u64(&w, "affected", c.affected);
		json_put_u64(&w, "packages", c.packages);
		json_put_u64(&w, "exploits", c.exploits);
		json_put_u64(&w, "size", c.file_len);
		put_sources(&w, v);
	}
	json_put_end(&w, '}');
	engine_vdb_give(g, v);
	return api_reply_json(r, 200, &out, e);
}

static int post_update(struct http_request *r, struct err *e)
{
	const struct api *api = api_of(r);
	if (!api->vdb_update)
		return err_set(e, ERR_UNSUPPORTED, "this server fetches no feeds");
	api->vdb_update(api->vdb_update_arg);
	return http_reply_empty(r, 202, e);
}

const struct http_route api_vdb_routes[] = {
	{.methods = HTTP_GET, .pattern = "/api/v1/vulndb", .handle = get_vdb,
	 .action = ACTION_SECURITY_READ, .summary = "The vulnerability database in use"},
    {.methods = HTTP_POST,
     .pattern = "/api/v1/vulndb:update",
     .handle = post_update,
     .action = ACTION_VDB_UPDATE,
     .summary = "Fetch the feeds now; what changed is matched as soon as it is built"},
};
const size_t api_vdb_route_count = sizeof api_vdb_routes / sizeof *api_vdb_routes;
