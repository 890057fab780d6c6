/* vdb: verbs in a verb. */
#include "cli/vdb_verbs.h"
#include "cli/verbs.h"

#include "base/clock.h"
#include "advisory/feeds.h"
#include "scan/vdb_build.h"
#include "vdb/vdb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int verb_vdb(int argc, char **argv)
{
	return cli_run_below(cli_find("vdb"), argc, argv);
}

static const struct cli_option build_options[] = {
    {"out", 'o', "FILE", NULL, "the database to write"},
    {"quiet", 'q', NULL, NULL, "print errors only"},
    {"notes", 0, NULL, NULL, "print each record that could not be read"},
    {"allow-unjailed", 0, NULL, NULL, "run even if the kernel cannot jail the workers"},
    {NULL, 0, NULL, NULL, NULL},
};

struct progress {
	bool quiet, notes;
};

/* Control bytes would let a feed write to the terminal. */
static void say(FILE *f, struct bytes text)
{
	for (size_t i = 0; i < text.len && i < 300; i++)
		(void)fputc(text.ptr[i] < 0x20 || text.ptr[i] == 0x7f ? '?' : text.ptr[i], f);
}

static void on_note(void *arg, const char *feed, struct bytes where, struct bytes text)
{
	const struct progress *t = arg;
	if (!t->notes)
		return;
	fprintf(stderr, "%s: ", feed);
	say(stderr, where);
	(void)fputs(": ", stderr);
	say(stderr, text);
	(void)fputc('\n', stderr);
}

static void on_read(void *arg, const char *feed, const char *path, const struct vdb_build_stats *s)
{
	const struct progress *t = arg;
	if (!t->quiet)
		fprintf(stderr, "%s: %s read, %llu advisories and %llu exploit facts so far\n",
			feed, path, (unsigned long long)s->advisories,
			(unsigned long long)s->exploits);
}

static bool is_feed(const char *name)
{
	struct bytes names = BYTES_LIT(FEED_NAMES);
	while (names.len) {
		if (bytes_eq_lit(bytes_trim(bytes_cut(&names, ',')), name))
			return true;
	}
	return false;
}

/* "osv=all.zip": cut in place. */
static int take_inputs(const struct cli_args *args, struct vdb_build_input *in, struct err *e)
{
	for (size_t i = 0; i < args->operand_count; i++) {
		char *text = strdup(args->operands[i]);
		char *eq = text ? strchr(text, '=') : NULL;
		in[i].feed = text;
		if (!text)
			return err_nomem(e);
		if (!eq || eq == text || !eq[1])
			return err_set(e, ERR_FORMAT,
				       "\"%s\" is not NAME=PATH; NAME is one of " FEED_NAMES,
				       args->operands[i]);
		*eq = '\0';
		in[i].path = eq + 1;
		if (!is_feed(text))
			return err_set(e, ERR_FORMAT, "unknown feed \"%s\"; known are " FEED_NAMES,
				       text);
	}
	return 0;
}

static void say_built(const char *out, const struct vdb_build_stats *s, int64_t ms)
{
	struct err e = ERR_INIT;
	struct vdb *v = vdb_open(out, &e);
	if (!v)
		return;
	struct vdb_counts c = vdb_counts_get(v);
	fprintf(stderr,
		"%s: %llu advisories, %llu entries of %llu packages, %llu exploit facts, %llu "
		"bytes, %lld ms\n",
		out, (unsigned long long)c.advisories, (unsigned long long)c.affected,
		(unsigned long long)c.packages, (unsigned long long)c.exploits,
		(unsigned long long)c.file_len, (long long)ms);
	if (s->notes)
		fprintf(stderr, "records not used, or used in part: %llu (--notes lists them)\n",
			(unsigned long long)s->notes);
	vdb_close(v);
}

static int build(const struct cli_args *args, struct vdb_build_input *in, struct err *e)
{
	const char *out = cli_get(args, "out");
	struct progress progress = {.quiet = cli_has(args, "quiet"),
				    .notes = cli_has(args, "notes")};
	struct vdb_build_hooks hooks = {.arg = &progress, .note = on_note, .read = on_read};
	struct vdb_build_stats stats = {.documents = 0};
	struct pool_options po = {.limits = LIMITS_DEFAULT,
				  .allow_unjailed = cli_has(args, "allow-unjailed")};
	if (!out || args->operand_count == 0)
		return err_set(e, ERR_FORMAT, "give --out FILE and at least one NAME=PATH");
	int r = take_inputs(args, in, e);
	if (r < 0)
		return r;
	struct pool *pool = pool_open(&po, e);
	if (!pool)
		return -(int)e->code;
	int64_t start = clock_mono_ms();
	r = scan_vdb_build(pool, in, args->operand_count, out, &hooks, &stats, e);
	pool_close(pool);
	if (r == 0 && !progress.quiet)
		say_built(out, &stats, clock_mono_ms() - start);
	return r;
}

int vdb_verb_build(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct vdb_build_input in[CLI_OPERANDS_MAX] = {{.feed = NULL}};
	if (cli_parse(build_options, argc, argv, &args, &e) < 0)
		return cli_usage("vdb build", &e);
	int r = build(&args, in, &e);
	for (size_t i = 0; i < args.operand_count; i++)
		free((void *)(uintptr_t)in[i].feed);
	return r < 0 ? cli_fail("vdb build", &e) : 0;
}

const struct cli_command vdb_commands[] = {
    {.name = "build",
     .main = vdb_verb_build,
     .synopsis = "--out FILE NAME=PATH ...",
     .summary = "build a database from feeds; PATH is a file, zip, .zst, tar.zst or folder",
     .text = "NAME is one of " FEED_NAMES
	     ". Give NAME=PATH several times for several files of one feed.",
     .options = build_options},
    {.name = "update",
     .main = verb_vdb_update,
     .synopsis = "[--out FILE] [NAME=URL ...]",
     .summary = "fetch the feeds, keep the last good copy of each, rebuild if something changed",
     .text =
	 "Without NAME=URL the built-in list is fetched. NAME is one of " FEED_NAMES
	 ". In URL, {18..23} stands for each of these numbers and {2002..} for each year since "
	 "2002; a URL of .../repodata/repomd.xml, .../mirror.list or .../archive_latest.txt names "
	 "the file.",
     .options = vdb_update_options},
    {.name = "info",
     .main = vdb_verb_info,
     .synopsis = "FILE [--format table|json]",
     .summary = "show what a database contains",
     .options = vdb_info_options},
    {.name = "list",
     .main = vdb_verb_list,
     .synopsis = "[FILE | FOLDER] [--format table|json]",
     .summary = "list the databases that are kept",
     .text = "FILE and those of FILE.kept (see --keep of update and pull), or those of a folder or "
	     "a server's data folder.",
     .options = vdb_list_options},
    {.name = "query",
     .main = vdb_verb_query,
     .synopsis = "FILE (--package ECOSYSTEM NAME | --id ID) [--format table|json]",
     .summary = "show a package's advisories, or an advisory",
     .options = vdb_query_options},
    {.name = "diff",
     .main = vdb_verb_diff,
     .synopsis = "OLD NEW [--list]",
     .summary = "list packages whose advisories differ",
     .options = vdb_diff_options},
    {.name = "verify",
     .main = vdb_verb_verify,
     .synopsis = "FILE [--vdb-key FILE]",
     .summary = "check every byte, and the signature",
     .options = vdb_verify_options},
    {.name = "keygen",
     .main = vdb_verb_keygen,
     .synopsis = "--out PATH",
     .summary = "make a pair of keys for signing databases (Ed25519)",
     .options = vdb_keygen_options},
    {.name = "sign",
     .main = vdb_verb_sign,
     .synopsis = "FILE --key FILE [--vdb-name NAME]",
     .summary = "sign a database: writes FILE.sig",
     .options = vdb_sign_options},
    {.name = "push",
     .main = vdb_verb_push,
     .synopsis = "REF FILE [OLD ...]",
     .summary = "push a database to a registry",
     .text = "FILE.sig goes with it. For each OLD, an earlier database, a delta is pushed, too, so "
	     "that who has that one fetches little. Credentials are those of docker, podman or "
	     "skopeo login.",
     .options = vdb_push_options},
    {.name = "pull",
     .main = vdb_verb_pull,
     .synopsis = "REF [--to FILE] [--vdb-key FILE]",
     .summary = "fetch a database from a registry, by a delta where there is one",
     .text = "The file is replaced once the new one is whole and verified. With --vdb-key, one "
	     "without a good signature is refused; one that is older than the file is refused in "
	     "any case but --allow-older.",
     .options = vdb_pull_options},
    {.name = "delta",
     .main = vdb_verb_delta,
     .synopsis = "OLD NEW --out FILE",
     .summary = "write what leads from one database to another",
     .options = vdb_delta_options},
    {.name = "apply",
     .main = vdb_verb_apply,
     .synopsis = "OLD DELTA --out FILE",
     .summary = "make the database that a delta leads to, bit for bit",
     .options = vdb_apply_options},
    {.name = NULL},
};
