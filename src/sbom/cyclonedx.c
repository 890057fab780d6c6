/* CycloneDX 1.2 to 1.7, JSON (ECMA-424): components, nested to any depth, each with a purl; one of
 * type operating-system names the distribution. Of properties those of Plimsoll, Trivy and Syft say
 * what a purl cannot. Nested lists are read from their own text, so that nothing recurses. */
#include "sbom/draft.h"

struct queue {
	struct bytes *lists;
	size_t count, cap, next;
};

static int queue_add(struct draft *d, struct queue *q, struct bytes list, struct err *e)
{
	struct bytes *more = arena_grow(&d->arena, q->lists, q->count, &q->cap, sizeof *more);
	if (!more)
		return err_nomem(e);
	q->lists = more;
	q->lists[q->count++] = list;
	return 0;
}

static void add_path(struct draft_item *item, struct bytes path)
{
	if (item->path_count < DRAFT_PATHS_MAX)
		item->paths[item->path_count++] = path;
	else
		item->more_paths = true;
}

/* Trivy's, Syft's and ours. */
static void see_property(struct draft_item *item, struct bytes name, struct bytes value)
{
	static const char ours[] = "plimsoll:", trivy[] = "aquasecurity:trivy:",
			  syft[] = "syft:location:";
	if (bytes_has_prefix_lit(name, ours)) {
		draft_extra(item, bytes_from(name, sizeof ours - 1), value);
		return;
	}
	if (bytes_has_prefix_lit(name, syft)) {
		/* Of one package; the first states it, others are files that it has beside. */
		if (bytes_eq_lit(bytes_from(name, sizeof syft - 1), "0:path"))
			add_path(item, value);
		else if (bytes_has_suffix_lit(name, ":layerID") && !item->layer.len)
			item->layer = value;
		return;
	}
	if (!bytes_has_prefix_lit(name, trivy))
		return;
	name = bytes_from(name, sizeof trivy - 1);
	const struct bytes_slot slots[] = {
	    {"SrcName", &item->source_name},	   {"SrcVersion", &item->source_version},
	    {"SrcRelease", &item->source_release}, {"SrcEpoch", &item->source_epoch},
	    {"Modularitylabel", &item->module},	   {"LayerDigest", &item->layer},
	};
	struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), name);
	if (to)
		*to = value;
	else if (bytes_eq_lit(name, "FilePath"))
		add_path(item, value);
}

/* Each {"name": …, "value": …} of the next value. */
static void each_property(struct json *j, void (*see)(void *arg, struct bytes, struct bytes),
			  void *arg)
{
	if (json_peek(j) != JSON_ARRAY) {
		json_skip(j);
		return;
	}
	if (!json_enter_array(j))
		return;
	while (json_next_item(j)) {
		struct bytes name = BYTES_NONE, value = BYTES_NONE;
		if (!json_enter_object(j))
			return;
		for (struct bytes key; json_next_key(j, &key);) {
			bool text = json_peek(j) == JSON_STRING;
			if (text && bytes_eq_lit(key, "name"))
				name = json_string(j);
			else if (text && bytes_eq_lit(key, "value"))
				value = json_string(j);
			else
				json_skip(j);
		}
		see(arg, name, value);
	}
}

static void see_item(void *arg, struct bytes name, struct bytes value)
{
	if (arg)
		see_property(arg, name, value);
}

static void see_distro(void *arg, struct bytes name, struct bytes value)
{
	static const char ours[] = "plimsoll:";
	if (bytes_has_prefix_lit(name, ours))
		draft_distro_extra(arg, bytes_from(name, sizeof ours - 1), value);
}

static void see_image(void *arg, struct bytes name, struct bytes value)
{
	static const char ours[] = "plimsoll:";
	if (bytes_has_prefix_lit(name, ours))
		draft_image_extra(arg, bytes_from(name, sizeof ours - 1), value);
}

static void read_occurrences(struct json *j, struct draft_item *item)
{
	if (!json_enter_array(j))
		return;
	while (json_next_item(j)) {
		if (!json_enter_object(j))
			return;
		for (struct bytes key; json_next_key(j, &key);) {
			if (bytes_eq_lit(key, "location") && json_peek(j) == JSON_STRING)
				add_path(item, json_string(j));
			else
				json_skip(j);
		}
	}
}

/* The next value, an object; occurrences of an evidence are arrays of places. */
static void read_evidence(struct json *j, struct draft_item *item)
{
	if (!json_enter_object(j))
		return;
	for (struct bytes key; json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "occurrences") && json_peek(j) == JSON_ARRAY)
			read_occurrences(j, item);
		else
			json_skip(j);
	}
}

static struct bytes license_name(struct json *j)
{
	struct bytes text = BYTES_NONE;
	json_enter_object(j);
	for (struct bytes key; json_next_key(j, &key);) {
		bool is_name = bytes_eq_lit(key, "id") || bytes_eq_lit(key, "name");
		if (is_name && json_peek(j) == JSON_STRING)
			text = json_string(j);
		else
			json_skip(j);
	}
	return text;
}

/* "licenses": [{"license": {"id" or "name": …}}, …] or [{"expression": …}]: each applies. */
static void read_licenses(struct json *j, struct draft_item *item)
{
	struct license one;
	json_enter_array(j);
	while (json_next_item(j)) {
		if (json_peek(j) != JSON_OBJECT) {
			json_skip(j);
			continue;
		}
		json_enter_object(j);
		for (struct bytes key; json_next_key(j, &key);) {
			struct bytes text = BYTES_NONE;
			if (bytes_eq_lit(key, "expression") && json_peek(j) == JSON_STRING)
				text = json_string(j);
			else if (bytes_eq_lit(key, "license") && json_peek(j) == JSON_OBJECT)
				text = license_name(j);
			else
				json_skip(j);
			license_read(&one, text);
			license_also(&item->stated, &one);
		}
	}
}

/* A component before it is known what it is. */
struct component {
	struct bytes type, group, description, scope, properties, components;
	struct draft_item item;
};

static void read_component(struct json *j, struct component *c)
{
	*c = (struct component){.type = BYTES_NONE};
	if (!json_enter_object(j))
		return;
	const struct bytes_slot slots[] = {
	    {"type", &c->type},	     {"name", &c->item.name}, {"version", &c->item.version},
	    {"purl", &c->item.purl}, {"scope", &c->scope},    {"description", &c->description},
	};
	for (struct bytes key; json_next_key(j, &key);) {
		struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
		enum json_type type = json_peek(j);
		if (to && type == JSON_STRING)
			*to = json_string(j);
		else if (bytes_eq_lit(key, "components") && type == JSON_ARRAY)
			c->components = json_raw(j);
		else if (bytes_eq_lit(key, "properties") && type == JSON_ARRAY)
			c->properties = json_raw(j);
		else if (bytes_eq_lit(key, "licenses") && type == JSON_ARRAY)
			read_licenses(j, &c->item);
		else if (bytes_eq_lit(key, "evidence") && type == JSON_OBJECT)
			read_evidence(j, &c->item);
		else
			json_skip(j);
	}
}

static void see_properties(struct draft *d, struct bytes text,
			   void (*see)(void *arg, struct bytes, struct bytes), void *arg)
{
	struct json j;
	if (!text.len)
		return;
	json_init(&j, text, &d->arena);
	each_property(&j, see, arg);
	d->no_memory |= j.failed && j.code == ERR_NOMEM;
}

static int add_component(struct draft *d, struct component *c, struct err *e)
{
	static const char *const packages[] = {"library",  "application", "framework",
					       "firmware", "platform",	  "device-driver"};
	if (bytes_eq_lit(c->type, "operating-system")) {
		bool first = !d->bill.has_distro;
		draft_distro(d, c->item.name, c->item.version, c->description);
		if (first)
			see_properties(d, c->properties, see_distro, &d->bill.distro);
		return 0;
	}
	bool is_package = c->item.purl.len > 0;
	for (size_t i = 0; i < sizeof packages / sizeof *packages; i++)
		is_package |= bytes_eq_lit(c->type, packages[i]);
	/* Trivy names lock files and programs as applications, whose parts have purls. */
	if (!is_package ||
	    (!c->item.purl.len && bytes_eq_lit(c->type, "application") && !c->item.version.len))
		return 0; /* files, data, containers: no packages */
	see_properties(d, c->properties, see_item, &c->item);
	c->item.not_installed = bytes_eq_lit(c->scope, "excluded");
	return draft_add(d, &c->item, e);
}

static int read_list(struct draft *d, struct queue *q, struct err *e)
{
	struct json j;
	json_init(&j, q->lists[q->next++], &d->arena);
	if (!json_enter_array(&j))
		return json_finish(&j, e);
	struct component *c = arena_alloc(&d->arena, 1, sizeof *c);
	if (!c)
		return err_nomem(e);
	while (json_next_item(&j)) {
		if (json_peek(&j) != JSON_OBJECT) {
			draft_gap(d, "that are no objects", BYTES_NONE);
			json_skip(&j);
			continue;
		}
		read_component(&j, c);
		if (!json_ok(&j))
			break;
		if (add_component(d, c, e) < 0 ||
		    (c->components.len && queue_add(d, q, c->components, e) < 0))
			return -(int)e->code;
	}
	return json_finish(&j, e);
}

/* metadata.component is what the document describes; what is nested in it is a part. */
static int read_metadata(struct draft *d, struct bytes text, struct queue *q, struct err *e)
{
	struct json j;
	struct component *c = arena_alloc(&d->arena, 1, sizeof *c);
	if (!c)
		return err_nomem(e);
	json_init(&j, text, &d->arena);
	if (!json_enter_object(&j))
		return json_finish(&j, e);
	for (struct bytes key; json_next_key(&j, &key);) {
		if (bytes_eq_lit(key, "component") && json_peek(&j) == JSON_OBJECT) {
			read_component(&j, c);
			d->bill.name = c->item.name;
			d->bill.version = c->item.version;
			if (c->components.len && queue_add(d, q, c->components, e) < 0)
				return -(int)e->code;
			if (bytes_eq_lit(c->type, "operating-system") && add_component(d, c, e) < 0)
				return -(int)e->code;
		} else if (bytes_eq_lit(key, "properties")) {
			each_property(&j, see_image, d);
		} else {
			json_skip(&j);
		}
	}
	return json_finish(&j, e);
}

static int check_version(struct draft *d, struct bytes version, struct err *e)
{
	static const char *const known[] = {"1.2", "1.3", "1.4", "1.5", "1.6", "1.7"};
	bool ok = false;
	const char *format = arena_printf(&d->arena, "CycloneDX %.*s", BYTES_ARG(version));
	if (!format)
		return err_nomem(e);
	d->bill.format = bytes_of(format);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		ok |= bytes_eq_lit(version, known[i]);
	if (!ok && !bytes_has_prefix_lit(version, "1."))
		return err_set(e, ERR_UNSUPPORTED,
			       "CycloneDX of version \"%.*s\"; 1.2 to 1.7 are read",
			       BYTES_ARG(version));
	if (!ok)
		draft_note(d, BYTES_LIT("a version of CycloneDX that is not known: read as 1.7"));
	return 0;
}

int cyclonedx_read(struct bytes text, struct draft *d, struct err *e)
{
	struct json j;
	struct queue q = {.count = 0};
	struct bytes version = BYTES_NONE, metadata = BYTES_NONE, components = BYTES_NONE;
	json_init(&j, text, &d->arena);
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, "specVersion") && json_peek(&j) == JSON_STRING)
				version = json_string(&j);
			else if (bytes_eq_lit(key, "metadata"))
				metadata = json_raw(&j);
			else if (bytes_eq_lit(key, "components"))
				components = json_raw(&j);
			else
				json_skip(&j);
		}
	}
	if (json_finish(&j, e) < 0 || check_version(d, version, e) < 0)
		return -(int)e->code;
	if ((components.len && queue_add(d, &q, components, e) < 0) ||
	    (metadata.len && read_metadata(d, metadata, &q, e) < 0))
		return -(int)e->code;
	while (q.next < q.count)
		if (read_list(d, &q, e) < 0)
			return -(int)e->code;
	return 0;
}
