/* parts (part_): runs of digits and identifiers, which most version schemes are made of. */
#pragma once
#include "base/bytes.h"
#include <stdbool.h>

/* Cut the run of ASCII digits that *rest begins with; may be empty. */
struct bytes part_digits(struct bytes *rest);
/* The same for ASCII letters. */
struct bytes part_letters(struct bytes *rest);
/* Cut what precedes the first of the two separators; *ret_sep is that separator, 0 at the end
 * of the text. */
struct bytes part_until(struct bytes *rest, uint8_t sep_a, uint8_t sep_b, uint8_t *ret_sep);
/* Two runs of digits by value, of any length; the empty run is 0. */
int part_digits_cmp(struct bytes a, struct bytes b);
/* EPOCH:VERSION-RELEASE of rpm and alpm; the epoch is a run of digits. What is not there is empty.
 */
struct part_evr {
	struct bytes epoch, version, release;
	bool has_release;
};
struct part_evr part_evr(struct bytes version);
/* Runs of digits between the two separators, one by one by value; where one ends, the shorter comes
 * first. What is no run of digits comes before all that are, in byte order. */
int part_numbers_cmp(struct bytes a, struct bytes b, uint8_t sep_a, uint8_t sep_b);
/* min or more runs of digits between the two separators. */
bool part_is_numbers(struct bytes b, uint8_t sep_a, uint8_t sep_b, size_t min);
/* At least one byte, and all of them digits. */
bool part_is_digits(struct bytes b);
/* Byte order after folding ASCII letters to lower case, shorter first. */
int part_cmp_fold(struct bytes a, struct bytes b);
/* Is b the lower-case literal text, in any ASCII case? */
bool part_eq_fold(struct bytes b, const char *text);
/* -1, 0 or 1. */
int part_sign(int64_t difference);
