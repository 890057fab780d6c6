/* Who may do what: roles, scopes, passwords, tokens, audit; JSON Web Tokens against RFC 7515's
 * rules and an independent signature made here by hand. */
#include "scratch.h"

#include "access/access.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/io.h"
#include "store/access.h"
#include "store/schema.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
	char dir[64];
	struct db *db;
	struct access *a;
	struct arena arena;
};
static const struct access_actor me = {.name = {(const uint8_t *)"tester", 6},
				       .peer = {(const uint8_t *)"::1", 3}};

static void place_open(struct place *p, enum access_anonymous anonymous)
{
	char file[96];
	struct err e = ERR_INIT;
	(void)snprintf(file, sizeof file, "%s/db", p->dir);
	p->db = store_open(file, &e);
	if (!p->db)
		fail_msg("%s", e.msg);
	p->a = access_open(
	    p->db, &(struct access_options){.data_dir = p->dir, .anonymous = anonymous}, &e);
	if (!p->a)
		fail_msg("%s", e.msg);
	arena_init(&p->arena, 64U << 20);
}

static void place_close(struct place *p)
{
	arena_free(&p->arena);
	access_close(p->a);
	db_close(p->db);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	assert_non_null(p);
	scratch_folder(p->dir, "access");
	place_open(p, ACCESS_ANONYMOUS_NONE);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	place_close(p);
	scratch_remove(p->dir);
	free(p);
	return 0;
}

static int login(struct access *a, struct bytes name, struct bytes password, struct arena *arena,
		 const struct principal **ret, struct err *e)
{
	struct access_login l = {.name = name, .password = password, .peer = BYTES_LIT("::1")};
	int rc = access_login(a, &l, arena, ret, e);
	assert_int_equal(l.wait_sec, 0);
	return rc;
}

static bool may(const struct principal *p, const char *action, const char *scope)
{
	return access_allows(p, action, bytes_of(scope));
}

static void test_scopes(void **state)
{
	(void)state;
	static const struct {
		const char *scope, *path;
		bool covers;
	} cases[] = {
	    {"/", "/", true},
	    {"/", "/registries/a", true},
	    {"/", "", false},
	    {"/registries/a", "/registries/a", true},
	    {"/registries/a", "/registries/a/repositories/x", true},
	    {"/registries/a", "/registries/ab", false},
	    {"/registries/a", "/registries", false},
	    {"", "/registries", false},
	    {"", "", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(
		    role_scope_covers(bytes_of(cases[i].scope), bytes_of(cases[i].path)),
		    cases[i].covers);
	static const char *const good[] = {"/", "/a", "/registries/local/repositories/a/b"};
	static const char *const bad[] = {"",	 "a",	   "//",   "/a/", "/a//b",
					  "/..", "/a/./b", "/a b", "/a\n"};
	for (size_t i = 0; i < 3; i++)
		assert_true(role_is_scope(bytes_of(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(role_is_scope(bytes_of(bad[i])));
}

/* Custom roles list the actions of a registry one by one. */
static void test_patterns(void **state)
{
	(void)state;
	static const char *const good[] = {ACTION_PULL, "Microsoft.Security/*", "Microsoft.*/read",
					   "system/*",	"!registries/*",	"!*"};
	static const char *const bad[] = {"",
					  "*",
					  "*/read",
					  "registries/*",
					  "registries/pull/rea*",
					  "reg*",
					  "registries/pull",
					  "Registries/pull/read",
					  "Microsoft.Nothing/*",
					  "!registries/no/such",
					  "registries/pull/read\r"};
	struct err e = ERR_INIT;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(role_pattern_check(bytes_of(good[i]), &e), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(role_pattern_check(bytes_of(bad[i]), &e), -ERR_FORMAT);
}

/* The matrix of the described system: who may pull, push, delete, read findings, change roles. */
static void test_role_matrix(void **state)
{
	(void)state;
	static const struct {
		const char *role;
		bool pull, push, delete, findings, assign;
	} rows[] = {
	    {"Owner", true, true, true, true, true},
	    {"Contributor", true, true, true, true, false},
	    {"Reader", true, false, false, true, false},
	    {"AcrPush", true, true, false, false, false},
	    {"AcrPull", true, false, false, false, false},
	    {"AcrDelete", false, false, true, false, false},
	    {"AcrImageSigner", false, false, false, false, false},
	    {"AcrQuarantineReader", false, false, false, false, false},
	    {"AcrQuarantineWriter", false, false, false, false, false},
	    {"Security Reader", false, false, false, true, false},
	    {"Security Admin", false, false, false, true, false},
	    {"Resource Policy Contributor", false, false, false, true, false},
	    {"User Access Administrator", false, false, false, true, true},
	};
	assert_int_equal(role_count, sizeof rows / sizeof *rows);
	for (size_t i = 0; i < role_count; i++) {
		const struct role *r = role_find(bytes_of(rows[i].role));
		assert_non_null(r);
		assert_ptr_equal(role_find(bytes_of(r->id)), r);
		struct bytes patterns = bytes_of(r->actions);
		print_message("%s\n", r->name);
		assert_int_equal(role_allows(patterns, bytes_of(ACTION_PULL)), rows[i].pull);
		assert_int_equal(role_allows(patterns, bytes_of(ACTION_PUSH)), rows[i].push);
		assert_int_equal(role_allows(patterns, bytes_of(ACTION_DELETE)), rows[i].delete);
		assert_int_equal(role_allows(patterns, bytes_of(ACTION_SECURITY_READ)),
				 rows[i].findings);
		assert_int_equal(role_allows(patterns, bytes_of(ACTION_ACCESS_WRITE)),
				 rows[i].assign);
	}
	assert_false(role_allows(BYTES_NONE, bytes_of(ACTION_PULL)));
	assert_true(role_allows(BYTES_LIT("a*b*c"), BYTES_LIT("aXbYbZc")));
	assert_false(role_allows(BYTES_LIT("a*b*c"), BYTES_LIT("aXbY")));
	assert_false(role_allows(BYTES_LIT("!*\n*"), BYTES_LIT("x")));
}

/* RFC 4648 §10 and strictness. */
static void test_base64(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {{"", ""},
					       {"f", "Zg=="},
					       {"fo", "Zm8="},
					       {"foo", "Zm9v"},
					       {"foob", "Zm9vYg=="},
					       {"fooba", "Zm9vYmE="},
					       {"foobar", "Zm9vYmFy"}};
	uint8_t out[64];
	size_t n;
	for (size_t i = 0; i < 7; i++) {
		struct buf b;
		buf_init(&b, 64);
		base64_put(BASE64_STANDARD, bytes_of(pairs[i][0]), &b);
		assert_string_equal(buf_cstr(&b), pairs[i][1]);
		assert_true(base64_decode(BASE64_STANDARD, buf_bytes(&b), out, &n));
		assert_int_equal(n, strlen(pairs[i][0]));
		assert_memory_equal(out, pairs[i][0], n);
		buf_free(&b);
	}
	static const char *const bad[] = {
	    "Zg", "Zg=", "Zh==", "Z===", "Zm9v\n", "Zm9*", "====", "Zm=v"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(base64_decode(BASE64_STANDARD, bytes_of(bad[i]), out, &n));
	assert_true(base64_decode(BASE64_URL, BYTES_LIT("_-8"), out, &n));
	assert_false(base64_decode(BASE64_URL, BYTES_LIT("/+8"), out, &n));
	assert_false(base64_decode(BASE64_URL, BYTES_LIT("Zg=="), out, &n));
}

static void test_bootstrap(void **state)
{
	struct place *p = *state;
	char secret[SECRET_TOKEN_CAP], again[SECRET_TOKEN_CAP];
	const struct principal *who = NULL;
	struct err e = ERR_INIT;
	struct stat st;
	char key[96];
	assert_int_equal(access_bootstrap(p->a, secret, &e), 1);
	assert_int_equal(strlen(secret), 43); /* 256 bits */
	assert_int_equal(access_bootstrap(p->a, again, &e), 0);
	assert_int_equal(login(p->a, BYTES_LIT("admin"), bytes_of(secret), &p->arena, &who, &e), 0);
	assert_true(may(who, ACTION_ACCESS_WRITE, "/"));
	assert_true(may(who, ACTION_ANY_PRINCIPAL, "/"));
	secret[0] ^= 1;
	assert_int_equal(login(p->a, BYTES_LIT("admin"), bytes_of(secret), &p->arena, &who, &e),
			 -ERR_DENIED);
	secret[0] ^= 1;
	(void)snprintf(key, sizeof key, "%s/token.key", p->dir);
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, 32);
	/* Survives a restart; the owner is not made twice. */
	place_close(p);
	place_open(p, ACCESS_ANONYMOUS_NONE);
	assert_int_equal(access_bootstrap(p->a, again, &e), 0);
	assert_int_equal(login(p->a, BYTES_LIT("admin"), bytes_of(secret), &p->arena, &who, &e), 0);
	/* A key that others may read is refused. */
	access_close(p->a);
	assert_int_equal(chmod(key, 0644), 0);
	p->a = access_open(p->db, &(struct access_options){.data_dir = p->dir}, &e);
	assert_null(p->a);
	assert_int_equal(e.code, ERR_FORMAT);
}

static void test_login(void **state)
{
	struct place *p = *state;
	const struct principal *who = NULL;
	struct err e = ERR_INIT;
	struct bytes ann = BYTES_LIT("ann"), word = BYTES_LIT("correct horse"),
		     other = BYTES_LIT("x");
	assert_true(access_user_add(p->a, &me, ann, false, word, &e) > 0);
	assert_int_equal(access_user_add(p->a, &me, ann, false, word, &e), -ERR_CONFLICT);
	static const char *const bad_names[] = {"", "-a", ".a", "a b", "a:b", "a/b", "\xc3\xa9"};
	for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++)
		assert_int_equal(
		    access_user_add(p->a, &me, bytes_of(bad_names[i]), false, word, &e),
		    -ERR_FORMAT);
	int64_t begin = clock_mono_us();
	assert_int_equal(login(p->a, ann, word, &p->arena, &who, &e), 0);
	int64_t cold = clock_mono_us() - begin;
	begin = clock_mono_us();
	assert_int_equal(login(p->a, ann, word, &p->arena, &who, &e), 0);
	int64_t warm = clock_mono_us() - begin;
	print_message("password check %lld us, remembered %lld us\n", (long long)cold,
		      (long long)warm);
	assert_true(warm * 4 < cold);
	assert_false(may(who, ACTION_PULL, "/")); /* no role yet */
	assert_true(may(who, ACTION_ANY_PRINCIPAL, "/"));
	assert_int_equal(login(p->a, ann, other, &p->arena, &who, &e), -ERR_DENIED);
	assert_int_equal(login(p->a, BYTES_LIT("bob"), word, &p->arena, &who, &e), -ERR_DENIED);
	assert_int_equal(login(p->a, ann, BYTES_NONE, &p->arena, &who, &e), -ERR_DENIED);
	/* A new password ends the old one at once, remembered or not. */
	assert_int_equal(access_password_set(p->a, &me, ann, other, &e), 0);
	assert_int_equal(login(p->a, ann, word, &p->arena, &who, &e), -ERR_DENIED);
	assert_int_equal(login(p->a, ann, other, &p->arena, &who, &e), 0);
	assert_int_equal(access_user_remove(p->a, &me, ann, &e), 0);
	assert_int_equal(login(p->a, ann, other, &p->arena, &who, &e), -ERR_DENIED);
	assert_int_equal(access_user_remove(p->a, &me, ann, &e), -ERR_NOT_FOUND);
	assert_int_equal(access_password_set(p->a, &me, ann, other, &e), -ERR_NOT_FOUND);
}

static void test_assignments(void **state)
{
	struct place *p = *state;
	const struct principal *who = NULL;
	struct err e = ERR_INIT;
	struct bytes ann = BYTES_LIT("ann"), word = BYTES_LIT("correct horse");
	struct bytes team = BYTES_LIT("/registries/local/repositories/team");
	assert_true(access_user_add(p->a, &me, ann, false, word, &e) > 0);
	assert_int_equal(access_assign(p->a, &me, ann, BYTES_LIT("AcrPush"), team, &e), 0);
	assert_int_equal(access_assign(p->a, &me, ann, BYTES_LIT("AcrPush"), team, &e),
			 -ERR_CONFLICT);
	assert_int_equal(access_assign(p->a, &me, ann, BYTES_LIT("Boss"), team, &e),
			 -ERR_NOT_FOUND);
	assert_int_equal(access_assign(p->a, &me, ann, BYTES_LIT("AcrPush"), BYTES_LIT("team"), &e),
			 -ERR_FORMAT);
	assert_int_equal(login(p->a, ann, word, &p->arena, &who, &e), 0);
	assert_true(may(who, ACTION_PUSH, "/registries/local/repositories/team"));
	assert_true(may(who, ACTION_PUSH, "/registries/local/repositories/team/app"));
	assert_false(may(who, ACTION_PUSH, "/registries/local/repositories/teamster"));
	assert_false(may(who, ACTION_PUSH, "/registries/local"));
	assert_false(may(who, ACTION_DELETE, "/registries/local/repositories/team"));
	const struct access_role_row custom = {.id = BYTES_LIT("cleaner"),
					       .name = BYTES_LIT("Cleaner"),
					       .actions = BYTES_LIT(ACTION_DELETE),
					       .scopes = BYTES_LIT("/registries/local")};
	assert_int_equal(access_role_put(p->a, &me, &custom, true, &e), 0);
	assert_int_equal(access_role_put(p->a, &me, &custom, true, &e), -ERR_CONFLICT);
	const struct access_role_row fake = {
	    .id = BYTES_LIT(ROLE_OWNER), .name = BYTES_LIT("O"), .actions = BYTES_LIT("*")};
	assert_int_equal(access_role_put(p->a, &me, &fake, true, &e), -ERR_CONFLICT);
	assert_int_equal(access_assign(p->a, &me, ann, BYTES_LIT("cleaner"), team, &e), 0);
	assert_int_equal(access_unassign(p->a, &me, ann, BYTES_LIT("AcrPush"), team, &e), 0);
	assert_int_equal(access_unassign(p->a, &me, ann, BYTES_LIT("AcrPush"), team, &e),
			 -ERR_NOT_FOUND);
	assert_int_equal(login(p->a, ann, word, &p->arena, &who, &e), 0);
	assert_true(may(who, ACTION_DELETE, "/registries/local/repositories/team"));
	assert_false(may(who, ACTION_PUSH, "/registries/local/repositories/team"));
	assert_false(access_allows(NULL, ACTION_PULL, team));
}

struct audits {
	struct arena *arena;
	unsigned count;
	char last[64];
};

static int audits_read(struct db_tx *tx, void *arg, struct err *e)
{
	struct audits *v = arg;
	struct access_audit row = {.id = INT64_MAX};
	int rc;
	v->count = 0;
	while ((rc = access_db_audit_next(tx, ACCESS_LOG_CHANGES, row.id, v->arena, &row, e)) ==
	       1) {
		if (v->count++ == 0)
			(void)snprintf(v->last, sizeof v->last, "%.*s %.*s", BYTES_ARG(row.action),
				       BYTES_ARG(row.subject));
		assert_true(bytes_eq_lit(row.actor, "tester"));
		assert_true(bytes_eq_lit(row.peer, "::1"));
		assert_true(row.at > 0);
	}
	return rc;
}

struct refusals {
	struct arena *arena;
	struct bytes name;
	unsigned count;
};

static int refusals_read(struct db_tx *tx, void *arg, struct err *e)
{
	struct refusals *v = arg;
	struct access_audit row = {.id = INT64_MAX};
	int rc;
	v->count = 0;
	while ((rc = access_db_audit_next(tx, ACCESS_LOG_CHANGES, row.id, v->arena, &row, e)) ==
	       1) {
		if (!bytes_eq_lit(row.action, "login.refuse") || !bytes_eq(row.subject, v->name))
			continue;
		v->count++;
		assert_true(bytes_eq_lit(row.peer, "192.0.2.1"));
		assert_int_equal(row.actor.len, 0);
	}
	return rc;
}

static int token_add(struct place *p, int64_t user_id, const char *kind, int64_t expires_at,
		     char token[SECRET_TOKEN_CAP])
{
	struct err e = ERR_INIT;
	return access_token_add(p->a, &me,
				&(struct access_token){.user_id = user_id,
						       .kind = bytes_of(kind),
						       .name = BYTES_LIT("ci"),
						       .expires_at = expires_at},
				token, &e);
}

static void test_audit(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct audits v = {.arena = &p->arena};
	struct bytes ann = BYTES_LIT("ann");
	char token[SECRET_TOKEN_CAP];
	int64_t id = access_user_add(p->a, &me, ann, true, BYTES_NONE, &e);
	assert_true(id > 0);
	assert_int_equal(access_user_add(p->a, &me, ann, true, BYTES_NONE, &e), -ERR_CONFLICT);
	assert_int_equal(access_assign(p->a, &me, ann, BYTES_LIT("AcrPull"), BYTES_LIT("/"), &e),
			 0);
	assert_int_equal(token_add(p, id, "personal", 0, token), 0);
	assert_int_equal(access_user_remove(p->a, &me, ann, &e), 0);
	assert_true(db_run(p->db, DB_READ, audits_read, &v, &e) >= 0);
	assert_int_equal(v.count, 4); /* what failed left no row */
	assert_string_equal(v.last, "user.remove ann");
}

static unsigned refusals_of(struct place *p, struct bytes name)
{
	struct err e = ERR_INIT;
	struct refusals v = {.arena = &p->arena, .name = name};
	assert_true(db_run(p->db, DB_READ, refusals_read, &v, &e) >= 0);
	return v.count;
}

/* The limit is reached by names that exist and names that do not, and is told once for each. */
static void test_refusals(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	const struct principal *who = NULL;
	access_close(p->a);
	p->a = access_open(p->db,
			   &(struct access_options){.data_dir = p->dir,
						    .guard = {.pair_max = 2, .window_ms = 60000}},
			   &e);
	assert_non_null(p->a);
	assert_true(access_user_add(p->a, &me, BYTES_LIT("ann"), false, BYTES_LIT("word"), &e) > 0);
	static const char *const names[] = {"ann", "nobody"};
	for (int n = 0; n < 2; n++) {
		struct access_login l = {.name = bytes_of(names[n]),
					 .password = BYTES_LIT("x"),
					 .peer = BYTES_LIT("192.0.2.1")};
		for (int i = 0; i < 2; i++)
			assert_int_equal(access_login(p->a, &l, &p->arena, &who, &e), -ERR_DENIED);
		for (int i = 0; i < 3; i++) {
			assert_int_equal(access_login(p->a, &l, &p->arena, &who, &e), -ERR_LIMIT);
			assert_in_range(l.wait_sec, 29, 31);
		}
		assert_int_equal(refusals_of(p, l.name), 1);
		l.wait_sec = 0;
		l.peer = BYTES_LIT("192.0.2.2");
		l.password = BYTES_LIT("word");
		assert_int_equal(access_login(p->a, &l, &p->arena, &who, &e), n ? -ERR_DENIED : 0);
		/* The right one, from where it was guessed. */
		l.peer = BYTES_LIT("192.0.2.1");
		assert_int_equal(access_login(p->a, &l, &p->arena, &who, &e), n ? -ERR_LIMIT : 0);
	}
	/* What is no name is not kept as one. */
	struct access_login l = {.name = BYTES_LIT("\x1b[2J\xff"),
				 .password = BYTES_LIT("x"),
				 .peer = BYTES_LIT("192.0.2.1")};
	for (int i = 0; i < 3; i++)
		assert_int_equal(access_login(p->a, &l, &p->arena, &who, &e),
				 i < 2 ? -ERR_DENIED : -ERR_LIMIT);
	assert_int_equal(refusals_of(p, BYTES_LIT("(no name)")), 1);
}

static void test_tokens(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	const struct principal *who = NULL;
	char token[SECRET_TOKEN_CAP], refresh[SECRET_TOKEN_CAP], old[SECRET_TOKEN_CAP];
	struct bytes bot = BYTES_LIT("bot");
	int64_t id = access_user_add(p->a, &me, bot, true, BYTES_NONE, &e);
	assert_int_equal(access_assign(p->a, &me, bot, BYTES_LIT("AcrPull"), BYTES_LIT("/"), &e),
			 0);
	assert_int_equal(token_add(p, id, "personal", 0, token), 0);
	assert_int_equal(token_add(p, id, "refresh", 0, refresh), 0);
	assert_int_equal(token_add(p, id, "personal", clock_wall_ms() + 86400000, old), 0);
	assert_int_equal(token_add(p, id + 9, "personal", 0, token), -ERR_NOT_FOUND);
	clock_advance_for_tests(86400001);
	assert_int_equal(access_bearer(p->a, bytes_of(token), &p->arena, &who, &e), 0);
	assert_int_equal(who->kind, PRINCIPAL_ROBOT);
	assert_true(may(who, ACTION_PULL, "/registries/local/repositories/x"));
	assert_false(may(who, ACTION_PUSH, "/registries/local/repositories/x"));
	assert_int_equal(access_bearer(p->a, bytes_of(old), &p->arena, &who, &e), -ERR_TIMEOUT);
	assert_int_equal(access_bearer(p->a, bytes_of(refresh), &p->arena, &who, &e), -ERR_DENIED);
	assert_int_equal(access_refresh(p->a, bytes_of(refresh), &p->arena, &who, &e), 0);
	assert_int_equal(access_refresh(p->a, bytes_of(token), &p->arena, &who, &e), -ERR_DENIED);
	/* As the password of its own user only. */
	assert_int_equal(login(p->a, bot, bytes_of(token), &p->arena, &who, &e), 0);
	assert_int_equal(login(p->a, BYTES_LIT("admin"), bytes_of(token), &p->arena, &who, &e),
			 -ERR_DENIED);
	assert_int_equal(login(p->a, bot, BYTES_NONE, &p->arena, &who, &e), -ERR_DENIED);
	token[10] ^= 1;
	assert_int_equal(access_bearer(p->a, bytes_of(token), &p->arena, &who, &e), -ERR_DENIED);
	token[10] ^= 1;
	assert_int_equal(access_token_remove(p->a, &me, id, 1, &e), 0);
	assert_int_equal(access_token_remove(p->a, &me, id, 1, &e), -ERR_NOT_FOUND);
	assert_int_equal(access_bearer(p->a, bytes_of(token), &p->arena, &who, &e), -ERR_DENIED);
}

static void test_jwt(void **state)
{
	(void)state;
	static const uint8_t key_bytes[32] = "0123456789abcdef0123456789abcdef";
	struct bytes key = {.ptr = key_bytes, .len = 32};
	struct jwt_claims in = {
	    .iss = BYTES_LIT("i"),
	    .sub = BYTES_LIT("s\"\n"),
	    .aud = BYTES_LIT("a"),
	    .jti = BYTES_LIT("j"),
	    .exp = 1000,
	    .nbf = 900,
	    .iat = 900,
	    .access = {{BYTES_LIT("repository"), BYTES_LIT("a/b"), JWT_PULL | JWT_PUSH}},
	    .access_count = 1};
	static struct jwt_claims out;
	struct arena a;
	struct buf text;
	struct err e = ERR_INIT;
	arena_init(&a, 16U << 20);
	buf_init(&text, JWT_TEXT_MAX);
	assert_int_equal(jwt_write(&in, key, &text, &e), 0);
	struct bytes t = buf_bytes(&text);
	const struct jwt_checks fits = {.key = key, .iss = in.iss, .aud = in.aud, .now_sec = 950};
	struct jwt_checks late = fits, early = fits, other_aud = fits, other_iss = fits,
			  other_key = fits;
	late.now_sec = 1000;
	early.now_sec = 800;
	other_aud.aud = BYTES_LIT("b");
	other_iss.iss = BYTES_LIT("b");
	other_key.key = bytes_part(key, 0, 31);
	assert_int_equal(jwt_read(t, &fits, &a, &out, &e), 0);
	assert_true(bytes_eq(out.sub, in.sub));
	assert_int_equal(out.access_count, 1);
	assert_int_equal(out.access[0].actions, JWT_PULL | JWT_PUSH);
	assert_true(bytes_eq_lit(out.access[0].name, "a/b"));
	assert_int_equal(jwt_read(t, &late, &a, &out, &e), -ERR_TIMEOUT);
	assert_int_equal(jwt_read(t, &early, &a, &out, &e), -ERR_TIMEOUT);
	assert_int_equal(jwt_read(t, &other_aud, &a, &out, &e), -ERR_DENIED);
	assert_int_equal(jwt_read(t, &other_iss, &a, &out, &e), -ERR_DENIED);
	assert_int_equal(jwt_read(t, &other_key, &a, &out, &e), -ERR_DENIED);
	/* Every prefix and every changed byte is refused. */
	for (size_t n = 0; n < t.len; n++)
		assert_true(jwt_read(bytes_part(t, 0, n), &fits, &a, &out, &e) < 0);
	for (size_t n = 0; n < t.len; n++) {
		text.ptr[n] ^= 1;
		assert_true(jwt_read(t, &fits, &a, &out, &e) < 0);
		text.ptr[n] ^= 1;
	}
	/* {"alg":"none"}, with and without a signature. */
	static const char none[] =
	    "eyJhbGciOiJub25lIn0.eyJpc3MiOiJpIiwiYXVkIjoiYSIsImV4cCI6MTAwMH0.";
	assert_int_equal(jwt_read(bytes_of(none), &fits, &a, &out, &e), -ERR_FORMAT);
	buf_free(&text);
	arena_free(&a);
}

/* The example of RFC 7515 A.1 has another header than ours, so its key and text check the HMAC. */
static void test_hmac(void **state)
{
	(void)state;
	static const char text[] = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
				   ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leG"
				   "FtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
	static const char key_text[] = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75"
				       "aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
	uint8_t key[96], mac[SECRET_HASH_LEN];
	size_t key_len;
	struct buf out;
	assert_true(base64_decode(BASE64_URL, bytes_of(key_text), key, &key_len));
	assert_int_equal(key_len, 64);
	assert_int_equal(secret_hmac((struct bytes){key, key_len}, bytes_of(text), mac, NULL), 0);
	buf_init(&out, 64);
	base64_put(BASE64_URL, (struct bytes){mac, sizeof mac}, &out);
	assert_string_equal(buf_cstr(&out), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
	buf_free(&out);
}

static void test_scope_parse(void **state)
{
	(void)state;
	struct jwt_access v;
	assert_true(jwt_scope_parse(BYTES_LIT("repository:a/b:pull,push"), &v));
	assert_true(bytes_eq_lit(v.name, "a/b") && v.actions == (JWT_PULL | JWT_PUSH));
	assert_true(jwt_scope_parse(BYTES_LIT("repository:h:5000/a:pull"), &v));
	assert_true(bytes_eq_lit(v.name, "h:5000/a"));
	assert_true(jwt_scope_parse(BYTES_LIT("repository:a:*"), &v));
	assert_int_equal(v.actions, JWT_PULL | JWT_PUSH | JWT_DELETE);
	assert_true(jwt_scope_parse(BYTES_LIT("registry:catalog:*"), &v));
	assert_int_equal(v.actions, JWT_CATALOG);
	assert_true(jwt_scope_parse(BYTES_LIT("repository(plugin):a:pull"), &v));
	assert_true(bytes_eq_lit(v.type, "repository"));
	assert_true(jwt_scope_parse(BYTES_LIT("repository:a:fly"), &v));
	assert_int_equal(v.actions, 0);
	assert_false(jwt_scope_parse(BYTES_LIT("repository"), &v));
	assert_false(jwt_scope_parse(BYTES_LIT("repository:a"), &v));
	assert_false(jwt_scope_parse(BYTES_LIT(":a:pull"), &v));
	assert_false(jwt_scope_parse(BYTES_LIT(""), &v));
}

static void test_registry_token(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	const struct principal *ann = NULL, *who = NULL;
	struct access_grant g;
	struct bytes name = BYTES_LIT("ann"), word = BYTES_LIT("correct horse");
	const struct jwt_access wanted[] = {
	    {BYTES_LIT("repository"), BYTES_LIT("team/app"), JWT_PULL | JWT_PUSH | JWT_DELETE},
	    {BYTES_LIT("repository"), BYTES_LIT("other"), JWT_PULL},
	    {BYTES_LIT("repository"), BYTES_LIT("team/../other"), JWT_PULL},
	    {BYTES_LIT("registry"), BYTES_LIT("catalog"), JWT_CATALOG},
	};
	(void)access_user_add(p->a, &me, name, false, word, &e);
	assert_int_equal(access_assign(p->a, &me, name, BYTES_LIT("AcrPush"),
				       BYTES_LIT("/registries/local/repositories/team"), &e),
			 0);
	assert_int_equal(login(p->a, name, word, &p->arena, &ann, &e), 0);
	assert_int_equal(access_token_issue(p->a, ann, wanted, 4, &p->arena, &g, &e), 0);
	assert_true(g.expires_in_sec >= 60);
	assert_int_equal(access_bearer(p->a, g.token, &p->arena, &who, &e), 0);
	assert_true(who->by_token);
	assert_true(bytes_eq(who->name, name));
	assert_true(may(who, ACTION_PULL, "/registries/local/repositories/team/app"));
	assert_true(may(who, ACTION_PUSH, "/registries/local/repositories/team/app"));
	assert_false(may(who, ACTION_DELETE, "/registries/local/repositories/team/app"));
	assert_false(may(who, ACTION_PULL, "/registries/local/repositories/other"));
	assert_false(may(who, ACTION_CATALOG, "/"));
	assert_int_equal(who->grant_count, 1);
	/* What a wider token would bring: what she may and the token does not say. */
	assert_int_equal(
	    access_owner_may(p->a, who, ACTION_PULL, BYTES_LIT("team/base"), &p->arena, &e), 1);
	assert_int_equal(
	    access_owner_may(p->a, who, ACTION_PULL, BYTES_LIT("team/app"), &p->arena, &e), 0);
	assert_int_equal(
	    access_owner_may(p->a, who, ACTION_PULL, BYTES_LIT("other"), &p->arena, &e), 0);
	assert_int_equal(
	    access_owner_may(p->a, who, ACTION_DELETE, BYTES_LIT("team/app"), &p->arena, &e), 0);
	assert_int_equal(
	    access_owner_may(p->a, ann, ACTION_PULL, BYTES_LIT("team/base"), &p->arena, &e), 0);
	assert_int_equal(
	    access_owner_may(p->a, NULL, ACTION_PULL, BYTES_LIT("team/base"), &p->arena, &e), 0);
	/* Signed by another key: refused. */
	struct place q = {.db = NULL};
	scratch_folder(q.dir, "access");
	place_open(&q, ACCESS_ANONYMOUS_NONE);
	assert_int_equal(access_bearer(q.a, g.token, &q.arena, &who, &e), -ERR_DENIED);
	place_close(&q);
	scratch_remove(q.dir);
}

static void test_anonymous(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	const struct principal *who = NULL;
	assert_int_equal(access_anonymous(p->a, &p->arena, &who, &e), -ERR_DENIED);
	place_close(p);
	place_open(p, ACCESS_ANONYMOUS_PULL);
	assert_int_equal(access_anonymous(p->a, &p->arena, &who, &e), 0);
	assert_true(may(who, ACTION_PULL, "/registries/local/repositories/a"));
	assert_false(may(who, ACTION_PUSH, "/registries/local/repositories/a"));
	assert_false(may(who, ACTION_SECURITY_READ, "/"));
	assert_false(may(who, ACTION_ANY_PRINCIPAL, "/"));
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_scopes),
	    cmocka_unit_test(test_role_matrix),
	    cmocka_unit_test(test_patterns),
	    cmocka_unit_test(test_base64),
	    cmocka_unit_test(test_jwt),
	    cmocka_unit_test(test_hmac),
	    cmocka_unit_test(test_scope_parse),
	    IN_PLACE(test_bootstrap),
	    IN_PLACE(test_login),
	    IN_PLACE(test_assignments),
	    IN_PLACE(test_audit),
	    IN_PLACE(test_refusals),
	    IN_PLACE(test_tokens),
	    IN_PLACE(test_registry_token),
	    IN_PLACE(test_anonymous),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
