/* OpenVEX 0.2.0 (github.com/openvex/spec OPENVEX-SPEC.md): statements about a vulnerability, with
 * products and their subcomponents. A product without subcomponents is meant whole. A statement's
 * time, else the document's, says which of several holds. */
#include "base/clock.h"
#include "exception/parse.h"

bool exception_is_justification(struct bytes word)
{
	static const char *const words[] = {"component_not_present", "vulnerable_code_not_present",
					    "vulnerable_code_not_in_execute_path",
					    "vulnerable_code_cannot_be_controlled_by_adversary",
					    "inline_mitigations_already_exist"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (bytes_eq_lit(word, words[i]))
			return true;
	return false;
}

struct statement {
	struct bytes vulnerability, products, status, justification, impact, timestamp, action;
};

static enum adv_status status_of(struct bytes word)
{
	return bytes_eq_lit(word, "not_affected")	   ? ADV_NOT_AFFECTED
	       : bytes_eq_lit(word, "fixed")		   ? ADV_FIXED
	       : bytes_eq_lit(word, "affected")		   ? ADV_AFFECTED
	       : bytes_eq_lit(word, "under_investigation") ? ADV_UNDER_INVESTIGATION
							   : ADV_UNKNOWN;
}

/* A text, or {"@id", "name", "aliases"}. */
static int read_vulnerability(struct exceptions *x, struct json *j, struct exception *out,
			      struct err *e)
{
	if (json_peek(j) == JSON_STRING)
		return exceptions_text_add(x, &out->ids, &out->id_count, json_string(j), e);
	int r = 0;
	if (!json_enter_object(j))
		return 0;
	for (struct bytes key; json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "name") && json_peek(j) == JSON_STRING) {
			r = exceptions_text_add(x, &out->ids, &out->id_count, json_string(j), e);
		} else if (bytes_eq_lit(key, "aliases") && json_enter_array(j)) {
			while (json_next_item(j) && r == 0)
				r = exceptions_text_add(x, &out->ids, &out->id_count,
							json_string(j), e);
		} else {
			json_skip(j);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* {"sha-256": HEX, …}: an image's digest. */
static struct bytes read_hashes(struct exceptions *x, struct json *j)
{
	struct bytes digest = BYTES_NONE;
	if (!json_enter_object(j))
		return digest;
	for (struct bytes key; json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "sha-256") && json_peek(j) == JSON_STRING)
			digest = exception_digest_of(x, json_string(j));
		else
			json_skip(j);
	}
	return digest;
}

/* What names a component: a purl, its @id or among its identifiers, or a digest. subcomponents:
 * their text. */
static struct bytes read_component(struct exceptions *x, struct json *j, struct bytes *ret_inner)
{
	struct bytes id = BYTES_NONE, purl = BYTES_NONE, digest = BYTES_NONE;
	*ret_inner = BYTES_NONE;
	if (json_peek(j) == JSON_STRING)
		return json_string(j);
	if (!json_enter_object(j))
		return BYTES_NONE;
	for (struct bytes key; json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "@id") && json_peek(j) == JSON_STRING) {
			id = json_string(j);
		} else if (bytes_eq_lit(key, "subcomponents") && json_peek(j) == JSON_ARRAY) {
			*ret_inner = json_raw(j);
		} else if (bytes_eq_lit(key, "identifiers") && json_enter_object(j)) {
			for (struct bytes kind; json_next_key(j, &kind);) {
				if (bytes_eq_lit(kind, "purl") && json_peek(j) == JSON_STRING)
					purl = json_string(j);
				else
					json_skip(j);
			}
		} else if (bytes_eq_lit(key, "hashes") && json_peek(j) == JSON_OBJECT) {
			digest = read_hashes(x, j);
		} else if (!bytes_eq_lit(key, "identifiers")) {
			json_skip(j);
		}
	}
	purl = purl.len ? purl : id;
	/* An image is its digest, where it has one. */
	bool is_image =
	    bytes_has_prefix_lit(purl, "pkg:oci/") || bytes_has_prefix_lit(purl, "pkg:docker/");
	if (digest.len && (is_image || !bytes_has_prefix_lit(purl, "pkg:")))
		return bytes_find(purl, '@') < purl.len ? purl : digest;
	return purl;
}

static int add(struct exceptions *x, const struct exception *base, struct bytes product,
	       struct bytes component, struct err *e)
{
	struct exception one = *base;
	bool known = exception_product(x, product, &one);
	if (known && component.len && !one.of_image) {
		exceptions_note(x, arena_printf(&x->arena,
						"%.*s: a package as part of another, which nothing "
						"shows here, is not applied: \"%.*s\"",
						BYTES_ARG(base->source), BYTES_ARG(component)));
		return 0;
	}
	known = known && (!component.len || exception_product(x, component, &one));
	if (!known) {
		exceptions_note(x, arena_printf(&x->arena,
						"%.*s: a product that is no package URL: \"%.*s\"",
						BYTES_ARG(base->source), BYTES_ARG(product)));
		return 0;
	}
	struct exception *new = exceptions_push(x, e);
	if (!new)
		return -(int)e->code;
	*new = one;
	return 0;
}

static int add_products(struct exceptions *x, const struct exception *base, struct bytes products,
			struct err *e)
{
	struct json j;
	int r = 0;
	json_init(&j, products, &x->arena);
	if (!json_enter_array(&j))
		return json_finish(&j, e);
	while (r == 0 && json_next_item(&j)) {
		struct bytes inner, ignored, product = read_component(x, &j, &inner);
		if (!inner.len) {
			r = add(x, base, product, BYTES_NONE, e);
			continue;
		}
		struct json k;
		json_init(&k, inner, &x->arena);
		if (json_enter_array(&k))
			while (r == 0 && json_next_item(&k))
				r = add(x, base, product, read_component(x, &k, &ignored), e);
		if (r == 0 && k.failed)
			r = json_finish(&k, e);
	}
	return r < 0 ? r : json_finish(&j, e);
}

static void read_statement(struct json *j, struct statement *s)
{
	*s = (struct statement){.status = BYTES_NONE};
	if (!json_enter_object(j))
		return;
	const struct bytes_slot slots[] = {
	    {"status", &s->status},	      {"justification", &s->justification},
	    {"impact_statement", &s->impact}, {"status_notes", &s->action},
	    {"timestamp", &s->timestamp},
	};
	for (struct bytes key; json_next_key(j, &key);) {
		struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
		if (to && json_peek(j) == JSON_STRING)
			*to = json_string(j);
		else if (bytes_eq_lit(key, "vulnerability"))
			s->vulnerability = json_raw(j);
		else if (bytes_eq_lit(key, "products"))
			s->products = json_raw(j);
		else
			json_skip(j);
	}
}

static int take_statement(struct exceptions *x, const struct statement *s, struct bytes source,
			  int64_t at_ms, struct err *e)
{
	struct json j;
	struct exception base = {.kind = EXCEPTION_VEX,
				 .status = status_of(s->status),
				 .justification = s->justification,
				 .statement = s->impact.len ? s->impact : s->action,
				 .source = source,
				 .at_ms = at_ms};
	(void)(s->timestamp.len && clock_parse_rfc3339(s->timestamp, &base.at_ms));
	json_init(&j, s->vulnerability, &x->arena);
	if (s->vulnerability.len && read_vulnerability(x, &j, &base, e) < 0)
		return -(int)e->code;
	if (base.id_count > EXCEPTION_IDS_MAX) {
		exceptions_note(x, arena_printf(&x->arena,
						"%.*s: a statement with more than %u names of a "
						"vulnerability is not applied",
						BYTES_ARG(source), EXCEPTION_IDS_MAX));
		return 0;
	}
	if (base.status == ADV_UNKNOWN || !base.id_count || !s->products.len) {
		exceptions_note(x,
				arena_printf(&x->arena,
					     "%.*s: a statement without vulnerability, product or "
					     "known status is not applied",
					     BYTES_ARG(source)));
		return 0;
	}
	return add_products(x, &base, s->products, e);
}

int openvex_read(struct exceptions *x, struct bytes text, struct bytes source, struct err *e)
{
	struct json j;
	struct bytes statements = BYTES_NONE;
	int64_t at_ms = 0;
	json_init(&j, text, &x->arena);
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, "statements"))
				statements = json_raw(&j);
			else if (bytes_eq_lit(key, "timestamp") && json_peek(&j) == JSON_STRING)
				(void)clock_parse_rfc3339(json_string(&j), &at_ms);
			else
				json_skip(&j);
		}
	}
	if (json_finish(&j, e) < 0)
		return -(int)e->code;
	json_init(&j, statements.len ? statements : BYTES_LIT("[]"), &x->arena);
	if (json_enter_array(&j)) {
		while (json_next_item(&j)) {
			struct statement s;
			read_statement(&j, &s);
			if (json_ok(&j) && take_statement(x, &s, source, at_ms, e) < 0)
				return -(int)e->code;
		}
	}
	return json_finish(&j, e);
}
