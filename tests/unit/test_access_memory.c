/* Tables, tokens, logins and whole requests with each allocation of ours failing in turn. */
#include "torture.h"
#include "scratch.h"

#include "access/access.h"
#include "api/routes.h"
#include "http/route.h"
#include "store/schema.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct access_actor me = {.name = {(const uint8_t *)"tester", 6}};
static char dir[64];
static struct api api;

static int try_routes(void *arg)
{
	(void)arg;
	struct err e = ERR_INIT;
	struct arena a;
	struct uri_path p;
	struct uri_form f;
	struct route_match m;
	const struct http_route *tables[] = {api_auth_routes};
	const size_t counts[] = {api_auth_route_count};
	arena_init(&a, 1U << 20);
	struct route_table *t = route_table_open(tables, counts, 1, &e);
	int rc = t ? 0 : -1;
	if (rc == 0)
		rc = uri_path_parse(BYTES_LIT("/oauth2/token"), &a, &p, &e);
	if (rc == 0)
		rc = route_find(t, &p, HTTP_GET, &a, &m, &e);
	if (rc == 0)
		rc = uri_form_parse(BYTES_LIT("a=1&b=2"), &a, &f, &e);
	route_table_close(t);
	arena_free(&a);
	return rc;
}

static int try_token(void *arg)
{
	(void)arg;
	struct err e = ERR_INIT;
	struct arena a;
	const struct principal *p = NULL, *q = NULL;
	struct access_grant g;
	const struct jwt_access wanted = {BYTES_LIT("repository"), BYTES_LIT("a"), JWT_PULL};
	arena_init(&a, 4U << 20);
	struct access_login l = {.name = BYTES_LIT("ann"), .password = BYTES_LIT("word")};
	int rc = access_login(api.access, &l, &a, &p, &e);
	if (rc == 0)
		rc = access_token_issue(api.access, p, &wanted, 1, &a, &g, &e);
	if (rc == 0)
		rc = access_bearer(api.access, g.token, &a, &q, &e);
	/* Spent memory must not become a grant or a lost one that looks like success. */
	if (rc == 0 &&
	    !access_allows(q, ACTION_PULL, BYTES_LIT("/registries/local/repositories/a")))
		rc = -1;
	arena_free(&a);
	return rc;
}

static int try_open(void *arg)
{
	(void)arg;
	struct err e = ERR_INIT;
	struct access *a = access_open(api.db, &(struct access_options){.data_dir = dir}, &e);
	access_close(a);
	return a ? 0 : -1;
}

static int try_change(void *arg)
{
	(void)arg;
	struct err e = ERR_INIT;
	char token[SECRET_TOKEN_CAP];
	int rc = access_password_set(api.access, &me, BYTES_LIT("bob"), BYTES_LIT("word2"), &e);
	if (rc == 0)
		rc = access_token_add(api.access, &me,
				      &(struct access_token){.user_id = 2,
							     .kind = BYTES_LIT("personal"),
							     .name = BYTES_LIT("t")},
				      token, &e);
	return rc;
}

static int get_ok(struct http_request *r, struct err *e)
{
	return http_reply_bytes(r, 200, "text/plain", http_query(r, "q", NULL), e);
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .pattern = "/v2/{name...}/tags/list",
     .handle = get_ok,
     .action = ACTION_PULL,
     .summary = "t",
     .error_format = HTTP_OCI_ERRORS},
};

/* One request; the status, 0 when the connection was closed without a word. */
static unsigned ask(const struct http_server *s, const char *text)
{
	char answer[16384];
	unsigned status = 0;
	size_t got = 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(http_server_port(s)),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_true(send(fd, text, strlen(text), MSG_NOSIGNAL) > 0);
	for (ssize_t k; (k = recv(fd, answer + got, sizeof answer - 1 - got, 0)) > 0;)
		got += (size_t)k;
	answer[got] = '\0';
	(void)close(fd);
	(void)sscanf(answer, "HTTP/1.1 %3u", &status);
	return status;
}

/* One allocation fails, or (dry) all from one on do: a refusal that cannot be told is a refusal. */
static void requests(bool dry)
{
	struct err e = ERR_INIT;
	const struct http_route *tables[] = {rows, api_auth_routes};
	const size_t counts[] = {1, api_auth_route_count};
	const struct http_hooks hooks = {.context = &api, .authorise = api_authorise};
	struct http_server *s =
	    http_server_open(&(struct http_options){.port = 0}, tables, counts, 2, &hooks, &e);
	assert_non_null(s);
#define HEAD " HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
	static const struct {
		const char *text;
		unsigned status;
	} cases[] = {
	    /* ann:word */
	    {"GET /v2/a/b/tags/list?q=1" HEAD "Authorization: Basic YW5uOndvcmQ=\r\n\r\n", 200},
	    {"GET /v2/a/b/tags/list" HEAD "\r\n", 401},
	    {"GET /nope" HEAD "\r\n", 404},
	    {"GET /oauth2/token?scope=repository:a:pull" HEAD
	     "Authorization: Basic YW5uOndvcmQ=\r\n\r\n",
	     200},
	    {"POST /oauth2/token" HEAD "Content-Type: application/x-www-form-urlencoded\r\n"
	     "Content-Length: 46\r\n\r\ngrant_type=password&username=ann&password=word",
	     200},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		unsigned long n = 1;
		for (;; n++) {
			torture_hit = false;
			torture_dry = dry;
			torture_left = n;
			unsigned status = ask(s, cases[i].text);
			torture_left = 0;
			torture_dry = false;
			if (!torture_hit) {
				assert_int_equal(status, cases[i].status);
				break;
			}
			/* Refused or gone: never more than it is without failures. */
			if (cases[i].status != 200)
				assert_int_not_equal(status, 200);
			assert_int_equal(ask(s, "GET /nope" HEAD "\r\n"), 404);
		}
		assert_true(n > 1);
	}
	http_server_close(s, 500);
}

static void test_requests(void **state)
{
	(void)state;
	requests(false);
}

static void test_requests_dry(void **state)
{
	(void)state;
	requests(true);
}

static void test_parts(void **state)
{
	(void)state;
	assert_true(torture(try_routes, NULL) > 2);
	assert_true(torture(try_open, NULL) > 0);
	assert_true(torture(try_token, NULL) > 5);
	assert_true(torture(try_change, NULL) > 2);
}

static int setup(void **state)
{
	(void)state;
	char file[96];
	struct err e = ERR_INIT;
	scratch_folder(dir, "torture");
	(void)snprintf(file, sizeof file, "%s/db", dir);
	api.db = store_open(file, &e);
	assert_non_null(api.db);
	api.access = access_open(api.db, &(struct access_options){.data_dir = dir}, &e);
	assert_non_null(api.access);
	assert_int_equal(
	    access_user_add(api.access, &me, BYTES_LIT("ann"), false, BYTES_LIT("word"), &e), 1);
	assert_int_equal(
	    access_user_add(api.access, &me, BYTES_LIT("bob"), false, BYTES_LIT("word"), &e), 2);
	return access_assign(api.access, &me, BYTES_LIT("ann"), BYTES_LIT("Owner"), BYTES_LIT("/"),
			     &e);
}

static int teardown(void **state)
{
	(void)state;
	access_close(api.access);
	db_close(api.db);
	scratch_remove(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parts),
	    cmocka_unit_test(test_requests),
	    cmocka_unit_test(test_requests_dry),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
