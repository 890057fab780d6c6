/* table: which row of eco_table an ecosystem has. Inventories name a row by its index: rows are
 * only added at the end (or LAYER_ANALYZER_VERSION is raised). */
#pragma once
#include "eco/eco.h"

enum eco_row {
	ECO_OS_RELEASE,
	ECO_DPKG,
	ECO_APK,
	ECO_RPM,
	ECO_APK_REPOSITORIES,
	ECO_UBUNTU_PRO,
	ECO_CONTENT_SETS,
	ECO_CHISEL,
	ECO_ROW_COUNT
};
