/* Completions of a shell, made from the tables that help and manual pages are made from. */
#include "cli/suggest.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

static void put_option_words(const struct cli_option *o)
{
	for (; o && o->name; o++)
		printf("%s--%s%s", " ", o->name, o->value ? "=" : "");
}

static void put_verb_words(const struct cli_command *c)
{
	for (const struct cli_command *v = c->verbs; v && v->name; v++)
		printf(" %s", v->name);
}

static void bash_command(const struct cli_command *c)
{
	printf("\t%s)\n", c->name);
	if (!c->verbs) {
		printf("\t\twords=\"");
		put_option_words(c->options);
		printf("\" ;;\n");
		return;
	}
	printf("\t\tcase ${COMP_WORDS[2]} in\n");
	for (const struct cli_command *v = c->verbs; v->name; v++) {
		printf("\t\t%s) words=\"", v->name);
		put_option_words(v->options);
		printf("\" ;;\n");
	}
	printf("\t\tesac\n\t\tif [[ $COMP_CWORD -eq 2 ]]; then words=\"");
	put_verb_words(c);
	printf("\"; fi ;;\n");
}

static void put_bash(void)
{
	printf("# plimsoll(1) completion for bash: plimsoll completion bash > "
	       "/etc/bash_completion.d/plimsoll\n"
	       "_plimsoll() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=\"\"\n"
	       "\tcompopt -o default 2>/dev/null\n"
	       "\tif [[ $COMP_CWORD -eq 1 ]]; then\n\t\twords=\"");
	for (size_t i = 0; i < cli_count; i++)
		printf(" %s", cli_table[i].name);
	printf("\"\n\telse\n\tcase ${COMP_WORDS[1]} in\n\thelp|man) words=\"");
	for (size_t i = 0; i < cli_count; i++)
		printf(" %s", cli_table[i].name);
	printf("\" ;;\n");
	for (size_t i = 0; i < cli_count; i++) {
		if (cli_table[i].options || cli_table[i].verbs)
			bash_command(&cli_table[i]);
	}
	printf("\tesac\n\tfi\n"
	       "\t[[ $COMP_CWORD -gt 1 && $cur != -* && $words == *--* ]] && return\n"
	       "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	       "\t[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null\n"
	       "}\ncomplete -F _plimsoll plimsoll\n");
}

/* Text between single quotes of a shell; also without what the shell's completion reads in it. */
static void put_quoted(const char *text, const char *without)
{
	for (; *text; text++) {
		if (*text == '\'')
			printf("'\\''");
		else if (!strchr(without, *text))
			putchar(*text);
	}
}

static void zsh_arguments(const struct cli_command *c, const char *indent)
{
	printf("%s_arguments -s", indent);
	for (const struct cli_option *o = c->options; o && o->name; o++) {
		printf(" \\\n%s\t'--%s%s[", indent, o->name, o->value ? "=" : "");
		put_quoted(o->help, "[]:\\");
		printf("]%s%s%s'", o->value ? ":" : "", o->value ? o->value : "",
		       o->value ? ":_files" : "");
	}
	printf(" \\\n%s\t'*:operand:_files'\n", indent);
}

static void zsh_words(const char *indent, const struct cli_command *list, size_t count)
{
	printf("%slocal -a words=(", indent);
	for (size_t i = 0; i < count && list[i].name; i++) {
		printf("\n%s\t'%s:", indent, list[i].name);
		put_quoted(list[i].summary, ":");
		printf("'");
	}
	printf(")\n%s_describe command words\n", indent);
}

static void put_zsh(void)
{
	printf("#compdef plimsoll\n# plimsoll(1) completion for zsh: plimsoll completion zsh > "
	       "\"${fpath[1]}/_plimsoll\"\n"
	       "_plimsoll() {\n\tif (( CURRENT == 2 )); then\n");
	zsh_words("\t\t", cli_table, cli_count);
	printf("\t\treturn\n\tfi\n\tcase $words[2] in\n");
	for (size_t i = 0; i < cli_count; i++) {
		const struct cli_command *c = &cli_table[i];
		printf("\t%s)\n", c->name);
		if (!c->verbs) {
			printf("\t\tshift words; (( CURRENT-- ))\n");
			zsh_arguments(c, "\t\t");
			printf("\t\t;;\n");
			continue;
		}
		printf("\t\tif (( CURRENT == 3 )); then\n");
		zsh_words("\t\t\t", c->verbs, SIZE_MAX);
		printf("\t\t\treturn\n\t\tfi\n\t\tcase $words[3] in\n");
		for (const struct cli_command *v = c->verbs; v->name; v++) {
			printf("\t\t%s)\n\t\t\tshift 2 words; (( CURRENT -= 2 ))\n", v->name);
			zsh_arguments(v, "\t\t\t");
			printf("\t\t\t;;\n");
		}
		printf("\t\tesac\n\t\t;;\n");
	}
	printf("\tesac\n}\n_plimsoll \"$@\"\n");
}

static void fish_options(const char *seen, const struct cli_option *o)
{
	for (; o && o->name; o++) {
		printf("complete -c plimsoll -n '%s' -l %s", seen, o->name);
		if (o->letter)
			printf(" -s %c", o->letter);
		printf("%s -d '", o->value ? " -r" : "");
		put_quoted(o->help, "\\");
		printf("'\n");
	}
}

static void put_fish(void)
{
	char seen[256];
	printf("# plimsoll(1) completion for fish: plimsoll completion fish > "
	       "~/.config/fish/completions/plimsoll.fish\n");
	for (size_t i = 0; i < cli_count; i++) {
		const struct cli_command *c = &cli_table[i];
		printf("complete -c plimsoll -n __fish_use_subcommand -a %s -d '", c->name);
		put_quoted(c->summary, "\\");
		printf("'\n");
		(void)snprintf(seen, sizeof seen, "__fish_seen_subcommand_from %s", c->name);
		fish_options(seen, c->options);
		for (const struct cli_command *v = c->verbs; v && v->name; v++) {
			printf("complete -c plimsoll -f -n '%s' -a %s -d '", seen, v->name);
			put_quoted(v->summary, "\\");
			printf("'\n");
		}
		for (const struct cli_command *v = c->verbs; v && v->name; v++) {
			(void)snprintf(
			    seen, sizeof seen,
			    "__fish_seen_subcommand_from %s; and __fish_seen_subcommand_from %s",
			    c->name, v->name);
			fish_options(seen, v->options);
		}
	}
}

int verb_completion(int argc, char **argv)
{
	static void (*const puts_of[])(void) = {put_bash, put_zsh, put_fish};
	for (size_t i = 0; argc == 2 && shells[i]; i++) {
		if (strcmp(argv[1], shells[i]) == 0) {
			puts_of[i]();
			return CLI_DONE;
		}
	}
	const char *near = argc == 2 ? suggest(bytes_of(argv[1]), shells) : NULL;
	fprintf(stderr, "plimsoll completion: give bash, zsh or fish%s%s%s\n",
		near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	return CLI_ERROR;
}
