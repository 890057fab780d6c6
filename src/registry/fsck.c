#include "registry/fsck.h"

#include "base/clock.h"
#include "registry/backup_impl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include "base/own.h"
#include "store/address.h"
#include "store/folder.h"
#include "store/schema.h"

#define MANIFESTS 50U
#define MANIFEST_BUDGET (300U << 20) /* bytes for a list of the largest */

struct checking {
	const struct fsck_options *o;
	struct fsck_counts n;
	struct blobs *blobs;
	struct db *db;
};

__attribute__((format(printf, 2, 3))) static void found(struct checking *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	c->n.found++;
	c->o->say(c->o->arg, text);
}

/* Why it is not whole; NULL = it is. <0 in *rc. */
static const char *look(struct checking *c, const struct store_care *b, int *rc, struct err *e)
{
	OWN_CONTENT struct content content = CONTENT_INIT;
	struct digest want;
	struct blobs_stat st;
	*rc = blobs_stat(c->blobs, b->blob.key, &st, e);
	if (*rc <= 0)
		return *rc == 0 ? "its file is not there" : NULL;
	if (st.size != b->blob.size)
		return "its file has another length";
	if (c->o->no_digests)
		return NULL;
	if (digest_parse(bytes_of(b->digest), &want, e) < 0)
		return "its digest is malformed";
	struct files_sum got = {.algo = want.algo};
	*rc = blobs_read(c->blobs, b->blob.key, &content, e);
	if (*rc == 0)
		*rc = files_sum_up(&content, NULL, &got, e);
	if (*rc < 0 && e->code == ERR_IO) {
		*e = (struct err)ERR_INIT;
		*rc = 0;
		return "its file cannot be read";
	}
	return *rc == 0 && !digest_eq(&got.digest, &want) ? "its bytes are not what was pushed"
							  : NULL;
}

static int check_blob(void *arg, const struct store_care *b, struct err *e)
{
	struct checking *c = arg;
	char reason[256], path[BLOBS_PATH_CAP];
	int rc = 0;
	const char *why = look(c, b, &rc, e);
	c->n.blobs++;
	c->n.bytes += b->blob.size;
	if (rc < 0 || !why)
		return rc < 0 ? rc : 0;
	blobs_path(b->blob.key, path);
	found(c, "blob %s, file %s: %s", b->digest, path, why);
	if (!c->o->repair)
		return 0;
	(void)snprintf(reason, sizeof reason, "blob %s is damaged on disk: %s", b->digest, why);
	int r = backup_mark_damaged(c->db, DB_WRITE, b, reason, e);
	if (r > 0)
		r = blobs_set_aside(c->blobs, b->blob.key, e);
	c->n.repaired += r >= 0;
	return r < 0 ? r : 0;
}

struct manifest_job {
	struct checking *c;
	struct store_place at;
	struct arena a;
	struct store_manifests list;
};

static int manifests_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct manifest_job *j = arg;
	struct store_registry t = {.tx = tx};
	return store_manifest_walk(&t, &j->at, MANIFESTS, &j->a, &j->list, e);
}

static int check_manifests(struct checking *c, struct err *e)
{
	struct manifest_job j = {.c = c};
	for (bool more = true; more;) {
		arena_init(&j.a, MANIFEST_BUDGET);
		int r = db_run(c->db, DB_READ, manifests_tx, &j, e);
		for (size_t i = 0; r >= 0 && i < j.list.count; i++) {
			const struct store_manifest *m = &j.list.items[i];
			struct digest want, got = {.algo = DIGEST_NONE};
			struct err ignored = ERR_INIT;
			bool ok = digest_parse(m->digest, &want, &ignored) == 0;
			if (ok)
				digest_of(want.algo, m->content, &got);
			if (!ok || !digest_eq(&want, &got))
				found(c,
				      "manifest %.*s: its content is not what was pushed; push it "
				      "again",
				      BYTES_ARG(m->digest));
			c->n.manifests++;
		}
		more = r >= 0 && j.list.more;
		arena_free(&j.a);
		if (r < 0)
			return r;
	}
	return 0;
}

static int missing_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct manifest_job *j = arg;
	struct store_registry t = {.tx = tx};
	return store_missing_blobs(&t, 1000, &j->a, &j->list, e);
}

/* Manifests whose blobs have no row, those known to be damaged included. */
static int check_references(struct checking *c, struct err *e)
{
	struct manifest_job j = {.c = c};
	arena_init(&j.a, MANIFEST_BUDGET);
	int r = db_run(c->db, DB_READ, missing_tx, &j, e);
	for (size_t i = 0; r >= 0 && i < j.list.count; i++)
		found(c, "manifest %.*s needs blob %.*s, which is not there; push it again",
		      BYTES_ARG(j.list.items[i].digest), BYTES_ARG(j.list.items[i].subject));
	arena_free(&j.a);
	return r < 0 ? r : 0;
}

static int key_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct store_registry t = {.tx = tx};
	return store_key_known(&t, arg, e);
}

static int check_file(void *arg, const char *key, int64_t changed_ms, struct err *e)
{
	struct checking *c = arg;
	char copy[BLOB_KEY_CAP], path[BLOBS_PATH_CAP];
	(void)changed_ms;
	memcpy(copy, key, sizeof copy);
	int r = db_run(c->db, DB_READ, key_tx, copy, e);
	if (r != 0)
		return r < 0 ? r : 0;
	blobs_path(key, path);
	found(c, "file %s: no row names it", path);
	if (!c->o->repair)
		return 0;
	r = blobs_remove(c->blobs, key, e);
	c->n.repaired += r >= 0;
	return r;
}

static void bad_page(void *arg, const char *text)
{
	struct checking *c = arg;
	found(c, "database: %s; bring a backup back", text);
}

static int run(struct checking *c, struct err *e)
{
	char path[STORE_ADDRESS_CAP], shown[STORE_ADDRESS_CAP];
	if (store_address_find(c->o->data_dir, "", path, e) < 0)
		return -(int)e->code;
	store_address_show(path, shown);
	bool is_server = db_is_server(path);
	c->blobs =
	    c->o->repair ? blobs_open(c->o->data_dir, e) : blobs_open_only(c->o->data_dir, e);
	if (!c->blobs)
		return -(int)e->code;
	int r = is_server ? 0 : db_check(path, bad_page, c, e);
	if (r < 0)
		return err_ctx(e, STORE_FILE);
	c->db = c->o->repair ? store_attach(path, e) : store_attach_only(path, e);
	if (!c->db)
		return err_ctx(e, "%s", is_server ? shown : STORE_FILE);
	if (is_server && store_folder_check(c->o->data_dir, c->db, e) < 0)
		return err_ctx(e, "%s", shown);
	r = backup_each_blob(c->db, check_blob, c, e);
	if (r == 0)
		r = check_manifests(c, e);
	if (r == 0)
		r = check_references(c, e);
	for (int folder = 0; r == 0 && folder < 256; folder++)
		r = blobs_walk(c->blobs, folder, INT64_MAX / 2, check_file, c, e);
	/* What cannot be read of a damaged database was reported. */
	if (r == -(int)ERR_DAMAGED) {
		found(c, "%s", e->msg);
		*e = (struct err)ERR_INIT;
		r = 0;
	}
	return r;
}

int fsck_run(const struct fsck_options *o, struct fsck_counts *ret, struct err *e)
{
	struct checking c = {.o = o};
	int r = run(&c, e);
	db_close(c.db);
	blobs_close(c.blobs);
	*ret = c.n;
	return r;
}
