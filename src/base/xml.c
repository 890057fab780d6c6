/* A document is Misc* element Misc*, Misc a comment, a processing instruction (the declaration is
 * read as one) or blanks; an element <name attributes>content</name> or <name attributes/>; content
 * text, elements, comments, instructions and <![CDATA[…]]>. Attributes are name="value" or
 * name='value', with a blank in front, each name once, no '<' in the value. In text and values &lt;
 * &gt; &amp; &quot; &apos; and &#N; &#xN; mean characters. */
#include "base/xml.h"

#include "base/utf8.h"

#include <string.h>

#define ATTRIBUTES_MAX 64U /* of one element: real ones have up to 10 */

enum token { TOKEN_END, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_TEXT, TOKEN_PLAIN /* without references */ };

static void fail_code(struct xml *x, enum err_code code, size_t off, const char *why)
{
	if (x->failed)
		return;
	x->failed = true;
	x->code = code;
	x->why = why;
	x->why_off = off;
}

/* A rule broken at the end of the text means that the text was truncated. */
static void fail_at(struct xml *x, size_t off, const char *why)
{
	fail_code(x, off >= x->text.len ? ERR_TRUNCATED : ERR_FORMAT, off, why);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void check_bytes(struct xml *x)
{
	const uint8_t *p = x->text.ptr;
	size_t n = x->text.len;
	for (size_t i = 0; i < n && !x->failed;) {
		if (p[i] >= ' ' && p[i] < 0x80) {
			i++;
			continue;
		}
		size_t len = p[i] >= 0x80 || is_blank(p[i]) ? utf8_len(p + i, n - i) : 0;
		if (len == 0)
			fail_code(x, ERR_FORMAT, i, "not UTF-8, or a control character");
		i += len;
	}
}

void xml_init(struct xml *x, struct bytes text, struct arena *arena)
{
	*x = (struct xml){.text = text, .arena = arena};
	if (bytes_has_prefix_lit(text, "\xef\xbb\xbf"))
		x->off = 3;
	check_bytes(x);
}

static void skip_blank(struct xml *x)
{
	while (x->off < x->text.len && is_blank(x->text.ptr[x->off]))
		x->off++;
}

static bool is_at(const struct xml *x, const char *mark)
{
	return bytes_has_prefix_lit(bytes_from(x->text, x->off), mark);
}

/* What is before mark, which is consumed as well; failure when there is none. */
static struct bytes take_until(struct xml *x, const char *mark, const char *why)
{
	struct bytes rest = bytes_from(x->text, x->off), end = bytes_of(mark);
	size_t at = bytes_find_bytes(rest, end);
	if (at == rest.len) {
		fail_at(x, x->text.len, why);
		return BYTES_NONE;
	}
	x->off += at + end.len;
	return bytes_part(rest, 0, at);
}

static bool is_name_byte(uint8_t c, bool first)
{
	return byte_is_alpha(c) || c == '_' || c == ':' || c >= 0x80 ||
	       (!first && (byte_is_digit(c) || c == '-' || c == '.'));
}

static struct bytes take_name(struct xml *x)
{
	size_t start = x->off;
	while (x->off < x->text.len && is_name_byte(x->text.ptr[x->off], x->off == start))
		x->off++;
	if (x->off == start)
		fail_at(x, start, "no name (XML 1.0, 2.3)");
	return bytes_part(x->text, start, x->off - start);
}

/* One attribute; *ret_value as written. */
static struct bytes take_attribute(struct xml *x, struct bytes *ret_value)
{
	struct bytes name = take_name(x);
	*ret_value = BYTES_NONE;
	skip_blank(x);
	if (!x->failed && !is_at(x, "="))
		fail_at(x, x->off, "an attribute without a value (XML 1.0, 3.1)");
	x->off += x->failed ? 0 : 1;
	skip_blank(x);
	bool quoted = is_at(x, "\"") || is_at(x, "'");
	if (!x->failed && !quoted)
		fail_at(x, x->off, "a value without quotes (XML 1.0, 2.3)");
	if (x->failed)
		return name;
	const char mark[2] = {(char)x->text.ptr[x->off++], 0};
	*ret_value = take_until(x, mark, "a value without an end");
	if (bytes_find(*ret_value, '<') < ret_value->len)
		fail_at(x, x->off, "'<' in a value (XML 1.0, 3.1)");
	return name;
}

/* To the end of a start tag, whose attributes are checked. */
static void take_attributes(struct xml *x)
{
	struct bytes names[ATTRIBUTES_MAX], value;
	size_t count = 0, start = x->off;
	for (;;) {
		size_t before = x->off;
		skip_blank(x);
		x->attributes = bytes_part(x->text, start, x->off - start);
		if (x->failed || is_at(x, ">") || is_at(x, "/>"))
			break;
		if (count == ATTRIBUTES_MAX) {
			fail_code(x, ERR_LIMIT, x->off, "more than 64 attributes of an element");
			break;
		}
		if (x->off == before)
			fail_at(x, x->off, "no blank in front of an attribute (XML 1.0, 3.1)");
		names[count] = take_attribute(x, &value);
		for (size_t i = 0; i < count; i++)
			if (bytes_eq(names[i], names[count]))
				fail_at(x, x->off, "an attribute twice (XML 1.0, 3.1)");
		count++;
	}
	x->empty = is_at(x, "/>");
	x->off += x->failed ? 0 : x->empty ? 2 : 1;
}

static enum token take_open(struct xml *x)
{
	x->off++;
	x->element = take_name(x);
	take_attributes(x);
	if (x->failed)
		return TOKEN_END;
	if (x->depth == LIMIT_XML_DEPTH) {
		fail_code(x, ERR_LIMIT, x->off, "elements too deep");
		return TOKEN_END;
	}
	x->open[x->depth++] = x->element;
	return TOKEN_OPEN;
}

static enum token take_close(struct xml *x)
{
	x->off += 2;
	struct bytes name = take_name(x);
	skip_blank(x);
	if (!x->failed && !is_at(x, ">"))
		fail_at(x, x->off, "an end tag without an end (XML 1.0, 3.1)");
	if (!x->failed && (x->depth == 0 || !bytes_eq(name, x->open[x->depth - 1])))
		fail_at(x, x->off, "an end tag of another element (XML 1.0, 3)");
	if (x->failed)
		return TOKEN_END;
	x->off++;
	x->depth--;
	return TOKEN_CLOSE;
}

/* Comments and instructions are passed over. */
static enum token next(struct xml *x, struct bytes *ret_text)
{
	*ret_text = BYTES_NONE;
	if (x->empty) {
		x->empty = false;
		x->depth--;
		return TOKEN_CLOSE;
	}
	while (!x->failed && x->off < x->text.len) {
		if (!is_at(x, "<")) {
			struct bytes rest = bytes_from(x->text, x->off);
			*ret_text = bytes_part(rest, 0, bytes_find(rest, '<'));
			x->off += ret_text->len;
			return TOKEN_TEXT;
		}
		if (is_at(x, "<!--")) {
			x->off += 4;
			(void)take_until(x, "-->", "a comment without an end");
		} else if (is_at(x, "<?")) {
			(void)take_until(x, "?>", "an instruction without an end");
		} else if (is_at(x, "<![CDATA[")) {
			x->off += 9;
			*ret_text = take_until(x, "]]>", "a CDATA section without an end");
			return x->failed ? TOKEN_END : TOKEN_PLAIN;
		} else if (is_at(x, "<!")) {
			bool cut = x->text.len - x->off < sizeof "<![CDATA[" - 1;
			fail_code(x, cut ? ERR_TRUNCATED : ERR_UNSUPPORTED, x->off,
				  "a document type, which is not read");
		} else {
			return is_at(x, "</") ? take_close(x) : take_open(x);
		}
	}
	return TOKEN_END;
}

/* Outside the root there are only blanks. True at an element. */
static bool next_outside(struct xml *x)
{
	struct bytes text;
	enum token t;
	while ((t = next(x, &text)) == TOKEN_TEXT || t == TOKEN_PLAIN)
		if (t == TOKEN_PLAIN || bytes_trim(text).len > 0)
			fail_code(x, ERR_FORMAT, x->off, "text outside the root (XML 1.0, 2.1)");
	return t == TOKEN_OPEN && !x->failed;
}

bool xml_root(struct xml *x)
{
	if (next_outside(x))
		return true;
	fail_at(x, x->off, "no element");
	return false;
}

bool xml_child(struct xml *x)
{
	struct bytes text;
	enum token t = TOKEN_TEXT;
	while (!x->failed && (t == TOKEN_TEXT || t == TOKEN_PLAIN))
		t = next(x, &text);
	if (t == TOKEN_END)
		fail_at(x, x->text.len, "an element without an end");
	return t == TOKEN_OPEN && !x->failed;
}

bool xml_is(const struct xml *x, const char *name)
{
	size_t colon = bytes_find(x->element, ':');
	return bytes_eq_lit(colon < x->element.len ? bytes_from(x->element, colon + 1) : x->element,
			    name);
}

/* The character that "&NAME;" means, 0 for none. */
static uint32_t reference(struct bytes name)
{
	static const struct {
		const char *name;
		uint32_t code;
	} names[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (bytes_eq_lit(name, names[i].name))
			return names[i].code;
	bool hex = bytes_has_prefix_lit(name, "#x");
	struct bytes digits = bytes_from(name, hex ? 2 : 1);
	uint32_t code = 0;
	if (!bytes_has_prefix_lit(name, "#") || digits.len == 0 || digits.len > 10)
		return 0;
	for (size_t i = 0; i < digits.len; i++) {
		uint8_t c = byte_lower(digits.ptr[i]);
		if (!(hex ? byte_is_hex(c) : byte_is_digit(c)) || code > 0x10ffff)
			return 0;
		code =
		    code * (hex ? 16 : 10) + (uint32_t)(byte_is_digit(c) ? c - '0' : c - 'a' + 10);
	}
	bool control = code < ' ' && code != '\t' && code != '\n' && code != '\r';
	bool none = control || (code >= 0xd800 && code < 0xe000) || code == 0xfffe ||
		    code == 0xffff || code > 0x10ffff;
	return none ? 0 : code;
}

/* raw into out, which has space for raw.len bytes: no reference is shorter than what it
 * means. Its length. */
static size_t decode(struct xml *x, struct bytes raw, uint8_t *out)
{
	size_t n = 0;
	while (raw.len > 0 && !x->failed) {
		if (raw.ptr[0] != '&') {
			size_t plain = bytes_find(raw, '&');
			memcpy(out + n, raw.ptr, plain);
			n += plain;
			raw = bytes_from(raw, plain);
			continue;
		}
		size_t end = bytes_find(raw, ';');
		uint32_t code = end < raw.len ? reference(bytes_part(raw, 1, end - 1)) : 0;
		if (code == 0) {
			fail_code(x, ERR_FORMAT, (size_t)(raw.ptr - x->text.ptr),
				  "an undefined reference (XML 1.0, 4.1)");
			return 0;
		}
		n += utf8_put(out + n, code);
		raw = bytes_from(raw, end + 1);
	}
	return n;
}

struct bytes xml_attribute(struct xml *x, const char *name)
{
	struct xml scan = *x;
	struct bytes value = BYTES_NONE;
	scan.text = x->attributes;
	scan.off = 0;
	for (bool found = false; !found && !x->failed;) {
		skip_blank(&scan);
		if (scan.off == scan.text.len)
			return BYTES_NONE;
		found = bytes_eq_lit(take_attribute(&scan, &value), name);
	}
	if (bytes_find(value, '&') == value.len)
		return value;
	uint8_t *room = arena_alloc(x->arena, value.len, 1);
	if (!room) {
		xml_fail_memory(x);
		return BYTES_NONE;
	}
	size_t n = decode(x, value, room);
	return x->failed ? BYTES_NONE : (struct bytes){room, n};
}

/* Walk to the end of the element entered last. Pieces of text are written to out, when there is
 * one; *ret_only is the text itself when it is one piece without references. Bytes of all pieces.
 */
static size_t walk(struct xml *x, uint8_t *out, struct bytes *ret_only)
{
	unsigned outside = x->depth - 1, pieces = 0;
	size_t n = 0;
	struct bytes text;
	*ret_only = BYTES_NONE;
	while (x->depth > outside && !x->failed) {
		enum token t = next(x, &text);
		if (t == TOKEN_END)
			fail_at(x, x->text.len, "an element without an end");
		if ((t != TOKEN_TEXT && t != TOKEN_PLAIN) || text.len == 0)
			continue;
		bool plain = t == TOKEN_PLAIN || bytes_find(text, '&') == text.len;
		pieces += plain ? 1 : 2;
		*ret_only = pieces == 1 ? text : BYTES_NONE;
		if (out && plain)
			memcpy(out + n, text.ptr, text.len);
		n += out && !plain ? decode(x, text, out + n) : text.len;
	}
	return n;
}

struct bytes xml_content(struct xml *x)
{
	struct bytes only;
	struct xml start = *x;
	if (x->failed || x->depth == 0)
		return BYTES_NONE;
	size_t n = walk(x, NULL, &only);
	if (x->failed || n == 0 || only.len > 0)
		return x->failed ? BYTES_NONE : bytes_trim(only);
	uint8_t *room = arena_alloc(x->arena, n, 1);
	if (!room) {
		xml_fail_memory(x);
		return BYTES_NONE;
	}
	*x = start;
	n = walk(x, room, &only);
	return x->failed ? BYTES_NONE : bytes_trim((struct bytes){room, n});
}

void xml_skip(struct xml *x)
{
	struct bytes only;
	if (!x->failed && x->depth > 0)
		(void)walk(x, NULL, &only);
}

bool xml_ok(const struct xml *x)
{
	return !x->failed;
}

void xml_fail_memory(struct xml *x)
{
	fail_code(x, ERR_NOMEM, x->off, "no memory");
}

int xml_finish(struct xml *x, struct err *e)
{
	if (!x->failed && x->depth > 0)
		fail_at(x, x->off, "not read to its end");
	if (!x->failed && next_outside(x))
		fail_code(x, ERR_FORMAT, x->off, "a second root (XML 1.0, 2.1)");
	if (!x->failed)
		return 0;
	return err_set(e, x->code, "XML: at byte %zu: %s", x->why_off, x->why);
}
