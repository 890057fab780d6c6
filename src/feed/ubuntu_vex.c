/* Canonical's OpenVEX, one document for each CVE:
 *
 *   {"@context": "https://openvex.dev/ns/v0.2.0", "author": "Canonical Ltd.", "statements": [
 *     {"vulnerability": {"name": "CVE-2023-1", "description"}, "timestamp", "status":
 * "not_affected" | "affected" | "fixed" | "under_investigation", "products": [{"@id":
 * "pkg:deb/ubuntu/curl@8.5.0-2ubuntu10.9?arch=source&distro=esm-infra/xenial"}],
 *      "justification", "impact_statement", "action_statement"}]}
 *
 * What OSV's records leave out is taken: releases that are not affected, and why there is no fix
 * (the action statement says it in a sentence). "fixed" is not: the version of its product is the
 * archive's newest, not the one that fixed it, and OSV has that. Products are binary packages and
 * their sources; sources are enough. One advisory for each document. */
#include "feed/draft.h"
#include "feed/rows.h"
#include "feed/text.h"
#include "feed/ubuntu_release.h"
#include "feed/value.h"
#include "pkg/package.h"

struct statement {
	struct bytes cve, description, status, action, products;
	int64_t time_ms;
};

bool ubuntu_vex_wants(struct bytes path)
{
	struct bytes name = text_file_name(path);
	return bytes_has_prefix_lit(name, "CVE-") && bytes_has_suffix_lit(name, ".json");
}

static void read_vulnerability(struct json *j, struct statement *s)
{
	struct bytes key;
	if (!value_object(j))
		return;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "name"))
			s->cve = value_text(j);
		else if (bytes_eq_lit(key, "description"))
			s->description = value_text(j);
		else
			json_skip(j);
	}
}

/* Products are read when the statement's status is known: their text is kept. */
static void read_statement(struct json *j, struct statement *s)
{
	struct bytes key;
	if (!value_object(j))
		return;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "vulnerability"))
			read_vulnerability(j, s);
		else if (bytes_eq_lit(key, "status"))
			s->status = value_text(j);
		else if (bytes_eq_lit(key, "action_statement"))
			s->action = value_text(j);
		else if (bytes_eq_lit(key, "timestamp"))
			s->time_ms = value_time(j);
		else if (bytes_eq_lit(key, "products"))
			s->products = json_raw(j);
		else
			json_skip(j);
	}
}

/* UNKNOWN: nothing that OSV does not say. */
static enum adv_status status_of(const struct statement *s)
{
	static const struct {
		const char *part;
		enum adv_status status;
	} actions[] = {
	    {"no longer supported", ADV_END_OF_LIFE},
	    {"decided to not fix", ADV_WILL_NOT_FIX},
	    {"decided not to fix", ADV_WILL_NOT_FIX},
	    {"deferred", ADV_FIX_DEFERRED},
	    {"delay", ADV_FIX_DEFERRED},
	};
	if (!bytes_eq_lit(s->status, "affected"))
		return bytes_eq_lit(s->status, "fixed") ? ADV_UNKNOWN : value_status(s->status);
	/* notes of the tracker may follow the sentence */
	struct bytes said =
	    bytes_part(s->action, 0, bytes_find_bytes(s->action, BYTES_LIT("CVE Notes")));
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (text_has(said, actions[i].part))
			return actions[i].status;
	return ADV_AFFECTED;
}

/* False: not a purl. */
static bool add_product(struct draft *d, struct bytes id, enum adv_status status)
{
	struct pkg p;
	struct err e = ERR_INIT;
	struct ubuntu_series series;
	if (bytes_find_bytes(id, BYTES_LIT("arch=source")) == id.len)
		return true;
	if (pkg_purl_read(id, d->a, &p, &e) < 0) {
		d->no_memory |= e.code == ERR_NOMEM;
		return false;
	}
	if (!bytes_eq_lit(p.type, "deb") || !ubuntu_series_parse(p.distro, &series))
		return bytes_eq_lit(p.type, "deb");
	struct adv_affected *f =
	    draft_affected(d, draft_printf(d, "%s", series.ecosystem), p.name, ADV_BY_SOURCE);
	draft_fixed(d, f, BYTES_NONE, status);
	if (f)
		f->module = series.service;
	return true;
}

static int read_products(struct draft *d, const struct statement *s, size_t *odd, struct err *e)
{
	struct json j;
	struct bytes key;
	enum adv_status status = status_of(s);
	if (status == ADV_UNKNOWN || s->products.len == 0)
		return 0;
	json_init(&j, s->products, d->a);
	for (bool more = json_enter_array(&j); more && json_next_item(&j);) {
		struct bytes id = BYTES_NONE;
		if (!value_object(&j))
			continue;
		while (json_next_key(&j, &key)) {
			if (bytes_eq_lit(key, "@id"))
				id = value_text(&j);
			else
				json_skip(&j);
		}
		*odd += id.len > 0 && !add_product(d, id, status);
	}
	return json_finish(&j, e);
}

static int read_statements(struct json *j, struct draft *d, size_t *odd, struct err *e)
{
	int rc = 0;
	for (bool more = value_array(j); more && rc == 0 && json_next_item(j);) {
		struct statement s = {.time_ms = 0};
		read_statement(j, &s);
		if (!json_ok(j))
			break;
		d->adv.id = d->adv.id.len ? d->adv.id : s.cve;
		d->adv.details = d->adv.details.len ? d->adv.details : s.description;
		if (!d->adv.published_ms)
			d->adv.published_ms = s.time_ms;
		if (bytes_eq(s.cve, d->adv.id)) /* a document is about one CVE */
			rc = read_products(d, &s, odd, e);
	}
	return rc;
}

int ubuntu_vex_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
		      struct arena *a, struct err *e)
{
	struct json j;
	struct draft d;
	struct bytes key, context = BYTES_NONE;
	size_t odd = 0;
	int rc = 0;
	draft_init(&d, a, "ubuntu-vex", BYTES_NONE);
	json_init(&j, document, a);
	for (bool more = json_enter_object(&j); more && rc == 0 && json_next_key(&j, &key);) {
		if (bytes_eq_lit(key, "@context"))
			context = value_text(&j);
		else if (bytes_eq_lit(key, "timestamp"))
			d.adv.modified_ms = value_time(&j);
		else if (bytes_eq_lit(key, "statements"))
			rc = read_statements(&j, &d, &odd, e);
		else
			json_skip(&j);
	}
	if (rc == 0)
		rc = json_finish(&j, e);
	if (rc < 0)
		return rc;
	if (!bytes_has_prefix_lit(context, "https://openvex.dev/ns"))
		return err_set(e, ERR_FORMAT, "not an OpenVEX document");
	if (!bytes_has_prefix_lit(d.adv.id, "CVE-"))
		return sink->note(sink->arg, path, "record not used: no CVE id", e);
	if (odd > 0)
		rc = sink->note(sink->arg, d.adv.id, "products not used: no package URLs", e);
	/* fixed everywhere: OSV says it */
	if (rc < 0 || (!d.no_memory && d.adv.affected_count == 0))
		return rc;
	return draft_send(&d, d.adv.id, sink, e);
}
