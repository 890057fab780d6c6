/* What Homebrew installed: Cellar/NAME/VERSION/INSTALL_RECEIPT.json, a JSON object that brew writes
 * last; the folders say which package it is, "_1" behind a version is its revision. Spec:
 * docs.brew.sh "Formula Cookbook", Tab.rb. */
#include "base/json.h"
#include "eco/parsers.h"
#include "eco/path.h"

static int homebrew_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			  struct arena *a, struct err *e)
{
	struct bytes folder = eco_path_dir(path);
	struct bytes version = eco_path_base(folder), name = eco_path_base(eco_path_dir(folder));
	struct json j;
	struct bytes key;
	json_init(&j, file, a);
	json_enter_object(&j);
	while (json_next_key(&j, &key))
		json_skip(&j);
	int r = json_finish(&j, e);
	if (r < 0)
		return r;
	if (!eco_is_word(name) || !eco_is_word(version))
		return sink->note(sink->arg, 0, "a package without a name or version", e);
	struct pkg p = eco_language_package("brew", name, version, PKG_LANGUAGE);
	return sink->package(sink->arg, &p, e);
}

const struct eco_parser eco_homebrew = {.parse = homebrew_parse};
