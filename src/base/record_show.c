/* Tables of fields as JSON Schema 2020-12, for the OpenAPI document. */
#include "base/record.h"

#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): as deep as the tables, which name each other in no circle */

static void put_words(struct json_out *w, const struct record_field *f)
{
	json_put_array(w, "enum");
	for (int i = 0; f->words(i); i++)
		json_put_text(w, NULL, f->words(i));
	json_put_end(w, ']');
}

static void show_text(struct json_out *w, const struct record_field *f, enum record_use use)
{
	json_put_text(w, "type", "string");
	if (f->words)
		put_words(w, f);
	if (f->format || (f->flags & RECORD_SECRET))
		json_put_text(w, "format", f->format ? f->format : "password");
	if (f->pattern)
		json_put_text(w, "pattern", f->pattern);
	if (f->max || use != RECORD_REPLY)
		json_put_u64(w, "minLength", f->max ? f->min : 1);
	if (f->max)
		json_put_u64(w, "maxLength", f->max);
}

static void show_integer(struct json_out *w, const struct record_field *f)
{
	json_put_text(w, "type", "integer");
	json_put_text(w, "format", "int64");
	json_put_u64(w, "minimum", f->min);
	if (f->max)
		json_put_u64(w, "maximum", f->max);
	if (f->fallback)
		json_put_u64(w, "default", f->fallback);
}

static void show_number(struct json_out *w, const struct record_field *f)
{
	json_put_text(w, "type", "number");
	json_put_u64(w, "minimum", f->min);
	if (f->max)
		json_put_u64(w, "maximum", f->max);
}

static void show_items(struct json_out *w, const struct record_field *f)
{
	json_put_text(w, "type", "array");
	if (f->kind == RECORD_OBJECTS) {
		record_ref_show(w, "items", f->of, RECORD_REPLY);
		return;
	}
	json_put_object(w, "items");
	if (f->kind == RECORD_UINTS) {
		show_integer(w, f);
	} else {
		json_put_text(w, "type", "string");
		if (f->words)
			put_words(w, f);
	}
	json_put_end(w, '}');
}

static void show_type(struct json_out *w, const struct record_field *f, enum record_use use)
{
	switch (f->kind) {
	case RECORD_TEXT:
		show_text(w, f, use);
		break;
	case RECORD_WORD:
		json_put_text(w, "type", "string");
		put_words(w, f);
		if (use != RECORD_REPLY && f->fallback < RECORD_WORDS_MAX)
			json_put_text(w, "default", f->words((int)f->fallback));
		break;
	case RECORD_INT:
	case RECORD_UINT:
		show_integer(w, f);
		break;
	case RECORD_NUMBER:
		show_number(w, f);
		break;
	case RECORD_BOOL:
	case RECORD_CHOICE:
		json_put_text(w, "type", "boolean");
		break;
	case RECORD_TIME:
		json_put_text(w, "type", "string");
		json_put_text(w, "format", f->format ? f->format : "date-time");
		break;
	case RECORD_WORD_LIST:
	case RECORD_TEXTS:
	case RECORD_UINTS:
	case RECORD_OBJECTS:
		show_items(w, f);
		break;
	case RECORD_JSON:
		json_put_text(w, "type", "object");
		break;
	case RECORD_OBJECT:
	case RECORD_OBJECT_AT:
	case RECORD_KIND_COUNT:
		break; /* shown as a reference */
	}
}

void record_field_show(struct json_out *w, const char *key, const struct record_field *f,
		       enum record_use use)
{
	bool one = f->of && f->kind != RECORD_OBJECTS;
	if (one && !f->of->name) {
		record_object_show(w, key, f->of, use);
		return;
	}
	json_put_object(w, key);
	if (one) {
		struct buf ref;
		buf_init(&ref, 256);
		buf_printf(&ref, "#/components/schemas/%s", f->of->name);
		json_put_text(w, "$ref", buf_cstr(&ref));
		buf_free(&ref);
	} else {
		show_type(w, f, use);
	}
	if (use != RECORD_PARAMETER)
		json_put_text(w, "description", f->text);
	if (f->example) {
		json_put_array(w, "examples");
		json_put_raw(w, NULL, bytes_of(f->example));
		json_put_end(w, ']');
	}
	json_put_end(w, '}');
}

static bool is_required(const struct record_field *f, enum record_use use)
{
	return use == RECORD_REPLY ? !(f->flags & RECORD_OPTIONAL)
				   : (f->flags & RECORD_NEEDED) != 0;
}

void record_object_show(struct json_out *w, const char *key, const struct record_object *o,
			enum record_use use)
{
	json_put_object(w, key);
	json_put_text(w, "type", "object");
	if (o->text)
		json_put_text(w, "description", o->text);
	json_put_array(w, "required");
	for (size_t i = 0; i < o->count; i++)
		if (is_required(&o->fields[i], use))
			json_put_text(w, NULL, o->fields[i].key);
	json_put_end(w, ']');
	json_put_object(w, "properties");
	for (size_t i = 0; i < o->count; i++)
		record_field_show(w, o->fields[i].key, &o->fields[i], use);
	json_put_end(w, '}');
	json_put_bool(w, "additionalProperties", false);
	json_put_end(w, '}');
}

void record_ref_show(struct json_out *w, const char *key, const struct record_object *o,
		     enum record_use use)
{
	struct buf ref;
	if (!o->name) {
		record_object_show(w, key, o, use);
		return;
	}
	buf_init(&ref, 256);
	buf_printf(&ref, "#/components/schemas/%s", o->name);
	json_put_object(w, key);
	json_put_text(w, "$ref", buf_cstr(&ref));
	json_put_end(w, '}');
	buf_free(&ref);
}
/* NOLINTEND(misc-no-recursion) */

static const char *type_word(const struct record_field *f)
{
	static const char *const words[RECORD_KIND_COUNT] = {
	    [RECORD_TEXT] = "text",   [RECORD_WORD] = "word",	   [RECORD_WORD_LIST] = "words",
	    [RECORD_INT] = "integer", [RECORD_UINT] = "integer",   [RECORD_NUMBER] = "number",
	    [RECORD_BOOL] = "truth",  [RECORD_CHOICE] = "truth",   [RECORD_TIME] = "time",
	    [RECORD_JSON] = "object", [RECORD_OBJECT] = "object",  [RECORD_OBJECT_AT] = "object",
	    [RECORD_TEXTS] = "texts", [RECORD_UINTS] = "integers", [RECORD_OBJECTS] = "objects"};
	return f->kind == RECORD_TIME && f->format ? f->format : words[f->kind];
}

void record_page_rows(struct buf *out, const struct record_object *o)
{
	for (size_t i = 0; i < o->count; i++) {
		const struct record_field *f = &o->fields[i];
		buf_printf(out, "| `%s` | %s | %s%s |\n", f->key, type_word(f),
			   f->flags & RECORD_OPTIONAL ? "(may lack) " : "", f->text);
	}
}
