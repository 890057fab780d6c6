/* layout: the steps from the writer's records to the file. Private to the writer. */
#pragma once
#include "vdb/format.h"
#include "vdb/writer.h"

struct layout_entry {
	struct rec_affected *affected;
	uint32_t advisory;
};
struct layout_key {
	uint32_t first, count; /* entries */
	uint64_t hash;
};
struct layout_id {
	uint32_t string, advisory;
};

struct layout {
	struct vdb_writer *w;
	uint32_t *order, *rank; /* strings by their bytes */
	uint32_t *uses;
	uint32_t *ref; /* offset in STRINGS */
	struct layout_entry *entries;
	size_t entry_count;
	struct layout_key *keys;
	size_t key_count;
	struct layout_id *ids;
	size_t id_count;
	uint8_t (*advisory_hash)[VDB_HASH_LEN];
	struct buf section[VDB_SECTION_COUNT];
};

struct bytes layout_text(const struct layout *l, uint32_t string);
int layout_cmp(uint32_t a, uint32_t b);
/* The steps, in this order. */
int layout_rank(struct layout *l, struct err *e); /* strings by their bytes */
int layout_gather(struct layout *l,
		  struct err *e);		  /* exploits joined, entries by key, ids sorted */
int layout_hash(struct layout *l, struct err *e); /* content hash of each key */
void layout_put_counted(struct layout *l);	  /* all sections that refer to strings */
int layout_put_others(struct layout *l, struct err *e); /* sources and key slots */
