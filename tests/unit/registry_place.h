/* registry_place: a data folder with a registry in it, and the few steps that tests of the registry
 * repeat. Include in one file of a test program. */
#pragma once
#include "scratch.h"

#include "base/own.h"
#include "access/access.h"
#include "registry/registry.h"
#include "store/event.h"
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
	char dir[64];
	struct blobs *blobs;
	struct db *db;
	struct registry *g;
	const struct tap *tap;
	const struct registry_watch *watch;
};

static inline int place_open(struct place *p, struct err *e)
{
	char path[96];
	(void)snprintf(path, sizeof path, "%s/plimsoll.db", p->dir);
	p->blobs = blobs_open(p->dir, e);
	p->db = p->blobs ? store_open(path, e) : NULL;
	p->g = p->db ? registry_open(p->db, p->blobs, p->tap, p->watch, e) : NULL;
	return p->g ? 0 : -(int)e->code;
}

static inline void place_close(struct place *p)
{
	registry_close(p->g);
	db_close(p->db);
	blobs_close(p->blobs);
	p->g = NULL;
	p->db = NULL;
	p->blobs = NULL;
}

static inline int place_setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	struct err e = ERR_INIT;
	assert_non_null(p);
	/* In memory where that is to be had: processes die here, not machines, and syncs only take
	 * time. */
	scratch_folder_in_memory(p->dir, "registry");
	if (place_open(p, &e) < 0)
		fail_msg("%s", e.msg);
	*state = p;
	return 0;
}

/* Sums of what is stored that are not what the rows come to (store/stored.h). */
static inline int stored_tx(struct db_tx *tx, void *arg, struct err *e)
{
#define STORED_ROWS                                                                                \
	"(SELECT registry_id AS id, count(*) AS n, sum(size) AS bytes FROM blob"                   \
	" GROUP BY registry_id UNION ALL SELECT r.repository_id, count(*), sum(b.size)"            \
	" FROM repo_blob r JOIN blob b ON b.registry_id = r.registry_id"                           \
	" AND b.digest = r.digest GROUP BY r.repository_id) w"
	static const char *const texts[] = {
	    "SELECT count(*) FROM " STORED_ROWS " LEFT JOIN scope_stored o ON o.scope_id = w.id"
	    " WHERE COALESCE(o.blobs, 0) <> w.n OR COALESCE(o.bytes, 0) <> w.bytes",
	    "SELECT count(*) FROM scope_stored o LEFT JOIN " STORED_ROWS " ON o.scope_id = w.id"
	    " WHERE w.id IS NULL AND (o.blobs <> 0 OR o.bytes <> 0)",
	};
	int64_t *wrong = arg;
	*wrong = 0;
	for (int i = 0; i < 2; i++) {
		struct db_stmt *s = db_query(tx, texts[i], NULL, 0, e);
		int r = s ? db_step(s, e) : -(int)e->code;
		*wrong += r > 0 ? db_int(s, 0) : 0;
		db_done(s);
		if (r < 0)
			return r;
	}
	return 0;
}

static inline void stored_is_right(struct db *db)
{
	struct err e = ERR_INIT;
	int64_t wrong = 0;
	if (db_run(db, DB_READ, stored_tx, &wrong, &e) < 0 || wrong)
		fail_msg("%lld sums of what is stored are wrong: %s", (long long)wrong, e.msg);
}

static inline int place_teardown(void **state)
{
	struct place *p = *state;
	if (p->db)
		stored_is_right(p->db);
	place_close(p);
	scratch_remove(p->dir);
	free(p);
	return 0;
}

#define REPO BYTES_LIT("a/b")
static inline struct bytes run_of(const void *p, size_t n)
{
	return (struct bytes){.ptr = p, .len = n};
}

static inline struct digest digest_for(struct bytes content)
{
	struct digest d;
	digest_of(DIGEST_SHA256, content, &d);
	return d;
}

/* A whole push in one request: 0 or <0. */
static inline int push_once(struct registry *g, struct bytes repository, struct bytes content,
			    struct err *e)
{
	struct upload *u;
	struct digest d = digest_for(content);
	int r = registry_upload_once(g, repository, BYTES_NONE, DIGEST_SHA256, &u, e);
	if (r < 0)
		return r;
	r = content.len ? upload_write(u, content, e) : 0;
	if (r < 0) {
		upload_release(u);
		return r;
	}
	return upload_commit(u, &d, e);
}

/* POST, PATCH, PUT. */
static inline int push_session(struct registry *g, struct bytes repository, struct bytes content,
			       struct err *e)
{
	char id[BLOB_KEY_CAP];
	struct upload *u;
	struct digest d = digest_for(content);
	int r = registry_upload_new(g, repository, BYTES_NONE, DIGEST_SHA256, id, e);
	if (r >= 0)
		r = registry_upload_take(g, repository, bytes_of(id), &u, e);
	if (r < 0)
		return r;
	r = upload_write(u, content, e);
	upload_release(u);
	if (r >= 0)
		r = registry_upload_take(g, repository, bytes_of(id), &u, e);
	return r < 0 ? r : upload_commit(u, &d, e);
}

/* An image manifest over a config and a layer, into out (a C string). */
static inline struct bytes manifest_for(struct bytes config, struct bytes layer, const char *more,
					char *out, size_t cap)
{
	char c[DIGEST_TEXT_CAP], l[DIGEST_TEXT_CAP];
	struct digest d = digest_for(config);
	digest_text(&d, c);
	d = digest_for(layer);
	digest_text(&d, l);
	int n = snprintf(
	    out, cap,
	    "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MANIFEST_TYPE
	    "\",\"config\":{\"mediaType\":\"" OCI_CONFIG_TYPE
	    "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":"
	    "\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"%s\",\"size\":%zu}]%s}",
	    c, config.len, l, layer.len, more);
	assert_true(n > 0 && (size_t)n < cap);
	return run_of(out, (size_t)n);
}

static inline int put_manifest(struct registry *g, struct bytes repository, struct bytes content,
			       const char *tag, struct registry_put_result *ret, struct err *e)
{
	struct arena a;
	struct bytes tags[1] = {bytes_of(tag)};
	struct registry_put put = {.repository = repository,
				   .content = content,
				   .tags = tags,
				   .tag_count = tag ? 1 : 0,
				   .by = &(const struct access_actor){
				       .name = BYTES_LIT("ann"), .peer = BYTES_LIT("10.0.0.1")}};
	arena_init(&a, 1 << 20);
	int r = registry_manifest_put(g, &put, &a, ret, e);
	arena_free(&a);
	return r;
}

/* The blob is there and its bytes are these. */
static inline bool blob_is(struct registry *g, struct bytes repository, struct bytes content)
{
	struct err e = ERR_INIT;
	struct digest d = digest_for(content);
	OWN_CONTENT struct content got = CONTENT_INIT;
	if (registry_blob_open(g, repository, &d, &got, &e) != 1)
		return false;
	bool same = got.size == content.len;
	for (size_t off = 0; same && off < content.len;) {
		uint8_t piece[16384];
		ssize_t n = content_read(&got, piece, sizeof piece, off, &e);
		same = n > 0 && (size_t)n <= content.len - off &&
		       memcmp(piece, content.ptr + off, (size_t)n) == 0;
		off += n > 0 ? (size_t)n : 0;
	}
	return same;
}
