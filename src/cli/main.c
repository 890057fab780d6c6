#include "cli/cli.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tests of the whole program move its clock; a server logs that. */
static int follow_test_clock(void)
{
	struct err e = ERR_INIT;
	const char *path = secure_getenv(CLOCK_VARIABLE);
	if (!path || clock_follow(path, &e) == 0)
		return 0;
	fprintf(stderr, "plimsoll: " CLOCK_VARIABLE ": %s\n", e.msg);
	return -1;
}

int main(int argc, char **argv)
{
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that went away is a write error: what was
					   written was wanted, no more is */
	(void)signal(SIGXFSZ, SIG_IGN); /* so is a file that may not grow (ulimit -f) */
	if (follow_test_clock() < 0)
		return 1;
	if (argc < 2) {
		char *help[] = {(char[]){"help"}, NULL};
		(void)cli_find("help")->main(1, help);
		return 1;
	}
	const char *name = argv[1];
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0 || strcmp(name, "-v") == 0)
		name = "version";
	const struct cli_command *c = cli_find(name);
	if (!c)
		return cli_no_command(name, NULL);
	for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			const struct cli_command *below = cli_find_below(c, argv[2]);
			cli_print_help(below ? below : c, below ? c : NULL);
			return 0;
		}
	}
	int status = c->main(argc - 1, argv + 1);
	errno = 0;
	if (fflush(stdout) != 0 && status == 0 && errno != EPIPE) {
		fprintf(stderr, "plimsoll %s: standard output could not be written\n", name);
		return 1;
	}
	return status;
}
