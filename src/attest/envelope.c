/* {"payloadType": "application/vnd.in-toto+json", "payload": BASE64, "signatures": [{"keyid",
 * "sig": BASE64}]}. Base64 is the standard's or the URL-safe one, as DSSE allows. A bundle of
 * sigstore (sigstore_bundle.proto) holds one as "dsseEnvelope". */
#include "attest/attest.h"

#include "base/base64.h"
#include "base/json.h"

/* False: text is no base64; *ret_memory then says whether that was for want of memory. */
static bool decode(struct bytes text, struct arena *a, struct bytes *ret, bool *ret_memory)
{
	size_t n = 0;
	uint8_t *out = arena_alloc(a, 3 * (text.len / 4) + 3, 1);
	*ret_memory = out != NULL;
	if (!out || (!base64_decode(BASE64_STANDARD, text, out, &n) &&
		     !base64_decode(BASE64_URL, text, out, &n)))
		return false;
	*ret = (struct bytes){.ptr = out, .len = n};
	return true;
}

static int read_base64(struct json *j, struct arena *a, const char *what, struct bytes *ret,
		       struct err *e)
{
	bool memory;
	struct bytes text = json_string(j);
	if (!json_ok(j) || decode(text, a, ret, &memory))
		return 0;
	return memory ? err_set(e, ERR_FORMAT, "envelope: %s is not base64", what) : err_nomem(e);
}

static int read_signatures(struct json *j, struct arena *a, struct attest_envelope *x,
			   struct err *e)
{
	x->signature_count = 0;
	if (!json_enter_array(j))
		return 0;
	while (json_next_item(j)) {
		struct bytes sig = BYTES_NONE;
		if (!json_enter_object(j))
			return 0;
		for (struct bytes key; json_next_key(j, &key);) {
			if (!bytes_eq_lit(key, "sig"))
				json_skip(j);
			else if (read_base64(j, a, "a signature", &sig, e) < 0)
				return -(int)e->code;
		}
		if (json_ok(j) && x->signature_count == ATTEST_SIGNATURES_MAX)
			return err_set(e, ERR_LIMIT, "envelope: more than %u signatures",
				       ATTEST_SIGNATURES_MAX);
		if (json_ok(j))
			x->signatures[x->signature_count++] = sig;
	}
	return 0;
}

/* *ret_inner: the envelope of a bundle. */
static int read_envelope(struct bytes text, struct arena *a, struct attest_envelope *ret,
			 struct bytes *ret_inner, struct err *e)
{
	struct attest_envelope x = {.signature_count = 0};
	struct json j;
	bool has_type = false, has_payload = false;
	*ret_inner = BYTES_NONE;
	json_init(&j, text, a);
	if (json_enter_object(&j))
		for (struct bytes key; json_next_key(&j, &key);) {
			bool is_text = json_peek(&j) == JSON_STRING;
			int r = 0;
			if (is_text && bytes_eq_lit(key, "payloadType")) {
				has_type = true;
				x.payload_type = json_string(&j);
			} else if (is_text && bytes_eq_lit(key, "payload")) {
				has_payload = true;
				r = read_base64(&j, a, "the payload", &x.payload, e);
			} else if (bytes_eq_lit(key, "signatures") && json_peek(&j) == JSON_ARRAY) {
				r = read_signatures(&j, a, &x, e);
			} else if (bytes_eq_lit(key, "dsseEnvelope") &&
				   json_peek(&j) == JSON_OBJECT) {
				*ret_inner = json_raw(&j);
			} else {
				json_skip(&j);
			}
			if (r < 0)
				return r;
		}
	if (json_finish(&j, e) < 0)
		return -(int)e->code;
	if (!has_type || !has_payload)
		return 0;
	*ret = x;
	return 1;
}

int attest_envelope_read(struct bytes text, struct arena *a, struct attest_envelope *ret,
			 struct err *e)
{
	struct bytes inner, none;
	int r = read_envelope(text, a, ret, &inner, e);
	return r == 0 && inner.len ? read_envelope(inner, a, ret, &none, e) : r;
}

void attest_put_signed(struct buf *out, const struct attest_envelope *x)
{
	buf_printf(out, "DSSEv1 %zu ", x->payload_type.len);
	buf_put(out, x->payload_type);
	buf_printf(out, " %zu ", x->payload.len);
	buf_put(out, x->payload);
}
