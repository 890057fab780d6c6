/* license (license_): what a package's metadata says of its licence, as an SPDX expression where
 * that is certain, or as the text that it says. Nothing here allocates.
 *
 * An expression is what the SPDX specification 2.3, annex D, says: identifiers of the SPDX License
 * List in its own spelling, or LicenseRef-NAME, joined by AND and OR, with WITH and an exception,
 * and parentheses. */
#pragma once
#include "base/bytes.h"
#include <stdbool.h>

#define LICENSE_MAX 1024U /* bytes of an expression; of Debian's long lists few are longer */
/* Bytes of a text that is none: more is no name of a licence, but the licence. */
#define LICENSE_TEXT_MAX 200U

struct license {
	char text[LICENSE_MAX + 1]; /* ends with NUL */
	size_t len;		    /* 0: nothing is said */
	bool is_expression;	    /* else text is what the metadata says, on one line */
	bool overflow;		    /* more was added than has space: it names LicenseRef-further */
};

/* Read what a package's metadata says: an expression in SPDX's form or in that of distributions
 * ("GPLv2+ and MIT"), the name of a well-known licence, its address, or its whole text. */
void license_read(struct license *l, struct bytes text);
/* One more licence that applies as well: l AND add. What is said already is not said again; what
 * has no space is said to be there: AND LicenseRef-further. */
void license_also(struct license *l, const struct license *add);
/* The same, of a choice: l OR add. */
void license_or(struct license *l, const struct license *add);
struct bytes license_bytes(const struct license *l);
/* Is text an expression in SPDX's own spelling? */
bool license_is_expression(struct bytes text);
/* "LicenseRef-NAME" of a text that is no expression: of other bytes than SPDX allows '-'. */
#define LICENSE_REF_CAP 96
void license_ref(struct bytes text, char out[LICENSE_REF_CAP]);
/* Each LicenseRef-NAME of an expression, by see. */
void license_each_ref(struct bytes expression, void (*see)(void *arg, struct bytes ref), void *arg);
/* Does what is said of a package need a licence that one of patterns names? '*' is any text; case
 * does not count. Of a choice (OR) all must be named; of a text that is no expression the whole
 * counts. */
bool license_is_denied(struct bytes text, const char *const *patterns, size_t count);

/* What license_read knows, each an expression without AND and OR, or NULL: by identifier of the
 * list in any case; an exception's; by a name or an address that people write; by words that only
 * the licence itself has. */
const char *license_by_id(struct bytes id);
const char *license_exception(struct bytes id);
const char *license_by_name(struct bytes name);
const char *license_by_words(struct bytes text);
