/* A row's text is what a file of that name holds around its version. Besides plain bytes:
 *
 *   VERSION  digits, letters and dots, with a dot in it or "15beta4"; what a pre-release adds
 * behind a "-" belongs to it ("1.34.0-rc.1") NUMBERS  digits and dots only: for what other text
 * follows at once, as in Rust and Go ZEROS    one zero byte or several RELEASE  the release in the
 * file's name, "3.11" of libpython3.11.so FROM     the version begins here, though plain bytes
 * follow
 *
 * The longest plain part is searched for, and what is around each hit is compared. */
#include "eco/program_text.h"

#include <string.h>

#define VERSION "\1"
#define NUMBERS "\2"
#define ZEROS "\3"
#define RELEASE "\4"
#define FROM "\5"
#define TRIPLE "\6"
#define TEXT "\7"
#define BUILT "\10"
enum {
	SIGN_VERSION = 1,
	SIGN_NUMBERS,
	SIGN_ZEROS,
	SIGN_RELEASE,
	SIGN_FROM,
	SIGN_TRIPLE,
	SIGN_TEXT,
	SIGN_BUILT,
};

#define NAMED(name, file, text) {name, file, text, false},
#define BARE(name, file, text) {name, file, text, true},
/* file: its name, where a '*' at the end is anything. Of the rows of one file the first that is met
 * counts, wherever it lies. */
static const struct {
	const char *name, *file, *text;
	bool bare;
} known[] = {
#include "eco/known.inc"
};
_Static_assert(sizeof known / sizeof *known < 256, "rows are kept as bytes");

static bool fits(struct bytes base, const char *pattern)
{
	struct bytes p = bytes_of(pattern);
	if (!bytes_has_suffix_lit(p, "*"))
		return bytes_eq(base, p);
	return bytes_has_prefix(base, bytes_part(p, 0, p.len - 1));
}

/* "libpython3.11.so.1.0": "3.11"; empty: "python3" does not say which. */
static struct bytes release_of(struct bytes base)
{
	size_t at = 0, end;
	while (at < base.len && !byte_is_digit(base.ptr[at]))
		at++;
	for (end = at; end < base.len && (byte_is_digit(base.ptr[end]) || base.ptr[end] == '.');)
		end++;
	while (end > at && base.ptr[end - 1] == '.')
		end--;
	struct bytes release = bytes_part(base, at, end - at);
	return bytes_find(release, '.') < release.len && release.len <= 8 ? release : BYTES_NONE;
}

static bool is_sign(uint8_t c)
{
	return c >= SIGN_VERSION && c <= SIGN_BUILT;
}

/* The longest run of plain bytes; of a text that has none, the first zero. */
static void set_anchor(struct program_pattern *p)
{
	for (size_t i = 0; i < p->len; i++) {
		size_t n = 0;
		while (i + n < p->len && !is_sign(p->v[i + n]))
			n++;
		if (n > p->anchor_len) {
			p->anchor = i;
			p->anchor_len = n;
		}
		i += n;
	}
}

static bool set_pattern(struct program_pattern *p, const char *text, struct bytes release)
{
	*p = (struct program_pattern){.len = 0};
	for (; *text; text++) {
		struct bytes add = {.ptr = (const uint8_t *)text, .len = 1};
		if (*text == SIGN_RELEASE)
			add = release;
		if (add.len == 0 || add.len > sizeof p->v - p->len)
			return false;
		memcpy(p->v + p->len, add.ptr, add.len);
		p->len += add.len;
	}
	set_anchor(p);
	return true;
}

void program_text_init(struct program_text *t, struct bytes path)
{
	size_t slash = bytes_find_last(path, '/');
	struct bytes base = slash == path.len ? path : bytes_from(path, slash + 1);
	*t = (struct program_text){.count = 0};
	for (size_t i = 0; i < sizeof known / sizeof *known && t->count < PROGRAM_TEXT_ROWS; i++) {
		if (!fits(base, known[i].file) ||
		    !set_pattern(&t->patterns[t->count], known[i].text, release_of(base)))
			continue;
		t->rows[t->count++] = (uint8_t)i;
	}
	t->best = t->count;
}

/* Where in a run of bytes a pattern is being compared. */
struct spot {
	struct bytes b;
	bool is_start, is_end; /* of the file: b's first and last byte are the file's */
	size_t from, to;       /* what has been met so far */
	size_t version, version_end;
};

static bool is_text_byte(uint8_t c)
{
	return byte_is_alnum(c) || c == '.';
}

static bool is_number_byte(uint8_t c)
{
	return byte_is_digit(c) || c == '.';
}

/* The longest run that may hold a version: with what take_built finds behind one. A longer one is
 * none, and is not gone through for each place where a text begins in it. */
#define RUN_MAX (PROGRAM_TEXT_VERSION + 16U)

static size_t run_from(struct bytes b, size_t at, bool (*is)(uint8_t))
{
	size_t n = at;
	while (n < b.len && n - at < RUN_MAX && is(b.ptr[n]))
		n++;
	return n;
}

/* "-rc.1" and its like at at. */
static size_t pre_release(struct bytes b, size_t at)
{
	static const char *const words[] = {"-alpha", "-beta", "-rc",	   "-dev",
					    "-pre",   "-test", "-snapshot"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (bytes_has_prefix_nocase(bytes_from(b, at), bytes_of(words[i])))
			return run_from(b, at + 1, is_text_byte);
	return at;
}

/* A dot is needed: "nginx/1" says too little; but "15beta4" does not. */
static bool is_version(struct bytes v)
{
	if (v.len == 0 || v.len > PROGRAM_TEXT_VERSION || !byte_is_digit(v.ptr[0]) ||
	    v.ptr[v.len - 1] == '.')
		return false;
	size_t n = run_from(v, 0, byte_is_digit);
	struct bytes rest = bytes_from(v, n);
	return bytes_find(v, '.') < v.len || bytes_has_prefix_lit(rest, "beta") ||
	       bytes_has_prefix_lit(rest, "rc") || bytes_has_prefix_lit(rest, "alpha");
}

static bool is_whole(struct bytes v, uint8_t sign)
{
	size_t dots = 0;
	for (size_t i = 0; i < v.len && v.ptr[i] != '-'; i++)
		dots += v.ptr[i] == '.';
	if (sign == SIGN_BUILT && run_from(v, 0, is_number_byte) < v.len)
		return false;
	return is_version(v) && ((sign != SIGN_TRIPLE && sign != SIGN_BUILT) || dots == 2);
}

static bool take_version(struct spot *s, uint8_t sign, bool has_from)
{
	if (s->to >= s->b.len || !byte_is_digit(s->b.ptr[s->to]))
		return false;
	size_t end = run_from(s->b, s->to, sign == SIGN_VERSION ? is_text_byte : is_number_byte);
	while (sign != SIGN_VERSION && s->b.ptr[end - 1] == '.')
		end--;
	if (sign != SIGN_NUMBERS)
		end = pre_release(s->b, end);
	if (s->b.len - end < PROGRAM_TEXT_AHEAD && !s->is_end)
		return false; /* it may go on: seen again with what follows */
	s->version = has_from ? s->version : s->to;
	s->version_end = end;
	s->to = end;
	return is_whole(bytes_part(s->b, s->version, end - s->version), sign);
}

static bool take_version_back(struct spot *s, uint8_t sign)
{
	bool (*is)(uint8_t) = sign == SIGN_VERSION ? is_text_byte : is_number_byte;
	size_t at = s->from;
	while (at > 0 && s->from - at < RUN_MAX && is(s->b.ptr[at - 1]))
		at--;
	if (at == 0 && !s->is_start)
		return false;
	while (sign != SIGN_VERSION && at < s->from && s->b.ptr[at] == '.')
		at++;
	s->version = at;
	s->version_end = s->from;
	s->from = at;
	return is_whole(bytes_part(s->b, at, s->version_end - at), sign);
}

/* "8.1.8e7aabe97f890-1781799480": where what is not the version's begins; 0: it is no such text. */
static size_t host_at(struct bytes run)
{
	struct bytes sandbox = BYTES_LIT("buildkitsandbox");
	if (bytes_has_suffix(run, sandbox))
		return run.len - sandbox.len;
	for (size_t i = run.len > 12 ? run.len - 12 : 0; i < run.len; i++)
		if (!byte_is_hex(run.ptr[i]))
			return 0;
	return run.len > 12 ? run.len - 12 : 0;
}

static bool take_built(struct spot *s)
{
	size_t end = run_from(s->b, s->to, is_text_byte);
	struct bytes run = bytes_part(s->b, s->to, end - s->to);
	size_t len = host_at(run);
	if (len == 0 || end + 1 >= s->b.len || s->b.ptr[end] != '-' ||
	    !byte_is_digit(s->b.ptr[end + 1]))
		return false;
	s->version = s->to;
	s->version_end = s->to + len;
	s->to = end + 1;
	return is_whole(bytes_part(run, 0, len), SIGN_BUILT);
}

static bool take_text(struct spot *s)
{
	size_t n = 0;
	while (s->to < s->b.len && s->b.ptr[s->to] != 0 && n < PROGRAM_TEXT_REST) {
		s->to++;
		n++;
	}
	return true;
}

static bool take_zeros(struct spot *s, bool is_last)
{
	size_t n = 0;
	while (s->to < s->b.len && s->b.ptr[s->to] == 0 && n < (is_last ? 1 : PROGRAM_TEXT_ZEROS)) {
		s->to++;
		n++;
	}
	return n > 0;
}

static bool take_zeros_back(struct spot *s, bool is_first)
{
	size_t n = 0;
	while (s->from > 0 && s->b.ptr[s->from - 1] == 0 &&
	       n < (is_first ? 1 : PROGRAM_TEXT_ZEROS)) {
		s->from--;
		n++;
	}
	return n > 0;
}

static bool take_rest(const struct program_pattern *p, struct spot *s)
{
	bool has_from = memchr(p->v, SIGN_FROM, p->len) != NULL;
	for (size_t i = p->anchor + p->anchor_len; i < p->len; i++) {
		uint8_t c = p->v[i];
		bool ok = true;
		if (c == SIGN_VERSION || c == SIGN_NUMBERS || c == SIGN_TRIPLE)
			ok = take_version(s, c, has_from);
		else if (c == SIGN_BUILT)
			ok = take_built(s);
		else if (c == SIGN_TEXT)
			ok = take_text(s);
		else if (c == SIGN_ZEROS)
			ok = take_zeros(s, i + 1 == p->len);
		else if (s->to < s->b.len && s->b.ptr[s->to] == c)
			s->to++;
		else
			ok = false;
		if (!ok)
			return false;
	}
	return true;
}

static bool take_front(const struct program_pattern *p, struct spot *s)
{
	for (size_t i = p->anchor; i-- > 0;) {
		uint8_t c = p->v[i];
		bool ok = true;
		if (c == SIGN_VERSION || c == SIGN_NUMBERS || c == SIGN_TRIPLE)
			ok = take_version_back(s, c);
		else if (c == SIGN_ZEROS)
			ok = take_zeros_back(s, i == 0);
		else if (c == SIGN_FROM)
			s->version = s->from;
		else if (s->from > 0 && s->b.ptr[s->from - 1] == c)
			s->from--;
		else
			ok = false;
		if (!ok)
			return false;
	}
	return true;
}

static void keep(struct program_text *t, size_t which, const struct spot *s)
{
	size_t from = s->from > 0 ? s->from - 1 : 0;
	size_t to = s->to < s->b.len ? s->to + 1 : s->to;
	if (to - from > sizeof t->found)
		return; /* never: each part of it has a limit */
	memcpy(t->found, s->b.ptr + from, to - from);
	t->found_len = to - from;
	t->version_off = s->version - from;
	t->version_len = s->version_end - s->version;
	t->best = which;
}

/* Where the plain part of p is next, from at on; b.len: nowhere. A text without one begins with
 * zeros. */
static size_t find_anchor(const struct program_pattern *p, struct bytes b, size_t at)
{
	struct bytes anchor = {.ptr = p->v + p->anchor, .len = p->anchor_len};
	if (anchor.len > 0)
		return at + bytes_find_bytes(bytes_from(b, at), anchor);
	while (at + 1 < b.len && !(b.ptr[at] == 0 && byte_is_digit(b.ptr[at + 1])))
		at++;
	return at + 1 < b.len ? at : b.len;
}

static void search_one(struct program_text *t, size_t which, const struct spot *in)
{
	const struct program_pattern *p = &t->patterns[which];
	for (size_t at = 0; (at = find_anchor(p, in->b, at)) < in->b.len; at++) {
		struct spot s = *in;
		s.from = at;
		s.to = at + p->anchor_len;
		if (take_front(p, &s) && take_rest(p, &s)) {
			keep(t, which, &s);
			return;
		}
	}
}

static void search(struct program_text *t, struct bytes b, bool is_start, bool is_end)
{
	const struct spot s = {.b = b, .is_start = is_start, .is_end = is_end};
	for (size_t i = 0; i < t->best; i++)
		search_one(t, i, &s);
}

void program_text_feed(struct program_text *t, struct bytes b)
{
	if (t->best == 0 || b.len == 0)
		return;
	size_t n = b.len < PROGRAM_TEXT_SEAM ? b.len : PROGRAM_TEXT_SEAM;
	memcpy(t->seam + t->seam_len, b.ptr, n);
	search(t, (struct bytes){.ptr = t->seam, .len = t->seam_len + n}, t->seam_len == t->off,
	       false);
	search(t, b, t->off == 0, false);
	t->off += b.len;
	if (b.len >= PROGRAM_TEXT_SEAM) {
		memcpy(t->seam, b.ptr + (b.len - PROGRAM_TEXT_SEAM), PROGRAM_TEXT_SEAM);
		t->seam_len = PROGRAM_TEXT_SEAM;
		return;
	}
	size_t all = t->seam_len + n, kept = all < PROGRAM_TEXT_SEAM ? all : PROGRAM_TEXT_SEAM;
	memmove(t->seam, t->seam + (all - kept), kept);
	t->seam_len = kept;
}

void program_text_end(struct program_text *t)
{
	if (t->best > 0)
		search(t, (struct bytes){.ptr = t->seam, .len = t->seam_len}, t->seam_len == t->off,
		       true);
}

struct bytes program_text_excerpt(const struct program_text *t)
{
	return (struct bytes){.ptr = t->found, .len = t->found_len};
}

struct bytes program_text_version(const struct program_text *t)
{
	return (struct bytes){.ptr = t->found + t->version_off, .len = t->version_len};
}

const char *program_text_name(const struct program_text *t)
{
	return t->best < t->count ? known[t->rows[t->best]].name : NULL;
}

bool program_text_is_bare(const struct program_text *t)
{
	return t->best < t->count && known[t->rows[t->best]].bare;
}
