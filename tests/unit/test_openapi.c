/* The OpenAPI document and the route tables say the same: every route is in it, and nothing else.
 */
#include "api/doc.h"
#include "api/routes.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int handle(struct http_request *r, struct err *e)
{
	(void)r;
	(void)e;
	return 0;
}

static const struct record_field query_fields[] = {
    RECORD_SHOWN(RECORD_UINT, "n", "Items of a page"),
    RECORD_SHOWN(RECORD_TEXT, "last", "Begin after this one"),
};
static const struct record_object query = {RECORD_TABLE(query_fields)};
static const struct api_doc get_doc = {.id = "getSample",
				       .replies = {{.status = 200, .text = "It"}}};
static const struct api_doc put_doc = {.id = "putSample",
				       .replies = {{.status = 201, .text = "It"}}};
static const struct api_doc list_doc = {
    .id = "listSamples", .query = &query, .replies = {{.status = 200, .text = "They"}}};

static const struct http_route sample_rows[] = {
    {.methods = HTTP_GET,
     .pattern = "/v2/{name...}/blobs/{digest}",
     .handle = handle,
     .action = "x/read",
     .summary = "One \"blob\"",
     .doc = &get_doc,
     .error_format = HTTP_OCI_ERRORS},
    {.methods = HTTP_PUT,
     .pattern = "/v2/{name...}/blobs/{digest}",
     .handle = handle,
     .action = "x/write",
     .summary = "s",
     .doc = &put_doc,
     .body_max = 1},
    {.methods = HTTP_GET,
     .pattern = "/v2/",
     .handle = handle,
     .action = HTTP_PUBLIC,
     .summary = "s",
     .doc = &list_doc},
};
static const size_t sample_count = sizeof sample_rows / sizeof *sample_rows;
static const struct api_routes sample_tables[] = {
    {"sample", sample_rows, &sample_count, "Samples"},
    {"auth", api_auth_routes, &api_auth_route_count, "Tokens"},
};

static const char *const words[] = {"get", "head", "post", "put", "patch", "delete", "options"};

/* What the document says of one operation. */
struct operation {
	char path[256], method[16], id[256];
	char params[1024]; /* "path:name path:digest query:n" */
	bool is_public, has_body;
};
struct document {
	struct operation operations[512];
	size_t count;
};

static void keep(char *out, size_t cap, struct bytes b)
{
	assert_in_range(b.len, 1, cap - 1);
	memcpy(out, b.ptr, b.len);
	out[b.len] = '\0';
}

static void read_parameters(struct json *j, struct operation *op)
{
	assert_true(json_enter_array(j));
	while (json_next_item(j)) {
		struct bytes name = BYTES_NONE, in = BYTES_NONE;
		bool required = false;
		assert_true(json_enter_object(j));
		for (struct bytes key; json_next_key(j, &key);) {
			if (bytes_eq_lit(key, "name"))
				name = json_string(j);
			else if (bytes_eq_lit(key, "in"))
				in = json_string(j);
			else if (bytes_eq_lit(key, "required"))
				required = json_bool(j);
			else
				json_skip(j);
		}
		if (bytes_eq_lit(in, "path"))
			assert_true(required);
		size_t used = strlen(op->params);
		(void)snprintf(op->params + used, sizeof op->params - used, "%.*s:%.*s ",
			       BYTES_ARG(in), BYTES_ARG(name));
	}
}

static void read_operation(struct json *j, struct document *d, struct bytes path,
			   struct bytes method)
{
	assert_true(d->count < 512);
	struct operation *op = &d->operations[d->count++];
	bool summary = false, responses = false;
	keep(op->path, sizeof op->path, path);
	keep(op->method, sizeof op->method, method);
	assert_true(json_enter_object(j));
	for (struct bytes key; json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "operationId")) {
			keep(op->id, sizeof op->id, json_string(j));
		} else if (bytes_eq_lit(key, "parameters")) {
			read_parameters(j, op);
		} else {
			summary = summary || bytes_eq_lit(key, "summary");
			responses = responses || bytes_eq_lit(key, "responses");
			op->is_public = op->is_public || bytes_eq_lit(key, "security");
			op->has_body = op->has_body || bytes_eq_lit(key, "requestBody");
			json_skip(j);
		}
	}
	assert_true(summary && responses && op->id[0]);
}

static void read_paths(struct json *j, struct document *d)
{
	assert_true(json_enter_object(j));
	for (struct bytes path; json_next_key(j, &path);) {
		assert_true(json_enter_object(j));
		for (struct bytes method; json_next_key(j, &method);)
			read_operation(j, d, path, method);
	}
}

static const struct operation *find(const struct document *d, const char *path, const char *method)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->operations[i].path, path) == 0 &&
		    strcmp(d->operations[i].method, method) == 0)
			return &d->operations[i];
	return NULL;
}

static void append(char *out, size_t cap, const char *kind, const char *text, size_t len)
{
	size_t used = strlen(out), k = strlen(kind);
	assert_true(used + k + len + 2 <= cap);
	memcpy(out + used, kind, k);
	memcpy(out + used + k, text, len);
	if (kind[0])
		out[used + k + len++] = ' ';
	out[used + k + len] = '\0';
}

/* "{x...}" is "{x}" there; params: "path:x ..." as the pattern has them. */
static void expected(const struct http_route *route, char path[256], char params[1024])
{
	*path = '\0';
	*params = '\0';
	for (const char *p = route->pattern; *p; p++) {
		if (strncmp(p, "...}", 4) == 0)
			p += 3;
		if (*p == '{')
			append(params, 1024, "path:", p + 1, strcspn(p + 1, ".}"));
		append(path, 256, "", p, 1);
	}
	const struct record_object *tables[] = {route->doc->where, route->doc->query,
						route->doc->headers};
	const char *const kinds[] = {"query:", "query:", "header:"};
	/* What a caller sees somewhere can be narrowed to a scope. */
	bool narrow = route->anywhere && route->methods == HTTP_GET && !route->doc->replies[0].type;
	for (size_t t = 0; t < 3; t++) {
		for (size_t i = 0; tables[t] && i < tables[t]->count; i++) {
			append(params, 1024, kinds[t], tables[t]->fields[i].key,
			       strlen(tables[t]->fields[i].key));
			narrow = narrow && strcmp(tables[t]->fields[i].key, "scope") != 0;
		}
		if (t == 1 && narrow)
			append(params, 1024, "query:", "scope", 5);
	}
}

/* Bytes of the member that a kind reads or writes. */
static size_t size_of(const struct record_field *f)
{
	static const size_t sizes[RECORD_KIND_COUNT] = {
	    [RECORD_TEXT] = sizeof(struct bytes),  [RECORD_WORD] = sizeof(int),
	    [RECORD_WORD_LIST] = RECORD_WORDS_MAX, [RECORD_INT] = sizeof(int64_t),
	    [RECORD_UINT] = sizeof(uint64_t),	   [RECORD_NUMBER] = sizeof(double),
	    [RECORD_BOOL] = sizeof(bool),	   [RECORD_CHOICE] = sizeof(enum record_choice),
	    [RECORD_TIME] = sizeof(int64_t),	   [RECORD_JSON] = sizeof(struct bytes),
	    [RECORD_OBJECT_AT] = sizeof(void *),   [RECORD_TEXTS] = sizeof(void *),
	    [RECORD_UINTS] = sizeof(void *),	   [RECORD_OBJECTS] = sizeof(void *)};
	return sizes[f->kind];
}

/* Each row fits the member it stands for, has a text, and what its kind needs. */
static void check_table(const struct record_object *o)
{
	for (size_t i = 0; o && i < o->count; i++) {
		const struct record_field *f = &o->fields[i];
		bool is_list =
		    f->kind == RECORD_TEXTS || f->kind == RECORD_UINTS || f->kind == RECORD_OBJECTS;
		bool is_words = f->kind == RECORD_WORD_LIST;
		int word_count = 0;
		if (f->size && f->kind != RECORD_OBJECT && f->size != size_of(f) &&
		    !(is_list && f->size == sizeof(struct record_rows)) &&
		    !(is_words && f->size < RECORD_WORDS_MAX))
			fail_msg("%s: %zu bytes for a kind of %zu", f->key, f->size, size_of(f));
		assert_true(f->text && f->text[0]);
		while (f->words && f->words(word_count))
			word_count++;
		assert_in_range(word_count, f->kind == RECORD_WORD || is_words,
				is_words		  ? (int)f->size
				: f->kind == RECORD_TEXTS ? 255
							  : RECORD_WORDS_MAX - 1);
		if (f->kind == RECORD_OBJECTS || f->kind == RECORD_OBJECT ||
		    f->kind == RECORD_OBJECT_AT)
			assert_non_null(f->of);
		if (f->kind == RECORD_OBJECTS && f->size)
			assert_true(f->stride > 0);
		check_table(f->of);
	}
}

static void check_doc(const struct api_doc *doc)
{
	assert_non_null(doc);
	check_table(doc->params);
	check_table(doc->where);
	check_table(doc->query);
	check_table(doc->headers);
	check_table(doc->body);
	check_table(doc->also);
	assert_true(doc->replies[0].status);
	for (size_t i = 0; i < API_REPLIES_MAX && doc->replies[i].status; i++) {
		assert_non_null(doc->replies[i].text);
		check_table(doc->replies[i].of);
		check_table(doc->replies[i].headers);
		if (doc->replies[i].list)
			assert_non_null(doc->replies[i].of->name);
	}
}

static size_t check_route(const struct document *d, const struct http_route *route)
{
	char path[256], params[1024];
	size_t n = 0;
	check_doc(route->doc);
	expected(route, path, params);
	for (unsigned m = 0; m < 7; m++) {
		if (!(route->methods & 1U << m))
			continue;
		const struct operation *op = find(d, path, words[m]);
		if (!op)
			fail_msg("%s %s is not in the document", words[m], path);
		assert_string_equal(op->params, params);
		assert_int_equal(op->is_public, strcmp(route->action, HTTP_PUBLIC) == 0);
		assert_int_equal(op->has_body, route->body_max > 0);
		n++;
	}
	return n;
}

static void check(const struct api_routes *tables, size_t count)
{
	struct buf text;
	struct arena a;
	struct json j;
	static struct document d;
	memset(&d, 0, sizeof d);
	buf_init(&text, 4U << 20);
	arena_init(&a, 4U << 20);
	api_openapi_put(&text, "1.2.3", NULL, tables, count);
	assert_true(buf_ok(&text));
	json_init(&j, buf_bytes(&text), &a);
	bool paths = false, version = false;
	assert_true(json_enter_object(&j));
	for (struct bytes key; json_next_key(&j, &key);) {
		if (bytes_eq_lit(key, "paths")) {
			read_paths(&j, &d);
			paths = true;
		} else if (bytes_eq_lit(key, "openapi")) {
			version = bytes_eq_lit(json_string(&j), "3.1.0");
		} else {
			json_skip(&j);
		}
	}
	struct err e = ERR_INIT;
	if (json_finish(&j, &e) < 0)
		fail_msg("%s", e.msg);
	assert_true(paths && version);
	size_t n = 0;
	for (size_t t = 0; t < count; t++)
		for (size_t i = 0; i < *tables[t].count; i++)
			n += check_route(&d, &tables[t].rows[i]);
	/* Each was found, the numbers are equal and no two are the same: so nothing else is there.
	 */
	assert_int_equal(d.count, n);
	for (size_t i = 0; i < d.count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(d.operations[i].id, d.operations[k].id) == 0)
				fail_msg("operationId %s twice", d.operations[i].id);
	print_message("%zu operations\n", n);
	buf_free(&text);
	arena_free(&a);
}

static void test_sample(void **state)
{
	(void)state;
	check(sample_tables, sizeof sample_tables / sizeof *sample_tables);
}

#ifdef WITH_ALL_ROUTES
static void test_all(void **state)
{
	(void)state;
	const struct http_route *tables[64];
	size_t counts[64];
	struct err e = ERR_INIT;
	assert_in_range(api_table_count, 5, 64);
	check(api_tables, api_table_count);
	for (size_t i = 0; i < api_table_count; i++) {
		tables[i] = api_tables[i].rows;
		counts[i] = *api_tables[i].count;
	}
	/* The server takes them: patterns, actions and handlers are in order, none is there twice.
	 */
	const struct http_hooks hooks = {.context = NULL};
	struct http_server *s = http_server_open(&(struct http_options){.port = 0}, tables, counts,
						 api_table_count, &hooks, &e);
	if (!s)
		fail_msg("%s", e.msg);
	http_server_close(s, 0);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sample),
#ifdef WITH_ALL_ROUTES
	    cmocka_unit_test(test_all),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
