/* RFC 8259, read by hand over the bounds-checked text. A value is an object "{" member *(","
 * member) "}" with member = string ":" value, an array "[" value *("," value) "]", a string, a
 * number or one of true, false, null; between tokens only space, tab, CR and LF. Strings have
 * no byte below 0x20, only valid UTF-8 (RFC 3629: no over-long form, no surrogate, nothing above
 * U+10FFFF), and the escapes
 * \" \\ \/ \b \f \n \r \t \uXXXX, where surrogates come in high-low pairs. Numbers: -? (0 | 1-9
 * digits) (. digits)? (e [+-]? digits)?. A byte order mark is not accepted (section 8.1 lets a
 * parser choose).
 *
 * State: off, the depth, and whether nothing has been read from the container just entered
 * ("first"): a comma precedes every member except the first, never a closing bracket. At depth 0
 * first means that no value was read. */
#include "base/json.h"

#include "base/limits.h"
#include "base/num.h"
#include "base/utf8.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static void fail_code(struct json *j, enum err_code code, size_t off, const char *why)
{
	if (j->failed)
		return;
	j->failed = true;
	j->code = code;
	j->why = why;
	j->why_off = off;
}

/* A rule broken at the end of the text means that the text was truncated. */
static void fail_at(struct json *j, size_t off, const char *why)
{
	fail_code(j, off >= j->text.len ? ERR_TRUNCATED : ERR_FORMAT, off, why);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

static void skip_blank(struct json *j)
{
	const uint8_t *p = j->text.ptr;
	size_t i = j->off, n = j->text.len;
	if (i < n && p[i] > ' ')
		return;
	while (i < n && is_blank(p[i])) {
		i++;
		/* Indentation comes in long runs of spaces. */
		while (n - i >= 8 && load64(p + i) == UINT64_C(0x2020202020202020))
			i += 8;
	}
	j->off = i;
}

void json_init(struct json *j, struct bytes text, struct arena *arena)
{
	*j = (struct json){.text = text, .arena = arena, .first = true};
}

void json_use(struct json *j, struct arena *arena)
{
	j->arena = arena;
}

enum json_type json_peek(struct json *j)
{
	if (j->failed)
		return JSON_NONE;
	skip_blank(j);
	if (j->off >= j->text.len)
		return JSON_NONE;
	switch (j->text.ptr[j->off]) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
	case 'f':
		return JSON_BOOL;
	case 'n':
		return JSON_NULL;
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		return JSON_NUMBER;
	default:
		return JSON_NONE;
	}
}

/* The next value is of this type, or failure. */
static bool expect(struct json *j, enum json_type type, const char *why)
{
	if (j->failed)
		return false;
	enum json_type got = json_peek(j);
	if (got == JSON_NONE)
		fail_at(j, j->off, "a value is missing");
	else if (got != type)
		fail_at(j, j->off, why);
	return !j->failed;
}

/* Does the text end inside a sequence that is valid so far? */
static bool utf8_is_cut(const uint8_t *p, size_t n)
{
	static const uint8_t fill[3] = {0x80, 0x80, 0x80};
	uint8_t whole[8];
	if (n >= 4)
		return false;
	for (size_t pad = 1; pad <= 3; pad++) {
		memcpy(whole, p, n);
		memcpy(whole + n, fill, pad);
		if (n == 1) /* the second byte's range depends on the first */
			whole[1] = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
		if (utf8_len(whole, n + pad) == n + pad)
			return true;
	}
	return false;
}

/* Offset of the first byte at or after i that is not plain ASCII inside a string: a quote, a
 * backslash, a control byte, or above 0x7f. */
static size_t plain_end(const uint8_t *p, size_t i, size_t n)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(' ');
	while (n - i >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		/* As signed bytes, control bytes and everything above 0x7f are less than a space.
		 */
		__m128i hit =
		    _mm_or_si128(_mm_cmplt_epi8(v, space),
				 _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)));
		unsigned mask = (unsigned)_mm_movemask_epi8(hit);
		if (mask)
			return i + (size_t)__builtin_ctz(mask);
		i += 16;
	}
#else
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	while (n - i >= 8) {
		uint64_t v = load64(p + i), q = v ^ (ones * '"'), s = v ^ (ones * '\\');
		uint64_t hit = v | (v - ones * ' ') | (q - ones) | (s - ones);
		if (hit & tops) /* may be a false alarm: the bytes below decide */
			break;
		i += 8;
	}
	for (size_t end = n - i > 8 ? i + 8 : n; i < end; i++)
		if (p[i] < ' ' || p[i] >= 0x80 || p[i] == '"' || p[i] == '\\')
			return i;
#endif
	return i;
}

static int hex_value(uint8_t c)
{
	if (byte_is_digit(c))
		return c - '0';
	return byte_is_hex(c) ? byte_lower(c) - 'a' + 10 : -1;
}

/* The 16-bit unit of "XXXX" at off, or failure and 0. */
static uint32_t hex4(struct json *j, size_t off)
{
	uint32_t unit = 0;
	for (size_t i = 0; i < 4; i++) {
		int v = off + i < j->text.len ? hex_value(j->text.ptr[off + i]) : -1;
		if (v < 0) {
			fail_at(j, off + i, "four hexadecimal digits must follow \\u");
			return 0;
		}
		unit = unit << 4 | (uint32_t)v;
	}
	return unit;
}

static bool is_high(uint32_t unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(uint32_t unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* The escape that starts at off with a backslash: its length, 0 on failure. *ret_code: the code
 * point it encodes. */
static size_t read_escape(struct json *j, size_t off, uint32_t *ret_code)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const uint8_t *p = j->text.ptr;
	size_t n = j->text.len;
	*ret_code = 0;
	if (off + 1 >= n) {
		fail_at(j, n, "the text ends inside a string");
		return 0;
	}
	uint8_t c = p[off + 1];
	for (size_t i = 0; i < sizeof from - 1; i++) {
		if (c == (uint8_t)from[i]) {
			*ret_code = (uint8_t)to[i];
			return 2;
		}
	}
	if (c != 'u') {
		fail_at(j, off, "unknown escape");
		return 0;
	}
	uint32_t unit = hex4(j, off + 2);
	if (j->failed)
		return 0;
	*ret_code = unit;
	if (!is_high(unit) && !is_low(unit))
		return 6;
	for (size_t i = 0; i < 2 && is_high(unit); i++) {
		if (off + 6 + i < n && p[off + 6 + i] == (i == 0 ? '\\' : 'u'))
			continue;
		fail_at(j, off + 6 + i < n ? off : n, "surrogate without its pair");
		return 0;
	}
	uint32_t low = is_high(unit) ? hex4(j, off + 8) : 0;
	if (!is_low(low))
		fail_at(j, off, "surrogate without its pair");
	*ret_code = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
	return j->failed ? 0 : 12;
}

/* Move over the string that starts here. Its raw content in *ret, true when it has escapes. Check
 * j->failed. */
static bool scan_string(struct json *j, struct bytes *ret)
{
	const uint8_t *p = j->text.ptr;
	size_t n = j->text.len, start = j->off + 1, i = start;
	bool escaped = false;
	*ret = BYTES_NONE;
	for (;;) {
		i = plain_end(p, i, n);
		if (i >= n) {
			fail_at(j, n, "the text ends inside a string");
			return false;
		}
		size_t step = 0;
		if (p[i] == '"')
			break;
		if (p[i] == '\\') {
			uint32_t code;
			escaped = true;
			step = read_escape(j, i, &code);
		} else if (p[i] < ' ') {
			fail_at(j, i, "control byte in a string");
		} else {
			step = utf8_len(p + i, n - i);
			if (step == 0)
				fail_at(j, utf8_is_cut(p + i, n - i) ? n : i,
					"not valid UTF-8 in a string");
		}
		if (step == 0)
			return false;
		i += step;
	}
	*ret = (struct bytes){p + start, i - start};
	j->off = i + 1;
	return escaped;
}

/* raw was scanned: its escapes are valid, and each is longer than what it encodes. */
static struct bytes unescape(struct json *j, struct bytes raw)
{
	uint8_t *out = j->arena ? arena_alloc(j->arena, raw.len, 1) : NULL;
	if (!out) {
		fail_code(j, ERR_NOMEM, (size_t)(raw.ptr - j->text.ptr), "no memory for a string");
		return BYTES_NONE;
	}
	size_t len = 0;
	for (size_t i = 0; i < raw.len;) {
		size_t run = bytes_find(bytes_from(raw, i), '\\');
		memcpy(out + len, raw.ptr + i, run);
		len += run;
		i += run;
		if (i >= raw.len)
			break;
		uint32_t code;
		i += read_escape(j, (size_t)(raw.ptr - j->text.ptr) + i, &code);
		if (j->failed)
			return BYTES_NONE;
		len += utf8_put(out + len, code);
	}
	return (struct bytes){out, len};
}

static struct bytes take_string(struct json *j)
{
	struct bytes raw;
	bool escaped = scan_string(j, &raw);
	if (j->failed)
		return BYTES_NONE;
	j->first = false;
	return escaped ? unescape(j, raw) : raw;
}

struct bytes json_string(struct json *j)
{
	return expect(j, JSON_STRING, "expected a string") ? take_string(j) : BYTES_NONE;
}

struct bytes json_string_or_null(struct json *j)
{
	if (json_peek(j) != JSON_NULL)
		return json_string(j);
	json_skip(j);
	return BYTES_NONE;
}

struct bytes json_string_lenient(struct json *j)
{
	if (json_peek(j) == JSON_STRING)
		return json_string(j);
	json_skip(j);
	return BYTES_NONE;
}

static void read_slots(struct json *j, const struct bytes_slot *slots, size_t count, bool lenient)
{
	if (!json_enter_object(j))
		return;
	for (struct bytes key; json_next_key(j, &key);) {
		struct bytes *to = bytes_slot_find(slots, count, key);
		if (to && (!lenient || json_peek(j) == JSON_STRING))
			*to = json_string(j);
		else
			json_skip(j);
	}
}

void json_slots(struct json *j, const struct bytes_slot *slots, size_t count)
{
	read_slots(j, slots, count, false);
}

void json_slots_lenient(struct json *j, const struct bytes_slot *slots, size_t count)
{
	read_slots(j, slots, count, true);
}

static bool enter(struct json *j, enum json_type type, const char *why)
{
	if (!expect(j, type, why))
		return false;
	if (j->depth >= LIMIT_JSON_DEPTH) {
		fail_code(j, ERR_LIMIT, j->off, "nested too deeply");
		return false;
	}
	j->depth++;
	j->off++;
	j->first = true;
	return true;
}

bool json_enter_object(struct json *j)
{
	return enter(j, JSON_OBJECT, "expected an object");
}

bool json_enter_array(struct json *j)
{
	return enter(j, JSON_ARRAY, "expected an array");
}

/* Is another member to come? Moves over the comma, or over the closing bracket and out. */
static bool next_member(struct json *j, uint8_t close)
{
	if (j->failed)
		return false;
	skip_blank(j);
	uint8_t c = j->off < j->text.len ? j->text.ptr[j->off] : 0;
	if (c == close && j->depth > 0) {
		j->off++;
		j->depth--;
		j->first = false;
		return false;
	}
	if (!j->first) {
		if (c != ',') {
			fail_at(j, j->off,
				close == '}' ? "\",\" or \"}\" is missing"
					     : "\",\" or \"]\" is missing");
			return false;
		}
		j->off++;
		skip_blank(j);
	}
	j->first = false;
	return true;
}

static bool expect_key(struct json *j)
{
	if (j->off < j->text.len && j->text.ptr[j->off] == '"')
		return true;
	fail_at(j, j->off, "a member's name is missing");
	return false;
}

static bool expect_colon(struct json *j)
{
	skip_blank(j);
	if (j->off < j->text.len && j->text.ptr[j->off] == ':') {
		j->off++;
		return true;
	}
	fail_at(j, j->off, "\":\" is missing");
	return false;
}

bool json_next_key(struct json *j, struct bytes *ret_key)
{
	*ret_key = BYTES_NONE;
	if (!next_member(j, '}') || !expect_key(j))
		return false;
	*ret_key = take_string(j);
	return !j->failed && expect_colon(j);
}

bool json_next_item(struct json *j)
{
	if (!next_member(j, ']'))
		return false;
	if (json_peek(j) == JSON_NONE)
		fail_at(j, j->off, "a value is missing");
	return !j->failed;
}

/* The end of the digits at i; failure if there are none. */
static size_t digits_end(struct json *j, size_t i)
{
	size_t start = i;
	while (i < j->text.len && byte_is_digit(j->text.ptr[i]))
		i++;
	if (i == start)
		fail_at(j, i, "a digit is missing in a number");
	return i;
}

static struct bytes take_number(struct json *j)
{
	const uint8_t *p = j->text.ptr;
	size_t n = j->text.len, start = j->off, i = start;
	if (p[i] == '-')
		i++;
	i = i < n && p[i] == '0' ? i + 1 : digits_end(j, i);
	if (i < n && byte_is_digit(p[i]))
		fail_at(j, i, "a number must not start with 0");
	if (i < n && p[i] == '.')
		i = digits_end(j, i + 1);
	if (i < n && (p[i] == 'e' || p[i] == 'E')) {
		i++;
		if (i < n && (p[i] == '+' || p[i] == '-'))
			i++;
		i = digits_end(j, i);
	}
	if (j->failed)
		return BYTES_NONE;
	j->off = i;
	j->first = false;
	return (struct bytes){p + start, i - start};
}

struct bytes json_number(struct json *j)
{
	return expect(j, JSON_NUMBER, "expected a number") ? take_number(j) : BYTES_NONE;
}

double json_double(struct json *j)
{
	struct bytes text = json_number(j);
	double v = 0;
	if (!j->failed && !num_double(text, &v))
		fail_at(j, j->off - text.len, "number out of range");
	return j->failed ? 0 : v;
}

uint64_t json_u64(struct json *j)
{
	struct bytes text = json_number(j);
	uint64_t v = 0;
	if (!j->failed && !num_u64(text, UINT64_MAX, &v))
		fail_at(j, j->off - text.len, "expected a non-negative integer");
	return j->failed ? 0 : v;
}

int64_t json_i64(struct json *j)
{
	struct bytes text = json_number(j);
	int64_t v = 0;
	if (!j->failed && !num_i64(text, &v))
		fail_at(j, j->off - text.len, "expected an integer");
	return j->failed ? 0 : v;
}

static void take_word(struct json *j, struct bytes word)
{
	struct bytes left = bytes_from(j->text, j->off);
	for (size_t i = 0; i < word.len; i++) {
		if (i < left.len && left.ptr[i] == word.ptr[i])
			continue;
		fail_at(j, i < left.len ? j->off : j->text.len, "not true, false or null");
		return;
	}
	j->off += word.len;
	j->first = false;
}

bool json_bool(struct json *j)
{
	if (!expect(j, JSON_BOOL, "expected true or false"))
		return false;
	bool v = j->text.ptr[j->off] == 't';
	take_word(j, v ? BYTES_LIT("true") : BYTES_LIT("false"));
	return !j->failed && v;
}

/* To the next value of the current container, an object or not; false at its end. Names are checked
 * but not unescaped. */
static bool skip_to_next(struct json *j, bool is_object)
{
	if (!is_object)
		return json_next_item(j);
	struct bytes raw;
	if (!next_member(j, '}') || !expect_key(j))
		return false;
	(void)scan_string(j, &raw);
	return !j->failed && expect_colon(j);
}

static void skip_token(struct json *j, enum json_type type)
{
	struct bytes raw;
	switch (type) {
	case JSON_STRING:
		(void)scan_string(j, &raw);
		j->first = false;
		break;
	case JSON_NUMBER:
		(void)take_number(j);
		break;
	case JSON_BOOL:
		(void)json_bool(j);
		break;
	case JSON_NULL:
		take_word(j, BYTES_LIT("null"));
		break;
	case JSON_OBJECT:
		(void)json_enter_object(j);
		break;
	case JSON_ARRAY:
		(void)json_enter_array(j);
		break;
	case JSON_NONE:
		fail_at(j, j->off, "a value is missing");
		break;
	}
}

void json_skip(struct json *j)
{
	/* A bit per level, as LIMIT_JSON_DEPTH allows: is that container an object? */
	_Static_assert(LIMIT_JSON_DEPTH <= 64, "one bit per level");
	uint64_t objects = 0;
	unsigned base = j->depth;
	do {
		enum json_type type = json_peek(j);
		skip_token(j, type);
		if (j->failed)
			return;
		if (type == JSON_OBJECT || type == JSON_ARRAY) {
			uint64_t bit = UINT64_C(1) << (j->depth - 1);
			objects = type == JSON_OBJECT ? objects | bit : objects & ~bit;
		}
		while (j->depth > base && !skip_to_next(j, objects >> (j->depth - 1) & 1))
			if (j->failed)
				return;
	} while (j->depth > base);
}

struct bytes json_raw(struct json *j)
{
	if (json_peek(j) == JSON_NONE)
		fail_at(j, j->off, "a value is missing");
	size_t start = j->off;
	json_skip(j);
	return j->failed ? BYTES_NONE : bytes_part(j->text, start, j->off - start);
}

void json_fail(struct json *j, const char *why)
{
	fail_code(j, ERR_FORMAT, j->off, why);
}

void json_fail_memory(struct json *j)
{
	fail_code(j, ERR_NOMEM, j->off, "no memory for what was read");
}

bool json_ok(const struct json *j)
{
	return !j->failed;
}

int json_finish(struct json *j, struct err *e)
{
	if (!j->failed) {
		skip_blank(j);
		if (j->first && j->depth == 0)
			fail_at(j, j->off, "a value is missing");
		else if (j->depth > 0)
			fail_at(j, j->off, "the value was not read to its end");
		else if (j->off < j->text.len)
			fail_at(j, j->off, "something follows the value");
	}
	if (j->failed)
		return err_set(e, j->code, "JSON at byte %zu: %s (RFC 8259)", j->why_off, j->why);
	return 0;
}
