/* What the siblings ask of images: whether a release gets fixes is a fact of the table of dates
 * (pkg/support.h) and today's; who an image runs as and what it was built on are of its config
 * (ledger/ancestry.h); secrets are findings, so rules about them hold. */
#include "defend/sibling.h"

#include "base/num.h"
#include "inspect/inspect.h"
#include "ledger/ancestry.h"
#include "ledger/findings.h"
#include "ledger/images.h"
#include "pkg/support.h"
#include "store/digest_key.h"

#include <stdlib.h>

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for a recommendation");
}

static struct repository_total *total_find(const struct sibling_query *q, int64_t registry,
					   struct repository_total *ret)
{
	for (size_t i = 0; i < q->count; i++)
		if (q->registries[i] == registry)
			return &ret[i];
	return NULL;
}

#define IS_ROOT                                                                                    \
	"(c.runs_as IN ('', '0', 'root') OR c.runs_as LIKE '0:%' OR c.runs_as LIKE 'root:%')"
#define IMAGES                                                                                     \
	" FROM image i JOIN image_seen n ON n.image_id = i.id"                                     \
	" JOIN repository r ON r.id = i.repository_id"

/* A total's numbers are of scanned images; the rest of its images is pending. */
static void count(struct repository_total *t, enum sibling_state state, uint64_t images)
{
	t->healthy += state == SIBLING_HEALTHY ? images : 0;
	t->unhealthy += state == SIBLING_UNHEALTHY ? images : 0;
	t->unverified += state == SIBLING_UNKNOWN ? images : 0;
}

static enum sibling_state release_state(struct bytes id, struct bytes version, struct bytes name,
					int64_t now_ms)
{
	struct support s;
	if (!id.len || !support_find(id, version, name, BYTES_NONE, now_ms, &s))
		return SIBLING_UNKNOWN;
	return s.state == SUPPORT_ENDED ? SIBLING_UNHEALTHY : SIBLING_HEALTHY;
}

static int releases(struct db_tx *tx, const struct sibling_query *q, struct repository_total *ret,
		    struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT r.registry_id, i.distro_id, i.distro_version, i.distro_name, count(*)" IMAGES
	    " WHERE r.registry_id {IN $1} AND n.rest <> 4 AND i.scanned_at > 0"
	    " GROUP BY r.registry_id, i.distro_id, i.distro_version, i.distro_name",
	    DB_ARGS(DB_INTS(q->registries, q->count)), e);
	int r = s ? 1 : -(int)e->code;
	while (r > 0 && (r = db_step(s, e)) > 0) {
		struct repository_total *t = total_find(q, db_int(s, 0), ret);
		enum sibling_state state =
		    release_state(db_bytes(s, 1), db_bytes(s, 2), db_bytes(s, 3), q->now_ms);
		if (t)
			count(t, state, (uint64_t)db_int(s, 4));
	}
	db_done(s);
	return r < 0 ? r : 0;
}

static int roots(struct db_tx *tx, const struct sibling_query *q, struct repository_total *ret,
		 struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT r.registry_id, CASE WHEN c.image_id IS NULL THEN 2 WHEN " IS_ROOT
	    " THEN 1 ELSE 0 END, count(*)" IMAGES " LEFT JOIN image_config c ON c.image_id = i.id"
	    " WHERE r.registry_id {IN $1} AND n.rest <> 4 AND i.scanned_at > 0"
	    " GROUP BY 1, 2",
	    DB_ARGS(DB_INTS(q->registries, q->count)), e);
	int r = s ? 1 : -(int)e->code;
	while (r > 0 && (r = db_step(s, e)) > 0) {
		struct repository_total *t = total_find(q, db_int(s, 0), ret);
		if (t)
			count(t, (enum sibling_state)db_int(s, 1), (uint64_t)db_int(s, 2));
	}
	db_done(s);
	return r < 0 ? r : 0;
}

/* bases */

struct based {
	int64_t id, registry;
	int64_t layers; /* < 0: its config is not known */
};

static int read_based(struct db_tx *tx, const struct sibling_query *q, struct based *list,
		      size_t *ret_count, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT i.id, r.registry_id, COALESCE(c.layers, -1)" IMAGES
		     " LEFT JOIN image_config c ON c.image_id = i.id"
		     " WHERE r.registry_id {IN $1} AND n.rest <> 4 AND i.scanned_at > 0"
		     " ORDER BY i.id LIMIT $2",
		     DB_ARGS(DB_INTS(q->registries, q->count), DB_I(SIBLING_BASES_MAX)), e);
	int r = s ? 1 : -(int)e->code;
	*ret_count = 0;
	while (r > 0 && *ret_count < SIBLING_BASES_MAX && (r = db_step(s, e)) > 0)
		list[(*ret_count)++] = (struct based){
		    .id = db_int(s, 0), .registry = db_int(s, 1), .layers = db_int(s, 2)};
	db_done(s);
	return r < 0 ? r : 0;
}

/* One layer is nobody's but its own: it is a base, or was squashed. */
static enum sibling_state base_state(int64_t layers, const struct ancestry *base)
{
	if (layers < 0)
		return SIBLING_UNKNOWN;
	return layers > 1 && base->how != ANCESTRY_EXACT ? SIBLING_UNHEALTHY : SIBLING_HEALTHY;
}

/* Images past the limit are in none of the numbers. */
static int bases(struct db_tx *tx, const struct sibling_query *q, struct arena *a,
		 struct repository_total *ret, struct err *e)
{
	struct based *list = arena_alloc(a, SIBLING_BASES_MAX, sizeof *list);
	int64_t *ids = arena_alloc(a, ANCESTRY_IMAGES_MAX, sizeof *ids);
	struct ancestry *found = arena_alloc(a, ANCESTRY_IMAGES_MAX, sizeof *found);
	size_t n = 0;
	if (!list || !ids || !found)
		return no_memory(e);
	int r = read_based(tx, q, list, &n, e);
	for (size_t at = 0; r == 0 && at < n; at += ANCESTRY_IMAGES_MAX) {
		size_t some = n - at < ANCESTRY_IMAGES_MAX ? n - at : ANCESTRY_IMAGES_MAX;
		for (size_t i = 0; i < some; i++)
			ids[i] = list[at + i].id;
		r = ancestry_find(tx, &VISIBILITY_ALL, ids, some, a, found, e);
		for (size_t i = 0; r == 0 && i < some; i++) {
			struct repository_total *t = total_find(q, list[at + i].registry, ret);
			if (t)
				count(t, base_state(list[at + i].layers, &found[i]), 1);
		}
	}
	return r;
}

/* secrets */

#define FINDINGS_BUDGET (128U << 20) /* bytes: findings that are looked at */

/* Images ascending, each once. */
struct secret_images {
	int64_t *ids;
	size_t count;
	bool whole; /* there are no more */
};

/* Those that have a finding of the category among those that of asks for. */
static int with_secrets(struct db_tx *tx, struct criteria of, const struct visibility *v,
			struct arena *a, struct secret_images *ret, struct err *e)
{
	uint64_t checks[INSPECT_KIND_COUNT];
	of.ids = checks;
	for (unsigned i = 0; i < INSPECT_KIND_COUNT; i++)
		if (inspect_table[i].group == INSPECT_SECRETS)
			checks[of.id_count++] = match_content_check(i);
	const struct finding_query q = {
	    .visible = *v, .criteria = &of, .shown = FINDING_SHOW_ACTIVE, .matches = 1};
	struct finding *rows;
	struct arena tmp;
	size_t kept = 0;
	arena_init(&tmp, FINDINGS_BUDGET);
	int64_t n = finding_list_all(tx, &q, SIBLING_FINDINGS_MAX, &tmp, &rows, &ret->whole, e);
	int64_t *ids = n < 0 ? NULL : arena_alloc(a, n ? (size_t)n : 1, sizeof *ids);
	if (n >= 0 && !ids)
		n = no_memory(e);
	for (int64_t i = 0; i < n; i++)
		ids[i] = rows[i].image_id;
	arena_free(&tmp);
	if (n < 0)
		return (int)n;
	qsort(ids, (size_t)n, sizeof *ids, num_cmp_i64);
	for (int64_t i = 0; i < n; i++)
		if (kept == 0 || ids[kept - 1] != ids[i])
			ids[kept++] = ids[i];
	ret->ids = ids;
	ret->count = kept;
	return 0;
}

/* *ret_whole: what was scanned and is not among them has none. */
static int secrets(struct db_tx *tx, const struct sibling_query *q, struct arena *a,
		   struct repository_total *ret, bool *ret_whole, struct err *e)
{
	struct secret_images with = {.count = 0};
	int r = with_secrets(tx, (struct criteria){.any = false}, &VISIBILITY_ALL, a, &with, e);
	*ret_whole = with.whole;
	for (size_t at = 0; r >= 0 && at < with.count; at += DB_LIST_MAX) {
		size_t left = with.count - at, some = left < DB_LIST_MAX ? left : DB_LIST_MAX;
		struct db_stmt *s = db_query(tx,
					     "SELECT r.registry_id, count(*) FROM image i"
					     " JOIN repository r ON r.id = i.repository_id"
					     " WHERE i.id {IN $1} GROUP BY r.registry_id",
					     DB_ARGS(DB_INTS(with.ids + at, some)), e);
		r = s ? 1 : -(int)e->code;
		while (r > 0 && (r = db_step(s, e)) > 0) {
			struct repository_total *t = total_find(q, db_int(s, 0), ret);
			if (t)
				count(t, SIBLING_UNHEALTHY, (uint64_t)db_int(s, 1));
		}
		db_done(s);
	}
	return r < 0 ? r : 0;
}

int sibling_totals(struct db_tx *tx, const struct sibling_query *q, struct arena *a,
		   struct repository_total *ret, struct err *e)
{
	int r = 0;
	if (q->about == RECOMMENDATION_OF_FINDINGS)
		return 0;
	uint64_t *scanned = arena_alloc(a, q->count, sizeof *scanned);
	if (!scanned)
		return no_memory(e);
	for (size_t i = 0; i < q->count; i++) {
		scanned[i] = ret[i].images - repository_total_pending(&ret[i]);
		ret[i].healthy = ret[i].unhealthy = ret[i].unverified = 0;
		ret[i].counts = (struct image_counts){.disabled = 0};
	}
	bool rest_is_healthy = false;
	switch (q->about) {
	case RECOMMENDATION_OF_FINDINGS:
	case RECOMMENDATION_OF_PUSHES:
		rest_is_healthy = true;
		break;
	case RECOMMENDATION_OF_END_OF_LIFE:
		r = releases(tx, q, ret, e);
		break;
	case RECOMMENDATION_OF_ROOT:
		r = roots(tx, q, ret, e);
		break;
	case RECOMMENDATION_OF_BASE:
		r = bases(tx, q, a, ret, e);
		break;
	case RECOMMENDATION_OF_SECRETS:
		r = secrets(tx, q, a, ret, &rest_is_healthy, e);
		break;
	}
	for (size_t i = 0; i < q->count; i++) {
		uint64_t known = ret[i].healthy + ret[i].unhealthy + ret[i].unverified;
		uint64_t rest = scanned[i] > known ? scanned[i] - known : 0;
		count(&ret[i], rest_is_healthy ? SIBLING_HEALTHY : SIBLING_UNKNOWN, rest);
	}
	return r;
}

/* images */

struct page_row {
	struct sibling_image image;
	struct bytes distro_name, runs_as;
	int64_t scanned_at, layers, findings_state;
};

static bool read_row(struct db_stmt *s, struct arena *a, struct page_row *p)
{
	struct bytes *const texts[] = {
	    &p->image.registry,	      &p->image.repository, &p->image.digest, &p->image.distro_id,
	    &p->image.distro_version, &p->distro_name,	    &p->runs_as};
	bool ok = true;
	*p = (struct page_row){.image = {.id = db_int(s, 0)},
			       .scanned_at = db_int(s, 8),
			       .layers = db_int(s, 9),
			       .findings_state = db_int(s, 10)};
	for (size_t i = 0; ok && i < sizeof texts / sizeof *texts; i++)
		*texts[i] = texts[i] == &p->image.digest
				? digest_key_text(db_bytes(s, (int)i + 1), a, &ok)
				: arena_bytes(a, db_bytes(s, (int)i + 1), &ok);
	return ok;
}

static int read_page(struct db_tx *tx, const struct sibling_images_query *q, struct arena *a,
		     struct page_row *rows, size_t *ret_count, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT i.id, ng.name, nr.name, i.digest, i.distro_id, i.distro_version, i.distro_name,"
	    " COALESCE(c.runs_as, ''), i.scanned_at, COALESCE(c.layers, -1), " LEDGER_IMAGE_STATE
	    " FROM " LEDGER_IMAGE_FROM " LEFT JOIN image_config c ON c.image_id = i.id"
	    " WHERE i.id > $1 AND n.rest <> 4 AND ($2 = 0 OR nr.registry_id = $2)"
	    " AND " STORE_VISIBLE("i.repository_id", "$3", "$4") " ORDER BY i.id LIMIT $5",
	    DB_ARGS(DB_I(q->after), DB_I(q->registry_id), STORE_VISIBLE_ARGS(&q->visible),
		    DB_I(q->n)),
	    e);
	int r = s ? 1 : -(int)e->code;
	*ret_count = 0;
	while (r > 0 && *ret_count < q->n && (r = db_step(s, e)) > 0)
		if (!read_row(s, a, &rows[(*ret_count)++]))
			r = no_memory(e);
	db_done(s);
	return r < 0 ? r : 0;
}

static void say(struct sibling_image *i, enum sibling_state state, const char *reason)
{
	i->state = state;
	i->reason = bytes_of(state == SIBLING_HEALTHY ? "" : reason);
}

static bool is_root(struct bytes user)
{
	struct bytes name = bytes_cut(&user, ':');
	return name.len == 0 || bytes_eq_lit(name, "0") || bytes_eq_lit(name, "root");
}

static void judge_one(const struct sibling_images_query *q, struct page_row *p)
{
	struct sibling_image *i = &p->image;
	enum sibling_state state;
	switch (q->about) {
	case RECOMMENDATION_OF_FINDINGS:
		say(i,
		    p->findings_state == IMAGE_UNHEALTHY ? SIBLING_UNHEALTHY
		    : p->findings_state == IMAGE_HEALTHY ? SIBLING_HEALTHY
							 : SIBLING_UNKNOWN,
		    p->findings_state == IMAGE_UNHEALTHY ? "has findings"
							 : "could not be assessed");
		break;
	case RECOMMENDATION_OF_END_OF_LIFE:
		state = release_state(i->distro_id, i->distro_version, p->distro_name, q->now_ms);
		say(i, state,
		    state == SIBLING_UNKNOWN ? "until when its release gets fixes is not known"
					     : "its release gets no more fixes");
		break;
	case RECOMMENDATION_OF_ROOT:
		if (p->layers < 0)
			say(i, SIBLING_UNKNOWN, "its config was not kept: scan it again");
		else
			say(i, is_root(p->runs_as) ? SIBLING_UNHEALTHY : SIBLING_HEALTHY,
			    p->runs_as.len ? "its config names the user root"
					   : "its config names no user, which is root");
		break;
	case RECOMMENDATION_OF_PUSHES:
	case RECOMMENDATION_OF_BASE:
	case RECOMMENDATION_OF_SECRETS:
		say(i, SIBLING_HEALTHY, "");
		break;
	}
}

static int judge_bases(struct db_tx *tx, const struct sibling_images_query *q, struct arena *a,
		       struct page_row *rows, size_t count, struct err *e)
{
	int64_t *ids = arena_alloc(a, count, sizeof *ids);
	struct ancestry *found = arena_alloc(a, count, sizeof *found);
	if (!ids || !found)
		return no_memory(e);
	for (size_t i = 0; i < count; i++)
		ids[i] = rows[i].image.id;
	int r = count ? ancestry_find(tx, &q->visible, ids, count, a, found, e) : 0;
	for (size_t i = 0; r >= 0 && i < count; i++) {
		enum sibling_state state = base_state(rows[i].layers, &found[i]);
		say(&rows[i].image, state,
		    state == SIBLING_UNKNOWN ? "its config was not kept: scan it again"
					     : "no image here has its lowest layers");
	}
	return r < 0 ? r : 0;
}

static int judge_secrets(struct db_tx *tx, const struct sibling_images_query *q, struct arena *a,
			 struct page_row *rows, size_t count, struct err *e)
{
	struct bytes *digests = arena_alloc(a, count, sizeof *digests);
	struct secret_images with = {.count = 0};
	if (!digests)
		return no_memory(e);
	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		digests[i] = rows[i].image.digest;
	int r = with_secrets(tx, (struct criteria){.digests = {digests, count}}, &q->visible, a,
			     &with, e);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		const int64_t *has = with.count ? bsearch(&rows[i].image.id, with.ids, with.count,
							  sizeof *with.ids, num_cmp_i64)
						: NULL;
		say(&rows[i].image,
		    has		 ? SIBLING_UNHEALTHY
		    : with.whole ? SIBLING_HEALTHY
				 : SIBLING_UNKNOWN,
		    has ? "has findings of the category Secrets"
			: "there are more findings than are looked at");
	}
	return r;
}

int sibling_images(struct db_tx *tx, const struct sibling_images_query *q, struct arena *a,
		   struct sibling_images *ret, struct err *e)
{
	struct page_row *rows = arena_alloc(a, q->n, sizeof *rows);
	size_t count = 0;
	*ret = (struct sibling_images){.items = arena_alloc(a, q->n, sizeof *ret->items)};
	if (!rows || !ret->items)
		return no_memory(e);
	int r = q->about == RECOMMENDATION_OF_PUSHES ? 0 : read_page(tx, q, a, rows, &count, e);
	for (size_t i = 0; i < count; i++)
		judge_one(q, &rows[i]);
	if (r == 0 && q->about == RECOMMENDATION_OF_BASE)
		r = judge_bases(tx, q, a, rows, count, e);
	if (r == 0 && q->about == RECOMMENDATION_OF_SECRETS)
		r = judge_secrets(tx, q, a, rows, count, e);
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct sibling_image *image = &rows[i].image;
		if (rows[i].scanned_at == 0)
			say(image, SIBLING_UNKNOWN, "is not scanned yet");
		if (q->state < 0 || q->state == (int)image->state)
			ret->items[ret->count++] = *image;
	}
	ret->last = count == q->n && count ? rows[count - 1].image.id : 0;
	return r;
}
