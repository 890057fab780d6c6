/* What content checks found in the layers, as an image has it. Accounts are those of the file that
 * the image shows. A secret counts in any layer: what a later layer removes can be pulled all the
 * same. A file of the distribution's packages is everybody's, whatever is in it. */
#include "inventory/marks.h"
#include "inventory/merge.h"

#include <stdlib.h>

/* Did a layer above remove or replace what layer has at path? */
static bool is_hidden(struct merge *m, size_t layer, struct bytes path)
{
	bool hidden = false;
	for (size_t above = layer + 1; !hidden && above < m->layer_count; above++)
		hidden = marks_hide(m->layers[above].marks, path, &m->steps.spent);
	return hidden;
}

static int add(struct merge *m, const struct layer_content *c, size_t layer, bool hidden,
	       struct err *e)
{
	struct inv_image *im = &m->image;
	char *path = c->line ? arena_printf(m->a, "%.*s:%u", BYTES_ARG(c->path), c->line)
			     : arena_cstr(m->a, c->path);
	char *detail = arena_printf(m->a, "%.*s%s", BYTES_ARG(c->detail),
				    hidden ? ", removed by a later layer" : "");
	if (!path || !detail)
		return merge_no_memory(e);
	struct inv_package *p = &im->contents[im->content_count++];
	p->layer = (uint32_t)layer;
	return inspect_package(c->kind, bytes_of(detail), bytes_of(path), m->a, &p->pkg, e);
}

static int take_layer(struct merge *m, size_t layer, size_t max, struct err *e)
{
	const struct lay *l = &m->layers[layer];
	for (size_t i = 0; i < l->content_count; i++) {
		const struct layer_content *c = &l->contents[i];
		enum inspect_group group = inspect_table[c->kind].group;
		bool is_secret = group == INSPECT_SECRETS;
		int r = steps_check(&m->steps, e);
		steps_add(&m->steps, m->layer_count);
		if (r < 0)
			return r;
		bool hidden = is_hidden(m, layer, c->path);
		if ((hidden && !is_secret) ||
		    (group != INSPECT_ACCOUNTS && owner_is_own(m, layer, c->path)))
			continue;
		if (m->image.content_count == max)
			return note_add(m, (int32_t)layer, BYTES_NONE,
					BYTES_LIT("content checks: more was found than is listed"),
					e);
		r = add(m, c, layer, hidden, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int by_package(const void *a, const void *b)
{
	const struct inv_package *x = a, *y = b;
	int r = pkg_cmp(&x->pkg, &y->pkg);
	return r ? r : (x->layer > y->layer) - (x->layer < y->layer);
}

int contents_find(struct merge *m, struct err *e)
{
	struct inv_image *im = &m->image;
	size_t count = 0, kept = 0;
	for (size_t i = 0; i < m->layer_count; i++)
		count += m->layers[i].content_count;
	count = count < LIMIT_CONTENT_FOUND_MAX ? count : LIMIT_CONTENT_FOUND_MAX;
	im->contents = arena_alloc(m->a, count ? count : 1, sizeof *im->contents);
	if (!im->contents)
		return merge_no_memory(e);
	for (size_t i = 0; i < m->layer_count && im->content_count <= count; i++) {
		int r = take_layer(m, i, count, e);
		if (r < 0)
			return r;
	}
	qsort(im->contents, im->content_count, sizeof *im->contents, by_package);
	for (size_t i = 0; i < im->content_count; i++)
		if (kept == 0 || pkg_cmp(&im->contents[kept - 1].pkg, &im->contents[i].pkg) != 0)
			im->contents[kept++] = im->contents[i];
	im->content_count = kept;
	return 0;
}

size_t inv_subject_count(const struct inv_image *image)
{
	return image->package_count + image->content_count;
}

const struct inv_package *inv_subject(const struct inv_image *image, size_t i)
{
	return i < image->package_count ? &image->packages[i]
					: &image->contents[i - image->package_count];
}
