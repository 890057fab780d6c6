/* vdb push, pull: databases in registries. */
#include "cli/image.h"
#include "cli/vdb_verbs.h"

#include "base/io.h"
#include "scan/generations.h"
#include "scan/travel.h"

#include <stdio.h>
#include <string.h>

#define UNJAILED                                                                                   \
	{                                                                                          \
		"allow-unjailed", 0, NULL, NULL, "run even if this kernel cannot jail the workers" \
	}
const struct cli_option vdb_push_options[] = {CREG_OPTIONS, UNJAILED, {0}};
const struct cli_option vdb_pull_options[] = {
    {"to", 't', "FILE", NULL, "the database to replace (default: the one that scan uses)"},
    VDB_KEY_OPTIONS,
    {"allow-older", 0, NULL, NULL, "also replace a newer database"},
    VDB_KEEP_OPTION,
    {"quiet", 'q', NULL, NULL, "print errors only"},
    CREG_OPTIONS,
    UNJAILED,
    {0},
};

static void on_note(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "plimsoll vdb push: %s\n", text);
}

/* A worker packs and unpacks. */
static struct pool *open_pool(const struct cli_args *args, struct err *e)
{
	struct pool_options po = {.limits = LIMITS_DEFAULT,
				  .slots = 1,
				  .skip_probe = true,
				  .allow_unjailed = cli_has(args, "allow-unjailed")};
	po.limits.layer_out_max = LIMIT_VDB_MAX;
	return pool_open(&po, e);
}

static int open_place(const struct cli_args *args, struct arena *a, struct credentials *cred,
		      struct travel_place *ret, struct err *e)
{
	struct pull_options o;
	if (cli_registry_options(args, a, &o, e) < 0 || pull_credentials(&o, a, cred, e) < 0)
		return -(int)e->code;
	*ret = (struct travel_place){
	    .ref = args->operands[0], .credentials = cred, .insecure = o.insecure};
	return 0;
}

static int push(const struct cli_args *args, struct arena *a, struct err *e)
{
	char digest[DIGEST_TEXT_CAP];
	struct credentials cred;
	struct travel_push p = {.file = args->operands[1],
				.bases = args->operands + 2,
				.base_count = args->operand_count - 2,
				.on_note = on_note};
	if (open_place(args, a, &cred, &p.to, e) < 0 || !(p.pool = open_pool(args, e)))
		return -(int)e->code;
	int r = travel_push(&p, digest, e);
	pool_close(p.pool);
	if (r == 0)
		printf("%s\n", digest);
	return r;
}

int vdb_verb_push(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct arena a;
	if (cli_parse(vdb_push_options, argc, argv, &args, &e) == 0 && args.operand_count < 2)
		(void)err_set(&e, ERR_FORMAT, "give REF and FILE");
	if (e.code != ERR_OK)
		return cli_usage("vdb push", &e);
	arena_init(&a, 1U << 20);
	int r = push(&args, &a, &e);
	arena_free(&a);
	return r < 0 ? cli_fail("vdb push", &e) : 0;
}

static int make_folder(const char *file, struct arena *a, struct err *e)
{
	const char *slash = strrchr(file, '/');
	if (!slash || slash == file)
		return 0;
	const char *folder = arena_cstr(a, bytes_part(bytes_of(file), 0, (size_t)(slash - file)));
	return folder ? io_mkdirs(folder, e) : err_nomem(e);
}

static int pull(const struct cli_args *args, struct arena *a, struct err *e)
{
	char fallback[4096];
	struct credentials cred;
	struct cli_vdb_keys keys;
	struct travel_pulled got = {.changed = false};
	uint64_t keep = 0;
	cli_default_vdb(fallback);
	const char *to = cli_get(args, "to") ? cli_get(args, "to") : fallback;
	struct travel_pull p = {
	    .to = to, .current = to, .may_be_older = cli_has(args, "allow-older")};
	int r = cli_vdb_keys(args, &keys, e);
	if (r == 0)
		r = open_place(args, a, &cred, &p.from, e);
	if (r == 0)
		r = make_folder(to, a, e);
	p.keys = buf_bytes(&keys.text);
	p.name = keys.name;
	if (r == 0)
		r = cli_vdb_keep(args, &keep, e);
	if (r == 0 && keep)
		r = generations_keep(to, e);
	if (r == 0 && !(p.pool = open_pool(args, e)))
		r = -(int)e->code;
	if (r == 0)
		r = travel_pull(&p, &got, e);
	pool_close(p.pool);
	if (r == 0 && keep)
		generations_prune_beside(to, keep);
	if (r == -ERR_CONFLICT)
		(void)snprintf(e->msg + strlen(e->msg), sizeof e->msg - strlen(e->msg),
			       "; --allow-older takes it nevertheless");
	cli_vdb_keys_free(&keys);
	if (r < 0)
		return r;
	if (got.note[0])
		fprintf(stderr, "plimsoll vdb pull: the whole file was fetched: %s\n", got.note);
	if (!cli_has(args, "quiet") && got.changed)
		printf("%s was replaced (%llu bytes, %s)\n", to, (unsigned long long)got.received,
		       got.by_delta ? "a delta" : "the whole file");
	else if (!cli_has(args, "quiet"))
		printf("%s is up to date\n", to);
	return 0;
}

int vdb_verb_pull(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct arena a;
	if (cli_parse(vdb_pull_options, argc, argv, &args, &e) == 0 && args.operand_count != 1)
		(void)err_set(&e, ERR_FORMAT, "give one REF");
	if (e.code != ERR_OK)
		return cli_usage("vdb pull", &e);
	arena_init(&a, 1U << 20);
	int r = pull(&args, &a, &e);
	arena_free(&a);
	return r < 0 ? cli_fail("vdb pull", &e) : 0;
}
