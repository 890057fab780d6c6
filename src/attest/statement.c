/* {"_type": "https://in-toto.io/Statement/v1" (or v0.1), "subject": [{"name", "digest": {"sha256":
 * HEX}}], "predicateType": URI, "predicate": {…}}. cosign wraps predicates of its own types once
 * more, in {"Data": …}, where the inner one is an object or a text. */
#include "attest/attest.h"

#include "base/json.h"

#define TYPE_PREFIX "https://in-toto.io/Statement/"

static int subject_add(struct attest_statement *s, size_t *cap, const char *text, struct arena *a,
		       struct err *e)
{
	struct bytes *more =
	    text ? arena_grow(a, s->subjects, s->subject_count, cap, sizeof *more) : NULL;
	if (!more)
		return err_nomem(e);
	s->subjects = more;
	more[s->subject_count++] = bytes_of(text);
	return 0;
}

/* {"name", "digest": {"sha256": HEX}}. */
static struct bytes read_subject(struct json *j)
{
	struct bytes hex = BYTES_NONE;
	if (!json_enter_object(j))
		return hex;
	for (struct bytes key; json_next_key(j, &key);) {
		if (!bytes_eq_lit(key, "digest") || json_peek(j) != JSON_OBJECT) {
			json_skip(j);
			continue;
		}
		json_enter_object(j);
		for (struct bytes name; json_next_key(j, &name);) {
			if (bytes_eq_lit(name, "sha256") && json_peek(j) == JSON_STRING)
				hex = json_string(j);
			else
				json_skip(j);
		}
	}
	return hex;
}

static int read_subjects(struct json *j, struct attest_statement *s, struct arena *a, struct err *e)
{
	size_t cap = 0;
	s->subjects = NULL;
	s->subject_count = 0;
	if (!json_enter_array(j))
		return 0;
	while (json_next_item(j)) {
		struct bytes hex = read_subject(j);
		if (!json_ok(j) || !hex.len)
			continue;
		if (s->subject_count == ATTEST_SUBJECTS_MAX)
			return err_set(e, ERR_LIMIT, "statement: more than %u subjects",
				       ATTEST_SUBJECTS_MAX);
		if (subject_add(s, &cap,
				arena_printf(a, "sha256:%.*s", BYTES_ARG(bytes_part(hex, 0, 128))),
				a, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

/* To what cosign's {"Data": …} holds, where it is one. */
static int unwrap(struct bytes *predicate, struct arena *a, struct err *e)
{
	struct json j;
	struct bytes data = BYTES_NONE;
	size_t others = 0;
	json_init(&j, *predicate, a);
	if (json_peek(&j) != JSON_OBJECT || !json_enter_object(&j))
		return 0;
	for (struct bytes key; json_next_key(&j, &key);) {
		if (bytes_eq_lit(key, "Data")) {
			data = json_peek(&j) == JSON_STRING ? json_string(&j) : json_raw(&j);
		} else {
			others += !bytes_eq_lit(key, "Timestamp");
			json_skip(&j);
		}
	}
	if (data.len && !others && json_ok(&j))
		*predicate = data;
	return j.failed && j.code == ERR_NOMEM ? err_nomem(e) : 0;
}

int attest_statement_read(struct bytes text, struct arena *a, struct attest_statement *ret,
			  struct err *e)
{
	struct attest_statement s = {.subject_count = 0};
	struct json j;
	struct bytes type = BYTES_NONE;
	json_init(&j, text, a);
	if (json_enter_object(&j))
		for (struct bytes key; json_next_key(&j, &key);) {
			bool is_text = json_peek(&j) == JSON_STRING;
			if (is_text && bytes_eq_lit(key, "_type"))
				type = json_string(&j);
			else if (is_text && bytes_eq_lit(key, "predicateType"))
				s.predicate_type = json_string(&j);
			else if (bytes_eq_lit(key, "predicate"))
				s.predicate = is_text ? json_string(&j) : json_raw(&j);
			else if (bytes_eq_lit(key, "subject")) {
				if (read_subjects(&j, &s, a, e) < 0)
					return -(int)e->code;
			} else
				json_skip(&j);
		}
	if (json_finish(&j, e) < 0)
		return -(int)e->code;
	if (!bytes_has_prefix_lit(type, TYPE_PREFIX) || !s.predicate_type.len)
		return 0;
	if (unwrap(&s.predicate, a, e) < 0)
		return -(int)e->code;
	*ret = s;
	return 1;
}
