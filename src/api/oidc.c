/* Sign-in by an OpenID provider: authorization code with PKCE. What belongs to a sign-in (state,
 * nonce, verifier) is in a cookie of the browser that began it, with our mark, so that any replica
 * can finish it and none keeps anything (docs/decisions/oidc.md).
 *
 * Cookie: STATE "." NONCE "." VERIFIER "." EXPIRY "." MARK, each random part 256 bits in base64url,
 * the expiry in seconds since 1970, the mark HMAC-SHA256 over all before its dot. */
#include "access/access.h"
#include "access/id_token.h"
#include "api/doc.h"
#include "api/oidc.h"
#include "api/routes.h"
#include "api/session.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "connect/fetch.h"
#include "connect/oidc.h"

#include <stdio.h>

/* Over TLS no page of a neighbouring host or of plain HTTP can set one of this name (RFC 6265bis
 * §4.1.3.2). */
#define COOKIE "plimsoll_oidc"
#define COOKIE_HOST "__Host-" COOKIE
#define COOKIE_PATH "/api/v1/session/oidc"
#define CALLBACK COOKIE_PATH "/callback"
#define PURPOSE "oidc sign-in"
#define MINUTES 10 /* that a person may take at the provider */
#define PART_BYTES 32
#define PART_CAP 44 /* in base64url, and a NUL */
#define CODE_MAX 4096U
#define PORTAL "/portal/"
#define LINES_A_MINUTE 20U /* of the log about sign-ins that failed */

/* Of one sign-in. */
struct flow {
	struct bytes state, nonce, verifier;
};

static int part_make(struct arena *a, struct bytes *ret, struct err *e)
{
	uint8_t raw[PART_BYTES];
	struct buf text;
	bool kept = true;
	int rc = secret_random(raw, sizeof raw, e);
	buf_init(&text, PART_CAP);
	base64_put(BASE64_URL, (struct bytes){.ptr = raw, .len = sizeof raw}, &text);
	if (rc == 0)
		*ret = arena_bytes(a, buf_bytes(&text), &kept);
	kept = kept && buf_ok(&text);
	buf_free(&text);
	return rc < 0 ? rc : kept ? 0 : err_set(e, ERR_NOMEM, "sign-in");
}

/* S256 (RFC 7636 §4.2); also how a mark is written. */
static int hash_put(const uint8_t hash[SECRET_HASH_LEN], struct arena *a, struct bytes *ret,
		    struct err *e)
{
	struct buf text;
	bool kept = true;
	buf_init(&text, PART_CAP);
	base64_put(BASE64_URL, (struct bytes){.ptr = hash, .len = SECRET_HASH_LEN}, &text);
	*ret = arena_bytes(a, buf_bytes(&text), &kept);
	kept = kept && buf_ok(&text);
	buf_free(&text);
	return kept ? 0 : err_set(e, ERR_NOMEM, "sign-in");
}

static int set_cookie(struct http_request *r, const char *value, struct err *e)
{
	bool secure = api_cookie_is_secure(r);
	const char *text =
	    arena_printf(http_arena(r), "%s=%s; Max-Age=%d; Path=%s; HttpOnly; SameSite=Lax%s",
			 secure ? COOKIE_HOST : COOKIE, value, *value ? MINUTES * 60 : 0,
			 secure ? "/" : COOKIE_PATH, secure ? "; Secure" : "");
	return text ? http_reply_header(r, "Set-Cookie", bytes_of(text), e)
		    : err_set(e, ERR_NOMEM, "cookie");
}

static int flow_begin(struct http_request *r, struct flow *f, struct err *e)
{
	struct arena *a = http_arena(r);
	uint8_t mac[SECRET_HASH_LEN];
	struct bytes mark = BYTES_NONE;
	int64_t until = clock_wall_ms() / 1000 + MINUTES * 60;
	if (part_make(a, &f->state, e) < 0 || part_make(a, &f->nonce, e) < 0 ||
	    part_make(a, &f->verifier, e) < 0)
		return -(int)e->code;
	const char *text =
	    arena_printf(a, "%.*s.%.*s.%.*s.%lld", BYTES_ARG(f->state), BYTES_ARG(f->nonce),
			 BYTES_ARG(f->verifier), (long long)until);
	if (!text)
		return err_set(e, ERR_NOMEM, "sign-in");
	if (access_mac(api_of(r)->access, PURPOSE, bytes_of(text), mac, e) < 0 ||
	    hash_put(mac, a, &mark, e) < 0)
		return -(int)e->code;
	const char *value = arena_printf(a, "%s.%.*s", text, BYTES_ARG(mark));
	return value ? set_cookie(r, value, e) : err_set(e, ERR_NOMEM, "sign-in");
}

/* The sign-in that this browser began. ERR_DENIED: none, or too long ago. */
static int flow_read(struct http_request *r, struct flow *f, struct err *e)
{
	uint8_t mac[SECRET_HASH_LEN];
	struct bytes all = api_cookie(r, api_cookie_is_secure(r) ? COOKIE_HOST : COOKIE), mark;
	uint64_t until = 0;
	size_t dot = bytes_find_last(all, '.');
	struct bytes rest = bytes_part(all, 0, dot);
	if (access_mac(api_of(r)->access, PURPOSE, rest, mac, e) < 0 ||
	    hash_put(mac, http_arena(r), &mark, e) < 0)
		return -(int)e->code;
	if (dot >= all.len || !secret_eq(mark, bytes_from(all, dot + 1)))
		return err_set(e, ERR_DENIED, "this browser began no sign-in");
	f->state = bytes_cut(&rest, '.');
	f->nonce = bytes_cut(&rest, '.');
	f->verifier = bytes_cut(&rest, '.');
	if (!num_u64(rest, INT64_MAX, &until) || (int64_t)until <= clock_wall_ms() / 1000)
		return err_set(e, ERR_DENIED, "the sign-in took longer than %d minutes", MINUTES);
	return 0;
}

static const char *redirect_uri(struct http_request *r)
{
	const char *base = api_base_url(r);
	return base ? arena_printf(http_arena(r), "%s" CALLBACK, base) : NULL;
}

static void put_pair(struct buf *b, const char *name, struct bytes value)
{
	buf_put_text(b, name);
	fetch_encode(b, value);
}

static int authorization_put(struct http_request *r, const struct flow *f, struct bytes url,
			     struct buf *out, struct err *e)
{
	const struct api_oidc *o = api_of(r)->oidc;
	uint8_t hash[SECRET_HASH_LEN];
	struct bytes challenge = BYTES_NONE;
	const char *back = redirect_uri(r);
	if (!back)
		return err_set(e, ERR_NOMEM, "sign-in");
	if (secret_sha256(f->verifier, hash, e) < 0 ||
	    hash_put(hash, http_arena(r), &challenge, e) < 0)
		return -(int)e->code;
	buf_put(out, url);
	buf_put_u8(out, bytes_find(url, '?') < url.len ? '&' : '?');
	put_pair(out, "response_type=code&client_id=", bytes_of(o->client_id));
	put_pair(out, "&redirect_uri=", bytes_of(back));
	put_pair(out, "&scope=", bytes_of(o->scopes));
	put_pair(out, "&state=", f->state);
	put_pair(out, "&nonce=", f->nonce);
	put_pair(out, "&code_challenge_method=S256&code_challenge=", challenge);
	return buf_ok(out) ? 0 : err_set(e, ERR_NOMEM, "sign-in");
}

static int redirect(struct http_request *r, struct bytes to, struct err *e)
{
	if (http_reply_header(r, "Location", to, e) < 0 ||
	    http_reply_header(r, "Cache-Control", BYTES_LIT("no-store"), e) < 0 ||
	    http_reply_header(r, "Referrer-Policy", BYTES_LIT("no-referrer"), e) < 0)
		return -(int)e->code;
	return http_reply_empty(r, 303, e);
}

/* Back to the portal's sign-in, which says why in words. The log has the details, of so many a
 * minute: strangers make as many as they like. */
static int fail(struct http_request *r, const char *word, const struct err *why, struct err *e)
{
	static struct log_quota quota;
	uint64_t missed = 0;
	if (log_quota_take(&quota, clock_mono_ms(), LINES_A_MINUTE, &missed))
		log_line(LOG_WARN, "sign-in by the provider from %.*s: %s", BYTES_ARG(http_peer(r)),
			 why->msg);
	if (missed)
		log_line(LOG_WARN, "%llu more sign-ins by the provider failed before",
			 (unsigned long long)missed);
	const char *to = arena_printf(http_arena(r), PORTAL "?sign_in=%s", word);
	return to ? redirect(r, bytes_of(to), e) : err_set(e, ERR_NOMEM, "sign-in");
}

static int no_provider(struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "no provider is configured");
}

static int get_start(struct http_request *r, struct err *e)
{
	const struct api_oidc *o = api_of(r)->oidc;
	struct flow f = {.state = BYTES_NONE};
	struct bytes url;
	struct err why = ERR_INIT;
	struct buf to;
	if (!o)
		return no_provider(e);
	if (oidc_authorization_url(o->provider, http_arena(r), &url, &why) < 0)
		return fail(r, "provider", &why, e);
	buf_init(&to, 16384);
	int rc = flow_begin(r, &f, e);
	if (rc == 0)
		rc = authorization_put(r, &f, url, &to, e);
	if (rc == 0)
		rc = redirect(r, buf_bytes(&to), e);
	buf_free(&to);
	return rc;
}

/* The token's claims, checked; keys that are not known yet are fetched once. */
static int token_check(struct http_request *r, const struct flow *f, struct bytes token,
		       struct id_token *ret, struct err *e)
{
	const struct api_oidc *o = api_of(r)->oidc;
	struct arena *a = http_arena(r);
	const struct id_token_checks checks = {.issuer = bytes_of(o->issuer),
					       .client_id = bytes_of(o->client_id),
					       .nonce = f->nonce,
					       .name_claim = bytes_of(o->name_claim),
					       .groups_claim = bytes_of(o->groups_claim),
					       .now_sec = clock_wall_ms() / 1000};
	struct bytes keys;
	int rc = -ERR_NOT_FOUND;
	for (int newer = 0; newer < 2 && rc == -ERR_NOT_FOUND; newer++) {
		*e = (struct err)ERR_INIT;
		rc = oidc_keys(o->provider, newer, a, &keys, e);
		if (rc == 0)
			rc = id_token_read(token, keys, &checks, a, ret, e);
	}
	if (rc == -ERR_LIMIT && token.len > ID_TOKEN_MAX) { /* the provider's limit, not ours */
		e->code = ERR_FORMAT;
		rc = -ERR_FORMAT;
	}
	return rc;
}

/* The sign-in that this browser began and the provider answers. */
static int answer_read(struct http_request *r, struct flow *f, struct err *e)
{
	struct bytes issuer = http_query(r, "iss", NULL); /* RFC 9207 */
	if (flow_read(r, f, e) < 0)
		return -(int)e->code;
	if (!f->state.len || !secret_eq(f->state, http_query(r, "state", NULL)))
		return err_set(e, ERR_DENIED, "the state is of another sign-in");
	if (issuer.len && !bytes_eq_lit(issuer, api_of(r)->oidc->issuer))
		return err_set(e, ERR_DENIED, "the answer is of another provider");
	return 0;
}

static int identify(struct http_request *r, const struct flow *f, const struct principal **ret,
		    struct err *e)
{
	const struct api_oidc *o = api_of(r)->oidc;
	struct bytes token, code = http_query(r, "code", NULL),
			    error = http_query(r, "error", NULL);
	struct id_token id = {.groups_cut = false};
	const char *back = redirect_uri(r);
	if (error.len)
		return err_set(e, ERR_DENIED, "the provider says: %.*s",
			       BYTES_ARG(bytes_part(error, 0, 100)));
	if (!code.len || code.len > CODE_MAX || !back)
		return err_set(e, ERR_DENIED, "the provider sent no code");
	const struct oidc_exchange x = {
	    .code = code, .redirect_uri = bytes_of(back), .verifier = f->verifier};
	if (oidc_exchange(o->provider, &x, http_arena(r), &token, e) < 0 ||
	    token_check(r, f, token, &id, e) < 0)
		return -(int)e->code;
	if (id.groups_cut)
		return err_set(e, ERR_UNSUPPORTED, "%.*s: the token names more than %u groups",
			       BYTES_ARG(id.name), ID_TOKEN_GROUPS_MAX);
	const struct access_identity who = {.issuer = bytes_of(o->issuer),
					    .subject = id.subject,
					    .name = id.name,
					    .groups = id.groups,
					    .group_count = id.group_count,
					    .may_create = o->may_create};
	const struct access_actor by = {.name = BYTES_LIT("sign-in"), .peer = http_peer(r)};
	return access_identify(api_of(r)->access, &by, &who, http_arena(r), ret, e);
}

/* What the portal says of a failure. */
static const char *word_of(enum err_code code)
{
	switch ((int)code) {
	case ERR_DENIED:
	case ERR_TIMEOUT:
	case ERR_NOT_FOUND:
		return "denied";
	case ERR_CONFLICT:
		return "name";
	case ERR_LIMIT:
		return "busy";
	case ERR_UNSUPPORTED:
		return "groups";
	default:
		return "provider";
	}
}

static int get_callback(struct http_request *r, struct err *e)
{
	const struct principal *p = NULL;
	struct flow f = {.state = BYTES_NONE};
	struct err why = ERR_INIT;
	struct access_login l = {.name = BYTES_LIT("oidc"), .peer = http_peer(r)};
	if (!api_of(r)->oidc)
		return no_provider(e);
	int rc = access_attempt(api_of(r)->access, &l, &why);
	if (rc == 0)
		rc = answer_read(r, &f, &why);
	/* Pages of others can make browsers come here, but not with a sign-in that was begun: these
	 * do not count, or they would use up what the address has. */
	if (rc == 0) {
		rc = identify(r, &f, &p, &why);
		if (rc < 0 && rc != -ERR_LIMIT && rc != -ERR_UNSUPPORTED)
			access_attempt_failed(api_of(r)->access, &l);
	}
	if (set_cookie(r, "", e) < 0)
		return -(int)e->code;
	if (rc < 0)
		return fail(r, word_of(why.code), &why, e);
	rc = api_session_begin(r, p, e);
	return rc < 0 ? rc : redirect(r, BYTES_LIT(PORTAL), e);
}

struct ways_row {
	bool password;
	struct bytes name, url;
};
#define W(member, kind, key, ...) RECORD_FIELD(struct ways_row, member, kind, key, __VA_ARGS__)
static const struct record_field ways_fields[] = {
    W(password, RECORD_BOOL, "password", "By a name and a password"),
    W(name, RECORD_TEXT, "provider", "By this OpenID provider, as people call it",
      .flags = RECORD_OPTIONAL, .example = "\"Example Login\""),
    W(url, RECORD_TEXT, "provider_url", "Where that begins", .flags = RECORD_OPTIONAL,
      .format = "uri-reference"),
};
static const struct record_object ways_object = {
    .name = "SignInWays", .text = "How people may sign in", RECORD_TABLE(ways_fields)};

static int get_ways(struct http_request *r, struct err *e)
{
	const struct api_oidc *o = api_of(r)->oidc;
	struct ways_row row = {.password = true};
	struct buf out;
	struct json_out w;
	if (o) {
		row.name = bytes_of(o->name);
		row.url = BYTES_LIT(COOKIE_PATH);
	}
	buf_init(&out, 65536);
	json_out_init(&w, &out, false);
	record_put(&w, NULL, &ways_object, &row);
	return api_reply_json(r, 200, &out, e);
}

static const struct record_field query_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "code", "Of the provider"),
    RECORD_SHOWN(RECORD_TEXT, "state", "Of the sign-in that began"),
    RECORD_SHOWN(RECORD_TEXT, "error", "Instead of a code"),
    RECORD_SHOWN(RECORD_TEXT, "iss", "The issuer (RFC 9207)"),
};
static const struct record_object query = {RECORD_TABLE(query_fields)};
static const struct record_field redirect_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "Location", "Where the browser goes on", .format = "uri-reference"),
};
static const struct record_object redirect_headers = {RECORD_TABLE(redirect_fields)};
static const struct api_doc ways_doc = {
    .id = "getSignInWays",
    .replies = {{.status = 200, .text = "The ways", .of = &ways_object}},
};
static const struct api_doc start_doc = {
    .id = "beginProviderSignIn",
    .text = "For browsers.",
    .replies = {{.status = 303, .text = "To the provider", .headers = &redirect_headers}},
    .errors = {404},
};
static const struct api_doc callback_doc = {
    .id = "endProviderSignIn",
    .text = "For browsers, which the provider sends here.",
    .query = &query,
    .open_query = true,
    .replies = {{.status = 303,
		 .text = "To the portal, with a session, or with the reason why not",
		 .headers = &redirect_headers}},
    .errors = {404},
};

const struct http_route api_oidc_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/session/ways",
     .handle = get_ways,
     .action = HTTP_PUBLIC,
     .summary = "How people may sign in",
     .doc = &ways_doc},
    {.methods = HTTP_GET,
     .pattern = COOKIE_PATH,
     .handle = get_start,
     .action = HTTP_PUBLIC,
     .summary = "Begin a sign-in by the OpenID provider",
     .doc = &start_doc},
    {.methods = HTTP_GET,
     .pattern = CALLBACK,
     .handle = get_callback,
     .action = HTTP_PUBLIC,
     .summary = "End a sign-in by the OpenID provider",
     .doc = &callback_doc},
};
const size_t api_oidc_route_count = sizeof api_oidc_routes / sizeof *api_oidc_routes;
