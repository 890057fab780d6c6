#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

int verb_help(int argc, char **argv)
{
	if (argc > 1) {
		const struct cli_command *c = cli_find(argv[1]);
		if (!c) {
			fprintf(stderr, "plimsoll help: there is no command \"%s\"\n", argv[1]);
			return 1;
		}
		cli_print_help(c);
		return 0;
	}
	printf("Plimsoll keeps container registries from sailing overloaded: a registry that knows what is\n"
	       "vulnerable in an image the moment a push returns, and a scanner for images anywhere.\n\n"
	       "Usage: plimsoll COMMAND [OPTIONS] [OPERANDS]\n\nCommands:\n");
	for (size_t i = 0; i < cli_count; i++)
		printf("  %-12s %s\n", cli_table[i].name, cli_table[i].summary);
	printf("\nMore: plimsoll help COMMAND\n");
	return 0;
}

/* mdoc(7) text: a line must not begin with a dot or quote of its own. */
static void put_paragraphs(const char *text)
{
	bool at_start = true;
	for (; *text; text++) {
		if (at_start && (*text == '.' || *text == '\''))
			printf("\\&");
		if (*text == '\\')
			printf("\\e");
		else if (*text == '\n' && text[1] == '\n')
			printf("\n.Pp");
		else
			putchar(*text);
		at_start = *text == '\n';
	}
	putchar('\n');
}

static void put_options(const struct cli_option *o)
{
	printf(".Bl -tag -width Ds\n");
	for (; o && o->name; o++) {
		printf(".It ");
		if (o->letter)
			printf("Fl %c , ", o->letter);
		printf("Fl -%s%s%s\n", o->name, o->value ? " Ar " : "", o->value ? o->value : "");
		put_paragraphs(o->help);
		if (o->fallback)
			printf("The default is %s.\n", o->fallback);
	}
	printf(".El\n");
}

/* The man page of one command, or of the program: made from the same table as the help, so that they cannot differ. */
int verb_man(int argc, char **argv)
{
	const struct cli_command *only = argc > 1 ? cli_find(argv[1]) : NULL;
	if (argc > 1 && !only) {
		fprintf(stderr, "plimsoll man: there is no command \"%s\"\n", argv[1]);
		return 1;
	}
	printf(".Dd November 23, 2026\n.Dt PLIMSOLL%s%s 1\n.Os\n.Sh NAME\n", only ? "-" : "", only ? only->name : "");
	if (only) {
		printf(".Nm plimsoll-%s\n.Nd %s\n.Sh SYNOPSIS\n.Nm plimsoll %s\n%s\n", only->name, only->summary,
		       only->name, only->synopsis);
		printf(".Sh DESCRIPTION\n");
		put_paragraphs(only->text ? only->text : only->summary);
		if (only->options)
			put_options(only->options);
		printf(".Sh EXIT STATUS\n0 done, 1 error; commands that judge an image say more above.\n"
		       ".Sh SEE ALSO\n.Xr plimsoll 1\n");
		return 0;
	}
	printf(".Nm plimsoll\n.Nd a defender for container registries\n.Sh SYNOPSIS\n.Nm plimsoll\n.Ar command\n"
	       ".Op options\n.Sh DESCRIPTION\nEach command has a page of its own.\n.Bl -tag -width Ds\n");
	for (size_t i = 0; i < cli_count; i++)
		printf(".It Xr plimsoll-%s 1\n%s.\n", cli_table[i].name, cli_table[i].summary);
	printf(".El\n");
	return 0;
}

int verb_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("plimsoll %s\n", PLIMSOLL_VERSION);
	return 0;
}
