/* Known by words that the makers of such files write into them as they are: names of members are
 * in a zip uncompressed, and what is put behind a program lies behind all that is its own.
 *
 * zip         Python's zipapp and all other archives on sys.path (PEP 273); Java's archives of
 *             another name; Yarn's cache (Plug'n'Play). A line for an interpreter in front of it is
 *             common. Wheels, and what ecosystems read by its name, do not come here
 * phar        PHP's: a script that ends in __HALT_COMPILER(), and names of members behind it
 * asar        Electron's: JSON with the names of all files, and then the files
 * programs    .NET's in one file: an offset in front of the host's SHA-256 of ".net core bundle",
 *             which is zero in a host that carries nothing; PyInstaller, Nuitka, Deno, Bun and pkg
 *             put it behind the program; Node's SEA has a fuse that says it; native images of
 *             GraalVM name their maker
 * UPX         its magic within the first kilobyte: all else is compressed
 *
 * Spec: docs/formats/bundles.md. */
#include "eco/bundle.h"

#include <string.h>

#define UPX_PREFIX 1024U

enum where {
	IN_PROGRAM = 1, /* anywhere in a program */
	IN_DATA = 2,	/* in a program, from the first part on that it may write to */
	NOT_LOADED = 4, /* in a program, behind what it loads */
	BEHIND = 8,	/* all that is the program's own */
	AT_END = 16,	/* of a program: in its last bytes */
	IN_ZIP = 32,	/* also in one behind a program */
	IN_PHAR = 64,
	IN_ASAR = 128,
};

/* Words that say nothing alone. */
enum { WORD_MEMBER, WORD_HALT };
/* SHA-256 of ".net core bundle\n", and the bytes of the offset in front of it */
#define HOST_OFFSET_LEN 8U
#define HOST_1 "\x8b\x12\x02\xb9\x6a\x61\x20\x38\x72\x7b\x93\x02\x14\xd7\xa0\x32"
#define HOST_2 "\x13\xf5\xb9\xe6\xef\xae\x33\x18\xee\x3b\x2d\xce\x24\xb3\x6a\xae"
#define HOST HOST_1 HOST_2

#define WORD(s) s, sizeof(s) - 1
static const struct {
	unsigned where;
	enum language language;
	const char *word;
	size_t len;
} rows[] = {
    [WORD_MEMBER] = {IN_ZIP | BEHIND, LANGUAGE_NONE, WORD("PK\3\4")},
    [WORD_HALT] = {IN_PHAR, LANGUAGE_NONE, WORD("__HALT_COMPILER();")},
    {IN_PROGRAM, LANGUAGE_NPM, WORD("NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1")},
    {IN_PROGRAM, LANGUAGE_MAVEN, WORD("com.oracle.svm.core.VM=")},
    {IN_DATA, LANGUAGE_NPM, WORD("\n---- Bun! ----\n")}, /* Bun itself has it among its constants */
    {NOT_LOADED, LANGUAGE_PYPI, WORD("MEI\x0c\x0b\x0a\x0b\x0e")},
    {BEHIND, LANGUAGE_PYPI, WORD("KAY\x28\xb5\x2f\xfd")},
    {BEHIND, LANGUAGE_NPM, WORD("\"/snapshot/")},
    {AT_END, LANGUAGE_NPM, WORD("d3n0l4nd")},
    {IN_ZIP, LANGUAGE_PYPI, WORD(".dist-info/METADATA")},
    {IN_ZIP, LANGUAGE_PYPI, WORD("-INFO/PKG-INFO")},
    {IN_ZIP, LANGUAGE_PYPI, WORD("-info/PKG-INFO")},
    {IN_ZIP, LANGUAGE_MAVEN, WORD("META-INF/MANIFEST.MF")},
    {IN_ZIP, LANGUAGE_NPM, WORD("node_modules/")},
    {IN_ZIP | IN_PHAR, LANGUAGE_PACKAGIST, WORD("vendor/composer/")},
    {IN_ASAR, LANGUAGE_NPM, WORD("\"node_modules\":{\"files\":")},
};
#define ROWS (sizeof rows / sizeof *rows)
_Static_assert(ROWS <= BUNDLE_WORDS, "a word for each row");

enum bundle_form bundle_form_of(struct bytes head, struct bytes path)
{
	/* pip, setuptools and others come with Python as wheels: they are installed from */
	if (bytes_has_prefix_lit(head, "PK\3\4"))
		return bytes_has_suffix_lit(path, ".whl") ? BUNDLE_NONE : BUNDLE_ZIP;
	if (bytes_has_prefix_lit(head, "<?php"))
		return BUNDLE_PHAR;
	if (bytes_has_prefix_lit(head, "#!"))
		return bytes_find_bytes(head, BYTES_LIT("php")) < head.len ? BUNDLE_PHAR
									   : BUNDLE_ZIP;
	if (bytes_has_prefix_lit(head, "\4\0\0\0") &&
	    bytes_has_prefix_lit(bytes_from(head, 16), "{\"files\":"))
		return BUNDLE_ASAR;
	return BUNDLE_NONE;
}

void bundle_init(struct bundle *b, enum bundle_form form)
{
	memset(b, 0, sizeof *b);
	b->form = form;
}

void bundle_init_program(struct bundle *b, struct bytes prefix, const struct program *p)
{
	struct bytes magic = BYTES_LIT("UPX!");
	struct bytes front = bytes_part(prefix, 0, UPX_PREFIX);
	bundle_init(b, BUNDLE_PROGRAM);
	b->packed = bytes_find_bytes(front, magic) < front.len;
	if (p) {
		b->loaded_end = program_end(p);
		b->data = program_data(p);
		b->end = program_sections_end(p);
		b->end = b->end > b->loaded_end ? b->end : b->loaded_end;
	}
}

/* Where in a file of this form a row's word counts: from which byte on; UINT64_MAX: nowhere. */
static uint64_t from_of(const struct bundle *b, unsigned where)
{
	switch (b->form) {
	case BUNDLE_PROGRAM:
		if (where & IN_PROGRAM)
			return 0;
		if (where & IN_DATA)
			return b->data;
		if (where & NOT_LOADED)
			return b->loaded_end;
		if (where & BEHIND)
			return b->end;
		return where & IN_ZIP && b->words[WORD_MEMBER].met ? b->end : UINT64_MAX;
	case BUNDLE_ZIP:
		return where & IN_ZIP ? 0 : UINT64_MAX;
	case BUNDLE_PHAR:
		return where & IN_PHAR ? 0 : UINT64_MAX;
	case BUNDLE_ASAR:
		return where & IN_ASAR ? 0 : UINT64_MAX;
	case BUNDLE_NONE:
		break;
	}
	return UINT64_MAX;
}

/* Is there an offset that is not zero in front of one of the sums in b? */
static bool carries(struct bytes b)
{
	static const uint8_t none[HOST_OFFSET_LEN] = {0};
	const struct bytes host = BYTES_LIT(HOST);
	for (size_t at; (at = bytes_find_bytes(b, host)) < b.len; b = bytes_from(b, at + 1))
		if (at >= HOST_OFFSET_LEN &&
		    memcmp(b.ptr + (at - HOST_OFFSET_LEN), none, HOST_OFFSET_LEN) != 0)
			return true;
	return false;
}

/* Before the tail is moved on: what lies across two pieces is in it and their seam. */
static void see_host(struct bundle *b, struct bytes bytes)
{
	uint8_t seam[2 * BUNDLE_TAIL];
	size_t n = bytes.len < BUNDLE_TAIL ? bytes.len : BUNDLE_TAIL;
	memcpy(seam, b->tail, b->tail_len);
	memcpy(seam + b->tail_len, bytes.ptr, n);
	b->carries = b->carries || carries(bytes) ||
		     carries((struct bytes){.ptr = seam, .len = b->tail_len + n});
}

static void keep_tail(struct bundle *b, struct bytes bytes)
{
	size_t n = bytes.len < BUNDLE_TAIL ? bytes.len : BUNDLE_TAIL;
	size_t kept = b->tail_len < BUNDLE_TAIL - n ? b->tail_len : BUNDLE_TAIL - n;
	memmove(b->tail, b->tail + (b->tail_len - kept), kept);
	memcpy(b->tail + kept, bytes.ptr + (bytes.len - n), n);
	b->tail_len = kept + n;
}

void bundle_feed(struct bundle *b, struct bytes bytes)
{
	if (bytes.len == 0 || b->form == BUNDLE_NONE)
		return;
	for (size_t i = 0; i < ROWS; i++) {
		uint64_t from = from_of(b, rows[i].where);
		const struct bytes word = {.ptr = (const uint8_t *)rows[i].word,
					   .len = rows[i].len};
		if (from < b->off)
			eco_word_see(&b->words[i], word, bytes);
		else if (from - b->off < bytes.len)
			eco_word_see(&b->words[i], word,
				     bytes_from(bytes, (size_t)(from - b->off)));
	}
	if (b->form == BUNDLE_PROGRAM)
		see_host(b, bytes);
	b->has_zero = b->has_zero || bytes_find(bytes, 0) < bytes.len;
	keep_tail(b, bytes);
	b->off += bytes.len;
}

static bool is_met(const struct bundle *b, size_t i)
{
	const struct bytes tail = {.ptr = b->tail, .len = b->tail_len};
	const struct bytes word = {.ptr = (const uint8_t *)rows[i].word, .len = rows[i].len};
	if (rows[i].where & AT_END && b->form == BUNDLE_PROGRAM)
		return bytes_find_bytes(tail, word) < tail.len;
	return b->words[i].met;
}

enum language bundle_language(const struct bundle *b)
{
	if (b->packed)
		return LANGUAGE_PACKED;
	if (b->carries)
		return LANGUAGE_NUGET;
	/* a script may speak of such names: it holds no member's head, and no zero */
	if ((b->form == BUNDLE_ZIP && !b->words[WORD_MEMBER].met) ||
	    (b->form == BUNDLE_PHAR && (!b->words[WORD_HALT].met || !b->has_zero)))
		return LANGUAGE_NONE;
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].language != LANGUAGE_NONE && is_met(b, i))
			return rows[i].language;
	return LANGUAGE_NONE;
}
