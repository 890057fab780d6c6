/* rules (api_rule_): what the routes of disable rules share. */
#pragma once
#include "access/access.h"
#include "api/routes.h"
#include "match/rule.h"
#include "store/rule.h"

extern const struct record_object api_rule_object;

struct api_rule_change {
	struct http_request *r;
	struct access_actor by;
};
/* The scope of a text or number, where the caller may do what the route asks for. make: a
 * repository that was never pushed gets a scope. */
int api_rule_scope(struct db_tx *tx, struct http_request *r, struct bytes text, bool make,
		   struct store_scope *ret, struct err *e);
/* 1: the caller sees the findings of the scope, 0: they may only change its rules; <0. */
int api_rule_sees_findings(struct db_tx *tx, struct http_request *r, int64_t scope, struct err *e);
/* Settles terms and puts them into x. ERR_FORMAT, ERR_LIMIT. */
int api_rule_make(struct http_request *r, struct rule_terms *terms, struct store_rule *x,
		  struct err *e);
/* The audit's subject: "/registries/local NUMBER NAME". */
int api_rule_audit(struct db_tx *tx, const struct api_rule_change *c, enum audit_action action,
		   const struct store_rule *x, struct bytes before, struct bytes after,
		   struct err *e);
/* After a change was committed: it comes into effect, at once where it can. */
void api_rules_apply(struct http_request *r);
