#include "feed/draft.h"

#include "feed/grow.h"
#include "pkg/version.h"

#include <stdarg.h>
#include <stdio.h>

void draft_init(struct draft *d, struct arena *a, const char *feed, struct bytes id)
{
	*d = (struct draft){.a = a, .adv = {.feed = bytes_of(feed), .id = id}};
}

static void add(struct draft *d, struct bytes **list, size_t *count, struct index *ix,
		struct bytes b)
{
	if (b.len > 0 && !feed_add_once(d->a, list, count, ix, b))
		d->no_memory = true;
}

void draft_alias(struct draft *d, struct bytes id)
{
	if (!bytes_eq(id, d->adv.id))
		add(d, &d->adv.aliases, &d->adv.alias_count, &d->aliases, id);
}

void draft_cves(struct draft *d, struct bytes text)
{
	for (;;) {
		size_t at = bytes_find_bytes(text, BYTES_LIT("CVE-")), end = 4;
		if (at == text.len)
			return;
		text = bytes_from(text, at);
		while (end < text.len && (byte_is_digit(text.ptr[end]) || text.ptr[end] == '-'))
			end++;
		if (end >= sizeof "CVE-2000-" && text.ptr[end - 1] != '-')
			draft_alias(d, bytes_part(text, 0, end));
		text = bytes_from(text, end);
	}
}

void draft_cvss(struct draft *d, struct bytes vector)
{
	if (bytes_find(vector, '/') < vector.len) /* a bare number is a score without its vector */
		add(d, &d->adv.cvss, &d->adv.cvss_count, &d->vectors, vector);
}

void draft_cwe(struct draft *d, struct bytes cwe)
{
	if (bytes_has_prefix_lit(cwe, "CWE-"))
		add(d, &d->adv.cwes, &d->adv.cwe_count, &d->cwes, cwe);
}

void draft_reference(struct draft *d, const char *type, struct bytes url)
{
	struct adv *adv = &d->adv;
	if (!bytes_has_prefix_lit(url, "http"))
		return;
	struct adv_reference *room =
	    feed_grow(d->a, adv->references, adv->reference_count, sizeof *room);
	if (!room) {
		d->no_memory = true;
		return;
	}
	adv->references = room;
	room[adv->reference_count++] = (struct adv_reference){.type = bytes_of(type), .url = url};
}

struct adv_affected *draft_affected(struct draft *d, struct bytes ecosystem, struct bytes name,
				    enum adv_keyed keyed)
{
	struct adv *adv = &d->adv;
	struct adv_affected *room =
	    feed_grow(d->a, adv->affected, adv->affected_count, sizeof *room);
	if (!room) {
		d->no_memory = true;
		return NULL;
	}
	adv->affected = room;
	struct adv_affected *f = &room[adv->affected_count++];
	*f = (struct adv_affected){
	    .ecosystem = ecosystem, .name = name, .keyed = keyed, .status = ADV_AFFECTED};
	return f;
}

uint8_t draft_range(struct draft *d, struct adv_affected **f)
{
	const struct adv_affected *last = *f;
	if (!last || last->event_count == 0)
		return 0;
	uint8_t range = last->events[last->event_count - 1].range;
	if (range < UINT8_MAX)
		return range + 1;
	struct adv_affected more = *last;
	more.events = NULL;
	more.event_count = 0;
	*f = draft_affected(d, more.ecosystem, more.name, more.keyed);
	if (*f)
		**f = more;
	return 0;
}

void draft_event(struct draft *d, struct adv_affected *f, uint8_t range, enum adv_event kind,
		 struct bytes version)
{
	struct adv_range_event *room =
	    f ? feed_grow(d->a, f->events, f->event_count, sizeof *room) : NULL;
	if (!room) {
		d->no_memory = true;
		return;
	}
	f->events = room;
	room[f->event_count++] =
	    (struct adv_range_event){.range = range, .kind = kind, .version = version};
}

void draft_fixed(struct draft *d, struct adv_affected *f, struct bytes fixed,
		 enum adv_status status)
{
	if (!f)
		return;
	f->status = fixed.len > 0 ? ADV_FIXED : status;
	if (f->status == ADV_NOT_AFFECTED)
		return;
	draft_event(d, f, 0, ADV_INTRODUCED, BYTES_LIT("0"));
	if (fixed.len > 0)
		draft_event(d, f, 0, ADV_FIXED_AT, fixed);
}

struct bytes draft_score_word(double score)
{
	return score >= 9   ? BYTES_LIT("Critical")
	       : score >= 7 ? BYTES_LIT("High")
	       : score >= 4 ? BYTES_LIT("Medium")
	       : score > 0  ? BYTES_LIT("Low")
			    : BYTES_NONE;
}

struct bytes draft_printf(struct draft *d, const char *fmt, ...)
{
	char text[512];
	bool ok = false;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	struct bytes b = {(const uint8_t *)text, n > 0 ? (size_t)n : 0};
	b.len = b.len < sizeof text ? b.len : sizeof text - 1;
	b = arena_bytes(d->a, b, &ok);
	d->no_memory |= !ok;
	return ok ? b : BYTES_NONE;
}

struct odd {
	struct bytes name, version;
	size_t count;
};

static struct odd odd_versions(const struct adv *adv)
{
	struct odd odd = {.count = 0};
	for (size_t i = 0; i < adv->affected_count; i++) {
		const struct adv_affected *f = &adv->affected[i];
		const struct ver_scheme *s = ver_of_ecosystem(f->ecosystem);
		for (size_t k = 0; s && k < f->event_count; k++) {
			if (ver_is_comparable(s, f->events[k].version))
				continue;
			if (odd.count++ > 0)
				continue;
			odd.name = f->name;
			odd.version = f->events[k].version;
		}
	}
	return odd;
}

static int note_odd(const struct odd *odd, struct bytes where, const struct feed_sink *sink,
		    struct err *e)
{
	char text[256], more[48] = "";
	if (odd->count > 1)
		(void)snprintf(more, sizeof more, " (and %zu more)", odd->count - 1);
	(void)snprintf(text, sizeof text,
		       "package %.*s: \"%.*s\" is not a version: it cannot be compared%s",
		       BYTES_ARG(bytes_part(odd->name, 0, 80)),
		       BYTES_ARG(bytes_part(odd->version, 0, 60)), more);
	return sink->note(sink->arg, where, text, e);
}

int draft_send(struct draft *d, struct bytes where, const struct feed_sink *sink, struct err *e)
{
	struct adv *adv = &d->adv;
	if (d->no_memory)
		return err_set(e, ERR_NOMEM, "record %.*s: no memory", BYTES_ARG(where));
	if (adv->id.len == 0)
		return sink->note(sink->arg, where, "record not used: no id", e);
	if (adv->affected_count == 0 && adv->cvss_count == 0)
		return sink->note(sink->arg, where, "record not used: no affected package", e);
	if (adv->severity == ADV_SEV_UNKNOWN)
		adv->severity = adv_severity_parse(adv->severity_text);
	struct odd odd = odd_versions(adv);
	int rc = sink->advisory(sink->arg, adv, e);
	return rc < 0 || odd.count == 0 ? rc : note_odd(&odd, where, sink, e);
}

int draft_withdrawn(const struct adv *adv, struct bytes where, const struct feed_sink *sink,
		    struct err *e)
{
	struct adv gone = {.feed = adv->feed,
			   .id = adv->id,
			   .aliases = adv->aliases,
			   .alias_count = adv->alias_count,
			   .summary = adv->summary,
			   .published_ms = adv->published_ms,
			   .modified_ms = adv->modified_ms,
			   .withdrawn_ms =
			       adv->withdrawn_ms ? adv->withdrawn_ms : ADV_WITHDRAWN_UNDATED};
	int rc = adv->id.len > 0 ? sink->advisory(sink->arg, &gone, e) : 0;
	if (rc < 0)
		return rc;
	return sink->note(sink->arg, adv->id.len > 0 ? adv->id : where,
			  "record not used: withdrawn", e);
}
