/* ubuntu_release (ubuntu_): how Canonical names a release in its tracker and in purls, and what OSV
 * calls it. */
#pragma once
#include "base/bytes.h"

#define UBUNTU_ECOSYSTEM_CAP 48

struct ubuntu_series {
	char ecosystem[UBUNTU_ECOSYSTEM_CAP]; /* "Ubuntu:22.04:LTS", "Ubuntu:Pro:18.04:LTS" */
	struct bytes service;		      /* of Ubuntu Pro, "esm-infra"; else empty */
};

/* "jammy", "trusty/esm", "esm-apps/xenial", "fips-updates/focal", "realtime/jammy"; false: not a
 * release whose packages images have ("upstream", "devel", "vivid/ubuntu-core", "snap"). */
bool ubuntu_series_parse(struct bytes text, struct ubuntu_series *ret);
