/* verbs: the functions and option tables named in cli/table.c: `int verb_NAME(int argc, char
 * **argv)` returns the exit status. */
#pragma once
#include "cli/cli.h"

extern const struct cli_option scan_options[];
extern const struct cli_option inventory_options[];
extern const struct cli_option why_options[];
extern const struct cli_option compare_options[];
extern const struct cli_option serve_options[];
extern const struct cli_option push_status_options[];
extern const struct cli_option backup_options[];
extern const struct cli_option restore_options[];
extern const struct cli_option fsck_options[];

extern const struct cli_command user_commands[];
extern const struct cli_command group_commands[];
extern const struct cli_command scope_commands[];
extern const struct cli_option usage_options[];
extern const struct cli_command token_commands[];
extern const struct cli_command role_commands[];

extern const struct cli_option defend_options[], recommendation_options[];
extern const struct cli_option remediation_options[];
extern const struct cli_command audit_commands[];
extern const struct cli_command plan_commands[];
extern const struct cli_command registry_commands[];
extern const struct cli_command exemption_commands[];
extern const struct cli_command rule_commands[];
extern const struct cli_command notification_commands[];
extern const struct cli_command list_commands[];
extern const struct cli_command database_commands[];
extern const struct cli_option import_options[];

int verb_scan(int argc, char **argv);
int verb_inventory(int argc, char **argv);
int verb_compare(int argc, char **argv);
int verb_why(int argc, char **argv);
int verb_why_not(int argc, char **argv);
int verb_vdb(int argc, char **argv);
int verb_vdb_update(int argc, char **argv); /* argv[0] is "update" */
int verb_vercmp(int argc, char **argv);
int verb_cvss(int argc, char **argv);
int verb_serve(int argc, char **argv);
int verb_push_status(int argc, char **argv);
int verb_import(int argc, char **argv);
int verb_user(int argc, char **argv);
int verb_group(int argc, char **argv);
int verb_usage(int argc, char **argv);
int verb_scope(int argc, char **argv);
int verb_token(int argc, char **argv);
int verb_role(int argc, char **argv);
int verb_audit(int argc, char **argv);
int verb_plan(int argc, char **argv);
int verb_registry(int argc, char **argv);
int verb_exemption(int argc, char **argv);
int verb_notification(int argc, char **argv);
int verb_rule(int argc, char **argv);
int verb_recommendation(int argc, char **argv);
int verb_remediation(int argc, char **argv);
int verb_score(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_database(int argc, char **argv);
int verb_backup(int argc, char **argv);
int verb_restore(int argc, char **argv);
int verb_fsck(int argc, char **argv);
int verb_completion(int argc, char **argv);
int verb_help(int argc, char **argv);
int verb_man(int argc, char **argv);
int verb_version(int argc, char **argv);
