/* package: a package of an image as every list of packages writes it. */
#pragma once
#include "base/json.h"
#include "pkg/package.h"

/* The members of a package row, the same in every list; the caller opens and closes the object. */
void report_package_put(struct json_out *w, const struct pkg *p, struct bytes layer,
			struct bytes purl);
