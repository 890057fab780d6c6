/* set_facts: what rules ask of the matches of sets of packages, by security check: the statuses
 * that there are, whether one has a fixed version, and in which of the packages that rules name it
 * is. Matches are read once for each package and put together once for each set, however many
 * images share them. */
#pragma once
#include "match/rule.h"
#include "db/db.h"

#define SET_FACT_UNNAMED UINT32_MAX
/* One for each check of a set, and for each package with a name that rules ask for. */
struct set_fact {
	uint64_t check;
	uint32_t package;  /* set_facts_package; or SET_FACT_UNNAMED */
	uint16_t statuses; /* bits 1 << enum adv_status */
	bool fixed;
};
struct set_facts_span {
	const struct set_fact *items; /* ascending by check */
	size_t count;
};

struct set_facts;
/* epoch: whose matches. NULL: no memory. */
struct set_facts *set_facts_open(int64_t epoch);
void set_facts_close(struct set_facts *f);
/* These terms will be asked. What was read is forgotten where it does not answer them. */
int set_facts_ask(struct set_facts *f, const struct rule_terms *terms, bool whole, struct err *e);
/* The facts of these sets, those that are not known yet. Before it what is known may be forgotten,
 * so all sets that are looked at next are named in one call. */
int set_facts_read(struct set_facts *f, struct db_tx *tx, const int64_t *sets, size_t count,
		   struct err *e);
/* Until the next set_facts_read or set_facts_ask. ERR_INTERNAL: it was not read. */
int set_facts_of(const struct set_facts *f, int64_t set, struct set_facts_span *ret, struct err *e);
/* Its name and its source's name alone. */
const struct finding_match *set_facts_package(const struct set_facts *f, uint32_t package);
