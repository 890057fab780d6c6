#include "store/attached.h"

#include "store/digest_key.h"
#include "store/scans.h"

#include <stdio.h>

#define DIGEST(text) DB_B(digest_key_of(text, &(struct digest_key){{0}}))

int store_attached_indexes(const struct store_registry *t, int64_t repository, struct bytes digest,
			   size_t n, struct arena *a, struct store_texts *ret, struct err *e)
{
	struct db_stmt *s =
	    db_query(t->tx,
		     "SELECT manifest FROM manifest_ref WHERE registry_id = $1 AND digest = $2"
		     " AND repository_id = $3 AND kind = 1 ORDER BY manifest LIMIT $4",
		     DB_ARGS(DB_I(t->registry), DIGEST(digest), DB_I(repository), DB_I(n)), e);
	int r = store_texts_read(s, n, a, ret, e);
	bool ok = true;
	for (size_t i = 0; r >= 0 && ok && i < ret->count; i++)
		ret->items[i] = digest_key_text(ret->items[i], a, &ok);
	return ok ? r : err_nomem(e);
}

/* Numbers of images whose scans are to be asked for. */
static int64_t ask_each(struct db_tx *tx, struct db_stmt *s, int64_t now_ms, struct err *e)
{
	struct arena a;
	int64_t asked = 0, id;
	size_t cap = 0, count = 0;
	struct row {
		int64_t repository;
		struct bytes digest;
	} *rows = NULL;
	bool ok = true;
	arena_init(&a, (size_t)256 << 20);
	int r = s ? 0 : -(int)e->code;
	while (s && ok && (r = db_step(s, e)) > 0) {
		struct row *more = arena_grow(&a, rows, count, &cap, sizeof *more);
		ok = more != NULL;
		if (!ok)
			break;
		rows = more;
		rows[count].repository = db_int(s, 0);
		rows[count++].digest = digest_key_text(db_bytes(s, 1), &a, &ok);
	}
	db_done(s);
	if (r >= 0 && !ok)
		r = err_nomem(e);
	for (size_t i = 0; r >= 0 && i < count; i++, asked++)
		r = store_scan_add(tx, rows[i].repository, rows[i].digest, BYTES_LIT("push"),
				   now_ms, &id, e);
	arena_free(&a);
	return r < 0 ? r : asked;
}

int64_t store_attached_moved(struct db_tx *tx, int64_t repository, struct bytes digest,
			     int64_t now_ms, struct err *e)
{
	return ask_each(
	    tx,
	    db_query(
		tx,
		"SELECT i.repository_id, i.digest FROM image i WHERE i.repository_id = $1"
		" AND (i.digest = $2 OR i.digest IN (SELECT f.digest FROM manifest_ref f"
		" JOIN repository r ON r.registry_id = f.registry_id AND r.id = f.repository_id"
		" WHERE r.id = $1 AND f.manifest = $2 AND f.kind = 1))",
		DB_ARGS(DB_I(repository), DIGEST(digest)), e),
	    now_ms, e);
}

int store_attached_is_subject(struct db_tx *tx, int64_t repository, struct bytes digest,
			      struct err *e)
{
	char tag[DIGEST_TEXT_CAP + 8];
	size_t colon = bytes_find(digest, ':');
	(void)snprintf(tag, sizeof tag, "%.*s-%.*s.", BYTES_ARG(bytes_part(digest, 0, colon)),
		       BYTES_ARG(bytes_from(digest, colon + 1)));
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT 1 FROM repository r WHERE r.id = $1"
		     " AND (EXISTS (SELECT 1 FROM manifest m WHERE m.registry_id = r.registry_id"
		     " AND m.repository_id = r.id AND m.subject = $2 AND m.subject <> '')"
		     " OR EXISTS (SELECT 1 FROM tag t WHERE t.registry_id = r.registry_id"
		     " AND t.repository_id = r.id AND t.name IN ($3 || 'att', $3 || 'sbom')))",
		     DB_ARGS(DB_I(repository), DB_T(digest), DB_T(bytes_of(tag))), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	db_done(s);
	return r;
}

static int same_setting(struct db_tx *tx, struct bytes value, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT 1 FROM attached_setting WHERE value = $1",
				     DB_ARGS(DB_T(value)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	db_done(s);
	return r;
}

int64_t store_attached_setting(struct db_tx *tx, struct bytes value, int64_t now_ms, struct err *e)
{
	int same = same_setting(tx, value, e);
	if (same != 0)
		return same < 0 ? same : 0;
	if (db_exec(tx, "DELETE FROM attached_setting", NULL, 0, e) < 0 ||
	    db_exec(tx, "INSERT INTO attached_setting(id, value) VALUES(1, $1)",
		    DB_ARGS(DB_T(value)), e) < 0)
		return -(int64_t)e->code;
	return ask_each(
	    tx,
	    db_query(tx,
		     "SELECT i.repository_id, i.digest FROM image i WHERE i.scanned_at > 0 AND"
		     " (EXISTS (SELECT 1 FROM image_attached x WHERE x.image_id = i.id)"
		     " OR i.repository_id IN (SELECT m.repository_id FROM manifest m"
		     " WHERE m.subject <> '' UNION SELECT t.repository_id FROM tag t"
		     " WHERE t.name LIKE 'sha256-%'))",
		     NULL, 0, e),
	    now_ms, e);
}

int store_attached_put(struct db_tx *tx, int64_t image, bool has_documents, struct bytes body,
		       struct err *e)
{
	int64_t n =
	    db_exec(tx, "DELETE FROM image_attached WHERE image_id = $1", DB_ARGS(DB_I(image)), e);
	if (n >= 0 && has_documents)
		n = db_exec(tx, "INSERT INTO image_attached(image_id, body) VALUES($1, $2)",
			    DB_ARGS(DB_I(image), DB_T(body)), e);
	return n < 0 ? (int)n : 0;
}
