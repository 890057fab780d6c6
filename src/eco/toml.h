/* toml: lock files in TOML, a line at a time; enough for tables of plain texts, which is what the
 * tools write. */
#pragma once
#include "base/bytes.h"
#include <stdbool.h>

struct toml {
	struct bytes rest;
};
/* The next line that is a table's head, with its brackets (*ret_key is empty), or KEY = VALUE.
 * false at the end. */
bool toml_next(struct toml *t, struct bytes *ret_key, struct bytes *ret_value);
/* The text that a value begins with, in either kind of quotes; empty: it is none. Escapes stay. */
struct bytes toml_text(struct bytes value);
