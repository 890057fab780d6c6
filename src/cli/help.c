/* Help on a terminal: the same rows as the manual pages, in lines of the terminal's width. */
#include "cli/cli.h"

#include "cli/suggest.h"
#include "cli/term.h"
#include "report/cells.h"

#include <stdio.h>
#include <string.h>

#define HELP_WIDTH 80 /* where there is no terminal */
#define HELP_MAX 100  /* columns: longer lines are hard to read */
#define HEAD_COLUMN 26
#define TEXT_MAX 65536
#define NAMES_MAX 64

static size_t help_width(void)
{
	size_t n = term_width();
	return n == 0 ? HELP_WIDTH : n > HELP_MAX ? HELP_MAX : n;
}

/* Words from column at on, in lines that begin at column indent. */
static void put_flow(const char *text, size_t at, size_t indent)
{
	size_t width = help_width();
	while (*text) {
		size_t len = strcspn(text, " \n");
		size_t columns =
		    cells_width((struct bytes){.ptr = (const uint8_t *)text, .len = len});
		if (len && at > indent && at + 1 + columns > width) {
			printf("\n%*s", (int)indent, "");
			at = indent;
		} else if (len && at > indent) {
			putchar(' ');
			at++;
		}
		printf("%.*s", (int)len, text);
		at += columns;
		text += len;
		if (strncmp(text, "\n\n", 2) == 0) {
			printf("\n\n%*s", (int)indent, "");
			at = indent;
		}
		text += strspn(text, " \n");
	}
	putchar('\n');
}

static void put_option(const struct cli_option *o)
{
	char head[64], text[1024];
	int len = snprintf(head, sizeof head, "  %c%c%s--%s%s%s", o->letter ? '-' : ' ',
			   o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
			   o->value ? " " : "", o->value ? o->value : "");
	(void)snprintf(text, sizeof text, o->fallback ? "%s (default %s)" : "%s", o->help,
		       o->fallback);
	printf("%-*s", HEAD_COLUMN - 2, head);
	if (len + 2 > HEAD_COLUMN)
		printf("\n%*s", HEAD_COLUMN - 2, "");
	printf("  ");
	put_flow(text, HEAD_COLUMN, HEAD_COLUMN);
}

static void put_options(const struct cli_option *o)
{
	char key[CLI_ENV_CAP];
	if (!o || !o->name)
		return;
	cli_env_name(o->name, key);
	printf("\nOptions (also read from the environment: --%s as %s):\n", o->name, key);
	for (; o->name; o++)
		put_option(o);
}

void cli_print_help(const struct cli_command *c, const struct cli_command *of)
{
	char name[64], usage[1024];
	(void)snprintf(name, sizeof name, "%s%s%s", of ? of->name : "", of ? " " : "", c->name);
	(void)snprintf(usage, sizeof usage, "plimsoll %s %s", name, c->synopsis);
	printf("plimsoll %s -", name);
	put_flow(c->summary, strlen(name) + 11, 4);
	printf("\nUsage: ");
	put_flow(usage, 7, 7);
	if (c->text) {
		putchar('\n');
		put_flow(c->text, 0, 0);
	}
	put_options(c->options);
	for (const struct cli_command *v = c->verbs; v && v->name; v++) {
		(void)snprintf(usage, sizeof usage, "plimsoll %s %s %s", name, v->name,
			       v->synopsis);
		printf("\n");
		put_flow(usage, 0, 4);
		printf("    ");
		put_flow(v->summary, 4, 4);
	}
	if (c->verbs)
		printf("\nMore: plimsoll help %s COMMAND\n", name);
}

int cli_no_command(const char *name, const struct cli_command *of)
{
	const char *names[NAMES_MAX] = {NULL};
	size_t n = 0;
	for (const struct cli_command *v = of ? of->verbs : NULL; v && v->name && n < NAMES_MAX - 1;
	     v++)
		names[n++] = v->name;
	for (size_t i = 0; !of && i < cli_count && n < NAMES_MAX - 1; i++)
		names[n++] = cli_table[i].name;
	const char *near = suggest(bytes_of(name), names);
	fprintf(stderr, "plimsoll%s%s: unknown command \"%s\"", of ? " " : "", of ? of->name : "",
		name);
	if (near)
		fprintf(stderr, "; did you mean \"%s\"?", near);
	fprintf(stderr, "\nTry \"plimsoll help%s%s\".\n", of ? " " : "", of ? of->name : "");
	return CLI_ERROR;
}

int cli_run_below(const struct cli_command *c, int argc, char **argv)
{
	const struct cli_command *v = argc > 1 ? cli_find_below(c, argv[1]) : NULL;
	if (v)
		return v->main(argc - 1, argv + 1);
	if (argc > 1)
		return cli_no_command(argv[1], c);
	for (v = c->verbs; v->name; v++)
		fprintf(stderr, "%s plimsoll %s %s%s%s\n", v == c->verbs ? "usage:" : "      ",
			c->name, v->name, *v->synopsis ? " " : "", v->synopsis);
	return CLI_ERROR;
}
