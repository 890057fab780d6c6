#include "inventory/bill.h"

#include "base/limits.h"

#define VERSION 1
#define NOTES_MAX 64
#define PACKAGE_LEN_MIN 10 /* bytes: the lengths of a package's fields */

/* The fields of a distribution, in their order. */
static struct bytes *distro_field(struct pkg_distro *d, size_t i)
{
	struct bytes *const fields[] = {&d->id,	  &d->id_like, &d->version_id,	&d->codename,
					&d->name, &d->cpe,     &d->support_end, &d->streams};
	return i < sizeof fields / sizeof *fields ? fields[i] : NULL;
}

void bill_put(struct buf *out, const struct bill *b)
{
	struct pkg_distro d = b->distro;
	buf_put_u8(out, VERSION);
	buf_put_blob(out, b->format);
	buf_put_blob(out, b->name);
	buf_put_blob(out, b->version);
	buf_put_u8(out, b->has_distro);
	for (size_t i = 0; distro_field(&d, i); i++)
		buf_put_blob(out, *distro_field(&d, i));
	buf_put_varint(out, b->note_count);
	for (size_t i = 0; i < b->note_count; i++)
		buf_put_blob(out, b->notes[i]);
	buf_put_varint(out, b->package_count);
	for (size_t i = 0; i < b->package_count; i++) {
		pkg_put(out, &b->packages[i].pkg);
		buf_put_blob(out, b->packages[i].layer);
	}
}

static int take_notes(struct cursor *c, struct arena *a, struct bill *b, struct err *e)
{
	uint64_t count = cur_varint(c);
	if (count > NOTES_MAX || count > cur_left(c))
		return err_set(e, ERR_FORMAT, "bill: %llu notes", (unsigned long long)count);
	b->notes = arena_alloc(a, (size_t)count, sizeof *b->notes);
	if (!b->notes)
		return err_nomem(e);
	for (b->note_count = 0; b->note_count < count; b->note_count++)
		b->notes[b->note_count] = cur_blob(c);
	return 0;
}

static int take_packages(struct cursor *c, struct arena *a, struct bill *b, struct err *e)
{
	uint64_t count = cur_varint(c);
	if (count > cur_left(c) / PACKAGE_LEN_MIN)
		return err_set(e, ERR_FORMAT, "bill: %llu packages in %zu bytes",
			       (unsigned long long)count, cur_left(c));
	if (count > LIMIT_PACKAGES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d packages", LIMIT_PACKAGES_MAX);
	b->packages = arena_alloc(a, (size_t)count, sizeof *b->packages);
	if (!b->packages)
		return err_nomem(e);
	for (uint64_t i = 0; i < count && cur_ok(c); i++) {
		struct bill_package *p = &b->packages[i];
		pkg_take(c, &p->pkg);
		p->layer = cur_blob(c);
		if (i && cur_ok(c) && pkg_cmp(&p[-1].pkg, &p->pkg) >= 0)
			return err_set(e, ERR_FORMAT, "bill: packages are not in order");
	}
	b->package_count = (size_t)count;
	return 0;
}

int bill_take(struct bytes in, struct arena *a, struct bill *ret, struct err *e)
{
	struct cursor c = cur_of(in);
	struct bill b = {.package_count = 0};
	if (cur_u8(&c) != VERSION)
		return err_set(e, ERR_FORMAT, "bill: not of version %d", VERSION);
	b.format = cur_blob(&c);
	b.name = cur_blob(&c);
	b.version = cur_blob(&c);
	b.has_distro = cur_u8(&c) == 1;
	for (size_t i = 0; distro_field(&b.distro, i); i++)
		*distro_field(&b.distro, i) = cur_blob(&c);
	if (take_notes(&c, a, &b, e) < 0 || take_packages(&c, a, &b, e) < 0)
		return -(int)e->code;
	if (!cur_ok(&c) || cur_left(&c))
		return err_set(e, ERR_FORMAT, "bill: %s",
			       cur_ok(&c) ? "bytes behind its end" : "it ends early");
	*ret = b;
	return 0;
}

bool bill_is(struct bytes head)
{
	/* A tar's first member may have any name: POSIX.1 "ustar" at byte 257 says that it is one.
	 */
	if (bytes_eq_lit(bytes_part(head, 257, 5), "ustar"))
		return false;
	if (bytes_has_prefix_lit(head, "\xef\xbb\xbf"))
		head = bytes_from(head, 3);
	head = bytes_trim(head);
	return bytes_has_prefix_lit(head, "{") || bytes_has_prefix_lit(head, "SPDXVersion:") ||
	       bytes_has_prefix_lit(head, "pkg:") || bytes_has_prefix_lit(head, "#") ||
	       bytes_has_prefix_lit(head, "<");
}
