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
