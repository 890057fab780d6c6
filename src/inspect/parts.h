/* parts (inspect_): what the files of this module share. Inside inspect only. */
#pragma once
#include "inspect/search.h"

/* A piece of text that is searched; lines are counted as far as they were asked for. */
struct inspect_text {
	struct bytes text;
	struct bytes path; /* of the file; empty: a config's */
	const struct inspect_sink *sink;
	struct err *e;
	size_t counted;	   /* bytes whose lines are counted */
	uint32_t line;	   /* of that place, from 1 */
	unsigned reported; /* INSPECT_FILE_FOUND_MAX ends it */
};
#define INSPECT_FILE_FOUND_MAX 32U /* of one file: more of them say nothing new */

/* Report what stands at off; detail as printf has it. Offsets ascend; a smaller one is of the line
 * that is counted. */
int inspect_report(struct inspect_text *t, enum inspect_kind kind, size_t off, const char *detail,
		   ...) __attribute__((format(printf, 4, 5)));

/* Length of the run at off of bytes that are of the set: 'a' letters and digits, the rest of the
 * set as it is written ("a_-"); INSPECT_RUN_MAX at most. */
#define INSPECT_RUN_MAX 4096U /* bytes: tokens end before; it bounds what a hostile text costs */
size_t inspect_run(struct bytes text, size_t off, const char *set);
/* Is it like what a generator of secrets makes, and not an example (few different bytes, a series
 * such as 12345, words such as EXAMPLE)? */
bool inspect_is_random(struct bytes secret);

/* A secret that begins with the same bytes always. */
struct inspect_token {
	const char *start; /* four bytes or more */
	/* start stands at off: is it one? *ret_kind is the row's before. Its length, 0: it is none.
	 */
	size_t (*len)(struct bytes text, size_t off, enum inspect_kind *ret_kind);
	enum inspect_kind kind;
};
#define INSPECT_TOKENS_MAX 32U
extern const struct inspect_token inspect_tokens[];
extern const size_t inspect_token_count;

/* A PEM block that begins at off: is it a private key? Its length, 0: it is none. */
size_t inspect_key_len(struct bytes text, size_t off, enum inspect_kind *ret_kind);

/* Files that are known by their names. */
int inspect_accounts(struct inspect_text *t);
int inspect_logins(struct inspect_text *t);
