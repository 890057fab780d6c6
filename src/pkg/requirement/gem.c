/* RubyGems, Conan and apk: "~> 1.4.4, != 1.4.7", "^1.2", "~3.6".
 *
 *   gem  "~> 1.4.4" is from it on and below 1.5, of a version its release: a pre-release of 1.5 is
 *        out. Spec: Gem::Requirement, Gem::Version#bump and #release.
 *   Conan  "^1.2.3 || ~2.5, include_prerelease"; a '-' after a version includes its pre-releases,
 *        which bounds that it makes leave out. Spec: docs.conan.io, "Version ranges".
 *   apk  "~3.6" is any version that begins so; "<~", ">~" include these. Spec: apk-world(5). */
#include "base/num.h"
#include "pkg/requirement/syntax.h"
#include "pkg/version/parts.h"

#include <inttypes.h>
#include <limits.h>

/* "1.5.0" of "1.5.0.rc1" */
static struct bytes release_of(struct bytes v)
{
	size_t n = 0;
	v = bytes_trim(v);
	while (n < v.len && (byte_is_digit(v.ptr[n]) || v.ptr[n] == '.'))
		n++;
	while (n > 0 && v.ptr[n - 1] == '.')
		n--;
	return bytes_part(v, 0, n);
}

bool req_gem_holds(const struct ver_scheme *s, const struct req_term *t, struct bytes version)
{
	if (t->is == REQ_BELOW_RELEASE)
		return s->cmp(release_of(version), t->version) < 0;
	return req_order_holds(s, t, version);
}

/* What "~> version" ends before. */
static bool add_end(struct req_reader *r, struct bytes version)
{
	struct bytes release = release_of(version);
	size_t dot = bytes_find_last(release, '.');
	struct bytes front = dot < release.len ? bytes_part(release, 0, dot) : release;
	size_t last = bytes_find_last(front, '.');
	bool many = last < front.len;
	uint64_t number;
	if (!num_u64(many ? bytes_from(front, last + 1) : front, UINT64_MAX - 1, &number))
		return false;
	return req_add_made(r, REQ_BELOW_RELEASE, "%.*s%s%" PRIu64,
			    BYTES_ARG(many ? bytes_part(front, 0, last) : BYTES_NONE),
			    many ? "." : "", number + 1);
}

bool req_parse_gem(struct req_reader *r, struct bytes text)
{
	if (text.len == 0 || !req_or(r))
		return false;
	while (text.len > 0) {
		enum req_is is = REQ_EQUAL;
		bool about = bytes_has_prefix_lit(text, "~>");
		size_t n = 0;
		if (about)
			text = bytes_trim(bytes_from(text, 2));
		else
			(void)req_cut_mark(&text, &is);
		while (n < text.len &&
		       (byte_is_alnum(text.ptr[n]) || text.ptr[n] == '.' || text.ptr[n] == '-'))
			n++;
		struct bytes version = bytes_part(text, 0, n);
		if (version.len == 0 || !req_add(r, about ? REQ_FROM : is, version) ||
		    (about && !add_end(r, version)))
			return false;
		text = bytes_trim(bytes_from(text, n));
		if (text.len > 0 && text.ptr[0] == ',')
			text = bytes_trim(bytes_from(text, 1));
	}
	return true;
}

/* Below the version whose number at index is one more, and below its pre-releases ('-'). */
static bool add_below(struct req_reader *r, struct bytes version, unsigned index)
{
	size_t from = 0;
	for (unsigned i = 0; i < index; i++)
		from += bytes_find(bytes_from(version, from), '.') + 1;
	struct bytes number = bytes_from(version, from);
	uint64_t value;
	number = bytes_part(number, 0, bytes_find(number, '.'));
	return num_u64(number, UINT64_MAX - 1, &value) &&
	       req_add_made(r, REQ_BELOW, "%.*s%" PRIu64 "-",
			    BYTES_ARG(bytes_part(version, 0, from)), value + 1);
}

static bool parse_conan_word(struct req_reader *r, struct bytes *rest)
{
	enum req_is is = REQ_EQUAL;
	bool tilde = rest->ptr[0] == '~', caret = rest->ptr[0] == '^';
	size_t n = 0;
	if (tilde || caret)
		*rest = bytes_trim(bytes_from(*rest, 1));
	else
		(void)req_cut_mark(rest, &is);
	while (n < rest->len && !byte_is_space(rest->ptr[n]) && rest->ptr[n] != ',')
		n++;
	struct bytes version = bytes_part(*rest, 0, n);
	*rest = bytes_trim(bytes_from(*rest, n));
	if (bytes_has_suffix_lit(version, "-"))
		version = bytes_part(version, 0, version.len - 1);
	if (bytes_eq_lit(version, "*"))
		return true;
	if (!tilde && !caret)
		return version.len > 0 && req_add(r, is, version);
	struct bytes left = release_of(version);
	unsigned parts = 0, first = UINT_MAX;
	for (; left.len > 0; parts++) {
		struct bytes one = bytes_cut(&left, '.');
		if (first == UINT_MAX && !bytes_eq_lit(one, "0"))
			first = parts;
	}
	if (parts == 0)
		return false;
	first = first == UINT_MAX ? parts - 1 : first;
	return req_add(r, REQ_FROM, version) && add_below(r, release_of(version),
							  caret	      ? first
							  : parts > 1 ? 1
								      : 0);
}

bool req_parse_conan(struct req_reader *r, struct bytes text)
{
	size_t comma = bytes_find(text, ','); /* what follows are options */
	text = bytes_part(text, 0, comma);
	struct bytes part;
	while (req_cut_or(&text, false, &part)) {
		if (!req_or(r))
			return false;
		while (part.len > 0)
			if (!parse_conan_word(r, &part))
				return false;
	}
	return true;
}

bool req_apk_holds(const struct ver_scheme *s, const struct req_term *t, struct bytes version)
{
	if (t->is != REQ_LIKE)
		return req_order_holds(s, t, version);
	struct bytes after = bytes_from(version, t->version.len);
	return bytes_has_prefix(version, t->version) &&
	       !(after.len > 0 && byte_is_digit(after.ptr[0]) && t->version.len > 0 &&
		 byte_is_digit(t->version.ptr[t->version.len - 1]));
}

bool req_parse_apk(struct req_reader *r, struct bytes text)
{
	const struct ver_scheme *s = ver_find(BYTES_LIT("apk3"));
	enum req_is is = REQ_EQUAL;
	bool below = bytes_has_prefix_lit(text, "<~"), above = bytes_has_prefix_lit(text, ">~"),
	     equal = bytes_has_prefix_lit(text, "=~") || bytes_has_prefix_lit(text, "~=");
	bool like = below || above || equal || bytes_has_prefix_lit(text, "~");
	if (like)
		text = bytes_trim(bytes_from(text, below || above || equal ? 2 : 1));
	else
		(void)req_cut_mark(&text, &is);
	if (!s->is_valid(text))
		return false;
	if (!like)
		return req_or(r) && req_add(r, is, text);
	if ((below || above) && !(req_or(r) && req_add(r, below ? REQ_BELOW : REQ_ABOVE, text)))
		return false;
	return req_or(r) && req_add(r, REQ_LIKE, text);
}
