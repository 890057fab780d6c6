/* term: the terminal that a command writes to and prompts on. */
#pragma once
#include "cli/cli.h"
#include "report/report.h"

/* Columns of $COLUMNS, or of the terminal on standard output; 0: not a terminal. */
size_t term_width(void);
bool term_is_ascii(void); /* by LC_ALL, LC_CTYPE, LANG */
/* Style of a report by --no-color, --wide, --columns, --output and NO_COLOR. ERR_FORMAT: unknown
 * column. */
int term_style(const struct cli_args *args, struct report_style *ret, struct err *e);
/* Options that it reads. */
#define TERM_OPTIONS                                                                               \
	{"columns", 0, "LIST", NULL,                                                               \
	 "table columns: severity, kev, cvss, epss, id, advisory, package, binary, "               \
	 "installed, fixed, status, first_seen, due, category, layer, check, remediation, title"}, \
	    {"wide", 'w', NULL, NULL, "table: more columns, nothing truncated"},                   \
	{                                                                                          \
		"no-color", 0, NULL, NULL, "no colors, also with NO_COLOR in the environment"      \
	}

/* Prompt on the terminal, without echo. The text is in the arena. ERR_NOT_FOUND: no terminal. */
int term_password(const char *prompt, struct arena *a, const char **ret, struct err *e);
/* A line of standard input without its end. Reads no byte more than that. */
int term_stdin_line(struct arena *a, const char **ret, struct err *e);
