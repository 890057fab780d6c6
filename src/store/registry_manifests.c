/* The rows of manifests, their references and tags. */
#include "store/registry.h"

#include "base/limits.h"
#include "store/digest_key.h"
#include "store/pack.h"

#include <string.h>

#define PAGE_MAX 10000U
#define DIGEST(text) DB_B(digest_key_of(text, &(struct digest_key){{0}}))

static int changed(int64_t n)
{
	return n < 0 ? (int)n : n > 0;
}

int store_manifest_put(const struct store_registry *t, int64_t repository,
		       const struct store_manifest *m, struct err *e)
{
	struct buf packed;
	buf_init(&packed, m->content.len + 32);
	pack_text_put(m->content, &packed);
	/* The same digest is the same content, unless what is kept is damaged: then this mends it.
	 */
	int64_t n =
	    !buf_ok(&packed)
		? err_set(e, ERR_NOMEM, "manifest: no memory")
		: db_exec(t->tx,
			  "INSERT INTO "
			  "manifest(registry_id,repository_id,digest,media_type,size,artifact_type,"
			  "subject,annotations,pushed_at,pulled_at,content)"
			  " VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,0,$10)"
			  " ON CONFLICT(registry_id,repository_id,digest) DO UPDATE SET"
			  " media_type=excluded.media_type,pushed_at=excluded.pushed_at,size="
			  "excluded.size,content=excluded.content",
			  DB_ARGS(DB_I(t->registry), DB_I(repository), DIGEST(m->digest),
				  DB_T(m->media_type), DB_I(m->content.len), DB_T(m->artifact_type),
				  DB_T(m->subject), DB_T(m->annotations), DB_I(t->now_ms),
				  DB_B(buf_bytes(&packed))),
			  e);
	buf_free(&packed);
	return changed(n);
}

/* The content as it was pushed, in the arena. */
static int unpack(struct bytes packed, struct arena *a, struct bytes *ret, struct err *e)
{
	struct buf text;
	bool ok = false;
	buf_init(&text, LIMIT_MANIFEST_MAX);
	int r = pack_text_get(packed, LIMIT_MANIFEST_MAX, &text, e);
	if (r == 0)
		*ret = arena_bytes(a, buf_bytes(&text), &ok);
	if (r == 0 && !ok)
		r = err_set(e, ERR_NOMEM, "manifest: no memory");
	buf_free(&text);
	return r;
}

int store_manifest_ref(const struct store_registry *t, int64_t repository, struct bytes manifest,
		       enum store_ref_kind kind, struct bytes digest, struct err *e)
{
	return changed(
	    db_exec(t->tx,
		    "INSERT INTO manifest_ref(registry_id,repository_id,manifest,kind,digest)"
		    " VALUES($1,$2,$3,$4,$5)"
		    " ON CONFLICT(registry_id,repository_id,manifest,kind,digest) DO NOTHING",
		    DB_ARGS(DB_I(t->registry), DB_I(repository), DIGEST(manifest), DB_I(kind),
			    DIGEST(digest)),
		    e));
}

/* Columns: digest, media_type, size, artifact_type, subject, annotations, pushed_at, pulled_at[,
 * content]. */
static int manifest_row(struct db_stmt *s, bool with_content, struct arena *a,
			struct store_manifest *ret, struct err *e)
{
	const int columns[] = {0, 1, 3, 4, 5};
	struct bytes got[5], content = BYTES_NONE;
	uint64_t omitted = db_bytes(s, 5).len;
	omitted = omitted > STORE_ANNOTATIONS_MAX ? omitted : 0;
	for (size_t i = 0; i < 5; i++) {
		bool ok;
		struct bytes text = i == 4 && omitted ? BYTES_NONE : db_bytes(s, columns[i]);
		got[i] = i == 0 ? digest_key_text(text, a, &ok) : arena_bytes(a, text, &ok);
		if (!ok)
			return err_set(e, ERR_NOMEM, "manifest: no memory");
	}
	if (with_content && unpack(db_bytes(s, 8), a, &content, e) < 0)
		return -(int)e->code;
	*ret = (struct store_manifest){.digest = got[0],
				       .media_type = got[1],
				       .size = (uint64_t)db_int(s, 2),
				       .artifact_type = got[2],
				       .subject = got[3],
				       .annotations = got[4],
				       .omitted = omitted,
				       .pushed_at = db_int(s, 6),
				       .pulled_at = db_int(s, 7),
				       .content = content};
	return 1;
}

#define COLUMNS "digest,media_type,size,artifact_type,subject,annotations,pushed_at,pulled_at"

int store_manifest_find(const struct store_registry *t, int64_t repository, struct bytes digest,
			bool with_content, struct arena *a, struct store_manifest *ret,
			struct err *e)
{
	struct db_stmt *s =
	    db_query(t->tx,
		     with_content ? "SELECT " COLUMNS ",content FROM manifest"
				    " WHERE registry_id=$1 AND repository_id=$2 AND digest=$3"
				  : "SELECT " COLUMNS " FROM manifest"
				    " WHERE registry_id=$1 AND repository_id=$2 AND digest=$3",
		     DB_ARGS(DB_I(t->registry), DB_I(repository), DIGEST(digest)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r == 1)
		r = manifest_row(s, with_content, a, ret, e);
	db_done(s);
	return r;
}

int store_manifest_exists(const struct store_registry *t, int64_t repository, struct bytes digest,
			  struct err *e)
{
	struct db_stmt *s = db_query(
	    t->tx, "SELECT 1 FROM manifest WHERE registry_id=$1 AND repository_id=$2 AND digest=$3",
	    DB_ARGS(DB_I(t->registry), DB_I(repository), DIGEST(digest)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	db_done(s);
	return r;
}

int store_manifests_some(const struct store_registry *t, int64_t repository, size_t n,
			 struct arena *a, struct store_texts *ret, struct err *e)
{
	struct db_stmt *s = db_query(t->tx,
				     "SELECT digest FROM manifest WHERE registry_id=$1"
				     " AND repository_id=$2 ORDER BY digest LIMIT $3",
				     DB_ARGS(DB_I(t->registry), DB_I(repository), DB_I(n)), e);
	int r = store_texts_read(s, n, a, ret, e);
	bool ok = true;
	for (size_t i = 0; r >= 0 && ok && i < ret->count; i++)
		ret->items[i] = digest_key_text(ret->items[i], a, &ok);
	return ok ? r : err_nomem(e);
}

int store_manifest_delete(const struct store_registry *t, int64_t repository, struct bytes digest,
			  struct err *e)
{
	/* The blobs' grace time begins. */
	int64_t r = db_exec(
	    t->tx,
	    "UPDATE blob SET freed_at=$4 WHERE registry_id=$1 AND digest IN(SELECT digest "
	    "FROM manifest_ref"
	    " WHERE registry_id=$1 AND repository_id=$2 AND manifest=$3 AND kind=0)",
	    DB_ARGS(DB_I(t->registry), DB_I(repository), DIGEST(digest), DB_I(t->now_ms)), e);
	if (r >= 0)
		r = db_exec(
		    t->tx,
		    "DELETE FROM manifest_ref WHERE registry_id=$1 AND repository_id=$2 AND "
		    "manifest=$3",
		    DB_ARGS(DB_I(t->registry), DB_I(repository), DIGEST(digest)), e);
	if (r >= 0)
		r = db_exec(
		    t->tx,
		    "DELETE FROM tag WHERE registry_id=$1 AND repository_id=$2 AND digest=$3",
		    DB_ARGS(DB_I(t->registry), DB_I(repository), DIGEST(digest)), e);
	if (r >= 0)
		r = db_exec(t->tx,
			    "DELETE FROM manifest"
			    " WHERE registry_id=$1 AND repository_id=$2 AND digest=$3",
			    DB_ARGS(DB_I(t->registry), DB_I(repository), DIGEST(digest)), e);
	return changed(r);
}

int store_manifest_pulled(const struct store_registry *t, int64_t repository, struct bytes digest,
			  int64_t at_ms, struct err *e)
{
	return changed(
	    db_exec(t->tx,
		    "UPDATE manifest SET pulled_at=$4 WHERE registry_id=$1"
		    " AND repository_id=$2 AND digest=$3 AND pulled_at<$4",
		    DB_ARGS(DB_I(t->registry), DB_I(repository), DIGEST(digest), DB_I(at_ms)), e));
}

/* What a row takes of a page, names and braces included. */
static size_t shown_len(struct db_stmt *s)
{
	size_t annotations = db_bytes(s, 5).len;
	return 512 + db_bytes(s, 1).len + db_bytes(s, 3).len +
	       (annotations > STORE_ANNOTATIONS_MAX ? 0 : annotations);
}

static int add_referrer(struct db_stmt *s, struct arena *a, size_t *cap,
			struct store_manifests *out, struct err *e)
{
	if (out->count == *cap) {
		*cap = *cap ? *cap * 2 : 16;
		struct store_manifest *grown = arena_alloc(a, *cap, sizeof *grown);
		if (!grown)
			return err_set(e, ERR_NOMEM, "referrers: no memory");
		if (out->count)
			memcpy(grown, out->items, out->count * sizeof *grown);
		out->items = grown;
	}
	return manifest_row(s, false, a, &out->items[out->count++], e);
}

int store_referrers(const struct store_registry *t, int64_t repository, struct bytes subject,
		    const struct store_page *page, struct arena *a, struct store_manifests *ret,
		    struct err *e)
{
	size_t n = page->n < PAGE_MAX ? page->n : PAGE_MAX, cap = 0, used = 0;
	struct store_manifests out = {.items = NULL};
	struct db_stmt *s =
	    db_query(t->tx,
		     "SELECT " COLUMNS " FROM manifest WHERE registry_id=$1 AND repository_id=$2"
		     " AND subject=$3 AND subject<>'' AND digest>$4 AND ($5='' OR artifact_type=$5)"
		     " ORDER BY digest LIMIT $6",
		     DB_ARGS(DB_I(t->registry), DB_I(repository), DB_T(subject),
			     DIGEST(page->after), DB_T(page->artifact_type), DB_I(n + 1)),
		     e);
	int r = s ? 0 : -(int)e->code;
	while (r >= 0 && (r = db_step(s, e)) == 1) {
		used += shown_len(s);
		out.more = out.count == n || (out.count > 0 && used > STORE_REFERRERS_BYTES);
		if (out.more)
			break;
		r = add_referrer(s, a, &cap, &out, e);
	}
	db_done(s);
	if (r >= 0)
		*ret = out;
	return r < 0 ? r : 0;
}

int store_manifest_walk(const struct store_registry *t, struct store_place *at, size_t n,
			struct arena *a, struct store_manifests *ret, struct err *e)
{
	struct store_manifests out = {.items = arena_alloc(a, n, sizeof *out.items)};
	struct db_stmt *s =
	    db_query(t->tx,
		     "SELECT " COLUMNS ",content,repository_id,registry_id FROM manifest"
		     " WHERE (registry_id,repository_id,digest)>($1,$2,$3)"
		     " ORDER BY registry_id,repository_id,digest LIMIT $4",
		     DB_ARGS(DB_I(at->registry), DB_I(at->repository), DIGEST(bytes_of(at->digest)),
			     DB_I(n)),
		     e);
	int r = s ? 0 : -(int)e->code;
	struct store_place last = *at;
	if (r == 0 && !out.items)
		r = err_set(e, ERR_NOMEM, "list: no memory");
	while (r >= 0 && out.count < n && (r = db_step(s, e)) == 1) {
		struct store_manifest *m = &out.items[out.count++];
		r = manifest_row(s, true, a, m, e);
		if (r == -(int)ERR_DAMAGED)
			r = manifest_row(s, false, a, m, e);
		last.repository = db_int(s, 9);
		last.registry = db_int(s, 10);
		if (r == 1 && m->digest.len < sizeof last.digest) {
			memcpy(last.digest, m->digest.ptr, m->digest.len);
			last.digest[m->digest.len] = '\0';
		}
	}
	db_done(s);
	out.more = out.count == n;
	if (r < 0)
		return r;
	*at = last;
	*ret = out;
	return 0;
}

int store_tag_find(const struct store_registry *t, int64_t repository, struct bytes name,
		   struct arena *a, struct bytes *ret_digest, struct err *e)
{
	struct db_stmt *s = db_query(
	    t->tx, "SELECT digest FROM tag WHERE registry_id=$1 AND repository_id=$2 AND name=$3",
	    DB_ARGS(DB_I(t->registry), DB_I(repository), DB_T(name)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r == 1) {
		bool ok;
		*ret_digest = digest_key_text(db_bytes(s, 0), a, &ok);
		if (!ok)
			r = err_set(e, ERR_NOMEM, "tag: no memory");
	}
	db_done(s);
	return r;
}

int store_tag_put(const struct store_registry *t, int64_t repository, struct bytes name,
		  struct bytes digest, struct err *e)
{
	return changed(
	    db_exec(t->tx,
		    "INSERT INTO tag(registry_id,repository_id,name,digest,version,updated_at)"
		    " VALUES($1,$2,$3,$4,1,$5)"
		    " ON CONFLICT(registry_id,repository_id,name) DO UPDATE SET"
		    " digest=excluded.digest,version=tag.version+1,updated_at=excluded.updated_at",
		    DB_ARGS(DB_I(t->registry), DB_I(repository), DB_T(name), DIGEST(digest),
			    DB_I(t->now_ms)),
		    e));
}

int store_tag_delete(const struct store_registry *t, int64_t repository, struct bytes name,
		     struct err *e)
{
	return changed(
	    db_exec(t->tx, "DELETE FROM tag WHERE registry_id=$1 AND repository_id=$2 AND name=$3",
		    DB_ARGS(DB_I(t->registry), DB_I(repository), DB_T(name)), e));
}

int store_tags(const struct store_registry *t, int64_t repository, const struct store_page *page,
	       struct arena *a, struct store_texts *ret, struct err *e)
{
	size_t n = page->n < PAGE_MAX ? page->n : PAGE_MAX;
	return store_texts_read(
	    db_query(t->tx,
		     "SELECT name FROM tag WHERE registry_id=$1 AND repository_id=$2"
		     " AND name>$3 ORDER BY name LIMIT $4",
		     DB_ARGS(DB_I(t->registry), DB_I(repository), DB_T(page->after), DB_I(n + 1)),
		     e),
	    n, a, ret, e);
}

int store_tags_of(const struct store_registry *t, int64_t repository, struct bytes digest, size_t n,
		  struct arena *a, struct store_texts *ret, struct err *e)
{
	n = n < PAGE_MAX ? n : PAGE_MAX;
	return store_texts_read(
	    db_query(t->tx,
		     "SELECT name FROM tag WHERE registry_id=$1 AND repository_id=$2"
		     " AND digest=$3 ORDER BY name LIMIT $4",
		     DB_ARGS(DB_I(t->registry), DB_I(repository), DIGEST(digest), DB_I(n + 1)), e),
	    n, a, ret, e);
}

#define OF_IMAGES                                                                                  \
	" FROM image i JOIN repository r ON r.id=i.repository_id"                                  \
	" JOIN tag t ON t.registry_id=r.registry_id AND t.repository_id=i.repository_id"

static size_t place_of(const int64_t *images, size_t count, int64_t id)
{
	size_t i = 0;
	while (i < count && images[i] != id)
		i++;
	return i;
}

int store_tags_many(struct db_tx *tx, const int64_t *images, size_t count, size_t n,
		    struct arena *a, struct store_texts *ret, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT x.id,x.name FROM (SELECT i.id AS id,t.name AS name,row_number() OVER"
	    " (PARTITION BY i.id ORDER BY t.name) AS n" OF_IMAGES
	    " AND t.digest=i.digest WHERE i.id {IN $1}) x WHERE x.n<=$2 ORDER BY x.id,x.name",
	    DB_ARGS(DB_INTS(images, count), DB_I(n)), e);
	int r = s ? 1 : -(int)e->code;
	for (size_t i = 0; i < count; i++)
		ret[i] = (struct store_texts){.items = NULL};
	while (r > 0 && (r = db_step(s, e)) > 0) {
		size_t at = place_of(images, count, db_int(s, 0));
		bool ok = true;
		if (at == count || ret[at].count == n)
			continue;
		if (!ret[at].items)
			ret[at].items = arena_alloc(a, n, sizeof *ret[at].items);
		if (ret[at].items)
			ret[at].items[ret[at].count++] = arena_bytes(a, db_bytes(s, 1), &ok);
		if (!ret[at].items || !ok)
			r = err_set(e, ERR_NOMEM, "no memory for tags");
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int store_images_referred(struct db_tx *tx, const int64_t *images, size_t count, bool *ret,
			  struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT DISTINCT i.id" OF_IMAGES
				     " JOIN manifest_ref f ON f.registry_id=t.registry_id"
				     " AND f.repository_id=t.repository_id AND f.manifest=t.digest"
				     " AND f.digest=i.digest WHERE i.id {IN $1}",
				     DB_ARGS(DB_INTS(images, count)), e);
	int r = s ? 1 : -(int)e->code;
	for (size_t i = 0; i < count; i++)
		ret[i] = false;
	while (r > 0 && (r = db_step(s, e)) > 0) {
		size_t at = place_of(images, count, db_int(s, 0));
		if (at < count)
			ret[at] = true;
	}
	db_done(s);
	return r < 0 ? r : 0;
}
