/* value: reads JSON values whose type varies in a feed: a value of an unexpected type is skipped,
 * not an error (the JSON itself is still checked). */
#pragma once
#include "base/json.h"
#include "advisory/advisory.h"

/* A string; else the value is skipped and the result is empty. */
struct bytes value_text(struct json *j);
/* A string holding an RFC 3339 time or date, else 0. */
int64_t value_time(struct json *j);
/* The day that text begins with, "2031-02-03"; else 0. */
int64_t value_date(struct bytes text);
/* Enter it if it is an object / an array; else skip it and return false. */
bool value_object(struct json *j);
bool value_array(struct json *j);
/* A feed's word for a fix status; ADV_UNKNOWN if it is not known. */
enum adv_status value_status(struct bytes word);
