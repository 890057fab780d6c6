/* Pulls are noted in memory and written, each with its event, within a second: a pull neither waits for the disk nor makes it busy. */
#include "registry/registry_impl.h"

#include "base/clock.h"
#include "store/event.h"

#include <stdlib.h>
#include <string.h>

void pulls_note_free(struct pull_note *n)
{
	free(n->repository);
	free(n->tag);
	free(n->actor);
	free(n->media_type);
	*n = (struct pull_note){.repository = NULL};
}

struct pulls_job {
	struct registry *g;
	const struct pull_note *notes;
	unsigned count;
};

static int write_pull(const struct rgs *t, const struct registry *g, const struct pull_note *n,
		      struct err *e)
{
	struct buf detail;
	int64_t id = rgs_repository_find(t, bytes_of(n->repository), e);
	int r = id <= 0 ? (int)id : rgs_manifest_exists(t, id, bytes_of(n->digest), e);
	if (r <= 0)
		return r; /* deleted meanwhile */
	r = rgs_manifest_pulled(t, id, bytes_of(n->digest), n->at, e);
	if (r < 0)
		return r;
	buf_init(&detail, 64);
	buf_printf(&detail, "{\"count\":%llu}", (unsigned long long)n->count);
	struct event ev = {.tenant_id = t->tenant,
			   .type = BYTES_LIT(EVENT_PULLED),
			   .registry = bytes_of(g->o.name),
			   .repository = bytes_of(n->repository),
			   .digest = bytes_of(n->digest),
			   .tag = bytes_of(n->tag),
			   .media_type = bytes_of(n->media_type),
			   .size = n->size,
			   .actor = bytes_of(n->actor),
			   .detail = buf_bytes(&detail),
			   .at = n->at};
	r = event_append(t->tx, &ev, e);
	buf_free(&detail);
	return r;
}

static int write_pulls(struct db_tx *tx, void *arg, struct err *e)
{
	struct pulls_job *j = arg;
	struct rgs t = registry_rgs(j->g, tx);
	int r = 0;
	for (unsigned i = 0; r >= 0 && i < j->count; i++)
		r = write_pull(&t, j->g, &j->notes[i], e);
	return r;
}

int registry_flush_pulls(struct registry *g, struct err *e)
{
	pthread_mutex_lock(&g->pull_lock);
	unsigned count = g->pull_count;
	struct pull_note *notes = count ? malloc(count * sizeof *notes) : NULL;
	if (notes) {
		memcpy(notes, g->pulls, count * sizeof *notes);
		g->pull_count = 0;
	}
	pthread_mutex_unlock(&g->pull_lock);
	if (!notes)
		return count ? err_set(e, ERR_NOMEM, "pulls: no memory") : 0;
	struct pulls_job j = {.g = g, .notes = notes, .count = count};
	int r = db_run(g->db, DB_WRITE_SOON, write_pulls, &j, e);
	for (unsigned i = 0; i < count; i++)
		pulls_note_free(&notes[i]);
	free(notes);
	return r < 0 ? r : 0;
}

static char *copy(struct bytes b)
{
	return strndup(b.len ? (const char *)b.ptr : "", b.len);
}

/* Under pull_lock: false when there is no room. */
static bool note(struct registry *g, struct bytes repository, const struct rgs_manifest *m,
		 struct bytes tag, struct bytes actor)
{
	for (unsigned i = 0; i < g->pull_count; i++) {
		struct pull_note *n = &g->pulls[i];
		if (bytes_eq(bytes_of(n->digest), m->digest) &&
		    bytes_eq(bytes_of(n->repository), repository) &&
		    bytes_eq(bytes_of(n->tag), tag)) {
			n->count++;
			n->at = clock_wall_ms();
			return true;
		}
	}
	if (g->pull_count == PULLS_MAX || m->digest.len >= DIGEST_TEXT_CAP)
		return false;
	struct pull_note n = {.repository = copy(repository),
			      .tag = copy(tag),
			      .actor = copy(actor),
			      .media_type = copy(m->media_type),
			      .size = m->size,
			      .count = 1,
			      .at = clock_wall_ms()};
	if (!n.repository || !n.tag || !n.actor || !n.media_type) {
		pulls_note_free(&n);
		return true; /* out of memory: the pull is not worth failing the reply for */
	}
	memcpy(n.digest, m->digest.ptr, m->digest.len);
	g->pulls[g->pull_count++] = n;
	return true;
}

void registry_manifest_pulled(struct registry *g, struct bytes repository,
			      const struct rgs_manifest *m, struct bytes tag, struct bytes actor)
{
	struct err ignored = ERR_INIT;
	for (int i = 0; i < 2; i++) {
		pthread_mutex_lock(&g->pull_lock);
		bool done = note(g, repository, m, tag, actor);
		pthread_mutex_unlock(&g->pull_lock);
		if (done)
			return;
		(void)registry_flush_pulls(g, &ignored);
	}
}
