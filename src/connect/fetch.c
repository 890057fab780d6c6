#include "connect/fetch.h"

#include "base/io.h"
#include "base/library.h"
#include "base/num.h"
#include "connect/reach.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REDIRECTS_MAX 8
#define HEADERS_MAX (256U << 10) /* bytes of all headers of a request's replies */
#define CONNECT_SEC 15L

/* libcurl is loaded when the first request is made: with it come some thirty libraries, whose
 * loading takes longer than scanning an image whose layers are known. */
#define LIBRARY "libcurl.so.4" /* the ABI since 2006 */

static struct library {
	CURLcode (*global_init)(long flags);
	CURL *(*init)(void);
	CURLcode (*setopt)(CURL *c, CURLoption option, ...);
	CURLcode (*perform)(CURL *c);
	CURLcode (*getinfo)(CURL *c, CURLINFO info, ...);
	void (*cleanup)(CURL *c);
	const char *(*strerror)(CURLcode code);
	struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
	void (*slist_free_all)(struct curl_slist *list);
	CURLU *(*url)(void);
	CURLUcode (*url_set)(CURLU *u, CURLUPart what, const char *part, unsigned flags);
	CURLUcode (*url_get)(const CURLU *u, CURLUPart what, char **part, unsigned flags);
	void (*url_cleanup)(CURLU *u);
	void (*release)(void *p);
} lib;
static const char *authorities; /* fetch_authorities */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct err failed = ERR_INIT; /* why there is no library; ERR_OK: there is */

static void init_library(void)
{
	const struct library_symbol symbols[] = {
	    {"curl_global_init", &lib.global_init},
	    {"curl_easy_init", &lib.init},
	    {"curl_easy_setopt", &lib.setopt},
	    {"curl_easy_perform", &lib.perform},
	    {"curl_easy_getinfo", &lib.getinfo},
	    {"curl_easy_cleanup", &lib.cleanup},
	    {"curl_easy_strerror", &lib.strerror},
	    {"curl_slist_append", &lib.slist_append},
	    {"curl_slist_free_all", &lib.slist_free_all},
	    {"curl_url", &lib.url},
	    {"curl_url_set", &lib.url_set},
	    {"curl_url_get", &lib.url_get},
	    {"curl_url_cleanup", &lib.url_cleanup},
	    {"curl_free", &lib.release},
	};
	if (library_load(LIBRARY, symbols, sizeof symbols / sizeof *symbols, &failed) == 0)
		(void)lib.global_init(CURL_GLOBAL_DEFAULT);
}

struct transfer {
	const struct fetch *f;
	struct fetch_reply *reply;
	struct err *e;
	CURL *curl;
	uint64_t sent; /* of f->file */
	bool failed;
	uint64_t header_bytes;
	/* With reach, or of a configured address: where this hop goes. */
	bool listed, foreign; /* foreign: another host than the first, which gets no credentials */
	bool is_away;	      /* a public server named where it goes */
	char host[256], first[320];
	char refused[INET6_ADDRSTRLEN]; /* an address that was not connected to */
};

static bool is_redirect(long status)
{
	return status >= 301 && status <= 308 && status != 304 && status != 305 && status != 306;
}

static long status_of(const struct transfer *t)
{
	long status = 0;
	(void)lib.getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* The whole instead of the rest that was asked for: what is there is of another entity. */
static int forget_old(struct transfer *t)
{
	const struct fetch *f = t->f;
	if (f->sink)
		return f->sink->restart(f->sink->arg, t->e);
	return ftruncate(f->out_fd, 0) < 0 ? err_sys(t->e, "cut the old part") : 0;
}

static int put_body(struct transfer *t, const char *data, size_t n)
{
	const struct fetch *f = t->f;
	if (f->sink)
		return f->sink->write(f->sink->arg,
				      (struct bytes){.ptr = (const uint8_t *)data, .len = n}, t->e);
	return io_write(f->out_fd, data, n, t->e);
}

/* What the headers say of the body that comes; 0: nothing. */
static uint64_t stated_length(const struct transfer *t)
{
	curl_off_t length = -1;
	(void)lib.getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	return length > 0 ? (uint64_t)length : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	const struct fetch *f = t->f;
	size_t n = size * count;
	long status = status_of(t);
	/* Only a wanted body goes there: an error page must not end up in it, and may be larger
	 * than what was wanted. */
	bool streams = f->out_fd >= 0 || f->sink,
	     wanted = streams && (status == 200 || status == 206);
	uint64_t max = !streams || wanted ? f->max : t->reply->body.max;
	bool first = t->reply->length == 0;
	if (t->reply->length > max || n > max - t->reply->length ||
	    (first && stated_length(t) > max)) {
		err_set(t->e, ERR_LIMIT, "the reply is larger than %llu bytes",
			(unsigned long long)max);
		t->failed = true;
		return 0;
	}
	t->reply->length += n;
	if (wanted) {
		if ((first && f->resume_from && status == 200 && forget_old(t) < 0) ||
		    put_body(t, data, n) < 0) {
			t->failed = true;
			return 0;
		}
		return n;
	}
	buf_put(&t->reply->body, (struct bytes){.ptr = (const uint8_t *)data, .len = n});
	return buf_ok(&t->reply->body) ? n : 0;
}

static bool header_is(struct bytes line, const char *name, struct bytes *ret_value)
{
	struct bytes want = bytes_of(name);
	if (line.len < want.len + 1 || line.ptr[want.len] != ':')
		return false;
	if (!bytes_has_prefix_nocase(line, want))
		return false;
	*ret_value = bytes_trim(bytes_from(line, want.len + 1));
	return true;
}

static void keep(char *out, size_t cap, struct bytes v)
{
	size_t n = v.len < cap - 1 ? v.len : cap - 1;
	if (n)
		memcpy(out, v.ptr, n);
	out[n] = '\0';
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	struct fetch_reply *r = t->reply;
	struct bytes line = {.ptr = (const uint8_t *)data, .len = size * count}, v;
	t->header_bytes += line.len;
	r->answered = true;
	if (t->header_bytes > HEADERS_MAX) {
		err_set(t->e, ERR_LIMIT, "the reply's headers are larger than %u bytes",
			HEADERS_MAX);
		t->failed = true;
		return 0;
	}
	if (bytes_has_prefix_lit(line, "HTTP/")) { /* a redirect's headers are not the reply's */
		r->content_type[0] = r->etag[0] = r->last_modified[0] = r->digest[0] =
		    r->challenge[0] = r->location[0] = '\0';
		r->retry_after_sec = 0;
	} else if (header_is(line, "Content-Type", &v)) {
		keep(r->content_type, sizeof r->content_type, v);
	} else if (header_is(line, "ETag", &v)) {
		keep(r->etag, sizeof r->etag, v);
	} else if (header_is(line, "Last-Modified", &v)) {
		keep(r->last_modified, sizeof r->last_modified, v);
	} else if (header_is(line, "Docker-Content-Digest", &v)) {
		keep(r->digest, sizeof r->digest, v);
	} else if (header_is(line, "Location", &v)) {
		if (v.len < sizeof r->location) /* half of one leads elsewhere */
			keep(r->location, sizeof r->location, v);
	} else if (header_is(line, "Retry-After", &v)) {
		uint64_t sec;
		r->retry_after_sec = num_u64(v, UINT32_MAX, &sec) ? (unsigned)sec : 0;
	} else if (header_is(line, "WWW-Authenticate", &v)) {
		/* Of several challenges the Bearer one is the one to take. */
		if (!r->challenge[0] || bytes_has_prefix_nocase(v, BYTES_LIT("Bearer")))
			keep(r->challenge, sizeof r->challenge, v);
	}
	return size * count;
}

/* The next piece of the file that is sent. */
static size_t on_send(char *out, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	uint64_t left = t->f->file->len - t->sent;
	size_t n = size * count < left ? size * count : (size_t)left;
	ssize_t got = n ? io_pread(t->f->file->fd, out, n, t->sent, t->e) : 0;
	if (got < 0 || (size_t)got != n) {
		if (got >= 0)
			(void)err_set(t->e, ERR_TRUNCATED, "the file became shorter");
		t->failed = true;
		return CURL_READFUNC_ABORT;
	}
	t->sent += n;
	return n;
}

/* The library starts again after a redirect, or on another connection. */
static int on_seek(void *arg, curl_off_t off, int origin)
{
	struct transfer *t = arg;
	if (origin != SEEK_SET || off < 0 || (uint64_t)off > t->f->file->len)
		return CURL_SEEKFUNC_FAIL;
	t->sent = (uint64_t)off;
	return CURL_SEEKFUNC_OK;
}

/* Called often while bytes move, and about once a second while they do not, also while a name is
 * looked up. */
static int on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		       curl_off_t up)
{
	const struct transfer *t = arg;
	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	return t->f->stop && atomic_load(t->f->stop);
}

static const struct reach any = {.all = true}, only_public;

/* Behind a proxy of the environment any name may be one of the public network. */
static bool has_proxy(void)
{
	static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
					    "ALL_PROXY"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return true;
	}
	return false;
}

/* By the operator's address itself, or where a public server led to: the proxy again, say. */
static bool may_connect(struct transfer *t, const struct curl_sockaddr *to)
{
	const struct fetch *f = t->f;
	if (f->reach)
		return reach_may_connect(f->reach, &to->addr, t->listed);
	struct fetch_origin *origin = &t->reply->origin;
	bool fits = to->addrlen <= sizeof origin->address;
	bool again = fits && memcmp(&origin->address, &to->addr, to->addrlen) == 0;
	if (t->is_away && !again)
		return reach_may_connect(f->redirects ? f->redirects : &only_public, &to->addr,
					 t->listed);
	if (!reach_may_connect(&any, &to->addr, false))
		return false;
	origin->is_public =
	    origin->is_public || has_proxy() || reach_may_connect(&only_public, &to->addr, false);
	if (fits)
		memcpy(&origin->address, &to->addr, to->addrlen);
	return true;
}

/* Instead of connecting to an address that the rules forbid. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct transfer *t = arg;
	(void)purpose;
	if (may_connect(t, to))
		return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
	const void *addr =
	    to->family == AF_INET
		? (const void *)((const char *)&to->addr + offsetof(struct sockaddr_in, sin_addr))
		: (const void *)((const char *)&to->addr +
				 offsetof(struct sockaddr_in6, sin6_addr));
	if (to->family != AF_INET && to->family != AF_INET6)
		return CURL_SOCKET_BAD;
	(void)inet_ntop(to->family, addr, t->refused, sizeof t->refused);
	return CURL_SOCKET_BAD;
}

/* A server cannot lead a request for a checked connection to an unchecked one. */
static bool is_kept_https(const struct fetch *f, const char *url)
{
	return !f->insecure && strncasecmp(url, "https:", 6) == 0;
}

/* An address that was not connected to. */
static int refuse(const struct transfer *t)
{
	const struct reach *lists = t->f->reach ? t->f->reach : t->f->redirects;
	if (lists && (t->f->reach || t->is_away))
		return reach_refuse(lists, bytes_of(t->host), t->refused, t->e);
	if (reach_is_secret(bytes_of(t->refused)))
		return err_set(t->e, ERR_DENIED, "%s is an address where clouds keep secrets",
			       t->refused);
	return err_set(t->e, ERR_DENIED,
		       "a public server led to %s (%s), which is no public address", t->host,
		       t->refused);
}

static int explain(CURLcode code, const char *detail, const struct transfer *t)
{
	if (t->failed)
		return -(int)t->e->code;
	const char *text = *detail ? detail : lib.strerror(code);
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return err_set(t->e, ERR_CANCELLED, "the request was interrupted");
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(t->e, ERR_TIMEOUT, "%s", text);
	if (code == CURLE_OUT_OF_MEMORY)
		return err_set(t->e, ERR_NOMEM, "%s", text);
	if (code == CURLE_UNSUPPORTED_PROTOCOL)
		return err_set(t->e, ERR_DENIED, "a redirect to what is not %s",
			       is_kept_https(t->f, t->f->url) ? "https" : "http or https");
	if (code == CURLE_TOO_MANY_REDIRECTS)
		return err_set(t->e, ERR_LIMIT, "more than %d redirects", REDIRECTS_MAX);
	if (t->refused[0] && code == CURLE_COULDNT_CONNECT)
		return refuse(t);
	if (t->f->reach && code == CURLE_PEER_FAILED_VERIFICATION)
		return err_set(t->e, ERR_DENIED, "%s", text);
	return err_set(t->e, ERR_IO, "%s", text);
}

static void set_sockets(struct transfer *t)
{
	(void)lib.setopt(t->curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	(void)lib.setopt(t->curl, CURLOPT_OPENSOCKETDATA, t);
}

static void set_reach(struct transfer *t)
{
	const struct reach *reach = t->f->reach;
	bool proxied = reach && reach->proxy && *reach->proxy;
	CURL *c = t->curl;
	(void)lib.setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	if (reach)
		(void)lib.setopt(c, CURLOPT_PROXY, proxied ? reach->proxy : "");
	if (!proxied)
		set_sockets(t);
}

static void set_trust(const struct transfer *t)
{
	const struct fetch *f = t->f;
	CURL *c = t->curl;
	const char *file = authorities ? authorities : getenv("SSL_CERT_FILE");
	if (f->insecure) {
		(void)lib.setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		(void)lib.setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (f->authorities) {
		struct curl_blob pem = {.len = strlen(f->authorities), .flags = CURL_BLOB_COPY};
		memcpy(&pem.data, &f->authorities, sizeof pem.data);
		(void)lib.setopt(c, CURLOPT_CAINFO_BLOB, &pem);
	} else if (file && *file) {
		(void)lib.setopt(c, CURLOPT_CAINFO, file);
	}
}

static void set_credentials(const struct transfer *t)
{
	const struct fetch *f = t->f;
	CURL *c = t->curl;
	if (t->foreign)
		return;
	if (f->username && f->password) {
		(void)lib.setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		(void)lib.setopt(c, CURLOPT_USERNAME, f->username);
		(void)lib.setopt(c, CURLOPT_PASSWORD, f->password);
	} else if (f->bearer) {
		(void)lib.setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		(void)lib.setopt(c, CURLOPT_XOAUTH2_BEARER, f->bearer);
	}
}

static void set_limits(struct transfer *t)
{
	const struct fetch *f = t->f;
	CURL *c = t->curl;
	(void)lib.setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SEC);
	(void)lib.setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)(f->rate_min ? f->rate_min : 1));
	(void)lib.setopt(c, CURLOPT_LOW_SPEED_TIME, (long)(f->stall_sec ? f->stall_sec : 60));
	(void)lib.setopt(c, CURLOPT_TIMEOUT, (long)f->total_sec);
	if (!f->stop)
		return;
	(void)lib.setopt(c, CURLOPT_NOPROGRESS, 0L);
	(void)lib.setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)lib.setopt(c, CURLOPT_XFERINFODATA, t);
	(void)lib.setopt(c, CURLOPT_QUICK_EXIT, 1L); /* nor wait for a name that is looked up */
}

static void set_body(struct transfer *t)
{
	const struct fetch *f = t->f;
	CURL *c = t->curl;
	if (f->file) {
		t->sent = 0;
		(void)lib.setopt(c, CURLOPT_UPLOAD, 1L);
		(void)lib.setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)f->file->len);
		(void)lib.setopt(c, CURLOPT_READFUNCTION, on_send);
		(void)lib.setopt(c, CURLOPT_READDATA, t);
		(void)lib.setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
		(void)lib.setopt(c, CURLOPT_SEEKDATA, t);
	} else if (f->body) {
		(void)lib.setopt(c, CURLOPT_POSTFIELDS, f->body);
	}
	if (f->method && strcmp(f->method, "HEAD") == 0)
		(void)lib.setopt(c, CURLOPT_NOBODY, 1L);
	else if (f->method)
		(void)lib.setopt(c, CURLOPT_CUSTOMREQUEST, f->method);
}

static int perform(struct transfer *t, const char *url, struct curl_slist *headers)
{
	const struct fetch *f = t->f;
	CURL *c = t->curl;
	char detail[CURL_ERROR_SIZE] = "", range[32];
	(void)lib.setopt(c, CURLOPT_URL, url);
	(void)lib.setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)lib.setopt(c, CURLOPT_REDIR_PROTOCOLS_STR,
			 is_kept_https(f, url) ? "https" : "http,https");
	(void)lib.setopt(c, CURLOPT_FOLLOWLOCATION, f->no_redirects ? 0L : 1L);
	(void)lib.setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	(void)lib.setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)lib.setopt(c, CURLOPT_BUFFERSIZE, 256L * 1024);
	(void)lib.setopt(c, CURLOPT_USERAGENT, FETCH_USER_AGENT);
	(void)lib.setopt(c, CURLOPT_ERRORBUFFER, detail);
	(void)lib.setopt(c, CURLOPT_HTTPHEADER, headers);
	(void)lib.setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	(void)lib.setopt(c, CURLOPT_WRITEDATA, t);
	(void)lib.setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	(void)lib.setopt(c, CURLOPT_HEADERDATA, t);
	set_limits(t);
	set_trust(t);
	set_credentials(t);
	if (f->reach || f->is_configured)
		set_reach(t);
	set_body(t);
	if (f->resume_from) {
		(void)snprintf(range, sizeof range, "%llu-", (unsigned long long)f->resume_from);
		(void)lib.setopt(c, CURLOPT_RANGE, range);
	}
	CURLcode code = lib.perform(c);
	if (code != CURLE_OK)
		return explain(code, detail, t);
	t->reply->status = status_of(t);
	return 0;
}

/* A part of a URL as the client library itself reads it; false: it has none, or too long a one. */
static bool url_part(CURLU *u, CURLUPart what, char *out, size_t cap)
{
	char *text = NULL;
	bool ok =
	    lib.url_get(u, what, &text, CURLU_DEFAULT_PORT) == CURLUE_OK && strlen(text) < cap;
	if (ok)
		memcpy(out, text, strlen(text) + 1);
	lib.release(text);
	return ok;
}

/* Where a hop goes. was: the scheme before; "" at the first. */
static int hop(struct transfer *t, const char *url, char was[8])
{
	const struct reach *lists = t->f->reach ? t->f->reach : t->f->redirects;
	char scheme[8] = "", port[8] = "", origin[sizeof t->first];
	uint64_t number = 0;
	CURLU *u = lib.url();
	bool ok = u && lib.url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
		  url_part(u, CURLUPART_SCHEME, scheme, sizeof scheme) &&
		  url_part(u, CURLUPART_HOST, t->host, sizeof t->host) &&
		  url_part(u, CURLUPART_PORT, port, sizeof port) &&
		  num_u64(bytes_of(port), 65535, &number);
	lib.url_cleanup(u);
	if (!ok || (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0))
		return err_set(t->e, ERR_FORMAT, "\"%.100s\" is not an http(s) URL", url);
	if (strcmp(was, "https") == 0 && strcmp(scheme, "https") != 0 && !t->f->insecure)
		return err_set(t->e, ERR_DENIED, "a redirect from https to http (%s)", t->host);
	(void)snprintf(origin, sizeof origin, "%s://%s:%s", scheme, t->host, port);
	if (!t->first[0])
		memcpy(t->first, origin, sizeof t->first);
	/* Nor does the first host get them at the wish of another one. */
	t->foreign = t->foreign || strcmp(t->first, origin) != 0;
	t->listed = lists && reach_has_host(lists, bytes_of(t->host), (unsigned)number);
	t->is_away = (*was || t->f->led_by) && t->reply->origin.is_public;
	memcpy(was, scheme, sizeof scheme);
	return 0;
}

/* Hop by hop, so that each is judged before it is made. */
static int follow(struct transfer *t, struct curl_slist *headers)
{
	char was[8] = "", *url = strdup(t->f->url), *next = NULL;
	int r = url ? 0 : err_nomem(t->e);
	for (int hops = 0; r == 0; hops++) {
		r = hop(t, url, was);
		if (r == 0)
			r = perform(t, url, headers);
		if (r < 0 || t->f->no_redirects || !is_redirect(t->reply->status) ||
		    lib.getinfo(t->curl, CURLINFO_REDIRECT_URL, &next) != CURLE_OK || !next)
			break;
		if (hops == REDIRECTS_MAX) {
			r = err_set(t->e, ERR_LIMIT, "more than %d redirects", REDIRECTS_MAX);
			break;
		}
		free(url);
		url = strdup(next);
		lib.cleanup(t->curl);
		t->curl = lib.init();
		buf_clear(&t->reply->body);
		t->reply->length = 0;
		r = url && t->curl ? 0 : err_nomem(t->e);
	}
	free(url);
	return r;
}

int fetch_run(const struct fetch *f, struct fetch_reply *ret, struct err *e)
{
	*ret = (struct fetch_reply){0};
	if (f->led_by)
		ret->origin = *f->led_by;
	buf_init(&ret->body, f->out_fd >= 0 || f->sink ? 1U << 20 : (size_t)f->max);
	(void)pthread_once(&once, init_library);
	if (failed.code != ERR_OK)
		return err_set(e, ERR_UNSUPPORTED, "the HTTP library cannot be loaded: %s",
			       failed.msg);
	struct transfer t = {.f = f, .reply = ret, .e = e, .curl = lib.init()};
	struct curl_slist *headers = NULL;
	int r = t.curl ? 0 : err_set(e, ERR_NOMEM, "no memory for a request");
	for (size_t i = 0; r == 0 && f->headers && f->headers[i]; i++) {
		struct curl_slist *more = lib.slist_append(headers, f->headers[i]);
		if (!more)
			r = err_set(e, ERR_NOMEM, "no memory for a request");
		else
			headers = more;
	}
	if (r == 0)
		r = f->reach || f->is_configured ? follow(&t, headers)
						 : perform(&t, f->url, headers);
	lib.slist_free_all(headers);
	lib.cleanup(t.curl);
	return r < 0 ? err_ctx(e, "%s", f->url) : 0;
}

void fetch_reply_free(struct fetch_reply *r)
{
	buf_free(&r->body);
}

void fetch_authorities(const char *path)
{
	authorities = path;
}

void fetch_encode(struct buf *out, struct bytes text)
{
	buf_put_percent(out, text, "");
}

/* What is sent as a mail, and how far it is. */
struct mailing {
	const struct fetch_mail *m;
	size_t sent;
};

static size_t on_mail(char *out, size_t size, size_t count, void *arg)
{
	struct mailing *w = arg;
	struct bytes rest = bytes_from(w->m->text, w->sent);
	size_t n = size * count < rest.len ? size * count : rest.len;
	if (n)
		memcpy(out, rest.ptr, n);
	w->sent += n;
	return n;
}

static int on_mail_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
			    curl_off_t up)
{
	const struct mailing *w = arg;
	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	return w->m->stop && atomic_load(w->m->stop);
}

static void mail_setup(CURL *c, struct mailing *w, struct curl_slist *to, char *detail)
{
	const struct fetch_mail *m = w->m;
	const char *file = authorities ? authorities : getenv("SSL_CERT_FILE");
	(void)lib.setopt(c, CURLOPT_URL, m->url);
	(void)lib.setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	(void)lib.setopt(c, CURLOPT_PROXY, "");
	(void)lib.setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)lib.setopt(c, CURLOPT_USE_SSL,
			 m->plain ? (long)CURLUSESSL_TRY : (long)CURLUSESSL_ALL);
	if (file && *file)
		(void)lib.setopt(c, CURLOPT_CAINFO, file);
	if (m->username && *m->username) {
		(void)lib.setopt(c, CURLOPT_USERNAME, m->username);
		(void)lib.setopt(c, CURLOPT_PASSWORD, m->password ? m->password : "");
	}
	(void)lib.setopt(c, CURLOPT_MAIL_FROM, m->from);
	(void)lib.setopt(c, CURLOPT_MAIL_RCPT, to);
	(void)lib.setopt(c, CURLOPT_UPLOAD, 1L);
	(void)lib.setopt(c, CURLOPT_READFUNCTION, on_mail);
	(void)lib.setopt(c, CURLOPT_READDATA, w);
	(void)lib.setopt(c, CURLOPT_ERRORBUFFER, detail);
	(void)lib.setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SEC);
	(void)lib.setopt(c, CURLOPT_TIMEOUT, (long)m->total_sec);
	(void)lib.setopt(c, CURLOPT_NOPROGRESS, 0L);
	(void)lib.setopt(c, CURLOPT_XFERINFOFUNCTION, on_mail_progress);
	(void)lib.setopt(c, CURLOPT_XFERINFODATA, w);
}

int fetch_mail_send(const struct fetch_mail *m, struct err *e)
{
	char detail[CURL_ERROR_SIZE] = "";
	struct curl_slist *to = NULL;
	struct mailing w = {.m = m};
	(void)pthread_once(&once, init_library);
	if (failed.code != ERR_OK)
		return err_set(e, ERR_UNSUPPORTED, "the HTTP library cannot be loaded: %s",
			       failed.msg);
	CURL *c = lib.init();
	bool ok = c != NULL;
	for (size_t i = 0; ok && m->recipients[i]; i++) {
		struct curl_slist *more = lib.slist_append(to, m->recipients[i]);
		ok = more != NULL;
		to = ok ? more : to;
	}
	int r = ok ? 0 : err_set(e, ERR_NOMEM, "no memory for a mail");
	if (r == 0) {
		mail_setup(c, &w, to, detail);
		CURLcode code = lib.perform(c);
		if (code != CURLE_OK)
			r = err_set(e, code == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_IO,
				    "%s", *detail ? detail : lib.strerror(code));
	}
	lib.slist_free_all(to);
	lib.cleanup(c);
	return r;
}
