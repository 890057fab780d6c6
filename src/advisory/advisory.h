/* advisory (adv_): one record of a feed in the common form of all feeds. Written by feed/ in the
 * worker, read by vdb/ in the program that builds a database; its parser trusts nothing. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/cursor.h"
#include "base/err.h"

/* NOT_AFFECTED: no version is affected; there are no events. */
enum adv_status {
	ADV_UNKNOWN,
	ADV_FIXED,
	ADV_AFFECTED,
	ADV_WILL_NOT_FIX,
	ADV_FIX_DEFERRED,
	ADV_END_OF_LIFE,
	ADV_UNDER_INVESTIGATION,
	ADV_NOT_AFFECTED
};
enum adv_severity {
	ADV_SEV_UNKNOWN,
	ADV_SEV_NEGLIGIBLE,
	ADV_SEV_LOW,
	ADV_SEV_MEDIUM,
	ADV_SEV_HIGH,
	ADV_SEV_CRITICAL
};
enum adv_event { ADV_INTRODUCED, ADV_FIXED_AT, ADV_LAST_AFFECTED, ADV_LIMIT };
/* Which of a package's names the advisory's package name refers to. */
enum adv_keyed { ADV_BY_SOURCE, ADV_BY_BINARY };

struct adv_range_event {
	uint8_t range; /* events of one range are consecutive, in the feed's order; ranges are
			  numbered from 0 */
	enum adv_event kind;
	struct bytes version; /* "0" introduced = from the beginning */
};

struct adv_affected {
	struct bytes ecosystem; /* OSV's: "Debian:12", "Alpine:v3.19", "AlmaLinux:8", "Go" */
	struct bytes name;
	enum adv_keyed keyed;
	struct bytes arches; /* space-separated, empty = all */
	struct bytes module; /* "nodejs:12", empty = non-modular or not stated; Ubuntu Pro: service,
				"esm-infra"; Go: import paths of the module's packages that are
				affected, space-separated, empty = all */
	enum adv_status
	    status; /* FIXED when a fixed event exists, unless the feed states otherwise */
	struct bytes severity_text; /* vendor's word for this package, empty = the record's */
	struct adv_range_event *events;
	size_t event_count;
	struct bytes *versions; /* enumerated affected versions */
	size_t version_count;
	struct bytes
	    vendor_id; /* erratum that fixes it: "RHSA-2019:2304", empty = the record's id */
};

struct adv_reference {
	struct bytes type; /* OSV type: "ADVISORY", "FIX", "WEB" … */
	struct bytes url;
};

/* Taken back, on a day that is not known. */
#define ADV_WITHDRAWN_UNDATED 1

/* Of a record that was taken back nothing counts but feed, id, aliases, summary (the reason) and
 * times: it keeps an older version of itself from counting, and answers why nothing is found. */
struct adv {
	struct bytes feed;     /* "osv", "alpine-secdb", "debian-tracker", … */
	struct bytes id;       /* "DSA-5678-1", "CVE-2024-1", "ALSA-2022:1234" */
	struct bytes *aliases; /* CVE ids and others, CVEs of "related"/"upstream" where the feed
				  means them so; without id itself */
	size_t alias_count;
	struct bytes summary, details;
	int64_t published_ms, modified_ms,
	    withdrawn_ms;	    /* 0 = it holds; else when its source took it back */
	enum adv_severity severity; /* vendor's word mapped to ours; UNKNOWN if not stated */
	struct bytes severity_text; /* the vendor's own word */
	struct bytes *cvss; /* vectors "CVSS:3.1/AV:…" as the feed gives them; v2 without prefix */
	size_t cvss_count;
	struct adv_reference *references;
	size_t reference_count;
	struct bytes *cwes;
	size_t cwe_count;
	struct adv_affected *affected;
	size_t affected_count;
};

/* Whose lists say that a vulnerability is exploited. */
enum adv_kev {
	ADV_KEV_CISA = 1,
	ADV_KEV_VULNCHECK = 2,
	ADV_KEV_ENISA = 4,
	ADV_KEV_OTHER = 8,
	ADV_KEV_LISTS = 15
};

/* Exploit facts that feeds state about a CVE. */
struct adv_exploit {
	struct bytes cve;
	bool kev;
	bool ransomware;
	unsigned kev_lists; /* of enum adv_kev; 0: not known */
	int64_t kev_added_ms;
	int64_t kev_due_ms;    /* the day, UTC, by which the list wants it remedied; 0: none */
	unsigned kev_due_list; /* the one of kev_lists that says so */
	struct bytes kev_action, kev_name;
	double epss, epss_percentile; /* <0 = unknown */
};

void adv_put(struct buf *out, const struct adv *a);
/* Parsed runs borrow from the input, arrays from arena. ERR_FORMAT, ERR_NOMEM. */
int adv_take(struct bytes in, struct arena *arena, struct adv *ret, struct err *e);
void adv_exploit_put(struct buf *out, const struct adv_exploit *x);
int adv_exploit_take(struct bytes in, struct adv_exploit *ret, struct err *e);
/* Name i of the lists ("CISA KEV"), with its bit; NULL past the last. */
const char *adv_kev_name(size_t i, unsigned *ret_bit);
/* The same names as words of a record; the word's number of this list, from 1 on; 0: it is none. */
const char *adv_kev_word(int i);
int adv_kev_number(unsigned list);
/* It has a due date, and one of its lists says so. */
bool adv_kev_due_is_whole(const struct adv_exploit *x);
const char *adv_severity_word(enum adv_severity s); /* "Critical" … "Unknown" */
const char *adv_status_word(enum adv_status s);	    /* "fixed", "affected", "will_not_fix" … */
enum adv_severity
adv_severity_parse(struct bytes word); /* any vendor's usual words, any case; UNKNOWN otherwise */
