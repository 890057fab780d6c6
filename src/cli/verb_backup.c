/* backup and restore: copies of a data folder, and folders made of them. */
#include "cli/verbs.h"

#include "registry/backup.h"

#include <stdio.h>

#define DATA_DIR                                                                                   \
	{                                                                                          \
		"data-dir", 0, "PATH", "plimsoll-data", "folder of the server"                     \
	}
#define QUIET                                                                                      \
	{                                                                                          \
		"quiet", 'q', NULL, NULL, "say nothing when all went well"                         \
	}

const struct cli_option backup_options[] = {
    DATA_DIR,
    {"copy", 0, NULL, NULL, "copy blobs even where one file with two names would do"},
    QUIET,
    {.name = NULL},
};
const struct cli_option restore_options[] = {
    {"data-dir", 0, "PATH", NULL, "the new folder: empty, or not there"},
    QUIET,
    {.name = NULL},
};

static int begin(const char *verb, const struct cli_option *options, int argc, char **argv,
		 struct cli_args *args, struct backup_options *o)
{
	struct err e = ERR_INIT;
	if (cli_parse(options, argc, argv, args, &e) < 0)
		return cli_usage(verb, &e);
	o->data_dir = cli_get(args, "data-dir");
	if (args->operand_count == 1 && o->data_dir && *o->data_dir) {
		o->dir = args->operands[0];
		return 0;
	}
	err_set(&e, ERR_FORMAT,
		args->operand_count == 1 ? "give --data-dir" : "give one folder of a backup");
	return cli_usage(verb, &e);
}

int verb_backup(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct backup_options o = {.dir = NULL};
	struct backup_counts n;
	int usage = begin("backup", backup_options, argc, argv, &args, &o);
	if (usage)
		return usage;
	o.copy = cli_has(&args, "copy");
	if (backup_make(&o, &n, &e) < 0)
		return cli_fail("backup", &e);
	if (!cli_has(&args, "quiet"))
		fprintf(stderr,
			"%s: %llu blobs, %llu bytes; %llu of them new, %llu of those linked; %llu "
			"no longer needed were removed\n",
			o.dir, (unsigned long long)n.blobs, (unsigned long long)n.bytes,
			(unsigned long long)n.added, (unsigned long long)n.linked,
			(unsigned long long)n.removed);
	if (n.damaged == 0)
		return CLI_DONE;
	err_set(&e, ERR_DAMAGED,
		"%llu blobs are not in the backup: their files in %s are damaged (plimsoll fsck "
		"names them)",
		(unsigned long long)n.damaged, o.data_dir);
	return cli_fail("backup", &e);
}

int verb_restore(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct backup_options o = {.dir = NULL};
	struct backup_counts n;
	int usage = begin("restore", restore_options, argc, argv, &args, &o);
	if (usage)
		return usage;
	if (backup_restore(&o, &n, &e) < 0)
		return cli_fail("restore", &e);
	if (!cli_has(&args, "quiet"))
		fprintf(stderr, "%s: %llu blobs, %llu bytes, each compared with its digest\n",
			o.data_dir, (unsigned long long)n.blobs, (unsigned long long)n.bytes);
	return CLI_DONE;
}
