#include "match/match.h"

const enum adv_severity match_severity_order[ADV_SEV_CRITICAL + 1] = {
    ADV_SEV_CRITICAL, ADV_SEV_HIGH, ADV_SEV_UNKNOWN,
    ADV_SEV_MEDIUM,   ADV_SEV_LOW,  ADV_SEV_NEGLIGIBLE};

double match_urgency(const struct match_check *c)
{
	int place = ADV_SEV_CRITICAL;
	while (place > 0 && match_severity_order[ADV_SEV_CRITICAL - place] != c->severity)
		place--;
	return (place * 2 + c->kev) * 2 + (c->epss > 0 ? c->epss : 0);
}
