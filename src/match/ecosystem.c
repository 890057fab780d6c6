/* Which OSV ecosystems packages are looked up in: a language's by their type, a distribution's by
 * its release. Rows for each os-release id; the pattern's letters: %M major version, %N major.minor
 * as written, %V all of it, %S "15 SP5" from "15.5". Names as the OSV schema lists them, where it
 * lists the distribution. */
#include "match/ecosystem.h"

#include "base/num.h"
#include "pkg/streams.h"

#include <stdio.h>

#define PATTERNS_MAX 16
#define UNNUMBERED 0, 0 /* the row is for releases without a number: rolling ones */
#define ANY 0, 999999	/* for every number */

struct distro_row {
	const char *id;
	unsigned first, last; /* majors that the row is for */
	const char *patterns[PATTERNS_MAX];
};

#define RED_HAT "Red Hat:enterprise_linux:%M"
#define SLE "SUSE:Linux Enterprise "
#define SLE_MODULES                                                                                \
	SLE "Module for Basesystem %S", SLE "Module for Server Applications %S",                   \
	    SLE "Module for Development Tools %S", SLE "Module for Web and Scripting %S",          \
	    SLE "Module for Containers %S", SLE "Module for Python 3 %S",                          \
	    SLE "Module for Legacy %S", SLE "Module for Desktop Applications %S",                  \
	    SLE "Module for Public Cloud %S"
#define SLE_12                                                                                     \
	SLE "Software Development Kit %S", SLE "Module for Web and Scripting %M",                  \
	    SLE "Module for Containers %M", SLE "Module for Legacy %M",                            \
	    SLE "Module for Public Cloud %M", SLE "Module for Toolchain %M"
#define SLES SLE "Server %S", SLE "Server %S-LTSS"

static const struct distro_row distros[] = {
    {"debian", 7, 999, {"Debian:%M"}},
    {"debian", 4, 6, {"Debian:%M.0"}},
    {"raspbian", 7, 999, {"Debian:%M"}},
    {"echo", UNNUMBERED, {"Echo"}},
    {"echo", ANY, {"Echo"}},
    {"alpine", ANY, {"Alpine:v%N"}},
    {"wolfi", UNNUMBERED, {"Wolfi"}},
    {"wolfi", 1, 999999999, {"Wolfi"}}, /* "20230201" */
    {"chainguard", UNNUMBERED, {"Chainguard"}},
    {"chainguard", 1, 999999999, {"Chainguard"}},
    {"minimos", UNNUMBERED, {"MinimOS"}},
    {"minimos", 1, 999999999, {"MinimOS"}},
    {"alpaquita", ANY, {"Alpaquita:%M"}},
    {"alpaquita", UNNUMBERED, {"Alpaquita:stream"}},
    {"bellsoft-hardened-containers", ANY, {"BellSoft Hardened Containers:%M"}},
    {"bellsoft-hardened-containers", UNNUMBERED, {"BellSoft Hardened Containers:stream"}},
    {"almalinux", ANY, {"AlmaLinux:%M", "AlmaLinux"}},
    {"rocky", ANY, {"Rocky Linux:%M", "Rocky Linux"}},
    {"rhel", 1, 9, {RED_HAT "::*", RED_HAT}},
    {"rhel", 10, 99, {RED_HAT "*"}},
    /* CentOS Stream ("centos-stream", and 9 and later) is not rebuilt from RHEL: no one publishes
       data for it. */
    {"centos", 1, 8, {RED_HAT "::*", RED_HAT}},
    {"ol", ANY, {"Oracle Linux:%M"}},
    /* Releases of the first generation have the number of a year, 2011.09 to 2018.03. */
    {"amzn", 1, 1, {"Amazon Linux:1"}},
    {"amzn", 2, 2010, {"Amazon Linux:%M"}},
    {"amzn", 2011, 2018, {"Amazon Linux:1"}},
    {"amzn", 2019, 9999, {"Amazon Linux:%M"}},
    {"arch", UNNUMBERED, {"Arch Linux"}},
    {"arch", 1, 999999999, {"Arch Linux"}}, /* images have the day they were built */
    {"fedora", ANY, {"Fedora:%M"}},
    {"photon", ANY, {"Photon OS:%N"}},
    /* OSV's own feed calls both generations Azure Linux and names the major alone. */
    {"mariner", ANY, {"CBL-Mariner:%N", "Azure Linux:%M"}},
    {"azurelinux", ANY, {"Azure Linux:%M", "Azure Linux:%N"}},
    {"mageia", ANY, {"Mageia:%M"}},
    {"openeuler", ANY, {"openEuler:%V"}},
    {"bottlerocket", ANY, {"Bottlerocket"}},
    {"opensuse-leap", ANY, {"openSUSE:Leap %N"}},
    {"opensuse-leap-micro", ANY, {"openSUSE:Leap Micro %N"}},
    {"opensuse-tumbleweed", UNNUMBERED, {"openSUSE:Tumbleweed"}},
    {"opensuse-tumbleweed", 1, 999999999, {"openSUSE:Tumbleweed"}}, /* "20240101" */
    {"opensuse-microos", UNNUMBERED, {"openSUSE:Tumbleweed"}},
    {"opensuse-microos", 1, 999999999, {"openSUSE:Tumbleweed"}},
    /* What a product holds is published under the module that brings it; after general support a
       release goes on as "-LTSS". */
    {"sles", 1, 11, {SLES}},
    {"sles", 12, 12, {SLES, SLE_12}},
    {"sles", 13, 15, {SLES, SLE_MODULES}},
    {"sles", 16, 99, {SLE "Server %N"}},
    {"sles_sap", 12, 12, {SLE "Server for SAP Applications %S", SLES, SLE_12}},
    {"sles_sap", 13, 15, {SLE "Server for SAP Applications %S", SLES, SLE_MODULES}},
    {"sles_sap", 16, 99, {SLE "Server for SAP applications %N", SLE "Server %N"}},
    {"sled", 12, 12, {SLE "Desktop %S", SLE_12}},
    {"sled", 13, 15, {SLE "Desktop %S", SLE_MODULES}},
    {"sle_hpc",
     12,
     15,
     {SLE "High Performance Computing %S", SLE "High Performance Computing %S-LTSS",
      SLE "High Performance Computing %S-ESPOS", SLE "Module for HPC %S", SLE_MODULES}},
    {"sle-micro", ANY, {SLE "Micro %N"}},
    {"sl-micro", ANY, {"SUSE:Linux Micro %N", SLE "Micro %N"}},
};

struct bytes ecosystem_distro_id(const struct pkg *p)
{
	return bytes_part(p->distro, 0, bytes_find(p->distro, ':'));
}

struct bytes ecosystem_distro_version(const struct pkg *p)
{
	struct bytes rest = bytes_from(p->distro, bytes_find(p->distro, ':') + 1);
	return bytes_cut(&rest, ':');
}

struct bytes ecosystem_distro_streams(const struct pkg *p)
{
	struct bytes rest = p->distro;
	bytes_cut(&rest, ':');
	bytes_cut(&rest, ':');
	return rest;
}

const char *ecosystem_row(size_t i, unsigned *ret_major)
{
	if (i >= sizeof distros / sizeof *distros)
		return NULL;
	*ret_major = distros[i].last && !distros[i].first ? 1 : distros[i].first;
	return distros[i].id;
}

bool ecosystem_has_type(const struct pkg *p)
{
	if (p->class != PKG_OS)
		return true;
	static const struct {
		const char *id, *type;
	} others[] = {
	    {"debian", "deb"},
	    {"ubuntu", "deb"},
	    {"raspbian", "deb"},
	    {"echo", "deb"},
	    {"alpine", "apk"},
	    {"wolfi", "apk"},
	    {"chainguard", "apk"},
	    {"minimos", "apk"},
	    {"arch", "alpm"},
	    {"alpaquita", "apk"},
	    {"bellsoft-hardened-containers", "apk"},
	};
	struct bytes id = ecosystem_distro_id(p);
	const char *type = NULL;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (bytes_eq_lit(id, others[i].id))
			type = others[i].type;
	for (size_t i = 0; !type && i < sizeof distros / sizeof *distros; i++)
		if (bytes_eq_lit(id, distros[i].id))
			type = "rpm";
	return !type || p->type.len == 0 || bytes_eq_lit(p->type, type);
}

struct bytes ecosystem_vendor(struct bytes ecosystem)
{
	return bytes_part(ecosystem, 0, bytes_find(ecosystem, ':'));
}

static void expand(struct buf *out, const char *pattern, struct bytes version)
{
	struct bytes rest = version;
	struct bytes major = bytes_cut(&rest, '.');
	struct bytes minor = bytes_cut(&rest, '.');
	for (const char *c = pattern; *c; c++) {
		if (*c != '%') {
			buf_put_u8(out, (uint8_t)*c);
			continue;
		}
		c++;
		if (*c == 'V') {
			buf_put(out, version);
			continue;
		}
		buf_put(out, major);
		if (minor.len && *c != 'M') {
			buf_put_text(out, *c == 'S' ? " SP" : ".");
			buf_put(out, minor);
		}
	}
}

struct names {
	struct arena *a;
	struct bytes *out;
	size_t count;
	bool ok; /* false: out of memory */
};

static void add(struct names *n, const char *pattern, struct bytes version)
{
	struct buf b;
	bool ok = false;
	buf_init(&b, 4000);
	expand(&b, pattern, version);
	struct bytes name = buf_ok(&b) ? arena_bytes(n->a, buf_bytes(&b), &ok) : BYTES_NONE;
	buf_free(&b);
	n->ok = n->ok && ok;
	if (ok && n->count < MATCH_ECOSYSTEMS_MAX)
		n->out[n->count++] = name;
}

static bool has_folded(struct bytes text, const char *lower)
{
	struct bytes part = bytes_of(lower);
	for (size_t i = 0; i + part.len <= text.len; i++) {
		size_t n = 0;
		while (n < part.len && byte_lower(text.ptr[i + n]) == part.ptr[n])
			n++;
		if (n == part.len)
			return true;
	}
	return false;
}

/* "Ubuntu:Pro:FIPS:20.04:LTS" and its like; service NULL: whatever the image's is. */
static void add_service(struct names *n, const char *name, const char *service, bool lts,
			const struct pkg *p)
{
	static const char *const fips[] = {"fips", "fips-preview", "fips-updates"};
	struct bytes streams = ecosystem_distro_streams(p);
	char pattern[64] = "Ubuntu:Pro:";
	bool stated = false;
	for (size_t i = 0; i < sizeof fips / sizeof *fips; i++)
		stated |= pkg_streams_has(streams, bytes_of(fips[i]));
	if (stated && service && !pkg_streams_has(streams, bytes_of(service)))
		return;
	size_t len = bytes_of(pattern).len;
	for (const char *c = name; *c && len < sizeof pattern - 10; c++)
		pattern[len++] = *c;
	for (const char *c = lts ? ":%N:LTS" : ":%N"; *c; c++)
		pattern[len++] = *c;
	pattern[len] = 0;
	add(n, pattern, ecosystem_distro_version(p));
}

/* 22.04, 24.04: April of an even year is a long-term release. Packages of the FIPS streams are
 * built from other sources than the release's, under the same names: their versions only compare
 * with their own records. */
static void add_ubuntu(struct names *n, const struct pkg *p)
{
	uint64_t year;
	struct bytes version = ecosystem_distro_version(p);
	bool lts = num_u64(bytes_part(version, 0, bytes_find(version, '.')), 99, &year) &&
		   year % 2 == 0 && bytes_has_suffix_lit(version, ".04");
	/* "1.1.1f-1ubuntu2.fips.2.8", "linux-aws-fips"; not "rust-fips203" */
	if (has_folded(p->version, "fips") || bytes_has_suffix_lit(p->source_name, "-fips")) {
		add_service(n, "FIPS-updates", "fips-updates", lts, p);
		add_service(n, "FIPS", "fips", lts, p);
		add_service(n, "FIPS-preview", "fips-preview", lts, p);
		return;
	}
	if (lts)
		add(n, "Ubuntu:%N:LTS", version);
	add(n, "Ubuntu:%N", version);
	add(n, lts ? "Ubuntu:Pro:%N:LTS" : "Ubuntu:Pro:%N", version);
	if (has_folded(p->source_name, "realtime")) {
		add_service(n, "Realtime", NULL, lts, p);
		add(n, lts ? "Ubuntu:Pro:%N:LTS:Realtime:Kernel" : "Ubuntu:Pro:%N:Realtime:Kernel",
		    version);
	}
}

/* "Red Hat:rhel_eus:9.2::*" of "rhel_eus:9.2", "Red Hat:openshift:4.12::el9*" of "openshift:4.12".
 * The release's own is looked up for all. */
static void add_streams(struct names *n, struct bytes streams, struct bytes version)
{
	while (streams.len) {
		char pattern[PKG_STREAM_LEN_MAX + 32];
		struct bytes stream = bytes_cut(&streams, ',');
		const char *rest = bytes_has_prefix_lit(stream, "rhel_") ? "::*" : "::el%M*";
		if (bytes_has_prefix_lit(stream, "enterprise_linux:") ||
		    stream.len > PKG_STREAM_LEN_MAX || bytes_find(stream, '%') < stream.len)
			continue;
		(void)snprintf(pattern, sizeof pattern, "Red Hat:%.*s%s", BYTES_ARG(stream), rest);
		add(n, pattern, version);
		struct bytes release = bytes_from(stream, sizeof "rhel_eus:" - 1);
		/* since 10 the extended update stream has another name */
		if (bytes_has_prefix_lit(stream, "rhel_eus:1")) {
			(void)snprintf(pattern, sizeof pattern,
				       "Red Hat:enterprise_linux_eus:%.*s*", BYTES_ARG(release));
			add(n, pattern, version);
		}
	}
}

/* Alpine: the releases of the repositories besides the image's own. */
static void add_branches(struct names *n, struct bytes streams)
{
	while (streams.len) {
		char pattern[PKG_STREAM_LEN_MAX + 16];
		struct bytes release = bytes_cut(&streams, ',');
		if (release.len > PKG_STREAM_LEN_MAX || bytes_find(release, '%') < release.len)
			continue;
		(void)snprintf(pattern, sizeof pattern, "Alpine:%s%.*s",
			       bytes_eq_lit(release, "edge") ? "" : "v", BYTES_ARG(release));
		add(n, pattern, BYTES_NONE);
	}
}

/* "3.20_alpha20240315" is what Alpine's edge calls itself; Debian's sid has no version at all. */
static bool is_rolling(struct bytes id, struct bytes version)
{
	if (bytes_eq_lit(id, "debian"))
		return version.len == 0 || bytes_eq_lit(version, "sid");
	return bytes_eq_lit(id, "alpine") &&
	       (version.len == 0 || bytes_eq_lit(version, "edge") ||
		bytes_find_bytes(version, BYTES_LIT("_alpha")) < version.len);
}

static void add_rows(struct names *n, struct bytes id, struct bytes version, bool numbered,
		     uint64_t major)
{
	for (size_t i = 0; i < sizeof distros / sizeof *distros; i++) {
		const struct distro_row *d = &distros[i];
		bool fits =
		    numbered ? d->last && major >= d->first && major <= d->last : d->last == 0;
		for (size_t k = 0;
		     fits && bytes_eq_lit(id, d->id) && k < PATTERNS_MAX && d->patterns[k]; k++)
			add(n, d->patterns[k], version);
	}
}

/* By their type alone: what a language's package is does not depend on the distribution. */
static const struct {
	const char *type, *ecosystem;
} languages[] = {
    {"bitnami", "Bitnami"},	{"cargo", "crates.io"},
    {"composer", "Packagist"},	{"conan", "ConanCenter"},
    {"cran", "CRAN"},		{"gem", "RubyGems"},
    {"generic", "Bitnami"},	{"golang", "Go"},
    {"hackage", "Hackage"},	{"hex", "Hex"},
    {"julia", "Julia"},		{"maven", "Maven"},
    {"cocoapods", "CocoaPods"}, {"npm", "npm"},
    {"nuget", "NuGet"},		{"pub", "Pub"},
    {"pypi", "PyPI"},		{"swift", "SwiftURL"},
};

static void add_language(struct names *n, const struct pkg *p)
{
	for (size_t i = 0; i < sizeof languages / sizeof *languages; i++)
		if (bytes_eq_lit(p->type, languages[i].type))
			add(n, languages[i].ecosystem, BYTES_NONE);
}

bool ecosystem_names(const struct pkg *p, struct arena *a, struct bytes out[MATCH_ECOSYSTEMS_MAX],
		     size_t *ret_count)
{
	struct bytes id = ecosystem_distro_id(p), version = ecosystem_distro_version(p);
	struct names n = {.a = a, .out = out, .ok = true};
	uint64_t major = 0;
	bool numbered =
	    num_u64(bytes_part(version, 0, bytes_find(version, '.')), 999999999, &major);
	if (p->class != PKG_OS) {
		add_language(&n, p);
		*ret_count = n.count;
		return n.ok;
	}
	if (bytes_eq_lit(id, "rhel") && numbered)
		add_streams(&n, ecosystem_distro_streams(p), version);
	if (!ecosystem_has_type(p)) {
		*ret_count = 0;
		return true;
	}
	if (is_rolling(id, version)) {
		bool debian = bytes_eq_lit(id, "debian");
		add(&n, debian ? "Debian:sid" : "Alpine:edge", version);
		if (debian)
			add(&n, "Debian", version);
	} else if (!bytes_eq_lit(id, "ubuntu")) {
		add_rows(&n, id, version, numbered, major);
	} else if (numbered) {
		add_ubuntu(&n, p);
	}
	if (bytes_eq_lit(id, "alpine")) {
		add_branches(&n, ecosystem_distro_streams(p));
		add(&n, ECOSYSTEM_ALPINE_REJECTED, version);
	}
	*ret_count = n.count;
	return n.ok;
}

size_t match_ecosystems(const struct pkg *p, struct arena *a,
			struct bytes out[MATCH_ECOSYSTEMS_MAX])
{
	size_t n;
	return ecosystem_names(p, a, out, &n) ? n : 0;
}
