/* Reading a purl: subpath, qualifiers and version are cut off its end, then type, namespace and
 * name are separated; each is percent-decoded. A subpath names a file in a package and is passed
 * over. Spec: package-url/purl-spec PURL-SPECIFICATION.rst, "How to parse a purl string". */
#include "pkg/ecosystem.h"
#include "pkg/purl.h"
#include "pkg/python_name.h"

#include <string.h>

#define KEPT_MAX 64U /* qualifiers that are kept as they are: real purls have up to four */

struct reading {
	struct arena *a;
	struct err *e;
	struct pkg *pkg;
};

static int bad(const struct reading *r, const char *what)
{
	return err_set(r->e, ERR_FORMAT, "purl: %s", what);
}

static int no_memory(const struct reading *r)
{
	return err_set(r->e, ERR_NOMEM, "purl: out of memory");
}

static uint8_t hex_value(uint8_t c)
{
	return (uint8_t)(byte_is_digit(c) ? c - '0' : byte_lower(c) - 'a' + 10);
}

/* Decoded, in lower case where fold. */
static int decode(const struct reading *r, struct bytes in, bool fold, struct bytes *ret)
{
	uint8_t *out = in.len ? arena_alloc(r->a, in.len, 1) : NULL;
	size_t n = 0;
	if (in.len && !out)
		return no_memory(r);
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i];
		if (c == '%') {
			if (in.len - i < 3 || !byte_is_hex(in.ptr[i + 1]) ||
			    !byte_is_hex(in.ptr[i + 2]))
				return bad(r, "a % without two hexadecimal digits");
			c = (uint8_t)(hex_value(in.ptr[i + 1]) << 4 | hex_value(in.ptr[i + 2]));
			i += 2;
		}
		if (c == 0)
			return bad(r, "a NUL byte");
		out[n++] = fold ? byte_lower(c) : c;
	}
	*ret = (struct bytes){.ptr = out, .len = n};
	return 0;
}

/* The front of *text up to the last sep, *ret_rest what is behind it; without sep: all, and none.
 */
static struct bytes cut_last(struct bytes *text, uint8_t sep)
{
	size_t at = bytes_find_last(*text, sep);
	struct bytes rest = bytes_from(*text, at + 1);
	*text = bytes_part(*text, 0, at);
	return rest;
}

static struct bytes without_slashes(struct bytes b)
{
	while (b.len > 0 && b.ptr[0] == '/')
		b = bytes_from(b, 1);
	while (b.len > 0 && b.ptr[b.len - 1] == '/')
		b.len--;
	return b;
}

static bool is_type(struct bytes type)
{
	for (size_t i = 0; i < type.len; i++)
		if (!byte_is_alnum(type.ptr[i]) && bytes_find(BYTES_LIT(".-"), type.ptr[i]) == 2)
			return false;
	return type.len > 0 && byte_is_alpha(type.ptr[0]);
}

/* qualifiers */

/* "debian-12" is debian:12; a name without a number stays. */
static int read_distro(const struct reading *r, struct bytes text)
{
	size_t dash = bytes_find_last(text, '-');
	struct bytes id = bytes_part(text, 0, dash), number = bytes_from(text, dash + 1);
	bool numbered = number.len > 0 && byte_is_digit(number.ptr[0]);
	char *both =
	    numbered ? arena_printf(r->a, "%.*s:%.*s", BYTES_ARG(id), BYTES_ARG(number)) : NULL;
	if (numbered && !both)
		return no_memory(r);
	r->pkg->distro = numbered ? bytes_of(both) : text;
	return 0;
}

/* In deb and rpm a part of the version. The specification writes rpm's as a qualifier and deb's in
 * the version; Trivy writes both as qualifiers. Some say it twice. */
static int add_epoch(const struct reading *r, struct bytes epoch)
{
	struct pkg *p = r->pkg;
	char *version = arena_printf(r->a, "%.*s:%.*s", BYTES_ARG(epoch), BYTES_ARG(p->version));
	if (!version)
		return no_memory(r);
	if (!bytes_eq_lit(epoch, "0") && bytes_find(p->version, ':') == p->version.len)
		p->version = bytes_of(version);
	return 0;
}

static bool has_epochs(struct bytes type)
{
	return bytes_eq_lit(type, "rpm") || bytes_eq_lit(type, "deb");
}

static int keep_qualifier(const struct reading *r, struct bytes key, struct bytes value)
{
	struct buf b;
	bool ok;
	size_t count = 0;
	for (struct bytes rest = r->pkg->qualifiers; rest.len; count++)
		(void)bytes_cut(&rest, '&');
	if (count >= KEPT_MAX)
		return bad(r, "more than 64 qualifiers");
	buf_init(&b, PKG_PURL_MAX);
	buf_put(&b, r->pkg->qualifiers);
	buf_put_text(&b, b.len ? "&" : "");
	buf_put(&b, key);
	buf_put_u8(&b, '=');
	buf_put_percent(&b, value, ":");
	r->pkg->qualifiers = arena_bytes(r->a, buf_bytes(&b), &ok);
	ok = ok && buf_ok(&b);
	buf_free(&b);
	return ok ? 0 : no_memory(r);
}

static int read_qualifier(const struct reading *r, struct bytes text)
{
	struct pkg *p = r->pkg;
	struct bytes key = BYTES_NONE, value = BYTES_NONE;
	int rc = decode(r, bytes_cut(&text, '='), true, &key);
	if (rc == 0)
		rc = decode(r, text, false, &value);
	if (rc < 0)
		return rc;
	if (!purl_is_key(key))
		return bad(r, "a qualifier's key is not of letters, digits, '.', '-' and '_'");
	if (value.len == 0)
		return 0;
	if (bytes_eq_lit(key, "arch"))
		p->arch = value;
	else if (bytes_eq_lit(key, "distro"))
		return read_distro(r, value);
	else if (bytes_eq_lit(key, "epoch") && has_epochs(p->type))
		return add_epoch(r, value);
	else if (bytes_eq_lit(key, "upstream") && p->class == PKG_OS) {
		p->source_name = bytes_cut(&value, '@');
		p->source_version = value;
	} else
		return keep_qualifier(r, key, value);
	return 0;
}

/* names */

static int join(const struct reading *r, struct bytes namespace, uint8_t joint, struct bytes name)
{
	struct pkg *p = r->pkg;
	p->name = name;
	if (!joint || namespace.len == 0) {
		p->namespace = namespace;
		return 0;
	}
	uint8_t *whole = arena_alloc(r->a, namespace.len + 1 + name.len, 1);
	if (!whole)
		return no_memory(r);
	memcpy(whole, namespace.ptr, namespace.len);
	whole[namespace.len] = joint;
	if (name.len)
		memcpy(whole + namespace.len + 1, name.ptr, name.len);
	p->name = (struct bytes){.ptr = whole, .len = namespace.len + 1 + name.len};
	return 0;
}

static int read_name(const struct reading *r, struct bytes text)
{
	struct purl_type type = purl_type_of(r->pkg->type);
	struct bytes rest = without_slashes(text), name = rest, namespace = BYTES_NONE;
	if (bytes_find(rest, '/') < rest.len) {
		name = cut_last(&rest, '/');
		namespace = without_slashes(rest);
	}
	int rc = decode(r, name, type.fold_name, &name);
	if (rc == 0)
		rc = decode(r, namespace, type.fold_namespace, &namespace);
	if (rc == 0 && name.len == 0)
		rc = bad(r, "no name");
	if (rc == 0 && bytes_eq_lit(r->pkg->type, "pypi")) {
		name = python_name(name, r->a);
		rc = name.len ? 0 : no_memory(r);
	}
	return rc < 0 ? rc : join(r, namespace, type.joint, name);
}

/* As advisories are looked up: NuGet compares names without case, and keeps the author's. */
static int read_source(const struct reading *r)
{
	struct pkg *p = r->pkg;
	bool ok = true;
	bool fold = bytes_eq_lit(p->type, "nuget");
	p->source_name = fold ? arena_lower(r->a, p->name, &ok) : p->name;
	return ok ? 0 : no_memory(r);
}

int pkg_purl_read(struct bytes purl, struct arena *a, struct pkg *ret, struct err *e)
{
	struct err own = ERR_INIT;
	const struct reading r = {.a = a, .e = e ? e : &own, .pkg = ret};
	*ret = (struct pkg){.class = PKG_OS};
	if (!bytes_has_prefix_lit(purl, "pkg:"))
		return bad(&r, "it does not begin with pkg:");
	struct bytes text = without_slashes(bytes_from(purl, 4)), version = BYTES_NONE;
	text = bytes_part(text, 0, bytes_find(text, '#'));
	struct bytes qualifiers = text;
	text = bytes_cut(&qualifiers, '?');
	struct bytes type = bytes_cut(&text, '/');
	if (!is_type(type))
		return bad(&r, "no type");
	/* an '@' in front of the last '/' is of a namespace that was not encoded */
	size_t at = bytes_find_last(text, '@'), slash = bytes_find_last(text, '/');
	if (at < text.len && (slash == text.len || at > slash))
		version = cut_last(&text, '@');
	int rc = decode(&r, type, true, &ret->type);
	if (rc == 0)
		rc = decode(&r, version, false, &ret->version);
	ret->class = eco_class_of(ret->type);
	if (rc == 0)
		rc = read_name(&r, text);
	while (rc == 0 && qualifiers.len > 0) {
		struct bytes one = bytes_cut(&qualifiers, '&');
		rc = one.len ? read_qualifier(&r, one) : 0;
	}
	if (rc == 0 && ret->source_name.len == 0)
		rc = read_source(&r);
	if (rc == 0 && ret->source_version.len == 0)
		ret->source_version = ret->version;
	return rc;
}
