/* NVD 2.0, as its API answers and its yearly files hold it:
 *
 *   {"format": "NVD_CVE", "version": "2.0", "vulnerabilities": [{"cve": {"id", "vulnStatus":
 *     "Analyzed" | "Rejected" | …, "published", "lastModified", "descriptions": [{"lang": "en",
 *     "value"}], "metrics": {"cvssMetricV31": [{"type": "Primary" | "Secondary", "cvssData":
 *     {"vectorString"}}], …}, "weaknesses": [{"description": [{"value": "CWE-352"}]}],
 *     "references": [{"url"}]}}]}
 *
 * or one {"cve": …}. What NVD says of products (CPE) is not used: distributions say it of their
 * packages. An advisory without packages is sent, from which match/ takes what a vendor's record of
 * the same CVE leaves out. Of each version's vectors the primary ones count, where there are any.
 * A rejected CVE is noted and not used; one without a vector says nothing. */
#include "base/clock.h"
#include "feed/draft.h"
#include "feed/rows.h"
#include "feed/value.h"

struct record {
	struct draft d;
	struct bytes status;
	struct bytes *second; /* vectors that are not primary */
	size_t second_count;
};

static void read_metric(struct json *j, struct record *r, bool *primary)
{
	struct bytes key, type = BYTES_NONE, vector = BYTES_NONE;
	if (!value_object(j))
		return;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "type")) {
			type = value_text(j);
		} else if (bytes_eq_lit(key, "cvssData")) {
			for (bool in = value_object(j); in && json_next_key(j, &key);) {
				if (bytes_eq_lit(key, "vectorString"))
					vector = value_text(j);
				else
					json_skip(j);
			}
		} else {
			json_skip(j);
		}
	}
	bool first = bytes_eq_lit(type, "Primary");
	if (first && !*primary) /* those before it were not */
		r->second_count = 0;
	*primary |= first;
	if (first)
		draft_cvss(&r->d, vector);
	else if (!*primary && r->second)
		r->second[r->second_count < 3 ? r->second_count++ : 2] = vector;
}

static void read_metrics(struct json *j, struct record *r)
{
	struct bytes key;
	if (!value_object(j))
		return;
	while (json_next_key(j, &key)) {
		bool primary = false;
		r->second_count = 0;
		if (!bytes_has_prefix_lit(key, "cvssMetricV")) {
			json_skip(j);
			continue;
		}
		for (bool more = value_array(j); more && json_next_item(j);)
			read_metric(j, r, &primary);
		for (size_t i = 0; !primary && i < r->second_count; i++)
			draft_cvss(&r->d, r->second[i]);
	}
}

static void read_weaknesses(struct json *j, struct draft *d)
{
	struct bytes key;
	for (bool more = value_array(j); more && json_next_item(j);)
		for (bool in = value_object(j); in && json_next_key(j, &key);) {
			if (!bytes_eq_lit(key, "description")) {
				json_skip(j);
				continue;
			}
			for (bool some = value_array(j); some && json_next_item(j);)
				for (bool w = value_object(j); w && json_next_key(j, &key);) {
					if (bytes_eq_lit(key, "value"))
						draft_cwe(d, value_text(j));
					else
						json_skip(j);
				}
		}
}

/* The value of the English one. */
static struct bytes read_descriptions(struct json *j)
{
	struct bytes key, english = BYTES_NONE;
	for (bool more = value_array(j); more && json_next_item(j);) {
		struct bytes lang = BYTES_NONE, text = BYTES_NONE;
		for (bool in = value_object(j); in && json_next_key(j, &key);) {
			if (bytes_eq_lit(key, "lang"))
				lang = value_text(j);
			else if (bytes_eq_lit(key, "value"))
				text = value_text(j);
			else
				json_skip(j);
		}
		if (bytes_eq_lit(lang, "en"))
			english = text;
	}
	return english;
}

static void read_references(struct json *j, struct draft *d)
{
	struct bytes key;
	for (bool more = value_array(j); more && json_next_item(j);)
		for (bool in = value_object(j); in && json_next_key(j, &key);) {
			if (bytes_eq_lit(key, "url"))
				draft_reference(d, "WEB", value_text(j));
			else
				json_skip(j);
		}
}

/* "2022-07-11T13:15:08.503", of UTC without saying so. */
static int64_t time_of(struct json *j, struct draft *d)
{
	int64_t ms = 0;
	struct bytes text = value_text(j);
	struct bytes whole = draft_printf(d, "%.*sZ", BYTES_ARG(bytes_part(text, 0, 32)));
	return clock_parse_rfc3339(whole, &ms) ? ms : 0;
}

static void read_cve(struct json *j, struct record *r)
{
	struct bytes key;
	struct draft *d = &r->d;
	if (!value_object(j))
		return;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "id"))
			d->adv.id = value_text(j);
		else if (bytes_eq_lit(key, "vulnStatus"))
			r->status = value_text(j);
		else if (bytes_eq_lit(key, "published"))
			d->adv.published_ms = time_of(j, d);
		else if (bytes_eq_lit(key, "lastModified"))
			d->adv.modified_ms = time_of(j, d);
		else if (bytes_eq_lit(key, "descriptions"))
			d->adv.details = read_descriptions(j);
		else if (bytes_eq_lit(key, "metrics"))
			read_metrics(j, r);
		else if (bytes_eq_lit(key, "weaknesses"))
			read_weaknesses(j, d);
		else if (bytes_eq_lit(key, "references"))
			read_references(j, d);
		else
			json_skip(j);
	}
}

static int send(struct record *r, struct bytes path, const struct feed_sink *sink, struct err *e)
{
	struct bytes id = r->d.adv.id;
	if (!bytes_has_prefix_lit(id, "CVE-"))
		return sink->note(sink->arg, path, "record not used: no CVE id", e);
	if (bytes_eq_lit(r->status, "Rejected")) {
		r->d.adv.withdrawn_ms = r->d.adv.modified_ms;
		r->d.adv.summary = r->d.adv.details;
		draft_cves(&r->d, r->d.adv.details); /* those in its place */
		if (r->d.no_memory)
			return err_set(e, ERR_NOMEM, "record %.*s: no memory", BYTES_ARG(id));
		return draft_withdrawn(&r->d.adv, id, sink, e);
	}
	if (!r->d.no_memory && r->d.adv.cvss_count == 0)
		return 0;
	return draft_send(&r->d, id, sink, e);
}

/* The next value of j, {"cve": …}'s, with memory of its own. */
static int read_one(struct json *j, struct bytes path, const struct feed_sink *sink,
		    struct arena *a, struct err *e)
{
	struct arena one;
	struct bytes second[3];
	struct record r = {.second = second};
	int rc = 0;
	arena_init(&one, a->budget);
	json_use(j, &one);
	draft_init(&r.d, &one, "nvd", BYTES_NONE);
	read_cve(j, &r);
	if (json_ok(j))
		rc = send(&r, path, sink, e);
	json_use(j, a);
	arena_free(&one);
	return rc;
}

static int read_all(struct json *j, struct bytes path, const struct feed_sink *sink,
		    struct arena *a, struct err *e)
{
	struct bytes key;
	int rc = 0;
	for (bool more = value_array(j); more && rc == 0 && json_next_item(j);)
		for (bool in = value_object(j); in && rc == 0 && json_next_key(j, &key);) {
			if (bytes_eq_lit(key, "cve"))
				rc = read_one(j, path, sink, a, e);
			else
				json_skip(j);
		}
	return rc;
}

int nvd_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
	       struct arena *a, struct err *e)
{
	struct json j;
	struct bytes key;
	bool found = false;
	int rc = 0;
	json_init(&j, document, a);
	for (bool more = json_enter_object(&j); more && rc == 0 && json_next_key(&j, &key);) {
		bool one = bytes_eq_lit(key, "cve"), all = bytes_eq_lit(key, "vulnerabilities");
		found |= one || all;
		if (one)
			rc = read_one(&j, path, sink, a, e);
		else if (all)
			rc = read_all(&j, path, sink, a, e);
		else
			json_skip(&j);
	}
	if (rc == 0)
		rc = json_finish(&j, e);
	return rc < 0 || found ? rc : err_set(e, ERR_FORMAT, "NVD: no \"vulnerabilities\"");
}
