/* Fedora's updates as Bodhi lists them:
 *
 *   {"updates": [{"alias": "FEDORA-2022-59e474cd5c", "type": "security", "status": "stable",
 *     "severity": "urgent" | "high" | "medium" | "low" | "unspecified", "title", "notes", "url",
 *     "date_submitted": "2022-06-29 19:15:35", "date_modified", "content_type": "rpm" | "module" |
 *     "flatpak", "release": {"version": "36", "id_prefix": "FEDORA" | "FEDORA-EPEL"},
 *     "builds": [{"nvr": "firefox-102.0-1.fc36", "epoch": 0}], "bugs": [{"title"}]}]}
 *
 * Builds are of source packages. The CVEs are in the titles of bugs, in the
 * title and in the notes. */
#include "base/clock.h"
#include "feed/draft.h"
#include "feed/rows.h"
#include "feed/value.h"

struct update {
	struct draft d;
	struct bytes type, status, content, version, prefix, title, notes, builds;
};

/* "2022-06-29 19:15:35" */
static int64_t time_of(struct json *j)
{
	int64_t ms = 0;
	struct bytes text = value_text(j);
	return clock_parse_rfc3339(bytes_part(text, 0, 10), &ms) ? ms : 0;
}

static void read_release(struct json *j, struct update *u)
{
	struct bytes key;
	if (!value_object(j))
		return;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "version"))
			u->version = value_text(j);
		else if (bytes_eq_lit(key, "id_prefix"))
			u->prefix = value_text(j);
		else
			json_skip(j);
	}
}

static void read_bugs(struct json *j, struct update *u)
{
	struct bytes key;
	for (bool more = value_array(j); more && json_next_item(j);)
		for (bool in = value_object(j); in && json_next_key(j, &key);) {
			if (bytes_eq_lit(key, "title"))
				draft_cves(&u->d, value_text(j));
			else
				json_skip(j);
		}
}

static bool read_text(struct json *j, struct update *u, struct bytes key)
{
	const struct bytes_slot slots[] = {
	    {"alias", &u->d.adv.id},	   {"type", &u->type},
	    {"status", &u->status},	   {"severity", &u->d.adv.severity_text},
	    {"title", &u->title},	   {"notes", &u->notes},
	    {"content_type", &u->content},
	};
	struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
	if (to)
		*to = value_text(j);
	return to != NULL;
}

static void read_update(struct json *j, struct update *u)
{
	struct bytes key;
	while (json_next_key(j, &key)) {
		if (read_text(j, u, key))
			continue;
		if (bytes_eq_lit(key, "date_submitted"))
			u->d.adv.published_ms = time_of(j);
		else if (bytes_eq_lit(key, "date_modified"))
			u->d.adv.modified_ms = time_of(j);
		else if (bytes_eq_lit(key, "url"))
			draft_reference(&u->d, "ADVISORY", value_text(j));
		else if (bytes_eq_lit(key, "release"))
			read_release(j, u);
		else if (bytes_eq_lit(key, "bugs"))
			read_bugs(j, u);
		else if (bytes_eq_lit(key, "builds"))
			u->builds = json_raw(j);
		else
			json_skip(j);
	}
}

/* {"nvr": "firefox-102.0-1.fc36", "epoch": 0} */
static void add_build(struct json *j, struct update *u, struct bytes ecosystem)
{
	struct bytes key, nvr = BYTES_NONE;
	uint64_t epoch = 0;
	for (bool in = value_object(j); in && json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "nvr"))
			nvr = value_text(j);
		else if (bytes_eq_lit(key, "epoch") && json_peek(j) == JSON_NUMBER)
			epoch = json_u64(j);
		else
			json_skip(j);
	}
	size_t release = bytes_find_last(nvr, '-');
	size_t version = bytes_find_last(bytes_part(nvr, 0, release), '-');
	if (!json_ok(j) || release == nvr.len || version == release || version == 0)
		return;
	struct adv_affected *f =
	    draft_affected(&u->d, ecosystem, bytes_part(nvr, 0, version), ADV_BY_SOURCE);
	struct bytes fixed = bytes_from(nvr, version + 1);
	if (epoch > 0)
		fixed =
		    draft_printf(&u->d, "%llu:%.*s", (unsigned long long)epoch, BYTES_ARG(fixed));
	draft_fixed(&u->d, f, fixed, ADV_FIXED);
}

static int send(struct update *u, const struct feed_sink *sink, struct err *e)
{
	struct json j;
	/* others are not for everyone yet, fix something else, or are of another distribution */
	if (!bytes_eq_lit(u->type, "security") || !bytes_eq_lit(u->status, "stable") ||
	    !bytes_eq_lit(u->prefix, "FEDORA") || !bytes_eq_lit(u->content, "rpm"))
		return 0;
	draft_cves(&u->d, u->title);
	draft_cves(&u->d, u->notes);
	u->d.adv.summary = u->title;
	u->d.adv.details = u->notes;
	struct bytes ecosystem =
	    draft_printf(&u->d, "Fedora:%.*s", BYTES_ARG(bytes_part(u->version, 0, 16)));
	json_init(&j, u->builds, u->d.a);
	for (bool more = u->builds.len > 0 && value_array(&j); more && json_next_item(&j);)
		add_build(&j, u, ecosystem);
	int rc = u->builds.len > 0 ? json_finish(&j, e) : 0;
	return rc < 0 ? rc : draft_send(&u->d, u->d.adv.id, sink, e);
}

/* The next value of j, an object, with memory of its own. */
static int read_one(struct json *j, const struct feed_sink *sink, struct arena *a, struct err *e)
{
	struct arena one;
	struct update u = {.type = BYTES_NONE};
	int rc = 0;
	arena_init(&one, a->budget);
	json_use(j, &one);
	draft_init(&u.d, &one, "bodhi", BYTES_NONE);
	if (value_object(j))
		read_update(j, &u);
	if (json_ok(j))
		rc = send(&u, sink, e);
	json_use(j, a);
	arena_free(&one);
	return rc;
}

int bodhi_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
		 struct arena *a, struct err *e)
{
	struct json j;
	struct bytes key;
	bool found = false;
	int rc = 0;
	json_init(&j, document, a);
	for (bool more = json_enter_object(&j); more && rc == 0 && json_next_key(&j, &key);) {
		if (!bytes_eq_lit(key, "updates")) {
			json_skip(&j);
			continue;
		}
		found = true;
		for (bool in = value_array(&j); in && rc == 0 && json_next_item(&j);)
			rc = read_one(&j, sink, a, e);
	}
	if (rc == 0)
		rc = json_finish(&j, e);
	if (rc < 0 || found)
		return rc;
	return err_set(e, ERR_FORMAT, "%.*s: no \"updates\"", BYTES_ARG(path));
}
