/* vendor: was a package built by the distribution it is installed on? Its advisories speak of no
 * others. */
#pragma once
#include "pkg/package.h"

/* d may be NULL (unknown): then no rpm is said to be foreign. */
bool vendor_is_third_party(const struct pkg *p, const struct pkg_distro *d);
