/* Order: key of the check descending, check, package, set, image, position; by package: name,
 * package, check, set, image, position. The cursor is the place that was looked at last, whether it
 * is a row or not, so that a page can end anywhere. */
#include "store/findings_walk.h"

#include "base/cursor.h"
#include "store/findings_from.h"
#include "store/findings_row.h"
#include "store/lists.h"
#include "store/remedies.h"

#define STEPS_MAX 3000U /* of a page; one is some µs */
#define SETS_A_STEP 16U /* sets of a list that are none of the repository's */
#define END INT64_MAX

struct walk {
	struct fnf from;
	const struct fnd_filter *f;
	const struct fnd_cursor *after;
	struct fnd_cursor at; /* looked at last */
	bool by_package;
	uint64_t steps; /* left */
	size_t max, count;
	struct arena *a;
	struct fnd_finding *out;
	struct db_stmt *pair; /* at the match that is looked at */
	/* What rows have in common with the one before. */
	struct match_check check;
	struct pkg pkg;
	int64_t pkg_id, path_set, path_pkg, text_check, text_pkg;
	struct bytes path, fixed_version, remediation;
};

/* Functions of the walk: 0 = go on, 1 = the page ends at w->at, <0 = error. resumed: the cursor is
 * in it, so being done with it is nothing new; a page whose last step that were would end where it
 * began. */

static bool spend(struct walk *w)
{
	w->steps -= w->steps > 0;
	return w->steps == 0;
}

static bool is_resumed(const struct walk *w, int64_t check, int64_t package)
{
	const struct fnd_cursor *c = w->after;
	return c->is_set && c->check == check && c->package == package;
}

static int read_check(struct walk *w, struct err *e)
{
	if ((int64_t)w->check.id == w->at.check)
		return 0;
	struct db_stmt *s =
	    db_query(w->from.tx, "SELECT " FNR_CHECK " FROM security_check c WHERE c.id = $1",
		     DB_ARGS(DB_I(w->at.check)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		r = fnr_read_check(s, 0, w->a, &w->check, e);
	else if (r == 0)
		r = err_set(e, ERR_DAMAGED, "check %lld is not kept", (long long)w->at.check);
	db_done(s);
	return r;
}

static int read_package(struct walk *w, struct err *e)
{
	if (w->pkg_id == w->at.package)
		return 0;
	int r = pks_get(w->from.tx, w->at.package, w->a, &w->pkg, e);
	w->pkg_id = r < 0 ? 0 : w->at.package;
	return r;
}

/* The file that tells of the package in this set. */
static int read_path(struct walk *w, struct err *e)
{
	if (w->path_set == w->at.set && w->path_pkg == w->at.package)
		return 0;
	struct db_stmt *s = db_query(w->from.tx, "SELECT members FROM package_set WHERE id = $1",
				     DB_ARGS(DB_I(w->at.set)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	struct lst_reader list;
	bool ok = true;
	lst_open(&list, r > 0 ? db_bytes(s, 0) : BYTES_NONE);
	while (r > 0 && (r = lst_next(&list, e)) > 0 && list.package != w->at.package)
		continue;
	if (r > 0)
		w->path = arena_bytes(w->a, buf_bytes(&list.path), &ok);
	else if (r == 0)
		r = err_set(e, ERR_DAMAGED, "set %lld: package %lld is not in it",
			    (long long)w->at.set, (long long)w->at.package);
	if (!ok)
		r = err_set(e, ERR_NOMEM, "no memory for a path");
	lst_close(&list);
	db_done(s);
	if (r < 0)
		return r;
	w->path_set = w->at.set;
	w->path_pkg = w->at.package;
	return 0;
}

static int read_match(struct walk *w, struct err *e)
{
	if (w->text_check == w->at.check && w->text_pkg == w->at.package)
		return 0;
	if (!fnr_copy(w->a, w->pair, 1, &w->fixed_version))
		return err_set(e, ERR_NOMEM, "no memory for a finding");
	struct db_stmt *s = db_query(w->from.tx, "SELECT text FROM remedy WHERE id = $1",
				     DB_ARGS(DB_I(db_int(w->pair, 4))), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		r = rmd_text(db_bytes(s, 0), w->pkg.name, w->fixed_version, w->a, &w->remediation,
			     e);
	else if (r == 0)
		r = err_set(e, ERR_DAMAGED, "a remedy is not kept");
	db_done(s);
	if (r < 0)
		return r;
	w->text_check = w->at.check;
	w->text_pkg = w->at.package;
	return 0;
}

static int read_image(struct walk *w, int64_t layer, struct fnd_finding *out, struct err *e)
{
	struct db_stmt *s = db_query(w->from.tx,
				     "SELECT i.repository, i.digest, l.digest, l.created_by"
				     " FROM image i CROSS JOIN image_layer l"
				     " WHERE i.id = $1 AND l.id = $2",
				     DB_ARGS(DB_I(w->at.image), DB_I(layer)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r == 0)
		r = err_set(e, ERR_DAMAGED, "image %lld is not kept", (long long)w->at.image);
	if (r > 0 &&
	    !(fnr_copy(w->a, s, 0, &out->repository) && fnr_copy(w->a, s, 1, &out->digest) &&
	      fnr_copy(w->a, s, 2, &out->layer) && fnr_copy(w->a, s, 3, &out->layer_line)))
		r = err_set(e, ERR_NOMEM, "no memory for a finding");
	db_done(s);
	return r < 0 ? r : 0;
}

static int put_row(struct walk *w, int64_t layer, struct err *e)
{
	struct fnd_finding *f = &w->out[w->count];
	*f = (struct fnd_finding){0};
	if (read_check(w, e) < 0 || read_package(w, e) < 0 || read_path(w, e) < 0 ||
	    read_match(w, e) < 0 || read_image(w, layer, f, e) < 0)
		return -(int)e->code;
	f->pkg = w->pkg;
	f->pkg.path = w->path;
	f->match.check = w->check;
	f->match.fixed_version = w->fixed_version;
	f->match.remediation = w->remediation;
	f->match.status = (enum adv_status)db_int(w->pair, 2);
	f->match.patchable = db_int(w->pair, 3) != 0;
	w->count++;
	return 0;
}

/* w->at is the image's place but for image and position. */
static int one_image(struct walk *w, int64_t image, int64_t position, int64_t layer, struct err *e)
{
	/* The row after a full page is only looked for: the next page begins before it. */
	if (w->count == w->max)
		return 1;
	w->at.image = image;
	w->at.position = position;
	int r = put_row(w, layer, e);
	return r < 0 ? r : spend(w);
}

static bool is_past(const struct walk *w, bool resumed, int64_t image, int64_t position)
{
	const struct fnd_cursor *c = w->after;
	return !resumed || image > c->image || (image == c->image && position > c->position);
}

static int placed_images(struct walk *w, bool resumed, struct err *e)
{
	const struct fnf_place *p;
	size_t n = fnf_places(&w->from, w->at.set, resumed ? w->after->image : 0, &p);
	int r = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		if (is_past(w, resumed, p[i].image, p[i].position))
			r = one_image(w, p[i].image, p[i].position, p[i].layer, e);
	return r;
}

static int any_images(struct walk *w, bool resumed, struct err *e)
{
	struct db_stmt *s =
	    db_query(w->from.tx,
		     "SELECT s.image_id, s.position, s.layer_id, i.repository FROM image_set s"
		     " CROSS JOIN image i WHERE s.set_id = $1 AND s.image_id >= $2"
		     " AND i.id = s.image_id ORDER BY s.image_id, s.position",
		     DB_ARGS(DB_I(w->at.set), DB_I(resumed ? w->after->image : 0)), e);
	if (!s)
		return -(int)e->code;
	int r = 0;
	while (r == 0 && (r = db_step(s, e)) > 0) {
		int64_t image = db_int(s, 0), position = db_int(s, 1);
		r = 0;
		if (!is_past(w, resumed, image, position))
			continue;
		if (!w->f->repository.len || bytes_eq(db_bytes(s, 3), w->f->repository)) {
			r = one_image(w, image, position, db_int(s, 2), e);
		} else {
			w->at.image = image;
			w->at.position = position;
			r = spend(w);
		}
	}
	db_done(s);
	return r;
}

static int one_set(struct walk *w, int64_t set, bool resumed, uint64_t *seen, struct err *e)
{
	if (resumed && set < w->after->set)
		return 0;
	resumed = resumed && set == w->after->set;
	w->at.set = set;
	w->at.image = resumed ? w->after->image : 0;
	w->at.position = resumed ? w->after->position : 0;
	int r = w->from.placed ? placed_images(w, resumed, e) : any_images(w, resumed, e);
	if (r != 0)
		return r;
	w->at.image = END;
	w->at.position = END;
	bool step = ++*seen % SETS_A_STEP == 0 || !w->from.placed;
	return step && !resumed ? spend(w) : 0;
}

/* The sets' list begins with the row that holds the cursor's. */
static int sets_of(struct walk *w, bool resumed, struct err *e)
{
	struct db_stmt *s =
	    db_query(w->from.tx,
		     "SELECT first, sets FROM package_sets WHERE package_id = $1 AND first >="
		     " COALESCE((SELECT max(first) FROM package_sets WHERE package_id = $1"
		     " AND first <= $2), 0) ORDER BY first",
		     DB_ARGS(DB_I(w->at.package), DB_I(resumed ? w->after->set : 0)), e);
	uint64_t seen = 0;
	int r = s ? 0 : -(int)e->code;
	while (r == 0 && (r = db_step(s, e)) > 0) {
		struct cursor ids = cur_of(db_bytes(s, 1));
		int64_t set = db_int(s, 0);
		int more = 1;
		for (r = 0; r == 0 && more > 0;) {
			r = one_set(w, set, resumed, &seen, e);
			if (r == 0 && (more = lst_ids_next(&ids, &set, e)) < 0)
				r = more;
		}
	}
	db_done(s);
	return r;
}

/* What the filter says of the match alone, and of what the candidate is not: 1, 0. */
static int match_passes(struct walk *w, struct err *e)
{
	const struct fnd_filter *f = w->f;
	struct db_stmt *s = w->pair;
	if (f->patchable != FND_ANY && (f->patchable == FND_ONLY) != (db_int(s, 3) == 1))
		return 0;
	if (f->fixed != FND_ANY && (f->fixed == FND_ONLY) != (db_bytes(s, 1).len > 0))
		return 0;
	if (f->has_status && db_int(s, 2) != (int64_t)f->status)
		return 0;
	if (w->by_package) {
		int r = fnf_check_passes(&w->from, w->at.check, e);
		if (r <= 0)
			return r;
	}
	if (!f->package.len)
		return 1;
	s = db_query(w->from.tx,
		     "SELECT id FROM package_row WHERE id = $1 AND (name = $2 OR source_name = $2)",
		     DB_ARGS(DB_I(w->at.package), DB_T(f->package)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	db_done(s);
	return r;
}

static int one_match(struct walk *w, bool resumed, struct err *e)
{
	int64_t *second = w->by_package ? &w->at.check : &w->at.package;
	*second = db_int(w->pair, 0);
	resumed = resumed && is_resumed(w, w->at.check, w->at.package);
	w->at.set = resumed ? w->after->set : 0;
	w->at.image = resumed ? w->after->image : 0;
	w->at.position = resumed ? w->after->position : 0;
	int r = match_passes(w, e);
	if (r > 0)
		r = sets_of(w, resumed, e);
	if (r != 0)
		return r;
	w->at.set = END;
	return resumed ? 0 : spend(w);
}

/* w->at is the candidate's. */
static int matches_of(struct walk *w, bool resumed, struct err *e)
{
	static const char *const texts[2] = {
	    "SELECT package_id, fixed_version, status, patchable, remedy FROM package_match"
	    " WHERE check_id = $1 AND package_id >= $2 ORDER BY package_id",
	    "SELECT check_id, fixed_version, status, patchable, remedy FROM package_match"
	    " WHERE package_id = $1 AND check_id >= $2 ORDER BY check_id",
	};
	const struct fnd_cursor *c = w->after;
	int64_t first = w->by_package ? w->at.package : w->at.check, second = 0;
	if (resumed)
		second = w->by_package ? c->check : c->package;
	w->pair = db_query(w->from.tx, texts[w->by_package], DB_ARGS(DB_I(first), DB_I(second)), e);
	int r = w->pair ? 0 : -(int)e->code;
	while (r == 0 && (r = db_step(w->pair, e)) > 0)
		r = one_match(w, resumed, e);
	db_done(w->pair);
	w->pair = NULL;
	return r;
}

static int one_candidate(struct walk *w, const struct fnf_candidate *n, struct err *e)
{
	const struct fnd_cursor *c = w->after;
	/* A check whose key has changed since then begins anew. */
	bool resumed = c->is_set && n->id == (w->by_package ? c->package : c->check) &&
		       n->key >= c->key && n->key <= c->key;
	bool ok;
	struct bytes name = arena_bytes(w->a, n->name, &ok);
	if (!ok)
		return err_set(e, ERR_NOMEM, "no memory for a cursor");
	if (!resumed)
		w->at = (struct fnd_cursor){.is_set = true, .wide = true, .key = n->key};
	w->at.name = name;
	int64_t *first = w->by_package ? &w->at.package : &w->at.check;
	int64_t *second = w->by_package ? &w->at.check : &w->at.package;
	*first = n->id;
	int r = n->passes ? matches_of(w, resumed, e) : 0;
	if (r != 0)
		return r;
	*second = END;
	return resumed ? 0 : spend(w);
}

/* NOLINTNEXTLINE(readability-function-size): filter, place and room of one page */
int64_t fnw_list(struct db_tx *tx, const struct fnd_filter *f, enum fnd_sort sort,
		 struct fnd_cursor *cursor, size_t max, struct arena *a, struct fnd_finding *out,
		 bool *ret_more, struct err *e)
{
	const struct fnd_cursor after = *cursor;
	struct walk w = {.f = f,
			 .after = &after,
			 .at = after,
			 .by_package = sort == FND_BY_PACKAGE,
			 .steps = f->limits.steps ? f->limits.steps : STEPS_MAX,
			 .max = max,
			 .a = a,
			 .out = out};
	struct fnf_candidate n;
	int r = fnf_open(&w.from, tx, f, sort, &after, a, e);
	if (r == 0) {
		while (r == 0 && (r = fnf_next(&w.from, &n, e)) > 0)
			r = one_candidate(&w, &n, e);
	}
	fnf_close(&w.from);
	if (r < 0)
		return r;
	*ret_more = r > 0;
	*cursor = w.at;
	return (int64_t)w.count;
}
