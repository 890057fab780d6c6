#include "torture.h"

#include "base/clock.h"
#include "scan/update.h"
#include "scan/update_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET (1U << 20)
#define YEAR_2026_MS INT64_C(1795910400000) /* 2026-11-29 */

static void parses(const char *text, const char *const *want)
{
	struct arena a;
	struct err e = ERR_INIT;
	struct update_source *got;
	size_t count, n = 0;
	arena_init(&a, BUDGET);
	assert_int_equal(update_parse(bytes_of(text), &a, &got, &count, &e), 0);
	for (; want[2 * n]; n++) {
		assert_true(n < count);
		assert_string_equal(got[n].feed, want[2 * n]);
		assert_string_equal(got[n].url, want[2 * n + 1]);
	}
	assert_int_equal(count, n);
	arena_free(&a);
}

static void refused(const char *text, const char *why)
{
	struct arena a;
	struct err e = ERR_INIT;
	struct update_source *got;
	size_t count;
	arena_init(&a, BUDGET);
	assert_int_equal(update_parse(bytes_of(text), &a, &got, &count, &e), -ERR_FORMAT);
	if (!strstr(e.msg, why))
		fail_msg("%s: %s", text, e.msg);
	arena_free(&a);
}

static void test_words(void **state)
{
	(void)state;
	clock_set_for_tests(YEAR_2026_MS);
	parses("osv=https://a/x.zip, kev=http://b/k.json",
	       (const char *const[]){"osv", "https://a/x.zip", "kev", "http://b/k.json", NULL});
	parses("nvd=https://a/{2024..}.gz x=https://v3.{9..10}/m",
	       (const char *const[]){"nvd", "https://a/2024.gz", "nvd", "https://a/2025.gz", "nvd",
				     "https://a/2026.gz", "x", "https://v3.9/m", "x",
				     "https://v3.10/m", NULL});
	parses("nvd=https://a/{2026..}", (const char *const[]){"nvd", "https://a/2026", NULL});
	refused("osv", "is not FEED=URL");
	refused("=https://a", "is not FEED=URL");
	refused("osv=ftp://a", "is not FEED=URL");
	static const char *const bad[] = {"{",	      "{}",	 "{1}",	   "{..}",
					  "{..3}",    "{3..1}",	 "{a..b}", "{1..101}",
					  "{2027..}", "{1..2x}", "{-1..2}"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "osv=https://a/%s", bad[i]);
		refused(text, "a range is");
	}
}

static size_t with(const struct update_source *s, size_t count, const char *feed, const char *part)
{
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		n += strcmp(s[i].feed, feed) == 0 && strstr(s[i].url, part);
	return n;
}

/* What a server without settings knows about: the distributions and languages that are assessed,
 * and a score for CVEs of every year. */
static void test_built_in(void **state)
{
	(void)state;
	struct arena a;
	struct err e = ERR_INIT;
	struct update_source *got;
	size_t count;
	clock_set_for_tests(YEAR_2026_MS);
	arena_init(&a, BUDGET);
	assert_int_equal(update_parse(BYTES_LIT(" \n"), &a, &got, &count, &e), 0);
	static const char *const osv[] = {"Debian", "Ubuntu",	"AlmaLinux", "Rocky%20Linux",
					  "/SUSE/", "openSUSE", "Wolfi",     "Chainguard",
					  "PyPI",   "npm",	"Maven",     "Go",
					  "NuGet",  "RubyGems", "Packagist", "crates.io"};
	for (size_t i = 0; i < sizeof osv / sizeof *osv; i++)
		assert_int_equal(with(got, count, "osv", osv[i]), 1);
	assert_int_equal(with(got, count, "alpine-secdb", "/main.json"), 15);
	assert_int_equal(with(got, count, "alpine-secdb", "v3.10/community.json"), 1);
	assert_int_equal(with(got, count, "updateinfo", "amazonlinux"), 2);
	assert_true(with(got, count, "updateinfo", "fedora") >= 2);
	assert_int_equal(with(got, count, "oval", "com.oracle.elsa-20"), 20);
	assert_int_equal(with(got, count, "nvd", "nvdcve-2.0-2002.json.gz"), 1);
	assert_int_equal(with(got, count, "nvd", "nvdcve-2.0-"), 25);
	assert_int_equal(with(got, count, "kev", "") + with(got, count, "epss", "") +
			     with(got, count, "cve5", "") + with(got, count, "end-of-life", ""),
			 4);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(got[i].url, got[j].url);
	arena_free(&a);
}

/* NULL: it names none. */
static void names(const char *url, const char *body, const char *want)
{
	struct arena a;
	struct err e = ERR_INIT;
	const char *got = NULL;
	arena_init(&a, BUDGET);
	assert_true(update_is_index(url));
	int r = update_index_read(url, bytes_of(body), &a, &got, &e);
	if (want && (r < 0 || strcmp(got, want) != 0))
		fail_msg("%s: %s", url, r < 0 ? e.msg : got);
	if (!want)
		assert_int_equal(r, -ERR_FORMAT);
	arena_free(&a);
}

#define REPOMD(type, href)                                                                         \
	"<?xml version=\"1.0\"?>\n<repomd xmlns=\"x\"><data type=\"primary\"><location "           \
	"href=\"repodata/p.xml.gz\"/></data>\n <data type=\"" type                                 \
	"\"><checksum type=\"sha256\">00</checksum><location href=\"" href "\"/></data></repomd>"
#define REPO "https://h/r/repodata/repomd.xml"

static void test_indexes(void **state)
{
	(void)state;
	assert_false(update_is_index("https://h/updateinfo.xml.gz"));
	assert_false(update_is_index("https://h/xmirror.list"));
	names("https://h/a/mirror.list", "https://cdn.h/2/x/\r\nhttps://other/\n",
	      "https://cdn.h/2/x/repodata/repomd.xml");
	names("http://h/mirror.list", "http://cdn.h/2", "http://cdn.h/2/repodata/repomd.xml");
	names("https://h/mirror.list", "http://cdn.h/2", NULL); /* less safe */
	names("https://h/mirror.list", "", NULL);
	names("https://h/mirror.list", "https://h/a b", NULL);
	names(REPO, REPOMD("updateinfo", "repodata/1-updateinfo.xml.xz"),
	      "https://h/r/repodata/1-updateinfo.xml.xz");
	names(REPO, REPOMD("other", "repodata/1-updateinfo.xml.xz"), NULL);
	names(REPO, REPOMD("updateinfo", "../x.gz"), NULL);
	names(REPO, REPOMD("updateinfo", "/etc/x.gz"), NULL);
	names(REPO, REPOMD("updateinfo", "https://elsewhere/x.gz"), NULL);
	names(REPO, REPOMD("updateinfo", ""), NULL);
	names(REPO, "<data type='updateinfo'><location xml:base='x' href='a.gz'/>",
	      "https://h/r/a.gz");
	names(REPO, "<data type=\"updateinfo\"><location nohref=\"b\" href=\"a.gz", NULL);
	names("https://h/vex/archive_latest.txt", "csaf_vex_2026-11-28.tar.zst\n",
	      "https://h/vex/csaf_vex_2026-11-28.tar.zst");
	names("https://h/vex/archive_latest.txt", "..\n", NULL);
}

/* What a shorter index says is nothing, or the same. */
static void test_prefixes(void **state)
{
	(void)state;
	static const char body[] = REPOMD("updateinfo", "repodata/u.xml.gz");
	for (size_t n = 0; n < sizeof body; n++) {
		struct arena a;
		struct err e = ERR_INIT;
		const char *got = NULL;
		uint8_t *copy = n ? malloc(n) : NULL; /* of exactly n bytes, for the sanitizer */
		if (n)
			memcpy(copy, body, n);
		arena_init(&a, BUDGET);
		if (update_index_read(REPO, (struct bytes){copy, n}, &a, &got, &e) == 0)
			assert_string_equal(got, "https://h/r/repodata/u.xml.gz");
		arena_free(&a);
		free(copy);
	}
}

static int memory_run(void *arg)
{
	struct arena a;
	struct err e = ERR_INIT;
	struct update_source *got;
	const char *url;
	size_t count;
	(void)arg;
	arena_init(&a, BUDGET);
	int r = update_parse(BYTES_LIT("nvd=https://a/{2024..2026} osv=https://b"), &a, &got,
			     &count, &e);
	if (r == 0)
		r = update_index_read("https://h/mirror.list", BYTES_LIT("https://c"), &a, &url,
				      &e);
	arena_free(&a);
	return r;
}

static void test_memory(void **state)
{
	(void)state;
	clock_set_for_tests(YEAR_2026_MS);
	assert_true(torture(memory_run, NULL) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),   cmocka_unit_test(test_built_in),
	    cmocka_unit_test(test_indexes), cmocka_unit_test(test_prefixes),
	    cmocka_unit_test(test_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
