/* Which image an image was built on: chains of a few layers, paired by hand; the guess from a
 * history; memory that fails. */
#include "ledger/ancestry.h"

#include "ledger/images.h"
#include "repository_of.h"
#include "store/schema.h"
#include "torture.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAYERS_MAX 600

static char file[SCRATCH_CAP];
static struct db *db;
static struct digest layers[LAYERS_MAX];

/* An image of the repository with these layers, by letter. */
static int64_t add(struct db_tx *tx, const char *repository, const char *of, struct err *e)
{
	static unsigned number;
	char text[DIGEST_TEXT_CAP];
	struct digest own = {.algo = DIGEST_SHA256, .hash = {0xee, (uint8_t)number++}};
	struct digest ids[32];
	struct oci_config c = {.diff_ids = ids, .diff_id_count = strlen(of)};
	struct arena a;
	struct ledger_image i = {.repository_id = repository_of(tx, bytes_of(repository), e),
				 .state = IMAGE_HEALTHY,
				 .coverage = BYTES_LIT("{}"),
				 .config = &c,
				 .layer_count = strlen(of)};
	digest_text(&own, text);
	i.digest = bytes_of(text);
	for (size_t k = 0; of[k]; k++)
		ids[k] = layers[(size_t)(of[k] - 'a')];
	arena_init(&a, 1U << 20);
	assert_int_equal(ledger_image_add(tx, i.repository_id, i.digest, 1, BYTES_NONE, e), 0);
	assert_int_equal(ledger_image_put(tx, &i, NULL, 0, e), 0);
	arena_free(&a);
	return i.id;
}

static struct ancestry base(struct db_tx *tx, int64_t image, const struct visibility *v,
			    struct err *e)
{
	struct arena a;
	struct ancestry found;
	arena_init(&a, 1U << 20);
	if (ancestry_find(tx, v, &image, 1, &a, &found, e) < 0)
		fail_msg("%s", e->msg);
	arena_free(&a);
	return found;
}

static void is_exact(struct ancestry found, int64_t of, uint64_t with)
{
	assert_int_equal(found.how, ANCESTRY_EXACT);
	assert_int_equal(found.base, of);
	assert_int_equal(found.layers, with);
}

static int chains_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct visibility all = VISIBILITY_ALL;
	int64_t a = add(tx, "base", "a", e), again = add(tx, "copy", "a", e),
		ab = add(tx, "mid", "ab", e), abc = add(tx, "app", "abc", e),
		ac = add(tx, "app", "ac", e), b = add(tx, "app", "b", e),
		ba = add(tx, "app", "ba", e), aa = add(tx, "app", "aa", e);
	(void)arg;
	is_exact(base(tx, abc, &all, e), ab, 2);
	is_exact(base(tx, ab, &all, e), a, 1); /* the oldest of two that are the same */
	is_exact(base(tx, ac, &all, e), a, 1);
	is_exact(base(tx, aa, &all, e), a, 1);
	is_exact(base(tx, ba, &all, e), b, 1); /* the same layers in another order are another */
	assert_int_equal(base(tx, a, &all, e).how, ANCESTRY_NONE);
	assert_int_equal(base(tx, again, &all, e).how, ANCESTRY_NONE);
	/* What the caller does not see is no base. */
	const int64_t seen = repository_of(tx, BYTES_LIT("copy"), e);
	const struct visibility few = {.scopes = &seen, .count = 1};
	is_exact(base(tx, abc, &few, e), again, 1);
	/* Many at once, in the caller's order. */
	const int64_t ids[] = {abc, b, ac};
	struct ancestry found[3];
	struct arena m;
	arena_init(&m, 1U << 20);
	assert_int_equal(ancestry_find(tx, &all, ids, 3, &m, found, e), 0);
	is_exact(found[0], ab, 2);
	assert_int_equal(found[1].how, ANCESTRY_NONE);
	is_exact(found[2], a, 1);
	arena_free(&m);
	/* A base that is deleted is none. */
	struct ledger_image gone;
	arena_init(&m, 1U << 20);
	assert_int_equal(ledger_image_at(tx, ab, &m, &gone, e), 1);
	assert_int_equal(ledger_image_delete(tx, gone.repository_id, gone.digest, e), 0);
	arena_free(&m);
	is_exact(base(tx, abc, &all, e), a, 1);
	return 0;
}

static void chains(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	if (db_run(db, DB_WRITE, chains_tx, NULL, &e) < 0)
		fail_msg("%s", e.msg);
}

/* A config that does not fit the manifest, and one with too many layers, leave nothing behind. */
static int odd_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct visibility all = VISIBILITY_ALL;
	int64_t image = add(tx, "odd", "ab", e);
	struct oci_config c = {.diff_ids = layers, .diff_id_count = 2};
	(void)arg;
	struct arena a;
	struct bytes user;
	arena_init(&a, 1U << 20);
	assert_int_equal(base(tx, image, &all, e).how, ANCESTRY_EXACT);
	c.user = BYTES_LIT("app:1");
	assert_int_equal(ancestry_put(tx, image, &c, 2, e), 0);
	assert_int_equal(ancestry_runs_as(tx, image, &a, &user, e), 1);
	assert_true(bytes_eq_lit(user, "app:1"));
	assert_int_equal(ancestry_runs_as(tx, -1, &a, &user, e), 0);
	arena_free(&a);
	assert_int_equal(ancestry_put(tx, image, &c, 3, e), 0);
	assert_int_equal(base(tx, image, &all, e).how, ANCESTRY_NONE);
	c.diff_id_count = LAYERS_MAX;
	assert_int_equal(ancestry_put(tx, image, &c, LAYERS_MAX, e), 0);
	assert_int_equal(base(tx, image, &all, e).how, ANCESTRY_NONE);
	c.diff_id_count = ANCESTRY_LAYERS_MAX;
	assert_int_equal(ancestry_put(tx, image, &c, ANCESTRY_LAYERS_MAX, e), 0);
	assert_int_equal(base(tx, image, &all, e).layers, 3); /* "abc" of the case before */
	return 0;
}

static void odd_ones(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	if (db_run(db, DB_WRITE, odd_tx, NULL, &e) < 0)
		fail_msg("%s", e.msg);
}

static size_t guess(const struct oci_history *history, size_t count, size_t layer_count)
{
	struct oci_history copy[16];
	memcpy(copy, history, count * sizeof *copy);
	return oci_config_base_guess(&(const struct oci_config){.diff_ids = layers,
								.diff_id_count = layer_count,
								.history = copy,
								.history_count = count});
}

#define L(text)                                                                                    \
	{                                                                                          \
		.created_by = BYTES_LIT(text)                                                      \
	}
#define E(text)                                                                                    \
	{                                                                                          \
		.created_by = BYTES_LIT(text), .empty_layer = true                                 \
	}
static void guesses(void **state)
{
	const struct oci_history classic[] = {L("ADD file:1 in /"),
					      E("/bin/sh -c #(nop)  CMD [\"bash\"]"),
					      L("/bin/sh -c apt-get update"), L("COPY dir"),
					      E("/bin/sh -c #(nop)  CMD [\"app\"]")},
				 buildkit[] = {L("ADD rootfs"), E("CMD [\"sh\"]"),
					       L("RUN a"),	E("CMD [\"b\"]"),
					       L("RUN c"),	E("ENTRYPOINT [\"x\"]")},
				 plain[] = {L("ADD rootfs"), E("CMD [\"sh\"]")},
				 not_cmd[] = {L("CMDLINE"), L("RUN a")},
				 name[] = {L("a"), E("CMDS"), L("b")};
	(void)state;
	assert_int_equal(guess(classic, 5, 3), 1);
	assert_int_equal(guess(buildkit, 6, 3), 2);
	assert_int_equal(guess(plain, 2, 1), 0);
	assert_int_equal(guess(not_cmd, 2, 2), 0);
	assert_int_equal(guess(name, 3, 2), 0);
	assert_int_equal(guess(classic, 5, 4), 0); /* not of these layers */
	assert_int_equal(guess(classic, 0, 0), 0);
}

/* A guess holds where no image is known, and gives way to one. */
static int guessed_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct visibility all = VISIBILITY_ALL;
	struct oci_history history[] = {L("x"), L("y"), E("CMD [\"sh\"]"), L("z")};
	struct digest ids[] = {layers[20], layers[21], layers[22]};
	const struct oci_config c = {
	    .diff_ids = ids, .diff_id_count = 3, .history = history, .history_count = 4};
	int64_t image = add(tx, "guess", "x", e);
	(void)arg;
	assert_int_equal(ancestry_put(tx, image, &c, 3, e), 0);
	struct ancestry found = base(tx, image, &all, e);
	assert_int_equal(found.how, ANCESTRY_GUESSED);
	assert_int_equal(found.layers, 2);
	assert_int_equal(found.base, 0);
	int64_t below = add(tx, "guess", "u", e); /* layers[20] */
	is_exact(base(tx, image, &all, e), below, 1);
	return 0;
}

static void a_guess(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	if (db_run(db, DB_WRITE, guessed_tx, NULL, &e) < 0)
		fail_msg("%s", e.msg);
}

static int find_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct visibility all = VISIBILITY_ALL;
	int64_t ids[4] = {1, 2, 3, 4};
	struct ancestry found[4];
	struct arena a;
	(void)arg;
	arena_init(&a, 1U << 20);
	int r = ancestry_find(tx, &all, ids, 4, &a, found, e);
	arena_free(&a);
	return r;
}

static int find_once(void *arg)
{
	struct err e = ERR_INIT;
	(void)arg;
	int r = db_run(db, DB_READ, find_tx, NULL, &e);
	assert_true(r == 0 || e.code == ERR_NOMEM);
	return r;
}

static void memory_that_fails(void **state)
{
	(void)state;
	assert_true(torture(find_once, NULL) > 2);
}

static int setup(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	scratch_file(file, "ancestry");
	assert_non_null(db = store_open(file, &e));
	for (unsigned i = 0; i < LAYERS_MAX; i++)
		layers[i] = (struct digest){.algo = DIGEST_SHA256,
					    .hash = {1, (uint8_t)i, (uint8_t)(i >> 8)}};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	scratch_file_remove(file);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(chains), cmocka_unit_test(odd_ones),
					   cmocka_unit_test(guesses), cmocka_unit_test(a_guess),
					   cmocka_unit_test(memory_that_fails)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
