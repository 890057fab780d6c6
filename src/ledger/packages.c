#include "ledger/packages.h"

#include "oci/digest.h"

#include <stdlib.h>
#include <string.h>

#define PACKAGE_IDENTITY_TEXT_MAX (1U << 20) /* bytes: fields are a few KiB at most */

int package_identity(const struct pkg *p, uint8_t out[PACKAGE_IDENTITY_LEN], struct err *e)
{
	struct digest d = {0};
	struct buf text;
	buf_init(&text, PACKAGE_IDENTITY_TEXT_MAX);
	pkg_identity(p, &text);
	digest_of(buf_ok(&text) ? DIGEST_SHA256 : DIGEST_NONE, buf_bytes(&text), &d);
	buf_free(&text);
	if (d.algo == DIGEST_NONE)
		return err_set(e, ERR_NOMEM, "no memory for a package's identity");
	memcpy(out, d.hash, PACKAGE_IDENTITY_LEN);
	return 0;
}

static struct bytes identity_bytes(const uint8_t *identity)
{
	return (struct bytes){.ptr = identity, .len = PACKAGE_IDENTITY_LEN};
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

int package_find(struct db_tx *tx, const uint8_t identity[PACKAGE_IDENTITY_LEN], int64_t *ret_id,
		 struct err *e)
{
	return query_id(tx, "SELECT id FROM package WHERE identity = $1",
			DB_B(identity_bytes(identity)), ret_id, e);
}

int package_add(struct db_tx *tx, const struct pkg *p, const uint8_t identity[PACKAGE_IDENTITY_LEN],
		int64_t *ret_id, struct err *e)
{
	int r = package_find(tx, identity, ret_id, e);
	if (r != 0)
		return r < 0 ? r : 0;
	*ret_id = db_id_next(tx, "package", e);
	if (*ret_id < 0)
		return -(int)e->code;
	int64_t n = db_exec(
	    tx,
	    "INSERT INTO package(id, identity, class, type, namespace, name, version, arch, "
	    "distro, source_name, source_version, module, vendor, qualifiers, third_party) "
	    "VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
	    DB_ARGS(DB_I(*ret_id), DB_B(identity_bytes(identity)), DB_I(p->class), DB_T(p->type),
		    DB_T(p->namespace), DB_T(p->name), DB_T(p->version), DB_T(p->arch),
		    DB_T(p->distro), DB_T(p->source_name), DB_T(p->source_version), DB_T(p->module),
		    DB_T(p->vendor), DB_T(p->qualifiers), DB_I(p->third_party)),
	    e);
	return n < 0 ? (int)n : 0;
}

int package_get(struct db_tx *tx, int64_t id, struct arena *a, struct pkg *ret, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT type, namespace, name, version, arch, source_name, source_version,"
	    " module, vendor, distro, third_party, class, qualifiers FROM package WHERE id = $1",
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
				.class = (enum pkg_class)db_int(s, 11),
				.qualifiers = db_bytes(s, 12),
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
	const struct package_set_member *x = a, *y = b;
	int order = (x->package > y->package) - (x->package < y->package);
	return order ? order : bytes_cmp(x->path, y->path);
}

static int set_hash(const struct package_set_member *members, size_t count,
		    uint8_t out[PACKAGE_IDENTITY_LEN], struct err *e)
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
	memcpy(out, d.hash, PACKAGE_IDENTITY_LEN);
	return 0;
}

static int set_checks_now(struct db_tx *tx, int64_t set, struct buf *out, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT c.id, c.severity, m.patchable FROM set_package sp"
		     " JOIN package_match m ON m.package_id = sp.package_id"
		     " JOIN security_check c ON c.id = m.check_id WHERE sp.set_id = $1",
		     DB_ARGS(DB_I(set)), e);
	struct check_union all = {0};
	int r = s ? 0 : -(int)e->code;
	while (r == 0 && (r = db_step(s, e)) > 0)
		r = check_union_add_one(&all,
					(struct set_check){.id = (uint64_t)db_int(s, 0),
							   .severity = (uint8_t)db_int(s, 1),
							   .patchable = db_int(s, 2) != 0},
					e);
	db_done(s);
	if (r == 0)
		r = check_union_put(&all, out, e);
	check_union_free(&all);
	return r;
}

/* A package at two paths is in the set twice. */
static int put_members(struct db_tx *tx, int64_t set, const struct package_set_member *members,
		       size_t count, struct err *e)
{
	int64_t position = 0;
	for (size_t i = 0; i < count; i++) {
		bool again = i && members[i].package == members[i - 1].package;
		position = again ? position + 1 : 0;
		if (db_exec(
			tx,
			"INSERT INTO set_package(set_id, package_id, position, path) VALUES($1, "
			"$2, $3, $4)",
			DB_ARGS(DB_I(set), DB_I(members[i].package), DB_I(position),
				DB_T(members[i].path)),
			e) < 0)
			return -(int)e->code;
	}
	return 0;
}

int package_set_put(struct db_tx *tx, struct package_set_member *members, size_t count,
		    int64_t *ret_set, struct err *e)
{
	uint8_t hash[PACKAGE_IDENTITY_LEN];
	if (count)
		qsort(members, count, sizeof *members, by_package);
	if (set_hash(members, count, hash, e) < 0)
		return -(int)ERR_NOMEM;
	int r = query_id(tx, "SELECT id FROM package_set WHERE hash = $1",
			 DB_B(identity_bytes(hash)), ret_set, e);
	if (r != 0)
		return r < 0 ? r : 0;
	*ret_set = db_id_next(tx, "package_set", e);
	if (*ret_set < 0 ||
	    db_exec(tx,
		    "INSERT INTO package_set(id, hash, package_count, since, checks) VALUES($1, "
		    "$2, $3, 0, $4)",
		    DB_ARGS(DB_I(*ret_set), DB_B(identity_bytes(hash)), DB_I(count),
			    DB_B(BYTES_LIT(""))),
		    e) < 0)
		return -(int)e->code;
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

int package_set_checks(struct db_tx *tx, int64_t set, int64_t epoch, struct buf *out, struct err *e)
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
