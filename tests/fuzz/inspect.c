/* The text of a file, of each name that files are known by: what is found lies in it. */
#include "inspect/search.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_found(void *arg, enum inspect_kind kind, uint32_t line, struct bytes detail,
		    struct err *e)
{
	(void)e;
	if (kind >= INSPECT_KIND_COUNT || line > *(const size_t *)arg + 1 || detail.len == 0 ||
	    detail.len > INSPECT_DETAIL_MAX)
		abort();
	for (size_t i = 0; i < detail.len; i++)
		if (detail.ptr[i] < ' ' || detail.ptr[i] > '~')
			abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {
	    "app/x",	 "etc/passwd",	       "etc/shadow", "a/.netrc",
	    "a/.pgpass", "a/.git-credentials", "a/.npmrc",   ".docker/config.json",
	    "a/.pypirc", ".kube/config"};
	struct err e = ERR_INIT;
	size_t count = sizeof paths / sizeof *paths;
	struct inspect_search *s = inspect_search_open(&e);
	const struct bytes text = {.ptr = size ? data + 1 : data, .len = size ? size - 1 : 0};
	const struct inspect_sink sink = {.arg = &size, .found = on_found};
	if (!s)
		return 0;
	struct bytes path = bytes_of(paths[size ? data[0] % count : 0]);
	if (inspect_search_file(s, path, text, &sink, &e) < 0 ||
	    inspect_search_text(s, text, &sink, &e) < 0)
		abort();
	(void)inspect_is_password_variable(text);
	inspect_search_close(s);
	return 0;
}
