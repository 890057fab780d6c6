/* records (rec_): the writer's own form of advisories: strings are numbers of an intern table,
 * arrays live in the writer's arena. Private to vdb/. */
#pragma once
#include "base/arena.h"
#include "advisory/advisory.h"
#include "vdb/intern.h"

struct rec_list {
	uint32_t *v; /* string numbers */
	uint32_t count;
};
struct rec_event {
	uint32_t version;
	uint8_t range, kind;
};
struct rec_affected {
	uint32_t ecosystem, name, arches, module, severity_text, vendor_id;
	uint32_t key; /* set by the writer once keys are numbered */
	uint32_t event_count;
	struct rec_event *events;
	struct rec_list versions;
	uint8_t keyed, status;
};
struct rec_reference {
	uint32_t type, url;
};
struct rec {
	uint32_t feed, id, summary, details, severity_text;
	uint8_t severity;
	int64_t published_ms, modified_ms, withdrawn_ms;
	struct rec_list aliases, cvss, cwes;
	struct rec_reference *references;
	uint32_t reference_count;
	struct rec_affected *affected;
	uint32_t affected_count;
};
struct rec_exploit {
	uint32_t cve, action, name;
	uint32_t epss, percentile; /* VDB_EPSS_UNIT, VDB_EPSS_UNKNOWN */
	int64_t added_ms, due_ms;
	bool kev, ransomware;
	uint8_t kev_lists, due_list;
};
struct rec_source {
	uint32_t feed, source;
	int64_t fetched_ms;
	uint64_t records, notes;
};

/* Longer texts are truncated at a character and marked "[…]": some database_specific texts have
 * 60 kB, too long for a finding. */
#define REC_SUMMARY_MAX 500U
#define REC_DETAILS_MAX 2000U

int rec_from_adv(struct intern *t, struct arena *a, const struct adv *adv, struct rec *ret,
		 struct err *e);

int rec_affected_from(struct intern *t, struct arena *a, const struct adv_affected *from,
		      struct rec_affected *ret, struct err *e);

/* Sort (by rank, the strings' byte order) and remove duplicates: in the lists of every record, then
 * records of the same feed and id. Of those, the newest by modified_ms is kept; several of the
 * same time are merged. recs is sorted; *count shrinks. NOMEM. */
int rec_normalise(struct rec *recs, size_t *count, const uint32_t *rank, struct arena *a,
		  struct err *e);
