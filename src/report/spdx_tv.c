/* SPDX 2.3 as tag and value: a line each, or text between <text> and </text> over several. */
#include "report/formats.h"
#include "report/spdx.h"

/* A value of one line: what would end or begin one becomes '?'. */
static void put_line(struct buf *out, const char *head, struct bytes value)
{
	buf_printf(out, "%s ", head);
	report_put_plain(out, value);
	buf_put_u8(out, '\n');
}

/* JSON, in which '<' can be written so that nothing ends the text. */
static void put_json(struct buf *out, const char *tag, struct bytes value)
{
	if (!value.len)
		return;
	buf_printf(out, "%s: <text>", tag);
	while (value.len) {
		struct bytes part = bytes_part(value, 0, bytes_find(value, '<'));
		buf_put(out, part);
		if (part.len < value.len)
			buf_put_text(out, "\\u003c");
		value = bytes_from(value, part.len + (part.len < value.len));
	}
	buf_put_text(out, "</text>\n");
}

static void put_package(struct buf *out, const struct spdx_package *p)
{
	buf_put_u8(out, '\n');
	put_line(out, "PackageName:", p->name.len ? p->name : BYTES_LIT("NOASSERTION"));
	buf_printf(out, "SPDXID: %s\n", p->id);
	if (p->version.len)
		put_line(out, "PackageVersion:", p->version);
	buf_put_text(out, "PackageSupplier: NOASSERTION\nPackageDownloadLocation: NOASSERTION\n"
			  "FilesAnalyzed: false\nPackageLicenseConcluded: NOASSERTION\n");
	put_line(out,
		 "PackageLicenseDeclared:", p->license.len ? p->license : BYTES_LIT("NOASSERTION"));
	buf_put_text(out, "PackageCopyrightText: NOASSERTION\n");
	if (p->purpose) {
		buf_put_text(out, "PrimaryPackagePurpose: ");
		for (const char *c = p->purpose; *c; c++)
			buf_put_u8(out, *c == '_' ? '-' : (uint8_t)*c);
		buf_put_u8(out, '\n');
	}
	put_json(out, "PackageComment", p->comment);
	if (!p->purl.len)
		return;
	put_line(out, "ExternalRef: PACKAGE-MANAGER purl", p->purl);
	for (size_t i = 0; i < p->reference_count; i++) {
		put_line(out, "ExternalRef: SECURITY advisory", p->references[i].url);
		put_line(out, "ExternalRefComment:", p->references[i].comment);
	}
}

int spdx_tv_put(const struct report *r, struct buf *out, struct err *e)
{
	struct spdx_document d = {.package_count = 0};
	struct arena a;
	arena_init(&a, REPORT_MEMORY_MAX);
	int rc = spdx_make(r, &a, &d, e);
	buf_put_text(out,
		     "SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\nSPDXID: SPDXRef-DOCUMENT\n");
	put_line(out, "DocumentName:", d.name);
	buf_printf(out, "DocumentNamespace: %s\nCreator: Tool: plimsoll-%s\nCreated: %s\n", d.space,
		   r->version, d.created);
	for (size_t i = 0; rc == 0 && i < d.package_count; i++)
		put_package(out, &d.packages[i]);
	for (size_t i = 0; rc == 0 && i < d.license_count; i++) {
		buf_put_u8(out, '\n');
		put_line(out, "LicenseID:", d.licenses[i].ref);
		put_json(out, "ExtractedText", d.licenses[i].text);
	}
	buf_put_text(out, "\nRelationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-Image\n");
	for (size_t i = 1; rc == 0 && i < d.package_count; i++)
		buf_printf(out, "Relationship: SPDXRef-Image CONTAINS %s\n", d.packages[i].id);
	arena_free(&a);
	return rc < 0 ? rc : report_end_text(out, e);
}
