/* How many different CVEs: by the lists of checks that sets of packages have, where no rule
 * disables anything; else by going through the list of findings, where rules decide. */
#include "ledger/overview.h"

#include "base/cursor.h"
#include "base/num.h"
#include "ledger/findings.h"

#include <stdlib.h>

#define IMAGES_MAX 4096 /* of a caller who does not see all */
#define SETS_MAX 4096
#define SETS_STEP 256U		     /* lists that are read together */
#define CHECKS_MAX ((size_t)2 << 20) /* of all lists together: 16 MiB */
#define PAGE 500U		     /* checks of a page, where rules decide */
#define PAGES_MAX 4U

struct cves {
	struct db_tx *tx;
	const struct visibility *v;
	struct arena *a;
	struct buf sets, checks; /* int64_t */
	bool whole;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the number of CVEs");
}

static void put_id(struct buf *b, int64_t id)
{
	buf_put(b, (struct bytes){.ptr = (const uint8_t *)&id, .len = sizeof id});
}

static size_t ids_of(const struct buf *b, int64_t **ret)
{
	*ret = (int64_t *)(void *)b->ptr;
	return b->len / sizeof **ret;
}

/* Ascending, each once. */
static void settle(struct buf *b)
{
	int64_t *ids;
	size_t count = ids_of(b, &ids), n = 0;
	if (count)
		qsort(ids, count, sizeof *ids, num_cmp_i64);
	for (size_t i = 0; i < count; i++)
		if (n == 0 || ids[n - 1] != ids[i])
			ids[n++] = ids[i];
	b->len = n * sizeof *ids;
}

#define OF_ALL                                                                                     \
	"SELECT s.id FROM package_set s WHERE EXISTS"                                              \
	" (SELECT 1 FROM image_set i WHERE i.set_id = s.id) LIMIT 4097"
#define OF_VISIBLE                                                                                 \
	"SELECT DISTINCT s.set_id FROM (SELECT i.id FROM image i"                                  \
	" WHERE " STORE_VISIBLE("i.repository_id", "$1",                                           \
				"$2") " LIMIT 4097) x"                                             \
				      " JOIN image_set s ON s.image_id = x.id LIMIT 4097"
#define IMAGES                                                                                     \
	"SELECT count(*) FROM (SELECT 1 AS one FROM image i"                                       \
	" WHERE " STORE_VISIBLE("i.repository_id", "$1", "$2") " LIMIT 4097) x"

static int read_sets(struct cves *c, struct err *e)
{
	struct db_stmt *s = c->v->all
				? db_query(c->tx, OF_ALL, NULL, 0, e)
				: db_query(c->tx, OF_VISIBLE, DB_ARGS(STORE_VISIBLE_ARGS(c->v)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0)
		put_id(&c->sets, db_int(s, 0));
	db_done(s);
	if (r < 0 || !buf_ok(&c->sets))
		return r < 0 ? r : no_memory(e);
	int64_t *ids;
	c->whole = ids_of(&c->sets, &ids) <= SETS_MAX;
	if (c->v->all || !c->whole)
		return 0;
	s = db_query(c->tx, IMAGES, DB_ARGS(STORE_VISIBLE_ARGS(c->v)), e);
	r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		c->whole = db_int(s, 0) <= IMAGES_MAX;
	db_done(s);
	return r < 0 ? r : 0;
}

static int read_lists(struct cves *c, const int64_t *ids, size_t count, struct err *e)
{
	struct db_stmt *s = db_query(c->tx, "SELECT checks FROM package_set WHERE id {IN $1}",
				     DB_ARGS(DB_INTS(ids, count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		struct cursor list = cur_of(db_bytes(s, 0));
		uint64_t id = 0;
		while (cur_left(&list)) {
			id += cur_varint(&list);
			(void)cur_u8(&list);
			put_id(&c->checks, (int64_t)id);
		}
		if (!cur_ok(&list)) {
			r = err_set(e, ERR_DAMAGED, "the checks of a set are damaged");
			break;
		}
	}
	db_done(s);
	return r < 0 ? r : buf_ok(&c->checks) ? 0 : no_memory(e);
}

/* Of the sets' checks, as many as are read quickly. */
static int read_checks(struct cves *c, struct err *e)
{
	int64_t *ids, *checks;
	size_t count = ids_of(&c->sets, &ids), read = 0;
	bool enough = false;
	int r = 0;
	for (size_t i = 0; r == 0 && i < count && !enough; i += SETS_STEP) {
		size_t before = c->checks.len;
		r = read_lists(c, ids + i, count - i < SETS_STEP ? count - i : SETS_STEP, e);
		read += (c->checks.len - before) / sizeof *ids;
		settle(&c->checks);
		enough = i + SETS_STEP < count &&
			 (read > CHECKS_MAX || ids_of(&c->checks, &checks) > 2 * TOTAL_MAX);
	}
	c->whole = c->whole && !enough;
	return r;
}

/* The CVEs of these checks. */
static int count_cves(struct cves *c, struct total *ret, struct err *e)
{
	int64_t *ids;
	size_t count = ids_of(&c->checks, &ids);
	if (count > DB_LIST_MAX) {
		count = DB_LIST_MAX;
		c->whole = false;
	}
	struct db_stmt *s = db_query(c->tx,
				     "SELECT count(*) FROM (SELECT DISTINCT cve FROM check_cve"
				     " WHERE check_id {IN $1} LIMIT 10001) x",
				     DB_ARGS(DB_INTS(ids, count)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		*ret = total_of((uint64_t)db_int(s, 0), c->whole);
	db_done(s);
	return r < 0 ? r : 0;
}

/* The checks that are active findings, by going through them. */
static int list_checks(struct cves *c, struct err *e)
{
	static const struct criteria all;
	struct finding_cursor cursor = {.is_set = false};
	bool more = true;
	struct finding *rows = arena_alloc(c->a, PAGE, sizeof *rows);
	struct total *images = arena_alloc(c->a, PAGE, sizeof *images);
	const struct finding_query q = {
	    .visible = *c->v, .criteria = &all, .max = PAGE, .matches = 1, .images = images};
	if (!rows || !images)
		return no_memory(e);
	for (unsigned i = 0; more && i < PAGES_MAX; i++) {
		int64_t n = finding_list(c->tx, &q, &cursor, c->a, rows, &more, e);
		for (int64_t k = 0; k < n; k++)
			put_id(&c->checks, (int64_t)rows[k].check.id);
		if (n < 0)
			return (int)n;
	}
	c->whole = !more;
	settle(&c->checks);
	return buf_ok(&c->checks) ? 0 : no_memory(e);
}

int overview_cves(struct db_tx *tx, const struct visibility *v, struct arena *a, struct total *ret,
		  struct err *e)
{
	struct cves c = {.tx = tx, .v = v, .a = a, .whole = true};
	struct repository_total total;
	buf_init(&c.sets, (SETS_MAX + 1) * sizeof(int64_t));
	buf_init(&c.checks, 4 * CHECKS_MAX * sizeof(int64_t));
	int r = repository_totals_sum(tx, 0, v, &total, e);
	if (r == 0 && total.counts.disabled)
		r = list_checks(&c, e);
	else if (r == 0)
		r = read_sets(&c, e) < 0 ? -(int)e->code : read_checks(&c, e);
	if (r == 0)
		r = count_cves(&c, ret, e);
	buf_free(&c.sets);
	buf_free(&c.checks);
	return r;
}
