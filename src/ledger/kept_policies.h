/* kept policies (kept_): what policies say of findings, read once and shared by all lists of this
 * process (docs/decisions/kept-policies.md). A policy is found by the hash of its body, so nothing
 * that is kept can become wrong. Most policies have the same rules: each rule is kept once,
 * whatever has it. A list holds one policy at a time, and takes along what it decided; what is
 * past the limit is read again when it is needed. Thread-safe. */
#pragma once
#include "ledger/keyed.h"
#include "ledger/policy.h"

#define KEPT_BYTES ((size_t)64 << 20) /* of a process, and the one policy that is being read */
#define KEPT_WAIT_MS 5000	      /* for what others read; a reading takes as long at most */

struct kept_name {
	int64_t id;
	uint8_t hash[KEYED_LEN];
};
/* Of the policies of these numbers, ascending, or (NULL) of all: those that there are, in order. */
int kept_names(struct db_tx *tx, const int64_t *ids, size_t count, struct arena *a,
	       struct kept_name **ret, size_t *ret_count, struct err *e);

struct kept_rule {
	uint64_t serial;   /* no other rule of this process has it, or had it before */
	struct bytes text; /* as policy_rule_parse reads it */
	struct policy_rule rule;
	bool asks_matches; /* more than the check and patchable decides */
};
/* What is attached to the image is here as the checks that it disables. */
struct kept_policy {
	const struct kept_rule *const *rules; /* the nearest scope's first */
	size_t count;
	const uint64_t *attached; /* ascending */
	size_t attached_count;
};
/* Each of the policies by itself; at: its place among the names. p is each's until it returns, and
 * it asks the database for nothing. ERR_TIMEOUT: others read for too long. */
typedef int (*kept_fn)(void *arg, size_t at, const struct kept_policy *p, struct err *e);
int kept_each(struct db_tx *tx, const struct kept_name *names, size_t count, kept_fn each,
	      void *arg, struct err *e);
/* The same with all that they say, which is not kept: one at a time in this process. */
typedef int (*policy_fn)(void *arg, const struct policy *p, struct err *e);
int kept_each_whole(struct db_tx *tx, const struct kept_name *names, size_t count, policy_fn each,
		    void *arg, struct err *e);

/* The rule that disables the finding, of which all fields are known; POLICY_ATTACHED: a document;
 * 0: it is active. */
int64_t kept_disables(const struct kept_policy *p, const struct finding *f);

#define KEPT_CHECKS_MAX 64U
struct places;
/* What rules say of some checks, worked out once for all policies that have them. */
struct kept_verdicts {
	const struct match_check *checks[KEPT_CHECKS_MAX];
	size_t count;
	struct places *at; /* by serial; NULL at first */
	struct buf bits;
};
void kept_verdicts_free(struct kept_verdicts *v); /* zeroed ones, too */
/* Bit i: every finding of check i is disabled, whatever its matches are. */
int kept_judge(const struct kept_policy *p, struct kept_verdicts *v, uint64_t *ret, struct err *e);

struct kept_state {
	size_t bytes, most; /* kept, and how many there were at most */
	size_t policies, rules;
	uint64_t reads; /* of bodies, so far */
};
void kept_look(struct db_tx *tx, struct kept_state *ret);
/* For tests: another limit, and another time to wait. */
int kept_limit(struct db_tx *tx, size_t bytes, int64_t wait_ms, struct err *e);
