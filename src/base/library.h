/* library: a shared library that is loaded when first needed, not with the program, so that runs
 * which do not use it start faster. */
#pragma once
#include "base/err.h"
#include <stddef.h>

/* ret_function: address of the function pointer that takes the symbol. */
struct library_symbol {
	const char *name;
	void *ret_function;
};

/* Load file (a soname, found by the loader) for the rest of the process, and resolve all symbols:
 * ERR_UNSUPPORTED names what is missing. The caller ensures that only one thread at a time fills
 * the same pointers. */
int library_load(const char *file, const struct library_symbol *symbols, size_t count,
		 struct err *e);
