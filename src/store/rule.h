/* rule (store_rule_): disable rules as rows, each at a scope, holding at and below it. What they
 * say is text to this module (match/rule.h). A rule that was changed is in effect once the scope it
 * is at has been recounted (ledger/recount.h): until then the scope is in rule_due. */
#pragma once
#include "base/arena.h"
#include "store/scope.h"
#include "store/total.h"

#define STORE_RULE_NAME_MAX 128U
#define STORE_RULE_TEXT_MAX 4096U /* bytes of a justification */
#define STORE_RULE_TICKET_MAX 256U
#define STORE_RULES_MAX 1000U /* of a server: each is evaluated for each image below it */
/* characters of what they say, of all rules of a server: some 100,000 CVEs. Lists read it for each
 * page, within the memory of a request. */
#define STORE_RULES_TERMS_MAX (2U << 20)

enum store_rule_state { STORE_RULE_ACTIVE, STORE_RULE_EXPIRED, STORE_RULE_DELETED };

struct store_rule {
	int64_t id, scope_id;
	struct bytes name, terms, justification, ticket, author;
	int effect;	/* enum rule_effect */
	bool asks_tags; /* tags of images decide */
	int64_t created_at, changed_at;
	int64_t expires_at; /* 0 = never */
	enum store_rule_state state;
	/* As readers see them: what it disables (or would), in how many images, and what fits it
	 * and came back by one of its ends. */
	uint64_t findings, images, released;
	bool is_due; /* not in effect as it is here */
};
struct store_rules {
	struct store_rule *items;
	size_t count;
	bool more;
};

/* Its number; the scope is due. ERR_LIMIT: there are STORE_RULES_MAX, or they say
 * STORE_RULES_TERMS_MAX. */
int64_t store_rule_add(struct db_tx *tx, const struct store_rule *x, struct err *e);
/* What it says, from now on; the scope is due. */
int store_rule_set(struct db_tx *tx, const struct store_rule *x, struct err *e);
/* It has no effect from now on, and is gone when that has been recounted. */
int store_rule_delete(struct db_tx *tx, const struct store_rule *x, struct err *e);
/* 1 = found (at a visible scope, not deleted). */
int store_rule_get(struct db_tx *tx, int64_t id, const struct visibility *v, struct arena *a,
		   struct store_rule *ret, struct err *e);

struct store_rule_query {
	int64_t scope_id; /* 0 = anywhere */
	bool inherited;	  /* of a scope: those at scopes above it, too, which need not be visible */
	int state;	  /* enum store_rule_state; -1 = any but deleted */
	int64_t after;	  /* a number */
	size_t n;
	struct visibility visible;
};
/* By number. */
int store_rule_list(struct db_tx *tx, const struct store_rule_query *q, struct arena *a,
		    struct store_rules *ret, struct err *e);
int store_rule_total(struct db_tx *tx, const struct store_rule_query *q, struct total *ret,
		     struct err *e);

/* In SQL: rules x at scopes w that hold for a scope, where u is a row of scope_up: the nearest
 * scope's first. Repositories named below each other are equally far from what is below them. */
#define STORE_RULE_ORDER                                                                           \
	"w.kind DESC, CASE WHEN w.kind = 5 THEN -length(w.name) ELSE u.distance END, x.id"
/* Those in effect at now_ms that hold for a scope (0: all), nearest scope first, then by number.
 * Without sums. except: one that is left out; 0 = none. */
int store_rules_in_effect(struct db_tx *tx, int64_t scope, int64_t except, int64_t now_ms,
			  struct arena *a, struct store_rules *ret, struct err *e);
/* Those of these numbers, deleted ones included, without sums. */
int store_rules_read(struct db_tx *tx, const int64_t *ids, size_t count, struct arena *a,
		     struct store_rules *ret, struct err *e);

/* What is at and below the scope has to be recounted. */
int store_rule_due_add(struct db_tx *tx, int64_t scope, struct err *e);
/* A tag of a repository moved: it is due when a rule that asks for tags holds for it. */
int store_rule_due_tag(struct db_tx *tx, int64_t repository, struct err *e);
/* Rules whose time has passed become expired, and their scopes due: how many. */
int64_t store_rule_expire(struct db_tx *tx, int64_t now_ms, struct err *e);
/* The scopes that are due, and the number that says until when they were asked for. 1 = some are.
 */
int store_rule_due_read(struct db_tx *tx, struct arena *a, const int64_t **ret, size_t *ret_count,
			int64_t *ret_seq, struct err *e);
/* Those that were asked for until then are recounted; deleted rules that nothing is due of go. */
int store_rule_due_done(struct db_tx *tx, int64_t seq, struct err *e);
