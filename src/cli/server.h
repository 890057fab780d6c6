/* server (cli_server_): a running Plimsoll, used through its API. */
#pragma once
#include "cli/cli.h"
#include "connect/fetch.h"

/* Options of every command that uses one. */
#define CLI_SERVER_OPTIONS                                                                         \
	{"server", 0, "URL", NULL, "URL of Plimsoll (default http://127.0.0.1:5080)"},             \
	    {"username", 'u', "NAME", NULL,                                                        \
	     "user name (default: the credentials of docker, podman or skopeo login)"},            \
	    {"password", 'p', "TEXT", NULL,                                                        \
	     "visible to every user of this machine; prefer PLIMSOLL_PASSWORD, "                   \
	     "--password-stdin or the prompt"},                                                    \
	    {"password-stdin", 0, NULL, NULL, "read the password from standard input"},            \
	    {"cacert", 0, "FILE", NULL,                                                            \
	     "certificate authorities to trust (default: SSL_CERT_FILE)"},                         \
	{                                                                                          \
		"insecure", 0, NULL, NULL, "do not check the server's certificate"                 \
	}

struct cli_server {
	const char *url;		 /* without '/' at its end */
	const char *username, *password; /* NULL: anonymous */
	bool insecure;
};

/* --cacert holds for every request of this process. ERR_IO: no such file. */
int cli_server_set_authorities(const struct cli_args *args, struct err *e);
/* host: the server's, where --server is not given; may be NULL. What is found or asked for is kept
 * in a. */
int cli_server_open(struct cli_server *s, const struct cli_args *args, const char *host,
		    struct arena *a, struct err *e);

struct cli_server_request {
	const char *method; /* NULL: GET */
	const char *path;   /* "/api/v1/users" */
	const char *json;   /* body; may be NULL */
	const char *header; /* one more; may be NULL */
};
/* 0: a status below 400, in *reply. ERR_DENIED, ERR_NOT_FOUND, ERR_CONFLICT, ERR_FORMAT, ERR_LIMIT
 * (too many logins), ERR_IO (server error), with the server's message. Always free reply. */
int cli_server_ask(const struct cli_server *s, const struct cli_server_request *q, struct arena *a,
		   struct fetch_reply *reply, struct err *e);
/* Read a list page by page: each is called for every item, and reads it completely from j (an
 * object that is not entered yet). */
struct json;
typedef int (*cli_server_item_fn)(void *arg, struct json *j, struct err *e);
int cli_server_each(const struct cli_server *s, const char *path, cli_server_item_fn each,
		    void *arg, struct arena *a, struct err *e);
/* The same, of the first items. */
struct cli_server_list {
	const char *path;
	cli_server_item_fn each;
	void *arg;
	size_t most;  /* items; 0: all */
	size_t count; /* out */
	bool more;    /* out: there are others */
};
int cli_server_list(const struct cli_server *s, struct cli_server_list *l, struct arena *a,
		    struct err *e);
