#include "eco/parsers.h"

#define ROW(row, parser, ...) [ECO_##row] = &eco_##parser,
const struct eco_parser *const eco_parsers[] = {
#include "pkg/ecosystems.inc"
};

struct eco_want eco_wants(size_t row, struct bytes path)
{
	if (eco_parsers[row]->wants)
		return eco_parsers[row]->wants(path);
	return (struct eco_want){.wanted = eco_is_anywhere(row, path), .merge = ECO_PART};
}

bool eco_is_word(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.ptr[i] <= ' ' || b.ptr[i] >= 0x7f)
			return false;
	return b.len > 0;
}

struct pkg eco_language_package(const char *purl_type, struct bytes name, struct bytes version,
				enum pkg_class class)
{
	return (struct pkg){.type = bytes_of(purl_type),
			    .name = name,
			    .version = version,
			    .source_name = name,
			    .source_version = version,
			    .class = class};
}
