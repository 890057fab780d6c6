/* Packages that Composer installed, vendor/composer/installed.json, and those that composer.lock
 * declares.
 *
 * An array of packages (Composer 1), or an object whose "packages" is one (Composer 2); of a lock
 * file "packages-dev" is another. Of each
 * "name" ("monolog/monolog") and "version" ("v5.4.0", "dev-main") count; those for development are
 * installed as well when they are listed. "metapackage" is a package without files. Spec:
 * getcomposer.org "Schema", Composer's Repository/FilesystemRepository.php. */
#include "eco/parsers.h"
#include "eco/path.h"

#include "base/json.h"

struct php_package {
	struct bytes name, version;
	bool meta;
};

static bool is_name(struct bytes name)
{
	size_t slash = bytes_find(name, '/');
	return eco_is_word(name) && slash > 0 && slash + 1 < name.len;
}

static void read_fields(struct json *j, struct php_package *ret)
{
	struct bytes key;
	*ret = (struct php_package){.meta = false};
	while (json_next_key(j, &key)) {
		bool is_string = json_peek(j) == JSON_STRING;
		if (is_string && bytes_eq_lit(key, "name"))
			ret->name = json_string(j);
		else if (is_string && bytes_eq_lit(key, "version"))
			ret->version = bytes_trim(json_string(j));
		else if (is_string && bytes_eq_lit(key, "type"))
			ret->meta = bytes_eq_lit(json_string(j), "metapackage");
		else
			json_skip(j);
	}
}

static int put(const struct php_package *in, uint64_t off, enum pkg_class class,
	       const struct eco_sink *sink, struct arena *a, struct err *e)
{
	if (in->meta && class != PKG_DECLARED)
		return 0;
	if (!eco_is_word(in->version))
		return sink->note(sink->arg, off, "a package without a version", e);
	if (!is_name(in->name))
		return sink->note(sink->arg, off, "a package without a name", e);
	uint8_t *lower = arena_alloc(a, in->name.len, 1); /* as Packagist compares names */
	if (!lower)
		return err_set(e, ERR_NOMEM, "Composer packages: out of memory");
	for (size_t i = 0; i < in->name.len; i++)
		lower[i] = byte_lower(in->name.ptr[i]);
	struct bytes name = {.ptr = lower, .len = in->name.len};
	struct pkg p = eco_language_package("composer", name, in->version, class);
	return sink->package(sink->arg, &p, e);
}

static int read_list(struct json *j, enum pkg_class class, const struct eco_sink *sink,
		     struct arena *a, struct err *e)
{
	int r = 0;
	json_enter_array(j);
	while (r == 0 && json_next_item(j)) {
		struct php_package in;
		uint64_t off = j->off;
		if (json_peek(j) != JSON_OBJECT) {
			json_skip(j);
			continue;
		}
		json_enter_object(j);
		read_fields(j, &in);
		r = json_ok(j) ? put(&in, off, class, sink, a, e) : 0;
	}
	return r;
}

static int installed_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			   struct arena *a, struct err *e)
{
	enum pkg_class class = bytes_has_suffix_lit(path, ".lock") ? PKG_DECLARED : PKG_LANGUAGE;
	struct json j;
	struct bytes key;
	int r = 0;
	json_init(&j, file, a);
	if (json_peek(&j) == JSON_ARRAY) {
		r = read_list(&j, class, sink, a, e);
		return r < 0 ? r : json_finish(&j, e);
	}
	json_enter_object(&j);
	while (r == 0 && json_next_key(&j, &key)) {
		bool counts = bytes_eq_lit(key, "packages") ||
			      (class == PKG_DECLARED && bytes_eq_lit(key, "packages-dev"));
		if (counts && json_peek(&j) == JSON_ARRAY)
			r = read_list(&j, class, sink, a, e);
		else
			json_skip(&j);
	}
	return r < 0 ? r : json_finish(&j, e);
}

static struct eco_want locks_wants(struct bytes path)
{
	return eco_wants_lock(ECO_PHP_LOCKS, path);
}

const struct eco_parser eco_php = {.parse = installed_parse};
const struct eco_parser eco_php_locks = {.wants = locks_wants, .parse = installed_parse};
