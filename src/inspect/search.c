/* All tokens are looked for at once, as Wu and Manber do (1994): two bytes say how far the text can
 * be passed over, three bytes where none of the starts has these two. So text goes by at some
 * gigabytes a second, and only few places are looked at. */
#include "inspect/parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_LEN 4U /* bytes of each start that are looked for */
#define PAIRS 65536U
/* What a text may cost: looks at places, for which its length pays. A text of nothing but starts is
 * hostile. */
#define LOOK_COST 1024U
#define COST_FREE (256U << 10)
#define COST_FACTOR 16U
#define TEXT_LOOK 1024U /* bytes without a NUL are text */

struct inspect_search {
	uint8_t shift[PAIRS];		     /* by the last two bytes of a place */
	uint32_t starts[INSPECT_TOKENS_MAX]; /* the first bytes of each token */
};

static uint32_t start_of(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

struct inspect_search *inspect_search_open(struct err *e)
{
	struct inspect_search *s = malloc(sizeof *s);
	if (!s) {
		(void)err_set(e, ERR_NOMEM, "content checks: out of memory");
		return NULL;
	}
	memset(s->shift, START_LEN - 1, sizeof s->shift);
	for (size_t i = 0; i < inspect_token_count; i++) {
		const uint8_t *start = (const uint8_t *)inspect_tokens[i].start;
		s->starts[i] = start_of(start);
		for (size_t k = 1; k < START_LEN; k++) {
			uint8_t *shift = &s->shift[start[k - 1] << 8 | start[k]];
			if (*shift > START_LEN - 1 - k)
				*shift = (uint8_t)(START_LEN - 1 - k);
		}
	}
	return s;
}

void inspect_search_close(struct inspect_search *s)
{
	free(s);
}

int inspect_report(struct inspect_text *t, enum inspect_kind kind, size_t off, const char *detail,
		   ...)
{
	char text[INSPECT_DETAIL_MAX + 1];
	va_list args;
	va_start(args, detail);
	(void)vsnprintf(text, sizeof text, detail, args);
	va_end(args);
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	while (t->counted < off) {
		struct bytes part = bytes_part(t->text, t->counted, off - t->counted);
		size_t n = bytes_find(part, '\n');
		t->line += n < part.len;
		t->counted += n < part.len ? n + 1 : part.len;
	}
	if (t->reported++ == INSPECT_FILE_FOUND_MAX)
		return 1;
	return t->sink->found(t->sink->arg, kind, t->path.len ? t->line : 0, bytes_of(text), t->e);
}

/* paths */

static bool has_folder(struct bytes path, const char *const *names, size_t count)
{
	for (struct bytes rest = path; bytes_find(rest, '/') < rest.len;) {
		struct bytes part = bytes_cut(&rest, '/');
		for (size_t i = 0; i < count; i++)
			if (bytes_eq_nocase(part, bytes_of(names[i])))
				return true;
	}
	return false;
}

bool inspect_wants(struct bytes path)
{
	static const char *const published[] = {
	    "node_modules", "site-packages", "dist-packages",	"gems",
	    "_cacache",	    ".m2",	     "bower_components"};
	static const char *const places[] = {
	    "/pkg/mod/",      "/.cargo/registry/",    "usr/share/doc/",
	    "usr/share/man/", "usr/local/share/doc/", "usr/local/share/man/"};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (bytes_find_bytes(path, bytes_of(places[i])) < path.len)
			return false;
	return !has_folder(path, published, sizeof published / sizeof *published);
}

/* What people write to show or test something. */
static bool is_example(struct bytes path)
{
	static const char *const folders[] = {
	    "test",	 "tests",    "testing",	 "testdata", "test-data",   "test_data",
	    "__tests__", "fixture",  "fixtures", "example",  "examples",    "sample",
	    "samples",	 "demo",     "demos",	 "spec",     "specs",	    "doc",
	    "docs",	 "mock",     "mocks",	 "vendor",   "dummyserver", "__mocks__",
	    "tutorial",	 "selftest", "e2e"};
	static const char *const ends[] = {
	    "_test.go", ".md",	    ".rst",	".adoc", ".html",	   ".test.js", ".test.ts",
	    ".spec.js", ".spec.ts", "_test.py", ".pod",	 ".examples.json", ".ipynb"};
	size_t slash = bytes_find_last(path, '/');
	struct bytes name = slash < path.len ? bytes_from(path, slash + 1) : path;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (bytes_has_suffix_lit(name, ends[i]))
			return true;
	return bytes_has_prefix_lit(name, "test_") ||
	       has_folder(path, folders, sizeof folders / sizeof *folders);
}

bool inspect_is_text(struct bytes start)
{
	struct bytes b = bytes_part(start, 0, TEXT_LOOK);
	return bytes_find(b, 0) == b.len;
}

/* search */

/* A key or token that anybody could have made up to show something is none there. */
static bool is_made_up(const struct inspect_text *t, enum inspect_kind kind)
{
	bool is_of_nobody = kind == INSPECT_PRIVATE_KEY || kind == INSPECT_ENCRYPTED_KEY ||
			    kind == INSPECT_JWT || kind == INSPECT_GOOGLE;
	return is_of_nobody && is_example(t->path);
}

/* The token at off is reported; *at moves behind it. *cost grows by what a look takes. */
static int look_at(const struct inspect_search *s, struct inspect_text *t, size_t off, size_t *at,
		   uint64_t *cost)
{
	struct bytes rest = bytes_from(t->text, off);
	uint32_t start = start_of(rest.ptr);
	for (size_t i = 0; i < inspect_token_count; i++) {
		const struct inspect_token *token = &inspect_tokens[i];
		enum inspect_kind kind = token->kind;
		if (s->starts[i] != start || !bytes_has_prefix_lit(rest, token->start))
			continue;
		*cost += LOOK_COST;
		size_t len = token->len(t->text, off, &kind);
		if (len == 0)
			continue;
		*at = off + len;
		return is_made_up(t, kind) ? 0
					   : inspect_report(t, kind, off, "%zu characters", len);
	}
	return 0;
}

static int find_tokens(const struct inspect_search *s, struct inspect_text *t)
{
	struct bytes b = t->text;
	uint64_t cost = 0, most = (uint64_t)b.len * COST_FACTOR + COST_FREE;
	int r = 0;
	for (size_t at = START_LEN - 1; r == 0 && at < b.len;) {
		unsigned skip = s->shift[b.ptr[at - 1] << 8 | b.ptr[at]];
		if (skip > 0) {
			at += skip;
			continue;
		}
		size_t behind = at + 1;
		r = look_at(s, t, at + 1 - START_LEN, &behind, &cost);
		if (r == 0 && cost > most)
			return 1;
		at = behind > at + 1 ? behind + START_LEN - 1 : at + 1;
	}
	return r;
}

int inspect_search_text(const struct inspect_search *s, struct bytes text,
			const struct inspect_sink *sink, struct err *e)
{
	struct inspect_text t = {.text = text, .sink = sink, .e = e, .line = 1};
	return find_tokens(s, &t);
}

int inspect_search_file(const struct inspect_search *s, struct bytes path, struct bytes text,
			const struct inspect_sink *sink, struct err *e)
{
	struct inspect_text t = {.text = text, .path = path, .sink = sink, .e = e, .line = 1};
	int r = inspect_accounts(&t);
	t.counted = 0;
	t.line = 1;
	if (r == 0)
		r = inspect_logins(&t);
	t.counted = 0;
	t.line = 1;
	if (r == 0)
		r = find_tokens(s, &t);
	return r;
}

/* variables */

bool inspect_is_password_variable(struct bytes line)
{
	static const char *const words[] = {"PASSWORD",	  "PASSWD",	 "SECRET",
					    "TOKEN",	  "APIKEY",	 "API_KEY",
					    "SECRET_KEY", "PRIVATE_KEY", "ACCESS_KEY"};
	struct bytes value = line, name = bytes_cut(&value, '=');
	bool named = false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct bytes w = bytes_of(words[i]);
		size_t at = name.len - (w.len < name.len ? w.len : name.len);
		named = named || (bytes_eq_nocase(bytes_from(name, at), w) &&
				  (at == 0 || name.ptr[at - 1] == '_'));
	}
	return named && value.len >= 4 && value.ptr[0] != '/' && value.ptr[0] != '$' &&
	       value.ptr[0] != '<' && !bytes_eq_nocase(value, BYTES_LIT("true")) &&
	       !bytes_eq_nocase(value, BYTES_LIT("false")) &&
	       !bytes_eq_nocase(value, BYTES_LIT("none"));
}
