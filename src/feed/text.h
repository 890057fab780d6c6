/* text: words and lines of feeds that are plain text. */
#pragma once
#include "base/arena.h"

/* The next word of *rest, which loses it and the blanks around; empty at the end. */
struct bytes text_word(struct bytes *rest);
/* Is part (lower case) somewhere in text, in any case? */
bool text_has(struct bytes text, const char *part);
/* What follows the last '/' of a path, or all of it. */
struct bytes text_file_name(struct bytes path);
/* Text over several lines as one: each run of blanks and line ends is one blank. *ok becomes false
 * when out of memory. */
struct bytes text_flow(struct arena *a, struct bytes text, bool *ok);
