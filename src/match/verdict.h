/* verdict: what each record that names a package says of it. Inside match only. */
#pragma once
#include "match/match.h"
#include "pkg/version.h"

enum verdict_kind {
	VERDICT_AFFECTED,
	VERDICT_OUT_OF_RANGE, /* fixed before, or not introduced yet */
	VERDICT_OTHER_NAME, /* the record means the source package's name and this is the binary's,
			       or the other way round */
	VERDICT_OTHER_ARCH,
	VERDICT_OTHER_MODULE,
	VERDICT_OTHER_FLAVOUR, /* .ksplice, _fips */
	VERDICT_NOT_LINKED,    /* in range, but the program has nothing of the packages that the
				  record names (Go) */
	VERDICT_NOT_AFFECTED,  /* according to the vendor */
	VERDICT_NO_SCHEME,     /* versions of this ecosystem cannot be ordered yet */
	VERDICT_NO_VERSION /* the record's are not versions: nothing can be compared with them */
};

/* Who gets the version that ends the range. */
enum verdict_fix {
	FIX_OWN,	 /* the image's own repositories deliver it */
	FIX_PRO,	 /* Ubuntu Pro, which the image is not attached to */
	FIX_OTHER_STREAM /* another product stream of Red Hat's than the image's */
};

/* What an rpm epoch counts for. A database states it for each binary package and never for a
 * source, and a sub-package may have another one than its source: perl's is 4, perl-Errno's 0. */
enum epochs {
	EPOCHS_COUNT,	  /* as they are; none is 0 */
	EPOCHS_IF_STATED, /* where the record states one */
	EPOCHS_IGNORED
};

struct order {
	const struct ver_scheme *scheme;
	enum epochs epochs;
};

struct verdict {
	enum verdict_kind kind;
	const struct vdb_hit *hit;
	const struct ver_scheme *scheme;
	struct bytes compared; /* the package's version that was compared */
	struct bytes
	    fixed;   /* that ends the range the version is in, or (OUT_OF_RANGE) that was reached */
	bool listed; /* affected by enumeration */
	enum verdict_fix from; /* of fixed */
};

struct verdicts {
	struct verdict *v;
	size_t count;
};

/* All records that name p or its source package, in the order of ecosystems. From a. */
int verdict_all(const struct vdb *v, const struct pkg *p, struct arena *a, struct verdicts *ret,
		struct err *e);

/* By the scheme; "0" is below every version. b is a record's. */
int range_cmp(const struct order *o, struct bytes a, struct bytes b);
/* Is version in what an affected entry says? *ret_fixed: see above. Spec: OSV schema "evaluation
 * algorithm". */
bool range_has(const struct adv_affected *x, const struct order *s, struct bytes version,
	       struct bytes *ret_fixed, bool *ret_listed);
/* Are the record's versions such that something can be compared with them? */
bool range_is_comparable(const struct adv_affected *x, const struct ver_scheme *s);
/* "introduced 0, fixed 1.2-3" for people. */
struct bytes range_text(const struct adv_affected *x, struct arena *a);

/* The os-release id and a major of the table's row i, for tests; NULL after the last. */
const char *ecosystem_row(size_t i, unsigned *ret_major);

/* Is p's type the one that its distribution's packages have? True where the distribution is not
 * known, or p has no type. */
bool ecosystem_has_type(const struct pkg *p);

/* "ubuntu", "18.04" and "esm-apps,esm-infra" of "ubuntu:18.04:esm-apps,esm-infra". */
/* Of every release of Alpine: what its security team rejected (feed alpine-rejections). */
#define ECOSYSTEM_ALPINE_REJECTED "Alpine:rejected"
struct bytes ecosystem_distro_id(const struct pkg *p);
struct bytes ecosystem_distro_version(const struct pkg *p);
struct bytes ecosystem_distro_streams(const struct pkg *p);

/* Whether what x says was fixed is for p's image to have (stream.c). */
enum verdict_fix stream_fix(const struct pkg *p, const struct adv_affected *x, struct bytes fixed);
/* Is x of the release's own product stream, as Red Hat names it? */
bool stream_is_main(const struct adv_affected *x);
/* The minor release that an rpm was built for, UINT64_MAX when its version does not say: "4" of
 * "5.14.0-427.el9_4" and "1-2.module+el8.4.0+1". */
uint64_t stream_minor(struct bytes version);
/* Alpine with repositories of several releases: is x of another one than the image's own? */
bool stream_is_second(const struct pkg *p, const struct adv_affected *x);
/* Does p's image follow an extended update stream of Red Hat's and not the release's own? */
bool stream_is_extended(const struct pkg *p);

/* match_ecosystems; false: out of memory. */
bool ecosystem_names(const struct pkg *p, struct arena *a, struct bytes out[MATCH_ECOSYSTEMS_MAX],
		     size_t *ret_count);

/* The release that version is a backport for (12 of "1.2-3~bpo12+1") and what it was built from; 0:
 * it is none (rebuild.c). */
uint64_t rebuild_backport_of(struct bytes version, struct bytes *ret_base);
/* Is version ("1.2-3~deb12u1") built from one that fixed is not newer than? */
bool rebuild_has_fix(const struct ver_scheme *s, struct bytes version, struct bytes fixed);

/* p, or *copy of it with the source that advisories are about (kernel.c). NULL: no memory. */
const struct pkg *kernel_of(const struct pkg *p, struct arena *a, struct pkg *copy);

/* The vendor in an ecosystem's name, as titles and categories have it: "Debian", "Red Hat". */
struct bytes ecosystem_vendor(struct bytes ecosystem);

/* The category of a security check: vendor, or one of its own for source. */
struct bytes category_of(struct bytes vendor, const struct pkg *p, struct bytes source);

/* The number of a check: 0: no memory (check.c). */
uint64_t check_number(struct bytes vendor, struct bytes id, struct bytes source);

/* The match of what a content check found (inspected.c): one, or none of a check that this program
 * does not know. */
int64_t inspected_match(const struct pkg *p, struct arena *a, struct match **ret, struct err *e);

/* The text and, where the names are safe to paste, the exact command. Empty when out of memory. */
struct bytes remedy_text(const struct pkg *p, const struct match *m, const struct verdict *v,
			 struct arena *a);
