/* What VEX documents said, between a worker and the daemon: a version, notes, then statements. */
#include "base/cursor.h"
#include "exception/parse.h"

#define VERSION 1
#define NOTES_MAX 32U
#define STATEMENT_LEN_MIN 8U /* bytes: the lengths of its fields */

enum { OF_IMAGE = 1, OF_PACKAGE = 2 };

static void put_one(struct buf *out, const struct exception *x)
{
	buf_put_u8(out, (uint8_t)x->status);
	buf_put_le64(out, (uint64_t)x->at_ms);
	buf_put_u8(out, (uint8_t)((x->of_image ? OF_IMAGE : 0) | (x->of_package ? OF_PACKAGE : 0)));
	if (x->of_image)
		pkg_put(out, &x->image);
	if (x->of_package)
		pkg_put(out, &x->package);
	buf_put_blob(out, x->version);
	buf_put_blob(out, x->justification);
	buf_put_blob(out, x->statement);
	buf_put_varint(out, x->id_count);
	for (size_t i = 0; i < x->id_count; i++)
		buf_put_blob(out, x->ids[i]);
}

void exceptions_put(struct buf *out, const struct exceptions *x)
{
	buf_put_u8(out, VERSION);
	buf_put_varint(out, x->note_count);
	for (size_t i = 0; i < x->note_count; i++)
		buf_put_blob(out, x->notes[i]);
	buf_put_varint(out, x->count);
	for (size_t i = 0; i < x->count; i++)
		put_one(out, &x->items[i]);
}

static int take_ids(struct exceptions *x, struct cursor *c, struct exception *one, struct err *e)
{
	uint64_t count = cur_varint(c);
	if (count == 0 || count > EXCEPTION_IDS_MAX || count > cur_left(c))
		return err_set(e, ERR_FORMAT, "statements: %llu names of a vulnerability",
			       (unsigned long long)count);
	for (uint64_t i = 0; i < count && cur_ok(c); i++) {
		struct bytes id = cur_blob(c);
		if (exceptions_text_add(x, &one->ids, &one->id_count, id, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

static int take_one(struct exceptions *x, struct cursor *c, struct bytes source, struct err *e)
{
	struct exception one = {.kind = EXCEPTION_VEX, .source = source};
	unsigned status = cur_u8(c);
	one.at_ms = (int64_t)cur_le64(c);
	unsigned flags = cur_u8(c);
	one.status = (enum adv_status)status;
	one.of_image = flags & OF_IMAGE;
	one.of_package = flags & OF_PACKAGE;
	if (one.of_image)
		pkg_take(c, &one.image);
	if (one.of_package)
		pkg_take(c, &one.package);
	one.version = cur_blob(c);
	one.justification = cur_blob(c);
	one.statement = cur_blob(c);
	if (take_ids(x, c, &one, e) < 0)
		return -(int)e->code;
	/* One that is about nothing would take out everything. */
	if (!cur_ok(c) || status > ADV_NOT_AFFECTED || !flags || flags > (OF_IMAGE | OF_PACKAGE))
		return err_set(e, ERR_FORMAT, "statements: at byte %zu", c->off);
	struct exception *new = exceptions_push(x, e);
	if (!new)
		return -(int)e->code;
	*new = one;
	return 0;
}

int exceptions_take(struct exceptions *x, struct bytes in, struct bytes source, struct err *e)
{
	if (exceptions_keep(x, &in, &source, e) < 0)
		return -(int)e->code;
	struct cursor c = cur_of(in);
	if (cur_u8(&c) != VERSION)
		return err_set(e, ERR_FORMAT, "statements: not of version %d", VERSION);
	uint64_t notes = cur_varint(&c);
	if (notes > NOTES_MAX)
		return err_set(e, ERR_FORMAT, "statements: %llu notes", (unsigned long long)notes);
	for (uint64_t i = 0; i < notes && cur_ok(&c); i++) {
		struct bytes note = cur_blob(&c);
		exceptions_note(x, arena_printf(&x->arena, "%.*s", BYTES_ARG(note)));
	}
	uint64_t count = cur_varint(&c);
	if (count > cur_left(&c) / STATEMENT_LEN_MIN)
		return err_set(e, ERR_FORMAT, "statements: %llu in %zu bytes",
			       (unsigned long long)count, cur_left(&c));
	for (uint64_t i = 0; i < count; i++)
		if (take_one(x, &c, source, e) < 0)
			return -(int)e->code;
	if (!cur_ok(&c) || cur_left(&c))
		return err_set(e, ERR_FORMAT, "statements: %s",
			       cur_ok(&c) ? "bytes behind their end" : "they end early");
	return x->no_memory ? err_nomem(e) : 0;
}
