#include "ledger/packages.h"

#include "base/own.h"
#include "ledger/many.h"
#include "store/seen.h"

#include <stdlib.h>
#include <string.h>

#define PACKAGE_IDENTITY_TEXT_MAX (1U << 20) /* bytes: fields are a few KiB at most */
#define SET_CHECKS_BUDGET (256U << 20)	     /* bytes: the checks of sets that are made together */

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for packages");
}

int package_identity(struct package_entry *p, struct err *e)
{
	struct buf text;
	buf_init(&text, PACKAGE_IDENTITY_TEXT_MAX);
	pkg_identity(p->pkg, &text);
	int r = keyed_hash(&text, p->row.key, e);
	buf_free(&text);
	return r;
}

/* The rows of items of size bytes each, at this offset of them, as keyed_find wants them. */
static struct keyed **rows_of(void *items, size_t count, size_t size, size_t offset)
{
	struct keyed **rows = own_calloc(count + 1, sizeof *rows);
	for (size_t i = 0; rows && i < count; i++)
		rows[i] = (struct keyed *)(void *)((char *)items + i * size + offset);
	return rows;
}

static int find(struct db_tx *tx, struct keyed **rows, size_t count, struct err *e)
{
	return rows ? keyed_find(tx, "SELECT identity, id FROM package WHERE identity {IN $1}",
				 rows, count, e)
		    : no_memory(e);
}

int package_find_many(struct db_tx *tx, struct package_entry *entries, size_t count, struct err *e)
{
	OWN_FREE struct keyed **rows =
	    rows_of(entries, count, sizeof *entries, offsetof(struct package_entry, row));
	return find(tx, rows, count, e);
}

#define COLUMNS 16
int package_put_many(struct db_tx *tx, struct package_entry *entries, size_t count, struct err *e)
{
	OWN_FREE struct keyed **rows =
	    rows_of(entries, count, sizeof *entries, offsetof(struct package_entry, row));
	struct many add = {.tx = tx,
			   .columns = COLUMNS,
			   .text = "INSERT INTO package(id, identity, class, type, namespace, name,"
				   " version, arch, distro, source_name, source_version, module,"
				   " vendor, qualifiers, third_party, license) VALUES($1, $2, $3,"
				   " $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"};
	int r = find(tx, rows, count, e);
	if (r == 0)
		r = keyed_number(tx, "package", rows, count, e);
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct pkg *p = entries[i].pkg;
		const struct keyed *row = &entries[i].row;
		const struct db_value values[COLUMNS] = {
		    DB_I(row->id),
		    DB_B(((struct bytes){.ptr = row->key, .len = KEYED_LEN})),
		    DB_I(p->class),
		    DB_T(p->type),
		    DB_T(p->namespace),
		    DB_T(p->name),
		    DB_T(p->version),
		    DB_T(p->arch),
		    DB_T(p->distro),
		    DB_T(p->source_name),
		    DB_T(p->source_version),
		    DB_T(p->module),
		    DB_T(p->vendor),
		    DB_T(p->qualifiers),
		    DB_I(p->third_party),
		    DB_T(p->license)};
		if (row->is_new)
			r = many_add(&add, values, e);
	}
	return many_end(&add, r, e);
}

static int read_package(struct db_stmt *s, struct arena *a, struct pkg *ret, struct err *e)
{
	const struct pkg p = {.type = db_bytes(s, 1),
			      .namespace = db_bytes(s, 2),
			      .name = db_bytes(s, 3),
			      .version = db_bytes(s, 4),
			      .arch = db_bytes(s, 5),
			      .source_name = db_bytes(s, 6),
			      .source_version = db_bytes(s, 7),
			      .module = db_bytes(s, 8),
			      .vendor = db_bytes(s, 9),
			      .distro = db_bytes(s, 10),
			      .third_party = db_int(s, 11) != 0,
			      .class = (enum pkg_class)db_int(s, 12),
			      .qualifiers = db_bytes(s, 13),
			      .license = db_bytes(s, 14)};
	return pkg_copy(a, &p, ret, e);
}

int package_get_many(struct db_tx *tx, const int64_t *ids, size_t count, struct arena *a,
		     struct pkg *ret, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT id, type, namespace, name, version, arch, source_name,"
		     " source_version, module, vendor, distro, third_party, class, qualifiers,"
		     " license FROM package WHERE id {IN $1} ORDER BY id",
		     DB_ARGS(DB_INTS(ids, count)), e);
	int r = s ? 0 : -(int)e->code;
	size_t n = 0;
	while (s && n < count && (r = db_step(s, e)) > 0 && db_int(s, 0) == ids[n]) {
		r = read_package(s, a, &ret[n++], e);
		if (r < 0)
			break;
	}
	db_done(s);
	if (r >= 0 && n < count)
		r = err_set(e, ERR_NOT_FOUND, "package %lld is not kept", (long long)ids[n]);
	return r < 0 ? r : 0;
}

static int by_package(const void *a, const void *b)
{
	const struct package_set_member *x = a, *y = b;
	int order = (x->package > y->package) - (x->package < y->package);
	return order ? order : bytes_cmp(x->path, y->path);
}

static int set_hash(struct package_set_entry *set, struct err *e)
{
	struct buf text;
	if (set->member_count)
		qsort(set->members, set->member_count, sizeof *set->members, by_package);
	buf_init(&text, SIZE_MAX / 4);
	for (size_t i = 0; i < set->member_count; i++) {
		buf_put_varint(&text, (uint64_t)set->members[i].package);
		buf_put_blob(&text, set->members[i].path);
	}
	int r = keyed_hash(&text, set->row.key, e);
	buf_free(&text);
	return r;
}

/* A package at two paths is in the set twice. */
static int add_members(struct many *add, const struct package_set_entry *set, struct err *e)
{
	int64_t position = 0;
	int r = 0;
	for (size_t i = 0; r == 0 && i < set->member_count; i++) {
		const struct package_set_member *m = &set->members[i];
		position = i && m->package == m[-1].package ? position + 1 : 0;
		const struct db_value values[] = {DB_I(set->row.id), DB_I(m->package),
						  DB_I(position), DB_T(m->path)};
		r = many_add(add, values, e);
	}
	return r;
}

static int put_members(struct db_tx *tx, const struct package_set_entry *sets, size_t count,
		       struct err *e)
{
	struct many add = {.tx = tx,
			   .columns = 4,
			   .text = "INSERT INTO set_package(set_id, package_id, position, path)"
				   " VALUES($1, $2, $3, $4)"};
	int r = 0;
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (sets[i].row.is_new)
			r = add_members(&add, &sets[i], e);
	}
	return many_end(&add, r, e);
}

/* Called with the checks of one set after the other. */
typedef int (*on_set_fn)(void *arg, int64_t set, struct check_union *checks, struct err *e);

/* The checks of sets by the matches of their packages; a set without any is left out. */
static int each_set_now(struct db_tx *tx, const int64_t *sets, size_t count, on_set_fn fn,
			void *arg, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT sp.set_id, c.id, c.severity, m.patchable FROM set_package sp"
		     " JOIN package_match m ON m.package_id = sp.package_id"
		     " JOIN security_check c ON c.id = m.check_id WHERE sp.set_id {IN $1}"
		     " ORDER BY sp.set_id",
		     DB_ARGS(DB_INTS(sets, count)), e);
	struct check_union all = {0};
	int64_t set = 0;
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		const struct set_check c = {.id = (uint64_t)db_int(s, 1),
					    .severity = (uint8_t)db_int(s, 2),
					    .patchable = db_int(s, 3) != 0};
		if (set != db_int(s, 0) && all.count && fn(arg, set, &all, e) < 0)
			r = -(int)e->code;
		if (set != db_int(s, 0))
			check_union_clear(&all);
		set = db_int(s, 0);
		if (r < 0 || (r = check_union_add_one(&all, c, e)) < 0)
			break;
	}
	db_done(s);
	if (r == 0 && all.count)
		r = fn(arg, set, &all, e);
	check_union_free(&all);
	return r < 0 ? r : 0;
}

/* The checks of new sets in their kept form. */
struct kept_sets {
	struct arena arena;
	struct buf text; /* scratch */
	const int64_t *ids;
	struct bytes *checks;
	size_t count;
};

static int keep_set(void *arg, int64_t set, struct check_union *checks, struct err *e)
{
	struct kept_sets *k = arg;
	bool ok = true;
	size_t i = 0;
	int r = check_union_put(checks, &k->text, e);
	while (i < k->count && k->ids[i] != set)
		i++;
	if (r == 0 && i < k->count)
		k->checks[i] = arena_bytes(&k->arena, buf_bytes(&k->text), &ok);
	return ok ? r : no_memory(e);
}

static int put_sets(struct db_tx *tx, const struct package_set_entry *sets, size_t count,
		    const struct kept_sets *k, struct err *e)
{
	struct many add = {.tx = tx,
			   .columns = 4,
			   .text = "INSERT INTO package_set(id, hash, package_count, since, checks)"
				   " VALUES($1, $2, $3, 0, $4)"};
	int r = 0;
	size_t at = 0;
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct keyed *row = &sets[i].row;
		if (!row->is_new)
			continue;
		struct bytes none = BYTES_LIT("");
		struct bytes checks = k->checks[at].len ? k->checks[at] : none;
		const struct db_value values[] = {
		    DB_I(row->id), DB_B(((struct bytes){.ptr = row->key, .len = KEYED_LEN})),
		    DB_I(sets[i].member_count), DB_B(checks)};
		r = many_add(&add, values, e);
		at++;
	}
	return many_end(&add, r, e);
}

/* Members first: the checks follow from them. */
static int make_sets(struct db_tx *tx, const struct package_set_entry *sets, size_t count,
		     struct err *e)
{
	OWN_FREE int64_t *ids = own_calloc(count + 1, sizeof *ids);
	OWN_FREE struct bytes *checks = own_calloc(count + 1, sizeof *checks);
	struct kept_sets k = {.ids = ids, .checks = checks};
	if (!ids || !checks)
		return no_memory(e);
	for (size_t i = 0; i < count; i++) {
		if (sets[i].row.is_new)
			ids[k.count++] = sets[i].row.id;
	}
	if (k.count == 0)
		return 0;
	arena_init(&k.arena, SET_CHECKS_BUDGET);
	buf_init(&k.text, SET_CHECKS_BUDGET);
	int r = put_members(tx, sets, count, e);
	if (r == 0)
		r = each_set_now(tx, ids, k.count, keep_set, &k, e);
	if (r == 0)
		r = put_sets(tx, sets, count, &k, e);
	buf_free(&k.text);
	arena_free(&k.arena);
	return r;
}

int package_set_put_many(struct db_tx *tx, struct package_set_entry *sets, size_t count,
			 struct err *e)
{
	OWN_FREE struct keyed **rows =
	    rows_of(sets, count, sizeof *sets, offsetof(struct package_set_entry, row));
	if (!rows)
		return no_memory(e);
	for (size_t i = 0; i < count; i++) {
		if (set_hash(&sets[i], e) < 0)
			return -(int)e->code;
	}
	if (keyed_find(tx, "SELECT hash, id FROM package_set WHERE hash {IN $1}", rows, count, e) <
		0 ||
	    keyed_number(tx, "package_set", rows, count, e) < 0)
		return -(int)e->code;
	return make_sets(tx, sets, count, e);
}

static int add_set(void *arg, int64_t set, struct check_union *checks, struct err *e)
{
	struct check_union *all = arg;
	(void)set;
	for (size_t i = 0; i < checks->count; i++) {
		if (check_union_add_one(all, checks->items[i], e) < 0)
			return -(int)e->code;
	}
	return 0;
}

int package_set_checks(struct db_tx *tx, const int64_t *sets, size_t count, struct check_union *all,
		       struct err *e)
{
	OWN_FREE int64_t *prepared = own_calloc(count + 1, sizeof *prepared);
	size_t n = 0;
	struct db_stmt *s =
	    prepared ? db_query(tx,
				"SELECT id, CASE WHEN " SEEN_SET(
				    "package_set") " THEN 0 ELSE 1 END,"
						   " checks FROM package_set WHERE id {IN $1}",
				DB_ARGS(DB_INTS(sets, count)), e)
		     : NULL;
	int r = s ? 0 : prepared ? -(int)e->code : no_memory(e);
	while (s && n < count && (r = db_step(s, e)) > 0) {
		if (db_int(s, 1))
			prepared[n++] = db_int(s, 0);
		else if ((r = check_union_add(all, db_bytes(s, 2), e)) < 0)
			break;
	}
	db_done(s);
	if (r >= 0 && n)
		r = each_set_now(tx, prepared, n, add_set, all, e);
	return r < 0 ? r : 0;
}
