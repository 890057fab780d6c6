/* What packages say of their licences. Expected values are those of the SPDX License List, of
 * Debian's copyright-format 1.0 and of Fedora's list of licences before SPDX. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pkg/license.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *text, *want;
	bool expression;
} read_rows[] = {
    {"MIT", "MIT", true},
    {"mit", "MIT", true},
    {"The MIT License (MIT)", "MIT", true},
    {"Expat", "MIT", true},
    {"Apache License, Version 2.0", "Apache-2.0", true},
    {"Apache Software License 2.0", "Apache-2.0", true},
    {"ASL 2.0", "Apache-2.0", true},
    {"https://www.apache.org/licenses/LICENSE-2.0.txt", "Apache-2.0", true},
    {"http://opensource.org/licenses/mit-license.php", "MIT", true},
    {"https://licenses.nuget.org/BSD-3-Clause", "BSD-3-Clause", true},
    {"GPL-2", "GPL-2.0-only", true},
    {"GPL-2+", "GPL-2.0-or-later", true},
    {"GPLv2+", "GPL-2.0-or-later", true},
    {"GPL-2.0+", "GPL-2.0-or-later", true},
    {"GPL-2.0", "GPL-2.0-only", true},
    {"LGPLv2.1+", "LGPL-2.1-or-later", true},
    {"GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later", true},
    {"GNU Lesser General Public License v2 or later (LGPLv2+)", "LGPL-2.0-or-later", true},
    {"GFDL-1.3+", "GFDL-1.3-or-later", true},
    {"GPL+", "GPL-1.0-or-later", true},
    {"BSD 3-Clause License", "BSD-3-Clause", true},
    {"Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0", true},
    {"GPLv2+ and (MIT or ASL 2.0)", "GPL-2.0-or-later AND (MIT OR Apache-2.0)", true},
    {"GPL-2+ or Artistic", "GPL-2.0-or-later OR Artistic-1.0-Perl", true},
    {"GPL-2+, and MIT", "GPL-2.0-or-later AND MIT", true},
    {"MIT & Zlib", "MIT AND Zlib", true},
    {"GPL-2.0-or-later WITH Classpath-exception-2.0",
     "GPL-2.0-or-later WITH Classpath-exception-2.0", true},
    {"GPL-2+ with classpath-exception-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0", true},
    {"GPLv2+ with exceptions and MIT", "LicenseRef-GPLv2-with-exceptions AND MIT", true},
    {"MIT and Foo", "MIT AND LicenseRef-Foo", true},
    {"LicenseRef-Foo", "LicenseRef-Foo", true},
    {"Public Domain", "LicenseRef-public-domain", true},
    {"Apache-2.0+", "Apache-2.0+", true},
    {"GPL version 2 or later", "GPL-2.0-or-later", true},
    /* not certain: which of several is meant, or nothing that is known */
    {"BSD", "BSD", false},
    {"BSD License", "BSD License", false},
    {"GPL", "GPL", false},
    {"SEE LICENSE IN LICENSE.md", "SEE LICENSE IN LICENSE.md", false},
    {"MIT and", "MIT and", false},
    {"(MIT and Zlib", "(MIT and Zlib", false},
    {"MIT) and Zlib", "MIT) and Zlib", false},
    {"MIT or GPL-2, and Zlib", "MIT or GPL-2, and Zlib", false},
    {"a\n  b\tc", "a b c", false},
    {"UNKNOWN", "", false},
    {"  ", "", false},
};

static void test_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof read_rows / sizeof *read_rows; i++) {
		struct license l;
		license_read(&l, bytes_of(read_rows[i].text));
		if (strcmp(l.text, read_rows[i].want) != 0 ||
		    l.is_expression != read_rows[i].expression ||
		    l.len != strlen(read_rows[i].want))
			fail_msg("%s: %s, %d", read_rows[i].text, l.text, l.is_expression);
		assert_int_equal(license_is_expression(license_bytes(&l)), read_rows[i].expression);
	}
}

/* Every identifier is its own; the lists are in order, or they would not be found. */
static void test_lists(void **state)
{
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
	(void)state;
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		assert_string_equal(license_by_id(bytes_of(ids[i])), ids[i]);
		assert_true(license_is_expression(bytes_of(ids[i])));
	}
	for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
		assert_string_equal(license_exception(bytes_of(exceptions[i])), exceptions[i]);
	assert_null(license_by_id(BYTES_NONE));
	assert_null(license_by_name(BYTES_NONE));
}

static void test_words(void **state)
{
	char text[1200];
	struct license l;
	(void)state;
	(void)snprintf(
	    text, sizeof text,
	    "Copyright (c) 2020 A. Body\n\nPermission is hereby granted, free of charge, "
	    "to any person\n    obtaining a copy\nThe above copyright notice and this\n"
	    "permission notice shall be included\nTHE SOFTWARE IS PROVIDED \"AS IS\",%400s",
	    "");
	license_read(&l, bytes_of(text));
	assert_string_equal(l.text, "MIT");
	(void)snprintf(text, sizeof text, "Some words of nobody.%400s|", "");
	license_read(&l, bytes_of(text));
	assert_false(l.is_expression);
	assert_true(l.len <= LICENSE_TEXT_MAX);
	/* cut in front of a character, not in it */
	memset(text, 'x', 196);
	memcpy(text + 196, "\xe2\x82\xac\xe2\x82\xac", 7);
	license_read(&l, bytes_of(text));
	assert_int_equal(l.len, 199);
	assert_string_equal(l.text + 195, "x...");
}

static void also(struct license *l, const char *text)
{
	struct license one;
	license_read(&one, bytes_of(text));
	license_also(l, &one);
}

static void test_join(void **state)
{
	struct license l = {.len = 0}, other;
	(void)state;
	also(&l, "MIT");
	also(&l, "MIT");
	also(&l, "GPL-2 or Zlib");
	also(&l, "GPL-2 or Zlib");
	also(&l, "see the file");
	assert_string_equal(l.text, "MIT AND (GPL-2.0-only OR Zlib) AND LicenseRef-see-the-file");
	assert_true(license_is_expression(license_bytes(&l)));
	license_read(&l, BYTES_LIT("MIT or Zlib"));
	also(&l, "ISC");
	assert_string_equal(l.text, "(MIT OR Zlib) AND ISC");
	license_read(&l, BYTES_LIT("MIT"));
	license_read(&other, BYTES_LIT("Apache-2.0"));
	license_or(&l, &other);
	assert_string_equal(l.text, "MIT OR Apache-2.0");
	/* what has no space is said to be there, once */
	l = (struct license){.len = 0};
	for (int i = 0; i < 100; i++) {
		char name[40];
		(void)snprintf(name, sizeof name, "LicenseRef-licence-number-%d", i);
		also(&l, name);
	}
	assert_true(l.overflow && l.len <= LICENSE_MAX);
	assert_true(bytes_has_suffix_lit(license_bytes(&l), " AND LicenseRef-further"));
	assert_true(license_is_expression(license_bytes(&l)));
}

static void test_denied(void **state)
{
	static const char *const patterns[] = {"AGPL-*", "gpl-3.0-*", "*sspl*", "Some text"};
	static const struct {
		const char *text;
		bool denied;
	} rows[] = {
	    {"MIT", false},
	    {"AGPL-3.0-only", true},
	    {"GPL-3.0-or-later", true},
	    {"GPL-2.0-or-later", false},
	    {"MIT OR AGPL-3.0-only", false},
	    {"MIT AND AGPL-3.0-only", true},
	    {"GPL-3.0-only OR AGPL-3.0-only", true},
	    {"MIT AND (Zlib OR AGPL-3.0-only)", false},
	    {"(MIT OR Zlib) AND (GPL-3.0-only OR AGPL-3.0-only)", true},
	    {"MIT OR Zlib AND AGPL-3.0-only", false},
	    {"AGPL-3.0-only AND Zlib OR AGPL-1.0-only", true},
	    {"GPL-3.0-only WITH GCC-exception-3.1", true},
	    {"LicenseRef-SSPL", true},
	    {"some TEXT", true},
	    {"Some text and more", false},
	    {"", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (license_is_denied(bytes_of(rows[i].text), patterns, 4) != rows[i].denied)
			fail_msg("%s", rows[i].text);
	assert_false(license_is_denied(BYTES_LIT("MIT"), NULL, 0));
}

static void see(void *arg, struct bytes ref)
{
	char *out = arg;
	(void)snprintf(out + strlen(out), 100 - strlen(out), "%.*s;", BYTES_ARG(ref));
}

static void test_refs(void **state)
{
	char out[100] = "", ref[LICENSE_REF_CAP];
	(void)state;
	license_each_ref(BYTES_LIT("MIT AND (LicenseRef-a OR LicenseRef-b.c)"), see, out);
	assert_string_equal(out, "LicenseRef-a;LicenseRef-b.c;");
	license_ref(BYTES_LIT("  See: LICENSE, 2.0 "), ref);
	assert_string_equal(ref, "LicenseRef-See-LICENSE-2.0");
	license_ref(BYTES_LIT("\xff\xfe"), ref);
	assert_string_equal(ref, "LicenseRef-x");
}

/* Any bytes: what is said to be an expression is one, and reading it again changes nothing. */
static void test_any_bytes(void **state)
{
	static const char parts[][12] = {"MIT",	  " AND ", " or ", "(", ")",	   ",",
					 "GPL2",  "with",  "+",	   " ", "Foo Bar", "LicenseRef-x",
					 "later", "|",	   "\n",   ""};
	uint32_t seed = 7;
	(void)state;
	for (int n = 0; n < 20000; n++) {
		char text[128] = "";
		struct license l, again;
		for (int i = 0; i < 8; i++) {
			seed = seed * 1664525u + 1013904223u;
			strcat(text, parts[seed >> 28]);
		}
		license_read(&l, bytes_of(text));
		if (l.is_expression != license_is_expression(license_bytes(&l)))
			fail_msg("%s: %s", text, l.text);
		license_read(&again, license_bytes(&l));
		if (l.is_expression && strcmp(l.text, again.text) != 0)
			fail_msg("%s: %s, then %s", text, l.text, again.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_read),      cmocka_unit_test(test_lists),
	    cmocka_unit_test(test_words),     cmocka_unit_test(test_join),
	    cmocka_unit_test(test_denied),    cmocka_unit_test(test_refs),
	    cmocka_unit_test(test_any_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
