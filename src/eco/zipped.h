/* zipped: files in a zip archive that are read one by one. Inside eco only. */
#pragma once
#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include <stdbool.h>

struct zipped {
	size_t text_max; /* bytes of one file: the rest is not looked at */
	bool (*wants)(struct bytes path);
	/* 0; <0: ends it. text is gone when it returns. */
	int (*read)(void *arg, struct bytes path, struct bytes text, struct err *e);
	void *arg;
};
/* Every wanted file of the archive, by its central directory. Returns how many there were, <0. */
int zipped_read(struct bytes file, const struct zipped *z, struct arena *a, struct err *e);
