/* turns: requests that may hold hundreds of MiB while they run (a report on an image, a comparison)
 * have their turn, a few at once. The others wait, each with its thread, so only some may; and one
 * caller never has all places, neither to run nor to wait. Without turns, some tens at once each
 * take longer than a reply's reading may, and none is answered. Thread-safe. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define TURNS_AT_ONCE 4U     /* requests: with the largest budgets some 2 GiB */
#define TURNS_AT_ONCE_ONE 3U /* of one caller */
#define TURNS_WAITING 32U
#define TURNS_WAITING_ONE 16U
#define TURNS_WAIT_MS 20000

struct turns;
/* streams: event streams that there may be, each of which holds a thread. NULL: no memory. */
struct turns *turns_open(unsigned streams);
void turns_close(struct turns *t); /* NULL accepted */

/* Wait for a turn of this caller (a user's number). gone(arg): it is no longer wanted. True: it is
 * there, and turns_give must follow. */
bool turns_take(struct turns *t, int64_t caller, bool (*gone)(void *arg), void *arg);
void turns_give(struct turns *t, int64_t caller);

/* A further event stream of this caller, who has half of them at most (one always). True:
 * turns_stream_end must follow. */
bool turns_stream_begin(struct turns *t, int64_t caller);
void turns_stream_end(struct turns *t, int64_t caller);
