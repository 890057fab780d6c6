/* finding: one row of a finding list as every report and every reply writes it, whether it comes
 * from a scan in memory or from the store. */
#pragma once
#include "base/json.h"
#include "advisory/advisory.h"
#include "match/cvss.h"
#include "scan/assess.h"

struct report_finding {
	uint64_t id;	    /* of the security check */
	struct bytes check; /* its title */
	struct bytes category;
	struct bytes advisory;
	struct bytes *cves;
	size_t cve_count;
	enum adv_severity severity;
	enum adv_severity vendor_severity;
	struct bytes package, installed_version, fixed_version, arch, source_name, source_version,
	    purl, path;
	struct bytes layer;	 /* digest */
	struct bytes layer_line; /* history line */
	enum adv_status status;
	bool patchable;
	struct bytes cvss_vector;
	struct cvss_score cvss;
	bool kev, ransomware;
	double epss, epss_percentile; /* <0 = unknown */
	struct bytes summary, remediation;
	int64_t published_ms;
	struct bytes repository, digest; /* of the image, where a list spans images; else empty */
};

/* As an array element (key NULL) or member. */
void report_finding_put(struct json_out *w, const char *key, const struct report_finding *f);
/* The members of a package row, the same in every list; the caller opens and closes the object. */
void report_package_put(struct json_out *w, const struct pkg *p, struct bytes layer,
			struct bytes purl);
/* Of an assessed image; runs borrow from it and from a. ERR_NOMEM. */
int report_findings_of(const struct assess *as, struct arena *a, struct report_finding **ret,
		       size_t *ret_count, struct err *e);
