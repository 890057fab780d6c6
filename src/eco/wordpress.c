/* WordPress and its plugins and themes. wp-includes/version.php has a line $wp_version = '6.4.2';.
 * A plugin is a file wp-content/plugins/FOLDER/FILE.php whose first 8 KiB hold a comment with
 * "Plugin Name: …" and "Version: …"; its name is the folder's, as the plugin directory and
 * advisories call it. A theme is wp-content/themes/FOLDER/style.css with "Theme Name: …". Read as
 * text, never run. Spec: developer.wordpress.org "Header Requirements", get_file_data(). */
#include "eco/parsers.h"
#include "eco/path.h"

#define HEADER_MAX 8192U

/* "KEY: VALUE" in a comment's line. */
static struct bytes header(struct bytes file, const char *key)
{
	file = bytes_part(file, 0, file.len < HEADER_MAX ? file.len : HEADER_MAX);
	while (file.len > 0) {
		struct bytes value = bytes_trim(bytes_cut(&file, '\n'));
		while (value.len > 0 && (value.ptr[0] == '*' || value.ptr[0] == '/' ||
					 value.ptr[0] == '#' || value.ptr[0] <= ' '))
			value = bytes_from(value, 1);
		struct bytes name = bytes_trim(bytes_cut(&value, ':'));
		if (bytes_eq_lit(name, key))
			return bytes_trim(value);
	}
	return BYTES_NONE;
}

/* The next line of PHP that begins outside of a comment. */
static struct bytes code_line(struct bytes *file)
{
	while (file->len > 0) {
		struct bytes before = *file, line = bytes_trim(bytes_cut(file, '\n'));
		if (bytes_has_prefix_lit(line, "//") || bytes_has_prefix_lit(line, "#"))
			continue;
		if (!bytes_has_prefix_lit(line, "/*"))
			return line;
		size_t end = bytes_find_bytes(before, BYTES_LIT("*/"));
		*file = bytes_from(before, end + 2);
	}
	return BYTES_NONE;
}

static struct bytes core_version(struct bytes file)
{
	while (file.len > 0) {
		struct bytes value = code_line(&file);
		struct bytes name = bytes_trim(bytes_cut(&value, '='));
		value = bytes_trim(value);
		if (!bytes_eq_lit(name, "$wp_version") || value.len < 2)
			continue;
		uint8_t quote = value.ptr[0];
		value = bytes_from(value, 1);
		return bytes_part(value, 0, bytes_find(value, quote));
	}
	return BYTES_NONE;
}

static int wordpress_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			   struct arena *a, struct err *e)
{
	bool core = bytes_has_suffix_lit(path, "wp-includes/version.php");
	bool theme = bytes_has_suffix_lit(path, "/style.css");
	struct bytes name = core ? BYTES_LIT("wordpress") : eco_path_base(eco_path_dir(path));
	struct bytes version = core ? core_version(file) : header(file, "Version");
	if (!core && header(file, theme ? "Theme Name" : "Plugin Name").len == 0)
		return 0; /* another of the plugin's files */
	if (!eco_is_word(name) || !eco_is_word(version))
		return sink->note(sink->arg, 0, "WordPress without a plain version", e);
	char *whole = arena_printf(a, "%s%.*s",
				   core	   ? ""
				   : theme ? "theme/"
					   : "plugin/",
				   BYTES_ARG(name));
	if (!whole)
		return err_set(e, ERR_NOMEM, "WordPress: out of memory");
	struct pkg p = eco_language_package("wordpress", bytes_of(whole), version, PKG_LANGUAGE);
	int r = eco_license(&p, core ? BYTES_NONE : header(file, "License"), a, e);
	return r < 0 ? r : sink->package(sink->arg, &p, e);
}

const struct eco_parser eco_wordpress = {.parse = wordpress_parse};
