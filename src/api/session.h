/* session: sessions of the portal, for whatever signs people in. */
#pragma once
#include "api/api.h"

struct principal;
/* A session of p's, whose cookie is set on the reply to come. 0 or <0. */
int api_session_begin(struct http_request *r, const struct principal *p, struct err *e);
/* Cookies are for https only, as far as the server knows what browsers speak. */
bool api_cookie_is_secure(struct http_request *r);
