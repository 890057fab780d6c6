#undef PLIMSOLL_ANALYZE /* the functions, not the macros */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void scrub(char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
			*s = '?';
	}
}

__attribute__((format(printf, 3, 0))) static void fill(struct err *e, enum err_code code,
						       const char *fmt, va_list ap)
{
	e->code = code;
	e->sys = 0;
	(void)vsnprintf(e->msg, sizeof e->msg, fmt, ap);
	scrub(e->msg);
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	if (e) {
		va_list ap;
		va_start(ap, fmt);
		fill(e, code, fmt, ap);
		va_end(ap);
	}
	return -(int)code;
}

int err_nomem(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

int err_sys(struct err *e, const char *fmt, ...)
{
	int sys = errno;
	enum err_code code = sys == ENOMEM ? ERR_NOMEM : ERR_IO;
	if (e) {
		va_list ap;
		va_start(ap, fmt);
		fill(e, code, fmt, ap);
		va_end(ap);
		size_t len = strlen(e->msg);
		char text[128];
		(void)snprintf(e->msg + len, sizeof e->msg - len, ": %s",
			       strerror_r(sys, text, sizeof text));
		scrub(e->msg);
		e->sys = sys;
	}
	errno = sys;
	return -(int)code;
}

int err_again(struct err *e, const struct err *why)
{
	if (e)
		*e = *why;
	return why->code == ERR_OK ? -(int)ERR_INTERNAL : -(int)why->code;
}

int err_ctx(struct err *e, const char *fmt, ...)
{
	if (!e || e->code == ERR_OK)
		return -(int)ERR_INTERNAL;
	char head[sizeof e->msg];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(head, sizeof head, fmt, ap);
	va_end(ap);
	scrub(head);
	size_t head_len = strlen(head);
	size_t room = sizeof e->msg - 1;
	size_t old_len = strlen(e->msg);
	if (head_len + 2 > room)
		return -(int)e->code;
	if (old_len >= head_len + 2 && memcmp(e->msg, head, head_len) == 0 &&
	    memcmp(e->msg + head_len, ": ", 2) == 0)
		return -(int)e->code;
	if (old_len > room - head_len - 2)
		old_len = room - head_len - 2;
	memmove(e->msg + head_len + 2, e->msg, old_len);
	memcpy(e->msg, head, head_len);
	memcpy(e->msg + head_len, ": ", 2);
	e->msg[head_len + 2 + old_len] = '\0';
	return -(int)e->code;
}

bool err_is_no_space(const struct err *e)
{
	return e->code == ERR_IO && (e->sys == ENOSPC || e->sys == EDQUOT || e->sys == EFBIG);
}

bool err_is_no_descriptor(const struct err *e)
{
	return e->code == ERR_IO && (e->sys == EMFILE || e->sys == ENFILE);
}

bool err_is_no_database(const struct err *e)
{
	return e->code == ERR_IO && e->sys == ENOTCONN;
}

const char *err_word(enum err_code code)
{
	static const char *const words[ERR_CODE_COUNT] = {
	    [ERR_OK] = "ok",
	    [ERR_NOMEM] = "no memory",
	    [ERR_IO] = "io",
	    [ERR_TRUNCATED] = "truncated",
	    [ERR_FORMAT] = "format",
	    [ERR_LIMIT] = "limit",
	    [ERR_UNSUPPORTED] = "unsupported",
	    [ERR_INTEGRITY] = "integrity",
	    [ERR_NOT_FOUND] = "not found",
	    [ERR_CONFLICT] = "conflict",
	    [ERR_DENIED] = "denied",
	    [ERR_TIMEOUT] = "timeout",
	    [ERR_CANCELLED] = "cancelled",
	    [ERR_CHILD] = "worker",
	    [ERR_INTERNAL] = "internal",
	    [ERR_DAMAGED] = "damaged",
	};
	return (unsigned)code < ERR_CODE_COUNT ? words[code] : "unknown";
}
