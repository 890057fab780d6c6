#include "connect/client_impl.h"

#include "base/json.h"
#include "base/limits.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOKEN_REPLY_MAX (1U << 20)
#define BLOB_TRIES 4
#define SHORT_SEC 60	      /* a token or manifest, whole */
#define BLOB_SEC (12U * 3600) /* a blob, in one request */
#define RATE_MIN 1024U	      /* bytes a second, over a minute */

static const char accept_types[] = "Accept: " OCI_INDEX_TYPE ", " OCI_MANIFEST_TYPE
				   ", " DOCKER_LIST_TYPE ", " DOCKER_MANIFEST_TYPE;

bool client_is_loopback(struct bytes host)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct in_addr v4;
	struct in6_addr v6;
	bool bracket = host.len && host.ptr[0] == '[';
	size_t end = bytes_find(host, bracket ? ']' : ':');
	struct bytes name = bytes_part(host, bracket, end - bracket),
		     rest = bytes_from(host, end + bracket);
	if ((bracket && end == host.len) || (rest.len && rest.ptr[0] != ':'))
		return false;
	if (bytes_eq_nocase(name, BYTES_LIT("localhost")))
		return !bracket;
	if (name.len >= sizeof text || bytes_find(name, 0) < name.len)
		return false;
	if (name.len)
		memcpy(text, name.ptr, name.len);
	if (bracket)
		return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
	return inet_pton(AF_INET, text, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

/* May name and password go to that address? Over TLS to whatever the registry names; in clear on
 * this machine, or where that was asked for. */
static bool may_tell(const struct client *c, struct bytes url)
{
	struct bytes rest = url, scheme = bytes_cut(&rest, ':');
	if (bytes_eq_nocase(scheme, BYTES_LIT("https")) || c->o.insecure)
		return true;
	rest = bytes_has_prefix_lit(rest, "//") ? bytes_from(rest, 2) : BYTES_NONE;
	for (size_t i = 0; i < rest.len; i++)
		if (rest.ptr[i] == '@') /* what precedes it is not a host */
			return false;
	for (size_t i = 0; i < rest.len; i++)
		if (rest.ptr[i] == '/' || rest.ptr[i] == '?' || rest.ptr[i] == '#' ||
		    rest.ptr[i] == '\\')
			rest.len = i;
	return client_is_loopback(rest);
}

static char *url_of(struct client *c, const char *kind, const char *leaf)
{
	return arena_printf(&c->arena, "%s://%.*s/v2/%.*s/%s/%s", c->scheme, BYTES_ARG(c->registry),
			    BYTES_ARG(c->repository), kind, leaf);
}

/* One name="value" of a challenge. Spec: RFC 9110 §11.6.1; values here hold no escaped quotes. */
static struct bytes challenge_value(struct bytes challenge, const char *name)
{
	struct bytes want = bytes_of(name);
	for (size_t at = 0; at + want.len + 2 < challenge.len; at++) {
		bool at_start =
		    at == 0 || challenge.ptr[at - 1] == ' ' || challenge.ptr[at - 1] == ',';
		struct bytes here = bytes_from(challenge, at);
		if (!at_start || !bytes_has_prefix(here, want) || here.ptr[want.len] != '=' ||
		    here.ptr[want.len + 1] != '"')
			continue;
		here = bytes_from(here, want.len + 2);
		return bytes_part(here, 0, bytes_find(here, '"'));
	}
	return BYTES_NONE;
}

static int token_of(struct client *c, struct bytes reply, struct err *e)
{
	struct json j;
	struct bytes token = BYTES_NONE;
	json_init(&j, reply, &c->arena);
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, "token") || bytes_eq_lit(key, "access_token"))
				token = json_string(&j);
			else
				json_skip(&j);
		}
	}
	if (json_finish(&j, e) < 0)
		return err_ctx(e, "token");
	/* It becomes a part of a header: no line may end in it (RFC 6750 §2.1 has fewer still). */
	for (size_t i = 0; i < token.len; i++)
		if (token.ptr[i] <= ' ' || token.ptr[i] >= 0x7f)
			return err_set(
			    e, ERR_FORMAT,
			    "the token service returned a token that no header can hold");
	c->token = token.len ? arena_cstr(&c->arena, token) : NULL;
	return c->token ? 0 : err_set(e, ERR_DENIED, "the token service returned no token");
}

/* The token service's error message. */
static int token_refused(const struct client *c, const struct fetch_reply *reply, struct err *e)
{
	if ((reply->status == 401 || reply->status == 403) && c->credentials.username)
		return err_set(e, ERR_DENIED, "%.*s: wrong name or password for \"%s\"",
			       BYTES_ARG(c->registry), c->credentials.username);
	if ((reply->status == 401 || reply->status == 403) && c->o.given_only)
		return err_set(e, ERR_DENIED, "%.*s: access denied without credentials",
			       BYTES_ARG(c->registry));
	if (reply->status == 401 || reply->status == 403)
		return err_set(
		    e, ERR_DENIED,
		    "%.*s: no credentials: -u NAME, or log in with skopeo, podman or docker",
		    BYTES_ARG(c->registry));
	if (reply->status == 429 && reply->retry_after_sec)
		return err_set(e, ERR_LIMIT,
			       "%.*s: too many requests or wrong passwords: retry in %u s",
			       BYTES_ARG(c->registry), reply->retry_after_sec);
	return err_set(e, reply->status == 429 || reply->status >= 500 ? ERR_IO : ERR_DENIED,
		       "%.*s: the token service answered %ld", BYTES_ARG(c->registry),
		       reply->status);
}

void client_set_rules(const struct client *c, struct fetch *f)
{
	f->insecure = c->o.insecure || client_is_loopback(c->registry);
	f->reach = c->o.reach;
	f->is_configured = c->o.is_configured;
	f->led_by = &c->origin;
	f->authorities = c->o.authorities;
	f->stop = c->o.stop;
	f->rate_min = RATE_MIN;
	f->total_sec = f->sink || f->out_fd >= 0 || f->file ? BLOB_SEC : SHORT_SEC;
}

/* Answer a 401: get a token, or turn to Basic. ERR_DENIED when nothing is left to try. */
static int authenticate(struct client *c, const char *challenge_text, struct err *e)
{
	struct bytes challenge = bytes_of(challenge_text);
	if (bytes_has_prefix_nocase(challenge, BYTES_LIT("Basic")) && c->credentials.username &&
	    !c->basic) {
		c->basic = true;
		return 0;
	}
	struct bytes realm = challenge_value(challenge, "realm"),
		     service = challenge_value(challenge, "service");
	struct bytes scope = challenge_value(challenge, "scope");
	if (!bytes_has_prefix_nocase(challenge, BYTES_LIT("Bearer")) || !realm.len || c->token)
		return err_set(e, ERR_DENIED, "%.*s: access denied%s", BYTES_ARG(c->registry),
			       c->credentials.username || c->o.bearer ? ""
			       : c->o.given_only		      ? " without credentials"
						 : " (no credentials were found for it)");
	if (c->credentials.username && !may_tell(c, realm))
		return err_set(
		    e, ERR_DENIED,
		    "%.*s: its token service %.*s would receive name and password unencrypted "
		    "(--insecure allows it)",
		    BYTES_ARG(c->registry), BYTES_ARG(bytes_part(realm, 0, 200)));
	struct buf url;
	buf_init(&url, 65536);
	buf_put(&url, realm);
	buf_put_text(&url, bytes_find(realm, '?') == realm.len ? "?service=" : "&service=");
	fetch_encode(&url, service);
	buf_put_text(&url, "&scope=");
	if (scope.len) {
		fetch_encode(&url, scope);
	} else {
		buf_put_text(&url, "repository%3A");
		fetch_encode(&url, c->repository);
		buf_put_text(&url, c->push ? "%3Apull%2Cpush" : "%3Apull");
	}
	struct fetch f = {.url = buf_cstr(&url),
			  .username = c->credentials.username,
			  .password = c->credentials.password,
			  .max = TOKEN_REPLY_MAX,
			  .out_fd = -1};
	client_set_rules(c, &f);
	struct fetch_reply reply;
	int r = fetch_run(&f, &reply, e);
	if (r == 0)
		c->origin = reply.origin;
	if (r == 0 && reply.status != 200) {
		c->retry_after_sec = reply.retry_after_sec;
		r = token_refused(c, &reply, e);
	}
	if (r == 0)
		r = token_of(c, buf_bytes(&reply.body), e);
	fetch_reply_free(&reply);
	buf_free(&url);
	return r;
}

/* Fall back to plain http where that is allowed and TLS was not answered. */
static bool may_downgrade(struct client *c, const struct err *e)
{
	if (strcmp(c->scheme, "https") != 0 || e->code != ERR_IO ||
	    !(c->o.insecure || client_is_loopback(c->registry)))
		return false;
	c->scheme = "http";
	return true;
}

int client_request(struct client *c, const char *kind, const char *leaf, struct fetch *f,
		   struct fetch_reply *reply, struct err *e)
{
	bool fresh = false; /* the token was made for this request */
	for (int tries = 0; tries < 4; tries++) {
		f->url = kind ? url_of(c, kind, leaf) : leaf;
		client_set_rules(c, f);
		f->bearer = c->token;
		f->username = c->basic ? c->credentials.username : NULL;
		f->password = c->basic ? c->credentials.password : NULL;
		if (!f->url)
			return err_nomem(e);
		if (fetch_run(f, reply, e) < 0) {
			if (!may_downgrade(c, e))
				return -(int)e->code;
			fetch_reply_free(reply);
			continue;
		}
		c->origin = reply->origin;
		if (reply->status != 401)
			return 0;
		/* Tokens expire: one that was good for an earlier request is replaced, once. */
		if (!fresh && c->token != c->o.bearer)
			c->token = NULL;
		fresh = true;
		if (authenticate(c, reply->challenge, e) < 0)
			return -(int)e->code;
		fetch_reply_free(reply);
	}
	return err_set(e, ERR_DENIED, "%.*s: access denied", BYTES_ARG(c->registry));
}

int client_open(struct client *c, const struct ref *ref, const struct client_options *o,
		struct err *e)
{
	*c = (struct client){.o = *o,
			     .registry = ref->registry,
			     .repository = ref->repository,
			     .token = o->bearer,
			     .scheme = "https"};
	arena_init(&c->arena, 32U << 20);
	if (o->credentials && o->credentials->username)
		c->credentials = *o->credentials;
	else if (!o->given_only &&
		 cred_find(ref->registry, ref->repository, &c->arena, &c->credentials, e) < 0)
		return -(int)e->code;
	return 0;
}

void client_close(struct client *c)
{
	arena_free(&c->arena);
	*c = (struct client){0};
}

int client_status_error(struct client *c, const struct fetch_reply *reply, const char *what,
			struct err *e)
{
	long status = reply->status;
	c->retry_after_sec = reply->retry_after_sec;
	if (status == 404)
		return err_set(e, ERR_NOT_FOUND, "%.*s/%.*s: no %s", BYTES_ARG(c->registry),
			       BYTES_ARG(c->repository), what);
	if (status == 403)
		return err_set(e, ERR_DENIED, "%.*s/%.*s: access denied", BYTES_ARG(c->registry),
			       BYTES_ARG(c->repository));
	return err_set(e, status == 429 || status >= 500 ? ERR_IO : ERR_UNSUPPORTED,
		       "%.*s/%.*s: %s: the registry answered %ld", BYTES_ARG(c->registry),
		       BYTES_ARG(c->repository), what, status);
}

int client_manifest(struct client *c, struct bytes reference, struct buf *out,
		    struct bytes *ret_type, struct err *e)
{
	const char *headers[] = {accept_types, NULL};
	struct fetch f = {.headers = headers, .max = LIMIT_MANIFEST_MAX, .out_fd = -1};
	struct fetch_reply reply = {0};
	struct digest want, got;
	struct err ignored = ERR_INIT;
	char *leaf = arena_cstr(&c->arena, reference);
	if (!leaf)
		return err_set(e, ERR_FORMAT, "the reference contains a NUL");
	int r = client_request(c, "manifests", leaf, &f, &reply, e);
	if (r == 0 && reply.status != 200)
		r = client_status_error(c, &reply, "such manifest", e);
	if (r == 0 && (digest_parse(reference, &want, &ignored) == 0 ||
		       digest_parse(bytes_of(reply.digest), &want, &ignored) == 0)) {
		digest_of(want.algo, buf_bytes(&reply.body), &got);
		if (!digest_eq(&want, &got))
			r = err_set(e, ERR_INTEGRITY,
				    "manifest %s: the content has a different digest", leaf);
	}
	if (r == 0) {
		struct bytes type = bytes_of(reply.content_type);
		bool ok;
		buf_put(out, buf_bytes(&reply.body));
		*ret_type = arena_bytes(
		    &c->arena, bytes_trim(bytes_part(type, 0, bytes_find(type, ';'))), &ok);
		r = ok && buf_ok(out) ? 0 : err_set(e, ERR_NOMEM, "no memory for the manifest");
	}
	fetch_reply_free(&reply);
	return r;
}

int client_referrers(struct client *c, struct bytes digest, struct buf *out, struct err *e)
{
	const char *headers[] = {accept_types, NULL};
	struct fetch f = {.headers = headers, .max = LIMIT_MANIFEST_MAX, .out_fd = -1};
	struct fetch_reply reply = {0};
	struct bytes type;
	char *leaf = arena_cstr(&c->arena, digest);
	size_t colon = bytes_find(digest, ':');
	char *tag = arena_printf(&c->arena, "%.*s-%.*s", BYTES_ARG(bytes_part(digest, 0, colon)),
				 BYTES_ARG(bytes_from(digest, colon + 1)));
	if (!leaf || !tag)
		return err_nomem(e);
	int r = client_request(c, "referrers", leaf, &f, &reply, e);
	bool is_index = r == 0 && reply.status == 200 &&
			bytes_has_prefix_lit(bytes_of(reply.content_type), OCI_INDEX_TYPE);
	if (is_index) {
		buf_put(out, buf_bytes(&reply.body));
		r = buf_ok(out) ? 0 : err_nomem(e);
	}
	fetch_reply_free(&reply);
	return r < 0 || is_index ? r : client_manifest(c, bytes_of(tag), out, &type, e);
}

int client_blob(struct client *c, const struct digest *d, uint64_t max, int fd, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(d, text);
	int r = 0;
	for (int tries = 0; tries < BLOB_TRIES; tries++) {
		off_t have = lseek(fd, 0, SEEK_END);
		struct fetch f = {
		    .max = max, .out_fd = fd, .resume_from = have > 0 ? (uint64_t)have : 0};
		struct fetch_reply reply = {0};
		r = client_request(c, "blobs", text, &f, &reply, e);
		long status = reply.status;
		if (r == 0 && status != 200 && status != 206)
			r = client_status_error(c, &reply, text, e);
		fetch_reply_free(&reply);
		if (r < 0 && e->code != ERR_IO && e->code != ERR_TIMEOUT)
			return r;
		if (r < 0)
			continue;
		if (status == 206 || (status == 200 && have <= 0))
			return 0;
		/* The server sent everything although the rest was requested: start again. */
		if (status == 200 && (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0))
			return err_sys(e, "temporary file");
		r = err_set(e, ERR_IO, "blob %s: the registry did not resume the download", text);
	}
	return r;
}

int client_blob_stream(struct client *c, const struct digest *d, uint64_t from, uint64_t max,
		       const struct fetch_sink *sink, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(d, text);
	struct fetch f = {.max = max, .out_fd = -1, .sink = sink, .resume_from = from};
	struct fetch_reply reply = {0};
	int r = client_request(c, "blobs", text, &f, &reply, e);
	if (r == 0 && reply.status != 200 && reply.status != 206)
		r = client_status_error(c, &reply, text, e);
	fetch_reply_free(&reply);
	return r;
}
