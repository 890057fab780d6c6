/* Arch Linux's security tracker, all.json:
 *
 *   [{"name": "AVG-1234", "packages": ["curl"], "status": "Fixed" | "Vulnerable" | "Testing" |
 *     "Unknown" | "Not affected", "severity": "High", "type": "arbitrary code execution",
 *     "affected": "8.4.0-1", "fixed": "8.5.0-1" | null, "ticket", "issues": ["CVE-2024-1234"],
 *     "advisories": ["ASA-202401-01"]}]
 *
 * A group is one advisory: its issues, or of a single issue that issue itself, for each package.
 * "affected" is the version that was found affected; those before it are taken for affected as
 * well, since a rolling distribution leaves none behind. A fix that is in testing is none yet. */
#include "feed/draft.h"
#include "feed/rows.h"
#include "feed/value.h"

struct group {
	struct draft d;
	struct bytes status, fixed;
};

static void read_texts(struct json *j, struct draft *d, void (*each)(struct draft *, struct bytes))
{
	for (bool more = value_array(j); more && json_next_item(j);)
		each(d, value_text(j));
}

static void add_package(struct draft *d, struct bytes name)
{
	if (name.len > 0)
		(void)draft_affected(d, BYTES_LIT("Arch Linux"), name, ADV_BY_BINARY);
}

static void add_advisory(struct draft *d, struct bytes id)
{
	if (id.len > 0)
		draft_reference(d, "ADVISORY",
				draft_printf(d, "https://security.archlinux.org/%.*s",
					     BYTES_ARG(bytes_part(id, 0, 64))));
}

static void read_group(struct json *j, struct group *g)
{
	struct bytes key;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "name"))
			g->d.adv.id = value_text(j);
		else if (bytes_eq_lit(key, "status"))
			g->status = value_text(j);
		else if (bytes_eq_lit(key, "severity"))
			g->d.adv.severity_text = value_text(j);
		else if (bytes_eq_lit(key, "type"))
			g->d.adv.summary = value_text(j);
		else if (bytes_eq_lit(key, "fixed"))
			g->fixed = value_text(j);
		else if (bytes_eq_lit(key, "packages"))
			read_texts(j, &g->d, add_package);
		else if (bytes_eq_lit(key, "issues"))
			read_texts(j, &g->d, draft_alias);
		else if (bytes_eq_lit(key, "advisories"))
			read_texts(j, &g->d, add_advisory);
		else
			json_skip(j);
	}
}

/* UNKNOWN: the status says nothing. */
static enum adv_status status_of(struct bytes status)
{
	if (bytes_eq_lit(status, "Fixed"))
		return ADV_FIXED;
	if (bytes_eq_lit(status, "Vulnerable") || bytes_eq_lit(status, "Testing"))
		return ADV_AFFECTED;
	return bytes_eq_lit(status, "Not affected") ? ADV_NOT_AFFECTED : ADV_UNKNOWN;
}

static int send(struct group *g, const struct feed_sink *sink, struct err *e)
{
	struct adv *adv = &g->d.adv;
	enum adv_status status = status_of(g->status);
	bool fixed = status == ADV_FIXED && g->fixed.len > 0;
	if (status == ADV_UNKNOWN || (status == ADV_FIXED && !fixed))
		return sink->note(sink->arg, adv->id, "record not used: its status says nothing",
				  e);
	for (size_t i = 0; i < adv->affected_count; i++)
		draft_fixed(&g->d, &adv->affected[i], fixed ? g->fixed : BYTES_NONE, status);
	return draft_send(&g->d, adv->id, sink, e);
}

int arch_tracker_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
			struct arena *a, struct err *e)
{
	struct json j;
	size_t budget = a->budget;
	int rc = 0;
	(void)path;
	json_init(&j, document, a);
	for (bool more = json_enter_array(&j); more && rc == 0 && json_next_item(&j);) {
		struct arena one;
		struct group g = {.status = BYTES_NONE};
		arena_init(&one, budget);
		j.arena = &one;
		draft_init(&g.d, &one, "arch-tracker", BYTES_NONE);
		if (json_enter_object(&j))
			read_group(&j, &g);
		if (json_ok(&j))
			rc = send(&g, sink, e);
		j.arena = a;
		arena_free(&one);
	}
	return rc < 0 ? rc : json_finish(&j, e);
}
