#include "report/report.h"

const enum adv_severity report_severity_order[ADV_SEV_CRITICAL + 1] = {
    ADV_SEV_CRITICAL, ADV_SEV_HIGH,	  ADV_SEV_MEDIUM,
    ADV_SEV_LOW,      ADV_SEV_NEGLIGIBLE, ADV_SEV_UNKNOWN};

/* Length of a valid UTF-8 sequence that starts b, or 0. */
static size_t utf8_len(struct bytes b)
{
	uint8_t c = b.ptr[0];
	size_t n = c >= 0xc2 && c <= 0xdf   ? 2
		   : c >= 0xe0 && c <= 0xef ? 3
		   : c >= 0xf0 && c <= 0xf4 ? 4
					    : 0;
	if (n == 0 || n > b.len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((b.ptr[i] & 0xc0U) != 0x80U)
			return 0;
	}
	if (c == 0xc2 && b.ptr[1] < 0xa0) /* C1 controls: some terminals obey them */
		return 0;
	return n;
}

void report_put_plain(struct buf *out, struct bytes text)
{
	for (size_t i = 0; i < text.len;) {
		uint8_t c = text.ptr[i];
		size_t n = c >= 0x80 ? utf8_len(bytes_from(text, i)) : 0;
		if (n) {
			buf_put(out, bytes_part(text, i, n));
			i += n;
		} else {
			buf_put_u8(out, c < 0x20 || c > 0x7e ? '?' : c);
			i++;
		}
	}
}

void report_count_severities(const struct report *r, size_t counts[ADV_SEV_CRITICAL + 1])
{
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++)
		counts[i] = 0;
	for (size_t i = 0; i < r->finding_count; i++)
		counts[r->findings[i].severity]++;
}

bool report_support(const struct report *r, struct support *ret)
{
	const struct pkg_distro *d = &r->assess->image->distro;
	return r->now_ms && r->assess->image->has_distro &&
	       support_find(d->id, d->version_id, d->name, d->support_end, r->now_ms, ret);
}

void report_put_coverage(struct json_out *w, const struct report *r)
{
	struct support support;
	json_put_object(w, "coverage");
	assess_put_coverage_members(w, r->assess);
	if (report_support(r, &support))
		support_put(w, &support);
	json_put_end(w, '}');
}

void report_put_image(struct json_out *w, const struct report *r)
{
	const struct scan_input *in = r->input;
	const struct inv_image *image = r->assess->image;
	char digest[DIGEST_TEXT_CAP];
	digest_text(&in->digest, digest);
	struct buf platform;
	buf_init(&platform, 256);
	oci_platform_text(&in->config.platform, &platform);
	json_put_object(w, "image");
	json_put_string(w, "name", in->name);
	json_put_string_nonempty(w, "tag", in->tag);
	json_put_text(w, in->has_digest ? "digest" : "config_digest", digest);
	json_put_string(w, "platform", buf_bytes(&platform));
	json_put_need(w, &platform);
	buf_free(&platform);
	if (image->has_distro) {
		json_put_object(w, "distro");
		json_put_string(w, "id", image->distro.id);
		json_put_string(w, "version_id", image->distro.version_id);
		json_put_string_nonempty(w, "codename", image->distro.codename);
		json_put_string(w, "name", image->distro.name);
		json_put_end(w, '}');
	}
	json_put_array(w, "layers");
	for (size_t i = 0; i < r->assess->layer_count; i++) {
		const struct assess_layer *l = &r->assess->layers[i];
		json_put_object(w, NULL);
		json_put_text(w, "digest", l->digest);
		json_put_string_nonempty(w, "created_by", l->created_by);
		json_put_bool(w, "complete", l->complete);
		json_put_u64(w, "members", l->member_count);
		json_put_u64(w, "uncompressed_size", l->out_len);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
	json_put_end(w, '}');
}
