/* SPDX 2.3 as JSON (its schema: spdx-schema-2.3.json). */
#include "report/formats.h"
#include "report/spdx.h"

static void put_reference(struct json_out *w, const char *category, const char *type,
			  struct bytes locator, struct bytes comment)
{
	json_put_object(w, NULL);
	json_put_text(w, "referenceCategory", category);
	json_put_text(w, "referenceType", type);
	json_put_string(w, "referenceLocator", locator);
	json_put_string_nonempty(w, "comment", comment);
	json_put_end(w, '}');
}

static void put_package(struct json_out *w, const struct spdx_package *p)
{
	json_put_object(w, NULL);
	json_put_text(w, "SPDXID", p->id);
	json_put_string(w, "name", p->name.len ? p->name : BYTES_LIT("NOASSERTION"));
	json_put_string_nonempty(w, "versionInfo", p->version);
	json_put_text(w, "supplier", "NOASSERTION");
	json_put_text(w, "downloadLocation", "NOASSERTION");
	json_put_bool(w, "filesAnalyzed", false);
	json_put_text(w, "licenseConcluded", "NOASSERTION");
	json_put_string(w, "licenseDeclared",
			p->license.len ? p->license : BYTES_LIT("NOASSERTION"));
	json_put_text(w, "copyrightText", "NOASSERTION");
	if (p->purpose)
		json_put_text(w, "primaryPackagePurpose", p->purpose);
	json_put_string_nonempty(w, "sourceInfo", p->path);
	json_put_string_nonempty(w, "comment", p->comment);
	if (p->purl.len) {
		json_put_array(w, "externalRefs");
		put_reference(w, "PACKAGE-MANAGER", "purl", p->purl, BYTES_NONE);
		for (size_t i = 0; i < p->reference_count; i++)
			put_reference(w, "SECURITY", "advisory", p->references[i].url,
				      p->references[i].comment);
		json_put_end(w, ']');
	}
	json_put_end(w, '}');
}

static void put_relationship(struct json_out *w, const char *from, const char *type, const char *to)
{
	json_put_object(w, NULL);
	json_put_text(w, "spdxElementId", from);
	json_put_text(w, "relationshipType", type);
	json_put_text(w, "relatedSpdxElement", to);
	json_put_end(w, '}');
}

static void put_document(struct json_out *w, const struct report *r, const struct spdx_document *d)
{
	struct buf tool;
	buf_init(&tool, 256);
	buf_printf(&tool, "Tool: plimsoll-%s", r->version);
	json_put_text(w, "spdxVersion", "SPDX-2.3");
	json_put_text(w, "dataLicense", "CC0-1.0");
	json_put_text(w, "SPDXID", "SPDXRef-DOCUMENT");
	json_put_string(w, "name", d->name);
	json_put_text(w, "documentNamespace", d->space);
	json_put_object(w, "creationInfo");
	json_put_text(w, "created", d->created);
	json_put_array(w, "creators");
	json_put_string(w, NULL, buf_bytes(&tool));
	json_put_end(w, ']');
	json_put_end(w, '}');
	json_put_need(w, &tool);
	buf_free(&tool);
	json_put_array(w, "packages");
	for (size_t i = 0; i < d->package_count; i++)
		put_package(w, &d->packages[i]);
	json_put_end(w, ']');
	if (d->license_count)
		json_put_array(w, "hasExtractedLicensingInfos");
	for (size_t i = 0; i < d->license_count; i++) {
		json_put_object(w, NULL);
		json_put_string(w, "licenseId", d->licenses[i].ref);
		json_put_string(w, "extractedText", d->licenses[i].text);
		json_put_end(w, '}');
	}
	if (d->license_count)
		json_put_end(w, ']');
	json_put_array(w, "relationships");
	put_relationship(w, "SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Image");
	for (size_t i = 1; i < d->package_count; i++)
		put_relationship(w, "SPDXRef-Image", "CONTAINS", d->packages[i].id);
	json_put_end(w, ']');
}

int spdx_json_put(const struct report *r, struct buf *out, struct err *e)
{
	struct spdx_document d;
	struct json_out w;
	struct arena a;
	arena_init(&a, REPORT_MEMORY_MAX);
	int rc = spdx_make(r, &a, &d, e);
	json_out_init(&w, out, true);
	json_put_object(&w, NULL);
	if (rc == 0)
		put_document(&w, r, &d);
	json_put_end(&w, '}');
	arena_free(&a);
	return rc < 0 ? rc : report_end(out, e);
}
