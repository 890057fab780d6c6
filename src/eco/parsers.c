#include "eco/parsers.h"
#include "eco/table.h"

const struct eco_parser *const eco_parsers[] = {
    [ECO_OS_RELEASE] = &eco_os_release,
    [ECO_DPKG] = &eco_dpkg,
    [ECO_APK] = &eco_apk,
    [ECO_RPM] = &eco_rpm,
    [ECO_APK_REPOSITORIES] = &eco_apk_repositories,
    [ECO_UBUNTU_PRO] = &eco_ubuntu_pro,
    [ECO_CONTENT_SETS] = &eco_content_sets,
    [ECO_CHISEL] = &eco_chisel,
};
_Static_assert(sizeof eco_parsers / sizeof eco_parsers[0] == ECO_ROW_COUNT,
	       "an ecosystem has facts and functions");
