#include "inventory/diffid.h"

void diffid_init(struct diffid *d)
{
	(void)SHA256_Init(&d->sha);
}

void diffid_see(void *arg, struct bytes b)
{
	struct diffid *d = arg;
	(void)SHA256_Update(&d->sha, b.ptr, b.len);
}

void diffid_finish(struct diffid *d, uint8_t ret[LAYER_DIFF_ID_LEN])
{
	(void)SHA256_Final(ret, &d->sha);
}
