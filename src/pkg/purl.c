/* pkg:type/namespace/name@version?key=value&key=value. The type and qualifier keys are lower case,
 * keys in byte order, empty values left out. Every part is percent-encoded (upper-case hexadecimal)
 * but for letters, digits, '.', '-', '_', '~' and ':'; the '/' between namespace segments stays.
 * deb, rpm and apk: namespace in lower case; deb, apk: the name too; rpm: the epoch is a qualifier.
 * Spec: package-url/purl-spec PURL-SPECIFICATION.rst and types/{deb,rpm,apk}-definition.json. */
#include "pkg/package.h"

enum fold { FOLD_NOT, FOLD_LOWER };

static void put_encoded(struct buf *out, struct bytes text, enum fold fold)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = fold == FOLD_LOWER ? byte_lower(text.ptr[i]) : text.ptr[i];
		buf_put_percent(out, (struct bytes){.ptr = &c, .len = 1}, ":");
	}
}

/* Segments between slashes; empty ones are not written. */
static void put_namespace(struct buf *out, struct bytes namespace, enum fold fold)
{
	while (namespace.len > 0) {
		struct bytes segment = bytes_cut(&namespace, '/');
		if (segment.len == 0)
			continue;
		put_encoded(out, segment, fold);
		buf_put_u8(out, '/');
	}
}

struct qualifiers {
	struct buf *out;
	bool any;
};

static void put_key(struct qualifiers *q, const char *key)
{
	buf_put_u8(q->out, q->any ? '&' : '?');
	buf_put_text(q->out, key);
	buf_put_u8(q->out, '=');
	q->any = true;
}

static void put_qualifier(struct qualifiers *q, const char *key, struct bytes value)
{
	if (value.len == 0)
		return;
	put_key(q, key);
	put_encoded(q->out, value, FOLD_NOT);
}

/* "debian:12" is written debian-12, as other tools write it, without product streams. */
static void put_distro(struct qualifiers *q, struct bytes distro)
{
	if (distro.len == 0)
		return;
	struct bytes release = distro;
	struct bytes id = bytes_cut(&release, ':');
	release = bytes_cut(&release, ':');
	put_key(q, "distro");
	put_encoded(q->out, id, FOLD_NOT);
	if (release.len > 0) {
		buf_put_u8(q->out, '-');
		put_encoded(q->out, release, FOLD_NOT);
	}
}

static void put_upstream(struct qualifiers *q, const struct pkg *p)
{
	bool other_version = p->source_version.len > 0 && !bytes_eq(p->source_version, p->version);
	if (p->source_name.len == 0 || (bytes_eq(p->source_name, p->name) && !other_version))
		return;
	put_key(q, "upstream");
	put_encoded(q->out, p->source_name, FOLD_NOT);
	if (other_version) {
		put_encoded(q->out, BYTES_LIT("@"), FOLD_NOT);
		put_encoded(q->out, p->source_version, FOLD_NOT);
	}
}

/* Cut "1:" off an rpm version. */
static struct bytes cut_epoch(struct bytes *version)
{
	size_t colon = bytes_find(*version, ':');
	for (size_t i = 0; i < colon; i++)
		if (!byte_is_digit(version->ptr[i]))
			return BYTES_NONE;
	if (colon == version->len)
		return BYTES_NONE;
	struct bytes epoch = bytes_part(*version, 0, colon);
	*version = bytes_from(*version, colon + 1);
	return epoch;
}

void pkg_purl(const struct pkg *p, struct buf *out)
{
	struct qualifiers q = {.out = out};
	bool rpm = bytes_eq_lit(p->type, "rpm");
	bool lower = bytes_eq_lit(p->type, "deb") || bytes_eq_lit(p->type, "apk");
	struct bytes version = p->version;
	struct bytes epoch = rpm ? cut_epoch(&version) : BYTES_NONE;
	buf_put_text(out, "pkg:");
	put_encoded(out, p->type, FOLD_LOWER);
	buf_put_u8(out, '/');
	put_namespace(out, p->namespace, rpm || lower ? FOLD_LOWER : FOLD_NOT);
	put_encoded(out, p->name, lower ? FOLD_LOWER : FOLD_NOT);
	if (version.len > 0) {
		buf_put_u8(out, '@');
		put_encoded(out, version, FOLD_NOT);
	}
	put_qualifier(&q, "arch", p->arch);
	put_distro(&q, p->distro);
	put_qualifier(&q, "epoch", epoch);
	put_upstream(&q, p);
}
