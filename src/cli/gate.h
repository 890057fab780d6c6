/* gate: which findings of an image are shown, and which make the command fail; the same for every
 * command that reports on one. */
#pragma once
#include "cli/cli.h"
#include "cli/term.h"
#include "report/report.h"

#define GATE_WORDS                                                                                 \
	"critical, high, medium, low, negligible (and worse), unknown, any, kev, fixable, "        \
	"unverified, eol"
/* Options of every such command. */
#define GATE_OPTIONS                                                                               \
	{"format", 'f', "NAME", "table", "table, json, sarif or cyclonedx"},                       \
	    {"severity", 's', "LIST", NULL, "show only these, e.g. HIGH,CRITICAL"},                \
	    {"category", 0, "LIST", NULL, "show only these, e.g. \"Debian,Kernel headers\""},      \
	    {"not-category", 0, "LIST", NULL, "hide these, e.g. \"kernel headers\""},              \
	    {"ignore-unfixed", 0, NULL, NULL, "hide findings without a fixed version"},            \
	    {"only-fixed", 0, NULL, NULL, "same as --ignore-unfixed"},                             \
	    {"fail-on", 0, "LIST", NULL, "exit with 2 if any of these applies: " GATE_WORDS},      \
	    {"exit-code", 0, "N", NULL,                                                            \
	     "exit with N when any finding remains and --fail-on was not reached"},                \
	    {"exit-on-eol", 0, "N", NULL,                                                          \
	     "exit with N when the image's release gets no more fixes"},                           \
	    TERM_OPTIONS

struct gate {
	bool severities[ADV_SEV_CRITICAL + 1];	 /* shown */
	struct bytes categories, not_categories; /* commas between; empty: any, none */
	bool fixed_only;
	/* What fails. */
	bool has_fail_on, unknown, kev, fixable, unverified, eol;
	enum adv_severity at_least; /* ADV_SEV_CRITICAL + 1: no severity does */
	int left_status,
	    eol_status; /* for remaining findings, for an ended release; 0: not requested */
	const struct report_format *format;
	struct report_style style;
};

/* ERR_FORMAT: the message names the option and value. */
int gate_parse(const struct cli_args *args, struct gate *ret, struct err *e);
/* Remove hidden findings from r; r->findings is changed in place. */
int gate_apply(const struct gate *g, struct report *r, struct err *e);
/* The exit status for the findings that remain; warns on standard error, in the name of the verb,
 * about anything that an exit status of 0 must not hide. */
int gate_status(const struct gate *g, const struct report *r, const char *verb);
/* Write the report in its format to --output. */
int gate_write(const struct gate *g, const struct report *r, const struct cli_args *args,
	       struct err *e);
