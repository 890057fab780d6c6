#include "cli/cli.h"

#include "base/io.h"
#include "base/own.h"
#include "cli/suggest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t option_count(const struct cli_option *options)
{
	size_t n = 0;
	while (options && options[n].name)
		n++;
	return n;
}

void cli_env_name(const char *option, char out[CLI_ENV_CAP])
{
	size_t len = sizeof "PLIMSOLL_" - 1;
	memcpy(out, "PLIMSOLL_", len);
	for (; *option && len < CLI_ENV_CAP - 1; option++)
		out[len++] = *option == '-'			? '_'
			     : *option >= 'a' && *option <= 'z' ? (char)(*option - 32)
								: *option;
	out[len] = '\0';
}

static const char *from_environment(const char *name)
{
	char key[CLI_ENV_CAP];
	cli_env_name(name, key);
	const char *v = getenv(key);
	return v && *v ? v : NULL;
}

static void set_defaults(struct cli_args *a)
{
	for (size_t i = 0; i < option_count(a->options); i++) {
		const struct cli_option *o = &a->options[i];
		const char *env = from_environment(o->name);
		a->values[i] = env ? env : o->fallback;
		if (!o->value && env && (strcmp(env, "0") == 0 || strcmp(env, "false") == 0))
			a->values[i] = NULL;
	}
}

static int find_in(const struct cli_option *options, const char *name, size_t len)
{
	for (size_t i = 0; i < option_count(options); i++) {
		if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
			return (int)i;
	}
	return -1;
}

static int find_long(const struct cli_args *a, const char *name, size_t len)
{
	return find_in(a->options, name, len);
}

static int find_letter(const struct cli_args *a, char c)
{
	for (size_t i = 0; i < option_count(a->options); i++) {
		if (a->options[i].letter == c)
			return (int)i;
	}
	return -1;
}

static int no_option(const struct cli_args *a, const char *arg, struct err *e)
{
	const char *names[CLI_OPTIONS_MAX + 1] = {NULL}, *near = NULL;
	struct bytes word = bytes_of(arg);
	word = bytes_part(word, 0, bytes_find(word, '='));
	for (size_t i = 0; i < option_count(a->options); i++)
		names[i] = a->options[i].name;
	if (bytes_has_prefix_lit(word, "--"))
		near = suggest(bytes_from(word, 2), names);
	return err_set(e, ERR_FORMAT, "unknown option %.*s%s%s%s", BYTES_ARG(word),
		       near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
}

/* One option at argv[*at]; *at moves past its value. */
static int take_option(struct cli_args *a, int argc, char **argv, int *at, struct err *e)
{
	const char *arg = argv[*at], *inline_value = NULL;
	int i;
	if (arg[1] == '-') {
		const char *eq = strchr(arg, '=');
		size_t len = eq ? (size_t)(eq - arg - 2) : strlen(arg) - 2;
		i = find_long(a, arg + 2, len);
		inline_value = eq ? eq + 1 : NULL;
	} else {
		i = find_letter(a, arg[1]);
		inline_value = arg[2] ? arg + 2 : NULL;
	}
	if (i < 0)
		return no_option(a, arg, e);
	const struct cli_option *o = &a->options[i];
	if (!o->value) {
		if (inline_value)
			return err_set(e, ERR_FORMAT, "option --%s takes no value", o->name);
		a->values[i] = "1";
		a->given[i] = true;
		return 0;
	}
	if (!inline_value) {
		if (*at + 1 >= argc)
			return err_set(e, ERR_FORMAT, "option --%s needs a value (%s)", o->name,
				       o->value);
		inline_value = argv[++*at];
	}
	a->values[i] = inline_value;
	a->given[i] = true;
	return 0;
}

int cli_parse(const struct cli_option *options, int argc, char **argv, struct cli_args *ret,
	      struct err *e)
{
	*ret = (struct cli_args){.options = options};
	if (option_count(options) > CLI_OPTIONS_MAX)
		return err_set(e, ERR_INTERNAL, "too many options in the table");
	set_defaults(ret);
	bool only_operands = false;
	for (int at = 1; at < argc; at++) {
		const char *arg = argv[at];
		if (!only_operands && strcmp(arg, "--") == 0) {
			only_operands = true;
			continue;
		}
		if (!only_operands && arg[0] == '-' && arg[1]) {
			if (take_option(ret, argc, argv, &at, e) < 0)
				return -(int)e->code;
			continue;
		}
		if (ret->operand_count == CLI_OPERANDS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d operands", CLI_OPERANDS_MAX);
		ret->operands[ret->operand_count++] = arg;
	}
	return 0;
}

const char *cli_get(const struct cli_args *a, const char *name)
{
	int i = find_long(a, name, strlen(name));
	return i < 0 ? NULL : a->values[i];
}

const char *cli_given(const struct cli_args *a, const char *name)
{
	int i = find_long(a, name, strlen(name));
	return i < 0 || !a->given[i] ? NULL : a->values[i];
}

bool cli_has(const struct cli_args *a, const char *name)
{
	return cli_get(a, name) != NULL;
}

const char *cli_given_beside(const struct cli_args *a, const struct cli_option *others)
{
	for (size_t i = 0; i < option_count(a->options); i++) {
		const char *name = a->options[i].name;
		if (a->given[i] && find_in(others, name, strlen(name)) < 0)
			return name;
	}
	return NULL;
}

int cli_fail(const char *verb, const struct err *e)
{
	fprintf(stderr, "plimsoll %s: %s\n", verb, e->msg);
	return 1;
}

int cli_usage(const char *verb, const struct err *e)
{
	fprintf(stderr, "plimsoll %s: %s\nTry \"plimsoll help %s\".\n", verb, e->msg, verb);
	return 1;
}

const struct cli_command *cli_find_below(const struct cli_command *c, const char *name)
{
	for (const struct cli_command *v = c->verbs; name && v && v->name; v++) {
		if (strcmp(v->name, name) == 0)
			return v;
	}
	return NULL;
}

const struct cli_command *cli_find(const char *name)
{
	for (size_t i = 0; i < cli_count; i++) {
		if (strcmp(cli_table[i].name, name) == 0)
			return &cli_table[i];
	}
	return NULL;
}

static void below_home(char *out, const char *xdg, const char *fallback, const char *leaf)
{
	const char *base = getenv(xdg), *home = getenv("HOME");
	if (base && base[0] == '/')
		(void)snprintf(out, 4096, "%s/plimsoll/%s", base, leaf);
	else
		(void)snprintf(out, 4096, "%s/%s/plimsoll/%s", home && *home ? home : "/root",
			       fallback, leaf);
}

void cli_default_vdb(char *out)
{
	below_home(out, "XDG_DATA_HOME", ".local/share", "vulnerabilities.vdb");
}

void cli_default_cache(char *out)
{
	below_home(out, "XDG_CACHE_HOME", ".cache", "layers");
}

int cli_write(const char *path, struct bytes content, struct err *e)
{
	if (!path || strcmp(path, "-") == 0) {
		int r = io_write(STDOUT_FILENO, content.ptr, content.len, e);
		/* "| head" has what it wants */
		return r < 0 && e->sys != EPIPE ? err_ctx(e, "standard output") : 0;
	}
	struct stat st;
	if (stat(path, &st) == 0 &&
	    !S_ISREG(st.st_mode)) { /* a pipe or a device is written to, not replaced */
		OWN_FD int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return err_sys(e, "%s", path);
		return io_write(fd, content.ptr, content.len, e) < 0 ? err_ctx(e, "%s", path) : 0;
	}
	return io_replace_file(path, content, 0644, e);
}
