/* `plimsoll vdb update`: fetch the feeds, keep the last good copy of each, build. */
#include "cli/image.h"
#include "cli/vdb_verbs.h"
#include "cli/verbs.h"

#include "base/clock.h"
#include "base/io.h"
#include "scan/generations.h"
#include "scan/update_build.h"

#include <stdio.h>
#include <string.h>

#define FEEDS_TEXT_MAX (1U << 20) /* bytes: what the command line names */

const struct cli_option vdb_update_options[] = {
    {"out", 'o', "FILE", NULL, "the database to write"},
    {"feeds-dir", 0, "DIR", NULL, "where copies of feeds are kept"},
    {"force", 0, NULL, NULL, "build even if no feed changed"},
    VDB_KEEP_OPTION,
    {"quiet", 'q', NULL, NULL, "no progress on standard error"},
    {"allow-unjailed", 0, NULL, NULL, "run even if this kernel cannot jail the workers"},
    {0},
};

static void print_result(const struct update_file *f)
{
	static const char *const words[] = {"fetched", "unchanged", "STALE", "MISSING"};
	char when[CLOCK_RFC3339_CAP] = "never";
	if (f->fetched_ms)
		clock_rfc3339(f->fetched_ms, when);
	size_t len = strlen(f->url); /* most reasons begin with it */
	const char *why =
	    strncmp(f->why, f->url, len) == 0 && f->why[len] == ':' ? f->why + len + 2 : f->why;
	fprintf(stderr, "%-15s %-9s %s%s%s%s\n", f->feed, words[f->outcome], f->url,
		*why ? ": " : "", why,
		f->outcome == UPDATE_STALE ? " (using the stored copy)" : "");
}

static int build(const struct cli_args *args, const char *out, struct update_file *files,
		 size_t count, struct arena *a, struct err *e)
{
	struct pool_options po = {.limits = LIMITS_DEFAULT,
				  .allow_unjailed = cli_has(args, "allow-unjailed")};
	struct pool *pool = pool_open(&po, e);
	if (!pool)
		return -(int)e->code;
	int r = update_build(pool, files, count, out, a, e);
	pool_close(pool);
	for (size_t i = 0; i < count; i++)
		if (files[i].unreadable)
			print_result(&files[i]);
	return r;
}

static int run(const struct cli_args *args, struct arena *a, struct err *e)
{
	char fallback[4096], dir[4200];
	struct update_source *sources;
	size_t count;
	struct buf words;
	struct update_file *files;
	uint64_t keep;
	if (cli_vdb_keep(args, &keep, e) < 0)
		return -(int)e->code;
	cli_default_vdb(fallback);
	const char *out = cli_get(args, "out") ? cli_get(args, "out") : fallback;
	buf_init(&words, FEEDS_TEXT_MAX);
	for (size_t i = 0; i < args->operand_count; i++)
		buf_printf(&words, "%s ", args->operands[i]);
	int parsed = buf_ok(&words) ? update_parse(buf_bytes(&words), a, &sources, &count, e)
				    : err_set(e, ERR_LIMIT, "too many feeds");
	buf_free(&words);
	if (parsed < 0)
		return parsed;
	(void)snprintf(dir, sizeof dir, "%s.feeds", out);
	const char *feeds_dir = cli_get(args, "feeds-dir");
	const char *slash = strrchr(out, '/');
	char *folder = slash && slash != out
			   ? arena_cstr(a, bytes_part(bytes_of(out), 0, (size_t)(slash - out)))
			   : NULL;
	const struct update_place place = {.dir = feeds_dir ? feeds_dir : dir};
	if ((folder && io_mkdirs(folder, e) < 0) ||
	    update_fetch(sources, count, &place, a, &files, e) < 0)
		return -(int)e->code;
	size_t changed = 0;
	for (size_t i = 0; i < count; i++) {
		changed += files[i].unbuilt;
		if (!cli_has(args, "quiet") || files[i].outcome >= UPDATE_STALE)
			print_result(&files[i]);
	}
	struct err ignored = ERR_INIT;
	struct vdb *present = cli_open_vdb(out, &ignored);
	bool is_there = present != NULL;
	vdb_close(present);
	if (!changed && is_there && !cli_has(args, "force")) {
		printf("%s is up to date\n", out);
		return 0;
	}
	if ((keep && generations_keep(out, e) < 0) || build(args, out, files, count, a, e) < 0)
		return -(int)e->code;
	if (keep)
		generations_prune_beside(out, keep);
	update_built(files, count);
	printf("%s was built\n", out);
	return 0;
}

int verb_vdb_update(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct arena a;
	if (cli_parse(vdb_update_options, argc, argv, &args, &e) < 0)
		return cli_usage("vdb update", &e);
	arena_init(&a, 64U << 20);
	int r = run(&args, &a, &e);
	arena_free(&a);
	return r < 0 ? cli_fail("vdb update", &e) : 0;
}
