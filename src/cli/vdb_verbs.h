/* vdb_verbs: the verbs below `plimsoll vdb`. Each gets its own argv[0] and returns the exit status.
 */
#pragma once
#include "cli/cli.h"

extern const struct cli_command vdb_commands[];
extern const struct cli_option vdb_info_options[], vdb_query_options[], vdb_diff_options[],
    vdb_update_options[];

int vdb_verb_build(int argc, char **argv);
int vdb_verb_info(int argc, char **argv);
int vdb_verb_query(int argc, char **argv);
int vdb_verb_diff(int argc, char **argv);
int vdb_verb_verify(int argc, char **argv);
