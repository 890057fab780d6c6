/* CISA KEV, JSON: {"title", "catalogVersion", "dateReleased", "count", "vulnerabilities":
 * [{"cveID", "vendorProject", "product", "vulnerabilityName", "dateAdded": "2021-12-10",
 * "shortDescription", "requiredAction", "dueDate", "knownRansomwareCampaignUse": "Known" |
 * "Unknown", "notes", "cwes": […]}]}. Entries are sent as they are read; one without a CVE id is
 * reported by a note. "count", if present, must be the number of entries: a catalogue cut by
 * its server is noticed.
 *
 * Others' lists are an array of such entries: VulnCheck's, with "cve": [id], "date_added" and
 * "required_action", and ENISA's, with "dateReported": "17/01/25". Whose list it is shows in the
 * title ("CISA Catalog of …") or in an entry's shape. */
#include "base/clock.h"
#include "feed/grow.h"
#include "feed/rows.h"
#include "feed/value.h"

#include <stdio.h>

#define DAY_MS INT64_C(86400000)

struct kev {
	const struct feed_sink *sink;
	enum adv_kev list;
	uint64_t entries;
	bool has_count;
	uint64_t count;
};

bool kev_wants(struct bytes path)
{
	return bytes_has_suffix_lit(path, "known_exploited_vulnerabilities.json") ||
	       bytes_has_suffix_lit(path, "kev.json");
}

/* "-" and "tbc" stand for nothing in ENISA's list. */
static struct bytes said(struct json *j)
{
	struct bytes text = value_text(j);
	return bytes_eq_lit(text, "-") || bytes_eq_lit(text, "tbc") ? BYTES_NONE : text;
}

/* "17/01/25" of ENISA's list. */
static int64_t day_of(struct json *j)
{
	struct bytes rest = value_text(j);
	struct bytes day = bytes_cut(&rest, '/'), month = bytes_cut(&rest, '/');
	char text[16];
	int64_t ms = 0;
	if (day.len != 2 || month.len != 2 || rest.len != 2)
		return 0;
	(void)snprintf(text, sizeof text, "20%.*s-%.*s-%.*s", BYTES_ARG(rest), BYTES_ARG(month),
		       BYTES_ARG(day));
	return clock_parse_rfc3339(bytes_of(text), &ms) ? ms : 0;
}

struct entry {
	struct adv_exploit x;
	enum adv_kev by_shape; /* whose entries have this shape; 0: no one's in particular */
	struct bytes *cves;    /* VulnCheck's have one, seldom two */
	size_t cve_count;
	struct index cve_ix;
	bool bad_due; /* it states a due date that is no date */
};

static void add_cve(struct json *j, struct entry *in, struct bytes id)
{
	if (bytes_has_prefix_lit(id, "CVE-") &&
	    !feed_add_once(j->arena, &in->cves, &in->cve_count, &in->cve_ix, id))
		json_fail_memory(j);
}

static void read_cves(struct json *j, struct entry *in)
{
	in->by_shape = ADV_KEV_VULNCHECK;
	for (bool more = value_array(j); more && json_next_item(j);)
		add_cve(j, in, value_text(j));
}

static void read_day(struct json *j, struct entry *in)
{
	in->by_shape = ADV_KEV_ENISA;
	in->x.kev_added_ms = day_of(j);
}

/* By the end of this day, UTC. The lists also send times ("2021-12-24T00:00:00Z"). */
static void read_due(struct json *j, struct entry *in)
{
	struct bytes text = said(j);
	int64_t ms = 0;
	bool is_date = clock_parse_rfc3339(text, &ms) && ms > 0;
	in->x.kev_due_ms = is_date ? ms - ms % DAY_MS : 0;
	in->bad_due = text.len > 0 && !is_date;
}

static void read_member(struct json *j, struct entry *in, struct bytes key)
{
	struct adv_exploit *x = &in->x;
	if (bytes_eq_lit(key, "cveID"))
		add_cve(j, in, value_text(j));
	else if (bytes_eq_lit(key, "cve"))
		read_cves(j, in);
	else if (bytes_eq_lit(key, "vulnerabilityName"))
		x->kev_name = said(j);
	else if (bytes_eq_lit(key, "requiredAction") || bytes_eq_lit(key, "required_action"))
		x->kev_action = said(j);
	else if (bytes_eq_lit(key, "dateAdded") || bytes_eq_lit(key, "date_added"))
		x->kev_added_ms = value_time(j);
	else if (bytes_eq_lit(key, "dueDate"))
		read_due(j, in);
	else if (bytes_eq_lit(key, "dateReported"))
		read_day(j, in);
	else if (bytes_eq_lit(key, "knownRansomwareCampaignUse"))
		x->ransomware = bytes_eq_lit(value_text(j), "Known");
	else
		json_skip(j);
}

static int read_entry(struct json *j, struct kev *k, struct err *e)
{
	struct entry in = {.x = {.kev = true, .epss = -1, .epss_percentile = -1}};
	struct bytes key;
	int rc = 0;
	if (!json_enter_object(j))
		return 0;
	while (json_next_key(j, &key))
		read_member(j, &in, key);
	if (!json_ok(j))
		return 0;
	char where[48];
	(void)snprintf(where, sizeof where, "vulnerabilities[%llu]",
		       (unsigned long long)k->entries);
	k->entries++;
	if (in.cve_count == 0)
		return k->sink->note(k->sink->arg, bytes_of(where), "record not used: no CVE id",
				     e);
	in.x.kev_lists = in.by_shape ? in.by_shape : k->list;
	in.x.kev_due_list = in.x.kev_due_ms ? in.x.kev_lists : 0;
	if (in.bad_due)
		rc = k->sink->note(k->sink->arg, bytes_of(where), "due date not used: no date", e);
	for (size_t i = 0; rc == 0 && i < in.cve_count; i++) {
		in.x.cve = in.cves[i];
		rc = k->sink->exploit(k->sink->arg, &in.x, e);
	}
	return rc;
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
	struct kev k = {.sink = sink, .list = ADV_KEV_OTHER};
	struct json j;
	struct bytes key;
	int rc = 0;
	bool found = false;
	json_init(&j, document, a);
	if (json_peek(&j) == JSON_ARRAY) { /* VulnCheck's and ENISA's lists are their entries */
		rc = read_entries(&j, &k, e);
		return rc < 0 ? rc : json_finish(&j, e);
	}
	for (bool more = json_enter_object(&j); more && rc >= 0 && json_next_key(&j, &key);) {
		if (bytes_eq_lit(key, "vulnerabilities")) {
			found = true;
			rc = read_entries(&j, &k, e);
		} else if (bytes_eq_lit(key, "title")) {
			if (bytes_has_prefix_lit(value_text(&j), "CISA "))
				k.list = ADV_KEV_CISA;
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
