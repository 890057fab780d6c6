/* Where the severity of each (package, advisory) pair of a database comes from, by feed: the
 * record's own word, its own vector, another record of its CVEs, or nowhere. Prints a row per feed
 * and ecosystem: feed, ecosystem, pairs, word, vector, other, no CVE, no other record, no score in
 * any; then, after "example", a pair for each reason. Usage: severity FILE.vdb */
#include "match/severity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 512
#define BUDGET (256U << 20)

enum reason { BY_WORD, BY_VECTOR, BY_OTHER, NO_CVE, NO_RECORD, NO_SCORE, REASONS };

struct row {
	char feed[64], ecosystem[64];
	unsigned long pairs[REASONS];
	char example[REASONS][128];
};

struct count {
	const struct vdb *v;
	struct row rows[ROWS_MAX];
	size_t row_count;
};

static struct row *row_of(struct count *c, struct bytes feed, struct bytes ecosystem)
{
	char f[64], e[64];
	snprintf(f, sizeof f, "%.*s", BYTES_ARG(feed));
	snprintf(e, sizeof e, "%.*s",
		 BYTES_ARG(bytes_part(ecosystem, 0, bytes_find(ecosystem, ':'))));
	for (size_t i = 0; i < c->row_count; i++)
		if (strcmp(c->rows[i].feed, f) == 0 && strcmp(c->rows[i].ecosystem, e) == 0)
			return &c->rows[i];
	if (c->row_count == ROWS_MAX)
		return NULL;
	struct row *r = &c->rows[c->row_count++];
	snprintf(r->feed, sizeof r->feed, "%s", f);
	snprintf(r->ecosystem, sizeof r->ecosystem, "%s", e);
	return r;
}

/* Why nobody knows: is there a record of its CVEs but this? */
static int reason_of(const struct gather *g, const struct match_check *c, const struct adv *own)
{
	if (c->cve_count == 0)
		return NO_CVE;
	for (size_t i = 0; i < c->cve_count; i++) {
		uint32_t *ids;
		int64_t n = vdb_find_id(g->v, c->cves[i], g->a, &ids, g->e);
		for (int64_t k = 0; k < n; k++) {
			struct adv adv;
			if (vdb_advisory(g->v, ids[k], g->a, &adv, g->e) == 0 &&
			    !(bytes_eq(adv.id, own->id) && bytes_eq(adv.feed, own->feed)))
				return NO_SCORE;
		}
	}
	return NO_RECORD;
}

static int count_hit(struct count *c, const struct gather *g, const struct vdb_hit *h,
		     struct bytes ecosystem, struct bytes name)
{
	struct verdict verdict = {.hit = h};
	struct candidate one = {.v = &verdict};
	struct covered none = {.v = NULL};
	struct match_check check = {.id = 0};
	int r = vdb_advisory(c->v, h->advisory, g->a, &one.adv, g->e);
	if (r < 0 || h->affected.status == ADV_NOT_AFFECTED ||
	    bytes_eq_lit(ecosystem, "end-of-life")) /* dates, no advisories */
		return r;
	check.cves = arena_alloc(g->a, one.adv.alias_count + 1, sizeof *check.cves);
	if (!check.cves)
		return err_nomem(g->e);
	struct bytes id = candidate_vendor_id(one.adv.id);
	if (candidate_is_cve(id))
		check.cves[check.cve_count++] = id;
	for (size_t i = 0; i < one.adv.alias_count; i++)
		if (candidate_is_cve(one.adv.aliases[i]))
			check.cves[check.cve_count++] = one.adv.aliases[i];
	bool own = one.adv.cvss_count > 0;
	r = severity_fill(g, &check, &one, 1, &none);
	if (r < 0)
		return r;
	enum reason reason = check.vendor_severity != ADV_SEV_UNKNOWN ? BY_WORD
			     : check.severity == ADV_SEV_UNKNOWN
				 ? (enum reason)reason_of(g, &check, &one.adv)
			     : own ? BY_VECTOR
				   : BY_OTHER;
	struct row *row = row_of(c, one.adv.feed, ecosystem);
	if (!row)
		return err_set(g->e, ERR_LIMIT, "more than %d feeds and ecosystems", ROWS_MAX);
	if (row->pairs[reason]++ == 0)
		snprintf(row->example[reason], sizeof row->example[reason], "%.*s of %.*s",
			 BYTES_ARG(one.adv.id), BYTES_ARG(name));
	return 0;
}

static int each_key(void *arg, struct bytes ecosystem, struct bytes name, struct err *e)
{
	struct count *c = arg;
	struct arena a;
	struct vdb_hit *hits;
	struct pkg none = {.class = PKG_OS};
	arena_init(&a, BUDGET);
	struct gather g = {.v = c->v, .p = &none, .a = &a, .e = e};
	int64_t n = vdb_find(c->v, ecosystem, name, &a, &hits, e);
	int r = n < 0 ? (int)n : 0;
	for (int64_t i = 0; r == 0 && i < n; i++)
		r = count_hit(c, &g, &hits[i], ecosystem, name);
	arena_free(&a);
	return r;
}

int main(int argc, char **argv)
{
	static struct count c;
	struct err e = ERR_INIT;
	struct vdb *v = argc == 2 ? vdb_open(argv[1], &e) : NULL;
	c.v = v;
	if (!v || vdb_diff(NULL, v, each_key, &c, &e) < 0) {
		fprintf(stderr, "severity: %s\n", argc == 2 ? e.msg : "usage: severity FILE.vdb");
		return 1;
	}
	for (size_t i = 0; i < c.row_count; i++) {
		printf("%s\t%s", c.rows[i].feed, c.rows[i].ecosystem);
		for (size_t k = 0; k < REASONS; k++)
			printf("\t%lu", c.rows[i].pairs[k]);
		for (size_t k = NO_CVE; k < REASONS; k++)
			printf("\t%s", c.rows[i].example[k]);
		(void)putchar('\n');
	}
	vdb_close(v);
	return 0;
}
