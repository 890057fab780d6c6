/* gate: which findings of an image are shown, and which make the command fail; the same for every
 * command that reports on one. */
#pragma once
#include "cli/cli.h"
#include "cli/except.h"
#include "cli/filter.h"
#include "cli/term.h"
#include "report/report.h"

#define GATE_WORDS                                                                                 \
	"critical, high, medium, low, negligible (and worse), unknown, any, kev, fixable, "        \
	"unverified, eol"
/* Options of every such command. */
#define GATE_OPTIONS                                                                               \
	{"format", 'f', "NAME", "table", "one of " REPORT_NAMES},                                  \
	    {"template", 0, "FILE", NULL, "the template of --format template"},                    \
	    FILTER_OPTIONS{"ignore-unfixed", 0, NULL, NULL,                                        \
			   "hide findings without a fixed version"},                               \
	    {"only-fixed", 0, NULL, NULL, "same as --ignore-unfixed"},                             \
	    {"fail-on", 0, "LIST", NULL, "exit with 2 if any of these applies: " GATE_WORDS},      \
	    {"deny-license", 0, "LIST", NULL,                                                      \
	     "exit with 2 if a package needs one of these licences: SPDX identifiers, with * "     \
	     "for any text: AGPL-*,SSPL-1.0"},                                                     \
	    {"exit-code", 0, "N", NULL,                                                            \
	     "exit with N when any finding remains and --fail-on was not reached"},                \
	    {"exit-on-eol", 0, "N", NULL,                                                          \
	     "exit with N when the image's release gets no more fixes"},                           \
	    EXCEPT_OPTIONS, TERM_OPTIONS

struct gate {
	struct criteria shown, fails;	   /* fails: any of them; empty: no finding does */
	struct arena arena;		   /* of the values of shown */
	bool has_fail_on, unverified, eol; /* of the image as a whole */
	const char **denied;		   /* --deny-license; NULL: not requested */
	size_t denied_count;
	int left_status,
	    eol_status; /* for remaining findings, for an ended release; 0: not requested */
	const struct report_format *format;
	struct report_style style;
	struct buf template; /* the file of --template */
	struct exceptions exceptions;
};

/* ERR_FORMAT in the user's words. gate_free in any case. */
int gate_parse(const struct cli_args *args, const char *verb, struct gate *ret, struct err *e);
void gate_free(struct gate *g); /* accepts a zeroed struct */
/* The file of --template, if there is one, into ret, which the caller frees. */
int gate_template(const struct cli_args *args, struct buf *ret, struct err *e);
/* Does a gate need the image's packages? */
bool gate_needs_packages(const struct gate *g);
/* Take out of r what --vex and --ignore-file fit: before gate_apply. assess is r's. */
int gate_except(struct gate *g, struct report *r, struct assess *assess, struct err *e);
/* Take out of r what is not to be shown; r->findings is changed in place. */
void gate_apply(const struct gate *g, struct report *r);
/* The exit status by what is left; says on standard error, in the name of the verb, what an exit
 * status of 0 must not hide. */
int gate_status(const struct gate *g, const struct report *r, const char *verb);
/* Write the report in its format to --output. */
int gate_write(const struct gate *g, const struct report *r, const struct cli_args *args,
	       struct err *e);
