/* Files of other tools as rules: the first byte says which, as a digit. Every rule says something,
 * and what it says can be written and read again. */
#include "defend/rule_import.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct rule_import x;
	if (size == 0 || data[0] < '0' || data[0] > '4')
		return 0;
	int r = rule_import_read((enum rule_import_format)(data[0] - '0'),
				 (struct bytes){.ptr = data + 1, .len = size - 1}, &x, &e);
	for (size_t i = 0; r == 0 && i < x.count && i < 100; i++) {
		struct buf text;
		struct json_out w;
		struct arena a;
		struct rule_terms again;
		buf_init(&text, 4U << 20);
		arena_init(&a, 16U << 20);
		json_out_init(&w, &text, false);
		record_put(&w, NULL, &rule_terms_object, &x.items[i].terms);
		if (buf_ok(&text) && (rule_terms_parse(buf_bytes(&text), &a, &again, &e) < 0 ||
				      criteria_is_empty(&again.what.c)))
			abort();
		arena_free(&a);
		buf_free(&text);
	}
	rule_import_free(&x);
	return 0;
}
