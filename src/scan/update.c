/* Beside each copy NAME lie: NAME.state with three lines (URL, ETag, Last-Modified) of the copy;
 * while a download is under way NAME.part and the same three lines for it in NAME.part.state, so
 * that the next attempt asks for the rest when the server still has the same entity (If-Range); and
 * NAME.new from before the copy is replaced until a database was built of it, so that a crash
 * between the two does not leave the old database in place, and as long NAME.good, the copy that a
 * database was built of last. */
#include "scan/update.h"
#include "scan/update_index.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/own.h"
#include "connect/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FEED_MAX (UINT64_C(1) << 30) /* bytes of one feed: the largest is some 200 MB */
#define FEED_SEC (2U * 3600)	     /* one download: the next one asks for the rest */
#define RATE_MIN 1024U /* bytes a second, over a minute: one trickle would hold up all feeds */
#define STATE_MAX 4096
#define UNREACHED_MAX 2U /* files of one site, one after the other, before the rest is left out */

/* A file name for a source: the feed, a hash of the URL, and the URL's last part, which keeps its
 * ending. */
static char *file_name(const struct update_source *s, const char *dir, struct arena *a)
{
	struct bytes url = bytes_of(s->url);
	struct bytes leaf = bytes_from(url, bytes_find_last(url, '/') + 1);
	char clean[64];
	size_t n = 0;
	for (size_t i = 0; i < leaf.len && n < sizeof clean - 1; i++) {
		uint8_t c = leaf.ptr[i];
		clean[n++] = byte_is_alnum(c) || c == '.' || c == '-' || c == '_' ? (char)c : '_';
	}
	clean[n] = '\0';
	/* What an index names is packed; how, its first bytes say. */
	return arena_printf(a, "%s/%s-%016llx-%s%s", dir, s->feed,
			    (unsigned long long)bytes_hash(url, 0), clean,
			    update_is_index(s->url) ? ".gz" : "");
}

struct state {
	char etag[256], last_modified[64];
};

/* path is the copy's or the part's. */
static void state_read(const char *path, const char *url, struct state *ret)
{
	char name[4200];
	struct buf text;
	struct err e = ERR_INIT;
	*ret = (struct state){0};
	buf_init(&text, STATE_MAX);
	(void)snprintf(name, sizeof name, "%s.state", path);
	if (io_read_file(name, &text, &e) == 0) {
		struct bytes rest = buf_bytes(&text);
		if (bytes_eq_lit(bytes_cut(&rest, '\n'), url)) {
			struct bytes etag = bytes_cut(&rest, '\n'), when = bytes_cut(&rest, '\n');
			(void)snprintf(ret->etag, sizeof ret->etag, "%.*s", BYTES_ARG(etag));
			(void)snprintf(ret->last_modified, sizeof ret->last_modified, "%.*s",
				       BYTES_ARG(when));
		}
	}
	buf_free(&text);
}

static int state_write(const char *path, const char *url, const struct fetch_reply *reply,
		       struct err *e)
{
	char name[4200];
	struct buf text;
	buf_init(&text, STATE_MAX);
	(void)snprintf(name, sizeof name, "%s.state", path);
	buf_printf(&text, "%s\n%s\n%s\n", url, reply->etag, reply->last_modified);
	int r = io_replace_file(name, buf_bytes(&text), 0600, e);
	buf_free(&text);
	return r;
}

static void name_of(const struct update_file *f, const char *ending, char out[4200])
{
	(void)snprintf(out, 4200, "%s.%s", f->path, ending);
}

static int mark_new(const struct update_file *f, struct err *e)
{
	char name[4200];
	name_of(f, "new", name);
	return io_replace_file(name, BYTES_NONE, 0600, e);
}

static bool is_unbuilt(const struct update_file *f)
{
	char name[4200];
	name_of(f, "new", name);
	return access(name, F_OK) == 0;
}

static void remove_beside(const struct update_file *f, const char *ending)
{
	char name[4200];
	name_of(f, ending, name);
	(void)unlink(name);
}

void update_built(const struct update_file *files, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		remove_beside(&files[i], "new");
		remove_beside(&files[i], "good");
	}
}

/* Before the copy is replaced: if a database was built of it, it stays under another name. */
static int keep_good(const struct update_file *f, struct err *e)
{
	char good[4200];
	if (is_unbuilt(f))
		return 0;
	name_of(f, "good", good);
	(void)unlink(good);
	return link(f->path, good) < 0 && errno != ENOENT ? err_sys(e, "%s", good) : 0;
}

static void part_remove(const char *part)
{
	char name[4300];
	(void)snprintf(name, sizeof name, "%s.state", part);
	(void)unlink(part);
	(void)unlink(name);
}

/* The finished download becomes the copy. */
static int publish(const char *part, const struct update_file *f, int fd,
		   const struct fetch_reply *reply, struct err *e)
{
	if (fsync(fd) < 0)
		return err_sys(e, "%s: sync", part);
	if (keep_good(f, e) < 0 || mark_new(f, e) < 0)
		return -(int)e->code;
	if (rename(part, f->path) < 0)
		return err_sys(e, "%s: rename", f->path);
	part_remove(part);
	return state_write(f->path, f->from, reply, e);
}

static int64_t mtime_ms(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 ? (int64_t)st.st_mtim.tv_sec * 1000 : 0;
}

bool update_put_back(struct update_file *f, const struct err *why)
{
	char good[4200];
	if (!is_unbuilt(f))
		return false;
	name_of(f, "good", good);
	bool is_there = rename(good, f->path) == 0;
	if (!is_there)
		(void)unlink(f->path);
	remove_beside(f, "state");
	remove_beside(f, "new");
	f->outcome = is_there ? UPDATE_STALE : UPDATE_MISSING;
	f->fetched_ms = is_there ? mtime_ms(f->path) : 0;
	f->unbuilt = false;
	f->unreadable = true;
	(void)snprintf(f->why, sizeof f->why, "it cannot be read: %.480s", why->msg);
	return true;
}

/* What is asked of the server: the rest of a part, a newer copy, or all of it. */
struct question {
	char condition[320], since[128];
	const char *headers[3];
	uint64_t resume_from;
};

static int ask(struct question *q, const struct update_file *f, const char *part, int fd,
	       struct err *e)
{
	struct state copy, begun;
	size_t n = 0;
	off_t have = lseek(fd, 0, SEEK_END);
	*q = (struct question){.resume_from = 0};
	state_read(f->path, f->from, &copy);
	state_read(part, f->from, &begun);
	if (have > 0 && begun.etag[0]) {
		(void)snprintf(q->condition, sizeof q->condition, "If-Range: %s", begun.etag);
		q->headers[n++] = q->condition;
		q->resume_from = (uint64_t)have;
		return 0;
	}
	if (ftruncate(fd, 0) < 0)
		return err_sys(e, "%s", part);
	if (mtime_ms(f->path) == 0)
		return 0;
	if (copy.etag[0]) {
		(void)snprintf(q->condition, sizeof q->condition, "If-None-Match: %s", copy.etag);
		q->headers[n++] = q->condition;
	}
	if (copy.last_modified[0]) {
		(void)snprintf(q->since, sizeof q->since, "If-Modified-Since: %s",
			       copy.last_modified);
		q->headers[n++] = q->since;
	}
	return 0;
}

static int take_reply(struct update_file *f, const char *part, int fd,
		      const struct fetch_reply *reply, struct err *e)
{
	if (reply->status == 304) {
		f->outcome = UPDATE_SAME;
		(void)utimensat(AT_FDCWD, f->path, NULL, 0);
		part_remove(part);
		return 0;
	}
	f->outcome = UPDATE_NEW;
	int r = reply->status == 200 || reply->status == 206
		    ? publish(part, f, fd, reply, e)
		    : err_set(e, ERR_IO, "%s: the server answered %ld", f->from, reply->status);
	if (r < 0)
		part_remove(part);
	return r;
}

static int fetch_one(struct update_file *f, const struct update_place *place, struct arena *a,
		     struct err *e)
{
	struct fetch_origin led_by = {.is_public = false};
	char part[4200];
	struct question q;
	struct fetch_reply reply;
	if (update_index_follow(f->url, place, a, &f->from, &led_by, e) < 0)
		return -(int)e->code;
	name_of(f, "part", part);
	OWN_FD int fd = open(part, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "%s", part);
	if (ask(&q, f, part, fd, e) < 0)
		return -(int)e->code;
	struct fetch request = {.url = f->from,
				.headers = q.headers,
				.max = FEED_MAX,
				.out_fd = fd,
				.is_configured = true,
				.redirects = place->allow,
				.led_by = &led_by,
				.rate_min = RATE_MIN,
				.total_sec = FEED_SEC,
				.resume_from = q.resume_from,
				.stop = place->stop};
	int r = fetch_run(&request, &reply, e);
	f->unreached = r < 0 && !reply.answered;
	if (r == 0) {
		r = take_reply(f, part, fd, &reply, e);
	} else if (reply.length && reply.etag[0]) {
		struct err ignored = ERR_INIT;
		(void)state_write(part, f->from, &reply,
				  &ignored); /* so that the rest can be asked for */
	} else if (reply.length) {
		part_remove(part); /* without a name of the entity its rest cannot be asked for */
	}
	fetch_reply_free(&reply);
	return r;
}

/* Scheme, host and port of a URL. */
static struct bytes site_of(const char *url)
{
	struct bytes b = bytes_of(url), rest = b;
	(void)bytes_cut(&rest, '/');
	(void)bytes_cut(&rest, '/');
	(void)bytes_cut(&rest, '/');
	return bytes_part(b, 0, b.len - rest.len);
}

/* The last of a site's files asked for were not answered: without a network each of a hundred
 * sources would wait for its time limit. */
static bool is_silent(const struct update_file *files, size_t i)
{
	struct bytes site = site_of(files[i].url);
	unsigned n = 0;
	while (i-- > 0 && n < UNREACHED_MAX) {
		if (!bytes_eq(site_of(files[i].url), site))
			continue;
		if (!files[i].unreached)
			return false;
		n++;
	}
	return n == UNREACHED_MAX;
}

int update_fetch(const struct update_source *sources, size_t count,
		 const struct update_place *place, struct arena *a, struct update_file **ret,
		 struct err *e)
{
	struct update_file *files = arena_alloc(a, count, sizeof *files);
	if (!files)
		return err_set(e, ERR_NOMEM, "no memory for %zu feeds", count);
	if (io_mkdirs(place->dir, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < count; i++) {
		struct err why = ERR_INIT;
		struct update_file *f = &files[i];
		*f = (struct update_file){.feed = sources[i].feed,
					  .url = sources[i].url,
					  .path = file_name(&sources[i], place->dir, a)};
		if (!f->path)
			return err_set(e, ERR_NOMEM, "no memory");
		f->unreached = is_silent(files, i);
		int r = f->unreached ? err_set(&why, ERR_IO,
					       "%s: not asked: its server did not "
					       "answer twice",
					       f->url)
				     : fetch_one(f, place, a, &why);
		if (place->stop && atomic_load(place->stop))
			return err_set(e, ERR_CANCELLED, "the feeds were not fetched to the end");
		f->fetched_ms = mtime_ms(f->path);
		f->unbuilt = is_unbuilt(f);
		if (r < 0) {
			f->outcome = f->fetched_ms ? UPDATE_STALE : UPDATE_MISSING;
			(void)snprintf(f->why, sizeof f->why, "%s", why.msg);
		}
	}
	*ret = files;
	return 0;
}
