#include "eco/table.h"

/* bytes of one file */
#define OS_RELEASE_FILE_MAX (UINT64_C(64) << 10)       /* real ones stay under 2 KiB */
#define APK_REPOSITORIES_FILE_MAX (UINT64_C(64) << 10) /* real ones stay under 1 KiB */
#define DPKG_FILE_MAX (UINT64_C(128) << 20)	       /* a status file of 100,000 packages */
#define APK_FILE_MAX                                                                               \
	(UINT64_C(128) << 20) /* file lists included, a full desktop stays under 40 MiB */
#define RPM_FILE_MAX                                                                               \
	(UINT64_C(1)                                                                               \
	 << 30) /* limits.wanted_file_max is usually lower. Real ones stay under 200 MiB */
#define UBUNTU_PRO_FILE_MAX (UINT64_C(1) << 20)	  /* real ones stay under 64 KiB */
#define CONTENT_SETS_FILE_MAX (UINT64_C(4) << 20) /* with image_contents real ones reach 1 MiB */
#define CHISEL_FILE_MAX (UINT64_C(16) << 20)	  /* compressed; real ones stay under 1 MiB */

static const char *const os_release_locations[] = {
    "etc/os-release",	   "usr/lib/os-release",     "etc/alpine-release",
    "etc/centos-release",  "etc/rocky-release",	     "etc/almalinux-release",
    "etc/oracle-release",  "etc/fedora-release",     "etc/photon-release",
    "etc/mariner-release", "etc/azurelinux-release", "etc/system-release",
    "etc/redhat-release",  "etc/SuSE-release",	     "etc/lsb-release",
    "etc/debian_version",  "etc/system-release-cpe", NULL,
};

static const char *const dpkg_locations[] = {
    "var/lib/dpkg/status", "var/lib/dpkg/status.d/", "var/lib/dpkg/info/",
    "usr/lib/opkg/status", "var/lib/opkg/status",    NULL,
};

static const char *const apk_locations[] = {
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    NULL,
};

static const char *const apk_repositories_locations[] = {
    "etc/apk/repositories",
    NULL,
};

static const char *const rpm_locations[] = {
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/Packages.db",
    "var/lib/rpm/Packages",
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/rpm/Packages.db",
    "usr/lib/sysimage/rpm/Packages",
    "usr/share/rpm/rpmdb.sqlite",
    "usr/share/rpm/Packages.db",
    "usr/share/rpm/Packages",
    "var/lib/rpmmanifest/container-manifest-2",
    "var/lib/rpm/rpmdb.sqlite-wal",
    "usr/lib/sysimage/rpm/rpmdb.sqlite-wal",
    "usr/share/rpm/rpmdb.sqlite-wal",
    NULL,
};

static const char *const ubuntu_pro_locations[] = {
    "var/lib/ubuntu-advantage/status.json",
    NULL,
};

static const char *const content_sets_locations[] = {
    "root/buildinfo/content_manifests/",
    "usr/share/buildinfo/",
    NULL,
};

static const char *const chisel_locations[] = {
    "var/lib/chisel/manifest.wall",
    NULL,
};

const struct ecosystem eco_table[] = {
    [ECO_OS_RELEASE] =
	{
	    .name = "Distribution",
	    .id = "os-release",
	    .purl_type = NULL,
	    .file_max = OS_RELEASE_FILE_MAX,
	    .locations = os_release_locations,
	},
    [ECO_DPKG] =
	{
	    .name = "Debian packages",
	    .id = "dpkg",
	    .purl_type = "deb",
	    .file_max = DPKG_FILE_MAX,
	    .locations = dpkg_locations,
	},
    [ECO_APK] =
	{
	    .name = "Alpine packages",
	    .id = "apk",
	    .purl_type = "apk",
	    .file_max = APK_FILE_MAX,
	    .locations = apk_locations,
	},
    [ECO_RPM] =
	{
	    .name = "RPM packages",
	    .id = "rpm",
	    .purl_type = "rpm",
	    .file_max = RPM_FILE_MAX,
	    .locations = rpm_locations,
	},
    [ECO_APK_REPOSITORIES] =
	{
	    .name = "Alpine repositories",
	    .id = "apk-repositories",
	    .purl_type = NULL,
	    .refines = "alpine",
	    .file_max = APK_REPOSITORIES_FILE_MAX,
	    .locations = apk_repositories_locations,
	},
    [ECO_UBUNTU_PRO] =
	{
	    .name = "Ubuntu Pro services",
	    .id = "ubuntu-pro",
	    .purl_type = NULL,
	    .refines = "ubuntu",
	    .file_max = UBUNTU_PRO_FILE_MAX,
	    .locations = ubuntu_pro_locations,
	},
    [ECO_CONTENT_SETS] =
	{
	    .name = "Red Hat content sets",
	    .id = "content-sets",
	    .purl_type = NULL,
	    .refines = "rhel",
	    .file_max = CONTENT_SETS_FILE_MAX,
	    .locations = content_sets_locations,
	},
    [ECO_CHISEL] =
	{
	    .name = "Chisel packages",
	    .id = "chisel",
	    .purl_type = "deb",
	    .lacks_sources = true,
	    .file_max = CHISEL_FILE_MAX,
	    .locations = chisel_locations,
	},
};
const size_t eco_count = sizeof eco_table / sizeof eco_table[0];
_Static_assert(sizeof eco_table / sizeof eco_table[0] == ECO_ROW_COUNT,
	       "an ecosystem has facts and functions");
