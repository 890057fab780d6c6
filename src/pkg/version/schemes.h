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
bool ver_apk_is_valid(struct bytes v);
int ver_apk_cmp(struct bytes a, struct bytes b);
bool ver_apk3_is_valid(struct bytes v);
int ver_apk3_cmp(struct bytes a, struct bytes b);
bool ver_semver_is_valid(struct bytes v);
int ver_semver_cmp(struct bytes a, struct bytes b);
