/* bytes (bytes_, and byte_ of one): a borrowed run of bytes, by value. Never NUL-terminated, may
 * hold any value; ptr may be NULL when len is 0. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	const uint8_t *ptr;
	size_t len;
};

#define BYTES_LIT(s) ((struct bytes){.ptr = (const uint8_t *)("" s), .len = sizeof(s) - 1})
#define BYTES_NONE ((struct bytes){.ptr = NULL, .len = 0})
/* printf("%.*s", BYTES_ARG(b)): clamped to 1,000 bytes; stops at a NUL as printf does. */
#define BYTES_ARG(b) (int)((b).len > 1000 ? 1000 : (b).len), (b).ptr ? (const char *)(b).ptr : ""

/* Of a NUL-terminated string of our own; NULL gives the empty run. */
struct bytes bytes_of(const char *text);
bool bytes_eq(struct bytes a, struct bytes b);
bool bytes_eq_lit(struct bytes a, const char *text);
bool bytes_eq_nocase(struct bytes a, struct bytes b); /* A to Z are a to z */
/* Unsigned byte order, shorter first on a tie: <0, 0, >0. */
int bytes_cmp(struct bytes a, struct bytes b);
/* The same with A to Z as a to z. */
int bytes_cmp_nocase(struct bytes a, struct bytes b);
bool bytes_has_prefix(struct bytes b, struct bytes prefix);
bool bytes_has_suffix(struct bytes b, struct bytes suffix);
bool bytes_has_prefix_nocase(struct bytes b, struct bytes prefix);
bool bytes_has_prefix_lit(struct bytes b, const char *prefix);
bool bytes_has_suffix_lit(struct bytes b, const char *suffix);
/* Offset of the first / last c, or b.len when there is none. */
size_t bytes_find(struct bytes b, uint8_t c);
size_t bytes_find_last(struct bytes b, uint8_t c);
/* Offset of the first needle, or b.len when there is none. An empty needle is found at 0. */
size_t bytes_find_bytes(struct bytes b, struct bytes needle);
/* The part from off (clamped to len), and at most len bytes of it. */
struct bytes bytes_from(struct bytes b, size_t off);
struct bytes bytes_part(struct bytes b, size_t off, size_t len);
/* Without ASCII space, tab, CR and LF at both ends. */
struct bytes bytes_trim(struct bytes b);
/* Cut *rest at the first sep: returns what was before, *rest becomes what is after. Without sep:
 * all, *rest empty. */
struct bytes bytes_cut(struct bytes *rest, uint8_t sep);
/* Where the values of a reader's names go. */
struct bytes_slot {
	const char *name;
	struct bytes *to;
};
#define BYTES_SLOTS(array) (array), sizeof(array) / sizeof *(array)
/* That of this name; NULL when there is none. */
struct bytes *bytes_slot_find(const struct bytes_slot *slots, size_t count, struct bytes name);
/* 64-bit hash for tables in memory and files of ours; stable across machines (FNV-1a folded); not
 * for hostile keys without a seed. */
uint64_t bytes_hash(struct bytes b, uint64_t seed);

bool byte_is_digit(uint8_t c);
bool byte_is_alpha(uint8_t c);
bool byte_is_alnum(uint8_t c);
bool byte_is_space(uint8_t c); /* space, \t \n \v \f \r */
bool byte_is_hex(uint8_t c);
uint8_t byte_lower(uint8_t c);
