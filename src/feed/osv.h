/* osv: one record being read; shared by the two halves of the importer. */
#pragma once
#include "base/json.h"
#include "feed/feed.h"
#include "feed/index.h"

struct osv_rules {
	const char *ecosystem; /* "Debian": itself, or followed by ":…" */
	enum adv_keyed keyed;
	bool related_cves; /* "related" of an erratum names the CVEs it fixes */
	bool summary_word; /* the summary starts with the vendor's severity: "Important: …" */
	bool origins_too;  /* a record names a package, and also covers its origin's other packages
			      unless it states that it does not apply to sub-packages */
};

struct osv_record {
	struct json *j;
	struct arena *a;
	struct adv adv;
	struct bytes *related, *upstream;
	size_t related_count, upstream_count;
	struct index alias_ix, related_ix, upstream_ix; /* of these lists */
	size_t unused;			    /* affected entries that cannot be matched */
	const char *unused_why;		    /* of the first of them */
	bool alone;			    /* "applies_to_subpackages": false */
	struct bytes odd_name, odd_version; /* of the first entry with an invalid version */
	enum adv_status odd_as;		    /* the status it was read as; UNKNOWN: none */
	const struct osv_rules *rules;	    /* of the first entry with any; NULL for languages */
};

/* The rules of an ecosystem, NULL for those of languages: their names are the packages' own. */
const struct osv_rules *osv_rules_of(struct bytes ecosystem);
/* Row i of their table, NULL after the last. */
const struct osv_rules *osv_rules_row(size_t i);
/* The value of "affected" into r->adv. Failures are the reader's (r->j). */
void osv_read_affected(struct osv_record *r);
/* After the whole record is read: entries that also cover origins are stated for both. */
void osv_finish_affected(struct osv_record *r);
/* A "severity" array: vectors go to r->adv.cvss, another vendor's word to *word. */
void osv_read_severity(struct osv_record *r, struct bytes *word);
/* One member of database_specific / ecosystem_specific that the record and its affected entries
 * share; false if key is another one (the value is then still to be read). */
bool osv_read_shared(struct osv_record *r, struct bytes key);
/* "versions" of an affected entry: all strings, in order. */
void osv_read_versions(struct osv_record *r, struct adv_affected *f);
/* Strings of an array value, appended once each; fails the reader when out of memory or past max.
 */
void osv_read_list(struct osv_record *r, struct bytes **list, size_t *count, size_t max);
