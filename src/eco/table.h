/* table: the rows of eco_table, one per ecosystem. Inventories name a row by its index: rows are
 * only added at the end (or LAY_ANALYZER_VERSION is raised). */
#pragma once
#include "eco/eco.h"

extern const struct ecosystem eco_os_release;
extern const struct ecosystem eco_dpkg;
extern const struct ecosystem eco_apk;
extern const struct ecosystem eco_rpm;
