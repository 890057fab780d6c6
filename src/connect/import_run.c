/* One run of an import: the caller may still; the plan; the blobs; then manifests and tags, what is
 * referred to first, each in the registry's own transaction. A tag appears with the last one. */
#include "connect/import_impl.h"

#include "base/clock.h"
#include "base/json.h"
#include "store/event.h"

#include <stdlib.h>
#include <string.h>

bool import_is_temporary(const struct err *e)
{
	return e->code == ERR_IO || e->code == ERR_TIMEOUT || e->code == ERR_NOMEM ||
	       e->code == ERR_DAMAGED;
}

/* Who asked, as he is now. */
struct user_job {
	struct import_run *run;
	const struct principal *user;
};

static int user_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct user_job *j = arg;
	return access_user_now(tx, j->run->row.user_id, &j->run->arena, &j->user, e);
}

static int check_user(struct import_run *run, struct err *e)
{
	struct user_job j = {.run = run};
	if (run->row.user_id == 0)
		return 0;
	if (db_run(run->m->o.db, DB_READ, user_tx, &j, e) < 0)
		return e->code == ERR_DENIED
			   ? err_set(e, ERR_DENIED, "the user \"%.*s\" was removed",
				     BYTES_ARG(run->row.actor))
			   : -(int)e->code;
	const char *scope =
	    arena_printf(&run->arena, "/registries/%.*s", BYTES_ARG(registry_name(run->target)));
	if (!scope)
		return err_nomem(e);
	run->user = j.user;
	if (access_allows(run->user, ACTION_IMPORT, bytes_of(scope)))
		return 0;
	return err_set(e, ERR_DENIED, "\"%.*s\" may not import into %s any more",
		       BYTES_ARG(run->row.actor), scope);
}

/* The next secret of the text: u32 length, bytes; NULL = empty. */
static char *take_secret(struct bytes *rest)
{
	if (rest->len < 4)
		return NULL;
	size_t n = (size_t)rest->ptr[0] | (size_t)rest->ptr[1] << 8 | (size_t)rest->ptr[2] << 16 |
		   (size_t)rest->ptr[3] << 24;
	*rest = bytes_from(*rest, 4);
	if (n == 0 || n > rest->len)
		return NULL;
	char *text = strndup((const char *)rest->ptr, n);
	*rest = bytes_from(*rest, n);
	return text;
}

static int open_secrets(struct import_run *run, struct err *e)
{
	struct buf out;
	const struct store_import *i = &run->row;
	if (i->authorities.len) {
		run->authorities = strndup((const char *)i->authorities.ptr, i->authorities.len);
		if (!run->authorities)
			return err_nomem(e);
	}
	if (!i->sealed.len)
		return 0;
	buf_init(&out, i->sealed.len);
	int r = access_unseal(run->m->o.access, i->host, i->sealed, &out, e);
	if (r == 0) {
		struct bytes rest = buf_bytes(&out);
		run->username = take_secret(&rest);
		run->password = take_secret(&rest);
		run->token = take_secret(&rest);
		secret_wipe(out.ptr, out.cap);
		if (!run->token && !(run->username && run->password))
			r = err_nomem(e);
	} else {
		err_ctx(e, "the source's credentials");
	}
	buf_free(&out);
	return r;
}

int import_client(const struct import_run *run, struct client *ret, struct ref *ref, struct err *e)
{
	const struct importer_options *o = &run->m->o;
	*ret = (struct client){0};
	*ref = (struct ref){.registry = run->row.host, .repository = run->row.source_repository};
	const struct credentials given = {.username = run->username, .password = run->password};
	const struct client_options how = {.credentials = &given,
					   .bearer = run->token,
					   .given_only = true,
					   .insecure = run->row.options & STORE_IMPORT_INSECURE,
					   .reach = o->reach,
					   .authorities = run->authorities,
					   .stop = &run->stop};
	int r = client_open(ret, ref, &how, e);
	ret->o.credentials = NULL; /* copied */
	return r;
}

struct store_import_progress import_progress_of(const struct import_run *run)
{
	return (struct store_import_progress){
	    .manifests_done = run->manifests_done,
	    .manifests_total = run->manifests_total,
	    .blobs_done = run->blobs_done,
	    .blobs_total = run->blobs_total,
	    .bytes_done = run->bytes_done,
	    .bytes_total = run->bytes_total,
	    .bytes_fetched = run->bytes_fetched,
	};
}

static int keep_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct import_run *run = arg;
	struct store_import row = run->row;
	row.progress = import_progress_of(run);
	return store_import_renew(tx, &row, clock_wall_ms(), e);
}

int import_keep(struct import_run *run, struct err *e)
{
	int r = db_run(run->m->o.db, DB_WRITE_SOON, keep_tx, run, e);
	if (r == 0) {
		run->lost = true;
		run->stop = true;
		return err_set(e, ERR_CANCELLED, "interrupted");
	}
	return r < 0 ? r : 0;
}

/* Begin again with the blobs: some that were there are gone. */
static int undo_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct import_run *run = arg;
	int r = 0;
	for (size_t i = 0; r == 0 && i < run->parts.blob_count; i++) {
		run->parts.blobs[i].done = false;
		r = store_import_blob_set(tx, run->row.id, i, &run->parts.blobs[i], e);
	}
	return r;
}

static int put_one(struct import_run *run, size_t at, const struct bytes *tags, size_t tag_count,
		   struct err *e)
{
	const struct store_import_manifest *m = &run->parts.manifests[at];
	struct registry_put_result result;
	struct digest d;
	struct arena a;
	if (digest_parse(m->digest, &d, e) < 0)
		return -(int)e->code;
	const struct registry_put p = {.repository = run->row.repository,
				       .content_type = m->media_type,
				       .content = m->content,
				       .digest = &d,
				       .tags = tags,
				       .tag_count = tag_count,
				       .by = &run->actor,
				       .event = EVENT_IMPORTED,
				       .keep_tags = !(run->row.options & STORE_IMPORT_FORCE)};
	arena_init(&a, 1U << 20);
	int r = registry_manifest_put(run->target, &p, &a, &result, e);
	arena_free(&a);
	if (r < 0 && result.blob_unknown) {
		struct err ignored = ERR_INIT;
		(void)db_run(run->m->o.db, DB_WRITE_SOON, undo_tx, run, &ignored);
		return err_set(e, ERR_IO, "a blob was removed meanwhile: it is fetched again");
	}
	return r < 0 ? err_ctx(e, "manifest %.*s", BYTES_ARG(m->digest)) : 0;
}

static int put_all(struct import_run *run, struct err *e)
{
	struct bytes tags[REGISTRY_TAGS_MAX], rest = run->row.tags;
	size_t tag_count = 0;
	while (rest.len && tag_count < REGISTRY_TAGS_MAX)
		tags[tag_count++] = bytes_cut(&rest, ' ');
	int r = 0;
	for (size_t i = run->parts.manifest_count; r == 0 && i-- > 0;) {
		if (atomic_load(&run->stop))
			return err_set(e, ERR_CANCELLED, "interrupted");
		r = put_one(run, i, tags, i == 0 ? tag_count : 0, e);
		run->manifests_done += r == 0;
	}
	return r;
}

int import_run(struct import_run *run, struct err *e)
{
	int r = check_user(run, e);
	if (r == 0)
		r = open_secrets(run, e);
	if (r == 0)
		r = import_plan(run, e);
	if (r == 0)
		r = import_blobs(run, e);
	if (r == 0)
		r = import_keep(run, e);
	return r < 0 ? r : put_all(run, e);
}
