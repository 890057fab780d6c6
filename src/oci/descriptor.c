/* {"mediaType", "digest", "size", ["urls", "annotations", "data", "artifactType", "platform"]}.
 * Unknown members are allowed and passed over; oci/fields.h says how known ones are found. Spec:
 * image-spec descriptor.md; image-index.md for platform. */
#include "oci/descriptor.h"
#include "base/num.h"
#include "oci/fields.h"

#define NAME_MAX_LEN 127 /* bytes of a media type's halves: RFC 6838 §4.2 */

size_t descriptor_count(struct json *j, size_t min_len)
{
	struct json look = *j;
	size_t n = 0;
	if (json_enter_array(&look))
		while (json_next_item(&look)) {
			json_skip(&look);
			n++;
		}
	if (!json_ok(&look))
		return 0;
	if (n > (look.off - j->off) / min_len) {
		json_fail(j, "elements too short for their type");
		return 0;
	}
	return n;
}

static bool is_restricted_name(struct bytes b)
{
	if (b.len == 0 || b.len > NAME_MAX_LEN || !byte_is_alnum(b.ptr[0]))
		return false;
	struct bytes marks = BYTES_LIT("!#$&-^_.+");
	for (size_t i = 1; i < b.len; i++)
		if (!byte_is_alnum(b.ptr[i]) && bytes_find(marks, b.ptr[i]) == marks.len)
			return false;
	return true;
}

static bool is_media_type(struct bytes b)
{
	struct bytes rest = b;
	struct bytes names = bytes_cut(&rest, ';');
	for (size_t i = 0; i < rest.len; i++)
		if (rest.ptr[i] < ' ' || rest.ptr[i] > '~')
			return false;
	size_t slash = bytes_find(names, '/');
	return is_restricted_name(bytes_part(names, 0, slash)) &&
	       is_restricted_name(bytes_trim(bytes_from(names, slash + 1)));
}

static struct bytes media_type(struct json *j)
{
	struct bytes text = json_string(j);
	if (json_ok(j) && !is_media_type(text))
		json_fail(j, "not a media type (RFC 6838 4.2)");
	return text;
}

struct bytes descriptor_optional_type(struct json *j)
{
	struct json look = *j;
	if (json_string(&look).len == 0 && json_ok(&look))
		return json_string(j);
	return media_type(j);
}

struct bytes descriptor_annotations(struct json *j)
{
	struct json walk = *j;
	struct bytes key;
	if (json_enter_object(&walk))
		while (json_next_key(&walk, &key))
			(void)json_string(&walk);
	if (!json_ok(&walk)) {
		*j = walk; /* it says where and why */
		return BYTES_NONE;
	}
	return json_raw(j);
}

static bool is_base64(struct bytes b)
{
	size_t pad = 0;
	for (size_t i = 0; i < b.len; i++) {
		uint8_t c = b.ptr[i];
		if (c == '=')
			pad++;
		else if (pad > 0 || (!byte_is_alnum(c) && c != '+' && c != '/'))
			return false;
	}
	return b.len % 4 == 0 && pad <= 2;
}

/* RFC 3986 §3: a scheme, ':', something. */
static bool is_uri(struct bytes b)
{
	size_t colon = bytes_find(b, ':');
	if (colon + 1 >= b.len || !byte_is_alpha(b.ptr[0]))
		return false;
	for (size_t i = 0; i < colon; i++)
		if (!byte_is_alnum(b.ptr[i]) && b.ptr[i] != '+' && b.ptr[i] != '-' &&
		    b.ptr[i] != '.')
			return false;
	return true;
}

static bool read_urls(struct json *j)
{
	bool any = false;
	if (!json_enter_array(j))
		return false;
	while (json_next_item(j)) {
		struct bytes url = json_string(j);
		if (json_ok(j) && !is_uri(url))
			json_fail(j, "urls: not a URI (RFC 3986)");
		any = true;
	}
	return any;
}

static struct bytes read_data(struct json *j)
{
	struct bytes data = json_string(j);
	if (json_ok(j) && !is_base64(data))
		json_fail(j, "data: not base64 (RFC 4648 4)");
	return data;
}

static void read_platform(struct json *j, struct oci_platform *p)
{
	static const char *const names[] = {"os", "architecture", "variant", "os.version"};
	struct bytes *const texts[] = {&p->os, &p->arch, &p->variant, &p->os_version};
	struct fields f = {.names = names, .count = 4};
	unsigned i;
	if (!fields_enter(j, &f))
		return;
	while (fields_next(j, &f, &i))
		*texts[i] = json_string(j);
	if (json_ok(j) && (!fields_has(&f, 0) || !fields_has(&f, 1)))
		json_fail(j,
			  "platform: os and architecture are required (image-spec image-index.md)");
}

static void read_digest(struct json *j, struct oci_descriptor *d)
{
	struct err e = ERR_INIT;
	d->digest_text = json_string(j);
	if (!json_ok(j))
		return;
	int r = digest_parse(d->digest_text, &d->digest, &e);
	if (r == -ERR_UNSUPPORTED)
		d->digest = (struct digest){.algo = DIGEST_NONE};
	else if (r < 0)
		json_fail(j, "digest: not algorithm:encoded (image-spec descriptor.md)");
}

static void read_size(struct json *j, struct oci_descriptor *d)
{
	d->size = json_u64(j);
	if (json_ok(j) && d->size > INT64_MAX)
		json_fail(j, "size: larger than int64 (image-spec descriptor.md)");
}

enum field {
	F_MEDIA_TYPE,
	F_DIGEST,
	F_SIZE,
	F_URLS,
	F_ANNOTATIONS,
	F_DATA,
	F_ARTIFACT_TYPE,
	F_PLATFORM,
	F_COUNT
};

static const char *const field_names[F_COUNT] = {
    [F_MEDIA_TYPE] = "mediaType",
    [F_DIGEST] = "digest",
    [F_SIZE] = "size",
    [F_URLS] = "urls",
    [F_ANNOTATIONS] = "annotations",
    [F_DATA] = "data",
    [F_ARTIFACT_TYPE] = "artifactType",
    [F_PLATFORM] = "platform",
};

static void read_field(struct json *j, enum field f, struct oci_descriptor *d)
{
	switch (f) {
	case F_MEDIA_TYPE:
		d->media_type = media_type(j);
		break;
	case F_DIGEST:
		read_digest(j, d);
		break;
	case F_SIZE:
		read_size(j, d);
		break;
	case F_URLS:
		d->has_urls = read_urls(j);
		break;
	case F_ANNOTATIONS:
		d->annotations = descriptor_annotations(j);
		break;
	case F_DATA:
		d->data = read_data(j);
		break;
	case F_ARTIFACT_TYPE:
		d->artifact_type = descriptor_optional_type(j);
		break;
	case F_PLATFORM:
		d->has_platform = true;
		read_platform(j, &d->platform);
		break;
	case F_COUNT:
		break;
	}
}

void descriptor_read(struct json *j, struct oci_descriptor *ret)
{
	struct fields f = {.names = field_names, .count = F_COUNT};
	unsigned i;
	*ret = (struct oci_descriptor){.size = 0};
	if (!fields_enter(j, &f))
		return;
	while (fields_next(j, &f, &i))
		read_field(j, (enum field)i, ret);
	if (json_ok(j) &&
	    !(fields_has(&f, F_MEDIA_TYPE) && fields_has(&f, F_DIGEST) && fields_has(&f, F_SIZE)))
		json_fail(
		    j, "a descriptor needs mediaType, digest and size (image-spec descriptor.md)");
}
