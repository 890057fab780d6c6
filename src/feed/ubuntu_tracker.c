/* Ubuntu's CVE tracker: one text file for each CVE ("active/CVE-2024-1", "retired/CVE-2023-2")
 *
 *   Candidate: CVE-2024-1
 *   PublicDate: 2024-01-02 16:29:00 UTC
 *   References:
 *    https://…
 *   Description:
 *    Text over
 *    several lines
 *   Priority: medium
 *   Priority_openssl: low
 *   CVSS:
 *    nvd: CVSS:3.1/AV:N/… [7.5 HIGH]
 *   Patches_openssl:
 *    upstream: https://…
 *   upstream_openssl: released (3.0.1)
 *   jammy_openssl: released (3.0.2-0ubuntu1.1)
 *   trusty/esm_openssl: needed
 *   esm-apps/xenial_openssl: ignored (end of standard support, was needed)
 *
 * A line that begins with a blank goes on with the one before. SERIES_SOURCE: STATUS (DETAIL), with
 * the statuses released, not-affected, needed, needs-triage, pending, deferred, ignored, active and
 * DNE (the release has no such package). The detail of released is the version that fixes; of the
 * others, a reason. Series that no image has ("upstream", "devel", "snap") are left out. One
 * advisory for each file. */
#include "base/clock.h"
#include "feed/draft.h"
#include "feed/grow.h"
#include "feed/rows.h"
#include "feed/text.h"
#include "feed/ubuntu_release.h"

#include <stdio.h>

struct priority {
	struct bytes scope, word; /* "openssl", "openssl_jammy"; empty: of the CVE */
};

struct tracker {
	struct draft d;
	struct bytes description;
	struct priority *priorities;
	size_t priority_count;
	struct index scopes; /* the first of priorities with a severity, by their scope */
	size_t no_version;   /* statuses "released" without one */
};

/* One logical line: key, the rest of it, and the lines that go on with it. */
struct field {
	struct bytes key, value, more;
};

bool ubuntu_tracker_wants(struct bytes path)
{
	struct bytes name = text_file_name(path);
	return bytes_has_prefix_lit(name, "CVE-") && bytes_find(name, '.') == name.len;
}

static bool next_field(struct bytes *rest, struct field *f)
{
	while (rest->len > 0) {
		struct bytes line = bytes_cut(rest, '\n');
		if (bytes_trim(line).len == 0 || byte_is_space(line.ptr[0]) || line.ptr[0] == '#')
			continue;
		f->key = bytes_cut(&line, ':');
		f->value = bytes_trim(line);
		f->more = *rest;
		size_t len = 0;
		while (len < rest->len && (rest->ptr[len] == ' ' || rest->ptr[len] == '\t'))
			len += bytes_find(bytes_from(*rest, len), '\n') + 1;
		f->more = bytes_part(*rest, 0, len);
		*rest = bytes_from(*rest, len);
		return true;
	}
	return false;
}

static void add_priority(struct tracker *t, struct bytes key, struct bytes value)
{
	struct priority *room = feed_grow(t->d.a, t->priorities, t->priority_count, sizeof *room);
	if (!room) {
		t->d.no_memory = true;
		return;
	}
	t->priorities = room;
	room[t->priority_count++] = (struct priority){.scope = bytes_from(key, sizeof "Priority"),
						      .word = text_word(&value)};
}

static void add_vectors(struct tracker *t, struct bytes lines)
{
	while (lines.len > 0) {
		struct bytes line = bytes_cut(&lines, '\n');
		(void)bytes_cut(&line, ':'); /* who rated it */
		draft_cvss(&t->d, text_word(&line));
	}
}

static void add_references(struct tracker *t, struct bytes lines)
{
	while (lines.len > 0) {
		struct bytes line = bytes_cut(&lines, '\n');
		draft_reference(&t->d, "WEB", text_word(&line));
	}
}

static int64_t date_of(struct bytes value)
{
	int64_t ms = 0;
	return clock_parse_rfc3339(text_word(&value), &ms) ? ms : 0;
}

/* "3.0.2-1" of "released (3.0.2-1)", "released [3.0.2-1]" and "3.0.2-1 foo": the first word. */
static struct bytes version_of(struct bytes detail)
{
	size_t end = 0;
	if (detail.len > 0 && (detail.ptr[0] == '(' || detail.ptr[0] == '['))
		detail = bytes_from(detail, 1);
	detail = bytes_trim(detail);
	while (end < detail.len && !byte_is_space(detail.ptr[end]) && detail.ptr[end] != ')' &&
	       detail.ptr[end] != ']' && detail.ptr[end] != ',')
		end++;
	return bytes_part(detail, 0, end);
}

static enum adv_status reason_of(struct bytes detail, enum adv_status otherwise)
{
	static const struct {
		const char *part;
		enum adv_status status;
	} reasons[] = {
	    {"end-of-life", ADV_END_OF_LIFE},	      {"end of life", ADV_END_OF_LIFE},
	    {"standard support", ADV_END_OF_LIFE},    {"end of esm", ADV_END_OF_LIFE},
	    {"no longer supported", ADV_END_OF_LIFE}, {"code-not-compiled", ADV_NOT_AFFECTED},
	    {"code not compiled", ADV_NOT_AFFECTED},  {"cve rejected", ADV_NOT_AFFECTED},
	};
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (text_has(detail, reasons[i].part))
			return reasons[i].status;
	return otherwise;
}

/* UNKNOWN: the release has no such package, or the word says nothing. */
static enum adv_status status_of(struct bytes word, struct bytes detail)
{
	static const struct {
		const char *word;
		enum adv_status status;
	} words[] = {
	    {"needed", ADV_AFFECTED},	   {"pending", ADV_AFFECTED},
	    {"active", ADV_AFFECTED},	   {"needs-triage", ADV_UNDER_INVESTIGATION},
	    {"in-progress", ADV_AFFECTED}, {"deferred", ADV_FIX_DEFERRED},
	    {"ignored", ADV_WILL_NOT_FIX},
	};
	if (bytes_eq_lit(word, "not-affected"))
		return ADV_NOT_AFFECTED;
	if (bytes_has_prefix_lit(word, "released"))
		return ADV_FIXED;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (bytes_eq_lit(word, words[i].word))
			return reason_of(detail, words[i].status);
	return ADV_UNKNOWN;
}

/* "jammy_openssl: released (3.0.2-0ubuntu1.1)" */
static void add_status(struct tracker *t, const struct field *f)
{
	struct ubuntu_series series;
	struct bytes name = f->key, detail = f->value;
	struct bytes release = bytes_cut(&name, '_'), word = text_word(&detail), fixed = BYTES_NONE;
	enum adv_status status = status_of(word, detail);
	if (name.len == 0 || status == ADV_UNKNOWN || !ubuntu_series_parse(release, &series))
		return;
	if (status == ADV_FIXED) {
		fixed = version_of(detail);
		t->no_version += fixed.len == 0;
		if (fixed.len == 0)
			return;
	}
	struct adv_affected *a =
	    draft_affected(&t->d, draft_printf(&t->d, "%s", series.ecosystem), name, ADV_BY_SOURCE);
	draft_fixed(&t->d, a, fixed, status);
	if (a)
		a->module = series.service;
}

static void read_field(struct tracker *t, const struct field *f)
{
	if (bytes_eq_lit(f->key, "Candidate"))
		t->d.adv.id = f->value;
	else if (bytes_eq_lit(f->key, "PublicDate"))
		t->d.adv.published_ms = date_of(f->value);
	else if (bytes_eq_lit(f->key, "Description"))
		t->description = f->more;
	else if (bytes_eq_lit(f->key, "References"))
		add_references(t, f->more);
	else if (bytes_eq_lit(f->key, "CVSS"))
		add_vectors(t, f->more);
	else if (bytes_eq_lit(f->key, "Priority") || bytes_has_prefix_lit(f->key, "Priority_"))
		add_priority(t, f->key, f->value);
	else if (f->key.len > 0 && f->key.ptr[0] >= 'a' && f->key.ptr[0] <= 'z')
		add_status(t, f);
}

/* The word for scope; empty when there is none. Canonical's words that are no severity
 * ("untriaged") say nothing. */
static struct bytes priority_of(const struct tracker *t, struct bytes scope)
{
	uint32_t number = index_find(&t->scopes, scope);
	return number == INDEX_NONE ? BYTES_NONE : t->priorities[number].word;
}

/* *ret: the word of the CVE as a whole, the first that is a severity. */
static bool index_priorities(struct tracker *t, struct bytes *ret)
{
	bool ok = index_init(&t->scopes, t->d.a, t->priority_count, t);
	*ret = BYTES_NONE;
	for (size_t i = 0; ok && i < t->priority_count; i++) {
		const struct priority *p = &t->priorities[i];
		if (adv_severity_parse(p->word) == ADV_SEV_UNKNOWN)
			continue;
		if (!p->scope.len && !ret->len)
			*ret = p->word;
		ok = index_add(&t->scopes, p->scope, (uint32_t)i);
	}
	return ok;
}

static void set_priorities(struct tracker *t)
{
	struct adv *adv = &t->d.adv;
	if (!index_priorities(t, &adv->severity_text)) {
		t->d.no_memory = true;
		return;
	}
	for (size_t i = 0; t->priority_count > 1 && i < adv->affected_count; i++)
		adv->affected[i].severity_text = priority_of(t, adv->affected[i].name);
}

static int note_no_version(const struct tracker *t, const struct feed_sink *sink, struct err *e)
{
	char text[96];
	(void)snprintf(text, sizeof text, "%zu entries not used: released without a version",
		       t->no_version);
	return sink->note(sink->arg, t->d.adv.id, text, e);
}

int ubuntu_tracker_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
			  struct arena *a, struct err *e)
{
	struct tracker t = {.priority_count = 0};
	struct field f;
	bool ok = true;
	draft_init(&t.d, a, "ubuntu-tracker", BYTES_NONE);
	for (struct bytes rest = document; next_field(&rest, &f);)
		read_field(&t, &f);
	struct bytes id = t.d.adv.id;
	if (!bytes_has_prefix_lit(id, "CVE-"))
		return err_set(e, ERR_FORMAT, "no Candidate, or it is no CVE id");
	t.d.adv.details = text_flow(a, t.description, &ok);
	t.d.no_memory |= !ok;
	set_priorities(&t);
	if (bytes_has_prefix_lit(t.d.adv.details, "** REJECT") ||
	    bytes_has_prefix_lit(t.d.adv.details, "Rejected reason:"))
		return t.d.no_memory
			   ? err_set(e, ERR_NOMEM, "record %.*s: no memory", BYTES_ARG(id))
			   : draft_withdrawn(&t.d.adv, id, sink, e);
	int rc = t.no_version > 0 ? note_no_version(&t, sink, e) : 0;
	/* most CVEs are about packages that no release has */
	if (rc < 0 || (!t.d.no_memory && t.d.adv.affected_count == 0))
		return rc;
	(void)path;
	return draft_send(&t.d, id, sink, e);
}
