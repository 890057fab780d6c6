#include "match/why.h"

#include "inspect/inspect.h"
#include "match/verdict.h"

#include <stdlib.h>

const char *why_reason_word(int reason)
{
	static const char *const words[] = {
	    [WHY_REPORTED] = "reported",
	    [WHY_DISABLED] = "disabled_by_rule",
	    [WHY_NOT_SCANNED] = "not_scanned",
	    [WHY_NOT_ASSESSED] = "not_assessed",
	    [WHY_NOT_AFFECTED] = "not_affected",
	    [WHY_WITHDRAWN] = "withdrawn",
	    [WHY_NOT_LINKED] = "not_linked",
	    [WHY_FIXED] = "fixed_installed",
	    [WHY_OUTSIDE] = "version_outside_range",
	    [WHY_OTHER_RECORD] = "other_record_decides",
	    [WHY_NO_RECORD] = "no_record_of_release",
	    [WHY_NOT_COVERED] = "distribution_not_covered",
	    [WHY_NOT_READ] = "not_read",
	    [WHY_PACKAGE_ABSENT] = "package_absent",
	    [WHY_UNKNOWN_ID] = "unknown_id",
	    [WHY_DATABASE_OLD] = "database_too_old",
	    [WHY_BEING_UPDATED] = "being_updated",
	    [WHY_NO_DATABASE] = "no_database",
	    [WHY_NOT_FOUND] = "content_not_found",
	};
	return reason >= 0 && reason < WHY_REASON_COUNT ? words[reason] : NULL;
}

const char *why_reason_text(enum why_reason reason)
{
	static const char *const texts[] = {
	    [WHY_REPORTED] = "It is reported.",
	    [WHY_DISABLED] = "A disable rule takes it out.",
	    [WHY_NOT_SCANNED] = "The image has not been scanned yet.",
	    [WHY_NOT_ASSESSED] = "A package of that name could not be compared.",
	    [WHY_NOT_AFFECTED] = "The vendor states that the package is not affected.",
	    [WHY_WITHDRAWN] =
		"Its record was withdrawn, or its CVE rejected: it is no vulnerability.",
	    [WHY_FIXED] = "The installed version is at or above the fixed one.",
	    [WHY_OUTSIDE] =
		"The installed version is outside of the range that the records mention.",
	    [WHY_NOT_LINKED] = "None of the vulnerable functions is linked into the program.",
	    [WHY_OTHER_RECORD] =
		"The records are about another build, or one of the same vendor takes precedence.",
	    [WHY_NO_RECORD] =
		"Records mention packages of that name, but none of the image's release.",
	    [WHY_NOT_COVERED] =
		"The vulnerability database holds no advisories for the image's distribution.",
	    [WHY_NOT_READ] = "Part of the image could not be read: the package may be there.",
	    [WHY_PACKAGE_ABSENT] = "No package of the image has a name that its records mention.",
	    [WHY_UNKNOWN_ID] = "The vulnerability database has no such record.",
	    [WHY_DATABASE_OLD] =
		"The vulnerability database has no such record, and it is older than a week.",
	    [WHY_BEING_UPDATED] =
		"The database in use says that it is; the findings are not counted with it yet.",
	    [WHY_NO_DATABASE] = "There is no vulnerability database.",
	    [WHY_NOT_FOUND] = "The content check found nothing of it in what was looked at.",
	};
	return texts[reason];
}

struct asking {
	const struct why_input *in;
	struct arena *a;
	struct err *e;
	struct bytes *names; /* that records of the id are about, sorted */
	size_t count, cap;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for an explanation");
}

static int by_name(const void *x, const void *y)
{
	const struct bytes *a = x, *b = y;
	return bytes_cmp(*a, *b);
}

static bool name_add(struct asking *k, struct bytes name)
{
	k->names = arena_grow(k->a, k->names, k->count, &k->cap, sizeof *k->names);
	if (k->names)
		k->names[k->count++] = name;
	return k->names != NULL;
}

/* Ids are written in capitals; GitHub's have a small tail. */
static bool respell(struct bytes text, struct arena *a, struct bytes *ret)
{
	uint8_t *out = arena_alloc(a, text.len, 1);
	bool github = text.len > 5 && bytes_eq_nocase(bytes_part(text, 0, 5), BYTES_LIT("GHSA-"));
	for (size_t i = 0; out && i < text.len; i++) {
		uint8_t c = byte_lower(text.ptr[i]);
		bool small = c >= 'a' && c <= 'z' && !(github && i > 4);
		out[i] = small ? (uint8_t)(c - 32) : c;
	}
	*ret = (struct bytes){.ptr = out, .len = text.len};
	return out != NULL;
}

int why_known_id(const struct vdb *v, struct bytes text, struct arena *a, struct bytes *ret,
		 struct err *e)
{
	uint32_t *ids;
	struct bytes other;
	int64_t n = vdb_find_id(v, text, a, &ids, e);
	*ret = text;
	enum inspect_kind kind = inspect_find(text);
	if (kind != INSPECT_KIND_COUNT)
		*ret = bytes_of(inspect_table[kind].id);
	if (n != 0 || kind != INSPECT_KIND_COUNT)
		return n < 0 ? (int)n : 0;
	if (!respell(text, a, &other))
		return no_memory(e);
	n = vdb_find_id(v, other, a, &ids, e);
	if (n > 0)
		*ret = other;
	return n < 0 ? (int)n : 0;
}

/* The names of packages that records of the id are about. */
static int read_names(struct asking *k, const uint32_t *ids, int64_t count)
{
	for (int64_t i = 0; i < count; i++) {
		struct adv adv;
		if (vdb_advisory_full(k->in->v, ids[i], k->a, &adv, k->e) < 0)
			return -(int)k->e->code;
		for (size_t n = 0; n < adv.affected_count; n++) {
			struct bytes also[MATCH_SOURCES_MAX];
			size_t more = match_sources_of(adv.affected[n].name, k->a, also);
			bool ok = more != SIZE_MAX && name_add(k, adv.affected[n].name);
			for (size_t s = 0; ok && s < more; s++)
				ok = name_add(k, also[s]);
			if (!ok)
				return no_memory(k->e);
		}
	}
	if (k->count)
		qsort(k->names, k->count, sizeof *k->names, by_name);
	return 0;
}

/* Were all records of the id taken back? */
static int is_withdrawn(struct asking *k, const uint32_t *ids, int64_t count, bool *ret)
{
	*ret = count > 0;
	for (int64_t i = 0; *ret && i < count; i++) {
		struct adv adv;
		int r = vdb_advisory(k->in->v, ids[i], k->a, &adv, k->e);
		if (r < 0)
			return r;
		*ret = adv.withdrawn_ms != 0;
	}
	return 0;
}

static bool is_named(const struct asking *k, const struct pkg *p)
{
	if (p->class == PKG_CONTENT)
		return bytes_eq_nocase(p->name, k->in->id);
	return k->count &&
	       (bsearch(&p->name, k->names, k->count, sizeof *k->names, by_name) ||
		bsearch(&p->source_name, k->names, k->count, sizeof *k->names, by_name));
}

static int explain_packages(struct asking *k, struct why *ret)
{
	ret->packages = arena_alloc(k->a, WHY_PACKAGES_MAX, sizeof *ret->packages);
	if (!ret->packages)
		return no_memory(k->e);
	for (size_t i = 0; i < k->in->package_count; i++) {
		if (!is_named(k, k->in->packages[i]))
			continue;
		if (ret->package_count == WHY_PACKAGES_MAX) {
			ret->whole = false;
			break;
		}
		struct why_package *p = &ret->packages[ret->package_count++];
		p->package = i;
		if (match_explain_full(k->in->v, k->in->packages[i], ret->id, k->a, &p->x, k->e) <
		    0)
			return -(int)k->e->code;
	}
	return 0;
}

static enum why_reason not_affected_by(enum match_by by)
{
	switch (by) {
	case MATCH_BY_VENDOR:
		return WHY_NOT_AFFECTED;
	case MATCH_BY_WITHDRAWN:
		return WHY_WITHDRAWN;
	case MATCH_BY_FIX:
		return WHY_FIXED;
	case MATCH_BY_OUTSIDE:
		return WHY_OUTSIDE;
	case MATCH_BY_UNLINKED:
		return WHY_NOT_LINKED;
	case MATCH_BY_OTHER:
		break;
	}
	return WHY_OTHER_RECORD;
}

/* The reason that a package's answer gives. */
static enum why_reason reason_of(const struct match_explanation *x)
{
	switch (x->outcome) {
	case MATCH_AFFECTED:
		return WHY_REPORTED;
	case MATCH_NOT_ASSESSED:
		return WHY_NOT_ASSESSED;
	case MATCH_NO_RECORD:
		return WHY_NO_RECORD;
	case MATCH_NOT_AFFECTED:
		break;
	}
	return not_affected_by(x->by);
}

/* Is there nothing to be looked up for the packages of the distribution? */
static int is_uncovered(struct asking *k, bool *ret)
{
	*ret = false;
	for (size_t i = 0; i < k->in->package_count; i++) {
		const struct pkg *p = k->in->packages[i];
		enum match_unassessed why;
		if (p->class != PKG_OS || p->third_party)
			continue;
		if (match_unassessed(k->in->v, p, k->a, &why, k->e) < 0)
			return -(int)k->e->code;
		*ret = why == MATCH_NO_ADVISORIES;
		return 0;
	}
	return 0;
}

int why_ask(const struct why_input *in, struct arena *a, struct why *ret, struct err *e)
{
	struct asking k = {.in = in, .a = a, .e = e};
	uint32_t *ids;
	bool uncovered, withdrawn;
	*ret = (struct why){.reason = WHY_REASON_COUNT, .id = in->id, .whole = true};
	if (why_known_id(in->v, in->id, a, &ret->id, e) < 0)
		return -(int)e->code;
	int64_t n = vdb_find_id(in->v, ret->id, a, &ids, e);
	if (n < 0 || read_names(&k, ids, n) < 0 || explain_packages(&k, ret) < 0 ||
	    is_uncovered(&k, &uncovered) < 0 || is_withdrawn(&k, ids, n, &withdrawn) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < ret->package_count; i++) {
		enum why_reason r = reason_of(&ret->packages[i].x);
		ret->reason = r < ret->reason ? r : ret->reason;
	}
	if (inspect_find(ret->id) != INSPECT_KIND_COUNT)
		ret->reason = ret->package_count ? ret->reason : WHY_NOT_FOUND;
	else if (n == 0)
		ret->reason = in->now_ms - vdb_built_ms(in->v) > WHY_DATABASE_OLD_MS
				  ? WHY_DATABASE_OLD
				  : WHY_UNKNOWN_ID;
	else if (withdrawn)
		ret->reason = WHY_WITHDRAWN;
	else if (uncovered && (ret->reason == WHY_NOT_ASSESSED || ret->reason >= WHY_NO_RECORD))
		ret->reason = WHY_NOT_COVERED;
	else if (ret->package_count == 0)
		ret->reason = in->unread ? WHY_NOT_READ : WHY_PACKAGE_ABSENT;
	return 0;
}

int64_t why_fetched_ms(const struct vdb *v, struct bytes feed)
{
	struct vdb_source s;
	for (size_t i = 0; feed.len && i < vdb_source_count(v); i++)
		if (vdb_source_get(v, i, &s) && bytes_eq(s.feed, feed))
			return s.fetched_ms;
	return 0;
}

static const char *outcome_word(int i)
{
	static const char *const words[] = {"affected", "not_affected", "no_record", "not_assessed",
					    NULL};
	return words[i];
}

#define W(member, kind, key, ...) RECORD_FIELD(struct why_row, member, kind, key, __VA_ARGS__)
#define W_TEXT(member, key, ...) W(member, RECORD_TEXT, key, __VA_ARGS__, .flags = RECORD_OPTIONAL)
static const struct record_field package_fields[] = {
    W(pkg.type, RECORD_TEXT, "type", "Type of the package URL"),
    W(pkg.name, RECORD_TEXT, "name", "Name of the package"),
    W(pkg.version, RECORD_TEXT, "version", "Its version"),
    W_TEXT(pkg.arch, "arch", "Its architecture"),
    W_TEXT(pkg.source_name, "source_name", "The source package it was built from"),
    W_TEXT(pkg.source_version, "source_version", "The version of that"),
    W(pkg.path, RECORD_TEXT, "path", "The file that states it"),
    W_TEXT(layer, "layer", "Digest of the layer that brought it in"),
    W_TEXT(layer_created_by, "layer_created_by", "History line of that layer"),
    W(x.outcome, RECORD_WORD, "outcome", "What the records come to", .words = outcome_word),
    W_TEXT(x.advisory, "advisory", "The record that decided"),
    W_TEXT(x.feed, "feed", "The feed that it is of"),
    RECORD_FIELD(struct why_row, fetched_ms, RECORD_TIME, "fetched_at", "When that was fetched",
		 .flags = RECORD_OPTIONAL),
    W_TEXT(x.ecosystem, "ecosystem", "The record's ecosystem", .example = "\"Debian:12\""),
    W_TEXT(x.compared, "compared", "The version that was compared"),
    W_TEXT(x.scheme, "scheme", "The order of versions", .example = "\"dpkg\""),
    W_TEXT(x.range, "range", "What it was compared with"),
    W_TEXT(x.fixed, "fixed_version", "The record's fixed version"),
    W(cwes, RECORD_TEXTS, "cwes", "Weaknesses that records of it name", .flags = RECORD_OPTIONAL),
    W(x.text, RECORD_TEXT, "text", "All of it in words, a line for each record"),
};
const struct record_object why_package_object = {
    .name = "WhyPackage",
    .text = "A package of a name that the records mention, and what they say of it",
    RECORD_TABLE(package_fields)};
