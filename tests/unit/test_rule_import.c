/* rule_import: files of other tools as rules. What a rule would say too widely is left out. */
#include "torture.h"

#include "base/clock.h"
#include "defend/rule_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char trivyignore[] = "# accepted by ann\n"
				  "CVE-2026-1\n"
				  "CVE-2026-2 # by design\n"
				  "CVE-2026-3 exp:2030-01-31\n"
				  "CVE-2026-4\n";
static const char trivyignore_yaml[] =
    "vulnerabilities:\n"
    "  - id: CVE-2026-1\n    statement: not called\n"
    "  - id: CVE-2026-2\n    paths: [usr/lib/*]\n"
    "  - id: CVE-2026-3\n    statement: not called\n    expired_at: 2030-01-31\n";
static const char grype[] = "ignore:\n"
			    "  - vulnerability: CVE-2026-1\n"
			    "  - vulnerability: CVE-2026-2\n    package:\n      name: sudo\n"
			    "  - package:\n      name: bash\n"
			    "  - vulnerability: CVE-2026-3\n    fix-state: wont-fix\n";
static const char openvex[] =
    "{\"@context\": \"https://openvex.dev/ns/v0.2.0\", \"@id\": \"x\", \"author\": \"a\","
    " \"timestamp\": \"2026-01-01T00:00:00Z\", \"version\": 1, \"statements\": ["
    "{\"vulnerability\": {\"name\": \"CVE-2026-1\"}, \"products\": [{\"@id\":"
    " \"pkg:deb/debian/sudo\"}], \"status\": \"not_affected\", \"impact_statement\": \"why\"},"
    "{\"vulnerability\": {\"name\": \"CVE-2026-2\"}, \"products\": [{\"@id\":"
    " \"pkg:deb/debian/sudo@1\"}], \"status\": \"not_affected\"},"
    "{\"vulnerability\": {\"name\": \"CVE-2026-3\"}, \"products\": [{\"@id\":"
    " \"pkg:deb/debian/sudo\"}], \"status\": \"affected\"}]}";
static const char harbor[] = "{\"id\": 1, \"project_id\": 1, \"expires_at\": 1896048000, \"items\":"
			     " [{\"cve_id\": \"CVE-2026-1\"}, {\"cve_id\": \"CVE-2026-2\"}]}";

struct file {
	enum rule_import_format format;
	const char *text;
	size_t rules, left_out;
};
static const struct file files[] = {
    {RULE_IMPORT_TRIVYIGNORE, trivyignore, 3, 0},
    {RULE_IMPORT_TRIVYIGNORE_YAML, trivyignore_yaml, 2, 1},
    {RULE_IMPORT_GRYPE, grype, 3, 1},
    {RULE_IMPORT_OPENVEX, openvex, 1, 2},
    {RULE_IMPORT_HARBOR, harbor, 1, 0},
};

static void read_file(const struct file *f, struct rule_import *x)
{
	struct err e = ERR_INIT;
	if (rule_import_read(f->format, bytes_of(f->text), x, &e) < 0)
		fail_msg("%s: %s", rule_import_word((int)f->format), e.msg);
	assert_int_equal(x->count, f->rules);
	assert_int_equal(x->left_out, f->left_out);
	assert_true(x->note_count >= f->left_out);
}

static void has_cves(const struct rule_import_item *i, size_t count, const char *first)
{
	assert_int_equal(i->terms.what.c.cves.count, count);
	if (count)
		assert_true(bytes_eq_lit(i->terms.what.c.cves.items[0], first));
}

/* What differs in CVEs alone is one rule; reasons, dates and packages are their own. */
static void every_format(void **state)
{
	struct rule_import x;
	(void)state;
	read_file(&files[0], &x);
	has_cves(&x.items[0], 2, "CVE-2026-1");
	has_cves(&x.items[1], 1, "CVE-2026-2");
	assert_true(bytes_eq_lit(x.items[1].justification, "by design"));
	has_cves(&x.items[2], 1, "CVE-2026-3");
	int64_t day = 0;
	assert_true(clock_parse_rfc3339(BYTES_LIT("2030-01-31T00:00:00Z"), &day));
	assert_true(x.items[2].expires_ms >= day && x.items[2].expires_ms < day + 86400000);
	rule_import_free(&x);

	read_file(&files[1], &x);
	assert_true(bytes_eq_lit(x.items[0].justification, "not called"));
	rule_import_free(&x);

	read_file(&files[2], &x);
	has_cves(&x.items[0], 1, "CVE-2026-1");
	has_cves(&x.items[1], 1, "CVE-2026-2");
	assert_true(bytes_eq_lit(x.items[1].terms.what.c.packages.items[0], "sudo"));
	assert_false(x.items[1].terms.what.c.any);
	has_cves(&x.items[2], 0, NULL);
	assert_true(bytes_eq_lit(x.items[2].terms.what.c.packages.items[0], "bash"));
	rule_import_free(&x);

	read_file(&files[3], &x);
	has_cves(&x.items[0], 1, "CVE-2026-1");
	assert_true(bytes_eq_lit(x.items[0].terms.what.c.packages.items[0], "sudo"));
	assert_true(bytes_eq_lit(x.items[0].justification, "why"));
	rule_import_free(&x);

	read_file(&files[4], &x);
	has_cves(&x.items[0], 2, "CVE-2026-1");
	assert_int_equal(x.items[0].expires_ms, INT64_C(1896048000000));
	rule_import_free(&x);
}

/* What a server exported is read whole, or not at all. */
static void kept(void **state)
{
	static const char text[] =
	    "{\"rules\": [{\"scope\": \"/registries/local\", \"name\": \"a\", \"effect\": \"observe\","
	    " \"match\": \"all\", \"criteria\": {\"cve\": [\"CVE-1\"], \"cvss_lt\": 4.5},"
	    " \"ends_when\": {\"kev\": true}, \"ticket\": \"T\","
	    " \"expires_at\": \"2030-01-31T00:00:00Z\"},"
	    " {\"name\": \"b\", \"criteria\": {\"severity_below\": \"Medium\"}}]}";
	static const char *const bad[] = {
	    "{}",
	    "{\"rules\": {}}",
	    "{\"rules\": [1]}",
	    "{\"rules\": [{}]}",
	    "{\"rules\": [{\"name\": \"a\", \"criteria\": {}}]}",
	    "{\"rules\": [{\"name\": \"a\", \"criteria\": {\"cve\": [\"x\"]}, \"more\": 1}]}"};
	struct rule_import x;
	struct err e = ERR_INIT;
	(void)state;
	assert_int_equal(rule_import_read(RULE_IMPORT_JSON, bytes_of(text), &x, &e), 0);
	assert_int_equal(x.count, 2);
	const struct rule_import_item *i = &x.items[0];
	assert_true(bytes_eq_lit(i->scope, "/registries/local") && bytes_eq_lit(i->ticket, "T"));
	assert_true(i->effect == RULE_OBSERVES && !i->terms.what.c.any && i->terms.ends.kev);
	assert_int_equal(i->expires_ms, INT64_C(1896048000000));
	assert_true(x.items[1].terms.what.c.severities[ADV_SEV_LOW] &&
		    !x.items[1].terms.what.c.severities[ADV_SEV_MEDIUM]);
	assert_int_equal(x.items[1].scope.len, 0);
	rule_import_free(&x);
	for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
		assert_int_equal(rule_import_read(RULE_IMPORT_JSON, bytes_of(bad[k]), &x, &e),
				 -ERR_FORMAT);
		rule_import_free(&x);
	}
	for (size_t len = 0; len + 1 < sizeof text; len++) {
		assert_true(rule_import_read(RULE_IMPORT_JSON,
					     (struct bytes){(const uint8_t *)text, len}, &x,
					     &e) < 0);
		rule_import_free(&x);
	}
}

/* Which form a file has, its content says. */
static void guessed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		assert_int_equal(rule_import_guess(bytes_of(files[i].text)), files[i].format);
	assert_int_equal(rule_import_guess(BYTES_LIT(" {\"rules\": []}")), RULE_IMPORT_JSON);
	assert_int_equal(rule_import_guess(BYTES_LIT("")), RULE_IMPORT_TRIVYIGNORE);
	assert_int_equal(rule_import_guess(BYTES_LIT("CVE-1\n")), RULE_IMPORT_TRIVYIGNORE);
}

/* A rule's list is full: the next one goes on. */
static void many(void **state)
{
	struct rule_import x;
	struct err e = ERR_INIT;
	struct buf text;
	(void)state;
	buf_init(&text, 1U << 20);
	for (unsigned i = 0; i < 2 * RULE_VALUES_MAX + 1; i++)
		buf_printf(&text, "CVE-2026-%u\n", 1000 + i);
	assert_int_equal(rule_import_read(RULE_IMPORT_TRIVYIGNORE, buf_bytes(&text), &x, &e), 0);
	assert_int_equal(x.count, 3);
	has_cves(&x.items[0], RULE_VALUES_MAX, "CVE-2026-1000");
	has_cves(&x.items[2], 1, "CVE-2026-5000");
	rule_import_free(&x);
	buf_free(&text);
}

/* An allowlist of Harbor's is one list, which becomes as many rules as it takes. */
static void long_allowlist(void **state)
{
	struct rule_import x;
	struct err e = ERR_INIT;
	struct buf text;
	(void)state;
	buf_init(&text, 4U << 20);
	buf_put_text(&text, "{\"items\": [");
	for (unsigned i = 0; i < 20 * RULE_VALUES_MAX; i++)
		buf_printf(&text, "%s{\"cve_id\": \"CVE-2026-%u\"}", i ? "," : "", 10000 + i);
	buf_put_text(&text, "]}");
	if (rule_import_read(RULE_IMPORT_HARBOR, buf_bytes(&text), &x, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(x.count, 20);
	has_cves(&x.items[19], RULE_VALUES_MAX, "CVE-2026-48000");
	rule_import_free(&x);
	buf_free(&text);
}

/* Of statements of one vulnerability the latest counts, in whatever case it is written and wherever
 * it is in the document. Each letter is a statement: n not_affected, a affected; its number the
 * month. */
static void overruled(void **state)
{
	static const struct {
		const char *statements;
		size_t rules;
	} cases[] = {{"n2", 1},	    {"n2a1", 1},   {"n2a2", 0}, {"n2a3", 0},   {"a3n2", 0},
		     {"a1a3n2", 0}, {"a3a1n2", 0}, {"a1n2", 1}, {"a1a1n2", 1}, {"a1n2a3n4", 1}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rule_import x;
		struct err e = ERR_INIT;
		struct buf text;
		buf_init(&text, 65536);
		buf_put_text(&text, "{\"@context\": \"https://openvex.dev/ns/v0.2.0\", \"@id\":"
				    " \"x\", \"author\": \"a\", \"timestamp\":"
				    " \"2026-01-01T00:00:00Z\", \"version\": 1, \"statements\": [");
		for (const char *c = cases[i].statements; *c; c += 2)
			buf_printf(&text,
				   "{\"vulnerability\": {\"name\": \"%s-2026-1\"}, \"products\":"
				   " [{\"@id\": \"pkg:deb/debian/sudo\"}], \"timestamp\":"
				   " \"2026-0%c-01T00:00:00Z\", \"status\": \"%s\"},",
				   *c == 'n' ? "CVE" : "cve", c[1],
				   *c == 'n' ? "not_affected" : "affected");
		/* Others, before and behind it in order. */
		buf_put_text(&text, "{\"vulnerability\": {\"name\": \"CVE-2026-0\"}, \"products\":"
				    " [{\"@id\": \"pkg:deb/debian/sudo\"}], \"status\":"
				    " \"affected\"}, {\"vulnerability\": {\"name\":"
				    " \"CVE-2026-10\"}, \"products\": [{\"@id\":"
				    " \"pkg:deb/debian/sudo\"}], \"status\": \"affected\"}]}");
		if (rule_import_read(RULE_IMPORT_OPENVEX, buf_bytes(&text), &x, &e) < 0)
			fail_msg("%s: %s", cases[i].statements, e.msg);
		if (x.count != cases[i].rules)
			fail_msg("%s: %zu rules", cases[i].statements, x.count);
		rule_import_free(&x);
		buf_free(&text);
	}
}

static void every_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		size_t length = strlen(files[i].text);
		for (size_t n = 0; n < length; n++) {
			struct rule_import x;
			struct err e = ERR_INIT;
			char *part = malloc(n + 1);
			assert_non_null(part);
			memcpy(part, files[i].text, n);
			int r = rule_import_read(
			    files[i].format, (struct bytes){.ptr = (const uint8_t *)part, .len = n},
			    &x, &e);
			/* Never more than the whole says. */
			assert_true(r < 0 || x.count <= files[i].rules);
			rule_import_free(&x);
			free(part);
		}
	}
}

static int once(void *arg)
{
	const struct file *f = arg;
	struct rule_import x;
	struct err e = ERR_INIT;
	int r = rule_import_read(f->format, bytes_of(f->text), &x, &e);
	bool whole = r == 0 && x.count == f->rules && x.left_out == f->left_out;
	rule_import_free(&x);
	return whole ? 0 : -1;
}

static void without_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct file f = files[i];
		assert_true(torture(once, &f) > 0);
	}
}

static void refused(void **state)
{
	static const struct file wrong[] = {
	    {RULE_IMPORT_HARBOR, "{}", 0, 0},
	    {RULE_IMPORT_HARBOR, "[]", 0, 0},
	    {RULE_IMPORT_OPENVEX, "{\"x\": 1}", 0, 0},
	    {RULE_IMPORT_TRIVYIGNORE, "CVE-1 whenever\n", 0, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct rule_import x;
		struct err e = ERR_INIT;
		assert_true(rule_import_read(wrong[i].format, bytes_of(wrong[i].text), &x, &e) < 0);
		assert_true(e.msg[0]);
		rule_import_free(&x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_format),   cmocka_unit_test(kept),
	    cmocka_unit_test(guessed),	      cmocka_unit_test(many),
	    cmocka_unit_test(long_allowlist), cmocka_unit_test(overruled),
	    cmocka_unit_test(every_prefix),   cmocka_unit_test(without_memory),
	    cmocka_unit_test(refused)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
