/* Images: how they stand, and the packages in them. */
#include "api/routes.h"

#include "base/clock.h"
#include "report/finding.h"
#include "report/support.h"
#include "store/images.h"
#include "store/registry.h"

#define TAGS_MAX 100 /* told of one image */
#define SUPPORT_MAX 4096U /* bytes: what is said of a release's support takes some 200 */

struct asked {
	struct http_request *r;
	struct bytes repository;
	struct bytes digest; /* the image's; in a list: after this one */
	int state;	     /* enum ims_state; -1 = any */
	size_t limit;
};

static struct asked asked(struct http_request *r)
{
	return (struct asked){.r = r,
			      .repository = http_param(r, "repository"),
			      .digest = http_param(r, "digest"),
			      .state = -1};
}

void api_put_counts(struct json_out *w, const char *key, const struct ims_counts *c)
{
	json_put_object(w, key);
	for (int s = ADV_SEV_CRITICAL; s >= 0; s--)
		json_put_u64(w, adv_severity_word((enum adv_severity)s), c->by[s]);
	json_put_end(w, '}');
}

/* 1 = *ret filled in; ERR_NOT_FOUND. */
static int find(struct db_tx *tx, const struct asked *q, struct ims_image *ret, struct err *e)
{
	int r = ims_get(tx, q->repository, q->digest, http_arena(q->r), ret, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no image %.*s@%.*s",
			       BYTES_ARG(q->repository), BYTES_ARG(q->digest));
	return r;
}

int api_image_exists(struct db_tx *tx, struct http_request *r, struct err *e)
{
	struct asked q = asked(r);
	struct ims_image image;
	int rc = find(tx, &q, &image, e);
	return rc < 0 ? rc : 0;
}

static int put_tags(struct db_tx *tx, struct json_out *w, const struct asked *q,
		    const struct ims_image *i, struct err *e)
{
	struct rgs t = {.tx = tx, .tenant = API_TENANT};
	struct rgs_texts tags = {0};
	int64_t repository = rgs_repository_find(&t, i->repository, e);
	int r = repository < 0 ? (int)repository : 0;
	if (repository > 0)
		r = rgs_tags_of(&t, repository, i->digest, TAGS_MAX, http_arena(q->r), &tags, e);
	json_put_array(w, "tags");
	for (size_t k = 0; r >= 0 && k < tags.count; k++)
		json_put_string(w, NULL, tags.items[k]);
	json_put_end(w, ']');
	return r < 0 ? r : 0;
}

/* What the image itself says of the end of its support. */
static struct bytes stated_end(struct bytes coverage, struct arena *a)
{
	struct json j;
	struct bytes key, end = BYTES_NONE;
	json_init(&j, coverage, a);
	json_enter_object(&j);
	while (json_next_key(&j, &key)) {
		if (bytes_eq_lit(key, "support_end") && json_peek(&j) == JSON_STRING)
			end = json_string(&j);
		else
			json_skip(&j);
	}
	return json_finish(&j, NULL) == 0 ? end : BYTES_NONE;
}

/* The statement as the scan made it, and what today says of the release's support. */
static void put_coverage(struct json_out *w, const struct ims_image *i, struct arena *a)
{
	struct support support;
	struct buf text, more;
	struct json_out inner;
	bool whole =
	    bytes_has_prefix_lit(i->coverage, "{\"") && bytes_has_suffix_lit(i->coverage, "}");
	if (!whole || !support_find(i->distro_id, i->distro_version, i->distro_name,
				    stated_end(i->coverage, a), clock_wall_ms(), &support)) {
		json_put_raw(w, "coverage", i->coverage);
		return;
	}
	buf_init(&text, i->coverage.len + SUPPORT_MAX);
	buf_init(&more, SUPPORT_MAX);
	json_out_init(&inner, &more, false);
	json_put_object(&inner, NULL);
	support_put(&inner, &support);
	json_put_end(&inner, '}');
	buf_put(&text, bytes_part(i->coverage, 0, i->coverage.len - 1));
	buf_put_u8(&text, ',');
	buf_put(&text, bytes_from(buf_bytes(&more), 1));
	json_put_raw(w, "coverage",
		     buf_ok(&text) && buf_ok(&more) ? buf_bytes(&text) : i->coverage);
	buf_free(&more);
	buf_free(&text);
}

static int put_image(struct db_tx *tx, struct json_out *w, const struct asked *q,
		     const struct ims_image *i, struct err *e)
{
	json_put_object(w, NULL);
	json_put_text(w, "registry", API_REGISTRY);
	json_put_string(w, "repository", i->repository);
	json_put_string(w, "digest", i->digest);
	int r = put_tags(tx, w, q, i, e);
	json_put_string(w, "platform", i->platform);
	json_put_text(w, "state", ims_state_word(i->state));
	json_put_string(w, "reason", i->reason);
	api_put_counts(w, "findings", &i->counts);
	json_put_u64(w, "packages", i->package_count);
	json_put_object(w, "distro");
	json_put_string(w, "id", i->distro_id);
	json_put_string(w, "version_id", i->distro_version);
	json_put_string(w, "name", i->distro_name);
	json_put_end(w, '}');
	json_put_time(w, "pushed_at", i->pushed_ms);
	json_put_time(w, "pulled_at", i->pulled_ms);
	json_put_time(w, "scanned_at", i->scanned_ms);
	put_coverage(w, i, http_arena(q->r));
	json_put_end(w, '}');
	return r;
}

/* Rows are read before the first one is written: its tags are another statement. */
static int64_t read_images(struct db_tx *tx, const struct asked *q, struct ims_image *rows,
			   struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT " IMS_COLUMNS " FROM " IMS_FROM
		     " WHERE i.repository = $1 AND i.digest > $2"
		     " AND ($3 < 0 OR " CNT_STATE " = $3) ORDER BY i.digest LIMIT $4",
		     DB_ARGS(DB_T(q->repository), DB_T(q->digest), DB_I(q->state),
			     DB_I(q->limit + 1)),
		     e);
	if (!s)
		return -(int)e->code;
	int64_t n = 0;
	int r;
	while ((r = db_step(s, e)) > 0 && (r = ims_row(s, http_arena(q->r), &rows[n], e)) >= 0)
		n++;
	db_done(s);
	return r < 0 ? r : n;
}

static int write_images(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct asked *q = arg;
	struct ims_image *rows = arena_alloc(http_arena(q->r), q->limit + 1, sizeof *rows);
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu images", q->limit);
	int64_t n = read_images(tx, q, rows, e);
	if (n < 0)
		return (int)n;
	bool more = (size_t)n > q->limit;
	int r = 0;
	api_list_begin(w);
	for (size_t i = 0; r == 0 && i < (more ? q->limit : (size_t)n); i++)
		r = put_image(tx, w, q, &rows[i], e);
	api_list_end(w, more ? rows[q->limit - 1].digest : BYTES_NONE);
	return r;
}

static int get_images(struct http_request *r, struct err *e)
{
	bool has_state;
	struct bytes state = http_query(r, "state", &has_state);
	struct asked q = asked(r);
	q.digest = http_query(r, "cursor", NULL);
	for (int i = IMS_PENDING; has_state && i <= IMS_UNVERIFIED; i++) {
		if (bytes_eq_lit(state, ims_state_word((enum ims_state)i)))
			q.state = i;
	}
	if (has_state && q.state < 0)
		return err_set(e, ERR_FORMAT,
			       "state: \"%.*s\" is none of Pending, Healthy, Unhealthy, Unverified",
			       BYTES_ARG(state));
	int rc = api_limit(r, &q.limit, e);
	return rc < 0 ? rc : api_reply_read(r, 200, write_images, &q, e);
}

static int write_image(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct ims_image image;
	int r = find(tx, arg, &image, e);
	return r < 0 ? r : put_image(tx, w, arg, &image, e);
}

static int get_image(struct http_request *r, struct err *e)
{
	struct asked q = asked(r);
	return api_reply_read(r, 200, write_image, &q, e);
}

static int write_packages(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct ims_image image;
	struct buf purl;
	int r = find(tx, arg, &image, e);
	if (r < 0)
		return r;
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT p.type, p.namespace, p.name, p.version, p.arch, p.source_name,"
	    " p.source_version, p.module, p.vendor, p.distro, p.third_party, sp.path, l.digest"
	    " FROM image_set s JOIN image_layer l ON l.id = s.layer_id"
	    " JOIN set_package sp ON sp.set_id = s.set_id"
	    " JOIN package p ON p.id = sp.package_id WHERE s.image_id = $1"
	    " ORDER BY p.type, p.name, p.version, p.arch, p.id",
	    DB_ARGS(DB_I(image.id)), e);
	if (!s)
		return -(int)e->code;
	buf_init(&purl, 8192);
	api_list_begin(w);
	while ((r = db_step(s, e)) > 0) {
		struct pkg p = {.type = db_bytes(s, 0),
				.namespace = db_bytes(s, 1),
				.name = db_bytes(s, 2),
				.version = db_bytes(s, 3),
				.arch = db_bytes(s, 4),
				.source_name = db_bytes(s, 5),
				.source_version = db_bytes(s, 6),
				.module = db_bytes(s, 7),
				.vendor = db_bytes(s, 8),
				.distro = db_bytes(s, 9),
				.third_party = db_int(s, 10) != 0,
				.path = db_bytes(s, 11)};
		buf_clear(&purl);
		pkg_purl(&p, &purl);
		json_put_object(w, NULL);
		report_package_put(w, &p, db_bytes(s, 12), buf_bytes(&purl));
		json_put_end(w, '}');
	}
	db_done(s);
	buf_free(&purl);
	api_list_end(w, BYTES_NONE);
	return r < 0 ? r : 0;
}

static int get_packages(struct http_request *r, struct err *e)
{
	struct asked q = asked(r);
	return api_reply_read(r, 200, write_packages, &q, e);
}

const struct http_route api_images_routes[] = {
    {.methods = HTTP_GET,
     .pattern = API_REPOSITORY "/images",
     .handle = get_images,
     .action = ACTION_SECURITY_READ,
     .summary = "Images of a repository",
     .query = "state limit cursor"},
    {.methods = HTTP_GET,
     .pattern = API_IMAGE,
     .handle = get_image,
     .action = ACTION_SECURITY_READ,
     .summary = "One image, its state and coverage"},
    {.methods = HTTP_GET,
     .pattern = API_IMAGE "/packages",
     .handle = get_packages,
     .action = ACTION_SECURITY_READ,
     .summary = "Packages of an image with the layer that brought each in"},
};
const size_t api_images_route_count = sizeof api_images_routes / sizeof *api_images_routes;
