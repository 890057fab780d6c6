/* What clients ask of the importer: queue an import, cancel one. */
#include "connect/import_impl.h"

#include "base/clock.h"
#include "base/json.h"
#include "oci/reference.h"

#include <string.h>

struct add_job {
	struct importer *m;
	struct registry *target;
	struct store_import row;
	const struct import_by *by;
	struct arena *a;
	int64_t id;
};

static void put_secret(struct buf *out, struct bytes text)
{
	buf_put_le32(out, (uint32_t)text.len);
	buf_put(out, text);
}

/* Bound to the host: they open for no other source. */
static int seal(const struct importer *m, const struct import_ask *ask, struct arena *a,
		struct store_import *row, struct err *e)
{
	struct buf plain, sealed;
	bool ok = true;
	if (!ask->username.len && !ask->token.len)
		return 0;
	buf_init(&plain, 4 * IMPORT_SECRET_MAX);
	buf_init(&sealed, 8 * IMPORT_SECRET_MAX);
	/* At its whole size at once, so that no copy is left behind. */
	size_t all = ask->username.len + ask->password.len + ask->token.len + 12;
	if (buf_room(&plain, all)) {
		put_secret(&plain, ask->username);
		put_secret(&plain, ask->password);
		put_secret(&plain, ask->token);
	}
	int r = buf_ok(&plain) ? access_seal(m->o.access, row->host, buf_bytes(&plain), &sealed, e)
			       : err_nomem(e);
	if (plain.ptr)
		secret_wipe(plain.ptr, plain.cap);
	buf_free(&plain);
	if (r == 0)
		row->sealed = arena_bytes(a, buf_bytes(&sealed), &ok);
	buf_free(&sealed);
	return r < 0 ? r : ok ? 0 : err_nomem(e);
}

/* The settings permit the source. */
static int check_source(const struct importer *m, const struct store_import *row, struct err *e)
{
	if (reach_check_authority(m->o.reach, row->host, e) < 0)
		return err_ctx(e, "source");
	if ((row->options & STORE_IMPORT_INSECURE) &&
	    !reach_has_authority(m->o.insecure, row->host))
		return err_set(e, ERR_DENIED,
			       "insecure: the server's setting import-insecure must list %.*s",
			       BYTES_ARG(row->host));
	return 0;
}

/* A repository of `local` that a registry's name hides could not be reached by clients. */
static int check_target(struct registry *target, struct bytes repository, struct err *e)
{
	struct bytes rest = repository, first = bytes_cut(&rest, '/');
	struct registry *other = registry_named(target, first);
	if (rest.len && registry_is_default(target) && other && other != target)
		return err_set(e, ERR_CONFLICT,
			       "repository: clients would find \"%.*s\" in the registry \"%.*s\"",
			       BYTES_ARG(repository), BYTES_ARG(first));
	return 0;
}

static int check_tags(struct db_tx *tx, const struct add_job *j, struct err *e)
{
	const struct store_registry t = {.tx = tx, .registry = j->row.registry_id};
	struct bytes rest = j->row.tags, digest;
	int64_t id = store_repository_find(&t, j->row.repository, e);
	int r = id < 0 ? (int)id : 0;
	while (r == 0 && id > 0 && rest.len && !(j->row.options & STORE_IMPORT_FORCE)) {
		struct bytes tag = bytes_cut(&rest, ' ');
		r = store_tag_find(&t, id, tag, j->a, &digest, e);
		if (r > 0)
			return err_set(e, ERR_CONFLICT,
				       "the tag \"%.*s\" exists; mode Force moves it",
				       BYTES_ARG(tag));
	}
	return r;
}

static int audit(struct db_tx *tx, const struct store_import *i, const struct access_actor *by,
		 enum audit_action action, struct arena *a, struct err *e)
{
	struct buf after;
	struct json_out w;
	const char *source = import_source_text(i, a);
	const char *subject = arena_printf(a, "/registries/%.*s/repositories/%.*s",
					   BYTES_ARG(i->registry), BYTES_ARG(i->repository));
	if (!source || !subject)
		return err_nomem(e);
	buf_init(&after, 65536);
	json_out_init(&w, &after, false);
	json_put_object(&w, NULL);
	json_put_i64(&w, "import", i->id);
	json_put_text(&w, "source", source);
	json_put_string(&w, "tags", i->tags);
	json_put_bool(&w, "force", i->options & STORE_IMPORT_FORCE);
	json_put_end(&w, '}');
	int r = buf_ok(&after) ? access_audit(tx, by, action, bytes_of(subject), BYTES_NONE,
					      buf_bytes(&after), e)
			       : err_nomem(e);
	buf_free(&after);
	return r;
}

static int add_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct add_job *j = arg;
	struct store_import *row = &j->row;
	int64_t open = store_import_open(tx, row->user_id, e);
	if (open >= IMPORT_OPEN_MAX)
		return err_set(e, ERR_CONFLICT,
			       "%lld imports of this user have not ended, the most there may be",
			       (long long)open);
	if (open < 0 || check_tags(tx, j, e) < 0)
		return -(int)e->code;
	row->id = store_import_add(tx, row, clock_wall_ms(), e);
	if (row->id < 0)
		return (int)row->id;
	if (audit(tx, row, j->by->actor, AUDIT_IMPORT_CREATE, j->a, e) < 0)
		return -(int)e->code;
	return import_tell(tx, row, e);
}

int importer_add(struct importer *m, struct registry *target, const struct import_ask *ask,
		 const struct import_by *by, int64_t *ret_id, struct err *e)
{
	struct arena a;
	arena_init(&a, 4U << 20);
	struct add_job j = {.m = m, .target = target, .by = by, .a = &a};
	int r = import_parse(ask, &a, &j.row, e);
	if (r == 0)
		r = check_source(m, &j.row, e);
	if (r == 0)
		r = check_target(target, j.row.repository, e);
	if (r == 0)
		r = seal(m, ask, &a, &j.row, e);
	j.row.registry_id = registry_id(target);
	j.row.registry = registry_name(target);
	j.row.user_id = by->user_id;
	j.row.actor = by->actor->name;
	j.row.peer = by->actor->peer;
	if (r == 0)
		r = db_run(m->o.db, DB_WRITE, add_tx, &j, e);
	*ret_id = j.row.id;
	arena_free(&a);
	if (r < 0)
		return r;
	pthread_mutex_lock(&m->lock);
	m->asked++;
	pthread_cond_broadcast(&m->moved);
	pthread_mutex_unlock(&m->lock);
	return 0;
}

struct cancel_job {
	const struct store_import *row;
	const struct access_actor *by;
};

static int cancel_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct cancel_job *j = arg;
	struct store_import row = *j->row;
	struct arena a;
	row.state = STORE_IMPORT_CANCELLED;
	int r = store_import_cancel(tx, row.id, clock_wall_ms(), e);
	if (r == 0)
		return err_set(e, ERR_CONFLICT, "the import has ended");
	arena_init(&a, 1U << 20);
	if (r > 0)
		r = audit(tx, &row, j->by, AUDIT_IMPORT_CANCEL, &a, e);
	arena_free(&a);
	return r < 0 ? r : import_tell(tx, &row, e);
}

int importer_cancel(struct importer *m, const struct store_import *i, const struct access_actor *by,
		    struct err *e)
{
	struct cancel_job j = {.row = i, .by = by};
	int r = db_run(m->o.db, DB_WRITE, cancel_tx, &j, e);
	pthread_mutex_lock(&m->lock);
	for (struct import_run *run = m->running; r >= 0 && run; run = run->next) {
		if (run->row.id != i->id)
			continue;
		run->lost = true;
		run->stop = true;
	}
	pthread_mutex_unlock(&m->lock);
	return r;
}
