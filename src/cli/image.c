#include "cli/image.h"

#include "base/clock.h"
#include "base/num.h"
#include "base/own.h"
#include "cli/attached.h"
#include "cli/operand.h"
#include "cli/server.h"
#include "cli/term.h"
#include "match/lifecycle.h"
#include "scan/contents.h"
#include "scan/rootfs.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

/* Bytes: 2,000 packages with 20,000 findings take some 40 MiB. */
#define ASSESS_BUDGET (512U << 20)

static void on_alarm(int sig)
{
	static const char text[] = "plimsoll: the time given by --timeout has passed\n";
	(void)sig;
	ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
	(void)ignored;
	_exit(1); /* the workers die with the socket they serve */
}

int cli_image_arm_timeout(const struct cli_args *args, struct err *e)
{
	uint64_t ms;
	const char *text = cli_get(args, "timeout");
	if (!text || !num_duration_ms(bytes_of(text), &ms) || ms == 0 ||
	    ms > UINT64_C(86400000) * 30)
		return err_set(e, ERR_FORMAT,
			       "--timeout: \"%s\" is not a time such as 90s, 5m or 1h",
			       text ? text : "");
	struct sigaction sa = {.sa_handler = on_alarm};
	struct itimerval when = {.it_value = {.tv_sec = (time_t)(ms / 1000),
					      .tv_usec = (suseconds_t)(ms % 1000 * 1000)}};
	if (sigaction(SIGALRM, &sa, NULL) < 0 || setitimer(ITIMER_REAL, &when, NULL) < 0)
		return err_sys(e, "timer");
	return 0;
}

static void on_layer(void *arg, size_t index, bool cached)
{
	const struct cli_image *c = arg;
	if (c->progress)
		fprintf(stderr, "layer %zu of %zu: %s\n", index + 1, c->input.layer_count,
			cached ? "known" : "read");
}

/* Where inventories and what is known of databases are kept; NULL: nowhere. */
static const char *cache_dir(const struct cli_args *args, char fallback[4096])
{
	const char *dir = cli_get(args, "cache-dir");
	if (cli_has(args, "no-cache"))
		return NULL;
	cli_default_cache(fallback);
	return dir ? dir : fallback;
}

static void *check_main(void *arg)
{
	struct cli_image *c = arg;
	char fallback[4096];
	(void)vdb_check(c->vdb, cache_dir(c->args, fallback), &c->check_err);
	return NULL;
}

/* The database is checked while layers are indexed: it is needed only after them. */
static int open_vdb(struct cli_image *c, const struct cli_args *args, struct err *e)
{
	char fallback[4096], cache[4096];
	const char *path = cli_get(args, "vdb");
	int64_t as_of_ms = 0;
	cli_default_vdb(fallback);
	c->vdb_kept = path ? path : arena_cstr(&c->arena, bytes_of(fallback));
	if (!c->vdb_kept)
		return err_nomem(e);
	if (kept_as_of(args, &as_of_ms, e) < 0 ||
	    kept_choose(c->vdb_kept, as_of_ms, &c->arena, &c->vdb_path, e) < 0)
		return -(int)e->code;
	c->now_ms = as_of_ms && as_of_ms < c->now_ms ? as_of_ms : c->now_ms;
	c->vdb = vdb_open(c->vdb_path, e);
	if (!c->vdb && e->code == ERR_NOT_FOUND && !path)
		return err_set(e, ERR_NOT_FOUND,
			       "no vulnerability database at %s: build one with \"plimsoll vdb "
			       "update\" or name one with --vdb",
			       fallback);
	struct vdb_statement s;
	if (!c->vdb || cli_vdb_check_signed(c->vdb, c->vdb_path, args, &s, e) < 0 ||
	    lifecycle_use(c->vdb, e) < 0)
		return -(int)e->code;
	c->args = args;
	c->check_err = (struct err)ERR_INIT;
	if (vdb_is_known_whole(c->vdb, cache_dir(args, cache)))
		return 0;
	c->checking = pthread_create(&c->checker, NULL, check_main, c) == 0;
	if (!c->checking)
		(void)check_main(c);
	return 0;
}

static int join_check(struct cli_image *c, struct err *e)
{
	if (c->checking)
		pthread_join(c->checker, NULL);
	c->checking = false;
	if (!c->vdb || c->check_err.code == ERR_OK)
		return 0;
	*e = c->check_err;
	return err_ctx(e, "%s", c->vdb_path);
}

/* Starting workers costs more than a scan whose layers are all known: only when there is work for
 * them. */
static int open_pool(struct cli_image *c, const struct cli_args *args, struct err *e)
{
	struct pool_options po = {.limits = LIMITS_DEFAULT,
				  .skip_probe = true,
				  .allow_unjailed = cli_has(args, "allow-unjailed")};
	if (!c->pool)
		c->pool = pool_open(&po, e);
	return c->pool ? 0 : -(int)e->code;
}

static int open_bill(struct cli_image *c, const char *path, struct err *e)
{
	c->is_bill = true;
	int r = bill_input_open(&c->bill, &c->input, path, c->pool, &c->arena, e);
	c->image = c->bill.image;
	return r;
}

/* shown: what the user calls it. */
static int open_path(struct cli_image *c, const struct cli_args *args, const char *path,
		     const char *shown, struct err *e)
{
	if (bill_input_is(path))
		return open_bill(c, path, e);
	int r = scan_input_open(&c->input, path, bytes_of(cli_get(args, "platform")), c->pool, e);
	if (r == 0 && c->input.note.len && !cli_has(args, "quiet"))
		fprintf(stderr, "%s: %.*s\n", shown, BYTES_ARG(c->input.note));
	return r;
}

int cli_registry_options(const struct cli_args *args, struct arena *a, struct pull_options *ret,
			 struct err *e)
{
	char prompt[512];
	struct pull_options o = {.username = cli_get(args, "username"),
				 .password = cli_get(args, "password"),
				 .password_stdin = cli_has(args, "password-stdin"),
				 .insecure = cli_has(args, "insecure")};
	if (o.username && !o.password && !o.password_stdin) {
		(void)snprintf(prompt, sizeof prompt, "Password for %s", o.username);
		if (term_password(prompt, a, &o.password, e) < 0)
			return err_set(e, ERR_FORMAT,
				       "no password for \"%s\": set PLIMSOLL_PASSWORD or use "
				       "--password-stdin",
				       o.username);
	}
	if (cli_server_set_authorities(args, e) < 0)
		return -(int)e->code;
	*ret = o;
	return 0;
}

static int open_reference(struct cli_image *c, const struct cli_args *args, const char *ref,
			  struct err *e)
{
	struct pull_options o;
	if (cli_registry_options(args, &c->arena, &o, e) < 0)
		return -(int)e->code;
	o.platform = cli_get(args, "platform");
	o.attached = cli_attached_asked(args);
	return pull_image(&c->input, ref, &o, e);
}

static void warn_rootfs(const char *dir, size_t count, const char *what)
{
	if (count)
		fprintf(stderr, "plimsoll: warning: %s: %s: %zu\n", dir, what, count);
}

/* One more note of the image as a whole; a doubt leaves it Unverified. */
static int note_image(struct cli_image *c, size_t count, const char *what, bool doubt,
		      struct err *e)
{
	struct inv_image *image = &c->image;
	if (!count)
		return 0;
	const char *text = arena_printf(&c->arena, "%s: %zu", what, count);
	struct inv_note *more = arena_alloc(&c->arena, image->note_count + 1, sizeof *more);
	if (!more || !text)
		return err_nomem(e);
	if (image->note_count)
		memcpy(more, image->notes, image->note_count * sizeof *more);
	more[image->note_count++] = (struct inv_note){.layer = -1, .text = bytes_of(text)};
	image->notes = more;
	if (doubt && image->state == INV_ASSESSED)
		image->state = INV_PARTIAL;
	if (doubt && !image->doubt.len)
		image->doubt = bytes_of(text);
	return 0;
}

#define UNREADABLE "unreadable files or folders"
#define NOT_ENTERED "folders on other file systems, not entered"
static int note_rootfs(struct cli_image *c, struct err *e)
{
	const struct rootfs_stats *s = &c->rootfs;
	return note_image(c, s->unreadable, UNREADABLE, true, e) < 0 ||
		       note_image(c, s->skipped, "folders that were to be skipped", true, e) < 0 ||
		       note_image(c, s->other_file_systems, NOT_ENTERED, false, e) < 0
		   ? -(int)e->code
		   : 0;
}

static int open_rootfs(struct cli_image *c, const struct cli_args *args, const char *dir,
		       struct err *e)
{
	const struct rootfs_options options = {.other_file_systems =
						   cli_has(args, "all-file-systems"),
					       .skipped = bytes_of(cli_get(args, "skip-dirs"))};
	if (rootfs_open(&c->input, dir, &options, &c->rootfs, e) < 0)
		return -(int)e->code;
	warn_rootfs(dir, c->rootfs.unreadable, UNREADABLE);
	warn_rootfs(dir, c->rootfs.other_file_systems, NOT_ENTERED);
	return 0;
}

/* The copy has a path while its descriptor is open; messages say "standard input" instead. */
static int open_stdin(struct cli_image *c, const struct cli_args *args, struct err *e)
{
	char path[64];
	if (cli_has(args, "password-stdin"))
		return err_set(e, ERR_FORMAT,
			       "standard input cannot be both an image and a password");
	c->spool = operand_spool(e);
	if (c->spool < 0)
		return c->spool;
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", c->spool);
	int r = open_path(c, args, path, "standard input", e);
	size_t len = strlen(path);
	if (r < 0 && strncmp(e->msg, path, len) == 0) {
		char rest[sizeof e->msg];
		(void)snprintf(rest, sizeof rest, "%s", e->msg + len);
		return err_set(e, e->code, "standard input%s", rest);
	}
	c->input.name = r < 0 ? c->input.name : BYTES_LIT("standard input");
	return r;
}

static int open_input(struct cli_image *c, const struct cli_args *args, const struct operand *o,
		      struct err *e)
{
	switch (o->kind) {
	case OPD_ROOTFS:
		return open_rootfs(c, args, o->text, e);
	case OPD_STDIN:
		return open_stdin(c, args, e);
	case OPD_PATH:
		return open_path(c, args, o->text, o->text, e);
	case OPD_SBOM:
		return open_bill(c, o->text, e);
	case OPD_REFERENCE:
	default:
		return open_reference(c, args, o->text, e);
	}
}

/* An index is chosen from by platform; a single image says only now what it is for. */
static int check_platform(const struct cli_image *c, const struct cli_args *args, struct err *e)
{
	const struct oci_platform *is = &c->input.config.platform;
	struct bytes want = bytes_of(cli_get(args, "platform"));
	struct buf text;
	if (!want.len || !is->os.len || oci_platform_matches(is, want))
		return 0;
	buf_init(&text, 1024);
	oci_platform_text(is, &text);
	err_set(e, ERR_NOT_FOUND, "--platform: the image is for %.*s, not for %.*s",
		BYTES_ARG(buf_bytes(&text)), BYTES_ARG(want));
	buf_free(&text);
	return -(int)e->code;
}

static int take_inventory(struct cli_image *c, const struct cli_args *args, struct err *e)
{
	char cache[4096];
	unsigned groups = INSPECT_GROUPS_DEFAULT;
	if (cli_has(args, "content-checks") &&
	    !inspect_groups_read(bytes_of(cli_get(args, "content-checks")), &groups))
		return err_set(e, ERR_FORMAT,
			       "--content-checks: none, or groups of accounts, secrets, "
			       "permissions, configuration");
	if (c->is_bill)
		return 0;
	const char *dir = cache_dir(args, cache);
	struct layers_progress progress = {.arg = c, .done = on_layer};
	int r = layers_index(&c->input, c->pool, dir, &progress, &c->layers, e);
	if (r < 0 && e->code == ERR_CONFLICT && !c->pool && open_pool(c, args, e) == 0)
		r = layers_index(&c->input, c->pool, dir, &progress, &c->layers, e);
	if (r < 0)
		return r;
	const struct inv_source source = {.layers = c->layers.parsed,
					  .layer_count = c->layers.count,
					  .has_config = true,
					  .diff_ids = c->input.config.diff_ids,
					  .diff_id_count = c->input.config.diff_id_count};
	r = inv_merge(&source, &c->arena, &c->image, e);
	if (r == 0)
		r = contents_settle(&c->image, &c->input.config, groups, clock_wall_ms(), &c->arena,
				    e);
	return r < 0 ? r : note_rootfs(c, e);
}

/* A tar is listed by a worker, a bill of materials read by one. */
static bool is_tar(const struct operand *o)
{
	struct stat st;
	char place[SCAN_PLACE_MAX];
	struct bytes choice;
	if (o->kind != OPD_PATH)
		return o->kind == OPD_STDIN || o->kind == OPD_SBOM;
	scan_input_place(o->text, place, &choice);
	return stat(place, &st) == 0 && S_ISREG(st.st_mode);
}

/* Of an image that was opened. */
static int take_attached(struct cli_image *c, const struct cli_args *args, struct err *e)
{
	if (!cli_attached_asked(args) || c->is_bill)
		return 0;
	if (scan_input_attached(&c->input, e) < 0 ||
	    (c->input.attached_count && !c->pool && open_pool(c, args, e) < 0))
		return -(int)e->code;
	if (cli_attached_read(c, args, e) < 0)
		return -(int)e->code;
	return attached_take_packages(&c->attached, &c->image, &c->arena, e);
}

int cli_image_open(struct cli_image *c, const struct cli_args *args, const char *text,
		   bool want_vdb, struct err *e)
{
	struct operand o = {.kind = OPD_PATH, .text = cli_get(args, "input")};
	*c = (struct cli_image){.progress = !cli_has(args, "quiet") && isatty(STDERR_FILENO),
				.now_ms = clock_wall_ms()};
	arena_init(&c->arena, ASSESS_BUDGET);
	if (!text == !o.text)
		return err_set(e, ERR_FORMAT,
			       text ? "give either an image or --input, not both"
				    : "give an image: PATH, -, REF or --input PATH");
	if (text && operand_parse(text, &o, e) < 0)
		return -(int)e->code;
	if (cli_image_arm_timeout(args, e) < 0 || (want_vdb && open_vdb(c, args, e) < 0) ||
	    (is_tar(&o) && open_pool(c, args, e) < 0) || open_input(c, args, &o, e) < 0 ||
	    check_platform(c, args, e) < 0)
		return -(int)e->code;
	int r = take_inventory(c, args, e);
	if (r == 0)
		r = take_attached(c, args, e);
	if (r == 0 && cli_has(args, "assume-linked"))
		r = inv_assume_linked(&c->image, &c->arena, e);
	if (r == 0 && join_check(c, e) < 0)
		return -(int)e->code;
	const struct assess_input in = {.image = &c->image,
					.platform = &c->input.config.platform,
					.vdb = c->vdb,
					.declared = cli_has(args, "declared"),
					.now_ms = c->now_ms};
	if (r < 0 || assess_image(&in, &c->arena, &c->assess, e) < 0)
		return err_ctx(e, "%.*s", BYTES_ARG(c->input.name));
	if (c->is_bill) {
		assess_name_layers(&c->assess, c->bill.layers, c->bill.layer_count);
		return 0;
	}
	if (assess_layers(&c->assess, c->input.layers, c->layers.parsed, c->layers.count, &c->arena,
			  e) < 0)
		return err_ctx(e, "%.*s", BYTES_ARG(c->input.name));
	return 0;
}

void cli_image_close(struct cli_image *c)
{
	if (c->checking)
		pthread_join(c->checker, NULL);
	layers_result_free(&c->layers);
	scan_input_free(&c->input);
	bill_input_free(&c->bill);
	attached_free(&c->attached);
	buf_free(&c->attached_keys);
	vdb_close(c->vdb);
	pool_close(c->pool);
	if (c->spool > 0)
		own_fd_close(&c->spool);
	arena_free(&c->arena);
	*c = (struct cli_image){0};
}
