/* Product streams: who gets a fix. docs/decisions/product-streams.md holds why.
 *
 * Ubuntu Pro: records of "Ubuntu:Pro:…" state what services of a subscription deliver; the service
 * is the record's module ("esm-infra"), or the ecosystem's own
 * ("Ubuntu:Pro:FIPS-updates:20.04:LTS"). Red Hat: an image of an extended update stream
 * ("rhel_eus:9.2") gets what was fixed until its minor release branched off ("-3.el9", "-3.el9_2"),
 * not what was fixed for a later one ("-3.el9_4"). */
#include "match/stream.h"

#include "base/num.h"
#include "match/ecosystem.h"
#include "match/verdict.h"
#include "pkg/streams.h"

static const struct {
	const char *ecosystem, *service;
} services[] = {
    {"Ubuntu:Pro:FIPS-updates:", "fips-updates"},
    {"Ubuntu:Pro:FIPS-preview:", "fips-preview"},
    {"Ubuntu:Pro:FIPS:", "fips"},
    {"Ubuntu:Pro:Realtime:", "realtime-kernel"},
};

static bool is_attached(struct bytes streams, const struct adv_affected *x)
{
	for (size_t i = 0; i < sizeof services / sizeof *services; i++)
		if (bytes_has_prefix_lit(x->ecosystem, services[i].ecosystem))
			return pkg_streams_has(streams, bytes_of(services[i].service));
	if (bytes_has_suffix_lit(x->ecosystem, ":Realtime:Kernel"))
		return pkg_streams_has(streams, BYTES_LIT("realtime-kernel"));
	if (x->module.len)
		return pkg_streams_has(streams, x->module);
	return pkg_streams_has(streams, BYTES_LIT("esm-infra")) ||
	       pkg_streams_has(streams, BYTES_LIT("esm-apps"));
}

/* The minor release of an extended update stream, or UINT64_MAX. */
static uint64_t extended_minor(struct bytes streams)
{
	static const char *const products[] = {"rhel_eus", "rhel_e4s", "rhel_aus", "rhel_tus"};
	while (streams.len) {
		struct bytes version = bytes_cut(&streams, ',');
		struct bytes product = bytes_cut(&version, ':');
		uint64_t minor;
		bytes_cut(&version, '.');
		for (size_t i = 0; i < sizeof products / sizeof *products; i++)
			if (bytes_eq_lit(product, products[i]) && num_u64(version, 999, &minor))
				return minor;
	}
	return UINT64_MAX;
}

bool stream_is_extended(const struct pkg *p)
{
	struct bytes streams = ecosystem_distro_streams(p);
	/* streams are sorted: the release's own is the first of those in question */
	return bytes_eq_lit(ecosystem_distro_id(p), "rhel") &&
	       extended_minor(streams) != UINT64_MAX &&
	       bytes_find_bytes(streams, BYTES_LIT("enterprise_linux:")) == streams.len;
}

uint64_t stream_minor(struct bytes version)
{
	struct bytes release = bytes_from(version, bytes_find_last(version, '-'));
	struct bytes rest = bytes_from(release, bytes_find_bytes(release, BYTES_LIT("el")) + 2);
	size_t n = 0;
	uint64_t minor;
	while (n < rest.len && byte_is_digit(rest.ptr[n]))
		n++;
	if (n == 0 || n >= rest.len || (rest.ptr[n] != '_' && rest.ptr[n] != '.'))
		return UINT64_MAX;
	bool dot = rest.ptr[n] == '.';
	rest = bytes_from(rest, n + 1);
	for (n = 0; n < rest.len && byte_is_digit(rest.ptr[n]);)
		n++;
	/* "el9.1" is a rebuild's own number; in "module+el8.4.0" the minor release is after
	 * the dot */
	if (dot && bytes_find_bytes(release, BYTES_LIT("module")) == release.len)
		return UINT64_MAX;
	return num_u64(bytes_part(rest, 0, n), 999, &minor) ? minor : UINT64_MAX;
}

bool stream_is_main(const struct adv_affected *x)
{
	return bytes_has_prefix_lit(x->ecosystem, "Red Hat:enterprise_linux:");
}

bool stream_is_second(const struct pkg *p, const struct adv_affected *x)
{
	struct bytes version = ecosystem_distro_version(p);
	struct bytes release = bytes_from(x->ecosystem, sizeof "Alpine:" - 1);
	if (!bytes_eq_lit(ecosystem_distro_id(p), "alpine") || ecosystem_distro_streams(p).len == 0)
		return false;
	/* "3.20_alpha20240315" is what edge calls itself */
	if (bytes_eq_lit(version, "edge") ||
	    bytes_find_bytes(version, BYTES_LIT("_alpha")) < version.len)
		return !bytes_eq_lit(release, "edge");
	release = bytes_from(release, 1);
	return !bytes_has_prefix(version, release) ||
	       (version.len > release.len && version.ptr[release.len] != '.');
}

enum verdict_fix stream_fix(const struct pkg *p, const struct adv_affected *x, struct bytes fixed)
{
	struct bytes streams = ecosystem_distro_streams(p);
	if (bytes_has_prefix_lit(x->ecosystem, "Ubuntu:Pro:"))
		return is_attached(streams, x) ? FIX_OWN : FIX_PRO;
	if (!stream_is_main(x) || fixed.len == 0 || !stream_is_extended(p))
		return FIX_OWN;
	uint64_t minor = stream_minor(fixed);
	return minor != UINT64_MAX && minor > extended_minor(streams) ? FIX_OTHER_STREAM : FIX_OWN;
}
