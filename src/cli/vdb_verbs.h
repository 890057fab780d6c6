/* vdb_verbs: the verbs below `plimsoll vdb`. Each gets its own argv[0] and returns the exit status.
 */
#pragma once
#include "cli/cli.h"
#include "vdb/sign.h"

extern const struct cli_command vdb_commands[];
extern const struct cli_option vdb_info_options[], vdb_query_options[], vdb_diff_options[],
    vdb_update_options[], vdb_keygen_options[], vdb_sign_options[], vdb_verify_options[],
    vdb_delta_options[], vdb_apply_options[], vdb_push_options[], vdb_pull_options[],
    vdb_list_options[];

int vdb_verb_build(int argc, char **argv);
int vdb_verb_info(int argc, char **argv);
int vdb_verb_query(int argc, char **argv);
int vdb_verb_diff(int argc, char **argv);
int vdb_verb_keygen(int argc, char **argv);
int vdb_verb_sign(int argc, char **argv);
int vdb_verb_verify(int argc, char **argv);
int vdb_verb_delta(int argc, char **argv);
int vdb_verb_apply(int argc, char **argv);
int vdb_verb_push(int argc, char **argv);
int vdb_verb_pull(int argc, char **argv);
int vdb_verb_list(int argc, char **argv);

/* Of each verb that uses a database: whose signature it needs. */
#define VDB_KEY_OPTIONS                                                                            \
	{"vdb-key", 0, "FILE", NULL,                                                               \
	 "public keys (PEM): a database without a signature by one of them is refused"},           \
	{                                                                                          \
		"vdb-name", 0, "NAME", VDB_NAME_DEFAULT,                                           \
		    "name of the series that the signature must state"                             \
	}

/* Of each verb that replaces a database. */
#define VDB_KEEP_OPTION                                                                            \
	{                                                                                          \
		"keep", 0, "N", "0",                                                               \
		    "keep replaced databases in FILE.kept: the newest of each day, for N days"     \
	}
/* ERR_FORMAT. */
int cli_vdb_keep(const struct cli_args *args, uint64_t *ret, struct err *e);

struct cli_vdb_keys {
	struct buf text;  /* PEM */
	const char *name; /* of the series */
	bool wanted;	  /* --vdb-key was given */
};
/* Free it in any case. */
int cli_vdb_keys(const struct cli_args *args, struct cli_vdb_keys *ret, struct err *e);
void cli_vdb_keys_free(struct cli_vdb_keys *k);
/* The signature beside path, whose file is open as v: 1 = it is good, 0 = none is wanted. */
int cli_vdb_check_signed(const struct vdb *v, const char *path, const struct cli_args *args,
			 struct vdb_statement *ret, struct err *e);
