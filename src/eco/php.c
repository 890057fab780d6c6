/* Packages that Composer installed, installed.json, mostly in vendor/composer, and those that
 * composer.lock declares.
 *
 * An array of packages (Composer 1), or an object whose "packages" is one (Composer 2); of a lock
 * file "packages-dev" is another. Of each
 * "name" ("monolog/monolog") and "version" ("v5.4.0", "dev-main") count; those for development are
 * installed as well when they are listed. "metapackage" is a package without files. Spec:
 * getcomposer.org "Schema", Composer's Repository/FilesystemRepository.php. */
#include "eco/parsers.h"
#include "eco/path.h"

#include "base/json.h"
#include "pkg/license.h"

struct php_package {
	struct bytes name, version;
	struct license license;
	bool meta;
};

static bool is_name(struct bytes name)
{
	size_t slash = bytes_find(name, '/');
	return eco_is_word(name) && slash > 0 && slash + 1 < name.len;
}

/* A name, or an array of them, of which one may be chosen. */
static void read_license(struct json *j, struct license *l)
{
	struct license one;
	bool list = json_peek(j) == JSON_ARRAY && json_enter_array(j);
	while (!list || json_next_item(j)) {
		if (json_peek(j) == JSON_STRING) {
			license_read(&one, json_string(j));
			license_or(l, &one);
		} else {
			json_skip(j);
		}
		if (!list || !json_ok(j))
			break;
	}
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
		else if (bytes_eq_lit(key, "license"))
			read_license(j, &ret->license);
		else
			json_skip(j);
	}
}

struct php_list {
	const struct eco_sink *sink;
	struct arena *arena;
	struct err *e;
	enum pkg_class class;
	bool sure; /* by its path it is Composer's */
};

static int note(const struct php_list *l, uint64_t off, const char *text)
{
	return l->sure ? l->sink->note(l->sink->arg, off, text, l->e) : 0;
}

static int put(const struct php_list *l, const struct php_package *in, uint64_t off)
{
	if (in->meta && l->class != PKG_DECLARED)
		return 0;
	if (!eco_is_word(in->version))
		return note(l, off, "a package without a version");
	if (!is_name(in->name))
		return note(l, off, "a package without a name");
	uint8_t *lower = arena_alloc(l->arena, in->name.len, 1); /* as Packagist compares names */
	if (!lower)
		return err_set(l->e, ERR_NOMEM, "Composer packages: out of memory");
	for (size_t i = 0; i < in->name.len; i++)
		lower[i] = byte_lower(in->name.ptr[i]);
	struct bytes name = {.ptr = lower, .len = in->name.len};
	struct pkg p = eco_language_package("composer", name, in->version, l->class);
	bool ok;
	p.license = arena_bytes(l->arena, license_bytes(&in->license), &ok);
	if (!ok)
		return err_set(l->e, ERR_NOMEM, "Composer packages: out of memory");
	return l->sink->package(l->sink->arg, &p, l->e);
}

static int read_list(const struct php_list *l, struct json *j)
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
		r = json_ok(j) ? put(l, &in, off) : 0;
	}
	return r;
}

static int read_file(const struct php_list *l, struct bytes file)
{
	struct json j;
	struct bytes key;
	int r = 0;
	json_init(&j, file, l->arena);
	if (json_peek(&j) == JSON_ARRAY) {
		r = read_list(l, &j);
		return r < 0 ? r : json_finish(&j, l->e);
	}
	json_enter_object(&j);
	while (r == 0 && json_next_key(&j, &key)) {
		bool counts = bytes_eq_lit(key, "packages") ||
			      (l->class == PKG_DECLARED && bytes_eq_lit(key, "packages-dev"));
		if (counts && json_peek(&j) == JSON_ARRAY)
			r = read_list(l, &j);
		else
			json_skip(&j);
	}
	return r < 0 ? r : json_finish(&j, l->e);
}

static bool is_damage(int r)
{
	return r == -ERR_FORMAT || r == -ERR_TRUNCATED;
}

static int php_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		     struct arena *a, struct err *e)
{
	bool lock = bytes_has_suffix_lit(path, ".lock");
	const struct php_list l = {.sink = sink,
				   .arena = a,
				   .e = e,
				   .class = lock ? PKG_DECLARED : PKG_LANGUAGE,
				   .sure = lock ||
					   bytes_has_suffix_lit(path, "composer/installed.json")};
	int r = read_file(&l, file);
	return l.sure || !is_damage(r) ? r : 0;
}

static struct eco_want locks_wants(struct bytes path)
{
	return eco_wants_lock(ECO_PHP_LOCKS, path);
}

const struct eco_parser eco_php = {.parse = php_parse};
const struct eco_parser eco_php_locks = {.wants = locks_wants, .parse = php_parse};
