/* query: requests, read by the tables of their route (base/record.h). */
#pragma once
#include "api/api.h"
#include "base/record.h"

/* Read the request's query into *ret by the table of its route; what is not said becomes the
 * fallback. ERR_FORMAT names the parameter that is wrong. */
int api_query_read(struct http_request *r, void *ret, struct err *e);
/* Every parameter of the query is one of the route's, said once and not empty. ERR_FORMAT. */
int api_query_check(struct http_request *r, struct err *e);
/* Read the JSON body into *ret by the table of its route. ERR_FORMAT names the field that is wrong,
 * unknown or missing. Runs live as long as the request. */
int api_body_read(struct http_request *r, void *ret, struct err *e);
