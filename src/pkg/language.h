/* language: files of a language's packages that nothing reads. That they are there is recorded, so
 * that such an image is not reported as assessed. */
#pragma once
#include "base/bytes.h"

/* Inventories name one by its number: new ones come last, or LAYER_ANALYZER_VERSION is raised. */
enum language {
	LANGUAGE_NONE,
	LANGUAGE_GO,
	LANGUAGE_NUGET,
	LANGUAGE_PYPI,
	LANGUAGE_NPM,
	LANGUAGE_MAVEN,
	LANGUAGE_PACKAGIST,
	LANGUAGE_PACKED, /* a program that unpacks itself: of what language is not to be seen */
	LANGUAGE_COUNT
};
/* "npm", "PyPI" …: the one string of each. */
const char *language_name(enum language language);
/* What a file says by its name. path: clean, root-relative. */
enum language language_kind(struct bytes path);
