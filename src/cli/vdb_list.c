/* vdb list: the databases that are kept. */
#include "cli/vdb_verbs.h"

#include "base/clock.h"
#include "base/json.h"
#include "scan/generations.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct cli_option vdb_list_options[] = {
    {"format", 'f', "table|json", "table", "how to print it"},
    {0},
};

static bool is_signed(const struct generation_file *f)
{
	char path[4200];
	int n = snprintf(path, sizeof path, "%s" VDB_SIGNATURE_ENDING, f->path);
	return n > 0 && (size_t)n < sizeof path && access(path, F_OK) == 0;
}

static void put_json(struct buf *out, const struct generation_file *list, size_t count)
{
	struct json_out w;
	json_out_init(&w, out, true);
	json_put_array(&w, NULL);
	for (size_t i = count; i-- > 0;) {
		json_put_object(&w, NULL);
		json_put_text(&w, "digest", list[i].digest);
		json_put_time(&w, "built_at", list[i].built_ms);
		json_put_u64(&w, "bytes", list[i].len);
		json_put_bool(&w, "signed", is_signed(&list[i]));
		json_put_text(&w, "path", list[i].path);
		json_put_end(&w, '}');
	}
	json_put_end(&w, ']');
	buf_put_text(out, "\n");
}

/* The newest first. */
static void put_table(struct buf *out, const struct generation_file *list, size_t count)
{
	char when[CLOCK_RFC3339_CAP];
	for (size_t i = count; i-- > 0;) {
		clock_rfc3339(list[i].built_ms, when);
		buf_printf(out, "%s  %.12s  %11llu bytes  %-6s  %s\n", when, list[i].digest,
			   (unsigned long long)list[i].len, is_signed(&list[i]) ? "signed" : "",
			   list[i].path);
	}
}

static int list(const struct cli_args *args, struct err *e)
{
	char fallback[4096];
	struct arena a;
	struct buf out;
	struct generation_file *files;
	size_t count;
	const char *format = cli_get(args, "format");
	bool json = strcmp(format, "json") == 0;
	if (!json && strcmp(format, "table") != 0)
		return err_set(e, ERR_FORMAT, "--format: \"%s\" is neither table nor json", format);
	cli_default_vdb(fallback);
	arena_init(&a, 16U << 20);
	buf_init(&out, 16U << 20);
	int r = generations_list(args->operand_count ? args->operands[0] : fallback, &a, &files,
				 &count, e);
	if (r == 0)
		(json ? put_json : put_table)(&out, files, count);
	if (r == 0)
		r = buf_ok(&out) ? cli_write(NULL, buf_bytes(&out), e) : err_nomem(e);
	buf_free(&out);
	arena_free(&a);
	return r;
}

int vdb_verb_list(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	if (cli_parse(vdb_list_options, argc, argv, &args, &e) == 0 && args.operand_count > 1)
		(void)err_set(&e, ERR_FORMAT, "give one FILE or FOLDER");
	if (e.code != ERR_OK)
		return cli_usage("vdb list", &e);
	return list(&args, &e) < 0 ? cli_fail("vdb list", &e) : 0;
}
