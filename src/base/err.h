/* err: what went wrong, on the caller's stack. Every fallible function returns 0 (or a count) or
 * -code and fills *e. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum err_code {
	ERR_OK = 0,
	ERR_NOMEM,	 /* out of memory, or an arena's budget is exhausted */
	ERR_IO,		 /* a system call failed; .sys is its errno */
	ERR_TRUNCATED,	 /* the input ended inside a structure */
	ERR_FORMAT,	 /* the input breaks a rule of its format */
	ERR_LIMIT,	 /* a configured limit was reached */
	ERR_UNSUPPORTED, /* valid, but not something we read */
	ERR_INTEGRITY,	 /* a digest or checksum of the input does not match */
	ERR_NOT_FOUND,
	ERR_CONFLICT,
	ERR_DENIED,
	ERR_TIMEOUT,
	ERR_CANCELLED,
	ERR_CHILD,    /* a worker process died, hung or broke the protocol */
	ERR_INTERNAL, /* our own bug */
	ERR_DAMAGED,  /* our own stored data is not as it was written */
	ERR_CODE_COUNT
};

struct err {
	enum err_code code;
	int sys; /* errno, or 0 */
	char msg[512];
};

#define ERR_INIT                                                                                   \
	{                                                                                          \
		.code = ERR_OK, .sys = 0, .msg = { 0 }                                             \
	}

/* Fill *e (may be NULL) and return -code. Bytes outside printable ASCII become '?'. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a failed system call: code ERR_IO (ENOMEM gives ERR_NOMEM), errno kept in e->sys,
 * its text appended. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ERR_NOMEM, "out of memory". */
int err_nomem(struct err *e);

/* The disk, or our share of it, is full. */
bool err_is_no_space(const struct err *e);
/* This process or the system has no descriptors left. */
bool err_is_no_descriptor(const struct err *e);
/* The database's server is not there, or was lost; it may come back. */
bool err_is_no_database(const struct err *e);

/* The error of another struct err, whole. Returns its -code. */
int err_again(struct err *e, const struct err *why);
/* Prefix e->msg with "subject: ", unless it already begins with it; returns -e->code (or
 * -ERR_INTERNAL if e is NULL or empty). */
int err_ctx(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#ifdef PLIMSOLL_ANALYZE
/* Analyzers read one file at a time: this states the contracts above for them. */
static inline int err_negative(int r)
{
	if (r >= 0)
		__builtin_unreachable();
	return r;
}
#define err_set(...) err_negative(err_set(__VA_ARGS__))
#define err_sys(...) err_negative(err_sys(__VA_ARGS__))
#define err_ctx(...) err_negative(err_ctx(__VA_ARGS__))
#define err_nomem(e) err_negative(err_nomem(e))
#endif

/* Lower-case word for a code ("format", "limit"), never NULL. */
const char *err_word(enum err_code code);
