/* why: one answer about a CVE or advisory and an image: reported, or the one reason why it is not.
 * `why` and `why-not`, on the command line and of a server, are parts of the same answer. */
#pragma once
#include "base/record.h"
#include "match/match.h"

enum why_reason {
	WHY_REPORTED,
	WHY_DISABLED,	    /* reported, if it were not for a disable rule */
	WHY_NOT_SCANNED,    /* the image was not scanned yet */
	WHY_NOT_ASSESSED,   /* a package of that name could not be compared */
	WHY_NOT_AFFECTED,   /* according to the vendor */
	WHY_WITHDRAWN,	    /* its record was taken back, or its CVE rejected */
	WHY_NOT_LINKED,	    /* the program has nothing of the packages that the record names */
	WHY_FIXED,	    /* the installed version is at or above the fix */
	WHY_OUTSIDE,	    /* it is outside of the range */
	WHY_OTHER_RECORD,   /* records are about another build, or one of the vendor decides */
	WHY_NO_RECORD,	    /* of packages of that name in other releases only */
	WHY_NOT_COVERED,    /* there are no advisories for the distribution */
	WHY_NOT_READ,	    /* part of the image could not be read: the package may be there */
	WHY_PACKAGE_ABSENT, /* no package of a name that records mention */
	WHY_UNKNOWN_ID,	    /* the database has no such record */
	WHY_DATABASE_OLD,   /* nor could it: it is older than a week */
	WHY_BEING_UPDATED,  /* the database says so, the findings are not counted with it yet */
	WHY_NO_DATABASE,
	WHY_NOT_FOUND, /* a content check found nothing */
	WHY_REASON_COUNT
};
const char *why_reason_word(int reason);	     /* "reported" …; NULL past them */
const char *why_reason_text(enum why_reason reason); /* a sentence */

#define WHY_DATABASE_OLD_MS (INT64_C(7) * 86400 * 1000)
#define WHY_PACKAGES_MAX 1000U /* that are explained */

struct why_input {
	const struct vdb *v;
	const struct pkg *const *packages;
	size_t package_count;
	struct bytes id;
	bool unread; /* part of the image could not be read */
	int64_t now_ms;
};
struct why_package {
	size_t package; /* in the input's list */
	struct match_explanation x;
};
struct why {
	enum why_reason reason;	      /* REPORTED as far as the database decides; never DISABLED */
	struct bytes id;	      /* as the database writes it, where it does */
	struct why_package *packages; /* of a name that records mention */
	size_t package_count;
	bool whole; /* false: there are more of them */
};
/* Results are in a, or borrow from the input. */
int why_ask(const struct why_input *in, struct arena *a, struct why *ret, struct err *e);

/* A CVE or advisory as the database writes it, whatever its case; what it does not know stays as it
 * is. In a, or text. */
int why_known_id(const struct vdb *v, struct bytes text, struct arena *a, struct bytes *ret,
		 struct err *e);

/* A package of an answer, as replies have it. */
struct why_row {
	struct pkg pkg;
	struct bytes layer, layer_created_by;
	struct match_explanation x;
	int64_t fetched_ms; /* of the feed; 0 = not known */
	struct record_rows cwes;
};
extern const struct record_object why_package_object;
/* When the feed's records were fetched; 0 = not known. */
int64_t why_fetched_ms(const struct vdb *v, struct bytes feed);
