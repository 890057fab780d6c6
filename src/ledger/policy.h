/* policy (policy_, policies_): what the disable rules come to for an image. Of each rule that holds
 * for the image's repository the criteria about the image are decided at once; what is left (over
 * the security check and its matches) is written down in one form. Images with the same rest share
 * a policy, which never changes: other rules are another policy (docs/decisions/rules.md). */
#pragma once
#include "base/buf.h"
#include "match/rule.h"
#include "store/rule.h"

#define POLICY_BODY_MAX ((size_t)16 << 20) /* bytes: 1,000 rules with some lists of 2,000 CVEs */

/* The rules of one scope or of all, read once. */
struct policy_source {
	struct store_rules rules;
	struct rule_terms *terms; /* of each */
	bool asks_image; /* one at least has criteria about the image other than its repository */
	bool asks_tags;
};
/* scope, except and now_ms as for store_rules_in_effect. */
int policy_source_read(struct db_tx *tx, int64_t scope, int64_t except, int64_t now_ms,
		       struct arena *a, struct policy_source *ret, struct err *e);
/* What a document that is attached to an image says of its findings, as a member of the image's
 * policy: these checks are not affected, or fixed. */
struct policy_attached {
	struct bytes document, text; /* digest of the manifest; what it says, and why */
	const uint64_t *ids;
	size_t id_count; /* RULE_VALUES_MAX at most */
};
/* Append a member; place: its number among the image's. */
void policy_attached_put(struct buf *out, const struct policy_attached *x, size_t place);

/* One more rule, after all others: it has the number 0. */
int policy_source_add(struct policy_source *s, const struct store_rule *rule,
		      const struct rule_terms *terms, struct arena *a, struct err *e);
/* What decides whether two images have the same policy: a run of bytes for the rules `which` (NULL:
 * all), the fields of the image, and what is attached to it (members, or empty). Empty: no rule. */
void policy_key(const struct policy_source *s, const size_t *which, size_t count,
		const struct finding *image, struct bytes attached, struct buf *out);
/* The policy that a key of this source means. */
void policy_body(const struct policy_source *s, struct bytes key, struct buf *out);
/* The numbers of these bodies, kept where they are new; 0 for an empty one. */
int policy_put_many(struct db_tx *tx, const struct bytes *bodies, size_t count, int64_t *ret,
		    struct err *e);
/* Remove those that no image has. */
int policy_clear(struct db_tx *tx, struct err *e);

#define POLICY_ATTACHED (INT64_C(1) << 52)

struct policy_rule {
	int64_t rule;		     /* its number; of what is attached POLICY_ATTACHED and more */
	struct bytes document, text; /* of what is attached */
	bool whole;		     /* every finding of the image fits */
	bool observes;
	struct rule_terms terms;
};
struct policy {
	int64_t id;
	struct policy_rule *rules; /* the nearest scope's first */
	size_t count;
	bool asks_matches; /* more than the check and patchable decides */
	bool asks_patchable;
};
struct policies {
	struct policy *items; /* by number */
	size_t count;
};
/* All of what is attached to an image as one member of its policy, without documents and texts. */
struct policy_rule policy_attached_rule(const uint64_t *ids, size_t count);
/* After its rules were put together: what it asks for. */
void policy_settle(struct policy *p);
int policy_parse(struct bytes body, struct arena *a, struct policy *ret, struct err *e);
/* A member of a body: a rule, or what is attached. The text lasts as long as the result. */
int policy_rule_parse(struct bytes text, struct arena *a, struct policy_rule *ret, struct err *e);
/* A member is the first of what is attached; the rules come before it, and no rule behind it. */
bool policy_is_attached(struct bytes text);
/* Those of these numbers, whole; body text and results are in a. */
int policies_read(struct db_tx *tx, const int64_t *ids, size_t count, struct arena *a,
		  struct policies *ret, struct err *e);
/* The first member of what is attached that disables the check;
 * NULL: none. */
const struct policy_rule *policy_attached_find(const struct policy *p, uint64_t check);
