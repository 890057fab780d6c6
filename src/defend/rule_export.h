/* rule_export: disable rules for other tools: as an OpenVEX document. OpenVEX says of a
 * vulnerability, in a product, that it does not affect it: what a rule says otherwise (a severity,
 * an end, an effect that only counts) is left out and named. */
#pragma once
#include "match/rule.h"
#include "store/rule.h"

#define RULE_EXPORT_FINDINGS_MAX 10000U /* of all rules: some 10 MiB of a document */

struct rule_export_item {
	struct store_rule x;
	struct rule_terms terms; /* settled */
	struct bytes scope;	 /* its path */
};
struct rule_export {
	struct rule_export_item *items;
	size_t count;
	struct visibility visible; /* images of other scopes are not named */
	int64_t below;		   /* nor those that are not at or below this one; 0 = any */
	struct bytes url, author;  /* of the server; who asked for it */
	const char *version;
	int64_t now_ms;
};
/* The document into out. Its field `tooling` names what is left out; *ret_left_out: rules that are.
 */
int rule_export_openvex(struct db_tx *tx, const struct rule_export *x, struct arena *a,
			struct buf *out, size_t *ret_left_out, struct err *e);
