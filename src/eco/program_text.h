/* program_text: programs that people build from source, known by their file's name and a text that
 * they hold with their version. Found while the bytes go by once. docs/formats/known-programs.md */
#pragma once
#include "base/bytes.h"
#include <stdbool.h>

#define PROGRAM_TEXT_ROWS 6U	 /* of one file's name, at most */
#define PROGRAM_TEXT_PATTERN 64U /* bytes of a row's text */
#define PROGRAM_TEXT_VERSION 40U /* of a version, at most */
#define PROGRAM_TEXT_ZEROS 64U	 /* zeros in a row that count as one gap */
#define PROGRAM_TEXT_REST 160U	 /* bytes of the rest of a text */
#define PROGRAM_TEXT_AHEAD 10U	 /* bytes behind a version that say where it ends */
/* What a row's text can be in a file, with the byte on either side of it. */
#define PROGRAM_TEXT_SEAM                                                                          \
	(PROGRAM_TEXT_PATTERN + PROGRAM_TEXT_VERSION + 2U * PROGRAM_TEXT_ZEROS +                   \
	 PROGRAM_TEXT_REST + PROGRAM_TEXT_AHEAD + 2U)

/* A row's text for the file at hand. */
struct program_pattern {
	uint8_t v[PROGRAM_TEXT_PATTERN];
	size_t len;
	size_t anchor, anchor_len; /* its longest plain part, which is what is searched for */
};

struct program_text {
	struct program_pattern patterns[PROGRAM_TEXT_ROWS]; /* the first is the surest */
	uint8_t rows[PROGRAM_TEXT_ROWS];		    /* which of the table each is of */
	size_t count;
	size_t best; /* of patterns, that was found; count: none */
	uint64_t off;
	uint8_t seam[2 * PROGRAM_TEXT_SEAM]; /* the end of what went by */
	size_t seam_len;
	uint8_t found[PROGRAM_TEXT_SEAM]; /* what the best one met, with a byte on either side */
	size_t found_len, version_off, version_len;
};
/* By the name of its file. */
void program_text_init(struct program_text *t, struct bytes path);
void program_text_feed(struct program_text *t, struct bytes b);
void program_text_end(struct program_text *t);
/* What was found with what is around it: what a file of its own would have to hold. Empty: nothing.
 * Borrows from t, as the version does. */
struct bytes program_text_excerpt(const struct program_text *t);
struct bytes program_text_version(const struct program_text *t);
/* Whose version it is. */
const char *program_text_name(const struct program_text *t);
/* The version lies alone in the file: only the file's name says whose it is. */
bool program_text_is_bare(const struct program_text *t);
