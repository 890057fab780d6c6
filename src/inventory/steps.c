#include "inventory/steps.h"

void steps_add(struct steps *s, uint64_t n)
{
	s->spent += n;
}

int steps_check(const struct steps *s, struct err *e)
{
	if (s->cancel && atomic_load_explicit(s->cancel, memory_order_relaxed))
		return err_set(e, ERR_CANCELLED, "image inventory: cancelled");
	if (s->spent > s->max)
		return err_set(e, ERR_LIMIT, "merging the layers takes more than %llu steps",
			       (unsigned long long)s->max);
	return 0;
}
