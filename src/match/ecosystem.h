/* ecosystem: the ecosystems whose records are about a distribution or a language. Inside match
 * only.
 */
#pragma once
#include "match/match.h"

/* Of every release of Alpine: what its security team rejected (feed alpine-rejections). */
#define ECOSYSTEM_ALPINE_REJECTED "Alpine:rejected"

/* match_ecosystems; false: out of memory. */
bool ecosystem_names(const struct pkg *p, struct arena *a, struct bytes out[MATCH_ECOSYSTEMS_MAX],
		     size_t *ret_count);

/* The vendor in an ecosystem's name, as titles and categories have it: "Debian", "Red Hat". */
struct bytes ecosystem_vendor(struct bytes ecosystem);

/* The os-release id and a major of the table's row i, for tests; NULL after the last. */
const char *ecosystem_row(size_t i, unsigned *ret_major);

/* Is p's type the one that its distribution's packages have? True where the distribution is not
 * known, or p has no type. */
bool ecosystem_has_type(const struct pkg *p);

/* "ubuntu", "18.04" and "esm-apps,esm-infra" of "ubuntu:18.04:esm-apps,esm-infra". */
struct bytes ecosystem_distro_id(const struct pkg *p);
struct bytes ecosystem_distro_version(const struct pkg *p);
struct bytes ecosystem_distro_streams(const struct pkg *p);
