/* schemes (ver_): what the rows of ver_table call. Each pair is defined in the file of its scheme.
 */
#pragma once
#include "base/bytes.h"
#include <stdbool.h>

bool ver_dpkg_is_valid(struct bytes v);
int ver_dpkg_cmp(struct bytes a, struct bytes b);
bool ver_rpm_is_valid(struct bytes v);
int ver_rpm_cmp(struct bytes a, struct bytes b);
bool ver_rpm_label_is_valid(struct bytes v);
int ver_rpm_label_cmp(struct bytes a, struct bytes b);
bool ver_alpm_is_valid(struct bytes v);
int ver_alpm_cmp(struct bytes a, struct bytes b);
bool ver_apk_is_valid(struct bytes v);
int ver_apk_cmp(struct bytes a, struct bytes b);
bool ver_apk3_is_valid(struct bytes v);
int ver_apk3_cmp(struct bytes a, struct bytes b);
bool ver_semver_is_valid(struct bytes v);
int ver_semver_cmp(struct bytes a, struct bytes b);
bool ver_go_is_valid(struct bytes v);
int ver_go_cmp(struct bytes a, struct bytes b);
bool ver_npm_is_valid(struct bytes v);
int ver_npm_cmp(struct bytes a, struct bytes b);
bool ver_cargo_is_valid(struct bytes v);
int ver_cargo_cmp(struct bytes a, struct bytes b);
bool ver_pep440_is_valid(struct bytes v);
int ver_pep440_cmp(struct bytes a, struct bytes b);
bool ver_maven_is_valid(struct bytes v);
int ver_maven_cmp(struct bytes a, struct bytes b);
bool ver_gem_is_valid(struct bytes v);
int ver_gem_cmp(struct bytes a, struct bytes b);
bool ver_nuget_is_valid(struct bytes v);
int ver_nuget_cmp(struct bytes a, struct bytes b);
bool ver_composer_is_valid(struct bytes v);
int ver_composer_cmp(struct bytes a, struct bytes b);
bool ver_npm_loose_is_valid(struct bytes v);
int ver_npm_loose_cmp(struct bytes a, struct bytes b);
bool ver_go_toolchain_is_valid(struct bytes v);
int ver_go_toolchain_cmp(struct bytes a, struct bytes b);
bool ver_hex_is_valid(struct bytes v);
int ver_hex_cmp(struct bytes a, struct bytes b);
bool ver_pub_is_valid(struct bytes v);
int ver_pub_cmp(struct bytes a, struct bytes b);
bool ver_cran_is_valid(struct bytes v);
int ver_cran_cmp(struct bytes a, struct bytes b);
bool ver_hackage_is_valid(struct bytes v);
int ver_hackage_cmp(struct bytes a, struct bytes b);
bool ver_conan_is_valid(struct bytes v);
int ver_conan_cmp(struct bytes a, struct bytes b);
bool ver_gentoo_is_valid(struct bytes v);
int ver_gentoo_cmp(struct bytes a, struct bytes b);
bool ver_jvm_is_valid(struct bytes v);
int ver_jvm_cmp(struct bytes a, struct bytes b);
bool ver_openssl_is_valid(struct bytes v);
int ver_openssl_cmp(struct bytes a, struct bytes b);
bool ver_composer_lib_is_valid(struct bytes v);
int ver_composer_lib_cmp(struct bytes a, struct bytes b);
bool ver_datetime_is_valid(struct bytes v);
int ver_datetime_cmp(struct bytes a, struct bytes b);
bool ver_lexicographic_is_valid(struct bytes v);
int ver_lexicographic_cmp(struct bytes a, struct bytes b);
bool ver_bitnami_is_valid(struct bytes v);
int ver_bitnami_cmp(struct bytes a, struct bytes b);
