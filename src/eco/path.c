#include "eco/path.h"

#include <string.h>

bool eco_path_at(struct bytes path, const char *location, size_t *ret_keep)
{
	size_t n = strlen(location);
	if (path.len < n || memcmp(path.ptr + (path.len - n), location, n) != 0)
		return false;
	if (path.len > n && path.ptr[path.len - n - 1] != '/')
		return false;
	*ret_keep = path.len - n;
	return true;
}

bool eco_path_near(struct bytes path, const char *location, unsigned tail_parts, size_t *ret_keep)
{
	if (eco_path_at(path, location, ret_keep))
		return true;
	const char *tail = location + strlen(location);
	for (unsigned parts = 0; tail > location; tail--) {
		if (tail[-1] == '/' && ++parts == tail_parts)
			break;
	}
	size_t keep;
	if (!eco_path_at(path, tail, &keep) || keep == 0)
		return false;
	*ret_keep = keep;
	return true;
}

struct bytes eco_path_base(struct bytes path)
{
	size_t slash = bytes_find_last(path, '/');
	return slash == path.len ? path : bytes_from(path, slash + 1);
}

struct bytes eco_path_dir(struct bytes path)
{
	size_t slash = bytes_find_last(path, '/');
	return slash == path.len ? BYTES_NONE : bytes_part(path, 0, slash);
}

struct eco_want eco_wants_lock(size_t row, struct bytes path)
{
	static const char *const folders[] = {"node_modules", "vendor", "site-packages",
					      "dist-packages", "gems"};
	struct eco_want w = {.merge = ECO_PART, .wanted = eco_is_anywhere(row, path)};
	for (struct bytes rest = path; w.wanted && rest.len > 0;) {
		struct bytes part = bytes_cut(&rest, '/');
		for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
			w.wanted = w.wanted && !bytes_eq_lit(part, folders[i]);
	}
	return w;
}
