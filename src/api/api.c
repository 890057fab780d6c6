#include "api/api.h"

#include "base/num.h"

struct api *api_of(struct http_request *r)
{
	return http_context(r);
}

int api_reply_json(struct http_request *r, unsigned status, struct buf *body, struct err *e)
{
	int rc;
	if (buf_ok(body))
		rc = http_reply_bytes(r, status, "application/json", buf_bytes(body), e);
	else
		rc = err_set(e, ERR_NOMEM, "no memory for the reply");
	buf_free(body);
	return rc;
}

int api_limit(struct http_request *r, size_t fallback, size_t max, size_t *ret, struct err *e)
{
	bool present;
	uint64_t v;
	struct bytes text = http_query(r, "limit", &present);
	*ret = fallback;
	if (!present)
		return 0;
	if (!num_u64(text, max, &v) || v == 0)
		return err_set(e, ERR_FORMAT, "limit: \"%.*s\" is not a number from 1 to %zu", BYTES_ARG(text), max);
	*ret = (size_t)v;
	return 0;
}
