/* A ring of slots between two threads: the caller fills slot head, the hasher empties slot tail.
 * Counts only grow; a slot is count % SLOTS. */
#define OPENSSL_API_COMPAT 0x10100000L /* calls older than EVP, which need no setting up */
#include "inventory/diffid.h"

#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 4U
#define SLOT_LEN (512U << 10)  /* bytes: few wake-ups, and the ring stays small */
#define STACK_LEN (256U << 10) /* bytes of the thread's stack */

struct slot {
	size_t len;
	uint8_t ptr[SLOT_LEN];
};

struct diffid {
	SHA256_CTX sha;	    /* the thread's while there is one and a slot is full */
	struct slot *slots; /* NULL: no thread */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	/* under lock */
	uint64_t head, tail; /* slots handed over, slots hashed */
	bool runs, ends;
};

struct diffid *diffid_open(struct err *e)
{
	struct diffid *d = calloc(1, sizeof *d);
	if (!d) {
		(void)err_set(e, ERR_NOMEM, "diff ID: no memory");
		return NULL;
	}
	(void)SHA256_Init(&d->sha);
	return d;
}

static void *hash_main(void *arg)
{
	struct diffid *d = arg;
	(void)pthread_mutex_lock(&d->lock);
	d->runs = true;
	(void)pthread_cond_signal(&d->emptied);
	for (;;) {
		while (d->tail == d->head && !d->ends)
			(void)pthread_cond_wait(&d->filled, &d->lock);
		if (d->tail == d->head)
			break;
		const struct slot *s = &d->slots[d->tail % SLOTS];
		(void)pthread_mutex_unlock(&d->lock);
		(void)SHA256_Update(&d->sha, s->ptr, s->len);
		(void)pthread_mutex_lock(&d->lock);
		d->tail++;
		(void)pthread_cond_signal(&d->emptied);
	}
	(void)pthread_mutex_unlock(&d->lock);
	return NULL;
}

static int create(struct diffid *d)
{
	pthread_attr_t attr;
	int sys = pthread_attr_init(&attr);
	if (sys != 0)
		return sys;
	sys = pthread_attr_setstacksize(&attr, STACK_LEN);
	if (sys == 0)
		sys = pthread_create(&d->thread, &attr, hash_main, d);
	(void)pthread_attr_destroy(&attr);
	return sys;
}

int diffid_start(struct diffid *d, struct err *e)
{
	struct slot *slots = malloc(SLOTS * sizeof *slots);
	if (!slots)
		return err_set(e, ERR_NOMEM, "diff ID: no memory");
	slots[0].len = 0;
	(void)pthread_mutex_init(&d->lock, NULL);
	(void)pthread_cond_init(&d->filled, NULL);
	(void)pthread_cond_init(&d->emptied, NULL);
	d->slots = slots;
	int sys = create(d);
	if (sys != 0) {
		free(slots);
		d->slots = NULL;
		return err_set(e, ERR_IO, "diff ID: no thread: error %d", sys);
	}
	(void)pthread_mutex_lock(&d->lock);
	while (!d->runs)
		(void)pthread_cond_wait(&d->emptied, &d->lock);
	(void)pthread_mutex_unlock(&d->lock);
	return 0;
}

void diffid_close(struct diffid *d)
{
	if (d && d->slots) {
		(void)pthread_mutex_lock(&d->lock);
		d->ends = true;
		(void)pthread_cond_signal(&d->filled);
		(void)pthread_mutex_unlock(&d->lock);
		(void)pthread_join(d->thread, NULL);
		free(d->slots);
	}
	free(d);
}

/* Hand the slot being filled to the thread, and wait until there are at most left in its hands. */
static void hand_over(struct diffid *d, unsigned left)
{
	(void)pthread_mutex_lock(&d->lock);
	d->head++;
	(void)pthread_cond_signal(&d->filled);
	while (d->head - d->tail > left)
		(void)pthread_cond_wait(&d->emptied, &d->lock);
	d->slots[d->head % SLOTS].len = 0;
	(void)pthread_mutex_unlock(&d->lock);
}

void diffid_see(void *arg, struct bytes b)
{
	struct diffid *d = arg;
	if (!d->slots) {
		(void)SHA256_Update(&d->sha, b.ptr, b.len);
		return;
	}
	while (b.len > 0) {
		/* Only this thread changes head. */
		struct slot *s = &d->slots[d->head % SLOTS];
		struct bytes part = bytes_part(b, 0, SLOT_LEN - s->len);
		memcpy(s->ptr + s->len, part.ptr, part.len);
		s->len += part.len;
		b = bytes_from(b, part.len);
		if (s->len == SLOT_LEN)
			hand_over(d, SLOTS - 1);
	}
}

void diffid_finish(struct diffid *d, uint8_t ret[LAYER_DIFF_ID_LEN])
{
	if (d->slots)
		hand_over(d, 0);
	(void)SHA256_Final(ret, &d->sha);
	(void)SHA256_Init(&d->sha);
}
