/* vdb delta, apply: from one generation's file to another's. */
#include "cli/vdb_verbs.h"

#include "base/io.h"
#include "base/limits.h"
#include "vdb/delta.h"

#include <stdio.h>

const struct cli_option vdb_delta_options[] = {
    {"out", 'o', "FILE", NULL, "the delta to write"},
    {0},
};
const struct cli_option vdb_apply_options[] = {
    {"out", 'o', "FILE", NULL, "the database to write"},
    {0},
};

static int make(const struct cli_args *args, struct err *e)
{
	struct buf out;
	buf_init(&out, LIMIT_VDB_DELTA_MAX);
	struct vdb *old = cli_open_vdb(args->operands[0], e),
		   *now = old ? cli_open_vdb(args->operands[1], e) : NULL;
	int r = now ? vdb_delta_make(old, now, &out, e) : -(int)e->code;
	if (r == 0)
		r = io_replace_file(cli_get(args, "out"), buf_bytes(&out), 0644, e);
	if (r == 0)
		printf("%zu bytes, %.2f %% of the file\n", out.len,
		       100.0 * (double)out.len / (double)vdb_counts_get(now).file_len);
	vdb_close(old);
	vdb_close(now);
	buf_free(&out);
	return r;
}

static int apply(const struct cli_args *args, struct err *e)
{
	struct buf delta, out;
	buf_init(&delta, LIMIT_VDB_DELTA_MAX);
	buf_init(&out, (size_t)LIMIT_VDB_MAX);
	struct vdb *old = cli_open_vdb(args->operands[0], e);
	int r = old ? io_read_file(args->operands[1], &delta, e) : -(int)e->code;
	if (r == 0 && vdb_delta_apply(old, buf_bytes(&delta), &out, e) < 0)
		r = err_ctx(e, "%s", args->operands[1]);
	if (r == 0)
		r = io_replace_file(cli_get(args, "out"), buf_bytes(&out), 0644, e);
	vdb_close(old);
	buf_free(&delta);
	buf_free(&out);
	return r;
}

static int run(const char *verb, const struct cli_option *options, int argc, char **argv,
	       int (*fn)(const struct cli_args *args, struct err *e))
{
	struct err e = ERR_INIT;
	struct cli_args args;
	if (cli_parse(options, argc, argv, &args, &e) == 0 &&
	    (args.operand_count != 2 || !cli_get(&args, "out")))
		(void)err_set(&e, ERR_FORMAT, "give two files and --out FILE");
	if (e.code != ERR_OK)
		return cli_usage(verb, &e);
	return fn(&args, &e) < 0 ? cli_fail(verb, &e) : 0;
}

int vdb_verb_delta(int argc, char **argv)
{
	return run("vdb delta", vdb_delta_options, argc, argv, make);
}

int vdb_verb_apply(int argc, char **argv)
{
	return run("vdb apply", vdb_apply_options, argc, argv, apply);
}
