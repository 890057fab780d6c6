#include "store/findings_from.h"

#include "base/cursor.h"
#include "store/findings_row.h"
#include "store/lists.h"
#include "store/packages.h"

#include <stdlib.h>
#include <string.h>

#define PLACES_MAX                                                                                 \
	4096U		/* sets of images of a repository; more: its share of everything is large */
#define LISTED_MAX 512U /* checks or packages that are looked up to be sorted: some ms */
#define MEMBERS_MAX 65536U /* that are known when everything is gone through */
#define SKIPS_A_STEP 16U   /* of those that are not among them */
#define IDS_BYTES ((size_t)64 << 20)
#define KEY_ABOVE 1e9

#define FACTS "c.id, c.severity, c.kev, c.epss, c.cvss_base, c.category, c.title"
/* Of a key: all checks in order, with what filters ask or, off the index alone, without. */
enum { UNKNOWN_EPSS = FND_SORT_COUNT, KEYS };
#define ROWS(columns, is)                                                                          \
	"SELECT " columns " FROM security_check c WHERE " is " AND c.id >= $2 ORDER BY c.id"
#define ROWS_TEXTS(columns)                                                                        \
	{                                                                                          \
		[FND_BY_SEVERITY] = ROWS(columns, "c.severity = $1"),                              \
		[FND_BY_CVSS] = ROWS(columns, "c.cvss_base = $1"),                                 \
		[FND_BY_EPSS] = ROWS(columns, "c.epss = $1"),                                      \
		[UNKNOWN_EPSS] = ROWS(columns, "c.epss IS NULL AND $1 < 0"),                       \
	}
static const char *const rows_texts[KEYS] = ROWS_TEXTS(FACTS), *const ids_texts[KEYS] =
								   ROWS_TEXTS("c.id");
#define BELOW(key)                                                                                 \
	"SELECT " key " FROM security_check c WHERE " key " < $1 ORDER BY " key " DESC LIMIT 1"
static const char *const below_texts[FND_SORT_COUNT] = {
    [FND_BY_SEVERITY] = BELOW("c.severity"),
    [FND_BY_CVSS] = BELOW("c.cvss_base"),
    [FND_BY_EPSS] = "SELECT COALESCE((" BELOW("c.epss") "), -1) WHERE $1 > -1",
};
#define KEY_OF(key) "SELECT " key ", '' FROM security_check c WHERE c.id = $1"
static const char *const key_texts[FND_SORT_COUNT] = {
    [FND_BY_SEVERITY] = KEY_OF("c.severity"),
    [FND_BY_CVSS] = KEY_OF("c.cvss_base"),
    [FND_BY_EPSS] = KEY_OF("COALESCE(c.epss, -1)"),
    [FND_BY_PACKAGE] = "SELECT CAST(0 AS INTEGER), name FROM package_row WHERE id = $1",
};

static size_t places_max(const struct fnf *w)
{
	return w->f->limits.places ? w->f->limits.places : PLACES_MAX;
}

static size_t listed_max(const struct fnf *w)
{
	return w->f->limits.listed ? w->f->limits.listed : LISTED_MAX;
}

static size_t members_max(const struct fnf *w)
{
	return w->f->limits.members ? w->f->limits.members : MEMBERS_MAX;
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for a list of findings");
}

static void put_id(struct buf *ids, int64_t id)
{
	buf_put(ids, (struct bytes){.ptr = (const uint8_t *)&id, .len = sizeof id});
}

static int cmp_id(const void *x, const void *y)
{
	int64_t a, b;
	memcpy(&a, x, sizeof a);
	memcpy(&b, y, sizeof b);
	return (a > b) - (a < b);
}

static size_t id_count(const struct buf *ids)
{
	return ids->len / sizeof(int64_t);
}

static int64_t id_at(const struct buf *ids, size_t i)
{
	int64_t id;
	memcpy(&id, ids->ptr + i * sizeof id, sizeof id);
	return id;
}

static bool has_id(const struct buf *ids, int64_t id)
{
	return id_count(ids) && bsearch(&id, ids->ptr, id_count(ids), sizeof id, cmp_id);
}

/* Ascending, each once. */
static void settle_ids(struct buf *ids)
{
	size_t kept = 0, n = id_count(ids);
	if (n < 2)
		return;
	qsort(ids->ptr, n, sizeof(int64_t), cmp_id);
	for (size_t i = 0; i < n; i++) {
		int64_t id = id_at(ids, i);
		if (kept == 0 || id != id_at(ids, kept - 1))
			memcpy(ids->ptr + kept++ * sizeof id, &id, sizeof id);
	}
	ids->len = kept * sizeof(int64_t);
}

/* The first column of all rows. 1; 0: there are more than max. */
static int collect(struct db_tx *tx, const char *text, struct db_value arg, size_t max,
		   struct buf *ids, struct err *e)
{
	struct db_stmt *s = db_query(tx, text, &arg, 1, e);
	if (!s)
		return -(int)e->code;
	int r = 1;
	while (id_count(ids) <= max && (r = db_step(s, e)) > 0)
		put_id(ids, db_int(s, 0));
	db_done(s);
	if (r < 0)
		return r;
	return !buf_ok(ids) ? no_memory(e) : id_count(ids) <= max;
}

/* For each of the ids of from. */
static int collect_of(struct fnf *w, const char *text, const struct buf *from, struct buf *ids,
		      struct err *e)
{
	int r = 1;
	for (size_t i = 0; r > 0 && i < id_count(from); i++)
		r = collect(w->tx, text, DB_I(id_at(from, i)), members_max(w), ids, e);
	return r;
}

static int cmp_place(const void *x, const void *y)
{
	const struct fnf_place *a = x, *b = y;
	if (a->set != b->set)
		return a->set < b->set ? -1 : 1;
	if (a->image != b->image)
		return a->image < b->image ? -1 : 1;
	return (a->position > b->position) - (a->position < b->position);
}

static size_t place_count(const struct fnf *w)
{
	return w->places.len / sizeof(struct fnf_place);
}

static const struct fnf_place *places_of(const struct fnf *w)
{
	return (const struct fnf_place *)(const void *)w->places.ptr;
}

static int read_places(struct fnf *w, struct err *e)
{
	if (!w->f->repository.len)
		return 0;
	struct db_stmt *s =
	    db_query(w->tx,
		     "SELECT s.set_id, s.image_id, s.position, s.layer_id FROM image i"
		     " JOIN image_set s ON s.image_id = i.id WHERE i.repository = $1"
		     " LIMIT $2",
		     DB_ARGS(DB_T(w->f->repository), DB_I(places_max(w) + 1)), e);
	if (!s)
		return -(int)e->code;
	int r;
	while ((r = db_step(s, e)) > 0) {
		struct fnf_place p = {.set = db_int(s, 0),
				      .image = db_int(s, 1),
				      .position = db_int(s, 2),
				      .layer = db_int(s, 3)};
		buf_put(&w->places, (struct bytes){.ptr = (const uint8_t *)&p, .len = sizeof p});
	}
	db_done(s);
	if (r < 0)
		return r;
	if (!buf_ok(&w->places))
		return no_memory(e);
	w->placed = place_count(w) <= places_max(w);
	if (w->placed && place_count(w) > 1)
		qsort(w->places.ptr, place_count(w), sizeof(struct fnf_place), cmp_place);
	return 0;
}

size_t fnf_places(const struct fnf *w, int64_t set, int64_t image, const struct fnf_place **ret)
{
	const struct fnf_place *all = places_of(w);
	const struct fnf_place from = {.set = set, .image = image, .position = INT64_MIN};
	size_t low = 0, high = place_count(w), n = 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (cmp_place(&all[middle], &from) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + n < place_count(w) && all[low + n].set == set)
		n++;
	*ret = n ? all + low : NULL;
	return n;
}

struct entry {
	double key;
	int64_t id;
	const struct bytes *name; /* NULL of checks */
};

/* <0: a is told before b. */
static int cmp_entry(const struct entry *a, const struct entry *b)
{
	if (a->key < b->key || a->key > b->key)
		return a->key > b->key ? -1 : 1;
	int by_name = a->name && b->name ? bytes_cmp(*a->name, *b->name) : 0;
	return by_name ? by_name : (a->id > b->id) - (a->id < b->id);
}

static size_t entry_count(const struct fnf *w)
{
	return w->heap.len / sizeof(struct entry);
}

/* Unless the cursor is past it. */
static void put_entry(struct fnf *w, const struct entry *n)
{
	struct entry from = {.key = w->after.key, .id = w->after.check, .name = NULL};
	if (w->sort == FND_BY_PACKAGE) {
		from.id = w->after.package;
		from.name = &w->after.name;
	}
	if (!w->after.is_set || cmp_entry(n, &from) >= 0)
		buf_put(&w->heap, (struct bytes){.ptr = (const uint8_t *)n, .len = sizeof *n});
}

static void sink(struct entry *all, size_t n, size_t at)
{
	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && cmp_entry(&all[child + 1], &all[child]) < 0)
			child++;
		if (cmp_entry(&all[at], &all[child]) <= 0)
			return;
		struct entry swap = all[at];
		all[at] = all[child];
		all[child] = swap;
	}
}

static int heap_ready(struct fnf *w, struct err *e)
{
	if (!buf_ok(&w->heap))
		return no_memory(e);
	for (size_t i = entry_count(w) / 2; i-- > 0;)
		sink((struct entry *)(void *)w->heap.ptr, entry_count(w), i);
	w->listed = true;
	return 1;
}

/* The ids with their keys or names. */
static int list_ids(struct fnf *w, struct buf *ids, struct err *e)
{
	for (size_t i = 0; i < id_count(ids); i++) {
		struct entry n = {.id = id_at(ids, i)};
		struct db_stmt *s = db_query(w->tx, key_texts[w->sort], DB_ARGS(DB_I(n.id)), e);
		int r = s ? db_step(s, e) : -(int)e->code;
		if (r > 0) {
			struct bytes *name = NULL;
			n.key = db_real(s, 0);
			if (w->sort == FND_BY_PACKAGE &&
			    (!(name = arena_alloc(w->a, 1, sizeof *name)) ||
			     !fnr_copy(w->a, s, 1, name)))
				r = no_memory(e);
			n.name = name;
		}
		if (r > 0)
			put_entry(w, &n);
		db_done(s);
		if (r < 0)
			return r;
	}
	return heap_ready(w, e);
}

#define PACKAGES_OF_CHECK "SELECT package_id FROM package_match WHERE check_id = $1"
#define CHECKS_OF_PACKAGE "SELECT check_id FROM package_match WHERE package_id = $1"
#define PACKAGES_OF_NAME                                                                           \
	"SELECT id FROM package_row WHERE name = $1"                                               \
	" UNION SELECT id FROM package_row WHERE source_name = $1"
#define CHECKS_OF_CVE                                                                              \
	"SELECT check_id FROM check_cve WHERE cve = $1"                                            \
	" UNION SELECT id FROM security_check WHERE advisory = $1"

/* By the filter that names the fewest: 1 = ids are they, 0 = no such filter, or too many. */
static int named_ids(struct fnf *w, struct buf *ids, struct buf *scratch, struct err *e)
{
	bool packages = w->sort == FND_BY_PACKAGE;
	int r = 0;
	if (w->f->check || w->f->cve.len) {
		const struct buf *checks = &w->cves;
		if (w->f->check) {
			put_id(scratch, (int64_t)w->f->check);
			checks = scratch;
		}
		if (packages)
			r = collect_of(w, PACKAGES_OF_CHECK, checks, ids, e);
		else
			buf_put(ids, buf_bytes(checks));
		if (!packages)
			r = buf_ok(ids) ? id_count(ids) <= members_max(w) : no_memory(e);
	}
	if (r == 0 && w->f->package.len) {
		struct buf *to = packages ? ids : scratch;
		buf_clear(ids);
		buf_clear(scratch);
		r = collect(w->tx, PACKAGES_OF_NAME, DB_T(w->f->package), members_max(w), to, e);
		if (r > 0 && !packages)
			r = collect_of(w, CHECKS_OF_PACKAGE, scratch, ids, e);
	}
	return r;
}

static int epoch_of(struct db_tx *tx, int64_t *ret, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT epoch FROM generation WHERE id = 1", NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	*ret = r > 0 ? db_int(s, 0) : 0;
	db_done(s);
	return r < 0 ? r : 0;
}

/* A set's checks: as entries by severity, else as ids. */
static int put_set_checks(struct fnf *w, struct bytes kept, struct buf *ids, struct err *e)
{
	struct cursor c = cur_of(kept);
	struct entry n = {0};
	while (cur_left(&c)) {
		n.id = (int64_t)((uint64_t)n.id + cur_varint(&c));
		unsigned severity = cur_u8(&c);
		n.key = severity;
		if (!cur_ok(&c))
			return err_set(e, ERR_DAMAGED, "the checks of a set are damaged");
		if (severity > ADV_SEV_CRITICAL || !(w->severities >> severity & 1))
			continue;
		if (w->sort == FND_BY_SEVERITY)
			put_entry(w, &n);
		else
			put_id(ids, n.id);
	}
	return 0;
}

static int put_set_packages(struct fnf *w, int64_t set, struct buf *ids, struct err *e)
{
	struct db_stmt *s =
	    db_query(w->tx, "SELECT members FROM package_set WHERE id = $1", DB_ARGS(DB_I(set)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	struct lst_reader list;
	lst_open(&list, r > 0 ? db_bytes(s, 0) : BYTES_NONE);
	while (r > 0 && (r = lst_next(&list, e)) > 0)
		put_id(ids, list.package);
	lst_close(&list);
	db_done(s);
	return r;
}

/* What the sets of the repository have: 1, or 0 = too much. */
static int repository_ids(struct fnf *w, struct buf *ids, struct buf *scratch, struct err *e)
{
	const struct fnf_place *all = places_of(w);
	int64_t epoch = 0;
	int r = w->placed ? epoch_of(w->tx, &epoch, e) : 0;
	if (r < 0 || !w->placed)
		return r;
	for (size_t i = 0; i < place_count(w); i++) {
		if (i && all[i].set == all[i - 1].set)
			continue;
		if (w->sort == FND_BY_PACKAGE) {
			r = put_set_packages(w, all[i].set, ids, e);
		} else {
			buf_clear(scratch);
			r = pks_set_checks(w->tx, all[i].set, epoch, scratch, e);
			if (r >= 0)
				r = put_set_checks(w, buf_bytes(scratch), ids, e);
		}
		if (r < 0)
			return r;
		if (entry_count(w) > members_max(w) || id_count(ids) > members_max(w))
			return 0;
	}
	return buf_ok(ids) ? 1 : no_memory(e);
}

/* Few are sorted; of more it is known which they are; else all there are may be. */
static int make_list(struct fnf *w, struct err *e)
{
	struct buf scratch, *ids = &w->members;
	buf_init(&scratch, IDS_BYTES);
	int r = named_ids(w, ids, &scratch, e);
	if (r == 0) {
		buf_clear(ids);
		r = repository_ids(w, ids, &scratch, e);
	}
	buf_free(&scratch);
	if (r <= 0) {
		buf_clear(&w->heap);
		return r;
	}
	settle_ids(ids);
	w->known = id_count(ids) > listed_max(w);
	return w->known ? 1 : list_ids(w, ids, e);
}

int fnf_open(struct fnf *w, struct db_tx *tx, const struct fnd_filter *f, enum fnd_sort sort,
	     const struct fnd_cursor *after, struct arena *a, struct err *e)
{
	*w = (struct fnf){.tx = tx,
			  .f = f,
			  .sort = sort,
			  .after = *after,
			  .a = a,
			  .severities = fnr_severities(f),
			  .key = after->is_set ? after->key : KEY_ABOVE};
	buf_init(&w->places, IDS_BYTES);
	buf_init(&w->cves, IDS_BYTES);
	buf_init(&w->members, IDS_BYTES);
	buf_init(&w->heap, IDS_BYTES);
	int r = read_places(w, e);
	if (r >= 0 && f->cve.len) {
		r = collect(tx, CHECKS_OF_CVE, DB_T(f->cve), SIZE_MAX, &w->cves, e);
		settle_ids(&w->cves);
	}
	if (r >= 0)
		r = make_list(w, e);
	return r < 0 ? r : 0;
}

void fnf_close(struct fnf *w)
{
	db_done(w->rows);
	w->rows = NULL;
	buf_free(&w->places);
	buf_free(&w->cves);
	buf_free(&w->members);
	buf_free(&w->heap);
}

static bool has_text(struct bytes title, struct bytes text)
{
	for (size_t at = 0; at + text.len <= title.len; at++) {
		size_t n = 0;
		while (n < text.len && byte_lower(title.ptr[at + n]) == byte_lower(text.ptr[n]))
			n++;
		if (n == text.len)
			return true;
	}
	return false;
}

/* A row of FACTS. */
static bool passes(const struct fnf *w, struct db_stmt *s)
{
	const struct fnd_filter *f = w->f;
	int64_t id = db_int(s, 0), severity = db_int(s, 1);
	if (severity < 0 || severity > ADV_SEV_CRITICAL || !(w->severities >> severity & 1))
		return false;
	if (f->check && (uint64_t)id != f->check)
		return false;
	if (f->kev != FND_ANY && (f->kev == FND_ONLY) != (db_int(s, 2) == 1))
		return false;
	if (f->epss_min > 0 && (db_is_null(s, 3) || db_real(s, 3) < f->epss_min))
		return false;
	if (f->cvss_min > 0 && db_real(s, 4) < f->cvss_min)
		return false;
	if (f->category.len && !bytes_eq(db_bytes(s, 5), f->category))
		return false;
	if (f->cve.len && !has_id(&w->cves, id))
		return false;
	return !f->text.len || has_text(db_bytes(s, 6), f->text);
}

int fnf_check_passes(struct fnf *w, int64_t check, struct err *e)
{
	struct db_stmt *s =
	    db_query(w->tx, "SELECT " FACTS " FROM security_check c WHERE c.id = $1",
		     DB_ARGS(DB_I(check)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		r = passes(w, s);
	db_done(s);
	return r;
}

static int next_listed(struct fnf *w, struct fnf_candidate *ret, struct err *e)
{
	struct entry *all = (struct entry *)(void *)w->heap.ptr, first;
	do {
		size_t n = entry_count(w);
		if (n == 0)
			return 0;
		first = all[0];
		all[0] = all[n - 1];
		w->heap.len -= sizeof *all;
		sink(all, n - 1, 0);
	} while (first.id == w->last); /* several sets have it */
	w->last = first.id;
	*ret = (struct fnf_candidate){.key = first.key,
				      .id = first.id,
				      .passes = true,
				      .name = first.name ? *first.name : BYTES_NONE};
	if (w->sort == FND_BY_PACKAGE)
		return 1;
	int r = fnf_check_passes(w, first.id, e);
	ret->passes = r > 0;
	return r < 0 ? r : 1;
}

/* Whether the row's is among those that are known; sixteen that are not are a step: *ret_step. */
static bool is_member(struct fnf *w, int64_t id, bool *ret_step)
{
	bool is = !w->known || has_id(&w->members, id);
	*ret_step = is || ++w->skipped % SKIPS_A_STEP == 0;
	return is;
}

static int next_package(struct fnf *w, struct fnf_candidate *ret, struct err *e)
{
	bool step = false;
	int r = 1;
	if (!w->rows)
		w->rows = db_query(w->tx,
				   "SELECT id, name FROM package_row WHERE name >= $1"
				   " AND (name > $1 OR id >= $2) ORDER BY name, id",
				   DB_ARGS(DB_T(w->after.name), DB_I(w->after.package)), e);
	if (!w->rows)
		return -(int)e->code;
	while (!step && (r = db_step(w->rows, e)) > 0)
		*ret = (struct fnf_candidate){.id = db_int(w->rows, 0),
					      .name = db_bytes(w->rows, 1),
					      .passes = is_member(w, db_int(w->rows, 0), &step)};
	return r;
}

/* The next lower key that a check has and the filter allows: 1, 0. */
static int lower_key(struct fnf *w, struct err *e)
{
	int r;
	bool wanted;
	do {
		struct db_stmt *s = db_query(w->tx, below_texts[w->sort], DB_ARGS(DB_R(w->key)), e);
		r = s ? db_step(s, e) : -(int)e->code;
		w->key = r > 0 ? db_real(s, 0) : 0;
		db_done(s);
		wanted = w->sort != FND_BY_SEVERITY || w->key < 0 || w->key > ADV_SEV_CRITICAL ||
			 w->severities >> (unsigned)w->key & 1;
	} while (r > 0 && !wanted);
	if ((w->sort == FND_BY_CVSS && w->f->cvss_min > 0 && w->key < w->f->cvss_min) ||
	    (w->sort == FND_BY_EPSS && w->f->epss_min > 0 && w->key < w->f->epss_min))
		return r < 0 ? r : 0;
	return r;
}

static int begin_rows(struct fnf *w, struct err *e)
{
	bool first = w->after.is_set;
	w->after.is_set = false;
	int r = first ? 1 : lower_key(w, e);
	if (r <= 0)
		return r;
	int key = w->sort == FND_BY_EPSS && w->key < 0 ? UNKNOWN_EPSS : (int)w->sort;
	w->rows = db_query(w->tx, w->known ? ids_texts[key] : rows_texts[key],
			   DB_ARGS(DB_R(w->key), DB_I(first ? w->after.check : 0)), e);
	return w->rows ? 1 : -(int)e->code;
}

static int next_check(struct fnf *w, struct fnf_candidate *ret, struct err *e)
{
	bool step = false;
	int r = 1;
	while (!step && r > 0) {
		if (!w->rows && (r = begin_rows(w, e)) <= 0)
			break;
		r = db_step(w->rows, e);
		if (r == 0) {
			db_done(w->rows);
			w->rows = NULL;
			r = 1;
		} else if (r > 0) {
			*ret = (struct fnf_candidate){.key = w->key, .id = db_int(w->rows, 0)};
			ret->passes = is_member(w, ret->id, &step);
		}
	}
	if (r <= 0 || !ret->passes)
		return r;
	r = w->known ? fnf_check_passes(w, ret->id, e) : passes(w, w->rows);
	ret->passes = r > 0;
	return r < 0 ? r : 1;
}

int fnf_next(struct fnf *w, struct fnf_candidate *ret, struct err *e)
{
	if (w->listed)
		return next_listed(w, ret, e);
	return w->sort == FND_BY_PACKAGE ? next_package(w, ret, e) : next_check(w, ret, e);
}
