#include "inventory/stream.h"

#include "pkg/streams.h"

int stream_add_all(struct pkg_distro *d, struct bytes streams, struct arena *a, struct err *e)
{
	int r = 0;
	while (r == 0 && streams.len > 0)
		r = pkg_streams_add(&d->streams, bytes_cut(&streams, ','), a, e);
	return r;
}

/* "rhel_eus:9.2" of "cpe:/o:redhat:rhel_eus:9.2::baseos". The release's own product is what its
 * name says already. */
static int add_cpe(struct pkg_distro *d, struct arena *a, struct err *e)
{
	struct bytes rest = d->cpe;
	struct bytes scheme = bytes_cut(&rest, ':'), part = bytes_cut(&rest, ':'),
		     vendor = bytes_cut(&rest, ':');
	struct bytes product = bytes_cut(&rest, ':'), version = bytes_cut(&rest, ':');
	bool says = bytes_eq_lit(scheme, "cpe") && bytes_has_prefix_lit(part, "/") &&
		    bytes_eq_lit(vendor, "redhat") && version.len > 0 &&
		    !bytes_eq_lit(product, "enterprise_linux");
	if (!says)
		return 0;
	char *text = arena_printf(a, "%.*s:%.*s", BYTES_ARG(product), BYTES_ARG(version));
	if (!text)
		return err_set(e, ERR_NOMEM, "image inventory: out of memory");
	int r = pkg_streams_add(&d->streams, bytes_of(text), a, e);
	return r == -ERR_NOMEM ? r : 0; /* a CPE of another form says nothing */
}

int stream_finish(struct pkg_distro *d, struct arena *a, struct err *e)
{
	if (!bytes_eq_lit(d->id, "rhel"))
		return 0;
	int r = add_cpe(d, a, e);
	struct bytes own = BYTES_LIT("enterprise_linux:");
	struct bytes major = bytes_part(d->version_id, 0, bytes_find(d->version_id, '.'));
	if (bytes_has_prefix(d->streams, own) && bytes_eq(bytes_from(d->streams, own.len), major))
		d->streams = BYTES_NONE;
	return r;
}

bool stream_is_of_release(struct bytes version, struct bytes release)
{
	if (bytes_eq_lit(release, "edge"))
		return bytes_eq(version, release) ||
		       bytes_find_bytes(version, BYTES_LIT("_alpha")) < version.len;
	return bytes_has_prefix(version, release) &&
	       (version.len == release.len || version.ptr[release.len] == '.');
}

int stream_add_branches(struct pkg_distro *d, const struct pkg_distro *stated, struct arena *a,
			struct bytes *ret_text, struct err *e)
{
	struct bytes own = stated->version_id, more = BYTES_NONE;
	if (!bytes_eq_lit(d->id, "alpine") || stated->streams.len == 0)
		return 0;
	for (struct bytes rest = stated->streams; rest.len > 0;) {
		struct bytes release = bytes_cut(&rest, ',');
		if (stream_is_of_release(d->version_id, release))
			own = release;
	}
	for (struct bytes rest = stated->streams; rest.len > 0;) {
		struct bytes release = bytes_cut(&rest, ',');
		if (!bytes_eq(release, own) && pkg_streams_add(&more, release, a, e) < 0)
			return -(int)e->code;
	}
	if (!stream_is_of_release(d->version_id, own))
		d->version_id = own;
	char *text = arena_printf(a,
				  "packages may come from release %.*s as well: its advisories are "
				  "used beside those of %.*s",
				  BYTES_ARG(more), BYTES_ARG(d->version_id));
	if (!text)
		return err_set(e, ERR_NOMEM, "image inventory: out of memory");
	d->streams = more;
	*ret_text = bytes_of(text);
	return 0;
}
