/* head: the head of an HTTP/1 request (request line and fields), located in incoming bytes and
 * parsed. Strict: anything that two parsers could read differently is refused.
 * Spec: RFC 9112 §2.2, §3, §5, §6; RFC 9110 §5.5, §5.6.2, §10.1.1. */
#pragma once
#include "base/arena.h"

#define HEAD_TARGET_MAX (16U << 10) /* bytes of a request target: 414 past it */
#define HEAD_FIELDS_MAX 256	    /* fields of a head: 431 past it; browsers send fewer than 40 */
#define HEAD_METHOD_MAX 32	    /* bytes of a method: those registered have at most 17 */

/* Where the search for the end resumes; zero for a new head. */
struct head_scan {
	size_t begin; /* of the request line, after empty lines */
	size_t line;  /* of the line that is not complete yet */
};
/* in: all bytes since the last request. 1 = the head is complete; *ret_head borrows it from in,
 * without leading empty lines; 0 = not yet; <0 = refuse with this status: -400 a line that does
 * not end in CR LF, -414 a request line that is already too long, -431 more than max bytes. */
int head_find(struct bytes in, size_t max, struct head_scan *scan, struct bytes *ret_head);

struct head_field {
	struct bytes name, value; /* without white space around */
};
struct head {
	struct bytes method, target;
	struct head_field *fields;
	size_t count;
	int64_t body_len; /* as declared; 0 without one, -1 = chunked */
	bool one_one;	  /* HTTP/1.1, else 1.0 */
	bool close;	  /* the client sends no other request */
	bool expects;	  /* the client waits for "100 Continue" */
};
/* Parse what head_find returned. 0, or the status to refuse with: 400, 414, 417, 431, 501, 505, and
 * 503 when out of memory. All borrows from head and a; in any case method and target are those of
 * a well-formed request line, else empty. */
unsigned head_parse(struct bytes head, struct arena *a, struct head *ret);
/* The name is this one, in any case. lower: in lower case. */
bool head_name_is(struct bytes name, const char *lower);
