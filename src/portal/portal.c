#include "portal/portal.h"

const struct portal_file *portal_find(struct bytes path)
{
	for (size_t i = 0; i < portal_file_count; i++)
		if (bytes_eq(path, bytes_of(portal_files[i].path)))
			return &portal_files[i];
	return NULL;
}

struct bytes portal_plain(const struct portal_file *f)
{
	return (struct bytes){.ptr = portal_data + f->plain_at, .len = f->plain_len};
}

struct bytes portal_gzip(const struct portal_file *f)
{
	return (struct bytes){.ptr = portal_data + f->gzip_at, .len = f->gzip_len};
}
