/* value: what importers read of JSON values whose type a feed does not always keep: another type
 * is skipped, not an error (the JSON itself is still checked). */
#pragma once
#include "base/json.h"
#include "advisory/advisory.h"

/* A string, else skipped and the empty run. */
struct bytes value_text(struct json *j);
/* A string holding an RFC 3339 time or date, else 0. */
int64_t value_time(struct json *j);
/* Enter when it is an object / an array; else skip it and say false. */
bool value_object(struct json *j);
bool value_array(struct json *j);
/* A feed's word for a state of repair; ADV_UNKNOWN when it is none. */
enum adv_status value_status(struct bytes word);
