/* The schemes, and which OSV ecosystem orders its versions by which. An ecosystem name may carry a
 * release after ':' ("Debian:12", "Red Hat:enterprise_linux:8::appstream"), which does not change
 * the order. */
#include "pkg/version.h"
#include "pkg/version/schemes.h"

#define SCHEME(text, functions, answer)                                                            \
	{.name = (text),                                                                           \
	 .is_valid = ver_##functions##_is_valid,                                                   \
	 .cmp = ver_##functions##_cmp,                                                             \
	 .doubt = (answer)},
const struct ver_scheme ver_table[] = {
#include "pkg/version/schemes.inc"
};
#undef SCHEME
const size_t ver_count = sizeof(ver_table) / sizeof(ver_table[0]);

static const struct {
	const char *ecosystem;
	const char *scheme;
	bool states_epochs; /* of rpm */
} ecosystems[] = {
    {"Debian", "dpkg", false},
    {"Ubuntu", "dpkg", false},
    {"Echo", "dpkg", false},
    {"Docker Hardened Images", "dpkg", false},
    {"Alpine", "apk", false},
    {"Wolfi", "apk", false},
    {"Chainguard", "apk", false},
    {"MinimOS", "apk", false},
    {"Alpaquita", "apk", false},
    {"BellSoft Hardened Containers", "apk", false},
    {"AlmaLinux", "rpm", true},
    {"Rocky Linux", "rpm", true},
    {"Red Hat", "rpm", true},
    {"CentOS", "rpm", true},
    {"Fedora", "rpm", true},
    {"SUSE", "rpm", false},
    {"openSUSE", "rpm", false},
    {"Photon OS", "rpm", false},
    {"Amazon Linux", "rpm", true},
    {"Oracle Linux", "rpm", true},
    {"Azure Linux", "rpm", false},
    {"CBL-Mariner", "rpm", false},
    {"openEuler", "rpm", false},
    {"Mageia", "rpm", false},
    {"Bottlerocket", "rpm", false},
    {"Arch Linux", "alpm", false},
    {"Bitnami", "bitnami", false},
    {"Go", "go", false},
    {"npm", "npm", false},
    {"crates.io", "cargo", false},
    {"PyPI", "pep440", false},
    {"Maven", "maven", false},
    {"RubyGems", "gem", false},
    {"NuGet", "nuget", false},
    {"Packagist", "composer-lib", false},
    {"Hex", "hex", false},
    {"Pub", "pub", false},
    {"CRAN", "cran", false},
    {"Bioconductor", "cran", false},
    {"Hackage", "hackage", false},
    {"GHC", "hackage", false},
    {"ConanCenter", "conan", false},
    {"Julia", "semver", false},
    {"SwiftURL", "semver", false},
    {"CleanStart", "apk", false},
    {"CocoaPods", "gem", false}, /* Pod::Version is a Gem::Version */
    {"GitHub Actions", "semver", false},
    {"Kubernetes", "semver", false},
    {"VSCode", "semver", false},
    {"opam", "dpkg", false}, /* opam's order is Debian's: opam manual, "Version ordering" */
};
#define ECOSYSTEM_COUNT (sizeof ecosystems / sizeof ecosystems[0])

const struct ver_scheme *ver_find(struct bytes name)
{
	for (size_t i = 0; i < ver_count; i++)
		if (bytes_eq_lit(name, ver_table[i].name))
			return &ver_table[i];
	return NULL;
}

static size_t row_of(struct bytes ecosystem)
{
	/* "Root:Debian:12": packages of Debian that another vendor built */
	if (bytes_has_prefix_lit(ecosystem, "Root:"))
		ecosystem = bytes_from(ecosystem, sizeof "Root:" - 1);
	struct bytes name = bytes_part(ecosystem, 0, bytes_find(ecosystem, ':'));
	size_t i = 0;
	while (i < ECOSYSTEM_COUNT && !bytes_eq_lit(name, ecosystems[i].ecosystem))
		i++;
	return i;
}

const struct ver_scheme *ver_of_ecosystem(struct bytes ecosystem)
{
	size_t i = row_of(ecosystem);
	return i < ECOSYSTEM_COUNT ? ver_find(bytes_of(ecosystems[i].scheme)) : NULL;
}

bool ver_is_comparable(const struct ver_scheme *s, struct bytes v)
{
	bool digit = false, bracket = false;
	for (size_t i = 0; i < v.len; i++) {
		digit |= byte_is_digit(v.ptr[i]);
		bracket |= v.ptr[i] == '<' || v.ptr[i] == '>';
	}
	if (bytes_eq_lit(v, "0"))
		return true; /* OSV: below every version */
	bool strict = s->is_valid == ver_dpkg_is_valid || s->is_valid == ver_rpm_is_valid;
	return digit && !bracket && (!strict || s->is_valid(v));
}

bool ver_states_epochs(struct bytes ecosystem)
{
	size_t i = row_of(ecosystem);
	return i < ECOSYSTEM_COUNT && ecosystems[i].states_epochs;
}

const char *ver_ecosystem_name(size_t i)
{
	return i < sizeof(ecosystems) / sizeof(ecosystems[0]) ? ecosystems[i].ecosystem : NULL;
}
