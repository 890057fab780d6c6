/* fsck: is a data folder whole? */
#include "cli/verbs.h"

#include "registry/fsck.h"

#include <stdio.h>

const struct cli_option fsck_options[] = {
    {"repair", 0, NULL, NULL,
     "quarantine damaged blobs, so that they are pushed again, and remove files without rows"},
    {"no-digests", 0, NULL, NULL, "check lengths only: blobs are not read"},
    {"quiet", 'q', NULL, NULL, "print problems only"},
    {.name = NULL},
};

static void say(void *arg, const char *text)
{
	(void)arg;
	(void)puts(text);
}

int verb_fsck(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct fsck_counts n;
	if (cli_parse(fsck_options, argc, argv, &args, &e) < 0)
		return cli_usage("fsck", &e);
	if (args.operand_count != 1) {
		err_set(&e, ERR_FORMAT, "give one data folder");
		return cli_usage("fsck", &e);
	}
	struct fsck_options o = {.data_dir = args.operands[0],
				 .repair = cli_has(&args, "repair"),
				 .no_digests = cli_has(&args, "no-digests"),
				 .say = say};
	if (fsck_run(&o, &n, &e) < 0) {
		err_ctx(&e, "%s", o.data_dir);
		return cli_fail("fsck", &e);
	}
	if (!cli_has(&args, "quiet"))
		fprintf(stderr,
			"%s: blobs: %llu, bytes: %llu, manifests: %llu; problems: %llu, repaired: "
			"%llu\n",
			o.data_dir, (unsigned long long)n.blobs, (unsigned long long)n.bytes,
			(unsigned long long)n.manifests, (unsigned long long)n.found,
			(unsigned long long)n.repaired);
	return n.found > n.repaired ? CLI_GATE : CLI_DONE;
}
