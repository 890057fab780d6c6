/* search (inspect_): content checks on the text of one file, or of an image's config. Nothing of a
 * secret leaves it but its kind, length and line. */
#pragma once
#include "base/err.h"
#include "inspect/inspect.h"

struct inspect_sink {
	void *arg;
	/* line: from 1; detail: what is found, for people ("40 characters"), printable, at most
	 * INSPECT_DETAIL_MAX bytes. <0 ends the search, which returns it. */
	int (*found)(void *arg, enum inspect_kind kind, uint32_t line, struct bytes detail,
		     struct err *e);
};

struct inspect_search;
struct inspect_search *inspect_search_open(struct err *e);
void inspect_search_close(struct inspect_search *s);

/* Is a file at this (clean, root-relative) path looked into? Not what is published in packages of
 * languages (node_modules, site-packages): everybody has that. */
bool inspect_wants(struct bytes path);
/* Is it text, by what it begins with? */
bool inspect_is_text(struct bytes start);
/* Look for all that a file at path may hold. 1: there is more than is reported, or the text was
 * made to take long and was not searched to its end. */
int inspect_search_file(const struct inspect_search *s, struct bytes path, struct bytes text,
			const struct inspect_sink *sink, struct err *e);
/* Look for what is a secret wherever it stands. */
int inspect_search_text(const struct inspect_search *s, struct bytes text,
			const struct inspect_sink *sink, struct err *e);
/* "NAME=value" of an image's environment: is it named like a password, and set? */
bool inspect_is_password_variable(struct bytes line);
