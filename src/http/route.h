/* route: finds the row of the route tables that matches a path. Patterns are compiled once; a
 * lookup walks the rows from most to least specific, so the order of the tables does not matter. */
#pragma once
#include "http/http.h"
#include "http/uri.h"

#define ROUTE_PARAMS_MAX 8 /* {x} of one pattern */

struct route_table;
/* Compile the tables. ERR_FORMAT names a row whose pattern, action or handler breaks the rules of
 * http.h, or two rows that match the same paths with the same method. */
struct route_table *route_table_open(const struct http_route *const *tables, const size_t *counts,
				     size_t table_count, struct err *e);
void route_table_close(struct route_table *t);

struct route_param {
	const char *name; /* not NUL-terminated: name_len */
	size_t name_len;
	struct bytes value;
};
struct route_match {
	const struct http_route *route; /* NULL: nothing matches path and method */
	unsigned methods;		/* of all rows that match the path; 0 = not found */
	struct route_param params[ROUTE_PARAMS_MAX];
	size_t param_count;
};
/* Values borrow from path and arena. ERR_NOMEM only. */
int route_find(const struct route_table *t, const struct uri_path *path, enum http_method method,
	       struct arena *a, struct route_match *ret, struct err *e);
