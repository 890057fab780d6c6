#include "vdb/writer.h"

#include "base/io.h"
#include "vdb/format.h"

#include <stdlib.h>

#define ARENA_BUDGET (SIZE_MAX / 4) /* the files given to a build are the limit */

struct vdb_writer *vdb_writer_open(struct err *e)
{
	struct vdb_writer *w = calloc(1, sizeof *w);
	if (!w) {
		(void)err_set(e, ERR_NOMEM, "database writer: no memory");
		return NULL;
	}
	intern_init(&w->strings);
	arena_init(&w->arena, ARENA_BUDGET);
	uint32_t zero;
	if (intern_add(&w->strings, BYTES_NONE, &zero, e) < 0) {
		vdb_writer_close(w);
		return NULL;
	}
	return w;
}

void vdb_writer_close(struct vdb_writer *w)
{
	if (!w)
		return;
	intern_free(&w->strings);
	arena_free(&w->arena);
	free(w->recs);
	free(w->exploits);
	free(w->sources);
	free(w);
}

/* Space for one more row in *rows. */
static int room(void **rows, size_t count, size_t *cap, size_t size, struct err *e)
{
	if (count < *cap)
		return 0;
	size_t want = *cap ? *cap * 2 : 64;
	void *p = want <= SIZE_MAX / size ? realloc(*rows, want * size) : NULL;
	if (!p)
		return err_set(e, ERR_NOMEM, "database writer: no memory");
	*rows = p;
	*cap = want;
	return 0;
}

struct rec *vdb_writer_record(struct vdb_writer *w, struct err *e)
{
	void *rows = w->recs;
	int r = room(&rows, w->rec_count, &w->rec_cap, sizeof *w->recs, e);
	w->recs = rows;
	return r < 0 ? NULL : &w->recs[w->rec_count];
}

static void newer(struct vdb_writer *w, int64_t ms)
{
	if (ms > w->newest_ms)
		w->newest_ms = ms;
}

int vdb_writer_add(struct vdb_writer *w, const struct adv *a, struct err *e)
{
	if (a->id.len == 0)
		return err_set(e, ERR_FORMAT, "advisory without an id");
	struct rec *rec = vdb_writer_record(w, e);
	int r = rec ? rec_from_adv(&w->strings, &w->arena, a, rec, e) : -(int)e->code;
	if (r < 0)
		return r;
	w->rec_count++;
	newer(w, a->modified_ms);
	return 0;
}

static uint32_t epss_units(double v)
{
	return v >= 0 && v <= 1 ? (uint32_t)(v * VDB_EPSS_UNIT + 0.5) : VDB_EPSS_UNKNOWN;
}

int vdb_writer_add_exploit(struct vdb_writer *w, const struct adv_exploit *x, struct err *e)
{
	if (x->cve.len == 0)
		return err_set(e, ERR_FORMAT, "exploit fact without a CVE");
	void *rows = w->exploits;
	int r = room(&rows, w->exploit_count, &w->exploit_cap, sizeof *w->exploits, e);
	w->exploits = rows;
	struct rec_exploit n = {.epss = epss_units(x->epss),
				.percentile = epss_units(x->epss_percentile),
				.added_ms = x->kev_added_ms,
				.kev = x->kev,
				.ransomware = x->ransomware,
				.kev_lists = (uint8_t)x->kev_lists};
	if (adv_kev_due_is_whole(x)) {
		n.due_ms = x->kev_due_ms;
		n.due_list = (uint8_t)x->kev_due_list;
	}
	if (r < 0 || (r = intern_add(&w->strings, x->cve, &n.cve, e)) < 0 ||
	    (r = intern_add(&w->strings, x->kev_action, &n.action, e)) < 0 ||
	    (r = intern_add(&w->strings, x->kev_name, &n.name, e)) < 0)
		return r;
	w->exploits[w->exploit_count++] = n;
	newer(w, x->kev_added_ms);
	return 0;
}

int vdb_writer_add_source(struct vdb_writer *w, struct bytes feed, struct bytes source,
			  int64_t fetched_ms, uint64_t records, uint64_t notes, struct err *e)
{
	void *rows = w->sources;
	int r = room(&rows, w->source_count, &w->source_cap, sizeof *w->sources, e);
	w->sources = rows;
	struct rec_source n = {.fetched_ms = fetched_ms, .records = records, .notes = notes};
	if (r < 0 || (r = intern_add(&w->strings, feed, &n.feed, e)) < 0 ||
	    (r = intern_add(&w->strings, source, &n.source, e)) < 0)
		return r;
	w->sources[w->source_count++] = n;
	newer(w, fetched_ms);
	return 0;
}

int vdb_writer_finish(struct vdb_writer *w, const char *path, struct err *e)
{
	struct buf out;
	buf_init(&out, SIZE_MAX / 4);
	int r = vdb_layout(w, &out, e);
	if (r == 0)
		r = io_replace_file(path, buf_bytes(&out), 0644, e);
	else
		r = err_ctx(e, "%s", path);
	buf_free(&out);
	return r;
}
