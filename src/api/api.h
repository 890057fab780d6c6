/* api: what every handler reaches by http_context: the server's parts, made and closed by daemon/.
 * One file per resource; each exports its rows as `api_<resource>_routes` with
 * `api_<resource>_route_count`, and api/table.c lists those tables. */
#pragma once
#include "base/json.h"
#include "http/http.h"
#include "store/total.h"

#include <stdatomic.h>

struct access;
struct engine;
struct api_oidc;
struct importer;
struct pool;
struct registry;
struct turns;
struct visibility;

/* Counted by api_served. */
struct api_metrics {
	_Atomic uint64_t requests[6]; /* by hundred of the status; 0: the client went away before */
	_Atomic uint64_t took_us, bytes_in, bytes_out;
};

struct api {
	struct db *db;
	struct registry *registry; /* the first one */
	struct access *access;
	struct pool *pool;
	struct engine *engine;
	struct importer *importer;
	const struct api_oidc *oidc; /* NULL: people have passwords only */
	/* Fetch the feeds now rather than on schedule. NULL: feeds are not fetched. */
	void (*vdb_update)(void *arg);
	void *vdb_update_arg;
	const char *public_url; /* "" = answer by the Host that was asked */
	const char *version;
	int64_t started_ms;
	bool anonymous_pushes;		/* the registry takes pushes without an account */
	bool secrets_off;		/* scans do not look for secrets */
	struct sibling_cache *siblings; /* defend/sibling_cache.h; NULL: nothing is kept */
	struct turns *turns;		/* api/turns.h */
	unsigned read_ms;   /* a reply's reading may take this long, then it is 503; 0 = 5 s */
	_Atomic bool ready; /* set when everything runs */
	/* Where the first start kept the owner's password; removed when the owner logs in or gets
	 * another. */
	const char *owner_file;
	_Atomic bool owner_pending;
	struct api_metrics metrics;
};
struct api *api_of(struct http_request *r);
bool api_is_word(struct bytes have, const char *word); /* in any case of ASCII */

struct api_routes {
	const char *resource;
	const struct http_route *rows;
	const size_t *count;
	const char *text; /* what the resource is, for the OpenAPI document */
};
extern const struct api_routes api_tables[];
extern const size_t api_table_count;

/* The hooks of the HTTP server (struct http_hooks; context is the struct api). */
int api_authorise(struct http_request *r, const struct http_route *route, struct err *e);
void api_served(void *context, const struct http_request *r, const struct http_route *route,
		unsigned status, int64_t took_us, uint64_t bytes_in, uint64_t bytes_out);
/* struct http_hooks, too: notes a change that was denied or failed; a 404 is a denial if the caller
 * lacks the action where it was asked for. */
void api_refused(struct http_request *r, unsigned status);
/* What the request is about: the scope of its route's action. */
struct bytes api_scope_asked(struct http_request *r);
/* Whose rows the caller of an `anywhere` route sees. */
int api_visibility(struct http_request *r, struct visibility *ret, struct err *e);
/* The answer for a scope that a request names and that is not there: ERR_FORMAT for who may do what
 * the route asks for at this path; others must not learn that, and get what scopes of others get,
 * api_scope_denied. */
int api_no_scope(struct http_request *r, struct bytes scope, struct err *e);
int api_scope_denied(struct http_request *r, struct bytes scope, struct err *e);
/* 403 that names the action that lacks. Returns 1, or <0. */
int api_forbid(struct http_request *r, const char *action, struct bytes scope, struct err *e);
/* A browser asks, for a person. */
bool api_wants_page(struct http_request *r);
/* The cookie that holds a session of the portal; empty: none. */
#define API_SESSION_COOKIE "plimsoll_session"
struct bytes api_session_cookie(struct http_request *r);
struct bytes api_cookie(struct http_request *r, const char *wanted); /* empty: none */
/* A page of another site asks, or may: without is the answer where no origin is stated. */
bool api_is_foreign(struct http_request *r, bool without);
/* 401 of a route under /api/v1. */
int api_unknown(struct http_request *r, const char *why, struct err *e);
/* 429 with Retry-After for logins. Returns what a handler returns. */
int api_too_many(struct http_request *r, unsigned wait_sec, struct err *e);
/* For a public route: the caller may do the action at "/". Anonymous and wrong credentials may
 * not. */
bool api_is_known(struct http_request *r, const char *action);
/* name has logged in or got a new password: the file that the first start kept the owner's in goes.
 */
void api_owner_seen(struct api *api, struct bytes name);
/* What a client calls a repository, as access.h names it: "NAME" of the first registry,
 * "/REGISTRY/NAME" of another. */
struct bytes api_repository_asked(struct http_request *r, struct bytes name);
/* Where clients reach the server: as configured, else, and for a registry with hosts of its own, as
 * they asked. */
const char *api_base_url(struct http_request *r);
/* The asking principal may do the action in this repository too (the source of a cross-mount). */
bool api_allows(struct http_request *r, const char *action, struct bytes repository);
/* Instead of doing without it: when a token for more would let the asking principal pull from this
 * repository, too, reply 401 with a challenge that names both. 1 = replied, 0 = nothing to gain,
 * <0. */
int api_challenge_pull(struct http_request *r, struct bytes repository, struct err *e);
/* The OpenAPI 3.1 document of these tables; url: of the server, "" or NULL = relative. */
void api_openapi_put(struct buf *out, const char *version, const char *url,
		     const struct api_routes *tables, size_t count);

/* Before what may hold hundreds of MiB: wait for a turn (api/turns.h). 0: do it, then api_turn_end;
 * 1 = replied that too many do, 503 with Retry-After; <0. */
int api_turn_begin(struct http_request *r, struct err *e);
void api_turn_end(struct http_request *r);
/* 503 with Retry-After. Returns 1, or <0. */
int api_busy(struct http_request *r, const char *why, struct err *e);

/* Replies. */
/* Frees body. */
int api_reply_json(struct http_request *r, unsigned status, struct buf *body, struct err *e);
/* JSON written inside one read transaction, so that a reply never mixes two states. write may be
 * called again for a transaction that is repeated; what it wrote before is thrown away. 0 or <0. */
typedef int (*api_write_fn)(struct db_tx *tx, struct json_out *w, void *arg, struct err *e);
int api_reply_read(struct http_request *r, unsigned status, api_write_fn write, void *arg,
		   struct err *e);
/* One read transaction with the limits of a reply's, for who replies by itself; it may be repeated.
 */
int api_read(struct http_request *r, int (*read)(struct db_tx *tx, void *arg, struct err *e),
	     void *arg, struct err *e);
/* {"items": [ … ], "total": n, "total_exact": true, "next": "…"}; next is left out when it is
 * empty: the last page. */
void api_list_begin(struct json_out *w);
void api_list_end(struct json_out *w, struct bytes next, struct total total);
/* Such a next, as printed into memory: without memory (NULL) the reply fails, for a list without
 * next would say that it ends here. */
struct bytes api_cursor(struct json_out *w, const char *made);
/* Of a list whose pages go on at a row's number; 0: there is no next page. */
struct bytes api_number_cursor(struct json_out *w, struct arena *a, int64_t number);
