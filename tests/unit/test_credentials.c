/* credentials: config.json as Docker's CLI, podman and the cloud CLIs write it; helpers as
 * programs; what is no config.json. Expected values by Docker's documentation of its configuration
 * file; base64 by coreutils. */
#include "torture.h"
#include "scratch.h"

#include "connect/credentials.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct row {
	const char *text, *registry; /* a repository may follow its '/' */
	int found;		     /* 1, 0, or -ERR_… */
	const char *username, *password, *helper;
};
#define ANN "\"auth\":\"YW5uOnNlY3JldA==\"" /* ann:secret */
static const struct row rows[] = {
    {"{\"auths\":{\"ghcr.io\":{" ANN "}}}", "ghcr.io", 1, "ann", "secret", NULL},
    {"{\"auths\":{\"https://ghcr.io/v2/\":{" ANN "}}}", "ghcr.io", 1, "ann", "secret", NULL},
    {"{\"auths\":{\"http://localhost:5000\":{" ANN "}}}", "localhost:5000", 1, "ann", "secret",
     NULL},
    /* A name is the whole name. */
    {"{\"auths\":{\"ghcr.io.example.org\":{" ANN "}}}", "ghcr.io", 0, NULL, NULL, NULL},
    {"{\"auths\":{\"ghcr.io\":{" ANN "}}}", "xghcr.io", 0, NULL, NULL, NULL},
    {"{\"auths\":{\"ghcr.io:443\":{" ANN "}}}", "ghcr.io", 0, NULL, NULL, NULL},
    /* Docker Hub under its old address. */
    {"{\"auths\":{\"https://index.docker.io/v1/\":{" ANN "}}}", "registry-1.docker.io", 1, "ann",
     "secret", NULL},
    {"{\"auths\":{\"https://index.docker.io/v1/\":{" ANN "}}}", "ghcr.io", 0, NULL, NULL, NULL},
    /* The first one counts. */
    {"{\"auths\":{\"a\":{" ANN "},\"https://a/\":{\"auth\":\"Ym9iOng=\"}}}", "a", 1, "ann",
     "secret", NULL},
    /* bob:p:q, bob: and bob without a colon. */
    {"{\"auths\":{\"a\":{\"auth\":\"Ym9iOnA6cQ==\"}}}", "a", 1, "bob", "p:q", NULL},
    {"{\"auths\":{\"a\":{\"auth\":\"Ym9iOg==\"}}}", "a", 1, "bob", "", NULL},
    {"{\"auths\":{\"a\":{\"auth\":\"Ym9i\"}}}", "a", -ERR_FORMAT, NULL, NULL, NULL},
    {"{\"auths\":{\"a\":{\"auth\":\"not base64!\"}}}", "a", -ERR_FORMAT, NULL, NULL, NULL},
    /* bo\0b:x: a NUL would cut the name short. */
    {"{\"auths\":{\"a\":{\"auth\":\"Ym8AYjp4\"}}}", "a", -ERR_FORMAT, NULL, NULL, NULL},
    /* A login that left a refresh token: "auth" holds the name and an empty password. */
    {"{\"auths\":{\"a\":{\"auth\":\"Ym9iOg==\",\"identitytoken\":\"tok\"}}}", "a", 1, "bob", "tok",
     NULL},
    {"{\"auths\":{\"a\":{\"username\":\"u\",\"password\":\"p\"}}}", "a", 1, "u", "p", NULL},
    {"{\"auths\":{\"a\":{\"username\":\"u\",\"identitytoken\":\"t\"}}}", "a", 1, "u", "t", NULL},
    /* What a helper keeps leaves an empty entry behind. */
    {"{\"auths\":{\"a\":{}},\"credsStore\":\"pass\"}", "a", 0, NULL, NULL, "pass"},
    {"{\"auths\":{\"a\":{" ANN "}},\"credsStore\":\"pass\"}", "a", 1, "ann", "secret", NULL},
    {"{\"credsStore\":\"pass\",\"credHelpers\":{\"a\":\"gcr\",\"b\":\"ecr\"}}", "b", 0, NULL, NULL,
     "ecr"},
    {"{\"credHelpers\":{\"a\":\"gcr\"}}", "b", 0, NULL, NULL, NULL},
    {"{\"HttpHeaders\":{\"auths\":{\"a\":{" ANN "}}},\"x\":[1,{}]}", "a", 0, NULL, NULL, NULL},
    {"{\"auths\":null,\"credsStore\":null}", "a", -ERR_FORMAT, NULL, NULL, NULL},
    {"{\"auths\":{\"a\":{\"auth\":null}}}", "a", 0, NULL, NULL, NULL},
    /* podman's keys may name a part of a registry: the longest that fits counts, at whole names
       (containers-auth.json(5)). */
    {"{\"auths\":{\"a\":{\"auth\":\"Ym9iOng=\"},\"a/team\":{" ANN "}}}", "a/team/shop", 1, "ann",
     "secret", NULL},
    {"{\"auths\":{\"a/team\":{" ANN "},\"a\":{\"auth\":\"Ym9iOng=\"}}}", "a/team", 1, "ann",
     "secret", NULL},
    {"{\"auths\":{\"a/team\":{" ANN "},\"a\":{\"auth\":\"Ym9iOng=\"}}}", "a/teams/shop", 1, "bob",
     "x", NULL},
    {"{\"auths\":{\"a/team/shop\":{" ANN "}}}", "a/team", 0, NULL, NULL, NULL},
    {"{\"auths\":{\"a/team\":{" ANN "}}}", "a", 0, NULL, NULL, NULL},
    {"{\"auths\":{\"docker.io/team\":{" ANN "}}}", "registry-1.docker.io/team/x", 1, "ann",
     "secret", NULL},
    {"{}", "a", 0, NULL, NULL, NULL},
    {"", "a", -ERR_TRUNCATED, NULL, NULL, NULL},
    {"[]", "a", -ERR_FORMAT, NULL, NULL, NULL},
    {"{\"auths\":{\"a\":{" ANN "}}} x", "a", -ERR_FORMAT, NULL, NULL, NULL},
};

static void same(const char *have, const char *want)
{
	if (want)
		assert_string_equal(have ? have : "(none)", want);
	else
		assert_null(have);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err e = ERR_INIT;
		struct arena a;
		struct credentials c = {0};
		const char *helper = NULL;
		arena_init(&a, 1U << 20);
		struct bytes repository = bytes_of(rows[i].registry),
			     registry = bytes_cut(&repository, '/');
		int r =
		    cred_parse(bytes_of(rows[i].text), registry, repository, &a, &c, &helper, &e);
		if (rows[i].found < 0 ? r >= 0 : r != rows[i].found)
			fail_msg("%s: %d %s", rows[i].text, r, e.msg);
		if (r >= 0) {
			same(c.username, rows[i].username);
			same(c.password, rows[i].password);
			same(helper, rows[i].helper);
		}
		arena_free(&a);
	}
}

/* Every beginning of a file is no file, and says so. */
static void test_prefixes(void **state)
{
	(void)state;
	const char *text = "{\"auths\":{\"a\":{\"auth\":\"YW5uOnNlY3JldA==\",\"email\":\"\"}},"
			   "\"credHelpers\":{\"b\":\"x\"},\"credsStore\":\"y\"}";
	for (size_t n = 0; n < strlen(text); n++) {
		struct err e = ERR_INIT;
		struct arena a;
		struct credentials c = {0};
		const char *helper = NULL;
		arena_init(&a, 1U << 20);
		char *copy = malloc(n + 1); /* of this length exactly, for the sanitizer */
		assert_non_null(copy);
		memcpy(copy, text, n);
		assert_true(cred_parse((struct bytes){.ptr = (const uint8_t *)copy, .len = n},
				       BYTES_LIT("a"), BYTES_NONE, &a, &c, &helper, &e) < 0);
		free(copy);
		arena_free(&a);
	}
}

static int parse_once(void *arg)
{
	struct err e = ERR_INIT;
	struct arena a;
	struct credentials c = {0};
	const char *helper = NULL;
	(void)arg;
	arena_init(&a, 1U << 20);
	int r = cred_parse(
	    BYTES_LIT("{\"auths\":{\"\\u0061\":{\"auth\":\"Ym9iOg==\",\"identitytoken\":\"t\"}}}"),
	    BYTES_LIT("a"), BYTES_NONE, &a, &c, &helper, &e);
	if (r > 0) {
		assert_string_equal(c.username, "bob");
		assert_string_equal(c.password, "t");
	}
	arena_free(&a);
	return r == 1 ? 0 : -1;
}

static void test_memory(void **state)
{
	(void)state;
	assert_true(torture(parse_once, NULL) > 0);
}

static char dir[64];

static void put(const char *name, const char *text, mode_t mode)
{
	char path[128];
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static int find(const char *registry, struct credentials *c, struct arena *a, struct err *e)
{
	*e = (struct err)ERR_INIT;
	arena_init(a, 1U << 20);
	return cred_find(bytes_of(registry), BYTES_NONE, a, c, e);
}

/* Helpers that have gone before the registry is written: more of it than a pipe holds, so that the
 * write cannot be done before. The program's SIGPIPE is the default, which would end it. */
static void check_gone(void)
{
	struct arena a;
	struct err e;
	struct credentials c;
	static char name[200000], config[400100];
	memset(name, 'n', sizeof name - 1);
	sigset_t before, after;
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
	assert_ptr_equal(signal(SIGPIPE, SIG_DFL), SIG_DFL);
	/* One that says nothing: its answer is no JSON. */
	(void)snprintf(config, sizeof config, "{\"credHelpers\":{\"%s\":\"leaves\"}}", name);
	put("config.json", config, 0600);
	assert_int_equal(find(name, &c, &a, &e), -ERR_TRUNCATED);
	assert_non_null(strstr(e.msg, "docker-credential-leaves"));
	arena_free(&a);
	/* One that answers whatever it is asked. */
	(void)snprintf(config, sizeof config, "{\"credHelpers\":{\"%s\":\"deaf\"}}", name);
	put("config.json", config, 0600);
	assert_int_equal(find(name, &c, &a, &e), 0);
	assert_string_equal(c.username, "ann");
	arena_free(&a);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
	assert_int_equal(sigismember(&after, SIGPIPE), sigismember(&before, SIGPIPE));
	assert_int_equal(sigpending(&after), 0);
	assert_false(sigismember(&after, SIGPIPE));
}

static void find_setup(void)
{
	char path[512];
	scratch_folder(dir, "cred");
	(void)snprintf(path, sizeof path, "%s:%s", dir, getenv("PATH"));
	assert_int_equal(setenv("PATH", path, 1), 0);
	assert_int_equal(setenv("DOCKER_CONFIG", dir, 1), 0);
	assert_int_equal(unsetenv("REGISTRY_AUTH_FILE"), 0);
	assert_int_equal(setenv("HOME", "/nonexistent", 1), 0);
	assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
	(void)snprintf(path, sizeof path, "%s/run", dir);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", path, 1), 0);
}

static void find_teardown(void)
{
	scratch_remove(dir);
}

static void put_helpers(void)
{
	put("config.json",
	    "{\"credHelpers\":{\"a\":\"good\",\"b\":\"fails\",\"c\":\"../"
	    "good\",\"d\":\"absent\",\"e\":\"lies\",\"f\":\"talks\"},"
	    "\"auths\":{\"g\":{" ANN "}}}",
	    0600);
	/* The registry comes on standard input. */
	put("docker-credential-good",
	    "#!/bin/sh\nread -r r\n[ \"$1\" = get ] || exit 1\n"
	    "echo \"{\\\"ServerURL\\\":\\\"$r\\\",\\\"Username\\\":\\\"user of "
	    "$r\\\",\\\"Secret\\\":\\\"s\\\"}\"\n",
	    0755);
	put("docker-credential-fails", "#!/bin/sh\necho credentials not found\nexit 1\n", 0755);
	put("docker-credential-lies", "#!/bin/sh\necho no json\n", 0755);
	put("docker-credential-leaves", "#!/bin/sh\nexit 0\n", 0755);
	put("docker-credential-deaf",
	    "#!/bin/sh\nexec <&-\necho '{\"Username\":\"ann\",\"Secret\":\"s\"}'\n", 0755);
	put("docker-credential-talks", "#!/bin/sh\nexec head -c 1000000 /dev/zero\n", 0755);
}

/* Out of memory is an error, never a login as nobody. */
static int helper_once(void *arg)
{
	struct arena a;
	struct err e;
	struct credentials c;
	(void)arg;
	int r = find("a", &c, &a, &e);
	if (r == 0)
		assert_string_equal(c.username, "user of a");
	arena_free(&a);
	return r;
}

static void test_find_by_helper(void **state)
{
	(void)state;
	struct arena a;
	struct err e;
	struct credentials c;
	find_setup();
	/* No file at all: anonymous. */
	assert_int_equal(find("a", &c, &a, &e), 0);
	assert_null(c.username);
	arena_free(&a);
	put_helpers();
	assert_int_equal(find("a", &c, &a, &e), 0);
	assert_string_equal(c.username, "user of a");
	assert_string_equal(c.password, "s");
	arena_free(&a);
	assert_true(torture(helper_once, NULL) > 0);
	assert_int_equal(find("b", &c, &a, &e), 0);
	assert_null(c.username);
	arena_free(&a);
	assert_int_equal(find("c", &c, &a, &e), -ERR_FORMAT);
	assert_non_null(strstr(e.msg, "not a plain name"));
	arena_free(&a);
	assert_int_equal(find("d", &c, &a, &e), -ERR_IO);
	assert_non_null(strstr(e.msg, "docker-credential-absent: cannot be run"));
	arena_free(&a);
	assert_true(find("e", &c, &a, &e) < 0);
	arena_free(&a);
	/* More than an answer can be: it is ended, not waited for. */
	assert_int_equal(find("f", &c, &a, &e), 0);
	assert_null(c.username);
	arena_free(&a);
	assert_int_equal(find("g", &c, &a, &e), 0);
	assert_string_equal(c.username, "ann");
	arena_free(&a);
	check_gone();
	find_teardown();
}

static void test_find_in_files(void **state)
{
	(void)state;
	struct arena a;
	struct err e;
	struct credentials c;
	char path[512];
	find_setup();
	put("config.json", "{\"auths\":{\"g\":{" ANN "}}}", 0600);
	/* podman's file comes first. */
	put("auth.json", "{\"auths\":{\"g\":{\"auth\":\"Ym9iOng=\"}}}", 0600);
	(void)snprintf(path, sizeof path, "%s/auth.json", dir);
	assert_int_equal(setenv("REGISTRY_AUTH_FILE", path, 1), 0);
	assert_int_equal(find("g", &c, &a, &e), 0);
	assert_string_equal(c.username, "bob");
	arena_free(&a);
	assert_int_equal(unsetenv("REGISTRY_AUTH_FILE"), 0);
	/* So do its files in the usual places, that of this session before the kept one. */
	(void)snprintf(
	    path, sizeof path,
	    "mkdir -p %s/run/containers %s/xdg/containers && cp %s/auth.json %s/xdg/containers",
	    dir, dir, dir, dir);
	assert_int_equal(system(path), 0);
	(void)snprintf(path, sizeof path, "%s/xdg", dir);
	assert_int_equal(setenv("XDG_CONFIG_HOME", path, 1), 0);
	assert_int_equal(find("g", &c, &a, &e), 0);
	assert_string_equal(c.username, "bob");
	arena_free(&a);
	put("run/containers/auth.json", "{\"auths\":{\"g\":{\"auth\":\"Y2FybDp5\"}}}",
	    0600); /* carl:y */
	assert_int_equal(find("g", &c, &a, &e), 0);
	assert_string_equal(c.username, "carl");
	arena_free(&a);
	assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
	find_teardown();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),	  cmocka_unit_test(test_prefixes),
	    cmocka_unit_test(test_memory),	  cmocka_unit_test(test_find_by_helper),
	    cmocka_unit_test(test_find_in_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
