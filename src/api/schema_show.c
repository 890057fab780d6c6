/* Tables of fields as JSON Schema 2020-12, for the OpenAPI document. */
#include "api/schema.h"

#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): as deep as the tables, which name each other in no circle */

static void put_words(struct json_out *w, const struct sch_field *f)
{
	json_put_array(w, "enum");
	for (int i = 0; f->words(i); i++)
		json_put_text(w, NULL, f->words(i));
	json_put_end(w, ']');
}

static void show_text(struct json_out *w, const struct sch_field *f, enum sch_use use)
{
	json_put_text(w, "type", "string");
	if (f->words)
		put_words(w, f);
	if (f->format || (f->flags & SCH_SECRET))
		json_put_text(w, "format", f->format ? f->format : "password");
	if (f->pattern)
		json_put_text(w, "pattern", f->pattern);
	if (f->max || use != SCH_REPLY)
		json_put_u64(w, "minLength", f->max ? f->min : 1);
	if (f->max)
		json_put_u64(w, "maxLength", f->max);
}

static void show_integer(struct json_out *w, const struct sch_field *f)
{
	json_put_text(w, "type", "integer");
	json_put_text(w, "format", "int64");
	json_put_u64(w, "minimum", f->min);
	if (f->max)
		json_put_u64(w, "maximum", f->max);
	if (f->fallback)
		json_put_u64(w, "default", f->fallback);
}

static void show_number(struct json_out *w, const struct sch_field *f)
{
	json_put_text(w, "type", "number");
	json_put_u64(w, "minimum", f->min);
	if (f->max)
		json_put_u64(w, "maximum", f->max);
}

static void show_items(struct json_out *w, const struct sch_field *f)
{
	json_put_text(w, "type", "array");
	if (f->kind == SCH_OBJECTS) {
		sch_ref_show(w, "items", f->of, SCH_REPLY);
		return;
	}
	json_put_object(w, "items");
	json_put_text(w, "type", "string");
	if (f->kind == SCH_WORD_LIST)
		put_words(w, f);
	json_put_end(w, '}');
}

static void show_type(struct json_out *w, const struct sch_field *f, enum sch_use use)
{
	switch (f->kind) {
	case SCH_TEXT:
		show_text(w, f, use);
		break;
	case SCH_WORD:
		json_put_text(w, "type", "string");
		put_words(w, f);
		if (use != SCH_REPLY && f->fallback < SCH_WORDS_MAX)
			json_put_text(w, "default", f->words((int)f->fallback));
		break;
	case SCH_INT:
	case SCH_UINT:
		show_integer(w, f);
		break;
	case SCH_NUMBER:
		show_number(w, f);
		break;
	case SCH_BOOL:
	case SCH_CHOICE:
		json_put_text(w, "type", "boolean");
		break;
	case SCH_TIME:
		json_put_text(w, "type", "string");
		json_put_text(w, "format", "date-time");
		break;
	case SCH_WORD_LIST:
	case SCH_TEXTS:
	case SCH_OBJECTS:
		show_items(w, f);
		break;
	case SCH_JSON:
		json_put_text(w, "type", "object");
		break;
	case SCH_OBJECT:
	case SCH_OBJECT_AT:
	case SCH_KIND_COUNT:
		break; /* shown as a reference */
	}
}

void sch_field_show(struct json_out *w, const char *key, const struct sch_field *f,
		    enum sch_use use)
{
	bool one = f->of && f->kind != SCH_OBJECTS;
	if (one && !f->of->name) {
		sch_object_show(w, key, f->of, use);
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
	if (use != SCH_PARAMETER)
		json_put_text(w, "description", f->text);
	if (f->example) {
		json_put_array(w, "examples");
		json_put_raw(w, NULL, bytes_of(f->example));
		json_put_end(w, ']');
	}
	json_put_end(w, '}');
}

static bool is_required(const struct sch_field *f, enum sch_use use)
{
	return use == SCH_REPLY ? !(f->flags & SCH_OPTIONAL) : (f->flags & SCH_NEEDED) != 0;
}

void sch_object_show(struct json_out *w, const char *key, const struct sch_object *o,
		     enum sch_use use)
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
		sch_field_show(w, o->fields[i].key, &o->fields[i], use);
	json_put_end(w, '}');
	json_put_bool(w, "additionalProperties", false);
	json_put_end(w, '}');
}

void sch_ref_show(struct json_out *w, const char *key, const struct sch_object *o, enum sch_use use)
{
	struct buf ref;
	if (!o->name) {
		sch_object_show(w, key, o, use);
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
