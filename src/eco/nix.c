/* Outputs in Nix's store: nix/store/HASH-NAME-VERSION/…, where HASH is 32 letters and digits of
 * Nix's base 32. Nothing in them says what they are: the folder's name does. As Nix itself takes a
 * name apart: the version begins at the first "-" that no letter follows. What is behind it of an
 * output's name ("-bin", "-dev") is cut off. Outputs without a version are none of a package.
 * Spec: nix.dev "Store Path", builtins.parseDrvName. */
#include "eco/nix.h"

#include "eco/parsers.h"

#define STORE "nix/store/"
#define HASH_LEN 32U

struct bytes nix_output(struct bytes path)
{
	struct bytes rest = bytes_from(path, sizeof STORE - 1);
	struct bytes name = bytes_part(rest, 0, bytes_find(rest, '/'));
	if (!bytes_has_prefix_lit(path, STORE) || name.len == rest.len || name.len < HASH_LEN + 2 ||
	    name.ptr[HASH_LEN] != '-')
		return BYTES_NONE;
	for (size_t i = 0; i < HASH_LEN; i++)
		if (bytes_find(BYTES_LIT("0123456789abcdfghijklmnpqrsvwxyz"), name.ptr[i]) == 32)
			return BYTES_NONE;
	return bytes_from(name, HASH_LEN + 1);
}

static struct bytes without_output(struct bytes version)
{
	static const char *const outputs[] = {"-bin", "-dev",	 "-lib",   "-man",  "-doc", "-info",
					      "-out", "-static", "-debug", "-dist", "-data"};
	for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
		if (bytes_has_suffix_lit(version, outputs[i]))
			return bytes_part(version, 0, version.len - bytes_of(outputs[i]).len);
	return version;
}

static int nix_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		     struct arena *a, struct err *e)
{
	struct bytes name = nix_output(path);
	size_t dash = 0;
	(void)file, (void)a;
	while (dash < name.len && !(name.ptr[dash] == '-' && dash + 1 < name.len &&
				    !byte_is_alpha(name.ptr[dash + 1])))
		dash++;
	struct bytes version = without_output(bytes_from(name, dash + 1));
	name = bytes_part(name, 0, dash);
	if (!eco_is_word(name) || !eco_is_word(version) || !byte_is_digit(version.ptr[0]))
		return 0;
	const struct pkg p = eco_language_package("nix", name, version, PKG_LANGUAGE);
	return sink->package(sink->arg, &p, e);
}

const struct eco_parser eco_nix = {.parse = nix_parse};
