/* bundle: files that carry packages in themselves, where no name says so and nothing reads them:
 * archives that a program is run from, programs with an archive behind them, packed programs. Found
 * while the bytes go by once. docs/formats/bundles.md */
#pragma once
#include "eco/program.h"
#include "eco/word.h"
#include "pkg/language.h"

#define BUNDLE_WORDS 20U /* that are looked for in one file, at most */
#define BUNDLE_TAIL 128U

enum bundle_form {
	BUNDLE_NONE,
	BUNDLE_PROGRAM,
	BUNDLE_ZIP,  /* or a script with a zip behind it */
	BUNDLE_PHAR, /* or a script in PHP */
	BUNDLE_ASAR,
};

struct bundle {
	enum bundle_form form;
	bool packed;  /* by UPX */
	bool carries; /* a host of .NET with files behind it */
	bool has_zero;
	uint64_t off;		  /* of the next byte */
	uint64_t data;		  /* of a program: where what it may write to begins */
	uint64_t loaded_end, end; /* of what it loads, and of all that is its own */
	struct eco_word words[BUNDLE_WORDS];
	uint8_t tail[BUNDLE_TAIL];
	size_t tail_len;
};

/* What a file that is no program may be, by its first bytes and its path. */
enum bundle_form bundle_form_of(struct bytes head, struct bytes path);
void bundle_init(struct bundle *b, enum bundle_form form);
/* p: what program_open made of the first kilobytes; NULL: they were not understood. */
void bundle_init_program(struct bundle *b, struct bytes prefix, const struct program *p);
/* The next bytes, from the file's first on. */
void bundle_feed(struct bundle *b, struct bytes bytes);
/* Of what language are the packages in it? */
enum language bundle_language(const struct bundle *b);
