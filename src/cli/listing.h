/* listing: a list of a server as a table: which field of an item is in which column. */
#pragma once
#include "cli/admin.h"

struct listing_column {
	const char *key;   /* "registry"; "findings.High" is a member of an object,
			      or of the objects of a list: each value once */
	const char *title; /* of the column */
	size_t width;	   /* cells; 0 = the last column */
};
/* Prints the titles (when there are items) and a line for each item of a paged list. */
int listing_print(struct admin *p, const char *path, const struct listing_column *columns,
		  size_t count, struct err *e);
enum listing_format { LISTING_TABLE, LISTING_CSV, LISTING_NDJSON };
struct listing_show {
	enum listing_format format; /* NDJSON: items as the server sends them */
	size_t most;		    /* items; 0: all */
	bool more;		    /* out: there are others */
};
/* The same in a format. */
int listing_write(struct admin *p, const char *path, const struct listing_column *columns,
		  size_t count, struct listing_show *show, struct err *e);
/* The same of several lists, under one line of titles. */
int listing_print_all(struct admin *p, const char *const *paths, size_t path_count,
		      const struct listing_column *columns, size_t count, struct err *e);
/* listing_print_one of the reply to this request; text: its body; NULL: none. */
int listing_print_reply(struct admin *p, const char *method, const char *path, const char *text,
			const struct listing_column *columns, size_t count, struct err *e);
/* The same of one object: "title: value" a line; absent fields are left out. */
int listing_print_one(struct admin *p, const char *path, const struct listing_column *columns,
		      size_t count, struct err *e);
