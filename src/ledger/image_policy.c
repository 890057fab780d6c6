#include "ledger/image_policy.h"

#include "base/clock.h"
#include "ledger/policy.h"
#include "store/registry.h"

#define TAGS_MAX 10000U /* of an image that rules look at */

/* What rules ask of an image. */
static int read_facts(struct db_tx *tx, const struct ledger_image *image, bool tags,
		      struct arena *a, struct finding *ret, struct err *e)
{
	struct store_registry t = {.tx = tx};
	bool ok;
	struct db_stmt *s = db_query(tx, "SELECT registry_id, name FROM repository WHERE id = $1",
				     DB_ARGS(DB_I(image->repository_id)), e);
	const char *os = arena_printf(a, "%.*s:%.*s", BYTES_ARG(image->distro_id),
				      BYTES_ARG(image->distro_version));
	int r = s ? db_step(s, e) : -(int)e->code;
	*ret = (struct finding){.digest = image->digest, .os = bytes_of(os)};
	if (r > 0) {
		t.registry = db_int(s, 0);
		ret->repository = arena_bytes(a, db_bytes(s, 1), &ok);
		if (!ok || !os)
			r = err_set(e, ERR_NOMEM, "no memory for the policy of an image");
	}
	db_done(s);
	if (r > 0 && tags) {
		struct store_texts found;
		r = store_tags_of(&t, image->repository_id, image->digest, TAGS_MAX, a, &found, e);
		if (r >= 0) {
			ret->tags = found.items;
			ret->tag_count = found.count;
		}
	}
	return r < 0 ? r : 0;
}

int image_policy_find(struct db_tx *tx, const struct ledger_image *image, struct arena *a,
		      int64_t *ret, struct err *e)
{
	struct policy_source source;
	struct finding facts;
	struct buf key, body;
	*ret = 0;
	if (policy_source_read(tx, image->repository_id, 0, clock_wall_ms(), a, &source, e) < 0)
		return -(int)e->code;
	if (source.rules.count == 0 && !image->attached.len)
		return 0;
	if (read_facts(tx, image, source.asks_tags, a, &facts, e) < 0)
		return -(int)e->code;
	buf_init(&key, POLICY_BODY_MAX);
	buf_init(&body, POLICY_BODY_MAX);
	policy_key(&source, NULL, source.rules.count, &facts, image->attached, &key);
	policy_body(&source, buf_bytes(&key), &body);
	struct bytes text = buf_bytes(&body);
	int r = buf_ok(&key) && buf_ok(&body)
		    ? policy_put_many(tx, &text, 1, ret, e)
		    : err_set(e, ERR_NOMEM, "no memory for the policy of an image");
	buf_free(&key);
	buf_free(&body);
	return r;
}
