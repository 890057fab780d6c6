/* rule_files: `plimsoll rule import` and `rule export`. */
#pragma once
#include "cli/cli.h"

extern const struct cli_option rule_import_options[], rule_export_options[];
int rule_import(int argc, char **argv);
int rule_export(int argc, char **argv);
