/* An image pushed to a registry, its blobs' files, and damage done to them. */
#pragma once
#include "registry_case.h"

#include "base/clock.h"
#include "registry/registry_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define DAY INT64_C(86400000)
#define MIB (UINT64_C(1) << 20)

#define LOOSE BYTES_LIT("nobody refers to this")

static inline void push_image(struct place *p, struct registry_put_result *ret)
{
	struct err e = ERR_INIT;
	char text[2048];
	struct bytes m = manifest_for(CONFIG, LAYER, "", text, sizeof text);
	if (push_session(p->g, REPO, LAYER, &e) < 0 || push_once(p->g, REPO, CONFIG, &e) < 0 ||
	    put_manifest(p->g, REPO, m, "v1", ret, &e) < 0)
		fail_msg("%s", e.msg);
}

/* HEAD. */
static inline int head(struct place *p, struct bytes content)
{
	struct err e = ERR_INIT;
	struct digest d = digest_for(content);
	uint64_t size;
	return registry_blob_find(p->g, REPO, &d, &size, &e);
}

static inline void gc(struct place *p, int64_t when, struct registry_gc_counts *n)
{
	struct err e = ERR_INIT;
	if (registry_gc(p->g, when, n, &e) < 0)
		fail_msg("%s", e.msg);
}

static inline unsigned files_in(struct place *p, const char *folder)
{
	char command[256];
	unsigned n = 0;
	(void)snprintf(command, sizeof command, "find '%s/%s' -type f | wc -l", p->dir, folder);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &n), 1);
	pclose(f);
	return n;
}

static inline void key_of(struct place *p, struct bytes content, char out[BLOB_KEY_CAP]);

struct key_job {
	struct bytes digest;
	char *out;
};

static inline int find_key(struct db_tx *tx, void *arg, struct err *e)
{
	struct key_job *j = arg;
	struct store_registry t = {.tx = tx, .registry = store_scope_default(tx, e)};
	struct store_blob b;
	int r = store_blob_find(&t, 0, j->digest, &b, e);
	if (r == 1)
		memcpy(j->out, b.key, sizeof b.key);
	return r;
}

static inline void key_of(struct place *p, struct bytes content, char out[BLOB_KEY_CAP])
{
	struct err e = ERR_INIT;
	struct digest d = digest_for(content);
	char text[DIGEST_TEXT_CAP];
	digest_text(&d, text);
	struct key_job j = {.digest = bytes_of(text), .out = out};
	assert_int_equal(db_run(p->db, DB_READ, find_key, &j, &e), 1);
}

static inline void path_of(struct place *p, struct bytes content, char out[192])
{
	char key[BLOB_KEY_CAP];
	key_of(p, content, key);
	(void)snprintf(out, 192, "%s/blobs/%.2s/%s", p->dir, key, key);
}

enum damage { BIT, SHORTER, LONGER, EMPTY, MISSING, DAMAGE_COUNT };
static inline void damage(const char *path, enum damage kind, bool keep_time)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	if (kind == BIT)
		assert_int_equal(pwrite(fd, "X", 1, 3), 1);
	else if (kind == LONGER)
		assert_int_equal(pwrite(fd, "more", 4, st.st_size), 4);
	else if (kind == MISSING)
		assert_int_equal(unlink(path), 0);
	else
		assert_int_equal(ftruncate(fd, kind == EMPTY ? 0 : st.st_size - 1), 0);
	struct timespec times[2] = {st.st_atim, st.st_mtim};
	if (!keep_time) /* files are stamped with a clock that ticks: later than the push for sure
			 */
		times[1].tv_sec += 5;
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static inline int count_events(struct db_tx *tx, void *arg, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT COUNT(*) FROM event WHERE type=$1",
				     DB_ARGS(DB_T(bytes_of(arg))), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r == 1)
		r = (int)db_int(s, 0);
	db_done(s);
	return r;
}

static inline int events(struct place *p, const char *type)
{
	char text[32];
	struct err e = ERR_INIT;
	(void)snprintf(text, sizeof text, "%s", type);
	return db_run(p->db, DB_READ, count_events, text, &e);
}
