#include "store/packages.h"

#include "oci/digest.h"
#include "pkg/ecosystem.h"
#include "store/lists.h"

#include <stdlib.h>
#include <string.h>

#define SETS_LIST_MAX 512U		 /* bytes: one more set rewrites so much */
#define PKS_IDENTITY_TEXT_MAX (1U << 20) /* bytes: fields are a few KiB at most */
#define MEMBERS_MAX ((size_t)256 << 20)	 /* bytes of a set's list */

int pks_identity(const struct pkg *p, uint8_t out[PKS_IDENTITY_LEN], struct err *e)
{
	struct digest d = {0};
	struct buf text;
	buf_init(&text, PKS_IDENTITY_TEXT_MAX);
	pkg_identity(p, &text);
	digest_of(buf_ok(&text) ? DIGEST_SHA256 : DIGEST_NONE, buf_bytes(&text), &d);
	buf_free(&text);
	if (d.algo == DIGEST_NONE)
		return err_set(e, ERR_NOMEM, "no memory for a package's identity");
	memcpy(out, d.hash, PKS_IDENTITY_LEN);
	return 0;
}

static struct bytes identity_bytes(const uint8_t *identity)
{
	return (struct bytes){.ptr = identity, .len = PKS_IDENTITY_LEN};
}

/* A query for one integer: 1, 0, <0. */
static int query_id(struct db_tx *tx, const char *text, struct db_value arg, int64_t *ret,
		    struct err *e)
{
	struct db_stmt *s = db_query(tx, text, &arg, 1, e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r > 0)
		*ret = db_int(s, 0);
	db_done(s);
	return r;
}

int pks_find(struct db_tx *tx, const uint8_t identity[PKS_IDENTITY_LEN], int64_t *ret_id,
	     struct err *e)
{
	return query_id(tx, "SELECT id FROM package_row WHERE identity = $1",
			DB_B(identity_bytes(identity)), ret_id, e);
}

/* What p has in common with many others. */
static int kind_of(struct db_tx *tx, const struct pkg *p, int64_t *ret, struct err *e)
{
	const struct db_value args[] = {DB_T(p->type),	     DB_T(p->namespace), DB_T(p->arch),
					DB_T(p->module),     DB_T(p->vendor),	 DB_T(p->distro),
					DB_I(p->third_party)};
	const size_t count = sizeof args / sizeof *args;
	struct db_stmt *s = db_query(tx,
				     "SELECT id FROM package_kind WHERE type = $1 AND namespace = "
				     "$2 AND arch = $3 AND module = $4"
				     " AND vendor = $5 AND distro = $6 AND third_party = $7",
				     args, count, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		*ret = db_int(s, 0);
	db_done(s);
	if (r != 0)
		return r < 0 ? r : 0;
	s = db_query(
	    tx,
	    "INSERT INTO package_kind(type, namespace, arch, module, vendor, distro, third_party)"
	    " VALUES($1, $2, $3, $4, $5, $6, $7) RETURNING id",
	    args, count, e);
	r = s ? 1 : -(int)e->code;
	while (r > 0 && (r = db_step(s, e)) > 0)
		*ret = db_int(s, 0);
	db_done(s);
	return r;
}

static struct db_value other_than(struct bytes text, struct bytes usual)
{
	return bytes_eq(text, usual) ? DB_N : DB_T(text);
}

int pks_add(struct db_tx *tx, const struct pkg *p, const uint8_t identity[PKS_IDENTITY_LEN],
	    int64_t *ret_id, struct err *e)
{
	int64_t kind = 0;
	int r = kind_of(tx, p, &kind, e);
	if (r < 0)
		return r;
	struct db_stmt *s = db_query(
	    tx,
	    "INSERT INTO package_row(identity, kind, name, version, source_name, source_version) "
	    "VALUES($1, $2, $3, $4, $5, $6)"
	    " ON CONFLICT(identity) DO UPDATE SET kind = excluded.kind RETURNING id",
	    DB_ARGS(DB_B(identity_bytes(identity)), DB_I(kind), DB_T(p->name), DB_T(p->version),
		    other_than(p->source_name, p->name), other_than(p->source_version, p->version)),
	    e);
	if (!s)
		return -(int)e->code;
	r = db_step(s, e);
	if (r > 0)
		*ret_id = db_int(s, 0);
	while (r > 0)
		r = db_step(s, e);
	db_done(s);
	return r;
}

int pks_get(struct db_tx *tx, int64_t id, struct arena *a, struct pkg *ret, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT type, namespace, name, version, arch, source_name, source_version,"
		     " module, vendor, distro, third_party FROM package WHERE id = $1",
		     DB_ARGS(DB_I(id)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r > 0) {
		struct pkg p = {.type = db_bytes(s, 0),
				.namespace = db_bytes(s, 1),
				.name = db_bytes(s, 2),
				.version = db_bytes(s, 3),
				.arch = db_bytes(s, 4),
				.source_name = db_bytes(s, 5),
				.source_version = db_bytes(s, 6),
				.module = db_bytes(s, 7),
				.vendor = db_bytes(s, 8),
				.distro = db_bytes(s, 9),
				.class = eco_class_of(db_bytes(s, 0)),
				.third_party = db_int(s, 10) != 0};
		r = pkg_copy(a, &p, ret, e);
	} else if (r == 0) {
		r = err_set(e, ERR_NOT_FOUND, "package %lld is not kept", (long long)id);
	}
	db_done(s);
	return r;
}

static int by_package(const void *a, const void *b)
{
	const struct pks_member *x = a, *y = b;
	return (x->package > y->package) - (x->package < y->package);
}

static int set_hash(const struct pks_member *members, size_t count, uint8_t out[PKS_IDENTITY_LEN],
		    struct err *e)
{
	struct buf text;
	struct digest d;
	buf_init(&text, SIZE_MAX / 4);
	for (size_t i = 0; i < count; i++) {
		buf_put_varint(&text, (uint64_t)members[i].package);
		buf_put_blob(&text, members[i].path);
	}
	digest_of(buf_ok(&text) ? DIGEST_SHA256 : DIGEST_NONE, buf_bytes(&text), &d);
	buf_free(&text);
	if (d.algo == DIGEST_NONE)
		return err_set(e, ERR_NOMEM, "no memory for a set of %zu packages", count);
	memcpy(out, d.hash, PKS_IDENTITY_LEN);
	return 0;
}

static int set_checks_now(struct db_tx *tx, int64_t set, struct buf *out, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT c.id, c.severity FROM set_package sp"
		     " JOIN package_match m ON m.package_id = sp.package_id"
		     " JOIN security_check c ON c.id = m.check_id WHERE sp.set_id = $1",
		     DB_ARGS(DB_I(set)), e);
	struct pks_union all = {0};
	int r = s ? 0 : -(int)e->code;
	while (r == 0 && (r = db_step(s, e)) > 0)
		r = pks_union_add_one(&all,
				      (struct pks_check){.id = (uint64_t)db_int(s, 0),
							 .severity = (uint8_t)db_int(s, 1)},
				      e);
	db_done(s);
	if (r == 0)
		r = pks_union_put(&all, out, e);
	pks_union_free(&all);
	return r;
}

/* Say that a package is in a set: to the last of its lists, or in a new one when that is long. Sets
 * are made in ascending order. */
static int add_to_sets(struct db_tx *tx, int64_t package, int64_t set, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT first, sets FROM package_sets WHERE package_id = $1 "
				     "ORDER BY first DESC LIMIT 1",
				     DB_ARGS(DB_I(package)), e);
	struct buf list;
	int64_t first = set, last = 0;
	int r = s ? db_step(s, e) : -(int)e->code;
	buf_init(&list, SETS_LIST_MAX + 16);
	if (r > 0 && db_bytes(s, 1).len < SETS_LIST_MAX) {
		struct cursor c = cur_of(db_bytes(s, 1));
		first = last = db_int(s, 0);
		buf_put(&list, db_bytes(s, 1));
		while ((r = lst_ids_next(&c, &last, e)) > 0)
			;
	}
	db_done(s);
	if (last)
		lst_ids_put(&last, set, &list);
	int64_t n =
	    r < 0 ? r
		  : db_exec(tx,
			    "INSERT INTO package_sets(package_id, first, sets) VALUES($1, $2, $3)"
			    " ON CONFLICT(package_id, first) DO UPDATE SET sets = excluded.sets",
			    DB_ARGS(DB_I(package), DB_I(first), DB_B(buf_bytes(&list))), e);
	if (n >= 0 && !buf_ok(&list))
		n = err_set(e, ERR_NOMEM, "no memory for the sets of a package");
	buf_free(&list);
	return n < 0 ? (int)n : 0;
}

/* A package that is named twice is a member once, at the first path. */
static int put_members(struct db_tx *tx, int64_t set, const struct pks_member *members,
		       size_t count, struct err *e)
{
	struct lst_writer w = {0};
	struct buf list;
	int64_t r = 0;
	buf_init(&list, MEMBERS_MAX);
	for (size_t i = 0; i < count && r >= 0; i++) {
		if (i && members[i].package == members[i - 1].package)
			continue;
		lst_put(&w, members[i].package, members[i].path, &list);
		r = add_to_sets(tx, members[i].package, set, e);
	}
	if (r >= 0 && !buf_ok(&list))
		r = err_set(e, ERR_NOMEM, "no memory for the members of a set");
	if (r >= 0)
		r = db_exec(tx, "UPDATE package_set SET members = $2 WHERE id = $1",
			    DB_ARGS(DB_I(set), DB_B(buf_bytes(&list))), e);
	buf_free(&list);
	return r < 0 ? (int)r : 0;
}

int pks_set(struct db_tx *tx, struct pks_member *members, size_t count, int64_t *ret_set,
	    struct err *e)
{
	uint8_t hash[PKS_IDENTITY_LEN];
	if (count)
		qsort(members, count, sizeof *members, by_package);
	if (set_hash(members, count, hash, e) < 0)
		return -(int)ERR_NOMEM;
	int r = query_id(tx, "SELECT id FROM package_set WHERE hash = $1",
			 DB_B(identity_bytes(hash)), ret_set, e);
	if (r != 0)
		return r < 0 ? r : 0;
	struct db_stmt *s =
	    db_query(tx,
		     "INSERT INTO package_set(hash, package_count, checks, members) VALUES($1, $2, "
		     "$3, $3) RETURNING id",
		     DB_ARGS(DB_B(identity_bytes(hash)), DB_I(count), DB_B(BYTES_LIT(""))), e);
	if (!s)
		return -(int)e->code;
	for (r = db_step(s, e); r > 0; r = db_step(s, e))
		*ret_set = db_int(s, 0);
	db_done(s);
	struct buf checks;
	buf_init(&checks, 64U << 20);
	if (r >= 0)
		r = put_members(tx, *ret_set, members, count, e);
	if (r >= 0)
		r = set_checks_now(tx, *ret_set, &checks, e);
	if (r >= 0) {
		int64_t n = db_exec(tx, "UPDATE package_set SET checks = $2 WHERE id = $1",
				    DB_ARGS(DB_I(*ret_set), DB_B(buf_bytes(&checks))), e);
		r = n < 0 ? (int)n : 0;
	}
	buf_free(&checks);
	return r;
}

int pks_set_checks(struct db_tx *tx, int64_t set, int64_t epoch, struct buf *out, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx, "SELECT checks FROM package_set WHERE id = $1 AND since <= $2",
		     DB_ARGS(DB_I(set), DB_I(epoch)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	buf_clear(out);
	if (r > 0)
		buf_put(out, db_bytes(s, 0));
	db_done(s);
	if (r == 0)
		return set_checks_now(tx, set, out, e);
	if (r > 0 && !buf_ok(out))
		return err_set(e, ERR_NOMEM, "no memory for the checks of a set");
	return r < 0 ? r : 0;
}

int pks_checks_parse(struct bytes kept, struct arena *a, struct pks_check **ret, size_t *ret_count,
		     struct err *e)
{
	struct pks_union u = {0};
	int r = pks_union_add(&u, kept, e);
	*ret_count = u.count;
	*ret = r < 0 ? NULL : arena_alloc(a, u.count, sizeof **ret);
	if (r == 0 && !*ret)
		r = err_set(e, ERR_NOMEM, "no memory for the checks of a set");
	if (r == 0 && u.count)
		memcpy(*ret, u.items, u.count * sizeof **ret);
	pks_union_free(&u);
	return r;
}

void pks_union_free(struct pks_union *u)
{
	free(u->items);
	free(u->other);
	*u = (struct pks_union){0};
}

void pks_union_clear(struct pks_union *u)
{
	u->count = 0;
}

int pks_union_add_one(struct pks_union *u, struct pks_check c, struct err *e)
{
	if (u->count == u->cap) {
		size_t cap = u->cap ? u->cap * 2 : 256;
		struct pks_check *items = realloc(u->items, cap * sizeof *items);
		if (items)
			u->items = items;
		struct pks_check *other = items ? realloc(u->other, cap * sizeof *other) : NULL;
		if (!other)
			return err_set(e, ERR_NOMEM, "no memory for the checks of a set");
		u->other = other;
		u->cap = cap;
	}
	u->items[u->count++] = c;
	return 0;
}

int pks_union_add(struct pks_union *u, struct bytes kept, struct err *e)
{
	struct cursor c = cur_of(kept);
	uint64_t id = 0;
	while (cur_left(&c)) {
		id += cur_varint(&c);
		uint8_t severity = cur_u8(&c);
		if (!cur_ok(&c) || severity > ADV_SEV_CRITICAL)
			return err_set(e, ERR_DAMAGED,
				       "the checks of a set are damaged at byte %zu", c.off);
		if (pks_union_add_one(u, (struct pks_check){.id = id, .severity = severity}, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

/* Merge the sorted runs [from, middle) and [middle, to) of in to out, each check once: how many. Of
 * a check with two severities (there is one in a generation) the worst stays. */
static size_t merge_runs(const struct pks_check *in, size_t from, size_t middle, size_t to,
			 struct pks_check *out)
{
	size_t a = from, b = middle, n = 0;
	while (a < middle || b < to) {
		const struct pks_check *next =
		    b == to || (a < middle && in[a].id <= in[b].id) ? &in[a++] : &in[b++];
		if (n == 0 || out[n - 1].id != next->id)
			out[n++] = *next;
		else if (out[n - 1].severity < next->severity)
			out[n - 1].severity = next->severity;
	}
	return n;
}

static size_t run_end(const struct pks_check *items, size_t from, size_t count)
{
	size_t i = from + 1;
	while (i < count && items[i - 1].id < items[i].id)
		i++;
	return i < count ? i : count;
}

/* One pass over all runs, two at a time, into the other half of the memory: how many runs there are
 * now. */
static size_t merge_pass(struct pks_union *u)
{
	const struct pks_check *in = u->items;
	struct pks_check *out = u->other;
	size_t runs = 0, n = 0;
	for (size_t from = 0; from < u->count; runs++) {
		size_t middle = run_end(in, from, u->count);
		size_t to = middle < u->count ? run_end(in, middle, u->count) : middle;
		n += merge_runs(in, from, middle, to, out + n);
		from = to;
	}
	u->other = u->items;
	u->items = out;
	u->count = n;
	return runs;
}

/* Ascending, each once. What was added are a few sorted lists: they are merged, not sorted. */
void pks_union_settle(struct pks_union *u)
{
	if (u->count == 0 || run_end(u->items, 0, u->count) == u->count)
		return;
	while (merge_pass(u) > 1)
		;
}

void pks_union_count(struct pks_union *u, uint64_t *by)
{
	pks_union_settle(u);
	memset(by, 0, (ADV_SEV_CRITICAL + 1) * sizeof *by);
	for (size_t i = 0; i < u->count; i++)
		by[u->items[i].severity]++;
}

int pks_union_put(struct pks_union *u, struct buf *out, struct err *e)
{
	uint64_t last = 0;
	pks_union_settle(u);
	buf_clear(out);
	for (size_t i = 0; i < u->count; i++) {
		buf_put_varint(out, u->items[i].id - last);
		buf_put_u8(out, u->items[i].severity);
		last = u->items[i].id;
	}
	return buf_ok(out) ? 0 : err_set(e, ERR_NOMEM, "no memory for the checks of a set");
}
