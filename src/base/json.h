/* json: a pull reader over untrusted bytes, and a writer. Spec: RFC 8259; strict (no comments, no
 * trailing commas, valid UTF-8 in strings, \u surrogates paired). Failure is sticky: after it every
 * read yields nothing, and json_finish reports what was wrong and where. Goal: >= 500 MB/s.
 *
 *   struct json j; json_init(&j, text, arena);
 *   if (json_enter_object(&j))
 *       for (struct bytes key; json_next_key(&j, &key);) {
 *           if (bytes_eq_lit(key, "id")) id = json_string(&j);
 *           else json_skip(&j);
 *       }
 *   return json_finish(&j, e);
 *
 * Duplicate keys: all are returned in order; callers that assign keep the last one. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

enum json_type {
	JSON_NONE,
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

struct json {
	struct bytes text;
	size_t off;
	struct arena *arena; /* for strings with escapes */
	unsigned depth;	     /* <= LIMIT_JSON_DEPTH */
	bool failed;
	bool first;	 /* nothing has been read from the container just entered */
	const char *why; /* literal, set on failure */
	size_t why_off;
	enum err_code code; /* of the failure */
};

void json_init(struct json *j, struct bytes text, struct arena *arena);
/* Memory for what is read from now on. */
void json_use(struct json *j, struct arena *arena);
/* Of the next value; JSON_NONE at the end or after failure. */
enum json_type json_peek(struct json *j);
/* Enter the next value; false + failure when it has a different type. */
bool json_enter_object(struct json *j);
bool json_enter_array(struct json *j);
/* Next member / element of the container entered last; its value must be read, entered or skipped
 * before the next call. False at its end (the container is left) or after failure. */
bool json_next_key(struct json *j, struct bytes *ret_key);
bool json_next_item(struct json *j);
/* Borrows from the text, or from the arena when it had escapes. */
struct bytes json_string(struct json *j);
struct bytes json_string_or_null(struct json *j); /* null gives the empty run */
struct bytes json_string_lenient(struct json *j); /* so does any other value, which is skipped */
/* The next value, an object: its members that have a slot are strings, others are skipped. */
void json_slots(struct json *j, const struct bytes_slot *slots, size_t count);
/* The same, but a member with a slot that is no string is skipped as well. */
void json_slots_lenient(struct json *j, const struct bytes_slot *slots, size_t count);
struct bytes json_number(struct json *j); /* its text, checked for form */
double json_double(struct json *j);
uint64_t json_u64(struct json *j); /* failure when negative, fractional or too large */
int64_t json_i64(struct json *j);
bool json_bool(struct json *j);
struct bytes json_raw(struct json *j); /* the next value's own text, checked */
void json_skip(struct json *j);
void json_fail(struct json *j,
	       const char *why); /* the value breaks a rule of the caller; why is a literal */
/* The caller is out of memory: json_finish returns ERR_NOMEM. */
void json_fail_memory(struct json *j);
bool json_ok(const struct json *j);
/* 0 when the whole text was one value and all was read, else ERR_FORMAT ("at byte 17: …"),
 * ERR_TRUNCATED, ERR_LIMIT (depth) or ERR_NOMEM. */
int json_finish(struct json *j, struct err *e);

/* Writer: adds commas and quotes. key is NULL inside arrays. */
struct json_out {
	struct buf *out;
	uint64_t has_items; /* a bit per level */
	unsigned depth;
	bool pretty; /* two spaces */
};
void json_out_init(struct json_out *w, struct buf *out, bool pretty);
void json_put_object(struct json_out *w, const char *key);
void json_put_array(struct json_out *w, const char *key);
void json_put_end(struct json_out *w, char close); /* '}' or ']' */
/* Bytes that are not valid UTF-8 are written as U+FFFD. */
void json_put_string(struct json_out *w, const char *key, struct bytes v);
/* b is part of the output: if it failed, the output fails. */
void json_put_need(struct json_out *w, const struct buf *b);
void json_put_text(struct json_out *w, const char *key, const char *v);
void json_put_string_nonempty(struct json_out *w, const char *key,
			      struct bytes v); /* nothing for the empty run */
void json_put_u64(struct json_out *w, const char *key, uint64_t v);
void json_put_i64(struct json_out *w, const char *key, int64_t v);
void json_put_double(struct json_out *w, const char *key, double v, unsigned decimals);
void json_put_bool(struct json_out *w, const char *key, bool v);
void json_put_null(struct json_out *w, const char *key);
void json_put_raw(struct json_out *w, const char *key, struct bytes json_text);
void json_put_time(struct json_out *w, const char *key,
		   int64_t wall_ms); /* RFC 3339; nothing for 0 */
void json_put_day(struct json_out *w, const char *key, int64_t wall_ms); /* "2026-01-02" */
