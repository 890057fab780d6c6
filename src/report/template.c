/* A subset of Mustache (mustache(5)) over a JSON value, with filters.
 *
 *   {{a.b}}           the value, escaped for HTML and XML
 *   {{a|csv}}         through a filter instead: html, raw, json, csv, url, upper, lower, count
 *   {{#a}} … {{/a}}   for each item of a list; once for anything else that is not empty
 *   {{^a}} … {{/a}}   once if it is empty: absent, null, false, "" or []
 *   {{.}}             the item at hand; {{@index}}, {{@first}}, {{@last}}: where it is in its list
 *   {{! … }}          nothing
 *
 * A name is looked for in the item at hand, then in what is around it. A line that holds one
 * section tag or comment and nothing else is not written. The template becomes a list of steps,
 * which are carried out with a stack of sections: neither recurses. */
#include "report/template.h"

#include "base/limits.h"
#include "base/record.h"
#include "report/markup.h"

#include <string.h>

struct node {
	enum json_type type;
	struct bytes key, text; /* text: of a string; of all others as it is written */
	struct node *child, *last, *next;
	size_t count;
};

enum step_kind { STEP_TEXT, STEP_VALUE, STEP_OPEN, STEP_CLOSE };
enum filter {
	FILTER_HTML,
	FILTER_RAW,
	FILTER_JSON,
	FILTER_CSV,
	FILTER_URL,
	FILTER_UPPER,
	FILTER_LOWER,
	FILTER_COUNT,
	FILTER_END
};
static const char *const filter_words[FILTER_END] = {"html", "raw",   "json",  "csv",
						     "url",  "upper", "lower", "count"};

struct step {
	enum step_kind kind;
	struct bytes text; /* or the name */
	enum filter filter;
	bool inverted;
	size_t other; /* of OPEN its CLOSE, of CLOSE its OPEN */
	unsigned line;
};

struct program {
	struct step *steps;
	size_t count, cap;
	size_t open[TEMPLATE_DEPTH_MAX];
	size_t depth;
	unsigned line;
	struct arena *a;
};

/* A section that is being carried out. */
struct frame {
	size_t open;
	const struct node *at;
	size_t index, count; /* of a list; count 0: it is none */
};

struct run {
	const struct program *p;
	const struct node *root;
	struct frame frames[TEMPLATE_DEPTH_MAX];
	size_t depth;
	uint64_t steps;
	struct buf *out;
};

static struct node *node_new(struct json *j, struct arena *a, struct node *parent, struct bytes key)
{
	struct node *n = arena_alloc(a, 1, sizeof *n);
	if (!n) {
		json_fail_memory(j);
		return NULL;
	}
	n->key = key;
	n->type = json_peek(j);
	if (parent && parent->last)
		parent->last->next = n;
	else if (parent)
		parent->child = n;
	if (parent) {
		parent->last = n;
		parent->count++;
	}
	return n;
}

/* Of a value that is not entered. */
static void node_read(struct json *j, struct node *n)
{
	if (n->type == JSON_STRING)
		n->text = json_string(j);
	else
		n->text = json_raw(j);
}

static int node_parse(struct bytes data, struct arena *a, struct node **ret, struct err *e)
{
	struct json j;
	struct node *stack[LIMIT_JSON_DEPTH + 1];
	size_t depth = 0;
	json_init(&j, data, a);
	struct node *n = *ret = node_new(&j, a, NULL, BYTES_NONE);
	while (n && json_ok(&j)) {
		struct bytes key = BYTES_NONE;
		bool object = n->type == JSON_OBJECT;
		if (object ? json_enter_object(&j) : n->type == JSON_ARRAY && json_enter_array(&j))
			stack[depth++] = n;
		else
			node_read(&j, n);
		n = NULL;
		while (depth && !n && json_ok(&j)) {
			struct node *top = stack[depth - 1];
			bool more =
			    top->type == JSON_OBJECT ? json_next_key(&j, &key) : json_next_item(&j);
			if (more)
				n = node_new(&j, a, top, key);
			else
				depth--;
		}
	}
	return json_finish(&j, e);
}

static int bad(const struct program *p, struct err *e, const char *what, struct bytes name)
{
	return err_set(e, ERR_FORMAT, "template: line %u: %s \"%.*s\"", p->line, what,
		       BYTES_ARG(name));
}

static int add(struct program *p, struct step s, struct err *e)
{
	if (s.kind == STEP_TEXT && s.text.len == 0)
		return 0;
	struct step *more = arena_grow(p->a, p->steps, p->count, &p->cap, sizeof *p->steps);
	if (!more)
		return err_nomem(e);
	p->steps = more;
	s.line = p->line;
	p->steps[p->count++] = s;
	return 0;
}

static int add_value(struct program *p, struct bytes tag, enum filter filter, struct err *e)
{
	struct bytes rest = tag, name = bytes_trim(bytes_cut(&rest, '|'));
	rest = bytes_trim(rest);
	if (bytes_find(tag, '|') < tag.len) {
		filter = 0;
		while (filter < FILTER_END && !bytes_eq_lit(rest, filter_words[filter]))
			filter++;
		if (filter == FILTER_END)
			return bad(p, e, "there is no filter", rest);
	}
	if (!name.len)
		return bad(p, e, "a tag without a name:", tag);
	return add(p, (struct step){.kind = STEP_VALUE, .text = name, .filter = filter}, e);
}

static int add_open(struct program *p, struct bytes name, bool inverted, struct err *e)
{
	if (!name.len)
		return bad(p, e, "a section without a name:", name);
	if (p->depth == TEMPLATE_DEPTH_MAX)
		return err_set(e, ERR_LIMIT, "template: line %u: more than %u sections in sections",
			       p->line, TEMPLATE_DEPTH_MAX);
	p->open[p->depth++] = p->count;
	return add(p, (struct step){.kind = STEP_OPEN, .text = name, .inverted = inverted}, e);
}

static int add_close(struct program *p, struct bytes name, struct err *e)
{
	if (!p->depth || !bytes_eq(p->steps[p->open[p->depth - 1]].text, name))
		return bad(p, e, "no such section is open:", name);
	size_t open = p->open[--p->depth];
	p->steps[open].other = p->count;
	return add(p, (struct step){.kind = STEP_CLOSE, .text = name, .other = open}, e);
}

static int add_tag(struct program *p, struct bytes tag, struct err *e)
{
	uint8_t first = tag.len ? tag.ptr[0] : 0;
	struct bytes rest = bytes_trim(bytes_from(tag, 1));
	switch (first) {
	case '!':
		return 0;
	case '#':
	case '^':
		return add_open(p, rest, first == '^', e);
	case '/':
		return add_close(p, rest, e);
	case '&':
	case '{':
		return add_value(p, rest, FILTER_RAW, e);
	case '>':
	case '=':
		return bad(p, e, "this tag of Mustache is not supported:", tag);
	default:
		return add_value(p, bytes_trim(tag), FILTER_HTML, e);
	}
}

/* Is the tag from at to end all that its line holds? Then *ret_from and *ret_to are the line's. */
static bool is_alone(struct bytes text, size_t at, size_t end, size_t *ret_from, size_t *ret_to)
{
	while (at > 0 && (text.ptr[at - 1] == ' ' || text.ptr[at - 1] == '\t'))
		at--;
	while (end < text.len &&
	       (text.ptr[end] == ' ' || text.ptr[end] == '\t' || text.ptr[end] == '\r'))
		end++;
	if ((at > 0 && text.ptr[at - 1] != '\n') || (end < text.len && text.ptr[end] != '\n'))
		return false;
	*ret_from = at;
	*ret_to = end < text.len ? end + 1 : end;
	return true;
}

static unsigned count_lines(struct bytes text)
{
	unsigned n = 0;
	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == '\n';
	return n;
}

/* What is between the braces of the tag at at, whose end is *ret_end; text is empty without one. */
static bool cut_tag(struct bytes text, size_t at, struct bytes *ret_tag, size_t *ret_end)
{
	bool three = at + 2 < text.len && text.ptr[at + 2] == '{';
	struct bytes closing = three ? BYTES_LIT("}}}") : BYTES_LIT("}}");
	struct bytes rest = bytes_from(text, at + 2);
	size_t len = bytes_find_bytes(rest, closing);
	if (len == rest.len)
		return false;
	*ret_tag = bytes_part(rest, 0, len);
	*ret_end = at + 2 + len + closing.len;
	return true;
}

static int program_parse(struct bytes text, struct program *p, struct err *e)
{
	size_t from = 0;
	p->line = 1;
	while (from < text.len) {
		struct bytes tag, rest = bytes_from(text, from);
		size_t at = from + bytes_find_bytes(rest, BYTES_LIT("{{")), end;
		size_t first = at, past;
		if (at == text.len) {
			return add(p, (struct step){.kind = STEP_TEXT, .text = rest}, e);
		}
		p->line += count_lines(bytes_part(text, from, at - from));
		if (!cut_tag(text, at, &tag, &end))
			return bad(p, e,
				   "a tag does not end:", bytes_part(bytes_from(text, at), 0, 40));
		past = end;
		bool section = tag.len && bytes_find(BYTES_LIT("#^/!"), tag.ptr[0]) < 4;
		if (!section || !is_alone(text, at, end, &first, &past)) {
			first = at;
			past = end;
		}
		first = first < from ? from : first;
		if (add(p,
			(struct step){.kind = STEP_TEXT,
				      .text = bytes_part(text, from, first - from)},
			e) < 0)
			return -(int)e->code;
		if (add_tag(p, tag, e) < 0)
			return -(int)e->code;
		p->line += count_lines(bytes_part(text, at, past - at));
		from = past;
	}
	return 0;
}

static const struct node *member_of(const struct node *n, struct bytes key)
{
	const struct node *found = NULL;
	if (!n || n->type != JSON_OBJECT)
		return NULL;
	for (const struct node *c = n->child; c; c = c->next)
		if (bytes_eq(c->key, key))
			found = c;
	return found;
}

static const struct node *lookup(const struct run *r, struct bytes name)
{
	struct bytes rest = name, first = bytes_cut(&rest, '.');
	const struct node *n = NULL;
	if (bytes_eq_lit(name, "."))
		return r->depth ? r->frames[r->depth - 1].at : r->root;
	for (size_t i = r->depth + 1; i-- > 0 && !n;)
		n = member_of(i ? r->frames[i - 1].at : r->root, first);
	while (n && rest.len)
		n = member_of(n, bytes_cut(&rest, '.'));
	return n;
}

/* "@index" …, of the innermost list. */
static bool place_of(const struct run *r, struct bytes name, size_t *ret, bool *ret_truth)
{
	size_t i = r->depth;
	while (i > 0 && r->frames[i - 1].count == 0)
		i--;
	if (name.len == 0 || name.ptr[0] != '@' || i == 0)
		return false;
	const struct frame *f = &r->frames[i - 1];
	*ret = f->index;
	*ret_truth = bytes_eq_lit(name, "@first")  ? f->index == 0
		     : bytes_eq_lit(name, "@last") ? f->index + 1 == f->count
						   : f->index > 0;
	return true;
}

static bool is_empty(const struct node *n)
{
	if (!n || n->type == JSON_NULL)
		return true;
	if (n->type == JSON_BOOL)
		return bytes_eq_lit(n->text, "false");
	if (n->type == JSON_ARRAY)
		return n->count == 0;
	return n->type == JSON_STRING && n->text.len == 0;
}

static void put_case(struct buf *out, struct bytes text, bool upper)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = byte_lower(text.ptr[i]);
		buf_put_u8(out, upper && c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c);
	}
}

/* JSON that is built of its nodes again: without recursion, and on one line. */
static void put_json(struct buf *out, const struct node *root)
{
	const struct node *up[LIMIT_JSON_DEPTH + 1];
	size_t depth = 0;
	struct json_out w;
	json_out_init(&w, out, false);
	for (const struct node *n = root; n;) {
		struct buf name;
		buf_init(&name, n->key.len + 1);
		buf_put(&name, n->key);
		const char *k =
		    depth && up[depth - 1]->type == JSON_OBJECT ? buf_cstr(&name) : NULL;
		bool entered = n->type == JSON_OBJECT || n->type == JSON_ARRAY;
		if (n->type == JSON_OBJECT)
			json_put_object(&w, k);
		else if (n->type == JSON_ARRAY)
			json_put_array(&w, k);
		else if (n->type == JSON_STRING)
			json_put_string(&w, k, n->text);
		else
			json_put_raw(&w, k, n->text);
		json_put_need(&w, &name);
		buf_free(&name);
		if (entered)
			up[depth++] = n;
		const struct node *next = entered ? n->child : n->next;
		while (!next && depth) {
			const struct node *done = up[--depth];
			json_put_end(&w, done->type == JSON_OBJECT ? '}' : ']');
			next = depth ? done->next : NULL;
		}
		n = next;
		if (!depth)
			break;
	}
}

static void put_filtered(struct buf *out, const struct node *n, enum filter filter)
{
	bool list = n->type == JSON_ARRAY || n->type == JSON_OBJECT;
	struct bytes text = list || n->type == JSON_NULL ? BYTES_NONE : n->text;
	switch (filter) {
	case FILTER_RAW:
		buf_put(out, text);
		break;
	case FILTER_JSON:
		put_json(out, n);
		break;
	case FILTER_CSV:
		record_csv_cell(out, text);
		break;
	case FILTER_URL:
		buf_put_percent(out, text, "");
		break;
	case FILTER_UPPER:
	case FILTER_LOWER:
		put_case(out, text, filter == FILTER_UPPER);
		break;
	case FILTER_COUNT:
		buf_printf(out, "%zu", list ? n->count : text.len);
		break;
	case FILTER_HTML:
	case FILTER_END:
		markup_put(out, text);
		break;
	}
}

static void put_value(struct run *r, const struct step *s)
{
	size_t index;
	bool truth;
	const struct node *n = lookup(r, s->text);
	if (n)
		put_filtered(r->out, n, s->filter);
	else if (place_of(r, s->text, &index, &truth) && bytes_eq_lit(s->text, "@index"))
		buf_printf(r->out, "%zu", index);
	else if (s->filter == FILTER_JSON)
		buf_put_text(r->out, "null");
	else if (s->filter == FILTER_COUNT)
		buf_put_text(r->out, "0");
}

/* The step after this OPEN. */
static size_t enter(struct run *r, size_t at)
{
	const struct step *s = &r->p->steps[at];
	const struct node *n = lookup(r, s->text);
	const struct node *here = r->depth ? r->frames[r->depth - 1].at : r->root;
	size_t index;
	bool truth = false, empty = is_empty(n);
	if (!n && place_of(r, s->text, &index, &truth))
		empty = !truth;
	if (empty != s->inverted)
		return s->other + 1;
	struct frame f = {.open = at, .at = here};
	if (!s->inverted && n && n->type == JSON_ARRAY)
		f = (struct frame){.open = at, .at = n->child, .count = n->count};
	else if (!s->inverted && n)
		f.at = n;
	r->frames[r->depth++] = f;
	return at + 1;
}

/* The step after this CLOSE. */
static size_t leave(struct run *r, size_t at)
{
	struct frame *f = &r->frames[r->depth - 1];
	if (f->count && f->index + 1 < f->count) {
		f->at = f->at ? f->at->next : NULL;
		f->index++;
		return f->open + 1;
	}
	r->depth--;
	return at + 1;
}

static int carry_out(struct run *r, struct err *e)
{
	for (size_t at = 0; at < r->p->count && buf_ok(r->out);) {
		const struct step *s = &r->p->steps[at];
		if (r->steps++ == TEMPLATE_STEPS_MAX)
			return err_set(e, ERR_LIMIT,
				       "template: line %u: more than %llu tags are carried out",
				       s->line, (unsigned long long)TEMPLATE_STEPS_MAX);
		if (s->kind == STEP_OPEN) {
			at = enter(r, at);
		} else if (s->kind == STEP_CLOSE) {
			at = leave(r, at);
		} else {
			if (s->kind == STEP_TEXT)
				buf_put(r->out, s->text);
			else
				put_value(r, s);
			at++;
		}
	}
	return 0;
}

int template_render(struct bytes text, struct bytes data, struct arena *a, struct buf *out,
		    struct err *e)
{
	struct node *root;
	struct program p = {.a = a};
	if (text.len > TEMPLATE_MAX)
		return err_set(e, ERR_LIMIT, "template: more than %u bytes", TEMPLATE_MAX);
	if (program_parse(text, &p, e) < 0)
		return -(int)e->code;
	if (p.depth)
		return bad(&p, e, "a section is not closed:", p.steps[p.open[p.depth - 1]].text);
	if (node_parse(data, a, &root, e) < 0)
		return -(int)e->code;
	struct run *r = arena_alloc(a, 1, sizeof *r);
	if (!r)
		return err_set(e, ERR_NOMEM, "template: out of memory");
	r->p = &p;
	r->root = root;
	r->out = out;
	return carry_out(r, e);
}
