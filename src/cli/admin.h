/* admin: what the verbs share that read and change a running server by its API: user, token, role,
 * registry, rule and the like. */
#pragma once
#include "cli/server.h"

struct admin {
	const char *verb; /* for errors: "user add" */
	struct cli_args args;
	struct cli_server server; /* not open if the command works on a stopped server's folder */
	struct arena arena;
	bool titled; /* the titles of a list are printed */
};
struct admin_verb {
	const char *name;
	const struct cli_option *options;
	size_t least, most; /* operands */
};
/* Parse the command line. Returns 0, or <0 after printing the error (status CLI_ERROR). */
int admin_open(struct admin *p, const struct admin_verb *verb, int argc, char **argv,
	       struct err *e);
/* Connect to the server. */
int admin_connect(struct admin *p, struct err *e);
/* Print the error where r < 0, free everything; the exit status. */
int admin_close(struct admin *p, int r, const struct err *e);
/* "/api/v1/users/NAME" + leaf, the name percent-encoded; NULL without memory. */
const char *admin_user_path(struct admin *p, const char *name, const char *leaf);
/* before + part, percent-encoded, + after; NULL without memory. */
const char *admin_path(struct admin *p, const char *before, const char *part, const char *after);
/* {"k":"v", …} of pairs that end with NULL; a NULL value is left out. */
const char *admin_json(struct admin *p, const char *const *pairs, struct err *e);
/* The JSON text in b, which is freed; NULL and *e without memory. */
const char *admin_text(struct admin *p, struct buf *b, struct err *e);
/* A request whose reply is not shown. */
int admin_do(struct admin *p, const char *method, const char *path, const char *json,
	     struct err *e);
/* The next item of a list as the server sent it, whole, on a line; a cli_server_item_fn. */
int admin_put_raw(void *arg, struct json *j, struct err *e);
/* Cells of a listing: padded to width, then two spaces; width 0 ends the line. */
void admin_cell(struct bytes text, size_t width);
/* Above the first line of a listing; the last column has the width 0. */
struct admin_title {
	const char *text;
	size_t width;
};
void admin_titles(struct admin *p, const struct admin_title *titles);
