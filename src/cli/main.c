#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that went away is a write error, told like others */
	if (argc < 2) {
		char *help[] = {(char[]){"help"}, NULL};
		(void)cli_find("help")->main(1, help);
		return 1;
	}
	const char *name = argv[1];
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
		name = "version";
	const struct cli_command *c = cli_find(name);
	if (!c) {
		fprintf(stderr, "plimsoll: there is no command \"%s\"\nTry \"plimsoll help\".\n", name);
		return 1;
	}
	for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			cli_print_help(c);
			return 0;
		}
	}
	int status = c->main(argc - 1, argv + 1);
	if (fflush(stdout) != 0 && status == 0) {
		fprintf(stderr, "plimsoll %s: standard output could not be written\n", name);
		return 1;
	}
	return status;
}
