/* Sign-in of the portal: a session is a token that only the browser's cookie holds. No script can
 * read the cookie, no page of another site can make the browser send it, and what changes something
 * must come from a page of ours (docs/decisions/portal.md). */
#include "access/access.h"
#include "api/doc.h"
#include "api/people.h"
#include "api/routes.h"
#include "api/session.h"
#include "base/clock.h"

#define BODY_MAX 65536
#define SESSION_HOURS 12
#define COOKIE_TAIL "; Path=/api/v1; HttpOnly; SameSite=Strict"

struct sign_in {
	struct bytes name, password;
};
static const struct record_field sign_in_fields[] = {
    RECORD_FIELD(struct sign_in, name, RECORD_TEXT, "name", "The user's name",
		 .flags = RECORD_NEEDED),
    RECORD_FIELD(struct sign_in, password, RECORD_TEXT, "password", "The password",
		 .flags = RECORD_NEEDED | RECORD_SECRET),
};
static const struct record_object sign_in = {
    .name = "SignIn", .text = "Who signs in", RECORD_TABLE(sign_in_fields)};

static const char *kind_word(int i)
{
	static const char *const words[] = {"anonymous", "user", "robot", NULL};
	return words[i];
}

struct session_row {
	struct bytes name;
	int kind;
	const struct bytes *actions;
	size_t action_count;
};
static const struct record_field session_fields[] = {
    RECORD_FIELD(struct session_row, name, RECORD_TEXT, "name", "Who asks"),
    RECORD_FIELD(struct session_row, kind, RECORD_WORD, "kind", "What that is", .words = kind_word),
    RECORD_FIELD(struct session_row, actions, RECORD_TEXTS, "actions",
		 "Actions that a role of the caller allows at some scope"),
};
static const struct record_object session_object = {
    .name = "Session",
    .text = "The caller, and what roles allow the caller to do somewhere",
    RECORD_TABLE(session_fields)};

static const char *const asked[] = {
    ACTION_PULL,	  ACTION_PUSH,		 ACTION_DELETE,	     ACTION_CATALOG,
    ACTION_REGISTRY_READ, ACTION_REGISTRY_WRITE, ACTION_IMPORT,	     ACTION_SECURITY_READ,
    ACTION_SCAN,	  ACTION_VDB_UPDATE,	 ACTION_SYSTEM_READ, ACTION_ACCESS_READ,
    ACTION_ACCESS_WRITE,  ACTION_PLAN_READ,	 ACTION_PLAN_WRITE,  ACTION_EXEMPTION_WRITE,
    ACTION_RULE_WRITE,
};
#define ASKED_COUNT (sizeof asked / sizeof *asked)

static bool may_somewhere(struct http_request *r, const struct principal *p, const char *action)
{
	struct visibility v;
	return access_visibility(p, action, http_arena(r), &v, NULL) == 0 && (v.all || v.count > 0);
}

static int reply_session(struct http_request *r, const struct principal *p, unsigned status,
			 struct err *e)
{
	struct bytes actions[ASKED_COUNT];
	struct session_row row = {.name = p->name, .kind = (int)p->kind, .actions = actions};
	struct buf out;
	struct json_out w;
	for (size_t i = 0; i < ASKED_COUNT; i++)
		if (may_somewhere(r, p, asked[i]))
			actions[row.action_count++] = bytes_of(asked[i]);
	if (http_reply_header(r, "Cache-Control", BYTES_LIT("no-store"), e) < 0)
		return -(int)e->code;
	buf_init(&out, 65536);
	json_out_init(&w, &out, false);
	record_put(&w, NULL, &session_object, &row);
	return api_reply_json(r, status, &out, e);
}

static int get_session(struct http_request *r, struct err *e)
{
	return reply_session(r, http_principal(r), 200, e);
}

bool api_cookie_is_secure(struct http_request *r)
{
	return http_is_tls(r) || bytes_has_prefix_lit(bytes_of(api_of(r)->public_url), "https:");
}

/* A value that is empty ends the cookie. */
static int set_cookie(struct http_request *r, const char *value, struct err *e)
{
	const char *text = arena_printf(http_arena(r), "%s=%s; Max-Age=%d%s%s", API_SESSION_COOKIE,
					value, *value ? SESSION_HOURS * 3600 : 0, COOKIE_TAIL,
					api_cookie_is_secure(r) ? "; Secure" : "");
	if (!text)
		return err_set(e, ERR_NOMEM, "cookie");
	return http_reply_header(r, "Set-Cookie", bytes_of(text), e);
}

int api_session_begin(struct http_request *r, const struct principal *p, struct err *e)
{
	char token[SECRET_TOKEN_CAP];
	const struct access_actor by = {.name = p->name, .peer = http_peer(r)};
	int64_t until = clock_wall_ms() + (int64_t)SESSION_HOURS * 3600000;
	struct bytes agent = bytes_part(http_header(r, "User-Agent"), 0, ACCESS_LABEL_MAX);
	const struct access_token row = {.user_id = p->user_id,
					 .kind = BYTES_LIT("session"),
					 .name = agent,
					 .expires_at = until};
	int rc = access_token_add(api_of(r)->access, &by, &row, token, e);
	if (rc == 0)
		rc = set_cookie(r, token, e);
	secret_wipe(token, sizeof token);
	return rc;
}

static int post_session(struct http_request *r, struct err *e)
{
	struct sign_in b = {.name = BYTES_NONE};
	const struct principal *p = NULL;
	if (api_is_foreign(r, false))
		return http_reply_error(r, 403, "DENIED", "Origin: asked by a page of another site",
					e);
	if (api_body_read(r, &b, e) < 0)
		return -(int)e->code;
	struct access_login l = {.name = b.name, .password = b.password, .peer = http_peer(r)};
	int rc = access_login(api_of(r)->access, &l, http_arena(r), &p, e);
	if (l.wait_sec)
		return api_too_many(r, l.wait_sec, e);
	if (rc == -ERR_DENIED || rc == -ERR_TIMEOUT)
		return api_unknown(r, "wrong name or password", e);
	if (rc < 0)
		return rc;
	/* A token ends when its owner ends it; a session made with it would not. */
	if (p->kind != PRINCIPAL_USER || !p->by_password)
		return api_unknown(r, "sign in with a user's password, not with a token", e);
	api_owner_seen(api_of(r), b.name);
	rc = api_session_begin(r, p, e);
	return rc < 0 ? rc : reply_session(r, p, 201, e);
}

static int delete_session(struct http_request *r, struct err *e)
{
	struct access_actor by = people_actor(r);
	struct bytes token = api_session_cookie(r);
	int rc = token.len ? access_session_end(api_of(r)->access, &by, token, e) : 0;
	if (rc == 0)
		rc = set_cookie(r, "", e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

static const struct record_field cookie_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "Set-Cookie", "The session"),
};
static const struct record_object cookie_headers = {RECORD_TABLE(cookie_fields)};

static const struct api_doc get_doc = {
    .id = "getSession",
    .replies = {{.status = 200, .text = "The caller", .of = &session_object}},
};
static const struct api_doc post_doc = {
    .id = "createSession",
    .text = "For the portal. Other clients show name and password, or a token, with each request.",
    .body = &sign_in,
    .body_example = "{\"name\": \"admin\", \"password\": \"PASSWORD\"}",
    .replies = {{.status = 201,
		 .text = "The caller; the cookie holds the session",
		 .of = &session_object,
		 .headers = &cookie_headers}},
    .errors = {401, 403, 429},
};
static const struct api_doc delete_doc = {
    .id = "deleteSession",
    .replies = {{.status = 204, .text = "Signed out", .headers = &cookie_headers}},
};

const struct http_route api_session_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/session",
     .handle = get_session,
     .action = ACTION_ANY_PRINCIPAL,
     .summary = "Who asks, and what they may do",
     .doc = &get_doc},
    {.methods = HTTP_POST,
     .pattern = "/api/v1/session",
     .handle = post_session,
     .action = HTTP_PUBLIC,
     .body_max = BODY_MAX,
     .summary = "Sign in to the portal",
     .doc = &post_doc},
    {.methods = HTTP_DELETE,
     .pattern = "/api/v1/session",
     .handle = delete_session,
     .action = ACTION_ANY_PRINCIPAL,
     .summary = "Sign out of the portal",
     .doc = &delete_doc},
};
const size_t api_session_route_count = sizeof api_session_routes / sizeof *api_session_routes;
