/* The schemes, and which OSV ecosystem orders its versions by which. An ecosystem name may carry a
 * release behind ':' ("Debian:12", "Red Hat:enterprise_linux:8::appstream"), which does not change
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
};
const size_t ver_count = sizeof(ver_table) / sizeof(ver_table[0]);

static const struct {
	const char *ecosystem;
	const char *scheme;
} ecosystems[] = {
    {"Debian", "dpkg"},
    {"Ubuntu", "dpkg"},
    {"Echo", "dpkg"},
    {"Docker Hardened Images", "dpkg"},
    {"Alpine", "apk"},
    {"Wolfi", "apk"},
    {"Chainguard", "apk"},
    {"MinimOS", "apk"},
    {"Alpaquita", "apk"},
    {"BellSoft Hardened Containers", "apk"},
    {"AlmaLinux", "rpm"},
    {"Rocky Linux", "rpm"},
    {"Red Hat", "rpm"},
    {"CentOS", "rpm"},
    {"Fedora", "rpm"},
    {"SUSE", "rpm"},
    {"openSUSE", "rpm"},
    {"Photon OS", "rpm"},
    {"Amazon Linux", "rpm"},
    {"Oracle Linux", "rpm"},
    {"Azure Linux", "rpm"},
    {"CBL-Mariner", "rpm"},
    {"openEuler", "rpm"},
    {"Mageia", "rpm"},
    {"Bitnami", "semver"},
    {"Go", "go"},
    {"npm", "npm"},
    {"crates.io", "cargo"},
    {"PyPI", "pep440"},
    {"Maven", "maven"},
    {"RubyGems", "gem"},
    {"NuGet", "nuget"},
    {"Packagist", "composer"},
};

const struct ver_scheme *ver_find(struct bytes name)
{
	for (size_t i = 0; i < ver_count; i++)
		if (bytes_eq_lit(name, ver_table[i].name))
			return &ver_table[i];
	return NULL;
}

const struct ver_scheme *ver_of_ecosystem(struct bytes ecosystem)
{
	struct bytes name = bytes_part(ecosystem, 0, bytes_find(ecosystem, ':'));
	for (size_t i = 0; i < sizeof(ecosystems) / sizeof(ecosystems[0]); i++)
		if (bytes_eq_lit(name, ecosystems[i].ecosystem))
			return ver_find(bytes_of(ecosystems[i].scheme));
	return NULL;
}

const char *ver_ecosystem_name(size_t i)
{
	return i < sizeof(ecosystems) / sizeof(ecosystems[0]) ? ecosystems[i].ecosystem : NULL;
}
