/* The page that a browser gets at the server's address: what this is, how to push, where to read
 * on. One document without scripts and without anything from elsewhere; its policy allows the one
 * style sheet in it, by a number made for each reply. */
#include "api/doc.h"
#include "api/routes.h"

#include "base/num.h"
#include "base/io.h"

#include <string.h>

#define PAGE_MAX 65536 /* bytes */
#define NONCE_LEN 16

static const char style[] =
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 "
    "1rem;color:#1b1b1b;background:#fff}"
    "pre{background:#f3f3f3;padding:.8rem 1rem;overflow-x:auto;border-radius:4px;font-size:14px}"
    "h1{font-size:1.6rem;margin-bottom:0}h2{font-size:1.1rem;margin-top:2rem}p.v{color:#5c5c5c;"
    "margin-top:0}a{color:#0f5fb5}"
    "@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#1b1b1b}pre{background:#"
    "2a2a2a}p.v{color:#a8a8a8}a{color:#7ab8f5}}";

/* Text between tags. */
static void put_text(struct buf *b, struct bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
			buf_printf(b, "&#%u;", (unsigned)c);
		else
			buf_put_u8(b, c < 0x20 || c > 0x7e ? '?' : c);
	}
}

/* Where clients find the server, without a scheme. */
static struct bytes place_of(struct http_request *r)
{
	struct bytes url = bytes_of(api_of(r)->public_url);
	size_t at = bytes_find_bytes(url, BYTES_LIT("://"));
	return url.len && at < url.len ? bytes_from(url, at + 3) : http_header(r, "Host");
}

static void put_page(struct buf *b, struct http_request *r, const char *nonce)
{
	struct bytes place = place_of(r);
	const char *plain =
	    http_is_tls(r) || bytes_has_prefix_lit(bytes_of(api_of(r)->public_url), "https:")
		? ""
		: " --tls-verify=false";
	const char *plain_dest = *plain ? " --dest-tls-verify=false" : "";
	buf_printf(b,
		   "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		   "<meta name=\"viewport\" "
		   "content=\"width=device-width\"><title>Plimsoll</title>\n<style "
		   "nonce=\"%s\">%s</style></head>\n"
		   "<body><h1>Plimsoll</h1><p class=\"v\">version %s</p>\n"
		   "<p>A container registry that says what is vulnerable in an image when its push "
		   "returns.</p>\n"
		   "<h2>Push an image, see its findings</h2>\n<pre>skopeo login%s -u NAME ",
		   nonce, style, api_of(r)->version ? api_of(r)->version : "", plain);
	put_text(b, place);
	buf_printf(b, "\nskopeo copy%s docker://docker.io/library/debian:11 docker://", plain_dest);
	put_text(b, place);
	buf_put_text(b, "/demo/debian:11\nplimsoll push-status ");
	put_text(b, place);
	buf_put_text(b, "/demo/debian:11</pre>\n"
			"<p>docker, podman and buildah push the same way. The first start made the "
			"owner <code>admin</code> and showed the password; "
			"until the first login it is also in the file <code>owner-password</code> "
			"of the data folder.</p>\n"
			"<h2>Look around</h2>\n<ul>\n"
			"<li><a href=\"/api/v1/registries/local/repositories\">Repositories</a> "
			"and <a href=\"/api/v1/findings\">findings</a> "
			"(JSON; the browser asks for a name and password)</li>\n"
			"<li><a href=\"/api/v1/openapi.json\">The API</a> as OpenAPI 3.1</li>\n"
			"<li><a href=\"/readyz\">State of the server</a></li>\n</ul>\n"
			"<p><code>plimsoll help</code> and <code>man plimsoll</code> explain every "
			"command.</p></body></html>\n");
}

static int get_home(struct http_request *r, struct err *e)
{
	uint8_t raw[NONCE_LEN];
	char nonce[2 * NONCE_LEN + 1];
	struct buf body;
	if (io_random(raw, sizeof raw, e) < 0)
		return -(int)e->code;
	num_hex_encode((struct bytes){.ptr = raw, .len = sizeof raw}, nonce);
	const char *policy = arena_printf(http_arena(r),
					  "default-src 'none'; style-src 'nonce-%s'; base-uri "
					  "'none'; form-action 'none'; frame-ancestors 'none'",
					  nonce);
	if (!policy)
		return err_set(e, ERR_NOMEM, "no memory");
	if (http_reply_header(r, "Content-Security-Policy", bytes_of(policy), e) < 0 ||
	    http_reply_header(r, "X-Content-Type-Options", BYTES_LIT("nosniff"), e) < 0 ||
	    http_reply_header(r, "Referrer-Policy", BYTES_LIT("no-referrer"), e) < 0 ||
	    http_reply_header(r, "Cache-Control", BYTES_LIT("no-store"), e) < 0)
		return -(int)e->code;
	buf_init(&body, PAGE_MAX);
	put_page(&body, r, nonce);
	int rc = buf_ok(&body)
		     ? http_reply_bytes(r, 200, "text/html; charset=utf-8", buf_bytes(&body), e)
		     : err_set(e, ERR_NOMEM, "no memory");
	buf_free(&body);
	return rc;
}

static const struct api_doc home_doc = {
    .id = "getHome",
    .replies = {{.status = 200, .text = "A page for people", .type = "text/html"}},
};

const struct http_route api_home_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/",
     .handle = get_home,
     .action = HTTP_PUBLIC,
     .summary = "What this server is, for a browser",
     .doc = &home_doc},
};
const size_t api_home_route_count = sizeof api_home_routes / sizeof *api_home_routes;
