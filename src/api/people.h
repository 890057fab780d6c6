/* people: what the resources about users, roles and tokens share. */
#pragma once
#include "access/access.h"
#include "api/doc.h"
#include "api/routes.h"

struct people_query {
	struct api_page page; /* of users, after the cursor's name */
	struct bytes user;    /* this one alone; empty = all */
};
struct people_list {
	struct people_query q; /* the tables' struct */
	struct http_request *r;
	bool groups; /* they are among the users */
};
/* The query, and that its cursor is a user's name. ERR_FORMAT. */
int people_query_read(struct http_request *r, struct people_list *l, struct err *e);
/* A user and an assignment as JSON. */
extern const struct record_object people_user, people_assignment;
/* A name of a user or group may be this: of a cursor. */
bool people_is_cursor(struct bytes name);
/* Writes the JSON object of one user. */
typedef int (*people_put_fn)(struct db_tx *tx, struct json_out *w, const struct people_list *l,
			     const struct access_user *u, struct err *e);
/* A page of the list of users, by name. */
int people_each(struct db_tx *tx, struct json_out *w, const struct people_list *l,
		people_put_fn put, struct total total, struct err *e);
/* The user's role assignments, where the caller may do what the route asks for, as items of an
 * array; named: each says whose it is. */
int people_put_assignments(struct db_tx *tx, struct json_out *w, const struct access_user *u,
			   bool named, struct http_request *r, struct err *e);
/* A 201 says where the user is. */
int people_reply_user(struct http_request *r, unsigned status, struct bytes name, struct err *e);
/* The caller, for the audit. */
struct access_actor people_actor(const struct http_request *r);
int people_no_user(struct bytes name, struct err *e); /* ERR_NOT_FOUND */
