/* clock: all time of the program. Nothing else asks the system for it (tools/check-words).
 *
 *   clock_wall_ms    UTC, ms since 1970: records and dates (expiry, leases, support)
 *   clock_steady_ms  monotonic: what is due after seconds to days (retries, lockouts, collection)
 *   clock_mono_ms    monotonic: timeouts of a peer, a process or a lock, and measurements
 *   clock_file_ms    the system's wall time, to compare with times of files
 *
 * Tests move the first two, and waits for the second end when it moves; the other two are never
 * moved (docs/decisions/clock.md). */
#pragma once
#include "base/bytes.h"
#include "base/err.h"
#include <pthread.h>
#include <stdint.h>

#define CLOCK_RFC3339_CAP 32
#define CLOCK_VARIABLE "PLIMSOLL_TEST_CLOCK" /* environment: the file for clock_follow */

int64_t clock_wall_ms(void);
int64_t clock_steady_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
int64_t clock_file_ms(void);
/* What clock_wall_ms says now of the moment that the kernel gave a file: the same time, unless a
 * test moved the clock. For comparing a file's time with one that we recorded. */
int64_t clock_of_file_ms(int64_t file_ms);

/* A condition that the waits below can be used with: it counts monotonic time. 0 or an errno. */
int clock_cond_init(pthread_cond_t *cond);
/* Wait for cond, at most until clock_steady_ms() is until_ms. False: that time has come; true: the
 * condition was signalled, or the wait ended for no reason. The caller holds lock. */
bool clock_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ms);
/* The same until clock_mono_ms(). */
bool clock_wait_mono(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_mono_ms);

/* For tests. From now on clock_wall_ms() goes on from wall_ms; steady time is not moved, as when
 * the system's clock is set. */
void clock_set_for_tests(int64_t wall_ms);
/* So much time has passed, for both clocks. */
void clock_advance_for_tests(int64_t ms);
/* While stopped, time passes by clock_advance_for_tests and by clock_wait only, which returns at
 * once unless signalled: for tests with one thread. */
void clock_stop_for_tests(bool stopped);
/* Follow a file of "WALL STEADY\n": how many ms the two clocks are ahead, read at every question;
 * for tests of the whole program. IO, FORMAT. The descriptor stays open. */
int clock_follow(const char *path, struct err *e);
/* Whether any of these was called. */
bool clock_is_moved(void);

/* "2026-01-02T03:04:05.678Z" into out[CLOCK_RFC3339_CAP]. */
void clock_rfc3339(int64_t wall_ms, char *out);
/* Its day, UTC: "2026-01-02" into out[CLOCK_RFC3339_CAP]. */
void clock_day(int64_t wall_ms, char *out);
/* RFC 3339 date-time (any offset, any fraction) or a plain date, to ms since 1970. */
bool clock_parse_rfc3339(struct bytes b, int64_t *ret_ms);
