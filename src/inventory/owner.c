/* inv_owner: from the top layer down, the first that states an owner. A statement of a lower layer
 * does not count any more when a layer above removed the package's file list (dpkg) or replaced the
 * whole database (apk, rpm). */
#include "inventory/marks.h"
#include "inventory/merge.h"

#include <stdio.h>

static struct bytes owner_in(const struct lay *l, uint64_t hash)
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
		return BYTES_NONE;
	return l->names[l->owned[low].pkg];
}

/* Does the layer remove or replace the file list of owner, or the folder of all file lists? */
static bool removes_list(const struct lay *l, struct bytes owner, uint64_t *steps)
{
	static const char *const ends[] = {".list", ".md5sums"};
	uint8_t path[LIMIT_PATH_MAX];
	if (l->marks_full)
		return true;
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		int n = snprintf((char *)path, sizeof path, "var/lib/dpkg/info/%.*s%s",
				 BYTES_ARG(owner), ends[i]);
		struct bytes list = {.ptr = path, .len = n > 0 ? (size_t)n : 0};
		if (list.len < sizeof path && marks_hide(l->marks, list, steps))
			return true;
	}
	return false;
}

struct bytes owner_find(const struct lay *layers, size_t layer_count, struct bytes path,
			uint64_t *steps)
{
	while (path.len > 0 && path.ptr[0] == '/')
		path = bytes_from(path, 1);
	uint64_t hash = bytes_hash(path, 0);
	for (size_t i = layer_count; i-- > 0;) {
		struct bytes owner = owner_in(&layers[i], hash);
		bool removed = false;
		*steps += 20;
		for (size_t above = i + 1; owner.len > 0 && !removed && above < layer_count;
		     above++)
			removed = removes_list(&layers[above], owner, steps);
		if (owner.len > 0 && !removed)
			return owner;
		if (layers[i].restates)
			break;
	}
	return BYTES_NONE;
}

struct bytes inv_owner(const struct lay *layers, size_t layer_count, struct bytes path)
{
	uint64_t steps = 0;
	return owner_find(layers, layer_count, path, &steps);
}
