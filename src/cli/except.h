/* except: what --vex and --ignore-file say, for the commands that report on one image. */
#pragma once
#include "cli/cli.h"
#include "report/report.h"

#define EXCEPT_OPTIONS                                                                             \
	{"vex", 0, "LIST", NULL,                                                                   \
	 "VEX documents: OpenVEX, CSAF or CycloneDX; attached: those attached to the image"},      \
	    {"vex-key", 0, "FILE", NULL,                                                           \
	     "public keys (PEM): only attached documents that one of them signed are applied"},    \
	{                                                                                          \
		"ignore-file", 0, "LIST", NULL,                                                    \
		    "what to ignore: .trivyignore, .trivyignore.yaml or Grype's configuration"     \
	}

/* Read the files that the options name; notes go to standard error in the name of the verb. */
int except_read(const struct cli_args *args, const char *verb, struct exceptions *ret,
		struct err *e);
/* The image of a report, as exceptions name it; runs from a. */
int except_image(const struct report *r, struct arena *a, struct exception_image *ret,
		 struct err *e);
/* Take out of r what they fit; r->excepted is from a. The state follows what is left. */
int except_apply(const struct exceptions *x, struct report *r, struct assess *assess,
		 struct arena *a, struct err *e);
