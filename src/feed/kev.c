/* CISA KEV, JSON: {"title", "catalogVersion", "dateReleased", "count", "vulnerabilities":
 * [{"cveID", "vendorProject", "product", "vulnerabilityName", "dateAdded": "2021-12-10",
 * "shortDescription", "requiredAction", "dueDate", "knownRansomwareCampaignUse": "Known" |
 * "Unknown", "notes", "cwes": […]}]}. Entries are sent as they are read; one without a CVE id is
 * reported by a note. "count", if present, must be the number of entries: a catalogue cut by
 * its server is noticed. */
#include "feed/rows.h"
#include "feed/value.h"

#include <stdio.h>

struct kev {
	const struct feed_sink *sink;
	uint64_t entries;
	bool has_count;
	uint64_t count;
};

bool kev_wants(struct bytes path)
{
	return bytes_has_suffix_lit(path, "known_exploited_vulnerabilities.json");
}

static int read_entry(struct json *j, struct kev *k, struct err *e)
{
	struct adv_exploit x = {.kev = true, .epss = -1, .epss_percentile = -1};
	struct bytes key;
	if (!json_enter_object(j))
		return 0;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "cveID"))
			x.cve = value_text(j);
		else if (bytes_eq_lit(key, "vulnerabilityName"))
			x.kev_name = value_text(j);
		else if (bytes_eq_lit(key, "requiredAction"))
			x.kev_action = value_text(j);
		else if (bytes_eq_lit(key, "dateAdded"))
			x.kev_added_ms = value_time(j);
		else if (bytes_eq_lit(key, "knownRansomwareCampaignUse"))
			x.ransomware = bytes_eq_lit(value_text(j), "Known");
		else
			json_skip(j);
	}
	if (!json_ok(j))
		return 0;
	char where[48];
	(void)snprintf(where, sizeof where, "vulnerabilities[%llu]",
		       (unsigned long long)k->entries);
	k->entries++;
	if (!bytes_has_prefix_lit(x.cve, "CVE-"))
		return k->sink->note(k->sink->arg, bytes_of(where), "record not used: no CVE id",
				     e);
	return k->sink->exploit(k->sink->arg, &x, e);
}

static int read_entries(struct json *j, struct kev *k, struct err *e)
{
	int rc = 0;
	struct arena *outer = j->arena;
	for (bool more = json_enter_array(j); more && rc >= 0 && json_next_item(j);) {
		struct arena one;
		arena_init(&one, outer->budget);
		j->arena = &one;
		rc = read_entry(j, k, e);
		j->arena = outer;
		arena_free(&one);
	}
	return rc;
}

int kev_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
	       struct arena *a, struct err *e)
{
	struct kev k = {.sink = sink};
	struct json j;
	struct bytes key;
	int rc = 0;
	bool found = false;
	json_init(&j, document, a);
	for (bool more = json_enter_object(&j); more && rc >= 0 && json_next_key(&j, &key);) {
		if (bytes_eq_lit(key, "vulnerabilities")) {
			found = true;
			rc = read_entries(&j, &k, e);
		} else if (bytes_eq_lit(key, "count")) {
			k.has_count = true;
			k.count = json_u64(&j);
		} else {
			json_skip(&j);
		}
	}
	if (rc >= 0)
		rc = json_finish(&j, e);
	if (rc >= 0 && !found)
		rc = err_set(e, ERR_FORMAT, "KEV: no \"vulnerabilities\"");
	if (rc >= 0 && k.has_count && k.count != k.entries) {
		char text[96];
		(void)snprintf(text, sizeof text, "KEV announces %llu entries and has %llu",
			       (unsigned long long)k.count, (unsigned long long)k.entries);
		rc = sink->note(sink->arg, path, text, e);
	}
	return rc;
}
