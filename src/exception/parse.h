/* parse (exception_, exceptions_): shared by the forms. Inside exception only. */
#pragma once
#include "base/json.h"
#include "exception/exception.h"

/* Names of a vulnerability in one statement, each looked at for each finding: real ones have ten.
 */
#define EXCEPTION_IDS_MAX 256U

/* What it asks of a package, but for the names of vulnerabilities; have: the package as its purl
 * states it. */
bool exception_fits(const struct exception *x, const struct finding_match *m,
		    const struct pkg *have);

/* NULL: ERR_NOMEM, ERR_LIMIT. */
struct exception *exceptions_push(struct exceptions *x, struct err *e);
void exceptions_note(struct exceptions *x, const char *made);
/* Copies of both in x's arena. */
int exceptions_keep(struct exceptions *x, struct bytes *text, struct bytes *source, struct err *e);
/* One more of a list in x's arena. */
int exceptions_text_add(struct exceptions *x, struct bytes **list, size_t *count, struct bytes text,
			struct err *e);
/* "sha256:…" of hexadecimal digits; empty when they are not those of one, or without memory. */
struct bytes exception_digest_of(struct exceptions *x, struct bytes hex);
/* A product's purl, or an image's digest, into out: an image's, or a package's. False: it is none,
 * or not read. */
bool exception_product(struct exceptions *x, struct bytes purl, struct exception *out);

int openvex_read(struct exceptions *x, struct bytes text, struct bytes source, struct err *e);
int csaf_read(struct exceptions *x, struct bytes text, struct bytes source, struct err *e);
int cdx_vex_read(struct exceptions *x, struct bytes text, struct bytes source, struct err *e);
int ignore_lines_read(struct exceptions *x, struct bytes text, struct bytes source, struct err *e);
int ignore_yaml_read(struct exceptions *x, struct bytes text, struct bytes source, struct err *e);
