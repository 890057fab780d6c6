#include "connect/oidc.h"

#include "base/clock.h"
#include "base/json.h"
#include "connect/fetch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENT_MAX (1U << 18) /* bytes of a discovery document, a JWKS or a token reply */
#define URL_MAX 2048U
#define KEPT_MS 3600000
#define NEWER_MS 60000	/* between fetches of keys that a token asked for */
#define FAILED_MS 10000 /* a failure is remembered for */
#define AT_ONCE 8	/* requests to the provider */
#define REQUEST_SEC 10U /* each may take */

/* A document of the provider's that is kept. */
struct kept {
	char *text;
	size_t len;
	int64_t at_ms, failed_ms; /* steady; 0 = never */
	struct err why;		  /* of the failure */
};

struct oidc {
	char *issuer, *client_id, *client_secret;
	bool loopback; /* plain http is taken */
	atomic_bool stop;
	atomic_int running;
	pthread_mutex_t lock; /* the rest */
	struct kept provider, keys;
};

static bool is_loopback(const char *url)
{
	static const char *const hosts[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		size_t n = strlen(hosts[i]);
		if (strncmp(url, hosts[i], n) == 0 &&
		    (url[n] == ':' || url[n] == '/' || url[n] == '\0'))
			return true;
	}
	return false;
}

/* A URL that requests may go to. */
static bool is_url(const struct oidc *o, struct bytes url)
{
	char text[URL_MAX];
	if (url.len == 0 || url.len >= sizeof text)
		return false;
	for (size_t i = 0; i < url.len; i++)
		if (url.ptr[i] <= 0x20 || url.ptr[i] >= 0x7f || url.ptr[i] == '"' ||
		    url.ptr[i] == '#')
			return false;
	memcpy(text, url.ptr, url.len);
	text[url.len] = '\0';
	return strncmp(text, "https://", 8) == 0 || (o->loopback && is_loopback(text));
}

struct oidc *oidc_open(const struct oidc_options *given, struct err *e)
{
	struct oidc *o = calloc(1, sizeof *o);
	if (!o) {
		(void)err_nomem(e);
		return NULL;
	}
	(void)pthread_mutex_init(&o->lock, NULL);
	o->issuer = strdup(given->issuer);
	o->client_id = strdup(given->client_id);
	o->client_secret = strdup(given->client_secret);
	o->loopback = is_loopback(given->issuer);
	if (!o->issuer || !o->client_id || !o->client_secret)
		(void)err_nomem(e);
	else if (!is_url(o, bytes_of(o->issuer)))
		(void)err_set(e, ERR_FORMAT,
			      "\"%s\" is no https URL (http is for loopback addresses only)",
			      given->issuer);
	else if (!*o->client_id)
		(void)err_set(e, ERR_FORMAT, "a provider needs a client id, too");
	else
		return o;
	oidc_close(o);
	return NULL;
}

void oidc_stop_soon(struct oidc *o)
{
	if (o)
		atomic_store(&o->stop, true);
}

void oidc_close(struct oidc *o)
{
	if (!o)
		return;
	(void)pthread_mutex_destroy(&o->lock);
	free(o->issuer);
	free(o->client_id);
	if (o->client_secret)
		explicit_bzero(o->client_secret, strlen(o->client_secret));
	free(o->client_secret);
	free(o->provider.text);
	free(o->keys.text);
	free(o);
}

/* One request, within the limits. A redirect is no answer: what is sent is for this provider. */
static int ask(struct oidc *o, struct fetch *f, struct fetch_reply *reply, struct err *e)
{
	f->max = DOCUMENT_MAX;
	f->out_fd = -1;
	f->total_sec = f->stall_sec = REQUEST_SEC;
	f->no_redirects = true;
	f->is_configured = true; /* its documents name addresses */
	f->stop = &o->stop;
	if (atomic_fetch_add(&o->running, 1) >= AT_ONCE) {
		atomic_fetch_sub(&o->running, 1);
		return err_set(e, ERR_LIMIT, "too many sign-ins at once");
	}
	int r = fetch_run(f, reply, e);
	atomic_fetch_sub(&o->running, 1);
	if (r == -ERR_LIMIT) { /* not ours: what the provider says is wrong, and stays so */
		e->code = ERR_FORMAT;
		r = -ERR_FORMAT;
	}
	return r;
}

static int get(struct oidc *o, const char *url, struct fetch_reply *reply, struct err *e)
{
	static const char *const headers[] = {"Accept: application/json", NULL};
	struct fetch f = {.url = url, .headers = headers};
	int r = ask(o, &f, reply, e);
	if (r >= 0 && reply->status != 200)
		r = err_set(e, ERR_FORMAT, "%s: status %ld", url, reply->status);
	return r;
}

static int copy_out(const struct kept *k, struct arena *a, struct bytes *ret, struct err *e)
{
	bool ok = true;
	*ret = arena_bytes(a, (struct bytes){.ptr = (const uint8_t *)k->text, .len = k->len}, &ok);
	return ok ? 0 : err_nomem(e);
}

/* The document if it is fresh: 0; 1: it must be fetched; <0: that failed just now. */
static int fresh(struct oidc *o, struct kept *k, int64_t max_ms, struct arena *a, struct bytes *ret,
		 struct err *e)
{
	int64_t now = clock_steady_ms();
	(void)pthread_mutex_lock(&o->lock);
	int r = 1;
	if (k->text && now - k->at_ms < max_ms)
		r = copy_out(k, a, ret, e);
	else if (k->failed_ms && now - k->failed_ms < FAILED_MS)
		r = err_again(e, &k->why);
	(void)pthread_mutex_unlock(&o->lock);
	return r;
}

static int keep(struct oidc *o, struct kept *k, const char *url, struct arena *a, struct bytes *ret,
		struct err *e)
{
	struct fetch_reply reply = {0};
	int r = get(o, url, &reply, e);
	char *text = r >= 0 ? malloc(reply.body.len + 1) : NULL;
	if (r >= 0 && !text)
		r = err_nomem(e);
	(void)pthread_mutex_lock(&o->lock);
	if (r >= 0) {
		if (reply.body.len)
			memcpy(text, reply.body.ptr, reply.body.len);
		free(k->text);
		k->text = text;
		k->len = reply.body.len;
		k->at_ms = clock_steady_ms();
		k->failed_ms = 0;
		r = copy_out(k, a, ret, e);
	} else if (r != -ERR_LIMIT) {
		k->failed_ms = clock_steady_ms();
		k->why = *e;
	}
	(void)pthread_mutex_unlock(&o->lock);
	fetch_reply_free(&reply);
	return r;
}

struct metadata {
	struct bytes issuer, authorize, token, keys;
};

static int metadata_read(struct oidc *o, struct bytes text, struct arena *a, struct metadata *ret,
			 struct err *e)
{
	struct json j;
	*ret = (struct metadata){.issuer = BYTES_NONE};
	json_init(&j, text, a);
	const struct bytes_slot slots[] = {
	    {"issuer", &ret->issuer},
	    {"authorization_endpoint", &ret->authorize},
	    {"token_endpoint", &ret->token},
	    {"jwks_uri", &ret->keys},
	};
	json_slots(&j, BYTES_SLOTS(slots));
	if (json_finish(&j, e) < 0)
		return err_ctx(e, "discovery document of %s", o->issuer);
	if (!bytes_eq_lit(ret->issuer, o->issuer))
		return err_set(
		    e, ERR_FORMAT,
		    "discovery document of %s: its issuer is \"%.*s\": they must be equal",
		    o->issuer, BYTES_ARG(bytes_part(ret->issuer, 0, 200)));
	if (!is_url(o, ret->authorize) || !is_url(o, ret->token) || !is_url(o, ret->keys))
		return err_set(e, ERR_FORMAT,
			       "discovery document of %s: it lacks an https URL for "
			       "authorization_endpoint, token_endpoint or jwks_uri",
			       o->issuer);
	return 0;
}

static int metadata(struct oidc *o, struct arena *a, struct metadata *ret, struct err *e)
{
	struct bytes text = BYTES_NONE;
	int r = fresh(o, &o->provider, KEPT_MS, a, &text, e);
	if (r > 0) {
		size_t n = strlen(o->issuer);
		const char *url =
		    arena_printf(a, "%.*s/.well-known/openid-configuration",
				 BYTES_ARG(bytes_part(bytes_of(o->issuer), 0,
						      n && o->issuer[n - 1] == '/' ? n - 1 : n)));
		r = url ? keep(o, &o->provider, url, a, &text, e) : err_nomem(e);
	}
	return r < 0 ? r : metadata_read(o, text, a, ret, e);
}

int oidc_authorization_url(struct oidc *o, struct arena *a, struct bytes *ret, struct err *e)
{
	struct metadata m;
	int r = metadata(o, a, &m, e);
	if (r == 0)
		*ret = m.authorize;
	return r;
}

int oidc_keys(struct oidc *o, bool newer, struct arena *a, struct bytes *ret, struct err *e)
{
	struct metadata m;
	int r = fresh(o, &o->keys, newer ? NEWER_MS : KEPT_MS, a, ret, e);
	if (r <= 0 || (r = metadata(o, a, &m, e)) < 0)
		return r;
	const char *url = arena_cstr(a, m.keys);
	return url ? keep(o, &o->keys, url, a, ret, e) : err_nomem(e);
}

static void put_pair(struct buf *b, const char *name, struct bytes value)
{
	buf_put_text(b, b->len ? "&" : "");
	buf_put_text(b, name);
	buf_put_text(b, "=");
	fetch_encode(b, value);
}

static int token_read(struct bytes text, struct arena *a, struct bytes *ret, struct err *e)
{
	struct json j;
	*ret = BYTES_NONE;
	json_init(&j, text, a);
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, "id_token"))
				*ret = json_string(&j);
			else
				json_skip(&j);
		}
	}
	if (json_finish(&j, e) < 0)
		return err_ctx(e, "the provider's reply to a code");
	return ret->len ? 0 : err_set(e, ERR_FORMAT, "the provider's reply has no id_token");
}

/* RFC 6749 §2.3.1: name and secret are form-encoded before they become Basic credentials. */
static const char *form_encoded(struct arena *a, const char *text)
{
	struct buf b;
	buf_init(&b, 16384);
	fetch_encode(&b, bytes_of(text));
	const char *made = buf_ok(&b) ? arena_cstr(a, buf_bytes(&b)) : NULL;
	buf_free(&b);
	return made;
}

int oidc_exchange(struct oidc *o, const struct oidc_exchange *x, struct arena *a,
		  struct bytes *ret_id_token, struct err *e)
{
	static const char *const headers[] = {
	    "Accept: application/json", "Content-Type: application/x-www-form-urlencoded", NULL};
	struct metadata m;
	struct fetch_reply reply = {0};
	struct buf body;
	bool kept = true;
	if (metadata(o, a, &m, e) < 0)
		return -(int)e->code;
	buf_init(&body, 65536);
	put_pair(&body, "grant_type", BYTES_LIT("authorization_code"));
	put_pair(&body, "code", x->code);
	put_pair(&body, "redirect_uri", x->redirect_uri);
	put_pair(&body, "code_verifier", x->verifier);
	if (!*o->client_secret)
		put_pair(&body, "client_id", bytes_of(o->client_id));
	struct fetch f = {.url = arena_cstr(a, m.token),
			  .method = "POST",
			  .headers = headers,
			  .body = buf_ok(&body) ? buf_cstr(&body) : NULL};
	if (*o->client_secret) {
		f.username = form_encoded(a, o->client_id);
		f.password = form_encoded(a, o->client_secret);
	}
	bool ready = f.url && f.body && (!*o->client_secret || (f.username && f.password));
	int r = ready ? ask(o, &f, &reply, e) : err_nomem(e);
	if (r >= 0 && (reply.status == 400 || reply.status == 401))
		r = err_set(e, ERR_DENIED, "the provider refuses the code: status %ld",
			    reply.status);
	else if (r >= 0 && reply.status != 200)
		r = err_set(e, ERR_FORMAT, "the provider's reply to a code: status %ld",
			    reply.status);
	struct bytes text = r >= 0 ? arena_bytes(a, buf_bytes(&reply.body), &kept) : BYTES_NONE;
	if (r >= 0)
		r = kept ? token_read(text, a, ret_id_token, e) : err_nomem(e);
	buf_free(&body);
	fetch_reply_free(&reply);
	return r;
}
