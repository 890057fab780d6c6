/* The server's address: browsers go on to the portal; others read what this is, how to push and
 * where to read on. */
#include "api/doc.h"
#include "api/routes.h"

#define TEXT_MAX 65536 /* bytes */

/* Where clients find the server, without a scheme. */
static struct bytes place_of(struct http_request *r)
{
	struct bytes url = bytes_of(api_of(r)->public_url);
	size_t at = bytes_find_bytes(url, BYTES_LIT("://"));
	return url.len && at < url.len ? bytes_from(url, at + 3) : http_header(r, "Host");
}

static void put_text(struct buf *b, struct http_request *r)
{
	struct bytes place = place_of(r);
	bool is_https =
	    http_is_tls(r) || bytes_has_prefix_lit(bytes_of(api_of(r)->public_url), "https:");
	buf_printf(
	    b,
	    "Plimsoll %s\n\nA container registry that says what is vulnerable in an image "
	    "when its push returns.\n\nPush an image, see its findings:\n"
	    "  skopeo login%s -u NAME %.*s\n"
	    "  skopeo copy%s docker://docker.io/library/debian:11 docker://%.*s/demo/debian:11\n"
	    "  plimsoll push-status %.*s/demo/debian:11\n\n",
	    api_of(r)->version ? api_of(r)->version : "", is_https ? "" : " --tls-verify=false",
	    BYTES_ARG(place), is_https ? "" : " --dest-tls-verify=false", BYTES_ARG(place),
	    BYTES_ARG(place));
	buf_put_text(b, "The first start made the owner \"admin\" and showed the password; until "
			"the first login it is also in\n"
			"the file owner-password of the data folder.\n\n"
			"  /portal/               the portal, for a browser\n"
			"  /api/v1/openapi.json   the API as OpenAPI 3.1\n"
			"  /readyz                the state of the server\n");
}

static int get_home(struct http_request *r, struct err *e)
{
	struct buf body;
	if (http_reply_header(r, "Vary", BYTES_LIT("Accept"), e) < 0 ||
	    http_reply_header(r, "Cache-Control", BYTES_LIT("no-store"), e) < 0)
		return -(int)e->code;
	if (api_wants_page(r)) {
		if (http_reply_header(r, "Location", BYTES_LIT("/portal/"), e) < 0)
			return -(int)e->code;
		return http_reply_empty(r, 302, e);
	}
	buf_init(&body, TEXT_MAX);
	put_text(&body, r);
	int rc = buf_ok(&body)
		     ? http_reply_bytes(r, 200, "text/plain; charset=utf-8", buf_bytes(&body), e)
		     : err_set(e, ERR_NOMEM, "no memory");
	buf_free(&body);
	return rc;
}

static const struct record_field portal_headers_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "Location", "The portal"),
};
static const struct record_object portal_headers = {RECORD_TABLE(portal_headers_fields)};
static const struct api_doc home_doc = {
    .id = "getHome",
    .replies = {{.status = 200, .text = "A text for people", .type = "text/plain"},
		{.status = 302,
		 .text = "To a client that asks for HTML: the portal",
		 .headers = &portal_headers}},
};

const struct http_route api_home_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/",
     .handle = get_home,
     .action = HTTP_PUBLIC,
     .summary = "What this server is; for a browser: the portal",
     .doc = &home_doc},
};
const size_t api_home_route_count = sizeof api_home_routes / sizeof *api_home_routes;
