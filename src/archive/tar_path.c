#include <string.h>

#include "archive/tar.h"

int64_t tar_clean_path(struct bytes path, uint8_t *out, struct err *e)
{
	size_t len = 0;

	if (bytes_find(path, 0) < path.len)
		return err_set(e, ERR_FORMAT, "a path that contains a NUL");
	while (path.len > 0) {
		struct bytes part = bytes_cut(&path, '/');
		if (part.len == 0 || bytes_eq_lit(part, "."))
			continue;
		if (bytes_eq_lit(part, "..")) {
			size_t slash = bytes_find_last((struct bytes){.ptr = out, .len = len}, '/');
			len = slash < len ? slash : 0;
			continue;
		}
		size_t sep = len > 0 ? 1 : 0;
		if (part.len > LIMIT_PATH_MAX - len || sep > LIMIT_PATH_MAX - len - part.len)
			return err_set(e, ERR_LIMIT, "a path longer than %d bytes", LIMIT_PATH_MAX);
		if (sep)
			out[len++] = '/';
		memcpy(out + len, part.ptr, part.len);
		len += part.len;
	}
	return (int64_t)len;
}
