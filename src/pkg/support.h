/* support: until when a distribution's release gets fixes, from one table of facts (support.c names
 * source and date of each), from a feed's newer dates, or from the image itself. "Now" is the
 * caller's: nothing here reads a clock. */
#pragma once
#include "base/json.h"

enum support_state {
	SUPPORT_FULL,	  /* standard support */
	SUPPORT_EXTENDED, /* standard support has ended; the vendor offers more, to subscribers as a
			     rule */
	SUPPORT_ENDED	  /* neither, as far as it is known */
};

struct support {
	enum support_state state;
	struct bytes standard_end,
	    extended_end;     /* "2024-06-30": the last day; extended: may be empty */
	const char *extended; /* what the vendor calls it: "LTS"; NULL: none is known */
	const char *source;   /* of the dates */
	const char *as_of;    /* when they were looked up; "" for what the image says */
};

/* Dates of a feed, which precede the program's own of the same release. */
struct support_row {
	struct bytes id, release, standard, extended_end; /* the last days; extended may be empty */
	struct bytes extended;				  /* what the vendor calls it */
	struct bytes source, as_of;
};
/* From now on these count, for all threads; none: the program's own alone. Everything is copied,
 * and lives until the program ends: answers borrow from it. The same dates again cost nothing. 0,
 * ERR_NOMEM. */
int support_use(const struct support_row *rows, size_t count, struct err *e);

/* Of the release version ("8.5") of distribution id at now_ms; name (PRETTY_NAME) distinguishes
 * CentOS Stream. stated_end: what os-release says (SUPPORT_END), used for releases that the table
 * does not hold; may be empty. False: nothing is known. */
bool support_find(struct bytes id, struct bytes version, struct bytes name, struct bytes stated_end,
		  int64_t now_ms, struct support *ret);
/* The member "support" of a coverage statement. */
void support_put(struct json_out *w, const struct support *s);
/* One line for people, without its end: "debian 10 gets no more fixes: standard support ended on
 * 2022-09-10, LTS on 2024-06-30". Nothing in full support. */
void support_put_text(struct buf *out, struct bytes id, struct bytes version,
		      const struct support *s);
