/* The registry's token dance over a real socket: challenge, token route, what a token opens. Spec:
 * Docker registry token authentication specification; RFC 6750 §3; RFC 7617. */
#include "scratch.h"

#include "access/access.h"
#include "base/base64.h"
#include "api/routes.h"
#include "base/json.h"
#include "store/schema.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int get_ok(struct http_request *r, struct err *e)
{
	const struct principal *p = http_principal(r);
	return http_reply_bytes(r, 200, "text/plain", p ? p->name : BYTES_NONE, e);
}

static int get_mount(struct http_request *r, struct err *e)
{
	bool ok = api_allows(r, ACTION_PULL, http_query(r, "from", NULL));
	return http_reply_empty(r, ok ? 201 : 202, e);
}

static const struct http_route registry_rows[] = {
    {.methods = HTTP_GET,
     .pattern = "/v2/",
     .handle = get_ok,
     .action = ACTION_ANY_PRINCIPAL,
     .summary = "t",
     .error_format = HTTP_OCI_ERRORS},
    {.methods = HTTP_GET,
     .pattern = "/v2/_catalog",
     .handle = get_ok,
     .action = ACTION_CATALOG,
     .summary = "t",
     .error_format = HTTP_OCI_ERRORS},
    {.methods = HTTP_GET,
     .pattern = "/v2/{name...}/manifests/{reference}",
     .handle = get_ok,
     .action = ACTION_PULL,
     .summary = "t",
     .error_format = HTTP_OCI_ERRORS},
    {.methods = HTTP_POST,
     .pattern = "/v2/{name...}/blobs/uploads/",
     .handle = get_mount,
     .action = ACTION_PUSH,
     .summary = "t",
     .error_format = HTTP_OCI_ERRORS},
    {.methods = HTTP_DELETE,
     .pattern = "/v2/{name...}/manifests/{reference}",
     .handle = get_ok,
     .action = ACTION_DELETE,
     .summary = "t",
     .error_format = HTTP_OCI_ERRORS},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/findings",
     .handle = get_ok,
     .action = ACTION_SECURITY_READ,
     .summary = "t"},
};

struct place {
	char dir[64];
	struct api api;
	struct http_server *server;
	struct arena arena;
};
static struct place at;
static const struct access_actor me = {.name = {(const uint8_t *)"tester", 6}};

static void place_open(enum access_anonymous anonymous, const char *public_url)
{
	char file[96];
	struct err e = ERR_INIT;
	(void)snprintf(file, sizeof file, "%s/db", at.dir);
	at.api.db = store_open(file, &e);
	assert_non_null(at.api.db);
	at.api.access = access_open(
	    at.api.db, &(struct access_options){.data_dir = at.dir, .anonymous = anonymous}, &e);
	assert_non_null(at.api.access);
	at.api.public_url = public_url;
	const struct http_route *tables[] = {api_auth_routes, registry_rows};
	const size_t counts[] = {api_auth_route_count,
				 sizeof registry_rows / sizeof *registry_rows};
	const struct http_hooks hooks = {
	    .context = &at.api, .authorise = api_authorise, .served = NULL};
	at.server =
	    http_server_open(&(struct http_options){.port = 0}, tables, counts, 2, &hooks, &e);
	assert_non_null(at.server);
	arena_init(&at.arena, 16U << 20);
}

static void place_close(void)
{
	http_server_close(at.server, 500);
	access_close(at.api.access);
	db_close(at.api.db);
	arena_free(&at.arena);
}

static int setup(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct bytes word = BYTES_LIT("pa:ss word");
	scratch_folder(at.dir, "token");
	place_open(ACCESS_ANONYMOUS_NONE, "");
	struct access *a = at.api.access;
	assert_true(access_user_add(a, &me, BYTES_LIT("ann"), false, word, &e) > 0);
	assert_true(access_user_add(a, &me, BYTES_LIT("eve"), false, word, &e) > 0);
	assert_int_equal(access_assign(a, &me, BYTES_LIT("ann"), BYTES_LIT("AcrPush"),
				       BYTES_LIT("/registries/local/repositories/team"), &e),
			 0);
	assert_int_equal(access_assign(a, &me, BYTES_LIT("ann"), BYTES_LIT("Security Reader"),
				       BYTES_LIT("/"), &e),
			 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	place_close();
	scratch_remove(at.dir);
	return 0;
}

static char answer[65536];

/* One request; the status. headers: whole lines. */
static unsigned ask(const char *line, const char *headers, const char *body)
{
	char text[16384];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(http_server_port(at.server)),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	int n = snprintf(text, sizeof text,
			 "%s HTTP/1.1\r\nHost: reg.test:5000\r\nConnection: close\r\n"
			 "Content-Length: %zu\r\n%s\r\n%s",
			 line, strlen(body), headers, body);
	assert_in_range(n, 1, sizeof text - 1);
	assert_int_equal(send(fd, text, (size_t)n, 0), n);
	size_t got = 0;
	for (ssize_t k; (k = recv(fd, answer + got, sizeof answer - 1 - got, 0)) > 0;)
		got += (size_t)k;
	answer[got] = '\0';
	(void)close(fd);
	unsigned status = 0;
	assert_int_equal(sscanf(answer, "HTTP/1.1 %3u", &status), 1);
	return status;
}

static unsigned get(const char *path, const char *headers)
{
	char line[1024];
	(void)snprintf(line, sizeof line, "GET %s", path);
	return ask(line, headers, "");
}

static const char *basic(const char *pair)
{
	static char line[512];
	struct buf b;
	buf_init(&b, 400);
	base64_put(BASE64_STANDARD, bytes_of(pair), &b);
	(void)snprintf(line, sizeof line, "Authorization: Basic %s\r\n", buf_cstr(&b));
	buf_free(&b);
	return line;
}

/* A string member of the answer's JSON, as a C string in the arena; NULL when it is not there. */
static char *member(const char *name)
{
	const char *body = strstr(answer, "\r\n\r\n");
	struct json j;
	struct bytes found = BYTES_NONE;
	json_init(&j, bytes_of(body + 4), &at.arena);
	if (json_enter_object(&j)) {
		for (struct bytes k; json_next_key(&j, &k);) {
			if (bytes_eq_lit(k, name) && json_peek(&j) == JSON_STRING)
				found = json_string(&j);
			else
				json_skip(&j);
		}
	}
	assert_int_equal(json_finish(&j, NULL), 0);
	return found.len ? arena_cstr(&at.arena, found) : NULL;
}

static const char *bearer(const char *token)
{
	static char line[9000];
	(void)snprintf(line, sizeof line, "Authorization: Bearer %s\r\n", token);
	return line;
}

static void test_challenge(void **state)
{
	(void)state;
	assert_int_equal(get("/v2/", ""), 401);
	assert_non_null(strstr(answer, "Docker-Distribution-Api-Version: registry/2.0\r\n"));
	assert_non_null(
	    strstr(answer, "WWW-Authenticate: Bearer realm=\"http://reg.test:5000/oauth2/token\","
			   "service=\"plimsoll\"\r\n"));
	assert_non_null(strstr(answer, "\"code\":\"UNAUTHORIZED\""));
	assert_int_equal(get("/v2/a/b/manifests/1", ""), 401);
	assert_non_null(strstr(answer, ",scope=\"repository:a/b:pull\"\r\n"));
	assert_int_equal(ask("POST /v2/a/b/blobs/uploads/", "", ""), 401);
	assert_non_null(strstr(answer, ",scope=\"repository:a/b:pull,push\"\r\n"));
	assert_int_equal(ask("DELETE /v2/a/b/manifests/1", "", ""), 401);
	assert_non_null(strstr(answer, ",scope=\"repository:a/b:delete\"\r\n"));
	assert_int_equal(get("/v2/_catalog", ""), 401);
	assert_non_null(strstr(answer, ",scope=\"registry:catalog:*\"\r\n"));
	assert_int_equal(get("/v2/a%22,x=%22b/manifests/1", ""), 401);
	assert_null(strstr(answer, "x=\"b"));
	assert_int_equal(get("/api/v1/findings", ""), 401);
	assert_non_null(strstr(answer, "WWW-Authenticate: Bearer realm=\"plimsoll\"\r\n"));
	assert_non_null(strstr(answer, "application/problem+json"));
	assert_int_equal(get("/v2/", "Authorization: Bearer x.y.z\r\n"), 401);
	assert_non_null(strstr(answer, "error=\"invalid_token\""));
}

static void test_basic(void **state)
{
	(void)state;
	assert_int_equal(get("/v2/", basic("ann:pa:ss word")), 200);
	assert_int_equal(get("/v2/", basic("ann:pa:ss word!")), 401);
	assert_int_equal(get("/v2/", basic("nobody:pa:ss word")), 401);
	assert_int_equal(get("/v2/", basic("ann")), 401);
	assert_int_equal(get("/v2/", "Authorization: Basic !!!\r\n"), 401);
	assert_int_equal(get("/v2/", "Authorization: Negotiate abc\r\n"), 401);
	assert_int_equal(get("/v2/team/app/manifests/1", basic("ann:pa:ss word")), 200);
	assert_int_equal(get("/v2/other/manifests/1", basic("ann:pa:ss word")), 403);
	assert_non_null(strstr(answer, "\"code\":\"DENIED\""));
	assert_int_equal(ask("DELETE /v2/team/app/manifests/1", basic("ann:pa:ss word"), ""), 403);
	assert_int_equal(get("/api/v1/findings", basic("ann:pa:ss word")), 200);
	assert_int_equal(get("/api/v1/findings", basic("eve:pa:ss word")), 403);
	assert_int_equal(
	    ask("POST /v2/team/app/blobs/uploads/?from=team/base", basic("ann:pa:ss word"), ""),
	    201);
	assert_int_equal(
	    ask("POST /v2/team/app/blobs/uploads/?from=other", basic("ann:pa:ss word"), ""), 202);
}

static void test_get_token(void **state)
{
	(void)state;
	assert_int_equal(get("/oauth2/token?service=plimsoll&scope=repository:team/app:pull", ""),
			 401);
	assert_int_equal(get("/oauth2/token", basic("ann:wrong")), 401);
	assert_int_equal(get("/oauth2/token?service=plimsoll&scope=repository:team/app:pull,push"
			     "&scope=repository:other:pull&account=ann&client_id=docker",
			     basic("ann:pa:ss word")),
			 200);
	assert_non_null(strstr(answer, "Cache-Control: no-store\r\n"));
	char *token = member("token");
	assert_non_null(token);
	assert_string_equal(member("access_token"), token);
	assert_non_null(member("issued_at"));
	assert_null(member("refresh_token"));
	assert_int_equal(get("/v2/", bearer(token)), 200);
	assert_int_equal(get("/v2/team/app/manifests/1", bearer(token)), 200);
	assert_int_equal(ask("POST /v2/team/app/blobs/uploads/", bearer(token), ""), 202);
	/* Not asked for, or not his: told to fetch another token. */
	assert_int_equal(get("/v2/team/other/manifests/1", bearer(token)), 401);
	assert_non_null(strstr(answer, "error=\"insufficient_scope\""));
	assert_non_null(strstr(answer, "scope=\"repository:team/other:pull\""));
	assert_int_equal(get("/v2/other/manifests/1", bearer(token)), 401);
	assert_int_equal(get("/api/v1/findings", bearer(token)), 401);
	assert_int_equal(get("/oauth2/token", bearer(token)), 401); /* begets no token */
	token[strlen(token) - 2] ^= 1;
	assert_int_equal(get("/v2/", bearer(token)), 401);
	/* Scopes in one parameter (containers/image sends several, others one with spaces). */
	assert_int_equal(get("/oauth2/token?scope=repository:team/a:pull+repository:team/b:pull",
			     basic("ann:pa:ss word")),
			 200);
	token = member("token");
	assert_int_equal(get("/v2/team/a/manifests/1", bearer(token)), 200);
	assert_int_equal(get("/v2/team/b/manifests/1", bearer(token)), 200);
}

static void test_post_token(void **state)
{
	(void)state;
	static const char form[] =
	    "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n";
	assert_int_equal(
	    ask("POST /oauth2/token", form,
		"grant_type=password&username=ann&password=pa%3Ass+word&service=plimsoll"
		"&scope=repository%3Ateam%2Fapp%3Apull&access_type=offline&client_id=x"),
	    200);
	char *refresh = member("refresh_token");
	assert_non_null(refresh);
	assert_int_equal(get("/v2/team/app/manifests/1", bearer(member("access_token"))), 200);
	char body[512];
	(void)snprintf(body, sizeof body,
		       "grant_type=refresh_token&refresh_token=%s&scope=repository:team/app:push",
		       refresh);
	assert_int_equal(ask("POST /oauth2/token", form, body), 200);
	assert_string_equal(member("refresh_token"), refresh);
	assert_int_equal(ask("POST /v2/team/app/blobs/uploads/", bearer(member("token")), ""), 202);
	assert_int_equal(get("/v2/", bearer(refresh)), 401);
	body[40] ^= 1;
	assert_int_equal(ask("POST /oauth2/token", form, body), 401);
	assert_int_equal(
	    ask("POST /oauth2/token", form, "grant_type=password&username=ann&password=x"), 401);
	assert_int_equal(ask("POST /oauth2/token", form, "grant_type=authorization_code&code=1"),
			 400);
	assert_int_equal(ask("POST /oauth2/token", "Content-Type: text/plain\r\n",
			     "grant_type=password&username=ann&password=pa%3Ass+word"),
			 400);
}

static void test_anonymous(void **state)
{
	(void)state;
	place_close();
	place_open(ACCESS_ANONYMOUS_PULL, "https://reg.example.org");
	assert_int_equal(get("/v2/", ""), 401); /* or clients would never log in */
	assert_non_null(strstr(answer, "realm=\"https://reg.example.org/oauth2/token\""));
	assert_int_equal(get("/v2/other/manifests/1", ""), 200);
	assert_int_equal(ask("POST /v2/other/blobs/uploads/", "", ""), 401);
	assert_int_equal(get("/api/v1/findings", ""), 401);
	assert_int_equal(get("/v2/other/manifests/1", basic("ann:wrong")), 401);
	/* Empty credentials are none; a name without a password, or the other way round, is a wrong
	 * one. */
	assert_int_equal(get("/v2/other/manifests/1", basic(":")), 200);
	assert_int_equal(get("/oauth2/token", basic(":")), 200);
	assert_int_equal(get("/oauth2/token", basic("ann:")), 401);
	assert_int_equal(get("/oauth2/token", basic(":x")), 401);
	assert_int_equal(
	    get("/oauth2/token?scope=repository:other:pull,push&offline_token=true", ""), 200);
	assert_null(member("refresh_token"));
	char *token = member("token");
	assert_int_equal(get("/v2/", bearer(token)), 200);
	assert_int_equal(get("/v2/other/manifests/1", bearer(token)), 200);
	assert_int_equal(ask("POST /v2/other/blobs/uploads/", bearer(token), ""), 401);
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    IN_PLACE(test_challenge),  IN_PLACE(test_basic),	 IN_PLACE(test_get_token),
	    IN_PLACE(test_post_token), IN_PLACE(test_anonymous),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
