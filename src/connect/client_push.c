#include "connect/client_impl.h"

#include "base/limits.h"

#include <string.h>

#define REPLY_MAX (1U << 20) /* bytes of an error's text */

/* The address of an upload with the digest: absolute. *ret_own: it is the registry's own, which may
 * get credentials. */
static const char *upload_url(struct client *c, const char *location, const struct digest *d,
			      bool *ret_own)
{
	char digest[DIGEST_TEXT_CAP];
	digest_text(d, digest);
	const char *origin =
	    arena_printf(&c->arena, "%s://%.*s", c->scheme, BYTES_ARG(c->registry));
	if (!origin)
		return NULL;
	size_t n = strlen(origin);
	bool relative = location[0] == '/' && location[1] != '/';
	*ret_own = relative || (strncmp(location, origin, n) == 0 && location[n] == '/');
	return arena_printf(&c->arena, "%s%s%sdigest=%s", relative ? origin : "", location,
			    strchr(location, '?') ? "&" : "?", digest);
}

/* 1 = the registry has it. */
static int has_blob(struct client *c, const char *digest, struct err *e)
{
	struct fetch f = {.method = "HEAD", .max = REPLY_MAX, .out_fd = -1};
	struct fetch_reply reply = {0};
	int r = client_request(c, "blobs", digest, &f, &reply, e);
	if (r == 0)
		r = reply.status == 200;
	fetch_reply_free(&reply);
	return r;
}

/* Where the blob is to be sent: *ret in c's memory. */
static int begin(struct client *c, const struct digest *d, const char **ret, bool *ret_own,
		 struct err *e)
{
	struct fetch f = {.method = "POST", .body = "", .max = REPLY_MAX, .out_fd = -1};
	struct fetch_reply reply = {0};
	int r = client_request(c, "blobs", "uploads/", &f, &reply, e);
	if (r == 0 && reply.status != 202)
		r = client_status_error(c, &reply, "upload", e);
	if (r == 0 && !reply.location[0])
		r = err_set(e, ERR_FORMAT, "%.*s: the registry names no place for an upload",
			    BYTES_ARG(c->registry));
	if (r == 0) {
		*ret = upload_url(c, reply.location, d, ret_own);
		r = *ret ? 0 : err_nomem(e);
	}
	fetch_reply_free(&reply);
	return r;
}

int client_put_blob(struct client *c, const struct digest *d, const struct fetch_file *file,
		    const char *text, struct err *e)
{
	static const char *const headers[] = {"Content-Type: application/octet-stream", NULL};
	char digest[DIGEST_TEXT_CAP];
	const char *url = NULL;
	bool own = false;
	digest_text(d, digest);
	int r = has_blob(c, digest, e);
	if (r != 0)
		return r < 0 ? r : 0;
	if (begin(c, d, &url, &own, e) < 0)
		return -(int)e->code;
	struct fetch f = {.url = url,
			  .method = "PUT",
			  .headers = headers,
			  .file = file,
			  .body = file ? NULL : text,
			  .max = REPLY_MAX,
			  .out_fd = -1};
	struct fetch_reply reply = {0};
	if (own) {
		r = client_request(c, NULL, url, &f, &reply, e);
	} else { /* a store that the registry names: it gets no credentials */
		client_set_rules(c, &f);
		r = fetch_run(&f, &reply, e);
	}
	if (r == 0 && reply.status != 201)
		r = client_status_error(c, &reply, "upload", e);
	fetch_reply_free(&reply);
	return r;
}

int client_put_manifest(struct client *c, const char *reference, const char *text, const char *type,
			struct err *e)
{
	const char *headers[2] = {arena_printf(&c->arena, "Content-Type: %s", type), NULL};
	struct fetch f = {
	    .method = "PUT", .headers = headers, .body = text, .max = REPLY_MAX, .out_fd = -1};
	struct fetch_reply reply = {0};
	if (!headers[0])
		return err_nomem(e);
	int r = client_request(c, "manifests", reference, &f, &reply, e);
	if (r == 0 && reply.status != 201)
		r = client_status_error(c, &reply, "manifest", e);
	fetch_reply_free(&reply);
	return r;
}
