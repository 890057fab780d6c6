/* Replies, written from tables of fields. */
#include "api/schema.h"

/* NOLINTBEGIN(misc-no-recursion): as deep as the tables, which name each other in no circle */

static const void *member(const void *row, const struct sch_field *f)
{
	return (const char *)row + f->offset;
}

static void put_texts(struct json_out *w, const char *key, const struct sch_rows *rows)
{
	const struct bytes *items = rows->items;
	json_put_array(w, key);
	for (size_t i = 0; i < rows->count; i++)
		json_put_string(w, NULL, items[i]);
	json_put_end(w, ']');
}

static void put_objects(struct json_out *w, const struct sch_field *f, const struct sch_rows *rows)
{
	json_put_array(w, f->key);
	for (size_t i = 0; i < rows->count; i++)
		sch_put(w, NULL, f->of, (const char *)rows->items + i * f->stride);
	json_put_end(w, ']');
}

static void put_text(struct json_out *w, const struct sch_field *f, struct bytes v)
{
	if (f->flags & SCH_OPTIONAL)
		json_put_string_nonempty(w, f->key, v);
	else
		json_put_string(w, f->key, v);
}

static void put_field(struct json_out *w, const struct sch_field *f, const void *at)
{
	bool optional = f->flags & SCH_OPTIONAL;
	const char *word;
	switch (f->kind) {
	case SCH_TEXT:
		put_text(w, f, *(const struct bytes *)at);
		break;
	case SCH_WORD:
		word = f->words(*(const int *)at);
		json_put_text(w, f->key, word ? word : "");
		break;
	case SCH_INT:
		if (!optional || *(const int64_t *)at >= 0)
			json_put_i64(w, f->key, *(const int64_t *)at);
		break;
	case SCH_UINT:
		json_put_u64(w, f->key, *(const uint64_t *)at);
		break;
	case SCH_NUMBER:
		if (!optional || *(const double *)at >= 0)
			json_put_double(w, f->key, *(const double *)at, f->decimals);
		break;
	case SCH_BOOL:
		if (!optional || *(const bool *)at)
			json_put_bool(w, f->key, *(const bool *)at);
		break;
	case SCH_TIME:
		json_put_time(w, f->key, *(const int64_t *)at);
		break;
	case SCH_JSON:
		if (((const struct bytes *)at)->len)
			json_put_raw(w, f->key, *(const struct bytes *)at);
		break;
	case SCH_OBJECT:
		sch_put(w, f->key, f->of, at);
		break;
	case SCH_OBJECT_AT:
		if (*(const void *const *)at)
			sch_put(w, f->key, f->of, *(const void *const *)at);
		break;
	case SCH_TEXTS:
		put_texts(w, f->key, at);
		break;
	case SCH_OBJECTS:
		put_objects(w, f, at);
		break;
	case SCH_WORD_LIST:
	case SCH_CHOICE:
	case SCH_KIND_COUNT:
		break; /* of queries only */
	}
}

void sch_put_members(struct json_out *w, const struct sch_object *o, const void *row)
{
	for (size_t i = 0; i < o->count; i++)
		put_field(w, &o->fields[i], member(row, &o->fields[i]));
}

void sch_put(struct json_out *w, const char *key, const struct sch_object *o, const void *row)
{
	json_put_object(w, key);
	sch_put_members(w, o, row);
	json_put_end(w, '}');
}
/* NOLINTEND(misc-no-recursion) */
