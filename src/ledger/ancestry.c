#include "ledger/ancestry.h"

#include "ledger/keyed.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(ANCESTRY_KEY == KEYED_LEN, "keys are those of keyed.h");

const char *ancestry_how_word(int how)
{
	return how == ANCESTRY_EXACT ? "exact" : how == ANCESTRY_GUESSED ? "guessed" : NULL;
}

int ancestry_delete(struct db_tx *tx, int64_t image, struct err *e)
{
	int64_t n =
	    db_exec(tx, "DELETE FROM image_config WHERE image_id = $1", DB_ARGS(DB_I(image)), e);
	return n < 0 ? (int)n : 0;
}

/* Each key is over the one below it and the layer's diff ID, as OCI's chain IDs are. */
static int chain_make(const struct oci_config *c, struct buf *chain, struct err *e)
{
	struct buf text;
	int r = 0;
	buf_init(&text, 1024);
	for (size_t i = 0; r == 0 && i < c->diff_id_count; i++) {
		char id[DIGEST_TEXT_CAP];
		uint8_t key[KEYED_LEN];
		buf_clear(&text);
		if (i)
			buf_put(&text, bytes_from(buf_bytes(chain), (i - 1) * ANCESTRY_KEY));
		digest_text(&c->diff_ids[i], id);
		buf_put_text(&text, id);
		r = keyed_hash(&text, key, e);
		buf_put(chain, (struct bytes){.ptr = key, .len = sizeof key});
	}
	buf_free(&text);
	if (r == 0 && !buf_ok(chain))
		r = err_set(e, ERR_NOMEM, "no memory for the layers of an image");
	return r;
}

int ancestry_put(struct db_tx *tx, int64_t image, const struct oci_config *config,
		 size_t layer_count, struct err *e)
{
	size_t n = config->diff_id_count;
	struct buf chain;
	if (ancestry_delete(tx, image, e) < 0)
		return -(int)e->code;
	if (n == 0 || n != layer_count || n > ANCESTRY_LAYERS_MAX)
		return 0;
	buf_init(&chain, ANCESTRY_LAYERS_MAX * ANCESTRY_KEY);
	int64_t r = chain_make(config, &chain, e);
	if (r == 0) {
		struct bytes all = buf_bytes(&chain), top = bytes_from(all, all.len - ANCESTRY_KEY);
		r = db_exec(tx,
			    "INSERT INTO image_config(image_id, layers, guess, top, chain, runs_as)"
			    " VALUES($1, $2, $3, $4, $5, $6)",
			    DB_ARGS(DB_I(image), DB_I(n), DB_I(oci_config_base_guess(config)),
				    DB_B(top), DB_B(all), DB_T(config->user)),
			    e);
	}
	buf_free(&chain);
	return r < 0 ? (int)r : 0;
}

int ancestry_runs_as(struct db_tx *tx, int64_t image, struct arena *a, struct bytes *ret,
		     struct err *e)
{
	bool ok = true;
	struct db_stmt *s = db_query(tx, "SELECT runs_as FROM image_config WHERE image_id = $1",
				     DB_ARGS(DB_I(image)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		*ret = arena_bytes(a, db_bytes(s, 0), &ok);
	db_done(s);
	return ok ? r : err_set(e, ERR_NOMEM, "no memory for the user of an image");
}

/* A key of a chain below its top: who has it as top is a base. */
struct below {
	uint8_t key[ANCESTRY_KEY];
	size_t image; /* its place in the caller's list */
	uint64_t layers;
};

static int by_key(const void *x, const void *y)
{
	const struct below *a = x, *b = y;
	return memcmp(a->key, b->key, sizeof a->key);
}

static int cmp_key(const void *x, const void *y)
{
	const struct below *b = y;
	return memcmp(x, b->key, sizeof b->key);
}

struct finding_bases {
	const int64_t *images;
	size_t count;
	struct ancestry *ret;
	struct buf below; /* struct below each */
};

static void read_chain(struct finding_bases *f, int64_t image, uint64_t guess, struct bytes chain)
{
	for (size_t i = 0; i < f->count; i++) {
		if (f->images[i] != image)
			continue;
		if (guess)
			f->ret[i] = (struct ancestry){.how = ANCESTRY_GUESSED, .layers = guess};
		for (size_t k = 0; (k + 2) * ANCESTRY_KEY <= chain.len; k++) {
			struct below b = {.image = i, .layers = k + 1};
			memcpy(b.key, chain.ptr + k * ANCESTRY_KEY, sizeof b.key);
			buf_put(&f->below,
				(struct bytes){.ptr = (const uint8_t *)&b, .len = sizeof b});
		}
	}
}

static int read_chains(struct db_tx *tx, struct finding_bases *f, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx, "SELECT image_id, guess, chain FROM image_config WHERE image_id {IN $1}",
		     DB_ARGS(DB_INTS(f->images, f->count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0)
		read_chain(f, db_int(s, 0), (uint64_t)db_int(s, 1), db_bytes(s, 2));
	db_done(s);
	if (r >= 0 && !buf_ok(&f->below))
		r = err_set(e, ERR_NOMEM, "no memory for the layers of images");
	return r;
}

static void take_base(struct finding_bases *f, struct bytes top, int64_t base)
{
	const struct below *all = (const void *)f->below.ptr;
	size_t count = f->below.len / sizeof *all;
	const struct below *b =
	    top.len == ANCESTRY_KEY ? bsearch(top.ptr, all, count, sizeof *all, cmp_key) : NULL;
	while (b && b > all && by_key(b - 1, b) == 0)
		b--;
	for (; b && b < all + count && cmp_key(top.ptr, b) == 0; b++) {
		struct ancestry *to = &f->ret[b->image];
		if (to->how != ANCESTRY_EXACT || to->layers < b->layers)
			*to = (struct ancestry){
			    .how = ANCESTRY_EXACT, .layers = b->layers, .base = base};
	}
}

static int read_bases(struct db_tx *tx, const struct visibility *v, struct finding_bases *f,
		      struct arena *a, struct err *e)
{
	struct below *all = (void *)f->below.ptr;
	size_t count = f->below.len / sizeof *all, n = 0;
	struct bytes *keys = arena_alloc(a, count, sizeof *keys);
	if (!keys)
		return err_set(e, ERR_NOMEM, "no memory for the layers of images");
	if (count)
		qsort(all, count, sizeof *all, by_key);
	for (size_t i = 0; i < count && n < DB_LIST_MAX; i++)
		if (i == 0 || by_key(&all[i - 1], &all[i]) != 0)
			keys[n++] = (struct bytes){.ptr = all[i].key, .len = ANCESTRY_KEY};
	if (n == 0)
		return 0;
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT c.top, min(c.image_id) FROM image_config c"
		     " JOIN image i ON i.id = c.image_id WHERE c.top {IN $1}"
		     " AND " STORE_VISIBLE("i.repository_id", "$2", "$3") " GROUP BY c.top",
		     DB_ARGS(DB_BLOBS(keys, n), STORE_VISIBLE_ARGS(v)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0)
		take_base(f, db_bytes(s, 0), db_int(s, 1));
	db_done(s);
	return r;
}

int ancestry_find(struct db_tx *tx, const struct visibility *v, const int64_t *images, size_t count,
		  struct arena *a, struct ancestry *ret, struct err *e)
{
	struct finding_bases f = {.images = images, .count = count, .ret = ret};
	if (count > ANCESTRY_IMAGES_MAX)
		return err_set(e, ERR_LIMIT, "bases of %zu images, more than %u", count,
			       ANCESTRY_IMAGES_MAX);
	if (count)
		memset(ret, 0, count * sizeof *ret);
	buf_init(&f.below,
		 (size_t)ANCESTRY_IMAGES_MAX * ANCESTRY_LAYERS_MAX * sizeof(struct below));
	int r = read_chains(tx, &f, e);
	if (r >= 0)
		r = read_bases(tx, v, &f, a, e);
	buf_free(&f.below);
	return r < 0 ? r : 0;
}
