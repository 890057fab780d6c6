#include "pkg/license.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 16U /* of parentheses; real ones have 2 */
#define FURTHER " AND LicenseRef-further"

struct bytes license_bytes(const struct license *l)
{
	return (struct bytes){.ptr = (const uint8_t *)l->text, .len = l->len};
}

static void add(struct license *l, struct bytes text)
{
	if (text.len > LICENSE_MAX - l->len) {
		l->overflow = true;
		return;
	}
	if (text.len)
		memcpy(l->text + l->len, text.ptr, text.len);
	l->len += text.len;
	l->text[l->len] = 0;
}

static void add_text(struct license *l, const char *text)
{
	add(l, bytes_of(text));
}

void license_ref(struct bytes text, char out[LICENSE_REF_CAP])
{
	static const char head[] = "LicenseRef-";
	size_t n = sizeof head - 1;
	memcpy(out, head, n);
	if (bytes_has_prefix_lit(text, head))
		text = bytes_from(text, n);
	for (size_t i = 0; i < text.len && n + 1 < LICENSE_REF_CAP; i++) {
		uint8_t c = text.ptr[i];
		bool plain = byte_is_alnum(c) || c == '.';
		if (plain || out[n - 1] != '-')
			out[n++] = plain ? (char)c : '-';
	}
	while (out[n - 1] == '-' && n > sizeof head - 1)
		n--;
	if (n == sizeof head - 1)
		out[n++] = 'x';
	out[n] = 0;
}

static bool is_ref(struct bytes word)
{
	static const char head[] = "LicenseRef-";
	struct bytes rest = bytes_from(word, sizeof head - 1);
	bool ok = bytes_has_prefix_lit(word, head) && rest.len > 0;
	for (size_t i = 0; ok && i < rest.len; i++)
		ok = byte_is_alnum(rest.ptr[i]) || rest.ptr[i] == '-' || rest.ptr[i] == '.';
	return ok;
}

/* tokens of an expression */

static bool is_blank(uint8_t c)
{
	return c <= ' ' || c == 0x7f;
}

enum kind { END, OPEN, CLOSE, AND, OR, WORDS };

struct token {
	enum kind kind;
	struct bytes text; /* of WORDS: an operand, as it is written */
	bool comma;	   /* of AND and OR: one is in front, which Debian lets divide more */
};

static struct bytes skip_blanks(struct bytes b)
{
	while (b.len > 0 && is_blank(b.ptr[0]))
		b = bytes_from(b, 1);
	return b;
}

/* The word that b begins with: up to a blank, a parenthesis or a comma. */
static struct bytes word_of(struct bytes b)
{
	size_t n = 0;
	while (n < b.len && !is_blank(b.ptr[n]) && b.ptr[n] != '(' && b.ptr[n] != ')' &&
	       b.ptr[n] != ',')
		n++;
	return bytes_part(b, 0, n);
}

/* "or later", "or any later version" belong to the name in front. */
static bool is_later(struct bytes rest)
{
	static const char *const words[] = {"later",   "newer",	 "any", "above",
					    "greater", "higher", "(at"};
	rest = skip_blanks(rest);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (bytes_has_prefix_nocase(rest, bytes_of(words[i])))
			return true;
	return false;
}

static enum kind operator_of(struct bytes word, struct bytes rest)
{
	if (bytes_eq_nocase(word, BYTES_LIT("and")) || bytes_eq_lit(word, "&") ||
	    bytes_eq_lit(word, "&&"))
		return AND;
	if ((bytes_eq_nocase(word, BYTES_LIT("or")) && !is_later(rest)) ||
	    bytes_eq_lit(word, "|") || bytes_eq_lit(word, "||"))
		return OR;
	return WORDS;
}

static struct token next_token(struct bytes *rest)
{
	struct token t = {.kind = END};
	*rest = skip_blanks(*rest);
	if (bytes_has_prefix_lit(*rest, ",")) {
		t.comma = true;
		*rest = skip_blanks(bytes_from(*rest, 1));
	}
	if (rest->len == 0)
		return t;
	if (rest->ptr[0] == '(' || rest->ptr[0] == ')') {
		t.kind = rest->ptr[0] == '(' ? OPEN : CLOSE;
		*rest = bytes_from(*rest, 1);
		return t;
	}
	const uint8_t *begin = rest->ptr, *end = begin;
	while (rest->len > 0) {
		struct bytes word = word_of(*rest), after = bytes_from(*rest, word.len);
		enum kind op = operator_of(word, after);
		if (word.len == 0 || (op != WORDS && end != begin))
			break;
		end = word.ptr + word.len;
		*rest = skip_blanks(after);
		if (op != WORDS) {
			t.kind = op;
			return t;
		}
	}
	t.kind = end == begin ? END : WORDS;
	t.text = (struct bytes){.ptr = begin, .len = (size_t)(end - begin)};
	return t;
}

/* What a licence is called: NULL, it is unknown. A '+' behind an identifier says "or later". */
static const char *known(struct bytes name)
{
	const char *id = license_by_id(name);
	return id ? id : license_by_name(name);
}

/* "NAME with EXCEPTION": both, when the list has the exception. */
static bool cut_exception(struct bytes *name, const char **ret_exception)
{
	*ret_exception = NULL;
	for (size_t i = 1; i + 6 < name->len; i++) {
		if (!is_blank(name->ptr[i]) || !is_blank(name->ptr[i + 5]) ||
		    !bytes_eq_nocase(bytes_part(*name, i + 1, 4), BYTES_LIT("with")))
			continue;
		*ret_exception = license_exception(bytes_trim(bytes_from(*name, i + 6)));
		*name = bytes_part(*name, 0, *ret_exception ? i : name->len);
		return true;
	}
	return false;
}

/* One operand; *is_known: the list, or what is known of names, has it. */
static void add_operand(struct license *l, struct bytes name, bool *is_known)
{
	const char *exception, *id;
	struct bytes whole = name;
	bool with = cut_exception(&name, &exception);
	char ref[LICENSE_REF_CAP];
	id = with && !exception ? NULL : known(name);
	*is_known = id != NULL || is_ref(whole);
	if (id) {
		add_text(l, id);
		add_text(l, exception ? " WITH " : "");
		add_text(l, exception ? exception : "");
	} else if (bytes_has_suffix_lit(name, "+") &&
		   (id = license_by_id(bytes_part(name, 0, name.len - 1))) != NULL) {
		*is_known = true;
		add_text(l, id);
		add_text(l, "+");
	} else {
		license_ref(whole, ref);
		add_text(l, ref);
	}
}

/* The expression that text is, into l: false, it is none. At least one operand must be known; of
 * one that is not the words become a LicenseRef. */
static bool read_expression(struct license *l, struct bytes text)
{
	bool want = true, any_known = false, has_comma = false, mixed = false;
	enum kind last = END;
	unsigned depth = 0;
	*l = (struct license){.is_expression = true};
	for (struct token t = next_token(&text); t.kind != END; t = next_token(&text)) {
		bool is_known = true, is_operand = t.kind == OPEN || t.kind == WORDS;
		if (is_operand != want || (t.kind == OPEN && ++depth > DEPTH_MAX) ||
		    (t.kind == CLOSE && depth-- == 0))
			return false;
		if (t.kind == AND || t.kind == OR) {
			mixed = mixed || (last != END && last != t.kind);
			has_comma = has_comma || t.comma;
			last = t.kind;
			add_text(l, t.kind == AND ? " AND " : " OR ");
		} else if (t.comma) {
			return false;
		} else if (t.kind == WORDS) {
			add_operand(l, t.text, &is_known);
			any_known = any_known || is_known;
		} else {
			add_text(l, t.kind == OPEN ? "(" : ")");
		}
		want = t.kind == OPEN || t.kind == AND || t.kind == OR;
	}
	return !want && depth == 0 && text.len == 0 && any_known && !l->overflow &&
	       !(has_comma && mixed);
}

/* On one line; a longer one is cut in front of a character, and ends in "...". */
static void put_plain(struct license *l, struct bytes text)
{
	*l = (struct license){.is_expression = false};
	for (size_t i = 0; i < text.len && l->len <= LICENSE_TEXT_MAX; i++) {
		bool blank = is_blank(text.ptr[i]);
		if (!blank || (l->len && l->text[l->len - 1] != ' '))
			l->text[l->len++] = blank ? ' ' : (char)text.ptr[i];
	}
	while (l->len && l->text[l->len - 1] == ' ')
		l->len--;
	if (l->len > LICENSE_TEXT_MAX) {
		l->len = LICENSE_TEXT_MAX - 3;
		while (l->len && ((uint8_t)l->text[l->len] & 0xc0) == 0x80)
			l->len--;
		memcpy(l->text + l->len, "...", 3);
		l->len += 3;
	}
	l->text[l->len] = 0;
}

static bool says_nothing(struct bytes text)
{
	static const char *const words[] = {"",	   "unknown", "none",  "noassertion",
					    "n/a", "null",    "(none)"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (bytes_eq_nocase(text, bytes_of(words[i])))
			return true;
	return false;
}

void license_read(struct license *l, struct bytes text)
{
	text = bytes_trim(text);
	*l = (struct license){.len = 0};
	if (says_nothing(text))
		return;
	const char *id = text.len <= LICENSE_TEXT_MAX ? known(text) : NULL;
	if (!id && text.len <= LICENSE_MAX && read_expression(l, text))
		return;
	if (!id && text.len > LICENSE_TEXT_MAX)
		id = license_by_words(text);
	if (!id) {
		put_plain(l, text);
		return;
	}
	*l = (struct license){.is_expression = true};
	add_text(l, id);
}

/* Is there an OR outside of parentheses? */
static bool has_choice(struct bytes expression)
{
	unsigned depth = 0;
	for (struct token t = next_token(&expression); t.kind != END; t = next_token(&expression)) {
		if (t.kind == OR && depth == 0)
			return true;
		depth += t.kind == OPEN;
		depth -= t.kind == CLOSE;
	}
	return false;
}

/* Is one among the operands of expression that AND or OR joins at its top? */
static bool says_already(struct bytes expression, struct bytes one)
{
	for (size_t at = 0; at < expression.len;) {
		struct bytes rest = bytes_from(expression, at);
		size_t found = bytes_find_bytes(rest, one);
		if (found == rest.len)
			return false;
		size_t begin = at + found, end = begin + one.len;
		struct bytes after = bytes_from(expression, end);
		if ((begin == 0 || expression.ptr[begin - 1] == ' ') &&
		    (after.len == 0 || bytes_has_prefix_lit(after, " AND ") ||
		     bytes_has_prefix_lit(after, " OR ")))
			return true;
		at = begin + 1;
	}
	return false;
}

static void as_expression(const struct license *l, struct license *ret)
{
	char ref[LICENSE_REF_CAP];
	*ret = *l;
	if (l->is_expression)
		return;
	license_ref(license_bytes(l), ref);
	*ret = (struct license){.is_expression = true};
	add_text(ret, ref);
}

/* l is what was, and that there is more. */
static void say_further(struct license *l, const struct license *was)
{
	*l = *was;
	add_text(l, FURTHER);
	if (l->overflow) { /* not even that */
		*l = (struct license){.is_expression = true};
		add_text(l, "LicenseRef-further");
	}
	l->overflow = true;
}

static void join(struct license *l, const struct license *more, const char *operator, bool braces)
{
	struct license a, b, all = {.is_expression = true};
	if (more->len == 0 || l->overflow)
		return;
	if (l->len == 0) {
		*l = *more;
		return;
	}
	as_expression(l, &a);
	as_expression(more, &b);
	bool braced = braces && has_choice(license_bytes(&b));
	bool first_braced = braces && has_choice(license_bytes(&a));
	char text[LICENSE_MAX + 3];
	int n = snprintf(text, sizeof text, braced ? "(%s)" : "%s", b.text);
	struct bytes one = {.ptr = (const uint8_t *)text, .len = (size_t)n};
	if (says_already(license_bytes(&a), one))
		return;
	add_text(&all, first_braced ? "(" : "");
	add(&all, license_bytes(&a));
	add_text(&all, first_braced ? ")" : "");
	add_text(&all, operator);
	add(&all, one);
	if (!all.overflow && all.len <= LICENSE_MAX - sizeof FURTHER) {
		*l = all;
		return;
	}
	say_further(l, &a);
}

void license_also(struct license *l, const struct license *add_one)
{
	join(l, add_one, " AND ", true);
}

void license_or(struct license *l, const struct license *add_one)
{
	join(l, add_one, " OR ", false);
}

bool license_is_expression(struct bytes text)
{
	struct license l;
	return text.len && text.len <= LICENSE_MAX && read_expression(&l, text) &&
	       bytes_eq(license_bytes(&l), text);
}

void license_each_ref(struct bytes expression, void (*see)(void *arg, struct bytes ref), void *arg)
{
	for (struct token t = next_token(&expression); t.kind != END; t = next_token(&expression))
		if (t.kind == WORDS && is_ref(t.text))
			see(arg, t.text);
}

/* denial */

static bool fits(struct bytes text, struct bytes pattern)
{
	size_t p = 0, t = 0, star = pattern.len, from = 0;
	while (t < text.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			from = t;
		} else if (p < pattern.len &&
			   byte_lower(pattern.ptr[p]) == byte_lower(text.ptr[t])) {
			p++;
			t++;
		} else if (star < pattern.len) {
			p = star + 1;
			t = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

static bool is_named(struct bytes text, const char *const *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fits(text, bytes_of(patterns[i])))
			return true;
	return false;
}

/* One level of parentheses: AND binds more than OR. */
struct level {
	bool choice_denied; /* all that OR has joined so far is */
	bool part_denied;   /* something of what AND joins now is */
};

bool license_is_denied(struct bytes text, const char *const *patterns, size_t count)
{
	struct level open[DEPTH_MAX + 1] = {{.choice_denied = true}};
	unsigned depth = 0;
	if (!license_is_expression(text))
		return text.len && is_named(text, patterns, count);
	for (struct token t = next_token(&text); t.kind != END; t = next_token(&text)) {
		struct level *l = &open[depth];
		if (t.kind == OPEN) {
			open[++depth] = (struct level){.choice_denied = true};
		} else if (t.kind == CLOSE) {
			bool denied = l->choice_denied && l->part_denied;
			open[--depth].part_denied |= denied;
		} else if (t.kind == OR) {
			l->choice_denied = l->choice_denied && l->part_denied;
			l->part_denied = false;
		} else if (t.kind == WORDS) {
			const char *exception;
			struct bytes name = t.text;
			(void)cut_exception(&name, &exception);
			l->part_denied |=
			    is_named(t.text, patterns, count) || is_named(name, patterns, count);
		}
	}
	return open[0].choice_denied && open[0].part_denied;
}
