/* Generations: which vulnerability database is in use, and how the next one comes into use.
 * "Matched with generation G" is a property of the whole store: it holds because a generation that
 * is on record and cannot be loaded is taken off the record in the same start, before anything is
 * scanned, so that the next one matches everything. Files are found by their digest in this data
 * folder, wherever it lies. */
#include "scan/engine_impl.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "store/event.h"
#include "ledger/generation.h"
#include "match/lifecycle.h"
#include "scan/generations.h"
#include "vdb/sign.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AGAIN_STEP 500 /* images a transaction */
#define STATE_BUDGET (1U << 20)
#define RETRY_FIRST_MS 5000
#define RETRY_MAX_MS 600000
#define PATH_CAP 4096

static void path_of(const struct engine *g, const char *digest, char path[PATH_CAP])
{
	(void)snprintf(path, PATH_CAP, "%s/vdb-%s.vdb", g->o.vdb_dir, digest);
}

struct record {
	char current[65], next[65];
	bool again;
};

static void keep_digest(struct bytes digest, char out[65])
{
	(void)snprintf(out, 65, "%.*s", BYTES_ARG(digest));
}

static int state_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct record *r = arg;
	struct arena a;
	struct generation_state s;
	arena_init(&a, STATE_BUDGET);
	int rc = generation_get(tx, &a, &s, e);
	if (rc >= 0) {
		keep_digest(s.current_digest, r->current);
		keep_digest(s.next_digest, r->next);
		r->again = s.again;
	}
	arena_free(&a);
	return rc;
}

static int forget_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return generation_forget(tx, e);
}

static int begin_tx(struct db_tx *tx, void *arg, struct err *e)
{
	return generation_begin(tx, bytes_of(arg), e);
}

/* A copy under the generation's own name, so that the caller's file may go away. */
static int keep_file(struct engine *g, const char *file, const char *path, struct err *e)
{
	if (strcmp(path, file) == 0)
		return 0;
	int r = io_mkdirs(g->o.vdb_dir, e);
	return r < 0 ? r : io_copy_file(file, path, 0600, e);
}

/* Its signature too, so that an older one is known to be older. */
static int keep_signature(const char *file, const char *path, struct err *e)
{
	char from[PATH_CAP + 8], to[PATH_CAP + 8];
	(void)snprintf(from, sizeof from, "%s" VDB_SIGNATURE_ENDING, file);
	(void)snprintf(to, sizeof to, "%s" VDB_SIGNATURE_ENDING, path);
	if (strcmp(path, file) == 0 || access(from, F_OK) != 0)
		return 0;
	return io_copy_file(from, to, 0600, e);
}

static bool is_current(const struct engine *g, const char *digest)
{
	return g->vdb && strcmp(vdb_digest(g->vdb), digest) == 0;
}

/* Check file, keep it and record that it is the next: 0, or 1 when it is in use already. */
static int adopt(struct engine *g, const char *file, const struct vdb_keys *keys, char digest[65],
		 struct err *e)
{
	char path[PATH_CAP];
	struct vdb_statement said;
	struct vdb *v = vdb_open(file, e);
	int r = v ? vdb_verify(v, e) : -(int)e->code;
	if (r == 0 && keys && keys->text.len)
		r = vdb_check_signed(v, file, keys->text, keys->name, &said, e);
	if (r == 0) {
		(void)snprintf(digest, 65, "%s", vdb_digest(v));
		r = is_current(g, digest);
	}
	vdb_close(v);
	if (r < 0)
		return r;
	char none[] = "";
	path_of(g, digest, path);
	bool used = r > 0;
	if ((!used && keep_file(g, file, path, e) < 0) || keep_signature(file, path, e) < 0)
		return -(int)e->code;
	/* In use already: whatever was to be the next one is not any more. */
	r = db_run(g->o.db, DB_WRITE, begin_tx, used ? none : digest, e);
	return r < 0 ? r : used;
}

static int load(struct engine *g, const char *digest, struct vdb **ret, struct err *e)
{
	char path[PATH_CAP];
	path_of(g, digest, path);
	struct vdb *v = vdb_open(path, e);
	if (v && vdb_check(v, NULL, e) == 0 && strcmp(vdb_digest(v), digest) == 0) {
		*ret = v;
		return 0;
	}
	if (v && strcmp(vdb_digest(v), digest) != 0)
		err_set(e, ERR_INTEGRITY, "%s: another database has its place", path);
	vdb_close(v);
	return -(int)e->code;
}

/* The ends of support that the database holds. Without them the program's own count. */
static void use_dates(const struct vdb *v)
{
	struct err e = ERR_INIT;
	if (lifecycle_use(v, &e) < 0)
		log_line(LOG_WARN, "ends of support: %s", e.msg);
}

int engine_generation_open(struct engine *g, const char *vdb, struct err *e)
{
	struct record rec = {.current = ""};
	struct err why = ERR_INIT;
	char digest[65];
	engine_sweep_temporary(g);
	int r = db_run(g->o.db, DB_READ, state_tx, &rec, e);
	if (r >= 0 && *rec.current && load(g, rec.current, &g->vdb, &why) < 0) {
		log_line(
		    LOG_WARN,
		    "vulnerability database: %s; all packages are matched again with the next one",
		    why.msg);
		r = db_run(g->o.db, DB_WRITE, forget_tx, NULL, e);
	}
	if (r >= 0 && g->vdb)
		use_dates(g->vdb);
	if (r >= 0 && vdb)
		r = adopt(g, vdb, &g->o.vdb_keys, digest, e);
	return r < 0 ? err_ctx(e, "vdb") : 0;
}

/* Ask for scans, some images at a time. */
struct again {
	enum store_scan_again which;
	const char *trigger;
	int64_t from, last;
};

static int again_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct again *a = arg;
	struct db_stmt *s = db_query(tx, "SELECT COALESCE(max(id), 0) FROM image", NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		a->last = db_int(s, 0);
	db_done(s);
	int64_t n = r < 0 ? r
			  : store_scan_again(tx, a->which, a->from, a->from + AGAIN_STEP - 1,
					     bytes_of(a->trigger), clock_wall_ms(), e);
	return n < 0 ? (int)n : 0;
}

static int scan_again(struct engine *g, enum store_scan_again which, const char *trigger,
		      struct err *e)
{
	struct again a = {.which = which, .trigger = trigger};
	int r = 0;
	for (a.from = 1; r >= 0 && (a.from == 1 || a.from <= a.last) && !atomic_load(&g->stopping);
	     a.from += AGAIN_STEP) {
		r = db_run(g->o.db, DB_WRITE, again_tx, &a, e);
		db_yield(g->o.db);
	}
	engine_wake_scans(g);
	if (r >= 0 && atomic_load(&g->stopping))
		return err_set(e, ERR_CANCELLED, "the server is stopping");
	return r < 0 ? r : 0;
}

static int asked_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return generation_asked(tx, e);
}

/* Images whose assessment lacked something may lack nothing now: on record until it was asked. */
void engine_ask_again(struct engine *g)
{
	struct err e = ERR_INIT;
	int r = scan_again(g, STORE_SCAN_AGAIN_REASON, "advisories", &e);
	if (r == 0)
		r = db_run(g->o.db, DB_WRITE, asked_tx, NULL, &e);
	atomic_store(&g->again_due, r < 0);
	if (r < 0 && e.code != ERR_CANCELLED)
		log_line(LOG_WARN, "images that were not assessed: %s; tried again", e.msg);
}

static int take_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct store_lease *l = arg;
	int r = store_lease_take(tx, l, clock_wall_ms(), e);
	return r == 0 ? err_set(e, ERR_CONFLICT, "another server is switching") : r;
}

static int give_tx(struct db_tx *tx, void *arg, struct err *e)
{
	return store_lease_end(tx, arg, e);
}

int engine_leased(struct engine *g,
		  int (*fn)(struct engine *g, const struct generation_run *run, void *arg,
			    struct err *e),
		  void *arg, struct err *e)
{
	struct store_lease lease = {.name = "switch of generations", .owner = g->owner};
	const struct generation_run run = {.stop = &g->cut_short, .lease = &lease};
	struct err ignored = ERR_INIT;
	int r = db_run(g->o.db, DB_WRITE, take_tx, &lease, e);
	if (r < 0)
		return r;
	r = fn(g, &run, arg, e);
	(void)db_run(g->o.db, DB_WRITE_SOON, give_tx, &lease, &ignored); /* else it runs out */
	return r;
}

struct switching {
	struct vdb *now;
	struct generation_result result;
};

static int switch_to(struct engine *g, const struct generation_run *run, void *arg, struct err *e)
{
	struct switching *w = arg;
	return generation_switch(g->o.db, g->vdb, w->now, run, &w->result, e);
}

/* The generation on record as the next one comes into use. The switch lock is held. */
static int flip(struct engine *g, const char *digest, struct err *e)
{
	struct vdb *now = NULL;
	struct generation_result result;
	if (load(g, digest, &now, e) < 0)
		return -(int)e->code;
	pthread_rwlock_wrlock(&g->rows_lock);
	struct vdb *old = g->vdb;
	struct switching w = {.now = now};
	int r = engine_leased(g, switch_to, &w, e);
	result = w.result;
	if (r >= 0) {
		/* What only reads the database waits for this moment, not for the switch. */
		pthread_rwlock_wrlock(&g->vdb_lock);
		g->vdb = now;
		pthread_rwlock_unlock(&g->vdb_lock);
	}
	pthread_rwlock_unlock(&g->rows_lock);
	vdb_close(r >= 0 ? old : now);
	if (r < 0)
		return r;
	use_dates(now);
	generations_prune(g->o.vdb_dir, now, g->o.vdb_keep);
	struct vdb_counts counts = vdb_counts_get(now);
	log_line(LOG_INFO,
		 "vulnerability database %.12s is in use: %llu advisories; matched again %llu "
		 "packages in %llu sets of %llu images in %lld ms",
		 digest, (unsigned long long)counts.advisories, (unsigned long long)result.packages,
		 (unsigned long long)result.sets, (unsigned long long)result.images,
		 (long long)(result.took_us / 1000));
	engine_ask_again(g);
	return 0;
}

int engine_switch(struct engine *g, const char *file, struct err *e)
{
	char digest[65];
	pthread_mutex_lock(&g->switch_lock);
	int r = adopt(g, file, NULL, digest, e);
	if (r == 0)
		r = flip(g, digest, e);
	pthread_mutex_unlock(&g->switch_lock);
	return r < 0 ? r : 0;
}

const struct vdb *engine_vdb_take(struct engine *g)
{
	pthread_rwlock_rdlock(&g->vdb_lock);
	const struct vdb *v = g->vdb;
	if (!v)
		pthread_rwlock_unlock(&g->vdb_lock);
	return v;
}

void engine_vdb_give(struct engine *g, const struct vdb *v)
{
	if (v)
		pthread_rwlock_unlock(&g->vdb_lock);
}

static int reap_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct engine *g = arg;
	int64_t n = store_scan_reap_ended(tx, g->owner, clock_wall_ms(), e);
	return n < 0 ? (int)n : store_lease_break(tx, g->owner, e);
}

static int doomed_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct arena *a = arg;
	struct store_scan s;
	int r = store_scan_doomed(tx, a, &s, e);
	if (r <= 0)
		return r;
	const char *reason =
	    arena_printf(a, "given up: the server ended %lld times while this image was scanned",
			 (long long)s.deaths);
	if (!reason)
		return err_set(e, ERR_NOMEM, "no memory for a scan");
	log_line(LOG_WARN, "scan %lld of %.*s@%.*s: %s", (long long)s.id, BYTES_ARG(s.repository),
		 BYTES_ARG(s.digest), reason);
	r = engine_give_up(tx, &s, bytes_of(reason), e);
	if (r >= 0)
		r = engine_notice_failed(tx, &s, bytes_of(reason), e);
	return r < 0 ? r : 1;
}

/* What a crash left. What was given up on gets another chance: a restart is how a bad worker, a
 * full disk or too little memory is put right. */
static int recover(struct engine *g, struct err *e)
{
	int r = db_run(g->o.db, DB_WRITE, reap_tx, g, e);
	for (int more = 1; r >= 0 && more > 0;) {
		struct arena a;
		arena_init(&a, STATE_BUDGET);
		r = more = db_run(g->o.db, DB_WRITE, doomed_tx, &a, e);
		arena_free(&a);
	}
	return r < 0 ? r : scan_again(g, STORE_SCAN_AGAIN_FAILED, "recheck", e);
}

/* Finish a switch that is on record. */
static int finish(struct engine *g, struct err *e)
{
	struct record rec = {.current = ""};
	pthread_mutex_lock(&g->switch_lock);
	int r = db_run(g->o.db, DB_READ, state_tx, &rec, e);
	if (r >= 0 && *rec.next && !is_current(g, rec.next))
		r = flip(g, rec.next, e);
	else if (r >= 0 && rec.again)
		engine_ask_again(g);
	if (r >= 0 && g->vdb)
		generations_prune(g->o.vdb_dir, g->vdb, g->o.vdb_keep);
	pthread_mutex_unlock(&g->switch_lock);
	return r < 0 ? r : 0;
}

/* A file that is not there or is damaged stays so; everything else may go better later. */
static bool may_help(enum err_code code)
{
	return code == ERR_IO || code == ERR_NOMEM || code == ERR_CONFLICT ||
	       code == ERR_INTERNAL || code == ERR_TIMEOUT;
}

static bool pause_for(struct engine *g, int64_t ms)
{
	for (int64_t until = clock_mono_ms() + ms;
	     clock_mono_ms() < until && !atomic_load(&g->cut_short);)
		engine_sleep(g, 100);
	return !atomic_load(&g->cut_short);
}

void *engine_settle_main(void *arg)
{
	struct engine *g = arg;
	struct err e = ERR_INIT;
	int64_t wait = RETRY_FIRST_MS;
	while (recover(g, &e) < 0 && !atomic_load(&g->cut_short)) {
		log_line(LOG_ERROR, "scans that the last run left: %s; tried again", e.msg);
		if (!pause_for(g, wait))
			return NULL;
		wait = wait * 2 < RETRY_MAX_MS ? wait * 2 : RETRY_MAX_MS;
	}
	for (wait = RETRY_FIRST_MS; finish(g, &e) < 0;
	     wait = wait * 2 < RETRY_MAX_MS ? wait * 2 : RETRY_MAX_MS) {
		bool again = may_help(e.code) && !atomic_load(&g->cut_short);
		if (e.code != ERR_CANCELLED)
			log_line(LOG_WARN,
				 "vulnerability database: a switch could not be finished: %s%s",
				 e.msg, again ? "; tried again" : "");
		atomic_store(&g->settled, !atomic_load(&g->cut_short));
		engine_wake_scans(g);
		if (!again || !pause_for(g, wait))
			return NULL;
	}
	atomic_store(&g->settled, true);
	engine_wake_scans(g);
	return NULL;
}
