/* cli: the command line: one file per verb, one row per verb in cli/table.c. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLI_OPTIONS_MAX 128
#define CLI_OPERANDS_MAX 512

/* Exit statuses, the same for every command; --exit-code and --exit-on-eol name further ones. */
enum cli_status { CLI_DONE = 0, CLI_ERROR = 1, CLI_GATE = 2 };

struct cli_option {
	const char *name;  /* "severity", written --severity; the environment's PLIMSOLL_SEVERITY is
			      its default */
	char letter;	   /* 's', or 0 */
	const char *value; /* name of the value in help ("LIST"); NULL: a switch */
	const char *fallback; /* shown and used when not given; NULL: none */
	const char *help;
};

struct cli_command {
	const char *name;
	int (*main)(int argc, char **argv); /* argv[0] is the verb */
	const char *synopsis;		    /* after "plimsoll NAME" */
	const char *summary;		    /* one line */
	const char *text;		    /* paragraphs for help and the man page; may be NULL */
	const struct cli_option *options;   /* ends with a row whose name is NULL; may be NULL */
	const struct cli_command
	    *verbs; /* commands below this one ("vdb build"); ends likewise; may be NULL */
};
extern const struct cli_command cli_table[];
extern const size_t cli_count;

struct cli_args {
	const struct cli_option *options;
	const char *values[CLI_OPTIONS_MAX]; /* "1" for a switch that is on; NULL = off */
	bool given[CLI_OPTIONS_MAX]; /* on the command line, not by environment or default */
	const char *operands[CLI_OPERANDS_MAX];
	size_t operand_count;
};

/* Parse argv by options. "--x=v", "--x v", "-x v", "--" ends options. The message of ERR_FORMAT is
 * for the user. */
int cli_parse(const struct cli_option *options, int argc, char **argv, struct cli_args *ret,
	      struct err *e);
const char *cli_get(const struct cli_args *a, const char *name);
/* The same, but NULL unless given on the command line itself. */
const char *cli_given(const struct cli_args *a, const char *name);
bool cli_has(const struct cli_args *a, const char *name);
/* The first option that is given on the command line and that the others do not name, or NULL. */
const char *cli_given_beside(const struct cli_args *a, const struct cli_option *others);
/* Print "plimsoll VERB: message" on standard error; returns 1. cli_usage also says how to get help.
 */
int cli_fail(const char *verb, const struct err *e);
int cli_usage(const char *verb, const struct err *e);
/* Help of a command; of: the command it is below, or NULL. */
void cli_print_help(const struct cli_command *c, const struct cli_command *of);
/* On standard error: there is no such command (below of, which may be NULL), and which may be
 * meant. Returns 1. */
int cli_no_command(const char *name, const struct cli_command *of);
const struct cli_command *cli_find(const char *name);
/* The command below c, or NULL; name may be NULL. */
const struct cli_command *cli_find_below(const struct cli_command *c, const char *name);
/* Run the command below c that argv[1] names; without one, list them. */
int cli_run_below(const struct cli_command *c, int argc, char **argv);
/* The environment's variable of an option: PLIMSOLL_IGNORE_UNFIXED of "ignore-unfixed". */
#define CLI_ENV_CAP 64
void cli_env_name(const char *option, char out[CLI_ENV_CAP]);

/* $XDG_DATA_HOME/plimsoll/vulnerabilities.vdb and $XDG_CACHE_HOME/plimsoll/layers (or below $HOME),
 * into out[4096]. */
void cli_default_vdb(char *out);
void cli_default_cache(char *out);
/* Open a vulnerability database and check all of it, unless this same file was verified before:
 * ERR_INTEGRITY names what is damaged. */
struct vdb;
struct vdb *cli_open_vdb(const char *path, struct err *e);
/* The id of a CVE or advisory as the database spells it, if it is known there in another case;
 * otherwise unchanged. */
int cli_known_id(const struct vdb *v, const char *text, struct arena *a, struct bytes *ret,
		 struct err *e);
/* Of every command that writes a report. */
#define CLI_OUTPUT_OPTION                                                                          \
	{                                                                                          \
		"output", 'o', "FILE", NULL, "write the report to FILE"                            \
	}
/* Write a report to a file or, path NULL or "-", to standard output. */
int cli_write(const char *path, struct bytes content, struct err *e);
