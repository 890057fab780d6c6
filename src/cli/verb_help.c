#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int verb_help(int argc, char **argv)
{
	if (argc > 1) {
		const struct cli_command *c = cli_find(argv[1]), *below = NULL;
		if (!c)
			return cli_no_command(argv[1], NULL);
		if (argc > 2 && c->verbs && !(below = cli_find_below(c, argv[2])))
			return cli_no_command(argv[2], c);
		cli_print_help(below ? below : c, below ? c : NULL);
		return CLI_DONE;
	}
	printf("plimsoll %s - a defender for container registries\n\nUsage: plimsoll COMMAND "
	       "[OPTIONS] [OPERANDS]\n\nCommands:\n",
	       PLIMSOLL_VERSION);
	for (size_t i = 0; i < cli_count; i++)
		printf("  %-14s %s\n", cli_table[i].name, cli_table[i].summary);
	printf("\nMore: plimsoll help COMMAND\n"
	       "Exit status: 0 done, 1 an error, 2 a gate (--fail-on) was reached.\n");
	return CLI_DONE;
}

#define MAN_WIDTH 78

/* One word of mdoc(7) text: a line must not begin with a dot or quote of its own, a sentence ends
 * its line. */
static void put_word(const char *word, size_t len, size_t *column)
{
	if (*column && *column + 1 + len > MAN_WIDTH) {
		putchar('\n');
		*column = 0;
	}
	if (*column) {
		putchar(' ');
		*column += 1;
	} else if (*word == '.' || *word == '\'') {
		printf("\\&");
	}
	for (size_t i = 0; i < len; i++) {
		if (word[i] == '\\')
			printf("\\e");
		else
			putchar(word[i]);
	}
	*column += len;
	if (word[len - 1] == '.' && (len < 3 || word[len - 2] != '.')) {
		putchar('\n');
		*column = 0;
	}
}

static void put_paragraphs(const char *text)
{
	size_t column = 0;
	while (*text) {
		size_t len = strcspn(text, " \n");
		if (len)
			put_word(text, len, &column);
		text += len;
		if (strncmp(text, "\n\n", 2) == 0) {
			printf("%s.Pp\n", column ? "\n" : "");
			column = 0;
		}
		text += strspn(text, " \n");
	}
	if (column)
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
		char help[512];
		(void)snprintf(help, sizeof help, o->fallback ? "%s (default %s)" : "%s", o->help,
			       o->fallback);
		put_paragraphs(help);
	}
	printf(".El\n");
}

static void put_head(const char *name, const char *summary)
{
	printf(".Dd November 23, 2026\n.Dt PLIMSOLL%s", *name ? "-" : "");
	for (const char *p = name; *p; p++)
		putchar(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
	printf(" 1\n.Os\n.Sh NAME\n.Nm plimsoll%s%s\n.Nd %s\n.Sh SYNOPSIS\n", *name ? "-" : "",
	       name, summary);
}

static void put_command(const struct cli_command *c)
{
	put_head(c->name, c->summary);
	printf(".Nm plimsoll %s\n", c->name);
	put_paragraphs(c->synopsis);
	printf(".Sh DESCRIPTION\n");
	put_paragraphs(c->text ? c->text : c->summary);
	if (c->options)
		put_options(c->options);
	for (const struct cli_command *v = c->verbs; v && v->name; v++) {
		printf(".Ss %s %s\n", c->name, v->name);
		put_paragraphs(v->synopsis);
		if (*v->synopsis)
			printf(".Pp\n");
		put_paragraphs(v->summary);
		if (v->text) {
			printf(".Pp\n");
			put_paragraphs(v->text);
		}
		if (v->options)
			put_options(v->options);
	}
	printf(".Sh EXIT STATUS\n0 done, 1 an error, 2 a gate (--fail-on) was reached.\n"
	       ".Sh SEE ALSO\n.Xr plimsoll 1\n");
}

/* The man page of one command, or of the program: made from the same table as the help, so that
 * they cannot differ. */
int verb_man(int argc, char **argv)
{
	const struct cli_command *only = argc > 1 ? cli_find(argv[1]) : NULL;
	if (argc > 1 && !only)
		return cli_no_command(argv[1], NULL);
	if (isatty(STDOUT_FILENO))
		fprintf(stderr,
			"plimsoll man: this is the page's source; read it with: plimsoll man%s%s | "
			"man -l -\n",
			only ? " " : "", only ? only->name : "");
	if (only) {
		put_command(only);
		return 0;
	}
	put_head("", "a defender for container registries");
	printf(".Nm plimsoll\n.Ar command\n"
	       ".Op options\n.Sh DESCRIPTION\nEach command has its own page.\n.Bl -tag -width "
	       "Ds\n");
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
