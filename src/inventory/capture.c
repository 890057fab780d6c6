/* A wanted file while its ecosystem reads it: in memory, or mapped from the scratch file. */
#include "base/io.h"
#include "eco/parsers.h"
#include "inventory/indexer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Bytes of a file held in memory when there is a scratch file. */
#define MEMORY_FILE_MAX (1U << 20)
#define CHUNK_LEN 65536U
#define PARSE_MEMORY (24U << 20) /* bytes that a parser may take besides its file */
/* Bytes of files held in one layer, one after another: sparse files are cheap to send. */
#define CAPTURE_TOTAL_MAX (UINT64_C(2) << 30)

bool indexer_is_damage(int r)
{
	return r == -ERR_TRUNCATED || r == -ERR_FORMAT || r == -ERR_LIMIT ||
	       r == -ERR_UNSUPPORTED || r == -ERR_INTEGRITY;
}

/* sinks */

struct parse_run {
	struct indexer *ix;
	uint32_t index;
};

struct license_run {
	struct indexer *ix;
	struct bytes path;
};

static int on_package(void *arg, const struct pkg *p, struct err *e)
{
	struct parse_run *run = arg;
	return layer_writer_package(&run->ix->w, run->index, p, e);
}

static int on_owns(void *arg, struct bytes name, struct bytes arch, struct bytes path,
		   struct err *e)
{
	struct parse_run *run = arg;
	uint8_t clean[LIMIT_PATH_MAX];
	char owner[1200];
	int64_t len = tar_clean_path(path, clean, NULL);
	if (len <= 0 || name.len > 512 || arch.len > 64)
		return 0;
	int n = arch.len > 0
		    ? snprintf(owner, sizeof owner, "%.*s:%.*s", BYTES_ARG(name), BYTES_ARG(arch))
		    : snprintf(owner, sizeof owner, "%.*s", BYTES_ARG(name));
	struct bytes owner_bytes = {.ptr = (const uint8_t *)owner, .len = n > 0 ? (size_t)n : 0};
	return layer_writer_owns(&run->ix->w, run->index, owner_bytes,
				 (struct bytes){.ptr = clean, .len = (size_t)len}, e);
}

static int on_distro(void *arg, const struct pkg_distro *d, struct err *e)
{
	struct parse_run *run = arg;
	return layer_writer_distro(&run->ix->w, run->index, d, e);
}

static int on_license(void *arg, struct bytes name, struct bytes license, struct err *e)
{
	struct license_run *run = arg;
	return layer_writer_license(&run->ix->w, run->path, name, license, e);
}

static int on_note(void *arg, uint64_t off, const char *text, struct err *e)
{
	struct parse_run *run = arg;
	char line[600];
	(void)snprintf(line, sizeof line, "at %llu: %s", (unsigned long long)off, text);
	const struct layer_writer_entry *ent = &run->ix->w.entries[run->index];
	const struct ecosystem *eco = &eco_table[ent->eco];
	/* what states packages may have stated one more */
	return eco->purl_type && eco->class != PKG_DECLARED
		   ? layer_writer_doubt_of_file(&run->ix->w, ent->path, line, e)
		   : layer_writer_note(&run->ix->w, ent->path, line, e);
}

/* capture */

struct bytes indexer_captured(const struct indexer_capture *c)
{
	return (struct bytes){.ptr = c->map ? c->map : c->heap, .len = c->len};
}

void indexer_capture_free(struct indexer_capture *c)
{
	free(c->heap);
	if (c->map)
		(void)munmap(c->map, c->len);
	*c = (struct indexer_capture){.heap = NULL};
}

static int capture_heap(struct tar *t, size_t size, struct indexer_capture *c, struct err *e)
{
	size_t cap = 0;
	while (c->len < size) {
		if (c->len == cap) {
			/* what the header claims is believed step by step */
			size_t more = cap == 0 ? CHUNK_LEN : cap * 2;
			uint8_t *bigger = realloc(c->heap, more);
			if (!bigger)
				return err_set(e, ERR_NOMEM, "layer: out of memory");
			c->heap = bigger;
			cap = more;
		}
		int64_t n = tar_read(t, c->heap + c->len, cap - c->len, e);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		c->len += (size_t)n;
	}
	return 0;
}

static int capture_scratch(struct tar *t, int fd, struct indexer_capture *c, struct err *e)
{
	uint8_t *chunk = malloc(CHUNK_LEN);
	if (!chunk)
		return err_set(e, ERR_NOMEM, "layer: out of memory");
	int r = 0;
	size_t len = 0;
	for (;;) {
		int64_t n = tar_read(t, chunk, CHUNK_LEN, e);
		if (n <= 0) {
			r = (int)n;
			break;
		}
		r = io_pwrite(fd, chunk, (size_t)n, len, e);
		if (r < 0)
			break;
		len += (size_t)n;
	}
	free(chunk);
	if (r < 0 || len == 0)
		return r;
	void *map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_sys(e, "scratch file: mmap");
	c->map = map;
	c->len = len;
	return 0;
}

int indexer_capture(struct indexer *ix, struct tar *t, uint64_t size, struct indexer_capture *c,
		    struct err *e)
{
	ix->captured += size;
	if (ix->src->scratch_fd >= 0 && size > MEMORY_FILE_MAX)
		return capture_scratch(t, ix->src->scratch_fd, c, e);
	return capture_heap(t, (size_t)size, c, e);
}

int indexer_parse(struct indexer *ix, uint32_t index, struct bytes file, struct err *e)
{
	struct parse_run run = {.ix = ix, .index = index};
	const struct eco_sink sink = {.arg = &run,
				      .package = on_package,
				      .owns = on_owns,
				      .distro = on_distro,
				      .note = on_note};
	struct arena a;
	struct err why = ERR_INIT;
	layer_writer_begin(&ix->w, index);
	arena_init(&a, PARSE_MEMORY);
	struct bytes path = ix->w.entries[index].path;
	int r = eco_parse(ix->w.entries[index].eco, path, file, &sink, &a, &why);
	bool spent = r == -ERR_NOMEM && arena_is_spent(&a);
	arena_free(&a);
	if (spent)
		return layer_writer_unread(&ix->w, index,
					   "reading it takes more than 24 MiB of memory", e);
	if (indexer_is_damage(r))
		return layer_writer_unread(&ix->w, index, why.msg, e);
	if (r < 0)
		return err_set(e, (enum err_code) - r, "%s", why.msg);
	return 0;
}

int indexer_licenses(struct indexer *ix, size_t eco, struct tar *t, const struct tar_entry *tar,
		     struct bytes path, struct err *e)
{
	struct license_run run = {.ix = ix, .path = path};
	const struct eco_sink sink = {.arg = &run, .license = on_license};
	struct indexer_capture c = {.heap = NULL};
	struct err why = ERR_INIT;
	struct arena a;
	char text[120];
	if (indexer_is_too_large(ix, eco, tar->size, text))
		return layer_writer_note(&ix->w, path, text, e);
	int r = indexer_capture(ix, t, tar->size, &c, e);
	if (r == 0) {
		arena_init(&a, PARSE_MEMORY);
		r = eco_parsers[eco]->parse(path, indexer_captured(&c), &sink, &a, &why);
		arena_free(&a);
		if (r == -ERR_NOMEM)
			(void)err_set(e, ERR_NOMEM, "%s", why.msg);
		else
			r = 0;
	}
	indexer_capture_free(&c);
	return r;
}

bool indexer_is_too_large(const struct indexer *ix, size_t eco, uint64_t size, char text[120])
{
	uint64_t max = eco_table[eco].file_max;
	if (max > ix->lim->wanted_file_max)
		max = ix->lim->wanted_file_max;
	if (size > max)
		(void)snprintf(text, 120, "%llu bytes: files over %llu are not read",
			       (unsigned long long)size, (unsigned long long)max);
	else if (size > CAPTURE_TOTAL_MAX - ix->captured)
		(void)snprintf(text, 120, "the files of interest in this layer exceed 2 GiB");
	else
		return false;
	return true;
}
