/* What Swift's Package.resolved and CocoaPods' Podfile.lock declare.
 *
 * Package.resolved: {"pins": [{"location", "state": {"version"}}]}, in version 1 {"object":
 * {"pins":
 * [{"repositoryURL", "state": {…}}]}}; a pin without a version is of a branch. The name is the
 * address without its scheme and ".git", as advisories write it. Podfile.lock: below "PODS:" lines
 * "  - NAME (VERSION)"; deeper lines are what those need. Spec: Swift Package Manager "Resolving
 * versions"; guides.cocoapods.org "Using CocoaPods". */
#include "eco/declared.h"
#include "eco/path.h"

#include "base/json.h"

static struct bytes name_of(struct bytes address)
{
	size_t scheme = bytes_find_bytes(address, BYTES_LIT("://"));
	if (scheme < address.len)
		address = bytes_from(address, scheme + 3);
	if (bytes_has_suffix_lit(address, ".git"))
		address = bytes_part(address, 0, address.len - 4);
	return address;
}

static struct bytes version_of(struct json *j)
{
	struct bytes key, version = BYTES_NONE;
	json_enter_object(j);
	while (json_next_key(j, &key)) {
		if (json_peek(j) == JSON_STRING && bytes_eq_lit(key, "version"))
			version = json_string(j);
		else
			json_skip(j);
	}
	return version;
}

static void read_pins(struct json *j, struct declared *d)
{
	struct bytes key;
	json_enter_array(j);
	while (d->r == 0 && json_next_item(j)) {
		struct bytes name = BYTES_NONE, version = BYTES_NONE;
		if (json_peek(j) != JSON_OBJECT) {
			json_skip(j);
			continue;
		}
		json_enter_object(j);
		while (json_next_key(j, &key)) {
			bool where =
			    bytes_eq_lit(key, "location") || bytes_eq_lit(key, "repositoryURL");
			if (where && json_peek(j) == JSON_STRING)
				name = name_of(json_string(j));
			else if (bytes_eq_lit(key, "state") && json_peek(j) == JSON_OBJECT)
				version = version_of(j);
			else
				json_skip(j);
		}
		if (json_ok(j))
			declared_put(d, name, version);
	}
}

/* The value of a key that may be "pins". */
static void read_pins_of(struct json *j, struct declared *d, struct bytes key)
{
	if (bytes_eq_lit(key, "pins") && json_peek(j) == JSON_ARRAY)
		read_pins(j, d);
	else
		json_skip(j);
}

static void read_resolved(struct json *j, struct declared *d)
{
	struct bytes key;
	json_enter_object(j);
	while (d->r == 0 && json_next_key(j, &key)) {
		if (!bytes_eq_lit(key, "object") || json_peek(j) != JSON_OBJECT) {
			read_pins_of(j, d, key);
			continue;
		}
		json_enter_object(j);
		while (d->r == 0 && json_next_key(j, &key))
			read_pins_of(j, d, key);
	}
}

static int swift_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct declared d = {.sink = sink, .purl_type = "swift", .e = e};
	struct json j;
	(void)path;
	json_init(&j, file, a);
	read_resolved(&j, &d);
	return d.r < 0 ? d.r : json_finish(&j, e);
}

static int pods_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		      struct arena *a, struct err *e)
{
	struct declared d = {.sink = sink, .purl_type = "cocoapods", .e = e};
	bool inside = false;
	(void)path;
	(void)a;
	while (d.r == 0 && file.len > 0) {
		struct bytes line = bytes_cut(&file, '\n');
		if (line.len > 0 && line.ptr[0] != ' ')
			inside = bytes_has_prefix_lit(line, "PODS:");
		if (!inside || !bytes_has_prefix_lit(line, "  - "))
			continue;
		struct bytes version = bytes_trim(bytes_from(line, 4));
		if (bytes_has_prefix_lit(version, "\""))
			version = bytes_from(version, 1); /* a name with a '+' is quoted */
		struct bytes name = bytes_trim(bytes_cut(&version, '('));
		declared_put(&d, name, bytes_part(version, 0, bytes_find(version, ')')));
	}
	return d.r;
}

static struct eco_want swift_wants(struct bytes path)
{
	return eco_wants_lock(ECO_SWIFT_LOCKS, path);
}
static struct eco_want pods_wants(struct bytes path)
{
	return eco_wants_lock(ECO_COCOAPODS_LOCKS, path);
}

const struct eco_parser eco_swift_locks = {.wants = swift_wants, .parse = swift_parse};
const struct eco_parser eco_cocoapods_locks = {.wants = pods_wants, .parse = pods_parse};
