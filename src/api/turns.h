/* turns: what requests wait for before they work. Thread-safe.
 *
 * Requests that may hold hundreds of MiB while they run (a report on an image, a comparison) have
 * their turn, a few at once. The others wait, each with its thread, so only some may; and one
 * caller never has all places, neither to run nor to wait. Without turns, some tens at once each
 * take longer than a reply's reading may, and none is answered.
 *
 * Reads of the store go one after the other, about as many at once as there are processors, in the
 * order they came. Twenty at once on two processors would each take ten times as long as alone,
 * the long ones hundreds of milliseconds; in turns each takes its own time and the wait, which is
 * the same for all. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define TURNS_AT_ONCE 4U     /* requests: with the largest budgets some 2 GiB */
#define TURNS_AT_ONCE_ONE 3U /* of one caller */
#define TURNS_WAITING 32U
#define TURNS_WAITING_ONE 16U
#define TURNS_WAIT_MS 20000
#define TURNS_READ_WAIT_MS 100 /* then a read waits no longer: those before it may take seconds */

struct turns;
/* streams: event streams that there may be, each of which holds a thread. reads: at once; 0: as
 * many as want to. NULL: no memory. */
struct turns *turns_open(unsigned streams, unsigned reads);
void turns_close(struct turns *t); /* NULL accepted */

/* Wait for a turn of this caller (a user's number). gone(arg): it is no longer wanted. True: it is
 * there, and turns_give must follow. */
bool turns_take(struct turns *t, int64_t caller, bool (*gone)(void *arg), void *arg);
void turns_give(struct turns *t, int64_t caller);

/* Before and after the reads of a reply. The first returns whether it was there in time: it waits
 * for TURNS_READ_WAIT_MS at most, and the read begins in any case. */
bool turns_read_begin(struct turns *t);
void turns_read_end(struct turns *t);
unsigned turns_reads_waiting(struct turns *t); /* now */

/* A further event stream of this caller, who has half of them at most (one always). True:
 * turns_stream_end must follow. */
bool turns_stream_begin(struct turns *t, int64_t caller);
void turns_stream_end(struct turns *t, int64_t caller);
