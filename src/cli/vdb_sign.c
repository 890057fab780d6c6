/* vdb keygen, sign, verify: who vouches for a database. */
#include "cli/vdb_verbs.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/num.h"
#include "vdb/sign.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_CAP 4096
#define KEEP_MAX 3650U /* days */

const struct cli_option vdb_keygen_options[] = {
    {"out", 'o', "PATH", NULL, "write PATH.key (secret) and PATH.pub"},
    {0},
};
const struct cli_option vdb_sign_options[] = {
    {"key", 'k', "FILE", NULL, "the secret key (PEM)"},
    {"vdb-name", 0, "NAME", VDB_NAME_DEFAULT, "name of the series that the database belongs to"},
    {"out", 'o', "FILE", NULL, "the signature to write (default: beside the database, .sig)"},
    {0},
};
const struct cli_option vdb_verify_options[] = {VDB_KEY_OPTIONS, {0}};

int cli_vdb_keys(const struct cli_args *args, struct cli_vdb_keys *ret, struct err *e)
{
	const char *path = cli_get(args, "vdb-key");
	buf_init(&ret->text, VDB_KEYS_MAX);
	ret->name = cli_get(args, "vdb-name");
	ret->wanted = path && *path;
	if (!ret->wanted)
		return 0;
	if (!vdb_is_name(bytes_of(ret->name)))
		return err_set(e, ERR_FORMAT, "--vdb-name: \"%s\" is not a name", ret->name);
	return io_read_file(path, &ret->text, e) < 0 ? err_ctx(e, "--vdb-key") : 0;
}

void cli_vdb_keys_free(struct cli_vdb_keys *k)
{
	buf_free(&k->text);
}

int cli_vdb_check_signed(const struct vdb *v, const char *path, const struct cli_args *args,
			 struct vdb_statement *ret, struct err *e)
{
	struct cli_vdb_keys keys;
	int r = cli_vdb_keys(args, &keys, e);
	if (r == 0 && keys.wanted)
		r = vdb_check_signed(v, path, buf_bytes(&keys.text), keys.name, ret, e);
	bool was = keys.wanted;
	cli_vdb_keys_free(&keys);
	return r < 0 ? r : was;
}

int cli_vdb_keep(const struct cli_args *args, uint64_t *ret, struct err *e)
{
	const char *text = cli_get(args, "keep");
	return num_u64(bytes_of(text), KEEP_MAX, ret)
		   ? 0
		   : err_set(e, ERR_FORMAT, "--keep: \"%s\" is not a number up to %u", text,
			     KEEP_MAX);
}

static int write_new(const char *stem, const char *ending, struct bytes content, unsigned mode,
		     struct err *e)
{
	char path[PATH_CAP];
	int n = snprintf(path, sizeof path, "%s%s", stem, ending);
	if (n < 0 || (size_t)n >= sizeof path)
		return err_set(e, ERR_FORMAT, "the path is too long");
	if (access(path, F_OK) == 0)
		return err_set(e, ERR_CONFLICT, "%s exists: a key is not overwritten", path);
	return io_replace_file(path, content, mode, e);
}

int vdb_verb_keygen(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct buf secret, open;
	if (cli_parse(vdb_keygen_options, argc, argv, &args, &e) == 0 &&
	    (!cli_get(&args, "out") || args.operand_count))
		(void)err_set(&e, ERR_FORMAT, "give --out PATH");
	if (e.code != ERR_OK)
		return cli_usage("vdb keygen", &e);
	const char *out = cli_get(&args, "out");
	buf_init(&secret, 4096);
	buf_init(&open, 4096);
	int r = vdb_key_make(&secret, &open, &e);
	if (r == 0)
		r = write_new(out, ".key", buf_bytes(&secret), 0600, &e);
	if (r == 0)
		r = write_new(out, ".pub", buf_bytes(&open), 0644, &e);
	if (secret.ptr)
		explicit_bzero(secret.ptr, secret.len);
	buf_free(&secret);
	buf_free(&open);
	return r < 0 ? cli_fail("vdb keygen", &e) : 0;
}

static int sign(const struct cli_args *args, struct err *e)
{
	const char *file = args->operands[0], *out = cli_get(args, "out");
	char beside[PATH_CAP];
	struct vdb_statement s = {.created_ms = clock_wall_ms() / 1000 * 1000};
	struct buf key, text;
	int n = snprintf(beside, sizeof beside, "%s" VDB_SIGNATURE_ENDING, file);
	(void)snprintf(s.name, sizeof s.name, "%s", cli_get(args, "vdb-name"));
	if (n < 0 || (size_t)n >= sizeof beside)
		return err_set(e, ERR_FORMAT, "the path is too long");
	buf_init(&key, VDB_KEYS_MAX);
	buf_init(&text, VDB_SIGNATURE_MAX);
	struct vdb *v = cli_open_vdb(file, e);
	int r = v ? io_read_file(cli_get(args, "key"), &key, e) : -(int)e->code;
	if (r == 0) {
		vdb_statement_of(v, &s);
		r = vdb_sign(buf_bytes(&key), &s, &text, e);
		if (r < 0)
			r = err_ctx(e, "%s", cli_get(args, "key"));
	}
	if (r == 0)
		r = io_replace_file(out ? out : beside, buf_bytes(&text), 0644, e);
	vdb_close(v);
	if (key.ptr)
		explicit_bzero(key.ptr, key.len);
	buf_free(&key);
	buf_free(&text);
	return r;
}

int vdb_verb_sign(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	if (cli_parse(vdb_sign_options, argc, argv, &args, &e) == 0 &&
	    (!cli_get(&args, "key") || args.operand_count != 1))
		(void)err_set(&e, ERR_FORMAT, "give one FILE and --key FILE");
	if (e.code != ERR_OK)
		return cli_usage("vdb sign", &e);
	return sign(&args, &e) < 0 ? cli_fail("vdb sign", &e) : 0;
}

int vdb_verb_verify(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct vdb_statement s = {.created_ms = 0};
	char when[CLOCK_RFC3339_CAP];
	if (cli_parse(vdb_verify_options, argc, argv, &args, &e) == 0 && args.operand_count != 1)
		(void)err_set(&e, ERR_FORMAT, "give one FILE");
	if (e.code != ERR_OK)
		return cli_usage("vdb verify", &e);
	const char *path = args.operands[0];
	struct vdb *v = vdb_open(path, &e);
	if (!v)
		return cli_fail("vdb verify", &e);
	int r = vdb_verify(v, &e);
	if (r < 0)
		(void)err_ctx(&e, "%s", path);
	if (r == 0)
		r = cli_vdb_check_signed(v, path, &args, &s, &e);
	if (r >= 0)
		printf("%s  %s\n", vdb_digest(v), path);
	if (r > 0) {
		clock_rfc3339(s.created_ms, when);
		printf("signed as \"%s\" at %s\n", s.name, when);
	}
	vdb_close(v);
	return r < 0 ? cli_fail("vdb verify", &e) : 0;
}
