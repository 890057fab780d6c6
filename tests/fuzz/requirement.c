/* The first byte names the syntax, a newline parts range and version: a range is parsed or refused,
 * and asked for the version. */
#include "pkg/requirement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const syntaxes[] = {"npm",	    "npm-loose", "npm-includePrerelease",
					       "cargo",	    "hex",	 "composer-lib",
					       "gem",	    "pep440",	 "maven",
					       "nuget",	    "apk3",	 "dpkg",
					       "maven-list"};
	struct requirement r;
	struct arena a;
	if (size == 0)
		return 0;
	const char *syntax = syntaxes[data[0] % (sizeof syntaxes / sizeof *syntaxes)];
	struct bytes version = {.ptr = data + 1, .len = size - 1};
	struct bytes range = bytes_cut(&version, '\n');
	arena_init(&a, 4U << 20);
	if (req_parse(bytes_of(syntax), range, &a, &r, NULL) == 0)
		(void)req_has(&r, version);
	arena_free(&a);
	return 0;
}
