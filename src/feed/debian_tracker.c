/* The Debian security tracker's data/json: one object, source package → vulnerability → facts
 *
 *   {"openssl": {"CVE-2024-1": {"description", "debianbug", "scope", "releases": {"bookworm":
 * {"status": "open" | "resolved" | "undetermined", "repositories": {"bookworm": "3.0.11-1"},
 * "fixed_version": "3.0.11-1", "urgency": "not yet assigned" | "unimportant" | "low" | "medium" |
 *    "high" | "end-of-life" (followed by two asterisks: from NVD), "nodsa": why, "nodsa_reason": ""
 * | "ignored" | "postponed"}}}}}
 *
 * fixed_version "0" says that the release never was affected. "undetermined" says nothing. A fixed
 * version counts whatever the status says, and overrides a postponed or ignored state. Ids are
 * CVE-… or TEMP-…. One advisory is sent for each package and vulnerability; what is not sent is
 * reported in totals at the end, because it is normal and there is much of it.
 *
 * The tracker's DSA and DLA lists are taken too, as debian_list.c reads them. */
#include "feed/debian_release.h"
#include "feed/grow.h"
#include "feed/rows.h"
#include "feed/value.h"

#include <stdio.h>

struct tracker {
	const struct feed_sink *sink;
	uint64_t undetermined, unknown_release, no_version, no_release;
};

struct release {
	struct bytes status, fixed_version, urgency, nodsa_reason;
};

static void read_release(struct json *j, struct release *rel)
{
	struct bytes key;
	if (!json_enter_object(j))
		return;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "status"))
			rel->status = value_text(j);
		else if (bytes_eq_lit(key, "fixed_version"))
			rel->fixed_version = value_text(j);
		else if (bytes_eq_lit(key, "urgency"))
			rel->urgency = value_text(j);
		else if (bytes_eq_lit(key, "nodsa_reason"))
			rel->nodsa_reason = value_text(j);
		else
			json_skip(j);
	}
}

/* "introduced 0", and where it is fixed. False when out of memory. */
static bool set_events(struct arena *a, struct adv_affected *f, struct bytes fixed)
{
	f->events = arena_alloc(a, 2, sizeof *f->events);
	if (!f->events)
		return false;
	f->events[f->event_count++] =
	    (struct adv_range_event){.kind = ADV_INTRODUCED, .version = BYTES_LIT("0")};
	if (fixed.len > 0)
		f->events[f->event_count++] =
		    (struct adv_range_event){.kind = ADV_FIXED_AT, .version = fixed};
	return true;
}

static enum adv_status open_status(const struct release *rel)
{
	if (bytes_eq_lit(rel->urgency, "end-of-life"))
		return ADV_END_OF_LIFE;
	enum adv_status stated = value_status(rel->nodsa_reason);
	return stated == ADV_UNKNOWN ? ADV_AFFECTED : stated;
}

/* True if *f is about this release. */
static bool judge(struct json *j, struct tracker *t, const struct release *rel,
		  struct adv_affected *f)
{
	if (adv_severity_parse(rel->urgency) != ADV_SEV_UNKNOWN)
		f->severity_text = rel->urgency;
	if (bytes_eq_lit(rel->fixed_version, "0")) {
		f->status = ADV_NOT_AFFECTED;
		return true;
	}
	if (bytes_eq_lit(rel->status, "undetermined")) {
		t->undetermined++;
		return false;
	}
	bool fixed = rel->fixed_version.len > 0;
	if (!fixed && !bytes_eq_lit(rel->status, "open")) {
		t->no_version++;
		return false;
	}
	f->status = fixed ? ADV_FIXED : open_status(rel);
	if (!set_events(j->arena, f, rel->fixed_version))
		json_fail_memory(j);
	return json_ok(j);
}

static void add_release(struct json *j, struct tracker *t, struct adv *adv, struct bytes package,
			struct bytes codename)
{
	struct release rel = {0};
	struct adv_affected f = {.ecosystem = debian_release_ecosystem(codename),
				 .name = package,
				 .keyed = ADV_BY_SOURCE};
	read_release(j, &rel);
	if (!json_ok(j))
		return;
	if (f.ecosystem.len == 0) {
		t->unknown_release++;
		return;
	}
	if (!judge(j, t, &rel, &f))
		return;
	struct adv_affected *room =
	    feed_grow(j->arena, adv->affected, adv->affected_count, sizeof *room);
	if (!room) {
		json_fail_memory(j);
		return;
	}
	adv->affected = room;
	room[adv->affected_count++] = f;
}

/* A release that has no urgency of its own takes the most severe of this package's other releases.
 * Nothing is stated for the vulnerability itself: the same id in another package may weigh more. */
static void share_severity(struct adv *adv)
{
	struct bytes most = BYTES_NONE;
	for (size_t i = 0; i < adv->affected_count; i++) {
		struct bytes word = adv->affected[i].severity_text;
		if (adv_severity_parse(word) > adv_severity_parse(most))
			most = word;
	}
	for (size_t i = 0; i < adv->affected_count; i++)
		if (adv->affected[i].severity_text.len == 0)
			adv->affected[i].severity_text = most;
}

static int read_vulnerability(struct json *j, struct tracker *t, struct bytes package,
			      struct bytes id, struct err *e)
{
	struct adv adv = {.feed = BYTES_LIT("debian-tracker"), .id = id};
	struct bytes key, codename;
	if (!json_enter_object(j))
		return 0;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "description")) {
			adv.details = value_text(j);
		} else if (bytes_eq_lit(key, "releases")) {
			if (json_enter_object(j))
				while (json_next_key(j, &codename))
					add_release(j, t, &adv, package, codename);
		} else {
			json_skip(j);
		}
	}
	if (!json_ok(j))
		return 0;
	if (adv.affected_count == 0 || id.len == 0 || package.len == 0) {
		t->no_release++;
		return 0;
	}
	share_severity(&adv);
	return t->sink->advisory(t->sink->arg, &adv, e);
}

static int read_package(struct json *j, struct tracker *t, struct bytes package, struct err *e)
{
	struct bytes id;
	struct arena *outer = j->arena;
	int rc = 0;
	if (!json_enter_object(j))
		return 0;
	for (;;) {
		struct arena one;
		arena_init(&one, outer->budget);
		j->arena = &one;
		bool more = json_next_key(j, &id);
		if (more)
			rc = read_vulnerability(j, t, package, id, e);
		j->arena = outer;
		arena_free(&one);
		if (!more || rc < 0)
			return rc;
	}
}

static int note_unused(const struct tracker *t, struct bytes path, struct err *e)
{
	const struct {
		uint64_t count;
		const char *what;
	} sums[] = {
	    {t->undetermined, "release entries not used: undetermined"},
	    {t->unknown_release, "release entries not used: unknown release"},
	    {t->no_version, "release entries not used: resolved without a fixed version, or "
			    "of an unknown status"},
	    {t->no_release, "records not used: nothing stated for any release"},
	};
	for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
		char text[160];
		if (sums[i].count == 0)
			continue;
		(void)snprintf(text, sizeof text, "%llu %s", (unsigned long long)sums[i].count,
			       sums[i].what);
		int rc = t->sink->note(t->sink->arg, path, text, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A list begins with the date of an advisory in brackets, the JSON with a brace. */
static bool is_list(struct bytes document)
{
	document = bytes_trim(document);
	return document.len > 1 && document.ptr[0] == '[' && byte_is_digit(document.ptr[1]);
}

bool debian_tracker_wants(struct bytes path)
{
	return feed_wants_json(path) || debian_list_wants(path);
}

int debian_tracker_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
			  struct arena *a, struct err *e)
{
	struct tracker t = {.sink = sink};
	struct json j;
	struct bytes package;
	int rc = 0;
	if (is_list(document))
		return debian_list_import(path, document, sink, a, e);
	json_init(&j, document, a);
	for (bool more = json_enter_object(&j); more && rc >= 0 && json_next_key(&j, &package);)
		rc = read_package(&j, &t, package, e);
	if (rc >= 0)
		rc = json_finish(&j, e);
	return rc < 0 ? rc : note_unused(&t, path, e);
}
