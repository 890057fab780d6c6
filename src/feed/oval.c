/* OVAL 5 of Oracle, SUSE, Microsoft, VMware, AlmaLinux and Red Hat:
 *
 *   <oval_definitions><definitions>
 *     <definition id="oval:com.oracle.elsa:def:1" class="patch" | "vulnerability">
 *       <metadata><title>ELSA-2007-0057:  Moderate: bind security update</title>
 *         <affected><platform>Oracle Linux 5</platform></affected>
 *         <reference source="CVE" ref_id="CVE-2007-0493" ref_url="…"/>
 *         <description>…</description><severity>…</severity><patchable>…</patchable>
 *         <advisory><severity>MODERATE</severity><issued date="2007-06-26"/>
 *           <updated date="…"/><cve cvss3="5.7/CVSS:3.0/…" cwe="CWE-94">CVE-2007-0493</cve>
 *           <affected><resolution state="Will not fix">…
 *           <affected_cpe_list><cpe>cpe:/a:redhat:enterprise_linux:9::appstream</cpe>…
 *       <criteria operator="AND"><criterion comment="…" test_ref="oval:…:tst:1"/><criteria>…
 *
 * Criteria are read as those vendors write them: what an AND holds about platform, module and
 * architecture goes for the packages in it. A package is a criterion whose test compares its
 * version, or, without one, says that it is installed. What cannot be known from an image
 * (signatures, the running kernel) is taken for true.
 *
 * A patch is one advisory, with the id of its erratum; a vulnerability one with the id of the CVE,
 * of which there may be several in a document, each about other packages: they have no time of
 * change, so that they count together. */
#include "feed/oval.h"

#include "feed/draft.h"
#include "feed/grow.h"
#include "feed/oval_criteria.h"
#include "feed/product.h"
#include "feed/rows.h"
#include "feed/text.h"
#include "feed/value.h"

#include "base/clock.h"

#include <stdio.h>

struct definition {
	struct draft d;
	struct bytes id, title, platform, state;
	struct bytes severity, patchable;
	struct bytes *cves, *products;
	size_t cve_count, product_count;
	struct index cve_ix, product_ix; /* of these lists */
	int64_t issued_ms, updated_ms;
	bool patch;
	struct oval_node criteria;
};

struct reading {
	const struct feed_sink *sink;
	struct bytes path;
	const struct oval_index *ix;
	uint64_t sent, unknown_platform, no_package;
};

static void add(struct definition *def, struct bytes **list, size_t *count, struct index *ix,
		struct bytes b)
{
	if (b.len > 0 && !feed_add_once(def->d.a, list, count, ix, b))
		def->d.no_memory = true;
}

/* "CVE-2019-9937" of "CVE:00002:CVE-2019-9937", "SUSE CVE-2019-9937" and itself. */
static struct bytes cve_in(struct bytes text)
{
	size_t at = bytes_find_bytes(text, BYTES_LIT("CVE-"));
	struct bytes rest = bytes_from(text, at);
	return text_word(&rest);
}

static void read_reference(struct xml *x, struct definition *def)
{
	struct bytes id = xml_attribute(x, "ref_id"), source = xml_attribute(x, "source");
	draft_reference(&def->d, "ADVISORY", xml_attribute(x, "ref_url"));
	if (text_has(source, "cve"))
		add(def, &def->cves, &def->cve_count, &def->cve_ix, cve_in(id));
	else if (bytes_eq_lit(source, "SUSE-SU") && def->d.adv.id.len == 0)
		def->d.adv.id = id;
	xml_skip(x);
}

/* "5.7/CVSS:3.0/AV:N", "7.8/AV:N": without the score, where there is one. */
static void add_vector(struct definition *def, struct bytes text)
{
	if (text.len > 0 && byte_is_digit(text.ptr[0]))
		(void)bytes_cut(&text, '/');
	draft_cvss(&def->d, text);
}

static void add_cwes(struct definition *def, struct bytes text)
{
	while (text.len > 0) {
		size_t n = 0;
		while (n < text.len && (byte_is_alnum(text.ptr[n]) || text.ptr[n] == '-'))
			n++;
		struct bytes word = bytes_part(text, 0, n);
		/* "CWE-120->CWE-787" */
		while (word.len > 0 && word.ptr[word.len - 1] == '-')
			word.len--;
		draft_cwe(&def->d, word);
		text = bytes_from(text, n + 1);
	}
}

static void read_cve(struct xml *x, struct definition *def)
{
	add_vector(def, xml_attribute(x, "cvss2"));
	add_vector(def, xml_attribute(x, "cvss3"));
	add_vector(def, xml_attribute(x, "cvss4"));
	add_cwes(def, xml_attribute(x, "cwe"));
	add(def, &def->cves, &def->cve_count, &def->cve_ix, cve_in(xml_content(x)));
}

/* <affected><resolution state="Will not fix"> of an advisory, <affected><platform> of metadata. */
static void read_affected(struct xml *x, struct definition *def)
{
	while (xml_child(x)) {
		if (xml_is(x, "resolution") && def->state.len == 0)
			def->state = xml_attribute(x, "state");
		if (xml_is(x, "platform") && def->platform.len == 0)
			def->platform = xml_content(x);
		else
			xml_skip(x);
	}
}

static void read_advisory(struct xml *x, struct definition *def)
{
	while (xml_child(x)) {
		if (xml_is(x, "severity")) {
			def->severity = xml_content(x);
		} else if (xml_is(x, "issued")) {
			def->issued_ms = value_date(xml_attribute(x, "date"));
			xml_skip(x);
		} else if (xml_is(x, "updated")) {
			def->updated_ms = value_date(xml_attribute(x, "date"));
			xml_skip(x);
		} else if (xml_is(x, "cve")) {
			read_cve(x, def);
		} else if (xml_is(x, "affected")) {
			read_affected(x, def);
		} else if (xml_is(x, "affected_cpe_list")) {
			while (xml_child(x))
				add(def, &def->products, &def->product_count, &def->product_ix,
				    product_of_cpe(xml_content(x)));
		} else {
			xml_skip(x);
		}
	}
}

static void read_metadata(struct xml *x, struct definition *def)
{
	while (xml_child(x)) {
		if (xml_is(x, "title"))
			def->title = xml_content(x);
		else if (xml_is(x, "description"))
			def->d.adv.details = xml_content(x);
		else if (xml_is(x, "severity"))
			def->severity = xml_content(x);
		else if (xml_is(x, "patchable"))
			def->patchable = xml_content(x);
		else if (xml_is(x, "reference"))
			read_reference(x, def);
		else if (xml_is(x, "affected"))
			read_affected(x, def);
		else if (xml_is(x, "advisory"))
			read_advisory(x, def);
		else
			xml_skip(x);
	}
}

/* "ELSA-2007-0057" of "ELSA-2007-0057:  Moderate: bind security update"; a title that does not
 * begin with an erratum ("389-ds-3.0.6 on GA media") has none. */
static struct bytes erratum_in(struct bytes title)
{
	struct bytes word = text_word(&title);
	size_t letters = 0;
	while (letters < word.len && byte_is_alpha(word.ptr[letters]))
		letters++;
	while (word.len > 0 && word.ptr[word.len - 1] == ':')
		word.len--;
	bool year = letters + 1 < word.len && byte_is_alnum(word.ptr[letters + 1]);
	return letters >= 4 && year && word.ptr[letters] == '-' ? word : BYTES_NONE;
}

/* Microsoft's documents name their release nowhere but in their file's name:
 * "azurelinux-3.0-oval.xml", "cbl-mariner-2.0-oval.xml", which a copy may have something in front
 * of. */
static struct bytes ecosystem_of_file(struct definition *def, struct bytes path)
{
	static const struct {
		const char *part, *ecosystem;
	} files[] = {{"azurelinux-", "Azure Linux"}, {"cbl-mariner-", "CBL-Mariner"}};
	struct bytes name = text_file_name(path);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct bytes part = bytes_of(files[i].part);
		size_t at = bytes_find_bytes(name, part);
		struct bytes rest = bytes_from(name, at + part.len);
		rest = bytes_part(rest, 0, bytes_find(rest, '-'));
		if (at < name.len && rest.len > 0 && byte_is_digit(rest.ptr[0]))
			return draft_printf(&def->d, "%s:%.*s", files[i].ecosystem,
					    BYTES_ARG(bytes_part(rest, 0, 16)));
	}
	return BYTES_NONE;
}

static enum adv_status unfixed_status(const struct definition *def)
{
	if (bytes_find_bytes(def->id, BYTES_LIT(".unaffected:")) < def->id.len ||
	    bytes_eq_lit(def->patchable, "Not Applicable"))
		return ADV_NOT_AFFECTED;
	enum adv_status stated = value_status(def->state);
	return stated == ADV_UNKNOWN || stated == ADV_FIXED ? ADV_AFFECTED : stated;
}

/* The product that names each stream: the first with a repository, else the first. */
static bool index_streams(struct definition *def, struct index *ret)
{
	bool ok = index_init(ret, def->d.a, def->product_count, def->products);
	for (unsigned round = 0; round < 2; round++)
		for (size_t i = 0; ok && i < def->product_count; i++) {
			struct bytes stream = product_stream(def->products[i]);
			if (round > 0 || def->products[i].len > stream.len)
				ok = index_add(ret, stream, (uint32_t)i);
		}
	return ok;
}

/* Red Hat's own list of products is more exact than the platform's name: each stream once. */
static void list_products(struct definition *def, struct oval_scope *scope)
{
	struct index streams;
	if (!index_streams(def, &streams)) {
		def->d.no_memory = true;
		return;
	}
	for (size_t i = 0; i < def->product_count; i++)
		if (index_find(&streams, product_stream(def->products[i])) == i)
			oval_scope_add(
			    scope, &def->d,
			    draft_printf(&def->d, "Red Hat:%.*s",
					 BYTES_ARG(bytes_part(def->products[i], 0, 100))));
}

static void set_adv(struct definition *def)
{
	struct adv *adv = &def->d.adv;
	struct bytes erratum = erratum_in(def->title);
	if (def->patch && erratum.len > 0)
		adv->id = erratum;
	if (!def->patch)
		adv->id = def->cve_count > 0 ? def->cves[0] : erratum;
	for (size_t i = 0; i < def->cve_count; i++)
		draft_alias(&def->d, def->cves[i]);
	adv->severity_text = def->severity;
	adv->summary = def->title;
	adv->published_ms = def->issued_ms;
	adv->modified_ms = def->patch ? def->updated_ms : 0;
}

static int send(struct reading *r, struct definition *def, struct err *e)
{
	struct oval_scope scope = {.red_hat = def->product_count > 0};
	struct oval_packages found = {.ix = r->ix, .unfixed = unfixed_status(def)};
	set_adv(def);
	if (def->patch && (def->d.adv.id.len == 0 || def->cve_count == 0))
		return 0; /* fixes of no vulnerability, and what a release began with */
	list_products(def, &scope);
	struct bytes of_file = ecosystem_of_file(def, r->path);
	found.keyed = of_file.len > 0 ? ADV_BY_SOURCE : ADV_BY_BINARY;
	if (of_file.len > 0)
		oval_scope_add(&scope, &def->d, of_file);
	oval_criteria_find(&def->criteria, &scope, &def->d, &found);
	r->unknown_platform += found.unknown_platform;
	builds_put(&found.builds, &def->d);
	if (!def->d.no_memory && def->d.adv.affected_count == 0) {
		r->no_package++;
		return 0;
	}
	r->sent++;
	return draft_send(&def->d, def->d.adv.id, r->sink, e);
}

static int read_definition(struct reading *r, struct xml *x, struct err *e)
{
	struct definition def = {.id = xml_attribute(x, "id")};
	def.patch = bytes_eq_lit(xml_attribute(x, "class"), "patch");
	draft_init(&def.d, x->arena, "oval", BYTES_NONE);
	while (xml_child(x)) {
		if (xml_is(x, "metadata"))
			read_metadata(x, &def);
		else if (xml_is(x, "criteria"))
			oval_criteria_read(x, &def.criteria);
		else
			xml_skip(x);
	}
	return xml_ok(x) ? send(r, &def, e) : 0;
}

static int read_definitions(struct reading *r, struct xml *x, struct err *e)
{
	struct arena *outer = x->arena;
	int rc = 0;
	for (bool more = true; more && rc == 0;) {
		struct arena one;
		arena_init(&one, outer->budget);
		x->arena = &one;
		more = xml_child(x);
		if (more)
			rc = read_definition(r, x, e);
		x->arena = outer;
		arena_free(&one);
	}
	return rc < 0 || xml_ok(x) ? rc : xml_finish(x, e);
}

static int note(const struct reading *r, uint64_t count, const char *what, struct err *e)
{
	char text[128];
	if (count == 0)
		return 0;
	(void)snprintf(text, sizeof text, "%llu %s", (unsigned long long)count, what);
	return r->sink->note(r->sink->arg, r->path, text, e);
}

bool oval_wants(struct bytes path)
{
	return bytes_has_suffix_lit(path, ".xml");
}

int oval_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
		struct arena *a, struct err *e)
{
	struct oval_index ix;
	struct xml x;
	int rc = oval_index_read(document, a, &ix, &x, e);
	struct reading r = {.sink = sink, .path = path, .ix = &ix};
	if (rc < 0)
		return rc;
	if (x.depth == 0)
		return err_set(e, ERR_FORMAT, "an OVAL document without definitions");
	rc = read_definitions(&r, &x, e);
	if (rc == 0)
		rc = note(&r, r.unknown_platform,
			  "packages not used: of a platform that is not known", e);
	if (rc == 0)
		rc = note(&r, r.no_package, "definitions not used: no package of a known platform",
			  e);
	return rc;
}
