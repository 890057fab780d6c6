/* Globs: '*' any run of characters, '?' one. Most are decided by going back to the last '*'. Where
 * the text almost fits at each place, that takes the product of both lengths, and rules hold many
 * globs, each of which is asked for each tag. So after some steps all places are followed at once,
 * as an automaton whose states are bits: state i is that i characters of the glob have been met,
 * and a '*' behind them keeps it. */
#include "match/criteria.h"

#include <string.h>

#define STEPS_EACH 2U /* for each byte of both, before it is done by bits */
#define LITERALS 512U /* characters that are no '*': a rule's globs are no longer */
#define WORDS (LITERALS / 64U + 1U)

struct automaton {
	uint64_t kept[WORDS]; /* states that a '*' keeps */
	uint64_t any[WORDS];  /* states that any character leads on from */
	uint64_t of[256][WORDS];
	bool has[256]; /* of: filled in */
	size_t len;    /* characters that are no '*' */
};

static void set(uint64_t *bits, size_t i)
{
	bits[i / 64] |= UINT64_C(1) << i % 64;
}

static void compile(struct automaton *m, struct bytes pattern)
{
	memset(m->kept, 0, sizeof m->kept);
	memset(m->any, 0, sizeof m->any);
	memset(m->has, 0, sizeof m->has);
	m->len = 0;
	for (size_t i = 0; i < pattern.len; i++) {
		uint8_t c = pattern.ptr[i];
		if (c == '*') {
			set(m->kept, m->len);
			continue;
		}
		if (c != '?' && !m->has[c])
			memset(m->of[c], 0, sizeof m->of[c]);
		m->has[c] |= c != '?';
		set(c == '?' ? m->any : m->of[c], m->len++);
	}
}

static bool run(const struct automaton *m, struct bytes text)
{
	uint64_t now[WORDS] = {1};
	size_t words = m->len / 64 + 1;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		uint64_t carry = 0;
		for (size_t k = 0; k < words; k++) {
			uint64_t on = now[k] & (m->any[k] | (m->has[c] ? m->of[c][k] : 0));
			now[k] = on << 1 | carry | (now[k] & m->kept[k]);
			carry = on >> 63;
		}
	}
	return now[m->len / 64] >> m->len % 64 & 1;
}

static bool fits_by_bits(struct bytes pattern, struct bytes text)
{
	/* 18 KiB, of which a glob fills in a few hundred bytes */
	struct automaton m __attribute__((uninitialized));
	compile(&m, pattern);
	return run(&m, text);
}

static size_t literals(struct bytes pattern)
{
	size_t n = 0;
	for (size_t i = 0; i < pattern.len; i++)
		n += pattern.ptr[i] != '*';
	return n;
}

bool criteria_glob(struct bytes pattern, struct bytes text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, from = 0;
	size_t steps = STEPS_EACH * (pattern.len + text.len);
	while (t < text.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			from = t;
		} else if (p < pattern.len &&
			   (pattern.ptr[p] == '?' || pattern.ptr[p] == text.ptr[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++from;
		} else {
			return false;
		}
		if (steps > 0 && --steps == 0 && literals(pattern) <= LITERALS)
			return fits_by_bits(pattern, text);
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}
