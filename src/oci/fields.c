#include "oci/fields.h"

#include <assert.h>

/* Code points beyond ASCII that fold to a letter of it. The dotted I is not one for encoding/json,
 * but readers that compare lower-case texts (json-iterator) take it for i. */
static const struct {
	const char *from;
	uint8_t to;
} folds[] = {
    {.from = "\xc5\xbf", .to = 's'},
    {.from = "\xe2\x84\xaa", .to = 'k'},
    {.from = "\xc4\xb0", .to = 'i'},
};

/* The folded byte that key begins with, cut off; 0 for what folds to no byte of ASCII. */
static uint8_t take_folded(struct bytes *key)
{
	for (size_t i = 0; i < sizeof folds / sizeof *folds; i++)
		if (bytes_has_prefix(*key, bytes_of(folds[i].from))) {
			*key = bytes_from(*key, bytes_of(folds[i].from).len);
			return folds[i].to;
		}
	uint8_t c = key->ptr[0];
	*key = bytes_from(*key, 1);
	return c < 0x80 ? byte_lower(c) : 0;
}

bool fields_fold(struct bytes key, const char *name)
{
	for (; *name && key.len; name++)
		if (take_folded(&key) != byte_lower((uint8_t)*name))
			return false;
	return !*name && !key.len;
}

bool fields_enter(struct json *j, const struct fields *f)
{
	assert(f->count <= 32);
	(void)f;
	return json_enter_object(j);
}

bool fields_has(const struct fields *f, unsigned i)
{
	return f->set >> i & 1U;
}

/* The field named key, count if there is none; failure if it only folds to one. */
static unsigned find(struct json *j, const struct fields *f, struct bytes key)
{
	for (unsigned i = 0; i < f->count; i++)
		if (bytes_eq_lit(key, f->names[i]))
			return i;
	for (unsigned i = 0; i < f->count; i++)
		if (fields_fold(key, f->names[i]))
			json_fail(j, "a member's name differs from a known one only in "
				     "case: engines would read it as that one (Go encoding/json)");
	return f->count;
}

bool fields_next(struct json *j, struct fields *f, unsigned *ret)
{
	for (struct bytes key; json_next_key(j, &key);) {
		unsigned i = find(j, f, key);
		if (i == f->count) {
			json_skip(j);
			continue;
		}
		uint32_t bit = UINT32_C(1) << i;
		if (f->seen & bit)
			json_fail(j, "a member occurs twice");
		f->seen |= bit;
		if (json_peek(j) == JSON_NULL) {
			json_skip(j);
			continue;
		}
		f->set |= bit;
		*ret = i;
		return json_ok(j);
	}
	return false;
}
