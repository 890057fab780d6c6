/* Which package of the distribution a file belongs to. From the top layer down, the first that
 * states an owner. A statement of a lower layer does not count any more when a layer above removed
 * the package's file list (dpkg) or replaced the whole database (apk, rpm). */
#include "inventory/marks.h"
#include "inventory/merge.h"

#include <stdlib.h>

static const struct layer_owner *owner_in(const struct lay *l, uint64_t hash)
{
	size_t low = 0, high = l->owned_count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (l->owned[mid].path_hash < hash)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == l->owned_count || l->owned[low].path_hash != hash)
		return NULL;
	return &l->owners[l->owned[low].pkg];
}

/* Does the layer remove or replace the file list that states the owner? */
static bool removes_list(const struct lay *l, struct bytes list, uint64_t *steps)
{
	return l->marks_full || (list.len > 0 && marks_hide(l->marks, list, steps));
}

static struct bytes owner_find(const struct lay *layers, size_t layer_count, struct bytes path,
			       uint64_t *steps)
{
	while (path.len > 0 && path.ptr[0] == '/')
		path = bytes_from(path, 1);
	uint64_t hash = bytes_hash(path, 0);
	for (size_t i = layer_count; i-- > 0;) {
		const struct layer_owner *owner = owner_in(&layers[i], hash);
		bool removed = false;
		*steps += 20;
		for (size_t above = i + 1; owner && !removed && above < layer_count; above++)
			removed = removes_list(&layers[above], owner->list, steps);
		if (owner && !removed)
			return owner->name;
		if (layers[i].restates)
			break;
	}
	return BYTES_NONE;
}

static int name_cmp(const void *a, const void *b)
{
	return bytes_cmp(*(const struct bytes *)a, *(const struct bytes *)b);
}

int owner_init(struct merge *m, struct err *e)
{
	const struct inv_image *im = &m->image;
	m->own_names =
	    arena_alloc(m->a, im->package_count ? im->package_count : 1, sizeof *m->own_names);
	if (!m->own_names)
		return merge_no_memory(e);
	for (size_t i = 0; i < im->package_count; i++) {
		const struct pkg *p = &im->packages[i].pkg;
		if (p->third_party)
			continue;
		m->own_names[m->own_name_count++] = p->name;
		m->owns_opt = m->owns_opt || bytes_eq_lit(p->type, "rpm");
	}
	qsort(m->own_names, m->own_name_count, sizeof *m->own_names, name_cmp);
	steps_add(&m->steps, im->package_count * 16);
	return 0;
}

/* Is the name an owner's ("bash", "libc6:amd64") that the image's databases state to be installed,
 * as the distribution's? */
static bool is_installed(struct merge *m, struct bytes owner)
{
	struct bytes name = bytes_part(owner, 0, bytes_find(owner, ':'));
	steps_add(&m->steps, 16);
	return bsearch(&name, m->own_names, m->own_name_count, sizeof name, name_cmp) != NULL;
}

/* By a list of the file's own layer or of one above: what came later is not the package's. */
static bool is_owned_by_path(struct merge *m, size_t layer, struct bytes path)
{
	struct bytes owner =
	    owner_find(m->layers + layer, m->layer_count - layer, path, &m->steps.spent);
	return owner.len > 0 && is_installed(m, owner);
}

/* Folders that belong to the image's maker and its users: the Filesystem Hierarchy Standard lets no
 * distribution's package write there, so such a list is wrong. */
static bool is_local(struct bytes path)
{
	static const char *const folders[] = {"app/", "home/",	    "root/",	    "srv/",
					      "tmp/", "usr/local/", "usr/src/app/", "workspace/"};
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		if (bytes_has_prefix_lit(path, folders[i]))
			return true;
	return false;
}

/* What became a link to its like below usr: databases written before name files by the old path. */
static bool was_moved(struct bytes path)
{
	static const char *const folders[] = {"bin/",	"lib/",	   "lib32/",
					      "lib64/", "libx32/", "sbin/"};
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		if (bytes_has_prefix_lit(path, folders[i]))
			return true;
	return false;
}

bool owner_is_own(struct merge *m, size_t layer, struct bytes path)
{
	struct bytes old = bytes_has_prefix_lit(path, "usr/") ? bytes_from(path, 4) : BYTES_NONE;
	/* For add-on software (FHS 3.13, Debian Policy 9.1.1). Software collections of rpm's
	 * distributions are there, and rpm records whose packages they are; dpkg and apk do not,
	 * and their distributions put nothing there. */
	if (is_local(path) || (!m->owns_opt && bytes_has_prefix_lit(path, "opt/")))
		return false;
	return is_owned_by_path(m, layer, path) ||
	       (was_moved(old) && is_owned_by_path(m, layer, old));
}

struct bytes inv_owner(const struct lay *layers, size_t layer_count, struct bytes path)
{
	uint64_t steps = 0;
	return owner_find(layers, layer_count, path, &steps);
}
