/* generation: after every way a switch can go, all counts are counted again from the advisories (recount.h), which knows nothing of the store's own matches. */
#include "fleet.h"
#include "recount.h"
#include "store/generation.h"
#include "store/rescore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
	char dir[64], db_path[96], vdb_path[2][96];
	struct db *db;
	struct vdb *v[2];
	struct err e;
};

static void right(int r, const struct place *p)
{
	if (r < 0)
		fail_msg("%s", p->e.msg);
}

static void switch_to(struct place *p, const struct vdb *old, int to)
{
	struct gen_result r;
	right(gen_switch(p->db, old, p->v[to], bytes_of(p->vdb_path[to]), &r, &p->e), p);
	assert_int_equal(recount(p->db, p->v[to]), 0);
}

/* All of a switch but the last transaction: the daemon died there. */
static void begin_switch(struct place *p, int from, int to)
{
	struct rescore r;
	rsc_init(&r, p->db, p->v[from], p->v[to]);
	right(rsc_packages(&r, &p->e), p);
	right(rsc_sets(&r, &p->e), p);
	right(rsc_images(&r, &p->e), p);
	assert_true(rsc_ids_count(&r.packages) > 0 && rsc_ids_count(&r.sets) > 0 && r.images > 0);
	rsc_free(&r);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	struct fleet f = FLEET_SAMPLE;
	assert_non_null(p);
	p->e = (struct err)ERR_INIT;
	(void)snprintf(p->dir, sizeof p->dir, "/tmp/plimsoll-generation-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	(void)snprintf(p->db_path, sizeof p->db_path, "%s/db", p->dir);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(p->vdb_path[i], sizeof p->vdb_path[i], "%s/%d.vdb", p->dir, i);
		right(fleet_vdb(&f, i, p->vdb_path[i], &p->e), p);
		assert_non_null(p->v[i] = vdb_open(p->vdb_path[i], &p->e));
	}
	p->db = db_open(p->db_path, &p->e);
	right(p->db ? 0 : -1, p);
	struct gen_result r;
	right(gen_switch(p->db, NULL, p->v[0], bytes_of(p->vdb_path[0]), &r, &p->e), p);
	right(fleet_fill(&f, p->db, p->v[0], false, &p->e), p);
	assert_int_equal(recount(p->db, p->v[0]), 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	char path[128];
	db_close(p->db);
	for (int i = 0; i < 2; i++) {
		vdb_close(p->v[i]);
		(void)unlink(p->vdb_path[i]);
	}
	for (const char *const *s = (const char *const[]){"", "-wal", "-shm", NULL}; *s; s++) {
		(void)snprintf(path, sizeof path, "%s%s", p->db_path, *s);
		(void)unlink(path);
	}
	(void)rmdir(p->dir);
	free(p);
	return 0;
}

static void there_and_back(void **state)
{
	struct place *p = *state;
	switch_to(p, p->v[0], 1);
	switch_to(p, p->v[1], 0);
}

static void from_nothing(void **state)
{
	switch_to(*state, NULL, 1);
}

static void nobody_sees_a_switch_before_its_end(void **state)
{
	struct place *p = *state;
	begin_switch(p, 0, 1);
	assert_int_equal(recount(p->db, p->v[0]), 0);
	switch_to(p, p->v[0], 1);
}

/* The database that the daemon comes back with is not the one whose switch was interrupted: what was prepared is undone. */
static void an_interrupted_switch_is_given_up(void **state)
{
	struct place *p = *state;
	begin_switch(p, 0, 1);
	switch_to(p, p->v[0], 0);
	switch_to(p, p->v[0], 1);
}

static void an_interrupted_switch_back_from_nothing(void **state)
{
	struct place *p = *state;
	begin_switch(p, 0, 1);
	switch_to(p, NULL, 0);
}

/* ---- while a switch is under way ---------------------------------------------------------------------------------------------- */

static int come_and_go_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const char *const *digest = arg;
	struct bytes repository = BYTES_LIT("team00/service0000");
	if (ims_delete(tx, repository, bytes_of(digest[0]), e) < 0 || ims_add(tx, repository, BYTES_LIT("sha256:new"), 5, e) < 0 ||
	    ims_add(tx, BYTES_LIT("another/one"), BYTES_LIT("sha256:new"), 5, e) < 0 ||
	    ims_put_state(tx, BYTES_LIT("another/one"), BYTES_LIT("sha256:new"), IMS_UNVERIFIED, BYTES_LIT("test"), 6, e) < 0)
		return -(int)e->code;
	return 0;
}

static int digest_tx(struct db_tx *tx, void *arg, struct err *e)
{
	char *out = arg;
	struct db_stmt *s = db_query(tx, "SELECT digest FROM image WHERE repository = 'team00/service0000' ORDER BY id LIMIT 1", NULL, 0, e);
	int r = s ? db_step(s, e) : -1;
	if (r > 0)
		(void)snprintf(out, DIGEST_TEXT_CAP, "%.*s", (int)db_bytes(s, 0).len, (const char *)db_bytes(s, 0).ptr);
	db_done(s);
	return r;
}

/* Sums of repositories hold differences for two epochs: images that are made, deleted and given up on in the middle change both. */
static void images_come_and_go_during_a_switch(void **state)
{
	struct place *p = *state;
	char digest[DIGEST_TEXT_CAP];
	const char *which = digest;
	begin_switch(p, 0, 1);
	assert_int_equal(db_run(p->db, DB_READ, digest_tx, digest, &p->e), 1);
	right(db_run(p->db, DB_WRITE, come_and_go_tx, &which, &p->e), p);
	assert_int_equal(recount(p->db, p->v[0]), 0);
	switch_to(p, p->v[0], 1);
	begin_switch(p, 1, 0);
	assert_int_equal(recount(p->db, p->v[1]), 0);
	switch_to(p, p->v[1], 0);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(there_and_back),
		CASE(from_nothing),
		CASE(nobody_sees_a_switch_before_its_end),
		CASE(an_interrupted_switch_is_given_up),
		CASE(an_interrupted_switch_back_from_nothing),
		CASE(images_come_and_go_during_a_switch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
