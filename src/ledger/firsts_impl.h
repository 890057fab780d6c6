/* firsts_impl: the kept form of the dates of a repository's checks. A row of repository_first has
 * the recent ones, which are few, and how many pieces the others are in: 0, or a power of two. A
 * piece, a row of repository_first_piece, has the checks with the same first bits; their numbers
 * are hashes, so that all pieces are of a size. So a new check writes the recent ones alone, and a
 * page of a list reads them and one piece for each of its checks.
 * The form of both, ascending: for each check a varint of the difference of ids, then one of the
 * difference of times: twice its distance to the one before, plus 1 where it goes back; and once
 * more doubled, plus 1 where an advisory brought the check. Most checks of a repository came
 * together, so that a time is mostly one byte. */
#pragma once
#include "base/buf.h"
#include "base/cursor.h"
#include "ledger/firsts.h"

#define FIRSTS_CHECK_BITS 52U /* of a check's number (match/match.h) */
#define FIRSTS_PIECE_BITS_MAX 10U
#define FIRSTS_PIECES_MAX (1U << FIRSTS_PIECE_BITS_MAX)

/* Which of 1 << bits pieces has the check. */
size_t firsts_piece(uint64_t check, unsigned bits);
/* The number of a row of repository_first_piece. */
int64_t firsts_piece_id(int64_t repository, size_t piece);
/* The exponent of a kept number of pieces. ERR_DAMAGED: it is none. */
int firsts_piece_bits(int64_t repository, int64_t pieces, unsigned *ret, struct err *e);
/* The next entry: *x is the one before, zeroed at first. 1 = entry, 0 = end, ERR_DAMAGED. */
int firsts_next(struct cursor *c, int64_t repository, struct first *x, struct err *e);
void firsts_put(const struct first *items, size_t count, struct buf *out);
