/* Alpine's security rejections, YAML: CVEs that its security team looked at and found not to be
 * about the package, in any release
 *
 *   dnsmasq:
 *     - CVE-2021-45951
 *
 * main.yaml and community.yaml of https://gitlab.alpinelinux.org/alpine/security/
 * security-rejections. Names are those of origins. Each becomes "not affected" in the ecosystem
 * "Alpine:rejected", which packages of every release are looked up in. */
#include "feed/draft.h"
#include "feed/rows.h"
#include "feed/text.h"
#include "feed/value.h"
#include "feed/yaml.h"

#define JSON_MAX ((size_t)16 << 20) /* bytes, of a document of 4 MiB */

static int send(struct json *j, struct bytes package, struct bytes cve,
		const struct feed_sink *sink, struct err *e)
{
	struct draft d;
	cve = bytes_trim(cve);
	if (!bytes_has_prefix_lit(cve, "CVE-") || package.len == 0)
		return sink->note(sink->arg, package, "entry not used: no CVE id", e);
	draft_init(&d, j->arena, "alpine-rejections", cve);
	struct adv_affected *f =
	    draft_affected(&d, BYTES_LIT("Alpine:rejected"), package, ADV_BY_SOURCE);
	if (f)
		f->status = ADV_NOT_AFFECTED;
	return draft_send(&d, package, sink, e);
}

static int read_package(struct json *j, struct bytes package, const struct feed_sink *sink,
			struct err *e)
{
	int rc = 0;
	if (json_peek(j) != JSON_ARRAY) {
		json_skip(j);
		return json_ok(j) ? sink->note(sink->arg, package, "package not used: no list", e)
				  : 0;
	}
	for (bool more = json_enter_array(j); more && rc >= 0 && json_next_item(j);) {
		struct bytes cve = value_text(j);
		if (json_ok(j))
			rc = send(j, package, cve, sink, e);
	}
	return rc;
}

bool alpine_rejections_wants(struct bytes path)
{
	struct bytes name = text_file_name(path);
	return bytes_eq_lit(name, "main.yaml") || bytes_eq_lit(name, "community.yaml");
}

int alpine_rejections_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
			     struct arena *a, struct err *e)
{
	struct json j;
	struct buf text;
	struct bytes key;
	(void)path;
	buf_init(&text, JSON_MAX);
	int rc = yaml_to_json(document, &text, e);
	if (rc == 0) {
		json_init(&j, buf_bytes(&text), a);
		for (bool more = json_enter_object(&j); more && rc >= 0 && json_next_key(&j, &key);)
			rc = read_package(&j, key, sink, e);
		if (rc >= 0)
			rc = json_finish(&j, e);
	}
	buf_free(&text);
	return rc;
}
