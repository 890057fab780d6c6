/* The lower half of an OVAL document:
 *
 *   <tests><rpminfo_test id="T" comment="…"><object object_ref="O"/><state state_ref="S"/>…
 *   <objects><rpminfo_object id="O"><name>bind</name>…
 *   <states><rpminfo_state id="S"><evr operation="less than">30:9.3.3-8.el5</evr>
 *     <arch operation="pattern match">(aarch64|x86_64)</arch>…
 *     <version operation="equals">0</version>…
 *
 * A test of several states (package and signature) is of the one that compares versions. */
#include "feed/oval.h"

struct section {
	struct xml at; /* entered */
	size_t count;
};

/* The sections of a document, and how many items each has. */
static bool find_sections(struct xml *x, struct section sections[3], struct xml *ret_definitions)
{
	static const char *const names[3] = {"tests", "objects", "states"};
	while (xml_child(x)) {
		size_t i = 0;
		while (i < 3 && !xml_is(x, names[i]))
			i++;
		if (xml_is(x, "definitions"))
			*ret_definitions = *x;
		if (i == 3) {
			xml_skip(x);
			continue;
		}
		sections[i].at = *x;
		for (sections[i].count = 0; xml_child(x); sections[i].count++)
			xml_skip(x);
	}
	return xml_ok(x);
}

static void read_test(struct xml *x, struct oval_item *item)
{
	while (xml_child(x)) {
		if (xml_is(x, "object"))
			item->first = xml_attribute(x, "object_ref");
		else if (xml_is(x, "state") && item->second.len == 0)
			item->second = xml_attribute(x, "state_ref");
		xml_skip(x);
	}
}

static void read_object(struct xml *x, struct oval_item *item)
{
	while (xml_child(x)) {
		if (xml_is(x, "name"))
			item->first = xml_content(x);
		else
			xml_skip(x);
	}
}

static void read_state(struct xml *x, struct oval_item *item)
{
	while (xml_child(x)) {
		struct bytes operation = xml_attribute(x, "operation");
		if (xml_is(x, "evr")) {
			item->operation = bytes_eq_lit(operation, "less than") ? OVAL_BELOW
					  : bytes_eq_lit(operation, "less than or equal")
					      ? OVAL_UP_TO
					      : OVAL_NONE;
			item->first = xml_content(x);
		} else if (xml_is(x, "arch")) {
			item->second = xml_content(x);
		} else if (xml_is(x, "version") && bytes_eq_lit(operation, "equals")) {
			if (bytes_eq_lit(xml_content(x), "0"))
				item->operation = OVAL_ZERO;
		} else {
			xml_skip(x);
		}
	}
}

/* The first item of an id counts. */
static void read_section(struct oval_index *ix, const struct section *s, struct xml *x,
			 void (*read)(struct xml *x, struct oval_item *item))
{
	*x = s->at;
	for (size_t i = 0; i < s->count && xml_child(x); i++) {
		struct oval_item *item = &ix->items[ix->count];
		*item = (struct oval_item){.id = xml_attribute(x, "id")};
		read(x, item);
		if (!index_add(&ix->ids, item->id, ix->count))
			xml_fail_memory(x);
		ix->count++;
	}
}

int oval_index_read(struct bytes document, struct arena *a, struct oval_index *ret,
		    struct xml *ret_definitions, struct err *e)
{
	struct xml x;
	struct section sections[3] = {{.count = 0}};
	static void (*const reads[3])(struct xml *, struct oval_item *) = {read_test, read_object,
									   read_state};
	*ret = (struct oval_index){.count = 0};
	ret_definitions->depth = 0;
	xml_init(&x, document, a);
	if (xml_root(&x) && !xml_is(&x, "oval_definitions"))
		return err_set(e, ERR_FORMAT, "not an OVAL document");
	if (xml_ok(&x))
		(void)find_sections(&x, sections, ret_definitions);
	int rc = xml_finish(&x, e);
	size_t total = sections[0].count + sections[1].count + sections[2].count;
	if (rc < 0)
		return rc;
	ret->items = total < INDEX_NONE ? arena_alloc(a, total + 1, sizeof *ret->items) : NULL;
	if (!ret->items || !index_init(&ret->ids, a, total, document.ptr))
		return err_set(e, ERR_NOMEM, "OVAL: no memory for %zu tests and their parts",
			       total);
	for (size_t i = 0; i < 3; i++) {
		if (sections[i].count == 0)
			continue;
		read_section(ret, &sections[i], &x, reads[i]);
		if (!xml_ok(&x))
			return xml_finish(&x, e);
	}
	return 0;
}

static const struct oval_item *find(const struct oval_index *ix, struct bytes id)
{
	uint32_t number = index_find(&ix->ids, id);
	return number == INDEX_NONE ? NULL : &ix->items[number];
}

bool oval_test_find(const struct oval_index *ix, struct bytes id, struct oval_test *ret)
{
	const struct oval_item *test = find(ix, id);
	const struct oval_item *object = test ? find(ix, test->first) : NULL;
	const struct oval_item *state = test ? find(ix, test->second) : NULL;
	if (!object || object->first.len == 0)
		return false;
	*ret = (struct oval_test){.package = object->first};
	if (state) {
		ret->operation = state->operation;
		ret->evr = state->first;
		ret->arches = state->second;
	}
	return true;
}
