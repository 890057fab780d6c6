#include "store/schema.h"

#include "store/list_functions.h"

const struct db_module schema_modules[] = {
    {.module = "store",
     .steps = schema_store,
     .baseline = schema_store_baseline,
     .baseline_step = 4},
    {.module = "folder", .steps = schema_folder},
    {.module = "registry",
     .steps = schema_registry,
     .baseline = schema_registry_baseline,
     .baseline_step = 6},
    {.module = "scope",
     .steps = schema_scope,
     .baseline = schema_scope_baseline,
     .baseline_step = 3},
    {.module = "access",
     .steps = schema_access,
     .baseline = schema_access_baseline,
     .baseline_step = 2},
    {.module = "rule", .steps = schema_rule, .baseline = schema_rule_baseline, .baseline_step = 1},
    {.module = "scan", .steps = schema_scan, .baseline = schema_scan_baseline, .baseline_step = 13},
    {.module = "image_config",
     .steps = schema_image_config,
     .baseline = schema_image_config_baseline,
     .baseline_step = 1},
    {.module = "attached",
     .steps = schema_attached,
     .baseline = schema_attached_baseline,
     .baseline_step = 1},
    {.module = "defend",
     .steps = schema_defend,
     .baseline = schema_defend_baseline,
     .baseline_step = 1},
    {.module = "import",
     .steps = schema_import,
     .baseline = schema_import_baseline,
     .baseline_step = 2},
    {.module = "notify",
     .steps = schema_notify,
     .baseline = schema_notify_baseline,
     .baseline_step = 1},
};
const size_t schema_module_count = sizeof schema_modules / sizeof schema_modules[0];

static const struct db_schema schema = {.modules = schema_modules,
					.count = sizeof schema_modules / sizeof schema_modules[0],
					.functions = list_functions_add};

struct db *store_open(const char *address, struct err *e)
{
	return db_open(address, &schema, e);
}

struct db *store_attach(const char *address, struct err *e)
{
	return db_attach(address, &schema, e);
}

struct db *store_attach_only(const char *address, struct err *e)
{
	return db_attach_only(address, &schema, e);
}

struct db *schema_open(const char *address, const struct db_module *modules, size_t count,
		       struct err *e)
{
	const struct db_schema s = {
	    .modules = modules, .count = count, .functions = list_functions_add};
	return db_open(address, &s, e);
}
