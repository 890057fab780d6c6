/* VEX in CycloneDX (ECMA-424, vulnerabilities[].analysis): what a vulnerability affects is named by
 * bom-ref, of this document or, as "urn:cdx:SERIAL/VERSION#REF", of another; a ref that is a purl
 * says it itself. */
#include "base/clock.h"
#include "exception/parse.h"

#include <stdlib.h>

struct component {
	struct bytes ref, purl;
};
struct document {
	struct exceptions *x;
	struct bytes source;
	int64_t at_ms;
	struct component *components;
	size_t count, cap;
	struct bytes *queue;
	size_t queue_count, queue_cap, queue_next;
	size_t unresolved;
	struct bytes about;	/* the purl or digest of what the document describes */
	struct exception image; /* it, where it is an image and the document is attached to one */
};

static enum adv_status status_of(struct bytes state)
{
	return bytes_eq_lit(state, "not_affected") || bytes_eq_lit(state, "false_positive")
		   ? ADV_NOT_AFFECTED
	       : bytes_eq_lit(state, "resolved") || bytes_eq_lit(state, "resolved_with_pedigree")
		   ? ADV_FIXED
	       : bytes_eq_lit(state, "exploitable") ? ADV_AFFECTED
	       : bytes_eq_lit(state, "in_triage")   ? ADV_UNDER_INVESTIGATION
						    : ADV_UNKNOWN;
}

static int queue_add(struct document *d, struct bytes list, struct err *e)
{
	struct bytes *more =
	    arena_grow(&d->x->arena, d->queue, d->queue_count, &d->queue_cap, sizeof *more);
	if (!more)
		return err_nomem(e);
	d->queue = more;
	d->queue[d->queue_count++] = list;
	return 0;
}

/* [{"alg": "SHA-256", "content": HEX}]. */
static struct bytes read_hashes(struct document *d, struct json *j)
{
	struct bytes digest = BYTES_NONE;
	if (!json_enter_array(j))
		return digest;
	while (json_next_item(j)) {
		struct bytes alg = BYTES_NONE, content = BYTES_NONE;
		const struct bytes_slot slots[] = {{"alg", &alg}, {"content", &content}};
		json_slots_lenient(j, BYTES_SLOTS(slots));
		if (bytes_eq_lit(alg, "SHA-256"))
			digest = exception_digest_of(d->x, content);
	}
	return digest;
}

/* A container without a purl is named by its digest. */
static int read_component(struct document *d, struct json *j, struct err *e)
{
	struct component c = {.ref = BYTES_NONE};
	struct bytes digest = BYTES_NONE;
	bool is_container = false;
	if (!json_enter_object(j))
		return 0;
	for (struct bytes key; json_next_key(j, &key);) {
		bool text = json_peek(j) == JSON_STRING;
		if (text && bytes_eq_lit(key, "bom-ref"))
			c.ref = json_string(j);
		else if (text && bytes_eq_lit(key, "purl"))
			c.purl = json_string(j);
		else if (text && bytes_eq_lit(key, "type"))
			is_container = bytes_eq_lit(json_string(j), "container");
		else if (bytes_eq_lit(key, "hashes") && json_peek(j) == JSON_ARRAY)
			digest = read_hashes(d, j);
		else if (bytes_eq_lit(key, "components")) {
			if (queue_add(d, json_raw(j), e) < 0)
				return -(int)e->code;
		} else
			json_skip(j);
	}
	if (!c.purl.len && is_container)
		c.purl = digest;
	d->about = c.purl;
	struct component *more =
	    arena_grow(&d->x->arena, d->components, d->count, &d->cap, sizeof *more);
	if (!more)
		return err_nomem(e);
	d->components = more;
	d->components[d->count++] = c;
	return 0;
}

static int by_ref(const void *a, const void *b)
{
	const struct component *x = a, *y = b;
	return bytes_cmp(x->ref, y->ref);
}

static int read_components(struct document *d, struct err *e)
{
	while (d->queue_next < d->queue_count) {
		struct json j;
		json_init(&j, d->queue[d->queue_next++], &d->x->arena);
		if (json_enter_array(&j))
			while (json_next_item(&j))
				if (read_component(d, &j, e) < 0)
					return -(int)e->code;
		if (json_finish(&j, e) < 0)
			return -(int)e->code;
	}
	if (d->count)
		qsort(d->components, d->count, sizeof *d->components, by_ref);
	return 0;
}

static struct bytes purl_of(const struct document *d, struct bytes ref)
{
	if (bytes_has_prefix_lit(ref, "urn:cdx:"))
		ref = bytes_from(ref, bytes_find(ref, '#') + 1);
	const struct component key = {.ref = ref};
	const struct component *found =
	    d->count ? bsearch(&key, d->components, d->count, sizeof key, by_ref) : NULL;
	if (found && found->purl.len)
		return found->purl;
	return bytes_has_prefix_lit(ref, "pkg:") ? ref : BYTES_NONE;
}

static int push(struct document *d, const struct exception *one, struct err *e)
{
	struct exception *new = exceptions_push(d->x, e);
	if (!new)
		return -(int)e->code;
	*new = *one;
	return 0;
}

/* {"ref", "versions": [{"version", "status"}]}: with versions, it is about these only. */
static int read_affected(struct document *d, struct json *j, const struct exception *base,
			 struct err *e)
{
	struct bytes ref = BYTES_NONE, versions = BYTES_NONE;
	struct exception one = *base;
	if (!json_enter_object(j))
		return 0;
	for (struct bytes key; json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "ref") && json_peek(j) == JSON_STRING)
			ref = json_string(j);
		else if (bytes_eq_lit(key, "versions"))
			versions = json_raw(j);
		else
			json_skip(j);
	}
	struct bytes purl = purl_of(d, ref);
	if (!json_ok(j))
		return 0;
	if (!purl.len || !exception_product(d->x, purl, &one)) {
		d->unresolved++;
		return 0;
	}
	if (!versions.len)
		return push(d, &one, e);
	struct json k;
	json_init(&k, versions, &d->x->arena);
	if (json_enter_array(&k))
		while (json_next_item(&k)) {
			one.version = BYTES_NONE;
			if (!json_enter_object(&k))
				break;
			for (struct bytes key; json_next_key(&k, &key);) {
				if (bytes_eq_lit(key, "version") && json_peek(&k) == JSON_STRING)
					one.version = json_string(&k);
				else
					json_skip(&k);
			}
			if (!one.version.len)
				d->unresolved++; /* a range of versions */
			else if (push(d, &one, e) < 0)
				return -(int)e->code;
		}
	return json_finish(&k, e);
}

static void read_analysis(struct json *j, struct exception *out)
{
	if (!json_enter_object(j))
		return;
	for (struct bytes key; json_next_key(j, &key);) {
		bool text = json_peek(j) == JSON_STRING;
		if (text && bytes_eq_lit(key, "state"))
			out->status = status_of(json_string(j));
		else if (text && bytes_eq_lit(key, "justification"))
			out->justification = json_string(j);
		else if (text && bytes_eq_lit(key, "detail"))
			out->statement = json_string(j);
		else if (text && bytes_eq_lit(key, "lastUpdated"))
			(void)clock_parse_rfc3339(json_string(j), &out->at_ms);
		else
			json_skip(j);
	}
}

static int read_vulnerability(struct document *d, struct json *j, struct err *e)
{
	struct exception base = {.kind = EXCEPTION_VEX,
				 .source = d->source,
				 .at_ms = d->at_ms,
				 .of_image = d->image.of_image,
				 .image = d->image.image};
	struct bytes affects = BYTES_NONE;
	if (!json_enter_object(j))
		return 0;
	for (struct bytes key; json_next_key(j, &key);) {
		int r = 0;
		if (bytes_eq_lit(key, "id") && json_peek(j) == JSON_STRING)
			r = exceptions_text_add(d->x, &base.ids, &base.id_count, json_string(j), e);
		else if (bytes_eq_lit(key, "analysis") && json_peek(j) == JSON_OBJECT)
			read_analysis(j, &base);
		else if (bytes_eq_lit(key, "affects"))
			affects = json_raw(j);
		else
			json_skip(j);
		if (r < 0)
			return r;
	}
	if (base.status == ADV_UNKNOWN || !base.id_count || !affects.len)
		return 0; /* without an analysis it is no statement */
	struct json k;
	json_init(&k, affects, &d->x->arena);
	if (json_enter_array(&k))
		while (json_next_item(&k))
			if (read_affected(d, &k, &base, e) < 0)
				return -(int)e->code;
	return json_finish(&k, e);
}

static int read_metadata(struct document *d, struct bytes text, struct err *e)
{
	struct json j;
	json_init(&j, text, &d->x->arena);
	if (json_enter_object(&j))
		for (struct bytes key; json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, "timestamp") && json_peek(&j) == JSON_STRING)
				(void)clock_parse_rfc3339(json_string(&j), &d->at_ms);
			else if (bytes_eq_lit(key, "component")) {
				if (read_component(d, &j, e) < 0)
					return -(int)e->code;
				(void)(d->x->is_attached &&
				       exception_product(d->x, d->about, &d->image));
			} else
				json_skip(&j);
		}
	return json_finish(&j, e);
}

int cdx_vex_read(struct exceptions *x, struct bytes text, struct bytes source, struct err *e)
{
	struct json j;
	struct document d = {.x = x, .source = source};
	struct bytes metadata = BYTES_NONE, vulnerabilities = BYTES_NONE;
	json_init(&j, text, &x->arena);
	if (json_enter_object(&j))
		for (struct bytes key; json_next_key(&j, &key);) {
			struct bytes raw = json_raw(&j);
			if (bytes_eq_lit(key, "metadata"))
				metadata = raw;
			else if (bytes_eq_lit(key, "vulnerabilities"))
				vulnerabilities = raw;
			else if (bytes_eq_lit(key, "components") && queue_add(&d, raw, e) < 0)
				return -(int)e->code;
		}
	if (json_finish(&j, e) < 0 || (metadata.len && read_metadata(&d, metadata, e) < 0) ||
	    read_components(&d, e) < 0)
		return -(int)e->code;
	json_init(&j, vulnerabilities.len ? vulnerabilities : BYTES_LIT("[]"), &x->arena);
	if (json_enter_array(&j))
		while (json_next_item(&j))
			if (read_vulnerability(&d, &j, e) < 0)
				return -(int)e->code;
	if (d.unresolved)
		exceptions_note(x, arena_printf(&x->arena,
						"%.*s: %zu references that name no package URL or "
						"version are not applied",
						BYTES_ARG(source), d.unresolved));
	return json_finish(&j, e);
}
