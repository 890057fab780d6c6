#include "match/criteria.h"

#include "inspect/inspect.h"
#include "pkg/version.h"

#include <stdlib.h>
#include <string.h>

#define FIELD(member, kind, key, option, letter, value, ...)                                       \
	RECORD_FIELD(struct criteria, member, kind, key, __VA_ARGS__),
#define ONE(member, ...) ROW_OF_##member,
static const struct record_field fields[] = {
    CRITERIA_OF_FINDING(FIELD) /* */
    CRITERIA_OF_AGE(FIELD)     /* */
    CRITERIA_OF_IMAGE(FIELD)   /* */
};
enum { CRITERIA_OF_FINDING(ONE) CRITERIA_OF_AGE(ONE) OF_FINDING_COUNT };
const struct record_object criteria_object = {RECORD_TABLE(fields)};
const struct record_object criteria_of_finding = {.fields = fields, .count = OF_FINDING_COUNT};

const char *criteria_category_word(int i)
{
	static const char *const own[] = {MATCH_KERNEL_HEADERS, MATCH_MALICIOUS};
	const int count = sizeof own / sizeof *own;
	if (i < count)
		return i < 0 ? NULL : own[i];
	if (i < count + INSPECT_GROUP_COUNT)
		return inspect_category(i - count);
	return ver_ecosystem_name((size_t)(i - count - INSPECT_GROUP_COUNT));
}

/* What one criterion says. */
enum said { NOT_GIVEN, NO, YES };

static enum said said(bool given, bool holds)
{
	return !given ? NOT_GIVEN : holds ? YES : NO;
}

static bool lists(struct criteria_texts list, struct bytes v,
		  bool (*same)(struct bytes item, struct bytes v))
{
	for (size_t i = 0; i < list.count; i++)
		if (same(list.items[i], v))
			return true;
	return false;
}

static bool has_text(struct bytes title, struct bytes text)
{
	for (size_t at = 0; at + text.len <= title.len; at++)
		if (bytes_eq_nocase(bytes_part(title, at, text.len), text))
			return true;
	return false;
}

static bool texts_fit(struct criteria_texts texts, struct bytes title)
{
	for (size_t i = 0; i < texts.count; i++)
		if (has_text(title, texts.items[i]))
			return true;
	return false;
}

static bool any_set(const bool *flags, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (flags[i])
			return true;
	return false;
}

static enum said of_choice(enum record_choice want, bool is)
{
	return said(want != RECORD_UNSAID, (want == RECORD_YES) == is);
}

static int cmp_ids(const void *x, const void *y)
{
	uint64_t a, b;
	memcpy(&a, x, sizeof a);
	memcpy(&b, y, sizeof b);
	return (a > b) - (a < b);
}

/* By length, then by letters in any case: what bytes_eq_nocase calls equal is. */
static int cmp_nocase(const void *x, const void *y)
{
	const struct bytes *a = x, *b = y;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	for (size_t i = 0; i < a->len; i++) {
		uint8_t p = byte_lower(a->ptr[i]), q = byte_lower(b->ptr[i]);
		if (p != q)
			return p < q ? -1 : 1;
	}
	return 0;
}

/* A sorted copy; NULL: no memory. */
static void *sorted(const void *items, size_t count, size_t size, struct arena *a,
		    int (*cmp)(const void *x, const void *y))
{
	void *copy = arena_alloc(a, count, size);
	if (copy && count) {
		memcpy(copy, items, count * size);
		qsort(copy, count, size, cmp);
	}
	return copy;
}

bool criteria_sort(struct criteria *c, struct arena *a)
{
	const uint64_t *ids = sorted(c->ids, c->id_count, sizeof *ids, a, cmp_ids);
	const struct bytes *cves =
	    sorted(c->cves.items, c->cves.count, sizeof *cves, a, cmp_nocase);
	if (!ids || !cves)
		return false;
	c->ids = ids;
	c->cves.items = cves;
	c->sorted = true;
	return true;
}

static bool id_fits(const struct criteria *c, uint64_t id)
{
	if (c->sorted)
		return c->id_count && bsearch(&id, c->ids, c->id_count, sizeof id, cmp_ids) != NULL;
	for (size_t i = 0; i < c->id_count; i++)
		if (c->ids[i] == id)
			return true;
	return false;
}

static bool names_cve(const struct criteria *c, struct bytes name)
{
	if (c->sorted)
		return c->cves.count && bsearch(&name, c->cves.items, c->cves.count, sizeof name,
						cmp_nocase) != NULL;
	return lists(c->cves, name, bytes_eq_nocase);
}

static bool cve_fits(const struct criteria *c, const struct match_check *check)
{
	bool fits = names_cve(c, check->advisory);
	for (size_t i = 0; !fits && i < check->cve_count; i++)
		fits = names_cve(c, check->cves[i]);
	return fits;
}

#define OF_CHECK 10
static void ask_check(const struct criteria *c, const struct match_check *k,
		      enum said out[OF_CHECK])
{
	bool scored = k->cvss.version != CVSS_NONE;
	out[0] = said(c->id_count > 0, id_fits(c, k->id));
	out[1] = said(c->cves.count > 0, cve_fits(c, k));
	out[2] = said(c->categories.count > 0, lists(c->categories, k->category, bytes_eq_nocase));
	out[3] = said(c->not_categories.count > 0,
		      !lists(c->not_categories, k->category, bytes_eq_nocase));
	out[4] = said(c->text.len > 0, has_text(k->title, c->text));
	out[5] = said(any_set(c->severities, ADV_SEV_CRITICAL + 1), c->severities[k->severity]);
	bool given = c->cvss_min > 0 || c->cvss_below > 0;
	out[6] = said(given, scored && (c->cvss_min <= 0 || k->cvss.base >= c->cvss_min) &&
				 (c->cvss_below <= 0 || k->cvss.base < c->cvss_below));
	out[7] = said(c->epss_min > 0 || c->epss_below > 0,
		      k->epss >= 0 && k->epss >= c->epss_min &&
			  (c->epss_below <= 0 || k->epss < c->epss_below));
	out[8] = of_choice(c->kev, k->kev);
	out[9] = said(c->texts.count > 0, texts_fit(c->texts, k->title));
}

bool criteria_ask_texts(const struct criteria *c)
{
	return c->cves.count || c->categories.count || c->not_categories.count || c->text.len ||
	       c->texts.count;
}

bool criteria_ask_age(const struct criteria *c)
{
	return c->age_min > 0 || c->age_below > 0;
}

static bool package_fits(const struct criteria *c, const struct finding *f)
{
	for (size_t i = 0; i < f->match_listed; i++) {
		const struct pkg *p = &f->matches[i].pkg;
		if (lists(c->packages, p->name, bytes_eq) ||
		    lists(c->packages, p->source_name, bytes_eq))
			return true;
	}
	return false;
}

static bool tag_fits(const struct criteria *c, const struct finding *f)
{
	for (size_t i = 0; i < f->tag_count; i++)
		if (lists(c->tags, f->tags[i], criteria_glob))
			return true;
	return false;
}

#define OF_MATCHES 4
#define OF_IMAGE 8 /* up to here; then what is of the finding itself */
#define OF_FINDING 9
static void ask_finding(const struct criteria *c, const struct finding *f,
			enum said out[OF_FINDING])
{
	out[0] = of_choice(c->patchable, f->patchable);
	out[1] = of_choice(c->fixed, f->fixed.len > 0);
	out[2] = said(any_set(c->statuses, ADV_NOT_AFFECTED + 1), c->statuses[f->status]);
	out[3] = said(c->packages.count > 0, package_fits(c, f));
	out[4] = said(c->digests.count > 0, lists(c->digests, f->digest, bytes_eq));
	out[5] = said(c->tags.count > 0, tag_fits(c, f));
	out[6] =
	    said(c->repositories.count > 0, lists(c->repositories, f->repository, criteria_glob));
	out[7] = said(c->os.count > 0, lists(c->os, f->os, criteria_glob));
	out[8] = said(criteria_ask_age(c),
		      f->age > c->age_min && (!c->age_below || f->age <= c->age_below) && f->age);
}

static bool decide(bool any, const enum said *answers, size_t n)
{
	bool given = false;
	for (size_t i = 0; i < n; i++) {
		if (answers[i] == (any ? YES : NO))
			return any;
		given = given || answers[i] != NOT_GIVEN;
	}
	return !any || !given;
}

bool criteria_fits(const struct criteria *c, const struct finding *f)
{
	enum said answers[OF_CHECK + OF_FINDING];
	ask_check(c, &f->check, answers);
	ask_finding(c, f, answers + OF_CHECK);
	return decide(c->any, answers, OF_CHECK + OF_FINDING);
}

/* A finding that no criterion but those of the check could say something of. */
static const struct finding nobody;

bool criteria_fits_check(const struct criteria *c, const struct match_check *check)
{
	enum said answers[OF_CHECK], rest[OF_FINDING];
	ask_check(c, check, answers);
	if (!c->any)
		return decide(false, answers, OF_CHECK);
	ask_finding(c, &nobody, rest);
	for (size_t i = 0; i < OF_FINDING; i++)
		if (rest[i] != NOT_GIVEN)
			return true;
	return decide(true, answers, OF_CHECK);
}

bool criteria_is_empty(const struct criteria *c)
{
	enum said answers[OF_CHECK + OF_FINDING];
	ask_check(c, &nobody.check, answers);
	ask_finding(c, &nobody, answers + OF_CHECK);
	for (size_t i = 0; i < OF_CHECK + OF_FINDING; i++)
		if (answers[i] != NOT_GIVEN)
			return false;
	return true;
}

bool criteria_ask_matches(const struct criteria *c)
{
	return c->fixed != RECORD_UNSAID || c->packages.count > 0 ||
	       any_set(c->statuses, ADV_NOT_AFFECTED + 1);
}

enum criteria_rest criteria_of_image(const struct criteria *c, const struct finding *image,
				     struct criteria *ret)
{
	enum said answers[OF_FINDING];
	bool yes = false, no = false;
	ask_finding(c, image, answers);
	for (size_t i = OF_MATCHES; i < OF_IMAGE; i++) {
		yes = yes || answers[i] == YES;
		no = no || answers[i] == NO;
	}
	*ret = *c;
	ret->digests = ret->tags = ret->repositories = ret->os = (struct criteria_texts){0};
	bool is_rest = !criteria_is_empty(ret);
	if (c->any)
		return yes	 ? CRITERIA_ALL
		       : is_rest ? CRITERIA_REST
		       : no	 ? CRITERIA_NONE
				 : CRITERIA_ALL;
	return no ? CRITERIA_NONE : is_rest ? CRITERIA_REST : CRITERIA_ALL;
}
