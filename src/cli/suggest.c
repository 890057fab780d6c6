/* Optimal string alignment: Damerau's and Levenshtein's edits, no part of a word edited twice. */
#include "cli/suggest.h"

#define WORD_MAX 64 /* bytes that are compared: no word of ours is longer */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t suggest_distance(struct bytes a, struct bytes b)
{
	size_t rows[3][WORD_MAX + 1];
	a = bytes_part(a, 0, WORD_MAX);
	b = bytes_part(b, 0, WORD_MAX);
	for (size_t k = 0; k <= b.len; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
		now[0] = i;
		for (size_t k = 1; k <= b.len; k++) {
			uint8_t x = byte_lower(a.ptr[i - 1]), y = byte_lower(b.ptr[k - 1]);
			now[k] = least(least(last[k], now[k - 1]) + 1, last[k - 1] + (x != y));
			if (i > 1 && k > 1 && x == byte_lower(b.ptr[k - 2]) &&
			    byte_lower(a.ptr[i - 2]) == y)
				now[k] = least(now[k], before[k - 2] + 1);
		}
	}
	return rows[a.len % 3][b.len];
}

const char *suggest(struct bytes word, const char *const *candidates)
{
	const char *best = NULL;
	size_t found = SIZE_MAX, most = word.len < 4 ? 1 : word.len < 8 ? 2 : 3;
	for (; *candidates; candidates++) {
		size_t d = suggest_distance(word, bytes_of(*candidates));
		if (d <= most && d < found) {
			found = d;
			best = *candidates;
		}
	}
	return best;
}
