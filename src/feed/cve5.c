/* CVE records, JSON format 5.0 to 5.2 (the CVE List, and CISA's Vulnrichment of it): one object per
 * document
 *
 *   {"dataType": "CVE_RECORD",
 *    "cveMetadata": {"cveId": "CVE-2024-1", "state": "PUBLISHED" | "REJECTED", "datePublished",
 *                    "dateUpdated"},
 *    "containers": {"cna": CONTAINER, "adp": [CONTAINER]}}
 *   CONTAINER = {"title", "descriptions": [{"lang": "en", "value"}], "metrics": [METRIC],
 *                "problemTypes": [{"descriptions": [{"cweId"}]}], …}
 *   METRIC = {"cvssV2_0" | "cvssV3_0" | "cvssV3_1" | "cvssV4_0": {"vectorString"}}
 *            or {"other": {"content": {"value" | "text" | "severity": "Moderate"}}}
 *
 * with members in any order. What the record says of products is not used: it is written for
 * people, and distributions say it of their packages. What is used is the severity: an advisory
 * without packages is sent, from whose vectors match/ takes what a vendor's record of the same CVE
 * leaves out. The vectors are those of the authority that named the CVE (cna); where it states
 * none, those that others added (adp). Of a rejected record ("rejectedReasons", "replacedBy") is
 * sent that it is; one with neither a vector nor a severity in words says nothing and is not sent.
 */
#include "feed/draft.h"
#include "feed/grow.h"
#include "feed/rows.h"
#include "feed/text.h"
#include "feed/value.h"

#define VECTORS_MAX 64U /* of one container: real ones have up to 5 */
#define CWES_MAX 256U
#define REPLACED_MAX 64U /* CVEs in the place of a rejected one */

struct container {
	struct bytes *cvss, *cwes;
	size_t cvss_count, cwe_count;
	struct bytes word; /* "Moderate", where it is one that is known */
};

struct record {
	struct json *j;
	struct arena *a;
	struct bytes type, id, state, title, text;
	int64_t published_ms, updated_ms, rejected_ms;
	struct bytes *replaced_by; /* of a rejected one */
	size_t replaced_count;
	struct container cna, adp;
};

static void add(struct record *r, struct bytes **list, size_t *count, struct bytes text, size_t max)
{
	if (text.len == 0 || !json_ok(r->j))
		return;
	if (*count >= max)
		json_fail(r->j, "a list is too long");
	else if (!feed_add_once(r->a, list, count, NULL, text))
		json_fail_memory(r->j);
}

/* Reads the member of that name, or says no. */
typedef bool (*member_fn)(struct record *r, struct container *c, struct bytes key);

static void read_object(struct record *r, struct container *c, member_fn member)
{
	struct bytes key;
	if (!value_object(r->j))
		return;
	while (json_next_key(r->j, &key))
		if (!member(r, c, key))
			json_skip(r->j);
}

static void read_objects(struct record *r, struct container *c, member_fn member)
{
	if (!value_array(r->j))
		return;
	while (json_next_item(r->j))
		read_object(r, c, member);
}

static bool score_member(struct record *r, struct container *c, struct bytes key)
{
	if (!bytes_eq_lit(key, "vectorString"))
		return false;
	add(r, &c->cvss, &c->cvss_count, value_text(r->j), VECTORS_MAX);
	return true;
}

/* A severity in words, under one of several names; what is not one (SSVC, KEV) has none of them. */
static bool content_member(struct record *r, struct container *c, struct bytes key)
{
	if (!bytes_eq_lit(key, "value") && !bytes_eq_lit(key, "text") &&
	    !bytes_eq_lit(key, "severity"))
		return false;
	struct bytes word = bytes_trim(value_text(r->j));
	if (c->word.len == 0 && adv_severity_parse(word) != ADV_SEV_UNKNOWN)
		c->word = word;
	return true;
}

static bool other_member(struct record *r, struct container *c, struct bytes key)
{
	if (!bytes_eq_lit(key, "content"))
		return false;
	read_object(r, c, content_member);
	return true;
}

static bool metric_member(struct record *r, struct container *c, struct bytes key)
{
	if (bytes_eq_lit(key, "other")) {
		read_object(r, c, other_member);
		return true;
	}
	if (!bytes_has_prefix_lit(key, "cvssV"))
		return false;
	read_object(r, c, score_member);
	return true;
}

static bool description_member(struct record *r, struct container *c, struct bytes key)
{
	if (!bytes_eq_lit(key, "cweId"))
		return false;
	add(r, &c->cwes, &c->cwe_count, value_text(r->j), CWES_MAX);
	return true;
}

static bool problem_type_member(struct record *r, struct container *c, struct bytes key)
{
	if (!bytes_eq_lit(key, "descriptions"))
		return false;
	read_objects(r, c, description_member);
	return true;
}

/* "descriptions" of the record: the English text. */
static void read_texts(struct record *r)
{
	struct bytes key;
	for (bool more = value_array(r->j); more && json_next_item(r->j);) {
		struct bytes lang = BYTES_NONE, text = BYTES_NONE;
		for (bool in = value_object(r->j); in && json_next_key(r->j, &key);) {
			if (bytes_eq_lit(key, "lang"))
				lang = value_text(r->j);
			else if (bytes_eq_lit(key, "value"))
				text = value_text(r->j);
			else
				json_skip(r->j);
		}
		if (r->text.len == 0 && bytes_has_prefix_lit(lang, "en"))
			r->text = text;
	}
}

static void read_replaced(struct record *r)
{
	for (bool more = value_array(r->j); more && json_next_item(r->j);)
		add(r, &r->replaced_by, &r->replaced_count, value_text(r->j), REPLACED_MAX);
}

/* own: of the authority that named the CVE. */
static void read_container(struct record *r, struct container *c, bool own)
{
	struct bytes key;
	if (!value_object(r->j))
		return;
	while (json_next_key(r->j, &key)) {
		if (bytes_eq_lit(key, "metrics"))
			read_objects(r, c, metric_member);
		else if (bytes_eq_lit(key, "problemTypes"))
			read_objects(r, c, problem_type_member);
		else if (own && bytes_eq_lit(key, "title"))
			r->title = value_text(r->j);
		else if (own && (bytes_eq_lit(key, "descriptions") ||
				 bytes_eq_lit(key, "rejectedReasons")))
			read_texts(r);
		else if (own && bytes_eq_lit(key, "replacedBy"))
			read_replaced(r);
		else
			json_skip(r->j);
	}
}

static void read_containers(struct record *r)
{
	struct bytes key;
	if (!value_object(r->j))
		return;
	while (json_next_key(r->j, &key)) {
		if (bytes_eq_lit(key, "cna"))
			read_container(r, &r->cna, true);
		else if (!bytes_eq_lit(key, "adp"))
			json_skip(r->j);
		else if (value_array(r->j))
			while (json_next_item(r->j))
				read_container(r, &r->adp, false);
	}
}

static void read_metadata(struct record *r)
{
	struct bytes key;
	if (!value_object(r->j))
		return;
	while (json_next_key(r->j, &key)) {
		if (bytes_eq_lit(key, "cveId"))
			r->id = value_text(r->j);
		else if (bytes_eq_lit(key, "state"))
			r->state = value_text(r->j);
		else if (bytes_eq_lit(key, "datePublished"))
			r->published_ms = value_time(r->j);
		else if (bytes_eq_lit(key, "dateUpdated"))
			r->updated_ms = value_time(r->j);
		else if (bytes_eq_lit(key, "dateRejected"))
			r->rejected_ms = value_time(r->j);
		else
			json_skip(r->j);
	}
}

/* Other CVEs that it names are in its place: what it was about exists. */
static int send_rejected(struct record *r, struct bytes path, const struct feed_sink *sink,
			 struct err *e)
{
	struct draft d;
	draft_init(&d, r->a, "cve5", r->id);
	d.adv.summary = r->text;
	d.adv.published_ms = r->published_ms;
	d.adv.modified_ms = r->updated_ms;
	d.adv.withdrawn_ms = r->rejected_ms ? r->rejected_ms : r->updated_ms;
	draft_cves(&d, r->text);
	for (size_t i = 0; i < r->replaced_count; i++)
		draft_alias(&d, r->replaced_by[i]);
	if (d.no_memory)
		return err_set(e, ERR_NOMEM, "record %.*s: no memory", BYTES_ARG(r->id));
	return draft_withdrawn(&d.adv, path, sink, e);
}

static int send(struct record *r, struct bytes path, const struct feed_sink *sink, struct err *e)
{
	if (!bytes_eq_lit(r->type, "CVE_RECORD"))
		return sink->note(sink->arg, path, "record not used: no CVE_RECORD", e);
	if (!bytes_has_prefix_lit(r->id, "CVE-"))
		return sink->note(sink->arg, path, "record not used: no CVE id", e);
	if (bytes_eq_lit(r->state, "REJECTED"))
		return send_rejected(r, path, sink, e);
	const struct container *scored = r->cna.cvss_count ? &r->cna : &r->adp;
	const struct container *typed = r->cna.cwe_count ? &r->cna : &r->adp;
	struct bytes word = r->cna.word.len ? r->cna.word : r->adp.word;
	if (scored->cvss_count == 0 && word.len == 0)
		return 0;
	struct adv adv = {.feed = BYTES_LIT("cve5"),
			  .id = r->id,
			  .summary = r->title,
			  .details = r->text,
			  .published_ms = r->published_ms,
			  .modified_ms = r->updated_ms,
			  .severity = adv_severity_parse(word),
			  .severity_text = word,
			  .cvss = scored->cvss,
			  .cvss_count = scored->cvss_count,
			  .cwes = typed->cwes,
			  .cwe_count = typed->cwe_count};
	return sink->advisory(sink->arg, &adv, e);
}

/* A folder of the CVE List holds other documents, too ("deltaLog.json"). */
bool cve5_wants(struct bytes path)
{
	struct bytes name = text_file_name(path);
	return bytes_has_prefix_lit(name, "CVE-") && bytes_has_suffix_lit(name, ".json");
}

int cve5_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
		struct arena *a, struct err *e)
{
	struct json j;
	struct record r = {.j = &j, .a = a};
	struct bytes key;
	json_init(&j, document, a);
	for (bool more = json_enter_object(&j); more && json_next_key(&j, &key);) {
		if (bytes_eq_lit(key, "dataType"))
			r.type = value_text(&j);
		else if (bytes_eq_lit(key, "cveMetadata"))
			read_metadata(&r);
		else if (bytes_eq_lit(key, "containers"))
			read_containers(&r);
		else
			json_skip(&j);
	}
	int rc = json_finish(&j, e);
	return rc < 0 ? rc : send(&r, path, sink, e);
}
