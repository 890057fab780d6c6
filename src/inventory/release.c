/* Which distribution the image's packages are of. */
#include "inventory/merge.h"
#include "inventory/stream.h"

/* What the files of one row say of the release, and what of it counts. */
static int refine_release(struct merge *m, uint32_t node, struct err *e)
{
	struct pkg_distro *d = &m->image.distro;
	struct bytes release = merge_node(m, node)->entry->distro.version_id;
	if (release.len == 0 || bytes_eq(d->version_id, release) ||
	    stream_is_of_release(d->version_id, release))
		return 0;
	char *text = arena_printf(m->a,
				  "packages come from release %.*s, not from %.*s: its advisories "
				  "are used",
				  BYTES_ARG(release), BYTES_ARG(d->version_id));
	if (!text)
		return merge_no_memory(e);
	d->version_id = release;
	return note_at(m, node, bytes_of(text), false, e);
}

static int refine_streams(struct merge *m, uint32_t node, struct err *e)
{
	int r =
	    stream_add_all(&m->image.distro, merge_node(m, node)->entry->distro.streams, m->a, e);
	if (r == 0 || r == -ERR_NOMEM)
		return r;
	return note_at(m, node,
		       BYTES_LIT("not all product streams are used: too many, or not well named"),
		       false, e);
}

static int refine_by(struct merge *m, uint32_t node, struct err *e)
{
	struct bytes text = BYTES_NONE;
	int r = stream_add_branches(&m->image.distro, &merge_node(m, node)->entry->distro, m->a,
				    &text, e);
	if (r < 0 || text.len)
		return r < 0 ? r : note_at(m, node, text, false, e);
	r = refine_release(m, node, e);
	return r < 0 ? r : refine_streams(m, node, e);
}

/* If a row's files are more specific about the packages' origin, they decide, which is noted. */
static int refine_distro(struct merge *m, struct err *e)
{
	struct pkg_distro *d = &m->image.distro;
	int r = 0;
	for (size_t i = 0; r == 0 && i < eco_count; i++) {
		const struct view *v = &m->views[i];
		if (!eco_table[i].refines || !bytes_eq_lit(d->id, eco_table[i].refines))
			continue;
		if (v->distro != TREE_NONE)
			r = refine_by(m, v->distro, e);
		for (size_t k = 0; r == 0 && k < v->node_count; k++)
			if (merge_node(m, v->nodes[k])->entry->has_distro &&
			    v->nodes[k] != v->distro)
				r = refine_by(m, v->nodes[k], e);
	}
	if (r == 0)
		r = stream_finish(d, m->a, e);
	if (r < 0 || d->streams.len == 0 || bytes_eq_lit(d->id, "alpine"))
		return r;
	char *text = arena_printf(
	    m->a, "packages come from the product streams %.*s: their advisories are used",
	    BYTES_ARG(d->streams));
	return text ? note_add(m, -1, BYTES_NONE, bytes_of(text), e) : merge_no_memory(e);
}

int release_find(struct merge *m, struct err *e)
{
	for (size_t i = 0; i < eco_count && !m->image.has_distro; i++) {
		uint32_t node = m->views[i].distro;
		const struct layer_entry *ent =
		    node == TREE_NONE ? NULL : merge_node(m, node)->entry;
		if (!ent || (eco_table[i].refines && ent->distro.version_id.len == 0))
			continue;
		m->image.has_distro = true;
		m->image.distro = ent->distro;
	}
	return refine_distro(m, e);
}
