/* One record of a mebibyte that repeats one thing: what is looked for in what was read before. A
 * search that goes through all of it would take minutes here, and the runner's limit ends it. */
#include "base/buf.h"
#include "feed/feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LONG ((size_t)1 << 20)

/* The largest record that was sent. */
struct longest {
	size_t advisories, aliases, cwes, cvss, affected, ranges, exploits;
};

static size_t ranges_of(const struct adv *a)
{
	size_t n = 0;
	for (size_t i = 0; i < a->affected_count; i++)
		for (size_t k = 0; k < a->affected[i].event_count; k++)
			n += a->affected[i].events[k].kind == ADV_INTRODUCED;
	return n;
}

static int see(void *arg, const struct adv *a, struct err *e)
{
	struct longest *l = arg;
	(void)e;
	l->advisories++;
	l->aliases = a->alias_count > l->aliases ? a->alias_count : l->aliases;
	l->cwes = a->cwe_count > l->cwes ? a->cwe_count : l->cwes;
	l->cvss = a->cvss_count > l->cvss ? a->cvss_count : l->cvss;
	l->affected = a->affected_count > l->affected ? a->affected_count : l->affected;
	l->ranges = ranges_of(a) > l->ranges ? ranges_of(a) : l->ranges;
	return 0;
}

static int see_exploit(void *arg, const struct adv_exploit *x, struct err *e)
{
	(void)x;
	(void)e;
	((struct longest *)arg)->exploits++;
	return 0;
}

static int note(void *arg, struct bytes where, const char *text, struct err *e)
{
	(void)arg;
	(void)where;
	(void)text;
	(void)e;
	return 0;
}

/* head, a part for each number until the text is long, tail. *ret_count: the parts. */
static void make(struct buf *out, const char *head, const char *part, const char *tail,
		 size_t *ret_count)
{
	buf_init(out, 2 * LONG);
	buf_put_text(out, head);
	for (*ret_count = 0; out->len < LONG; (*ret_count)++) {
		struct bytes rest = bytes_of(part);
		while (rest.len) {
			bool more = bytes_find(rest, '@') < rest.len;
			buf_put(out, bytes_cut(&rest, '@'));
			if (more)
				buf_printf(out, "%zu", *ret_count);
		}
	}
	buf_put_text(out, tail);
	assert_true(buf_ok(out));
}

static int import(const char *feed, const char *path, const struct buf *text, struct longest *ret)
{
	struct arena a;
	struct err e = ERR_INIT;
	const struct feed_sink sink = {
	    .arg = ret, .advisory = see, .exploit = see_exploit, .note = note};
	*ret = (struct longest){0};
	arena_init(&a, 512U << 20);
	int rc = feed_find(bytes_of(feed))->import(bytes_of(path), buf_bytes(text), &sink, &a, &e);
	if (rc < 0)
		print_message("%s: %s\n", feed, e.msg);
	arena_free(&a);
	return rc;
}

/* Identifiers of one record, each once: as many as there are, up to the importer's own limit. */
static void ids(void **state)
{
	static const struct {
		const char *feed, *path, *head, *part, *tail;
		size_t limit; /* of aliases; 0 = none */
		int want;
	} rows[] = {
	    {"osv", "a.json", "{\"id\":\"X-1\",\"aliases\":[\"A\"", ",\"CVE-2031-@\"", "]}", 0,
	     -ERR_FORMAT},
	    {"arch-tracker", "all.json",
	     "[{\"name\":\"AVG-1\",\"packages\":[\"p\"],\"status\":\"Fixed\",\"fixed\":\"1\","
	     "\"issues\":[\"CVE-1\"",
	     ",\"CVE-2031-@\"", "]}]", SIZE_MAX, 0},
	    {"updateinfo", "updateinfo.xml",
	     "<updates><update type=\"security\"><id>ALAS-1</id><references>",
	     "<reference id=\"CVE-2031-@\"/>",
	     "</references><pkglist><collection><package name=\"a\" version=\"1\" "
	     "release=\"1.amzn2\" "
	     "arch=\"noarch\"/></collection></pkglist></update></updates>",
	     SIZE_MAX, 0},
	    {"alpine-secdb", "main.json",
	     "{\"distroversion\":\"v3.19\",\"packages\":[{\"pkg\":{\"name\":\"a\",\"secfixes\":{"
	     "\"1\":[\"CVE-2031-1",
	     " XSA-@", "\"]}}}]}", SIZE_MAX, 0},
	    {"oval", "a.xml",
	     "<oval_definitions><definitions><definition class='vulnerability' id='d'><metadata>"
	     "<title>t</title>",
	     "<reference source='CVE' ref_id='CVE-2031-@'/>",
	     "</metadata><criteria operator='AND'>"
	     "<criterion comment='Photon OS 4 is installed' test_ref='p'/>"
	     "<criterion comment='a is earlier than 1' test_ref='t'/></criteria></definition>"
	     "</definitions><tests><t id='t'><object object_ref='o'/><state state_ref='s'/></t>"
	     "</tests><objects><o id='o'><name>a</name></o></objects><states><s id='s'>"
	     "<evr operation='less than'>0:1</evr></s></states></oval_definitions>",
	     SIZE_MAX, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf text;
		struct longest l;
		size_t count;
		make(&text, rows[i].head, rows[i].part, rows[i].tail, &count);
		assert_true(count > 20000);
		assert_int_equal(import(rows[i].feed, rows[i].path, &text, &l), rows[i].want);
		assert_int_equal(l.advisories, rows[i].want == 0);
		if (rows[i].limit)
			assert_in_range(l.aliases, count - 1, count + 1);
		buf_free(&text);
	}
}

/* An entry of secdb with many CVEs is a record for each, and is looked at once. */
static void cves_of_an_entry(void **state)
{
	struct buf text;
	struct longest l;
	size_t count;
	(void)state;
	make(&text,
	     "{\"distroversion\":\"v3.19\",\"packages\":[{\"pkg\":{\"name\":\"a\",\"secfixes\":{"
	     "\"1\":[\"CVE-2031-x",
	     " CVE-2031-@", "\"]}}}]}", &count);
	assert_int_equal(import("alpine-secdb", "main.json", &text, &l), 0);
	assert_in_range(l.advisories, count, count + 1);
	assert_int_equal(l.aliases, 0);
	buf_free(&text);
}

/* Each priority is of one package, and each package has its own. */
static void priorities(void **state)
{
	struct buf text;
	struct longest l;
	size_t count;
	(void)state;
	make(&text, "Candidate: CVE-2031-1\nPriority: low\n",
	     "Priority_p@: high\njammy_p@: needed\n", "", &count);
	assert_int_equal(import("ubuntu-tracker", "active/CVE-2031-1", &text, &l), 0);
	assert_int_equal(l.affected, count);
	buf_free(&text);
}

/* As many streams of a distribution as products, and a part of each. */
static void streams(void **state)
{
	struct buf text;
	struct longest l;
	size_t count, parts;
	(void)state;
	make(&text,
	     "{\"document\":{\"category\":\"csaf_vex\",\"tracking\":{\"id\":\"CVE-2031-1\"}},"
	     "\"product_tree\":{\"branches\":[{\"product\":{\"product_id\":\"p\","
	     "\"product_identification_helper\":{\"purl\":\"pkg:rpm/redhat/a?arch=src\"}}}",
	     ",{\"product\":{\"product_id\":\"r@\",\"product_identification_helper\":{\"cpe\":"
	     "\"cpe:/o:redhat:enterprise_linux:@\"}}}",
	     "],\"relationships\":[{}", &count);
	for (size_t i = 0; i < count && i < 5000; i++)
		buf_printf(&text,
			   ",{\"full_product_name\":{\"product_id\":\"x%zu\"},"
			   "\"product_reference\":\"p\",\"relates_to_product_reference\":\"r%zu\"}",
			   i, i);
	parts = count < 5000 ? count : 5000;
	buf_put_text(&text, "]},\"vulnerabilities\":[{\"cve\":\"CVE-2031-1\",\"product_status\":{"
			    "\"known_affected\":[\"x0\"");
	for (size_t i = 1; i < parts; i++)
		buf_printf(&text, ",\"x%zu\"", i);
	buf_put_text(&text, "]}}]}");
	assert_true(buf_ok(&text));
	assert_int_equal(import("csaf", "a.json", &text, &l), 0);
	assert_int_equal(l.affected, parts);
	buf_free(&text);
}

#define PARTS 400U

/* head, parts with their number in place of '@', tail. */
static void make_parts(struct buf *out, const char *head, const char *part, const char *tail)
{
	buf_init(out, 1U << 20);
	buf_put_text(out, head);
	for (size_t i = 1; i <= PARTS; i++)
		for (const char *at = part; *at; at++)
			if (*at == '@')
				buf_printf(out, "%zu", i);
			else
				buf_put_u8(out, (uint8_t)*at);
	buf_put_text(out, tail);
	assert_true(buf_ok(out));
}

/* An entry's ranges are numbered by a byte. Where a record has more, none is lost. */
static void many_ranges(void **state)
{
	static const struct {
		const char *feed, *path, *head, *part, *tail;
		size_t want, affected;
	} rows[] = {
	    {"node-security", "vuln/core/17.json",
	     "{\"cve\":[\"CVE-2031-1\"],\"vulnerable\":\"0.1.0", "||@.0.0", "\",\"patched\":\"\"}",
	     PARTS + 1, 2},
	    {"node-security", "vuln/core/17.json", "{\"cve\":[\"CVE-2031-1\"],\"vulnerable\":\"*",
	     "", "\",\"patched\":\"\"}", 1, 1},
	    /* below the first, between each two, and from the last on */
	    {"rubysec", "gems/a/CVE-2031-1.yml", "gem: a\ncve: 2031-1\npatched_versions:\n",
	     "- '>= @.1, < @.2'\n", "", PARTS + 1, 2},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf text;
		struct longest l;
		make_parts(&text, rows[i].head, rows[i].part, rows[i].tail);
		assert_int_equal(import(rows[i].feed, rows[i].path, &text, &l), 0);
		assert_int_equal(l.ranges, rows[i].want);
		assert_int_equal(l.affected, rows[i].affected);
		buf_free(&text);
	}
}

static void many_exploited(void **state)
{
	struct buf text;
	struct longest l;
	(void)state;
	make_parts(&text, "[{\"cve\":[\"CVE-2031-0\"", ",\"CVE-2031-@\"", "]}]");
	assert_int_equal(import("kev", "kev.json", &text, &l), 0);
	assert_int_equal(l.exploits, PARTS + 1);
	buf_free(&text);
}

/* Architectures of one package. */
static void architectures(void **state)
{
	struct buf text;
	struct longest l;
	size_t count;
	(void)state;
	make(&text, "<updates><update type=\"security\"><id>ALAS-1</id><pkglist><collection>",
	     "<package name=\"a\" version=\"1\" release=\"1.amzn2\" arch=\"a@\"/>",
	     "</collection></pkglist></update></updates>", &count);
	assert_int_equal(import("updateinfo", "updateinfo.xml", &text, &l), 0);
	assert_int_equal(l.affected, 1);
	buf_free(&text);
}

/* Requirements past what an entry can have, a collection over ten thousand lines: refused. */
static void refused(void **state)
{
	struct buf text;
	struct longest l;
	size_t count;
	(void)state;
	make(&text, "gem: a\ncve: 2031-1\npatched_versions:\n", "  - \"@.1\"\n", "", &count);
	assert_int_equal(import("rubysec", "gems/a/CVE-2031-1.yml", &text, &l), -ERR_FORMAT);
	buf_free(&text);
	make(&text, "gem: a\ncve: 2031-1\npatched_versions: [\n", "  \"@\",\n", "  \"1\"]\n",
	     &count);
	assert_int_equal(import("rubysec", "gems/a/CVE-2031-1.yml", &text, &l), -ERR_LIMIT);
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ids),	     cmocka_unit_test(cves_of_an_entry),
	    cmocka_unit_test(priorities),    cmocka_unit_test(streams),
	    cmocka_unit_test(many_ranges),   cmocka_unit_test(many_exploited),
	    cmocka_unit_test(architectures), cmocka_unit_test(refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
