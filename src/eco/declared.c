#include "eco/declared.h"

void declared_put(struct declared *d, struct bytes name, struct bytes version)
{
	if (d->r < 0 || !eco_is_word(name) || !eco_is_word(version))
		return;
	struct pkg p = eco_language_package(d->purl_type, name, version, PKG_DECLARED);
	d->r = d->sink->package(d->sink->arg, &p, d->e);
}

struct bytes declared_quoted(struct bytes *rest)
{
	if (!bytes_has_prefix_lit(*rest, "\""))
		return BYTES_NONE;
	struct bytes text = bytes_from(*rest, 1);
	size_t end = bytes_find(text, '"');
	*rest = bytes_from(text, end + 1);
	return end < text.len ? bytes_part(text, 0, end) : BYTES_NONE;
}

struct bytes declared_unquoted(struct bytes text)
{
	bool quoted = text.len > 1 && (text.ptr[0] == '\'' || text.ptr[0] == '"') &&
		      text.ptr[text.len - 1] == text.ptr[0];
	return quoted ? bytes_part(text, 1, text.len - 2) : text;
}
