/* The schemes, and which OSV ecosystem orders its versions by which. An ecosystem name may carry a
 * release after ':' ("Debian:12", "Red Hat:enterprise_linux:8::appstream"), which does not change
 * the order. */
#include "pkg/version.h"
#include "pkg/version/schemes.h"

const struct ver_scheme ver_table[] = {
    {.name = "dpkg", .is_valid = ver_dpkg_is_valid, .cmp = ver_dpkg_cmp, .doubt = VER_REFUSE},
    {.name = "rpm", .is_valid = ver_rpm_is_valid, .cmp = ver_rpm_cmp, .doubt = VER_REFUSE},
    {.name = "rpm-label",
     .is_valid = ver_rpm_label_is_valid,
     .cmp = ver_rpm_label_cmp,
     .doubt = VER_REFUSE},
    {.name = "alpm", .is_valid = ver_alpm_is_valid, .cmp = ver_alpm_cmp, .doubt = VER_REFUSE},
    {.name = "apk", .is_valid = ver_apk_is_valid, .cmp = ver_apk_cmp, .doubt = VER_SELF},
    {.name = "apk3", .is_valid = ver_apk3_is_valid, .cmp = ver_apk3_cmp, .doubt = VER_SELF},
    {.name = "semver", .is_valid = ver_semver_is_valid, .cmp = ver_semver_cmp, .doubt = VER_ORDER},
    {.name = "go", .is_valid = ver_go_is_valid, .cmp = ver_go_cmp, .doubt = VER_REFUSE},
    {.name = "npm", .is_valid = ver_npm_is_valid, .cmp = ver_npm_cmp, .doubt = VER_REFUSE},
    {.name = "cargo", .is_valid = ver_cargo_is_valid, .cmp = ver_cargo_cmp, .doubt = VER_REFUSE},
    {.name = "pep440", .is_valid = ver_pep440_is_valid, .cmp = ver_pep440_cmp, .doubt = VER_REFUSE},
    {.name = "maven", .is_valid = ver_maven_is_valid, .cmp = ver_maven_cmp, .doubt = VER_REFUSE},
    {.name = "gem", .is_valid = ver_gem_is_valid, .cmp = ver_gem_cmp, .doubt = VER_REFUSE},
    {.name = "nuget", .is_valid = ver_nuget_is_valid, .cmp = ver_nuget_cmp, .doubt = VER_REFUSE},
    {.name = "composer",
     .is_valid = ver_composer_is_valid,
     .cmp = ver_composer_cmp,
     .doubt = VER_REFUSE},
    {.name = "npm-loose",
     .is_valid = ver_npm_loose_is_valid,
     .cmp = ver_npm_loose_cmp,
     .doubt = VER_REFUSE},
    {.name = "go-toolchain",
     .is_valid = ver_go_toolchain_is_valid,
     .cmp = ver_go_toolchain_cmp,
     .doubt = VER_REFUSE},
    {.name = "hex", .is_valid = ver_hex_is_valid, .cmp = ver_hex_cmp, .doubt = VER_REFUSE},
    {.name = "pub", .is_valid = ver_pub_is_valid, .cmp = ver_pub_cmp, .doubt = VER_ORDER},
    {.name = "cargo-buildmeta", /* the semver crate's own order */
     .is_valid = ver_cargo_is_valid,
     .cmp = ver_pub_cmp,
     .doubt = VER_REFUSE},
    {.name = "cran", .is_valid = ver_cran_is_valid, .cmp = ver_cran_cmp, .doubt = VER_REFUSE},
    {.name = "hackage",
     .is_valid = ver_hackage_is_valid,
     .cmp = ver_hackage_cmp,
     .doubt = VER_REFUSE},
    {.name = "conan", .is_valid = ver_conan_is_valid, .cmp = ver_conan_cmp, .doubt = VER_REFUSE},
    {.name = "gentoo", .is_valid = ver_gentoo_is_valid, .cmp = ver_gentoo_cmp, .doubt = VER_REFUSE},
    {.name = "jvm", .is_valid = ver_jvm_is_valid, .cmp = ver_jvm_cmp, .doubt = VER_REFUSE},
    {.name = "openssl",
     .is_valid = ver_openssl_is_valid,
     .cmp = ver_openssl_cmp,
     .doubt = VER_REFUSE},
    {.name = "composer-lib",
     .is_valid = ver_composer_lib_is_valid,
     .cmp = ver_composer_lib_cmp,
     .doubt = VER_REFUSE},
    {.name = "datetime",
     .is_valid = ver_datetime_is_valid,
     .cmp = ver_datetime_cmp,
     .doubt = VER_REFUSE},
    {.name = "lexicographic",
     .is_valid = ver_lexicographic_is_valid,
     .cmp = ver_lexicographic_cmp,
     .doubt = VER_REFUSE},
    {.name = "bitnami",
     .is_valid = ver_bitnami_is_valid,
     .cmp = ver_bitnami_cmp,
     .doubt = VER_REFUSE},
};
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
