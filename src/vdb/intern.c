#include "vdb/intern.h"

#include <stdlib.h>

#define SLOTS_FIRST 4096U
#define STRINGS_MAX (UINT32_C(1) << 31)

void intern_init(struct intern *t)
{
	*t = (struct intern){.count = 0};
	buf_init(&t->text, SIZE_MAX / 4);
}

void intern_free(struct intern *t)
{
	buf_free(&t->text);
	free(t->off);
	free(t->len);
	free(t->slots);
	*t = (struct intern){.count = 0};
}

struct bytes intern_get(const struct intern *t, uint32_t number)
{
	return bytes_part(buf_bytes(&t->text), (size_t)t->off[number], t->len[number]);
}

static int grow_slots(struct intern *t, struct err *e)
{
	uint32_t count = t->slot_count ? t->slot_count * 2 : SLOTS_FIRST;
	uint32_t *slots = calloc(count, sizeof *slots);
	if (!slots)
		return err_set(e, ERR_NOMEM, "strings: no memory");
	for (uint32_t i = 0; i < t->count; i++) {
		uint64_t at = bytes_hash(intern_get(t, i), 0);
		while (slots[at & (count - 1)])
			at++;
		slots[at & (count - 1)] = i + 1;
	}
	free(t->slots);
	t->slots = slots;
	t->slot_count = count;
	return 0;
}

static int grow_rows(struct intern *t, struct err *e)
{
	uint32_t cap = t->cap ? t->cap * 2 : SLOTS_FIRST;
	uint64_t *off = realloc(t->off, cap * sizeof *off);
	if (!off)
		return err_set(e, ERR_NOMEM, "strings: no memory");
	t->off = off;
	uint32_t *len = realloc(t->len, cap * sizeof *len);
	if (!len)
		return err_set(e, ERR_NOMEM, "strings: no memory");
	t->len = len;
	t->cap = cap;
	return 0;
}

int intern_add(struct intern *t, struct bytes s, uint32_t *ret_number, struct err *e)
{
	if (s.len >= STRINGS_MAX || t->count >= STRINGS_MAX / 4)
		return err_set(e, ERR_LIMIT, "strings: too many or too long");
	if (t->slot_count / 2 <= t->count && grow_slots(t, e) < 0)
		return -(int)ERR_NOMEM;
	uint64_t at = bytes_hash(s, 0);
	for (; t->slots[at & (t->slot_count - 1)]; at++) {
		uint32_t known = t->slots[at & (t->slot_count - 1)] - 1;
		if (bytes_eq(intern_get(t, known), s)) {
			*ret_number = known;
			return 0;
		}
	}
	if (t->count == t->cap && grow_rows(t, e) < 0)
		return -(int)ERR_NOMEM;
	uint64_t off = t->text.len;
	buf_put(&t->text, s);
	if (!buf_ok(&t->text))
		return err_set(e, ERR_NOMEM, "strings: no memory");
	t->off[t->count] = off;
	t->len[t->count] = (uint32_t)s.len;
	t->slots[at & (t->slot_count - 1)] = t->count + 1;
	*ret_number = t->count++;
	return 0;
}
