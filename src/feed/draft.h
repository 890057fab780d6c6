/* draft: one advisory while an importer puts it together. Out of memory is sticky: draft_send
 * reports it. All runs are borrowed. */
#pragma once
#include "feed/feed.h"
#include "feed/index.h"

struct draft {
	struct arena *a;
	struct adv adv;
	struct index aliases, vectors, cwes; /* of adv's lists */
	bool no_memory;
};

/* feed, id: may be filled in later (d->adv). */
void draft_init(struct draft *d, struct arena *a, const char *feed, struct bytes id);
/* Each appends aliases or what it is called after, once; an empty run is left out. */
void draft_alias(struct draft *d, struct bytes id);
/* Every CVE id in text. */
void draft_cves(struct draft *d, struct bytes text);
void draft_cvss(struct draft *d, struct bytes vector);
void draft_cwe(struct draft *d, struct bytes cwe);
void draft_reference(struct draft *d, const char *type, struct bytes url);
/* One more affected package; NULL when out of memory. Valid until the next one is added. */
struct adv_affected *draft_affected(struct draft *d, struct bytes ecosystem, struct bytes name,
				    enum adv_keyed keyed);
/* The number of the next range of *f. What a byte does not number goes on in another entry of the
 * same package, which *f is then. */
uint8_t draft_range(struct draft *d, struct adv_affected **f);
/* Appends to f, of range number `range`. */
void draft_event(struct draft *d, struct adv_affected *f, uint8_t range, enum adv_event kind,
		 struct bytes version);
/* Affected from the first version to before fixed; with an empty fixed, all: then status says
 * why. */
void draft_fixed(struct draft *d, struct adv_affected *f, struct bytes fixed,
		 enum adv_status status);
/* "High" of 7.5 (CVSS 3.1, table 14), for scores without their vectors; empty for 0. */
struct bytes draft_score_word(double score);
/* printf into the arena; the empty run when out of memory. */
struct bytes draft_printf(struct draft *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Send it, and note the first version that is none and how many there are: nothing can be compared
 * with them. A record about nothing (no package, no vector) is a note instead. 0, or <0. */
int draft_send(struct draft *d, struct bytes where, const struct feed_sink *sink, struct err *e);
/* A record that its source took back, withdrawn_ms (0: not said when) and summary saying why: its
 * id, aliases and times are sent, and a note. where: of one without an id. */
int draft_withdrawn(const struct adv *adv, struct bytes where, const struct feed_sink *sink,
		    struct err *e);
