/* The portal: one page for all its addresses, and the files that the page needs. Its policy lets it
 * load nothing from elsewhere and run nothing that is not a file of ours. The style library makes
 * empty style elements and fills them by script; that is what the digest, that of nothing, allows
 * (docs/decisions/portal.md). */
#include "portal/portal.h"
#include "api/doc.h"
#include "api/routes.h"

#define POLICY                                                                                     \
	"default-src 'none'; script-src 'self'; style-src 'self' "                                 \
	"'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; img-src 'self' data:; "            \
	"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "        \
	"require-trusted-types-for 'script'"

static int get_portal(struct http_request *r, struct err *e)
{
	struct bytes path = http_param(r, "path");
	const struct portal_file *f = portal_find(path);
	bool lasting = bytes_has_prefix_lit(path, PORTAL_LASTING_DIR);
	if (!f && lasting)
		return err_set(e, ERR_NOT_FOUND, "the portal has no such file");
	if (!f)
		f = portal_find(BYTES_LIT(PORTAL_PAGE));
	if (!f)
		return err_set(e, ERR_NOT_FOUND, "this program was built without the portal");
	if (http_reply_header(r, "Content-Security-Policy", BYTES_LIT(POLICY), e) < 0 ||
	    http_reply_header(r, "Cross-Origin-Opener-Policy", BYTES_LIT("same-origin"), e) < 0 ||
	    http_reply_header(r, "X-Content-Type-Options", BYTES_LIT("nosniff"), e) < 0 ||
	    http_reply_header(r, "Referrer-Policy", BYTES_LIT("no-referrer"), e) < 0)
		return -(int)e->code;
	return http_reply_static(r,
				 &(struct http_static){.type = f->type,
						       .etag = f->etag,
						       .plain = portal_plain(f),
						       .gzip = portal_gzip(f),
						       .lasting = lasting},
				 e);
}

static const struct record_field path_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "path", "A file of the portal, or an address that its page shows"),
};
static const struct record_object path_params = {RECORD_TABLE(path_fields)};
#define REPLIES                                                                                    \
	{                                                                                          \
		{.status = 200, .text = "The portal's page, or the file", .type = "text/html"},    \
		{                                                                                  \
			.status = 304, .text = "The client has it"                                 \
		}                                                                                  \
	}
static const struct api_doc short_doc = {.id = "getPortalShort", .replies = REPLIES};
static const struct api_doc page_doc = {.id = "getPortal", .replies = REPLIES};
static const struct api_doc file_doc = {
    .id = "getPortalFile", .params = &path_params, .replies = REPLIES};

const struct http_route api_portal_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/portal",
     .handle = get_portal,
     .action = HTTP_PUBLIC,
     .summary = "The portal, from its address without a slash",
     .doc = &short_doc},
    {.methods = HTTP_GET,
     .pattern = "/portal/",
     .handle = get_portal,
     .action = HTTP_PUBLIC,
     .summary = "The portal",
     .doc = &page_doc},
    {.methods = HTTP_GET,
     .pattern = "/portal/{path...}",
     .handle = get_portal,
     .action = HTTP_PUBLIC,
     .summary = "The portal at one of its addresses",
     .doc = &file_doc},
};
const size_t api_portal_route_count = sizeof api_portal_routes / sizeof *api_portal_routes;
