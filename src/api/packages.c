/* The packages of an image. */
#include "api/doc.h"
#include "api/routes.h"

#include "base/num.h"
#include "report/package.h"
#include "ledger/images.h"
#include "ledger/packages.h"

/* As report_package_put writes it. */
static const struct record_field package_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "type", "Type of the package URL: deb, apk, rpm …",
		 .example = "\"deb\""),
    RECORD_SHOWN(RECORD_TEXT, "class",
		 "What states it: a distribution's database, installed files of a language, a "
		 "program that says what it was built from, or a lock file, which only declares it",
		 .words = pkg_class_word),
    RECORD_SHOWN(RECORD_TEXT, "name", "Its name"),
    RECORD_SHOWN(RECORD_TEXT, "version", "Its version, as its package manager writes it"),
    RECORD_SHOWN(RECORD_TEXT, "arch", "Its architecture; may be empty"),
    RECORD_SHOWN(RECORD_TEXT, "source_name", "The source package it was built from"),
    RECORD_SHOWN(RECORD_TEXT, "source_version", "The source package's version"),
    RECORD_SHOWN(RECORD_TEXT, "distro", "Distribution and release", .example = "\"debian:12\""),
    RECORD_SHOWN(RECORD_TEXT, "module", "Module and stream of an rpm", .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_TEXT, "vendor", "Vendor of an rpm", .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_TEXT, "license",
		 "What its metadata says of its licence: an SPDX expression, or the text itself",
		 .example = "\"GPL-2.0-or-later AND MIT\"", .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_BOOL, "third_party",
		 "Not the distribution's own: its advisories do not apply"),
    RECORD_SHOWN(RECORD_TEXT, "path", "The file that lists it"),
    RECORD_SHOWN(RECORD_TEXT, "layer", "Digest of the layer that added it"),
    RECORD_SHOWN(RECORD_TEXT, "purl", "Package URL"),
};
static const struct record_object package_object = {
    .name = "Package", .text = "A package of an image", RECORD_TABLE(package_fields)};

struct packages_query {
	struct api_page page;
	struct bytes package, type; /* empty = any */
};
static const struct record_field packages_query_fields[] = {
    RECORD_FIELD(struct packages_query, package, RECORD_TEXT, "package",
		 "Only packages with this name or source package name"),
    RECORD_FIELD(struct packages_query, type, RECORD_TEXT, "type",
		 "Only packages of this package URL type", .example = "\"deb\""),
    API_PAGE_FIELDS(struct packages_query, page),
};
static const struct record_object packages_query = {RECORD_TABLE(packages_query_fields)};

/* Where a page of packages begins: after this one. Clients see the two numbers; the rest of the key
 * is read again. */
struct after {
	bool is_set;
	uint64_t package, position;
	struct bytes type, name, version, arch;
};

struct packages {
	struct packages_query q; /* the table's struct */
	struct http_request *r;
	struct after after;
};

static bool copy(struct arena *a, struct db_stmt *s, int column, struct bytes *ret)
{
	bool ok;
	*ret = arena_bytes(a, db_bytes(s, column), &ok);
	return ok;
}

/* A package that no longer exists cannot be a position in the list. */
static int read_after(struct db_tx *tx, struct arena *a, struct after *at, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx, "SELECT type, name, version, arch FROM package WHERE id = $1",
		     DB_ARGS(DB_I(at->package)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r > 0 && !(copy(a, s, 0, &at->type) && copy(a, s, 1, &at->name) &&
		       copy(a, s, 2, &at->version) && copy(a, s, 3, &at->arch)))
		r = err_set(e, ERR_NOMEM, "no memory for a cursor");
	db_done(s);
	return r == 0 ? api_bad_cursor(e) : r < 0 ? r : 0;
}

/* Of a row of COLUMNS; runs live until the next step. */
static struct pkg package_of(struct db_stmt *s)
{
	return (struct pkg){.type = db_bytes(s, 0),
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
			    .path = db_bytes(s, 11),
			    .qualifiers = db_bytes(s, 15),
			    .license = db_bytes(s, 17),
			    .class = (enum pkg_class)db_int(s, 16)};
}

static void put_package(struct json_out *w, struct db_stmt *s, struct buf *purl)
{
	struct pkg p = package_of(s);
	buf_clear(purl);
	pkg_purl(&p, purl);
	json_put_need(w, purl);
	json_put_object(w, NULL);
	report_package_put(w, &p, db_bytes(s, 12), buf_bytes(purl));
	json_put_end(w, '}');
}

#define COLUMNS                                                                                    \
	"p.type, p.namespace, p.name, p.version, p.arch, p.source_name,"                           \
	" p.source_version, p.module, p.vendor, p.distro, p.third_party, sp.path, l.digest,"       \
	" p.id, s.position, p.qualifiers, p.class, p.license"                                      \
	" FROM image_set s JOIN image_layer l ON l.id = s.layer_id"                                \
	" JOIN set_package sp ON sp.set_id = s.set_id"                                             \
	" JOIN package p ON p.id = sp.package_id"
static struct db_stmt *query_packages(struct db_tx *tx, const struct packages *l, int64_t image,
				      struct err *e)
{
	const struct after *at = &l->after;
	return db_query(
	    tx,
	    "SELECT " COLUMNS " WHERE s.image_id = $1 AND sp.position = 0 AND " PACKAGE_IS_ONE
	    " AND ($2 = '' OR p.name = $2 OR p.source_name = $2) AND ($3 = '' OR p.type = $3)"
	    " AND ($4 = 0 OR (p.type, p.name, p.version, p.arch, p.id, s.position)"
	    " > ($5, $6, $7, $8, $9, $10))"
	    " ORDER BY p.type, p.name, p.version, p.arch, p.id, s.position LIMIT $11",
	    DB_ARGS(DB_I(image), DB_T(l->q.package), DB_T(l->q.type), DB_I(at->is_set),
		    DB_T(at->type), DB_T(at->name), DB_T(at->version), DB_T(at->arch),
		    DB_I(at->package), DB_I(at->position), DB_I(l->q.page.limit + 1)),
	    e);
}

/* How many there are in all. */
static int count_packages(struct db_tx *tx, const struct packages *l, int64_t image,
			  struct total *ret, struct err *e)
{
	return total_read(tx,
			  TOTAL_OF("image_set s JOIN set_package sp ON sp.set_id = s.set_id"
				   " AND sp.position = 0 JOIN package p ON p.id = sp.package_id"
				   " WHERE s.image_id = $1 AND " PACKAGE_IS_ONE
				   " AND ($2 = '' OR p.name = $2 OR p.source_name = $2)"
				   " AND ($3 = '' OR p.type = $3)"),
			  DB_ARGS(DB_I(image), DB_T(l->q.package), DB_T(l->q.type)), ret, e);
}

static int write_packages(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct packages *l = arg;
	struct arena *a = http_arena(l->r);
	struct ledger_image image;
	struct bytes next = BYTES_NONE;
	struct total total;
	struct buf purl;
	long long package = 0, position = 0;
	int r = api_image_find(tx, l->r, &image, e);
	if (r >= 0 && l->after.is_set)
		r = read_after(tx, a, &l->after, e);
	if (r >= 0)
		r = count_packages(tx, l, image.id, &total, e);
	struct db_stmt *s = r < 0 ? NULL : query_packages(tx, l, image.id, e);
	if (!s)
		return -(int)e->code;
	buf_init(&purl, PKG_PURL_MAX);
	api_list_begin(w);
	for (uint64_t n = 0; (r = db_step(s, e)) > 0; n++) {
		if (n == l->q.page.limit) {
			next = api_cursor(w, arena_printf(a, "%lld.%lld", package, position));
			break;
		}
		put_package(w, s, &purl);
		package = db_int(s, 13);
		position = db_int(s, 14);
	}
	db_done(s);
	buf_free(&purl);
	api_list_end(w, next, total);
	return r < 0 ? r : 0;
}

int api_packages_each(struct db_tx *tx, int64_t image,
		      int (*each)(void *arg, const struct pkg *p, struct bytes layer,
				  struct err *e),
		      void *arg, struct err *e)
{
	int r;
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT " COLUMNS " WHERE s.image_id = $1 AND " PACKAGE_IS_ONE
		     " ORDER BY p.type, p.name, p.version, p.arch, p.id, s.position",
		     DB_ARGS(DB_I(image)), e);
	if (!s)
		return -(int)e->code;
	while ((r = db_step(s, e)) > 0) {
		struct pkg p = package_of(s);
		r = each(arg, &p, db_bytes(s, 12), e);
		if (r < 0)
			break;
	}
	db_done(s);
	return r < 0 ? r : 0;
}

static int get_packages(struct http_request *r, struct err *e)
{
	struct packages l = {.r = r};
	if (api_query_read(r, &l.q, e) < 0)
		return -(int)e->code;
	struct bytes rest = l.q.page.cursor;
	l.after.is_set = rest.len > 0;
	if (l.after.is_set && (!num_u64(bytes_cut(&rest, '.'), INT64_MAX, &l.after.package) ||
			       !num_u64(rest, INT64_MAX, &l.after.position)))
		return api_bad_cursor(e);
	return api_reply_read(r, 200, write_packages, &l, e);
}

static const struct api_doc packages_doc = {
    .id = "listPackages",
    .query = &packages_query,
    .replies = {{.status = 200,
		 .text = "A page of packages, by type, name and version",
		 .of = &package_object,
		 .list = true}},
};

const struct http_route api_packages_routes[] = {
    {.methods = HTTP_GET,
     .pattern = API_IMAGE "/packages",
     .handle = get_packages,
     .action = ACTION_SECURITY_READ,
     .summary = "Packages of an image with the layer that brought each in",
     .doc = &packages_doc},
};
const size_t api_packages_route_count = sizeof api_packages_routes / sizeof *api_packages_routes;
