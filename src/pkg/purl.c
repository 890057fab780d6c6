/* pkg:type/namespace/name@version?key=value&key=value. The type and qualifier keys are lower case,
 * keys in byte order, empty values left out. Every part is percent-encoded (upper-case hexadecimal)
 * but for letters, digits, '.', '-', '_', '~' and ':'; the '/' between namespace segments stays.
 * What the namespace is, and which parts are written in lower case, depends on the type; the epoch
 * of rpm is a qualifier. Spec: package-url/purl-spec PURL-SPECIFICATION.rst and
 * types/TYPE-definition.json. */
#include "pkg/purl.h"

/* A name of a type with a joint holds its namespace: what is in front of the last one. */
static const struct purl_type types[] = {
    {"alpm", .fold_namespace = true, .fold_name = true},
    {"apk", .fold_namespace = true, .fold_name = true},
    {"bitnami", .fold_name = true},
    {"composer", .joint = '/', .fold_namespace = true, .fold_name = true, .group = true},
    {"deb", .fold_namespace = true, .fold_name = true},
    {"ebuild", .joint = '/'},
    {"golang", .joint = '/', .any_case = true},
    {"hex", .joint = '/', .fold_namespace = true, .fold_name = true},
    {"maven", .joint = ':', .group = true},
    {"npm", .joint = '/', .group = true},
    {"nuget", .any_case = true},
    {"pear", .joint = '/'},
    {"pub", .fold_name = true},
    {"pypi", .fold_name = true},
    {"rpm", .fold_namespace = true},
    {"swift", .joint = '/'},
};

struct purl_type purl_type_of(struct bytes type)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (bytes_eq_lit(type, types[i].type))
			return types[i];
	return (struct purl_type){.joint = 0};
}

static void put_encoded(struct buf *out, struct bytes text, bool fold)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = fold ? byte_lower(text.ptr[i]) : text.ptr[i];
		buf_put_percent(out, (struct bytes){.ptr = &c, .len = 1}, ":");
	}
}

/* Segments between slashes; empty ones are not written. */
static void put_namespace(struct buf *out, struct bytes namespace, bool fold)
{
	while (namespace.len > 0) {
		struct bytes segment = bytes_cut(&namespace, '/');
		if (segment.len == 0)
			continue;
		put_encoded(out, segment, fold);
		buf_put_u8(out, '/');
	}
}

/* A qualifier before it is written; encoded: the value is, as a purl has it. */
struct qualifier {
	struct bytes key, value, more; /* more: goes on behind value */
	const char *between;
	bool encoded;
};

#define QUALIFIERS_MAX 16 /* real purls have up to four */

struct qualifiers {
	struct qualifier v[QUALIFIERS_MAX];
	size_t count;
};

/* By key; what has no value, or is there already, is left out. */
static void add(struct qualifiers *q, struct qualifier new)
{
	size_t at = q->count;
	if (new.key.len == 0 || new.value.len == 0 || q->count == QUALIFIERS_MAX)
		return;
	for (; at > 0 && bytes_cmp(q->v[at - 1].key, new.key) >= 0; at--)
		if (bytes_eq(q->v[at - 1].key, new.key))
			return;
	for (size_t i = q->count++; i > at; i--)
		q->v[i] = q->v[i - 1];
	q->v[at] = new;
}

static void add_key(struct qualifiers *q, const char *key, struct bytes value)
{
	add(q, (struct qualifier){.key = bytes_of(key), .value = value});
}

/* "debian:12" is written debian-12, as other tools write it, without product streams. */
static void add_distro(struct qualifiers *q, struct bytes distro)
{
	struct bytes release = distro;
	struct bytes id = bytes_cut(&release, ':');
	release = bytes_cut(&release, ':');
	add(q, (struct qualifier){.key = BYTES_LIT("distro"),
				  .value = id,
				  .between = release.len > 0 ? "-" : "",
				  .more = release});
}

static void add_upstream(struct qualifiers *q, const struct pkg *p)
{
	bool other_version = p->source_version.len > 0 && !bytes_eq(p->source_version, p->version);
	if (p->class != PKG_OS || (bytes_eq(p->source_name, p->name) && !other_version))
		return;
	add(q, (struct qualifier){.key = BYTES_LIT("upstream"),
				  .value = p->source_name,
				  .between = other_version ? "%40" : "",
				  .more = other_version ? p->source_version : BYTES_NONE});
}

bool purl_is_key(struct bytes key)
{
	for (size_t i = 0; i < key.len; i++)
		if (byte_lower(key.ptr[i]) != key.ptr[i] ||
		    !(byte_is_alnum(key.ptr[i]) || bytes_find(BYTES_LIT(".-_"), key.ptr[i]) < 3))
			return false;
	return key.len > 0 && !byte_is_digit(key.ptr[0]);
}

static void add_stated(struct qualifiers *q, struct bytes stated)
{
	while (stated.len > 0) {
		struct bytes value = bytes_cut(&stated, '&');
		struct bytes key = bytes_cut(&value, '=');
		if (purl_is_key(key))
			add(q, (struct qualifier){.key = key, .value = value, .encoded = true});
	}
}

static void put_qualifiers(struct buf *out, const struct qualifiers *q)
{
	for (size_t i = 0; i < q->count; i++) {
		const struct qualifier *one = &q->v[i];
		buf_put_u8(out, i > 0 ? '&' : '?');
		buf_put(out, one->key);
		buf_put_u8(out, '=');
		buf_put_percent(out, one->value, one->encoded ? ":%" : ":");
		buf_put_text(out, one->between ? one->between : "");
		put_encoded(out, one->more, false);
	}
}

/* Cut "1:" off an rpm version. */
static struct bytes cut_epoch(struct bytes *version)
{
	size_t colon = bytes_find(*version, ':');
	for (size_t i = 0; i < colon; i++)
		if (!byte_is_digit(version->ptr[i]))
			return BYTES_NONE;
	if (colon == 0 || colon == version->len)
		return BYTES_NONE;
	struct bytes epoch = bytes_part(*version, 0, colon);
	*version = bytes_from(*version, colon + 1);
	return epoch;
}

struct purl_name purl_name_of(const struct pkg *p)
{
	struct purl_type type = purl_type_of(p->type);
	struct purl_name whole = {.namespace = p->namespace, .name = p->name};
	size_t at = type.joint ? bytes_find_last(p->name, type.joint) : p->name.len;
	if (at == p->name.len)
		return whole;
	return (struct purl_name){.namespace = bytes_part(p->name, 0, at),
				  .name = bytes_from(p->name, at + 1)};
}

int purl_name_cmp(struct bytes type, struct bytes a, struct bytes b)
{
	struct purl_type t = purl_type_of(type);
	if (!t.any_case && !t.fold_name)
		return bytes_cmp(a, b);
	for (size_t i = 0; i < a.len && i < b.len; i++) {
		uint8_t x = byte_lower(a.ptr[i]), y = byte_lower(b.ptr[i]);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a.len > b.len) - (a.len < b.len);
}

static void put_name(struct buf *out, const struct pkg *p)
{
	struct purl_type type = purl_type_of(p->type);
	struct purl_name n = purl_name_of(p);
	put_namespace(out, n.namespace, type.fold_namespace);
	put_encoded(out, n.name, type.fold_name);
}

void pkg_purl(const struct pkg *p, struct buf *out)
{
	struct qualifiers q = {.count = 0};
	struct bytes version = p->version;
	struct bytes epoch = bytes_eq_lit(p->type, "rpm") ? cut_epoch(&version) : BYTES_NONE;
	buf_put_text(out, "pkg:");
	put_encoded(out, p->type, true);
	buf_put_u8(out, '/');
	put_name(out, p);
	if (version.len > 0) {
		buf_put_u8(out, '@');
		put_encoded(out, version, false);
	}
	add_key(&q, "arch", p->arch);
	add_distro(&q, p->distro);
	add_key(&q, "epoch", bytes_eq_lit(epoch, "0") ? BYTES_NONE : epoch);
	add_upstream(&q, p);
	add_stated(&q, p->qualifiers);
	put_qualifiers(out, &q);
}
