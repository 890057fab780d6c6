#include "connect/fetch.h"

#include "base/io.h"
#include "base/library.h"
#include "base/num.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REDIRECTS_MAX 8L
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
	};
	if (library_load(LIBRARY, symbols, sizeof symbols / sizeof *symbols, &failed) == 0)
		(void)lib.global_init(CURL_GLOBAL_DEFAULT);
}

struct transfer {
	const struct fetch *f;
	struct fetch_reply *reply;
	struct err *e;
	CURL *curl;
	bool failed;
};

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t n = size * count;
	long status = 0;
	(void)lib.getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	/* Only a wanted body goes to the file: an error page must not end up in it, and may be
	 * larger than what was wanted. */
	bool to_file = t->f->out_fd >= 0 && (status == 200 || status == 206);
	uint64_t max = t->f->out_fd < 0 || to_file ? t->f->max : t->reply->body.max;
	if (t->reply->length > max || n > max - t->reply->length) {
		err_set(t->e, ERR_LIMIT, "the reply is larger than %llu bytes",
			(unsigned long long)max);
		t->failed = true;
		return 0;
	}
	/* The whole instead of the rest that was asked for: what is there is of another entity. */
	if (t->reply->length == 0 && t->f->out_fd >= 0 && t->f->resume_from && status == 200 &&
	    ftruncate(t->f->out_fd, 0) < 0) {
		err_sys(t->e, "cut the old part");
		t->failed = true;
		return 0;
	}
	t->reply->length += n;
	if (to_file) {
		if (io_write(t->f->out_fd, data, n, t->e) < 0) {
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
	if (bytes_has_prefix_lit(line, "HTTP/")) { /* a redirect's headers are not the reply's */
		r->content_type[0] = r->etag[0] = r->last_modified[0] = r->digest[0] =
		    r->challenge[0] = '\0';
		r->retry_after_sec = 0;
	} else if (header_is(line, "Content-Type", &v)) {
		keep(r->content_type, sizeof r->content_type, v);
	} else if (header_is(line, "ETag", &v)) {
		keep(r->etag, sizeof r->etag, v);
	} else if (header_is(line, "Last-Modified", &v)) {
		keep(r->last_modified, sizeof r->last_modified, v);
	} else if (header_is(line, "Docker-Content-Digest", &v)) {
		keep(r->digest, sizeof r->digest, v);
	} else if (header_is(line, "Retry-After", &v)) {
		uint64_t sec;
		r->retry_after_sec = num_u64(v, UINT32_MAX, &sec) ? (unsigned)sec : 0;
	} else if (header_is(line, "WWW-Authenticate", &v)) {
		/* Of several challenges the Bearer one is the one to take. */
		if (!r->challenge[0] || bytes_has_prefix_lit(v, "Bearer"))
			keep(r->challenge, sizeof r->challenge, v);
	}
	return size * count;
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
	return err_set(t->e, ERR_IO, "%s", text);
}

static int perform(struct transfer *t, struct curl_slist *headers)
{
	const struct fetch *f = t->f;
	CURL *c = t->curl;
	char detail[CURL_ERROR_SIZE] = "", range[32];
	(void)lib.setopt(c, CURLOPT_URL, f->url);
	(void)lib.setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)lib.setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	(void)lib.setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	(void)lib.setopt(c, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	(void)lib.setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)lib.setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SEC);
	(void)lib.setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)lib.setopt(c, CURLOPT_LOW_SPEED_TIME, (long)(f->stall_sec ? f->stall_sec : 60));
	(void)lib.setopt(c, CURLOPT_BUFFERSIZE, 256L * 1024);
	(void)lib.setopt(c, CURLOPT_USERAGENT, FETCH_USER_AGENT);
	(void)lib.setopt(c, CURLOPT_ERRORBUFFER, detail);
	(void)lib.setopt(c, CURLOPT_HTTPHEADER, headers);
	(void)lib.setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	(void)lib.setopt(c, CURLOPT_WRITEDATA, t);
	(void)lib.setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	(void)lib.setopt(c, CURLOPT_HEADERDATA, t);
	if (f->stop) {
		(void)lib.setopt(c, CURLOPT_NOPROGRESS, 0L);
		(void)lib.setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
		(void)lib.setopt(c, CURLOPT_XFERINFODATA, t);
		(void)lib.setopt(c, CURLOPT_QUICK_EXIT,
				 1L); /* nor wait for a name that is being looked up */
	}
	if (f->insecure) {
		(void)lib.setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		(void)lib.setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (f->username && f->password) {
		(void)lib.setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		(void)lib.setopt(c, CURLOPT_USERNAME, f->username);
		(void)lib.setopt(c, CURLOPT_PASSWORD, f->password);
	} else if (f->bearer) {
		(void)lib.setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		(void)lib.setopt(c, CURLOPT_XOAUTH2_BEARER, f->bearer);
	}
	const char *file = authorities ? authorities : getenv("SSL_CERT_FILE");
	if (file && *file)
		(void)lib.setopt(c, CURLOPT_CAINFO, file);
	if (f->body)
		(void)lib.setopt(c, CURLOPT_POSTFIELDS, f->body);
	if (f->method)
		(void)lib.setopt(c, CURLOPT_CUSTOMREQUEST, f->method);
	if (f->resume_from) {
		(void)snprintf(range, sizeof range, "%llu-", (unsigned long long)f->resume_from);
		(void)lib.setopt(c, CURLOPT_RANGE, range);
	}
	CURLcode code = lib.perform(c);
	if (code != CURLE_OK)
		return explain(code, detail, t);
	(void)lib.getinfo(c, CURLINFO_RESPONSE_CODE, &t->reply->status);
	return 0;
}

int fetch_run(const struct fetch *f, struct fetch_reply *ret, struct err *e)
{
	*ret = (struct fetch_reply){0};
	buf_init(&ret->body, f->out_fd >= 0 ? 1U << 20 : (size_t)f->max);
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
		r = perform(&t, headers);
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
