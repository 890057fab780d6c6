/* log: one line per event on stderr, logfmt ("ts=… level=info msg=\"…\" key=value"). Used by
 * daemon/, cli/ and worker/ only. */
#pragma once
#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_NONE };

void log_level_set(enum log_level level);
bool log_level_parse(const char *word, enum log_level *ret_level);
/* Untrusted bytes in the text are escaped. */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
