#include "pkg/ecosystem.h"

#define PATHS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_PATHS ((const char *const[]){NULL})
#define ROW(row, parser, ...) [ECO_##row] = {__VA_ARGS__},
const struct ecosystem eco_table[] = {
#include "pkg/ecosystems.inc"
};
const size_t eco_count = ECO_ROW_COUNT;

enum pkg_class eco_class_of(struct bytes purl_type)
{
	for (size_t i = 0; i < eco_count; i++)
		if (eco_table[i].purl_type && bytes_eq_lit(purl_type, eco_table[i].purl_type))
			return eco_table[i].class;
	return bytes_eq_lit(purl_type, PKG_CONTENT_TYPE) ? PKG_CONTENT : PKG_OS;
}

bool eco_name_fits(struct bytes name, struct bytes pattern)
{
	size_t star = bytes_find(pattern, '*');
	if (star == pattern.len)
		return bytes_eq(name, pattern);
	struct bytes tail = bytes_from(pattern, star + 1);
	return name.len >= pattern.len && bytes_has_prefix(name, bytes_part(pattern, 0, star)) &&
	       bytes_has_suffix(name, tail);
}

static struct bytes last_part(struct bytes path, struct bytes *ret_before)
{
	size_t slash = bytes_find_last(path, '/');
	bool whole = slash == path.len;
	*ret_before = whole ? BYTES_NONE : bytes_part(path, 0, slash);
	return whole ? path : bytes_from(path, slash + 1);
}

struct eco_location eco_location_of(const char *location)
{
	struct bytes path = bytes_of(location), before;
	size_t star = bytes_find(path, '*');
	if (star == path.len && !bytes_has_suffix_lit(path, "/"))
		return (struct eco_location){.folder = path};
	if (star == path.len)
		return (struct eco_location){.folder = path, .name = BYTES_LIT("*")};
	(void)last_part(bytes_part(path, 0, star), &before);
	struct bytes rest = bytes_from(path, before.len + 1);
	struct bytes name = bytes_cut(&rest, '/');
	return (struct eco_location){
	    .folder = bytes_part(path, 0, before.len + 1), .name = name, .below = rest};
}

/* Does path end with components that fit all of want? */
static bool ends_as(struct bytes path, struct bytes want)
{
	bool fits = true;
	while (fits && want.len > 0) {
		struct bytes part = last_part(want, &want);
		fits = eco_name_fits(last_part(path, &path), part);
	}
	return fits;
}

/* Nearly all paths end in another byte: looked at for every member of every layer. */
static bool may_end_as(struct bytes path, struct bytes want)
{
	return path.len > 0 &&
	       (want.ptr[want.len - 1] == path.ptr[path.len - 1] || want.ptr[want.len - 1] == '*');
}

bool eco_is_anywhere(size_t row, struct bytes path)
{
	const char *const *pattern = eco_table[row].anywhere;
	for (; pattern && *pattern; pattern++) {
		struct bytes want = bytes_of(*pattern);
		if (may_end_as(path, want) && ends_as(path, want))
			return true;
	}
	return false;
}

static bool is_named(struct bytes pattern)
{
	for (size_t i = 0; i < pattern.len; i++)
		if (byte_is_alnum(pattern.ptr[i]))
			return true;
	return false;
}

bool eco_is_folder(size_t row, struct bytes path, struct bytes *ret_below)
{
	const char *const *pattern = eco_table[row].anywhere;
	for (; pattern && *pattern; pattern++) {
		struct bytes whole = bytes_of(*pattern), above, folder;
		for (last_part(whole, &folder); folder.len > 0; folder = above) {
			*ret_below = bytes_from(whole, folder.len + 1);
			if (is_named(last_part(folder, &above)) && ends_as(path, folder))
				return true;
		}
	}
	return false;
}
