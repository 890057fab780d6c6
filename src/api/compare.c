/* Two images side by side. */
#include "api/doc.h"
#include "api/routes.h"

#include "ledger/findings.h"
#include "ledger/image_packages.h"
#include "ledger/images.h"
#include "match/compare.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "store/registries.h"

#define FINDINGS_MAX 10000U /* of one image; more are not compared */
#define BUDGET (512U << 20) /* bytes: 20,000 findings with their matches, 100,000 packages */
#define SHOWN 1000
#define SHOWN_MAX 10000

struct side_row {
	struct ledger_image i;
	struct record_rows tags;
};
#define I(member, kind, key, ...) RECORD_FIELD(struct side_row, member, kind, key, __VA_ARGS__)
static const struct record_field side_fields[] = {
    I(i.registry, RECORD_TEXT, "registry", "Its registry"),
    I(i.repository, RECORD_TEXT, "repository", "Its repository",
      .pattern = RECORD_REPOSITORY_PATTERN),
    I(i.digest, RECORD_TEXT, "digest", "Digest of its manifest", .pattern = RECORD_DIGEST_PATTERN),
    I(tags, RECORD_TEXTS, "tags", "Up to 100 of its tags"),
    I(i.state, RECORD_WORD, "state", "Pending, Unverified: what it lacks is not known to be absent",
      .words = api_image_state_word),
    I(i.reason, RECORD_TEXT, "reason", "Why, or what could not be assessed",
      .flags = RECORD_OPTIONAL),
};
static const struct record_object side_object = {
    .name = "ComparedImage", .text = "One of the two images", RECORD_TABLE(side_fields)};

struct comparison_row {
	struct side_row from, to;
	struct image_counts added, fixed, unchanged;
	uint64_t packages_added, packages_removed, packages_changed, packages_unchanged;
	bool whole;
	struct record_rows findings, packages;
};
#define C(member, kind, key, ...)                                                                  \
	RECORD_FIELD(struct comparison_row, member, kind, key, __VA_ARGS__)
static const struct record_field comparison_fields[] = {
    C(from, RECORD_OBJECT, "from", "The image it is compared with", .of = &side_object),
    C(to, RECORD_OBJECT, "to", "The image", .of = &side_object),
    C(added, RECORD_OBJECT, "added", "Findings of the image only, by severity", .of = &api_counts),
    C(fixed, RECORD_OBJECT, "fixed", "Findings of the other one only", .of = &api_counts),
    C(unchanged, RECORD_OBJECT, "unchanged", "Findings of both", .of = &api_counts),
    C(packages_added, RECORD_UINT, "packages_added", "Packages of the image only"),
    C(packages_removed, RECORD_UINT, "packages_removed", "Packages of the other one only"),
    C(packages_changed, RECORD_UINT, "packages_changed", "Packages in another version"),
    C(packages_unchanged, RECORD_UINT, "packages_unchanged", "Packages that are the same"),
    C(whole, RECORD_BOOL, "whole",
      "false: an image has more than 10,000 findings or 65,536 packages, and only these were "
      "compared"),
    C(findings, RECORD_OBJECTS, "findings",
      "Up to `limit`: added ones, then fixed ones, then unchanged ones, the gravest first",
      .of = &compare_finding_object, .stride = sizeof(struct compare_finding)),
    C(packages, RECORD_OBJECTS, "packages", "Up to `limit` that differ, by name",
      .of = &compare_package_object, .stride = sizeof(struct compare_package)),
};
static const struct record_object comparison_object = {
    .name = "Comparison",
    .text = "What differs between an image and another one, seen from the image",
    RECORD_TABLE(comparison_fields)};

struct compare_query {
	struct bytes from, repository, registry;
	uint64_t limit;
};
#define Q(member, key, ...)                                                                        \
	RECORD_FIELD(struct compare_query, member, RECORD_TEXT, key, __VA_ARGS__)
static const struct record_field query_fields[] = {
    Q(from, "from", "A tag or digest: the image to compare with", .flags = RECORD_NEEDED,
      .example = "\"v1\""),
    Q(repository, "from_repository", "Its repository (default: that of the image)"),
    Q(registry, "from_registry", "Its registry (default: that of the image)"),
    RECORD_FIELD(struct compare_query, limit, RECORD_UINT, "limit",
		 "Findings, and packages, that are shown", .min = 1, .max = SHOWN_MAX,
		 .fallback = SHOWN),
};
static const struct record_object query = {RECORD_TABLE(query_fields)};

struct asked {
	struct compare_query q; /* the table's struct: first */
	struct http_request *r;
};

/* The image that `from` names, where the caller may see it. */
static int find_from(struct db_tx *tx, const struct asked *x, const struct visibility *v,
		     struct ledger_image *ret, struct err *e)
{
	const struct compare_query *q = &x->q;
	struct arena *a = http_arena(x->r);
	struct bytes registry = q->registry.len ? q->registry : http_param(x->r, "registry");
	struct bytes name = q->repository.len ? q->repository : http_param(x->r, "repository");
	struct bytes digest = q->from;
	struct store_registry t = {.tx = tx, .registry = api_registry_find(tx, registry, e)};
	int64_t repository =
	    t.registry < 0 ? t.registry : api_repository_find(tx, registry, name, v, e);
	if (repository < 0)
		return (int)repository;
	int r = 1;
	if (ref_is_tag(q->from))
		r = store_tag_find(&t, repository, q->from, a, &digest, e);
	if (r > 0)
		r = ledger_image_get(tx, repository, digest, a, ret, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "from: there is no image %.*s of %.*s",
			       BYTES_ARG(q->from), BYTES_ARG(name));
	return r < 0 ? r : 0;
}

static int read_side(struct db_tx *tx, const struct ledger_image *i, struct arena *a,
		     struct compare_side *ret, bool *whole, struct err *e)
{
	struct finding *findings;
	struct image_package *packages;
	bool all;
	const struct bytes digest = i->digest;
	const struct criteria of = {.digests = {&digest, 1}};
	const struct finding_query q = {
	    .visible = VISIBILITY_ALL, .repository_id = i->repository_id, .criteria = &of};
	int64_t n = finding_list_all(tx, &q, FINDINGS_MAX, a, &findings, &all, e);
	int64_t p = n < 0 ? n : image_packages_read(tx, i->id, BYTES_NONE, a, &packages, e);
	if (p < 0)
		return (int)p;
	*ret = (struct compare_side){
	    .findings = arena_alloc(a, (size_t)n, sizeof(void *)),
	    .packages = arena_alloc(a, (size_t)p, sizeof(void *)),
	    .finding_count = (size_t)n,
	};
	if (!ret->findings || !ret->packages)
		return err_set(e, ERR_NOMEM, "no memory for a comparison");
	for (int64_t k = 0; k < n; k++)
		ret->findings[k] = &findings[k];
	/* what content checks found are findings */
	for (int64_t k = 0; k < p; k++)
		if (packages[k].pkg.class != PKG_CONTENT)
			ret->packages[ret->package_count++] = &packages[k].pkg;
	*whole = *whole && all && p < (int64_t)IMAGE_PACKAGES_MAX;
	return 0;
}

static struct record_rows rows(const void *items, size_t count, uint64_t limit)
{
	return (struct record_rows){items, count < limit ? count : (size_t)limit};
}

static void counts(struct image_counts *to, const uint64_t *by)
{
	for (size_t i = 0; i < sizeof to->by / sizeof *to->by; i++)
		to->by[i] = by[i];
}

static int write_sides(struct db_tx *tx, struct json_out *w, const struct asked *x,
		       struct comparison_row *row, struct arena *a, struct err *e)
{
	struct compare_side from, to;
	struct compare c;
	if (read_side(tx, &row->from.i, a, &from, &row->whole, e) < 0 ||
	    read_side(tx, &row->to.i, a, &to, &row->whole, e) < 0 ||
	    compare_images(&from, &to, a, &c, e) < 0)
		return -(int)e->code;
	counts(&row->added, c.by_severity[COMPARE_ADDED]);
	counts(&row->fixed, c.by_severity[COMPARE_GONE]);
	counts(&row->unchanged, c.by_severity[COMPARE_UNCHANGED]);
	row->packages_added = c.packages_by[COMPARE_ADDED];
	row->packages_removed = c.packages_by[COMPARE_GONE];
	row->packages_changed = c.packages_by[COMPARE_CHANGED];
	row->packages_unchanged = c.packages_by[COMPARE_UNCHANGED];
	row->findings = rows(c.findings, c.finding_count, x->q.limit);
	row->packages = rows(c.packages, c.package_count, x->q.limit);
	record_put(w, NULL, &comparison_object, row);
	return 0;
}

static void settle(struct side_row *s)
{
	if (s->i.state == IMAGE_ARTIFACT)
		s->i.state = IMAGE_UNVERIFIED;
}

static int write_comparison(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct asked *x = arg;
	struct comparison_row row = {.whole = true};
	struct visibility v;
	struct arena a;
	if (api_visibility(x->r, &v, e) < 0 || api_image_find(tx, x->r, &row.to.i, e) < 0 ||
	    find_from(tx, x, &v, &row.from.i, e) < 0 ||
	    api_image_tags(tx, x->r, &row.to.i, &row.to.tags, e) < 0 ||
	    api_image_tags(tx, x->r, &row.from.i, &row.from.tags, e) < 0)
		return -(int)e->code;
	settle(&row.from);
	settle(&row.to);
	arena_init(&a, BUDGET);
	int r = write_sides(tx, w, x, &row, &a, e);
	arena_free(&a);
	return r;
}

static int get_comparison(struct http_request *r, struct err *e)
{
	struct asked x = {.r = r};
	struct digest d;
	if (api_query_read(r, &x.q, e) < 0)
		return -(int)e->code;
	if (!ref_is_tag(x.q.from) && digest_parse(x.q.from, &d, e) < 0)
		return err_ctx(e, "from: neither a tag nor a digest");
	int rc = api_turn_begin(r, e);
	if (rc)
		return rc;
	rc = api_reply_read(r, 200, write_comparison, &x, e);
	api_turn_end(r);
	return rc;
}

static const struct api_doc comparison_doc = {
    .id = "compareImages",
    .query = &query,
    .replies = {{.status = 200, .text = "What differs", .of = &comparison_object}},
};

const struct http_route api_compare_routes[] = {
    {.methods = HTTP_GET,
     .pattern = API_IMAGE "/compare",
     .handle = get_comparison,
     .action = ACTION_SECURITY_READ,
     .summary = "What differs between an image and another one: findings and packages",
     .doc = &comparison_doc},
};
const size_t api_compare_route_count = sizeof api_compare_routes / sizeof *api_compare_routes;
