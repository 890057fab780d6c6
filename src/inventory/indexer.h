/* indexer (indexer_): the state of layer_index while it reads a layer, shared by the files that do
 * it: index (passes), member (what a member is), capture (files that are read). Inside the worker
 * only. */
#pragma once
#include "archive/tar.h"
#include "inspect/search.h"
#include "inventory/layer.h"
#include "inventory/place.h"
#include "inventory/writer.h"

#define IX_LINKS_MAX 1024U    /* hard links that are read in a second pass */
#define IX_PROGRAMS_MAX 4096U /* programs that are read in a second pass */
#define IX_KNOWN_CAP 512U     /* slots for the locations and the folders above them */

/* A hard link to what went by unread: the last member of that path in front of it is meant. */
struct indexer_link {
	uint32_t index;	  /* of its entry */
	uint64_t ordinal; /* of its member */
};

struct indexer {
	const struct layer_source *src;
	const struct limits *lim;
	struct layer_writer w;
	struct layer_writer_totals totals;
	struct place place;
	uint64_t captured;
	uint64_t ordinal;		  /* of the member at hand */
	struct bytes known[IX_KNOWN_CAP]; /* hash set of the ecosystems' locations and the folders
					     above them */
	size_t known_len_max;
	uint8_t path[LIMIT_PATH_MAX], target[LIMIT_PATH_MAX];
	bool moved;	  /* a member lies behind a link of the layer */
	bool said_unsure; /* that members are at unknown places */
	struct indexer_link links[IX_LINKS_MAX];
	uint32_t link_count;
	struct indexer_link programs[IX_PROGRAMS_MAX];
	uint32_t program_count;
	uint64_t store_output; /* hash of the output of Nix's store whose files came last */
	struct inspect_search *content;
	uint8_t *text;		/* LIMIT_CONTENT_FILE_MAX bytes, when the first file was read */
	uint64_t text_total;	/* bytes that were looked at */
	uint64_t texts_cut;	/* files of which only the beginning was */
	uint64_t texts_skipped; /* files of which nothing was */
	bool modes_full;	/* permissions that are not recorded */
	uint64_t texts_full;	/* files of which not all that was found is recorded */
};

/* A member's content while a parser reads it. */
struct indexer_capture {
	uint8_t *heap;
	void *map;
	size_t len;
};

/* The input's fault: recorded, and what was read until then is kept. Anything else is ours or the
 * system's and ends the work. */
bool indexer_is_damage(int r);
int indexer_capture(struct indexer *ix, struct tar *t, uint64_t size, struct indexer_capture *c,
		    struct err *e);
struct bytes indexer_captured(const struct indexer_capture *c);
void indexer_capture_free(struct indexer_capture *c);
/* Why a file of this size is not read, into text; false when it may be. */
bool indexer_is_too_large(const struct indexer *ix, size_t eco, uint64_t size, char text[120]);
/* Have the ecosystem read the file of entry index. A file it cannot read is noted. */
int indexer_parse(struct indexer *ix, uint32_t index, struct bytes file, struct err *e);

/* Have the row read a file that states licences only. One that it cannot read says nothing. */
int indexer_licenses(struct indexer *ix, size_t eco, struct tar *t, const struct tar_entry *tar,
		     struct bytes path, struct err *e);

void indexer_known_init(struct indexer *ix);
/* Take one member in; the second: look whether it is what a hard link before meant. */
int indexer_member(struct indexer *ix, struct tar *t, const struct tar_entry *tar, struct err *e);
int indexer_second_member(struct indexer *ix, struct tar *t, const struct tar_entry *m,
			  struct err *e);

/* Content checks of a file's text; head is what was read of it. *ret_seen, unless NULL: what has
 * been read of it then, head with it; until the next file. */
int indexer_content(struct indexer *ix, struct tar *t, const struct tar_entry *tar,
		    struct bytes path, struct bytes head, struct bytes *ret_seen, struct err *e);
/* Of its permissions. */
int indexer_mode(struct indexer *ix, const struct tar_entry *tar, struct bytes path, struct err *e);
/* What they did not look at. */
int indexer_content_end(struct indexer *ix, struct err *e);

/* A file that no path identifies: is it a compiled program that states packages? *ret_added: it is
 * an entry, that of path. Content checks see all others. Uses up the member's content. */
int indexer_program(struct indexer *ix, struct tar *t, const struct tar_entry *tar,
		    struct bytes path, bool *ret_added, struct err *e);
/* Is a file of this layer at path such an entry? */
bool indexer_is_program(struct indexer *ix, struct bytes path);
/* Read the member at hand when the first pass left it for the second. */
int indexer_second_program(struct indexer *ix, struct tar *t, const struct tar_entry *m,
			   bool *ret_read, struct err *e);
