/* The inventory: where a package is, whatever is known against it. */
#include "api/doc.h"
#include "api/routes.h"

#include "ledger/holders.h"

struct held_row {
	struct bytes name, version, type, arch, source_name, source_version, distro, path, layer,
	    purl;
};
#define P(member, key, ...) RECORD_FIELD(struct held_row, member, RECORD_TEXT, key, __VA_ARGS__)
static const struct record_field held_fields[] = {
    P(type, "type", "Type of the package URL: deb, apk, rpm …", .example = "\"deb\""),
    P(name, "name", "Its name"),
    P(version, "version", "Its version"),
    P(arch, "arch", "Its architecture; empty where it has none"),
    P(source_name, "source_name", "The source package it was built from"),
    P(source_version, "source_version", "The version of that"),
    P(distro, "distro", "Distribution and release", .example = "\"debian:12\""),
    P(path, "path", "The file that states it"),
    P(layer, "layer", "Digest of the layer that brought it in"),
    P(purl, "purl", "Package URL"),
};
static const struct record_object held_object = {
    .name = "HeldPackage", .text = "A package that was searched for", RECORD_TABLE(held_fields)};

struct holder_row {
	struct bytes subscription, registry, repository, digest, os;
	int64_t pushed_ms, pulled_ms;
	struct record_rows tags, packages;
};
#define H(member, kind, key, ...) RECORD_FIELD(struct holder_row, member, kind, key, __VA_ARGS__)
static const struct record_field holder_fields[] = {
    H(subscription, RECORD_TEXT, "subscription", "Subscription of the image"),
    H(registry, RECORD_TEXT, "registry", "Its registry"),
    H(repository, RECORD_TEXT, "repository", "Its repository",
      .pattern = RECORD_REPOSITORY_PATTERN),
    H(digest, RECORD_TEXT, "digest", "Its digest", .pattern = RECORD_DIGEST_PATTERN),
    H(tags, RECORD_TEXTS, "tags", "Up to 100 of its tags"),
    H(os, RECORD_TEXT, "os", "Its distribution", .example = "\"debian:12\""),
    H(pushed_ms, RECORD_TIME, "pushed_at", "When it was pushed last", .flags = RECORD_OPTIONAL),
    H(pulled_ms, RECORD_TIME, "pulled_at", "When it was pulled last", .flags = RECORD_OPTIONAL),
    H(packages, RECORD_OBJECTS, "packages", "Its packages that were searched for",
      .of = &held_object, .stride = sizeof(struct held_row)),
};
static const struct record_object holder_object = {
    .name = "PackageHolder",
    .text = "An image with the packages that were searched for",
    RECORD_TABLE(holder_fields)};

struct inventory_query {
	struct api_page page;
	struct held_query q;
	struct bytes registry, repository;
};
#define Q(member, key, ...)                                                                        \
	RECORD_FIELD(struct inventory_query, member, RECORD_TEXT, key, __VA_ARGS__)
static const struct record_field query_fields[] = {
    Q(q.name, "name", "Packages of this name, their own or their source package's",
      .flags = RECORD_NEEDED, .example = "\"openssl\""),
    Q(q.type, "type", "Of this type of package URL", .example = "\"deb\""),
    Q(q.version, "version", "With exactly this version"),
    Q(q.version_below, "version_below",
      "With a version below this one, by the order of the package's type", .example = "\"3.0.14\""),
    Q(q.version_from, "version_from", "With at least this version"),
    Q(registry, "registry",
      "In images of this registry; with `repository` the first one where none is named"),
    Q(repository, "repository", "In images of this repository"),
    API_PAGE_FIELDS(struct inventory_query, page),
};
static const struct record_object query = {RECORD_TABLE(query_fields)};

struct search {
	struct inventory_query q; /* the tables' struct: first */
	struct http_request *r;
	uint64_t before;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for an inventory");
}

static int fill_package(struct arena *a, const struct held_package *p, struct held_row *out,
			struct err *e)
{
	struct buf purl;
	bool ok;
	buf_init(&purl, PKG_PURL_MAX);
	pkg_purl(&p->pkg, &purl);
	*out = (struct held_row){.name = p->pkg.name,
				 .version = p->pkg.version,
				 .type = p->pkg.type,
				 .arch = p->pkg.arch,
				 .source_name = p->pkg.source_name,
				 .source_version = p->pkg.source_version,
				 .distro = p->pkg.distro,
				 .path = p->pkg.path,
				 .layer = p->layer};
	out->purl = arena_bytes(a, buf_bytes(&purl), &ok);
	ok = ok && buf_ok(&purl);
	buf_free(&purl);
	return ok ? 0 : no_memory(e);
}

static int put_holder(struct db_tx *tx, struct json_out *w, const struct search *s,
		      const struct ledger_image *i, const struct record_rows *packages,
		      struct err *e)
{
	struct arena *a = http_arena(s->r);
	const char *os =
	    arena_printf(a, "%.*s:%.*s", BYTES_ARG(i->distro_id), BYTES_ARG(i->distro_version));
	struct holder_row row = {.subscription = i->subscription,
				 .registry = i->registry,
				 .repository = i->repository,
				 .digest = i->digest,
				 .pushed_ms = i->pushed_ms,
				 .pulled_ms = i->pulled_ms,
				 .packages = *packages};
	if (!os)
		return no_memory(e);
	row.os = bytes_of(i->distro_id.len ? os : "");
	if (api_image_tags(tx, s->r, i, &row.tags, e) < 0)
		return -(int)e->code;
	record_put(w, NULL, &holder_object, &row);
	return 0;
}

/* The images of a page, each with its packages. */
static int put_page(struct db_tx *tx, struct json_out *w, const struct search *s,
		    const struct holders_query *ask, const struct ledger_image *images, size_t n,
		    struct err *e)
{
	struct arena *a = http_arena(s->r);
	struct held_packages held;
	size_t at = 0;
	if (holders_packages_read(tx, ask, images, n, a, &held, e) < 0)
		return -(int)e->code;
	struct held_row *rows = arena_alloc(a, held.count, sizeof *rows);
	if (!rows)
		return no_memory(e);
	for (size_t i = 0; i < n; i++) {
		size_t from = at;
		for (; at < held.count && held.items[at].image == images[i].id; at++)
			if (fill_package(a, &held.items[at], &rows[at], e) < 0)
				return -(int)e->code;
		const struct record_rows packages = {rows + from, at - from};
		if (put_holder(tx, w, s, &images[i], &packages, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

/* The repository that is asked for, or the registry. */
static int find_place(struct db_tx *tx, const struct search *s, struct holders_query *ask,
		      struct err *e)
{
	const struct inventory_query *q = &s->q;
	if (q->repository.len)
		ask->repository_id =
		    api_repository_find(tx, q->registry, q->repository, &ask->visible, e);
	else if (q->registry.len)
		ask->registry_id = api_registry_find(tx, q->registry, e);
	return ask->repository_id < 0 || ask->registry_id < 0 ? -(int)e->code : 0;
}

static int write_search(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct search *s = arg;
	struct arena *a = http_arena(s->r);
	size_t limit = (size_t)s->q.page.limit;
	struct bytes next = BYTES_NONE;
	struct total total;
	bool whole;
	struct ledger_image *images = arena_alloc(a, limit + 1, sizeof *images);
	struct holders_query ask = {.before = s->before ? (int64_t)s->before : INT64_MAX,
				    .max = limit + 1};
	if (!images)
		return no_memory(e);
	if (api_visibility(s->r, &ask.visible, e) < 0 || find_place(tx, s, &ask, e) < 0 ||
	    holders_packages_find(tx, &s->q.q, a, &ask, &whole, e) < 0 ||
	    holders_total(tx, &ask, &total, e) < 0)
		return -(int)e->code;
	int64_t n = holders_list(tx, &ask, a, images, e);
	if (n < 0)
		return (int)n;
	size_t shown = (size_t)n > limit ? limit : (size_t)n;
	if ((size_t)n > shown)
		next = api_number_cursor(w, a, images[shown - 1].id);
	api_list_begin(w);
	if (put_page(tx, w, s, &ask, images, shown, e) < 0)
		return -(int)e->code;
	api_list_end(w, next, total_of(total.count, total.exact && whole));
	return 0;
}

static int get_search(struct http_request *r, struct err *e)
{
	struct search s = {.r = r};
	if (api_query_read(r, &s.q, e) < 0)
		return -(int)e->code;
	if (api_number_cursor_read(s.q.page.cursor, &s.before, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_search, &s, e);
}

static const struct api_doc search_doc = {
    .id = "searchPackages",
    .query = &query,
    .replies = {{.status = 200,
		 .text = "A page of images, newest first",
		 .of = &holder_object,
		 .list = true}},
    .errors = {404},
};

const struct http_route api_inventory_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/packages",
     .anywhere = true,
     .handle = get_search,
     .action = ACTION_SECURITY_READ,
     .summary = "Images that have a package, by its name and version",
     .doc = &search_doc},
};
const size_t api_inventory_route_count = sizeof api_inventory_routes / sizeof *api_inventory_routes;
