/* Spec: OCI image-spec v1.1 annotations.md and config.md (Labels); label-schema.org is what came
 * before it. */
#include "api/annotations.h"

#include "base/json.h"

#define A(member, kind, key, ...)                                                                  \
	RECORD_FIELD(struct api_annotation, member, kind, key, __VA_ARGS__)
static const struct record_field fields[] = {
    A(name, RECORD_TEXT, "name", "Its name", .example = "\"org.opencontainers.image.revision\""),
    A(value, RECORD_TEXT, "value", "What it says; credentials in addresses are left out"),
    A(is_label, RECORD_BOOL, "label", "It is a label of the config, not of the manifest"),
};
const struct record_object api_annotation_object = {
    .name = "Annotation", .text = "What the maker of an image says of it", RECORD_TABLE(fields)};

/* Standard ones, and those that builders add with the address of a run. */
static const char *const known[] = {
    "org.opencontainers.image.", "org.label-schema.", "com.github.", "com.gitlab.ci.",
    "com.azure.dev.image.",	 "org.jenkins.",      "io.jenkins.", "io.buildah.version",
};

static bool is_known(struct bytes name)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (bytes_has_prefix_lit(name, known[i]))
			return true;
	return false;
}

struct reading {
	struct api_annotation *rows;
	size_t count, cap;
	struct arena *a;
	bool whole, nomem;
};

/* "https://NAME:TOKEN@host/…" without what is before the "@". */
static struct bytes without_credentials(struct reading *r, struct bytes value)
{
	size_t at = bytes_find_bytes(value, BYTES_LIT("://"));
	if (at >= value.len)
		return value;
	struct bytes rest = bytes_part(value, at + 3, value.len - at - 3);
	size_t end = bytes_find(rest, '/');
	struct bytes host = bytes_part(rest, 0, end < rest.len ? end : rest.len);
	size_t sign = bytes_find_last(host, '@');
	if (sign >= host.len)
		return value;
	struct bytes left = bytes_part(rest, sign + 1, rest.len - sign - 1);
	char *text = arena_printf(r->a, "%.*s%.*s", BYTES_ARG(bytes_part(value, 0, at + 3)),
				  BYTES_ARG(left));
	if (!text)
		r->nomem = true;
	return text ? bytes_of(text) : BYTES_NONE;
}

static void add(struct reading *r, struct bytes name, struct bytes value, bool is_label)
{
	if (!is_known(name) || value.len == 0)
		return;
	for (size_t i = 0; i < r->count; i++)
		if (bytes_eq(r->rows[i].name, name))
			return;
	if (r->count == API_ANNOTATIONS_MAX || value.len > API_ANNOTATION_VALUE_MAX) {
		r->whole = false;
		return;
	}
	r->rows = arena_grow(r->a, r->rows, r->count, &r->cap, sizeof *r->rows);
	if (!r->rows) {
		r->nomem = true;
		return;
	}
	r->rows[r->count++] = (struct api_annotation){
	    .name = name, .value = without_credentials(r, value), .is_label = is_label};
}

/* The next value, an object of texts; another one is passed over. */
static void read_texts(struct json *j, struct reading *r, bool is_label)
{
	if (json_peek(j) != JSON_OBJECT || !json_enter_object(j)) {
		json_skip(j);
		return;
	}
	for (struct bytes key; !r->nomem && json_next_key(j, &key);) {
		if (json_peek(j) == JSON_STRING)
			add(r, key, json_string(j), is_label);
		else
			json_skip(j);
	}
}

static void read_labels(struct json *j, struct reading *r)
{
	if (json_peek(j) != JSON_OBJECT || !json_enter_object(j)) {
		json_skip(j);
		return;
	}
	for (struct bytes key; !r->nomem && json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "Labels"))
			read_texts(j, r, true);
		else
			json_skip(j);
	}
}

static void read_config(struct json *j, struct reading *r)
{
	if (json_peek(j) != JSON_OBJECT || !json_enter_object(j))
		return;
	for (struct bytes key; !r->nomem && json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "config"))
			read_labels(j, r);
		else
			json_skip(j);
	}
}

int api_annotations_read(struct bytes annotations, struct bytes config, struct arena *a,
			 struct record_rows *ret, bool *ret_whole, struct err *e)
{
	struct reading r = {.a = a, .whole = true};
	struct json j;
	json_init(&j, annotations, a);
	if (annotations.len)
		read_texts(&j, &r, false);
	r.nomem = r.nomem || (j.failed && j.code == ERR_NOMEM);
	json_init(&j, config, a);
	if (config.len)
		read_config(&j, &r);
	r.nomem = r.nomem || (j.failed && j.code == ERR_NOMEM);
	if (r.nomem)
		return err_set(e, ERR_NOMEM, "no memory for the annotations of an image");
	*ret = (struct record_rows){r.rows, r.count};
	*ret_whole = r.whole;
	return 0;
}
