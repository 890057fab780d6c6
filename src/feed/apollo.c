/* Rocky Linux's errata as its Apollo service lists them, a page or one erratum:
 *
 *   {"advisories": [{"name": "RLSA-2025:21816", "synopsis": "Moderate: delve security update",
 *     "description", "kind": "Security" | …, "severity": "Moderate", "published_at", "updated_at",
 *     "cves": [{"cve": "CVE-2025-58183", "cvss3_scoring_vector", "cwe": "CWE-770"}],
 *     "packages": [{"nevra": "delve-0:1.25.2-1.el10_1.aarch64.rpm", "module_name", "module_stream",
 *       "product_name": "Rocky Linux 10 aarch64"}]}]}
 *
 * Packages are binary ones; those of sources are passed over. The release is the product's number.
 * What repairs or adds something without a CVE is not used. */
#include "feed/builds.h"
#include "feed/rows.h"
#include "feed/value.h"

struct erratum {
	struct draft d;
	struct builds builds;
	struct bytes kind;
};

struct package {
	struct bytes nevra, module, stream, product;
};

static void read_cve(struct json *j, struct erratum *x)
{
	struct bytes key;
	for (bool in = value_object(j); in && json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "cve"))
			draft_cves(&x->d, value_text(j));
		else if (bytes_eq_lit(key, "cvss3_scoring_vector"))
			draft_cvss(&x->d, value_text(j));
		else if (bytes_eq_lit(key, "cwe"))
			draft_cwe(&x->d, value_text(j));
		else
			json_skip(j);
	}
}

/* "10" of "Rocky Linux 10 aarch64" */
static struct bytes release_of(struct bytes product)
{
	struct bytes name = BYTES_LIT("Rocky Linux ");
	if (!bytes_has_prefix(product, name))
		return BYTES_NONE;
	struct bytes rest = bytes_from(product, name.len);
	size_t n = 0;
	while (n < rest.len && n < 4 && byte_is_digit(rest.ptr[n]))
		n++;
	return bytes_part(rest, 0, n);
}

/* "delve-0:1.25.2-1.el10_1.aarch64.rpm": name, "-", epoch, ":", version, "-", release, ".",
 * architecture. */
static bool split(struct bytes nevra, struct build *b)
{
	if (bytes_has_suffix_lit(nevra, ".rpm"))
		nevra = bytes_part(nevra, 0, nevra.len - 4);
	size_t dot = bytes_find_last(nevra, '.'), colon = bytes_find(nevra, ':');
	if (dot == nevra.len || colon >= dot)
		return false;
	size_t dash = bytes_find_last(bytes_part(nevra, 0, colon), '-');
	b->name = bytes_part(nevra, 0, dash);
	b->arches = bytes_from(nevra, dot + 1);
	b->fixed = bytes_part(nevra, dash + 1, dot - dash - 1);
	if (bytes_has_prefix_lit(b->fixed, "0:"))
		b->fixed = bytes_from(b->fixed, 2);
	return dash < colon && b->name.len > 0 && b->arches.len > 0;
}

static void read_package(struct json *j, struct erratum *x)
{
	struct package p = {.nevra = BYTES_NONE};
	const struct bytes_slot slots[] = {
	    {"nevra", &p.nevra},
	    {"module_name", &p.module},
	    {"module_stream", &p.stream},
	    {"product_name", &p.product},
	};
	struct bytes key;
	for (bool in = value_object(j); in && json_next_key(j, &key);) {
		struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
		if (to)
			*to = value_text(j);
		else
			json_skip(j);
	}
	struct build b = {.status = ADV_FIXED, .keyed = ADV_BY_BINARY};
	struct bytes release = release_of(p.product);
	if (!json_ok(j) || release.len == 0 || !split(p.nevra, &b) || bytes_eq_lit(b.arches, "src"))
		return;
	b.ecosystem = draft_printf(&x->d, "Rocky Linux:%.*s", BYTES_ARG(release));
	if (p.module.len > 0 && p.stream.len > 0)
		b.module =
		    draft_printf(&x->d, "%.*s:%.*s", BYTES_ARG(p.module), BYTES_ARG(p.stream));
	builds_add(&x->builds, &x->d, b);
}

static void read_erratum(struct json *j, struct erratum *x)
{
	struct bytes key;
	struct adv *adv = &x->d.adv;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "name"))
			adv->id = value_text(j);
		else if (bytes_eq_lit(key, "synopsis"))
			adv->summary = value_text(j);
		else if (bytes_eq_lit(key, "description"))
			adv->details = value_text(j);
		else if (bytes_eq_lit(key, "kind"))
			x->kind = value_text(j);
		else if (bytes_eq_lit(key, "severity"))
			adv->severity_text = value_text(j);
		else if (bytes_eq_lit(key, "published_at"))
			adv->published_ms = value_time(j);
		else if (bytes_eq_lit(key, "updated_at"))
			adv->modified_ms = value_time(j);
		else if (bytes_eq_lit(key, "cves"))
			for (bool more = value_array(j); more && json_next_item(j);)
				read_cve(j, x);
		else if (bytes_eq_lit(key, "packages"))
			for (bool more = value_array(j); more && json_next_item(j);)
				read_package(j, x);
		else
			json_skip(j);
	}
}

/* The next value of j, an object, with memory of its own. */
static int read_one(struct json *j, const struct feed_sink *sink, struct arena *a, struct err *e)
{
	struct arena one;
	struct erratum x = {.kind = BYTES_NONE};
	int rc = 0;
	arena_init(&one, a->budget);
	json_use(j, &one);
	draft_init(&x.d, &one, "apollo", BYTES_NONE);
	if (value_object(j))
		read_erratum(j, &x);
	builds_put(&x.builds, &x.d);
	bool used = bytes_eq_lit(x.kind, "Security") || x.d.adv.alias_count > 0;
	if (json_ok(j) && used)
		rc = draft_send(&x.d, x.d.adv.id, sink, e);
	json_use(j, a);
	arena_free(&one);
	return rc;
}

int apollo_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
		  struct arena *a, struct err *e)
{
	struct json j;
	struct bytes key;
	bool found = false;
	int rc = 0;
	json_init(&j, document, a);
	for (bool more = json_enter_object(&j); more && rc == 0 && json_next_key(&j, &key);) {
		if (!bytes_eq_lit(key, "advisories") && !bytes_eq_lit(key, "advisory")) {
			json_skip(&j);
			continue;
		}
		found = true;
		if (bytes_eq_lit(key, "advisory")) {
			rc = read_one(&j, sink, a, e);
			continue;
		}
		for (bool in = value_array(&j); in && rc == 0 && json_next_item(&j);)
			rc = read_one(&j, sink, a, e);
	}
	if (rc == 0)
		rc = json_finish(&j, e);
	if (rc < 0 || found)
		return rc;
	return err_set(e, ERR_FORMAT, "%.*s: no \"advisories\"", BYTES_ARG(path));
}
