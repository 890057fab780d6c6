#include "connect/credentials.h"

#include "base/io.h"
#include "base/json.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX (1U << 20)
#define ANSWER_MAX 65536

extern char **environ;

/* How well a key fits: 0 = not, else 1 + the bytes of the repository's name that it holds. Docker
 * writes a URL, whose path says nothing; podman "host/part/of/name" (containers-auth.json(5)).
 * Docker Hub's entry is written under its old address. */
static size_t fit(struct bytes key, struct bytes registry, struct bytes repository)
{
	static const char *const hub[] = {"https://index.docker.io/v1/", "index.docker.io",
					  "docker.io", "registry-1.docker.io"};
	bool is_hub =
	    bytes_eq_lit(registry, "registry-1.docker.io") || bytes_eq_lit(registry, "docker.io");
	bool is_url = bytes_has_prefix_lit(key, "https://") || bytes_has_prefix_lit(key, "http://");
	for (size_t i = 0; is_hub && i < sizeof hub / sizeof *hub; i++) {
		if (bytes_eq_lit(key, hub[i]))
			return 1;
	}
	if (is_url)
		key = bytes_from(key, bytes_find_bytes(key, BYTES_LIT("://")) + 3);
	struct bytes rest = key, host = bytes_cut(&rest, '/');
	bool same = bytes_eq(host, registry) || (is_hub && bytes_eq_lit(host, "docker.io"));
	if (!same || is_url || rest.len == 0)
		return same;
	bool within = bytes_eq(repository, rest) ||
		      (bytes_has_prefix(repository, rest) &&
		       bytes_has_prefix_lit(bytes_from(repository, rest.len), "/"));
	return within ? 1 + rest.len : 0;
}

static int decode_auth(struct bytes auth, struct arena *a, struct credentials *ret, struct err *e)
{
	uint8_t *plain = arena_alloc(a, auth.len + 4, 1);
	if (!plain)
		return err_nomem(e);
	int n = auth.len < 65536 ? EVP_DecodeBlock(plain, auth.ptr, (int)auth.len) : -1;
	while (n > 0 && plain[n - 1] == 0) /* padding decodes to zeros */
		n--;
	struct bytes rest = {.ptr = plain, .len = n > 0 ? (size_t)n : 0};
	if (n <= 0 || bytes_find(rest, ':') == rest.len)
		return err_set(e, ERR_FORMAT, "\"auth\" is not the base64 of user:password");
	ret->username = arena_cstr(a, bytes_cut(&rest, ':'));
	ret->password = arena_cstr(a, rest);
	return ret->username && ret->password ? 1
					      : err_set(e, ERR_FORMAT, "\"auth\" contains a NUL");
}

static int read_entry(struct json *j, struct arena *a, struct credentials *ret, struct err *e)
{
	struct bytes auth = BYTES_NONE, user = BYTES_NONE, password = BYTES_NONE,
		     identity = BYTES_NONE;
	if (!json_enter_object(j))
		return 0;
	const struct bytes_slot slots[] = {
	    {"auth", &auth},
	    {"username", &user},
	    {"password", &password},
	    {"identitytoken", &identity},
	};
	for (struct bytes key; json_next_key(j, &key);) {
		struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
		if (to)
			*to = json_string_or_null(j);
		else
			json_skip(j);
	}
	if (!json_ok(j))
		return 0;
	if (user.len && (password.len || identity.len)) {
		ret->username = arena_cstr(a, user);
		ret->password = arena_cstr(a, password.len ? password : identity);
		return ret->username && ret->password ? 1 : err_nomem(e);
	}
	int r = auth.len ? decode_auth(auth, a, ret, e) : 0;
	if (r > 0 && identity.len && !*ret->password) { /* "auth" then holds the user's name only */
		ret->password = arena_cstr(a, identity);
		r = ret->password ? 1 : err_set(e, ERR_FORMAT, "\"identitytoken\" contains a NUL");
	}
	return r;
}

/* Whose credentials are looked for. */
struct wanted {
	struct bytes registry, repository;
	size_t best; /* fit of what was found */
};

/* 1 when the registry is among them. */
static int read_auths(struct json *j, struct wanted *w, struct arena *a, struct credentials *ret,
		      struct err *e)
{
	int found = 0;
	for (struct bytes host; found >= 0 && json_next_key(j, &host);) {
		size_t n = fit(host, w->registry, w->repository);
		if (n <= w->best) {
			json_skip(j);
			continue;
		}
		struct credentials one = {0};
		int r = read_entry(j, a, &one, e);
		if (r > 0) {
			*ret = one;
			w->best = n;
		}
		found = r < 0 ? r : found || r;
	}
	return found;
}

static void read_helpers(struct json *j, struct bytes registry, struct bytes *helper)
{
	for (struct bytes host; json_next_key(j, &host);) {
		struct bytes name = json_string(j);
		*helper = fit(host, registry, BYTES_NONE) ? name : *helper;
	}
}

int cred_parse(struct bytes text, struct bytes registry, struct bytes repository, struct arena *a,
	       struct credentials *ret, const char **ret_helper, struct err *e)
{
	struct wanted w = {.registry = registry, .repository = repository};
	struct json j;
	int found = 0;
	struct bytes store = BYTES_NONE, helper = BYTES_NONE;
	json_init(&j, text, a);
	if (json_enter_object(&j)) {
		for (struct bytes key; found >= 0 && json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, "auths") && json_enter_object(&j)) {
				found = read_auths(&j, &w, a, ret, e);
			} else if (bytes_eq_lit(key, "credHelpers") && json_enter_object(&j)) {
				read_helpers(&j, registry, &helper);
			} else if (bytes_eq_lit(key, "credsStore")) {
				store = json_string_or_null(&j);
			} else {
				json_skip(&j);
			}
		}
	}
	if (found < 0)
		return found;
	if (json_finish(&j, e) < 0)
		return -(int)e->code;
	helper = helper.len ? helper : found ? BYTES_NONE : store;
	*ret_helper = helper.len ? arena_cstr(a, helper) : NULL;
	if (helper.len && !*ret_helper)
		return err_set(e, ERR_FORMAT,
			       "no memory for a credential helper's name, or a NUL in it");
	return found;
}

/* A helper's name becomes part of a program's name: letters, digits, '-', '_', '.' only. */
static bool is_helper_name(const char *name)
{
	for (const char *p = name; *p; p++) {
		if (!byte_is_alnum((uint8_t)*p) && *p != '-' && *p != '_' && *p != '.')
			return false;
	}
	return *name != '\0';
}

/* Write to a pipe whose reader may have ended: an error then, whatever the program does with
 * SIGPIPE. The signal is this thread's own, so it is held back and taken here, unless one was
 * waiting before. */
static int write_pipe(int fd, struct bytes text, struct err *e)
{
	sigset_t broken, before, waiting;
	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	sigpending(&waiting);
	int rc = pthread_sigmask(SIG_BLOCK, &broken, &before);
	if (rc != 0) {
		errno = rc;
		return err_sys(e, "signal mask");
	}
	int r = io_write(fd, text.ptr, text.len, e);
	const struct timespec now = {0};
	while (r < 0 && !sigismember(&waiting, SIGPIPE) && sigtimedwait(&broken, NULL, &now) < 0 &&
	       errno == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

struct helper {
	pid_t pid;
	int in, out; /* its standard input and output, ours to close */
};

static int helper_start(char *program, struct helper *h, struct err *e)
{
	int in[2], out[2];
	if (pipe2(in, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	OWN_FD int in_read = in[0], in_write = in[1];
	if (pipe2(out, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	OWN_FD int out_read = out[0], out_write = out[1];
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in_read, 0);
	posix_spawn_file_actions_adddup2(&actions, out_write, 1);
	char *argv[] = {program, (char[]){"get"}, NULL};
	int rc = posix_spawnp(&h->pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc != 0) {
		errno = rc;
		return err_sys(e, "%s: cannot be run", program);
	}
	h->in = STEAL_FD(in_write);
	h->out = STEAL_FD(out_read);
	return 0;
}

/* The registry is its question; its answer into answer[ANSWER_MAX]. 1 = an answer, 0 = it knows
 * nothing. */
static int helper_ask(struct helper *h, struct bytes registry, uint8_t *answer, size_t *ret_len,
		      struct err *e)
{
	int status;
	/* One that answers without having read everything is believed; what it answers and how it
	 * ends decides. */
	(void)write_pipe(h->in, registry, e);
	own_fd_close(&h->in);
	ssize_t n = io_read(h->out, answer, ANSWER_MAX, e);
	own_fd_close(&h->out); /* one that says more must not wait for us */
	if (waitpid(h->pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0 ||
	    n < 0)
		return 0;
	*ret_len = (size_t)n;
	return 1;
}

static int helper_parse(struct bytes answer, struct arena *a, struct credentials *ret,
			struct err *e)
{
	struct json j;
	struct bytes user = BYTES_NONE, secret = BYTES_NONE;
	json_init(&j, answer, a);
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			struct bytes v = json_string_or_null(&j);
			if (bytes_eq_lit(key, "Username"))
				user = v;
			else if (bytes_eq_lit(key, "Secret"))
				secret = v;
		}
	}
	if (json_finish(&j, e) < 0)
		return -(int)e->code;
	if (bytes_find(user, 0) < user.len || bytes_find(secret, 0) < secret.len)
		return err_set(e, ERR_FORMAT, "a NUL in a name or password");
	ret->username = arena_cstr(a, user);
	ret->password = arena_cstr(a, secret);
	return ret->username && ret->password ? 0 : err_nomem(e);
}

/* Run docker-credential-NAME get with the registry on its standard input; its answer is JSON. One
 * that fails gives none: anonymous then. */
static int ask_helper(const char *name, struct bytes registry, struct arena *a,
		      struct credentials *ret, struct err *e)
{
	struct helper h;
	if (!is_helper_name(name))
		return err_set(e, ERR_FORMAT, "credential helper \"%s\" is not a plain name", name);
	char *program = arena_printf(a, "docker-credential-%s", name);
	uint8_t *answer = arena_alloc(a, ANSWER_MAX, 1);
	size_t len = 0;
	if (!program || !answer)
		return err_nomem(e);
	int r = helper_start(program, &h, e);
	if (r == 0)
		r = helper_ask(&h, registry, answer, &len, e);
	if (r == 1) {
		r = helper_parse((struct bytes){.ptr = answer, .len = len}, a, ret, e);
		return r < 0 ? err_ctx(e, "%s", program) : 0;
	}
	return r;
}

static int try_file(const char *path, struct bytes registry, struct bytes repository,
		    struct arena *a, struct credentials *ret, struct err *e)
{
	struct buf text;
	const char *helper = NULL;
	buf_init(&text, FILE_MAX);
	int r = io_read_file(path, &text, e);
	if (r < 0 && e->code == ERR_NOT_FOUND) {
		buf_free(&text);
		return 0;
	}
	if (r == 0)
		r = cred_parse(buf_bytes(&text), registry, repository, a, ret, &helper, e);
	if (r >= 0 && helper)
		r = ask_helper(helper, registry, a, ret, e);
	buf_free(&text);
	if (r < 0)
		return err_ctx(e, "%s", path);
	return r > 0 || ret->username;
}

int cred_find(struct bytes registry, struct bytes repository, struct arena *a,
	      struct credentials *ret, struct err *e)
{
	const char *home = getenv("HOME"), *run = getenv("XDG_RUNTIME_DIR"),
		   *xdg = getenv("XDG_CONFIG_HOME");
	bool has_run = run && *run, has_xdg = xdg && *xdg;
	char of_user[48];
	(void)snprintf(of_user, sizeof of_user, "%u/auth.json", (unsigned)getuid());
	const struct {
		const char *dir, *name; /* not looked at when dir is NULL or empty */
	} places[] = {
	    {getenv("REGISTRY_AUTH_FILE"), NULL},
	    {has_run ? run : "/run/containers", has_run ? "containers/auth.json" : of_user},
	    {has_xdg ? xdg : home,
	     has_xdg ? "containers/auth.json" : ".config/containers/auth.json"},
	    {getenv("DOCKER_CONFIG"), "config.json"},
	    {home, ".docker/config.json"}};
	*ret = (struct credentials){0};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		const char *dir = places[i].dir, *name = places[i].name;
		if (!dir || !*dir)
			continue;
		const char *path = name ? arena_printf(a, "%s/%s", dir, name) : dir;
		int r = path ? try_file(path, registry, repository, a, ret, e) : err_nomem(e);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return 0;
}
