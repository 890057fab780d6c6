/* language: files that say by their names that they are of a language's packages. Nothing reads
 * them yet; that they are there is recorded, so that nobody takes such an image for assessed. */
#pragma once
#include "base/bytes.h"

/* "npm", "PyPI" …, or NULL. path: clean, root-relative. */
const char *language_kind(struct bytes path);
