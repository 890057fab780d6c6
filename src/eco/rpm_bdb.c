/* A Berkeley DB hash file, as rpm wrote "Packages" until 4.15. Numbers are in the order of the
 * machine that wrote it; the magic shows which.
 *
 * Page 0: u32 magic 0x061561 at 12, version at 16 (8, 9; 10 from Berkeley DB 18), page size at 20,
 * u8 encryption at 24, u8 page type 8 at 25, u8 flags at 26 (1: checksums), u32 last page at 32.
 * Every page: u32 next page at 16, u16 entries at 20, u16 free offset (overflow pages: bytes of
 * data) at 22, u8 type at 25; 26 bytes in all. Type 2 and 13, hash: u16 offset of each item follows
 * the page header; items fill the page from its end; they alternate key, data. First byte: 1
 * KEYDATA  the rest, up to the item before, is the content 3 OFFPAGE  u32 first overflow page at 4,
 * u32 length at 8 Type 7, overflow: data after the page header, continued in the next page. rpm's
 * key is a package number; number 0 holds the counter. Free pages have type 0 and are passed over.
 * Spec: the Berkeley DB on-disk structures db_page.h; "Berkeley DB Reference Guide", Hash access
 * method. */
#include "eco/rpm.h"
#include "base/buf.h"
#include "base/cursor.h"

#include <stdlib.h>

#define BDB_MAGIC UINT32_C(0x00061561)
#define META_LEN 72
#define PAGE_HEADER_LEN 26
#define PAGE_MIN 512
#define PAGE_MAX 65536
#define OFFPAGE_LEN 12
#define META_CHKSUM 1

enum { PAGE_HASH_UNSORTED = 2, PAGE_OVERFLOW = 7, PAGE_HASHMETA = 8, PAGE_HASH = 13 };
enum { ITEM_KEYDATA = 1, ITEM_OFFPAGE = 3 };

struct bdb {
	struct bytes file;
	bool big;
	uint32_t page_len;
	uint32_t page_count;
	uint64_t copied; /* bytes taken from overflow pages: a page belongs to one item, so never
			    more than the file has */
	struct buf blob;
	const struct rpm_sink *sink;
};

struct page {
	struct bytes all;
	uint64_t off;
	uint32_t next;
	uint16_t entries, free_off;
	uint8_t type;
};

static uint32_t get32(bool big, struct bytes b, size_t off)
{
	struct cursor c = cur_of(bytes_from(b, off));
	return big ? cur_be32(&c) : cur_le32(&c);
}

static uint16_t get16(bool big, struct bytes b, size_t off)
{
	struct cursor c = cur_of(bytes_from(b, off));
	return big ? cur_be16(&c) : cur_le16(&c);
}

bool rpm_bdb_is_magic(struct bytes file)
{
	return file.len >= 16 &&
	       (get32(false, file, 12) == BDB_MAGIC || get32(true, file, 12) == BDB_MAGIC);
}

static int bdb_open(struct bdb *db, struct err *e)
{
	if (db->file.len < META_LEN)
		return err_set(e, ERR_TRUNCATED, "Berkeley DB: no room for the first page");
	db->big = get32(true, db->file, 12) == BDB_MAGIC;
	uint32_t version = get32(db->big, db->file, 16);
	db->page_len = get32(db->big, db->file, 20);
	if (version < 8 || version > 10 || db->file.ptr[25] != PAGE_HASHMETA)
		return err_set(e, ERR_UNSUPPORTED,
			       "Berkeley DB: not a hash of version 8 to 10 (%u)", version);
	if (db->file.ptr[24] != 0 || (db->file.ptr[26] & META_CHKSUM))
		return err_set(e, ERR_UNSUPPORTED, "Berkeley DB: encrypted or with checksums");
	if (db->page_len < PAGE_MIN || db->page_len > PAGE_MAX ||
	    (db->page_len & (db->page_len - 1)))
		return err_set(e, ERR_FORMAT, "Berkeley DB: page size %u", db->page_len);
	uint64_t pages = db->file.len / db->page_len;
	db->page_count = pages > UINT32_MAX ? UINT32_MAX : (uint32_t)pages;
	uint32_t last = get32(db->big, db->file, 32);
	if (last >= db->page_count)
		return db->sink->note(db->sink->arg, 32,
				      "Berkeley DB: pages are missing at the end", e);
	return 0;
}

static struct page page_get(const struct bdb *db, uint32_t number)
{
	struct page p = {.off = (uint64_t)number * db->page_len};
	p.all = bytes_part(db->file, (size_t)p.off, db->page_len);
	p.next = get32(db->big, p.all, 16);
	p.entries = get16(db->big, p.all, 20);
	p.free_off = get16(db->big, p.all, 22);
	p.type = p.all.ptr[25];
	return p;
}

/* Item i: its bytes up to the item before, or to the end of the page. Empty when its offset is
 * wrong. */
static struct bytes page_item(const struct bdb *db, const struct page *p, unsigned i)
{
	size_t first = PAGE_HEADER_LEN + 2U * p->entries;
	size_t start = get16(db->big, p->all, PAGE_HEADER_LEN + 2U * i);
	size_t end = i == 0 ? p->all.len : get16(db->big, p->all, PAGE_HEADER_LEN + 2U * (i - 1));
	if (start < first || end > p->all.len || start >= end)
		return BYTES_NONE;
	return bytes_part(p->all, start, end - start);
}

/* Follow a chain of overflow pages into db->blob. Why it could not be, or NULL. */
static const char *chain_read(struct bdb *db, uint32_t first, uint32_t len)
{
	if (len > RPM_HEADER_MAX)
		return "Berkeley DB: item larger than 16 MiB";
	if (len > db->file.len - db->copied)
		return "Berkeley DB: items overlap";
	buf_clear(&db->blob);
	for (uint32_t number = first; db->blob.len < len;) {
		if (number == 0 || number >= db->page_count)
			return "Berkeley DB: overflow chain ends early";
		struct page p = page_get(db, number);
		size_t here = p.free_off;
		if (p.type != PAGE_OVERFLOW || here == 0 || here > p.all.len - PAGE_HEADER_LEN ||
		    here > len - db->blob.len)
			return "Berkeley DB: not an overflow page of this item";
		buf_put(&db->blob, bytes_part(p.all, PAGE_HEADER_LEN, here));
		db->copied += here;
		if (!buf_ok(&db->blob))
			return NULL;
		number = p.next;
	}
	return NULL;
}

static int item_read(struct bdb *db, const struct page *p, struct bytes item, struct err *e)
{
	if (item.len > 1 && item.ptr[0] == ITEM_KEYDATA)
		return db->sink->header(db->sink->arg, p->off, bytes_from(item, 1), e);
	if (item.len < OFFPAGE_LEN || item.ptr[0] != ITEM_OFFPAGE)
		return db->sink->note(db->sink->arg, p->off, "Berkeley DB: item of unknown form",
				      e);
	const char *why = chain_read(db, get32(db->big, item, 4), get32(db->big, item, 8));
	if (why)
		return db->sink->note(db->sink->arg, p->off, why, e);
	if (!buf_ok(&db->blob))
		return err_set(e, ERR_NOMEM, "Berkeley DB: out of memory");
	return db->sink->header(db->sink->arg, p->off, buf_bytes(&db->blob), e);
}

static int page_read(struct bdb *db, const struct page *p, struct err *e)
{
	if (p->type != PAGE_HASH && p->type != PAGE_HASH_UNSORTED)
		return 0;
	if (2U * p->entries > p->all.len - PAGE_HEADER_LEN || p->entries % 2 != 0)
		return db->sink->note(db->sink->arg, p->off, "Berkeley DB: wrong count of items",
				      e);
	for (unsigned i = 0; i + 1 < p->entries; i += 2) {
		struct bytes key = page_item(db, p, i);
		if (key.len == 5 && key.ptr[0] == ITEM_KEYDATA && get32(db->big, key, 1) == 0)
			continue;
		int r = item_read(db, p, page_item(db, p, i + 1), e);
		if (r < 0)
			return r;
	}
	return 0;
}

int rpm_bdb_read(struct bytes file, const struct rpm_sink *sink, struct err *e)
{
	struct bdb db = {.file = file, .sink = sink};
	buf_init(&db.blob, RPM_HEADER_MAX);
	int r = bdb_open(&db, e);
	for (uint32_t number = 1; r == 0 && number < db.page_count; number++) {
		struct page p = page_get(&db, number);
		r = page_read(&db, &p, e);
	}
	buf_free(&db.blob);
	return r;
}
