#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static _Atomic int level_now = LOG_INFO; /* the one mutable global that the style allows */

static const char *const words[] = {"debug", "info", "warn", "error", "none"};

void log_level_set(enum log_level level)
{
	level_now = (int)level;
}

bool log_level_parse(const char *word, enum log_level *ret_level)
{
	for (int i = LOG_DEBUG; i <= LOG_NONE; i++) {
		if (strcmp(word, words[i]) == 0) {
			*ret_level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	if ((int)level < level_now || level >= LOG_NONE)
		return;
	char text[1024], line[2300], stamp[CLOCK_RFC3339_CAP];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	clock_rfc3339(clock_wall_ms(), stamp);
	int n = snprintf(line, sizeof line, "ts=%s level=%s msg=\"", stamp, words[level]);
	size_t len = n > 0 ? (size_t)n : 0;
	for (const char *p = text; *p && len < sizeof line - 4; p++) {
		unsigned char c = (unsigned char)*p;
		if (c == '"' || c == '\\')
			line[len++] = '\\';
		line[len++] = c < 0x20 || c > 0x7e ? '?' : (char)c;
	}
	line[len++] = '"';
	line[len++] = '\n';
	ssize_t ignored = write(STDERR_FILENO, line, len);
	(void)ignored;
}

bool log_quota_take(struct log_quota *q, int64_t now_ms, uint64_t max, uint64_t *ret_missed)
{
	int64_t minute = now_ms / 60000 + 1, was = atomic_load(&q->minute);
	*ret_missed = 0;
	if (was != minute && atomic_compare_exchange_strong(&q->minute, &was, minute)) {
		uint64_t lines = atomic_exchange(&q->lines, 1);
		*ret_missed = lines > max ? lines - max : 0;
		return max > 0;
	}
	return atomic_fetch_add(&q->lines, 1) < max;
}
