/* filter: the criteria of findings as options, from the rows of match/criteria.h. */
#pragma once
#include "cli/cli.h"
#include "match/criteria.h"

#define FILTER_TEXT(text, ...) text
#define FILTER_OPTION(member, kind, key, option, letter, value, ...)                               \
	{option, letter, value, NULL, FILTER_TEXT(__VA_ARGS__, 0)},
/* For a command's table of options; ends with its own comma. */
#define FILTER_OPTIONS CRITERIA_OF_FINDING(FILTER_OPTION)

/* Those of the image: for a command that asks a server. */
#define FILTER_IMAGE_OPTIONS CRITERIA_OF_IMAGE(FILTER_OPTION)
/* The given ones as parameters of the API: "severity=High&kev=true", '&' before each. */
void filter_query(const struct cli_args *args, struct buf *out);

/* Read them into *ret; values are in the arena. The message of ERR_FORMAT is for the user. */
int filter_parse(const struct cli_args *args, struct arena *a, struct criteria *ret, struct err *e);
