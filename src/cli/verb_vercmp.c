#include "cli/lines.h"
#include "pkg/requirement.h"
#include "pkg/vers.h"
#include "pkg/version.h"
#include <stdio.h>
#include <unistd.h>

#define RANGE_BUDGET (4U << 20) /* bytes: 1,024 terms take some 300 KiB */

int verb_vercmp(int argc, char **argv);

static const char *answer(const struct ver_scheme *s, struct bytes a, struct bytes b)
{
	bool same = bytes_eq(a, b);
	if (s->doubt == VER_REFUSE && (!s->is_valid(a) || !s->is_valid(b)))
		return "invalid";
	if (s->doubt == VER_SELF && same && !s->is_valid(a))
		return "invalid";
	int r = s->cmp(a, b);
	return r < 0 ? "<" : r > 0 ? ">" : "=";
}

/* Take back \t \n \r \\ in place of the four bytes that a row cannot hold. */
static struct bytes unescape(struct bytes field, struct buf *out)
{
	size_t start = out->len;
	for (size_t i = 0; i < field.len; i++) {
		uint8_t c = field.ptr[i];
		if (c == '\\' && i + 1 < field.len) {
			c = field.ptr[++i];
			if (c != 't' && c != 'n' && c != 'r' && c != '\\')
				buf_put_u8(out, '\\');
			c = c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
		}
		buf_put_u8(out, c);
	}
	return bytes_from(buf_bytes(out), start);
}

static const char *answer_row(struct bytes row, struct buf *a, struct buf *b)
{
	struct bytes name = bytes_cut(&row, '\t');
	const struct ver_scheme *s = ver_find(name);
	buf_clear(a);
	buf_clear(b);
	struct bytes left = unescape(bytes_cut(&row, '\t'), a);
	struct bytes right = unescape(bytes_cut(&row, '\t'), b);
	return s && buf_ok(a) && buf_ok(b) ? answer(s, left, right) : "invalid";
}

static const char *answer_valid(struct bytes row, struct buf *a, struct buf *b)
{
	(void)b;
	const struct ver_scheme *s = ver_find(bytes_cut(&row, '\t'));
	buf_clear(a);
	struct bytes version = unescape(row, a);
	return s && buf_ok(a) && s->is_valid(version) ? "valid" : "invalid";
}

/* Is version in range, of that syntax? "vers" names its order itself. */
static enum vers_answer range_has(struct bytes syntax, struct bytes range, struct bytes version,
				  struct err *e)
{
	struct requirement r;
	struct arena a;
	if (bytes_eq_lit(syntax, "vers"))
		return vers_has(range, version);
	arena_init(&a, RANGE_BUDGET);
	enum vers_answer is = VERS_INVALID;
	if (req_parse(syntax, range, &a, &r, e) == 0)
		is = req_has(&r, version) ? VERS_IN : VERS_OUT;
	arena_free(&a);
	return is;
}

static const char *answer_range(struct bytes row, struct buf *a, struct buf *b)
{
	static const char *const words[] = {
	    [VERS_OUT] = "no", [VERS_IN] = "yes", [VERS_INVALID] = "invalid"};
	struct bytes syntax = bytes_cut(&row, '\t');
	buf_clear(a);
	buf_clear(b);
	struct bytes version = unescape(bytes_cut(&row, '\t'), a);
	struct bytes range = unescape(bytes_cut(&row, '\t'), b);
	bool ok = buf_ok(a) && buf_ok(b);
	return words[ok ? range_has(syntax, range, version, NULL) : VERS_INVALID];
}

/* ask answers one row; a and b hold its fields. */
static int batch(const char *(*ask)(struct bytes row, struct buf *a, struct buf *b))
{
	struct err e = ERR_INIT;
	struct lines l;
	struct buf a, b;
	lines_init(&l, STDIN_FILENO);
	buf_init(&a, LINES_MAX);
	buf_init(&b, LINES_MAX);
	int r;
	for (struct bytes row; (r = lines_next(&l, &row, &e)) > 0;)
		puts(ask(row, &a, &b)); /* a line that was cut is empty, and so invalid */
	buf_free(&b);
	buf_free(&a);
	lines_free(&l);
	if (r == 0 && fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	fprintf(stderr, "plimsoll vercmp: %s\n",
		r < 0 ? e.msg : "standard output cannot be written");
	return 1;
}

static int usage(void)
{
	(void)fputs(
	    "usage: plimsoll vercmp SCHEME A B\n       plimsoll vercmp --batch < rows of "
	    "SCHEME<TAB>A<TAB>B\n       plimsoll vercmp --batch-valid < rows of "
	    "SCHEME<TAB>A\n       plimsoll vercmp --in RANGE VERSION\n       plimsoll vercmp "
	    "--batch-in < rows of SYNTAX<TAB>VERSION<TAB>RANGE\nRANGE is vers:SCHEME/CONSTRAINTS "
	    "or SYNTAX:TEXT, SYNTAX a scheme or SCHEME-list\nschemes:",
	    stderr);
	for (size_t i = 0; i < ver_count; i++)
		fprintf(stderr, " %s", ver_table[i].name);
	(void)fputc('\n', stderr);
	return 1;
}

static int in_range(const char *range, const char *version)
{
	struct err e = ERR_INIT;
	struct bytes text = bytes_of(range), rest = text, syntax = bytes_cut(&rest, ':');
	bool is_vers = bytes_eq_lit(syntax, "vers");
	enum vers_answer a = range_has(syntax, is_vers ? text : rest, bytes_of(version), &e);
	if (a != VERS_INVALID)
		return puts(a == VERS_IN ? "yes" : "no") < 0;
	fprintf(stderr, "plimsoll vercmp: %s\n",
		is_vers ? "not a vers range, or of an unknown scheme" : e.msg);
	return 1;
}

int verb_vercmp(int argc, char **argv)
{
	if (argc == 2 && bytes_eq_lit(bytes_of(argv[1]), "--batch"))
		return batch(answer_row);
	if (argc == 2 && bytes_eq_lit(bytes_of(argv[1]), "--batch-valid"))
		return batch(answer_valid);
	if (argc == 2 && bytes_eq_lit(bytes_of(argv[1]), "--batch-in"))
		return batch(answer_range);
	if (argc == 4 && bytes_eq_lit(bytes_of(argv[1]), "--in"))
		return in_range(argv[2], argv[3]);
	if (argc > 1 && bytes_eq_lit(bytes_of(argv[1]), "--")) {
		argc--;
		argv++;
	}
	if (argc != 4)
		return usage();
	const struct ver_scheme *s = ver_find(bytes_of(argv[1]));
	if (!s) {
		fprintf(stderr, "plimsoll vercmp: unknown scheme %s\n", argv[1]);
		return usage();
	}
	const char *text = answer(s, bytes_of(argv[2]), bytes_of(argv[3]));
	if (bytes_eq_lit(bytes_of(text), "invalid")) {
		fprintf(stderr, "plimsoll vercmp: not a valid %s version\n", s->name);
		return 1;
	}
	return puts(text) < 0;
}
