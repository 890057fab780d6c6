/* From the writer's records to the file (format.h, docs/formats/vdb.md).
 *
 * Strings are ranked by their bytes, records put in order and united, affected packages gathered by
 * key. Then every section but the strings is written twice: the first time only counts how often
 * each string is used, so that those used most get the smallest references. */
#include "vdb/layout.h"

#include "oci/digest.h"

#include <stdlib.h>
#include <string.h>

int layout_cmp(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

struct bytes layout_text(const struct layout *l, uint32_t string)
{
	return intern_get(&l->w->strings, string);
}

static int cmp_use(const void *a, const void *b, void *ctx)
{
	const struct layout *l = ctx;
	const uint32_t *x = a, *y = b;
	int c = layout_cmp(l->uses[*y], l->uses[*x]);
	return c ? c : layout_cmp(l->rank[*x], l->rank[*y]);
}

static int put_strings(struct layout *l, struct buf *out, struct err *e)
{
	uint32_t n = l->w->strings.count;
	size_t start = out->len;
	/* The empty string comes first: reference 0. */
	l->uses[0] = UINT32_MAX;
	qsort_r(l->order, n, sizeof *l->order, cmp_use, l);
	for (uint32_t i = 0; i < n && l->uses[l->order[i]]; i++) {
		size_t off = out->len - start;
		if (off > UINT32_MAX)
			return err_set(e, ERR_LIMIT, "database layout: strings exceed 4 GiB");
		l->ref[l->order[i]] = (uint32_t)off;
		buf_put_blob(out, layout_text(l, l->order[i]));
	}
	return buf_ok(out) ? 0 : err_nomem(e);
}

/* Empty again for the second pass; false: the first one ran out of memory. */
static bool clear_sections(struct layout *l)
{
	bool ok = true;
	for (size_t i = 0; i < VDB_SECTION_COUNT; i++) {
		ok = ok && buf_ok(&l->section[i]);
		buf_clear(&l->section[i]);
	}
	return ok;
}

static void put_header(struct layout *l, struct buf *head, const struct bytes *part)
{
	struct buf table, digested;
	uint64_t off = VDB_HEADER_LEN;
	buf_init(&table, VDB_HEADER_LEN);
	buf_init(&digested, VDB_HEADER_LEN);
	for (uint32_t i = 0; i < VDB_SECTION_COUNT; i++) {
		struct digest d;
		digest_of(DIGEST_SHA256, part[i], &d);
		struct bytes hash = {.ptr = d.hash, .len = VDB_HASH_LEN};
		buf_put_le32(&table, i);
		buf_put_le32(&table, vdb_row_len[i] ? (uint32_t)(part[i].len / vdb_row_len[i]) : 0);
		buf_put_le64(&table, off);
		buf_put_le64(&table, part[i].len);
		buf_put(&table, hash);
		off += part[i].len;
		if (i == VDB_SOURCES)
			continue;
		buf_put_le32(&digested, i);
		buf_put_le64(&digested, part[i].len);
		buf_put(&digested, hash);
	}
	struct digest d;
	digest_of(DIGEST_SHA256, buf_bytes(&digested), &d);
	buf_put_text(head, VDB_MAGIC);
	buf_put_le32(head, VDB_VERSION);
	buf_put_le32(head, VDB_HEADER_LEN);
	buf_put_le64(head, off);
	buf_put_le64(head, (uint64_t)l->w->newest_ms);
	buf_put_le64(head, l->entry_count);
	buf_put_le32(head, VDB_SECTION_COUNT);
	buf_put_le32(head, 0);
	buf_put(head, (struct bytes){.ptr = d.hash, .len = VDB_HASH_LEN});
	buf_put(head, buf_bytes(&table));
	head->failed |= table.failed || digested.failed;
	digest_of(DIGEST_SHA256, buf_bytes(head), &d);
	buf_put(head, (struct bytes){.ptr = d.hash, .len = VDB_HASH_LEN});
	buf_free(&table);
	buf_free(&digested);
}

static int put_file(struct layout *l, struct buf *out, struct err *e)
{
	struct bytes part[VDB_SECTION_COUNT];
	size_t start[VDB_SECTION_COUNT];
	buf_commit(out, buf_room(out, VDB_HEADER_LEN) ? VDB_HEADER_LEN : 0);
	start[VDB_STRINGS] = out->len;
	int r = put_strings(l, out, e);
	if (r < 0)
		return r;
	if (!clear_sections(l))
		return err_nomem(e);
	layout_put_counted(l);
	r = layout_put_others(l, e);
	if (r < 0)
		return r;
	for (size_t i = VDB_STRINGS + 1; i < VDB_SECTION_COUNT; i++) {
		if (!buf_ok(&l->section[i]))
			return err_nomem(e);
		if (l->section[i].len > UINT32_MAX - 1)
			return err_set(e, ERR_LIMIT, "database layout: section %s exceeds 4 GiB",
				       vdb_section_name[i]);
		start[i] = out->len;
		buf_put(out, buf_bytes(&l->section[i]));
		buf_free(&l->section[i]);
	}
	if (!buf_ok(out))
		return err_nomem(e);
	for (size_t i = 0; i < VDB_SECTION_COUNT; i++) {
		size_t end = i + 1 < VDB_SECTION_COUNT ? start[i + 1] : out->len;
		part[i] = bytes_part(buf_bytes(out), start[i], end - start[i]);
	}
	struct buf head;
	buf_init(&head, VDB_HEADER_LEN);
	put_header(l, &head, part);
	bool ok = buf_ok(&head) && head.len == VDB_HEADER_LEN;
	if (ok)
		memcpy(out->ptr, head.ptr, VDB_HEADER_LEN);
	buf_free(&head);
	return ok ? 0 : err_nomem(e);
}

static int layout_run(struct layout *l, struct buf *out, struct err *e)
{
	struct vdb_writer *w = l->w;
	int r = layout_rank(l, e);
	if (r == 0)
		r = rec_normalise(w->recs, &w->rec_count, l->rank, &w->arena, e);
	if (r < 0)
		return r;
	if ((r = layout_gather(l, e)) < 0 || (r = layout_hash(l, e)) < 0)
		return r;
	layout_put_counted(l);
	return put_file(l, out, e);
}

int vdb_layout(struct vdb_writer *w, struct buf *out, struct err *e)
{
	struct layout l = {.w = w};
	for (size_t i = 0; i < VDB_SECTION_COUNT; i++)
		buf_init(&l.section[i], SIZE_MAX / 4);
	int r = layout_run(&l, out, e);
	for (size_t i = 0; i < VDB_SECTION_COUNT; i++)
		buf_free(&l.section[i]);
	free(l.order);
	free(l.rank);
	free(l.uses);
	free(l.ref);
	free(l.entries);
	free(l.keys);
	free(l.ids);
	free(l.advisory_hash);
	return r;
}
