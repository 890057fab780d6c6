/* Names of licences that are none of SPDX's identifiers: of Debian's machine-readable copyright
 * files, of Fedora's list before SPDX, of PyPI's classifiers, and what projects write. A name is
 * compared without case, blanks, punctuation and the words that say nothing ("The", "License",
 * "Version"); only names that mean one licence are here: "BSD" is none. */
#include "pkg/license.h"

#include <stdio.h>
#include <string.h>

#define NAME_MAX_LEN 120U /* bytes: longer ones are no names */
/* Bytes of a text in which words are looked for: licences have 35 KiB. */
#define WORDS_MAX (64U << 10)

static const char *const ids[] = {
#define LICENSE_LIST
#include "pkg/license_ids.inc"
#undef LICENSE_LIST
};
static const char *const exceptions[] = {
#define EXCEPTION_LIST
#include "pkg/license_ids.inc"
#undef EXCEPTION_LIST
};

static const char *find_nocase(const char *const *list, size_t count, struct bytes text)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = bytes_cmp_nocase(bytes_of(list[mid]), text);
		if (order == 0)
			return list[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const char *license_by_id(struct bytes id)
{
	return find_nocase(ids, sizeof ids / sizeof *ids, id);
}

const char *license_exception(struct bytes id)
{
	return find_nocase(exceptions, sizeof exceptions / sizeof *exceptions, id);
}

/* By their squashed form. */
static const struct {
	const char *name, *id;
} names[] = {
    {"afl2.1", "AFL-2.1"},
    {"afl3", "AFL-3.0"},
    {"apache1.1", "Apache-1.1"},
    {"apache2", "Apache-2.0"},
    {"apache2.0", "Apache-2.0"},
    {"asl1.1", "Apache-1.1"},
    {"asl2.0", "Apache-2.0"},
    {"asl2", "Apache-2.0"},
    {"al2", "Apache-2.0"},
    {"al2.0", "Apache-2.0"},
    {"artistic", "Artistic-1.0-Perl"},
    {"artistic1", "Artistic-1.0"},
    {"artistic2", "Artistic-2.0"},
    {"artistic2.0", "Artistic-2.0"},
    {"bsd1clause", "BSD-1-Clause"},
    {"bsd2", "BSD-2-Clause"},
    {"bsd2clause", "BSD-2-Clause"},
    {"bsd2clausefreebsd", "BSD-2-Clause"},
    {"2clausebsd", "BSD-2-Clause"},
    {"simplifiedbsd", "BSD-2-Clause"},
    {"bsdsimplified", "BSD-2-Clause"},
    {"freebsd", "BSD-2-Clause"},
    {"bsd3", "BSD-3-Clause"},
    {"bsd3clause", "BSD-3-Clause"},
    {"3clausebsd", "BSD-3-Clause"},
    {"newbsd", "BSD-3-Clause"},
    {"bsdnew", "BSD-3-Clause"},
    {"modifiedbsd", "BSD-3-Clause"},
    {"revisedbsd", "BSD-3-Clause"},
    {"bsdrevised", "BSD-3-Clause"},
    {"eclipsedistribution1.0", "BSD-3-Clause"},
    {"edl1.0", "BSD-3-Clause"},
    {"bsd4clause", "BSD-4-Clause"},
    {"bsd4clauseuc", "BSD-4-Clause-UC"},
    {"bsdwithadvertising", "BSD-4-Clause"},
    {"boost", "BSL-1.0"},
    {"boost1.0", "BSL-1.0"},
    {"cc0", "CC0-1.0"},
    {"cc01.0", "CC0-1.0"},
    {"cc01.0universal", "CC0-1.0"},
    {"ccby3", "CC-BY-3.0"},
    {"ccby4", "CC-BY-4.0"},
    {"ccbysa3", "CC-BY-SA-3.0"},
    {"ccbysa4", "CC-BY-SA-4.0"},
    {"cddl1.0", "CDDL-1.0"},
    {"cddl1", "CDDL-1.0"},
    {"cddl1.1", "CDDL-1.1"},
    {"commondevelopmentanddistribution1.0", "CDDL-1.0"},
    {"commonpublic1.0", "CPL-1.0"},
    {"epl1", "EPL-1.0"},
    {"epl1.0", "EPL-1.0"},
    {"eclipsepublic1.0", "EPL-1.0"},
    {"epl2", "EPL-2.0"},
    {"epl2.0", "EPL-2.0"},
    {"eclipsepublic2.0", "EPL-2.0"},
    {"eupl1.1", "EUPL-1.1"},
    {"eupl1.2", "EUPL-1.2"},
    {"europeanunionpublic1.2", "EUPL-1.2"},
    {"expat", "MIT"},
    {"mit", "MIT"},
    {"mitexpat", "MIT"},
    {"mitx11", "MIT"},
    {"mitnoattribution", "MIT-0"},
    {"freetype", "FTL"},
    {"isc", "ISC"},
    {"mpl1", "MPL-1.0"},
    {"mpl1.0", "MPL-1.0"},
    {"mpl1.1", "MPL-1.1"},
    {"mozillapublic1.1", "MPL-1.1"},
    {"mpl2", "MPL-2.0"},
    {"mpl2.0", "MPL-2.0"},
    {"mozillapublic2", "MPL-2.0"},
    {"mozillapublic2.0", "MPL-2.0"},
    {"ncsa", "NCSA"},
    {"universityofillinoisncsaopensource", "NCSA"},
    {"openldap2.8", "OLDAP-2.8"},
    {"ofl1.1", "OFL-1.1"},
    {"ofl", "OFL-1.1"},
    {"silopenfont1.1", "OFL-1.1"},
    {"php3.0", "PHP-3.0"},
    {"php3.01", "PHP-3.01"},
    {"psf", "PSF-2.0"},
    {"psf2", "PSF-2.0"},
    {"psfl", "PSF-2.0"},
    {"pythonfoundation", "PSF-2.0"},
    {"postgres", "PostgreSQL"},
    {"publicdomain", "LicenseRef-public-domain"},
    {"pd", "LicenseRef-public-domain"},
    {"qpl", "QPL-1.0"},
    {"unlicense", "Unlicense"},
    {"universalpermissive1.0", "UPL-1.0"},
    {"gpl2.0withclasspathexception", "GPL-2.0-only WITH Classpath-exception-2.0"},
    {"gpl2withclasspathexception", "GPL-2.0-only WITH Classpath-exception-2.0"},
    {"gnugeneralpublic2withclasspathexception", "GPL-2.0-only WITH Classpath-exception-2.0"},
    {"gpl3.0withgccexception", "GPL-3.0-only WITH GCC-exception-3.1"},
    {"w3c", "W3C"},
    {"wtfpl2", "WTFPL"},
    {"zlib", "Zlib"},
    {"zliblibpng", "Zlib"},
    {"zpl2.1", "ZPL-2.1"},
    {"zopepublic2.1", "ZPL-2.1"},
};

/* Addresses without scheme and "www.", by how they begin. */
static const struct {
	const char *begin, *id;
} addresses[] = {
    {"apache.org/licenses/license-2.0", "Apache-2.0"},
    {"apache.org/licenses/license-1.1", "Apache-1.1"},
    {"creativecommons.org/publicdomain/zero/1.0", "CC0-1.0"},
    {"eclipse.org/legal/epl-2.0", "EPL-2.0"},
    {"eclipse.org/legal/epl-v20", "EPL-2.0"},
    {"eclipse.org/legal/epl-v10", "EPL-1.0"},
    {"eclipse.org/org/documents/edl-v10", "BSD-3-Clause"},
    {"eclipse.org/org/documents/epl-2.0", "EPL-2.0"},
    {"eclipse.org/org/documents/epl-v10", "EPL-1.0"},
    {"gnu.org/licenses/old-licenses/gpl-2.0", "GPL-2.0-only"},
    {"gnu.org/licenses/old-licenses/lgpl-2.1", "LGPL-2.1-only"},
    {"gnu.org/licenses/gpl-2.0", "GPL-2.0-only"},
    {"gnu.org/licenses/gpl-3.0", "GPL-3.0-only"},
    {"gnu.org/licenses/lgpl-2.1", "LGPL-2.1-only"},
    {"gnu.org/licenses/lgpl-3.0", "LGPL-3.0-only"},
    {"gnu.org/licenses/agpl-3.0", "AGPL-3.0-only"},
    {"gnu.org/software/classpath/license", "GPL-2.0-or-later WITH Classpath-exception-2.0"},
    {"mozilla.org/mpl/2.0", "MPL-2.0"},
    {"mozilla.org/en-us/mpl/2.0", "MPL-2.0"},
    {"unlicense.org", "Unlicense"},
};

/* Sites whose addresses end in an identifier. */
static const char *const sites[] = {"opensource.org/licenses/", "opensource.org/license/",
				    "spdx.org/licenses/", "licenses.nuget.org/"};

/* The families of GNU's licences, squashed, longest first. */
static const struct {
	const char *name, *id;
} families[] = {
    {"gnulessergeneralpublic", "LGPL"},
    {"gnulesserpublic", "LGPL"},
    {"gnulibrarygeneralpublic", "LGPL"},
    {"gnulibraryorlessergeneralpublic", "LGPL"},
    {"lessergeneralpublic", "LGPL"},
    {"gnuafferogeneralpublic", "AGPL"},
    {"afferogeneralpublic", "AGPL"},
    {"gnugeneralpublic", "GPL"},
    {"generalpublic", "GPL"},
    {"gnulgpl", "LGPL"},
    {"gnuagpl", "AGPL"},
    {"gnugpl", "GPL"},
    {"lgpl", "LGPL"},
    {"agpl", "AGPL"},
    {"gpl", "GPL"},
    {"gnufreedocumentation", "GFDL"},
    {"gfdl", "GFDL"},
    {"fdl", "GFDL"},
};

/* Versions as they are written, longest first, and the suffixes that say which others count. */
static const char *const versions[][2] = {
    {"1.0", "1.0"}, {"1.1", "1.1"}, {"1.2", "1.2"}, {"1.3", "1.3"}, {"2.0", "2.0"},
    {"2.1", "2.1"}, {"3.0", "3.0"}, {"1", "1.0"},   {"2", "2.0"},   {"3", "3.0"}};
static const char *const later[] = {"+",	"orlater",	    "orlater+", "ornewer",
				    "orabove",	"oranylater",	    "andlater", "orgreater",
				    "orhigher", "oranylaterversion"};
static const char *const only[] = {"", "only"};

static bool is_one_of(struct bytes text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes_eq_lit(text, list[i]))
			return true;
	return false;
}

/* "gpl2+": the identifier, of those that the list has. */
static const char *gnu_name(struct bytes name)
{
	const char *family = NULL;
	char id[40];
	for (size_t i = 0; !family && i < sizeof families / sizeof *families; i++)
		if (bytes_has_prefix_lit(name, families[i].name)) {
			family = families[i].id;
			name = bytes_from(name, strlen(families[i].name));
		}
	if (!family)
		return NULL;
	if (bytes_eq_lit(name, "+"))
		return license_by_id(bytes_of(strcmp(family, "GPL") == 0    ? "GPL-1.0-or-later"
					      : strcmp(family, "LGPL") == 0 ? "LGPL-2.0-or-later"
									    : ""));
	const char *version = NULL;
	for (size_t i = 0; !version && i < sizeof versions / sizeof *versions; i++)
		if (bytes_has_prefix_lit(name, versions[i][0])) {
			version = versions[i][1];
			name = bytes_from(name, strlen(versions[i][0]));
		}
	if (!version)
		return NULL;
	bool plus = is_one_of(name, later, sizeof later / sizeof *later);
	if (!plus && !is_one_of(name, only, sizeof only / sizeof *only))
		return NULL;
	int n = snprintf(id, sizeof id, "%s-%s-%s", family, version, plus ? "or-later" : "only");
	return license_by_id((struct bytes){.ptr = (const uint8_t *)id, .len = (size_t)n});
}

static bool is_empty_word(struct bytes word)
{
	static const char *const words[] = {"the",     "license", "licence",  "software",
					    "version", "v",	  "licenses", "ver"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (bytes_eq_nocase(word, bytes_of(words[i])))
			return true;
	return false;
}

static bool is_of_word(uint8_t c)
{
	return byte_is_alnum(c) || c == '.' || c == '+';
}

/* Lower case, without what says nothing, and without a remark in parentheses at the end; 0: too
 * long. A "v" in front of a number says "version". */
static size_t squash(struct bytes text, char out[NAME_MAX_LEN + 1])
{
	size_t n = 0, open = bytes_find(text, '(');
	if (open > 0 && bytes_has_suffix_lit(bytes_trim(text), ")"))
		text = bytes_part(text, 0, open);
	for (size_t i = 0; i < text.len;) {
		size_t end = i;
		while (end < text.len && is_of_word(text.ptr[end]))
			end++;
		struct bytes word = bytes_part(text, i, end - i);
		i = end + (end == i);
		while (word.len && word.ptr[word.len - 1] == '.')
			word.len--;
		if (is_empty_word(word))
			continue;
		for (size_t k = 0; k < word.len; k++) {
			bool is_v = byte_lower(word.ptr[k]) == 'v' && k + 1 < word.len &&
				    byte_is_digit(word.ptr[k + 1]);
			if (is_v)
				continue;
			if (n == NAME_MAX_LEN)
				return 0;
			out[n++] = (char)byte_lower(word.ptr[k]);
		}
	}
	out[n] = 0;
	return n;
}

static struct bytes without_end(struct bytes text, const char *end)
{
	bool has = bytes_has_suffix_lit(text, end);
	return has ? bytes_part(text, 0, text.len - strlen(end)) : text;
}

static const char *by_text(struct bytes name)
{
	char text[NAME_MAX_LEN + 1];
	size_t n = squash(name, text);
	struct bytes squashed = {.ptr = (const uint8_t *)text, .len = n};
	if (n == 0)
		return NULL;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (bytes_eq_lit(squashed, names[i].name))
			return names[i].id;
	return gnu_name(squashed);
}

static const char *by_address(struct bytes text)
{
	static const char *const begins[] = {"https://", "http://", "www."};
	static const char *const ends[] = {"/", ".php", ".html", ".txt", ".json", "-license"};
	bool is_address = bytes_has_prefix_nocase(text, BYTES_LIT("http"));
	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
		if (bytes_has_prefix_nocase(text, bytes_of(begins[i])))
			text = bytes_from(text, strlen(begins[i]));
	if (!is_address)
		return NULL;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
		if (bytes_has_prefix_nocase(text, bytes_of(addresses[i].begin)))
			return addresses[i].id;
	for (size_t i = 0; i < sizeof sites / sizeof *sites; i++) {
		if (!bytes_has_prefix_nocase(text, bytes_of(sites[i])))
			continue;
		struct bytes id = bytes_from(text, strlen(sites[i]));
		for (size_t k = 0; k < sizeof ends / sizeof *ends; k++)
			id = without_end(id, ends[k]);
		const char *found = license_by_id(id);
		return found ? found : by_text(bytes_trim(id));
	}
	return NULL;
}

const char *license_by_name(struct bytes name)
{
	name = bytes_trim(name);
	const char *found = by_address(name);
	return found ? found : by_text(name);
}

/* Where text goes on behind the first words in it, whose blanks are any number of them; 0: they are
 * not in it. */
static size_t behind_words(struct bytes text, struct bytes words)
{
	for (size_t from = 0; from < text.len; from++) {
		from += bytes_find(bytes_from(text, from), words.ptr[0]);
		size_t at = from, k = 0;
		while (k < words.len && at < text.len) {
			bool blank = words.ptr[k] == ' ' && byte_is_space(text.ptr[at]);
			if (!blank && words.ptr[k] != text.ptr[at])
				break;
			for (at++; blank && at < text.len && byte_is_space(text.ptr[at]);)
				at++;
			k++;
		}
		if (k == words.len)
			return at;
	}
	return 0;
}

const char *license_by_words(struct bytes text)
{
	/* all of a row's words, in this order */
	static const struct {
		const char *words[3], *id;
	} rows[] = {
	    {{"Permission is hereby granted, free of charge, to any person obtaining",
	      "The above copyright notice and this permission notice",
	      "THE SOFTWARE IS PROVIDED \"AS IS\""},
	     "MIT"},
	    {{"Apache License", "Version 2.0, January 2004", "TERMS AND CONDITIONS"}, "Apache-2.0"},
	    {{"Permission to use, copy, modify, and/or distribute this software for any purpose",
	      "provided that the above copyright notice", "SOFTWARE IS PROVIDED \"AS IS\""},
	     "ISC"},
	    {{"Redistribution and use in source and binary forms",
	      "All advertising materials mentioning features", "Neither the name"},
	     "BSD-4-Clause"},
	    {{"Redistribution and use in source and binary forms", "Neither the name",
	      "THIS SOFTWARE IS PROVIDED"},
	     "BSD-3-Clause"},
	    {{"Mozilla Public License Version 2.0", "1. Definitions", NULL}, "MPL-2.0"},
	    {{"This is free and unencumbered software released into the public domain"},
	     "Unlicense"},
	};
	text = bytes_part(text, 0, WORDS_MAX);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bytes rest = text;
		size_t k = 0, behind = 1;
		for (; k < 3 && rows[i].words[k] && behind; k++) {
			behind = behind_words(rest, bytes_of(rows[i].words[k]));
			rest = bytes_from(rest, behind);
		}
		if (behind)
			return rows[i].id;
	}
	return NULL;
}
