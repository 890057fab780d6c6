#include "ledger/images.h"

#include "ledger/ancestry.h"
#include "ledger/image_policy.h"
#include "store/attached.h"
#include "store/digest_key.h"

#include <stdlib.h>

#define POLICY_BUDGET ((size_t)256 << 20) /* bytes: the rules that hold for an image */

/* A parameter: the key of a digest's text. */
#define DIGEST(text) DB_B(digest_key_of(text, &(struct digest_key){{0}}))

const char *ledger_image_state_word(enum image_state s)
{
	static const char *const words[] = {"Pending", "Healthy", "Unhealthy", "Unverified",
					    "Unverified"};
	return (unsigned)s < sizeof words / sizeof *words ? words[s] : "Pending";
}

static int find_id(struct db_tx *tx, int64_t repository, struct bytes digest, int64_t *ret,
		   struct err *e)
{
	struct db_stmt *s =
	    db_query(tx, "SELECT id FROM image WHERE repository_id = $1 AND digest = $2",
		     DB_ARGS(DB_I(repository), DIGEST(digest)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r > 0)
		*ret = db_int(s, 0);
	db_done(s);
	return r;
}

int ledger_image_add(struct db_tx *tx, int64_t repository, struct bytes digest, int64_t pushed_ms,
		     struct bytes pushed_by, struct err *e)
{
	int64_t id = 0;
	int r = find_id(tx, repository, digest, &id, e);
	if (r < 0)
		return r;
	if (r > 0) {
		int64_t n =
		    db_exec(tx, "UPDATE image SET pushed_at = $2, pushed_by = $3 WHERE id = $1",
			    DB_ARGS(DB_I(id), DB_I(pushed_ms), DB_T(pushed_by)), e);
		return n < 0 ? (int)n : 0;
	}
	id = db_id_next(tx, "image", e);
	if (id < 0 ||
	    db_exec(tx,
		    "INSERT INTO image(id, repository_id, digest, platform, reason, coverage, "
		    "distro_id, distro_version, distro_name, package_count, pushed_at, pulled_at, "
		    "scanned_at, first_pushed_at, first_pushed_by, pushed_by)"
		    " VALUES($5, $1, $2, '', '', $4, '', '', '', 0, $3, 0, 0, $3, $6, $6)",
		    DB_ARGS(DB_I(repository), DIGEST(digest), DB_I(pushed_ms),
			    DB_T(BYTES_LIT("{}")), DB_I(id), DB_T(pushed_by)),
		    e) < 0)
		return -(int)e->code;
	return image_counts_add(tx, id, repository, e);
}

static int put_counted(struct db_tx *tx, struct ledger_image *image, const struct image_part *parts,
		       size_t count, struct err *e)
{
	struct arena a;
	struct image_counted counted = {.policy = 0};
	int64_t policy = 0;
	/* A transaction may run again, after state became Unhealthy. */
	enum image_state rest = image->state != IMAGE_UNHEALTHY ? image->state
				: image->reason.len		? IMAGE_UNVERIFIED
								: IMAGE_HEALTHY;
	arena_init(&a, POLICY_BUDGET);
	int r = image_policy_find(tx, image, &a, &policy, e);
	if (r == 0)
		r = image_parts_put(tx, image->id,
				    &(const struct image_parts){.parts = parts,
								.count = count,
								.policy = policy,
								.repository = image->repository_id,
								.at_ms = image->scanned_ms},
				    &a, &counted, e);
	if (r == 0)
		r = image_counts_put(tx, image->id, rest, &counted, e);
	if (r == 0) {
		image->counts = counted.counts;
		image->state = rest;
	}
	arena_free(&a);
	return r;
}

int ledger_image_put(struct db_tx *tx, struct ledger_image *image, const struct image_part *parts,
		     size_t part_count, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "UPDATE image SET platform = $3, reason = $4, coverage = $5, distro_id = $6,"
	    " distro_version = $7, distro_name = $8, package_count = $9, scanned_at = $10"
	    " WHERE repository_id = $1 AND digest = $2 RETURNING id",
	    DB_ARGS(DB_I(image->repository_id), DIGEST(image->digest), DB_T(image->platform),
		    DB_T(image->reason), DB_T(image->coverage), DB_T(image->distro_id),
		    DB_T(image->distro_version), DB_T(image->distro_name),
		    DB_I(image->package_count), DB_I(image->scanned_ms)),
	    e);
	if (!s)
		return -(int)e->code;
	int r;
	image->id = 0;
	while ((r = db_step(s, e)) > 0)
		image->id = db_int(s, 0);
	db_done(s);
	if (r < 0)
		return r;
	if (!image->id)
		return err_set(e, ERR_NOT_FOUND, "image %.*s was deleted",
			       BYTES_ARG(image->digest));
	if (store_attached_put(tx, image->id, image->has_attached, image->attached, e) < 0 ||
	    put_counted(tx, image, parts, part_count, e) < 0 ||
	    repository_total_scanned(tx, image->repository_id, image->scanned_ms, e) < 0 ||
	    (image->config &&
	     ancestry_put(tx, image->id, image->config, image->layer_count, e) < 0))
		return -(int)e->code;
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++) {
		if (image->counts.by[i])
			image->state = IMAGE_UNHEALTHY;
	}
	return 0;
}

int ledger_image_put_state(struct db_tx *tx, int64_t repository, struct bytes digest,
			   enum image_state state, struct bytes reason, int64_t scanned_ms,
			   struct err *e)
{
	int64_t id = 0;
	int r = find_id(tx, repository, digest, &id, e);
	if (r <= 0)
		return r;
	if (db_exec(tx, "UPDATE image SET reason = $2, scanned_at = $3 WHERE id = $1",
		    DB_ARGS(DB_I(id), DB_T(reason), DB_I(scanned_ms)), e) < 0 ||
	    repository_total_scanned(tx, repository, scanned_ms, e) < 0)
		return -(int)e->code;
	return image_counts_put(tx, id, state, NULL, e);
}

int ledger_image_put_artifact(struct db_tx *tx, int64_t repository, struct bytes digest,
			      struct bytes reason, int64_t scanned_ms, struct err *e)
{
	struct image_counted none = {.policy = 0};
	struct arena a;
	int64_t id = 0;
	int r = find_id(tx, repository, digest, &id, e);
	if (r <= 0)
		return r;
	arena_init(&a, 4096);
	r = image_parts_put(tx, id, &(const struct image_parts){.repository = repository}, &a,
			    &none, e);
	arena_free(&a);
	if (r < 0 ||
	    db_exec(tx, "UPDATE image SET reason = $2, scanned_at = $3 WHERE id = $1",
		    DB_ARGS(DB_I(id), DB_T(reason), DB_I(scanned_ms)), e) < 0 ||
	    repository_total_scanned(tx, repository, scanned_ms, e) < 0)
		return -(int)e->code;
	return image_counts_put(tx, id, IMAGE_ARTIFACT, &none, e);
}

static int forget(struct db_tx *tx, int64_t repository, struct bytes digest, struct err *e)
{
	int64_t id = 0;
	int r = find_id(tx, repository, digest, &id, e);
	if (r <= 0)
		return r;
	if (image_counts_delete(tx, id, e) < 0 || ancestry_delete(tx, id, e) < 0 ||
	    store_attached_put(tx, id, false, BYTES_NONE, e) < 0 ||
	    db_exec(tx, "DELETE FROM image_set WHERE image_id = $1", DB_ARGS(DB_I(id)), e) < 0 ||
	    db_exec(tx, "DELETE FROM image WHERE id = $1", DB_ARGS(DB_I(id)), e) < 0)
		return -(int)e->code;
	return 0;
}

int ledger_image_delete(struct db_tx *tx, int64_t repository, struct bytes digest, struct err *e)
{
	if (forget(tx, repository, digest, e) < 0 ||
	    db_exec(tx, "DELETE FROM scan WHERE repository_id = $1 AND digest = $2",
		    DB_ARGS(DB_I(repository), DIGEST(digest)), e) < 0)
		return -(int)e->code;
	return 0;
}

int ledger_image_row(struct db_stmt *s, struct arena *a, struct ledger_image *ret, struct err *e)
{
	static const enum adv_severity order[] = {ADV_SEV_CRITICAL,   ADV_SEV_HIGH,
						  ADV_SEV_MEDIUM,     ADV_SEV_LOW,
						  ADV_SEV_NEGLIGIBLE, ADV_SEV_UNKNOWN};
	struct ledger_image r = {.id = db_int(s, 0),
				 .state = (enum image_state)db_int(s, 4),
				 .package_count = (uint64_t)db_int(s, 10),
				 .pushed_ms = db_int(s, 11),
				 .pulled_ms = db_int(s, 12),
				 .scanned_ms = db_int(s, 13),
				 .repository_id = db_int(s, 22),
				 .policy = db_int(s, 24),
				 .pulls = (uint64_t)db_int(s, 25),
				 .first_pushed_ms = db_int(s, 26),
				 .counts = {.disabled = (uint64_t)db_int(s, 23)}};
	struct {
		struct bytes *to;
		int column;
	} texts[] = {{&r.repository, 1},  {&r.platform, 3},	    {&r.reason, 5},
		     {&r.coverage, 6},	  {&r.distro_id, 7},	    {&r.distro_version, 8},
		     {&r.distro_name, 9}, {&r.registry, 20},	    {&r.subscription, 21},
		     {&r.pushed_by, 27},  {&r.first_pushed_by, 28}, {&r.pulled_by, 29}};
	bool ok;
	r.digest = digest_key_text(db_bytes(s, 2), a, &ok);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (ok)
			*texts[i].to = arena_bytes(a, db_bytes(s, texts[i].column), &ok);
		if (!ok)
			return err_set(e, ERR_NOMEM, "no memory for an image");
	}
	for (int i = 0; i <= ADV_SEV_CRITICAL; i++)
		r.counts.by[order[i]] = (uint64_t)db_int(s, 14 + i);
	*ret = r;
	return 0;
}

#define ROW "SELECT " LEDGER_IMAGE_COLUMNS " FROM " LEDGER_IMAGE_FROM " WHERE "

/* One row or none. */
static int read_one(struct db_stmt *s, struct arena *a, struct ledger_image *ret, struct err *e)
{
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0 && ledger_image_row(s, a, ret, e) < 0)
		r = -(int)e->code;
	db_done(s);
	return r;
}

int ledger_image_get(struct db_tx *tx, int64_t repository, struct bytes digest, struct arena *a,
		     struct ledger_image *ret, struct err *e)
{
	return read_one(db_query(tx, ROW "i.repository_id = $1 AND i.digest = $2",
				 DB_ARGS(DB_I(repository), DIGEST(digest)), e),
			a, ret, e);
}

int ledger_image_at(struct db_tx *tx, int64_t id, struct arena *a, struct ledger_image *ret,
		    struct err *e)
{
	return read_one(db_query(tx, ROW "i.id = $1", DB_ARGS(DB_I(id)), e), a, ret, e);
}
