/* A pattern is a run of segments, each a literal, one {name} or one {name...}. A path fits when
 * the segments before {name...} fit from the front, those after it from the back, and at least one
 * is left between: none of them empty, except for a registry's clients, where the route reports
 * that "a//b" is not a valid name. Rows are sorted: at the first segment where two differ in kind,
 * literal before {name} before {name...}; then the longer pattern first. */
#include "http/route.h"

#include <stdlib.h>
#include <string.h>

enum segment_kind { SEGMENT_LITERAL, SEGMENT_ONE, SEGMENT_MANY };

struct segment {
	enum segment_kind kind;
	struct bytes text; /* the literal, or the parameter's name */
};

struct compiled {
	const struct http_route *route;
	struct segment segments[URI_SEGMENTS_MAX];
	size_t count;
	size_t many; /* index of {name...}; count when there is none */
};

struct route_table {
	struct compiled *rows;
	size_t count;
};

static int segment_parse(struct bytes raw, struct segment *ret)
{
	if (bytes_find(raw, '{') == raw.len && bytes_find(raw, '}') == raw.len) {
		*ret = (struct segment){.kind = SEGMENT_LITERAL, .text = raw};
		return 0;
	}
	if (raw.len < 3 || raw.ptr[0] != '{' || raw.ptr[raw.len - 1] != '}')
		return -1;
	struct bytes name = bytes_part(raw, 1, raw.len - 2);
	enum segment_kind kind = SEGMENT_ONE;
	if (bytes_has_suffix_lit(name, "...")) {
		kind = SEGMENT_MANY;
		name = bytes_part(name, 0, name.len - 3);
	}
	for (size_t i = 0; i < name.len; i++)
		if (!byte_is_alnum(name.ptr[i]) && name.ptr[i] != '_')
			return -1;
	*ret = (struct segment){.kind = kind, .text = name};
	return name.len > 0 ? 0 : -1;
}

static int compile(const struct http_route *route, struct compiled *ret, struct err *e)
{
	const char *shown = route->pattern ? route->pattern : "(none)";
	if (!route->action || !route->action[0] || !route->summary || !route->methods)
		return err_set(e, ERR_FORMAT, "route %s: no action, summary or method", shown);
	if (!route->handle == !route->stream)
		return err_set(e, ERR_FORMAT, "route %s: needs either handle or stream", shown);
	struct bytes path = bytes_of(route->pattern);
	if (path.len == 0 || path.ptr[0] != '/')
		return err_set(e, ERR_FORMAT, "route %s: does not begin with \"/\"", shown);
	*ret = (struct compiled){.route = route};
	size_t params = 0, many = 0;
	for (size_t off = 0; off < path.len;) {
		struct bytes after = bytes_from(path, off + 1);
		struct bytes raw = bytes_part(after, 0, bytes_find(after, '/'));
		off += 1 + raw.len;
		if (ret->count == URI_SEGMENTS_MAX)
			return err_set(e, ERR_FORMAT, "route %s: too long", shown);
		struct segment *s = &ret->segments[ret->count++];
		if (segment_parse(raw, s) < 0)
			return err_set(e, ERR_FORMAT, "route %s: segment \"%.*s\"", shown,
				       BYTES_ARG(raw));
		params += s->kind != SEGMENT_LITERAL;
		many += s->kind == SEGMENT_MANY;
	}
	if (params > ROUTE_PARAMS_MAX || many > 1)
		return err_set(e, ERR_FORMAT, "route %s: too many parameters", shown);
	for (ret->many = 0; ret->many < ret->count; ret->many++)
		if (ret->segments[ret->many].kind == SEGMENT_MANY)
			break;
	return 0;
}

static int precision_cmp(const void *pa, const void *pb)
{
	const struct compiled *a = pa, *b = pb;
	size_t least = a->count < b->count ? a->count : b->count;
	for (size_t i = 0; i < least; i++) {
		if (a->segments[i].kind != b->segments[i].kind)
			return a->segments[i].kind < b->segments[i].kind ? -1 : 1;
		if (a->segments[i].kind != SEGMENT_LITERAL)
			continue;
		int c = bytes_cmp(a->segments[i].text, b->segments[i].text);
		if (c)
			return c;
	}
	return a->count == b->count ? 0 : a->count > b->count ? -1 : 1;
}

static int check_twins(const struct route_table *t, struct err *e)
{
	for (size_t i = 1; i < t->count; i++) {
		for (size_t k = i; k-- > 0 && precision_cmp(&t->rows[k], &t->rows[i]) == 0;)
			if (t->rows[k].route->methods & t->rows[i].route->methods)
				return err_set(
				    e, ERR_FORMAT, "routes %s and %s match the same path",
				    t->rows[k].route->pattern, t->rows[i].route->pattern);
	}
	return 0;
}

struct route_table *route_table_open(const struct http_route *const *tables, const size_t *counts,
				     size_t table_count, struct err *e)
{
	size_t total = 0;
	for (size_t i = 0; i < table_count; i++)
		total += counts[i];
	struct route_table *t = calloc(1, sizeof *t);
	if (t)
		t->rows = calloc(total ? total : 1, sizeof *t->rows);
	if (!t || !t->rows) {
		free(t);
		err_set(e, ERR_NOMEM, "table of %zu routes", total);
		return NULL;
	}
	for (size_t i = 0; i < table_count; i++) {
		for (size_t k = 0; k < counts[i]; k++) {
			if (compile(&tables[i][k], &t->rows[t->count++], e) < 0) {
				route_table_close(t);
				return NULL;
			}
		}
	}
	qsort(t->rows, t->count, sizeof *t->rows, precision_cmp);
	if (check_twins(t, e) < 0) {
		route_table_close(t);
		return NULL;
	}
	return t;
}

void route_table_close(struct route_table *t)
{
	if (!t)
		return;
	free(t->rows);
	free(t);
}

static bool segment_fits(const struct segment *s, struct bytes have)
{
	return s->kind == SEGMENT_LITERAL ? bytes_eq(s->text, have) : have.len > 0;
}

static bool fits(const struct compiled *c, const struct uri_path *p)
{
	bool greedy = c->many < c->count;
	if (greedy ? p->count < c->count : p->count != c->count)
		return false;
	for (size_t i = 0; i < c->many; i++)
		if (!segment_fits(&c->segments[i], p->segments[i]))
			return false;
	if (!greedy)
		return true;
	size_t behind = c->count - c->many - 1;
	for (size_t i = 1; i <= behind; i++)
		if (!segment_fits(&c->segments[c->count - i], p->segments[p->count - i]))
			return false;
	if (c->route->error_format == HTTP_OCI_ERRORS)
		return true;
	for (size_t i = c->many; i < p->count - behind; i++)
		if (p->segments[i].len == 0)
			return false;
	return true;
}

static bool join(const struct bytes *segments, size_t count, struct arena *a, struct bytes *ret)
{
	*ret = segments[0];
	if (count == 1)
		return true;
	size_t len = 0;
	for (size_t i = 0; i < count; i++)
		len += segments[i].len + (i > 0);
	uint8_t *out = arena_alloc(a, len, 1);
	if (!out)
		return false;
	uint8_t *p = out;
	for (size_t i = 0; i < count; i++) {
		if (i)
			*p++ = '/';
		if (segments[i].len)
			memcpy(p, segments[i].ptr, segments[i].len);
		p += segments[i].len;
	}
	*ret = (struct bytes){.ptr = out, .len = len};
	return true;
}

static int capture(const struct compiled *c, const struct uri_path *p, struct arena *a,
		   struct route_match *ret, struct err *e)
{
	size_t from = 0;
	for (size_t i = 0; i < c->count; i++) {
		size_t n = i == c->many ? p->count - c->count + 1 : 1;
		if (c->segments[i].kind != SEGMENT_LITERAL) {
			struct bytes value;
			if (!join(&p->segments[from], n, a, &value))
				return err_set(e, ERR_NOMEM, "path parameter");
			ret->params[ret->param_count++] = (struct route_param){
			    .name = (const char *)c->segments[i].text.ptr,
			    .name_len = c->segments[i].text.len,
			    .value = value,
			};
		}
		from += n;
	}
	return 0;
}

int route_find(const struct route_table *t, const struct uri_path *path, enum http_method method,
	       struct arena *a, struct route_match *ret, struct err *e)
{
	*ret = (struct route_match){.route = NULL};
	unsigned wanted = (unsigned)method | (method == HTTP_HEAD ? HTTP_GET : 0U);
	const struct compiled *found = NULL;
	for (size_t i = 0; i < t->count; i++) {
		const struct compiled *c = &t->rows[i];
		if ((found && c->route->methods == found->route->methods) || !fits(c, path))
			continue;
		ret->methods |= c->route->methods;
		if (!found && (c->route->methods & wanted))
			found = c;
	}
	if (ret->methods & HTTP_GET)
		ret->methods |= HTTP_HEAD;
	if (!found)
		return 0;
	ret->route = found->route;
	return capture(found, path, a, ret, e);
}
