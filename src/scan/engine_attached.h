/* engine_attached: what is attached to an image as its scan takes it in. Private to
 * scan/engine*.c. */
#pragma once
#include "scan/attached.h"
#include "scan/engine_impl.h"

struct engine_attached_place {
	struct bytes digest; /* of a manifest that may hold documents */
	int64_t pushed_at;
	bool of_index;
};
struct engine_attached {
	struct engine_attached_place *places; /* the newest first */
	size_t place_count, left_out;
	struct store_texts indexes; /* that the image is of */
	struct attached docs;
	struct bytes body; /* members of the image's policy */
};
/* Into x: which there are, and what they say. Places and indexes are in a. */
int engine_attached_read(struct engine *g, const struct store_scan *s, struct arena *a,
			 struct engine_attached *x, struct err *e);
/* In the scan's transaction: ERR_CONFLICT when others are attached now. */
int engine_attached_same(struct engine *g, struct db_tx *tx, const struct store_scan *s,
			 struct arena *a, const struct engine_attached *x, struct err *e);
/* Which findings they take out; x->body is in keep. The caller holds the generation. */
struct assess_input;
int engine_attached_decide(struct engine_attached *x, const struct assess_input *in,
			   struct arena *keep, struct err *e);
void engine_attached_free(struct engine_attached *x);
