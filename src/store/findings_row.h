/* findings_row (fnr_): what the lists of findings read alike. Private to the room. */
#pragma once
#include "store/findings.h"

/* The columns of a security check as fnr_read_check reads them; of a table called c. */
#define FNR_CHECK                                                                                  \
	"c.id, c.advisory, c.source_name, c.title, c.category, c.severity, c.vendor_severity,"     \
	" c.cvss_version, c.cvss_base, c.cvss_vector, c.kev, c.ransomware, c.epss,"                \
	" c.epss_percentile, c.published, c.modified, c.summary, c.cves"

bool fnr_copy(struct arena *a, struct db_stmt *s, int column, struct bytes *ret);
/* The check whose columns begin at this one. Runs from a. */
int fnr_read_check(struct db_stmt *s, int at, struct arena *a, struct match_check *c,
		   struct err *e);
/* Severities that are wanted, as bits; all of them when the filter names none. */
unsigned fnr_severities(const struct fnd_filter *f);
