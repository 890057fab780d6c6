#include "exception/yaml_node.h"

#include <yaml.h>

#include <string.h>

struct reading {
	struct arena *a;
	struct yaml_node *stack[YAML_DEPTH_MAX];
	size_t depth, count;
	struct yaml_node *root;
	struct bytes key;
	bool has_key;
	bool ended;
};

static int bad(const yaml_event_t *ev, struct err *e, const char *what)
{
	return err_set(e, ERR_FORMAT, "YAML: line %zu: %s", ev->start_mark.line + 1, what);
}

/* A node at the place that is being read; the key of a map's member comes first. */
static int put(struct reading *r, const yaml_event_t *ev, enum yaml_node_kind kind,
	       struct bytes text, struct err *e)
{
	struct yaml_node *top = r->depth ? r->stack[r->depth - 1] : NULL;
	if (top && top->kind == YAML_MAP && !r->has_key) {
		if (kind != YAML_TEXT)
			return bad(ev, e, "a key that is no text");
		r->key = text;
		r->has_key = true;
		return 0;
	}
	if (r->count++ == YAML_NODES_MAX)
		return err_set(e, ERR_LIMIT, "YAML: more than %u values", YAML_NODES_MAX);
	if (kind != YAML_TEXT && r->depth == YAML_DEPTH_MAX)
		return err_set(e, ERR_LIMIT, "YAML: more than %d levels", YAML_DEPTH_MAX);
	struct yaml_node *n = arena_alloc(r->a, 1, sizeof *n);
	if (!n)
		return err_nomem(e);
	*n = (struct yaml_node){.kind = kind,
				.text = text,
				.key = r->has_key ? r->key : BYTES_NONE,
				.line = (unsigned)ev->start_mark.line + 1};
	r->has_key = false;
	if (!top)
		r->root = n;
	else if (top->last)
		top->last->next = n;
	else
		top->child = n;
	if (top)
		top->last = n;
	if (kind != YAML_TEXT)
		r->stack[r->depth++] = n;
	return 0;
}

static int see(struct reading *r, const yaml_event_t *ev, struct err *e)
{
	bool ok;
	struct bytes text;
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		text = arena_bytes(
		    r->a,
		    (struct bytes){.ptr = ev->data.scalar.value, .len = ev->data.scalar.length},
		    &ok);
		return ok ? put(r, ev, YAML_TEXT, text, e) : err_nomem(e);
	case YAML_SEQUENCE_START_EVENT:
		return put(r, ev, YAML_LIST, BYTES_NONE, e);
	case YAML_MAPPING_START_EVENT:
		return put(r, ev, YAML_MAP, BYTES_NONE, e);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		r->depth--;
		return 0;
	case YAML_ALIAS_EVENT:
		return bad(ev, e, "aliases are not read");
	case YAML_DOCUMENT_START_EVENT:
		return r->root ? bad(ev, e, "a second document") : 0;
	case YAML_STREAM_END_EVENT:
		r->ended = true;
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	default:
		return 0;
	}
}

static int read_all(yaml_parser_t *parser, struct reading *r, struct err *e)
{
	int rc = 0;
	while (rc == 0 && !r->ended) {
		yaml_event_t ev;
		if (!yaml_parser_parse(parser, &ev))
			return parser->error == YAML_MEMORY_ERROR
				   ? err_nomem(e)
				   : err_set(e, ERR_FORMAT, "YAML: line %zu: %s",
					     parser->problem_mark.line + 1,
					     parser->problem ? parser->problem : "not valid");
		rc = see(r, &ev, e);
		yaml_event_delete(&ev);
	}
	return rc;
}

int yaml_node_read(struct bytes text, struct arena *a, struct yaml_node **ret, struct err *e)
{
	yaml_parser_t parser;
	struct reading r = {.a = a};
	static const uint8_t none[1] = {0};
	if (!yaml_parser_initialize(&parser))
		return err_nomem(e);
	yaml_parser_set_input_string(&parser, text.len ? text.ptr : none, text.len);
	int rc = read_all(&parser, &r, e);
	yaml_parser_delete(&parser);
	if (rc == 0 && !r.root) {
		r.root = arena_alloc(a, 1, sizeof *r.root);
		rc = r.root ? 0 : err_nomem(e);
	}
	*ret = r.root;
	return rc;
}

const struct yaml_node *yaml_node_member(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *found = NULL;
	for (const struct yaml_node *n = map && map->kind == YAML_MAP ? map->child : NULL; n;
	     n = n->next)
		if (bytes_eq_lit(n->key, key))
			found = n;
	return found;
}
