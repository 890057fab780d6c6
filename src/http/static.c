/* Files that the program carries. */
#include "http/conn.h"

#include "base/num.h"

double http_weight(struct bytes parameters)
{
	double q;
	while (parameters.len) {
		struct bytes one = bytes_trim(bytes_cut(&parameters, ';'));
		if (one.len > 2 && byte_lower(one.ptr[0]) == 'q' && one.ptr[1] == '=' &&
		    num_double(bytes_from(one, 2), &q))
			return q;
	}
	return 1;
}

/* Spec: RFC 9110 §12.5.3. A client without the header may take anything; it gets the file as it is.
 */
static bool takes_gzip(struct bytes accept)
{
	bool any = false;
	while (accept.len) {
		struct bytes rest = bytes_cut(&accept, ',');
		struct bytes coding = bytes_trim(bytes_cut(&rest, ';'));
		if (bytes_eq_nocase(coding, BYTES_LIT("gzip")))
			return http_weight(rest) > 0;
		if (bytes_eq_lit(coding, "*"))
			any = http_weight(rest) > 0;
	}
	return any;
}

int http_reply_static(struct http_request *r, const struct http_static *f, struct err *e)
{
	bool packed = f->gzip.len > 0 && takes_gzip(http_header(r, "Accept-Encoding"));
	const char *etag = arena_printf(&r->arena, "\"%s%s\"", f->etag, packed ? "-gz" : "");
	struct bytes kept =
	    f->lasting ? BYTES_LIT("public, max-age=31536000, immutable") : BYTES_LIT("no-cache");
	if (!etag)
		return err_set(e, ERR_NOMEM, "reply");
	if (http_reply_header(r, "ETag", bytes_of(etag), e) < 0 ||
	    http_reply_header(r, "Cache-Control", kept, e) < 0 ||
	    http_reply_header(r, "Vary", BYTES_LIT("Accept-Encoding"), e) < 0)
		return -(int)e->code;
	if (http_etag_matches(http_header(r, "If-None-Match"), bytes_of(etag)))
		return http_reply_empty(r, 304, e);
	if (packed && http_reply_header(r, "Content-Encoding", BYTES_LIT("gzip"), e) < 0)
		return -(int)e->code;
	struct bytes body = packed ? f->gzip : f->plain;
	int rc = reply_set(r, REPLY_BYTES, 200, f->type, body.len, e);
	if (rc < 0)
		return rc;
	r->reply.lasting = true;
	r->reply.body = body;
	return 0;
}
