#include "ledger/image_packages.h"

static bool read_row(struct db_stmt *s, struct arena *a, struct image_package *p)
{
	struct bytes *const texts[] = {
	    &p->pkg.type,   &p->pkg.namespace,	 &p->pkg.name,		 &p->pkg.version,
	    &p->pkg.arch,   &p->pkg.source_name, &p->pkg.source_version, &p->pkg.module,
	    &p->pkg.vendor, &p->pkg.distro,	 &p->pkg.qualifiers,	 &p->pkg.path,
	    &p->layer,	    &p->created_by,	 &p->pkg.license};
	size_t n = sizeof texts / sizeof *texts;
	bool ok = true;
	for (size_t i = 0; ok && i < n; i++)
		*texts[i] = arena_bytes(a, db_bytes(s, (int)i), &ok);
	p->pkg.third_party = db_int(s, (int)n) != 0;
	p->pkg.class = (enum pkg_class)db_int(s, (int)n + 1);
	p->position = (uint32_t)db_int(s, (int)n + 2);
	return ok;
}

int64_t image_packages_read(struct db_tx *tx, int64_t image, struct bytes name, struct arena *a,
			    struct image_package **ret, struct err *e)
{
	struct image_package *items = NULL;
	size_t n = 0, cap = 0;
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT p.type, p.namespace, p.name, p.version, p.arch, p.source_name,"
	    " p.source_version, p.module, p.vendor, p.distro, p.qualifiers, sp.path, l.digest,"
	    " l.created_by, p.license, p.third_party, p.class, s.position"
	    " FROM image_set s JOIN image_layer l ON l.id = s.layer_id"
	    " JOIN set_package sp ON sp.set_id = s.set_id AND sp.position = 0"
	    " JOIN package p ON p.id = sp.package_id WHERE s.image_id = $1"
	    " AND ($2 = '' OR p.name = $2 OR p.source_name = $2)"
	    " ORDER BY p.name, p.type, p.version, p.id, s.position LIMIT $3",
	    DB_ARGS(DB_I(image), DB_T(name), DB_I(IMAGE_PACKAGES_MAX)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		items = arena_grow(a, items, n, &cap, sizeof *items);
		if (!items || !read_row(s, a, &items[n++])) {
			r = err_set(e, ERR_NOMEM, "no memory for the packages of an image");
			break;
		}
	}
	db_done(s);
	*ret = items;
	return r < 0 ? r : (int64_t)n;
}
