/* Registries, repositories and images: what is there and how it stands. */
#include "api/routes.h"

#include "base/num.h"
#include "report/finding.h"
#include "store/findings.h"

#include <stdio.h>

#define PAGE 100
#define PAGE_MAX 1000

static void put_counts(struct json_out *w, const char *key, const struct ims_counts *c)
{
	json_put_object(w, key);
	for (int s = ADV_SEV_CRITICAL; s >= 0; s--)
		json_put_u64(w, adv_severity_word((enum adv_severity)s), c->by[s]);
	json_put_end(w, '}');
}

static void put_image(struct json_out *w, const char *key, const struct ims_image *i)
{
	json_put_object(w, key);
	json_put_string(w, "registry", BYTES_LIT(API_REGISTRY));
	json_put_string(w, "repository", i->repository);
	json_put_string(w, "digest", i->digest);
	json_put_string(w, "platform", i->platform);
	json_put_text(w, "state", ims_state_word(i->state));
	json_put_string(w, "reason", i->reason);
	put_counts(w, "findings", &i->counts);
	json_put_u64(w, "packages", i->package_count);
	json_put_object(w, "distro");
	json_put_string(w, "id", i->distro_id);
	json_put_string(w, "version_id", i->distro_version);
	json_put_string(w, "name", i->distro_name);
	json_put_end(w, '}');
	json_put_time(w, "pushed_at", i->pushed_ms);
	json_put_time(w, "pulled_at", i->pulled_ms);
	json_put_time(w, "scanned_at", i->scanned_ms);
	json_put_raw(w, "coverage", i->coverage);
	json_put_end(w, '}');
}

/* ---- lists ------------------------------------------------------------------------------------------------------------ */

struct list {
	struct http_request *r;
	struct json_out w;
	struct bytes repository;
	struct bytes after;
	size_t limit;
	bool has_state;
	int state;
};

static int repositories_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct list *l = arg;
	struct buf *out = l->w.out;
	buf_clear(out);
	json_out_init(&l->w, out, false);
	struct db_stmt *s = db_query(
		tx,
		"SELECT repository, count(*), sum(state = 2), sum(state = 3), sum(state = 1), sum(critical), sum(high),"
		" sum(medium), sum(low), sum(negligible), sum(unknown), max(pushed_at) FROM image"
		" WHERE repository > $1 GROUP BY repository ORDER BY repository LIMIT $2",
		DB_ARGS(DB_T(l->after), DB_I(l->limit + 1)), e);
	if (!s)
		return -(int)e->code;
	json_put_object(&l->w, NULL);
	json_put_array(&l->w, "items");
	int r;
	size_t n = 0;
	struct bytes last = BYTES_NONE;
	bool more = false, ok = true;
	while ((r = db_step(s, e)) > 0) {
		if (n++ == l->limit) {
			more = true;
			break;
		}
		struct ims_counts c = {0};
		for (int i = 0; i <= ADV_SEV_CRITICAL; i++)
			c.by[ADV_SEV_CRITICAL - i] = (uint64_t)db_int(s, 5 + i);
		last = arena_bytes(http_arena(l->r), db_bytes(s, 0), &ok);
		json_put_object(&l->w, NULL);
		json_put_string(&l->w, "registry", BYTES_LIT(API_REGISTRY));
		json_put_string(&l->w, "name", last);
		json_put_i64(&l->w, "images", db_int(s, 1));
		json_put_i64(&l->w, "unhealthy", db_int(s, 2));
		json_put_i64(&l->w, "unverified", db_int(s, 3));
		json_put_i64(&l->w, "healthy", db_int(s, 4));
		put_counts(&l->w, "findings", &c);
		json_put_time(&l->w, "pushed_at", db_int(s, 11));
		json_put_end(&l->w, '}');
	}
	db_done(s);
	json_put_end(&l->w, ']');
	if (more)
		json_put_string(&l->w, "next", last);
	json_put_end(&l->w, '}');
	return r < 0 ? r : 0;
}

static int run_list(struct http_request *r, db_fn fn, struct list *l, struct err *e)
{
	struct buf out;
	buf_init(&out, 256U << 20);
	l->r = r;
	l->w.out = &out;
	int rc = db_run(api_of(r)->db, DB_READ, fn, l, e);
	if (rc < 0) {
		buf_free(&out);
		return rc;
	}
	return api_reply_json(r, 200, &out, e);
}

static int get_repositories(struct http_request *r, struct err *e)
{
	struct list l = {.after = http_query(r, "cursor", NULL)};
	if (api_limit(r, PAGE, PAGE_MAX, &l.limit, e) < 0)
		return -(int)e->code;
	return run_list(r, repositories_tx, &l, e);
}

static int images_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct list *l = arg;
	struct buf *out = l->w.out;
	buf_clear(out);
	json_out_init(&l->w, out, false);
	struct db_stmt *s = db_query(tx,
				     "SELECT " IMS_COLUMNS " FROM image i WHERE i.repository = $1 AND i.digest > $2"
				     " AND ($3 < 0 OR i.state = $3) ORDER BY i.digest LIMIT $4",
				     DB_ARGS(DB_T(l->repository), DB_T(l->after), DB_I(l->has_state ? l->state : -1),
					     DB_I(l->limit + 1)),
				     e);
	if (!s)
		return -(int)e->code;
	json_put_object(&l->w, NULL);
	json_put_array(&l->w, "items");
	int r;
	size_t n = 0;
	struct ims_image image = {0};
	bool more = false;
	while ((r = db_step(s, e)) > 0) {
		if (n++ == l->limit) {
			more = true;
			break;
		}
		r = ims_row(s, http_arena(l->r), &image, e);
		if (r < 0)
			break;
		put_image(&l->w, NULL, &image);
	}
	db_done(s);
	json_put_end(&l->w, ']');
	if (more)
		json_put_string(&l->w, "next", image.digest);
	json_put_end(&l->w, '}');
	return r < 0 ? r : 0;
}

static int get_images(struct http_request *r, struct err *e)
{
	bool has_state;
	struct bytes state = http_query(r, "state", &has_state);
	struct list l = {.repository = http_param(r, "repository"), .after = http_query(r, "cursor", NULL)};
	for (int i = IMS_PENDING; has_state && i <= IMS_UNVERIFIED; i++) {
		if (bytes_eq_lit(state, ims_state_word((enum ims_state)i))) {
			l.has_state = true;
			l.state = i;
		}
	}
	if (has_state && !l.has_state)
		return err_set(e, ERR_FORMAT, "state: \"%.*s\" is none of Pending, Healthy, Unhealthy, Unverified",
			       BYTES_ARG(state));
	if (api_limit(r, PAGE, PAGE_MAX, &l.limit, e) < 0)
		return -(int)e->code;
	return run_list(r, images_tx, &l, e);
}

/* ---- one image ---------------------------------------------------------------------------------------------------------- */

static int image_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct list *l = arg;
	struct ims_image image;
	struct buf *out = l->w.out;
	buf_clear(out);
	json_out_init(&l->w, out, false);
	int r = ims_get(tx, l->repository, l->after, http_arena(l->r), &image, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no image %.*s@%.*s", BYTES_ARG(l->repository),
			       BYTES_ARG(l->after));
	if (r > 0)
		put_image(&l->w, NULL, &image);
	return r < 0 ? r : 0;
}

static int get_image(struct http_request *r, struct err *e)
{
	struct list l = {.repository = http_param(r, "repository"), .after = http_param(r, "digest")};
	return run_list(r, image_tx, &l, e);
}

static int packages_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct list *l = arg;
	struct ims_image image;
	struct buf *out = l->w.out, purl;
	buf_clear(out);
	json_out_init(&l->w, out, false);
	int r = ims_get(tx, l->repository, l->after, http_arena(l->r), &image, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no image %.*s@%.*s", BYTES_ARG(l->repository),
			       BYTES_ARG(l->after));
	struct db_stmt *s = r < 0 ? NULL
				  : db_query(tx,
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
	json_put_object(&l->w, NULL);
	json_put_array(&l->w, "items");
	while ((r = db_step(s, e)) > 0) {
		struct pkg p = {.type = db_bytes(s, 0), .namespace = db_bytes(s, 1), .name = db_bytes(s, 2),
				.version = db_bytes(s, 3), .arch = db_bytes(s, 4), .source_name = db_bytes(s, 5),
				.source_version = db_bytes(s, 6), .module = db_bytes(s, 7), .vendor = db_bytes(s, 8),
				.distro = db_bytes(s, 9), .third_party = db_int(s, 10) != 0, .path = db_bytes(s, 11)};
		buf_clear(&purl);
		pkg_purl(&p, &purl);
		json_put_object(&l->w, NULL);
		report_package_put(&l->w, &p, db_bytes(s, 12), buf_bytes(&purl));
		json_put_end(&l->w, '}');
	}
	db_done(s);
	buf_free(&purl);
	json_put_end(&l->w, ']');
	json_put_end(&l->w, '}');
	return r < 0 ? r : 0;
}

static int get_packages(struct http_request *r, struct err *e)
{
	struct list l = {.repository = http_param(r, "repository"), .after = http_param(r, "digest")};
	return run_list(r, packages_tx, &l, e);
}

/* ---- registries --------------------------------------------------------------------------------------------------------- */

static int registry_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct list *l = arg;
	struct buf *out = l->w.out;
	buf_clear(out);
	json_out_init(&l->w, out, false);
	struct db_stmt *s = db_query(tx,
				     "SELECT count(*), sum(state = 2), sum(state = 3), sum(state = 1), sum(critical),"
				     " sum(high), sum(medium), sum(low), sum(negligible), sum(unknown) FROM image",
				     NULL, 0, e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r > 0) {
		struct ims_counts c = {0};
		for (int i = 0; i <= ADV_SEV_CRITICAL; i++)
			c.by[ADV_SEV_CRITICAL - i] = (uint64_t)db_int(s, 4 + i);
		int64_t images = db_int(s, 0), bad = db_int(s, 1), unverified = db_int(s, 2);
		json_put_object(&l->w, NULL);
		json_put_array(&l->w, "items");
		json_put_object(&l->w, NULL);
		json_put_text(&l->w, "name", API_REGISTRY);
		json_put_text(&l->w, "type", "embedded");
		json_put_text(&l->w, "state", bad ? "Unhealthy" : images == unverified ? "NotApplicable" : "Healthy");
		json_put_text(&l->w, "reason", images == 0		  ? "the registry holds no images"
					       : images == unverified && !bad ? "no image could be verified"
									      : "");
		json_put_i64(&l->w, "images", images);
		json_put_i64(&l->w, "unhealthy", bad);
		json_put_i64(&l->w, "unverified", unverified);
		json_put_i64(&l->w, "healthy", db_int(s, 3));
		put_counts(&l->w, "findings", &c);
		json_put_end(&l->w, '}');
		json_put_end(&l->w, ']');
		json_put_end(&l->w, '}');
	}
	db_done(s);
	return r < 0 ? r : 0;
}

static int get_registries(struct http_request *r, struct err *e)
{
	struct list l = {0};
	return run_list(r, registry_tx, &l, e);
}

const struct http_route api_images_routes[] = {
	{.methods = HTTP_GET, .pattern = "/api/v1/registries", .handle = get_registries,
	 .action = "Microsoft.Security/assessments/read", .summary = "Registries and how they stand"},
	{.methods = HTTP_GET, .pattern = "/api/v1/repositories", .handle = get_repositories,
	 .action = "Microsoft.Security/assessments/read", .summary = "Repositories with the findings of their images",
	 .query = "limit cursor"},
	{.methods = HTTP_GET, .pattern = "/api/v1/repositories/{repository...}/images", .handle = get_images,
	 .action = "Microsoft.Security/assessments/read", .summary = "Images of a repository",
	 .query = "state limit cursor"},
	{.methods = HTTP_GET, .pattern = "/api/v1/repositories/{repository...}/images/{digest}", .handle = get_image,
	 .action = "Microsoft.Security/assessments/read", .summary = "One image, its state and coverage"},
	{.methods = HTTP_GET, .pattern = "/api/v1/repositories/{repository...}/images/{digest}/packages",
	 .handle = get_packages, .action = "Microsoft.Security/assessments/read",
	 .summary = "Packages of an image with the layer that brought each in"},
};
const size_t api_images_route_count = sizeof api_images_routes / sizeof *api_images_routes;
