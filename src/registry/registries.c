/* The registries of a server: which one a request means, and how one goes. They are read from their
 * rows when the server starts, after each change, and each second. */
#include "registry/registry_impl.h"

#include "access/access.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "oci/reference.h"
#include "store/event.h"
#include "store/registries.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_BUDGET (16U << 20) /* bytes for the rows of all registries */
#define MANIFESTS_STEP 100U	/* removed in one transaction */
#define ROWS_STEP 500U		/* likewise */

static struct registry *find_id(struct registries *s, int64_t id)
{
	for (struct registry *g = s->local; g; g = g->next)
		if (g->id == id)
			return g;
	return NULL;
}

/* Under hosts_lock. */
static bool has_host(const struct registry *g, struct bytes host)
{
	struct bytes rest = g->hosts ? bytes_of(g->hosts) : BYTES_NONE;
	while (rest.len)
		if (bytes_eq_nocase(bytes_cut(&rest, '\n'), host))
			return true;
	return false;
}

static char *hosts_text(const struct store_registry_row *row)
{
	struct buf text;
	char *copy = NULL;
	buf_init(&text, STORE_HOSTS_MAX * 512);
	for (size_t i = 0; i < row->hosts.count; i++)
		buf_printf(&text, "%.*s\n", BYTES_ARG(row->hosts.items[i]));
	if (buf_ok(&text))
		copy = strndup(text.len ? (const char *)text.ptr : "", text.len);
	buf_free(&text);
	return copy;
}

/* Under hosts_lock. */
static int put_row(struct registries *s, const struct store_registry_row *row, struct err *e)
{
	struct registry *g = find_id(s, row->id);
	char *hosts = hosts_text(row);
	if (!g && s->local && hosts && row->name.len < sizeof g->name &&
	    (g = calloc(1, sizeof *g))) {
		g->s = s;
		g->id = row->id;
		memcpy(g->name, row->name.ptr, row->name.len);
		g->next = s->local->next;
		s->local->next = g;
	}
	if (!g || !hosts) {
		free(hosts);
		return err_set(e, ERR_NOMEM, "registries: no memory");
	}
	free(g->hosts);
	g->hosts = hosts;
	g->gone = row->is_going;
	return 0;
}

struct list_job {
	struct arena a;
	struct store_registries rows;
};

static int list_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct list_job *j = arg;
	static const struct store_registries_query all = {.name = {.len = 0}};
	return store_registries_list(tx, &all, &j->a, &j->rows, e);
}

int registries_load(struct registries *s, struct err *e)
{
	struct list_job j = {.rows = {.items = NULL}};
	arena_init(&j.a, ROWS_BUDGET);
	int r = db_run(s->db, DB_READ, list_tx, &j, e);
	pthread_mutex_lock(&s->hosts_lock);
	for (struct registry *g = s->local; r >= 0 && g; g = g->next) {
		bool found = false;
		for (size_t i = 0; i < j.rows.count; i++)
			found = found || j.rows.items[i].id == g->id;
		g->gone = g->gone || !found;
	}
	for (size_t i = 0; r >= 0 && i < j.rows.count; i++)
		r = put_row(s, &j.rows.items[i], e);
	pthread_mutex_unlock(&s->hosts_lock);
	arena_free(&j.a);
	return r < 0 ? r : 0;
}

struct registry *registry_named(struct registry *any, struct bytes name)
{
	struct registry *found = NULL;
	pthread_mutex_lock(&any->s->hosts_lock);
	for (struct registry *g = any->s->local; g && !found; g = g->next)
		if (!g->gone && bytes_eq(bytes_of(g->name), name))
			found = g;
	pthread_mutex_unlock(&any->s->hosts_lock);
	return found;
}

struct registry *registry_numbered(struct registry *any, int64_t id)
{
	pthread_mutex_lock(&any->s->hosts_lock);
	struct registry *g = find_id(any->s, id);
	pthread_mutex_unlock(&any->s->hosts_lock);
	return g && !g->gone ? g : NULL;
}

struct registry *registry_asked(struct registry *any, struct bytes host, struct bytes *name)
{
	struct registry *local = any->s->local, *found = NULL;
	pthread_mutex_lock(&any->s->hosts_lock);
	for (struct registry *g = local; g && !found; g = g->next)
		if (!g->gone && has_host(g, host))
			found = g;
	pthread_mutex_unlock(&any->s->hosts_lock);
	if (found)
		return found;
	size_t slash = bytes_find(*name, '/');
	if (slash + 1 < name->len) {
		found = registry_named(any, bytes_part(*name, 0, slash));
		if (found && found != local) {
			*name = bytes_from(*name, slash + 1);
			return found;
		}
	}
	return local;
}

struct bytes registry_name(const struct registry *g)
{
	return bytes_of(g->name);
}

int64_t registry_id(const struct registry *g)
{
	return g->id;
}

bool registry_is_default(const struct registry *g)
{
	return g == g->s->local;
}

/* One step of a registry's deletion. */
struct going_job {
	struct registry *g;
	const struct access_actor *by;
	struct arena a;
	bool done;
};

static int drop_manifest(const struct store_registry *t, struct registry *g,
			 const struct store_going *m, struct err *e)
{
	const struct registry_image gone = {.repository_id = m->repository_id,
					    .repository = m->repository,
					    .digest = m->digest,
					    .at = t->now_ms};
	const struct event ev = {.type = BYTES_LIT(EVENT_DELETED),
				 .registry_id = g->id,
				 .registry = bytes_of(g->name),
				 .repository_id = m->repository_id,
				 .repository = m->repository,
				 .digest = m->digest,
				 .media_type = m->media_type,
				 .at = t->now_ms};
	int r = event_append(t->tx, &ev, e);
	if (r >= 0 && g->s->has_watch)
		r = g->s->watch.gone(t->tx, g->s->watch.arg, &gone, e);
	return r < 0 ? r : store_manifest_delete(t, m->repository_id, m->digest, e);
}

static int going_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct going_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	struct store_going *list = NULL;
	arena_free(&j->a);
	arena_init(&j->a, ROWS_BUDGET);
	j->done = false;
	int64_t n = store_registries_manifests(&t, MANIFESTS_STEP, &j->a, &list, e);
	for (int64_t i = 0; i < n; i++)
		if (drop_manifest(&t, j->g, &list[i], e) < 0)
			return -(int)e->code;
	if (n == 0)
		n = store_registries_clear(&t, ROWS_STEP, e);
	j->done = n == 0;
	return n < 0 ? (int)n : 0;
}

struct going_list {
	struct registries *s;
	int64_t ids[STORE_REGISTRIES_MAX];
	size_t count;
};

static int going_ids(struct db_tx *tx, void *arg, struct err *e)
{
	struct going_list *l = arg;
	struct db_stmt *s =
	    db_query(tx, "SELECT registry_id FROM registry_going ORDER BY registry_id", NULL, 0, e);
	int r = s ? 0 : -(int)e->code;
	l->count = 0;
	while (r >= 0 && l->count < STORE_REGISTRIES_MAX && (r = db_step(s, e)) == 1)
		l->ids[l->count++] = db_int(s, 0);
	db_done(s);
	return r < 0 ? r : 0;
}

static int sweep_one(struct registries *s, int64_t id, struct err *e)
{
	pthread_mutex_lock(&s->hosts_lock);
	struct registry *g = find_id(s, id);
	pthread_mutex_unlock(&s->hosts_lock);
	struct going_job j = {.g = g};
	int r = 0;
	if (!g)
		return 0;
	arena_init(&j.a, ROWS_BUDGET);
	while (r >= 0 && !j.done && !s->stopping)
		r = db_run(s->db, DB_WRITE_SOON, going_tx, &j, e);
	arena_free(&j.a);
	if (r >= 0 && j.done)
		log_line(LOG_INFO, "registry %s was deleted", g->name);
	return r < 0 ? err_ctx(e, "registry %s: deleting it", g->name) : 0;
}

int registry_sweep(struct registry *any, struct err *e)
{
	struct going_list l = {.s = any->s};
	int r = db_run(any->s->db, DB_READ, going_ids, &l, e);
	for (size_t i = 0; i < l.count && r >= 0; i++)
		r = sweep_one(any->s, l.ids[i], e);
	if (r >= 0 && l.count)
		r = registries_load(any->s, e);
	return r;
}

/* Creating one, and beginning to delete one. */
struct change_job {
	struct registry *any;
	const struct registry_new *ask;
	const struct store_registry_change *change;
	const struct access_actor *by;
	int64_t id;
	struct bytes path;
	struct arena a;
};

static int path_of(struct db_tx *tx, struct change_job *j, struct err *e)
{
	arena_free(&j->a);
	arena_init(&j->a, 64U << 10);
	return store_scope_path(tx, j->id, &j->a, &j->path, e);
}

static int create_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change_job *j = arg;
	const struct store_scope s = {.parent_id = j->ask->group_id,
				      .kind = STORE_SCOPE_REGISTRY,
				      .name = j->ask->name,
				      .title = j->ask->title,
				      .created_at = clock_wall_ms()};
	j->id = store_registries_add(tx, &s, j->ask->hosts, j->ask->host_count, e);
	if (j->id < 0 || path_of(tx, j, e) < 0)
		return -(int)e->code;
	return access_audit(tx, j->by, AUDIT_REGISTRY_CREATE, j->path, BYTES_NONE, BYTES_NONE, e);
}

static int check_hosts(const struct bytes *hosts, size_t count, struct err *e)
{
	if (count > STORE_HOSTS_MAX)
		return err_set(e, ERR_FORMAT, "a registry may have %u hosts", STORE_HOSTS_MAX);
	for (size_t i = 0; i < count; i++)
		if (!ref_is_host(hosts[i]))
			return err_set(e, ERR_FORMAT, "\"%.*s\" is not the name of a host",
				       BYTES_ARG(hosts[i]));
	return 0;
}

int registry_create(struct registry *any, const struct registry_new *ask,
		    const struct access_actor *by, struct err *e)
{
	struct change_job j = {.any = any, .ask = ask, .by = by};
	if (!ref_is_name(ask->name) || bytes_find(ask->name, '/') < ask->name.len)
		return err_set(e, ERR_FORMAT,
			       "\"%.*s\" is not a valid name of a registry: lower-case letters and "
			       "digits, divided by \"-\", \".\" or \"_\"",
			       BYTES_ARG(ask->name));
	if (check_hosts(ask->hosts, ask->host_count, e) < 0)
		return -(int)e->code;
	arena_init(&j.a, 4096);
	int r = db_run(any->s->db, DB_WRITE, create_tx, &j, e);
	arena_free(&j.a);
	return r < 0 ? r : registries_load(any->s, e);
}

/* The change as the audit log keeps it. */
static void put_change(struct buf *out, const struct store_registry_change *c)
{
	struct json_out w;
	json_out_init(&w, out, false);
	json_put_object(&w, NULL);
	if (c->title)
		json_put_string(&w, "title", *c->title);
	if (c->hosts) {
		json_put_array(&w, "hosts");
		for (size_t i = 0; i < c->host_count; i++)
			json_put_string(&w, NULL, c->hosts[i]);
		json_put_end(&w, ']');
	}
	json_put_end(&w, '}');
}

static int change_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change_job *j = arg;
	struct buf text;
	if (store_registries_change(tx, j->id, j->change, e) < 0 || path_of(tx, j, e) < 0)
		return -(int)e->code;
	buf_init(&text, 65536);
	put_change(&text, j->change);
	int r = buf_ok(&text) ? access_audit(tx, j->by, AUDIT_REGISTRY_CHANGE, j->path, BYTES_NONE,
					     buf_bytes(&text), e)
			      : err_nomem(e);
	buf_free(&text);
	return r;
}

int registry_change(struct registry *g, const struct store_registry_change *c,
		    const struct access_actor *by, struct err *e)
{
	struct change_job j = {.any = g, .change = c, .by = by, .id = g->id};
	if (c->hosts && check_hosts(c->hosts, c->host_count, e) < 0)
		return -(int)e->code;
	arena_init(&j.a, 4096);
	int r = db_run(g->s->db, DB_WRITE, change_tx, &j, e);
	arena_free(&j.a);
	return r < 0 ? r : registries_load(g->s, e);
}

bool registry_has_hosts(struct registry *g, const struct bytes *hosts, size_t count)
{
	size_t had = 0, same = 0;
	pthread_mutex_lock(&g->s->hosts_lock);
	for (const char *p = g->hosts; p && *p; p++)
		had += *p == '\n';
	for (size_t i = 0; i < count; i++)
		same += has_host(g, hosts[i]);
	pthread_mutex_unlock(&g->s->hosts_lock);
	return had == count && same == count;
}

static int delete_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change_job *j = arg;
	int r = store_registries_going(tx, j->id, clock_wall_ms(), e);
	if (r <= 0)
		return r;
	if (path_of(tx, j, e) < 0)
		return -(int)e->code;
	return access_audit(tx, j->by, AUDIT_REGISTRY_DELETE, j->path, BYTES_NONE, BYTES_NONE, e);
}

int registry_delete(struct registry *g, const struct access_actor *by, struct err *e)
{
	static const struct access_actor nobody = {.name = {.len = 0}};
	struct change_job j = {.any = g, .by = by ? by : &nobody, .id = g->id};
	if (registry_is_default(g))
		return err_set(e, ERR_CONFLICT, "the registry \"%s\" cannot be deleted", g->name);
	arena_init(&j.a, 4096);
	int r = db_run(g->s->db, DB_WRITE, delete_tx, &j, e);
	arena_free(&j.a);
	if (r < 0 || registries_load(g->s, e) < 0)
		return -(int)e->code;
	pthread_mutex_lock(&g->s->house_lock);
	pthread_cond_broadcast(&g->s->house_wake);
	pthread_mutex_unlock(&g->s->house_lock);
	return 0;
}
