/* The header rules that the library leaves open and that keep two servers from disagreeing about
 * where a request ends (RFC 9112 §2.2, §3.2, §5, §6.1, §6.3, §11.2): one Host, at most one
 * Content-Length of digits, at most one Transfer-Encoding that is exactly "chunked", never both,
 * none on HTTP/1.0; names are tokens (so no space before the colon), values hold no control bytes.
 *
 * The library parses in place: it writes zeros over spaces, colons and line ends, and its strings
 * point into the one run of bytes that came. So the gaps between its strings tell what it skipped:
 * two bytes between a value and the next name are CR LF; one is a bare LF; more are a NUL and what
 * it hid, or a line with an empty name, which the library takes for the end of the headers. A
 * folded line was put together elsewhere. All of those are refused. */
#include "base/num.h"
#include "http/conn.h"

#include <string.h>

struct seen {
	uint64_t max, total;
	unsigned host, length, encoding;
	struct bytes length_value, encoding_value;
	const char *at; /* where the next line must begin */
	bool bad;
};

static bool is_token_byte(uint8_t c)
{
	return byte_is_alnum(c) || (c > 0x20 && c < 0x7f && memchr("!#$%&'*+-.^_`|~", c, 15));
}

static bool same_name(struct bytes a, const char *lower)
{
	struct bytes b = bytes_of(lower);
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (byte_lower(a.ptr[i]) != b.ptr[i])
			return false;
	return true;
}

static enum MHD_Result see(void *arg, enum MHD_ValueKind kind, const char *key, size_t key_len,
			   const char *value, size_t value_len)
{
	(void)kind;
	struct seen *s = arg;
	struct bytes name = {.ptr = (const uint8_t *)key, .len = key_len};
	struct bytes v = {.ptr = (const uint8_t *)value, .len = value ? value_len : 0};
	s->bad = s->bad || name.len == 0 || !value || key != s->at;
	s->at = value ? value + value_len + 2 : NULL;
	for (size_t i = 0; i < name.len; i++)
		s->bad = s->bad || !is_token_byte(name.ptr[i]);
	for (size_t i = 0; i < v.len; i++)
		s->bad = s->bad || (v.ptr[i] < 0x20 && v.ptr[i] != '\t') || v.ptr[i] == 0x7f;
	s->total += name.len + v.len + 4;
	if (same_name(name, "host")) {
		s->host++;
	} else if (same_name(name, "content-length")) {
		s->length++;
		s->length_value = v;
	} else if (same_name(name, "transfer-encoding")) {
		s->encoding++;
		s->encoding_value = v;
	}
	return MHD_YES;
}

/* One space between the words of the request line, and nothing behind the version. */
static bool line_is_tight(const struct http_request *r, const char *method, const char *url,
			  const char *version)
{
	return url == method + strlen(method) + 1 && version == url + r->target.len + 1;
}

/* RFC 9112 §6.1, §6.3: without chunked as its last coding a request has no end that two could
 * agree on, nor with chunked twice: 400. Other codings before it are merely not ours: 501. */
static unsigned encoding_refusal(struct bytes value)
{
	unsigned chunked = 0, count = 0;
	bool last = false;
	while (value.len > 0) {
		last = same_name(bytes_trim(bytes_cut(&value, ',')), "chunked");
		chunked += last;
		count++;
	}
	return last && chunked == 1 && count > 1 ? 501 : 400;
}

unsigned header_check(struct http_request *r, const char *method, const char *url,
		      const char *version)
{
	struct seen s = {.max = r->conn->server->options.header_max, .at = version + 10};
	const union MHD_ConnectionInfo *info =
	    mhd_lib.get_connection_info(r->conn->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	(void)mhd_lib.get_connection_values_n(r->conn->mhd, MHD_HEADER_KIND, see, &s);
	bool one_one = bytes_eq_lit(bytes_of(version), "HTTP/1.1");
	if (!one_one && !bytes_eq_lit(bytes_of(version), "HTTP/1.0"))
		return 505;
	if (!info || !line_is_tight(r, method, url, version) ||
	    s.at + 2 != method + info->header_size)
		return 400;
	if (s.bad || s.host > 1 || (one_one && s.host != 1))
		return 400;
	if (s.total + r->target.len > s.max)
		return 431;
	if (s.length > 1 || s.encoding > 1 || (s.length && s.encoding))
		return 400;
	r->body_len = 0;
	if (s.encoding) {
		if (!one_one)
			return 400;
		if (!same_name(bytes_trim(s.encoding_value), "chunked"))
			return encoding_refusal(s.encoding_value);
		r->body_len = -1;
	}
	if (s.length) {
		uint64_t len;
		if (!num_u64(bytes_trim(s.length_value), INT64_MAX, &len))
			return 400;
		r->body_len = (int64_t)len;
	}
	return 0;
}
