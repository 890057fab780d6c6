/* SPDX 3.0, JSON-LD: the elements of @graph of type software_Package, with their purl as
 * software_packageUrl or as an external identifier; one whose primary purpose is operatingSystem
 * names the distribution. The serialisation's context gives these keys; no other is resolved. */
#include "sbom/draft.h"

struct element {
	struct bytes type, purpose, source_info, comment;
	struct draft_item item;
};

static void read_identifier(struct json *j, struct element *x)
{
	struct bytes type = BYTES_NONE, text = BYTES_NONE;
	if (!json_enter_object(j))
		return;
	for (struct bytes key; json_next_key(j, &key);) {
		bool is_text = json_peek(j) == JSON_STRING;
		if (is_text && bytes_eq_lit(key, "externalIdentifierType"))
			type = json_string(j);
		else if (is_text && bytes_eq_lit(key, "identifier"))
			text = json_string(j);
		else
			json_skip(j);
	}
	if ((bytes_eq_lit(type, "packageUrl") || bytes_eq_lit(type, "purl")) && !x->item.purl.len)
		x->item.purl = text;
}

static void read_element(struct json *j, struct element *x)
{
	*x = (struct element){.type = BYTES_NONE};
	if (!json_enter_object(j))
		return;
	const struct bytes_slot slots[] = {
	    {"type", &x->type},
	    {"@type", &x->type},
	    {"name", &x->item.name},
	    {"software_packageVersion", &x->item.version},
	    {"software_packageUrl", &x->item.purl},
	    {"software_primaryPurpose", &x->purpose},
	    {"software_sourceInfo", &x->source_info},
	    {"comment", &x->comment},
	};
	for (struct bytes key; json_next_key(j, &key);) {
		struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
		enum json_type type = json_peek(j);
		if (to && type == JSON_STRING) {
			*to = json_string(j);
		} else if (bytes_eq_lit(key, "externalIdentifier") && type == JSON_ARRAY) {
			if (json_enter_array(j))
				while (json_next_item(j))
					read_identifier(j, x);
		} else {
			json_skip(j);
		}
	}
}

static int read_graph(struct draft *d, struct bytes text, struct err *e)
{
	struct json j;
	struct element *x = arena_alloc(&d->arena, 1, sizeof *x);
	if (!x)
		return err_nomem(e);
	json_init(&j, text, &d->arena);
	if (!json_enter_array(&j))
		return json_finish(&j, e);
	while (json_next_item(&j)) {
		read_element(&j, x);
		if (!json_ok(&j))
			break;
		draft_source_info(&x->item, x->source_info);
		if (bytes_eq_lit(x->type, "SpdxDocument"))
			d->bill.name = x->item.name;
		else if (bytes_eq_lit(x->type, "software_Package") &&
			 draft_spdx_package(d, &x->item, x->purpose, x->comment, e) < 0)
			return -(int)e->code;
	}
	return json_finish(&j, e);
}

int spdx3_read(struct bytes text, struct draft *d, struct err *e)
{
	struct json j;
	struct bytes graph = BYTES_NONE;
	d->bill.format = BYTES_LIT("SPDX 3.0");
	json_init(&j, text, &d->arena);
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, "@graph"))
				graph = json_raw(&j);
			else
				json_skip(&j);
		}
	}
	if (json_finish(&j, e) < 0)
		return -(int)e->code;
	return graph.len ? read_graph(d, graph, e) : 0;
}
