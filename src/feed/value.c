#include "feed/value.h"

#include "base/clock.h"

struct bytes value_text(struct json *j)
{
	return json_string_lenient(j);
}

int64_t value_time(struct json *j)
{
	int64_t ms = 0;
	struct bytes text = value_text(j);
	return text.len > 0 && clock_parse_rfc3339(text, &ms) ? ms : 0;
}

int64_t value_date(struct bytes text)
{
	int64_t ms = 0;
	return clock_parse_rfc3339(bytes_part(text, 0, 10), &ms) ? ms : 0;
}

bool value_object(struct json *j)
{
	if (json_peek(j) == JSON_OBJECT)
		return json_enter_object(j);
	json_skip(j);
	return false;
}

bool value_array(struct json *j)
{
	if (json_peek(j) == JSON_ARRAY)
		return json_enter_array(j);
	json_skip(j);
	return false;
}

/* Equal regardless of case and of what separates words. pattern: lower case, words separated
 * by '_'. */
static bool eq_loose(struct bytes b, struct bytes pattern)
{
	if (b.len != pattern.len)
		return false;
	for (size_t i = 0; i < b.len; i++) {
		uint8_t c = byte_lower(b.ptr[i]);
		if (c == ' ' || c == '-')
			c = '_';
		if (c != pattern.ptr[i])
			return false;
	}
	return true;
}

enum adv_status value_status(struct bytes word)
{
	static const struct {
		const char *word;
		enum adv_status status;
	} words[] = {
	    {"fixed", ADV_FIXED},
	    {"resolved", ADV_FIXED},
	    {"released", ADV_FIXED},
	    {"3", ADV_FIXED}, /* digits: the enumeration of the Trivy database, as exports of it
				 carry it */
	    {"affected", ADV_AFFECTED},
	    {"open", ADV_AFFECTED},
	    {"needed", ADV_AFFECTED},
	    {"unfixed", ADV_AFFECTED},
	    {"no_dsa", ADV_AFFECTED},
	    {"pending", ADV_AFFECTED},
	    {"2", ADV_AFFECTED},
	    {"will_not_fix", ADV_WILL_NOT_FIX},
	    {"ignored", ADV_WILL_NOT_FIX},
	    {"wontfix", ADV_WILL_NOT_FIX},
	    {"5", ADV_WILL_NOT_FIX},
	    {"fix_deferred", ADV_FIX_DEFERRED},
	    {"deferred", ADV_FIX_DEFERRED},
	    {"postponed", ADV_FIX_DEFERRED},
	    {"6", ADV_FIX_DEFERRED},
	    {"end_of_life", ADV_END_OF_LIFE},
	    {"out_of_support_scope", ADV_END_OF_LIFE}, /* Red Hat */
	    {"7", ADV_END_OF_LIFE},
	    {"under_investigation", ADV_UNDER_INVESTIGATION},
	    {"needs_triage", ADV_UNDER_INVESTIGATION}, /* Ubuntu */
	    {"4", ADV_UNDER_INVESTIGATION},
	    {"not_affected", ADV_NOT_AFFECTED},
	    {"1", ADV_NOT_AFFECTED},
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (eq_loose(word, bytes_of(words[i].word)))
			return words[i].status;
	return ADV_UNKNOWN;
}
