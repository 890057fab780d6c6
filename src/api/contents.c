/* What an image is made of, as it is stored: its layers and what each brought in, its manifest and
 * config byte for byte, and what is attached to it. Nothing of it counts as a pull. */
#include "api/annotations.h"
#include "api/doc.h"
#include "api/routes.h"

#include "base/limits.h"
#include "ledger/ancestry.h"
#include "ledger/findings.h"
#include "ledger/images.h"
#include "oci/config.h"
#include "oci/reference.h"
#include "registry/registry.h"

#include <string.h>

#define FINDINGS_MAX 10000U	       /* of one image, that are looked at */
#define FINDINGS_STEP 200U	       /* of them that are read together */
#define STEP_MEMORY ((size_t)32 << 20) /* bytes: those */
#define MATCHES_MAX 1000U	       /* of a finding: the first decide which layers it is of */
#define REPLY_MAX (8U << 20)	       /* bytes of a list */
#define ATTACHED_MAX (64U << 10) /* bytes of a manifest that lists files; larger ones list none */
#define TITLE_KEY "org.opencontainers.image.title"

/* The manifest of the path: 0. content: with its bytes. */
static int find_manifest(struct http_request *r, struct registry **g, bool content,
			 struct store_manifest *ret, struct err *e)
{
	struct bytes name = http_param(r, "repository"), digest = http_param(r, "digest");
	struct digest d;
	*ret = (struct store_manifest){.digest = BYTES_NONE};
	if (!ref_is_name(name))
		return err_set(e, ERR_FORMAT, "repository: \"%.*s\" is not a valid repository name",
			       BYTES_ARG(name));
	if (api_registry_get(r, g, e) < 0 || digest_parse(digest, &d, e) < 0)
		return -(int)e->code;
	int rc = registry_manifest_get(*g, name, digest, content, http_arena(r), ret, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no %.*s@%.*s", BYTES_ARG(name),
			       BYTES_ARG(digest));
	return rc < 0 ? rc : 0;
}

/* What a browser must not take for a page. */
static int guard(struct http_request *r, struct err *e)
{
	return http_reply_header(r, "X-Content-Type-Options", BYTES_LIT("nosniff"), e);
}

static int get_manifest(struct http_request *r, struct err *e)
{
	struct registry *g;
	struct store_manifest m = {.size = 0};
	if (find_manifest(r, &g, true, &m, e) < 0 || guard(r, e) < 0)
		return -(int)e->code;
	const char *type = arena_cstr(http_arena(r), m.media_type);
	return type ? http_reply_bytes(r, 200, type, m.content, e) : err_nomem(e);
}

/* The bytes of a config: *ret in the request's arena. ERR_NOT_FOUND, ERR_LIMIT. */
static int read_config(struct http_request *r, struct registry *g, const struct oci_manifest *m,
		       struct bytes *ret, struct err *e)
{
	struct bytes name = http_param(r, "repository");
	OWN_CONTENT struct content c = CONTENT_INIT;
	int rc = registry_blob_open(g, name, &m->config.digest, &c, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "the config %.*s is not there",
			       BYTES_ARG(m->config.digest_text));
	if (rc < 0)
		return rc;
	if (c.size > LIMIT_CONFIG_MAX)
		return err_set(e, ERR_LIMIT, "the config has %llu bytes; at most %u are shown",
			       (unsigned long long)c.size, LIMIT_CONFIG_MAX);
	uint8_t *out = arena_alloc(http_arena(r), (size_t)c.size + 1, 1);
	ssize_t n = out ? content_read(&c, out, (size_t)c.size, 0, e) : err_nomem(e);
	if (n < 0)
		return (int)n;
	*ret = (struct bytes){.ptr = out, .len = (size_t)n};
	return 0;
}

static int parse(struct http_request *r, const struct store_manifest *stored,
		 struct oci_manifest *ret, struct err *e)
{
	return oci_manifest_parse(stored->content, stored->media_type, http_arena(r), ret, e);
}

static int get_config(struct http_request *r, struct err *e)
{
	struct registry *g;
	struct store_manifest stored = {.size = 0};
	struct oci_manifest m;
	struct bytes config;
	if (find_manifest(r, &g, true, &stored, e) < 0 || parse(r, &stored, &m, e) < 0)
		return -(int)e->code;
	if (m.kind != OCI_IMAGE)
		return err_set(e, ERR_NOT_FOUND, "%.*s is an index, which has no config",
			       BYTES_ARG(stored.digest));
	if (read_config(r, g, &m, &config, e) < 0 || guard(r, e) < 0)
		return -(int)e->code;
	const char *type = oci_is_config_type(m.config.media_type) ? "application/json"
								   : "application/octet-stream";
	return http_reply_bytes(r, 200, type, config, e);
}

static int get_blob(struct http_request *r, struct err *e)
{
	struct registry *g;
	struct digest d;
	struct bytes name = http_param(r, "repository"), digest = http_param(r, "digest");
	OWN_CONTENT struct content c = CONTENT_INIT;
	if (!ref_is_name(name))
		return err_set(e, ERR_FORMAT, "repository: \"%.*s\" is not a valid repository name",
			       BYTES_ARG(name));
	if (api_registry_get(r, &g, e) < 0 || digest_parse(digest, &d, e) < 0)
		return -(int)e->code;
	int rc = registry_blob_open(g, name, &d, &c, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no blob %.*s in %.*s", BYTES_ARG(digest),
			       BYTES_ARG(name));
	if (rc > 0)
		rc = guard(r, e);
	if (rc == 0)
		rc = http_reply_header(r, "Content-Disposition", BYTES_LIT("attachment"), e);
	if (rc == 0 && c.address) {
		rc = http_reply_header(r, "Location", bytes_of(c.address), e);
		return rc < 0 ? rc : http_reply_empty(r, 307, e);
	}
	return rc < 0 ? rc : http_reply_content(r, 200, &c, 0, c.size, e);
}

/* Layers. */
struct layer_row {
	struct bytes digest, media_type, created_by;
	uint64_t size, packages, findings;
	bool base;
};
#define L(member, kind, key, ...) RECORD_FIELD(struct layer_row, member, kind, key, __VA_ARGS__)
static const struct record_field layer_fields[] = {
    L(digest, RECORD_TEXT, "digest", "Its digest", .pattern = RECORD_DIGEST_PATTERN),
    L(media_type, RECORD_TEXT, "media_type", "Its media type"),
    L(size, RECORD_UINT, "size", "Bytes, as it is stored"),
    L(created_by, RECORD_TEXT, "created_by", "The line of the image's history that made it",
      .flags = RECORD_OPTIONAL),
    L(base, RECORD_BOOL, "base", "It is one of the image's base, as far as that is known"),
    L(packages, RECORD_UINT, "packages", "Packages that it brought in"),
    L(findings, RECORD_UINT, "findings", "Findings of those; of the image's first 10,000"),
};
static const struct record_object layer_object = {.name = "Layer",
						  .text =
						      "A layer of an image and what it brought in",
						  RECORD_TABLE(layer_fields)};
struct layers_row {
	struct record_rows layers, annotations;
	uint64_t size;
	bool annotations_whole;
};
static const struct record_field layers_fields[] = {
    RECORD_FIELD(struct layers_row, size, RECORD_UINT, "size", "Bytes of all layers as stored"),
    RECORD_FIELD(struct layers_row, layers, RECORD_OBJECTS, "layers", "From the lowest to the top",
		 .of = &layer_object, .stride = sizeof(struct layer_row)),
    RECORD_FIELD(struct layers_row, annotations, RECORD_OBJECTS, "annotations",
		 "What its maker says of it: the manifest's annotations and the config's labels of "
		 "known names, such as `org.opencontainers.image.source` and `.revision`",
		 .of = &api_annotation_object, .stride = sizeof(struct api_annotation)),
    RECORD_FIELD(struct layers_row, annotations_whole, RECORD_BOOL, "annotations_whole",
		 "false: there are more than 64 of them, or longer ones than 1,024 bytes"),
};
static const struct record_object layers_object = {
    .name = "Layers",
    .text = "The layers of an image, and what its maker says of it",
    RECORD_TABLE(layers_fields)};

struct layers {
	struct http_request *r;
	struct layer_row *rows;
	struct layers_row all;
};

static int count_packages(struct db_tx *tx, struct layers *l, int64_t image, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT s.position, count(*) FROM image_set s"
				     " JOIN set_package p ON p.set_id = s.set_id AND p.position = 0"
				     " WHERE s.image_id = $1 GROUP BY s.position",
				     DB_ARGS(DB_I(image)), e);
	if (!s)
		return -(int)e->code;
	int r;
	while ((r = db_step(s, e)) > 0) {
		uint64_t at = (uint64_t)db_int(s, 0);
		if (at < l->all.layers.count)
			l->rows[at].packages = (uint64_t)db_int(s, 1);
	}
	db_done(s);
	return r;
}

static void count_finding(struct layers *l, const struct finding *f)
{
	for (size_t i = 0; i < l->all.layers.count; i++) {
		bool is_in = false;
		for (size_t k = 0; k < f->match_listed && !is_in; k++)
			is_in = bytes_eq(f->matches[k].layer, l->rows[i].digest);
		l->rows[i].findings += is_in;
	}
}

static int count_findings(struct db_tx *tx, struct layers *l, const struct ledger_image *image,
			  struct err *e)
{
	struct finding_cursor cursor = {.is_set = false};
	const struct criteria of = {.digests = {&image->digest, 1}};
	const struct finding_query q = {.visible = VISIBILITY_ALL,
					.repository_id = image->repository_id,
					.criteria = &of,
					.sort = FINDING_BY_SEVERITY,
					.ageless = true,
					.matches = MATCHES_MAX,
					.max = FINDINGS_STEP};
	bool more = true;
	for (size_t count = 0; more && count < FINDINGS_MAX;) {
		struct arena step;
		bool ok = true;
		arena_init(&step, STEP_MEMORY);
		struct finding *list = arena_alloc(&step, q.max, sizeof *list);
		int64_t n =
		    list ? finding_list(tx, &q, &cursor, &step, list, &more, e) : err_nomem(e);
		for (int64_t i = 0; i < n; i++)
			count_finding(l, &list[i]);
		if (n >= 0)
			cursor.name = arena_bytes(http_arena(l->r), cursor.name, &ok);
		arena_free(&step);
		if (n < 0 || !ok)
			return n < 0 ? (int)n : err_nomem(e);
		count += (size_t)n;
	}
	return 0;
}

static int write_layers(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct layers *l = arg;
	struct ledger_image image;
	struct visibility v;
	struct ancestry base = {.how = ANCESTRY_NONE};
	for (size_t i = 0; i < l->all.layers.count; i++)
		l->rows[i].packages = l->rows[i].findings = 0;
	if (api_image_find(tx, l->r, &image, e) < 0 || api_visibility(l->r, &v, e) < 0 ||
	    ancestry_find(tx, &v, &image.id, 1, http_arena(l->r), &base, e) < 0 ||
	    count_packages(tx, l, image.id, e) < 0 || count_findings(tx, l, &image, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < l->all.layers.count; i++)
		l->rows[i].base = base.how != ANCESTRY_NONE && i < base.layers;
	record_put(w, NULL, &layers_object, &l->all);
	return 0;
}

/* The lines of the history and the labels, where a config can be read: without one the layers are
 * still there. */
static int read_history(struct http_request *r, struct registry *g, const struct oci_manifest *m,
			struct layers *l, struct err *e)
{
	struct err ignored = ERR_INIT;
	struct bytes text = BYTES_NONE;
	struct oci_config config;
	if (!oci_is_config_type(m->config.media_type) || read_config(r, g, m, &text, &ignored) < 0)
		text = BYTES_NONE;
	else if (oci_config_parse(text, http_arena(r), &config, &ignored) == 0)
		for (size_t i = 0; i < m->layer_count; i++)
			l->rows[i].created_by = oci_config_layer_line(&config, i);
	return api_annotations_read(m->annotations, text, http_arena(r), &l->all.annotations,
				    &l->all.annotations_whole, e);
}

static int get_layers(struct http_request *r, struct err *e)
{
	struct registry *g;
	struct store_manifest stored = {.size = 0};
	struct oci_manifest m;
	struct layers l = {.r = r, .all.annotations_whole = true};
	if (find_manifest(r, &g, true, &stored, e) < 0 || parse(r, &stored, &m, e) < 0)
		return -(int)e->code;
	size_t n = m.kind == OCI_IMAGE ? m.layer_count : 0;
	l.rows = arena_alloc(http_arena(r), n ? n : 1, sizeof *l.rows);
	if (!l.rows)
		return err_nomem(e);
	for (size_t i = 0; i < n; i++) {
		const struct oci_descriptor *d = &m.layers[i];
		l.rows[i] = (struct layer_row){
		    .digest = d->digest_text, .media_type = d->media_type, .size = d->size};
		l.all.size += d->size;
	}
	l.all.layers = (struct record_rows){l.rows, n};
	if (m.kind == OCI_IMAGE && read_history(r, g, &m, &l, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_layers, &l, e);
}

/* What is attached. */
struct file_row {
	struct bytes digest, media_type, title;
	uint64_t size;
};
#define F(member, kind, key, ...) RECORD_FIELD(struct file_row, member, kind, key, __VA_ARGS__)
static const struct record_field file_fields[] = {
    F(digest, RECORD_TEXT, "digest", "Digest of the blob", .pattern = RECORD_DIGEST_PATTERN),
    F(media_type, RECORD_TEXT, "media_type", "Its media type"),
    F(size, RECORD_UINT, "size", "Its bytes"),
    F(title, RECORD_TEXT, "title", "Its name, where its maker gave one", .flags = RECORD_OPTIONAL),
};
static const struct record_object file_object = {
    .name = "AttachedFile", .text = "A file of an artifact", RECORD_TABLE(file_fields)};
struct attached_row {
	struct store_manifest m;
	struct record_rows files;
	uint64_t size;
};
#define A(member, kind, key, ...) RECORD_FIELD(struct attached_row, member, kind, key, __VA_ARGS__)
static const struct record_field attached_fields[] = {
    A(m.digest, RECORD_TEXT, "digest", "Digest of its manifest", .pattern = RECORD_DIGEST_PATTERN),
    A(m.media_type, RECORD_TEXT, "media_type", "Media type of its manifest"),
    A(m.artifact_type, RECORD_TEXT, "artifact_type", "What it is; may be empty",
      .example = "\"application/vnd.in-toto+json\""),
    A(size, RECORD_UINT, "size", "Bytes of its files"),
    A(m.pushed_at, RECORD_TIME, "pushed_at", "When it was pushed", .flags = RECORD_OPTIONAL),
    A(files, RECORD_OBJECTS, "files", "Its files; none of an index, nor of a manifest over 64 KiB",
      .of = &file_object, .stride = sizeof(struct file_row)),
};
static const struct record_object attached_object = {
    .name = "Referrer",
    .text = "An artifact whose subject is the image: a signature, a bill of materials",
    RECORD_TABLE(attached_fields)};
struct attached_query {
	struct api_page page;
};
static const struct record_field attached_query_fields[] = {
    API_PAGE_FIELDS(struct attached_query, page),
};
static const struct record_object attached_query = {RECORD_TABLE(attached_query_fields)};

static struct bytes title_of(struct bytes annotations, struct arena *a)
{
	struct json j;
	struct bytes key, title = BYTES_NONE;
	if (!annotations.len)
		return BYTES_NONE;
	json_init(&j, annotations, a);
	json_enter_object(&j);
	while (json_next_key(&j, &key)) {
		if (bytes_eq_lit(key, TITLE_KEY) && json_peek(&j) == JSON_STRING)
			title = json_string(&j);
		else
			json_skip(&j);
	}
	return json_finish(&j, NULL) == 0 ? title : BYTES_NONE;
}

/* One that cannot be read has no files: that is said by its manifest. */
static int read_files(struct http_request *r, struct registry *g, struct attached_row *row,
		      struct err *e)
{
	struct arena *a = http_arena(r);
	struct store_manifest stored = {.size = 0};
	struct oci_manifest m;
	struct err ignored = ERR_INIT;
	if (row->m.size > ATTACHED_MAX || oci_is_index_type(row->m.media_type))
		return 0;
	int rc = registry_manifest_get(g, http_param(r, "repository"), row->m.digest, true, a,
				       &stored, e);
	if (rc <= 0 || oci_manifest_parse(stored.content, stored.media_type, a, &m, &ignored) < 0)
		return rc < 0 ? rc : 0;
	struct file_row *files = arena_alloc(a, m.layer_count + 1, sizeof *files);
	if (!files)
		return err_nomem(e);
	for (size_t i = 0; i < m.layer_count; i++) {
		const struct oci_descriptor *d = &m.layers[i];
		files[i] = (struct file_row){.digest = d->digest_text,
					     .media_type = d->media_type,
					     .size = d->size,
					     .title = title_of(d->annotations, a)};
		row->size += d->size;
	}
	row->files = (struct record_rows){files, m.layer_count};
	return 0;
}

static int reply_attached(struct http_request *r, struct registry *g,
			  const struct store_manifests *list, bool first, struct err *e)
{
	struct buf body;
	struct json_out w;
	int rc = 0;
	buf_init(&body, REPLY_MAX);
	json_out_init(&w, &body, false);
	api_list_begin(&w);
	for (size_t i = 0; rc == 0 && i < list->count; i++) {
		struct attached_row row = {.m = list->items[i]};
		rc = read_files(r, g, &row, e);
		if (rc == 0)
			record_put(&w, NULL, &attached_object, &row);
	}
	api_list_end(&w, list->more ? list->items[list->count - 1].digest : BYTES_NONE,
		     total_of(list->count, first && !list->more));
	if (rc == 0)
		return api_reply_json(r, 200, &body, e);
	buf_free(&body);
	return rc;
}

static int get_attached(struct http_request *r, struct err *e)
{
	struct registry *g;
	struct store_manifest subject = {.size = 0};
	struct store_manifests list = {.count = 0};
	struct attached_query q;
	struct digest d;
	if (api_query_read(r, &q, e) < 0)
		return -(int)e->code;
	if (q.page.cursor.len && digest_parse(q.page.cursor, &d, NULL) < 0)
		return api_bad_cursor(e);
	if (find_manifest(r, &g, false, &subject, e) < 0)
		return -(int)e->code;
	const struct store_page page = {.after = q.page.cursor, .n = (size_t)q.page.limit};
	int rc = registry_referrers(g, http_param(r, "repository"), subject.digest, &page,
				    http_arena(r), &list, e);
	return rc < 0 ? rc : reply_attached(r, g, &list, !q.page.cursor.len, e);
}

static const struct api_doc manifest_doc = {
    .id = "getImageManifest",
    .text = "Byte for byte; its digest is the path's. It is not a pull.",
    .replies = {{.status = 200, .text = "The manifest", .type = API_ANY_TYPE}},
};
static const struct api_doc config_doc = {
    .id = "getImageConfig",
    .text = "Byte for byte. It may hold what the image's makers set as environment.",
    .replies = {{.status = 200, .text = "The config", .type = API_ANY_TYPE}},
};
static const struct record_field address_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "Location", "Where it is kept", .format = "uri"),
};
static const struct record_object address_headers = {RECORD_TABLE(address_fields)};
static const struct api_doc blob_doc = {
    .id = "downloadBlob",
    .text = "For who has no registry client at hand: a file of an artifact, or a layer.",
    .replies = {{.status = 200, .text = "Its bytes", .type = API_ANY_TYPE},
		{.status = 307, .text = "They are elsewhere", .headers = &address_headers}},
};
static const struct api_doc layers_doc = {
    .id = "listLayers",
    .replies = {{.status = 200, .text = "Its layers", .of = &layers_object}},
};
static const struct api_doc attached_doc = {
    .id = "listImageReferrers",
    .query = &attached_query,
    .replies = {{.status = 200, .text = "A page, by digest", .of = &attached_object, .list = true}},
};
const struct http_route api_contents_routes[] = {
    {.methods = HTTP_GET,
     .pattern = API_IMAGE "/layers",
     .handle = get_layers,
     .action = ACTION_SECURITY_READ,
     .summary = "The layers of an image and what each brought in",
     .doc = &layers_doc},
    {.methods = HTTP_GET,
     .pattern = API_IMAGE "/referrers",
     .handle = get_attached,
     .action = ACTION_SECURITY_READ,
     .summary = "What is attached to an image",
     .doc = &attached_doc},
    {.methods = HTTP_GET,
     .pattern = API_IMAGE "/manifest",
     .handle = get_manifest,
     .action = ACTION_PULL,
     .summary = "The manifest of an image, as it is stored",
     .doc = &manifest_doc},
    {.methods = HTTP_GET,
     .pattern = API_IMAGE "/config",
     .handle = get_config,
     .action = ACTION_PULL,
     .summary = "The config of an image, as it is stored",
     .doc = &config_doc},
    {.methods = HTTP_GET,
     .pattern = API_REPOSITORY "/blobs/{digest}",
     .handle = get_blob,
     .action = ACTION_PULL,
     .summary = "A blob of a repository, to be saved",
     .doc = &blob_doc},
};
const size_t api_contents_route_count = sizeof api_contents_routes / sizeof *api_contents_routes;
