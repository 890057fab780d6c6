#include "api/registry.h"

#include "base/num.h"

struct bytes v2_asked(struct http_request *r)
{
	return http_param(r, "name");
}

int v2_name(struct http_request *r, struct registry **ret_registry, struct bytes *ret,
	    struct err *e)
{
	struct bytes name = http_param(r, "name");
	int rc =
	    http_reply_header(r, "Docker-Distribution-Api-Version", BYTES_LIT("registry/2.0"), e);
	if (rc < 0)
		return rc;
	if (ref_is_name(name)) {
		*ret_registry = registry_asked(api_of(r)->registry, http_header(r, "Host"), &name);
		*ret = name;
		return 0;
	}
	rc = http_reply_error(r, 400, "NAME_INVALID", "not a repository name", e);
	return rc < 0 ? rc : 1;
}

int v2_digest(struct http_request *r, struct bytes text, struct digest *ret, struct err *e)
{
	struct err why = ERR_INIT;
	if (digest_parse(text, ret, &why) == 0)
		return 0;
	int rc = http_reply_error(r, 400, "DIGEST_INVALID", why.msg, e);
	return rc < 0 ? rc : 1;
}

int v2_fail(struct http_request *r, const char *unknown, const char *invalid, struct err *e)
{
	struct err why = *e;
	const char *code = NULL;
	unsigned status = 400;
	if (why.code == ERR_NOT_FOUND) {
		code = unknown;
		status = 404;
	} else if (why.code == ERR_FORMAT || why.code == ERR_TRUNCATED) {
		code = invalid;
	} else if (why.code == ERR_CONFLICT) {
		code = invalid;
		status = 409;
	} else {
		return -(int)why.code; /* the server's own table fits */
	}
	*e = (struct err)ERR_INIT;
	return http_reply_error(r, status, code, why.msg, e);
}

int v2_location(struct http_request *r, const char *path, struct err *e)
{
	const char *url = api_of(r)->public_url;
	if (url && *url)
		url = api_base_url(r);
	if (url && *url)
		path = arena_printf(http_arena(r), "%s%s", url, path);
	if (!path)
		return err_set(e, ERR_NOMEM, "no memory");
	return http_reply_header(r, "Location", bytes_of(path), e);
}

int v2_page(struct http_request *r, size_t fallback, size_t max, size_t *ret_n, struct err *e)
{
	bool present;
	uint64_t n;
	struct bytes text = http_query(r, "n", &present);
	*ret_n = fallback;
	if (!present)
		return 0;
	if (!num_u64(text, UINT64_MAX, &n)) {
		int rc = http_reply_error(r, 400, "UNSUPPORTED", "n must be a number from 0", e);
		return rc < 0 ? rc : 1;
	}
	*ret_n = n < max ? (size_t)n : max;
	return 0;
}

struct access_actor v2_actor(struct http_request *r)
{
	const struct principal *p = http_principal(r);
	return (struct access_actor){.name = p ? p->name : BYTES_NONE, .peer = http_peer(r)};
}

int v2_next(struct http_request *r, const char *target, struct err *e)
{
	const char *text =
	    target ? arena_printf(http_arena(r), "<%s>; rel=\"next\"", target) : NULL;
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory");
	return http_reply_header(r, "Link", bytes_of(text), e);
}
