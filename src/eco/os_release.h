/* os_release: which distribution a CPE name means. Inside eco only. */
#pragma once
#include "pkg/package.h"

/* id, version_id and cpe of *d, which borrow from it; nothing of them when it is not known. */
void os_release_of_cpe(struct bytes cpe, struct pkg_distro *d);
