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
