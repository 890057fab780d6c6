/* portal: the files of the web portal, built from portal/ and carried in the program: each as it is
 * and as gzip made it. They are pages of the program's image, never of the heap. */
#pragma once
#include "base/bytes.h"

#define PORTAL_PAGE "index.html"     /* what every address of the portal shows */
#define PORTAL_LASTING_DIR "assets/" /* names below it change with what the file holds */

struct portal_file {
	const char *path;			       /* "assets/index-1f0b.js" */
	const char *type;			       /* for Content-Type */
	const char *etag;			       /* of the content, without quotes */
	size_t plain_at, plain_len, gzip_at, gzip_len; /* of portal_data */
};
/* NULL: there is none of that path. */
const struct portal_file *portal_find(struct bytes path);
struct bytes portal_plain(const struct portal_file *f);
struct bytes portal_gzip(const struct portal_file *f);

/* Made by embed.py when the program is built. Sorted by path. */
extern const struct portal_file portal_files[];
extern const size_t portal_file_count;
extern const uint8_t portal_data[];
