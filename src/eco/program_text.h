/* program_text: programs that people build from source, known by their file's name and a text that
 * they hold with their version. Found while the bytes go by once. docs/formats/known-programs.md */
#pragma once
#include "base/bytes.h"
#include <stdbool.h>

#define PROGRAM_TEXT_BEFORE 32U	 /* bytes of what is in front of a version, at most */
#define PROGRAM_TEXT_VERSION 32U /* of a version */
#define PROGRAM_TEXT_SEAM (PROGRAM_TEXT_BEFORE + PROGRAM_TEXT_VERSION + 1U)

struct program_text {
	const char *name;			 /* of the program; NULL: none that is known */
	uint8_t before[PROGRAM_TEXT_BEFORE + 1]; /* what is in front of the version */
	size_t before_len;
	uint8_t seam[2 * PROGRAM_TEXT_SEAM]; /* the end of what went by */
	size_t seam_len;
	uint8_t version[PROGRAM_TEXT_VERSION];
	size_t version_len; /* 0: not found yet */
};
/* By the name of its file. */
void program_text_init(struct program_text *t, struct bytes path);
void program_text_feed(struct program_text *t, struct bytes b);
void program_text_end(struct program_text *t);
/* What was found, with what is in front of it: what a file of its own would have to hold. Borrows
 * from out. */
struct bytes program_text_excerpt(const struct program_text *t, uint8_t out[2 * PROGRAM_TEXT_SEAM]);
