/* SPDX 2.2 and 2.3, JSON: packages, each with a purl as external reference; one whose purpose is
 * OPERATING-SYSTEM names the distribution. Trivy writes the source package into sourceInfo ("built
 * package from: NAME VERSION"). Files and snippets are no packages. */
#include "sbom/draft.h"

struct package {
	struct bytes id, purpose, source_info, comment, first_purl;
	struct draft_item item;
};

static void read_reference(struct json *j, struct package *p)
{
	struct bytes type = BYTES_NONE, locator = BYTES_NONE;
	if (!json_enter_object(j))
		return;
	for (struct bytes key; json_next_key(j, &key);) {
		bool text = json_peek(j) == JSON_STRING;
		if (text && bytes_eq_lit(key, "referenceType"))
			type = json_string(j);
		else if (text && bytes_eq_lit(key, "referenceLocator"))
			locator = json_string(j);
		else
			json_skip(j);
	}
	if (bytes_eq_lit(type, "purl") && !p->item.purl.len)
		p->item.purl = locator;
}

static void read_package(struct json *j, struct package *p)
{
	*p = (struct package){.id = BYTES_NONE};
	if (!json_enter_object(j))
		return;
	const struct bytes_slot slots[] = {
	    {"SPDXID", &p->id},
	    {"name", &p->item.name},
	    {"versionInfo", &p->item.version},
	    {"primaryPackagePurpose", &p->purpose},
	    {"sourceInfo", &p->source_info},
	    {"comment", &p->comment},
	};
	for (struct bytes key; json_next_key(j, &key);) {
		struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
		enum json_type type = json_peek(j);
		if (bytes_eq_lit(key, "licenseDeclared") && type == JSON_STRING) {
			license_read(&p->item.stated, json_string(j));
		} else if (to && type == JSON_STRING) {
			*to = json_string(j);
		} else if (bytes_eq_lit(key, "externalRefs") && type == JSON_ARRAY) {
			if (json_enter_array(j))
				while (json_next_item(j))
					read_reference(j, p);
		} else {
			json_skip(j);
		}
	}
}

void draft_source_info(struct draft_item *item, struct bytes text)
{
	static const char built[] = "built package from: ";
	if (!bytes_has_prefix_lit(text, built))
		return;
	text = bytes_from(text, sizeof built - 1);
	item->source_name = bytes_cut(&text, ' ');
	item->source_version = bytes_trim(text);
}

static void see_item(void *arg, struct bytes name, struct bytes value)
{
	if (arg)
		draft_extra(arg, name, value);
}

static void see_distro(void *arg, struct bytes name, struct bytes value)
{
	draft_distro_extra(arg, name, value);
}

static void see_image(void *arg, struct bytes name, struct bytes value)
{
	draft_image_extra(arg, name, value);
}

int draft_spdx_package(struct draft *d, struct draft_item *item, struct bytes purpose,
		       struct bytes comment, struct err *e)
{
	if (bytes_eq_nocase(purpose, BYTES_LIT("OPERATING-SYSTEM")) ||
	    bytes_eq_nocase(purpose, BYTES_LIT("OPERATING_SYSTEM")) ||
	    bytes_eq_lit(purpose, "operatingSystem")) {
		bool first = !d->bill.has_distro;
		draft_distro(d, item->name, item->version, BYTES_NONE);
		if (first)
			draft_comment(d, comment, see_distro, &d->bill.distro);
		return 0;
	}
	if (bytes_eq_nocase(purpose, BYTES_LIT("CONTAINER"))) {
		d->bill.name = item->name;
		d->bill.version = item->version;
		draft_comment(d, comment, see_image, d);
		return 0;
	}
	if (!item->purl.len && (bytes_eq_nocase(purpose, BYTES_LIT("SOURCE")) ||
				bytes_eq_nocase(purpose, BYTES_LIT("FILE"))))
		return 0; /* no packages of what is described */
	draft_comment(d, comment, see_item, item);
	return draft_add(d, item, e);
}

static int read_packages(struct draft *d, struct bytes text, struct err *e)
{
	struct json j;
	struct package *p = arena_alloc(&d->arena, 1, sizeof *p);
	if (!p)
		return err_nomem(e);
	json_init(&j, text, &d->arena);
	if (!json_enter_array(&j))
		return json_finish(&j, e);
	while (json_next_item(&j)) {
		read_package(&j, p);
		if (!json_ok(&j))
			break;
		draft_source_info(&p->item, p->source_info);
		if (draft_spdx_package(d, &p->item, p->purpose, p->comment, e) < 0)
			return -(int)e->code;
	}
	return json_finish(&j, e);
}

int draft_spdx_version(struct draft *d, struct bytes version, struct err *e)
{
	const char *format;
	if (!bytes_has_prefix_lit(version, "SPDX-2."))
		return err_set(e, ERR_UNSUPPORTED,
			       "SPDX of version \"%.*s\"; SPDX-2.2, SPDX-2.3 and 3.0 are read",
			       BYTES_ARG(version));
	format = arena_printf(&d->arena, "SPDX %.*s", BYTES_ARG(bytes_from(version, 5)));
	d->bill.format = bytes_of(format);
	if (!bytes_eq_lit(version, "SPDX-2.2") && !bytes_eq_lit(version, "SPDX-2.3"))
		draft_note(d, BYTES_LIT("a version of SPDX that is not known: read as 2.3"));
	return format ? 0 : err_nomem(e);
}

int spdx_read(struct bytes text, struct draft *d, struct err *e)
{
	struct json j;
	struct bytes version = BYTES_NONE, packages = BYTES_NONE, name = BYTES_NONE;
	json_init(&j, text, &d->arena);
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, "spdxVersion") && json_peek(&j) == JSON_STRING)
				version = json_string(&j);
			else if (bytes_eq_lit(key, "name") && json_peek(&j) == JSON_STRING)
				name = json_string(&j);
			else if (bytes_eq_lit(key, "packages"))
				packages = json_raw(&j);
			else
				json_skip(&j);
		}
	}
	if (json_finish(&j, e) < 0 || draft_spdx_version(d, version, e) < 0)
		return -(int)e->code;
	d->bill.name = name;
	return packages.len ? read_packages(d, packages, e) : 0;
}
