/* gate: which findings of an image are shown, and which make the command fail; the same for every
 * command that reports on one. */
#pragma once
#include "cli/cli.h"
#include "cli/term.h"
#include "match/criteria.h"
#include "report/report.h"

#define GATE_CATEGORIES_MAX 64
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
	struct criteria shown, fails; /* fails: any of them; empty: no finding does */
	struct bytes categories[GATE_CATEGORIES_MAX], not_categories[GATE_CATEGORIES_MAX];
	bool has_fail_on, unverified, eol; /* of the image as a whole */
	int left_status,
	    eol_status; /* for remaining findings, for an ended release; 0: not requested */
	const struct report_format *format;
	struct report_style style;
};

/* ERR_FORMAT in the user's words. ret stays where it is: its criteria point into it. */
int gate_parse(const struct cli_args *args, struct gate *ret, struct err *e);
/* Take out of r what is not to be shown; r->findings is changed in place. */
void gate_apply(const struct gate *g, struct report *r);
/* The exit status by what is left; says on standard error, in the name of the verb, what an exit
 * status of 0 must not hide. */
int gate_status(const struct gate *g, const struct report *r, const char *verb);
/* Write the report in its format to --output. */
int gate_write(const struct gate *g, const struct report *r, const struct cli_args *args,
	       struct err *e);
