/* "product_tree" of a CSAF document:
 *
 *   {"branches": [{"category", "name", "branches": […], "product": {"name", "product_id",
 *      "product_identification_helper": {"cpe", "purl"}}}],
 *    "full_product_names": [PRODUCT],
 *    "relationships": [{"category": "default_component_of", "full_product_name": PRODUCT,
 *      "product_reference": id, "relates_to_product_reference": id}]}
 *
 * A relationship makes a new product of a package and the product it is part of, which may be one
 * of a relationship itself: a package of a module of a product. Red Hat's products have a CPE,
 * packages a purl ("pkg:rpm/redhat/ruby@2.5.9-1?arch=i686&epoch=1&rpmmod=ruby:2.5:80900:b46abd14"),
 * older ones their name alone ("ruby-0:2.5.9-1.i686"), as SUSE's always have. */
#include "feed/csaf.h"

#include "feed/grow.h"
#include "feed/product.h"
#include "feed/value.h"
#include "pkg/package.h"

#define PARTS_MAX 4 /* relationships behind one another: package, module, product */

static void add(struct csaf_tree *t, const struct csaf_product *p)
{
	struct csaf_product *room = p->id.len && t->count < INDEX_NONE
					? feed_grow(t->a, t->v, t->count, sizeof *room)
					: NULL;
	if (p->id.len == 0)
		return;
	if (!room || !index_add(&t->ids, p->id, t->count)) {
		t->no_memory = true;
		return;
	}
	t->v = room;
	room[t->count++] = *p;
}

static void read_helper(struct json *j, struct csaf_product *p)
{
	struct bytes key;
	if (!value_object(j))
		return;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "cpe"))
			p->cpe = value_text(j);
		else if (bytes_eq_lit(key, "purl"))
			p->purl = value_text(j);
		else
			json_skip(j);
	}
}

static void read_product(struct json *j, struct csaf_product *p)
{
	struct bytes key;
	if (!value_object(j))
		return;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "product_id"))
			p->id = value_text(j);
		else if (bytes_eq_lit(key, "name"))
			p->name = value_text(j);
		else if (bytes_eq_lit(key, "product_identification_helper"))
			read_helper(j, p);
		else
			json_skip(j);
	}
}

/* Depth: the reader stops at LIMIT_JSON_DEPTH. */
static void read_branches(struct json *j, struct csaf_tree *t)
{
	struct bytes key;
	for (bool more = value_array(j); more && json_next_item(j);) {
		struct csaf_product p = {.id = BYTES_NONE};
		if (!value_object(j))
			continue;
		while (json_next_key(j, &key)) {
			if (bytes_eq_lit(key, "branches"))
				read_branches(j, t);
			else if (bytes_eq_lit(key, "product"))
				read_product(j, &p);
			else
				json_skip(j);
		}
		add(t, &p);
	}
}

static void read_relationships(struct json *j, struct csaf_tree *t)
{
	struct bytes key;
	for (bool more = value_array(j); more && json_next_item(j);) {
		struct csaf_product p = {.id = BYTES_NONE};
		if (!value_object(j))
			continue;
		while (json_next_key(j, &key)) {
			if (bytes_eq_lit(key, "full_product_name"))
				read_product(j, &p);
			else if (bytes_eq_lit(key, "product_reference"))
				p.part = value_text(j);
			else if (bytes_eq_lit(key, "relates_to_product_reference"))
				p.whole = value_text(j);
			else
				json_skip(j);
		}
		add(t, &p);
	}
}

static void read_names(struct json *j, struct csaf_tree *t)
{
	for (bool more = value_array(j); more && json_next_item(j);) {
		struct csaf_product p = {.id = BYTES_NONE};
		read_product(j, &p);
		add(t, &p);
	}
}

int csaf_tree_read(struct bytes text, struct arena *a, struct csaf_tree *ret, struct err *e)
{
	struct json j;
	struct bytes key;
	*ret = (struct csaf_tree){.a = a};
	if (!index_init(&ret->ids, a, 0, text.ptr))
		return err_nomem(e);
	json_init(&j, text, a);
	for (bool more = json_enter_object(&j); more && json_next_key(&j, &key);) {
		if (bytes_eq_lit(key, "branches"))
			read_branches(&j, ret);
		else if (bytes_eq_lit(key, "relationships"))
			read_relationships(&j, ret);
		else if (bytes_eq_lit(key, "full_product_names"))
			read_names(&j, ret);
		else
			json_skip(&j);
	}
	int rc = json_finish(&j, e);
	return rc == 0 && ret->no_memory ? err_nomem(e) : rc;
}

struct csaf_product *csaf_product_find(const struct csaf_tree *t, struct bytes id)
{
	uint32_t number = index_find(&t->ids, id);
	return number == INDEX_NONE ? NULL : &t->v[number];
}

/* "ruby:2.5" of "ruby:2.5:8090020230627084142:b46abd14"; empty for what names no stream. */
static struct bytes stream_of(struct bytes label)
{
	struct bytes rest = label;
	struct bytes name = bytes_cut(&rest, ':');
	struct bytes stream = bytes_cut(&rest, ':');
	return name.len && stream.len ? bytes_part(label, 0, name.len + 1 + stream.len)
				      : BYTES_NONE;
}

/* The value of a qualifier that pkg_purl_read keeps as it is. */
static struct bytes qualifier(const struct pkg *p, const char *name)
{
	struct bytes rest = p->qualifiers;
	while (rest.len > 0) {
		struct bytes value = bytes_cut(&rest, '&');
		if (bytes_eq_lit(bytes_cut(&value, '='), name))
			return value;
	}
	return BYTES_NONE;
}

static enum csaf_find read_purl(struct csaf_tree *t, struct bytes purl, struct csaf_package *ret)
{
	struct pkg p;
	struct err e = ERR_INIT;
	if (pkg_purl_read(purl, t->a, &p, &e) < 0) {
		t->no_memory |= e.code == ERR_NOMEM;
		return CSAF_UNKNOWN;
	}
	if (bytes_eq_lit(p.type, "rpmmod")) {
		ret->module = stream_of(bytes_of(
		    arena_printf(t->a, "%.*s:%.*s", BYTES_ARG(p.name), BYTES_ARG(p.version))));
		return ret->module.len ? CSAF_FOUND : CSAF_UNKNOWN;
	}
	struct bytes label = qualifier(&p, "rpmmod");
	if (!bytes_eq_lit(p.type, "rpm"))
		return CSAF_OTHER;
	if (label.len > 0) { /* "rhel10", of a flatpak, is no module */
		ret->module = stream_of(label);
		if (ret->module.len == 0)
			return CSAF_OTHER;
		/* "go-toolset@rhel8", of a module as a whole: its stream */
		if (bytes_eq(p.version, bytes_from(ret->module, bytes_find(label, ':') + 1)))
			p.version = BYTES_NONE;
	}
	ret->name = p.name;
	ret->version = p.version;
	ret->arch = p.arch;
	return CSAF_FOUND;
}

static bool is_arch(struct bytes word)
{
	static const char *const arches[] = {"aarch64", "i386",	 "i586",  "i686",    "ia64",
					     "noarch",	"ppc",	 "ppc64", "ppc64le", "riscv64",
					     "s390",	"s390x", "src",	  "x86_64"};
	for (size_t i = 0; i < sizeof arches / sizeof *arches; i++)
		if (bytes_eq_lit(word, arches[i]))
			return true;
	return false;
}

static bool begins_with_digit(struct bytes b)
{
	return b.len > 0 && byte_is_digit(b.ptr[0]);
}

/* "bind-9.9.4P2-0.6.1.i586", "ruby-0:2.5.9-1.i686", or a name alone. */
static void read_name(struct bytes text, struct csaf_package *ret)
{
	size_t dot = bytes_find_last(text, '.');
	struct bytes front = text;
	if (dot < text.len && is_arch(bytes_from(text, dot + 1))) {
		ret->arch = bytes_from(text, dot + 1);
		front = bytes_part(text, 0, dot);
	}
	size_t release = bytes_find_last(front, '-');
	size_t version = bytes_find_last(bytes_part(front, 0, release), '-');
	bool both = release < front.len && version < release &&
		    begins_with_digit(bytes_from(front, release + 1)) &&
		    begins_with_digit(bytes_from(front, version + 1));
	ret->name = both ? bytes_part(front, 0, version) : front;
	ret->version = both ? bytes_from(front, version + 1) : BYTES_NONE;
}

static enum csaf_find read_part(struct csaf_tree *t, struct bytes id, struct csaf_package *ret)
{
	const struct csaf_product *p = csaf_product_find(t, id);
	if (!p)
		return CSAF_UNKNOWN;
	if (p->purl.len > 0)
		return read_purl(t, p->purl, ret);
	if (p->cpe.len > 0 && ret->name.len == 0)
		return CSAF_OTHER; /* a product in a product */
	read_name(id, ret);
	ret->is_component = ret->version.len == 0;
	return ret->name.len ? CSAF_FOUND : CSAF_UNKNOWN;
}

/* The distribution that p is; OTHER for products that images are not of. */
static enum csaf_find read_whole(struct csaf_tree *t, const struct csaf_product *p,
				 struct csaf_package *ret)
{
	struct product_name name;
	struct bytes product = product_of_cpe(p->cpe);
	const char *text = NULL;
	if (product.len > 0)
		text = arena_printf(t->a, "Red Hat:%.*s", BYTES_ARG(bytes_part(product, 0, 100)));
	else if (product_of_name(p->name, &name))
		text = arena_printf(t->a, "%s%.*s%s", name.vendor,
				    BYTES_ARG(bytes_part(name.release, 0, 100)), name.ending);
	else
		return CSAF_OTHER;
	t->no_memory |= !text;
	ret->ecosystem = bytes_of(text);
	/* Red Hat's components are source packages, SUSE's names are of binary ones */
	ret->is_source |= ret->is_component && product.len > 0;
	return CSAF_FOUND;
}

enum csaf_find csaf_package_find(struct csaf_tree *t, struct bytes id, struct csaf_package *ret)
{
	const struct csaf_product *p = csaf_product_find(t, id);
	*ret = (struct csaf_package){.is_source = false};
	for (unsigned i = 0; p && p->whole.len > 0 && i < PARTS_MAX; i++) {
		struct csaf_package part = {.is_source = false};
		enum csaf_find found = read_part(t, p->part, &part);
		if (found != CSAF_FOUND)
			return found;
		if (part.name.len > 0) {
			ret->name = part.name;
			ret->version = part.version;
			ret->arch = part.arch;
			ret->is_component = part.is_component;
		}
		ret->module = part.module.len ? part.module : ret->module;
		p = csaf_product_find(t, p->whole);
	}
	if (!p || p->whole.len > 0)
		return CSAF_UNKNOWN;
	if (ret->name.len == 0)
		return CSAF_OTHER; /* a product without its packages */
	ret->is_source = bytes_eq_lit(ret->arch, "src");
	return read_whole(t, p, ret);
}
