/* inv_owner: from the top layer down, the first that states an owner. A statement of a lower layer
 * does not count any more when a layer above removed the package's file list (dpkg) or replaced the
 * whole database (apk, rpm). */
#include "inventory/image.h"

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

/* Does the layer remove the file list of owner, or the folder of all file lists? */
static bool removes_list(const struct lay *l, struct bytes owner)
{
	const struct bytes info = BYTES_LIT("var/lib/dpkg/info/");
	for (size_t i = 0; i < l->entry_count; i++) {
		const struct lay_entry *ent = &l->entries[i];
		if (ent->kind != LAY_WHITEOUT && ent->kind != LAY_OPAQUE)
			continue;
		if (bytes_has_prefix(info, ent->path) &&
		    (ent->path.len == 0 || info.ptr[ent->path.len] == '/'))
			return true;
		struct bytes name = bytes_from(ent->path, info.len);
		if (ent->kind == LAY_WHITEOUT && bytes_has_prefix(ent->path, info) &&
		    bytes_has_prefix(name, owner) && name.len > owner.len &&
		    name.ptr[owner.len] == '.')
			return true;
	}
	return false;
}

/* A database that states files itself, at its place and not empty: nothing below it counts. */
static bool restates_all(const struct lay *l)
{
	for (size_t i = 0; i < l->entry_count; i++) {
		const struct lay_entry *ent = &l->entries[i];
		if (ent->kind != LAY_FILE || ent->pkg_count == 0 || ent->keep != 0 ||
		    ent->merge != ECO_REPLACE)
			continue;
		const struct bytes type = l->pkgs[ent->pkg_first].type;
		if (bytes_eq_lit(type, "apk") || bytes_eq_lit(type, "rpm"))
			return true;
	}
	return false;
}

struct bytes inv_owner(const struct lay *layers, size_t layer_count, struct bytes path)
{
	while (path.len > 0 && path.ptr[0] == '/')
		path = bytes_from(path, 1);
	uint64_t hash = bytes_hash(path, 0);
	for (size_t i = layer_count; i-- > 0;) {
		struct bytes owner = owner_in(&layers[i], hash);
		bool removed = false;
		for (size_t above = i + 1; owner.len > 0 && above < layer_count; above++)
			removed = removed || removes_list(&layers[above], owner);
		if (owner.len > 0 && !removed)
			return owner;
		if (restates_all(&layers[i]))
			break;
	}
	return BYTES_NONE;
}
