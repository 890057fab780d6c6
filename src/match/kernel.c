/* Kernels signed by their distribution. Debian and Ubuntu build a kernel twice: source "linux" and,
 * with the signature added, "linux-signed-amd64" (Debian) or "linux-signed", "linux-signed-aws-6.8"
 * (Ubuntu). Advisories are about the first alone. The binary packages of both have the version of
 * the first; the signed source's own is another (Debian: "6.1.69+1" for 6.1.69-1). Ubuntu's
 * "linux-meta" holds no file of a kernel and depends on the one it names; where its version is the
 * kernel's (since 23.10: "6.8.0-31.31"), it is looked up with it. */
#include "match/kernel.h"

#include "match/match.h"

static const char *const arches[] = {"-amd64", "-arm64", "-i386", "-armhf"};
static const char *const builds[] = {"linux-signed", "linux-meta"};
#define ARCH_COUNT (sizeof arches / sizeof arches[0])
#define BUILD_COUNT (sizeof builds / sizeof builds[0])

static struct bytes without_arch(struct bytes name)
{
	for (size_t i = 0; i < ARCH_COUNT; i++) {
		struct bytes arch = bytes_of(arches[i]);
		if (bytes_has_suffix_lit(name, arches[i]))
			return bytes_part(name, 0, name.len - arch.len);
	}
	return name;
}

const struct pkg *kernel_of(const struct pkg *p, struct arena *a, struct pkg *copy)
{
	for (size_t i = 0; bytes_eq_lit(p->type, "deb") && i < BUILD_COUNT; i++) {
		struct bytes build = bytes_of(builds[i]);
		struct bytes rest = bytes_from(p->source_name, build.len);
		if (!bytes_has_prefix(p->source_name, build) || (rest.len && rest.ptr[0] != '-'))
			continue;
		if (bytes_find(p->version, '-') == p->version.len)
			return p;
		char *name = arena_printf(a, "linux%.*s", BYTES_ARG(without_arch(rest)));
		if (!name)
			return NULL;
		*copy = *p;
		copy->source_name = bytes_of(name);
		copy->source_version = p->version;
		return copy;
	}
	return p;
}

size_t match_sources_of(struct bytes name, struct arena *a, struct bytes out[MATCH_SOURCES_MAX])
{
	struct bytes rest = bytes_from(name, sizeof "linux" - 1);
	size_t n = 0;
	if (!bytes_has_prefix_lit(name, "linux") || (rest.len && rest.ptr[0] != '-'))
		return 0;
	for (size_t i = 0; i < BUILD_COUNT; i++) {
		for (size_t k = 0; k <= ARCH_COUNT; k++) {
			char *text = arena_printf(a, "%s%.*s%s", builds[i], BYTES_ARG(rest),
						  k < ARCH_COUNT ? arches[k] : "");
			if (!text)
				return SIZE_MAX;
			out[n++] = bytes_of(text);
		}
	}
	return n;
}
