#define OPENSSL_API_COMPAT 0x10100000L /* calls older than EVP, which need no setting up */
#include "inventory/diffid.h"

#include <openssl/sha.h>
#include <stdlib.h>

struct diffid {
	SHA256_CTX sha;
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

void diffid_close(struct diffid *d)
{
	free(d);
}

void diffid_see(void *arg, struct bytes b)
{
	struct diffid *d = arg;
	(void)SHA256_Update(&d->sha, b.ptr, b.len);
}

void diffid_finish(struct diffid *d, uint8_t ret[LAY_DIFF_ID_LEN])
{
	(void)SHA256_Final(ret, &d->sha);
	(void)SHA256_Init(&d->sha);
}
