/* Pulls are noted in memory and written, each with its event, within a second: a pull neither waits
 * for the disk nor makes it busy. */
#include "registry/registry_impl.h"

#include "access/access.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "store/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pulls_note_free(struct pull_note *n)
{
	free(n->repository);
	free(n->tag);
	free(n->actor);
	free(n->peer);
	free(n->media_type);
	*n = (struct pull_note){.repository = NULL};
}

struct pulls_job {
	const struct pull_note *notes;
	unsigned count;
};

static enum audit_action action_of(struct bytes type)
{
	return bytes_eq_lit(type, EVENT_PULLED)	    ? AUDIT_IMAGE_PULLED
	       : bytes_eq_lit(type, EVENT_DELETED)  ? AUDIT_IMAGE_DELETED
	       : bytes_eq_lit(type, EVENT_IMPORTED) ? AUDIT_IMAGE_IMPORTED
						    : AUDIT_IMAGE_PUSHED;
}

int registry_traffic(const struct store_registry *t, const struct registry *g,
		     const struct event *ev, const struct access_actor *by, uint64_t count,
		     struct err *e)
{
	struct buf subject, detail;
	struct json_out w;
	buf_init(&subject, 4096);
	buf_init(&detail, 4096);
	/* As a client writes it; what says no registry is of the first. */
	if (!registry_is_default(g))
		buf_printf(&subject, "%s/", g->name);
	buf_printf(&subject, "%.*s%s%.*s", BYTES_ARG(ev->repository), ev->digest.len ? "@" : "",
		   BYTES_ARG(ev->digest));
	json_out_init(&w, &detail, false);
	json_put_object(&w, NULL);
	json_put_string_nonempty(&w, "tag", ev->tag);
	if (count > 1)
		json_put_u64(&w, "count", count);
	json_put_end(&w, '}');
	int r = buf_ok(&subject) && buf_ok(&detail)
		    ? access_traffic(t->tx, by, action_of(ev->type), buf_bytes(&subject),
				     buf_bytes(&detail), g->s->o.traffic_max, e)
		    : err_set(e, ERR_NOMEM, "no memory for who did it");
	buf_free(&subject);
	buf_free(&detail);
	return r;
}

static int write_pull(const struct store_registry *t, const struct registry *g,
		      const struct pull_note *n, struct err *e)
{
	struct buf detail;
	const struct access_actor by = {.name = bytes_of(n->actor), .peer = bytes_of(n->peer)};
	int64_t id = store_repository_find(t, bytes_of(n->repository), e);
	int r = id <= 0 ? (int)id : store_manifest_exists(t, id, bytes_of(n->digest), e);
	if (r <= 0)
		return r; /* deleted meanwhile */
	buf_init(&detail, 64);
	buf_printf(&detail, "{\"count\":%llu}", (unsigned long long)n->count);
	struct event ev = {.registry_id = t->registry,
			   .type = BYTES_LIT(EVENT_PULLED),
			   .registry = bytes_of(g->name),
			   .repository_id = id,
			   .repository = bytes_of(n->repository),
			   .digest = bytes_of(n->digest),
			   .tag = bytes_of(n->tag),
			   .media_type = bytes_of(n->media_type),
			   .size = n->size,
			   .actor = by.name,
			   .detail = buf_bytes(&detail),
			   .at = n->at};
	r = n->counts ? store_manifest_pulled(t, id, bytes_of(n->digest), n->at, e) : 0;
	if (r >= 0 && n->counts)
		r = event_append(t->tx, &ev, e);
	const struct registry_image pulled = {.repository_id = id,
					      .repository = ev.repository,
					      .digest = ev.digest,
					      .media_type = ev.media_type,
					      .at = n->at,
					      .actor = by.name,
					      .count = n->count};
	if (r >= 0 && n->counts && g->s->has_watch)
		r = g->s->watch.pulled(t->tx, g->s->watch.arg, &pulled, e);
	if (r >= 0)
		r = registry_traffic(t, g, &ev, &by, n->count, e);
	buf_free(&detail);
	return r;
}

static int write_pulls(struct db_tx *tx, void *arg, struct err *e)
{
	struct pulls_job *j = arg;
	int r = 0;
	for (unsigned i = 0; r >= 0 && i < j->count; i++) {
		struct store_registry t = registry_rows(j->notes[i].g, tx);
		r = write_pull(&t, j->notes[i].g, &j->notes[i], e);
	}
	return r;
}

int registry_flush_pulls(struct registry *g, struct err *e)
{
	pthread_mutex_lock(&g->s->pull_lock);
	unsigned count = g->s->pull_count;
	struct pull_note *notes = count ? malloc(count * sizeof *notes) : NULL;
	if (notes) {
		memcpy(notes, g->s->pulls, count * sizeof *notes);
		g->s->pull_count = 0;
	}
	pthread_mutex_unlock(&g->s->pull_lock);
	if (!notes)
		return count ? err_set(e, ERR_NOMEM, "pulls: no memory") : 0;
	struct pulls_job j = {.notes = notes, .count = count};
	int r = db_run(g->s->db, DB_WRITE_SOON, write_pulls, &j, e);
	for (unsigned i = 0; i < count; i++) {
		const struct pull_note *n = &notes[i];
		if (r >= 0)
			log_line(LOG_INFO, "pulled %s%s%s%s%s@%s by \"%s\" from %s, %llu times",
				 registry_is_default(n->g) ? "" : n->g->name,
				 registry_is_default(n->g) ? "" : "/", n->repository,
				 *n->tag ? ":" : "", n->tag, n->digest, n->actor, n->peer,
				 (unsigned long long)n->count);
		pulls_note_free(&notes[i]);
	}
	free(notes);
	return r < 0 ? r : 0;
}

static char *copy(struct bytes b)
{
	return strndup(b.len ? (const char *)b.ptr : "", b.len);
}

/* Under pull_lock: false when there is no space. */
static bool note(struct registry *g, struct bytes repository, const struct store_manifest *m,
		 struct bytes tag, const struct access_actor *by, bool counts)
{
	for (unsigned i = 0; i < g->s->pull_count; i++) {
		struct pull_note *n = &g->s->pulls[i];
		if (n->g == g && bytes_eq(bytes_of(n->digest), m->digest) &&
		    bytes_eq(bytes_of(n->repository), repository) &&
		    bytes_eq(bytes_of(n->tag), tag) && n->counts == counts &&
		    bytes_eq(bytes_of(n->actor), by->name) &&
		    bytes_eq(bytes_of(n->peer), by->peer)) {
			n->count++;
			n->at = clock_wall_ms();
			return true;
		}
	}
	if (g->s->pull_count == PULLS_MAX || m->digest.len >= DIGEST_TEXT_CAP)
		return false;
	struct pull_note n = {.g = g,
			      .repository = copy(repository),
			      .tag = copy(tag),
			      .actor = copy(by->name),
			      .peer = copy(by->peer),
			      .counts = counts,
			      .media_type = copy(m->media_type),
			      .size = m->size,
			      .count = 1,
			      .at = clock_wall_ms()};
	if (!n.repository || !n.tag || !n.actor || !n.peer || !n.media_type) {
		pulls_note_free(&n);
		return true; /* out of memory: the pull is not worth failing the reply for */
	}
	memcpy(n.digest, m->digest.ptr, m->digest.len);
	g->s->pulls[g->s->pull_count++] = n;
	return true;
}

void registry_manifest_pulled(struct registry *g, struct bytes repository,
			      const struct store_manifest *m, struct bytes tag,
			      const struct access_actor *by, bool counts)
{
	static const struct access_actor nobody = {.name = {.len = 0}};
	struct err ignored = ERR_INIT;
	for (int i = 0; i < 2; i++) {
		pthread_mutex_lock(&g->s->pull_lock);
		bool done = note(g, repository, m, tag, by ? by : &nobody, counts);
		pthread_mutex_unlock(&g->s->pull_lock);
		if (done)
			return;
		(void)registry_flush_pulls(g, &ignored);
	}
}
