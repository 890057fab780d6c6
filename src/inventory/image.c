/* inv_merge: lay the layers over one another (overlay.c) and look, after each, at what every
 * ecosystem's canonical locations show. What the last look shows are the image's packages; the
 * layer of a package is the one since which every look showed it. */
#include "inventory/image.h"
#include "inventory/overlay.h"
#include "inventory/stream.h"
#include "inventory/vendor.h"

#include <stdlib.h>
#include <string.h>

#define NOTE_COUNT_MAX 4000U

/* A package's identity as its database states it, and since when. */
struct seen {
	const struct pkg *pkg;
	uint32_t layer;
};

/* What the locations of one ecosystem show. */
struct view {
	const struct ovl_node **nodes; /* readable package files, in order */
	size_t node_count, node_cap;
	const struct lay_entry *
	    *last; /* the entries of the look before, to see whether anything changed */
	size_t last_count, last_cap;
	struct seen *seen; /* sorted by identity */
	size_t seen_count;
	bool found; /* a readable database, be it empty */
	const struct ovl_node *distro;
};

struct merge {
	const struct lay *layers;
	size_t layer_count;
	struct arena *a;
	struct ovl *overlay;
	struct view *views; /* one per ecosystem */
	struct inv_image image;
	size_t note_cap;
	bool partial;
};

static int spent(struct err *e)
{
	return err_set(e, ERR_NOMEM, "image inventory: out of memory");
}

/* Room for one more; *array keeps its content. */
static bool grow(void **array, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return true;
	size_t more = *cap ? *cap * 2 : 16;
	void *bigger = realloc(*array, more * size);
	if (!bigger)
		return false;
	*array = bigger;
	*cap = more;
	return true;
}

static int note_add(struct merge *m, int32_t layer, struct bytes path, struct bytes text,
		    struct err *e)
{
	if (m->image.note_count > NOTE_COUNT_MAX)
		return 0;
	if (m->image.note_count == NOTE_COUNT_MAX) {
		layer = -1;
		path = BYTES_NONE;
		text = BYTES_LIT("further notes are left out");
	}
	if (!grow((void **)&m->image.notes, m->image.note_count, &m->note_cap,
		  sizeof *m->image.notes))
		return spent(e);
	m->image.notes[m->image.note_count++] =
	    (struct inv_note){.layer = layer, .path = path, .text = text};
	return 0;
}

/* views */

static bool is_folder(const char *location)
{
	size_t n = strlen(location);
	return n > 0 && location[n - 1] == '/';
}

static int view_add(struct view *v, const struct ovl_node *n, struct err *e)
{
	for (size_t i = 0; i < v->node_count; i++) {
		if (v->nodes[i] == n)
			return 0;
	}
	if (!grow((void **)&v->nodes, v->node_count, &v->node_cap, sizeof(struct ovl_node *)))
		return spent(e);
	v->nodes[v->node_count++] = n;
	return 0;
}

static bool is_in_folder(struct bytes path, struct bytes folder)
{
	return path.len > folder.len + 1 && path.ptr[folder.len] == '/' &&
	       bytes_has_prefix(path, folder) &&
	       bytes_find(bytes_from(path, folder.len + 1), '/') == path.len - folder.len - 1;
}

/* The PART files in a folder. */
static int look_folder(struct merge *m, size_t eco, const char *location, struct err *e)
{
	uint8_t real[LIMIT_PATH_MAX];
	struct bytes folder = {.ptr = real};
	size_t node_count;
	struct view *v = &m->views[eco];
	const struct ovl_node *nodes = ovl_nodes(m->overlay, &node_count);
	if (!ovl_real_path(m->overlay, bytes_of(location), real, &folder.len))
		return 0;
	for (size_t i = 0; i < node_count; i++) {
		const struct lay_entry *ent = nodes[i].entry;
		if (nodes[i].gone || ent->kind != LAY_FILE || ent->eco != eco ||
		    ent->merge != ECO_PART || !is_in_folder(nodes[i].path, folder))
			continue;
		if (!grow((void **)&v->nodes, v->node_count, &v->node_cap,
			  sizeof(struct ovl_node *)))
			return spent(e);
		v->nodes[v->node_count++] = &nodes[i];
		v->found = v->found || ent->note.len == 0;
	}
	return 0;
}

/* Of the files that stand for the same thing the first location that states something is believed.
 */
static int look(struct merge *m, size_t eco, struct err *e)
{
	struct view *v = &m->views[eco];
	bool has_winner = false;
	v->node_count = 0;
	v->found = false;
	v->distro = NULL;
	for (const char *const *loc = eco_table[eco].locations; *loc; loc++) {
		if (is_folder(*loc)) {
			int r = look_folder(m, eco, *loc, e);
			if (r < 0)
				return r;
			continue;
		}
		const struct ovl_node *n = ovl_find(m->overlay, bytes_of(*loc));
		if (!n || n->entry->kind != LAY_FILE || n->entry->eco != eco)
			continue;
		v->found = v->found || n->entry->note.len == 0;
		if (n->entry->has_distro && !v->distro)
			v->distro = n;
		if (n->entry->pkg_count == 0 || has_winner)
			continue;
		has_winner = true;
		int r = view_add(v, n, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* identity */

static int identity_cmp(const struct pkg *a, const struct pkg *b)
{
	const struct bytes *fa[] = {&a->name,	     &a->version,	 &a->arch,  &a->type,
				    &a->source_name, &a->source_version, &a->module};
	const struct bytes *fb[] = {&b->name,	     &b->version,	 &b->arch,  &b->type,
				    &b->source_name, &b->source_version, &b->module};
	for (size_t i = 0; i < sizeof fa / sizeof fa[0]; i++) {
		int r = bytes_cmp(*fa[i], *fb[i]);
		if (r != 0)
			return r;
	}
	return 0;
}

static int seen_cmp(const void *a, const void *b)
{
	const struct seen *sa = a, *sb = b;
	int r = identity_cmp(sa->pkg, sb->pkg);
	return r != 0 ? r : bytes_cmp(sa->pkg->path, sb->pkg->path);
}

static bool view_changed(const struct view *v)
{
	if (v->node_count != v->last_count)
		return true;
	for (size_t i = 0; i < v->node_count; i++) {
		if (v->nodes[i]->entry != v->last[i])
			return true;
	}
	return false;
}

static int view_remember(struct view *v, struct err *e)
{
	v->last_count = 0;
	for (size_t i = 0; i < v->node_count; i++) {
		if (!grow((void **)&v->last, v->last_count, &v->last_cap, sizeof *v->last))
			return spent(e);
		v->last[v->last_count++] = v->nodes[i]->entry;
	}
	return 0;
}

/* Sorted, each identity once. */
static int view_list(const struct merge *m, const struct view *v, uint32_t layer, struct seen **ret,
		     size_t *ret_count, struct err *e)
{
	size_t count = 0, n = 0;
	for (size_t i = 0; i < v->node_count; i++)
		count += v->nodes[i]->entry->pkg_count;
	struct seen *list = calloc(count ? count : 1, sizeof *list);
	if (!list)
		return spent(e);
	for (size_t i = 0; i < v->node_count; i++) {
		const struct lay_entry *ent = v->nodes[i]->entry;
		const struct lay *l = &m->layers[v->nodes[i]->content_layer];
		for (uint32_t k = 0; k < ent->pkg_count; k++)
			list[n++] =
			    (struct seen){.pkg = &l->pkgs[ent->pkg_first + k], .layer = layer};
	}
	qsort(list, n, sizeof *list, seen_cmp);
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || identity_cmp(list[kept - 1].pkg, list[i].pkg) != 0)
			list[kept++] = list[i];
	}
	*ret = list;
	*ret_count = kept;
	return 0;
}

/* What was seen before as well keeps its layer. */
static int view_update(const struct merge *m, struct view *v, uint32_t layer, struct err *e)
{
	struct seen *now = NULL;
	size_t now_count = 0;
	if (!view_changed(v))
		return 0;
	int r = view_list(m, v, layer, &now, &now_count, e);
	if (r < 0)
		return r;
	for (size_t i = 0, k = 0; i < now_count && k < v->seen_count;) {
		int order = identity_cmp(now[i].pkg, v->seen[k].pkg);
		if (order == 0)
			now[i].layer = v->seen[k].layer;
		i += order <= 0;
		k += order >= 0;
	}
	free(v->seen);
	v->seen = now;
	v->seen_count = now_count;
	return view_remember(v, e);
}

static int look_all(struct merge *m, uint32_t layer, struct err *e)
{
	for (size_t i = 0; i < eco_count; i++) {
		int r = look(m, i, e);
		if (r == 0)
			r = view_update(m, &m->views[i], layer, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* the result */

static void mark_third_party(struct inv_image *im)
{
	const struct pkg_distro *d = im->has_distro ? &im->distro : NULL;
	bool vendors_stated = false;
	for (size_t i = 0; i < im->package_count && !vendors_stated; i++)
		vendors_stated = vendor_is_own(&im->packages[i].pkg, d);
	for (size_t i = 0; i < im->package_count; i++) {
		struct pkg *p = &im->packages[i].pkg;
		p->third_party = vendor_is_third_party(p, d, vendors_stated);
		im->third_party_count += p->third_party;
	}
}

/* CentOS Stream says ID=centos as the rebuild of RHEL did, and is none: only its name tells. */
static struct bytes distro_of_packages(const struct pkg_distro *d)
{
	bool stream = bytes_eq_lit(d->id, "centos") &&
		      bytes_find_bytes(d->name, BYTES_LIT("Stream")) < d->name.len;
	return stream ? BYTES_LIT("centos-stream") : d->id;
}

static int package_cmp(const void *a, const void *b)
{
	return pkg_cmp(&((const struct inv_package *)a)->pkg,
		       &((const struct inv_package *)b)->pkg);
}

static bool is_same_package(const struct pkg *a, const struct pkg *b)
{
	return bytes_eq(a->type, b->type) && bytes_eq(a->name, b->name) &&
	       bytes_eq(a->version, b->version) && bytes_eq(a->arch, b->arch);
}

static bool says_more(const struct pkg *p)
{
	return p->vendor.len > 0 || !bytes_eq(p->source_name, p->name) ||
	       !bytes_eq(p->source_version, p->version);
}

/* Two ecosystems may state the same package (a status file beside the manifest of what it was cut
 * from): it is one, as the one that says more has it. */
static void drop_repeated(struct inv_image *im)
{
	size_t kept = 0;
	qsort(im->packages, im->package_count, sizeof *im->packages, package_cmp);
	for (size_t i = 0; i < im->package_count; i++) {
		struct inv_package *last = kept ? &im->packages[kept - 1] : NULL,
				   *p = &im->packages[i];
		if (!last || !is_same_package(&last->pkg, &p->pkg) ||
		    bytes_eq(last->pkg.path, p->pkg.path) ||
		    (says_more(&last->pkg) && says_more(&p->pkg)))
			im->packages[kept++] = *p;
		else if (says_more(&p->pkg))
			*last = *p;
	}
	im->package_count = kept;
}

static int put_packages(struct merge *m, struct err *e)
{
	struct inv_image *im = &m->image;
	size_t count = 0;
	for (size_t i = 0; i < eco_count; i++)
		count += m->views[i].seen_count;
	struct bytes distro = BYTES_NONE;
	if (im->has_distro) {
		struct bytes version =
		    bytes_part(im->distro.version_id, 0, bytes_find(im->distro.version_id, ':'));
		char *text =
		    arena_printf(m->a, "%.*s:%.*s%s%.*s",
				 BYTES_ARG(distro_of_packages(&im->distro)), BYTES_ARG(version),
				 im->distro.streams.len ? ":" : "", BYTES_ARG(im->distro.streams));
		if (!text)
			return spent(e);
		distro = bytes_of(text);
	}
	im->packages = arena_alloc(m->a, count ? count : 1, sizeof *im->packages);
	if (!im->packages)
		return spent(e);
	for (size_t i = 0; i < eco_count; i++) {
		for (size_t k = 0; k < m->views[i].seen_count; k++) {
			const struct seen *s = &m->views[i].seen[k];
			struct inv_package *p = &im->packages[im->package_count++];
			p->pkg = *s->pkg;
			p->layer = s->layer;
			p->pkg.namespace = im->has_distro ? im->distro.id : BYTES_NONE;
			p->pkg.distro = distro;
		}
	}
	drop_repeated(im);
	mark_third_party(im);
	return 0;
}

/* Is this file one that the image's result rests on? */
static bool is_used(const struct merge *m, const struct ovl_node *n)
{
	const struct view *v = &m->views[n->entry->eco];
	if (v->distro == n)
		return true;
	for (size_t i = 0; i < v->node_count; i++) {
		if (v->nodes[i] == n)
			return true;
	}
	return false;
}

static bool is_at_location(const struct merge *m, const struct ovl_node *n)
{
	for (const char *const *loc = eco_table[n->entry->eco].locations; *loc; loc++) {
		if (!is_folder(*loc)) {
			if (ovl_find(m->overlay, bytes_of(*loc)) == n)
				return true;
			continue;
		}
		uint8_t real[LIMIT_PATH_MAX];
		struct bytes folder = {.ptr = real};
		if (ovl_real_path(m->overlay, bytes_of(*loc), real, &folder.len) &&
		    is_in_folder(n->path, folder))
			return true;
	}
	return false;
}

/* What must be said of a file that is visible in the image. */
static int note_node(struct merge *m, const struct ovl_node *n, struct err *e)
{
	const struct lay_entry *ent = n->entry;
	int32_t layer = (int32_t)n->layer;
	if (ent->kind == LAY_HARDLINK && ent->merge != ECO_OWNERSHIP) {
		m->partial = true;
		return note_add(m, layer, n->path,
				BYTES_LIT("hard link to a file that was not read"), e);
	}
	if (ent->kind != LAY_FILE || ent->merge == ECO_OWNERSHIP)
		return 0;
	bool states = ent->pkg_count > 0;
	if (ent->note.len == 0 && !states)
		return 0;
	bool at_location = is_at_location(m, n);
	if (ent->note.len > 0 && at_location) {
		m->partial = true;
		return note_add(m, layer, n->path, ent->note, e);
	}
	if (!states || is_used(m, n))
		return 0;
	return note_add(m, layer, n->path,
			at_location
			    ? BYTES_LIT("a second package database; another one is used")
			    : BYTES_LIT("package database outside the root file system's own "
					"place: not assessed"),
			e);
}

/* A note of a layer about a file counts while the file is visible and that layer's. */
static int note_layer(struct merge *m, size_t layer, struct err *e)
{
	const struct lay *l = &m->layers[layer];
	m->partial = m->partial || !l->complete;
	if (l->absent.len > 0) {
		m->image.absent = m->image.absent_count++ ? m->image.absent : l->absent;
		return note_add(m, (int32_t)layer, BYTES_NONE, l->absent, e);
	}
	bool said_why = false;
	for (size_t i = 0; i < l->note_count; i++) {
		const struct lay_note *note = &l->notes[i];
		if (note->path.len > 0) {
			const struct ovl_node *n = ovl_find(m->overlay, note->path);
			if (n && n->layer != layer)
				continue;
		}
		said_why = said_why || note->path.len == 0;
		int r = note_add(m, (int32_t)layer, note->path, note->text, e);
		if (r < 0)
			return r;
	}
	if (l->complete || said_why)
		return 0;
	return note_add(m, (int32_t)layer, BYTES_NONE,
			BYTES_LIT("the layer was not read to its end"), e);
}

/* The link in whose place a database would be: the file itself, or the folder it lies in. */
static const struct ovl_node *link_at(const struct merge *m, struct bytes location)
{
	bool folder = bytes_has_suffix_lit(location, "/");
	struct bytes path = bytes_part(location, 0, location.len - folder);
	const struct ovl_node *link = ovl_link(m->overlay, path);
	size_t slash = bytes_find_last(path, '/');
	if (!link && !folder && slash < path.len)
		link = ovl_link(m->overlay, bytes_part(path, 0, slash));
	return link;
}

/* Only files whose own name tells that they are wanted are read: a database of another name is not,
 * whatever link leads to it. */
static int note_links(struct merge *m, struct err *e)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < eco_count; i++) {
		const struct ovl_node *told = NULL;
		if (!eco_table[i].purl_type || m->views[i].found)
			continue;
		for (const char *const *loc = eco_table[i].locations; r == 0 && *loc; loc++) {
			const struct ovl_node *link = link_at(m, bytes_of(*loc));
			if (!link || link == told)
				continue;
			told = link;
			m->partial = true;
			char *text = arena_printf(
			    m->a, "%s are stated behind a link to %.*s, where nothing was read",
			    eco_table[i].name,
			    BYTES_ARG(bytes_part(link->entry->target, 0, 200)));
			r = text ? note_add(m, (int32_t)link->layer, link->path, bytes_of(text), e)
				 : spent(e);
		}
	}
	return r;
}

static int note_image(struct merge *m, bool found_database, struct err *e)
{
	const char *text = NULL;
	if (m->image.has_distro && !found_database)
		text = "no package database found";
	else if (!m->image.has_distro && found_database)
		text = "packages found, but no file that names the distribution";
	else if (!m->image.has_distro)
		text = "neither a package database nor a distribution found";
	m->image.unread = m->partial;
	if (!m->partial)
		m->image.lack = bytes_of(text);
	m->partial = m->partial || text != NULL;
	return text ? note_add(m, -1, BYTES_NONE, bytes_of(text), e) : 0;
}

/* What is not looked up of packages whose database leaves their sources out. */
static int note_sources(struct merge *m, struct err *e)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < eco_count; i++) {
		const struct view *v = &m->views[i];
		if (eco_table[i].lacks_sources && v->node_count > 0)
			r = note_add(m, (int32_t)v->nodes[0]->layer, v->nodes[0]->path,
				     BYTES_LIT("does not say which source packages its packages "
					       "are built from: advisories "
					       "for a source of another name are not found"),
				     e);
	}
	return r;
}

static int put_notes(struct merge *m, struct err *e)
{
	size_t node_count;
	bool found = false;
	int r = 0;
	const struct ovl_node *nodes = ovl_nodes(m->overlay, &node_count);
	for (size_t i = 0; i < eco_count; i++)
		found = found || (eco_table[i].purl_type && m->views[i].found);
	for (size_t i = 0; r == 0 && i < m->layer_count; i++)
		r = note_layer(m, i, e);
	for (size_t i = 0; r == 0 && i < node_count; i++) {
		if (!nodes[i].gone)
			r = note_node(m, &nodes[i], e);
	}
	if (r == 0)
		r = note_sources(m, e);
	if (r == 0)
		r = note_links(m, e);
	if (r == 0)
		r = note_image(m, found, e);
	if (r < 0)
		return r;
	bool nothing = !found && !m->image.has_distro;
	m->image.state = nothing ? INV_NOTHING : m->partial ? INV_PARTIAL : INV_ASSESSED;
	return 0;
}

/* "3.18.4" is of release 3.18; "3.20_alpha20240315" is what edge calls itself. */
static bool is_of_release(struct bytes version, struct bytes release)
{
	if (bytes_eq_lit(release, "edge"))
		return bytes_find_bytes(version, BYTES_LIT("_alpha")) < version.len;
	return bytes_has_prefix(version, release) &&
	       (version.len == release.len || version.ptr[release.len] == '.');
}

/* What the files of one row say of the release, and what of it counts. */
static int refine_release(struct merge *m, const struct ovl_node *n, struct err *e)
{
	struct pkg_distro *d = &m->image.distro;
	struct bytes release = n->entry->distro.version_id;
	if (release.len == 0 || bytes_eq(d->version_id, release) ||
	    is_of_release(d->version_id, release))
		return 0;
	char *text = arena_printf(m->a,
				  "packages come from release %.*s, not from %.*s: its advisories "
				  "are used",
				  BYTES_ARG(release), BYTES_ARG(d->version_id));
	if (!text)
		return spent(e);
	d->version_id = release;
	return note_add(m, (int32_t)n->layer, n->path, bytes_of(text), e);
}

static int refine_streams(struct merge *m, const struct ovl_node *n, struct err *e)
{
	int r = stream_add_all(&m->image.distro, n->entry->distro.streams, m->a, e);
	if (r == 0 || r == -ERR_NOMEM)
		return r;
	return note_add(m, (int32_t)n->layer, n->path,
			BYTES_LIT("not all product streams are used: too many, or not well named"),
			e);
}

static int refine_by(struct merge *m, const struct ovl_node *n, struct err *e)
{
	int r = refine_release(m, n, e);
	return r < 0 ? r : refine_streams(m, n, e);
}

/* Where a row's files say better what the image's packages are of, that counts, and is told. */
static int refine_distro(struct merge *m, struct err *e)
{
	struct pkg_distro *d = &m->image.distro;
	int r = 0;
	for (size_t i = 0; r == 0 && i < eco_count; i++) {
		const struct view *v = &m->views[i];
		if (!eco_table[i].refines || !bytes_eq_lit(d->id, eco_table[i].refines))
			continue;
		if (v->distro)
			r = refine_by(m, v->distro, e);
		for (size_t k = 0; r == 0 && k < v->node_count; k++)
			if (v->nodes[k]->entry->has_distro && v->nodes[k] != v->distro)
				r = refine_by(m, v->nodes[k], e);
	}
	if (r == 0)
		r = stream_finish(d, m->a, e);
	if (r < 0 || d->streams.len == 0)
		return r;
	char *text = arena_printf(
	    m->a, "packages come from the product streams %.*s: their advisories are used",
	    BYTES_ARG(d->streams));
	return text ? note_add(m, -1, BYTES_NONE, bytes_of(text), e) : spent(e);
}

static int finish(struct merge *m, struct inv_image *ret, struct err *e)
{
	for (size_t i = 0; i < eco_count && !m->image.has_distro; i++) {
		bool named =
		    m->views[i].distro &&
		    (!eco_table[i].refines || m->views[i].distro->entry->distro.version_id.len);
		if (!named)
			continue;
		m->image.has_distro = true;
		m->image.distro = m->views[i].distro->entry->distro;
	}
	int r = refine_distro(m, e);
	if (r == 0)
		r = put_packages(m, e);
	if (r == 0)
		r = put_notes(m, e);
	if (r < 0)
		return r;
	/* the paths of notes may be the overlay's, and the array is this function's */
	struct inv_note *notes =
	    arena_alloc(m->a, m->image.note_count ? m->image.note_count : 1, sizeof *notes);
	for (size_t i = 0; notes && i < m->image.note_count; i++) {
		bool ok;
		notes[i] = m->image.notes[i];
		notes[i].path = arena_bytes(m->a, m->image.notes[i].path, &ok);
		if (!ok)
			return spent(e);
	}
	if (!notes)
		return spent(e);
	*ret = m->image;
	ret->notes = notes;
	return 0;
}

int inv_merge(const struct lay *layers, size_t layer_count, struct arena *a, struct inv_image *ret,
	      struct err *e)
{
	struct merge m = {.layers = layers, .layer_count = layer_count, .a = a};
	m.views = calloc(eco_count, sizeof *m.views);
	if (!m.views)
		return spent(e);
	m.overlay = ovl_open(layers, layer_count, e);
	int r = m.overlay ? 0 : -ERR_NOMEM;
	for (size_t i = 0; r == 0 && i < layer_count; i++) {
		r = ovl_push(m.overlay, e);
		if (r == 0)
			r = look_all(&m, (uint32_t)i, e);
	}
	if (r == 0)
		r = finish(&m, ret, e);
	for (size_t i = 0; i < eco_count; i++) {
		free(m.views[i].nodes);
		free(m.views[i].last);
		free(m.views[i].seen);
	}
	free(m.views);
	free(m.image.notes);
	ovl_close(m.overlay);
	return r;
}
