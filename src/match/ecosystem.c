/* Which OSV ecosystems a distribution's packages are looked up in. One row for each os-release id; the pattern's letters: %M major version, %N
 * major.minor as written, %V all of it, %S "15 SP5" from "15.5". */
#include "match/verdict.h"

#include "base/num.h"

struct distro_row {
	const char *id;
	unsigned first, last; /* majors that the row is for; 0, 0 = any */
	const char *patterns[MATCH_ECOSYSTEMS_MAX];
};

#define RED_HAT "Red Hat:enterprise_linux:%M"
static const struct distro_row distros[] = {
	{"debian", 7, 999, {"Debian:%M"}},
	{"debian", 4, 6, {"Debian:%M.0"}},
	{"raspbian", 7, 999, {"Debian:%M"}},
	{"alpine", 0, 0, {"Alpine:v%N"}},
	{"wolfi", 0, 0, {"Wolfi"}},
	{"chainguard", 0, 0, {"Chainguard"}},
	{"minimos", 0, 0, {"MinimOS"}},
	{"alpaquita", 0, 0, {"Alpaquita:%V", "Alpaquita:stream"}},
	{"almalinux", 0, 0, {"AlmaLinux:%M", "AlmaLinux"}},
	{"rocky", 0, 0, {"Rocky Linux:%M", "Rocky Linux"}},
	{"rhel", 1, 9, {RED_HAT "::*", RED_HAT}},
	{"rhel", 10, 99, {RED_HAT "*"}},
	/* CentOS Stream ("centos-stream", and 9 and later) is not rebuilt from RHEL: nobody publishes data for it. */
	{"centos", 1, 8, {RED_HAT "::*", RED_HAT}},
	{"ol", 0, 0, {"Oracle Linux:%M"}},
	{"amzn", 2, 2017, {"Amazon Linux:%M"}},
	{"amzn", 2018, 2018, {"Amazon Linux:1"}},
	{"amzn", 2019, 9999, {"Amazon Linux:%M"}},
	{"fedora", 0, 0, {"Fedora:%M"}},
	{"photon", 0, 0, {"Photon OS:%N"}},
	{"mariner", 0, 0, {"CBL-Mariner:%N"}},
	{"azurelinux", 0, 0, {"Azure Linux:%N"}},
	{"mageia", 0, 0, {"Mageia:%M"}},
	{"bottlerocket", 0, 0, {"Bottlerocket"}},
	{"opensuse-leap", 0, 0, {"openSUSE:Leap %N"}},
	{"opensuse-tumbleweed", 0, 0, {"openSUSE:Tumbleweed"}},
	{"sles",
	 0,
	 0,
	 {"SUSE:Linux Enterprise Server %S", "SUSE:Linux Enterprise Module for Basesystem %S",
	  "SUSE:Linux Enterprise Module for Server Applications %S",
	  "SUSE:Linux Enterprise Module for Development Tools %S",
	  "SUSE:Linux Enterprise Module for Web and Scripting %S",
	  "SUSE:Linux Enterprise Server %S-LTSS"}},
};

struct bytes distro_id(const struct pkg *p)
{
	return bytes_part(p->distro, 0, bytes_find(p->distro, ':'));
}

struct bytes distro_version(const struct pkg *p)
{
	return bytes_from(p->distro, bytes_find(p->distro, ':') + 1);
}

struct bytes vendor_of(struct bytes ecosystem)
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
	bool ok; /* false: memory is spent */
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

/* 22.04, 24.04: April of an even year is a long-term release. */
static void add_ubuntu(struct names *n, struct bytes version)
{
	uint64_t year;
	bool lts = num_u64(bytes_part(version, 0, bytes_find(version, '.')), 99, &year) &&
		   year % 2 == 0 && bytes_has_suffix_lit(version, ".04");
	if (lts)
		add(n, "Ubuntu:%N:LTS", version);
	add(n, "Ubuntu:%N", version);
	add(n, lts ? "Ubuntu:Pro:%N:LTS" : "Ubuntu:Pro:%N", version);
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

static void add_rows(struct names *n, struct bytes id, struct bytes version, bool numbered, uint64_t major)
{
	for (size_t i = 0; i < sizeof distros / sizeof *distros; i++) {
		const struct distro_row *d = &distros[i];
		if (!bytes_eq_lit(id, d->id) ||
		    (d->last && (!numbered || major < d->first || major > d->last)))
			continue;
		for (size_t k = 0; k < MATCH_ECOSYSTEMS_MAX && d->patterns[k]; k++) {
			struct bytes pattern = bytes_of(d->patterns[k]);
			if (numbered || bytes_find(pattern, '%') == pattern.len)
				add(n, d->patterns[k], version);
		}
	}
}

bool ecosystems_of(const struct pkg *p, struct arena *a, struct bytes out[MATCH_ECOSYSTEMS_MAX],
		   size_t *ret_count)
{
	struct bytes id = distro_id(p), version = distro_version(p);
	struct names n = {.a = a, .out = out, .ok = true};
	uint64_t major = 0;
	bool numbered = num_u64(bytes_part(version, 0, bytes_find(version, '.')), 100000, &major);
	if (p->class != PKG_OS) {
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
		add_ubuntu(&n, version);
	}
	*ret_count = n.count;
	return n.ok;
}

size_t match_ecosystems(const struct pkg *p, struct arena *a, struct bytes out[MATCH_ECOSYSTEMS_MAX])
{
	size_t n;
	return ecosystems_of(p, a, out, &n) ? n : 0;
}
