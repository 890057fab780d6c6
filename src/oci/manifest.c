/* Image: {"schemaVersion": 2, ["mediaType"], "config": descriptor, "layers": [descriptor],
 * ["artifactType", "subject", "annotations"]}. Index: the same with "manifests" in place of config
 * and layers. Docker's v2.2 manifest and list have the same members. A text that is both or neither
 * is refused: clients would disagree on what was pushed. oci/fields.h says how members are found.
 * Spec: image-spec manifest.md, image-index.md; Docker "Image Manifest V 2, Schema 2". */
#include "oci/manifest.h"
#include "base/buf.h"
#include "base/limits.h"
#include "oci/descriptor.h"
#include "oci/fields.h"

#include <string.h>
#include <sys/utsname.h>

struct reader {
	struct oci_manifest m;
	uint64_t schema_version;
	bool nomem;
	struct fields fields;
};

enum field {
	F_VERSION,
	F_MEDIA_TYPE,
	F_CONFIG,
	F_LAYERS,
	F_MANIFESTS,
	F_SUBJECT,
	F_ANNOTATIONS,
	F_ARTIFACT_TYPE,
	F_FS_LAYERS,
	F_COUNT
};

static const char *const field_names[F_COUNT] = {
    [F_VERSION] = "schemaVersion",   [F_MEDIA_TYPE] = "mediaType",	 [F_CONFIG] = "config",
    [F_LAYERS] = "layers",	     [F_MANIFESTS] = "manifests",	 [F_SUBJECT] = "subject",
    [F_ANNOTATIONS] = "annotations", [F_ARTIFACT_TYPE] = "artifactType", [F_FS_LAYERS] = "fsLayers",
};

static bool has(const struct reader *r, enum field f)
{
	return fields_has(&r->fields, f);
}

static void read_list(struct json *j, struct reader *r, struct arena *a)
{
	size_t count = descriptor_count(j, DESCRIPTOR_MIN_LEN), i = 0;
	r->m.layers = count > 0 ? arena_alloc(a, count, sizeof(*r->m.layers)) : NULL;
	r->nomem = count > 0 && !r->m.layers;
	if (r->nomem) {
		json_fail(j, "no memory");
		return;
	}
	if (!json_enter_array(j))
		return;
	while (json_next_item(j)) {
		/* More than were counted: the text is broken further on, and skipping finds where.
		 */
		if (i == count)
			json_skip(j);
		else
			descriptor_read(j, &r->m.layers[i++]);
	}
	r->m.layer_count = i;
}

static void read_field(struct json *j, enum field f, struct reader *r, struct arena *a)
{
	switch (f) {
	case F_VERSION:
		r->schema_version = json_u64(j);
		break;
	case F_MEDIA_TYPE:
		r->m.media_type = descriptor_optional_type(j);
		break;
	case F_CONFIG:
		descriptor_read(j, &r->m.config);
		break;
	case F_LAYERS:
	case F_MANIFESTS:
		read_list(j, r, a);
		break;
	case F_SUBJECT:
		r->m.has_subject = true;
		descriptor_read(j, &r->m.subject);
		break;
	case F_ANNOTATIONS:
		r->m.annotations = descriptor_annotations(j);
		break;
	case F_ARTIFACT_TYPE:
		r->m.artifact_type = descriptor_optional_type(j);
		break;
	case F_FS_LAYERS:
	case F_COUNT:
		json_skip(j);
		break;
	}
}

static void read_members(struct json *j, struct reader *r, struct arena *a)
{
	unsigned i;
	r->fields = (struct fields){.names = field_names, .count = F_COUNT};
	if (!fields_enter(j, &r->fields))
		return;
	while (fields_next(j, &r->fields, &i)) {
		/* A second list would replace the first, counted one. */
		if (has(r, F_LAYERS) && has(r, F_MANIFESTS))
			json_fail(j, "layers and manifests in one document");
		read_field(j, (enum field)i, r, a);
	}
}

/* "application/vnd.x+json; charset=utf-8" without its parameters. */
static struct bytes bare_type(struct bytes type)
{
	return bytes_trim(bytes_part(type, 0, bytes_find(type, ';')));
}

/* Is it that type, whatever its letters' case and parameters? RFC 6838 §4.2, RFC 9110 §8.3.1. */
static bool is_type(struct bytes type, const char *want)
{
	return bytes_eq_nocase(bare_type(type), bytes_of(want));
}

bool oci_is_index_type(struct bytes t)
{
	return is_type(t, OCI_INDEX_TYPE) || is_type(t, DOCKER_LIST_TYPE);
}

bool oci_is_image_type(struct bytes t)
{
	return is_type(t, OCI_MANIFEST_TYPE) || is_type(t, DOCKER_MANIFEST_TYPE);
}

bool oci_is_config_type(struct bytes t)
{
	return is_type(t, OCI_CONFIG_TYPE) || is_type(t, DOCKER_CONFIG_TYPE);
}

static bool is_schema1(struct bytes t)
{
	return is_type(t, DOCKER_SCHEMA1_TYPE) ||
	       is_type(t, "application/vnd.docker.distribution.manifest.v1+json");
}

/* Settle kind and media type from what is stated and from the members that are there. */
static int settle(struct reader *r, struct bytes type, struct err *e)
{
	struct oci_manifest *m = &r->m;
	/* An index that Go's encoder wrote of no manifests says null. */
	bool index = r->fields.seen >> F_MANIFESTS & 1U;
	bool image = has(r, F_CONFIG) || has(r, F_LAYERS);
	index = index && (has(r, F_MANIFESTS) || !image);
	if (type.len > 0 && m->media_type.len > 0 &&
	    !bytes_eq_nocase(type, bare_type(m->media_type)))
		return err_set(
		    e, ERR_FORMAT,
		    "mediaType \"%.*s\" is not the Content-Type \"%.*s\" (image-spec manifest.md)",
		    BYTES_ARG(bytes_part(m->media_type, 0, 128)),
		    BYTES_ARG(bytes_part(type, 0, 128)));
	if (m->media_type.len == 0)
		m->media_type = type;
	if (is_schema1(m->media_type) || (r->schema_version == 1 && has(r, F_VERSION)) ||
	    has(r, F_FS_LAYERS))
		return err_set(
		    e, ERR_UNSUPPORTED,
		    "Docker image manifest version 2, schema 1: push it as schema 2 or OCI");
	if (!has(r, F_VERSION) || r->schema_version != 2)
		return err_set(e, ERR_FORMAT, "schemaVersion must be 2 (image-spec manifest.md)");
	if (index && image)
		return err_set(e, ERR_FORMAT,
			       "both an image (config, layers) and an index (manifests): a "
			       "document must be one of them");
	if (m->media_type.len == 0)
		m->media_type = index ? BYTES_LIT(OCI_INDEX_TYPE) : BYTES_LIT(OCI_MANIFEST_TYPE);
	if (!oci_is_index_type(m->media_type) && !oci_is_image_type(m->media_type))
		return err_set(e, ERR_UNSUPPORTED,
			       "media type \"%.*s\" is neither an image manifest nor an index",
			       BYTES_ARG(bytes_part(m->media_type, 0, 128)));
	m->kind = oci_is_index_type(m->media_type) ? OCI_INDEX : OCI_IMAGE;
	if (m->kind == OCI_INDEX && (image || !index))
		return err_set(e, ERR_FORMAT,
			       "an index needs manifests and has no config or layers (image-spec "
			       "image-index.md)");
	if (m->kind == OCI_IMAGE && (index || !has(r, F_CONFIG)))
		return err_set(
		    e, ERR_FORMAT,
		    "an image manifest needs config and has no manifests (image-spec manifest.md)");
	if (m->kind == OCI_IMAGE && m->artifact_type.len == 0)
		m->artifact_type = m->config.media_type;
	return 0;
}

int oci_manifest_parse(struct bytes text, struct bytes content_type, struct arena *a,
		       struct oci_manifest *ret, struct err *e)
{
	struct reader r = {.schema_version = 0};
	struct json j;
	if (text.len > LIMIT_MANIFEST_MAX)
		return err_set(e, ERR_LIMIT, "manifest: %zu bytes are more than %u", text.len,
			       LIMIT_MANIFEST_MAX);
	if (is_schema1(bare_type(content_type)))
		return err_set(
		    e, ERR_UNSUPPORTED,
		    "Docker image manifest version 2, schema 1: push it as schema 2 or OCI");
	json_init(&j, text, a);
	read_members(&j, &r, a);
	if (r.nomem)
		return err_set(e, ERR_NOMEM, "manifest: no memory");
	int code = json_finish(&j, e);
	if (code == 0)
		code = settle(&r, bare_type(content_type), e);
	if (code < 0) {
		err_ctx(e, "manifest");
		return code;
	}
	*ret = r.m;
	return 0;
}

static bool has_prefix_nocase(struct bytes b, const char *prefix, struct bytes *ret_rest)
{
	struct bytes want = bytes_of(prefix);
	*ret_rest = bytes_from(b, want.len);
	return bytes_eq_nocase(bytes_part(b, 0, want.len), want);
}

bool oci_is_layer_type(struct bytes media_type)
{
	static const char *const prefixes[] = {
	    "application/vnd.oci.image.layer.v1.tar",
	    "application/vnd.oci.image.layer.nondistributable.v1.tar",
	    "application/vnd.docker.image.rootfs.diff.tar",
	    "application/vnd.docker.image.rootfs.foreign.diff.tar",
	    "application/vnd.docker.container.image.rootfs.diff",
	};
	struct bytes type = bare_type(media_type), rest;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		/* What may follow states compression or encryption: "+gzip", ".zstd", "+x-gtar",
		 * "+gzip+encrypted". */
		if (has_prefix_nocase(type, prefixes[i], &rest) &&
		    (rest.len == 0 || rest.ptr[0] == '+' || rest.ptr[0] == '.'))
			return true;
	return false;
}

bool oci_is_foreign(const struct oci_descriptor *d)
{
	static const char *const prefixes[] = {
	    "application/vnd.oci.image.layer.nondistributable.",
	    "application/vnd.docker.image.rootfs.foreign.",
	};
	struct bytes rest;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (has_prefix_nocase(d->media_type, prefixes[i], &rest))
			return true;
	return d->has_urls;
}

bool oci_has_layer_type(const struct oci_manifest *m)
{
	for (size_t i = 0; i < m->layer_count; i++)
		if (oci_is_layer_type(m->layers[i].media_type))
			return true;
	return m->layer_count == 0;
}

/* arm without a variant is v7, arm64 is v8, amd64 v1: what containerd and Docker take them for. */
static struct bytes variant_of(struct bytes arch, struct bytes variant)
{
	static const struct {
		const char *arch, *variant;
	} implied[] = {{"arm", "v7"}, {"arm64", "v8"}, {"amd64", "v1"}};
	for (size_t i = 0; !variant.len && i < sizeof(implied) / sizeof(implied[0]); i++)
		if (bytes_eq_lit(arch, implied[i].arch))
			return bytes_of(implied[i].variant);
	return variant;
}

bool oci_platform_matches(const struct oci_platform *p, struct bytes text)
{
	struct bytes os = bytes_cut(&text, '/'), arch = bytes_cut(&text, '/'),
		     variant = bytes_cut(&text, '/');
	if (os.len > 0 && !bytes_eq(os, p->os))
		return false;
	if (arch.len > 0 && !bytes_eq(arch, p->arch))
		return false;
	struct bytes have = variant_of(p->arch, p->variant);
	return text.len == 0 && (variant.len == 0 || bytes_eq(variant, have));
}

struct oci_platform oci_platform_of(struct bytes text)
{
	struct oci_platform p = {.os = bytes_cut(&text, '/')};
	p.arch = bytes_cut(&text, '/');
	p.variant = text;
	return p;
}

void oci_platform_text(const struct oci_platform *p, struct buf *out)
{
	buf_put(out, p->os);
	buf_put_u8(out, '/');
	buf_put(out, p->arch);
	if (p->variant.len > 0) {
		buf_put_u8(out, '/');
		buf_put(out, p->variant);
	}
}

static const char *machine_platform(void)
{
	struct utsname u;
	if (uname(&u) == 0 && strcmp(u.machine, "aarch64") == 0)
		return "linux/arm64";
	return "linux/amd64";
}

bool oci_is_attestation(const struct oci_descriptor *d)
{
	return d->has_platform && bytes_eq_lit(d->platform.os, "unknown");
}

const struct oci_descriptor *oci_index_choose(const struct oci_manifest *index,
					      struct bytes platform)
{
	struct bytes want = platform.len ? platform : bytes_of(machine_platform());
	for (size_t i = 0; i < index->layer_count; i++) {
		const struct oci_descriptor *d = &index->layers[i];
		if (d->has_platform && oci_platform_matches(&d->platform, want))
			return d;
	}
	for (size_t i = 0; i < index->layer_count; i++) {
		const struct oci_descriptor *d = &index->layers[i];
		if (!oci_is_attestation(d) && (!platform.len || !d->has_platform))
			return d;
	}
	return NULL;
}
