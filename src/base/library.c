#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

int library_load(const char *file, const struct library_symbol *symbols, size_t count,
		 struct err *e)
{
	void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		const char *text = dlerror();
		return err_set(e, ERR_UNSUPPORTED, "%s", text ? text : file);
	}
	for (size_t i = 0; i < count; i++) {
		void *symbol = dlsym(handle, symbols[i].name);
		if (!symbol)
			return err_set(e, ERR_UNSUPPORTED, "%s has no %s", file, symbols[i].name);
		memcpy(symbols[i].ret_function, &symbol, sizeof symbol);
	}
	return 0;
}
