/* Requests, read by tables of fields: what a table does not allow is told with the name of the
 * parameter or field. */
#include "api/doc.h"

#include "base/num.h"
#include "http/uri.h"

#include <string.h>

static const struct sch_field *find(const struct sch_object *o, struct bytes key)
{
	for (size_t i = 0; o && i < o->count; i++)
		if (bytes_eq_lit(key, o->fields[i].key))
			return &o->fields[i];
	return NULL;
}

/* "Critical, High, Medium" */
static const char *words_text(sch_words words, struct arena *a)
{
	const char *text = "";
	for (int i = 0; text && words(i); i++)
		text = arena_printf(a, "%s%s%s", text, i ? ", " : "", words(i));
	return text ? text : "";
}

/* The number of the word in any case; <0. */
static int word_parse(const struct sch_field *f, struct bytes v, struct arena *a, struct err *e)
{
	for (int i = 0; f->words(i); i++)
		if (api_is_word(v, f->words(i)))
			return i;
	return err_set(e, ERR_FORMAT, "%s: \"%.*s\" is none of %s", f->key, BYTES_ARG(v),
		       words_text(f->words, a));
}

static int words_parse(const struct sch_field *f, struct bytes list, bool *out, struct arena *a,
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

static int text_check(const struct sch_field *f, struct bytes v, struct err *e)
{
	if (!f->max && v.len == 0)
		return err_set(e, ERR_FORMAT, "%s: is empty", f->key);
	if (f->max && (v.len < f->min || v.len > f->max))
		return err_set(e, ERR_FORMAT, "%s: from %llu to %llu bytes are needed", f->key,
			       (unsigned long long)f->min, (unsigned long long)f->max);
	for (int i = 0; f->words && f->words(i); i++) {
		if (bytes_eq_lit(v, f->words(i)))
			return 0;
		if (!f->words(i + 1))
			return err_set(e, ERR_FORMAT, "%s: \"%.*s\" is not a word that is known",
				       f->key, BYTES_ARG(v));
	}
	return 0;
}

static int uint_parse(const struct sch_field *f, struct bytes v, uint64_t *ret, struct err *e)
{
	uint64_t max = f->max ? f->max : INT64_MAX;
	if (num_u64(v, max, ret) && *ret >= f->min)
		return 0;
	return err_set(e, ERR_FORMAT, "%s: \"%.*s\" is not a number from %llu to %llu", f->key,
		       BYTES_ARG(v), (unsigned long long)f->min, (unsigned long long)max);
}

static int number_parse(const struct sch_field *f, struct bytes v, double *ret, struct err *e)
{
	if (num_double(v, ret) && *ret >= (double)f->min && *ret <= (double)f->max)
		return 0;
	return err_set(e, ERR_FORMAT, "%s: \"%.*s\" is not a number from %llu to %llu", f->key,
		       BYTES_ARG(v), (unsigned long long)f->min, (unsigned long long)f->max);
}

static int choice_parse(const struct sch_field *f, struct bytes v, enum sch_choice *ret,
			struct err *e)
{
	bool yes = bytes_eq_lit(v, "true") || bytes_eq_lit(v, "1");
	if (!yes && !bytes_eq_lit(v, "false") && !bytes_eq_lit(v, "0"))
		return err_set(e, ERR_FORMAT, "%s: \"%.*s\" is neither true nor false", f->key,
			       BYTES_ARG(v));
	*ret = yes ? SCH_YES : SCH_NO;
	return 0;
}

static int parameter_read(struct http_request *r, const struct sch_field *f, void *to,
			  struct err *e)
{
	bool present;
	struct bytes v = http_query(r, f->key, &present);
	int word;
	if (!present && (f->flags & SCH_NEEDED))
		return err_set(e, ERR_FORMAT, "%s: is needed", f->key);
	switch (f->kind) {
	case SCH_TEXT:
		*(struct bytes *)to = v;
		return present ? text_check(f, v, e) : 0;
	case SCH_WORD:
		*(int *)to = (int)f->fallback;
		word = present ? word_parse(f, v, http_arena(r), e) : 0;
		if (word >= 0 && present)
			*(int *)to = word;
		return word < 0 ? word : 0;
	case SCH_WORD_LIST:
		memset(to, 0, f->size);
		return words_parse(f, v, to, http_arena(r), e);
	case SCH_UINT:
		*(uint64_t *)to = f->fallback;
		return present ? uint_parse(f, v, to, e) : 0;
	case SCH_NUMBER:
		*(double *)to = -1;
		return present ? number_parse(f, v, to, e) : 0;
	case SCH_CHOICE:
		*(enum sch_choice *)to = SCH_UNSAID;
		return present ? choice_parse(f, v, to, e) : 0;
	case SCH_INT:
	case SCH_BOOL:
	case SCH_TIME:
	case SCH_JSON:
	case SCH_OBJECT:
	case SCH_OBJECT_AT:
	case SCH_TEXTS:
	case SCH_OBJECTS:
	case SCH_KIND_COUNT:
		break;
	}
	return err_set(e, ERR_INTERNAL, "%s: a kind that no query has", f->key);
}

int sch_query(struct http_request *r, void *ret, struct err *e)
{
	const struct api_doc *doc = http_route_get(r)->doc;
	const struct sch_object *o = doc ? doc->query : NULL;
	for (size_t i = 0; o && i < o->count; i++) {
		const struct sch_field *f = &o->fields[i];
		int rc = parameter_read(r, f, (char *)ret + f->offset, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int sch_query_check(struct http_request *r, struct err *e)
{
	struct bytes path, query;
	struct uri_form form;
	const struct api_doc *doc = http_route_get(r)->doc;
	if (uri_split(http_target(r), &path, &query, e) < 0 ||
	    uri_form_parse(query, http_arena(r), &form, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < form.count; i++) {
		struct bytes name = form.pairs[i].name;
		if (!find(doc ? doc->query : NULL, name))
			return err_set(e, ERR_FORMAT, "there is no query parameter \"%.*s\" here",
				       BYTES_ARG(name));
		if (form.pairs[i].value.len == 0)
			return err_set(e, ERR_FORMAT, "%.*s: is empty", BYTES_ARG(name));
		for (size_t k = 0; k < i; k++)
			if (bytes_eq(form.pairs[k].name, name))
				return err_set(e, ERR_FORMAT, "%.*s: is given twice",
					       BYTES_ARG(name));
	}
	return 0;
}

static int field_read(struct json *j, const struct sch_field *f, void *to, struct err *e)
{
	enum json_type want = f->kind == SCH_UINT ? JSON_NUMBER : JSON_STRING;
	if (json_peek(j) != want)
		return err_set(e, ERR_FORMAT, "%s: a %s is needed", f->key,
			       want == JSON_NUMBER ? "number" : "string");
	if (want == JSON_NUMBER)
		return uint_parse(f, json_number(j), to, e);
	struct bytes v = json_string(j);
	*(struct bytes *)to = v;
	return json_ok(j) ? text_check(f, v, e) : 0; /* json_finish tells what was wrong */
}

int sch_body(struct http_request *r, void *ret, struct err *e)
{
	const struct sch_object *o = http_route_get(r)->doc->body;
	struct json j;
	uint64_t seen = 0; /* a bit per field */
	for (size_t i = 0; i < o->count; i++)
		memset((char *)ret + o->fields[i].offset, 0, o->fields[i].size);
	json_init(&j, http_body(r), http_arena(r));
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			const struct sch_field *f = find(o, key);
			if (!f)
				return err_set(e, ERR_FORMAT, "body: there is no field \"%.*s\"",
					       BYTES_ARG(key));
			if (field_read(&j, f, (char *)ret + f->offset, e) < 0)
				return err_ctx(e, "body");
			seen |= UINT64_C(1) << (f - o->fields);
		}
	}
	if (json_finish(&j, e) < 0)
		return err_ctx(e, "body");
	for (size_t i = 0; i < o->count; i++)
		if ((o->fields[i].flags & SCH_NEEDED) && !(seen & UINT64_C(1) << i))
			return err_set(e, ERR_FORMAT, "body: %s is needed", o->fields[i].key);
	return 0;
}
