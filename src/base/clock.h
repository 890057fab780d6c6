/* clock: monotonic time for deadlines, wall time (UTC, ms since 1970) for records. */
#pragma once
#include "base/bytes.h"
#include <stdint.h>

#define CLOCK_RFC3339_CAP 32

int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
int64_t clock_wall_ms(void);
/* "2026-01-02T03:04:05.678Z" into out[CLOCK_RFC3339_CAP]. */
void clock_rfc3339(int64_t wall_ms, char *out);
/* RFC 3339 date-time (any offset, any fraction) or a plain date, to ms since 1970. */
bool clock_parse_rfc3339(struct bytes b, int64_t *ret_ms);
