/* unpack: two naive unpackers of small layers, written apart from what they are compared with: a
 * tree of nodes that is changed member by member, as engines change a folder.
 *   UNPACK_SPEC    one folder for all layers, links followed (umoci; podman with vfs)
 *   UNPACK_VFS     the same, but a whiteout takes away what its own layer has, too (containerd's
 *                  native snapshotter, Docker with vfs)
 *   UNPACK_OVERLAY each layer in a folder of its own, then laid over one another (overlay2)
 * A member that an engine cannot unpack refuses the image. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum unpack_model { UNPACK_SPEC, UNPACK_VFS, UNPACK_OVERLAY, UNPACK_MODELS };
enum unpack_kind { UN_DIR, UN_FILE, UN_LINK, UN_DEVICE, UN_HARD, UN_GONE, UN_OPAQUE };

#define UN_PATH_MAX 64
#define UN_CHILD_MAX 24
#define UN_POOL 4096

struct un_member {
	enum unpack_kind kind;
	char path[UN_PATH_MAX];
	char target[UN_PATH_MAX]; /* of links */
	int content;		  /* of files */
};

struct un_node {
	enum unpack_kind kind;
	char name[16];
	char target[UN_PATH_MAX];
	int content, layer;
	bool opaque;
	struct un_node *parent, *child[UN_CHILD_MAX];
	int count;
};

struct unpack {
	struct un_node *pool;
	int used;
	bool refused;
};

static struct un_node *un_new(struct unpack *u, struct un_node *parent, const char *name,
			      enum unpack_kind kind, int layer)
{
	if (u->used == UN_POOL || (parent && parent->count == UN_CHILD_MAX)) {
		u->refused = true;
		return NULL;
	}
	struct un_node *n = &u->pool[u->used++];
	memset(n, 0, sizeof *n);
	n->kind = kind;
	n->layer = layer;
	n->parent = parent ? parent : n;
	strncpy(n->name, name, sizeof n->name - 1);
	if (parent)
		parent->child[parent->count++] = n;
	return n;
}

static struct un_node *un_child(const struct un_node *dir, const char *name)
{
	for (int i = 0; i < dir->count; i++) {
		if (strcmp(dir->child[i]->name, name) == 0)
			return dir->child[i];
	}
	return NULL;
}

static void un_remove(struct un_node *n)
{
	struct un_node *dir = n->parent;
	for (int i = 0; i < dir->count; i++) {
		if (dir->child[i] == n) {
			dir->child[i] = dir->child[--dir->count];
			return;
		}
	}
}

/* Walk to path from dir. make: folders that are missing are made (of layer). last: the last part is
 * followed, too. NULL: there is nothing, or it cannot be reached. */
static struct un_node *un_walk(struct unpack *u, struct un_node *root, struct un_node *dir,
			       const char *path, bool make, bool last, int layer, int depth)
{
	if (depth > 40)
		return NULL;
	if (path[0] == '/')
		dir = root;
	while (dir && *path) {
		char name[16] = "";
		size_t n = strcspn(path, "/");
		if (n >= sizeof name)
			return NULL;
		memcpy(name, path, n);
		path += n;
		path += strspn(path, "/");
		if (n == 0 || strcmp(name, ".") == 0)
			continue;
		if (dir->kind != UN_DIR)
			return NULL;
		if (strcmp(name, "..") == 0) {
			dir = dir->parent;
			continue;
		}
		struct un_node *next = un_child(dir, name);
		if (!next && make)
			next = un_new(u, dir, name, UN_DIR, layer);
		if (next && next->kind == UN_LINK && (*path || last))
			next = un_walk(u, root, dir, next->target, make, true, layer, depth + 1);
		dir = next;
	}
	return dir;
}

static struct un_node *un_find(struct unpack *u, struct un_node *root, const char *path)
{
	return un_walk(u, root, root, path, false, true, 0, 0);
}

/* The folder that path lies in, and its last part. */
static struct un_node *un_folder(struct unpack *u, struct un_node *root, const char *path,
				 char name[16], bool make, int layer)
{
	char dir[UN_PATH_MAX] = "";
	const char *slash = strrchr(path, '/');
	if (slash)
		memcpy(dir, path, (size_t)(slash - path));
	strncpy(name, slash ? slash + 1 : path, 15);
	name[15] = 0;
	return un_walk(u, root, root, dir, make, true, layer, 0);
}

/* All of older layers goes; a folder stays while something of its own layer is in it. */
static void un_remove_older(struct un_node *n, int layer, bool itself)
{
	for (int i = n->count; i-- > 0;)
		un_remove_older(n->child[i], layer, true);
	if (itself && n->layer < layer && n->count == 0)
		un_remove(n);
}

static void un_hide(struct unpack *u, struct un_node *root, const struct un_member *m, int layer,
		    enum unpack_model model)
{
	char name[16];
	if (m->kind == UN_OPAQUE) {
		struct un_node *dir =
		    un_walk(u, root, root, m->path, model == UNPACK_OVERLAY, true, layer, 0);
		if (!dir || dir->kind != UN_DIR)
			u->refused = u->refused || model == UNPACK_OVERLAY || dir;
		else if (model == UNPACK_OVERLAY)
			dir->opaque = true;
		else
			un_remove_older(dir, layer, false);
		return;
	}
	struct un_node *dir = un_folder(u, root, m->path, name, model == UNPACK_OVERLAY, layer);
	struct un_node *n = dir && dir->kind == UN_DIR ? un_child(dir, name) : NULL;
	if (model == UNPACK_OVERLAY) {
		if (!dir || dir->kind != UN_DIR || (n && n->kind != UN_GONE))
			u->refused = true;
		else if (!n)
			(void)un_new(u, dir, name, UN_GONE, layer);
	} else if (n && model == UNPACK_VFS) {
		un_remove(n);
	} else if (n) {
		un_remove_older(n, layer, true);
	}
}

static void un_put(struct unpack *u, struct un_node *root, const struct un_member *m, int layer)
{
	char name[16], from_name[16];
	struct un_node *dir = un_folder(u, root, m->path, name, true, layer);
	if (!dir || dir->kind != UN_DIR) {
		u->refused = true;
		return;
	}
	struct un_node *old = un_child(dir, name);
	if (old && old->kind == UN_DIR && m->kind == UN_DIR) {
		old->layer = layer;
		return;
	}
	if (old)
		un_remove(old);
	enum unpack_kind kind = m->kind;
	int content = m->content;
	const char *target = m->target;
	if (m->kind == UN_HARD) {
		struct un_node *from = un_folder(u, root, m->target, from_name, false, layer);
		from = from && from->kind == UN_DIR ? un_child(from, from_name) : NULL;
		if (!from || from->kind == UN_DIR || from->kind == UN_GONE) {
			u->refused = true;
			return;
		}
		kind = from->kind;
		content = from->content;
		target = from->target;
	}
	struct un_node *n = un_new(u, dir, name, kind, layer);
	if (n) {
		n->content = content;
		memmove(n->target, target, sizeof n->target);
	}
}

static void un_lay(struct unpack *u, struct un_node *lower, const struct un_node *upper)
{
	for (int i = 0; i < upper->count; i++) {
		const struct un_node *c = upper->child[i];
		struct un_node *old = un_child(lower, c->name);
		bool merges = old && old->kind == UN_DIR && c->kind == UN_DIR && !c->opaque;
		if (old && !merges) {
			un_remove(old);
			old = NULL;
		}
		if (c->kind == UN_GONE)
			continue;
		if (!old)
			old = un_new(u, lower, c->name, c->kind, 0);
		if (!old)
			return;
		old->content = c->content;
		memcpy(old->target, c->target, sizeof old->target);
		un_lay(u, old, c);
	}
}

/* The root folder that an engine of this kind makes of the layers. NULL: it refuses them. */
static struct un_node *unpack(struct unpack *u, enum unpack_model model,
			      const struct un_member *const *layers, const size_t *counts,
			      size_t layer_count)
{
	u->used = 0;
	u->refused = false;
	struct un_node *root = un_new(u, NULL, "", UN_DIR, 0);
	for (size_t i = 0; i < layer_count && !u->refused; i++) {
		struct un_node *at =
		    model == UNPACK_OVERLAY ? un_new(u, NULL, "", UN_DIR, 0) : root;
		for (size_t k = 0; at && k < counts[i] && !u->refused; k++) {
			const struct un_member *m = &layers[i][k];
			if (m->kind == UN_GONE || m->kind == UN_OPAQUE)
				un_hide(u, at, m, (int)i + 1, model);
			else
				un_put(u, at, m, (int)i + 1);
		}
		if (at && at != root && !u->refused) {
			if (at->opaque)
				root->count = 0;
			un_lay(u, root, at);
		}
	}
	return u->refused ? NULL : root;
}
