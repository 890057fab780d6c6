/* Semantic versions without any leniency; numbers fit into 64 bits. Build data does not count in
 * the order that advisories mean. Spec: semver.org 2.0.0; Cargo book, "The manifest format". Native
 * tool: the semver crate. */
#include "base/num.h"
#include "pkg/version/schemes.h"
#include "pkg/version/semver.h"

bool ver_cargo_is_valid(struct bytes v)
{
	struct semver s = semver_split(v);
	if (!ver_semver_is_valid(v))
		return false;
	while (s.core.len > 0) {
		uint64_t number;
		if (!num_u64(bytes_cut(&s.core, '.'), UINT64_MAX, &number))
			return false;
	}
	return true;
}

int ver_cargo_cmp(struct bytes a, struct bytes b)
{
	return ver_semver_cmp(a, b);
}

/* The semver crate's own order, in which build data counts. */
bool ver_cargo_buildmeta_is_valid(struct bytes v)
{
	return ver_cargo_is_valid(v);
}

int ver_cargo_buildmeta_cmp(struct bytes a, struct bytes b)
{
	return ver_pub_cmp(a, b);
}
