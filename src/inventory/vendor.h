/* vendor: was a package built by the distribution it is installed on? Its advisories speak of no
 * others. */
#pragma once
#include "pkg/package.h"

/* Does p state a vendor that is the distribution's own? */
bool vendor_is_own(const struct pkg *p, const struct pkg_distro *d);
/* d may be NULL (unknown): then no rpm is said to be foreign. vendors_stated: some package of the
 * image is vendor_is_own. If none is, all were built by a rebuild of the whole
 * distribution (or without a vendor), and the vendor says nothing about single packages: none is
 * foreign. */
bool vendor_is_third_party(const struct pkg *p, const struct pkg_distro *d, bool vendors_stated);
