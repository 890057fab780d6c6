/* cvss4: the score of a CVSS v4.0 vector, from its metrics. */
#pragma once
#include <stdint.h>

/* Metrics in the order of the specification's Table 23: base, threat, environmental, supplemental.
 */
enum cvss4_metric {
	C4_AV,
	C4_AC,
	C4_AT,
	C4_PR,
	C4_UI,
	C4_VC,
	C4_VI,
	C4_VA,
	C4_SC,
	C4_SI,
	C4_SA,
	C4_E,
	C4_CR,
	C4_IR,
	C4_AR,
	C4_MAV,
	C4_MAC,
	C4_MAT,
	C4_MPR,
	C4_MUI,
	C4_MVC,
	C4_MVI,
	C4_MVA,
	C4_MSC,
	C4_MSI,
	C4_MSA,
	C4_S,
	C4_AU,
	C4_R,
	C4_V,
	C4_RE,
	C4_U,
	C4_COUNT
};
#define CVSS4_MANDATORY 11

/* value: the first letter of each metric's value, 'X' where it is not stated; base metrics always
 * stated. Tenths, 0 to 100. */
unsigned cvss4_score(const uint8_t value[C4_COUNT]);
