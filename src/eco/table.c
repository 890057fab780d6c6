#include "eco/table.h"

const struct ecosystem *const eco_table[] = {&eco_os_release, &eco_dpkg, &eco_apk, &eco_rpm};
const size_t eco_count = sizeof eco_table / sizeof eco_table[0];
