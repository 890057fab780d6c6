#include "sbom/draft.h"

#include "base/limits.h"
#include "pkg/ecosystem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void draft_gap(struct draft *d, const char *reason, struct bytes name)
{
	struct draft_gap *g = NULL;
	for (size_t i = 0; !g && i < d->gap_count; i++)
		if (strcmp(d->gaps[i].reason, reason) == 0)
			g = &d->gaps[i];
	if (!g && d->gap_count == DRAFT_GAPS_MAX)
		return; /* there are fewer reasons than that */
	if (!g) {
		g = &d->gaps[d->gap_count++];
		*g = (struct draft_gap){.reason = reason};
	}
	if (g->count < sizeof g->examples / sizeof *g->examples)
		g->examples[g->count] = name;
	g->count++;
}

void draft_note(struct draft *d, struct bytes text)
{
	if (d->note_count < sizeof d->notes / sizeof *d->notes)
		d->notes[d->note_count++] = text;
	else
		d->lost_notes = true;
}

/* Ids of distributions as other tools write them: "redhat" is "rhel". */
static struct bytes distro_id_of(struct bytes name)
{
	static const char *const rows[][2] = {
	    {"redhat", "rhel"},
	    {"red hat", "rhel"},
	    {"alma", "almalinux"},
	    {"oracle", "ol"},
	    {"oraclelinux", "ol"},
	    {"amazon", "amzn"},
	    {"amazonlinux", "amzn"},
	    {"cbl-mariner", "mariner"},
	    {"opensuse.leap", "opensuse-leap"},
	    {"suse linux enterprise server", "sles"},
	    {"rockylinux", "rocky"},
	    {"azure", "azurelinux"},
	    {"archlinux", "arch"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (bytes_eq_nocase(name, bytes_of(rows[i][0])))
			return bytes_of(rows[i][1]);
	return name;
}

void draft_distro(struct draft *d, struct bytes name, struct bytes version, struct bytes text)
{
	if (d->bill.has_distro) {
		draft_gap(d, "that are further operating systems", name);
		return;
	}
	bool ok;
	d->bill.has_distro = true;
	d->bill.distro.id = arena_lower(&d->arena, distro_id_of(name), &ok);
	d->no_memory |= !ok;
	d->bill.distro.version_id = version;
	d->bill.distro.name = text.len ? text : name;
}

void draft_extra(struct draft_item *item, struct bytes name, struct bytes value)
{
	if (!item)
		return;
	const struct bytes_slot slots[] = {
	    {"class", &item->class},
	    {"source_name", &item->source_name},
	    {"source_version", &item->source_version},
	    {"distro", &item->distro},
	    {"module", &item->module},
	    {"vendor", &item->vendor},
	    {"license", &item->license},
	    {"layer", &item->layer},
	};
	struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), name);
	if (to)
		*to = value;
	else if (bytes_eq_lit(name, "third_party"))
		item->third_party = bytes_eq_lit(value, "true");
	else if (bytes_eq_lit(name, "path") && item->path_count < DRAFT_PATHS_MAX)
		item->paths[item->path_count++] = value;
}

void draft_distro_extra(struct pkg_distro *distro, struct bytes name, struct bytes value)
{
	const struct bytes_slot slots[] = {
	    {"name", &distro->name},	     {"id_like", &distro->id_like},
	    {"codename", &distro->codename}, {"support_end", &distro->support_end},
	    {"streams", &distro->streams},
	};
	struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), name);
	if (to)
		*to = value;
}

void draft_image_extra(struct draft *d, struct bytes name, struct bytes value)
{
	if (bytes_eq_lit(name, "not_read"))
		draft_note(d, value);
}

static void comment_members(struct json *j,
			    void (*see)(void *arg, struct bytes name, struct bytes value),
			    void *arg)
{
	if (!json_enter_object(j))
		return;
	for (struct bytes key; json_next_key(j, &key);) {
		if (json_peek(j) == JSON_STRING) {
			see(arg, key, json_string(j));
		} else if (json_peek(j) == JSON_ARRAY && json_enter_array(j)) {
			while (json_next_item(j)) {
				if (json_peek(j) == JSON_STRING)
					see(arg, key, json_string(j));
				else
					json_skip(j);
			}
		} else {
			json_skip(j);
		}
	}
}

void draft_comment(struct draft *d, struct bytes comment,
		   void (*see)(void *arg, struct bytes name, struct bytes value), void *arg)
{
	struct json j;
	if (!bytes_has_prefix_lit(comment, "{\"plimsoll\""))
		return;
	json_init(&j, comment, &d->arena);
	if (!json_enter_object(&j))
		return;
	for (struct bytes key; json_next_key(&j, &key);) {
		if (bytes_eq_lit(key, "plimsoll"))
			comment_members(&j, see, arg);
		else
			json_skip(&j);
	}
	d->no_memory |= j.failed && j.code == ERR_NOMEM;
}

/* What other tools say of a source package: "1:" + version + "-" + release. */
static int source_version(struct draft *d, const struct draft_item *i, struct bytes *ret,
			  struct err *e)
{
	bool epoch = i->source_epoch.len && !bytes_eq_lit(i->source_epoch, "0");
	const char *text = arena_printf(
	    &d->arena, "%.*s%s%.*s%s%.*s", BYTES_ARG(epoch ? i->source_epoch : BYTES_NONE),
	    epoch ? ":" : "", BYTES_ARG(i->source_version), i->source_release.len ? "-" : "",
	    BYTES_ARG(i->source_release));
	*ret = bytes_of(text);
	return text ? 0 : err_nomem(e);
}

static enum pkg_class class_of(struct bytes word, enum pkg_class fallback)
{
	for (int n = 0; pkg_class_word(n); n++)
		if (n != PKG_CONTENT && bytes_eq_lit(word, pkg_class_word(n)))
			return (enum pkg_class)n;
	return fallback;
}

/* What the document says beside the purl. */
static int fill(struct draft *d, const struct draft_item *i, struct pkg *p, struct err *e)
{
	bool ours = i->class.len > 0;
	p->class = i->not_installed && !ours ? PKG_DECLARED : class_of(i->class, p->class);
	p->module = i->module.len ? i->module : p->module;
	p->vendor = i->vendor;
	bool ok = true;
	p->license =
	    i->license.len ? i->license : arena_bytes(&d->arena, license_bytes(&i->stated), &ok);
	if (!ok)
		return err_nomem(e);
	p->third_party = i->third_party;
	if (ours) {
		p->source_name = i->source_name;
		p->source_version = i->source_version;
		p->distro = i->distro;
	} else if (i->source_name.len && p->class == PKG_OS) {
		p->source_name = i->source_name;
		if (i->source_version.len)
			return source_version(d, i, &p->source_version, e);
	}
	return 0;
}

static int push(struct draft *d, const struct pkg *p, struct bytes layer, struct err *e)
{
	if (d->bill.package_count == LIMIT_PACKAGES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d packages", LIMIT_PACKAGES_MAX);
	struct bill_package *more = arena_grow(&d->arena, d->bill.packages, d->bill.package_count,
					       &d->package_cap, sizeof *more);
	if (!more)
		return err_nomem(e);
	d->bill.packages = more;
	more[d->bill.package_count++] = (struct bill_package){.pkg = *p, .layer = layer};
	return 0;
}

/* Words for a version that is not stated: Syft's, and SPDX's. */
static bool is_version(struct bytes text)
{
	return !bytes_eq_lit(text, "UNKNOWN") && !bytes_eq_lit(text, "NOASSERTION") &&
	       !bytes_eq_lit(text, "NONE");
}

int draft_add(struct draft *d, const struct draft_item *item, struct err *e)
{
	struct pkg p;
	struct err why = ERR_INIT;
	if (!item->purl.len) {
		draft_gap(d, "without a package URL", item->name);
		return 0;
	}
	if (pkg_purl_read(item->purl, &d->arena, &p, &why) < 0) {
		if (why.code == ERR_NOMEM)
			return err_nomem(e);
		draft_gap(d, "whose package URL cannot be read", item->purl);
		return 0;
	}
	if (bytes_eq_lit(p.type, "oci") || bytes_eq_lit(p.type, "docker"))
		return 0; /* an image: what it holds are components of their own */
	if (!p.version.len && is_version(item->version))
		p.version = p.source_version = item->version;
	if (fill(d, item, &p, e) < 0)
		return -(int)e->code;
	if (item->more_paths)
		draft_gap(d, "with more files than are kept", item->name);
	for (size_t i = 0; i < item->path_count || i == 0; i++) {
		p.path = i < item->path_count ? item->paths[i] : BYTES_NONE;
		while (bytes_has_prefix_lit(p.path, "/"))
			p.path = bytes_from(p.path, 1);
		if (push(d, &p, item->layer, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

static int by_package(const void *a, const void *b)
{
	const struct bill_package *x = a, *y = b;
	return pkg_cmp(&x->pkg, &y->pkg);
}

/* A document without a component of an operating system says it in its purls. */
static void infer_distro(struct draft *d)
{
	struct bill *b = &d->bill;
	for (size_t i = 0; !b->has_distro && i < b->package_count; i++) {
		struct bytes version = b->packages[i].pkg.distro, id = bytes_cut(&version, ':');
		if (b->packages[i].pkg.class == PKG_OS && id.len)
			draft_distro(d, id, bytes_cut(&version, ':'), BYTES_NONE);
	}
}

/* Packages of a distribution belong to the one that is named, but for those that name another. */
static int place_packages(struct draft *d, struct err *e)
{
	struct bill *b = &d->bill;
	const char *distro = arena_printf(
	    &d->arena, "%.*s:%.*s%s%.*s", BYTES_ARG(b->distro.id), BYTES_ARG(b->distro.version_id),
	    b->distro.streams.len ? ":" : "", BYTES_ARG(b->distro.streams));
	if (!distro)
		return err_nomem(e);
	for (size_t i = 0; i < b->package_count; i++) {
		struct pkg *p = &b->packages[i].pkg;
		if (p->class != PKG_OS)
			continue;
		struct bytes stated = p->distro, id = bytes_cut(&stated, ':');
		if (b->has_distro && (!bytes_eq(id, b->distro.id) || !stated.len)) {
			p->distro = bytes_of(distro);
			p->namespace = b->distro.id;
		} else {
			p->namespace = id.len ? distro_id_of(id) : p->namespace;
		}
	}
	return 0;
}

static int gap_notes(struct draft *d, struct err *e)
{
	for (size_t i = 0; i < d->gap_count; i++) {
		const struct draft_gap *g = &d->gaps[i];
		char names[400] = "";
		size_t at = 0;
		for (size_t k = 0; k < g->count && k < 3; k++)
			at +=
			    (size_t)snprintf(names + at, sizeof names - at, "%s%.*s", k ? ", " : "",
					     BYTES_ARG(bytes_part(g->examples[k], 0, 100)));
		const char *text = arena_printf(&d->arena, "%zu component%s %s (%s%s)", g->count,
						g->count == 1 ? "" : "s", g->reason, names,
						g->count > 3 ? ", ..." : "");
		if (!text)
			return err_nomem(e);
		draft_note(d, bytes_of(text));
	}
	return 0;
}

int draft_finish(struct draft *d, struct err *e)
{
	struct bill *b = &d->bill;
	size_t kept = 0;
	infer_distro(d);
	if (d->no_memory)
		return err_nomem(e);
	if (place_packages(d, e) < 0 || gap_notes(d, e) < 0)
		return -(int)e->code;
	if (d->lost_notes)
		d->notes[d->note_count - 1] = BYTES_LIT("there are more notes than are kept");
	if (b->package_count)
		qsort(b->packages, b->package_count, sizeof *b->packages, by_package);
	for (size_t i = 0; i < b->package_count; i++)
		if (kept == 0 || pkg_cmp(&b->packages[kept - 1].pkg, &b->packages[i].pkg) != 0)
			b->packages[kept++] = b->packages[i];
	b->package_count = kept;
	b->notes = d->notes;
	b->note_count = d->note_count;
	return 0;
}
