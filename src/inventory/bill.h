/* bill: what a worker made of a bill of materials (sbom/): its packages and what it says of itself.
 * Serialised in the worker; parsing it trusts nothing. */
#pragma once
#include "base/arena.h"
#include "pkg/package.h"

#define BILL_MAX (128U << 20) /* bytes of a document: 50,000 packages as CycloneDX take 60 MiB */

struct bill_package {
	struct pkg pkg;	    /* distro set */
	struct bytes layer; /* digest of the layer that brought it in; may be empty */
};
struct bill {
	struct bytes format;	    /* "CycloneDX 1.6" */
	struct bytes name, version; /* of what it describes; may be empty */
	bool has_distro;
	struct pkg_distro distro;
	struct bill_package *packages; /* sorted by pkg_cmp, no duplicates */
	size_t package_count;
	struct bytes *notes; /* what was not read of it, or not of what it describes */
	size_t note_count;
};

void bill_put(struct buf *out, const struct bill *b);
/* Runs borrow from in and a. ERR_FORMAT, ERR_NOMEM, ERR_LIMIT. */
int bill_take(struct bytes in, struct arena *a, struct bill *ret, struct err *e);
/* Can a file with this beginning be one, and no image? Its first 512 bytes decide. */
bool bill_is(struct bytes head);
