/* The Debian security tracker's DSA/list and DLA/list, text in blocks:
 *
 *   [29 Mar 2023] DSA-5380-1 xorg-server - security update
 *   	{CVE-2023-1393 CVE-2023-1394}
 *   	[bullseye] - xorg-server 2:1.20.11-1+deb11u6
 *   	[buster] - xorg-server <not-affected> (reason)
 *   	NOTE: free text
 *
 * A line that starts without a blank opens a block; the braces may be missing (regression updates).
 * In the place of a version there may be <not-affected>, <unfixed>, <end-of-life>, <no-dsa>,
 * <ignored>, <postponed> or <undetermined>. Empty lines may occur anywhere. A line of another form,
 * and a block without a package, are noted with their line number. */
#include "base/clock.h"
#include "feed/debian_release.h"
#include "feed/grow.h"
#include "feed/rows.h"
#include "feed/text.h"
#include "feed/value.h"

#include <stdio.h>
#include <string.h>

#define ALIASES_MAX 8192 /* CVEs of one block */

struct block {
	const struct feed_sink *sink;
	struct adv adv;
	struct arena arena; /* of this block */
	size_t budget;
	size_t line; /* number of its first line; 0 = no block yet */
	uint64_t sent, undetermined;
	struct index aliases; /* of adv's list */
};

bool debian_list_wants(struct bytes path)
{
	return bytes_has_suffix_lit(path, "DSA/list") || bytes_has_suffix_lit(path, "DLA/list");
}

static int note_line(const struct block *b, size_t line, const char *text, struct err *e)
{
	char where[32];
	(void)snprintf(where, sizeof where, "line %zu", line);
	return b->sink->note(b->sink->arg, bytes_of(where), text, e);
}

/* "29 Mar 2023" to ms, 0 if it is not a date. */
static int64_t parse_date(struct bytes text)
{
	static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	struct bytes day = text_word(&text), month = text_word(&text), year = text_word(&text);
	char iso[16];
	int64_t ms = 0;
	if (day.len < 1 || day.len > 2 || month.len < 3 || year.len != 4)
		return 0;
	for (unsigned m = 0; m < 12; m++) {
		const char *name = months + (size_t)3 * m;
		if (byte_lower(month.ptr[0]) != (uint8_t)name[0] ||
		    byte_lower(month.ptr[1]) != (uint8_t)name[1] ||
		    byte_lower(month.ptr[2]) != (uint8_t)name[2])
			continue;
		(void)snprintf(iso, sizeof iso, "%.*s-%02u-%s%.*s", BYTES_ARG(year), m + 1,
			       day.len == 1 ? "0" : "", BYTES_ARG(day));
		return clock_parse_rfc3339(bytes_of(iso), &ms) ? ms : 0;
	}
	return 0;
}

static int flush(struct block *b, struct err *e)
{
	int rc = 0;
	if (b->line > 0 && b->adv.affected_count > 0) {
		b->sent++;
		rc = b->sink->advisory(b->sink->arg, &b->adv, e);
	} else if (b->line > 0) {
		rc = note_line(b, b->line, "record not used: no package", e);
	}
	arena_free(&b->arena);
	arena_init(&b->arena, b->budget);
	b->adv = (struct adv){.feed = BYTES_LIT("debian-lists")};
	b->aliases = (struct index){.count = 0};
	b->line = 0;
	return rc;
}

/* "[29 Mar 2023] DSA-5380-1 xorg-server - security update" */
static int open_block(struct block *b, struct bytes line, size_t number, struct err *e)
{
	int rc = flush(b, e);
	if (rc < 0)
		return rc;
	struct bytes rest = bytes_from(line, 1);
	struct bytes date = bytes_cut(&rest, ']');
	struct bytes id = text_word(&rest);
	if (line.ptr[0] != '[' || id.len > 64 ||
	    !(bytes_has_prefix_lit(id, "DSA-") || bytes_has_prefix_lit(id, "DLA-") ||
	      bytes_has_prefix_lit(id, "DTSA-")))
		return note_line(b, number, "line not understood", e);
	b->line = number;
	b->adv.id = id;
	b->adv.summary = rest;
	b->adv.published_ms = b->adv.modified_ms = parse_date(date);
	struct adv_reference *ref = arena_alloc(&b->arena, 1, sizeof *ref);
	char *url = arena_printf(&b->arena, "https://security-tracker.debian.org/tracker/%.*s",
				 BYTES_ARG(id));
	if (!ref || !url)
		return err_set(e, ERR_NOMEM, "line %zu: no memory", number);
	*ref = (struct adv_reference){.type = BYTES_LIT("ADVISORY"), .url = bytes_of(url)};
	b->adv.references = ref;
	b->adv.reference_count = 1;
	return 0;
}

/* "{CVE-2023-1393 CVE-2023-1394}" */
static int add_aliases(struct block *b, struct bytes line, size_t number, struct err *e)
{
	struct bytes rest = bytes_from(line, 1);
	if (!bytes_has_suffix_lit(rest, "}"))
		return note_line(b, number, "line not understood", e);
	rest.len--;
	for (struct bytes id = text_word(&rest); id.len > 0; id = text_word(&rest)) {
		if (b->adv.alias_count >= ALIASES_MAX)
			return err_set(e, ERR_LIMIT, "line %zu: more than %d ids", number,
				       ALIASES_MAX);
		if (!feed_add_once(&b->arena, &b->adv.aliases, &b->adv.alias_count, &b->aliases,
				   id))
			return err_set(e, ERR_NOMEM, "line %zu: no memory", number);
	}
	return 0;
}

/* The status given in place of a version; UNKNOWN if it is not known. */
static enum adv_status state_of(struct bytes version)
{
	if (!bytes_has_prefix_lit(version, "<"))
		return ADV_FIXED;
	return bytes_has_suffix_lit(version, ">")
		   ? value_status(bytes_part(version, 1, version.len - 2))
		   : ADV_UNKNOWN;
}

/* The range that a status means; none when not affected. False when out of memory. */
static bool set_events(struct arena *a, struct bytes version, struct adv_affected *f)
{
	if (f->status == ADV_NOT_AFFECTED)
		return true;
	f->events = arena_alloc(a, 2, sizeof *f->events);
	if (!f->events)
		return false;
	f->events[f->event_count++] =
	    (struct adv_range_event){.kind = ADV_INTRODUCED, .version = BYTES_LIT("0")};
	if (!bytes_has_prefix_lit(version, "<"))
		f->events[f->event_count++] =
		    (struct adv_range_event){.kind = ADV_FIXED_AT, .version = version};
	return true;
}

/* "[bullseye] - xorg-server 2:1.20.11-1+deb11u6" */
static int add_package(struct block *b, struct bytes line, size_t number, struct err *e)
{
	struct bytes rest = bytes_from(line, 1);
	struct bytes codename = bytes_cut(&rest, ']');
	struct bytes dash = text_word(&rest), name = text_word(&rest), version = text_word(&rest);
	struct adv_affected f = {
	    .ecosystem = debian_release_ecosystem(codename), .name = name, .keyed = ADV_BY_SOURCE};
	if (!bytes_eq_lit(dash, "-") || version.len == 0)
		return note_line(b, number, "line not understood", e);
	if (f.ecosystem.len == 0)
		return note_line(b, number, "unknown release", e);
	if (bytes_eq_lit(version, "<undetermined>")) {
		b->undetermined++;
		return note_line(b, number, "entry not used: undetermined", e);
	}
	f.status = state_of(version);
	if (f.status == ADV_UNKNOWN)
		return note_line(b, number, "entry not used: unknown state", e);
	struct adv_affected *room =
	    feed_grow(&b->arena, b->adv.affected, b->adv.affected_count, sizeof *room);
	if (!room || !set_events(&b->arena, version, &f))
		return err_set(e, ERR_NOMEM, "line %zu: no memory", number);
	b->adv.affected = room;
	room[b->adv.affected_count++] = f;
	return 0;
}

static int read_line(struct block *b, struct bytes line, size_t number, struct err *e)
{
	struct bytes text = bytes_trim(line);
	if (text.len == 0)
		return 0;
	if (!byte_is_space(line.ptr[0]))
		return open_block(b, text, number, e);
	if (bytes_has_prefix_lit(text, "NOTE:") || bytes_has_prefix_lit(text, "TODO:"))
		return 0;
	if (b->line == 0)
		return note_line(b, number, "line outside a block", e);
	if (text.ptr[0] == '{')
		return add_aliases(b, text, number, e);
	if (text.ptr[0] == '[')
		return add_package(b, text, number, e);
	return note_line(b, number, "line not understood", e);
}

int debian_list_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
		       struct arena *a, struct err *e)
{
	(void)path;
	struct block b = {.sink = sink, .budget = a->budget};
	struct bytes rest = document;
	size_t number = 0;
	int rc = 0;
	b.adv.feed = BYTES_LIT("debian-lists");
	arena_init(&b.arena, b.budget);
	while (rest.len > 0 && rc >= 0)
		rc = read_line(&b, bytes_cut(&rest, '\n'), ++number, e);
	if (rc >= 0)
		rc = flush(&b, e);
	arena_free(&b.arena);
	if (rc >= 0 && b.sent == 0)
		return err_set(e, ERR_FORMAT, "no DSA or DLA in the list");
	return rc < 0 ? rc : 0;
}
