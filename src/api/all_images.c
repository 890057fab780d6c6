/* Images of every repository that the caller sees, newest first. */
#include "api/doc.h"
#include "api/routes.h"

#include "base/clock.h"
#include "base/num.h"
#include "ledger/images.h"
#include "store/like.h"
#include "store/scope.h"

#include <string.h>

#define DAY_MS INT64_C(86400000)
#define SEARCH_MAX 400 /* bytes of a name and a tag */
#define HASH_LEN 32U
#define DIGITS_MIN 6U /* of a digest: fewer are a part of a name */

struct all_query {
	struct api_page page;
	struct bytes registry, repository, search;
	int state;	      /* enum image_state; -1 = any */
	uint64_t pulled_days; /* 0 = pulled or not */
};
/* How many images q.search may fit: all without one, few, or many (names of an eighth of the
 * repositories, some thousand tags). */
enum fit { ALL, FEW, MANY };
struct listing {
	struct all_query q; /* the table's struct: first */
	struct http_request *r;
	int64_t before, pulled_ms, registry_id, repository_id;
	struct visibility visible;
	/* Patterns of q.search: what it is in, and REGISTRY/REPOSITORY and the tag if it is in
	 * both. */
	struct bytes whole, owners, tags;
	enum fit fit;
	/* The first and the last digest that begin with q.search; none where it begins no digest.
	 */
	uint8_t first[HASH_LEN], last[HASH_LEN];
	size_t hash_len;
};

static const struct record_field query_fields[] = {
    RECORD_FIELD(struct all_query, registry, RECORD_TEXT, "registry", "In this registry"),
    RECORD_FIELD(struct all_query, repository, RECORD_TEXT, "repository",
		 "In this repository, of the first registry where none is named"),
    RECORD_FIELD(
	struct all_query, search, RECORD_TEXT, "search",
	"Only those with this text in REGISTRY/REPOSITORY:TAG, of any of their tags, in any "
	"case; or whose digest begins with it, from six digits",
	.max = SEARCH_MAX, .example = "\"shop/app:v1\""),
    RECORD_FIELD(struct all_query, state, RECORD_WORD, "state", "Only images in this state",
		 .words = api_image_state_word, .fallback = RECORD_NONE),
    RECORD_FIELD(struct all_query, pulled_days, RECORD_UINT, "pulled_days",
		 "Only those that were pulled within so many days", .min = 1, .max = 3650),
    API_PAGE_FIELDS(struct all_query, page),
};
static const struct record_object query = {RECORD_TABLE(query_fields)};

/* What is no image (rest = 4) is in none of these lists. */
#define WANTED                                                                                     \
	"n.rest <> 4 AND ($1 < 0 OR " LEDGER_IMAGE_STATE " = $1)"                                  \
	" AND ($6 = 0 OR i.pulled_at >= $6)"                                                       \
	" AND ($2 = 0 OR i.repository_id = $2) AND ($3 = 0 OR nr.registry_id = $3)"                \
	" AND " STORE_VISIBLE("i.repository_id", "$4", "$5")
/* Each question by itself and not one for each image: the names of all images take half a second.
 * way: "" to come from what fits to its images, and "+" to go through the images, newest first. */
#define REPOSITORIES(pattern)                                                                      \
	"(SELECT r.id FROM repository r JOIN scope g ON g.id = r.registry_id"                      \
	" WHERE g.name || '/' || r.name {LIKE} " pattern LIKE_ESCAPE ")"
#define TAGGED(owners, tags)                                                                       \
	"(SELECT t.repository_id, t.digest FROM tag t WHERE t.name {LIKE} " tags LIKE_ESCAPE       \
	" AND t.repository_id IN " REPOSITORIES(owners) ")"
#define BETWEEN(first, last)                                                                       \
	"(SELECT x.id FROM image x WHERE x.digest >= " first " AND x.digest <= " last ")"
#define NAMED(way, whole, owners, tags, first, last)                                               \
	" AND (" way                                                                               \
	"i.repository_id IN " REPOSITORIES(whole) " OR (i.repository_id, i.digest) IN " TAGGED(    \
	    owners, tags) " OR i.id IN " BETWEEN(first, last) ")"
#define NAMED_ARGS(l)                                                                              \
	DB_T((l)->whole), DB_T((l)->owners), DB_T((l)->tags),                                      \
	    DB_B(((struct bytes){(l)->first, (l)->hash_len})),                                     \
	    DB_B(((struct bytes){(l)->last, (l)->hash_len}))
#define NAMED_COUNT 5U
#define ROWS "SELECT " LEDGER_IMAGE_COLUMNS " FROM " LEDGER_IMAGE_FROM " WHERE " WANTED
#define PAGE " AND i.id < $7 ORDER BY i.id DESC LIMIT $8"
#define WANTED_ARGS(l)                                                                             \
	DB_I((l)->q.state), DB_I((l)->repository_id), DB_I((l)->registry_id),                      \
	    STORE_VISIBLE_ARGS(&(l)->visible), DB_I((l)->pulled_ms)

static int64_t read_page(struct db_tx *tx, const struct listing *l, struct ledger_image *rows,
			 struct err *e)
{
	static const char *const texts[] = {
	    [ALL] = ROWS PAGE,
	    [FEW] = ROWS NAMED("", "$9", "$10", "$11", "$12", "$13") PAGE,
	    [MANY] = ROWS NAMED("+", "$9", "$10", "$11", "$12", "$13") PAGE};
	const struct db_value args[] = {WANTED_ARGS(l), DB_I(l->before), DB_I(l->q.page.limit + 1),
					NAMED_ARGS(l)};
	size_t count = sizeof args / sizeof *args - (l->fit == ALL ? NAMED_COUNT : 0);
	struct db_stmt *s = db_query(tx, texts[l->fit], args, count, e);
	int r = s ? 0 : -(int)e->code;
	int64_t n = 0;
	while (s && (r = db_step(s, e)) > 0 &&
	       (r = ledger_image_row(s, http_arena(l->r), &rows[n], e)) >= 0)
		n++;
	db_done(s);
	return r < 0 ? r : n;
}

static int read_total(struct db_tx *tx, const struct listing *l, struct total *ret, struct err *e)
{
#define IMAGES LEDGER_IMAGE_FROM " WHERE " WANTED
	static const char *const texts[] = {
	    [ALL] = TOTAL_OF(IMAGES),
	    [FEW] = TOTAL_OF(IMAGES NAMED("", "$7", "$8", "$9", "$10", "$11")),
	    [MANY] = TOTAL_OF(IMAGES NAMED("+", "$7", "$8", "$9", "$10", "$11"))};
	const struct db_value args[] = {WANTED_ARGS(l), NAMED_ARGS(l)};
	size_t count = sizeof args / sizeof *args - (l->fit == ALL ? NAMED_COUNT : 0);
	return total_read(tx, texts[l->fit], args, count, ret, e);
}

/* "18c87627ab86", as it is shown, or more of a SHA-256, with its name or without. */
static void find_digests(struct listing *l)
{
	struct bytes digits = l->q.search;
	uint8_t first[2 * HASH_LEN], last[2 * HASH_LEN];
	if (bytes_has_prefix_lit(digits, "sha256:"))
		digits = bytes_from(digits, sizeof "sha256:" - 1);
	if (digits.len < DIGITS_MIN || digits.len > sizeof first)
		return;
	memset(first, '0', sizeof first);
	memset(last, 'f', sizeof last);
	memcpy(first, digits.ptr, digits.len);
	memcpy(last, digits.ptr, digits.len);
	if (num_hex_decode((struct bytes){first, sizeof first}, l->first, HASH_LEN) &&
	    num_hex_decode((struct bytes){last, sizeof last}, l->last, HASH_LEN))
		l->hash_len = HASH_LEN;
}

/* "shop/app:v1" ends a repository's name and begins a tag. */
static int find_names(struct listing *l, struct arena *a, struct err *e)
{
	struct bytes text = l->q.search, left, right;
	size_t colon = bytes_find(text, ':');
	if (like_pattern(text, a, &l->whole, e) < 0 ||
	    like_pattern(bytes_part(text, 0, colon), a, &left, e) < 0 ||
	    like_pattern(bytes_from(text, colon + 1), a, &right, e) < 0)
		return -(int)e->code;
	bool both = colon < text.len;
	l->owners = both && left.len ? bytes_part(left, 0, left.len - 1) : BYTES_LIT("%");
	l->tags = !both ? l->whole : right.len ? bytes_from(right, 1) : BYTES_LIT("%");
	return 0;
}

#define NAMED_ALIKE REPOSITORIES("$1")
#define TAGGED_ALIKE "(SELECT 1 FROM tag t WHERE t.name {LIKE} $2" LIKE_ESCAPE " LIMIT 5000)"
#define FITTING                                                                                    \
	"SELECT (SELECT COUNT(*) FROM repository),"                                                \
	" (SELECT COUNT(*) FROM " NAMED_ALIKE " AS named),"                                        \
	" (SELECT COUNT(*) FROM " TAGGED_ALIKE " AS tagged)"
static int find_fit(struct db_tx *tx, struct listing *l, struct err *e)
{
	struct db_stmt *s = db_query(tx, FITTING, DB_ARGS(DB_T(l->whole), DB_T(l->tags)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		l->fit = db_int(s, 1) * 8 > db_int(s, 0) || db_int(s, 2) >= 5000 ? MANY : FEW;
	db_done(s);
	return r < 0 ? r : 0;
}

static int find_where(struct db_tx *tx, struct listing *l, struct err *e)
{
	if (api_visibility(l->r, &l->visible, e) < 0 || find_names(l, http_arena(l->r), e) < 0)
		return -(int)e->code;
	if (l->whole.len && find_fit(tx, l, e) < 0)
		return -(int)e->code;
	find_digests(l);
	l->registry_id = l->q.registry.len ? api_registry_find(tx, l->q.registry, e) : 0;
	if (l->registry_id >= 0 && l->q.repository.len)
		l->repository_id =
		    api_repository_find(tx, l->q.registry, l->q.repository, &l->visible, e);
	return l->registry_id < 0 || l->repository_id < 0 ? -(int)e->code : 0;
}

static int write_images(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct listing *l = arg;
	struct arena *a = http_arena(l->r);
	size_t limit = (size_t)l->q.page.limit;
	struct ledger_image *rows = arena_alloc(a, limit + 1, sizeof *rows);
	struct bytes next = BYTES_NONE;
	struct total total;
	if (!rows)
		return err_nomem(e);
	int64_t n = find_where(tx, l, e) < 0 ? -(int64_t)e->code : read_page(tx, l, rows, e);
	if (n < 0 || read_total(tx, l, &total, e) < 0)
		return -(int)e->code;
	size_t shown = (size_t)n > limit ? limit : (size_t)n;
	if ((size_t)n > shown)
		next = api_number_cursor(w, a, rows[shown - 1].id);
	api_list_begin(w);
	int rc = api_images_put(tx, w, l->r, rows, shown, e);
	api_list_end(w, next, total);
	return rc;
}

static int get_images(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	uint64_t before = INT64_MAX;
	if (api_query_read(r, &l.q, e) < 0)
		return -(int)e->code;
	if (api_number_cursor_read(l.q.page.cursor, &before, e) < 0)
		return -(int)e->code;
	l.before = (int64_t)before;
	if (l.q.pulled_days)
		l.pulled_ms = clock_wall_ms() - (int64_t)l.q.pulled_days * DAY_MS;
	return api_reply_read(r, 200, write_images, &l, e);
}

static const struct api_doc images_doc = {
    .id = "listAllImages",
    .query = &query,
    .replies = {{.status = 200,
		 .text = "A page of images, newest first",
		 .of = &api_image_object,
		 .list = true}},
};
const struct http_route api_all_images_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/images",
     .handle = get_images,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "Images of all repositories, newest first",
     .doc = &images_doc},
};
const size_t api_all_images_route_count =
    sizeof api_all_images_routes / sizeof *api_all_images_routes;
