/* A vector that is taken has a version and a score of whole tenths from 0 to 10. */
#include "match/cvss.h"
#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cvss_score s;
	if (!cvss_parse((struct bytes){.ptr = data, .len = size}, &s))
		return 0;
	double tenths = s.base * 10;
	if (s.version == CVSS_NONE || !(s.base >= 0 && s.base <= 10) ||
	    fabs(tenths - round(tenths)) > 1e-6)
		abort();
	if (cvss_severity(s) == ADV_SEV_UNKNOWN || cvss_version_text(s.version)[0] == '\0')
		abort();
	return 0;
}
