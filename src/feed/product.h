/* product: OSV's ecosystems by what vendors call their products. */
#pragma once
#include "base/bytes.h"

/* "Red Hat:enterprise_linux:8::appstream" is "Red Hat:" and what this finds in
 * "cpe:/a:redhat:enterprise_linux:8::appstream"; empty for another vendor's CPE. */
struct bytes product_of_cpe(struct bytes cpe);
/* The part that decides for an image, without the repository: "enterprise_linux:8". */
struct bytes product_stream(struct bytes product);

/* "SUSE Linux Enterprise Server 15 SP4" is "SUSE:" and "Linux Enterprise Server 15 SP4",
 * "Photon OS 3" is "Photon OS:", "3" and ".0"; false: not the name of a distribution that images
 * are of. */
struct product_name {
	const char *vendor; /* with its ':' */
	struct bytes release;
	const char *ending;
};
bool product_of_name(struct bytes name, struct product_name *ret);
