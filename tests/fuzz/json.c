/* Three readers of one text must agree: skipping it, reading every value, and reading what the
 * writer made of those values. */
#include "base/json.h"
#include "base/limits.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void copy(struct json *j, struct json_out *w, const char *key);

static void copy_object(struct json *j, struct json_out *w, const char *key)
{
	struct bytes name;
	json_put_object(w, key);
	if (json_enter_object(j)) {
		while (json_next_key(j, &name)) {
			json_put_string(w, "name", name);
			copy(j, w, "value");
		}
	}
	json_put_end(w, '}');
}

static void copy_array(struct json *j, struct json_out *w, const char *key)
{
	json_put_array(w, key);
	if (json_enter_array(j))
		while (json_next_item(j))
			copy(j, w, NULL);
	json_put_end(w, ']');
}

/* Depth: json_enter_* stops at LIMIT_JSON_DEPTH. */
static void copy(struct json *j, struct json_out *w, const char *key)
{
	switch (json_peek(j)) {
	case JSON_OBJECT:
		copy_object(j, w, key);
		break;
	case JSON_ARRAY:
		copy_array(j, w, key);
		break;
	case JSON_STRING:
		json_put_string(w, key, json_string(j));
		break;
	case JSON_NUMBER:
		json_put_raw(w, key, json_number(j));
		break;
	case JSON_BOOL:
		json_put_bool(w, key, json_bool(j));
		break;
	case JSON_NULL:
		(void)json_string_or_null(j);
		json_put_null(w, key);
		break;
	case JSON_NONE:
		json_skip(j);
		break;
	}
}

static int skip_all(struct bytes text, struct err *e)
{
	struct json j;
	json_init(&j, text, NULL);
	json_skip(&j);
	return json_finish(&j, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = {data, size};
	struct err e = ERR_INIT;
	struct arena a;
	struct buf out;
	struct json j;
	struct json_out w;
	int want = skip_all(text, &e);
	arena_init(&a, 64U << 20);
	buf_init(&out, 64U << 20);
	json_init(&j, text, &a);
	json_out_init(&w, &out, false);
	copy(&j, &w, NULL);
	if (json_finish(&j, &e) != want)
		abort();
	if (want == 0 && buf_ok(&out) && skip_all(buf_bytes(&out), &e) < 0)
		abort();
	buf_free(&out);
	arena_free(&a);
	return 0;
}
