/* kind (kind_): what Trivy and Grype call a package: their consumers distinguish packages by these
 * words. */
#pragma once
#include "pkg/package.h"

struct kind {
	const char *trivy_class;    /* "os-pkgs", "lang-pkgs" */
	struct bytes trivy_type;    /* "debian", "python-pkg", "yarn" */
	struct bytes trivy_target;  /* "Python", or a path; empty: the image */
	const char *grype_type;	    /* "deb", "python" */
	const char *grype_language; /* "python"; "" for packages of a distribution */
	const char *grype_matcher;  /* "dpkg-matcher" */
};
/* Runs borrow from p; distro: the id of the image's distribution. */
struct kind kind_of(const struct pkg *p, struct bytes distro);
/* A vendor's name as a word of other tools: "Red Hat" is "redhat". At most 63 letters. */
#define KIND_SOURCE_CAP 64
void kind_source(struct bytes category, char out[KIND_SOURCE_CAP]);
