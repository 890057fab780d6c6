/* Packages of R: DESCRIPTION in the folder of an installed package, and renv.lock, which declares.
 *
 * DESCRIPTION has fields "KEY: VALUE", going on in lines that begin with a blank; "Package",
 * "Version" and "License" count. R writes "Built" when it installs a package: without it the file
 * is a package's source. renv.lock: {"Packages": {NAME: {"Package", "Version", "Source"}}}; of
 * other sources than a repository, as of git, the version is no release. Spec: Writing R Extensions
 * "The DESCRIPTION file"; renv's documentation "Lockfile".
 */
#include "eco/declared.h"
#include "eco/path.h"

#include "base/json.h"
#include "pkg/license.h"

#include <stdio.h>

struct description {
	struct bytes package, version, license;
	bool built;
};

static struct description read_description(struct bytes file)
{
	struct description d = {.built = false};
	while (file.len > 0) {
		struct bytes value = bytes_cut(&file, '\n');
		if (value.len == 0 || value.ptr[0] == ' ' || value.ptr[0] == '\t')
			continue;
		struct bytes key = bytes_cut(&value, ':');
		if (bytes_eq_lit(key, "Package"))
			d.package = bytes_trim(value);
		else if (bytes_eq_lit(key, "Version"))
			d.version = bytes_trim(value);
		else if (bytes_eq_lit(key, "License"))
			d.license = bytes_trim(value);
		d.built = d.built || bytes_eq_lit(key, "Built");
	}
	return d;
}

/* "GPL (>= 2)", "GPL-2 | GPL-3", "MIT + file LICENSE": alternatives, each a name with a version,
 * and perhaps a file that says more. Spec: Writing R Extensions "Licensing". */
static void read_license(struct bytes text, struct license *all)
{
	struct license one;
	while (text.len > 0) {
		struct bytes name = bytes_cut(&text, '|');
		char later[64];
		name = bytes_trim(bytes_part(name, 0, bytes_find_bytes(name, BYTES_LIT("+ file"))));
		struct bytes version = name, family = bytes_trim(bytes_cut(&version, '('));
		version = bytes_trim(bytes_part(version, 0, bytes_find(version, ')')));
		if (bytes_has_prefix_lit(version, ">=") && family.len < 30 && version.len < 30) {
			int n = snprintf(later, sizeof later, "%.*s-%.*s+", BYTES_ARG(family),
					 BYTES_ARG(bytes_trim(bytes_from(version, 2))));
			name = (struct bytes){.ptr = (const uint8_t *)later, .len = (size_t)n};
		}
		license_read(&one, name);
		license_or(all, &one);
	}
}

static int r_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		   struct arena *a, struct err *e)
{
	struct description d = read_description(file);
	struct license l = {.len = 0};
	bool ok;
	(void)path;
	if (!d.built)
		return 0;
	if (!eco_is_word(d.package) || !eco_is_word(d.version))
		return sink->note(sink->arg, 0, "a package without a name or version", e);
	struct pkg p = eco_language_package("cran", d.package, d.version, PKG_LANGUAGE);
	read_license(d.license, &l);
	p.license = arena_bytes(a, license_bytes(&l), &ok);
	if (!ok)
		return err_set(e, ERR_NOMEM, "R package: out of memory");
	return sink->package(sink->arg, &p, e);
}

static void read_package(struct json *j, struct declared *d)
{
	struct bytes key, name = BYTES_NONE, version = BYTES_NONE;
	bool released = true;
	json_enter_object(j);
	while (json_next_key(j, &key)) {
		bool text = json_peek(j) == JSON_STRING;
		if (text && bytes_eq_lit(key, "Package"))
			name = json_string(j);
		else if (text && bytes_eq_lit(key, "Version"))
			version = json_string(j);
		else if (text && bytes_eq_lit(key, "Source"))
			released = bytes_eq_lit(json_string(j), "Repository");
		else
			json_skip(j);
	}
	if (json_ok(j) && released)
		declared_put(d, name, version);
}

static int locks_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct declared d = {.sink = sink, .purl_type = "cran", .e = e};
	struct json j;
	struct bytes key;
	(void)path;
	json_init(&j, file, a);
	json_enter_object(&j);
	while (d.r == 0 && json_next_key(&j, &key)) {
		if (!bytes_eq_lit(key, "Packages") || json_peek(&j) != JSON_OBJECT) {
			json_skip(&j);
			continue;
		}
		json_enter_object(&j);
		while (d.r == 0 && json_next_key(&j, &key))
			if (json_peek(&j) == JSON_OBJECT)
				read_package(&j, &d);
			else
				json_skip(&j);
	}
	return d.r < 0 ? d.r : json_finish(&j, e);
}

static struct eco_want locks_wants(struct bytes path)
{
	return eco_wants_lock(ECO_R_LOCKS, path);
}

const struct eco_parser eco_r = {.parse = r_parse};
const struct eco_parser eco_r_locks = {.wants = locks_wants, .parse = locks_parse};
