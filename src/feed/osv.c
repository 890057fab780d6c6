/* OSV, schema 1.7 and before: one JSON object per record
 *
 *   {"schema_version", "id", "modified", "published", "withdrawn", "aliases": [id], "related":
 * [id], "upstream": [id], "summary", "details", "severity": [{"type": "CVSS_V2" | "CVSS_V3" |
 * "CVSS_V4" | vendor, "score"}], "affected": […], "references": [{"type", "url"}], "credits": […],
 * "database_specific": {…}}
 *
 * or an array of such objects. A record is sent or reported by a note: one that names no package
 * that can be matched, or whose shape is wrong; of one that was withdrawn its ids are sent. An
 * alias is what means the same vulnerability: "aliases", then the CVE and GHSA ids of "upstream"
 * (what a distribution's record is about), for an erratum of a distribution the CVEs of "related",
 * and the CVE inside ids such as UBUNTU-CVE-2024-1, its own and those of "upstream" (Ubuntu's
 * notices name their CVEs so). */
#include "feed/osv.h"

#include "feed/draft.h"
#include "feed/grow.h"
#include "feed/rows.h"
#include "feed/text.h"
#include "feed/value.h"
#include "feed/yaml.h"

#include "base/clock.h"

#include <stdio.h>

#define ID_MAX 256	 /* bytes: the longest real ids stay under 60 */
#define ALIASES_MAX 8192 /* ids of one list: kernel errata name up to about 2,000 CVEs */
#define VECTORS_MAX 64	 /* CVSS vectors of one record */
#define CWES_MAX 256
#define YAML_JSON_MAX ((size_t)32 << 20) /* bytes: as a document of JSON */

bool feed_wants_json(struct bytes path)
{
	return bytes_has_suffix_lit(path, ".json");
}

/* Of the lists that may be long. */
static struct index *index_of(struct osv_record *r, struct bytes **list)
{
	return list == &r->adv.aliases ? &r->alias_ix
	       : list == &r->related   ? &r->related_ix
	       : list == &r->upstream  ? &r->upstream_ix
				       : NULL;
}

static void add(struct osv_record *r, struct bytes **list, size_t *count, struct bytes b,
		size_t max)
{
	if (b.len == 0 || !json_ok(r->j))
		return;
	if (*count >= max)
		json_fail(r->j, "a list is too long");
	else if (!feed_add_once(r->a, list, count, index_of(r, list), b))
		json_fail_memory(r->j);
}

void osv_read_list(struct osv_record *r, struct bytes **list, size_t *count, size_t max)
{
	if (!value_array(r->j))
		return;
	while (json_next_item(r->j))
		add(r, list, count, value_text(r->j), max);
}

void osv_read_versions(struct osv_record *r, struct adv_affected *f)
{
	if (!value_array(r->j))
		return;
	while (json_next_item(r->j)) {
		struct bytes version = value_text(r->j);
		struct bytes *room = feed_grow(r->a, f->versions, f->version_count, sizeof *room);
		if (!room) {
			json_fail_memory(r->j);
			return;
		}
		f->versions = room;
		if (version.len > 0)
			room[f->version_count++] = version;
	}
}

static void add_vector(struct osv_record *r, struct bytes vector)
{
	if (bytes_find(vector, '/') < vector.len) /* a bare number is a score without its vector */
		add(r, &r->adv.cvss, &r->adv.cvss_count, vector, VECTORS_MAX);
}

void osv_read_severity(struct osv_record *r, struct bytes *word)
{
	if (!value_array(r->j))
		return;
	while (json_next_item(r->j)) {
		struct bytes key, type = BYTES_NONE, score = BYTES_NONE;
		if (!value_object(r->j))
			continue;
		while (json_next_key(r->j, &key)) {
			if (bytes_eq_lit(key, "type"))
				type = value_text(r->j);
			else if (bytes_eq_lit(key, "score"))
				score = value_text(r->j);
			else
				json_skip(r->j);
		}
		if (bytes_has_prefix_lit(type, "CVSS"))
			add_vector(r, score);
		else if (score.len > 0) /* "Ubuntu": "medium" */
			*word = score;
	}
}

/* ["CWE-79"], "CWE-79" or [{"cweId": "CWE-79", …}]. */
static void read_cwes(struct osv_record *r)
{
	struct bytes key;
	struct adv *adv = &r->adv;
	if (json_peek(r->j) != JSON_ARRAY) {
		add(r, &adv->cwes, &adv->cwe_count, value_text(r->j), CWES_MAX);
		return;
	}
	if (!json_enter_array(r->j))
		return;
	while (json_next_item(r->j)) {
		if (json_peek(r->j) != JSON_OBJECT) {
			add(r, &adv->cwes, &adv->cwe_count, value_text(r->j), CWES_MAX);
			continue;
		}
		if (!json_enter_object(r->j))
			return;
		while (json_next_key(r->j, &key)) {
			if (bytes_eq_lit(key, "cweId"))
				add(r, &adv->cwes, &adv->cwe_count, value_text(r->j), CWES_MAX);
			else
				json_skip(r->j);
		}
	}
}

/* "CVSS:3.1/…", or {"vectorString": "CVSS:3.1/…"}. */
static void read_vector(struct osv_record *r)
{
	struct bytes key;
	if (json_peek(r->j) != JSON_OBJECT) {
		add_vector(r, value_text(r->j));
		return;
	}
	if (!json_enter_object(r->j))
		return;
	while (json_next_key(r->j, &key)) {
		if (bytes_eq_lit(key, "vectorString"))
			add_vector(r, value_text(r->j));
		else
			json_skip(r->j);
	}
}

bool osv_read_shared(struct osv_record *r, struct bytes key)
{
	if (bytes_eq_lit(key, "cwe_ids") || bytes_eq_lit(key, "cwes") || bytes_eq_lit(key, "cwe"))
		read_cwes(r);
	else if (bytes_eq_lit(key, "cvss"))
		read_vector(r);
	else
		return false;
	return true;
}

/* {"applies_to_subpackages": false} */
static void read_chainguard(struct osv_record *r)
{
	struct bytes key;
	if (!value_object(r->j))
		return;
	while (json_next_key(r->j, &key)) {
		if (bytes_eq_lit(key, "applies_to_subpackages") && json_peek(r->j) == JSON_BOOL)
			r->alone = !json_bool(r->j);
		else
			json_skip(r->j);
	}
}

static void read_specific(struct osv_record *r)
{
	struct bytes key;
	if (!value_object(r->j))
		return;
	while (json_next_key(r->j, &key)) {
		if (bytes_eq_lit(key, "severity")) {
			struct bytes word = value_text(r->j);
			if (word.len > 0)
				r->adv.severity_text = word;
		} else if (bytes_eq_lit(key, "chainguard")) {
			read_chainguard(r);
		} else if (!osv_read_shared(r, key)) {
			json_skip(r->j);
		}
	}
}

static void read_reference(struct osv_record *r)
{
	struct bytes key;
	struct adv_reference ref = {0};
	if (!value_object(r->j))
		return;
	while (json_next_key(r->j, &key)) {
		if (bytes_eq_lit(key, "type"))
			ref.type = value_text(r->j);
		else if (bytes_eq_lit(key, "url"))
			ref.url = value_text(r->j);
		else
			json_skip(r->j);
	}
	if (ref.url.len == 0)
		return;
	struct adv_reference *room =
	    feed_grow(r->a, r->adv.references, r->adv.reference_count, sizeof *room);
	if (!room) {
		json_fail_memory(r->j);
		return;
	}
	r->adv.references = room;
	room[r->adv.reference_count++] = ref;
}

static void read_references(struct osv_record *r)
{
	if (!value_array(r->j))
		return;
	while (json_next_item(r->j))
		read_reference(r);
}

/* True when key was one of the plain texts and its value is read. */
static bool read_plain(struct osv_record *r, struct bytes key)
{
	struct adv *adv = &r->adv;
	if (bytes_eq_lit(key, "id"))
		adv->id = value_text(r->j);
	else if (bytes_eq_lit(key, "summary"))
		adv->summary = value_text(r->j);
	else if (bytes_eq_lit(key, "details"))
		adv->details = value_text(r->j);
	else if (bytes_eq_lit(key, "published"))
		adv->published_ms = value_time(r->j);
	else if (bytes_eq_lit(key, "modified"))
		adv->modified_ms = value_time(r->j);
	else
		return false;
	return true;
}

/* A time that cannot be read is one all the same. */
static void read_withdrawn(struct osv_record *r)
{
	struct bytes when = value_text(r->j);
	int64_t ms = 0;
	if (when.len > 0)
		r->adv.withdrawn_ms =
		    clock_parse_rfc3339(when, &ms) && ms > 0 ? ms : ADV_WITHDRAWN_UNDATED;
}

static bool read_record_key(struct osv_record *r, struct bytes key)
{
	struct adv *adv = &r->adv;
	if (bytes_eq_lit(key, "aliases"))
		osv_read_list(r, &adv->aliases, &adv->alias_count, ALIASES_MAX);
	else if (bytes_eq_lit(key, "related"))
		osv_read_list(r, &r->related, &r->related_count, ALIASES_MAX);
	else if (bytes_eq_lit(key, "upstream"))
		osv_read_list(r, &r->upstream, &r->upstream_count, ALIASES_MAX);
	else if (bytes_eq_lit(key, "severity"))
		osv_read_severity(r, &adv->severity_text);
	else if (bytes_eq_lit(key, "affected"))
		osv_read_affected(r);
	else if (bytes_eq_lit(key, "references"))
		read_references(r);
	else if (bytes_eq_lit(key, "withdrawn"))
		read_withdrawn(r);
	else if (bytes_eq_lit(key, "database_specific") || bytes_eq_lit(key, "ecosystem_specific"))
		read_specific(r);
	else
		return read_plain(r, key);
	return true;
}

static bool is_cve(struct bytes id)
{
	return bytes_has_prefix_lit(id, "CVE-");
}

/* UBUNTU-CVE-…, ALPINE-CVE-…, DEBIAN-CVE-…: the CVE inside; the empty run if there is none. */
static struct bytes inner_cve(struct bytes id)
{
	static const char *const prefixes[] = {"UBUNTU-", "ALPINE-", "DEBIAN-", "BELL-", "ECHO-"};
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		struct bytes rest = bytes_from(id, bytes_of(prefixes[i]).len);
		if (bytes_has_prefix_lit(id, prefixes[i]) && is_cve(rest))
			return rest;
	}
	return BYTES_NONE;
}

static void finish_aliases(struct osv_record *r)
{
	struct adv *adv = &r->adv;
	size_t kept = 0;
	add(r, &adv->aliases, &adv->alias_count, inner_cve(adv->id), 3 * ALIASES_MAX);
	for (size_t i = 0; i < r->upstream_count; i++) {
		add(r, &adv->aliases, &adv->alias_count, inner_cve(r->upstream[i]),
		    3 * ALIASES_MAX);
		if (is_cve(r->upstream[i]) || bytes_has_prefix_lit(r->upstream[i], "GHSA-"))
			add(r, &adv->aliases, &adv->alias_count, r->upstream[i], 3 * ALIASES_MAX);
	}
	bool related =
	    r->rules && r->rules->related_cves && !is_cve(adv->id) && inner_cve(adv->id).len == 0;
	for (size_t i = 0; related && i < r->related_count; i++)
		if (is_cve(r->related[i]))
			add(r, &adv->aliases, &adv->alias_count, r->related[i], 3 * ALIASES_MAX);
	for (size_t i = 0; i < adv->alias_count; i++)
		if (!bytes_eq(adv->aliases[i], adv->id))
			adv->aliases[kept++] = adv->aliases[i];
	adv->alias_count = kept;
}

/* "Important: kernel security update": the vendor's word in front of the summary. */
static void finish_severity(struct osv_record *r)
{
	struct adv *adv = &r->adv;
	if (adv->severity_text.len == 0 && r->rules && r->rules->summary_word) {
		size_t colon = bytes_find(adv->summary, ':');
		struct bytes word = bytes_part(adv->summary, 0, colon);
		if (colon < adv->summary.len && adv_severity_parse(word) != ADV_SEV_UNKNOWN)
			adv->severity_text = word;
	}
	adv->severity = adv_severity_parse(adv->severity_text);
	/* malicious packages: nobody rates them, there is nothing worse to install */
	if (adv->severity == ADV_SEV_UNKNOWN && bytes_has_prefix_lit(adv->id, "MAL-"))
		adv->severity = ADV_SEV_CRITICAL;
	/* RustSec's "unsound" says what kind it is; a score says how grave */
	for (size_t i = 0; adv->cvss_count > 0 && i < adv->affected_count; i++)
		if (bytes_eq_lit(adv->affected[i].severity_text, "unsound"))
			adv->affected[i].severity_text = BYTES_NONE;
}

/* Exports of the Trivy database name the record itself where no erratum fixes the package. */
static void finish_vendor_ids(struct adv *adv)
{
	for (size_t i = 0; i < adv->affected_count; i++)
		if (bytes_eq(adv->affected[i].vendor_id, adv->id))
			adv->affected[i].vendor_id = BYTES_NONE;
}

/* Errata that repair or add something and fix no vulnerability: not what a security check is about.
 */
static bool is_not_security(const struct adv *adv)
{
	static const char *const prefixes[] = {
	    "ALBA-",	"ALEA-",	"RHBA-",	"RHEA-",       "RLBA-",	   "RLEA-",
	    "ELBA-",	"ELEA-",	"CEBA-",	"CEEA-",       "SUSE-RU-", "SUSE-FU-",
	    "SUSE-OU-", "openSUSE-RU-", "openSUSE-FU-", "openSUSE-OU-"};
	for (size_t i = 0; i < adv->alias_count; i++)
		if (is_cve(adv->aliases[i]))
			return false;
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (bytes_has_prefix_lit(adv->id, prefixes[i]))
			return true;
	return false;
}

static const char *why_not_sent(const struct osv_record *r)
{
	const struct adv *adv = &r->adv;
	if (adv->id.len == 0)
		return "no id";
	if (adv->id.len > ID_MAX)
		return "id longer than 256 bytes";
	if (adv->affected_count == 0)
		return r->unused_why ? r->unused_why : "no affected package";
	return NULL;
}

/* How a text that is not a version was handled. */
static int note_version(const struct osv_record *r, struct bytes where,
			const struct feed_sink *sink, struct err *e)
{
	char text[256];
	int n = snprintf(text, sizeof text, "package %.*s: \"%.*s\" is not a version: ",
			 BYTES_ARG(bytes_part(r->odd_name, 0, 80)),
			 BYTES_ARG(bytes_part(r->odd_version, 0, 60)));
	(void)snprintf(text + n, sizeof text - (size_t)n, "%s%s",
		       r->odd_as == ADV_UNKNOWN ? "it cannot be compared" : "read as ",
		       r->odd_as == ADV_UNKNOWN ? "" : adv_status_word(r->odd_as));
	return sink->note(sink->arg, where, text, e);
}

static int send_record(struct osv_record *r, struct bytes path, const struct feed_sink *sink,
		       struct err *e)
{
	char text[256];
	struct bytes where = r->adv.id.len > 0 ? r->adv.id : path;
	const char *why = why_not_sent(r);
	if (why) {
		if (r->odd_version.len)
			return note_version(r, where, sink, e);
		(void)snprintf(text, sizeof text, "record not used: %s", why);
		return sink->note(sink->arg, where, text, e);
	}
	int rc = sink->advisory(sink->arg, &r->adv, e);
	if (rc >= 0 && r->odd_version.len)
		rc = note_version(r, where, sink, e);
	if (rc < 0 || r->unused == 0)
		return rc;
	(void)snprintf(text, sizeof text, "affected entries not used: %zu (%s)", r->unused,
		       r->unused_why);
	return sink->note(sink->arg, where, text, e);
}

/* Read the next value of j, an object. Failures stay in j. */
static int read_record(struct json *j, struct bytes path, const struct feed_sink *sink,
		       struct err *e)
{
	struct osv_record r = {.j = j, .a = j->arena, .adv = {.feed = BYTES_LIT("osv")}};
	struct bytes key;
	if (!json_enter_object(j))
		return 0;
	while (json_next_key(j, &key))
		if (!read_record_key(&r, key))
			json_skip(j);
	if (!json_ok(j))
		return 0;
	if (r.adv.withdrawn_ms == 0)
		osv_finish_affected(&r);
	finish_aliases(&r);
	if (json_ok(j) && r.adv.withdrawn_ms != 0)
		return draft_withdrawn(&r.adv, path, sink, e);
	finish_severity(&r);
	finish_vendor_ids(&r.adv);
	if (is_not_security(&r.adv))
		return 0;
	return json_ok(j) ? send_record(&r, path, sink, e) : 0;
}

static int import_json(struct bytes path, struct bytes document, const struct feed_sink *sink,
		       struct arena *a, struct err *e)
{
	struct json j;
	int rc = 0;
	json_init(&j, document, a);
	if (json_peek(&j) != JSON_ARRAY) {
		rc = read_record(&j, path, sink, e);
		return rc < 0 ? rc : json_finish(&j, e);
	}
	/* An array of records is read with the memory of one. */
	size_t budget = a->budget;
	for (bool more = json_enter_array(&j); more && rc >= 0 && json_next_item(&j);) {
		struct arena one;
		arena_init(&one, budget);
		j.arena = &one;
		rc = read_record(&j, path, sink, e);
		j.arena = a;
		arena_free(&one);
	}
	return rc < 0 ? rc : json_finish(&j, e);
}

/* PyPA's and R's databases keep their records as YAML; other YAML lies beside records. */
bool osv_wants(struct bytes path)
{
	static const char *const starts[] = {"PYSEC-", "RSEC-"};
	struct bytes name = text_file_name(path);
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (bytes_has_prefix_lit(name, starts[i]) && bytes_has_suffix_lit(name, ".yaml"))
			return true;
	return feed_wants_json(path);
}

int osv_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
	       struct arena *a, struct err *e)
{
	struct buf text;
	if (!bytes_has_suffix_lit(path, ".yaml"))
		return import_json(path, document, sink, a, e);
	buf_init(&text, YAML_JSON_MAX);
	int rc = yaml_to_json(document, &text, e);
	if (rc == 0)
		rc = import_json(path, buf_bytes(&text), sink, a, e);
	buf_free(&text);
	return rc;
}
