/* CSAF 2.0 of Red Hat and SUSE, VEX documents (one CVE) and advisories (one erratum):
 *
 *   {"document": {"category": "csaf_vex" | "csaf_security_advisory", "title", "aggregate_severity":
 *      {"text"}, "tracking": {"id": "CVE-2023-1" | "RHSA-2023:1", "status", "initial_release_date",
 *      "current_release_date"}},
 *    "product_tree": …,
 *    "vulnerabilities": [{"cve", "cwe": {"id"}, "notes": [{"category": "description", "text"}],
 *      "product_status": {"fixed" | "recommended" | "known_affected" | "known_not_affected" |
 *        "under_investigation": [product id]},
 *      "remediations": [{"category": "vendor_fix" | "no_fix_planned" | "none_available", "details",
 *        "url", "product_ids": […]}], "scores": [{"cvss_v3": {"vectorString"}, "products"}]}]}
 *
 * A document whose id is a CVE gives an advisory for each vulnerability, another one a single
 * advisory that lists the CVEs. Products of the same stream differ in their repository
 * ("enterprise_linux:7::client", "…::server"): they count as the first one. docs/formats/csaf.md
 * has the rules. */
#include "feed/csaf.h"

#include "feed/builds.h"
#include "feed/grow.h"
#include "feed/product.h"
#include "feed/rows.h"
#include "feed/text.h"
#include "feed/value.h"

#include <stdio.h>

struct document {
	const struct feed_sink *sink;
	struct bytes path, id, title, severity, status, category;
	struct bytes tree_text, vulnerabilities;
	int64_t first_ms, current_ms;
	struct csaf_tree tree;
	/* Ecosystems, the first of each stream, and where they are by their stream: of those that
	 * name a repository, and of those that do not. */
	struct bytes *streams;
	size_t stream_count;
	struct index with_repository, without;
	size_t unknown; /* ids that the tree does not explain */
};

struct vulnerability {
	struct draft *d;
	struct builds builds;
	struct bytes cve, status, remediations;
	int64_t release_ms;
};

static struct bytes member_text(struct json *j, const char *name)
{
	struct bytes key, text = BYTES_NONE;
	if (!value_object(j))
		return BYTES_NONE;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, name))
			text = value_text(j);
		else
			json_skip(j);
	}
	return text;
}

static void read_tracking(struct json *j, struct document *doc)
{
	struct bytes key;
	if (!value_object(j))
		return;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "id"))
			doc->id = value_text(j);
		else if (bytes_eq_lit(key, "status"))
			doc->status = value_text(j);
		else if (bytes_eq_lit(key, "initial_release_date"))
			doc->first_ms = value_time(j);
		else if (bytes_eq_lit(key, "current_release_date"))
			doc->current_ms = value_time(j);
		else
			json_skip(j);
	}
}

static void read_head(struct json *j, struct document *doc)
{
	struct bytes key;
	if (!value_object(j))
		return;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "category"))
			doc->category = value_text(j);
		else if (bytes_eq_lit(key, "title"))
			doc->title = value_text(j);
		else if (bytes_eq_lit(key, "aggregate_severity"))
			doc->severity = member_text(j, "text");
		else if (bytes_eq_lit(key, "tracking"))
			read_tracking(j, doc);
		else
			json_skip(j);
	}
}

/* One stream of a distribution is one ecosystem, by its first repository. Streams of products on
 * top name the release that they are for instead: "openshift:4.16::el9". */
static struct bytes ecosystem_of(struct document *doc, struct bytes ecosystem)
{
	static const char *const own[] = {"enterprise_linux:", "enterprise_linux_eus:",
					  "rhel_eus:",	       "rhel_e4s:",
					  "rhel_aus:",	       "rhel_tus:",
					  "rhel_els:"};
	struct bytes stream = product_stream(ecosystem);
	struct bytes product = bytes_from(ecosystem, sizeof "Red Hat:" - 1);
	bool release = false;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		release |= bytes_has_prefix_lit(product, own[i]);
	if (!release)
		return ecosystem;
	struct index *ix = ecosystem.len > stream.len ? &doc->with_repository : &doc->without;
	bool ok = ix->slots || index_init(ix, doc->tree.a, 0, doc);
	uint32_t known = ok ? index_find(ix, stream) : INDEX_NONE;
	if (known != INDEX_NONE)
		return doc->streams[known];
	struct bytes *room =
	    ok ? feed_grow(doc->tree.a, doc->streams, doc->stream_count, sizeof *room) : NULL;
	if (!room || !index_add(ix, stream, (uint32_t)doc->stream_count)) {
		doc->tree.no_memory = true;
		return ecosystem;
	}
	doc->streams = room;
	room[doc->stream_count++] = ecosystem;
	return ecosystem;
}

/* "RHSA-2024:2011" of "https://access.redhat.com/errata/RHSA-2024:2011". */
static struct bytes erratum_of(struct bytes url)
{
	struct bytes name = text_file_name(url);
	return text_has(url, "/errata/") && name.len < 40 ? name : BYTES_NONE;
}

static void remedy(struct csaf_product *p, struct bytes category, struct bytes details,
		   struct bytes url)
{
	if (bytes_eq_lit(category, "vendor_fix") && p->erratum.len == 0)
		p->erratum = erratum_of(url);
	if (!bytes_eq_lit(category, "no_fix_planned") && !bytes_eq_lit(category, "none_available"))
		return;
	enum adv_status stated = value_status(details);
	bool planned = bytes_eq_lit(category, "none_available");
	p->unfixed = stated != ADV_UNKNOWN ? stated : planned ? ADV_AFFECTED : ADV_WILL_NOT_FIX;
}

static int read_remediations(struct document *doc, struct bytes text, struct err *e)
{
	struct json j, ids;
	struct bytes key;
	json_init(&j, text, doc->tree.a);
	for (bool more = value_array(&j); more && json_next_item(&j);) {
		struct bytes category = BYTES_NONE, details = BYTES_NONE, url = BYTES_NONE,
			     products = BYTES_NONE;
		for (bool in = value_object(&j); in && json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, "category"))
				category = value_text(&j);
			else if (bytes_eq_lit(key, "details"))
				details = value_text(&j);
			else if (bytes_eq_lit(key, "url"))
				url = value_text(&j);
			else if (bytes_eq_lit(key, "product_ids"))
				products = json_raw(&j);
			else
				json_skip(&j);
		}
		json_init(&ids, products, doc->tree.a);
		for (bool in = products.len && value_array(&ids); in && json_next_item(&ids);) {
			struct csaf_product *p = csaf_product_find(&doc->tree, value_text(&ids));
			if (p)
				remedy(p, category, details, url);
		}
		if (!json_ok(&ids) && products.len > 0)
			return json_finish(&ids, e);
	}
	return json_finish(&j, e);
}

/* What debuggers read, and no program runs: half of all products. */
static bool is_debug(struct bytes name)
{
	return bytes_has_suffix_lit(name, "-debuginfo") ||
	       bytes_has_suffix_lit(name, "-debugsource");
}

static void add_build(struct document *doc, struct vulnerability *v, struct bytes id,
		      enum adv_status status)
{
	struct csaf_package p;
	enum csaf_find found = csaf_package_find(&doc->tree, id, &p);
	doc->unknown += found == CSAF_UNKNOWN;
	/* binary packages say the same as the source that a fix was built from; a build that was
	 * not affected says nothing of the builds before it */
	if (found != CSAF_FOUND || is_debug(p.name) ||
	    (status == ADV_FIXED && (p.is_source || p.version.len == 0)) ||
	    (status == ADV_NOT_AFFECTED && p.version.len > 0))
		return;
	const struct csaf_product *product = csaf_product_find(&doc->tree, id);
	struct build b = {.ecosystem = ecosystem_of(doc, p.ecosystem),
			  .name = p.name,
			  .module = p.module,
			  .status = status,
			  .keyed = p.is_source ? ADV_BY_SOURCE : ADV_BY_BINARY};
	if (status == ADV_FIXED) {
		b.fixed = p.version;
		b.arches = p.arch;
		b.erratum = product ? product->erratum : BYTES_NONE;
		if (bytes_eq(b.erratum, doc->id))
			b.erratum = BYTES_NONE;
	} else if (status == ADV_AFFECTED && product && product->unfixed != ADV_UNKNOWN) {
		b.status = product->unfixed;
	}
	builds_add(&v->builds, v->d, b);
}

static int read_status(struct document *doc, struct vulnerability *v, struct err *e)
{
	static const struct {
		const char *key;
		enum adv_status status;
	} lists[] = {
	    {"fixed", ADV_FIXED},
	    {"recommended", ADV_FIXED}, /* SUSE */
	    {"known_affected", ADV_AFFECTED},
	    {"known_not_affected", ADV_NOT_AFFECTED},
	    {"under_investigation", ADV_UNDER_INVESTIGATION},
	};
	struct json j;
	struct bytes key;
	if (v->status.len == 0)
		return 0;
	json_init(&j, v->status, doc->tree.a);
	for (bool more = value_object(&j); more && json_next_key(&j, &key);) {
		size_t i = 0;
		while (i < sizeof lists / sizeof *lists && !bytes_eq_lit(key, lists[i].key))
			i++;
		if (i == sizeof lists / sizeof *lists || json_peek(&j) != JSON_ARRAY) {
			json_skip(&j);
			continue;
		}
		for (bool in = json_enter_array(&j); in && json_next_item(&j);)
			add_build(doc, v, value_text(&j), lists[i].status);
	}
	return json_finish(&j, e);
}

/* [{"cvss_v2" | "cvss_v3" | "cvss_v4": {"vectorString"}, "products": […]}] */
static void read_scores(struct json *j, struct draft *d)
{
	struct bytes key;
	for (bool more = value_array(j); more && json_next_item(j);)
		for (bool in = value_object(j); in && json_next_key(j, &key);) {
			if (bytes_has_prefix_lit(key, "cvss_v"))
				draft_cvss(d, member_text(j, "vectorString"));
			else
				json_skip(j);
		}
}

static void read_notes(struct json *j, struct draft *d)
{
	struct bytes key;
	for (bool more = value_array(j); more && json_next_item(j);) {
		struct bytes category = BYTES_NONE, text = BYTES_NONE;
		for (bool in = value_object(j); in && json_next_key(j, &key);) {
			if (bytes_eq_lit(key, "category"))
				category = value_text(j);
			else if (bytes_eq_lit(key, "text"))
				text = value_text(j);
			else
				json_skip(j);
		}
		if (d->adv.details.len == 0 && bytes_eq_lit(category, "description"))
			d->adv.details = text;
	}
}

static void read_references(struct json *j, struct draft *d)
{
	for (bool more = value_array(j); more && json_next_item(j);)
		draft_reference(d, "WEB", member_text(j, "url"));
}

static void read_vulnerability(struct json *j, struct vulnerability *v)
{
	struct bytes key;
	if (!value_object(j))
		return;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "cve"))
			v->cve = value_text(j);
		else if (bytes_eq_lit(key, "cwe"))
			draft_cwe(v->d, member_text(j, "id"));
		else if (bytes_eq_lit(key, "product_status"))
			v->status = json_raw(j);
		else if (bytes_eq_lit(key, "remediations"))
			v->remediations = json_raw(j);
		else if (bytes_eq_lit(key, "scores"))
			read_scores(j, v->d);
		else if (bytes_eq_lit(key, "notes"))
			read_notes(j, v->d);
		else if (bytes_eq_lit(key, "references"))
			read_references(j, v->d);
		else if (bytes_eq_lit(key, "release_date"))
			v->release_ms = value_time(j);
		else
			json_skip(j);
	}
}

static bool is_of_cve(const struct document *doc)
{
	return bytes_has_prefix_nocase(doc->id, BYTES_LIT("CVE-"));
}

static void start(struct document *doc, struct draft *d, struct arena *a)
{
	draft_init(d, a, "csaf", doc->id);
	d->adv.summary = doc->title;
	d->adv.severity_text = doc->severity;
	d->adv.published_ms = doc->first_ms;
	d->adv.modified_ms = doc->current_ms;
}

static int finish(struct document *doc, struct vulnerability *v, struct err *e)
{
	char text[96];
	int rc = 0;
	builds_put(&v->builds, v->d);
	v->d->no_memory |= doc->tree.no_memory;
	if (!v->d->no_memory && doc->unknown > 0) {
		(void)snprintf(text, sizeof text,
			       "%zu products not used: the product tree does not say what they are",
			       doc->unknown);
		rc = doc->sink->note(doc->sink->arg, doc->id, text, e);
	}
	doc->unknown = 0;
	/* about products that images are not of */
	if (rc < 0 || (!v->d->no_memory && v->d->adv.affected_count == 0 && !is_of_cve(doc)))
		return rc;
	if (!v->d->no_memory && v->d->adv.affected_count == 0 && v->d->adv.cvss_count == 0)
		return 0;
	return draft_send(v->d, doc->id, doc->sink, e);
}

static int read_vulnerabilities(struct document *doc, struct arena *a, struct err *e)
{
	struct json j;
	struct draft d;
	struct vulnerability all = {.d = &d};
	int rc = 0;
	start(doc, &d, a);
	json_init(&j, doc->vulnerabilities, a);
	for (bool more = value_array(&j); more && rc == 0 && json_next_item(&j);) {
		struct vulnerability v = {.d = &d, .builds = all.builds};
		if (is_of_cve(doc)) {
			start(doc, &d, a);
			v.builds = (struct builds){.count = 0};
		}
		read_vulnerability(&j, &v);
		if (!json_ok(&j))
			break;
		if (v.remediations.len > 0)
			rc = read_remediations(doc, v.remediations, e);
		if (rc == 0)
			rc = read_status(doc, &v, e);
		if (rc == 0 && is_of_cve(doc)) {
			d.adv.id = v.cve.len ? v.cve : doc->id;
			d.adv.published_ms = v.release_ms ? v.release_ms : doc->first_ms;
			rc = finish(doc, &v, e);
		} else if (bytes_has_prefix_lit(v.cve, "CVE-")) {
			draft_alias(&d, v.cve);
		}
		all.builds = v.builds;
	}
	if (rc == 0)
		rc = json_finish(&j, e);
	return rc == 0 && !is_of_cve(doc) ? finish(doc, &all, e) : rc;
}

bool csaf_wants(struct bytes path)
{
	/* beside documents there are lists of what changed */
	return feed_wants_json(path) &&
	       !bytes_eq_lit(text_file_name(path), "provider-metadata.json");
}

int csaf_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
		struct arena *a, struct err *e)
{
	struct document doc = {.sink = sink, .path = path};
	struct json j;
	struct bytes key;
	json_init(&j, document, a);
	for (bool more = json_enter_object(&j); more && json_next_key(&j, &key);) {
		if (bytes_eq_lit(key, "document"))
			read_head(&j, &doc);
		else if (bytes_eq_lit(key, "product_tree"))
			doc.tree_text = json_raw(&j);
		else if (bytes_eq_lit(key, "vulnerabilities"))
			doc.vulnerabilities = json_raw(&j);
		else
			json_skip(&j);
	}
	int rc = json_finish(&j, e);
	if (rc < 0)
		return rc;
	if (doc.id.len == 0)
		return sink->note(sink->arg, path, "record not used: no tracking id", e);
	if (bytes_eq_lit(doc.status, "deleted"))
		return draft_withdrawn(&(struct adv){.feed = BYTES_LIT("csaf"),
						     .id = doc.id,
						     .modified_ms = doc.current_ms,
						     .withdrawn_ms = doc.current_ms},
				       path, sink, e);
	if (!bytes_has_prefix_lit(doc.category, "csaf_"))
		return err_set(e, ERR_FORMAT, "not a CSAF document");
	if (doc.tree_text.len == 0 || doc.vulnerabilities.len == 0)
		return sink->note(sink->arg, doc.id, "record not used: no products", e);
	rc = csaf_tree_read(doc.tree_text, a, &doc.tree, e);
	return rc < 0 ? rc : read_vulnerabilities(&doc, a, e);
}
