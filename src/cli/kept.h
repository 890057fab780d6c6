/* kept (kept_): which of the databases that are kept is meant, and since when one of them knows
 * something. */
#pragma once
#include "base/buf.h"
#include "cli/cli.h"
#include "inventory/image.h"

#define KEPT_OPTION                                                                                \
	{                                                                                          \
		"as-of", 0, "DATE", NULL,                                                          \
		    "of the databases that are kept, the newest that is not newer than this day "  \
		    "or time"                                                                      \
	}

/* --as-of as a time: the end of a day that is given without a time. 0: not given. ERR_FORMAT. */
int kept_as_of(const struct cli_args *args, int64_t *ret_ms, struct err *e);
/* The file that --vdb names or the default: of a folder, or with as_of_ms, one of those kept there.
 * ERR_NOT_FOUND. *ret borrows from path or a. */
int kept_choose(const char *path, int64_t as_of_ms, struct arena *a, const char **ret,
		struct err *e);

/* Since when do the databases kept at path, up to the one in use, have a record of id, and since
 * when does it affect a package of the image? Lines of text; nothing where only one is kept. */
struct kept_question {
	const char *path;
	int64_t until_ms; /* when the one in use was built */
	struct bytes id;
	const struct inv_image *image;
};
int kept_put_since(const struct kept_question *q, struct buf *out, struct err *e);
