/* Requests and other servers' replies, read by tables of fields: an error names the field that
 * breaks the table's rules. */
#include "base/record.h"

#include "base/clock.h"
#include "base/num.h"

#include <string.h>

const struct record_field *record_find(const struct record_object *o, struct bytes key)
{
	for (size_t i = 0; o && i < o->count; i++)
		if (bytes_eq_lit(key, o->fields[i].key))
			return &o->fields[i];
	return NULL;
}

/* "Critical, High, Medium" */
static const char *words_text(record_words words, struct arena *a)
{
	const char *text = "";
	for (int i = 0; text && words(i); i++)
		text = arena_printf(a, "%s%s%s", text, i ? ", " : "", words(i));
	return text ? text : "";
}

/* The number of the word in any case; <0. */
static int word_parse(const struct record_field *f, struct bytes v, struct arena *a, struct err *e)
{
	for (int i = 0; f->words(i); i++)
		if (bytes_eq_nocase(v, bytes_of(f->words(i))))
			return i + f->words_from;
	return err_set(e, ERR_FORMAT, "%s: \"%.*s\" is not one of %s", f->key, BYTES_ARG(v),
		       words_text(f->words, a));
}

static int words_parse(const struct record_field *f, struct bytes list, bool *out, struct arena *a,
		       struct err *e)
{
	while (list.len) {
		int word = word_parse(f, bytes_trim(bytes_cut(&list, ',')), a, e);
		if (word < 0)
			return word;
		if ((size_t)word < f->size / sizeof *out)
			out[word] = true;
	}
	return 0;
}

static int text_check(const struct record_field *f, struct bytes v, struct err *e)
{
	/* C strings end there, and PostgreSQL keeps none. */
	if (bytes_find(v, 0) < v.len)
		return err_set(e, ERR_FORMAT, "%s: contains a NUL", f->key);
	if (!f->max && v.len == 0)
		return err_set(e, ERR_FORMAT, "%s: is empty", f->key);
	if (f->max && (v.len < f->min || v.len > f->max))
		return err_set(e, ERR_FORMAT, "%s: must have %llu to %llu bytes", f->key,
			       (unsigned long long)f->min, (unsigned long long)f->max);
	for (int i = 0; f->words && f->words(i); i++) {
		if (bytes_eq_lit(v, f->words(i)))
			return 0;
		if (!f->words(i + 1))
			return err_set(e, ERR_FORMAT, "%s: \"%.*s\" is not a known word", f->key,
				       BYTES_ARG(v));
	}
	return 0;
}

static int uint_parse(const struct record_field *f, struct bytes v, uint64_t *ret, struct err *e)
{
	uint64_t max = f->max ? f->max : INT64_MAX;
	if (num_u64(v, max, ret) && *ret >= f->min)
		return 0;
	return err_set(e, ERR_FORMAT, "%s: \"%.*s\" is not a number from %llu to %llu", f->key,
		       BYTES_ARG(v), (unsigned long long)f->min, (unsigned long long)max);
}

static int number_parse(const struct record_field *f, struct bytes v, double *ret, struct err *e)
{
	if (num_double(v, ret) && *ret >= (double)f->min && *ret <= (double)f->max)
		return 0;
	return err_set(e, ERR_FORMAT, "%s: \"%.*s\" is not a number from %llu to %llu", f->key,
		       BYTES_ARG(v), (unsigned long long)f->min, (unsigned long long)f->max);
}

static int choice_parse(const struct record_field *f, struct bytes v, enum record_choice *ret,
			struct err *e)
{
	bool yes = bytes_eq_lit(v, "true") || bytes_eq_lit(v, "1");
	if (!yes && !bytes_eq_lit(v, "false") && !bytes_eq_lit(v, "0"))
		return err_set(e, ERR_FORMAT, "%s: \"%.*s\" is neither true nor false", f->key,
			       BYTES_ARG(v));
	*ret = yes ? RECORD_YES : RECORD_NO;
	return 0;
}

static void list_set(void *to, const void *items, size_t count)
{
	memcpy(to, &items, sizeof items);
	memcpy((char *)to + sizeof items, &count, sizeof count);
}

static int listed_check(const struct record_field *f, struct bytes v, struct arena *a,
			struct err *e)
{
	if (!v.len)
		return err_set(e, ERR_FORMAT, "%s: is empty", f->key);
	return f->words ? word_parse(f, v, a, e) : 0;
}

/* "a,b" as texts or numbers. */
static int list_parse(const struct record_field *f, struct bytes list, void *to, struct arena *a,
		      struct err *e)
{
	size_t max = 1, n = 0;
	for (size_t i = 0; i < list.len; i++)
		max += list.ptr[i] == ',';
	if (max > RECORD_VALUES_MAX)
		return err_set(e, ERR_LIMIT, "%s: more than %u values", f->key, RECORD_VALUES_MAX);
	struct bytes *texts = arena_alloc(a, max, sizeof *texts);
	uint64_t *numbers = arena_alloc(a, max, sizeof *numbers);
	if (!texts || !numbers)
		return err_set(e, ERR_NOMEM, "no memory for a list");
	for (; n < max; n++) {
		texts[n] = bytes_trim(bytes_cut(&list, ','));
		int r = f->kind == RECORD_UINTS ? uint_parse(f, texts[n], &numbers[n], e)
						: listed_check(f, texts[n], a, e);
		if (r < 0)
			return r;
	}
	list_set(to, f->kind == RECORD_UINTS ? (const void *)numbers : texts, n);
	return 0;
}

int record_text_absent(const struct record_field *f, void *to, struct err *e)
{
	if (f->flags & RECORD_NEEDED)
		return err_set(e, ERR_FORMAT, "%s: is needed", f->key);
	if (f->kind == RECORD_TEXT)
		*(struct bytes *)to = BYTES_NONE;
	else if (f->kind == RECORD_WORD)
		*(int *)to = (int)f->fallback;
	else if (f->kind == RECORD_WORD_LIST)
		memset(to, 0, f->size);
	else if (f->kind == RECORD_UINT)
		*(uint64_t *)to = f->fallback;
	else if (f->kind == RECORD_NUMBER)
		*(double *)to = -1;
	else if (f->kind == RECORD_CHOICE)
		*(enum record_choice *)to = RECORD_UNSAID;
	else if (f->kind == RECORD_TEXTS || f->kind == RECORD_UINTS)
		list_set(to, NULL, 0);
	else
		return err_set(e, ERR_INTERNAL, "%s: a kind that no query has", f->key);
	return 0;
}

int record_text_read(const struct record_field *f, struct bytes text, void *to, struct arena *a,
		     struct err *e)
{
	int word;
	switch (f->kind) {
	case RECORD_TEXT:
		*(struct bytes *)to = text;
		return text_check(f, text, e);
	case RECORD_WORD:
		word = word_parse(f, text, a, e);
		if (word >= 0)
			*(int *)to = word;
		return word < 0 ? word : 0;
	case RECORD_WORD_LIST:
		memset(to, 0, f->size);
		return words_parse(f, text, to, a, e);
	case RECORD_UINT:
		return uint_parse(f, text, to, e);
	case RECORD_NUMBER:
		return number_parse(f, text, to, e);
	case RECORD_CHOICE:
		return choice_parse(f, text, to, e);
	case RECORD_TEXTS:
	case RECORD_UINTS:
		return list_parse(f, text, to, a, e);
	case RECORD_INT:
	case RECORD_BOOL:
	case RECORD_TIME:
	case RECORD_JSON:
	case RECORD_OBJECT:
	case RECORD_OBJECT_AT:
	case RECORD_OBJECTS:
	case RECORD_KIND_COUNT:
		break;
	}
	return err_set(e, ERR_INTERNAL, "%s: a kind that no query has", f->key);
}

/* A string of a request's body. */
static int strict_text(const struct record_field *f, struct bytes v, void *to, struct arena *a,
		       struct err *e)
{
	if (f->kind == RECORD_WORD) {
		int word = word_parse(f, v, a, e);
		if (word >= 0)
			*(int *)to = word;
		return word < 0 ? word : 0;
	}
	if (f->kind == RECORD_TIME)
		return clock_parse_rfc3339(v, to)
			   ? 0
			   : err_set(e, ERR_FORMAT, "%s: is no time like 2026-01-31T12:00:00Z",
				     f->key);
	*(struct bytes *)to = v;
	return text_check(f, v, e);
}

/* A list of texts of a request's body; words are those of a query, in any case. */
static int strict_texts(struct json *j, const struct record_field *f, void *to, struct err *e)
{
	struct bytes *items = NULL;
	size_t n = 0, cap = 0;
	if (!json_enter_array(j))
		return 0;
	while (json_next_item(j)) {
		if (json_peek(j) != JSON_STRING)
			return err_set(e, ERR_FORMAT, "%s: a list of strings is needed", f->key);
		if (f->kind == RECORD_WORD_LIST) {
			struct bytes word = json_string(j);
			if (json_ok(j) && words_parse(f, word, to, j->arena, e) < 0)
				return -(int)e->code;
			continue;
		}
		items = arena_grow(j->arena, items, n, &cap, sizeof *items);
		if (!items)
			return err_set(e, ERR_NOMEM, "no memory for a list");
		items[n] = json_string(j);
		if (json_ok(j) && text_check(f, items[n], e) < 0)
			return -(int)e->code;
		n++;
	}
	static const struct bytes none;
	if (f->kind == RECORD_TEXTS)
		list_set(to, items ? items : &none, n);
	return 0;
}

static int strict_uints(struct json *j, const struct record_field *f, void *to, struct err *e)
{
	uint64_t *items = NULL;
	size_t n = 0, cap = 0;
	if (!json_enter_array(j))
		return 0;
	while (json_next_item(j)) {
		if (json_peek(j) != JSON_NUMBER)
			return err_set(e, ERR_FORMAT, "%s: a list of numbers is needed", f->key);
		items = arena_grow(j->arena, items, n, &cap, sizeof *items);
		if (!items)
			return err_set(e, ERR_NOMEM, "no memory for a list");
		struct bytes v = json_number(j);
		if (json_ok(j) && uint_parse(f, v, &items[n], e) < 0)
			return -(int)e->code;
		n++;
	}
	list_set(to, items, n);
	return 0;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the tables, which name each other in no circle */

/* Bodies: texts, words, times, numbers, yes or no, lists of them, and objects. */
static int strict_read(struct json *j, const struct record_field *f, void *to, struct err *e)
{
	static const struct {
		enum json_type type;
		const char *name;
	} wants[RECORD_KIND_COUNT] = {
	    [RECORD_UINT] = {JSON_NUMBER, "number"},
	    [RECORD_NUMBER] = {JSON_NUMBER, "number"},
	    [RECORD_BOOL] = {JSON_BOOL, "true or false"},
	    [RECORD_TEXTS] = {JSON_ARRAY, "list"},
	    [RECORD_TEXT] = {JSON_STRING, "string"},
	    [RECORD_WORD] = {JSON_STRING, "string"},
	    [RECORD_TIME] = {JSON_STRING, "string"},
	    [RECORD_CHOICE] = {JSON_BOOL, "true or false"},
	    [RECORD_UINTS] = {JSON_ARRAY, "list"},
	    [RECORD_WORD_LIST] = {JSON_ARRAY, "list"},
	    [RECORD_OBJECT] = {JSON_OBJECT, "object"},
	};
	if (!wants[f->kind].name)
		return err_set(e, ERR_INTERNAL, "%s: a kind that no body has", f->key);
	if (json_peek(j) != wants[f->kind].type)
		return err_set(e, ERR_FORMAT, "%s: a %s is needed", f->key, wants[f->kind].name);
	if (f->kind == RECORD_UINT)
		return uint_parse(f, json_number(j), to, e);
	if (f->kind == RECORD_NUMBER)
		return number_parse(f, json_number(j), to, e);
	if (f->kind == RECORD_TEXTS || f->kind == RECORD_WORD_LIST)
		return strict_texts(j, f, to, e);
	if (f->kind == RECORD_UINTS)
		return strict_uints(j, f, to, e);
	if (f->kind == RECORD_CHOICE) {
		*(enum record_choice *)to = json_bool(j) ? RECORD_YES : RECORD_NO;
		return 0;
	}
	if (f->kind == RECORD_BOOL) {
		*(bool *)to = json_bool(j);
		return 0;
	}
	if (f->kind == RECORD_OBJECT)
		return record_read(j, f->of, to, true, e) < 0 ? err_ctx(e, "%s", f->key) : 0;
	struct bytes v = json_string(j);
	/* json_finish says what was wrong with the text itself. */
	return json_ok(j) ? strict_text(f, v, to, j->arena, e) : 0;
}

/* A list grows in the arena; the copies left behind are at most its size again. */
static int list_read(struct json *j, const struct record_field *f, void *to, struct err *e)
{
	size_t each = f->kind == RECORD_TEXTS ? sizeof(struct bytes) : f->stride, n = 0, cap = 0;
	char *items = NULL;
	int r = 0;
	if (!json_enter_array(j))
		return 0;
	while (r == 0 && json_next_item(j)) {
		items = arena_grow(j->arena, items, n, &cap, each);
		if (!items)
			return err_set(e, ERR_NOMEM, "no memory for a list");
		void *at = items + n++ * each;
		memset(at, 0, each);
		if (f->kind == RECORD_TEXTS)
			*(struct bytes *)at = json_string(j);
		else
			r = record_read(j, f->of, at, false, e);
	}
	list_set(to, items, n);
	return r;
}

/* The word's number; one that is not known leaves what is there. */
static void word_read(struct json *j, const struct record_field *f, void *to)
{
	struct bytes v = json_string(j);
	for (int i = 0; f->words(i); i++) {
		int number = i + f->words_from;
		if (bytes_eq_nocase(v, bytes_of(f->words(i))))
			memcpy(to, &number, sizeof number);
	}
}

static int open_read(struct json *j, const struct record_field *f, void *to, struct err *e)
{
	switch (f->kind) {
	case RECORD_TEXT:
		*(struct bytes *)to = json_string(j);
		return 0;
	case RECORD_WORD:
		word_read(j, f, to);
		return 0;
	case RECORD_INT:
		*(int64_t *)to = json_i64(j);
		return 0;
	case RECORD_UINT:
		*(uint64_t *)to = json_u64(j);
		return 0;
	case RECORD_NUMBER:
		*(double *)to = json_double(j);
		return 0;
	case RECORD_BOOL:
		*(bool *)to = json_bool(j);
		return 0;
	case RECORD_TIME:
		(void)clock_parse_rfc3339(json_string(j), to);
		return 0;
	case RECORD_OBJECT:
		return record_read(j, f->of, to, false, e);
	case RECORD_TEXTS:
	case RECORD_OBJECTS:
		return list_read(j, f, to, e);
	case RECORD_WORD_LIST:
	case RECORD_CHOICE:
	case RECORD_JSON:
	case RECORD_OBJECT_AT:
	case RECORD_UINTS:
	case RECORD_KIND_COUNT:
		break;
	}
	json_skip(j);
	return 0;
}

int record_read(struct json *j, const struct record_object *o, void *row, bool strict,
		struct err *e)
{
	uint64_t seen = 0; /* a bit per field */
	int r = 0;
	if (!json_enter_object(j))
		return 0;
	for (struct bytes key; r == 0 && json_next_key(j, &key);) {
		const struct record_field *f = record_find(o, key);
		if (!f && strict)
			return err_set(e, ERR_FORMAT, "there is no field \"%.*s\"", BYTES_ARG(key));
		if (!f || f->made || (f->flags & RECORD_UNREAD)) {
			json_skip(j);
			continue;
		}
		seen |= UINT64_C(1) << (f - o->fields);
		void *to = (char *)row + f->offset;
		r = strict ? strict_read(j, f, to, e) : open_read(j, f, to, e);
	}
	for (size_t i = 0; r == 0 && strict && json_ok(j) && i < o->count; i++)
		if ((o->fields[i].flags & RECORD_NEEDED) && !(seen & UINT64_C(1) << i))
			r = err_set(e, ERR_FORMAT, "%s is needed", o->fields[i].key);
	return r;
}
/* NOLINTEND(misc-no-recursion) */
