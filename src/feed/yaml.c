/* A document is read line by line. A line's indentation says what it belongs to: the entries of a
 * mapping ("key: value") and of a sequence ("- value") are at one indentation, what an entry holds
 * is further in; a sequence may be at the indentation of the key that it is the value of. "- key:
 * value" begins a mapping at the column of its key. A plain or quoted scalar goes on with lines
 * further in, folded to one; "|" and ">" are blocks whose lines are further in, kept or folded. */
#include "feed/yaml.h"

#include "base/json.h"
#include "base/utf8.h"

/* Of a scalar or flow collection over several lines; real ones stay under 2 KiB. */
#define GATHER_MAX ((size_t)64 << 10) /* bytes */
#define GATHER_LINES_MAX 4096U
/* Of one whose end is looked for again with each line: 4 MB are looked at for these 16 KiB. */
#define AGAIN_MAX ((size_t)16 << 10)
#define AGAIN_LINES_MAX 512U

struct line {
	size_t indent;
	struct bytes text; /* without indentation, comment and blanks at the end */
	struct bytes raw;
	size_t number;
};

struct yaml {
	struct bytes rest;
	struct line now; /* the next one, when has_line */
	bool has_line;
	size_t number;
	unsigned depth;
	struct buf *out;
	struct err *e;
	int rc;
};

static void read_value(struct yaml *y, struct bytes text, size_t parent);
static void read_block(struct yaml *y, size_t parent);

static void fail(struct yaml *y, enum err_code code, size_t line, const char *why)
{
	if (y->rc == 0)
		y->rc = err_set(y->e, code, "YAML: line %zu: %s", line, why);
}

/* Where a comment begins: a '#' with a blank in front, outside quotes. */
static size_t comment_at(struct bytes b)
{
	uint8_t quote = 0;
	for (size_t i = 0; i < b.len; i++) {
		bool first = i == 0 || byte_is_space(b.ptr[i - 1]);
		if (quote == '"' && b.ptr[i] == '\\')
			i++;
		else if (quote)
			quote = b.ptr[i] == quote ? 0 : quote;
		else if ((b.ptr[i] == '"' || b.ptr[i] == '\'') &&
			 (first || b.ptr[i - 1] == '[' || b.ptr[i - 1] == ','))
			quote = b.ptr[i];
		else if (b.ptr[i] == '#' && first)
			return i;
	}
	return b.len;
}

/* Is there another line with content? */
static bool peek(struct yaml *y)
{
	while (!y->has_line && y->rest.len > 0 && y->rc == 0) {
		struct bytes raw = bytes_cut(&y->rest, '\n');
		size_t n = 0;
		y->number++;
		while (n < raw.len && raw.ptr[n] == ' ')
			n++;
		struct bytes text = bytes_from(raw, n);
		text = bytes_trim(bytes_part(text, 0, comment_at(text)));
		if (text.len == 0 || (n == 0 && bytes_eq_lit(text, "---")))
			continue;
		if (raw.ptr[n] == '\t')
			fail(y, ERR_FORMAT, y->number, "a tab in the indentation (YAML 1.2, 6.1)");
		if (n == 0 && (text.ptr[0] == '%' || bytes_eq_lit(text, "...")))
			fail(y, ERR_UNSUPPORTED, y->number, "a directive, or a second document");
		y->now = (struct line){n, text, raw, y->number};
		y->has_line = true;
	}
	return y->has_line && y->rc == 0;
}

static struct line take(struct yaml *y)
{
	y->has_line = false;
	return y->now;
}

static void put_string(struct yaml *y, struct bytes text)
{
	struct json_out w;
	json_out_init(&w, y->out, false);
	json_put_string(&w, NULL, text);
}

/* "null" as a value is the empty scalar, too. */
static void put_scalar(struct yaml *y, struct bytes text)
{
	if (text.len == 0 || bytes_eq_lit(text, "~") || bytes_eq_lit(text, "null"))
		buf_put_text(y->out, "null");
	else
		put_string(y, text);
}

/* What a letter after a backslash stands for (YAML 1.2, 5.7): a character, or the one whose number
 * follows in hexadecimal digits. */
static const struct escape {
	uint8_t letter;
	uint8_t digits;
	uint32_t code;
} escapes[] = {
    {'0', 0, 0},    {'a', 0, '\a'},   {'b', 0, '\b'},	{'t', 0, '\t'},	 {'\t', 0, '\t'},
    {'n', 0, '\n'}, {'v', 0, '\v'},   {'f', 0, '\f'},	{'r', 0, '\r'},	 {'e', 0, 0x1b},
    {' ', 0, ' '},  {'"', 0, '"'},    {'/', 0, '/'},	{'\\', 0, '\\'}, {'N', 0, 0x85},
    {'_', 0, 0xa0}, {'L', 0, 0x2028}, {'P', 0, 0x2029}, {'x', 2, 0},	 {'u', 4, 0},
    {'U', 8, 0},
};

static const struct escape *escape_find(struct bytes b, size_t at)
{
	for (size_t i = 0; at < b.len && i < sizeof escapes / sizeof *escapes; i++)
		if (escapes[i].letter == b.ptr[at])
			return &escapes[i];
	return NULL;
}

/* The escape whose letter is at i, into to; returns where it ends. */
static size_t put_escape(struct yaml *y, struct bytes b, size_t i, struct buf *to)
{
	const struct escape *x = escape_find(b, i);
	uint32_t code = x ? x->code : 0;
	size_t digits = x ? x->digits : 0;
	bool ok = x && b.len - i > digits;
	for (size_t k = 1; ok && k <= digits; k++) {
		uint8_t c = byte_lower(b.ptr[i + k]);
		ok = byte_is_hex(c) && code < 0x1000000;
		code = code * 16 + (uint32_t)(byte_is_digit(c) ? c - '0' : c - 'a' + 10);
	}
	ok = ok && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
	uint8_t sequence[4];
	if (ok)
		buf_put(to, (struct bytes){sequence, utf8_put(sequence, code)});
	else
		fail(y, ERR_FORMAT, y->number, "an undefined escape (YAML 1.2, 5.7)");
	return i + 1 + digits;
}

/* A text in quotes at the front of b, into to; *ret_end is behind the closing quote. False: it does
 * not end in b. */
static bool unquote(struct yaml *y, struct bytes b, struct buf *to, size_t *ret_end)
{
	uint8_t quote = b.ptr[0];
	for (size_t i = 1; i < b.len;) {
		if (b.ptr[i] == quote && quote == '\'' && i + 1 < b.len && b.ptr[i + 1] == '\'') {
			buf_put_u8(to, '\'');
			i += 2;
		} else if (b.ptr[i] == quote) {
			*ret_end = i + 1;
			return true;
		} else if (b.ptr[i] == '\\' && quote == '"') {
			i = put_escape(y, b, i + 1, to);
		} else {
			buf_put_u8(to, b.ptr[i++]);
		}
	}
	return false;
}

static bool never(struct yaml *y, struct bytes b)
{
	(void)y;
	(void)b;
	return false;
}

/* Does a text in double quotes go on in the next line without a space (YAML 1.2, 7.3.1)? */
static bool escapes_its_break(struct bytes b)
{
	size_t n = 0;
	while (n < b.len && b.ptr[b.len - 1 - n] == '\\')
		n++;
	return b.len > 0 && b.ptr[0] == '"' && n % 2 == 1;
}

/* Lines further in than parent are folded on to b, until done says that it is whole. Into y's own
 * buffer, which the caller frees. */
static struct bytes gather(struct yaml *y, struct bytes b, size_t parent, struct buf *room,
			   bool (*done)(struct yaml *y, struct bytes b))
{
	buf_init(room, y->out->max);
	buf_put(room, b);
	for (unsigned n = 0; y->rc == 0 && buf_ok(room) && !done(y, buf_bytes(room)) && peek(y) &&
			     y->now.indent > parent;
	     n++) {
		/* a comment sign is none inside quotes */
		struct line l = take(y);
		if (escapes_its_break(buf_bytes(room)))
			room->len--;
		else
			buf_put_u8(room, ' ');
		buf_put(room, done == never ? l.text : bytes_trim(l.raw));
		bool again = done != never;
		if (n == (again ? AGAIN_LINES_MAX : GATHER_LINES_MAX) ||
		    room->len > (again ? AGAIN_MAX : GATHER_MAX))
			fail(y, ERR_LIMIT, l.number, "a value over too many lines");
	}
	if (!buf_ok(room))
		fail(y, ERR_NOMEM, y->number, "no memory");
	return buf_bytes(room);
}

/* Does the text that b begins with, in quotes, end in it? */
static bool quotes_close(struct yaml *y, struct bytes b)
{
	(void)y;
	for (size_t i = 1; i < b.len; i++) {
		if (b.ptr[i] == '\\' && b.ptr[0] == '"')
			i++;
		else if (b.ptr[i] == b.ptr[0] && b.ptr[0] == '\'' && i + 1 < b.len &&
			 b.ptr[i + 1] == '\'')
			i++;
		else if (b.ptr[i] == b.ptr[0])
			return true;
	}
	return false;
}

static void put_unquoted(struct yaml *y, const struct buf *to)
{
	if (!buf_ok(to))
		fail(y, ERR_NOMEM, y->number, "no memory");
	if (y->rc == 0)
		put_string(y, buf_bytes(to));
}

static void read_quoted(struct yaml *y, struct bytes b, size_t parent)
{
	struct buf room, to;
	size_t end = 0;
	struct bytes all = gather(y, b, parent, &room, quotes_close);
	buf_init(&to, y->out->max);
	if (y->rc == 0 && !unquote(y, all, &to, &end))
		fail(y, ERR_FORMAT, y->number, "a text without its closing quote");
	else if (y->rc == 0 && comment_at(bytes_trim(bytes_from(all, end))) > 0 &&
		 bytes_trim(bytes_from(all, end)).len > 0)
		fail(y, ERR_FORMAT, y->number, "something behind a closing quote");
	put_unquoted(y, &to);
	buf_free(&to);
	buf_free(&room);
}

/* flow */

static bool flow_closes(struct yaml *y, struct bytes b)
{
	uint8_t quote = 0;
	size_t open = 0;
	(void)y;
	for (size_t i = 0; i < b.len; i++) {
		uint8_t c = b.ptr[i];
		if (quote == '"' && c == '\\')
			i++;
		else if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '[' || c == '{')
			open++;
		else if ((c == ']' || c == '}') && --open == 0)
			return true;
	}
	return false;
}

static struct bytes skip_blank(struct bytes b)
{
	while (b.len > 0 && byte_is_space(b.ptr[0]))
		b = bytes_from(b, 1);
	return b;
}

static struct bytes flow_scalar(struct yaml *y, struct bytes b, bool key)
{
	size_t n = 0;
	if (b.len > 0 && (b.ptr[0] == '"' || b.ptr[0] == '\'')) {
		struct buf to;
		buf_init(&to, y->out->max);
		if (!unquote(y, b, &to, &n))
			fail(y, ERR_FORMAT, y->number, "a text without its closing quote");
		put_unquoted(y, &to);
		buf_free(&to);
		return bytes_from(b, n);
	}
	while (n < b.len && bytes_find(BYTES_LIT(",[]{}"), b.ptr[n]) == 5 &&
	       !(b.ptr[n] == ':' && (n + 1 == b.len || b.ptr[n + 1] == ' ')))
		n++;
	struct bytes text = bytes_trim(bytes_part(b, 0, n));
	if (key)
		put_string(y, text);
	else
		put_scalar(y, text);
	return bytes_from(b, n);
}

/* What is behind the value. */
static struct bytes flow_value(struct yaml *y, struct bytes b)
{
	b = skip_blank(b);
	if (b.len == 0 || (b.ptr[0] != '[' && b.ptr[0] != '{'))
		return flow_scalar(y, b, false);
	bool mapping = b.ptr[0] == '{';
	uint8_t close = mapping ? '}' : ']';
	if (++y->depth > YAML_DEPTH_MAX)
		fail(y, ERR_LIMIT, y->number, "collections too deep");
	buf_put_u8(y->out, b.ptr[0]);
	b = skip_blank(bytes_from(b, 1));
	for (bool first = true; y->rc == 0 && b.len > 0 && b.ptr[0] != close; first = false) {
		if (!first)
			buf_put_u8(y->out, ',');
		if (mapping) {
			b = skip_blank(flow_scalar(y, b, true));
			if (b.len == 0 || b.ptr[0] != ':')
				fail(y, ERR_FORMAT, y->number, "a key without a value");
			buf_put_u8(y->out, ':');
			b = bytes_from(b, 1);
		}
		struct bytes before = b;
		b = skip_blank(flow_value(y, b));
		bool comma = b.len > 0 && b.ptr[0] == ',';
		if (comma)
			b = skip_blank(bytes_from(b, 1));
		else if (b.len == 0 || b.ptr[0] != close || before.len == b.len)
			fail(y, ERR_FORMAT, y->number, "neither a comma nor an end");
	}
	if (y->rc == 0 && b.len == 0)
		fail(y, ERR_FORMAT, y->number, "a collection without its end");
	buf_put_u8(y->out, close);
	y->depth--;
	return bytes_from(b, 1);
}

static void read_flow(struct yaml *y, struct bytes b, size_t parent)
{
	struct buf room;
	struct bytes all = gather(y, b, parent, &room, flow_closes);
	if (y->rc == 0)
		all = skip_blank(flow_value(y, all));
	if (y->rc == 0 && all.len > 0 && all.ptr[0] != '#')
		fail(y, ERR_FORMAT, y->number, "something behind a collection");
	buf_free(&room);
}

/* scalars */

/* "|", ">-", "|2": the lines that follow, further in. */
static void read_lines(struct yaml *y, bool fold, size_t parent)
{
	struct buf to;
	size_t indent = 0;
	bool any = false;
	buf_init(&to, y->out->max);
	while (y->rest.len > 0) {
		struct bytes peeked = y->rest;
		struct bytes raw = bytes_cut(&peeked, '\n');
		size_t n = 0;
		while (n < raw.len && raw.ptr[n] == ' ')
			n++;
		bool empty = bytes_trim(raw).len == 0;
		if (!empty && (n <= parent && !(parent == SIZE_MAX)))
			break;
		y->rest = peeked;
		y->number++;
		if (!any && empty)
			continue;
		indent = any ? indent : n;
		bool deeper = any && !empty && n > indent;
		if (any)
			buf_put_u8(&to, fold && !empty && !deeper ? ' ' : '\n');
		any = true;
		buf_put(&to, bytes_from(raw, n < indent ? n : indent));
	}
	struct bytes text = buf_bytes(&to);
	while (text.len > 0 && byte_is_space(text.ptr[text.len - 1]))
		text.len--;
	put_scalar(y, text);
	if (!buf_ok(&to))
		fail(y, ERR_NOMEM, y->number, "no memory");
	buf_free(&to);
}

static void read_plain(struct yaml *y, struct bytes b, size_t parent)
{
	struct buf room;
	struct bytes all = gather(y, b, parent, &room, never);
	if (y->rc == 0)
		put_scalar(y, all);
	buf_free(&room);
}

/* What stands behind "key:" or "- ", or is a document alone; parent: the indentation that what
 * belongs to it is further in than. */
static void read_value(struct yaml *y, struct bytes text, size_t parent)
{
	if (text.len == 0)
		read_block(y, parent);
	else if (bytes_find(BYTES_LIT("&*!"), text.ptr[0]) < 3)
		fail(y, ERR_UNSUPPORTED, y->number, "an anchor, an alias or a tag");
	else if (text.ptr[0] == '|' || text.ptr[0] == '>')
		read_lines(y, text.ptr[0] == '>', parent);
	else if (text.ptr[0] == '"' || text.ptr[0] == '\'')
		read_quoted(y, text, parent);
	else if (text.ptr[0] == '[' || text.ptr[0] == '{')
		read_flow(y, text, parent);
	else
		read_plain(y, text, parent);
}

/* The length of the key that text begins with, without its ':'; text.len: there is none. */
static size_t key_len(struct bytes text)
{
	size_t i = 0;
	if (text.len > 0 && (text.ptr[0] == '"' || text.ptr[0] == '\'')) {
		size_t end = bytes_find(bytes_from(text, 1), text.ptr[0]) + 2;
		return end < text.len && text.ptr[end] == ':' ? end : text.len;
	}
	if (text.len > 0 && bytes_find(BYTES_LIT("[{|>?&*!"), text.ptr[0]) < 8)
		return text.len;
	for (; i < text.len; i++)
		if (text.ptr[i] == ':' && (i + 1 == text.len || byte_is_space(text.ptr[i + 1])))
			return i;
	return text.len;
}

static bool is_item(struct bytes text)
{
	return text.len > 0 && text.ptr[0] == '-' && (text.len == 1 || text.ptr[1] == ' ');
}

static void read_mapping(struct yaml *y, size_t indent)
{
	buf_put_u8(y->out, '{');
	for (bool first = true; peek(y) && y->now.indent == indent && !is_item(y->now.text);
	     first = false) {
		struct line l = take(y);
		size_t n = key_len(l.text);
		struct bytes key = bytes_part(l.text, 0, n), value = bytes_from(l.text, n + 1);
		if (n == l.text.len) {
			fail(y, ERR_FORMAT, l.number, "no \"key: value\"");
			break;
		}
		if (key.len > 1 && (key.ptr[0] == '"' || key.ptr[0] == '\''))
			key = bytes_part(key, 1, key.len - 2);
		if (!first)
			buf_put_u8(y->out, ',');
		put_string(y, key);
		buf_put_u8(y->out, ':');
		value = bytes_trim(value);
		/* a sequence may be as far in as its key */
		if (value.len == 0 && peek(y) && y->now.indent == indent && is_item(y->now.text))
			read_block(y, indent == 0 ? SIZE_MAX : indent - 1);
		else
			read_value(y, value, indent);
	}
	buf_put_u8(y->out, '}');
}

static void read_sequence(struct yaml *y, size_t indent)
{
	buf_put_u8(y->out, '[');
	for (bool first = true; peek(y) && y->now.indent == indent && is_item(y->now.text);
	     first = false) {
		struct line l = take(y);
		struct bytes rest = skip_blank(bytes_from(l.text, 1));
		size_t column = indent + (l.text.len - rest.len);
		if (!first)
			buf_put_u8(y->out, ',');
		bool nested = is_item(rest) || key_len(rest) < rest.len;
		if (!nested) {
			read_value(y, rest, indent);
			continue;
		}
		y->now = (struct line){column, rest, l.raw, l.number};
		y->has_line = true;
		read_block(y, indent);
	}
	buf_put_u8(y->out, ']');
}

/* Whatever follows further in than parent (SIZE_MAX: at any indentation); null if nothing does. */
static void read_block(struct yaml *y, size_t parent)
{
	if (!peek(y) || (parent != SIZE_MAX && y->now.indent <= parent)) {
		buf_put_text(y->out, "null");
		return;
	}
	if (++y->depth > YAML_DEPTH_MAX)
		fail(y, ERR_LIMIT, y->number, "collections too deep");
	else if (is_item(y->now.text))
		read_sequence(y, y->now.indent);
	else if (key_len(y->now.text) < y->now.text.len)
		read_mapping(y, y->now.indent);
	else
		read_value(y, take(y).text, parent);
	y->depth--;
}

int yaml_to_json(struct bytes text, struct buf *out, struct err *e)
{
	struct yaml y = {.rest = text, .out = out, .e = e};
	read_block(&y, SIZE_MAX);
	if (y.rc == 0 && peek(&y))
		fail(&y, ERR_FORMAT, y.now.number, "further out or in than what it belongs to");
	if (y.rc == 0 && !buf_ok(out))
		return err_set(e, ERR_NOMEM, "YAML: no memory");
	return y.rc;
}
