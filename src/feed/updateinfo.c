/* updateinfo.xml of rpm repositories (Amazon Linux, Rocky Linux, AlmaLinux, Oracle Linux, Fedora,
 * Bottlerocket):
 *
 *   <updates><update type="security" status="final"><id>ALAS2-2018-939</id><title>…</title>
 *     <issued date="2018-01-11 21:05"/><updated date="…"/><severity>critical</severity>
 *     <summary>…</summary><description>…</description>
 *     <references><reference href="…" id="CVE-2017-5715" type="cve" title="…"/></references>
 *     <pkglist><collection short="…"><module name="nodejs" stream="18" …/>
 *       <package name="kernel" epoch="0" version="4.9.76" release="38.79.amzn2" arch="x86_64"/>…
 *
 * Which release a package is of, its own release says (".amzn2", ".el9_2", ".fc43"); for ".el" the
 * erratum's id says whose, for Bottlerocket the collection's short name. Other updates than
 * security's count when they name a CVE. Fedora names its CVEs in the titles of bugs.
 *
 * Amazon Linux 2 has "extras" beside its core, newer versions under the same names: their errata
 * say nothing of the core's. ALAS2KERNEL-5.15-2022-001 is about kernels from 5.15 on. */
#include "base/clock.h"
#include "base/xml.h"
#include "feed/builds.h"
#include "feed/rows.h"
#include "feed/text.h"
#include "feed/value.h"

#include <stdio.h>

struct update {
	struct draft d;
	struct builds builds;
	struct bytes title, module;
	bool security, bottlerocket; /* the collection's */
	size_t other;		     /* packages of no release that is known */
};

struct reading {
	const struct feed_sink *sink;
	struct bytes path;
	uint64_t updates, other;
};

bool updateinfo_wants(struct bytes path)
{
	struct bytes name = text_file_name(path);
	return text_has(name, "updateinfo") && text_has(name, ".xml");
}

static void read_references(struct xml *x, struct draft *d)
{
	while (xml_child(x)) {
		draft_reference(d, "ADVISORY", xml_attribute(x, "href"));
		draft_cves(d, xml_attribute(x, "id"));
		draft_cves(d, xml_attribute(x, "title"));
		xml_skip(x);
	}
}

/* The number behind mark, "2023" of "1.amzn2023.0.2" and ".amzn"; empty when there is none. */
static struct bytes number_behind(struct bytes release, const char *mark)
{
	size_t at = bytes_find_bytes(release, bytes_of(mark)), n = 0;
	struct bytes rest = bytes_from(release, at + bytes_of(mark).len);
	while (at < release.len && n < rest.len && byte_is_digit(rest.ptr[n]))
		n++;
	return bytes_part(rest, 0, n);
}

static struct bytes ecosystem_of(struct draft *d, struct bytes release)
{
	static const struct {
		const char *mark, *id, *ecosystem;
	} marks[] = {
	    {".amzn", "ALAS", "Amazon Linux"}, {".fc", "FEDORA-", "Fedora"},
	    {".el", "RL", "Rocky Linux"},      {".el", "AL", "AlmaLinux"},
	    {".el", "EL", "Oracle Linux"},     {"+el", "RL", "Rocky Linux"},
	    {"_el", "AL", "AlmaLinux"},	       {"+el", "EL", "Oracle Linux"},
	};
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		struct bytes number = number_behind(release, marks[i].mark);
		if (number.len > 0 && number.len < 8 &&
		    bytes_has_prefix_lit(d->adv.id, marks[i].id))
			return draft_printf(d, "%s:%.*s", marks[i].ecosystem, BYTES_ARG(number));
	}
	return BYTES_NONE;
}

/* "5.15" of ALAS2KERNEL-5.15-2022-001, "14" of ALAS2POSTGRESQL14-2023-003: the version that an
 * extra begins with. Empty for the core, and for extras that name none. */
static struct bytes extra_version(struct bytes id)
{
	struct bytes rest = bytes_from(id, sizeof "ALAS2" - 1);
	rest = bytes_part(rest, 0, bytes_find_last(rest, '-'));
	rest = bytes_part(rest, 0, bytes_find_last(rest, '-'));
	size_t start = rest.len;
	while (start > 0 && (byte_is_digit(rest.ptr[start - 1]) || rest.ptr[start - 1] == '.'))
		start--;
	bool extra = bytes_has_prefix_lit(id, "ALAS2") && rest.len > 0 &&
		     (byte_is_alpha(rest.ptr[0]) || rest.ptr[0] == '-');
	return extra ? bytes_from(rest, start) : BYTES_NONE;
}

static void read_package(struct xml *x, struct update *u)
{
	struct bytes epoch = xml_attribute(x, "epoch"), version = xml_attribute(x, "version"),
		     release = xml_attribute(x, "release");
	struct build b = {.name = xml_attribute(x, "name"),
			  .arches = xml_attribute(x, "arch"),
			  .module = u->module,
			  .status = ADV_FIXED,
			  .keyed = ADV_BY_BINARY};
	xml_skip(x);
	if (!xml_ok(x) || bytes_eq_lit(b.arches, "src") || b.name.len == 0 || version.len == 0)
		return;
	b.ecosystem = u->bottlerocket ? BYTES_LIT("Bottlerocket") : ecosystem_of(&u->d, release);
	if (b.ecosystem.len == 0) {
		u->other++;
		return;
	}
	bool zero = epoch.len == 0 || bytes_eq_lit(epoch, "0");
	struct bytes from = extra_version(u->d.adv.id);
	b.fixed = draft_printf(&u->d, "%.*s%s%.*s-%.*s", BYTES_ARG(zero ? BYTES_NONE : epoch),
			       zero ? "" : ":", BYTES_ARG(version), BYTES_ARG(release));
	if (from.len > 0)
		b.introduced =
		    draft_printf(&u->d, "%.*s%s%.*s", BYTES_ARG(zero ? BYTES_NONE : epoch),
				 zero ? "" : ":", BYTES_ARG(from));
	builds_add(&u->builds, &u->d, b);
}

/* A collection is of one module, or of none. */
static void read_collection(struct xml *x, struct update *u)
{
	u->module = BYTES_NONE;
	u->bottlerocket = bytes_eq_lit(xml_attribute(x, "short"), "bottlerocket");
	while (xml_child(x)) {
		if (xml_is(x, "package")) {
			read_package(x, u);
			continue;
		}
		struct bytes stream = xml_attribute(x, "stream");
		if (xml_is(x, "module") && stream.len > 0)
			u->module =
			    draft_printf(&u->d, "%.*s:%.*s", BYTES_ARG(xml_attribute(x, "name")),
					 BYTES_ARG(stream));
		xml_skip(x);
	}
}

static void read_member(struct xml *x, struct update *u)
{
	struct adv *adv = &u->d.adv;
	if (xml_is(x, "id")) {
		adv->id = xml_content(x);
	} else if (xml_is(x, "title")) {
		u->title = xml_content(x);
	} else if (xml_is(x, "summary")) {
		adv->summary = xml_content(x);
	} else if (xml_is(x, "description")) {
		adv->details = xml_content(x);
	} else if (xml_is(x, "severity")) {
		adv->severity_text = xml_content(x);
	} else if (xml_is(x, "issued")) {
		adv->published_ms = value_date(xml_attribute(x, "date"));
		xml_skip(x);
	} else if (xml_is(x, "updated")) {
		adv->modified_ms = value_date(xml_attribute(x, "date"));
		xml_skip(x);
	} else if (xml_is(x, "references")) {
		read_references(x, &u->d);
	} else if (xml_is(x, "pkglist")) {
		while (xml_child(x))
			read_collection(x, u);
	} else {
		xml_skip(x);
	}
}

static int read_update(struct reading *r, struct xml *x, struct err *e)
{
	struct update u = {.title = BYTES_NONE};
	u.security = bytes_eq_lit(xml_attribute(x, "type"), "security");
	draft_init(&u.d, x->arena, "updateinfo", BYTES_NONE);
	while (xml_child(x))
		read_member(x, &u);
	if (!xml_ok(x))
		return 0;
	r->updates++;
	r->other += u.other;
	draft_cves(&u.d, u.title);
	if (u.d.adv.summary.len == 0)
		u.d.adv.summary = u.title;
	builds_put(&u.builds, &u.d);
	/* bug fixes, and what other vendors build for these releases */
	if (!u.d.no_memory && ((!u.security && u.d.adv.alias_count == 0) ||
			       (u.d.adv.affected_count == 0 && u.other > 0)))
		return 0;
	return draft_send(&u.d, u.d.adv.id.len ? u.d.adv.id : r->path, r->sink, e);
}

static int note_other(const struct reading *r, struct err *e)
{
	char text[96];
	(void)snprintf(text, sizeof text,
		       "%llu packages not used: their release names no distribution that is known",
		       (unsigned long long)r->other);
	return r->sink->note(r->sink->arg, r->path, text, e);
}

int updateinfo_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
		      struct arena *a, struct err *e)
{
	struct reading r = {.sink = sink, .path = path};
	struct xml x;
	int rc = 0;
	xml_init(&x, document, a);
	if (xml_root(&x) && !xml_is(&x, "updates"))
		return err_set(e, ERR_FORMAT, "not an updateinfo document");
	for (bool more = true; more && rc == 0 && xml_ok(&x);) {
		struct arena one;
		arena_init(&one, a->budget);
		x.arena = &one;
		more = xml_child(&x);
		if (more && xml_is(&x, "update"))
			rc = read_update(&r, &x, e);
		else if (more)
			xml_skip(&x);
		x.arena = a;
		arena_free(&one);
	}
	if (rc == 0)
		rc = xml_finish(&x, e);
	return rc < 0 || r.other == 0 ? rc : note_other(&r, e);
}
