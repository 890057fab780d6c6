/* cvss: base scores from vectors. Spec: CVSS v2.0 guide §3.2, v3.0 §8, v3.1 §7 and appendix A, v4.0
 * §8 (FIRST). */
#pragma once
#include "base/bytes.h"
#include "advisory/advisory.h"

enum cvss_version { CVSS_NONE, CVSS_2_0, CVSS_3_0, CVSS_3_1, CVSS_4_0 };
struct cvss_score {
	enum cvss_version version;
	double base; /* 0.0 to 10.0, one decimal. v4.0: the score of the vector with its threat and
			environmental metrics as FIRST's calculator gives it */
};
/* False: not a valid vector. Temporal and environmental metrics are accepted and, for v2 and v3, do
 * not change the base. */
bool cvss_parse(struct bytes vector, struct cvss_score *ret);
const char *cvss_version_text(enum cvss_version v); /* "2.0", "3.1" */
enum adv_severity
cvss_severity(struct cvss_score s); /* v3+ qualitative scale; v2: 0-3.9 Low, 4-6.9 Medium, 7-10
				       High; 0.0 is Negligible for all */
