#include "scan/bill_input.h"

#include "base/io.h"
#include "base/own.h"
#include "jail/pool.h"
#include "scan/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

bool bill_input_is(const char *path)
{
	uint8_t head[512];
	struct err ignored = ERR_INIT;
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : io_pread(fd, head, sizeof head, 0, &ignored);
	return n > 0 && bill_is((struct bytes){.ptr = head, .len = (size_t)n});
}

static int on_record(void *arg, enum task_record type, struct bytes body, struct err *e)
{
	struct buf *out = arg;
	if (type != TASK_BILL || out->len)
		return err_set(e, ERR_CHILD, "a worker sent something else than a bill");
	buf_put(out, body);
	return buf_ok(out) ? 0 : err_nomem(e);
}

static int on_note(void *arg, struct bytes where, struct bytes text, struct err *e)
{
	(void)arg;
	(void)where;
	(void)text;
	(void)e;
	return 0; /* a bill's own notes are in it */
}

/* The number of the layer with this digest, which is added when it is new. */
static uint32_t layer_of(struct bill_input *b, struct bytes digest)
{
	size_t i = 0;
	struct digest d;
	struct err why = ERR_INIT;
	while (i < b->layer_count && !bytes_eq_lit(digest, b->layers[i].digest))
		i++;
	if (i == LIMIT_LAYERS_MAX || digest_parse(digest, &d, &why) < 0)
		return UINT32_MAX;
	if (i == b->layer_count) {
		b->layers[i] = (struct assess_layer){.complete = true};
		digest_text(&d, b->layers[i].digest);
		b->layer_count++;
	}
	return (uint32_t)i;
}

static int fill_image(struct bill_input *b, const struct bill *bill, struct arena *a, struct err *e)
{
	struct inv_image *image = &b->image;
	*image = (struct inv_image){.has_distro = bill->has_distro,
				    .distro = bill->distro,
				    .is_bill = true,
				    .state = INV_ASSESSED};
	image->packages = arena_alloc(a, bill->package_count, sizeof *image->packages);
	image->notes = arena_alloc(a, bill->note_count, sizeof *image->notes);
	b->layers = arena_alloc(a, LIMIT_LAYERS_MAX, sizeof *b->layers);
	if (!image->packages || !image->notes || !b->layers)
		return err_nomem(e);
	for (size_t i = 0; i < bill->package_count; i++) {
		image->packages[i] = (struct inv_package){
		    .pkg = bill->packages[i].pkg, .layer = layer_of(b, bill->packages[i].layer)};
		image->third_party_count += bill->packages[i].pkg.third_party;
	}
	image->package_count = bill->package_count;
	for (size_t i = 0; i < bill->note_count; i++)
		image->notes[i] = (struct inv_note){.layer = -1, .text = bill->notes[i]};
	image->note_count = bill->note_count;
	if (bill->note_count) {
		image->state = INV_PARTIAL;
		image->doubt = bill->notes[0];
	}
	if (!bill->package_count) {
		image->state = INV_PARTIAL;
		image->lack = BYTES_LIT("the bill of materials lists no packages");
	}
	return 0;
}

int bill_input_open(struct bill_input *b, struct scan_input *in, const char *path,
		    struct pool *pool, struct arena *a, struct err *e)
{
	struct bill bill;
	struct err why = ERR_INIT;
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	*b = (struct bill_input){.layer_count = 0};
	buf_init(&b->text, LIMIT_INVENTORY_MAX);
	if (fd < 0)
		return err_sys(e, "%s", path);
	scan_input_init(in, path);
	const struct pool_task task = {
	    .kind = TASK_READ_SBOM, .fd = fd, .out_fd = -1, .len = UINT64_MAX};
	const struct pool_reader reader = {.arg = &b->text, .record = on_record, .note = on_note};
	if (pool_run(pool, &task, &reader, e) < 0)
		return err_ctx(e, "%s", path);
	if (bill_take(buf_bytes(&b->text), a, &bill, e) < 0)
		return err_ctx(e, "a worker's answer");
	b->format = bill.format;
	in->has_digest = digest_parse(bill.version, &in->digest, &why) == 0;
	return fill_image(b, &bill, a, e);
}

void bill_input_free(struct bill_input *b)
{
	buf_free(&b->text);
	*b = (struct bill_input){.layer_count = 0};
}
