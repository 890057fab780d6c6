/* The repositories that apk installs from, etc/apk/repositories: one a line,
 *
 *   https://dl-cdn.alpinelinux.org/alpine/v3.19/main
 *   @testing https://dl-cdn.alpinelinux.org/alpine/edge/testing
 *   /media/cdrom/apks
 *
 * "#" starts a comment. A line with a tag ("@testing") serves only packages that were asked for by
 * that tag, so they do not identify the image's release. A release is a component after
 * "alpine": vN.M or edge. The newest that the others name is stated, "edge" being newer than all
 * numbers, and as streams all of them where there are several: apk takes from each. Nothing else is
 * stated, and nothing when no line names a release (a mirror of another form, Wolfi).
 * Spec: apk-repositories(5). */
#include "base/num.h"
#include "eco/parsers.h"
#include "eco/path.h"
#include "pkg/streams.h"

static const char location[] = "etc/apk/repositories";

struct release {
	struct bytes text; /* "3.19", "edge"; empty = none */
	uint64_t major, minor;
};

static struct eco_want repositories_wants(struct bytes path)
{
	struct eco_want w = {.merge = ECO_REPLACE};
	w.wanted = eco_path_at(path, location, &w.keep);
	return w;
}

/* "v3.19" or "edge"; false: neither. */
static bool parse_release(struct bytes word, struct release *ret)
{
	if (bytes_eq_lit(word, "edge")) {
		*ret = (struct release){.text = word, .major = UINT64_MAX};
		return true;
	}
	struct bytes minor = bytes_from(word, 1);
	struct bytes major = bytes_cut(&minor, '.');
	*ret = (struct release){.text = bytes_from(word, 1)};
	return bytes_has_prefix_lit(word, "v") && num_u64(major, 1000, &ret->major) &&
	       num_u64(minor, 1000, &ret->minor);
}

/* The release that the address of a repository names, none when it names none. */
static struct release release_in(struct bytes address)
{
	bool behind_alpine = false;
	for (struct bytes rest = address; rest.len > 0;) {
		struct bytes part = bytes_cut(&rest, '/');
		struct release r;
		if (behind_alpine && parse_release(part, &r))
			return r;
		behind_alpine = bytes_eq_lit(part, "alpine");
	}
	return (struct release){.text = BYTES_NONE};
}

static bool is_newer(const struct release *a, const struct release *b)
{
	if (b->text.len == 0 || a->major != b->major)
		return b->text.len == 0 || a->major > b->major;
	return a->minor > b->minor;
}

static int repositories_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			      struct arena *a, struct err *e)
{
	(void)path;
	struct release newest = {.text = BYTES_NONE};
	struct bytes all = BYTES_NONE;
	for (struct bytes rest = file; rest.len > 0;) {
		struct bytes line = bytes_trim(bytes_cut(&rest, '\n'));
		if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == '@')
			continue;
		struct release r = release_in(line);
		if (r.text.len == 0)
			continue;
		if (is_newer(&r, &newest))
			newest = r;
		int rc = pkg_streams_add(&all, r.text, a, e);
		if (rc < 0)
			return rc;
	}
	if (newest.text.len == 0)
		return 0;
	bool several = bytes_find(all, ',') < all.len;
	struct pkg_distro d = {.id = BYTES_LIT("alpine"),
			       .version_id = newest.text,
			       .streams = several ? all : BYTES_NONE};
	return sink->distro(sink->arg, &d, e);
}

const struct eco_parser eco_apk_repositories = {.wants = repositories_wants,
						.parse = repositories_parse};
