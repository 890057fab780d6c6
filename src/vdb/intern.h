/* intern: each distinct string once, numbered in the order of arrival. Used by the database writer
 * only. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct intern {
	struct buf text;
	uint64_t *off; /* of string i in text */
	uint32_t *len;
	uint32_t count, cap;
	uint32_t *slots; /* string + 1; 0 = free */
	uint32_t slot_count;
};

void intern_init(struct intern *t);
void intern_free(struct intern *t);
/* Number of s, new or known. NOMEM, LIMIT (2^31 strings, or one of 2^31 bytes). */
int intern_add(struct intern *t, struct bytes s, uint32_t *ret_number, struct err *e);
struct bytes intern_get(const struct intern *t, uint32_t number); /* until the next intern_add */
