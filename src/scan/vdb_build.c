#include "scan/vdb_build.h"

#include "scan/feed_files.h"
#include "vdb/sign.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes for one advisory taken apart; the message itself is at most 16 MiB. */
#define RECORD_BUDGET (64U << 20)

struct build {
	struct pool *pool;
	struct vdb_writer *w;
	const struct vdb_build_hooks *hooks;
	const struct vdb_build_input *in; /* being read */
	struct vdb_build_stats stats;	  /* of all */
	struct vdb_build_stats of_input;
	int64_t newest_ms;
	bool folder;
};

static int on_advisory(struct build *b, struct bytes body, struct err *e)
{
	struct arena a;
	struct adv adv;
	arena_init(&a, RECORD_BUDGET);
	int r = adv_take(body, &a, &adv, e);
	if (r == 0) {
		/* Whose record it is, is ours to say and not the worker's. */
		adv.feed = bytes_of(b->in->feed);
		r = vdb_writer_add(b->w, &adv, e);
		b->of_input.advisories += adv.withdrawn_ms == 0;
	}
	arena_free(&a);
	return r;
}

static int on_record(void *arg, enum task_record type, struct bytes body, struct err *e)
{
	struct build *b = arg;
	if (type == TASK_ADVISORY)
		return on_advisory(b, body, e);
	struct adv_exploit x;
	if (type != TASK_EXPLOIT)
		return err_set(e, ERR_CHILD, "the worker sent a record that was not asked for");
	int r = adv_exploit_take(body, &x, e);
	if (r == 0)
		r = vdb_writer_add_exploit(b->w, &x, e);
	b->of_input.exploits++;
	return r;
}

static int on_note(void *arg, struct bytes where, struct bytes text, struct err *e)
{
	struct build *b = arg;
	(void)e;
	b->of_input.notes++;
	if (b->hooks && b->hooks->note)
		b->hooks->note(b->hooks->arg, b->in->feed, where, text);
	return 0;
}

static int on_file(void *arg, int fd, const char *path, int64_t mtime_ms, struct err *e)
{
	struct build *b = arg;
	struct pool_reader reader = {.arg = b, .record = on_record, .note = on_note};
	struct pool_task t = {.kind = TASK_READ_FEED,
			      .fd = fd,
			      .out_fd = -1,
			      .len = UINT64_MAX,
			      .name = bytes_of(b->in->feed),
			      .path = bytes_of(path)};
	int r = pool_run(b->pool, &t, &reader, e);
	/* A folder may hold other files beside the feed's. */
	if (r < 0 && b->folder && e->code == ERR_NOT_FOUND)
		return on_note(b, bytes_of(path), BYTES_LIT("nothing of this feed in it"), e);
	if (r < 0) /* the worker names it where the trouble was in a document */
		return strncmp(e->msg, path, strlen(path)) == 0 ? r : err_ctx(e, "%s", path);
	b->of_input.documents++;
	if (mtime_ms > b->newest_ms)
		b->newest_ms = mtime_ms;
	if (b->hooks && b->hooks->read)
		b->hooks->read(b->hooks->arg, b->in->feed, path, &b->of_input);
	return 0;
}

static int read_input(struct build *b, const struct vdb_build_input *in, struct err *e)
{
	b->in = in;
	b->of_input = (struct vdb_build_stats){.documents = 0};
	b->newest_ms = 0;
	struct stat st;
	b->folder = stat(in->path, &st) == 0 && S_ISDIR(st.st_mode);
	int r = feed_files_each(in->path, on_file, b, e);
	const struct vdb_build_stats *s = &b->of_input;
	if (r == 0 && s->documents == 0)
		r = err_set(e, ERR_NOT_FOUND, "%s: nothing of this feed in it", in->path);
	if (r == 0)
		r = vdb_writer_add_source(b->w, bytes_of(in->feed), bytes_of(in->path),
					  b->newest_ms, s->advisories + s->exploits, s->notes, e);
	b->stats.advisories += s->advisories;
	b->stats.exploits += s->exploits;
	b->stats.notes += s->notes;
	b->stats.documents += s->documents;
	return r < 0 ? err_ctx(e, "%s", in->feed) : 0;
}

/* It is of the file that was replaced. */
static void drop_signature(const char *out)
{
	char path[4200];
	int n = snprintf(path, sizeof path, "%s" VDB_SIGNATURE_ENDING, out);
	if (n > 0 && (size_t)n < sizeof path)
		(void)unlink(path);
}

int scan_vdb_build(struct pool *pool, const struct vdb_build_input *in, size_t count,
		   const char *out, const struct vdb_build_hooks *hooks,
		   struct vdb_build_stats *ret_stats, struct err *e)
{
	struct err local = ERR_INIT;
	struct err *err = e ? e : &local;
	struct build b = {.pool = pool, .hooks = hooks, .w = vdb_writer_open(err)};
	int r = b.w ? 0 : -(int)err->code;
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = read_input(&b, &in[i], err);
		if (r < 0 && hooks && hooks->failed)
			*hooks->failed = i;
	}
	if (r == 0)
		r = vdb_writer_finish(b.w, out, err);
	if (r == 0)
		drop_signature(out);
	vdb_writer_close(b.w);
	if (r == 0 && ret_stats)
		*ret_stats = b.stats;
	return r;
}
