/* usr/share/doc/PACKAGE/copyright, which every package of Debian has.
 *
 * In the machine-readable form, which begins with "Format: …copyright-format/1.0/", it is
 * paragraphs of fields as in a package database; "License" of the first paragraph and of those with
 * "Files" is a name or an expression on its first line ("GPL-2+ and (MIT or Artistic)"); what
 * follows is the licence's text. Paragraphs with License alone hold texts that others name. The
 * licence of a package is all of them: AND.
 *
 * In the old form it is prose. What it certainly says: the texts in usr/share/common-licenses that
 * it points to ("/usr/share/common-licenses/GPL-2"), with later versions where the words in front
 * say so, and a licence whose own words are there. Spec: Debian Policy 4.5 and 12.5;
 * copyright-format 1.0. */
#include "eco/parsers.h"
#include "eco/path.h"
#include "pkg/license.h"

#define COMMON "/usr/share/common-licenses/"
#define IN_FRONT 800U /* bytes in front of a reference in which "any later version" counts */

static struct eco_want copyright_wants(struct bytes path)
{
	struct eco_want w = {.merge = ECO_LICENSE};
	if (!bytes_has_suffix_lit(path, "/copyright") ||
	    !bytes_has_prefix_lit(path, "usr/share/doc/"))
		return w;
	struct bytes name = bytes_from(eco_path_dir(path), sizeof "usr/share/doc/" - 1);
	w.wanted = name.len > 0 && bytes_find(name, '/') == name.len;
	return w;
}

/* Is the file in the machine-readable form? */
static bool is_readable(struct bytes file)
{
	for (int i = 0; i < 8 && file.len > 0; i++) {
		struct bytes line = bytes_cut(&file, '\n');
		struct bytes form = BYTES_LIT("copyright-format/1");
		if (bytes_has_prefix_nocase(line, BYTES_LIT("Format")) &&
		    (bytes_find_bytes(line, form) < line.len ||
		     bytes_find_bytes(line, BYTES_LIT("dep5")) < line.len ||
		     bytes_find_bytes(line, BYTES_LIT("copyright/")) < line.len))
			return true;
	}
	return false;
}

struct paragraph {
	bool any, has_files;
	struct bytes license; /* the first line of its field */
};

static void end_paragraph(const struct paragraph *p, bool first, struct license *all)
{
	struct license one;
	if (p->license.len == 0 || (!first && !p->has_files))
		return;
	license_read(&one, p->license);
	license_also(all, &one);
}

static void read_fields(struct bytes file, struct license *all)
{
	struct paragraph p = {.any = false};
	bool first = true;
	while (file.len > 0) {
		struct bytes value = bytes_cut(&file, '\n');
		if (bytes_trim(value).len == 0) {
			end_paragraph(&p, first, all);
			first = first && !p.any;
			p = (struct paragraph){.any = false};
			continue;
		}
		p.any = true;
		if (value.ptr[0] == ' ' || value.ptr[0] == '\t')
			continue;
		struct bytes key = bytes_trim(bytes_cut(&value, ':'));
		if (bytes_eq_nocase(key, BYTES_LIT("files")))
			p.has_files = true;
		else if (bytes_eq_nocase(key, BYTES_LIT("license")))
			p.license = bytes_trim(value);
	}
	end_paragraph(&p, first, all);
}

/* Do the words in front of a reference say that later versions count? */
static bool says_later(struct bytes front)
{
	static const char *const words[] = {"any later version", "any\nlater version",
					    "later version", "any later", "or later"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (bytes_find_bytes(front, bytes_of(words[i])) < front.len)
			return true;
	return false;
}

static void add_common(struct bytes file, size_t at, struct bytes name, struct license *all)
{
	struct license one;
	char text[80];
	size_t from = at > IN_FRONT ? at - IN_FRONT : 0;
	bool gnu = bytes_find_bytes(name, BYTES_LIT("GPL")) < name.len ||
		   bytes_has_prefix_lit(name, "GFDL");
	bool later = gnu && says_later(bytes_part(file, from, at - from));
	size_t n = 0;
	for (; n < name.len && n + 2 < sizeof text; n++)
		text[n] = (char)name.ptr[n];
	if (later)
		text[n++] = '+';
	license_read(&one, (struct bytes){.ptr = (const uint8_t *)text, .len = n});
	license_also(all, &one);
}

static void read_prose(struct bytes file, struct license *all)
{
	struct bytes head = BYTES_LIT(COMMON);
	const char *id = license_by_words(file);
	if (id) {
		struct license one;
		license_read(&one, bytes_of(id));
		license_also(all, &one);
	}
	for (size_t at = 0; at < file.len;) {
		size_t found = bytes_find_bytes(bytes_from(file, at), head);
		if (found == file.len - at)
			break;
		struct bytes rest = bytes_from(file, at + found + head.len);
		size_t n = 0;
		while (n < rest.len && n < 40 &&
		       (byte_is_alnum(rest.ptr[n]) || rest.ptr[n] == '-' || rest.ptr[n] == '.'))
			n++;
		while (n > 0 && rest.ptr[n - 1] == '.')
			n--;
		if (n > 0)
			add_common(file, at + found, bytes_part(rest, 0, n), all);
		at += found + head.len;
	}
}

static int copyright_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			   struct arena *a, struct err *e)
{
	struct license all = {.len = 0};
	(void)a;
	if (is_readable(file))
		read_fields(file, &all);
	else
		read_prose(file, &all);
	if (all.len == 0)
		return 0;
	return sink->license(sink->arg, eco_path_base(eco_path_dir(path)), license_bytes(&all), e);
}

const struct eco_parser eco_copyright = {.wants = copyright_wants, .parse = copyright_parse};
