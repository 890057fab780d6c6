/* Imports: images of other registries, fetched by the server. */
#include "api/doc.h"
#include "api/people.h"

#include "connect/import.h"
#include "registry/registry.h"

#define BODY_MAX 65536 /* certificates are the largest part */

static const char *mode_word(int i)
{
	static const char *const words[] = {"NoForce", "Force", NULL};
	return words[i];
}

struct import_row {
	struct store_import i;
	struct bytes source;
	struct record_rows tags;
	bool all_platforms;
	int mode, state;
	int64_t next_run_at;
};
#define I(member, kind, key, ...) RECORD_FIELD(struct import_row, member, kind, key, __VA_ARGS__)
static const struct record_field import_fields[] = {
    I(i.id, RECORD_INT, "id", "Its number; later ones are higher"),
    I(source, RECORD_TEXT, "source", "What is imported",
      .example = "\"docker.io/library/alpine:3.18\""),
    I(i.registry, RECORD_TEXT, "registry", "Into which registry"),
    I(i.repository, RECORD_TEXT, "repository", "Into which repository",
      .pattern = RECORD_REPOSITORY_PATTERN),
    I(tags, RECORD_TEXTS, "tags", "The tags that it gets"),
    I(all_platforms, RECORD_BOOL, "all_platforms", "Of an index all images are imported"),
    I(i.platform, RECORD_TEXT, "platform", "Of an index the image of this platform is imported",
      .flags = RECORD_OPTIONAL),
    I(mode, RECORD_WORD, "mode", "Force: tags that exist are moved", .words = mode_word),
    I(state, RECORD_WORD, "state", "Its state. Queued: also between two attempts",
      .words = store_import_state_word),
    I(i.reason, RECORD_TEXT, "reason", "Why it failed, or waits for another attempt",
      .flags = RECORD_OPTIONAL),
    I(i.digest, RECORD_TEXT, "digest",
      "Digest of the image or index; absent until the source was read", .flags = RECORD_OPTIONAL),
    I(i.progress.manifests_done, RECORD_UINT, "manifests_done", "Manifests that are in the target"),
    I(i.progress.manifests_total, RECORD_UINT, "manifests_total",
      "Manifests in all; 0 until the source was read"),
    I(i.progress.blobs_done, RECORD_UINT, "blobs_done", "Blobs that are in the target"),
    I(i.progress.blobs_total, RECORD_UINT, "blobs_total", "Blobs in all"),
    I(i.progress.bytes_done, RECORD_UINT, "bytes_done", "Bytes of blobs that are here"),
    I(i.progress.bytes_total, RECORD_UINT, "bytes_total", "Bytes of blobs in all"),
    I(i.progress.bytes_fetched, RECORD_UINT, "bytes_fetched",
      "Bytes of blobs that came from the source; the rest was here"),
    I(i.attempts, RECORD_INT, "attempts", "Failed attempts since the last progress"),
    I(i.actor, RECORD_TEXT, "requested_by", "Who asked for it"),
    I(i.created_at, RECORD_TIME, "created_at", "When it was asked for"),
    I(i.started_at, RECORD_TIME, "started_at", "When it first began", .flags = RECORD_OPTIONAL),
    I(i.finished_at, RECORD_TIME, "finished_at", "When it ended", .flags = RECORD_OPTIONAL),
    I(next_run_at, RECORD_TIME, "next_run_at", "When it will be tried; while it is Queued",
      .flags = RECORD_OPTIONAL),
};
static const struct record_object import_object = {
    .name = "Import",
    .text = "An image of another registry that the server fetches",
    RECORD_TABLE(import_fields)};

static int put_import(struct json_out *w, struct http_request *r, struct store_import *i,
		      struct err *e)
{
	struct arena *a = http_arena(r);
	struct bytes *tags = arena_alloc(a, REGISTRY_TAGS_MAX, sizeof *tags), rest = i->tags;
	const char *source = import_source_text(i, a);
	if (!tags || !source)
		return err_set(e, ERR_NOMEM, "no memory for an import");
	importer_progress(api_of(r)->importer, i);
	struct import_row row = {.i = *i,
				 .source = bytes_of(source),
				 .tags = {.items = tags},
				 .all_platforms = i->options & STORE_IMPORT_ALL_PLATFORMS,
				 .mode = (i->options & STORE_IMPORT_FORCE) != 0,
				 .state = (int)i->state};
	while (rest.len && row.tags.count < REGISTRY_TAGS_MAX)
		tags[row.tags.count++] = bytes_cut(&rest, ' ');
	if (i->state == STORE_IMPORT_QUEUED)
		row.next_run_at = i->run_at;
	record_put(w, NULL, &import_object, &row);
	return 0;
}

struct imports_query {
	struct api_page page; /* first */
	struct bytes registry;
	int state;
};
static const struct record_field imports_query_fields[] = {
    RECORD_FIELD(struct imports_query, registry, RECORD_TEXT, "registry",
		 "Into this registry only"),
    RECORD_FIELD(struct imports_query, state, RECORD_WORD, "state", "In this state only",
		 .words = store_import_state_word, .fallback = RECORD_NONE),
    API_PAGE_FIELDS(struct imports_query, page),
};
static const struct record_object imports_query = {RECORD_TABLE(imports_query_fields)};

#define NOWHERE (-1) /* no registry has this number */

struct listing {
	struct imports_query q; /* the table's struct: first */
	struct http_request *r;
	uint64_t before;
};

static int write_imports(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct arena *a = http_arena(l->r);
	struct store_imports got;
	struct total total;
	struct store_import_query q = {
	    .state = l->q.state, .before = (int64_t)l->before, .n = (size_t)l->q.page.limit};
	int rc = api_visibility(l->r, &q.visible, e);
	if (rc >= 0 && l->q.registry.len) {
		q.registry_id = api_registry_find(tx, l->q.registry, e);
		rc = q.registry_id < 0 ? (int)q.registry_id : 0;
	}
	if (rc == -ERR_NOT_FOUND && !q.visible.all) { /* the answer of one that is out of sight */
		*e = (struct err)ERR_INIT;
		q.registry_id = NOWHERE;
		rc = 0;
	}
	if (rc >= 0)
		rc = store_import_total(tx, &q, &total, e);
	if (rc >= 0)
		rc = store_import_list(tx, &q, a, &got, e);
	if (rc < 0)
		return rc;
	api_list_begin(w);
	for (size_t i = 0; i < got.count && rc >= 0; i++)
		rc = put_import(w, l->r, &got.items[i], e);
	api_list_end(w, api_number_cursor(w, a, got.more ? got.items[got.count - 1].id : 0), total);
	return rc;
}

static int get_imports(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (api_query_read(r, &l.q, e) < 0)
		return -(int)e->code;
	if (api_number_cursor_read(l.q.page.cursor, &l.before, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_imports, &l, e);
}

struct asked {
	struct http_request *r;
	int64_t id; /* 0 = of the path */
	struct store_import i;
};

/* The import, at a registry where the caller may do what the route asks for. */
static int find_import(struct db_tx *tx, void *arg, struct err *e)
{
	struct asked *q = arg;
	struct visibility v;
	int64_t id = q->id;
	int rc = id ? 0 : api_id(q->r, "import", &id, e);
	if (rc >= 0 && q->id)
		v = VISIBILITY_ALL;
	else if (rc >= 0)
		rc = api_visibility(q->r, &v, e);
	if (rc >= 0)
		rc = store_import_get(tx, id, &v, http_arena(q->r), &q->i, e);
	return rc == 0 ? api_no_such(q->r, "import", e) : rc < 0 ? rc : 0;
}

static int write_import(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct asked *q = arg;
	int rc = find_import(tx, q, e);
	return rc < 0 ? rc : put_import(w, q->r, &q->i, e);
}

static int get_import(struct http_request *r, struct err *e)
{
	struct asked q = {.r = r};
	return api_reply_read(r, 200, write_import, &q, e);
}

static int delete_import(struct http_request *r, struct err *e)
{
	struct asked q = {.r = r};
	const struct access_actor by = people_actor(r);
	if (db_run(api_of(r)->db, DB_READ, find_import, &q, e) < 0 ||
	    importer_cancel(api_of(r)->importer, &q.i, &by, e) < 0)
		return -(int)e->code;
	return http_reply_empty(r, 204, e);
}

struct from_body {
	struct bytes registry, repository, tag, digest;
};
static const struct record_field from_fields[] = {
    RECORD_FIELD(struct from_body, registry, RECORD_TEXT, "registry",
		 "Host, with the port where it is not 443; default: docker.io",
		 .example = "\"mcr.microsoft.com\""),
    RECORD_FIELD(struct from_body, repository, RECORD_TEXT, "repository", "Its repository",
		 .flags = RECORD_NEEDED),
    RECORD_FIELD(struct from_body, tag, RECORD_TEXT, "tag", "A tag; default: latest"),
    RECORD_FIELD(struct from_body, digest, RECORD_TEXT, "digest", "Or a digest"),
};
static const struct record_object from_object = {
    .name = "ImportSource", .text = "A source by its parts", RECORD_TABLE(from_fields)};

struct credentials_body {
	struct bytes username, password, token;
};
static const struct record_field credentials_fields[] = {
    RECORD_FIELD(struct credentials_body, username, RECORD_TEXT, "username", "User name"),
    RECORD_FIELD(struct credentials_body, password, RECORD_TEXT, "password", "Its password",
		 .flags = RECORD_SECRET),
    RECORD_FIELD(struct credentials_body, token, RECORD_TEXT, "token",
		 "Instead: a bearer token of the registry", .flags = RECORD_SECRET),
};
static const struct record_object credentials_object = {
    .name = "ImportCredentials",
    .text = "For the source. Kept encrypted until the import ends, and never shown",
    RECORD_TABLE(credentials_fields)};

struct new_import {
	struct bytes source, repository, platform, authorities;
	struct from_body from;
	struct credentials_body credentials;
	struct record_rows tags;
	bool all_platforms, insecure;
	int mode;
};
#define N(member, kind, key, ...) RECORD_FIELD(struct new_import, member, kind, key, __VA_ARGS__)
static const struct record_field new_fields[] = {
    N(source, RECORD_TEXT, "source",
      "The image or index as clients write it. `alpine` is `docker.io/library/alpine:latest`",
      .example = "\"docker.io/library/alpine:3.18\""),
    N(from, RECORD_OBJECT, "from", "Instead of `source`: its parts", .of = &from_object),
    N(credentials, RECORD_OBJECT, "credentials", "For the source; absent: none",
      .of = &credentials_object),
    N(repository, RECORD_TEXT, "repository",
      "Target repository; default: the name of the source's"),
    N(tags, RECORD_TEXTS, "tags",
      "Up to 32 target tags; default: the source's tag, none for a digest"),
    N(all_platforms, RECORD_BOOL, "all_platforms", "Of an index import all images"),
    N(platform, RECORD_TEXT, "platform",
      "Of an index import this one, such as linux/arm64; default: the server's platform"),
    N(mode, RECORD_WORD, "mode", "NoForce: 409 when a tag exists. Force: tags that exist are moved",
      .words = mode_word),
    N(insecure, RECORD_BOOL, "insecure",
      "Accept plain HTTP or an unknown certificate, if the setting import-insecure lists the host"),
    N(authorities, RECORD_TEXT, "ca_certificates",
      "Certificates (PEM) to trust for this source instead of the system's"),
};
static const struct record_object new_body = {
    .name = "NewImport", .text = "What to import", RECORD_TABLE(new_fields)};

static int post_import(struct http_request *r, struct err *e)
{
	struct new_import b = {.mode = 0};
	struct asked q = {.r = r};
	struct registry *g;
	const struct access_actor actor = people_actor(r);
	const struct import_by by = {.actor = &actor, .user_id = http_principal(r)->user_id};
	if (api_body_read(r, &b, e) < 0 || api_registry_get(r, &g, e) < 0)
		return -(int)e->code;
	const struct import_ask ask = {.source = b.source,
				       .registry = b.from.registry,
				       .source_repository = b.from.repository,
				       .tag = b.from.tag,
				       .digest = b.from.digest,
				       .username = b.credentials.username,
				       .password = b.credentials.password,
				       .token = b.credentials.token,
				       .authorities = b.authorities,
				       .repository = b.repository,
				       .tags = b.tags.items,
				       .tag_count = b.tags.count,
				       .platform = b.platform,
				       .all_platforms = b.all_platforms,
				       .force = b.mode == 1,
				       .insecure = b.insecure};
	if (importer_add(api_of(r)->importer, g, &ask, &by, &q.id, e) < 0)
		return e->code == ERR_FORMAT ? err_ctx(e, "body") : -(int)e->code;
	const char *at = arena_printf(http_arena(r), "/api/v1/imports/%lld", (long long)q.id);
	if (!at)
		return err_set(e, ERR_NOMEM, "no memory");
	int rc = http_reply_header(r, "Location", bytes_of(at), e);
	return rc < 0 ? rc : api_reply_read(r, 202, write_import, &q, e);
}

static const struct record_field id_fields[] = {
    RECORD_SHOWN(RECORD_INT, "id", "Number of the import"),
};
static const struct record_object id_params = {RECORD_TABLE(id_fields)};

static const struct api_doc list_doc = {
    .id = "listImports",
    .query = &imports_query,
    .replies = {{.status = 200,
		 .text = "A page of imports, newest first",
		 .of = &import_object,
		 .list = true}},
};
static const struct api_doc get_doc = {
    .id = "getImport",
    .params = &id_params,
    .replies = {{.status = 200, .text = "The import", .of = &import_object}},
};
static const struct api_doc post_doc = {
    .id = "createImport",
    .text = "The tags appear when everything is there. An import that breaks off goes on by "
	    "itself, also after a restart, and fetches what is missing. At most 50 manifests of "
	    "an index are imported.",
    .body = &new_body,
    .body_example = "{\"source\": \"docker.io/library/alpine:3.18\", \"repository\": "
		    "\"base/alpine\", \"tags\": [\"3.18\"], \"all_platforms\": true}",
    .replies = {{.status = 202,
		 .text = "It is queued",
		 .of = &import_object,
		 .headers = &api_created_headers}},
    .errors = {404, 409},
};
static const struct api_doc delete_doc = {
    .id = "cancelImport",
    .text = "What was fetched for it is removed; images that are complete stay.",
    .params = &id_params,
    .replies = {{.status = 204, .text = "It was cancelled"}},
    .errors = {404, 409},
};

const struct http_route api_imports_routes[] = {
    {.methods = HTTP_POST,
     .pattern = "/api/v1/registries/{registry}/imports",
     .handle = post_import,
     .action = ACTION_IMPORT,
     .body_max = BODY_MAX,
     .summary = "Import an image of another registry",
     .doc = &post_doc},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/imports",
     .handle = get_imports,
     .action = ACTION_REGISTRY_READ,
     .anywhere = true,
     .summary = "Imports, newest first",
     .doc = &list_doc},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/imports/{id}",
     .handle = get_import,
     .action = ACTION_REGISTRY_READ,
     .anywhere = true,
     .summary = "One import and its progress",
     .doc = &get_doc},
    {.methods = HTTP_DELETE,
     .pattern = "/api/v1/imports/{id}",
     .handle = delete_import,
     .action = ACTION_IMPORT,
     .anywhere = true,
     .summary = "Cancel an import",
     .doc = &delete_doc},
};
const size_t api_imports_route_count = sizeof api_imports_routes / sizeof *api_imports_routes;
