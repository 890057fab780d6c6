/* record: the fields of a struct as a table. Replies, reports and CSV are written from it; queries,
 * bodies and other servers' replies are read with it; the OpenAPI document and the reference pages
 * are generated from it: they cannot disagree. */
#pragma once
#include "base/json.h"

#include <stddef.h>

enum record_kind {
	RECORD_TEXT,	  /* struct bytes */
	RECORD_WORD,	  /* an enum or int, written and read as its word */
	RECORD_WORD_LIST, /* bool[RECORD_WORDS_MAX], by the word's number; of a query "a,b" */
	RECORD_INT,	  /* int64_t; optional: left out when negative */
	RECORD_UINT,	  /* uint64_t */
	RECORD_NUMBER,	  /* double; optional: left out when negative */
	RECORD_BOOL,	  /* bool; optional: left out when false */
	RECORD_CHOICE,	  /* true, false or not given: enum record_choice */
	RECORD_TIME,	  /* int64_t, wall ms; optional: left out when 0; format "date": its day */
	RECORD_JSON,	  /* struct bytes, JSON text as it is; shown as `of`, or as any object */
	RECORD_OBJECT,	  /* a struct of its own: `of` */
	RECORD_OBJECT_AT, /* const void *, to such a struct; optional: left out when NULL */
	/* struct bytes *, followed by the count: struct record_rows; of a query "a,b". */
	RECORD_TEXTS,
	RECORD_UINTS,	/* uint64_t *, followed by the count; of a query "1,2" */
	RECORD_OBJECTS, /* the same of `of`, `stride` bytes each */
	RECORD_KIND_COUNT
};
enum record_choice { RECORD_UNSAID, RECORD_NO, RECORD_YES };
enum record_flag {
	RECORD_OPTIONAL = 1, /* a reply may lack it; a text or list is left out when empty */
	RECORD_NEEDED = 2,   /* required in a request */
	RECORD_SECRET = 4,   /* a password */
	RECORD_UNREAD = 8,   /* follows from other fields: never read */
	RECORD_EXACT = 16,   /* a number with as many decimals as it has, up to six */
};
#define RECORD_WORDS_MAX 64
#define RECORD_VALUES_MAX 256U /* of a list in a query */
#define RECORD_NONE UINT64_MAX /* no fallback: the word's number becomes -1 */

/* The words of an enum by number; NULL after the last. */
typedef const char *(*record_words)(int number);

struct record_rows {
	const void *items;
	size_t count;
};

struct record_object;
struct record_field {
	const char *key;
	enum record_kind kind;
	unsigned flags;
	size_t offset, size; /* of the member */
	const char *text;    /* what it means, for the document */
	/* Of RECORD_WORD and RECORD_WORD_LIST; of a text: those that occur; of texts in a query:
	 * those that may, in any case. */
	record_words words;
	int words_from; /* the first word's number in the member */
	const struct record_object *of;
	/* An optional field is present only if this returns true for the struct. */
	bool (*has)(const void *row);
	/* The field's text where no member has it as it is; the member is not looked at. */
	struct bytes (*made)(const void *row);
	size_t stride; /* of RECORD_OBJECTS: bytes from item to item */
	/* Requests: lengths of a text, values of a number; max 0 = no bound. */
	uint64_t min, max;
	uint64_t fallback;   /* of RECORD_UINT and RECORD_WORD in a query that lacks it */
	unsigned decimals;   /* of RECORD_NUMBER */
	const char *format;  /* of a text: "uri" … */
	const char *pattern; /* of a text; shown, the handler checks it */
	const char *example; /* JSON */
};
struct record_object {
	const char *name; /* of the component; NULL: shown inline */
	const char *text;
	const struct record_field *fields;
	size_t count;
};

/* A row of a table; the text and whatever else a row sets follow the key. */
#define RECORD_FIELD(type, member, kind_, key_, ...)                                               \
	{                                                                                          \
		.key = (key_), .kind = (kind_), .offset = offsetof(type, member),                  \
		.size = sizeof(((type *)0)->member), .text = __VA_ARGS__                           \
	}
/* The same for an object that is written elsewhere. */
#define RECORD_SHOWN(kind_, key_, ...)                                                             \
	{                                                                                          \
		.key = (key_), .kind = (kind_), .text = __VA_ARGS__                                \
	}
#define RECORD_TABLE(fields_) .fields = (fields_), .count = sizeof(fields_) / sizeof *(fields_)
/* Digests and repositories, wherever they occur. */
#define RECORD_DIGEST_PATTERN "^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$"
#define RECORD_REPOSITORY_PATTERN                                                                  \
	"^[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*$"

/* Write the struct at row as an object. */
void record_put(struct json_out *w, const char *key, const struct record_object *o,
		const void *row);
/* Its members only, inside an object that is open. */
void record_put_members(struct json_out *w, const struct record_object *o, const void *row);

/* Read the text of a query's parameter into the member at to. ERR_FORMAT names the field. */
int record_text_read(const struct record_field *f, struct bytes text, void *to, struct arena *a,
		     struct err *e);
/* What a query that lacks the parameter means. */
int record_text_absent(const struct record_field *f, void *to, struct err *e);
const struct record_field *record_find(const struct record_object *o, struct bytes key);

/* Read the next value, an object, into the struct at row. strict: a request, whose unknown and
 * missing fields are ERR_FORMAT; else unknown fields are skipped and missing ones keep row's value.
 * json_finish reports errors of the text itself. Runs borrow from the text and j's arena. */
int record_read(struct json *j, const struct record_object *o, void *row, bool strict,
		struct err *e);

/* A line of CSV (RFC 4180): the names of the table's scalar fields; those of a row. Objects and
 * lists of objects have no column; texts of a list are separated by spaces. A text that a
 * spreadsheet would take for a formula begins with an apostrophe. */
void record_csv_cell(struct buf *out, struct bytes v);
void record_csv_header(struct buf *out, const struct record_object *o);
void record_csv_row(struct buf *out, const struct record_object *o, const void *row);
/* The table as rows of a reference page: "| `key` | type | meaning |". */
void record_page_rows(struct buf *out, const struct record_object *o);

/* A field and an object as JSON Schema 2020-12. Of a request is required what it must have, of a
 * reply what it has; a parameter's description is next to its schema. */
enum record_use { RECORD_REPLY, RECORD_REQUEST, RECORD_PARAMETER };
void record_field_show(struct json_out *w, const char *key, const struct record_field *f,
		       enum record_use use);
void record_object_show(struct json_out *w, const char *key, const struct record_object *o,
			enum record_use use);
/* {"$ref": "#/components/schemas/NAME"} of an object that has a name, else the object. */
void record_ref_show(struct json_out *w, const char *key, const struct record_object *o,
		     enum record_use use);
