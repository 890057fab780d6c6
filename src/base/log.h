/* log: one line per event on stderr, logfmt ("ts=… level=info msg=\"…\" key=value"). Used by
 * daemon/, cli/ and worker/ only. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_NONE };

void log_level_set(enum log_level level);
bool log_level_parse(const char *word, enum log_level *ret_level);
/* Untrusted bytes in the text are escaped. */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* How many lines of a kind a minute has, where others decide how many there would be. Zeroed: new.
 */
struct log_quota {
	_Atomic int64_t minute;
	_Atomic uint64_t lines;
};
/* May one more be written? *ret_missed: with the first of a minute, those that were not, before. */
bool log_quota_take(struct log_quota *q, int64_t now_ms, uint64_t max, uint64_t *ret_missed);
