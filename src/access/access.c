#include "access/state.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_MS 60000 /* how long a verified password is remembered */
#define KEY_FILE "token.key"
#define TTL_DEFAULT_SEC 300U
#define AUDIT_DEFAULT_MAX 100000U /* rows: about 30 MB */

/* The signing key: 32 random bytes. A file of another length is a mistake, not a key. */
static int key_load(struct access *a, const char *dir, struct err *e)
{
	char path[4096];
	int n = snprintf(path, sizeof path, "%s/" KEY_FILE, dir);
	if (n < 0 || (size_t)n >= sizeof path)
		return err_set(e, ERR_LIMIT, "data folder: path too long");
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT) {
		int rc = secret_random(a->sign_key, sizeof a->sign_key, e);
		struct bytes key = {.ptr = a->sign_key, .len = sizeof a->sign_key};
		return rc < 0 ? rc : io_replace_file(path, key, 0600, e);
	}
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077) || st.st_size != JWT_KEY_LEN)
		return err_set(e, ERR_FORMAT, "%s: must be a file of %d bytes with mode 0600", path,
			       JWT_KEY_LEN);
	ssize_t got = io_read(fd, a->sign_key, sizeof a->sign_key, e);
	if (got < 0)
		return (int)got;
	if (got != JWT_KEY_LEN)
		return err_set(e, ERR_TRUNCATED, "%s", path);
	return 0;
}

struct access *access_open(struct db *db, const struct access_options *o, struct err *e)
{
	struct access *a = calloc(1, sizeof *a);
	if (!a) {
		(void)err_set(e, ERR_NOMEM, "access");
		return NULL;
	}
	a->db = db;
	a->token_ttl_sec = o->token_ttl_sec ? o->token_ttl_sec : TTL_DEFAULT_SEC;
	a->audit_max = o->audit_max ? o->audit_max : AUDIT_DEFAULT_MAX;
	a->anonymous = o->anonymous;
	(void)pthread_mutex_init(&a->lock, NULL);
	a->registry = strdup(o->registry ? o->registry : "local");
	a->service = strdup(o->service ? o->service : "plimsoll");
	bool ok = a->registry && a->service;
	if (!ok)
		(void)err_set(e, ERR_NOMEM, "access");
	ok = ok && secret_random(a->cache_key, sizeof a->cache_key, e) == 0;
	if (ok)
		a->guard = guard_open(&o->guard, e);
	if (a->guard)
		a->denials = denial_open(db, a->audit_max, e);
	if (!a->denials || key_load(a, o->data_dir, e) < 0) {
		access_close(a);
		return NULL;
	}
	return a;
}

void access_close(struct access *a)
{
	if (!a)
		return;
	denial_close(a->denials);
	(void)pthread_mutex_destroy(&a->lock);
	guard_close(a->guard);
	free(a->registry);
	free(a->service);
	secret_wipe(a, sizeof *a);
	free(a);
}

void access_denied(struct access *a, const struct denial *what)
{
	denial_note(a->denials, what);
}

void access_denied_flush(struct access *a)
{
	denial_flush(a->denials);
}

const char *access_service(const struct access *a)
{
	return a->service;
}

/* Some role allows the action at the scope. */
static bool grants(const struct principal *p, struct bytes action, struct bytes scope)
{
	for (size_t i = 0; i < p->grant_count; i++)
		if (role_scope_covers(p->grants[i].scope, scope) &&
		    role_allows(p->grants[i].actions, action))
			return true;
	return false;
}

/* What is found in a registry is for who may read the registry, too: by one role or by two. */
static const char *needs_also(struct bytes action)
{
	return bytes_eq_lit(action, ACTION_SECURITY_READ) ? ACTION_REGISTRY_READ : NULL;
}

bool access_allows(const struct principal *p, const char *action, struct bytes scope)
{
	struct bytes wanted = bytes_of(action);
	const char *also = needs_also(wanted);
	if (!p)
		return false;
	if (bytes_eq_lit(wanted, ACTION_ANY_PRINCIPAL))
		return p->kind != PRINCIPAL_ANONYMOUS || p->by_token;
	return grants(p, wanted, scope) && (!also || grants(p, bytes_of(also), scope));
}

bool access_is_known_at(const struct principal *p, struct bytes scope)
{
	for (size_t i = 0; p && i < p->grant_count; i++)
		if (role_scope_covers(p->grants[i].scope, scope))
			return true;
	return false;
}

int access_visibility(const struct principal *p, const char *action, struct arena *arena,
		      struct visibility *ret, struct err *e)
{
	size_t max = p ? p->grant_count : 0;
	int64_t *ids = arena_alloc(arena, max + 1, sizeof *ids);
	*ret = (struct visibility){.scopes = ids};
	if (!ids)
		return err_set(e, ERR_NOMEM, "out of memory for scopes");
	for (size_t i = 0; i < max; i++) {
		const struct grant *g = &p->grants[i];
		/* Of two actions, either may be the one that is allowed in a narrower scope. */
		const char *also = needs_also(bytes_of(action));
		if (!role_allows(g->actions, bytes_of(action)) &&
		    !(also && role_allows(g->actions, bytes_of(also))))
			continue;
		if (!access_allows(p, action, g->scope))
			continue;
		ret->all = ret->all || bytes_eq_lit(g->scope, "/");
		if (g->scope_id)
			ids[ret->count++] = g->scope_id;
	}
	return 0;
}

struct bytes access_repository_scope(const struct access *a, struct bytes repository,
				     struct arena *arena)
{
	bool ok = true;
	struct bytes name = arena_bytes(arena, repository, &ok);
	if (!ok || name.len > 4096)
		return BYTES_NONE;
	struct bytes registry = bytes_of(a->registry);
	if (name.len && name.ptr[0] == '/') {
		name = bytes_from(name, 1);
		registry = bytes_cut(&name, '/');
	}
	return bytes_of(arena_printf(arena, "/registries/%.*s/repositories/%.*s",
				     BYTES_ARG(registry), BYTES_ARG(name)));
}

/* "catalog": of all registries; "/NAME": of that one. */
static struct bytes catalog_scope(struct bytes name, struct arena *arena)
{
	if (bytes_eq_lit(name, "catalog"))
		return BYTES_LIT("/");
	return name.len > 1 && name.len < 512 && name.ptr[0] == '/'
		   ? bytes_of(arena_printf(arena, "/registries%.*s", BYTES_ARG(name)))
		   : BYTES_NONE;
}

/* What a transaction that looks a principal up needs and finds. */
struct lookup {
	struct bytes name, hash, kind;
	struct arena *arena;
	struct access_user user;
	struct access_token token;
	struct principal *principal;
	int64_t user_id;
};

static int role_patterns(struct db_tx *tx, struct bytes id, struct arena *arena, struct bytes *ret,
			 struct err *e)
{
	const struct role *role = role_find(id);
	if (role) {
		*ret = bytes_of(role->actions);
		return 1;
	}
	struct access_role_row row;
	int rc = access_db_role_find(tx, id, arena, &row, e);
	if (rc == 1)
		*ret = row.actions;
	return rc;
}

/* Grants of assignments, which are sorted so that neighbours often have one role: its patterns are
 * read once. */
static int add_grants(struct db_tx *tx, struct lookup *l, const struct access_assignment *list,
		      size_t count, struct err *e)
{
	struct principal *p = l->principal;
	struct bytes actions = BYTES_NONE;
	int known = 0;
	for (size_t i = 0; i < count; i++) {
		const struct access_assignment *m = &list[i];
		if (i == 0 || !bytes_eq(m->role, (m - 1)->role))
			known = role_patterns(tx, m->role, l->arena, &actions, e);
		if (known < 0)
			return known;
		if (known)
			p->grants[p->grant_count++] = (struct grant){
			    .actions = actions, .scope = m->scope, .scope_id = m->scope_id};
	}
	return 0;
}

static int grants_load(struct db_tx *tx, struct lookup *l, struct err *e)
{
	struct access_assignment *list, *below;
	size_t count, below_count;
	int rc = access_db_assignment_all(tx, l->user.id, l->arena, &list, &count, e);
	if (rc >= 0)
		rc = access_db_assignment_below(tx, l->user.id, l->arena, &below, &below_count, e);
	if (rc < 0)
		return rc;
	struct principal *p = arena_alloc(l->arena, 1, sizeof *p);
	struct grant *grants = arena_alloc(l->arena, count + below_count + 1, sizeof *grants);
	if (!p || !grants)
		return err_set(e, ERR_NOMEM, "principal");
	bool robot = bytes_eq_lit(l->user.kind, "robot");
	*p = (struct principal){.kind = robot ? PRINCIPAL_ROBOT : PRINCIPAL_USER,
				.user_id = l->user.id,
				.name = l->user.name,
				.grants = grants};
	l->principal = p;
	rc = add_grants(tx, l, list, count, e);
	return rc < 0 ? rc : add_grants(tx, l, below, below_count, e);
}

static int no_one(struct err *e)
{
	return err_set(e, ERR_DENIED, "wrong name, password or token");
}

static int find_user(struct db_tx *tx, void *arg, struct err *e)
{
	struct lookup *l = arg;
	l->user = (struct access_user){.id = 0};
	int rc = access_db_user_find(tx, l->name, l->arena, &l->user, e);
	if (rc == 1 && l->user.enabled)
		return grants_load(tx, l, e);
	l->user.password = BYTES_NONE;
	return rc < 0 ? rc : 0;
}

static int find_token(struct db_tx *tx, void *arg, struct err *e)
{
	struct lookup *l = arg;
	int rc = access_db_token_find(tx, l->hash, l->arena, &l->token, e);
	if (rc == 1 && secret_eq(l->token.hash, l->hash) && bytes_eq(l->token.kind, l->kind))
		rc = access_db_user_get(tx, l->token.user_id, l->arena, &l->user, e);
	else if (rc >= 0)
		rc = 0;
	if (rc < 0)
		return rc;
	if (rc == 0 || !l->user.enabled)
		return no_one(e);
	if (l->token.expires_at && l->token.expires_at <= clock_wall_ms())
		return err_set(e, ERR_TIMEOUT, "the token expired");
	return grants_load(tx, l, e);
}

/* found: of looking for l->user. */
static int user_now(struct db_tx *tx, struct lookup *l, int found, const struct principal **ret,
		    struct err *e)
{
	if (found == 0 || (found > 0 && !l->user.enabled))
		return no_one(e);
	int rc = found < 0 ? found : grants_load(tx, l, e);
	*ret = l->principal;
	return rc < 0 ? rc : 0;
}

int access_user_now(struct db_tx *tx, int64_t user_id, struct arena *arena,
		    const struct principal **ret, struct err *e)
{
	struct lookup l = {.arena = arena};
	return user_now(tx, &l, access_db_user_get(tx, user_id, arena, &l.user, e), ret, e);
}

int access_named_now(struct db_tx *tx, struct bytes name, struct arena *arena,
		     const struct principal **ret, struct err *e)
{
	struct lookup l = {.arena = arena};
	return user_now(tx, &l, access_db_user_find(tx, name, arena, &l.user, e), ret, e);
}

static int by_token(struct access *a, struct bytes token, const char *kind, struct arena *arena,
		    const struct principal **ret, struct err *e)
{
	uint8_t hash[SECRET_HASH_LEN];
	int rc = secret_sha256(token, hash, e);
	if (rc < 0)
		return rc;
	struct lookup l = {
	    .hash = {.ptr = hash, .len = sizeof hash}, .kind = bytes_of(kind), .arena = arena};
	rc = db_run(a->db, DB_READ, find_token, &l, e);
	if (rc < 0)
		return rc;
	*ret = l.principal;
	return 0;
}

void state_forget(struct access *a)
{
	(void)pthread_mutex_lock(&a->lock);
	memset(a->cache, 0, sizeof a->cache);
	a->epoch++;
	(void)pthread_mutex_unlock(&a->lock);
}

static struct state_verified *slot_of(struct access *a, const uint8_t mac[SECRET_HASH_LEN])
{
	return &a->cache[mac[0] & (STATE_CACHE_SLOTS - 1)];
}

static int cache_mac(struct access *a, struct bytes name, struct bytes password,
		     uint8_t mac[SECRET_HASH_LEN], struct err *e)
{
	uint8_t text[ACCESS_NAME_MAX + 1 + SECRET_PASSWORD_MAX];
	if (name.len == 0 || name.len > ACCESS_NAME_MAX || password.len == 0 ||
	    password.len > SECRET_PASSWORD_MAX)
		return no_one(e);
	memcpy(text, name.ptr, name.len);
	text[name.len] = 0;
	memcpy(text + name.len + 1, password.ptr, password.len);
	struct bytes key = {.ptr = a->cache_key, .len = sizeof a->cache_key};
	int rc = secret_hmac(key, (struct bytes){.ptr = text, .len = name.len + 1 + password.len},
			     mac, e);
	secret_wipe(text, sizeof text);
	return rc;
}

/* True when this pair was verified within the last minute; else *ret_epoch for cache_put. */
static bool cache_has(struct access *a, const uint8_t mac[SECRET_HASH_LEN], uint64_t *ret_epoch)
{
	(void)pthread_mutex_lock(&a->lock);
	const struct state_verified *v = slot_of(a, mac);
	bool hit = v->until_ms > clock_steady_ms() &&
		   secret_eq((struct bytes){.ptr = v->mac, .len = sizeof v->mac},
			     (struct bytes){.ptr = mac, .len = SECRET_HASH_LEN});
	*ret_epoch = a->epoch;
	(void)pthread_mutex_unlock(&a->lock);
	return hit;
}

static void cache_put(struct access *a, const uint8_t mac[SECRET_HASH_LEN], uint64_t epoch)
{
	(void)pthread_mutex_lock(&a->lock);
	if (a->epoch == epoch) {
		struct state_verified *v = slot_of(a, mac);
		memcpy(v->mac, mac, sizeof v->mac);
		v->until_ms = clock_steady_ms() + CACHE_MS;
	}
	(void)pthread_mutex_unlock(&a->lock);
}

struct refusal {
	const struct access_login *l;
	uint64_t audit_max;
};

static int refusal_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct refusal *r = arg;
	const struct access_login *l = r->l;
	const struct access_actor by = {.peer = l->peer};
	struct bytes name = l->name; /* untrusted */
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] < 0x20 || name.ptr[i] > 0x7e)
			name = BYTES_LIT("(no name)");
	int rc = access_audit(tx, &by, AUDIT_LOGIN_REFUSE, name, BYTES_NONE, BYTES_NONE, e);
	return rc < 0 ? rc : access_db_audit_trim(tx, ACCESS_LOG_CHANGES, r->audit_max, e);
}

/* Too many failures. The first of a series of refusals is recorded for the owner; if that fails,
 * the login is refused all the same. */
static int refuse(struct access *a, struct access_login *l, const struct guard_try *t)
{
	struct err ignored = ERR_INIT;
	struct refusal r = {.l = l, .audit_max = a->audit_max};
	l->wait_sec = t->wait_sec;
	if (t->is_news)
		(void)db_run(a->db, DB_WRITE, refusal_tx, &r, &ignored);
	return -ERR_LIMIT;
}

int access_attempt(struct access *a, struct access_login *l, struct err *e)
{
	struct guard_try t = {.name = l->name, .peer = l->peer};
	int rc = guard_look(a->guard, &t, e);
	return rc == -ERR_LIMIT ? refuse(a, l, &t) : rc;
}

void access_attempt_failed(struct access *a, struct access_login *l)
{
	struct guard_try t = {.name = l->name, .peer = l->peer};
	struct err ignored = ERR_INIT;
	if (guard_look(a->guard, &t, &ignored) == 0)
		guard_fail(a->guard, &t);
}

/* Hash and compare, when it is this login's turn. */
static int check_password(struct access *a, struct access_login *l, struct bytes encoded,
			  const uint8_t mac[SECRET_HASH_LEN], struct err *e)
{
	struct guard_try t = {.name = l->name, .peer = l->peer};
	uint64_t epoch;
	int rc = guard_begin(a->guard, &t, e);
	if (rc < 0)
		return rc == -ERR_LIMIT ? refuse(a, l, &t) : rc;
	/* Clients open several connections at once: another may have verified the pair while this
	 * one waited. */
	bool known = cache_has(a, mac, &epoch);
	if (!known)
		rc = secret_password_check(encoded, l->password, e);
	guard_end(a->guard, &t,
		  known		      ? GUARD_UNDONE
		  : rc == 0	      ? GUARD_RIGHT
		  : rc == -ERR_DENIED ? GUARD_WRONG
				      : GUARD_UNDONE);
	return rc;
}

/* Registry clients log in to some registries with this name and a token as the password. */
#define NULL_GUID "00000000-0000-0000-0000-000000000000"

static int login_by_token(struct access *a, struct bytes name, struct bytes token,
			  struct arena *arena, const struct principal **ret, struct err *e)
{
	const struct principal *p = NULL;
	int rc = by_token(a, token, "personal", arena, &p, e);
	if (rc == -ERR_DENIED)
		rc = by_token(a, token, "refresh", arena, &p, e);
	if (rc < 0)
		return rc;
	if (!bytes_eq(p->name, name) && !bytes_eq_lit(name, NULL_GUID))
		return no_one(e);
	*ret = p;
	return 0;
}

int access_login(struct access *a, struct access_login *l, struct arena *arena,
		 const struct principal **ret, struct err *e)
{
	uint8_t mac[SECRET_HASH_LEN];
	uint64_t epoch = 0;
	int rc = cache_mac(a, l->name, l->password, mac, e);
	if (rc < 0)
		return rc;
	if (secret_is_token(l->password)) {
		rc = login_by_token(a, l->name, l->password, arena, ret, e);
		if (rc != -ERR_DENIED)
			return rc;
	}
	bool known = cache_has(a, mac, &epoch);
	struct lookup u = {.name = l->name, .arena = arena};
	rc = db_run(a->db, DB_READ, find_user, &u, e);
	if (rc < 0)
		return rc;
	if (u.principal && u.principal->kind == PRINCIPAL_ROBOT) { /* it has tokens only */
		u.principal = NULL;
		u.user.password = BYTES_NONE;
	}
	if (!known || !u.principal)
		rc = check_password(a, l, u.user.password, mac, e);
	if (rc == -ERR_DENIED || (rc >= 0 && !u.principal))
		return no_one(e);
	if (rc < 0)
		return rc;
	if (!known)
		cache_put(a, mac, epoch);
	u.principal->by_password = true;
	*ret = u.principal;
	return 0;
}

static unsigned joined(const struct jwt_access *entry, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s%s%s", entry->actions & JWT_PULL ? ACTION_PULL "\n" : "",
		       entry->actions & JWT_PUSH ? ACTION_PUSH "\n" : "",
		       entry->actions & JWT_DELETE ? ACTION_DELETE "\n" : "");
	return entry->actions;
}

struct owner {
	const struct jwt_claims *c;
	struct arena *arena;
};

/* A token ends with its user; a later user with the same name is another one. */
static int owner_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct owner *o = arg;
	struct access_user u;
	int rc = access_db_user_find(tx, o->c->sub, o->arena, &u, e);
	if (rc < 0)
		return rc;
	return rc == 1 && u.enabled && u.created_at / 1000 <= o->c->iat ? 0 : no_one(e);
}

/* A registry access token states its own permissions: roles are not looked up. */
static int by_claims(struct access *a, const struct jwt_claims *c, struct arena *arena,
		     const struct principal **ret, struct err *e)
{
	struct principal *p = arena_alloc(arena, 1, sizeof *p);
	struct grant *grants = arena_alloc(arena, c->access_count + 1, sizeof *grants);
	if (!p || !grants)
		return err_set(e, ERR_NOMEM, "principal");
	*p = (struct principal){.kind = c->sub.len ? PRINCIPAL_USER : PRINCIPAL_ANONYMOUS,
				.name = c->sub,
				.by_token = true,
				.grants = grants};
	for (size_t i = 0; i < c->access_count; i++) {
		const struct jwt_access *entry = &c->access[i];
		struct grant *g = &grants[p->grant_count];
		char actions[128];
		if (bytes_eq_lit(entry->type, "repository") &&
		    joined(entry, actions, sizeof actions)) {
			g->scope = access_repository_scope(a, entry->name, arena);
			g->actions = bytes_of(arena_printf(arena, "%s", actions));
		} else if (bytes_eq_lit(entry->type, "registry") && entry->actions) {
			g->scope = catalog_scope(entry->name, arena);
			g->actions = BYTES_LIT(ACTION_CATALOG);
		} else {
			continue;
		}
		p->grant_count += g->scope.len > 0 && g->actions.len > 0;
	}
	*ret = p;
	return 0;
}

int access_bearer(struct access *a, struct bytes token, struct arena *arena,
		  const struct principal **ret, struct err *e)
{
	if (secret_is_token(token))
		return by_token(a, token, "personal", arena, ret, e);
	struct jwt_claims *c = arena_alloc(arena, 1, sizeof *c);
	if (!c)
		return err_set(e, ERR_NOMEM, "token");
	const struct jwt_checks checks = {.key = {.ptr = a->sign_key, .len = sizeof a->sign_key},
					  .iss = bytes_of(a->service),
					  .aud = bytes_of(a->service),
					  .now_sec = clock_wall_ms() / 1000};
	int rc = jwt_read(token, &checks, arena, c, e);
	if (rc == -ERR_FORMAT || rc == -ERR_LIMIT || rc == -ERR_TRUNCATED)
		return no_one(e);
	struct owner o = {.c = c, .arena = arena};
	if (rc >= 0 && c->sub.len)
		rc = db_run(a->db, DB_READ, owner_tx, &o, e);
	return rc < 0 ? rc : by_claims(a, c, arena, ret, e);
}

int access_owner_may(struct access *a, const struct principal *p, const char *action,
		     struct bytes repository, struct arena *arena, struct err *e)
{
	struct bytes scope = access_repository_scope(a, repository, arena);
	if (!p || !p->by_token || !p->name.len || !scope.len || access_allows(p, action, scope))
		return 0;
	struct lookup l = {.name = p->name, .arena = arena};
	int rc = db_run(a->db, DB_READ, find_user, &l, e);
	return rc < 0 ? rc : access_allows(l.principal, action, scope);
}

int access_refresh(struct access *a, struct bytes token, struct arena *arena,
		   const struct principal **ret, struct err *e)
{
	if (!secret_is_token(token))
		return no_one(e);
	return by_token(a, token, "refresh", arena, ret, e);
}

int access_session(struct access *a, struct bytes token, struct arena *arena,
		   const struct principal **ret, struct err *e)
{
	if (!secret_is_token(token))
		return no_one(e);
	return by_token(a, token, "session", arena, ret, e);
}

int access_anonymous(struct access *a, struct arena *arena, const struct principal **ret,
		     struct err *e)
{
	const char *role = NULL;
	if (a->anonymous == ACCESS_ANONYMOUS_PULL)
		role = ROLE_ACR_PULL;
	else if (a->anonymous == ACCESS_ANONYMOUS_PUSH)
		role = ROLE_ACR_PUSH;
	if (!role)
		return no_one(e);
	struct principal *p = arena_alloc(arena, 1, sizeof *p);
	struct grant *g = arena_alloc(arena, 1, sizeof *g);
	if (!p || !g)
		return err_set(e, ERR_NOMEM, "principal");
	g->actions = bytes_of(role_find(bytes_of(role))->actions);
	g->scope = BYTES_LIT("/");
	*p = (struct principal){.kind = PRINCIPAL_ANONYMOUS, .grants = g, .grant_count = 1};
	*ret = p;
	return 0;
}

static unsigned allowed_part(struct access *a, const struct principal *p,
			     const struct jwt_access *wanted, struct arena *arena)
{
	if (bytes_eq_lit(wanted->type, "registry")) {
		struct bytes at = catalog_scope(wanted->name, arena);
		return at.len && access_allows(p, ACTION_CATALOG, at)
			   ? wanted->actions & JWT_CATALOG
			   : 0;
	}
	if (!bytes_eq_lit(wanted->type, "repository"))
		return 0;
	struct bytes scope = access_repository_scope(a, wanted->name, arena);
	unsigned allowed = 0;
	if (!role_is_scope(scope))
		return 0;
	allowed |= access_allows(p, ACTION_PULL, scope) ? JWT_PULL : 0U;
	allowed |= access_allows(p, ACTION_PUSH, scope) ? JWT_PUSH : 0U;
	allowed |= access_allows(p, ACTION_DELETE, scope) ? JWT_DELETE : 0U;
	return wanted->actions & allowed;
}

int access_token_issue(struct access *a, const struct principal *p, const struct jwt_access *wanted,
		       size_t count, struct arena *arena, struct access_grant *ret, struct err *e)
{
	uint8_t id[16];
	char id_text[2 * sizeof id + 1];
	struct jwt_claims *c = arena_alloc(arena, 1, sizeof *c);
	if (!c)
		return err_set(e, ERR_NOMEM, "token");
	int rc = secret_random(id, sizeof id, e);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < sizeof id; i++)
		(void)snprintf(id_text + 2 * i, 3, "%02x", id[i]);
	int64_t now_ms = clock_wall_ms();
	*c = (struct jwt_claims){.iss = bytes_of(a->service),
				 .aud = bytes_of(a->service),
				 .sub = p->name,
				 .jti = bytes_of(id_text),
				 .iat = now_ms / 1000,
				 .nbf = now_ms / 1000,
				 .exp = now_ms / 1000 + a->token_ttl_sec};
	for (size_t i = 0; i < count; i++) {
		struct jwt_access entry = wanted[i];
		entry.actions = allowed_part(a, p, &wanted[i], arena);
		if (entry.actions && c->access_count == JWT_ACCESS_MAX)
			return err_set(e, ERR_LIMIT, "a token of more than %d scopes",
				       JWT_ACCESS_MAX);
		if (entry.actions)
			c->access[c->access_count++] = entry;
	}
	struct buf out;
	buf_init(&out, JWT_TEXT_MAX);
	struct bytes key = {.ptr = a->sign_key, .len = sizeof a->sign_key};
	rc = jwt_write(c, key, &out, e);
	bool kept = true;
	if (rc == 0)
		ret->token = arena_bytes(arena, buf_bytes(&out), &kept);
	buf_free(&out);
	ret->expires_in_sec = a->token_ttl_sec;
	ret->issued_at = now_ms;
	return kept ? rc : err_set(e, ERR_NOMEM, "token");
}
