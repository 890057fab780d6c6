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
