/* spdx: what SPDX 2.3 documents of both forms say of an image. */
#pragma once
#include "report/parts.h"

/* A security check of a package, as an external reference. */
struct spdx_reference {
	struct bytes purl; /* of the package */
	struct bytes url, comment;
	uint64_t check;
};
struct spdx_package {
	char id[48]; /* "SPDXRef-Package-1" */
	struct bytes name, version;
	const char *purpose;  /* "OPERATING_SYSTEM", as JSON has it; NULL: not said */
	struct bytes purl;    /* may be empty */
	struct bytes path;    /* the file that states it; may be empty */
	struct bytes license; /* an expression; empty: nothing is said */
	struct bytes comment; /* one line of JSON: what a purl cannot say; may be empty */
	const struct spdx_reference *references;
	size_t reference_count;
};
/* A licence that the list does not have, with what is known of it. */
struct spdx_license {
	struct bytes ref, text;
};
struct spdx_document {
	struct bytes name;
	char space[DIGEST_TEXT_CAP + 80], created[32];
	struct spdx_package *packages; /* the image first */
	size_t package_count;
	struct spdx_license *licenses; /* by ref, each once */
	size_t license_count;
};
/* All borrows from r and a. ERR_NOMEM. */
int spdx_make(const struct report *r, struct arena *a, struct spdx_document *ret, struct err *e);
