/* schema (sch_): the API's JSON as tables, one of fields per object. Replies are written from them,
 * bodies and queries are read by them into structs, and the OpenAPI document shows them: none of
 * the three can say something else. Objects that another room writes (findings, packages, coverage)
 * have tables that are only shown; tests/e2e holds every reply against the document. */
#pragma once
#include "api/api.h"

#include <stddef.h>

enum sch_kind {
	SCH_TEXT,      /* struct bytes */
	SCH_WORD,      /* an enum or int, written and read as its word */
	SCH_WORD_LIST, /* of a query: "a,b" to bool[SCH_WORDS_MAX], by the word's number */
	SCH_INT,       /* int64_t; optional: left out when negative */
	SCH_UINT,      /* uint64_t */
	SCH_NUMBER,    /* double; optional: left out when negative */
	SCH_BOOL,      /* bool; optional: left out when false */
	SCH_CHOICE,    /* of a query: true, false or not said: enum sch_choice */
	SCH_TIME,      /* int64_t, wall ms; optional: left out when 0 */
	SCH_JSON,      /* struct bytes, JSON text as it is; shown as `of`, or as any object */
	SCH_OBJECT,    /* a struct of its own: `of` */
	SCH_OBJECT_AT, /* const void *, to such a struct; optional: left out when NULL */
	SCH_TEXTS,     /* struct sch_rows of struct bytes */
	SCH_OBJECTS,   /* struct sch_rows of `of` */
	SCH_KIND_COUNT
};
enum sch_choice { SCH_UNSAID, SCH_NO, SCH_YES };
enum sch_flag {
	SCH_OPTIONAL = 1, /* a reply may lack it; a text is left out when empty */
	SCH_NEEDED = 2,	  /* a request must have it */
	SCH_SECRET = 4,	  /* a password */
};
#define SCH_WORDS_MAX 16
#define SCH_NONE UINT64_MAX /* a fallback that is none: the word's number becomes -1 */

/* The words of an enum by number; NULL after the last. */
typedef const char *(*sch_words)(int number);

struct sch_rows {
	const void *items;
	size_t count;
};

struct sch_object;
struct sch_field {
	const char *key;
	enum sch_kind kind;
	unsigned flags;
	size_t offset, size; /* of the member */
	const char *text;    /* what it means, for the document */
	sch_words words;     /* of SCH_WORD and SCH_WORD_LIST; of a text: those that occur */
	const struct sch_object *of;
	size_t stride; /* of SCH_OBJECTS: bytes from item to item */
	/* Requests: lengths of a text, values of a number; max 0 = no bound. */
	uint64_t min, max;
	uint64_t fallback;   /* of SCH_UINT and SCH_WORD in a query that lacks it */
	unsigned decimals;   /* of SCH_NUMBER */
	const char *format;  /* of a text: "uri" … */
	const char *pattern; /* of a text; shown, the handler checks it */
	const char *example; /* JSON */
};
struct sch_object {
	const char *name; /* of the component; NULL: shown where it stands */
	const char *text;
	const struct sch_field *fields;
	size_t count;
};

/* A row of a table; the text and whatever else a row sets follow the key. */
#define SCH_FIELD(type, member, kind_, key_, ...)                                                  \
	{                                                                                          \
		.key = (key_), .kind = (kind_), .offset = offsetof(type, member),                  \
		.size = sizeof(((type *)0)->member), .text = __VA_ARGS__                           \
	}
/* The same of an object that is written elsewhere. */
#define SCH_SHOWN(kind_, key_, ...)                                                                \
	{                                                                                          \
		.key = (key_), .kind = (kind_), .text = __VA_ARGS__                                \
	}
#define SCH_TABLE(fields_) .fields = (fields_), .count = sizeof(fields_) / sizeof *(fields_)
/* Digests and repositories, wherever they occur. */
#define SCH_DIGEST_PATTERN "^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$"
#define SCH_REPOSITORY_PATTERN                                                                     \
	"^[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*$"

/* Write the struct at row as an object. */
void sch_put(struct json_out *w, const char *key, const struct sch_object *o, const void *row);
/* Its members only, inside an object that is open. */
void sch_put_members(struct json_out *w, const struct sch_object *o, const void *row);

/* Read the request's query into *ret by the table of its route; what is not said becomes the
 * fallback. ERR_FORMAT names the parameter that is wrong. */
int sch_query(struct http_request *r, void *ret, struct err *e);
/* Every parameter of the query is one of the route's, said once and not empty. ERR_FORMAT. */
int sch_query_check(struct http_request *r, struct err *e);
/* Read the JSON body into *ret by the table of its route. ERR_FORMAT names the field that is wrong,
 * unknown or missing. Runs live as long as the request. */
int sch_body(struct http_request *r, void *ret, struct err *e);

/* A field and an object as JSON Schema 2020-12. Of a request is required what it must have, of a
 * reply what it has; a parameter's description stands beside its schema. */
enum sch_use { SCH_REPLY, SCH_REQUEST, SCH_PARAMETER };
void sch_field_show(struct json_out *w, const char *key, const struct sch_field *f,
		    enum sch_use use);
void sch_object_show(struct json_out *w, const char *key, const struct sch_object *o,
		     enum sch_use use);
/* {"$ref": "#/components/schemas/NAME"} of an object that has a name, else the object. */
void sch_ref_show(struct json_out *w, const char *key, const struct sch_object *o,
		  enum sch_use use);
