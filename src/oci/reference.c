/* name = part *("/" part); part = word *(("." / "_" / "__" / 1*"-") word); word = 1*[a-z0-9]; at
 * most 255 bytes. tag = [A-Za-z0-9_] *127[A-Za-z0-9._-]. Whole reference: [registry "/"] name [":"
 * tag] ["@" digest]. The first part is a registry when it holds '.' or ':' or upper case, or is
 * "localhost"; without one it is Docker Hub, where a name of one part lives in "library/". */
#include "oci/reference.h"

#define HUB "registry-1.docker.io"
#define HOST_MAX 255 /* bytes: DNS name; a port and brackets fit as well */

static bool is_word_byte(uint8_t c)
{
	return byte_is_digit(c) || (c >= 'a' && c <= 'z');
}

/* Bytes of the separator at b.ptr[i]: 0 = none that may separate two words. */
static size_t separator_len(struct bytes b, size_t i)
{
	size_t n = 1;
	if (b.ptr[i] == '.')
		return 1;
	if (b.ptr[i] == '_')
		return i + 1 < b.len && b.ptr[i + 1] == '_' ? 2 : 1;
	if (b.ptr[i] != '-')
		return 0;
	while (i + n < b.len && b.ptr[i + n] == '-')
		n++;
	return n;
}

bool ref_is_name(struct bytes name)
{
	bool inside = false; /* the byte before belongs to a word */
	if (name.len > REF_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len;) {
		if (is_word_byte(name.ptr[i])) {
			inside = true;
			i++;
			continue;
		}
		size_t n = name.ptr[i] == '/' ? 1 : separator_len(name, i);
		if (!inside || n == 0)
			return false;
		inside = false;
		i += n;
	}
	return inside;
}

bool ref_is_tag(struct bytes tag)
{
	if (tag.len == 0 || tag.len > REF_TAG_MAX || tag.ptr[0] == '.' || tag.ptr[0] == '-')
		return false;
	for (size_t i = 0; i < tag.len; i++) {
		uint8_t c = tag.ptr[i];
		if (!byte_is_alnum(c) && c != '_' && c != '.' && c != '-')
			return false;
	}
	return true;
}

static bool is_registry(struct bytes first)
{
	for (size_t i = 0; i < first.len; i++)
		if (first.ptr[i] == '.' || first.ptr[i] == ':' ||
		    (first.ptr[i] >= 'A' && first.ptr[i] <= 'Z'))
			return true;
	return bytes_eq_lit(first, "localhost");
}

/* Only bytes that those are made of, and a port that is a number. */
bool ref_is_host(struct bytes host)
{
	struct bytes name = host;
	size_t colon = bytes_find_last(host, ':');
	bool v6 = host.len > 0 && host.ptr[0] == '[';
	size_t end = bytes_find(host, ']');
	if (v6 && end == host.len)
		return false;
	if (colon < host.len && (!v6 || colon > end)) {
		struct bytes port = bytes_from(host, colon + 1);
		name = bytes_part(host, 0, colon);
		for (size_t i = 0; i < port.len; i++)
			if (!byte_is_digit(port.ptr[i]))
				return false;
		if (port.len == 0 || port.len > 5)
			return false;
	}
	if (v6 && (end + 1 != name.len || name.len < 4))
		return false;
	for (size_t i = v6 ? 1 : 0; i < name.len - (v6 ? 1 : 0); i++) {
		uint8_t c = name.ptr[i];
		bool ok = v6 ? byte_is_hex(c) || c == ':' || c == '.'
			     : byte_is_alnum(c) || c == '.' || c == '-' || c == '_';
		if (!ok)
			return false;
	}
	return name.len > 0 && host.len <= HOST_MAX && name.ptr[0] != '-' && name.ptr[0] != '.';
}

static int bad(struct err *e, struct bytes text, const char *what)
{
	return err_set(e, ERR_FORMAT, "reference \"%.*s\": %s", BYTES_ARG(bytes_part(text, 0, 128)),
		       what);
}

/* Digest and tag off the end of *rest. */
static int take_ends(struct bytes text, struct bytes *rest, struct ref *r, struct err *e)
{
	size_t at = bytes_find(*rest, '@');
	if (at < rest->len) {
		int code = digest_parse(bytes_from(*rest, at + 1), &r->digest, e);
		if (code < 0) {
			err_ctx(e, "reference");
			return code;
		}
		r->has_digest = true;
		*rest = bytes_part(*rest, 0, at);
	}
	size_t slash = bytes_find_last(*rest, '/'), colon = bytes_find_last(*rest, ':');
	if (colon < rest->len && (slash == rest->len || colon > slash)) {
		r->tag = bytes_from(*rest, colon + 1);
		*rest = bytes_part(*rest, 0, colon);
		if (!ref_is_tag(r->tag))
			return bad(e, text, "the tag is not [A-Za-z0-9_][A-Za-z0-9._-]{0,127}");
	} else if (!r->has_digest) {
		r->tag = BYTES_LIT("latest");
	}
	return 0;
}

int ref_parse(struct bytes text, struct arena *a, struct ref *ret, struct err *e)
{
	struct ref r = {.registry = BYTES_LIT(HUB)};
	struct bytes rest = text;
	if (bytes_has_prefix_lit(rest, "docker://"))
		rest = bytes_from(rest, sizeof("docker://") - 1);
	int code = take_ends(text, &rest, &r, e);
	if (code < 0)
		return code;
	size_t slash = bytes_find(rest, '/');
	if (slash < rest.len && is_registry(bytes_part(rest, 0, slash))) {
		r.registry = bytes_part(rest, 0, slash);
		rest = bytes_from(rest, slash + 1);
		if (!ref_is_host(r.registry))
			return bad(e, text,
				   "the registry is not a host name with an optional port");
		if (bytes_eq_lit(r.registry, "docker.io") ||
		    bytes_eq_lit(r.registry, "index.docker.io"))
			r.registry = BYTES_LIT(HUB);
	}
	if (!ref_is_name(rest))
		return bad(e, text,
			   "the name breaks the grammar of distribution-spec, Pulling manifests");
	r.repository = rest;
	if (bytes_eq_lit(r.registry, HUB) && bytes_find(rest, '/') == rest.len) {
		char *full = arena_printf(a, "library/%.*s", BYTES_ARG(rest));
		if (!full)
			return err_set(e, ERR_NOMEM, "reference: no memory");
		r.repository = bytes_of(full);
	}
	if (r.repository.len > REF_NAME_MAX)
		return bad(e, text, "the name is longer than 255 bytes");
	*ret = r;
	return 0;
}
