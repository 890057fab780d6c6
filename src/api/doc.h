/* doc: what the OpenAPI document says of a route beyond its row: tables of what goes in, and what
 * comes out by status. Errors that follow from the row itself (401, 403, 404, 413 …) are not
 * listed.
 */
#pragma once
#include "api/query.h"

#define API_REPLIES_MAX 4
#define API_ERRORS_MAX 6

#define API_ANY_TYPE "*/*"
struct api_reply {
	unsigned status; /* 0 ends the list */
	const char *text;
	const char *type;		/* of the body; NULL with `of`: application/json; a
					 * parameter chooses it: API_ANY_TYPE */
	const struct record_object *of; /* NULL: no body, or one without a schema */
	bool list;			/* {"items": [of …], "next": …} */
	const struct record_object *headers;
	const char *example; /* JSON */
};
struct api_doc {
	const char *id;	  /* operationId */
	const char *text; /* more than the summary, or NULL */
	const struct record_object
	    *params;			   /* of the path, where a name means something else here */
	const struct record_object *query; /* read by api_query_read */
	/* More of it, read into the member at where_at of the same struct: criteria. */
	const struct record_object *where;
	size_t where_at;
	bool open_query; /* others may ask with further parameters, which are not looked at */
	const struct record_object *headers; /* of the request */
	const struct record_object *body;    /* read by api_body_read */
	const char *body_type;		     /* of a body that is not JSON */
	const char *body_example;	     /* JSON */
	const struct record_object *also;    /* a schema that only the text speaks of */
	struct api_reply replies[API_REPLIES_MAX];
	unsigned errors[API_ERRORS_MAX]; /* statuses; 0 ends the list */
};

/* Shared tables. */
extern const struct record_object api_problem, api_oci_errors;
extern const struct record_object api_created_headers; /* Location */
/* Pages: the parameters limit and cursor into a struct api_page. */
#define API_PAGE 100
#define API_PAGE_MAX 1000
struct api_page {
	struct bytes cursor; /* empty = from the start */
	uint64_t limit;
};
#define API_PAGE_FIELDS(type, member)                                                              \
	RECORD_FIELD(type, member.limit, RECORD_UINT, "limit", "Items of a page", .min = 1,        \
		     .max = API_PAGE_MAX, .fallback = API_PAGE),                                   \
	    RECORD_FIELD(type, member.cursor, RECORD_TEXT, "cursor",                               \
			 "`next` of the page before, as it was given")
extern const struct record_object api_page_query;

/* Before a handler of /api/v1/ runs: its query holds what the route knows (ERR_FORMAT), the client
 * takes the only type there is (else 406), and a JSON body says that it is one (else 415).
 * 0 = go on, 1 = a reply was sent. */
int api_admit(struct http_request *r, const struct http_route *route, struct err *e);
/* Its query may narrow what the caller sees to a scope: the parameter; else NULL. */
const struct record_object *api_narrow_query(const struct http_route *route);
/* What the caller sees, by the query's scope. ERR_NOT_FOUND: it sees nothing there. */
int api_narrow(struct http_request *r, const struct http_route *route, struct err *e);
/* The route has a body to be accepted or not. */
bool api_negotiates(const struct http_route *route);

/* The document's pieces; openapi.c puts them together. */
void doc_operation_put(struct json_out *w, const char *method, const struct http_route *route,
		       const char *resource);
/* The headers of a reply; nothing for NULL. */
void doc_headers_put(struct json_out *w, const struct record_object *o);
/* Schemas of every object that the tables name, and the replies that errors share. */
void doc_components_put(struct json_out *w, const struct api_routes *tables, size_t count);
