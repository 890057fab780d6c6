#include "jail/exchange.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/own.h"
#include "jail/reply.h"

/* Answers are read as they come. In between the worker's processor clock is read from outside: one
 * that computes may go on up to its limit of processor time, one that neither computes nor answers
 * is hung. */

#define TICK_MS 500 /* how often a silent worker's clock is read */

struct exchange {
	const struct exchange_options *how;
	struct proc *proc;
	struct reply reply;
	struct buf last; /* not yet sent, or empty */
	uint8_t *frame;
	int64_t wall_ms, end_ms, quiet_since_ms, cpu_us;
};

static int check_deadline(struct exchange *t, struct err *e)
{
	int64_t now = clock_mono_ms();
	int64_t cpu = proc_cpu_us(t->proc);
	if (cpu > t->cpu_us) {
		/* It computes. RLIMIT_CPU bounds how long. */
		t->cpu_us = cpu;
		t->quiet_since_ms = now;
	}
	if (now - t->quiet_since_ms >= t->wall_ms)
		return err_set(e, ERR_TIMEOUT, "worker: no progress for %lld ms",
			       (long long)t->wall_ms);
	if (now >= t->end_ms)
		return err_set(e, ERR_TIMEOUT, "worker: the task took too long");
	return 0;
}

static int await(struct exchange *t, struct err *e)
{
	struct pollfd fds[2] = {
	    {.fd = t->proc->sock, .events = POLLIN},
	    {.fd = t->how->cancel_fd, .events = POLLIN},
	};
	if (t->last.len > 0)
		fds[0].events |= POLLOUT;
	int64_t left = t->quiet_since_ms + t->wall_ms - clock_mono_ms();
	int n = poll(fds, 2, left < 0 ? 0 : left < TICK_MS ? (int)left : TICK_MS);
	if (n < 0 && errno != EINTR)
		return err_sys(e, "worker: poll");
	if (n > 0 && fds[1].revents)
		return err_set(e, ERR_CANCELLED, "cancelled");
	if (n > 0 && fds[0].revents & POLLOUT) {
		int r = proc_send(t->proc, buf_bytes(&t->last), NULL);
		if (r <= 0) /* it has ended: the read reports why */
			buf_clear(&t->last);
	}
	return n > 0 && fds[0].revents ? 0 : check_deadline(t, e);
}

/* 1 = done, <0 error; the worker is still to be killed. */
static int exchange_loop(struct exchange *t, struct err *e)
{
	for (;;) {
		ssize_t n =
		    recv(t->proc->sock, t->frame, LIMIT_FRAME_MAX, MSG_DONTWAIT | MSG_TRUNC);
		int r;
		if (n > 0 && (size_t)n > LIMIT_FRAME_MAX)
			return err_set(e, ERR_CHILD, "worker: oversized message");
		if (n < 0 && errno == ECONNRESET)
			continue; /* reported once, when it exited with unread messages; its answers
				     come first */
		if (n == 0)
			return proc_explain(t->proc, e);
		if (n > 0) {
			t->quiet_since_ms = clock_mono_ms();
			r = reply_take(&t->reply, (struct bytes){.ptr = t->frame, .len = (size_t)n},
				       e);
			if (r == 0 && t->quiet_since_ms >= t->end_ms)
				r = check_deadline(t, e);
		} else if (errno == EAGAIN) {
			r = await(t, e);
		} else {
			r = errno == EINTR ? 0 : err_sys(e, "worker: receive");
		}
		if (r != 0)
			return r;
	}
}

int exchange_run(struct exchange_options *how, struct proc *w, struct err *e)
{
	int64_t now = clock_mono_ms();
	const struct limits *l = how->limits;
	OWN_FREE uint8_t *frame = malloc(LIMIT_FRAME_MAX);
	uint64_t wall = l->worker_wall_ms < INT32_MAX ? l->worker_wall_ms : INT32_MAX;
	uint64_t cpu = l->worker_cpu_sec < INT32_MAX ? l->worker_cpu_sec : INT32_MAX;
	struct exchange t = {.how = how,
			     .proc = w,
			     .frame = frame,
			     .wall_ms = (int64_t)wall,
			     .quiet_since_ms = now,
			     .cpu_us = proc_cpu_us(w)};
	/* For a worker that trickles: honest work does not take four times its processor time. */
	t.end_ms = now + (int64_t)(cpu * 4000 + wall);
	reply_init(&t.reply, how->kind, l, how->reader);
	t.reply.allow_unjailed = how->allow_unjailed;
	buf_init(&t.last, 64);
	buf_put(&t.last, how->last);
	int r = frame && buf_ok(&t.last) ? exchange_loop(&t, e)
					 : err_set(e, ERR_NOMEM, "task: no memory");
	how->is_ready = t.reply.is_ready;
	buf_free(&t.last);
	reply_free(&t.reply);
	proc_kill(w);
	return r < 0 ? r : 0;
}
