/* library: a shared library that is loaded when it is first needed, not with the program: what few
 * runs use must not cost every run the time of its loading. */
#pragma once
#include "base/err.h"
#include <stddef.h>

/* ret_function: address of the function pointer that takes the symbol. */
struct library_symbol {
	const char *name;
	void *ret_function;
};

/* Load file (a soname, as the loader finds it) for the rest of the process, and find all symbols:
 * ERR_UNSUPPORTED names what is missing. The caller sees to it that one thread at a time fills the
 * same pointers. */
int library_load(const char *file, const struct library_symbol *symbols, size_t count,
		 struct err *e);
