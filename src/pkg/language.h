/* language: files that say by their names that they are of a language's packages. Nothing reads
 * them yet; that they are there is recorded, so that such an image is not reported as assessed. */
#pragma once
#include "base/bytes.h"

/* "npm", "PyPI" …, or NULL. path: clean, root-relative. */
const char *language_kind(struct bytes path);
