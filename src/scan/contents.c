/* Of a config its environment, its labels and the commands of its history are looked at. All of
 * them are in the config, which everybody who pulls the image gets; its place is the layer that was
 * the newest then. */
#include "scan/contents.h"

#include "inspect/search.h"
#include "pkg/support.h"

#include <stdio.h>

struct run {
	struct inv_image *image;
	struct arena *a;
	const char *place; /* "config: environment variable NAME" */
	uint32_t layer;
	size_t max;
};

static int put(struct run *run, enum inspect_kind kind, struct bytes detail, struct err *e)
{
	struct inv_image *image = run->image;
	if (image->content_count == run->max)
		return 1;
	struct inv_package *p = &image->contents[image->content_count];
	p->layer = run->layer;
	int r = inspect_package(kind, detail, bytes_of(run->place), run->a, &p->pkg, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < image->content_count; i++)
		if (pkg_cmp(&image->contents[i].pkg, &p->pkg) == 0)
			return 0;
	image->content_count++;
	return 0;
}

static int on_found(void *arg, enum inspect_kind kind, uint32_t line, struct bytes detail,
		    struct err *e)
{
	(void)line;
	return put(arg, kind, detail, e);
}

/* Variables belong together: an access key's id and its secret are two. */
static int environment(struct run *run, const struct inspect_search *s, const struct oci_config *c,
		       struct err *e)
{
	const struct inspect_sink sink = {.arg = run, .found = on_found};
	struct buf all;
	int r = 0;
	buf_init(&all, LIMIT_CONFIG_MAX * 2);
	for (size_t i = 0; i < c->env_count; i++) {
		buf_put(&all, c->env[i]);
		buf_put_u8(&all, '\n');
	}
	run->place = "config: environment";
	size_t before = run->image->content_count;
	if (!buf_ok(&all))
		r = err_set(e, ERR_NOMEM, "content checks: out of memory");
	else
		r = inspect_search_text(s, buf_bytes(&all), &sink, e);
	buf_free(&all);
	bool has_token = run->image->content_count > before;
	for (size_t i = 0; r >= 0 && !has_token && i < c->env_count; i++) {
		struct bytes name = bytes_part(c->env[i], 0, bytes_find(c->env[i], '='));
		char detail[INSPECT_DETAIL_MAX];
		if (!inspect_is_password_variable(c->env[i]))
			continue;
		int n =
		    snprintf(detail, sizeof detail, "%zu characters", c->env[i].len - name.len - 1);
		run->place = arena_printf(run->a, "config: environment variable %.*s",
					  BYTES_ARG(bytes_part(name, 0, 200)));
		if (!run->place || n < 0)
			return err_set(e, ERR_NOMEM, "content checks: out of memory");
		r = put(run, INSPECT_ENVIRONMENT, bytes_of(detail), e);
	}
	return r;
}

static int text(struct run *run, const struct inspect_search *s, const char *place, size_t number,
		struct bytes line, struct err *e)
{
	const struct inspect_sink sink = {.arg = run, .found = on_found};
	run->place = arena_printf(run->a, "config: %s %zu", place, number);
	if (!run->place)
		return err_set(e, ERR_NOMEM, "content checks: out of memory");
	return inspect_search_text(s, line, &sink, e);
}

static int config(struct run *run, const struct inspect_search *s, const struct oci_config *c,
		  struct err *e)
{
	int r = environment(run, s, c, e);
	for (size_t i = 0; r >= 0 && i < c->label_count; i++)
		r = text(run, s, "label", i + 1, c->labels[i], e);
	uint32_t layer = 0, last = run->layer;
	for (size_t i = 0; r >= 0 && i < c->history_count; i++) {
		run->layer = layer < last ? layer : last;
		r = text(run, s, "history line", i + 1, c->history[i].created_by, e);
		layer += !c->history[i].empty_layer;
	}
	return r;
}

static bool is_on(const struct pkg *p, unsigned groups)
{
	enum inspect_kind kind = inspect_find(p->name);
	return kind != INSPECT_KIND_COUNT && (groups & 1U << inspect_table[kind].group);
}

/* Whom processes run as, and the release. Both are of the image as a whole. */
static int facts(struct run *run, const struct oci_config *c, int64_t now_ms, struct err *e)
{
	const struct inv_image *image = run->image;
	const struct pkg_distro *d = &image->distro;
	struct bytes rest = c->user, user = bytes_cut(&rest, ':');
	struct support s;
	int r = 0;
	run->place = "config: user";
	if (!user.len || bytes_eq_lit(user, "0") || bytes_eq_lit(user, "root"))
		r = put(run, INSPECT_ROOT, user.len ? user : BYTES_LIT("no user is named"), e);
	run->place = "distribution";
	run->layer = 0;
	if (r >= 0 && now_ms && image->has_distro &&
	    support_find(d->id, d->version_id, d->name, d->support_end, now_ms, &s) &&
	    s.state == SUPPORT_ENDED) {
		char *release =
		    arena_printf(run->a, "%.*s %.*s", BYTES_ARG(bytes_part(d->id, 0, 40)),
				 BYTES_ARG(bytes_part(d->version_id, 0, 40)));
		r = release ? put(run, INSPECT_END_OF_LIFE, bytes_of(release), e)
			    : err_set(e, ERR_NOMEM, "content checks: out of memory");
	}
	return r;
}

int contents_settle(struct inv_image *image, const struct oci_config *c, unsigned groups,
		    int64_t now_ms, struct arena *a, struct err *e)
{
	size_t kept = 0;
	struct run run = {
	    .image = image, .a = a, .max = image->content_count + LIMIT_CONTENT_FOUND_MAX};
	struct inv_package *all = arena_alloc(a, run.max, sizeof *all);
	if (!all)
		return err_set(e, ERR_NOMEM, "content checks: out of memory");
	for (size_t i = 0; i < image->content_count; i++)
		all[kept++] = image->contents[i];
	image->contents = all;
	run.layer = c->diff_id_count ? (uint32_t)c->diff_id_count - 1 : 0;
	int r = 0;
	if (c->diff_id_count) {
		struct inspect_search *s = inspect_search_open(e);
		r = s ? config(&run, s, c, e) : -ERR_NOMEM;
		inspect_search_close(s);
		run.layer = (uint32_t)c->diff_id_count - 1;
		r = r < 0 ? r : facts(&run, c, now_ms, e);
	}
	kept = 0;
	for (size_t i = 0; i < image->content_count; i++)
		if (is_on(&all[i].pkg, groups))
			all[kept++] = all[i];
	image->content_count = kept;
	return r < 0 ? r : 0;
}
