#include "match/compare.h"

#include <stdlib.h>

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for a comparison");
}

static int by_check(const void *x, const void *y)
{
	const struct finding *a = *(const struct finding *const *)x;
	const struct finding *b = *(const struct finding *const *)y;
	return (a->check.id > b->check.id) - (a->check.id < b->check.id);
}

/* What a package is called, whatever its version. */
static int cmp_names(const struct pkg *a, const struct pkg *b)
{
	int r = bytes_cmp(a->name, b->name);
	r = r ? r : bytes_cmp(a->namespace, b->namespace);
	r = r ? r : bytes_cmp(a->type, b->type);
	return r ? r : bytes_cmp(a->arch, b->arch);
}

static int by_package(const void *x, const void *y)
{
	const struct pkg *a = *(const struct pkg *const *)x, *b = *(const struct pkg *const *)y;
	int r = cmp_names(a, b);
	if (r || bytes_eq(a->version, b->version))
		return r;
	return finding_is_newer(a->version, b->version, a->type) ? 1
	       : finding_is_newer(b->version, a->version, a->type)
		   ? -1
		   : bytes_cmp(a->version, b->version);
}

static const struct finding *either(const struct compare_finding *f)
{
	return f->to ? f->to : f->from;
}

static int by_change(const void *x, const void *y)
{
	const struct compare_finding *a = x, *b = y;
	if (a->change != b->change)
		return a->change < b->change ? -1 : 1;
	return finding_cmp(either(a), either(b));
}

static int compare_findings(struct compare_side *from, struct compare_side *to, struct arena *a,
			    struct compare *ret, struct err *e)
{
	size_t i = 0, k = 0, n = 0;
	ret->findings =
	    arena_alloc(a, from->finding_count + to->finding_count, sizeof *ret->findings);
	if (!ret->findings)
		return no_memory(e);
	if (from->finding_count)
		qsort(from->findings, from->finding_count, sizeof(void *), by_check);
	if (to->finding_count)
		qsort(to->findings, to->finding_count, sizeof(void *), by_check);
	while (i < from->finding_count || k < to->finding_count) {
		const struct finding *f = i < from->finding_count ? from->findings[i] : NULL;
		const struct finding *t = k < to->finding_count ? to->findings[k] : NULL;
		int r = !f ? 1 : !t ? -1 : by_check(&f, &t);
		struct compare_finding *out = &ret->findings[n++];
		out->from = r <= 0 ? f : NULL;
		out->to = r >= 0 ? t : NULL;
		out->change = r < 0 ? COMPARE_GONE : r > 0 ? COMPARE_ADDED : COMPARE_UNCHANGED;
		const struct match_check *c = &either(out)->check;
		out->id = c->id;
		out->kev = c->kev;
		out->cves = (struct record_rows){c->cves, c->cve_count};
		ret->by_severity[out->change][c->severity]++;
		i += r <= 0;
		k += r >= 0;
	}
	ret->finding_count = n;
	if (n)
		qsort(ret->findings, n, sizeof *ret->findings, by_change);
	return 0;
}

static void put_package(struct compare *ret, const struct pkg *from, const struct pkg *to)
{
	enum compare_change change = !from ? COMPARE_ADDED : !to ? COMPARE_GONE : COMPARE_CHANGED;
	ret->packages[ret->package_count++] = (struct compare_package){change, from, to};
	ret->packages_by[change]++;
}

/* Packages that are called alike, of each side: versions that both have are unchanged, the others
 * are paired in their order. */
static void compare_alike(struct compare *ret, const struct pkg **from, size_t from_count,
			  const struct pkg **to, size_t to_count)
{
	size_t i = 0, k = 0, from_left = 0, to_left = 0;
	while (i < from_count || k < to_count) {
		int r = i == from_count ? 1 : k == to_count ? -1 : by_package(&from[i], &to[k]);
		if (r < 0) {
			from[from_left++] = from[i++];
		} else if (r > 0) {
			to[to_left++] = to[k++];
		} else {
			i++;
			k++;
			ret->packages_by[COMPARE_UNCHANGED]++;
		}
	}
	for (i = 0; i < from_left || i < to_left; i++)
		put_package(ret, i < from_left ? from[i] : NULL, i < to_left ? to[i] : NULL);
}

static size_t alike(const struct pkg *const *packages, size_t at, size_t count,
		    const struct pkg *as)
{
	size_t n = at;
	while (n < count && cmp_names(packages[n], as) == 0)
		n++;
	return n - at;
}

static int compare_packages(struct compare_side *from, struct compare_side *to, struct arena *a,
			    struct compare *ret, struct err *e)
{
	size_t i = 0, k = 0;
	ret->packages =
	    arena_alloc(a, from->package_count + to->package_count, sizeof *ret->packages);
	if (!ret->packages)
		return no_memory(e);
	if (from->package_count)
		qsort(from->packages, from->package_count, sizeof(void *), by_package);
	if (to->package_count)
		qsort(to->packages, to->package_count, sizeof(void *), by_package);
	while (i < from->package_count || k < to->package_count) {
		int r = i == from->package_count ? 1
			: k == to->package_count ? -1
						 : cmp_names(from->packages[i], to->packages[k]);
		const struct pkg *first = r <= 0 ? from->packages[i] : to->packages[k];
		size_t of_from = alike(from->packages, i, from->package_count, first);
		size_t of_to = alike(to->packages, k, to->package_count, first);
		compare_alike(ret, from->packages + i, of_from, to->packages + k, of_to);
		i += of_from;
		k += of_to;
	}
	ret->packages_unchanged = ret->packages_by[COMPARE_UNCHANGED];
	return 0;
}

int compare_images(struct compare_side *from, struct compare_side *to, struct arena *a,
		   struct compare *ret, struct err *e)
{
	*ret = (struct compare){0};
	int r = compare_findings(from, to, a, ret, e);
	return r < 0 ? r : compare_packages(from, to, a, ret, e);
}

static const char *finding_change_word(int i)
{
	static const char *const words[] = {"added", "fixed", "changed", "unchanged", NULL};
	return words[i];
}
static const char *package_change_word(int i)
{
	static const char *const words[] = {"added", "removed", "changed", NULL};
	return words[i];
}

#define FINDING_TEXT(name, member)                                                                 \
	static struct bytes name(const void *row)                                                  \
	{                                                                                          \
		const struct compare_finding *f = row;                                             \
		return either(f)->member;                                                          \
	}
FINDING_TEXT(check_title, check.title)
FINDING_TEXT(check_advisory, check.advisory)
FINDING_TEXT(check_package, check.source_name)
FINDING_TEXT(check_fixed, fixed)
static struct bytes check_severity(const void *row)
{
	return bytes_of(finding_severity_word((int)either(row)->check.severity));
}
static struct bytes from_installed(const void *row)
{
	const struct compare_finding *f = row;
	return f->from ? f->from->installed : BYTES_NONE;
}
static struct bytes to_installed(const void *row)
{
	const struct compare_finding *f = row;
	return f->to ? f->to->installed : BYTES_NONE;
}

#define SHOWN(key_, made_, ...) RECORD_SHOWN(RECORD_TEXT, key_, __VA_ARGS__, .made = made_)
static const struct record_field finding_fields[] = {
    RECORD_FIELD(struct compare_finding, change, RECORD_WORD, "change",
		 "added: of the image only. fixed: of the other one only. unchanged: of both",
		 .words = finding_change_word),
    RECORD_FIELD(struct compare_finding, id, RECORD_UINT, "id", "Number of the security check"),
    RECORD_FIELD(struct compare_finding, cves, RECORD_TEXTS, "cves", "The CVEs it is about"),
    RECORD_FIELD(struct compare_finding, kev, RECORD_BOOL, "kev",
		 "Listed in CISA KEV: known to be exploited"),
    SHOWN("check", check_title, "Title of the security check"),
    SHOWN("advisory", check_advisory, "The advisory's id"),
    SHOWN("severity", check_severity, "Its severity"),
    SHOWN("package", check_package, "The package it is about"),
    SHOWN("from_version", from_installed, "The package's version in the other image",
	  .flags = RECORD_OPTIONAL),
    SHOWN("to_version", to_installed, "Its version in the image", .flags = RECORD_OPTIONAL),
    SHOWN("fixed_version", check_fixed, "The version that fixes it", .flags = RECORD_OPTIONAL),
};
const struct record_object compare_finding_object = {
    .name = "ComparedFinding",
    .text = "A security check that is a finding of one of the two images, or of both",
    RECORD_TABLE(finding_fields)};

static const struct pkg *either_package(const void *row)
{
	const struct compare_package *p = row;
	return p->to ? p->to : p->from;
}
static struct bytes package_type(const void *row)
{
	return either_package(row)->type;
}
static struct bytes package_name(const void *row)
{
	return either_package(row)->name;
}
static struct bytes package_arch(const void *row)
{
	return either_package(row)->arch;
}
static struct bytes from_version(const void *row)
{
	const struct compare_package *p = row;
	return p->from ? p->from->version : BYTES_NONE;
}
static struct bytes to_version(const void *row)
{
	const struct compare_package *p = row;
	return p->to ? p->to->version : BYTES_NONE;
}
static const struct record_field package_fields[] = {
    RECORD_FIELD(
	struct compare_package, change, RECORD_WORD, "change",
	"added: of the image only. removed: of the other one only. changed: another version",
	.words = package_change_word),
    SHOWN("type", package_type, "Type of the package URL"),
    SHOWN("name", package_name, "Name of the package"),
    SHOWN("arch", package_arch, "Its architecture", .flags = RECORD_OPTIONAL),
    SHOWN("from_version", from_version, "Its version in the other image", .flags = RECORD_OPTIONAL),
    SHOWN("to_version", to_version, "Its version in the image", .flags = RECORD_OPTIONAL),
};
const struct record_object compare_package_object = {
    .name = "ComparedPackage",
    .text = "A package that the two images do not have in the same version",
    RECORD_TABLE(package_fields)};
