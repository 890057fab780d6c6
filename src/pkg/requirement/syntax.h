/* syntax: what the readers of requirements share. Inside requirement only. */
#pragma once
#include "pkg/requirement.h"
#include "pkg/version.h"

struct req_reader {
	struct arena *a;
	struct requirement *out;
	size_t terms;
	bool no_memory, too_many;
};

struct req_syntax {
	const char *name, *scheme;
	/* False: not a range of this syntax, or req_reader says what else. */
	bool (*parse)(struct req_reader *r, struct bytes text);
	/* NULL: by the scheme's order alone. */
	bool (*holds)(const struct ver_scheme *s, const struct req_term *t, struct bytes version);
	/* npm's and Cargo's rule: a pre-release is in only where a term names one of the same
	 * numbers. */
	bool guards_pre;
};

/* Begin another alternative. */
bool req_or(struct req_reader *r);
/* A term of the last alternative; the text is copied where make says so with a format. */
bool req_add(struct req_reader *r, enum req_is is, struct bytes version);
bool req_add_made(struct req_reader *r, enum req_is is, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The last alternative holds for no version. */
void req_never(struct req_reader *r);
/* "<= 1.0" of a list of comparisons: cuts mark and version; false where there is no version. */
bool req_cut_mark(struct bytes *text, enum req_is *ret);
/* Cut what precedes "||" (or '|' where single is said). False at the end. */
bool req_cut_or(struct bytes *rest, bool single, struct bytes *ret);
bool req_order_holds(const struct ver_scheme *s, const struct req_term *t, struct bytes version);

bool req_parse_list(struct req_reader *r, struct bytes text);
bool req_parse_npm(struct req_reader *r, struct bytes text);
bool req_parse_npm_loose(struct req_reader *r, struct bytes text);
bool req_parse_npm_pre(struct req_reader *r, struct bytes text);
bool req_parse_cargo(struct req_reader *r, struct bytes text);
bool req_parse_hex(struct req_reader *r, struct bytes text);
bool req_parse_composer(struct req_reader *r, struct bytes text);
bool req_parse_gem(struct req_reader *r, struct bytes text);
bool req_gem_holds(const struct ver_scheme *s, const struct req_term *t, struct bytes version);
bool req_parse_pep440(struct req_reader *r, struct bytes text);
bool req_parse_pep440_loose(struct req_reader *r, struct bytes text);
bool req_pep440_holds(const struct ver_scheme *s, const struct req_term *t, struct bytes version);
bool req_parse_maven(struct req_reader *r, struct bytes text);
bool req_parse_nuget(struct req_reader *r, struct bytes text);
bool req_parse_conan(struct req_reader *r, struct bytes text);
bool req_parse_apk(struct req_reader *r, struct bytes text);
bool req_apk_holds(const struct ver_scheme *s, const struct req_term *t, struct bytes version);
