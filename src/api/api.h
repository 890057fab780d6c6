/* api: what every handler reaches by http_context: the server's parts, made and closed by daemon/. One file per resource; each exports its rows as
 * `api_<resource>_routes` with `api_<resource>_route_count`, and api/table.c lists those tables. */
#pragma once
#include "base/json.h"
#include "http/http.h"
#include "store/db.h"

struct access;
struct blobs;
struct engine;
struct pool;
struct registry;

struct api {
	struct db *db;
	struct blobs *blobs;
	struct registry *registry;
	struct access *access;
	struct pool *pool;
	struct engine *engine;
	const char *public_url; /* "" = answer by the Host that was asked */
	const char *version;
	int64_t started_ms;
	bool ready; /* set when everything runs */
};
struct api *api_of(struct http_request *r);

struct api_routes {
	const char *resource;
	const struct http_route *rows;
	const size_t *count;
};
extern const struct api_routes api_tables[];
extern const size_t api_table_count;

/* Replies. */
int api_reply_json(struct http_request *r, unsigned status, struct buf *body, struct err *e); /* frees body */
/* ?limit= of 1 to max, fallback when absent; ERR_FORMAT. */
int api_limit(struct http_request *r, size_t fallback, size_t max, size_t *ret, struct err *e);
