/* base64url(header) "." base64url(claims) "." base64url(HMAC-SHA256(key, all before this dot)) */
#include "access/jwt.h"

#include "base/base64.h"
#include "access/secret.h"
#include "base/json.h"

/* {"alg":"HS256","typ":"JWT"} */
#define HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
#define SKEW_SEC 30 /* clocks of replicas may differ by this much */

static const struct {
	const char *word;
	unsigned action;
} action_rows[] = {
    {"pull", JWT_PULL},
    {"push", JWT_PUSH},
    {"delete", JWT_DELETE},
    {"*", JWT_CATALOG},
};
#define ACTION_ROWS (sizeof action_rows / sizeof *action_rows)

static void claims_put(const struct jwt_claims *c, struct buf *out)
{
	struct json_out w;
	json_out_init(&w, out, false);
	json_put_object(&w, NULL);
	json_put_string(&w, "iss", c->iss);
	json_put_string(&w, "sub", c->sub);
	json_put_string(&w, "aud", c->aud);
	json_put_i64(&w, "exp", c->exp);
	json_put_i64(&w, "nbf", c->nbf);
	json_put_i64(&w, "iat", c->iat);
	json_put_string(&w, "jti", c->jti);
	json_put_array(&w, "access");
	for (size_t i = 0; i < c->access_count; i++) {
		json_put_object(&w, NULL);
		json_put_string(&w, "type", c->access[i].type);
		json_put_string(&w, "name", c->access[i].name);
		json_put_array(&w, "actions");
		for (size_t k = 0; k < ACTION_ROWS; k++)
			if (c->access[i].actions & action_rows[k].action)
				json_put_text(&w, NULL, action_rows[k].word);
		json_put_end(&w, ']');
		json_put_end(&w, '}');
	}
	json_put_end(&w, ']');
	json_put_end(&w, '}');
}

int jwt_write(const struct jwt_claims *c, struct bytes key, struct buf *out, struct err *e)
{
	uint8_t mac[SECRET_HASH_LEN];
	struct buf claims, text;
	buf_init(&claims, JWT_TEXT_MAX);
	buf_init(&text, JWT_TEXT_MAX);
	claims_put(c, &claims);
	buf_put_text(&text, HEADER ".");
	base64_put(BASE64_URL, buf_bytes(&claims), &text);
	int rc = 0;
	if (!buf_ok(&claims) || !buf_ok(&text))
		rc = err_set(e, ERR_LIMIT, "the scopes do not fit in a token of %d bytes",
			     JWT_TEXT_MAX);
	if (rc == 0)
		rc = secret_hmac(key, buf_bytes(&text), mac, e);
	if (rc == 0) {
		buf_put_u8(&text, '.');
		base64_put(BASE64_URL, (struct bytes){.ptr = mac, .len = sizeof mac}, &text);
		buf_put(out, buf_bytes(&text));
		if (!buf_ok(&text) || !buf_ok(out))
			rc = err_set(e, ERR_LIMIT, "the scopes do not fit in a token of %d bytes",
				     JWT_TEXT_MAX);
	}
	buf_free(&claims);
	buf_free(&text);
	return rc;
}

static unsigned action_of(struct bytes word)
{
	for (size_t k = 0; k < ACTION_ROWS; k++)
		if (bytes_eq_lit(word, action_rows[k].word))
			return action_rows[k].action;
	return 0;
}

static void access_read(struct json *j, struct jwt_access *ret)
{
	*ret = (struct jwt_access){.actions = 0};
	if (!json_enter_object(j))
		return;
	for (struct bytes key; json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "type"))
			ret->type = json_string(j);
		else if (bytes_eq_lit(key, "name"))
			ret->name = json_string(j);
		else if (!bytes_eq_lit(key, "actions"))
			json_skip(j);
		else if (json_enter_array(j))
			while (json_next_item(j))
				ret->actions |= action_of(json_string(j));
	}
}

static void claims_member(struct json *j, struct bytes key, struct jwt_claims *c)
{
	if (bytes_eq_lit(key, "iss"))
		c->iss = json_string(j);
	else if (bytes_eq_lit(key, "sub"))
		c->sub = json_string(j);
	else if (bytes_eq_lit(key, "aud"))
		c->aud = json_string(j);
	else if (bytes_eq_lit(key, "jti"))
		c->jti = json_string(j);
	else if (bytes_eq_lit(key, "exp"))
		c->exp = json_i64(j);
	else if (bytes_eq_lit(key, "nbf"))
		c->nbf = json_i64(j);
	else if (bytes_eq_lit(key, "iat"))
		c->iat = json_i64(j);
	else if (!bytes_eq_lit(key, "access"))
		json_skip(j);
	else if (json_enter_array(j)) {
		while (json_next_item(j)) {
			if (c->access_count == JWT_ACCESS_MAX) {
				json_fail(j, "too many entries of \"access\"");
				return;
			}
			access_read(j, &c->access[c->access_count++]);
		}
	}
}

static int claims_parse(struct bytes encoded, struct arena *a, struct jwt_claims *ret,
			struct err *e)
{
	uint8_t *raw = arena_alloc(a, encoded.len / 4 * 3 + 3, 1);
	if (!raw)
		return err_set(e, ERR_NOMEM, "token");
	struct bytes text = {.ptr = raw};
	if (!base64_decode(BASE64_URL, encoded, raw, &text.len))
		return err_set(e, ERR_FORMAT, "token: claims are not base64url");
	struct json j;
	json_init(&j, text, a);
	ret->access_count = 0;
	ret->iss = ret->sub = ret->aud = ret->jti = BYTES_NONE;
	ret->exp = ret->nbf = ret->iat = 0;
	if (json_enter_object(&j))
		for (struct bytes key; json_next_key(&j, &key);)
			claims_member(&j, key, ret);
	return json_finish(&j, e);
}

int jwt_read(struct bytes text, const struct jwt_checks *checks, struct arena *a,
	     struct jwt_claims *ret, struct err *e)
{
	uint8_t mac[SECRET_HASH_LEN];
	uint8_t sent[SECRET_HASH_LEN + 3];
	if (text.len > JWT_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "token of %zu bytes", text.len);
	if (!bytes_has_prefix_lit(text, HEADER "."))
		return err_set(e, ERR_FORMAT, "token: not a header of ours");
	size_t dot = bytes_find_last(text, '.');
	size_t begin = sizeof HEADER; /* the NUL counts for the dot */
	if (dot <= begin)
		return err_set(e, ERR_FORMAT, "token: two parts only");
	struct bytes mac_text = bytes_from(text, dot + 1), got = {.ptr = sent};
	/* 32 bytes are 43 characters */
	if (mac_text.len != 43 || !base64_decode(BASE64_URL, mac_text, sent, &got.len))
		return err_set(e, ERR_FORMAT, "token: signature of another length");
	int rc = secret_hmac(checks->key, bytes_part(text, 0, dot), mac, e);
	if (rc < 0)
		return rc;
	if (!secret_eq((struct bytes){.ptr = mac, .len = sizeof mac}, got))
		return err_set(e, ERR_DENIED, "token: signature");
	rc = claims_parse(bytes_part(text, begin, dot - begin), a, ret, e);
	if (rc < 0)
		return rc;
	if (checks->now_sec >= ret->exp || checks->now_sec < ret->nbf - SKEW_SEC)
		return err_set(e, ERR_TIMEOUT, "token: expired or not yet valid");
	if (!bytes_eq(ret->iss, checks->iss) || !bytes_eq(ret->aud, checks->aud))
		return err_set(e, ERR_DENIED, "token: made by or for someone else");
	return 0;
}

bool jwt_scope_parse(struct bytes text, struct jwt_access *ret)
{
	struct bytes rest = text;
	struct bytes type = bytes_cut(&rest, ':');
	/* A name may hold a colon ("host:5000/a"), so the actions begin at the last one. */
	size_t colon = bytes_find_last(rest, ':');
	if (colon == rest.len || colon == 0 || type.len == 0)
		return false;
	struct bytes words = bytes_from(rest, colon + 1);
	/* "repository(plugin)": the class is ignored. */
	*ret = (struct jwt_access){.type = bytes_part(type, 0, bytes_find(type, '(')),
				   .name = bytes_part(rest, 0, colon)};
	bool repository = bytes_eq_lit(ret->type, "repository");
	while (words.len > 0) {
		unsigned action = action_of(bytes_cut(&words, ','));
		if (repository && action == JWT_CATALOG)
			action = JWT_PULL | JWT_PUSH | JWT_DELETE;
		ret->actions |= action;
	}
	return true;
}
