#include "cli/server.h"

#include "base/json.h"
#include "cli/term.h"
#include "connect/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define URL_DEFAULT "http://127.0.0.1:5080"
#define REPLY_MAX (32U << 20) /* bytes: a page of 1,000 findings takes 2 MiB */
#define PAGE_MAX 1000U	      /* items asked for at once */

int cli_server_set_authorities(const struct cli_args *args, struct err *e)
{
	const char *path = cli_get(args, "cacert");
	if (!path)
		return 0;
	if (access(path, R_OK) < 0)
		return err_sys(e, "--cacert: %s", path);
	fetch_authorities(path);
	return 0;
}

static bool is_loopback(struct bytes host)
{
	return bytes_has_prefix_lit(host, "localhost:") || bytes_eq_lit(host, "localhost") ||
	       bytes_has_prefix_lit(host, "127.") || bytes_has_prefix_lit(host, "[::1]");
}

/* "registry.example.org:5000" of a URL. */
static struct bytes host_of(const char *url)
{
	struct bytes b = bytes_of(url);
	size_t at = bytes_find_bytes(b, BYTES_LIT("://"));
	b = at < b.len ? bytes_from(b, at + 3) : b;
	return bytes_part(b, 0, bytes_find(b, '/'));
}

/* Of whom is it, and is it a person that can be asked? */
static int find_password(struct cli_server *s, const struct cli_args *args, struct arena *a,
			 struct err *e)
{
	char prompt[512];
	s->username = cli_get(args, "username");
	s->password = cli_get(args, "password");
	if (cli_has(args, "password-stdin") && term_stdin_line(a, &s->password, e) < 0)
		return -(int)e->code;
	if (!s->username && s->password)
		return err_set(e, ERR_FORMAT, "a password needs --username");
	if (!s->username) {
		struct credentials found;
		if (cred_find(host_of(s->url), BYTES_NONE, a, &found, e) < 0)
			return -(int)e->code;
		s->username = found.username;
		s->password = found.password;
		return 0;
	}
	if (s->password)
		return 0;
	(void)snprintf(prompt, sizeof prompt, "Password for %s at %s", s->username, s->url);
	if (term_password(prompt, a, &s->password, e) < 0)
		return err_set(
		    e, ERR_FORMAT,
		    "no password for \"%s\": set PLIMSOLL_PASSWORD or use --password-stdin",
		    s->username);
	return 0;
}

int cli_server_open(struct cli_server *s, const struct cli_args *args, const char *host,
		    struct arena *a, struct err *e)
{
	const char *url = cli_get(args, "server");
	*s = (struct cli_server){.insecure = cli_has(args, "insecure"),
				 .url = url ? url : URL_DEFAULT};
	if (!url && host)
		s->url = arena_printf(a, "%s://%s", is_loopback(bytes_of(host)) ? "http" : "https",
				      host);
	size_t len = s->url ? strlen(s->url) : 0;
	if (len && s->url[len - 1] == '/')
		s->url = arena_printf(a, "%.*s", (int)(len - 1), s->url);
	if (!s->url)
		return err_nomem(e);
	if (!strstr(s->url, "://"))
		return err_set(e, ERR_FORMAT,
			       "--server: \"%s\" does not begin with http:// or https://", s->url);
	if (cli_server_set_authorities(args, e) < 0)
		return -(int)e->code;
	return find_password(s, args, a, e);
}

/* The first "message" of a list of the registry's errors. */
static struct bytes message_of(struct json *j)
{
	struct bytes text = BYTES_NONE;
	if (!json_enter_array(j))
		return text;
	while (json_next_item(j) && json_enter_object(j)) {
		for (struct bytes key; json_next_key(j, &key);) {
			if (bytes_eq_lit(key, "message") && json_peek(j) == JSON_STRING &&
			    !text.len)
				text = json_string(j);
			else
				json_skip(j);
		}
	}
	return text;
}

/* "detail" of a problem, or the first "message" of the registry's errors; empty if neither. */
static struct bytes detail_of(struct bytes body, struct arena *a)
{
	struct json j;
	struct bytes text = BYTES_NONE;
	json_init(&j, body, a);
	if (json_peek(&j) != JSON_OBJECT || !json_enter_object(&j))
		return text;
	for (struct bytes key; json_next_key(&j, &key);) {
		if (bytes_eq_lit(key, "detail") && json_peek(&j) == JSON_STRING)
			text = json_string(&j);
		else if (bytes_eq_lit(key, "errors") && json_peek(&j) == JSON_ARRAY)
			text = message_of(&j);
		else
			json_skip(&j);
	}
	return json_ok(&j) ? text : BYTES_NONE;
}

static int refused(const struct cli_server *s, const struct fetch_reply *r, struct arena *a,
		   struct err *e)
{
	struct bytes detail = detail_of(buf_bytes(&r->body), a);
	char later[64] = "";
	if (r->retry_after_sec)
		(void)snprintf(later, sizeof later, "; retry in %u s", r->retry_after_sec);
	switch (r->status) {
	case 400:
	case 413:
	case 415:
		return err_set(e, ERR_FORMAT, "%.*s", BYTES_ARG(detail));
	case 401:
		if (s->username)
			return err_set(e, ERR_DENIED, "%s: wrong name or password for \"%s\"",
				       s->url, s->username);
		return err_set(
		    e, ERR_DENIED,
		    "%s: no credentials: give --username, with the password in PLIMSOLL_PASSWORD, "
		    "by --password-stdin or at the prompt; or log in with skopeo, podman or docker",
		    s->url);
	case 403:
		return err_set(
		    e, ERR_DENIED,
		    "%s: \"%s\" may not do this: %.*s (assign roles with \"plimsoll role assign\")",
		    s->url, s->username ? s->username : "anonymous", BYTES_ARG(detail));
	case 404:
		return err_set(e, ERR_NOT_FOUND, "%.*s",
			       BYTES_ARG(detail.len ? detail : BYTES_LIT("not found")));
	case 409:
		return err_set(e, ERR_CONFLICT, "%.*s", BYTES_ARG(detail));
	case 429:
		return err_set(e, ERR_LIMIT,
			       "%s: too many wrong passwords, logins are blocked for now%s", s->url,
			       later);
	default:
		return err_set(e, ERR_IO, "%s: the server answered %ld%s%.*s%s", s->url, r->status,
			       detail.len ? ": " : "", BYTES_ARG(detail), later);
	}
}

int cli_server_ask(const struct cli_server *s, const struct cli_server_request *q, struct arena *a,
		   struct fetch_reply *reply, struct err *e)
{
	const char *headers[3] = {NULL};
	size_t n = 0;
	if (q->header)
		headers[n++] = q->header;
	if (q->json)
		headers[n++] = "Content-Type: application/json";
	struct fetch f = {.username = s->username,
			  .password = s->password,
			  .insecure = s->insecure,
			  .max = REPLY_MAX,
			  .out_fd = -1,
			  .headers = headers,
			  .method = q->method,
			  .body = q->json};
	*reply = (struct fetch_reply){0};
	f.url = arena_printf(a, "%s%s", s->url, q->path);
	if (!f.url)
		return err_nomem(e);
	if (fetch_run(&f, reply, e) < 0)
		return reply->answered
			   ? -(int)e->code
			   : err_ctx(e, "cannot reach the server at %s (--server names another)",
				     s->url);
	return reply->status < 400 ? 0 : refused(s, reply, a, e);
}

static int read_page(struct bytes text, struct cli_server_list *l, struct arena *a,
		     struct bytes *ret_next, struct err *e)
{
	struct json j;
	int r = 0;
	*ret_next = BYTES_NONE;
	json_init(&j, text, a);
	if (json_enter_object(&j)) {
		for (struct bytes key; r >= 0 && json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, "next")) {
				*ret_next = json_string(&j);
			} else if (bytes_eq_lit(key, "items") && json_enter_array(&j)) {
				for (; r >= 0 && json_next_item(&j); ++l->count)
					r = l->each(l->arg, &j, e);
			} else {
				json_skip(&j);
			}
		}
	}
	return r < 0 ? r : json_finish(&j, e);
}

/* One page; *next is its cursor, and then the next one's. */
static int ask_page(const struct cli_server *s, struct cli_server_list *l, struct bytes *next,
		    struct arena *a, struct err *e)
{
	struct fetch_reply reply = {0};
	struct buf at;
	bool ok = true;
	size_t left = l->most ? l->most - l->count : PAGE_MAX;
	buf_init(&at, 65536);
	buf_printf(&at, "%s%climit=%zu", l->path, strchr(l->path, '?') ? '&' : '?',
		   left < PAGE_MAX ? left : PAGE_MAX);
	if (next->len) {
		buf_put_text(&at, "&cursor=");
		fetch_encode(&at, *next);
	}
	int r =
	    cli_server_ask(s, &(struct cli_server_request){.path = buf_cstr(&at)}, a, &reply, e);
	/* what items hold borrows from the page */
	struct bytes text = r == 0 ? arena_bytes(a, buf_bytes(&reply.body), &ok) : BYTES_NONE;
	ok = ok && buf_ok(&at);
	fetch_reply_free(&reply);
	buf_free(&at);
	if (r < 0)
		return r;
	return ok ? read_page(text, l, a, next, e) : err_nomem(e);
}

int cli_server_list(const struct cli_server *s, struct cli_server_list *l, struct arena *a,
		    struct err *e)
{
	struct bytes next = BYTES_NONE;
	int r;
	l->count = 0;
	do
		r = ask_page(s, l, &next, a, e);
	while (r == 0 && next.len && (l->most == 0 || l->count < l->most));
	l->more = next.len > 0;
	return r;
}

int cli_server_each(const struct cli_server *s, const char *path, cli_server_item_fn each,
		    void *arg, struct arena *a, struct err *e)
{
	struct cli_server_list l = {.path = path, .each = each, .arg = arg};
	return cli_server_list(s, &l, a, e);
}
