/* version (ver_): order of versions. One file per scheme under pkg/version/, one row in
 * pkg/version/schemes.inc. */
#pragma once
#include "base/bytes.h"
#include <stdbool.h>

/* What the `vercmp` verb answers when an operand is not a valid version. ver_scheme.cmp orders
 * every text in any case. */
enum ver_doubt {
	VER_REFUSE, /* "invalid" */
	VER_SELF,   /* the order, as the native tool does; "invalid" only for a text compared with
		       itself */
	VER_ORDER,  /* always the order */
};

struct ver_scheme {
	const char *name; /* "dpkg", "rpm", "apk", "semver" … */
	bool (*is_valid)(struct bytes v);
	/* Defined for every input, valid or not; total order: <0, 0, >0. No allocation. Exceptions:
	 * maven and alpm are not transitive where Maven and pacman are not
	 * (docs/formats/versions.md). */
	int (*cmp)(struct bytes a, struct bytes b);
	enum ver_doubt doubt;
};
extern const struct ver_scheme ver_table[];
extern const size_t ver_count;
/* NULL when unknown. */
const struct ver_scheme *ver_find(struct bytes name);
/* The scheme of an OSV ecosystem ("Debian:12" → dpkg, "AlmaLinux:8" → rpm, "Alpine:v3.19" → apk,
 * "Go" → semver …), or NULL. */
const struct ver_scheme *ver_of_ecosystem(struct bytes ecosystem);
/* The OSV ecosystems that have one, by number: "Debian"; NULL after the last. */
const char *ver_ecosystem_name(size_t i);
/* Can anything be compared with v? Not with a text without a digit ("unfixed"), with one in
 * brackets ("<not-affected>"), nor with what dpkg and rpm refuse; the other schemes order texts
 * that they call invalid, and packages have such versions. "0" is OSV's "from the first". */
bool ver_is_comparable(const struct ver_scheme *s, struct bytes v);
/* Does this ecosystem's feed state an rpm epoch wherever there is one? Else a version without one
 * says nothing of it: openEuler's and Mageia's records leave every epoch out. */
bool ver_states_epochs(struct bytes ecosystem);
/* An rpm version without its epoch; *ret_stated (may be NULL): it had one. */
struct bytes ver_rpm_without_epoch(struct bytes v, bool *ret_stated);
