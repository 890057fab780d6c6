/* feed: importers. One file and one row in feed/table.c each. Runs in the worker only. */
#pragma once
#include "base/limits.h"
#include "advisory/advisory.h"

struct feed_sink {
	void *arg;
	int (*advisory)(void *arg, const struct adv *a, struct err *e);
	int (*exploit)(void *arg, const struct adv_exploit *x, struct err *e);
	/* A record that could not be read: noted, counted, and the import continues. where: member
	 * path or offset. */
	int (*note)(void *arg, struct bytes where, const char *text, struct err *e);
};

struct feed {
	const char *name; /* "osv", "alpine-secdb", "debian-tracker", "kev", "epss": the word of
			     `vdb build NAME=PATH` */
	const char *title;
	const char *licence;
	const char *url;       /* default source of `vdb update`; NULL = none */
	uint64_t document_max; /* bytes of one document */
	bool in_items; /* the objects of an array in a document's object are documents of their own
			  (feed/items.h): the whole may be of any size */
	/* Should a member of an archive or folder be read? path as stored. */
	bool (*wants)(struct bytes path);
	/* One document (plain bytes; path for formats that keep facts in file names). Memory
	 * from a, reset by the caller. */
	int (*import)(struct bytes path, struct bytes document, const struct feed_sink *sink,
		      struct arena *a, struct err *e);
};
extern const struct feed feed_table[];
extern const size_t feed_count;
const struct feed *feed_find(struct bytes name);

/* Import all content of fd: a plain document, a compressed one (.gz, .zst, .xz), a zip, or a tar
 * (plain or compressed), detected by its first bytes. Documents are read into memory one at a
 * time. */
int feed_read(const struct feed *f, struct bytes path, int fd, const struct limits *lim,
	      const struct feed_sink *sink, struct err *e);
