/* The caller of a request, and the registry's token service.
 *
 * Spec: the Docker registry token authentication specification. A client without a token is sent
 * to the token route by "WWW-Authenticate: Bearer realm=...,service=...,scope=..."; there it shows
 * name and password (Basic, or a form) and gets a token good for what it may of what it asked.
 * Name and password, and personal tokens, are taken on every route directly, too. */
#include "access/access.h"
#include "base/base64.h"
#include "api/doc.h"
#include "api/routes.h"
#include "base/clock.h"
#include "oci/reference.h"
#include "registry/registry.h"
#include "store/scope.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FORM_MAX (64U << 10) /* bytes: a form holds a refresh token and scopes */
#define REFRESH_DAYS 30
#define TOO_MANY_SCOPES "more than 256 scopes at once"
_Static_assert(JWT_ACCESS_MAX == 256, "as the text says");
#define CREDENTIALS_MAX 4096 /* bytes of a Basic credential */

void api_owner_seen(struct api *api, struct bytes name)
{
	if (atomic_load(&api->owner_pending) && bytes_eq_lit(name, ACCESS_OWNER) &&
	    atomic_exchange(&api->owner_pending, false))
		(void)unlink(api->owner_file);
}

struct bytes api_session_cookie(struct http_request *r)
{
	return api_cookie(r, API_SESSION_COOKIE);
}

struct bytes api_cookie(struct http_request *r, const char *wanted)
{
	struct bytes rest = http_header(r, "Cookie");
	while (rest.len) {
		struct bytes value = bytes_trim(bytes_cut(&rest, ';'));
		struct bytes name = bytes_cut(&value, '=');
		if (bytes_eq_lit(name, wanted))
			return value;
	}
	return BYTES_NONE;
}

/* Only the portal's API takes cookies: a browser adds them without being asked to. What changes
 * something must state that a page of ours asks. As identify. */
static int by_cookie(struct http_request *r, const struct principal **ret, struct err *e)
{
	const struct http_route *route = http_route_get(r);
	struct bytes token = api_session_cookie(r);
	if (!token.len || !bytes_has_prefix_lit(bytes_of(route->pattern), "/api/v1/") ||
	    api_is_foreign(r, true))
		return 0;
	int rc = access_session(api_of(r)->access, token, http_arena(r), ret, e);
	return rc < 0 ? rc : 1;
}

/* 1 = *ret set, 0 = the client said nothing, <0; *ret_wait_sec: not 0 when it tried too often. */
static int identify(struct http_request *r, const struct principal **ret, unsigned *ret_wait_sec,
		    struct err *e)
{
	struct access *access = api_of(r)->access;
	struct bytes rest = bytes_trim(http_header(r, "Authorization"));
	if (rest.len == 0)
		return by_cookie(r, ret, e);
	struct bytes scheme = bytes_cut(&rest, ' ');
	rest = bytes_trim(rest);
	int rc;
	if (api_is_word(scheme, "bearer")) {
		rc = access_bearer(access, rest, http_arena(r), ret, e);
	} else if (api_is_word(scheme, "basic")) {
		uint8_t raw[CREDENTIALS_MAX];
		struct bytes pair = {.ptr = raw};
		if (rest.len > CREDENTIALS_MAX ||
		    !base64_decode(BASE64_STANDARD, rest, raw, &pair.len))
			return err_set(e, ERR_DENIED, "malformed credentials");
		struct bytes name = bytes_cut(&pair, ':');
		/* Some clients show an empty name and password when they have none. */
		if (name.len == 0 && pair.len == 0)
			return 0;
		struct access_login l = {.name = name, .password = pair, .peer = http_peer(r)};
		rc = access_login(access, &l, http_arena(r), ret, e);
		*ret_wait_sec = l.wait_sec;
		if (rc == 0)
			api_owner_seen(api_of(r), name);
		secret_wipe(raw, sizeof raw);
	} else {
		return err_set(e, ERR_DENIED, "unknown authentication scheme");
	}
	return rc < 0 ? rc : 1;
}

/* What the route's action means for a registry token. */
static const char *token_actions(const char *action)
{
	if (strcmp(action, ACTION_PUSH) == 0)
		return "pull,push";
	if (strcmp(action, ACTION_DELETE) == 0)
		return "delete";
	return strcmp(action, ACTION_PULL) == 0 ? "pull" : NULL;
}

/* The registry that the request means by its host; NULL: by none. */
static const struct registry *registry_of_host(struct http_request *r)
{
	struct bytes name = BYTES_NONE;
	struct registry *any = api_of(r)->registry;
	const struct registry *g = any ? registry_asked(any, http_header(r, "Host"), &name) : NULL;
	return g && !registry_is_default(g) ? g : NULL;
}

struct bytes api_repository_asked(struct http_request *r, struct bytes name)
{
	struct registry *any = api_of(r)->registry;
	const struct registry *g = any ? registry_asked(any, http_header(r, "Host"), &name) : NULL;
	if (!g || registry_is_default(g))
		return name;
	return bytes_of(arena_printf(http_arena(r), "/%.*s/%.*s", BYTES_ARG(registry_name(g)),
				     BYTES_ARG(name)));
}

const char *api_base_url(struct http_request *r)
{
	const struct api *api = api_of(r);
	bool has_url = api->public_url && api->public_url[0];
	if (has_url && !registry_of_host(r))
		return api->public_url;
	struct bytes host = http_header(r, "Host");
	if (!ref_is_host(host))
		host = BYTES_LIT("localhost");
	bool secure =
	    has_url ? bytes_has_prefix_lit(bytes_of(api->public_url), "https:") : http_is_tls(r);
	return arena_printf(http_arena(r), "%s://%.*s", secure ? "https" : "http", BYTES_ARG(host));
}

int api_too_many(struct http_request *r, unsigned wait_sec, struct err *e)
{
	const char *text = arena_printf(http_arena(r), "%u", wait_sec);
	if (!text)
		return err_set(e, ERR_NOMEM, "reply");
	int rc = http_reply_header(r, "Retry-After", bytes_of(text), e);
	if (rc < 0)
		return rc;
	return http_reply_error(r, 429, "TOOMANYREQUESTS", "too many attempts to log in", e);
}

static struct bytes repository_of(struct http_request *r)
{
	struct bytes name = http_param(r, "name"), registry = http_param(r, "registry");
	/* Users and what else has a name have no registry's error format. */
	if (name.len)
		return http_route_get(r)->error_format == HTTP_OCI_ERRORS
			   ? api_repository_asked(r, name)
			   : name;
	name = http_param(r, "repository");
	if (!name.len || !registry.len || bytes_eq_lit(registry, STORE_REGISTRY_DEFAULT))
		return name;
	return bytes_of(
	    arena_printf(http_arena(r), "/%.*s/%.*s", BYTES_ARG(registry), BYTES_ARG(name)));
}

bool api_wants_page(struct http_request *r)
{
	struct bytes accept = http_header(r, "Accept");
	return bytes_find_bytes(accept, BYTES_LIT("text/html")) < accept.len;
}

/* also: a repository that is pulled from besides; may be empty. */
static int challenge(struct http_request *r, const struct http_route *route, struct bytes also,
		     const char *why, struct err *e)
{
	struct arena *arena = http_arena(r);
	const char *url = api_base_url(r);
	const char *text = "Bearer realm=\"plimsoll\"";
	if (route->error_format == HTTP_OCI_ERRORS) {
		const char *scope = "", *actions = token_actions(route->action);
		struct bytes name = http_param(r, "name");
		/* A name with quotes in it is no repository's and gets no scope. */
		if (actions && name.len && bytes_find(name, '"') == name.len)
			scope =
			    arena_printf(arena, ",scope=\"repository:%.*s:%s%s%.*s%s\"",
					 BYTES_ARG(name), actions, also.len ? " repository:" : "",
					 BYTES_ARG(also), also.len ? ":pull" : "");
		else if (strcmp(route->action, ACTION_CATALOG) == 0)
			scope = ",scope=\"registry:catalog:*\"";
		text = arena_printf(arena, "Bearer realm=\"%s/oauth2/token\",service=\"%s\"%s%s",
				    url ? url : "", access_service(api_of(r)->access),
				    scope ? scope : "", why);
	}
	if (!url || !text)
		return err_set(e, ERR_NOMEM, "challenge");
	int rc = http_reply_header(r, "WWW-Authenticate", bytes_of(text), e);
	/* A browser that was sent to the API by a person can ask that person. */
	if (rc == 0 && route->error_format == HTTP_PROBLEM && api_wants_page(r))
		rc = http_reply_header(r, "WWW-Authenticate",
				       BYTES_LIT("Basic realm=\"plimsoll\", charset=\"UTF-8\""), e);
	if (rc == 0 && route->error_format == HTTP_OCI_ERRORS)
		rc = http_reply_header(r, "Docker-Distribution-Api-Version",
				       BYTES_LIT("registry/2.0"), e);
	if (rc == 0)
		rc = http_reply_error(r, 401, "UNAUTHORIZED", "authentication required", e);
	return rc < 0 ? rc : 1;
}

/* What is asked for: a repository, the registry, or everything. */
struct bytes api_scope_asked(struct http_request *r)
{
	struct bytes repository = repository_of(r);
	if (repository.len)
		return access_repository_scope(api_of(r)->access, repository, http_arena(r));
	struct bytes group = http_param(r, "resource_group");
	struct bytes pattern = bytes_of(http_route_get(r)->pattern);
	/* What is made in a resource group. */
	if (group.len && bytes_find_bytes(pattern, BYTES_LIT("/registries")) < pattern.len)
		return bytes_of(
		    arena_printf(http_arena(r), "/subscriptions/%.*s/resourceGroups/%.*s",
				 BYTES_ARG(http_param(r, "subscription")), BYTES_ARG(group)));
	static const struct {
		const char *param, *path;
	} kinds[] = {{"registry", "/registries/"},
		     {"subscription", "/subscriptions/"},
		     {"management_group", "/managementGroups/"}};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct bytes name = http_param(r, kinds[i].param);
		if (name.len)
			return bytes_of(
			    arena_printf(http_arena(r), "%s%.*s", kinds[i].path, BYTES_ARG(name)));
	}
	const struct registry *g = registry_of_host(r);
	if (g && http_route_get(r)->error_format == HTTP_OCI_ERRORS)
		return bytes_of(
		    arena_printf(http_arena(r), "/registries/%.*s", BYTES_ARG(registry_name(g))));
	return BYTES_LIT("/");
}

int api_forbid(struct http_request *r, const char *action, struct bytes scope, struct err *e)
{
	const char *text = arena_printf(http_arena(r), "this needs the action %s at %.*s", action,
					BYTES_ARG(bytes_part(scope, 0, 300)));
	if (!text)
		return err_set(e, ERR_NOMEM, "reply");
	int rc = http_reply_error(r, 403, "DENIED", text, e);
	return rc < 0 ? rc : 1;
}

/* "https://host:5000" of "https://host:5000/path", without a port that its scheme implies, as
 * browsers state it; empty: none. */
static struct bytes origin_of(struct bytes url)
{
	size_t at = bytes_find_bytes(url, BYTES_LIT("://"));
	struct bytes rest = at < url.len ? bytes_from(url, at + 3) : BYTES_NONE;
	struct bytes site = bytes_part(rest, 0, bytes_find(rest, '/'));
	if (!site.len)
		return BYTES_NONE;
	struct bytes scheme = bytes_part(url, 0, at);
	struct bytes port = bytes_eq_nocase(scheme, BYTES_LIT("https"))	 ? BYTES_LIT(":443")
			    : bytes_eq_nocase(scheme, BYTES_LIT("http")) ? BYTES_LIT(":80")
									 : BYTES_NONE;
	if (port.len && site.len > port.len &&
	    bytes_eq(bytes_from(site, site.len - port.len), port))
		site.len -= port.len;
	return bytes_part(url, 0, at + 3 + site.len);
}

/* A browser sends a password it was given once with every request, whichever page asked for it:
 * what changes something must not come from another site's page. Browsers state the page's origin
 * with such requests; other clients state none. */
bool api_is_foreign(struct http_request *r, bool without)
{
	struct bytes origin = http_header(r, "Origin"), host = http_header(r, "Host");
	struct bytes ours = origin_of(bytes_of(api_of(r)->public_url));
	enum http_method m = http_method_get(r);
	if (m == HTTP_GET || m == HTTP_HEAD || m == HTTP_OPTIONS)
		return false;
	if (origin.len == 0)
		return without;
	size_t at = bytes_find_bytes(origin, BYTES_LIT("://"));
	struct bytes site = at < origin.len ? bytes_from(origin, at + 3) : BYTES_NONE;
	return !(site.len && bytes_eq_nocase(site, host)) &&
	       !(ours.len && bytes_eq_nocase(origin_of(origin), ours));
}

int api_unknown(struct http_request *r, const char *why, struct err *e)
{
	int rc =
	    http_reply_header(r, "WWW-Authenticate", BYTES_LIT("Bearer realm=\"plimsoll\""), e);
	return rc < 0 ? rc : http_reply_error(r, 401, "UNAUTHORIZED", why, e);
}

int api_visibility(struct http_request *r, struct visibility *ret, struct err *e)
{
	return access_visibility(http_principal(r), http_route_get(r)->action, http_arena(r), ret,
				 e);
}

int api_scope_denied(struct http_request *r, struct bytes scope, struct err *e)
{
	return err_set(e, ERR_DENIED, "this needs the action %s at %.*s", http_route_get(r)->action,
		       BYTES_ARG(scope));
}

int api_no_scope(struct http_request *r, struct bytes scope, struct err *e)
{
	/* By its number a scope is not below another. */
	struct bytes at = bytes_has_prefix_lit(scope, "/") ? scope : BYTES_LIT("/");
	if (!access_allows(http_principal(r), http_route_get(r)->action, at))
		return api_scope_denied(r, scope, e);
	return err_set(e, ERR_FORMAT, "scope: there is no scope \"%.*s\"", BYTES_ARG(scope));
}

static bool may(const struct principal *p, struct http_request *r, const struct http_route *route)
{
	struct visibility v;
	if (access_allows(p, route->action, api_scope_asked(r)))
		return true;
	return route->anywhere &&
	       access_visibility(p, route->action, http_arena(r), &v, NULL) == 0 && v.count > 0;
}

/* What the caller may do elsewhere, at a scope that no role of his reaches: he is answered as if it
 * were not there, be it or not. */
static bool is_out_of_sight(const struct principal *p, struct http_request *r,
			    const struct http_route *route)
{
	struct bytes scope = api_scope_asked(r);
	struct visibility v;
	return route->error_format == HTTP_PROBLEM && !bytes_eq_lit(scope, "/") &&
	       !access_is_known_at(p, scope) &&
	       access_visibility(p, route->action, http_arena(r), &v, NULL) == 0 && v.count > 0;
}

/* The token's owner may do it: the client will come back with a token for it. */
static bool may_with_another(struct http_request *r, const struct principal *p,
			     const struct http_route *route)
{
	struct err ignored = ERR_INIT;
	struct bytes repository = repository_of(r);
	return repository.len && access_owner_may(api_of(r)->access, p, route->action, repository,
						  http_arena(r), &ignored) > 0;
}

int api_authorise(struct http_request *r, const struct http_route *route, struct err *e)
{
	const struct principal *p = NULL;
	if (strcmp(route->action, HTTP_PUBLIC) == 0)
		return api_admit(r, route, e);
	struct err why = ERR_INIT;
	unsigned wait_sec = 0;
	if (api_is_foreign(r, false)) {
		int refused = http_reply_error(
		    r, 403, "DENIED", "Origin: the request comes from a page of another site", e);
		return refused < 0 ? refused : 1;
	}
	int rc = identify(r, &p, &wait_sec, &why);
	if (wait_sec) {
		rc = api_too_many(r, wait_sec, e);
		return rc < 0 ? rc : 1;
	}
	if (rc == 0 && access_anonymous(api_of(r)->access, http_arena(r), &p, NULL) < 0)
		return challenge(r, route, BYTES_NONE, "", e);
	if (rc == -ERR_DENIED || rc == -ERR_TIMEOUT)
		return challenge(r, route, BYTES_NONE, ",error=\"invalid_token\"", e);
	if (rc < 0)
		return err_again(e, &why);
	http_principal_set(r, p);
	if (may(p, r, route)) {
		return api_admit(r, route, e);
	}
	/* A client that could get more with another token is challenged; others are refused. */
	if (p->by_token && !may_with_another(r, p, route))
		api_refused(r, 401);
	if (p->by_token || p->kind == PRINCIPAL_ANONYMOUS)
		return challenge(r, route, BYTES_NONE, rc ? ",error=\"insufficient_scope\"" : "",
				 e);
	if (is_out_of_sight(p, r, route))
		return err_set(e, ERR_NOT_FOUND, "there is no \"%.*s\"",
			       BYTES_ARG(bytes_part(api_scope_asked(r), 0, 300)));
	return api_forbid(r, route->action, api_scope_asked(r), e);
}

bool api_is_known(struct http_request *r, const char *action)
{
	const struct principal *p = NULL;
	struct err ignored = ERR_INIT;
	unsigned wait_sec = 0;
	return identify(r, &p, &wait_sec, &ignored) > 0 && p &&
	       access_allows(p, action, BYTES_LIT("/"));
}

bool api_allows(struct http_request *r, const char *action, struct bytes repository)
{
	struct bytes scope = access_repository_scope(
	    api_of(r)->access, api_repository_asked(r, repository), http_arena(r));
	return scope.len > 0 && access_allows(http_principal(r), action, scope);
}

int api_challenge_pull(struct http_request *r, struct bytes repository, struct err *e)
{
	int rc = access_owner_may(api_of(r)->access, http_principal(r), ACTION_PULL,
				  api_repository_asked(r, repository), http_arena(r), e);
	if (rc <= 0)
		return rc;
	return challenge(r, http_route_get(r), repository, ",error=\"insufficient_scope\"", e);
}

/* What a token request asks for, from the query or the form. */
struct ask {
	struct jwt_access wanted[JWT_ACCESS_MAX];
	size_t count;
	bool too_many;
	bool offline;
	const struct principal *principal;
};

/* One text may hold several, divided by spaces (RFC 6749). */
static void scopes_read(struct http_request *r, struct ask *ask, const struct bytes *texts,
			size_t count)
{
	const struct registry *g = registry_of_host(r);
	for (size_t i = 0; i < count; i++) {
		struct bytes rest = texts[i];
		while (rest.len > 0) {
			struct jwt_access one;
			if (!jwt_scope_parse(bytes_cut(&rest, ' '), &one))
				continue;
			if (bytes_eq_lit(one.type, "repository"))
				one.name = api_repository_asked(r, one.name);
			else if (g && bytes_eq_lit(one.name, "catalog"))
				one.name = bytes_of(arena_printf(http_arena(r), "/%.*s",
								 BYTES_ARG(registry_name(g))));
			ask->too_many = ask->too_many || ask->count == JWT_ACCESS_MAX;
			if (ask->count < JWT_ACCESS_MAX)
				ask->wanted[ask->count++] = one;
		}
	}
}

static int refuse_scopes(struct http_request *r, const char *why, struct err *e)
{
	return http_reply_error(r, 400, "invalid_scope", why, e);
}

static int token_refused(struct http_request *r, struct err *e)
{
	int rc = http_reply_header(r, "WWW-Authenticate", BYTES_LIT("Basic realm=\"plimsoll\""), e);
	if (rc < 0)
		return rc;
	return http_reply_error(r, 401, "UNAUTHORIZED", "wrong name, password or token", e);
}

struct grant_row {
	struct bytes token, type, issued_at, refresh;
	uint64_t expires_in;
};
#define G(member, kind, key, ...) RECORD_FIELD(struct grant_row, member, kind, key, __VA_ARGS__)
static const struct record_field grant_fields[] = {
    G(token, RECORD_TEXT, "token", "The token"),
    G(token, RECORD_TEXT, "access_token", "The same, for clients of OAuth 2"),
    G(type, RECORD_TEXT, "token_type", "Bearer"),
    G(expires_in, RECORD_UINT, "expires_in", "Lifetime in seconds"),
    G(issued_at, RECORD_TEXT, "issued_at", "When it was created", .format = "date-time"),
    G(refresh, RECORD_TEXT, "refresh_token", "For further tokens, if requested",
      .flags = RECORD_OPTIONAL),
};
static const struct record_object grant_object = {
    .name = "RegistryToken",
    .text = "A token for the registry. Docker registry token authentication",
    RECORD_TABLE(grant_fields)};

/* The client's name for itself, cut where it is long, which shows. */
static struct bytes label_of(struct http_request *r)
{
	struct bytes agent = http_header(r, "User-Agent");
	if (agent.len <= ACCESS_LABEL_MAX)
		return agent;
	const char *text = arena_printf(http_arena(r), "%.*s...",
					BYTES_ARG(bytes_part(agent, 0, ACCESS_LABEL_MAX - 3)));
	return bytes_of(text ? text : "...");
}

/* text: where the secret is kept until it is written. */
static int refresh_add(struct http_request *r, const struct principal *p, char *text, struct err *e)
{
	const struct access_actor by = {.name = p->name, .peer = http_peer(r)};
	int64_t until = clock_wall_ms() + (int64_t)REFRESH_DAYS * 86400000;
	const struct access_token row = {.user_id = p->user_id,
					 .kind = BYTES_LIT("refresh"),
					 .name = label_of(r),
					 .expires_at = until};
	return access_token_add(api_of(r)->access, &by, &row, text, e);
}

static int token_reply(struct http_request *r, const struct ask *ask, struct bytes refresh,
		       struct err *e)
{
	struct access_grant grant;
	struct buf body;
	struct json_out w;
	char at[CLOCK_RFC3339_CAP], secret[SECRET_TOKEN_CAP];
	if (ask->too_many)
		return refuse_scopes(r, TOO_MANY_SCOPES, e);
	int rc = access_token_issue(api_of(r)->access, ask->principal, ask->wanted, ask->count,
				    http_arena(r), &grant, e);
	if (rc == -ERR_LIMIT) {
		struct err why = *e;
		*e = (struct err)ERR_INIT;
		return refuse_scopes(r, why.msg, e);
	}
	if (rc < 0)
		return rc;
	clock_rfc3339(grant.issued_at, at);
	struct grant_row row = {.token = grant.token,
				.type = BYTES_LIT("Bearer"),
				.expires_in = grant.expires_in_sec,
				.issued_at = bytes_of(at),
				.refresh = refresh};
	if (!refresh.len && ask->offline && ask->principal->user_id) {
		rc = refresh_add(r, ask->principal, secret, e);
		row.refresh = rc == 0 ? bytes_of(secret) : BYTES_NONE;
	}
	if (rc == 0)
		rc = http_reply_header(r, "Cache-Control", BYTES_LIT("no-store"), e);
	if (rc < 0)
		return rc;
	buf_init(&body, 2 * JWT_TEXT_MAX + 1024);
	json_out_init(&w, &body, false);
	record_put(&w, NULL, &grant_object, &row);
	return api_reply_json(r, 200, &body, e);
}

static int get_token(struct http_request *r, struct err *e)
{
	struct ask ask = {.count = 0};
	struct bytes texts[JWT_ACCESS_MAX + 1];
	size_t count = http_query_all(r, "scope", texts, JWT_ACCESS_MAX + 1);
	scopes_read(r, &ask, texts, count);
	ask.offline = bytes_eq_lit(http_query(r, "offline_token", NULL), "true");
	unsigned wait_sec = 0;
	int rc = identify(r, &ask.principal, &wait_sec, e);
	if (wait_sec)
		return api_too_many(r, wait_sec, e);
	if (rc == 0)
		rc = access_anonymous(api_of(r)->access, http_arena(r), &ask.principal, e);
	/* A token does not beget tokens: its owner may have lost what it grants. */
	if (rc >= 0 && ask.principal->by_token)
		rc = -ERR_DENIED;
	if (rc == -ERR_DENIED || rc == -ERR_TIMEOUT)
		return token_refused(r, e);
	return rc < 0 ? rc : token_reply(r, &ask, BYTES_NONE, e);
}

static int post_token(struct http_request *r, struct err *e)
{
	struct ask ask = {.count = 0};
	struct bytes texts[JWT_ACCESS_MAX + 1], refresh = BYTES_NONE;
	struct access *access = api_of(r)->access;
	struct bytes type = http_form(r, "grant_type", NULL);
	int rc;
	size_t count = http_form_all(r, "scope", texts, JWT_ACCESS_MAX + 1);
	scopes_read(r, &ask, texts, count);
	ask.offline = bytes_eq_lit(http_form(r, "access_type", NULL), "offline");
	if (bytes_eq_lit(type, "refresh_token")) {
		refresh = http_form(r, "refresh_token", NULL);
		rc = access_refresh(access, refresh, http_arena(r), &ask.principal, e);
	} else if (bytes_eq_lit(type, "password")) {
		struct access_login l = {.name = http_form(r, "username", NULL),
					 .password = http_form(r, "password", NULL),
					 .peer = http_peer(r)};
		rc = access_login(access, &l, http_arena(r), &ask.principal, e);
		if (l.wait_sec)
			return api_too_many(r, l.wait_sec, e);
		if (rc == 0)
			api_owner_seen(api_of(r), l.name);
	} else {
		return http_reply_error(r, 400, "unsupported_grant_type",
					"grant_type must be password or refresh_token", e);
	}
	if (rc == -ERR_DENIED || rc == -ERR_TIMEOUT)
		return token_refused(r, e);
	return rc < 0 ? rc : token_reply(r, &ask, refresh, e);
}

static const struct record_field token_query_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "service", "The registry's name, as in the challenge"),
    RECORD_SHOWN(
	RECORD_TEXT, "scope",
	"`repository:NAME:ACTIONS`, several separated by spaces, or the parameter repeated"),
    RECORD_SHOWN(RECORD_TEXT, "account", "The user; the credentials decide"),
    RECORD_SHOWN(RECORD_TEXT, "client_id", "The client program"),
    RECORD_SHOWN(RECORD_CHOICE, "offline_token", "Also return a refresh token"),
};
static const struct record_object token_query = {RECORD_TABLE(token_query_fields)};
static const struct record_field form_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "grant_type", "`password` or `refresh_token`",
		 .flags = RECORD_NEEDED),
    RECORD_SHOWN(RECORD_TEXT, "username", "For `password`"),
    RECORD_SHOWN(RECORD_TEXT, "password", "For `password`", .flags = RECORD_SECRET),
    RECORD_SHOWN(RECORD_TEXT, "refresh_token", "For `refresh_token`", .flags = RECORD_SECRET),
    RECORD_SHOWN(RECORD_TEXT, "service", "The registry's name"),
    RECORD_SHOWN(RECORD_TEXT, "client_id", "The client program"),
    RECORD_SHOWN(RECORD_TEXT, "scope", "As in a query"),
    RECORD_SHOWN(RECORD_TEXT, "access_type", "`offline`: also return a refresh token"),
};
static const struct record_object form = {.name = "RegistryTokenForm",
					  .text = "OAuth 2 as registry clients use it",
					  RECORD_TABLE(form_fields)};

static const struct api_doc get_token_doc = {
    .id = "getRegistryToken",
    .text = "Credentials are sent by HTTP Basic: name and password, or name and token.",
    .query = &token_query,
    .replies = {{.status = 200, .text = "The token", .of = &grant_object}},
    .errors = {401},
};
static const struct api_doc post_token_doc = {
    .id = "postRegistryToken",
    .body = &form,
    .body_type = "application/x-www-form-urlencoded",
    .replies = {{.status = 200, .text = "The token", .of = &grant_object}},
    .errors = {401},
};

const struct http_route api_auth_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/oauth2/token",
     .handle = get_token,
     .action = HTTP_PUBLIC,
     .summary = "A registry access token for the credentials sent",
     .doc = &get_token_doc},
    {.methods = HTTP_POST,
     .pattern = "/oauth2/token",
     .handle = post_token,
     .action = HTTP_PUBLIC,
     .body_max = FORM_MAX,
     .summary = "A registry access token for a password or a refresh token",
     .doc = &post_token_doc},
};
const size_t api_auth_route_count = sizeof api_auth_routes / sizeof *api_auth_routes;
