/* Findings in full: a question for images, sets, matches and packages each. */
#include "ledger/findings_impl.h"
#include "base/clock.h"
#include "ledger/ancestry.h"
#include "ledger/firsts.h"
#include "store/digest_key.h"

#include <stdlib.h>
#include <string.h>

struct image_row {
	int64_t id;
	int64_t policy;
	int64_t repository_id;
	struct bytes repository, registry, subscription, digest, os;
	struct ancestry ancestry; /* where it is asked for */
};
struct set_row {
	int64_t image, set;
	int64_t position; /* of the layer */
	struct bytes layer, created_by;
};
struct match_row {
	int64_t check, set, package;
	struct bytes path, fixed, remediation;
	enum adv_status status;
	bool patchable;
};
struct package_row {
	int64_t id;
	struct pkg pkg;
	struct bytes purl;
};
/* Rows by their first number, then the second. */
struct rows {
	char *items;
	size_t count, cap, size;
};
struct filling {
	struct listing *l;
	struct arena *a; /* of the rows */
	size_t matches_max;
	uint64_t unread; /* matches past that: counted */
	struct rows images, sets, matches, packages;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for findings");
}

static int cmp_rows(const void *x, const void *y)
{
	int r = listing_cmp_ids(x, y);
	return r ? r : listing_cmp_ids((const int64_t *)x + 1, (const int64_t *)y + 1);
}

static void *rows_add(struct rows *rows)
{
	if (rows->count == rows->cap) {
		size_t more = rows->cap ? 2 * rows->cap : 64;
		char *grown = reallocarray(rows->items, more, rows->size);
		if (!grown)
			return NULL;
		rows->items = grown;
		rows->cap = more;
	}
	void *at = rows->items + rows->count++ * rows->size;
	memset(at, 0, rows->size);
	return at;
}

static void rows_sort(struct rows *rows)
{
	if (rows->count)
		qsort(rows->items, rows->count, rows->size, cmp_rows);
}

/* The first row whose numbers are not below these. */
static size_t rows_find(const struct rows *rows, int64_t first, int64_t second)
{
	const int64_t want[2] = {first, second};
	size_t low = 0, high = rows->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (cmp_rows(rows->items + middle * rows->size, want) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Ascending, each once; how many are left. */
static size_t distinct(int64_t *ids, size_t count)
{
	size_t n = 0;
	if (count)
		qsort(ids, count, sizeof *ids, listing_cmp_ids);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || ids[i] != ids[n - 1])
			ids[n++] = ids[i];
	return n;
}

/* The numbers at this place of the rows, each once. */
static int64_t *numbers(const struct rows *rows, size_t at, struct arena *a, size_t *ret)
{
	int64_t *ids = arena_alloc(a, rows->count, sizeof *ids);
	for (size_t i = 0; ids && i < rows->count; i++)
		memcpy(&ids[i], rows->items + i * rows->size + at * sizeof *ids, sizeof *ids);
	*ret = ids ? distinct(ids, rows->count) : 0;
	return ids;
}

/* The rows of a statement; read fills one. */
static int read_rows(struct filling *f, struct db_stmt *s, struct rows *rows,
		     bool (*read)(struct filling *f, struct db_stmt *s, void *row), struct err *e)
{
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		if (rows == &f->matches && rows->count == f->matches_max) {
			f->unread++;
			continue;
		}
		void *row = rows_add(rows);
		if (!row || !read(f, s, row)) {
			r = no_memory(e);
			break;
		}
	}
	db_done(s);
	rows_sort(rows);
	return r;
}

static bool read_image(struct filling *f, struct db_stmt *s, void *row)
{
	struct image_row *i = row;
	struct bytes version = db_bytes(s, 4), distro = db_bytes(s, 3);
	char *os = arena_printf(f->a, "%.*s:%.*s", BYTES_ARG(distro), BYTES_ARG(version));
	i->id = db_int(s, 0);
	i->policy = db_int(s, 7);
	i->repository_id = db_int(s, 8);
	i->os = os ? bytes_of(os) : BYTES_NONE;
	bool ok;
	i->digest = digest_key_text(db_bytes(s, 2), f->a, &ok);
	return os && ok && finding_copy(f->a, s, 1, &i->repository) &&
	       finding_copy(f->a, s, 5, &i->registry) && finding_copy(f->a, s, 6, &i->subscription);
}

static bool read_set(struct filling *f, struct db_stmt *s, void *row)
{
	struct set_row *r = row;
	r->image = db_int(s, 0);
	r->set = db_int(s, 1);
	r->position = db_int(s, 4);
	return finding_copy(f->a, s, 2, &r->layer) && finding_copy(f->a, s, 3, &r->created_by);
}

static bool read_match(struct filling *f, struct db_stmt *s, void *row)
{
	struct match_row *m = row;
	*m = (struct match_row){.check = db_int(s, 0),
				.set = db_int(s, 1),
				.package = db_int(s, 2),
				.status = (enum adv_status)db_int(s, 5),
				.patchable = db_int(s, 6) != 0};
	return finding_copy(f->a, s, 3, &m->path) && finding_copy(f->a, s, 4, &m->fixed) &&
	       finding_copy(f->a, s, 7, &m->remediation);
}

static bool read_package(struct filling *f, struct db_stmt *s, void *row)
{
	struct package_row *p = row;
	struct bytes *const texts[] = {
	    &p->pkg.type,   &p->pkg.namespace,	 &p->pkg.name,		 &p->pkg.version,
	    &p->pkg.arch,   &p->pkg.source_name, &p->pkg.source_version, &p->pkg.module,
	    &p->pkg.vendor, &p->pkg.distro,	 &p->pkg.qualifiers};
	struct buf purl;
	bool ok = true;
	p->id = db_int(s, 0);
	p->pkg.third_party = db_int(s, 12) != 0;
	p->pkg.class = (enum pkg_class)db_int(s, 13);
	for (size_t i = 0; ok && i < sizeof texts / sizeof *texts; i++)
		ok = finding_copy(f->a, s, (int)i + 1, texts[i]);
	buf_init(&purl, PKG_PURL_MAX);
	if (ok) {
		pkg_purl(&p->pkg, &purl);
		p->purl = arena_bytes(f->a, buf_bytes(&purl), &ok);
		ok = ok && buf_ok(&purl);
	}
	buf_free(&purl);
	return ok;
}

/* Of these sets, ascending, those that hold one of the checks, into out: how many. */
static size_t sets_that_hold(const struct listing *l, const int64_t *checks, size_t check_count,
			     const int64_t *sets, size_t count, int64_t *out)
{
	size_t n = 0;
	for (size_t i = 0; i < check_count; i++)
		for (const struct holding *h = listing_first_holding(l, checks[i]);
		     h < l->holdings + l->holding_count && h->check == checks[i]; h++)
			if (count && bsearch(&h->set, sets, count, sizeof *sets, listing_cmp_ids))
				out[n++] = h->set;
	return n;
}

/* A set has some 60 packages, a check some five. An engine that finds packages by set would look
 * for each of them with each check, which the '+' keeps it from: the number alone would be found in
 * an index. */
#define FEW_CHECKS 32
#define MATCHES                                                                                    \
	"SELECT m.check_id, sp.set_id, sp.package_id, sp.path, m.fixed_version, m.status,"         \
	" m.patchable, m.remediation FROM "
#define HELD(sets)                                                                                 \
	" WHERE sp.package_id = m.package_id AND sp.position = 0 AND sp.set_id {IN " sets "} AND "
#define BY_CHECK(sets, checks)                                                                     \
	MATCHES "package_match m CROSS JOIN set_package sp" HELD(sets) "m.check_id {IN " checks "}"
#define BY_SET(sets, checks)                                                                       \
	MATCHES "set_package sp CROSS JOIN package_match m" HELD(sets) "+m.check_id {IN " checks "}"
/* Over many images each check is held by few of the sets: in parts, some checks each, with the sets
 * that hold them; of one question. */
#define PARTS 12U
#define FEW_IMAGES 8U
#define FOUR(by, a, b, c, d, e, f, g, h)                                                           \
	by("$" #a, "$" #b) " UNION ALL " by("$" #c, "$" #d) " UNION ALL " by(                      \
	    "$" #e, "$" #f) " UNION ALL " by("$" #g, "$" #h)
#define APART(by)                                                                                  \
	FOUR(by, 1, 2, 3, 4, 5, 6, 7, 8)                                                           \
	" UNION ALL " FOUR(by, 9, 10, 11, 12, 13, 14, 15,                                          \
			   16) " UNION ALL " FOUR(by, 17, 18, 19, 20, 21, 22, 23, 24)
_Static_assert(2 * PARTS == 24, "a part has two values");

static struct db_stmt *ask_apart(struct listing *l, const int64_t *checks, size_t check_count,
				 const int64_t *sets, size_t count, struct err *e)
{
	struct db_value args[2 * PARTS];
	size_t some = (check_count + PARTS - 1) / PARTS, from = 0;
	for (size_t i = 0; i < PARTS; i++) {
		size_t n = check_count - from < some ? check_count - from : some;
		int64_t *held = arena_alloc(l->a, l->holding_count, sizeof *held);
		if (!held) {
			(void)no_memory(e);
			return NULL;
		}
		args[2 * i] = DB_INTS(held, sets_that_hold(l, checks + from, n, sets, count, held));
		args[2 * i + 1] = DB_INTS(checks + from, n);
		from += n;
	}
	return listing_ask(l, some < FEW_CHECKS ? APART(BY_CHECK) : APART(BY_SET), args, 2 * PARTS,
			   e);
}

static int read_matches(struct filling *f, const int64_t *checks, size_t check_count,
			const int64_t *sets, size_t count, size_t images, struct err *e)
{
	struct listing *l = f->l;
	const struct db_value args[] = {DB_INTS(sets, count), DB_INTS(checks, check_count)};
	struct db_stmt *s =
	    l->holds_all && images > FEW_IMAGES ? ask_apart(l, checks, check_count, sets, count, e)
	    : check_count < FEW_CHECKS		? listing_ask(l, BY_CHECK("$1", "$2"), args, 2, e)
						: listing_ask(l, BY_SET("$1", "$2"), args, 2, e);
	return read_rows(f, s, &f->matches, read_match, e);
}

static int read_all(struct filling *f, const int64_t *images, size_t image_count,
		    const int64_t *checks, size_t check_count, struct err *e)
{
	struct listing *l = f->l;
	size_t set_count, packages;
	int r = read_rows(f,
			  listing_ask(l,
				      "SELECT i.id, nr.name, i.digest, i.distro_id,"
				      " i.distro_version, ng.name, ns.name, n.policy,"
				      " i.repository_id FROM image i"
				      " JOIN image_seen n ON n.image_id = i.id" STORE_NAMES_JOIN(
					  "i.repository_id") " WHERE i.id {IN $1}",
				      DB_ARGS(DB_INTS(images, image_count)), e),
			  &f->images, read_image, e);
	if (r >= 0)
		r = read_rows(
		    f,
		    listing_ask(l,
				"SELECT s.image_id, s.set_id, l.digest, l.created_by, s.position"
				" FROM image_set s JOIN image_layer l ON l.id = s.layer_id"
				" WHERE s.image_id {IN $1}",
				DB_ARGS(DB_INTS(images, image_count)), e),
		    &f->sets, read_set, e);
	int64_t *ids = numbers(&f->sets, 1, f->a, &set_count);
	if (r < 0 || !ids)
		return r < 0 ? r : no_memory(e);
	r = read_matches(f, checks, check_count, ids, set_count, image_count, e);
	ids = numbers(&f->matches, 2, f->a, &packages);
	if (r < 0 || !ids)
		return r < 0 ? r : no_memory(e);
	return read_rows(f,
			 listing_ask(l,
				     "SELECT id, type, namespace, name, version, arch, source_name,"
				     " source_version, module, vendor, distro, qualifiers,"
				     " third_party, class"
				     " FROM package WHERE id {IN $1}",
				     DB_ARGS(DB_INTS(ids, packages)), e),
			 &f->packages, read_package, e);
}

static void put_match(struct filling *f, const struct match_row *m, const struct set_row *s,
		      struct finding_match *out)
{
	const struct package_row *p =
	    (const void *)(f->packages.items +
			   rows_find(&f->packages, m->package, INT64_MIN) * f->packages.size);
	*out = (struct finding_match){.pkg = p->pkg,
				      .purl = p->purl,
				      .fixed_version = m->fixed,
				      .layer_number = (uint32_t)s->position,
				      .layer = s->layer,
				      .layer_created_by = s->created_by,
				      .status = m->status,
				      .patchable = m->patchable};
	out->pkg.path = m->path;
	out->remediation = m->remediation;
}

/* The matches of a check in the sets of an image: counted, or (out) filled in. */
static size_t matches_of(struct filling *f, int64_t check, int64_t image, struct finding_match *out)
{
	const struct set_row *sets = (const void *)f->sets.items;
	const struct match_row *matches = (const void *)f->matches.items;
	size_t n = 0;
	for (size_t i = rows_find(&f->sets, image, INT64_MIN);
	     i < f->sets.count && sets[i].image == image; i++)
		for (size_t k = rows_find(&f->matches, check, sets[i].set);
		     k < f->matches.count && matches[k].check == check &&
		     matches[k].set == sets[i].set;
		     k++, n++)
			if (out)
				put_match(f, &matches[k], &sets[i], &out[n]);
	return n;
}

/* The bases of the images. */
static int read_ancestry(struct filling *f, struct err *e)
{
	struct image_row *images = (void *)f->images.items;
	size_t count = f->images.count;
	int64_t *ids = arena_alloc(f->l->a, count, sizeof *ids);
	struct ancestry *found = arena_alloc(f->l->a, count, sizeof *found);
	if (!ids || !found)
		return no_memory(e);
	for (size_t i = 0; i < count; i++)
		ids[i] = images[i].id;
	f->l->questions += 2;
	if (ancestry_find(f->l->tx, &f->l->q->visible, ids, count, f->l->a, found, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < count; i++)
		images[i].ancestry = found[i];
	return 0;
}

static void set_origins(const struct ancestry *base, struct finding *out)
{
	for (size_t i = 0; base->how != ANCESTRY_NONE && i < out->match_listed; i++)
		out->matches[i].origin = out->matches[i].layer_number < base->layers
					     ? FINDING_ORIGIN_BASE
					     : FINDING_ORIGIN_IMAGE;
}

int listing_ages(struct listing *l, struct finding *findings, size_t count, struct err *e)
{
	struct firsts_asked *asked = arena_alloc(l->a, count, sizeof *asked);
	if (!asked)
		return no_memory(e);
	for (size_t i = 0; i < count; i++)
		asked[i] = (struct firsts_asked){.repository = findings[i].repository_id,
						 .check = findings[i].check.id};
	l->questions += 2;
	int64_t today = clock_wall_ms() / FIRSTS_DAY_MS;
	int r = firsts_find(l->tx, asked, count, e);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct finding *f = &findings[i];
		if (!asked[i].found.check)
			continue;
		f->first_seen_ms = asked[i].found.at * 1000;
		int64_t days = today - f->first_seen_ms / FIRSTS_DAY_MS;
		f->age = days < 0 ? 1 : (uint64_t)days + 1;
	}
	return r < 0 ? r : 0;
}

static int fill_one(struct filling *f, const struct pair *p, struct finding *out,
		    int64_t *ret_policy, struct err *e)
{
	const struct match_check *c = &f->l->candidates[p->candidate].check;
	const struct image_row *images = (const void *)f->images.items;
	size_t at = rows_find(&f->images, p->image, INT64_MIN);
	*ret_policy = 0;
	*out = (struct finding){.check = *c, .image_id = p->image, .state = FINDING_ACTIVE};
	if (at < f->images.count && images[at].id == p->image) {
		out->subscription = images[at].subscription;
		out->registry = images[at].registry;
		out->repository = images[at].repository;
		out->digest = images[at].digest;
		out->os = images[at].os;
		out->repository_id = images[at].repository_id;
		*ret_policy = images[at].policy;
	}
	size_t n = matches_of(f, (int64_t)c->id, p->image, NULL);
	out->matches = arena_alloc(f->a, n, sizeof *out->matches);
	if (!out->matches)
		return no_memory(e);
	out->match_listed = matches_of(f, (int64_t)c->id, p->image, out->matches);
	out->match_count = f->unread ? n + f->unread : 0;
	if (at < f->images.count)
		set_origins(&images[at].ancestry, out);
	finding_settle(out);
	return 0;
}

/* Their matches in a, at most so many. */
static int fill(struct listing *l, const struct pair *pairs, size_t count, struct arena *a,
		size_t matches_max, struct finding *out, struct err *e)
{
	struct filling f = {.l = l,
			    .a = a,
			    .matches_max = matches_max,
			    .images = {.size = sizeof(struct image_row)},
			    .sets = {.size = sizeof(struct set_row)},
			    .matches = {.size = sizeof(struct match_row)},
			    .packages = {.size = sizeof(struct package_row)}};
	int64_t *images = arena_alloc(a, count, sizeof *images);
	int64_t *checks = arena_alloc(a, count, sizeof *checks);
	int64_t *policies = arena_alloc(a, count, sizeof *policies);
	size_t n = 0;
	if (!images || !checks || !policies)
		return no_memory(e);
	for (size_t i = 0; i < count; i++) {
		images[i] = pairs[i].image;
		if (i == 0 || pairs[i].candidate != pairs[i - 1].candidate)
			checks[n++] = (int64_t)l->candidates[pairs[i].candidate].check.id;
	}
	int r = read_all(&f, images, distinct(images, count), checks, n, e);
	if (r >= 0 && l->q->origins)
		r = read_ancestry(&f, e);
	const struct image_row *rows = (const void *)f.images.items;
	for (size_t i = 0; r >= 0 && i < f.images.count; i++)
		if (rows[i].policy)
			r = listing_know_policies(l, e);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = fill_one(&f, &pairs[i], &out[i], &policies[i], e);
	if (r >= 0)
		r = listing_decide(l, policies, out, count, a, e);
	/* Before the criteria decide by them. */
	if (r >= 0 && criteria_ask_age(l->q->criteria))
		r = listing_ages(l, out, count, e);
	free(f.images.items);
	free(f.sets.items);
	free(f.matches.items);
	free(f.packages.items);
	return r < 0 ? r : 0;
}

int listing_fill(struct listing *l, const struct pair *pairs, size_t count, struct finding *out,
		 struct err *e)
{
	return listing_read_checks(l, pairs, count, e) < 0
		   ? -(int)e->code
		   : fill(l, pairs, count, l->a, SIZE_MAX, out, e);
}

#define FILL_MEMORY ((size_t)32 << 20) /* of findings that are looked at together */
#define ALONE_MATCHES 16384U	       /* of a finding that is looked at alone */

int listing_fill_each(struct listing *l, const struct pair *pairs, size_t count,
		      struct finding *out, listing_taker take, void *arg, struct err *e)
{
	size_t step = count, most = ALONE_MATCHES;
	int r = listing_read_checks(l, pairs, count, e);
	for (size_t at = 0; r == 0 && at < count;) {
		struct arena a;
		size_t n = count - at < step ? count - at : step;
		arena_init(&a, FILL_MEMORY);
		r = fill(l, pairs + at, n, &a, n == 1 ? most : SIZE_MAX, out + at, e);
		bool fewer = r == -ERR_NOMEM && arena_is_spent(&a) && (n > 1 || most > 1);
		for (size_t i = at; r == 0 && i < at + n; i++)
			r = take(arg, &pairs[i], &out[i], e);
		arena_free(&a);
		if (fewer) {
			*e = (struct err)ERR_INIT;
			step = n > 1 ? n / 2 : 1;
			most = n > 1 ? most : most / 4;
			r = 0;
		} else {
			most = ALONE_MATCHES;
			at += n;
		}
	}
	return r;
}

static bool keep_text(struct arena *a, struct bytes *text)
{
	bool ok;
	*text = arena_bytes(a, *text, &ok);
	return ok;
}

/* The finding's own fields may be of matches that are not kept. */
static bool keep_texts(struct arena *a, struct finding *f)
{
	struct bytes *const texts[] = {&f->installed,	 &f->fixed,    &f->remediation,
				       &f->subscription, &f->registry, &f->repository,
				       &f->digest,	 &f->os};
	bool ok = true;
	for (size_t i = 0; ok && i < sizeof texts / sizeof *texts; i++)
		ok = keep_text(a, texts[i]);
	return ok;
}

int listing_keep(struct listing *l, struct finding *f, struct err *e)
{
	struct finding_match *kept = arena_alloc(l->a, f->match_listed, sizeof *kept);
	bool ok = kept && keep_texts(l->a, f);
	for (size_t i = 0; ok && i < f->match_listed; i++) {
		kept[i] = f->matches[i];
		ok = pkg_copy(l->a, &f->matches[i].pkg, &kept[i].pkg, e) == 0 &&
		     keep_text(l->a, &kept[i].purl) && keep_text(l->a, &kept[i].fixed_version) &&
		     keep_text(l->a, &kept[i].remediation) && keep_text(l->a, &kept[i].layer) &&
		     keep_text(l->a, &kept[i].layer_created_by);
	}
	f->matches = kept;
	return ok ? 0 : no_memory(e);
}
