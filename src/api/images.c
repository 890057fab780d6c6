/* Images and their status. */
#include "api/doc.h"
#include "api/routes.h"

#include "access/access.h"
#include "base/clock.h"
#include "base/num.h"
#include "defend/recommendation.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "report/package.h"
#include "scan/engine.h"
#include "pkg/support.h"
#include "ledger/ancestry.h"
#include "ledger/holders.h"
#include "ledger/images.h"
#include "store/digest_key.h"
#include "store/exemption.h"
#include "store/registries.h"

#include <stdio.h>

#define TAGS_MAX 100	  /* shown for one image */
#define SUPPORT_MAX 4096U /* bytes: what is said of a release's support takes some 200 */

static const char *kind_word(int i)
{
	static const char *const words[] = {"image", "artifact", NULL};
	return words[i];
}

static const char *how_word(int i)
{
	return ancestry_how_word(i + ANCESTRY_EXACT);
}
struct base_row {
	struct ancestry found;
	struct ledger_image i; /* where it is known */
	struct record_rows tags;
};
#define B(member, kind, key, ...) RECORD_FIELD(struct base_row, member, kind, key, __VA_ARGS__)
static const struct record_field base_fields[] = {
    B(found.how, RECORD_WORD, "how",
      "exact: all layers of an image that is here. guessed: by the history of the image's own "
      "config",
      .words = how_word, .words_from = ANCESTRY_EXACT),
    B(found.layers, RECORD_UINT, "layers", "How many of the image's layers are its"),
    B(i.registry, RECORD_TEXT, "registry", "Its registry", .flags = RECORD_OPTIONAL),
    B(i.repository, RECORD_TEXT, "repository", "Its repository", .flags = RECORD_OPTIONAL,
      .pattern = RECORD_REPOSITORY_PATTERN),
    B(i.digest, RECORD_TEXT, "digest", "Its digest", .flags = RECORD_OPTIONAL,
      .pattern = RECORD_DIGEST_PATTERN),
    B(tags, RECORD_TEXTS, "tags", "Up to 100 of its tags; empty where it is guessed"),
    B(i.distro_name, RECORD_TEXT, "distro", "Its distribution", .flags = RECORD_OPTIONAL),
    B(i.pushed_ms, RECORD_TIME, "pushed_at", "When it was pushed last", .flags = RECORD_OPTIONAL),
};
static const struct record_object base_object = {
    .name = "BaseImage",
    .text = "The image that an image was built on; of several that are the same, the oldest here",
    RECORD_TABLE(base_fields)};

/* What only a single image shows. */
struct image_more {
	struct base_row base;
	struct bytes runs_as, exemption;
	bool shows_puller;
};

struct image_row {
	const void *base; /* struct base_row */
	struct bytes runs_as, exemption;
	int kind; /* of kind_word */
	struct record_rows tags;
	struct ledger_image i;
	struct engine_outlook next;
	struct bytes note;
};

static const struct record_field distro_fields[] = {
    RECORD_FIELD(struct ledger_image, distro_id, RECORD_TEXT, "id", "ID of os-release",
		 .example = "\"debian\""),
    RECORD_FIELD(struct ledger_image, distro_version, RECORD_TEXT, "version_id", "VERSION_ID",
		 .example = "\"12\""),
    RECORD_FIELD(struct ledger_image, distro_name, RECORD_TEXT, "name", "PRETTY_NAME"),
};
static const struct record_object distro_object = {.name = "Distro",
						   .text =
						       "The distribution; empty if none was found",
						   RECORD_TABLE(distro_fields)};
static const struct record_field image_fields[] = {
    RECORD_FIELD(struct image_row, i.subscription, RECORD_TEXT, "subscription",
		 "The subscription its registry is in"),
    RECORD_FIELD(struct image_row, i.registry, RECORD_TEXT, "registry", "Its registry"),
    RECORD_FIELD(struct image_row, i.repository, RECORD_TEXT, "repository", "Its repository",
		 .pattern = RECORD_REPOSITORY_PATTERN),
    RECORD_FIELD(struct image_row, i.digest, RECORD_TEXT, "digest", "Digest of its manifest",
		 .pattern = RECORD_DIGEST_PATTERN),
    RECORD_FIELD(struct image_row, tags, RECORD_TEXTS, "tags", "Up to 100 of its tags"),
    RECORD_FIELD(
	struct image_row, kind, RECORD_WORD, "kind",
	"artifact: no engine could run it (a signature, a chart); it is never assessed and "
	"not counted",
	.words = kind_word),
    RECORD_FIELD(struct image_row, i.platform, RECORD_TEXT, "platform",
		 "os/architecture[/variant]; empty until it is scanned",
		 .example = "\"linux/amd64\""),
    RECORD_FIELD(struct image_row, i.state, RECORD_WORD, "state",
		 "Pending: not scanned yet. Unverified: could not be assessed",
		 .words = api_image_state_word),
    RECORD_FIELD(
	struct image_row, i.reason, RECORD_TEXT, "reason",
	"Why it is Unverified; for other states, what could not be assessed; may be empty"),
    RECORD_FIELD(struct image_row, i.counts, RECORD_OBJECT, "findings",
		 "Security checks by severity", .of = &api_counts),
    RECORD_FIELD(struct image_row, i.counts.disabled, RECORD_UINT, "disabled",
		 "Findings that rules disable; counted nowhere else"),
    RECORD_FIELD(struct image_row, i.package_count, RECORD_UINT, "packages", "Packages found"),
    RECORD_FIELD(struct image_row, i, RECORD_OBJECT, "distro", "The distribution",
		 .of = &distro_object),
    RECORD_FIELD(struct image_row, i.pushed_ms, RECORD_TIME, "pushed_at", "When it was last pushed",
		 .flags = RECORD_OPTIONAL),
    RECORD_FIELD(struct image_row, i.pushed_by, RECORD_TEXT, "pushed_by",
		 "Who pushed or imported it last, by the name of then; absent: not known, or not "
		 "signed in",
		 .flags = RECORD_OPTIONAL, .example = "\"ci\""),
    RECORD_FIELD(struct image_row, i.first_pushed_ms, RECORD_TIME, "first_pushed_at",
		 "When it was first pushed here; absent: before this was noted",
		 .flags = RECORD_OPTIONAL),
    RECORD_FIELD(struct image_row, i.first_pushed_by, RECORD_TEXT, "first_pushed_by",
		 "Who did that", .flags = RECORD_OPTIONAL),
    RECORD_FIELD(struct image_row, i.pulled_ms, RECORD_TIME, "pulled_at", "When it was last pulled",
		 .flags = RECORD_OPTIONAL),
    RECORD_FIELD(struct image_row, i.pulled_by, RECORD_TEXT, "pulled_by",
		 "Who pulled it last: for callers with `" ACTION_ACCESS_READ
		 "` at its repository; not in lists",
		 .flags = RECORD_OPTIONAL),
    RECORD_FIELD(struct image_row, i.pulls, RECORD_UINT, "pulls", "Pulls within 30 days"),
    RECORD_FIELD(struct image_row, i.scanned_ms, RECORD_TIME, "scanned_at",
		 "When it was last scanned", .flags = RECORD_OPTIONAL),
    RECORD_FIELD(struct image_row, next.trigger, RECORD_TEXT, "scan_trigger",
		 "Why that scan ran: its trigger", .flags = RECORD_OPTIONAL),
    RECORD_FIELD(struct image_row, next.at_ms, RECORD_TIME, "scan_next_at",
		 "When it is scanned next; absent: nothing is planned, or a scan is running",
		 .flags = RECORD_OPTIONAL),
    RECORD_FIELD(struct image_row, next.reason, RECORD_TEXT, "scan_next_reason",
		 "Why then, or why nothing is planned"),
    RECORD_FIELD(struct image_row, note, RECORD_TEXT, "note",
		 "What to know of an image that no tag leads to any more",
		 .flags = RECORD_OPTIONAL),
    RECORD_FIELD(struct image_row, i.coverage, RECORD_JSON, "coverage",
		 "What was assessed; absent until it is scanned", .flags = RECORD_OPTIONAL,
		 .of = &api_coverage),
    RECORD_FIELD(struct image_row, exemption, RECORD_TEXT, "exemption",
		 "Name of the exemption that takes it out of the recommendation; of one image only",
		 .flags = RECORD_OPTIONAL),
    RECORD_FIELD(struct image_row, runs_as, RECORD_TEXT, "runs_as",
		 "The user of its processes, as its config states it; `root` also where it states "
		 "none. Not in lists",
		 .flags = RECORD_OPTIONAL, .example = "\"root\""),
    RECORD_FIELD(struct image_row, base, RECORD_OBJECT_AT, "base",
		 "The image it was built on, where that is known or guessed; not in lists",
		 .flags = RECORD_OPTIONAL, .of = &base_object),
};
const struct record_object api_image_object = {
    .name = "Image",
    .text = "One manifest of one platform in one repository; or an artifact",
    RECORD_TABLE(image_fields)};

enum order { BY_DIGEST, BY_SEVERITY, BY_PUSHED, BY_PULLED, BY_SCANNED, BY_PACKAGES, ORDER_COUNT };
static const char *order_word(int i)
{
	static const char *const words[ORDER_COUNT + 1] = {"digest", "severity", "pushed",
							   "pulled", "scanned",	 "packages"};
	return words[i];
}

struct images_query {
	struct api_page page;
	int state;	 /* enum image_state; -1 = any */
	int kind;	 /* of kind_word; -1 = any */
	struct bytes os; /* empty = any */
	enum order sort;
};

struct listing {
	struct images_query q; /* the table's struct */
	struct http_request *r;
	int64_t repository_id;
	/* The last row of the page before. */
	int64_t after_key;
	struct bytes after_digest;
};

int api_image_find(struct db_tx *tx, struct http_request *r, struct ledger_image *ret,
		   struct err *e)
{
	struct bytes name = http_param(r, "repository"), digest = http_param(r, "digest");
	int64_t registry = api_registry_find(tx, http_param(r, "registry"), e);
	const struct store_registry t = {.tx = tx, .registry = registry};
	int64_t repository = registry < 0 ? registry : store_repository_find(&t, name, e);
	if (repository < 0)
		return (int)repository;
	int rc = repository ? ledger_image_get(tx, repository, digest, http_arena(r), ret, e) : 0;
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no image %.*s@%.*s", BYTES_ARG(name),
			       BYTES_ARG(digest));
	return rc < 0 ? rc : 0;
}

int64_t api_registry_find(struct db_tx *tx, struct bytes name, struct err *e)
{
	int64_t id = name.len ? store_registries_find(tx, name, e) : store_scope_default(tx, e);
	return id == 0 ? err_set(e, ERR_NOT_FOUND, "there is no registry \"%.*s\"", BYTES_ARG(name))
		       : id;
}

/* The first visible ones of this name: how many, at most 3. */
static int named_so(struct db_tx *tx, struct bytes name, const struct visibility *v,
		    int64_t *ret_id, char *registries, size_t cap, struct err *e)
{
	int n = 0, at = 0;
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT r.id, g.name FROM scope g JOIN repository r ON r.registry_id = g.id"
		     " AND r.name = $1 WHERE g.kind = 4 AND " STORE_VISIBLE(
			 "r.id", "$2", "$3") " ORDER BY g.name LIMIT 3",
		     DB_ARGS(DB_T(name), STORE_VISIBLE_ARGS(v)), e);
	int rc = s ? 1 : -(int)e->code;
	while (rc > 0 && (rc = db_step(s, e)) > 0) {
		*ret_id = db_int(s, 0);
		at += snprintf(registries + at, cap - (size_t)at, "%s%.*s", n ? ", " : "",
			       BYTES_ARG(bytes_part(db_bytes(s, 1), 0, 64)));
		n++;
	}
	db_done(s);
	return rc < 0 ? rc : n;
}

int64_t api_repository_anywhere(struct db_tx *tx, struct bytes name, const struct visibility *v,
				struct err *e)
{
	char registries[256];
	int64_t id = 0;
	int n = named_so(tx, name, v, &id, registries, sizeof registries, e);
	if (n > 1)
		return err_set(e, ERR_FORMAT,
			       "repository: there is a \"%.*s\" in several registries (%s%s): name "
			       "one by registry=",
			       BYTES_ARG(name), registries, n > 2 ? " …" : "");
	return n < 0 ? n : id;
}

int64_t api_repository_find(struct db_tx *tx, struct bytes registry, struct bytes name,
			    const struct visibility *v, struct err *e)
{
	if (!ref_is_name(name))
		return err_set(e, ERR_FORMAT, "repository: \"%.*s\" is not a valid repository name",
			       BYTES_ARG(name));
	struct store_registry t = {.tx = tx};
	if (registry.len)
		t.registry = api_registry_find(tx, registry, e);
	int64_t id = !registry.len    ? api_repository_anywhere(tx, name, v, e)
		     : t.registry < 0 ? t.registry
				      : store_repository_find(&t, name, e);
	int seen = id > 0 ? store_scope_is_visible(tx, id, v, e) : (int)id;
	if (seen == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no repository \"%.*s\"",
			       BYTES_ARG(name));
	return seen < 0 ? seen : id;
}

int64_t api_repository_of(struct db_tx *tx, struct http_request *r, struct err *e)
{
	return api_repository_find(tx, http_param(r, "registry"), http_param(r, "repository"),
				   &VISIBILITY_ALL, e);
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
static struct bytes coverage_now(const struct ledger_image *i, struct arena *a)
{
	struct support support;
	struct buf text, more;
	struct json_out inner;
	bool whole =
	    bytes_has_prefix_lit(i->coverage, "{\"") && bytes_has_suffix_lit(i->coverage, "}");
	if (!whole || !support_find(i->distro_id, i->distro_version, i->distro_name,
				    stated_end(i->coverage, a), clock_wall_ms(), &support))
		return i->coverage;
	buf_init(&text, i->coverage.len + SUPPORT_MAX);
	buf_init(&more, SUPPORT_MAX);
	json_out_init(&inner, &more, false);
	json_put_object(&inner, NULL);
	support_put(&inner, &support);
	json_put_end(&inner, '}');
	buf_put(&text, bytes_part(i->coverage, 0, i->coverage.len - 1));
	buf_put_u8(&text, ',');
	buf_put(&text, bytes_from(buf_bytes(&more), 1));
	bool ok = buf_ok(&text) && buf_ok(&more);
	struct bytes all = ok ? arena_bytes(a, buf_bytes(&text), &ok) : BYTES_NONE;
	buf_free(&more);
	buf_free(&text);
	return ok ? all : i->coverage;
}

int api_image_tags(struct db_tx *tx, struct http_request *r, const struct ledger_image *i,
		   struct record_rows *ret, struct err *e)
{
	struct store_texts tags;
	int rc = store_tags_many(tx, &i->id, 1, TAGS_MAX, http_arena(r), &tags, e);
	if (rc >= 0)
		*ret = (struct record_rows){.items = tags.items, .count = tags.count};
	return rc;
}

#define NO_TAGS "This image has no tags. It still exists in the registry."

/* Of a digest that its tags left behind. */
static struct bytes note_of(const struct image_row *row, bool is_referred)
{
	if (row->tags.count || row->kind || is_referred)
		return BYTES_NONE;
	return row->i.state == IMAGE_UNHEALTHY
		   ? BYTES_LIT(
			 NO_TAGS
			 " If it's pulled by its digest, it'll expose security vulnerabilities.")
		   : BYTES_LIT(NO_TAGS);
}

/* What a page of images shows besides their rows. */
struct page_facts {
	int64_t *ids;
	struct store_texts *tags;
	bool *referred; /* by an index that has a tag */
	struct engine_outlook *next;
};

static int read_facts(struct db_tx *tx, struct http_request *r, const struct ledger_image *images,
		      size_t count, struct page_facts *f, struct err *e)
{
	struct arena *a = http_arena(r);
	*f = (struct page_facts){.ids = arena_alloc(a, count, sizeof *f->ids),
				 .tags = arena_alloc(a, count, sizeof *f->tags),
				 .referred = arena_alloc(a, count, sizeof *f->referred),
				 .next = arena_alloc(a, count, sizeof *f->next)};
	if (!f->ids || !f->tags || !f->referred || !f->next)
		return err_set(e, ERR_NOMEM, "no memory for %zu images", count);
	for (size_t i = 0; i < count; i++)
		f->ids[i] = images[i].id;
	int rc = store_tags_many(tx, f->ids, count, TAGS_MAX, a, f->tags, e);
	if (rc >= 0)
		rc = store_images_referred(tx, f->ids, count, f->referred, e);
	return rc < 0 ? rc : engine_outlooks(api_of(r)->engine, tx, images, count, a, f->next, e);
}

/* more: of the only one; may be NULL. */
static int put_images(struct db_tx *tx, struct json_out *w, struct http_request *r,
		      const struct ledger_image *images, size_t count,
		      const struct image_more *more, struct err *e)
{
	struct page_facts f;
	int rc = read_facts(tx, r, images, count, &f, e);
	for (size_t k = 0; rc >= 0 && k < count; k++) {
		const struct ledger_image *i = &images[k];
		struct image_row row = {
		    .i = *i,
		    .base = more && more->base.found.how != ANCESTRY_NONE ? &more->base : NULL,
		    .runs_as = more ? more->runs_as : BYTES_NONE,
		    .exemption = more ? more->exemption : BYTES_NONE,
		    .kind = i->state == IMAGE_ARTIFACT,
		    .tags = {f.tags[k].items, f.tags[k].count},
		    .next = f.next[k]};
		if (i->state == IMAGE_ARTIFACT)
			row.i.state = IMAGE_UNVERIFIED;
		if (!more || !more->shows_puller)
			row.i.pulled_by = BYTES_NONE;
		row.note = note_of(&row, f.referred[k]);
		/* Not scanned yet: no coverage. */
		row.i.coverage =
		    bytes_eq_lit(i->coverage, "{}") ? BYTES_NONE : coverage_now(i, http_arena(r));
		record_put(w, NULL, &api_image_object, &row);
	}
	return rc < 0 ? rc : 0;
}

int api_images_put(struct db_tx *tx, struct json_out *w, struct http_request *r,
		   const struct ledger_image *images, size_t count, struct err *e)
{
	return put_images(tx, w, r, images, count, NULL, e);
}

int api_holders_put(struct db_tx *tx, struct json_out *w, struct http_request *r,
		    struct holders_query *q, size_t limit, struct err *e)
{
	struct arena *a = http_arena(r);
	struct ledger_image *rows = arena_alloc(a, limit + 1, sizeof *rows);
	struct bytes next = BYTES_NONE;
	struct total total;
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu images", limit);
	q->max = limit + 1;
	int64_t n = holders_total(tx, q, &total, e) < 0 ? -(int64_t)e->code
							: holders_list(tx, q, a, rows, e);
	if (n < 0)
		return (int)n;
	size_t shown = (size_t)n > limit ? limit : (size_t)n;
	if ((size_t)n > shown)
		next = api_number_cursor(w, a, rows[shown - 1].id);
	api_list_begin(w);
	int rc = api_images_put(tx, w, r, rows, shown, e);
	api_list_end(w, next, total);
	return rc;
}

static int find_base(struct db_tx *tx, struct http_request *r, int64_t image, struct base_row *ret,
		     struct err *e)
{
	struct visibility v;
	struct arena *a = http_arena(r);
	if (api_visibility(r, &v, e) < 0 || ancestry_find(tx, &v, &image, 1, a, &ret->found, e) < 0)
		return -(int)e->code;
	int rc = ret->found.how == ANCESTRY_EXACT
		     ? ledger_image_at(tx, ret->found.base, a, &ret->i, e)
		     : 0;
	if (rc > 0)
		rc = api_image_tags(tx, r, &ret->i, &ret->tags, e);
	return rc < 0 ? rc : 0;
}

/* "root", "0" and "root:root" are one, and so is a config that states none. */
static int find_user(struct db_tx *tx, struct http_request *r, int64_t image, struct bytes *ret,
		     struct err *e)
{
	struct bytes user, rest;
	int rc = ancestry_runs_as(tx, image, http_arena(r), &user, e);
	rest = user;
	struct bytes name = rc > 0 ? bytes_cut(&rest, ':') : BYTES_NONE;
	bool root = !name.len || bytes_eq_lit(name, "0") || bytes_eq_lit(name, "root");
	if (rc > 0)
		*ret = root ? BYTES_LIT("root") : user;
	return rc < 0 ? rc : 0;
}

static int find_exemption(struct db_tx *tx, struct http_request *r, int64_t image,
			  struct bytes *ret, struct err *e)
{
	const struct store_exempt_query q = {.recommendation = bytes_of(RECOMMENDATION_IMAGES->key),
					     .now_ms = clock_wall_ms()};
	return store_exemption_of_image(tx, &q, image, http_arena(r), ret, e);
}

/* Who pulls is for those who may read the audit logs. */
static int find_puller(struct db_tx *tx, struct http_request *r, int64_t repository, bool *ret,
		       struct err *e)
{
	struct visibility v;
	int rc = access_visibility(http_principal(r), ACTION_ACCESS_READ, http_arena(r), &v, e);
	if (rc >= 0)
		rc = store_scope_is_visible(tx, repository, &v, e);
	*ret = rc > 0;
	return rc < 0 ? rc : 0;
}

static int write_image(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct ledger_image image;
	struct image_more more = {.base = {.found = {.how = ANCESTRY_NONE}}};
	if (api_image_find(tx, arg, &image, e) < 0 ||
	    find_base(tx, arg, image.id, &more.base, e) < 0 ||
	    find_user(tx, arg, image.id, &more.runs_as, e) < 0 ||
	    find_exemption(tx, arg, image.id, &more.exemption, e) < 0 ||
	    find_puller(tx, arg, image.repository_id, &more.shows_puller, e) < 0)
		return -(int)e->code;
	return put_images(tx, w, arg, &image, 1, &more, e);
}

static int get_image(struct http_request *r, struct err *e)
{
	return api_reply_read(r, 200, write_image, r, e);
}

/* The key that an order goes by, highest first; SQL and C say the same. */
#define SEVERITY_KEY                                                                               \
	"n.critical * 1000000000000000 + n.high * 10000000000 + n.medium * 100000 + n.low"
static int64_t key_of(const struct ledger_image *i, enum order order)
{
	const uint64_t *by = i->counts.by;
	switch (order) {
	case BY_SEVERITY:
		return (int64_t)(by[ADV_SEV_CRITICAL] * UINT64_C(1000000000000000) +
				 by[ADV_SEV_HIGH] * UINT64_C(10000000000) +
				 by[ADV_SEV_MEDIUM] * 100000 + by[ADV_SEV_LOW]);
	case BY_PUSHED:
		return i->pushed_ms;
	case BY_PULLED:
		return i->pulled_ms;
	case BY_SCANNED:
		return i->scanned_ms;
	case BY_PACKAGES:
		return (int64_t)i->package_count;
	case BY_DIGEST:
	case ORDER_COUNT:
		break;
	}
	return 0;
}

#define WANTED                                                                                     \
	"i.repository_id = $1"                                                                     \
	" AND ($2 < 0 OR " LEDGER_IMAGE_STATE " = $2 OR ($2 = 3 AND n.rest = 4))"                  \
	" AND ($3 < 0 OR ($3 = 1 AND n.rest = 4) OR ($3 = 0 AND n.rest <> 4))"                     \
	" AND ($4 = '' OR i.distro_id || ':' || i.distro_version = $4)"
#define WANTED_ARGS(l)                                                                             \
	DB_I((l)->repository_id), DB_I((l)->q.state), DB_I((l)->q.kind), DB_T((l)->q.os)
#define PAGE(key)                                                                                  \
	"SELECT " LEDGER_IMAGE_COLUMNS " FROM " LEDGER_IMAGE_FROM " WHERE " WANTED " AND ((" key   \
	") < $5 OR ((" key ") = $5 AND i.digest > $6)) ORDER BY " key " DESC, i.digest LIMIT $7"
static const char *const pages[ORDER_COUNT] = {
    [BY_DIGEST] = "SELECT " LEDGER_IMAGE_COLUMNS " FROM " LEDGER_IMAGE_FROM " WHERE " WANTED
		  " AND $5 >= 0 AND i.digest > $6 ORDER BY i.digest LIMIT $7",
    [BY_SEVERITY] = PAGE(SEVERITY_KEY),
    [BY_PUSHED] = PAGE("i.pushed_at"),
    [BY_PULLED] = PAGE("i.pulled_at"),
    [BY_SCANNED] = PAGE("i.scanned_at"),
    [BY_PACKAGES] = PAGE("i.package_count"),
};

/* Rows are read before the first one is written: its tags are another statement. */
static int64_t read_images(struct db_tx *tx, const struct listing *q, struct ledger_image *rows,
			   struct err *e)
{
	struct digest_key after;
	struct db_stmt *s = db_query(tx, pages[q->q.sort],
				     DB_ARGS(WANTED_ARGS(q), DB_I(q->after_key),
					     DB_B(digest_key_of(q->after_digest, &after)),
					     DB_I(q->q.page.limit + 1)),
				     e);
	if (!s)
		return -(int)e->code;
	int64_t n = 0;
	int r;
	while ((r = db_step(s, e)) > 0 &&
	       (r = ledger_image_row(s, http_arena(q->r), &rows[n], e)) >= 0)
		n++;
	db_done(s);
	return r < 0 ? r : n;
}

/* "KEY.DIGEST" of the last row of a page. */
static struct bytes cursor_of(struct json_out *w, const struct listing *q,
			      const struct ledger_image *last)
{
	return api_cursor(w, arena_printf(http_arena(q->r), "%lld.%.*s",
					  (long long)key_of(last, q->q.sort),
					  BYTES_ARG(last->digest)));
}

static int cursor_parse(struct listing *q, struct err *e)
{
	struct bytes rest = q->q.page.cursor;
	struct digest d;
	struct err why = ERR_INIT;
	uint64_t key = INT64_MAX;
	if (rest.len &&
	    (!num_u64(bytes_cut(&rest, '.'), INT64_MAX, &key) || digest_parse(rest, &d, &why) < 0))
		return api_bad_cursor(e);
	q->after_key = (int64_t)key;
	q->after_digest = rest;
	return 0;
}

static int write_images(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct listing *q = arg;
	size_t limit = (size_t)q->q.page.limit;
	struct ledger_image *rows = arena_alloc(http_arena(q->r), limit + 1, sizeof *rows);
	struct total total;
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu images", limit);
	q->repository_id = api_repository_of(tx, q->r, e);
	if (q->repository_id < 0 || total_read(tx, TOTAL_OF(LEDGER_IMAGE_FROM " WHERE " WANTED),
					       DB_ARGS(WANTED_ARGS(q)), &total, e) < 0)
		return -(int)e->code;
	int64_t n = read_images(tx, q, rows, e);
	if (n < 0)
		return (int)n;
	bool more = (size_t)n > limit;
	api_list_begin(w);
	int r = api_images_put(tx, w, q->r, rows, more ? limit : (size_t)n, e);
	api_list_end(w, more ? cursor_of(w, q, &rows[limit - 1]) : BYTES_NONE, total);
	return r;
}

static const struct record_field images_query_fields[] = {
    RECORD_FIELD(struct images_query, state, RECORD_WORD, "state", "Only images in this state",
		 .words = api_image_state_word, .fallback = RECORD_NONE),
    RECORD_FIELD(struct images_query, kind, RECORD_WORD, "kind", "Only images of this kind",
		 .words = kind_word, .fallback = RECORD_NONE),
    RECORD_FIELD(struct images_query, os, RECORD_TEXT, "os", "Only those of this distribution",
		 .example = "\"debian:12\""),
    RECORD_FIELD(struct images_query, sort, RECORD_WORD, "sort",
		 "Order: highest or latest first; by severity the most Critical ones first, then "
		 "High …",
		 .words = order_word, .fallback = BY_DIGEST),
    API_PAGE_FIELDS(struct images_query, page),
};
static const struct record_object images_query = {RECORD_TABLE(images_query_fields)};

static int get_images(struct http_request *r, struct err *e)
{
	struct listing q = {.r = r};
	if (api_query_read(r, &q.q, e) < 0 || cursor_parse(&q, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_images, &q, e);
}

static const struct api_doc images_doc = {
    .id = "listImages",
    .query = &images_query,
    .replies = {{.status = 200, .text = "A page of images", .of = &api_image_object, .list = true}},
};
static const struct api_doc image_doc = {
    .id = "getImage",
    .replies = {{.status = 200, .text = "The image", .of = &api_image_object}},
};
const struct http_route api_images_routes[] = {
    {.methods = HTTP_GET,
     .pattern = API_REPOSITORY "/images",
     .handle = get_images,
     .action = ACTION_SECURITY_READ,
     .summary = "Images of a repository",
     .doc = &images_doc},
    {.methods = HTTP_GET,
     .pattern = API_IMAGE,
     .handle = get_image,
     .action = ACTION_SECURITY_READ,
     .summary = "One image, its state and coverage",
     .doc = &image_doc},
};
const size_t api_images_route_count = sizeof api_images_routes / sizeof *api_images_routes;
