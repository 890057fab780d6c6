/* Serialised: a version byte, then the texts as blobs (varint length, bytes) in the order of the
 * table below, then class and third_party, a byte each. A text that a database does not state is
 * empty. */
#include "pkg/package.h"

#define PKG_FORMAT 3

/* Identity first, in the order of comparison; then path, vendor and license. */
static const size_t texts[] = {
    offsetof(struct pkg, type),		  offsetof(struct pkg, namespace),
    offsetof(struct pkg, name),		  offsetof(struct pkg, version),
    offsetof(struct pkg, arch),		  offsetof(struct pkg, source_name),
    offsetof(struct pkg, source_version), offsetof(struct pkg, module),
    offsetof(struct pkg, distro),	  offsetof(struct pkg, qualifiers),
    offsetof(struct pkg, path),		  offsetof(struct pkg, vendor),
    offsetof(struct pkg, license),
};
#define TEXT_COUNT (sizeof(texts) / sizeof(texts[0]))
#define TEXT_IDENTITY 10 /* all but path, vendor and license */

static const struct bytes *text_of(const struct pkg *p, size_t i)
{
	return (const struct bytes *)(const void *)((const char *)p + texts[i]);
}

static struct bytes *text_at(struct pkg *p, size_t i)
{
	return (struct bytes *)(void *)((char *)p + texts[i]);
}

int pkg_cmp(const struct pkg *a, const struct pkg *b)
{
	for (size_t i = 0; i < TEXT_IDENTITY; i++) {
		int r = bytes_cmp(*text_of(a, i), *text_of(b, i));
		if (r != 0)
			return r;
	}
	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	return bytes_cmp(a->path, b->path);
}

static void put_run(struct buf *out, struct bytes run)
{
	buf_put_le32(out, (uint32_t)run.len);
	buf_put(out, run);
}

void pkg_identity(const struct pkg *p, struct buf *out)
{
	const struct bytes runs[] = {p->distro,	 p->type,  p->namespace,   p->name,
				     p->version, p->arch,  p->source_name, p->source_version,
				     p->module,	 p->vendor};
	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
		put_run(out, runs[i]);
	buf_put_u8(out, p->third_party);
	if (p->class == PKG_OS && p->qualifiers.len == 0 && p->license.len == 0)
		return;
	buf_put_u8(out, (uint8_t)p->class);
	put_run(out, p->qualifiers);
	if (p->license.len)
		put_run(out, p->license);
}

int pkg_copy(struct arena *a, const struct pkg *from, struct pkg *ret_to, struct err *e)
{
	struct pkg to = *from;
	for (size_t i = 0; i < TEXT_COUNT; i++) {
		bool ok;
		*text_at(&to, i) = arena_bytes(a, *text_of(from, i), &ok);
		if (!ok)
			return err_set(e, ERR_NOMEM, "package: no memory for a copy");
	}
	*ret_to = to;
	return 0;
}

void pkg_put(struct buf *out, const struct pkg *p)
{
	buf_put_u8(out, PKG_FORMAT);
	for (size_t i = 0; i < TEXT_COUNT; i++)
		buf_put_blob(out, *text_of(p, i));
	buf_put_u8(out, (uint8_t)p->class);
	buf_put_u8(out, p->third_party);
}

void pkg_take(struct cursor *c, struct pkg *ret_p)
{
	struct pkg p = {.class = PKG_OS};
	if (cur_u8(c) != PKG_FORMAT)
		cur_fail(c);
	for (size_t i = 0; i < TEXT_COUNT; i++)
		*text_at(&p, i) = cur_blob(c);
	uint8_t class = cur_u8(c), third_party = cur_u8(c);
	if (class > PKG_DECLARED || third_party > 1)
		cur_fail(c);
	p.class = cur_ok(c) ? (enum pkg_class) class : PKG_OS;
	p.third_party = cur_ok(c) && third_party;
	*ret_p = cur_ok(c) ? p : (struct pkg){.class = PKG_OS};
}

const char *pkg_class_word(int number)
{
	static const char *const words[] = {[PKG_OS] = "os",
					    [PKG_LANGUAGE] = "language",
					    [PKG_BINARY] = "binary",
					    [PKG_DECLARED] = "declared",
					    [PKG_CONTENT] = "content"};
	return number >= 0 && number <= PKG_CONTENT ? words[number] : NULL;
}
