/* JSON and CSV, written from tables of fields. */
#include "base/record.h"

#include "base/utf8.h"

#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): as deep as the tables, which name each other in no circle */

static const void *member(const void *row, const struct record_field *f)
{
	return (const char *)row + f->offset;
}

static struct record_rows rows_at(const void *at)
{
	struct record_rows rows;
	memcpy(&rows.items, at, sizeof rows.items);
	memcpy(&rows.count, (const char *)at + sizeof rows.items, sizeof rows.count);
	return rows;
}

static void put_texts(struct json_out *w, const char *key, struct record_rows rows)
{
	const struct bytes *items = rows.items;
	json_put_array(w, key);
	for (size_t i = 0; i < rows.count; i++)
		json_put_string(w, NULL, items[i]);
	json_put_end(w, ']');
}

static void put_uints(struct json_out *w, const char *key, struct record_rows rows)
{
	const uint64_t *items = rows.items;
	json_put_array(w, key);
	for (size_t i = 0; i < rows.count; i++)
		json_put_u64(w, NULL, items[i]);
	json_put_end(w, ']');
}

static void put_objects(struct json_out *w, const struct record_field *f, struct record_rows rows)
{
	json_put_array(w, f->key);
	for (size_t i = 0; i < rows.count; i++)
		record_put(w, NULL, f->of, (const char *)rows.items + i * f->stride);
	json_put_end(w, ']');
}

static void put_list(struct json_out *w, const struct record_field *f, struct record_rows rows)
{
	if (f->kind == RECORD_OBJECTS)
		put_objects(w, f, rows);
	else if ((f->flags & RECORD_OPTIONAL) && !rows.count)
		return;
	else if (f->kind == RECORD_TEXTS)
		put_texts(w, f->key, rows);
	else
		put_uints(w, f->key, rows);
}

static void put_text(struct json_out *w, const struct record_field *f, struct bytes v)
{
	if (f->flags & RECORD_OPTIONAL)
		json_put_string_nonempty(w, f->key, v);
	else
		json_put_string(w, f->key, v);
}

static void put_words(struct json_out *w, const struct record_field *f, const bool *set)
{
	bool any = false;
	for (int i = 0; f->words(i); i++)
		any = any || set[i];
	if ((f->flags & RECORD_OPTIONAL) && !any)
		return;
	json_put_array(w, f->key);
	for (int i = 0; f->words(i); i++)
		if (set[i])
			json_put_text(w, NULL, f->words(i));
	json_put_end(w, ']');
}

/* As many as the number has, up to six. */
static unsigned exact_decimals(double v)
{
	unsigned n = 0;
	while (n < 6) {
		double rest = v - (double)(int64_t)v;
		if (rest < 1e-6 || rest > 1 - 1e-6)
			break;
		v *= 10;
		n++;
	}
	return n;
}

static void put_number(struct json_out *w, const struct record_field *f, double v)
{
	json_put_double(w, f->key, v, f->flags & RECORD_EXACT ? exact_decimals(v) : f->decimals);
}

/* "" where the member has none of the words. */
static const char *word_of(const struct record_field *f, const void *at)
{
	int number;
	memcpy(&number, at, sizeof number);
	const char *word = number < f->words_from ? NULL : f->words(number - f->words_from);
	return word ? word : "";
}

static void put_field(struct json_out *w, const struct record_field *f, const void *at)
{
	bool optional = f->flags & RECORD_OPTIONAL;
	const char *word;
	switch (f->kind) {
	case RECORD_TEXT:
		put_text(w, f, *(const struct bytes *)at);
		break;
	case RECORD_WORD:
		word = word_of(f, at);
		if (!optional || *word)
			json_put_text(w, f->key, word);
		break;
	case RECORD_INT:
		if (!optional || *(const int64_t *)at >= 0)
			json_put_i64(w, f->key, *(const int64_t *)at);
		break;
	case RECORD_UINT:
		json_put_u64(w, f->key, *(const uint64_t *)at);
		break;
	case RECORD_NUMBER:
		if (!optional || *(const double *)at >= 0)
			put_number(w, f, *(const double *)at);
		break;
	case RECORD_BOOL:
		if (!optional || *(const bool *)at)
			json_put_bool(w, f->key, *(const bool *)at);
		break;
	case RECORD_TIME:
		(f->format ? json_put_day : json_put_time)(w, f->key, *(const int64_t *)at);
		break;
	case RECORD_JSON:
		if (((const struct bytes *)at)->len)
			json_put_raw(w, f->key, *(const struct bytes *)at);
		break;
	case RECORD_OBJECT:
		record_put(w, f->key, f->of, at);
		break;
	case RECORD_OBJECT_AT:
		if (*(const void *const *)at)
			record_put(w, f->key, f->of, *(const void *const *)at);
		break;
	case RECORD_TEXTS:
	case RECORD_UINTS:
	case RECORD_OBJECTS:
		put_list(w, f, rows_at(at));
		break;
	case RECORD_WORD_LIST:
		put_words(w, f, at);
		break;
	case RECORD_CHOICE:
		if (*(const enum record_choice *)at != RECORD_UNSAID)
			json_put_bool(w, f->key, *(const enum record_choice *)at == RECORD_YES);
		break;
	case RECORD_KIND_COUNT:
		break;
	}
}

static void put_member(struct json_out *w, const struct record_field *f, const void *row)
{
	if (f->made)
		put_text(w, f, f->made(row));
	else
		put_field(w, f, member(row, f));
}

void record_put_members(struct json_out *w, const struct record_object *o, const void *row)
{
	for (size_t i = 0; i < o->count; i++)
		if (!o->fields[i].has || o->fields[i].has(row))
			put_member(w, &o->fields[i], row);
}

void record_put(struct json_out *w, const char *key, const struct record_object *o, const void *row)
{
	json_put_object(w, key);
	record_put_members(w, o, row);
	json_put_end(w, '}');
}
/* NOLINTEND(misc-no-recursion) */

/* What spreadsheets take for a formula. "@scope/name" is none: a formula that begins so calls a
 * function. */
static bool is_formula(struct bytes v)
{
	return v.len && (bytes_find(BYTES_LIT("=+-\t\r"), v.ptr[0]) < 5 ||
			 (v.ptr[0] == '@' && bytes_find(v, '(') < v.len));
}

/* A reader of CSV knows no escapes: what a terminal would obey becomes U+FFFD. */
static void put_unobeyed(struct buf *out, struct bytes v)
{
	size_t start = 0;
	for (size_t i = 0; i < v.len;) {
		uint8_t c = v.ptr[i];
		size_t n = c < 0x80 ? 1 : utf8_len(v.ptr + i, v.len - i);
		bool blank = c == '\t' || c == '\n' || c == '\r';
		bool obeyed = n > 1 ? utf8_is_obeyed(v.ptr + i, n)
				    : n == 1 && ((c < ' ' && !blank) || c == 0x7f);
		n = n ? n : 1;
		if (obeyed) {
			buf_put(out, bytes_part(v, start, i - start));
			buf_put(out, BYTES_LIT("\xef\xbf\xbd"));
			start = i + n;
		}
		i += n;
	}
	buf_put(out, bytes_from(v, start));
}

void record_csv_cell(struct buf *out, struct bytes v)
{
	buf_put_text(out, is_formula(v) ? "\"'" : "\"");
	while (v.len) {
		struct bytes part = bytes_part(v, 0, bytes_find(v, '"'));
		put_unobeyed(out, part);
		if (part.len < v.len)
			buf_put_text(out, "\"\"");
		v = bytes_from(v, part.len + (part.len < v.len));
	}
	buf_put_u8(out, '"');
}

static void put_cell_texts(struct buf *out, struct record_rows rows)
{
	const struct bytes *items = rows.items;
	struct buf all;
	buf_init(&all, SIZE_MAX / 4);
	for (size_t i = 0; i < rows.count; i++) {
		buf_put_text(&all, i ? " " : "");
		buf_put(&all, items[i]);
	}
	record_csv_cell(out, buf_bytes(&all));
	out->failed |= !buf_ok(&all);
	buf_free(&all);
}

static bool is_cell(const struct record_field *f)
{
	return f->kind != RECORD_OBJECT && f->kind != RECORD_OBJECT_AT &&
	       f->kind != RECORD_OBJECTS && f->kind != RECORD_UINTS && f->kind != RECORD_JSON;
}

static void put_cell_of(struct buf *out, const struct record_field *f, const void *row)
{
	const void *at = member(row, f);
	if (f->has && !f->has(row))
		return;
	if (f->made)
		record_csv_cell(out, f->made(row));
	else if (f->kind == RECORD_TEXT)
		record_csv_cell(out, *(const struct bytes *)at);
	else if (f->kind == RECORD_TEXTS)
		put_cell_texts(out, rows_at(at));
	else if (f->kind == RECORD_WORD)
		record_csv_cell(out, bytes_of(word_of(f, at)));
	else {
		/* Numbers, truths and times are written as in JSON, whose key is not. */
		struct json_out w;
		struct record_field bare = *f;
		bare.key = NULL;
		json_out_init(&w, out, false);
		put_field(&w, &bare, at);
	}
}

void record_csv_header(struct buf *out, const struct record_object *o)
{
	size_t n = 0;
	for (size_t i = 0; i < o->count; i++)
		if (is_cell(&o->fields[i]))
			buf_printf(out, "%s%s", n++ ? "," : "", o->fields[i].key);
}

void record_csv_row(struct buf *out, const struct record_object *o, const void *row)
{
	size_t n = 0;
	for (size_t i = 0; i < o->count; i++) {
		if (!is_cell(&o->fields[i]))
			continue;
		buf_put_text(out, n++ ? "," : "");
		put_cell_of(out, &o->fields[i], row);
	}
}
