/* Any bytes as a request to import and as a list of hosts and networks: what is accepted reads back
 * as the same source, and holds only what a URL and a header may. The fields are separated by line
 * feeds. */
#include "connect/import.h"
#include "oci/reference.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct store_import *got, struct arena *a)
{
	struct store_import again;
	struct err e = ERR_INIT;
	const char *text = import_source_text(got, a);
	if (!text)
		return;
	if (!ref_is_host(got->host) || !ref_is_name(got->source_repository) ||
	    !ref_is_name(got->repository))
		abort();
	/* A host without a dot is only understood by its parts. */
	const struct import_ask ask = {.source = bytes_of(text), .repository = got->repository};
	if (import_parse(&ask, a, &again, &e) == 0 && bytes_eq(again.host, got->host) &&
	    (!bytes_eq(again.source_repository, got->source_repository) ||
	     !bytes_eq(again.reference, got->reference)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = {.ptr = data, .len = size}, part[9];
	struct store_import got;
	struct reach reach;
	struct err e = ERR_INIT;
	struct arena a;
	arena_init(&a, 4U << 20);
	for (size_t i = 0; i < 9; i++)
		part[i] = bytes_cut(&rest, '\n');
	const struct import_ask ask = {.source = part[0],
				       .registry = part[1],
				       .source_repository = part[2],
				       .tag = part[3],
				       .digest = part[4],
				       .repository = part[5],
				       .tags = &part[6],
				       .tag_count = part[6].len > 0,
				       .platform = part[7],
				       .token = part[8]};
	int ok = import_parse(&ask, &a, &got, &e);
	if (ok == 0)
		check(&got, &a);
	if (reach_parse(rest, &a, &reach, &e) == 0) {
		ok += reach_has_authority(&reach, part[1]);
		ok += reach_check_authority(&reach, part[1], &e);
	}
	arena_free(&a);
	return ok == 12345;
}
