/* exception: what people have said of findings beforehand: VEX statements (OpenVEX, CSAF,
 * CycloneDX) and rules of ignore files (.trivyignore, .trivyignore.yaml, Grype's configuration).
 * One form for all; docs/formats/exceptions.md says which parts of each are read and how they
 * match. */
#pragma once
#include "match/finding.h"

#define EXCEPTION_FILE_MAX (64U << 20) /* bytes of a document: Red Hat's largest VEX has 40 MB */
#define EXCEPTIONS_MAX 200000U	       /* of all files together */
/* Comparisons of an exception with a match: 200,000 statements of 50,000 vulnerabilities with
 * 200,000 matches are a million. */
#define EXCEPTION_STEPS_MAX UINT64_C(1000000000)

enum exception_kind { EXCEPTION_IGNORED, EXCEPTION_VEX };

struct exception {
	enum exception_kind kind;
	struct bytes *ids; /* of vulnerabilities, any of; none: of all */
	size_t id_count;
	/* Of VEX. */
	bool of_image; /* it is about an image, or about packages of one */
	struct pkg image;
	enum adv_status status; /* NOT_AFFECTED and FIXED take findings out */
	int64_t at_ms;		/* the latest statement that fits decides */
	/* Of all: empty fits any. */
	bool of_package;
	struct pkg package;	     /* of a purl: what it says must be the same */
	struct bytes version;	     /* exact; of CycloneDX's versions */
	struct bytes *paths, *purls; /* globs of the package's file; purls, any of */
	size_t path_count, purl_count;
	struct bytes name, type, language, source_name, fix_state,
	    namespace;	    /* of Grype; name is a glob */
	int64_t expires_ms; /* 0: never */
	struct bytes justification, statement, source;
	unsigned line; /* of source; 0: not known */
};

/* The image that findings are of. */
struct exception_image {
	struct bytes repository; /* "ghcr.io/team/app"; empty: not known */
	struct bytes path; /* "team/app": where the host is not known, and repository is empty */
	struct bytes digest, tag, arch;
	const struct bytes *indexes; /* digests of the indexes that it is an image of */
	size_t index_count;
};

struct exceptions {
	struct arena arena; /* holds what items point to, texts too */
	struct exception *items;
	size_t count, cap;
	struct bytes notes[32]; /* what of the files cannot be applied */
	size_t note_count;
	bool no_memory; /* for something small: what adds fails */
	/* Of documents attached to an image: one that describes another image is about that one. */
	bool is_attached;
};
void exceptions_init(struct exceptions *x);
void exceptions_free(struct exceptions *x); /* accepts a zeroed struct */

/* Add what a document says; source: its name. The text is copied. ERR_FORMAT, ERR_UNSUPPORTED (none
 * of the forms), ERR_LIMIT, ERR_NOMEM. Parts that are not understood narrow: a rule with a member
 * that is not known is not applied, with a note. */
int exceptions_add_vex(struct exceptions *x, struct bytes text, struct bytes source, struct err *e);
int exceptions_add_ignore(struct exceptions *x, struct bytes text, struct bytes source,
			  struct err *e);

/* Add what another said; its arena outlives x. */
int exceptions_join(struct exceptions *x, const struct exceptions *from, struct err *e);

/* It is about this image, or about packages of whatever image. */
bool exception_is_of(const struct exception *x, const struct exception_image *image);
/* A match that was taken out: each vulnerability of its finding has an exception. */
struct exception_hit {
	struct match_check check;
	struct finding_match match;
	const struct exception *by; /* of the first of them */
	bool whole;		    /* the last match of its finding: the finding is gone with it */
};
/* Findings of an image, and what was taken out of them. */
struct exception_findings {
	struct finding *items;
	size_t count;
	struct exception_hit *hits;
	size_t hit_count, hit_cap;
	uint64_t steps_max; /* comparisons; 0: EXCEPTION_STEPS_MAX */
};
/* Take out of findings, in place, the matches that exceptions fit, and findings without any left.
 * Of several exceptions that fit, one that ignores decides, else the latest statement (of equal
 * times the last). now_ms: for what expires. The hits are from a. ERR_LIMIT: more comparisons than
 * steps_max; what is left of findings is then undefined. */
int exceptions_apply(const struct exceptions *x, const struct exception_image *image,
		     int64_t now_ms, struct exception_findings *f, struct arena *a, struct err *e);
/* What VEX documents said, serialised in a worker; parsing it trusts nothing. Documents have one
 * source, which is not in it. */
void exceptions_put(struct buf *out, const struct exceptions *x);
/* Add what was put, of the kind EXCEPTION_VEX. The text is copied. ERR_FORMAT, ERR_LIMIT,
 * ERR_NOMEM. */
int exceptions_take(struct exceptions *x, struct bytes in, struct bytes source, struct err *e);
/* "sha256:" and 64 hexadecimal digits. */
bool exception_is_digest(struct bytes text);
/* How many have expired. */
size_t exceptions_expired(const struct exceptions *x, int64_t now_ms);
/* One of the words that OpenVEX has for why something is not affected. */
bool exception_is_justification(struct bytes word);
/* "VEX document vex.json: not_affected (component_not_present): text" */
void exception_put_text(struct buf *out, const struct exception *x);
