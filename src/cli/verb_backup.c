/* backup and restore: copies of a data folder, and folders made of them. */
#include "cli/verbs.h"

#include "registry/backup.h"

#include <stdio.h>
#include <unistd.h>

#define DATA_DIR                                                                                   \
	{                                                                                          \
		"data-dir", 0, "PATH", "plimsoll-data", "folder of the server"                     \
	}
#define QUIET                                                                                      \
	{                                                                                          \
		"quiet", 'q', NULL, NULL, "print nothing on success"                               \
	}

const struct cli_option backup_options[] = {
    DATA_DIR,
    {"copy", 0, NULL, NULL, "copy blobs instead of hard-linking them"},
    QUIET,
    {.name = NULL},
};
const struct cli_option restore_options[] = {
    {"data-dir", 0, "PATH", NULL, "the new folder: empty or absent"},
    QUIET,
    {.name = NULL},
};

static bool begin(const struct cli_option *options, int argc, char **argv, struct cli_args *args,
		  struct backup_options *o, struct err *e)
{
	if (cli_parse(options, argc, argv, args, e) < 0)
		return false;
	o->data_dir = cli_get(args, "data-dir");
	bool one = args->operand_count == 1;
	if (!one || !o->data_dir || !*o->data_dir) {
		err_set(e, ERR_FORMAT, one ? "give --data-dir" : "give one backup folder");
		return false;
	}
	o->dir = args->operands[0];
	return true;
}

int verb_backup(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct backup_options o = {.dir = NULL};
	struct backup_counts n;
	if (!begin(backup_options, argc, argv, &args, &o, &e))
		return cli_usage("backup", &e);
	if (access(o.data_dir, F_OK) < 0) {
		err_set(&e, ERR_NOT_FOUND, "%s: no such folder; --data-dir names the server's",
			o.data_dir);
		return cli_fail("backup", &e);
	}
	o.copy = cli_has(&args, "copy");
	if (backup_make(&o, &n, &e) < 0)
		return cli_fail("backup", &e);
	if (!cli_has(&args, "quiet"))
		fprintf(stderr,
			"%s: blobs: %llu, bytes: %llu; new: %llu (linked: %llu); removed as no "
			"longer needed: %llu\n",
			o.dir, (unsigned long long)n.blobs, (unsigned long long)n.bytes,
			(unsigned long long)n.added, (unsigned long long)n.linked,
			(unsigned long long)n.removed);
	if (n.damaged == 0)
		return CLI_DONE;
	err_set(
	    &e, ERR_DAMAGED,
	    "blobs not in the backup, because their files in %s are damaged: %llu (plimsoll fsck "
	    "lists them)",
	    o.data_dir, (unsigned long long)n.damaged);
	return cli_fail("backup", &e);
}

int verb_restore(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct backup_options o = {.dir = NULL};
	struct backup_counts n;
	if (!begin(restore_options, argc, argv, &args, &o, &e))
		return cli_usage("restore", &e);
	if (backup_restore(&o, &n, &e) < 0)
		return cli_fail("restore", &e);
	if (!cli_has(&args, "quiet"))
		fprintf(stderr, "%s: blobs: %llu, bytes: %llu, all verified\n", o.data_dir,
			(unsigned long long)n.blobs, (unsigned long long)n.bytes);
	return CLI_DONE;
}
