#include "store/schema.h"

const struct schema_module schema_modules[] = {
    {.module = "store", .steps = schema_store},
    {.module = "registry", .steps = schema_registry},
    {.module = "access", .steps = schema_access},
    {.module = "scan", .steps = schema_scan},
};
const size_t schema_module_count = sizeof schema_modules / sizeof schema_modules[0];
