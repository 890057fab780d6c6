#include "report/report.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "oci/reference.h"

const enum adv_severity report_severity_order[ADV_SEV_CRITICAL + 1] = {
    ADV_SEV_CRITICAL, ADV_SEV_HIGH,	  ADV_SEV_MEDIUM,
    ADV_SEV_LOW,      ADV_SEV_NEGLIGIBLE, ADV_SEV_UNKNOWN};

void report_put_plain(struct buf *out, struct bytes text)
{
	for (size_t i = 0; i < text.len;) {
		uint8_t c = text.ptr[i];
		size_t n = c >= 0x80 ? utf8_len(text.ptr + i, text.len - i) : 0;
		if (n && !utf8_is_obeyed(text.ptr + i, n))
			buf_put(out, bytes_part(text, i, n));
		else
			buf_put_u8(out, c < 0x20 || c > 0x7e ? '?' : c);
		i += n ? n : 1;
	}
}

void report_put_count(struct buf *out, size_t count, const char *one, const char *many)
{
	buf_printf(out, "%zu %s", count, count == 1 ? one : many);
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

int report_end_text(struct buf *out, struct err *e)
{
	if (buf_ok(out))
		return 0;
	/* A growth that would pass the maximum fails with half of it in use at least. */
	return out->max <= LIMIT_REPORT_MAX && out->len >= out->max / 2
		   ? err_set(
			 e, ERR_LIMIT,
			 "the report is larger than %zu MiB: filter it, or choose another format",
			 out->max >> 20)
		   : err_set(e, ERR_NOMEM, "no memory for the report");
}

int report_end(struct buf *out, struct err *e)
{
	buf_put_u8(out, '\n');
	return report_end_text(out, e);
}

size_t report_package_count(const struct report *r)
{
	return r->assess->image->packages ? r->assess->image->package_count : 0;
}

size_t report_id_count(const struct finding *f)
{
	return f->check.cve_count ? f->check.cve_count : 1;
}

struct bytes report_id(const struct finding *f, size_t i)
{
	return f->check.cve_count ? f->check.cves[i] : f->check.advisory;
}

void report_put_url(struct buf *out, struct bytes id)
{
	static const struct {
		const char *prefix, *url;
	} rows[] = {
	    {"CVE-", "https://nvd.nist.gov/vuln/detail/"},
	    {"GHSA-", "https://github.com/advisories/"},
	    {"DSA-", "https://security-tracker.debian.org/tracker/"},
	    {"DLA-", "https://security-tracker.debian.org/tracker/"},
	    {"USN-", "https://ubuntu.com/security/notices/"},
	    {"RHSA-", "https://access.redhat.com/errata/"},
	    {"", "https://osv.dev/vulnerability/"},
	};
	size_t i = 0;
	while (!bytes_has_prefix_lit(id, rows[i].prefix))
		i++;
	buf_put_text(out, rows[i].url);
	buf_put_percent(out, id, ":");
}

/* What was given is a reference, not the path of a file. */
static bool read_reference(const struct report *r, struct buf *out, struct arena *a,
			   struct ref *ret)
{
	struct err e = ERR_INIT;
	struct bytes name = r->input->name;
	bool path = name.len == 0 || name.ptr[0] == '/' || name.ptr[0] == '.';
	bool known = !path && ref_parse(name, a, ret, &e) == 0;
	out->failed |= e.code == ERR_NOMEM;
	return known;
}

bool report_put_repository(struct buf *out, const struct report *r)
{
	struct arena a;
	struct ref ref;
	arena_init(&a, 65536);
	bool known = read_reference(r, out, &a, &ref);
	if (known) {
		buf_put(out, ref.registry);
		buf_put_u8(out, '/');
		buf_put(out, ref.repository);
	}
	arena_free(&a);
	return known;
}

void report_put_image_purl(struct buf *out, const struct report *r)
{
	char digest[DIGEST_TEXT_CAP];
	struct arena a;
	struct ref ref;
	arena_init(&a, 65536);
	digest_text(&r->input->digest, digest);
	bool known = read_reference(r, out, &a, &ref);
	struct bytes name = known ? ref.repository : BYTES_LIT("image");
	size_t slash = bytes_find_last(name, '/');
	buf_put_text(out, "pkg:oci/");
	buf_put_percent(out, slash < name.len ? bytes_from(name, slash + 1) : name, "");
	buf_put_u8(out, '@');
	buf_put_percent(out, bytes_of(digest), ":");
	if (known) {
		buf_put_text(out, "?repository_url=");
		buf_put_percent(out, ref.registry, ":");
		buf_put_u8(out, '/');
		buf_put_percent(out, ref.repository, "/");
	}
	arena_free(&a);
}

size_t report_excepted(const struct report *r, enum exception_kind kind)
{
	size_t n = 0;
	for (size_t i = 0; i < r->excepted_count; i++)
		n += r->excepted[i].whole && r->excepted[i].by->kind == kind;
	return n;
}
