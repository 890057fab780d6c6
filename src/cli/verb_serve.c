#include "cli/verbs.h"

#include "daemon/serve.h"
#include "daemon/settings.h"

/* No fallbacks and no environment here: config_load has both, with the file between them. */
#define OPTION(name, kind, word, fallback, min, max, help, field)                                  \
	{name, 0, word, NULL, help " [" fallback "]"},
const struct cli_option serve_options[] = {
    {"config", 'c', "FILE", NULL, "settings file (YAML: \"setting: value\")"},
    CONFIG_SETTINGS(OPTION){0},
};

static const char *get(void *arg, const char *name)
{
	return cli_given(arg, name);
}

int verb_serve(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct config c = {0};
	if (cli_parse(serve_options, argc, argv, &args, &e) < 0)
		return cli_usage("serve", &e);
	if (args.operand_count) {
		err_set(&e, ERR_FORMAT, "\"%s\": serve takes options only", args.operands[0]);
		return cli_usage("serve", &e);
	}
	int r = config_load(&c, get, &args, &e);
	if (r == 0)
		r = serve_run(&c, PLIMSOLL_VERSION, &e);
	config_free(&c);
	return r < 0 ? cli_fail("serve", &e) : 0;
}
