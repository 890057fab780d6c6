#include "store/images.h"

#include "oci/digest.h"

#include <stdlib.h>
#include <string.h>

const char *ims_state_word(enum ims_state s)
{
	static const char *const words[] = {"Pending", "Healthy", "Unhealthy", "Unverified"};
	return (unsigned)s < sizeof words / sizeof *words ? words[s] : "Pending";
}

int ims_add(struct db_tx *tx, struct bytes repository, struct bytes digest, int64_t pushed_ms, struct err *e)
{
	int64_t n = db_exec(
		tx,
		"INSERT INTO image(repository, digest, platform, state, reason, coverage, distro_id, distro_version,"
		" distro_name, package_count, pushed_at, pulled_at, scanned_at, critical, high, medium, low,"
		" negligible, unknown) VALUES($1, $2, '', 0, '', $4, '', '', '', 0, $3, 0, 0, 0, 0, 0, 0, 0, 0)"
		" ON CONFLICT(repository, digest) DO UPDATE SET pushed_at = excluded.pushed_at",
		DB_ARGS(DB_T(repository), DB_T(digest), DB_I(pushed_ms), DB_T(BYTES_LIT("{}"))), e);
	return n < 0 ? (int)n : 0;
}

static int layer_id(struct db_tx *tx, const struct ims_part *part, int64_t *ret, struct err *e)
{
	struct buf text;
	struct digest d;
	buf_init(&text, SIZE_MAX / 4);
	buf_put_blob(&text, part->layer);
	buf_put_blob(&text, part->created_by);
	digest_of(DIGEST_SHA256, buf_bytes(&text), &d);
	buf_free(&text);
	struct bytes hash = {.ptr = d.hash, .len = PKS_IDENTITY_LEN};
	struct db_stmt *s = db_query(tx,
				     "INSERT INTO image_layer(hash, digest, created_by) VALUES($1, $2, $3)"
				     " ON CONFLICT(hash) DO UPDATE SET digest = excluded.digest RETURNING id",
				     DB_ARGS(DB_B(hash), DB_T(part->layer), DB_T(part->created_by)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r > 0)
		*ret = db_int(s, 0);
	while (r > 0)
		r = db_step(s, e);
	db_done(s);
	return r;
}

/* The checks of several sets as one ascending list, each once (a check that two sets share counts once), counted by severity. */
static void count_union(struct pks_check *all, size_t n, struct ims_counts *ret);

static int by_id(const void *a, const void *b)
{
	const struct pks_check *x = a, *y = b;
	return (x->id > y->id) - (x->id < y->id);
}

static void count_union(struct pks_check *all, size_t n, struct ims_counts *ret)
{
	*ret = (struct ims_counts){0};
	if (n)
		qsort(all, n, sizeof *all, by_id);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || all[i].id != all[i - 1].id)
			ret->by[all[i].severity]++;
	}
}

/* Two ascending lists need no sorting: the usual image is one or two sets. */
static void count_two(const struct pks_check *a, size_t an, const struct pks_check *b, size_t bn,
		      struct ims_counts *ret)
{
	*ret = (struct ims_counts){0};
	size_t i = 0, k = 0;
	while (i < an || k < bn) {
		bool take_a = k >= bn || (i < an && a[i].id <= b[k].id);
		const struct pks_check *c = take_a ? &a[i] : &b[k];
		uint64_t id = c->id;
		ret->by[c->severity]++;
		while (i < an && a[i].id == id)
			i++;
		while (k < bn && b[k].id == id)
			k++;
	}
}

static int put_counts(struct db_tx *tx, int64_t image, const struct ims_counts *c, struct err *e, int64_t *ret_changed)
{
	uint64_t total = 0;
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++)
		total += c->by[i];
	*ret_changed = db_exec(
		tx,
		"UPDATE image SET critical = $2, high = $3, medium = $4, low = $5, negligible = $6, unknown = $7,"
		" state = CASE WHEN $8 > 0 THEN 2 WHEN state = 2 AND reason = '' THEN 1 WHEN state = 2 THEN 3"
		" ELSE state END WHERE id = $1",
		DB_ARGS(DB_I(image), DB_I(c->by[ADV_SEV_CRITICAL]), DB_I(c->by[ADV_SEV_HIGH]),
			DB_I(c->by[ADV_SEV_MEDIUM]), DB_I(c->by[ADV_SEV_LOW]), DB_I(c->by[ADV_SEV_NEGLIGIBLE]),
			DB_I(c->by[ADV_SEV_UNKNOWN]), DB_I(total)),
		e);
	return *ret_changed < 0 ? (int)*ret_changed : 0;
}

/* All kept checks of an image's sets into *all (grown by realloc), unsorted. */
static int gather(struct db_tx *tx, int64_t image, struct arena *a, struct pks_check **ret, size_t *ret_count, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT ps.checks FROM image_set s JOIN package_set ps ON ps.id = s.set_id"
				     " WHERE s.image_id = $1",
				     DB_ARGS(DB_I(image)), e);
	struct buf all;
	buf_init(&all, 256U << 20);
	int r;
	if (!s)
		return -(int)e->code;
	while ((r = db_step(s, e)) > 0) {
		struct pks_check *checks;
		size_t n;
		r = pks_checks_parse(db_bytes(s, 0), a, &checks, &n, e);
		if (r < 0)
			break;
		buf_put(&all, (struct bytes){.ptr = (const uint8_t *)checks, .len = n * sizeof *checks});
	}
	db_done(s);
	if (r == 0 && !buf_ok(&all))
		r = err_set(e, ERR_NOMEM, "no memory for the checks of an image");
	*ret_count = all.len / sizeof **ret;
	*ret = arena_alloc(a, *ret_count, sizeof **ret);
	if (r == 0 && !*ret)
		r = err_set(e, ERR_NOMEM, "no memory for the checks of an image");
	if (r == 0 && all.len)
		memcpy(*ret, all.ptr, all.len);
	buf_free(&all);
	return r;
}

static int count_image(struct db_tx *tx, int64_t image, struct ims_counts *ret, struct err *e)
{
	struct arena a;
	struct pks_check *all = NULL;
	size_t n = 0;
	arena_init(&a, 512U << 20);
	int r = gather(tx, image, &a, &all, &n, e);
	if (r == 0)
		count_union(all, n, ret);
	arena_free(&a);
	return r;
}

static int put_parts(struct db_tx *tx, int64_t image, struct ims_part *parts, size_t part_count, struct err *e)
{
	if (db_exec(tx, "DELETE FROM image_set WHERE image_id = $1", DB_ARGS(DB_I(image)), e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < part_count; i++) {
		int64_t set, layer;
		if (pks_set(tx, parts[i].members, parts[i].member_count, &set, e) < 0 ||
		    layer_id(tx, &parts[i], &layer, e) < 0 ||
		    db_exec(tx, "INSERT INTO image_set(image_id, position, set_id, layer_id) VALUES($1, $2, $3, $4)",
			    DB_ARGS(DB_I(image), DB_I(parts[i].position), DB_I(set), DB_I(layer)), e) < 0)
			return -(int)e->code;
	}
	return 0;
}

int ims_put(struct db_tx *tx, struct ims_image *image, struct ims_part *parts, size_t part_count, struct err *e)
{
	struct db_stmt *s = db_query(
		tx,
		"UPDATE image SET platform = $3, state = $4, reason = $5, coverage = $6, distro_id = $7,"
		" distro_version = $8, distro_name = $9, package_count = $10, scanned_at = $11"
		" WHERE repository = $1 AND digest = $2 RETURNING id",
		DB_ARGS(DB_T(image->repository), DB_T(image->digest), DB_T(image->platform), DB_I(image->state),
			DB_T(image->reason), DB_T(image->coverage), DB_T(image->distro_id), DB_T(image->distro_version),
			DB_T(image->distro_name), DB_I(image->package_count), DB_I(image->scanned_ms)),
		e);
	if (!s)
		return -(int)e->code;
	int r;
	image->id = 0;
	while ((r = db_step(s, e)) > 0)
		image->id = db_int(s, 0);
	db_done(s);
	if (r < 0)
		return r;
	if (!image->id)
		return err_set(e, ERR_NOT_FOUND, "%.*s@%.*s was deleted", BYTES_ARG(image->repository),
			       BYTES_ARG(image->digest));
	int64_t changed;
	if (put_parts(tx, image->id, parts, part_count, e) < 0 || count_image(tx, image->id, &image->counts, e) < 0 ||
	    put_counts(tx, image->id, &image->counts, e, &changed) < 0)
		return -(int)e->code;
	return 0;
}

int ims_put_state(struct db_tx *tx, struct bytes repository, struct bytes digest, enum ims_state state,
		  struct bytes reason, int64_t scanned_ms, struct err *e)
{
	int64_t n = db_exec(tx,
			    "UPDATE image SET state = $3, reason = $4, scanned_at = $5"
			    " WHERE repository = $1 AND digest = $2",
			    DB_ARGS(DB_T(repository), DB_T(digest), DB_I(state), DB_T(reason), DB_I(scanned_ms)), e);
	return n < 0 ? (int)n : 0;
}

int ims_delete(struct db_tx *tx, struct bytes repository, struct bytes digest, struct err *e)
{
	if (db_exec(tx,
		    "DELETE FROM image_set WHERE image_id IN (SELECT id FROM image WHERE repository = $1 AND digest = $2)",
		    DB_ARGS(DB_T(repository), DB_T(digest)), e) < 0 ||
	    db_exec(tx, "DELETE FROM scan WHERE repository = $1 AND digest = $2",
		    DB_ARGS(DB_T(repository), DB_T(digest)), e) < 0 ||
	    db_exec(tx, "DELETE FROM image WHERE repository = $1 AND digest = $2",
		    DB_ARGS(DB_T(repository), DB_T(digest)), e) < 0)
		return -(int)e->code;
	return 0;
}

int ims_row(struct db_stmt *s, struct arena *a, struct ims_image *ret, struct err *e)
{
	static const enum adv_severity order[] = {ADV_SEV_CRITICAL, ADV_SEV_HIGH, ADV_SEV_MEDIUM,
						  ADV_SEV_LOW, ADV_SEV_NEGLIGIBLE, ADV_SEV_UNKNOWN};
	struct ims_image r = {.id = db_int(s, 0), .state = (enum ims_state)db_int(s, 4),
			      .package_count = (uint64_t)db_int(s, 10), .pushed_ms = db_int(s, 11),
			      .pulled_ms = db_int(s, 12), .scanned_ms = db_int(s, 13)};
	struct {
		struct bytes *to;
		int column;
	} texts[] = {{&r.repository, 1}, {&r.digest, 2}, {&r.platform, 3}, {&r.reason, 5}, {&r.coverage, 6},
		     {&r.distro_id, 7}, {&r.distro_version, 8}, {&r.distro_name, 9}};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		bool ok;
		*texts[i].to = arena_bytes(a, db_bytes(s, texts[i].column), &ok);
		if (!ok)
			return err_set(e, ERR_NOMEM, "no memory for an image");
	}
	for (int i = 0; i <= ADV_SEV_CRITICAL; i++)
		r.counts.by[order[i]] = (uint64_t)db_int(s, 14 + i);
	*ret = r;
	return 0;
}

int ims_get(struct db_tx *tx, struct bytes repository, struct bytes digest, struct arena *a, struct ims_image *ret,
	    struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT " IMS_COLUMNS " FROM image i WHERE i.repository = $1 AND i.digest = $2",
				     DB_ARGS(DB_T(repository), DB_T(digest)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r > 0 && ims_row(s, a, ret, e) < 0)
		r = -(int)e->code;
	db_done(s);
	return r;
}

/* ---- counts of many images -------------------------------------------------------------------------------------- */

struct kept_set {
	int64_t id;
	struct pks_check *checks;
	size_t count;
};

struct set_cache {
	struct arena arena;
	struct kept_set *slots; /* open addressing; id 0 = free */
	size_t mask, used;
};

static size_t slot_of(const struct set_cache *c, int64_t id)
{
	size_t at = (size_t)((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 20) & c->mask;
	while (c->slots[at].id && c->slots[at].id != id)
		at = (at + 1) & c->mask;
	return at;
}

static int cache_grow(struct set_cache *c, struct err *e)
{
	struct kept_set *old = c->slots;
	size_t old_cap = old ? c->mask + 1 : 0, cap = old ? old_cap * 2 : 4096;
	c->slots = calloc(cap, sizeof *c->slots);
	if (!c->slots) {
		c->slots = old;
		return err_set(e, ERR_NOMEM, "no memory for %zu sets", cap);
	}
	c->mask = cap - 1;
	for (size_t i = 0; i < old_cap; i++) {
		if (old[i].id)
			c->slots[slot_of(c, old[i].id)] = old[i];
	}
	free(old);
	return 0;
}

static int cache_get(struct set_cache *c, struct db_tx *tx, int64_t id, const struct kept_set **ret, struct err *e)
{
	if ((!c->slots || c->used * 2 > c->mask) && cache_grow(c, e) < 0)
		return -(int)e->code;
	struct kept_set *k = &c->slots[slot_of(c, id)];
	*ret = k;
	if (k->id)
		return 0;
	struct db_stmt *s = db_query(tx, "SELECT checks FROM package_set WHERE id = $1", DB_ARGS(DB_I(id)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r > 0)
		r = pks_checks_parse(db_bytes(s, 0), &c->arena, &k->checks, &k->count, e);
	db_done(s);
	if (r < 0)
		return r;
	k->id = id;
	c->used++;
	return 0;
}

struct image_sets {
	int64_t image;
	int64_t sets[64];
	size_t count;
};

/* The counts of one image from its sets' kept checks. */
static int refresh_image(struct db_tx *tx, struct set_cache *c, const struct image_sets *is, struct err *e)
{
	struct ims_counts counts;
	int64_t changed;
	const struct kept_set *one, *two = NULL;
	if (is->count > 2 || is->count == 0) {
		if (count_image(tx, is->image, &counts, e) < 0)
			return -(int)e->code;
		return put_counts(tx, is->image, &counts, e, &changed);
	}
	if (cache_get(c, tx, is->sets[0], &one, e) < 0)
		return -(int)e->code;
	struct kept_set first = *one; /* growing the table moves slots */
	if (is->count == 2 && cache_get(c, tx, is->sets[1], &two, e) < 0)
		return -(int)e->code;
	count_two(first.checks, first.count, two ? two->checks : NULL, two ? two->count : 0, &counts);
	return put_counts(tx, is->image, &counts, e, &changed);
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Images that have one of the sets, ascending, each once. */
static int dirty_images(struct db_tx *tx, const int64_t *sets, size_t set_count, struct buf *out, struct err *e)
{
	for (size_t i = 0; i < set_count; i++) {
		struct db_stmt *s = db_query(tx, "SELECT image_id FROM image_set WHERE set_id = $1",
					     DB_ARGS(DB_I(sets[i])), e);
		if (!s)
			return -(int)e->code;
		int r;
		while ((r = db_step(s, e)) > 0) {
			int64_t id = db_int(s, 0);
			buf_put(out, (struct bytes){.ptr = (const uint8_t *)&id, .len = sizeof id});
		}
		db_done(s);
		if (r < 0)
			return r;
	}
	if (!buf_ok(out))
		return err_set(e, ERR_NOMEM, "no memory for the list of images");
	int64_t *ids = (int64_t *)(void *)out->ptr;
	size_t n = out->len / sizeof *ids, kept = 0;
	if (n)
		qsort(ids, n, sizeof *ids, by_number);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || ids[kept - 1] != ids[i])
			ids[kept++] = ids[i];
	}
	out->len = kept * sizeof *ids;
	return 0;
}

static int sets_of(struct db_tx *tx, struct image_sets *is, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT set_id FROM image_set WHERE image_id = $1", DB_ARGS(DB_I(is->image)), e);
	if (!s)
		return -(int)e->code;
	int r;
	is->count = 0;
	while ((r = db_step(s, e)) > 0) {
		if (is->count < sizeof is->sets / sizeof *is->sets)
			is->sets[is->count++] = db_int(s, 0);
	}
	db_done(s);
	return r;
}

int ims_refresh(struct db_tx *tx, const int64_t *sets, size_t set_count, uint64_t *ret_images, struct err *e)
{
	struct buf ids;
	struct set_cache cache = {0};
	buf_init(&ids, 1U << 30);
	arena_init(&cache.arena, (size_t)2 << 30);
	int r = dirty_images(tx, sets, set_count, &ids, e);
	const int64_t *images = (const int64_t *)(const void *)ids.ptr;
	size_t n = ids.len / sizeof *images;
	for (size_t i = 0; i < n && r == 0; i++) {
		struct image_sets is = {.image = images[i]};
		r = sets_of(tx, &is, e);
		if (r == 0)
			r = refresh_image(tx, &cache, &is, e);
	}
	*ret_images = n;
	free(cache.slots);
	arena_free(&cache.arena);
	buf_free(&ids);
	return r;
}
