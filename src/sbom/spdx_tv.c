/* SPDX 2.2 and 2.3 as tag and value: "Tag: value" a line, "<text>…</text>" over several.
 * PackageName begins a package; FileName, SnippetSPDXID and Relationship end it. */
#include "sbom/draft.h"

struct package {
	bool open;
	struct bytes purpose, comment;
	struct draft_item item;
};

static int end_package(struct draft *d, struct package *p, struct err *e)
{
	int r = p->open ? draft_spdx_package(d, &p->item, p->purpose, p->comment, e) : 0;
	*p = (struct package){.open = false};
	return r;
}

/* The value behind a tag; *rest goes on behind its line. false: a text that does not end. */
static bool take_value(struct bytes *rest, struct bytes *ret)
{
	static const char begins[] = "<text>", ends[] = "</text>";
	struct bytes line = *rest;
	while (line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t'))
		line = bytes_from(line, 1);
	if (!bytes_has_prefix_lit(line, begins)) {
		*ret = bytes_trim(bytes_cut(rest, '\n'));
		return true;
	}
	line = bytes_from(line, sizeof begins - 1);
	size_t end = bytes_find_bytes(line, BYTES_LIT("</text>"));
	if (end == line.len)
		return false;
	*ret = bytes_part(line, 0, end);
	*rest = bytes_from(line, end + sizeof ends - 1);
	(void)bytes_cut(rest, '\n');
	return true;
}

/* "PACKAGE-MANAGER purl pkg:…" */
static void see_reference(struct package *p, struct bytes value)
{
	(void)bytes_cut(&value, ' ');
	value = bytes_trim(value);
	struct bytes type = bytes_cut(&value, ' ');
	if (bytes_eq_lit(type, "purl") && !p->item.purl.len)
		p->item.purl = bytes_trim(value);
}

static int see_tag(struct draft *d, struct package *p, struct bytes tag, struct bytes value,
		   struct err *e)
{
	if (bytes_eq_lit(tag, "SPDXVersion"))
		return draft_spdx_version(d, value, e);
	if (bytes_eq_lit(tag, "DocumentName"))
		d->bill.name = value;
	else if (bytes_eq_lit(tag, "PackageName")) {
		if (end_package(d, p, e) < 0)
			return -(int)e->code;
		p->open = true;
		p->item.name = value;
	} else if (bytes_eq_lit(tag, "FileName") || bytes_eq_lit(tag, "SnippetSPDXID") ||
		   bytes_eq_lit(tag, "Relationship"))
		return end_package(d, p, e);
	else if (bytes_eq_lit(tag, "PackageVersion"))
		p->item.version = value;
	else if (bytes_eq_lit(tag, "PrimaryPackagePurpose"))
		p->purpose = value;
	else if (bytes_eq_lit(tag, "PackageLicenseDeclared"))
		license_read(&p->item.stated, value);
	else if (bytes_eq_lit(tag, "PackageComment"))
		p->comment = value;
	else if (bytes_eq_lit(tag, "PackageSourceInfo"))
		draft_source_info(&p->item, value);
	else if (bytes_eq_lit(tag, "ExternalRef"))
		see_reference(p, value);
	return 0;
}

int spdx_tv_read(struct bytes text, struct draft *d, struct err *e)
{
	struct bytes rest = text;
	struct package *p = arena_alloc(&d->arena, 1, sizeof *p);
	if (!p)
		return err_nomem(e);
	for (size_t line = 1; rest.len; line++) {
		struct bytes value, here = rest, tag;
		struct bytes front = bytes_part(rest, 0, bytes_find(rest, '\n'));
		size_t colon = bytes_find(front, ':');
		tag = bytes_trim(bytes_part(front, 0, colon));
		if (!tag.len || tag.ptr[0] == '#') {
			(void)bytes_cut(&rest, '\n');
			continue;
		}
		if (colon == front.len)
			return err_set(e, ERR_FORMAT,
				       "SPDX tag and value: byte %zu: \"%.*s\" is no tag and value",
				       text.len - here.len, BYTES_ARG(bytes_part(tag, 0, 60)));
		rest = bytes_from(rest, colon + 1);
		if (!take_value(&rest, &value))
			return err_set(e, ERR_TRUNCATED,
				       "SPDX tag and value: byte %zu: a <text> that does not end",
				       text.len - here.len);
		if (see_tag(d, p, tag, value, e) < 0)
			return -(int)e->code;
	}
	if (!d->bill.format.len)
		return err_set(e, ERR_FORMAT, "SPDX tag and value: no SPDXVersion");
	return end_package(d, p, e);
}
