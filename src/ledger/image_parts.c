#include "ledger/image_parts.h"

#include "base/num.h"
#include "base/own.h"
#include "ledger/image_dates.h"
#include "ledger/many.h"
#include "ledger/tally.h"
#include "store/seen.h"

#include <stdlib.h>

/* Parts on their way into the store. */
struct parts {
	const struct image_part *parts;
	size_t count;
	struct package_set_entry *sets;
	struct keyed *layers;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the parts of an image");
}

static int layer_key(const struct image_part *part, struct keyed *layer, struct err *e)
{
	struct buf text;
	buf_init(&text, SIZE_MAX / 4);
	buf_put_blob(&text, part->layer);
	buf_put_blob(&text, part->created_by);
	int r = keyed_hash(&text, layer->key, e);
	buf_free(&text);
	return r;
}

static int put_layers(struct db_tx *tx, const struct parts *p, struct err *e)
{
	OWN_FREE struct keyed **rows = own_calloc(p->count + 1, sizeof *rows);
	struct many add = {.tx = tx,
			   .columns = 4,
			   .text = "INSERT INTO image_layer(id, hash, digest, created_by)"
				   " VALUES($1, $2, $3, $4)"};
	int r = rows ? 0 : no_memory(e);
	for (size_t i = 0; r == 0 && i < p->count; i++) {
		rows[i] = &p->layers[i];
		r = layer_key(&p->parts[i], rows[i], e);
	}
	if (r == 0)
		r = keyed_find(tx, "SELECT hash, id FROM image_layer WHERE hash {IN $1}", rows,
			       p->count, e);
	if (r == 0)
		r = keyed_number(tx, "image_layer", rows, p->count, e);
	for (size_t i = 0; r == 0 && i < p->count; i++) {
		const struct keyed *l = &p->layers[i];
		const struct db_value values[] = {
		    DB_I(l->id), DB_B(((struct bytes){.ptr = l->key, .len = KEYED_LEN})),
		    DB_T(p->parts[i].layer), DB_T(p->parts[i].created_by)};
		if (l->is_new)
			r = many_add(&add, values, e);
	}
	return many_end(&add, r, e);
}

static int put_sets(struct db_tx *tx, const struct parts *p, struct err *e)
{
	for (size_t i = 0; i < p->count; i++) {
		p->sets[i].members = p->parts[i].members;
		p->sets[i].member_count = p->parts[i].member_count;
	}
	return package_set_put_many(tx, p->sets, p->count, e);
}

static int put_rows(struct db_tx *tx, int64_t image, const struct parts *p, struct err *e)
{
	struct many add = {.tx = tx,
			   .columns = 4,
			   .text = "INSERT INTO image_set(image_id, position, set_id, layer_id)"
				   " VALUES($1, $2, $3, $4)"};
	int r = 0;
	if (db_exec(tx, "DELETE FROM image_set WHERE image_id = $1", DB_ARGS(DB_I(image)), e) < 0)
		return -(int)e->code;
	for (size_t i = 0; r == 0 && i < p->count; i++) {
		const struct db_value values[] = {DB_I(image), DB_I(p->parts[i].position),
						  DB_I(p->sets[i].row.id), DB_I(p->layers[i].id)};
		r = many_add(&add, values, e);
	}
	return many_end(&add, r, e);
}

/* Without a policy nothing more is read than the sets' own lists. */
static int count_under(struct db_tx *tx, struct tally_asked *q, struct arena *a,
		       struct image_counted *ret, struct err *e)
{
	int64_t epoch = 0;
	if (q->policy && seen_epoch(tx, &epoch, e) < 0)
		return -(int)e->code;
	struct tally *t = tally_open(epoch);
	if (!t)
		return no_memory(e);
	int r = 0;
	if (q->policy)
		r = tally_policies_read(t, tx, &q->policy, 1, e);
	if (r == 0 && q->policy)
		r = tally_want(t, q->checks, e);
	if (r == 0 && q->policy)
		r = tally_checks_read(t, tx, e);
	if (r == 0 && tally_asks_matches(t, q->policy))
		r = tally_sets_read(t, tx, q->sets, q->set_count, e);
	if (r == 0)
		r = tally_image(t, q, a, ret, e);
	tally_close(t);
	return r;
}

/* A check that two sets share counts once. */
static int count_checks(struct db_tx *tx, const struct parts *p, const struct image_parts *in,
			struct arena *a, struct image_counted *ret, struct err *e)
{
	OWN_FREE int64_t *sets = own_calloc(p->count + 1, sizeof *sets);
	struct check_union all = {0};
	struct tally_asked q = {.policy = in->policy, .checks = &all, .sets = sets};
	if (!sets)
		return no_memory(e);
	for (size_t i = 0; i < p->count; i++)
		sets[i] = p->sets[i].row.id;
	qsort(sets, p->count, sizeof *sets, num_cmp_i64);
	for (size_t i = 0; i < p->count; i++) {
		if (q.set_count == 0 || sets[q.set_count - 1] != sets[i])
			sets[q.set_count++] = sets[i];
	}
	int r = package_set_checks(tx, sets, q.set_count, &all, e);
	if (r == 0)
		r = count_under(tx, &q, a, ret, e);
	if (r == 0)
		r = image_dates_now(tx, in->repository, in->at_ms, &all, a, ret, e);
	check_union_free(&all);
	return r;
}

int image_parts_put(struct db_tx *tx, int64_t image, const struct image_parts *in, struct arena *a,
		    struct image_counted *ret, struct err *e)
{
	size_t count = in->count;
	OWN_FREE struct package_set_entry *sets = own_calloc(count + 1, sizeof *sets);
	OWN_FREE struct keyed *layers = own_calloc(count + 1, sizeof *layers);
	const struct parts p = {.parts = in->parts, .count = count, .sets = sets, .layers = layers};
	if (!sets || !layers)
		return no_memory(e);
	if (put_sets(tx, &p, e) < 0 || put_layers(tx, &p, e) < 0 || put_rows(tx, image, &p, e) < 0)
		return -(int)e->code;
	return count_checks(tx, &p, in, a, ret, e);
}
