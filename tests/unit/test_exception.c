/* VEX documents and ignore files: which match of an image each takes out. Shapes are those of the
 * specifications' examples and of Trivy's and Grype's documentation. */
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exception/exception.h"

#define NOW INT64_C(1750000000000) /* 2025-06-15 */
#define DIGEST "sha256:124c7d2707904eea7431fffe91522a01e5a861a624ee31d03372cc1d138a3126"

static const struct exception_image image = {
    .repository = {.ptr = (const uint8_t *)"registry-1.docker.io/library/debian", .len = 35},
    .digest = {.ptr = (const uint8_t *)DIGEST, .len = sizeof DIGEST - 1},
    .tag = {.ptr = (const uint8_t *)"12", .len = 2},
    .arch = {.ptr = (const uint8_t *)"amd64", .len = 5}};

static struct finding_match match_of(const char *type, const char *name, const char *version,
				     const char *path, const char *purl)
{
	return (struct finding_match){.pkg = {.type = bytes_of(type),
					      .name = bytes_of(name),
					      .version = bytes_of(version),
					      .source_name = bytes_of("source"),
					      .path = bytes_of(path)},
				      .status = ADV_AFFECTED,
				      .purl = bytes_of(purl)};
}

/* bash, b, c and n: of the image. */
static struct finding_match match_named(const char *name)
{
	if (strcmp(name, "bash") == 0)
		return match_of("deb", "bash", "5.2-1", "var/lib/dpkg/status",
				"pkg:deb/debian/bash@5.2-1?arch=amd64&distro=debian-12");
	if (strcmp(name, "b") == 0)
		return match_of("npm", "@a/b", "1.0.0", "app/node_modules/@a/b/package.json",
				"pkg:npm/%40a/b@1.0.0");
	if (strcmp(name, "n") == 0)
		return match_of("nuget", "N.Et", "1.0.0", "app.deps.json", "pkg:nuget/N.Et@1.0.0");
	return match_of("golang", "example.com/c", "v1.0.0", "usr/bin/c",
			"pkg:golang/example.com/c@v1.0.0");
}

#define OPENVEX(vulnerability, products, status)                                                   \
	"{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"timestamp\":\"2024-01-01T00:00:00Z\","  \
	"\"statements\":[{\"vulnerability\":" vulnerability ",\"products\":[" products             \
	"],\"status\":\"" status "\",\"justification\":\"component_not_present\"}]}"
#define CVE "{\"name\":\"CVE-2024-1\"}"
#define CSAF(tree, status)                                                                         \
	"{\"document\":{\"category\":\"csaf_vex\",\"tracking\":{\"current_release_date\":"         \
	"\"2024-01-01T00:00:00Z\"}},\"product_tree\":{" tree "},\"vulnerabilities\":[{\"cve\":"    \
	"\"CVE-2024-1\",\"product_status\":{" status                                               \
	"},\"flags\":[{\"label\":\"component_not_present\",\"product_ids\":[\"P\",\"IP\"]}],"      \
	"\"threats\":[{\"category\":\"impact\",\"details\":\"why\"}]}]}"
#define BRANCH(id, purl)                                                                           \
	"{\"branches\":[{\"product\":{\"product_id\":\"" id                                        \
	"\",\"product_identification_helper\":{\"purl\":\"" purl "\"}}}]}"
#define BASH "pkg:deb/debian/bash@5.2-1?arch=amd64&distro=debian-12"
#define CDX(state, affects)                                                                        \
	"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"components\":[{\"bom-ref\":"       \
	"\"x\",\"components\":[{\"bom-ref\":\"c\",\"purl\":\"" BASH                                \
	"\"}]}],\"vulnerabilities\":[{\"id\":\"CVE-2024-1\",\"analysis\":{\"state\":\"" state      \
	"\"},\"affects\":[" affects "]}]}"

static const struct {
	bool vex;
	const char *text, *match, *id;
	const char *by; /* NULL: it stays; else a part of what is said */
} cases[] = {
    {true, OPENVEX(CVE, "{\"@id\":\"pkg:deb/debian/bash\"}", "not_affected"), "bash", "CVE-2024-1",
     "not_affected (component_not_present)"},
    {true, OPENVEX(CVE, "{\"@id\":\"pkg:deb/debian/bash\"}", "not_affected"), "b", "CVE-2024-1",
     NULL},
    {true, OPENVEX(CVE, "{\"@id\":\"pkg:deb/debian/bash\"}", "not_affected"), "bash", "CVE-2024-2",
     NULL},
    {true, OPENVEX(CVE, "{\"@id\":\"pkg:deb/debian/bash\"}", "affected"), "bash", "CVE-2024-1",
     NULL},
    {true, OPENVEX(CVE, "{\"@id\":\"pkg:deb/debian/bash@5.3\"}", "fixed"), "bash", "CVE-2024-1",
     NULL},
    {true, OPENVEX(CVE, "{\"@id\":\"pkg:deb/ubuntu/bash\"}", "fixed"), "bash", "CVE-2024-1", NULL},
    {true, OPENVEX(CVE, "{\"@id\":\"" BASH "\"}", "fixed"), "bash", "CVE-2024-1", ": fixed"},
    {true, OPENVEX(CVE, "{\"@id\":\"pkg:deb/debian/bash?arch=arm64\"}", "fixed"), "bash",
     "CVE-2024-1", NULL},
    {true, OPENVEX("\"CVE-2024-1\"", "\"pkg:npm/%40a/b\"", "fixed"), "b", "CVE-2024-1", ": fixed"},
    {true,
     OPENVEX("{\"name\":\"GHSA-x\",\"aliases\":[\"CVE-2024-1\"]}",
	     "{\"identifiers\":{\"purl\":\"pkg:npm/%40a/b@1.0.0\"}}", "fixed"),
     "b", "cve-2024-1", ": fixed"},
    /* names of NuGet have no case, those of npm have */
    {true, OPENVEX(CVE, "{\"@id\":\"pkg:nuget/n.eT@1.0.0\"}", "fixed"), "n", "CVE-2024-1",
     ": fixed"},
    {true, OPENVEX(CVE, "{\"@id\":\"pkg:nuget/net\"}", "fixed"), "n", "CVE-2024-1", NULL},
    {true, OPENVEX(CVE, "{\"@id\":\"pkg:npm/%40A/b\"}", "fixed"), "b", "CVE-2024-1", NULL},
    /* the image, whole or in part; by digest, by name, by repository */
    {true, OPENVEX(CVE, "{\"@id\":\"pkg:oci/debian\"}", "not_affected"), "bash", "CVE-2024-1",
     "not_affected"},
    {true, OPENVEX(CVE, "{\"@id\":\"pkg:oci/alpine\"}", "not_affected"), "bash", "CVE-2024-1",
     NULL},
    {true,
     OPENVEX(
	 CVE,
	 "{\"@id\":\"pkg:oci/any@sha256%3A124c7d2707904eea7431fffe91522a01e5a861a624ee31d03372cc1d138a3126\"}",
	 "fixed"),
     "bash", "CVE-2024-1", ": fixed"},
    {true, OPENVEX(CVE, "{\"@id\":\"pkg:oci/debian@sha256%3A00\"}", "fixed"), "bash", "CVE-2024-1",
     NULL},
    {true,
     OPENVEX(CVE, "{\"@id\":\"pkg:oci/debian?repository_url=index.docker.io/library\"}", "fixed"),
     "bash", "CVE-2024-1", ": fixed"},
    {true,
     OPENVEX(CVE, "{\"@id\":\"pkg:oci/debian?repository_url=docker.io/library/debian&tag=12\"}",
	     "fixed"),
     "bash", "CVE-2024-1", ": fixed"},
    {true,
     OPENVEX(CVE, "{\"@id\":\"pkg:oci/debian?repository_url=ghcr.io/library/debian\"}", "fixed"),
     "bash", "CVE-2024-1", NULL},
    {true, OPENVEX(CVE, "{\"@id\":\"pkg:oci/debian?tag=11\"}", "fixed"), "bash", "CVE-2024-1",
     NULL},
    {true,
     OPENVEX(CVE, "{\"@id\":\"pkg:oci/debian\",\"subcomponents\":[{\"@id\":\"pkg:npm/%40a/b\"}]}",
	     "fixed"),
     "b", "CVE-2024-1", ": fixed"},
    {true,
     OPENVEX(CVE, "{\"@id\":\"pkg:oci/debian\",\"subcomponents\":[{\"@id\":\"pkg:npm/%40a/b\"}]}",
	     "fixed"),
     "bash", "CVE-2024-1", NULL},
    {true,
     OPENVEX(CVE, "{\"@id\":\"pkg:golang/x\",\"subcomponents\":[{\"@id\":\"pkg:npm/%40a/b\"}]}",
	     "fixed"),
     "b", "CVE-2024-1", NULL},
    /* the latest statement decides */
    {true,
     "{\"statements\":[{\"vulnerability\":{\"name\":\"CVE-2024-1\"},\"products\":[\"pkg:deb/debian/bash\"],"
     "\"status\":\"fixed\",\"timestamp\":\"2024-02-01T00:00:00Z\"},{\"vulnerability\":{\"name\":\"CVE-2024-1\"},"
     "\"products\":[\"pkg:deb/debian/bash\"],\"status\":\"affected\",\"timestamp\":\"2024-01-01T00:00:00Z\"}]}",
     "bash", "CVE-2024-1", ": fixed"},
    {true,
     "{\"statements\":[{\"vulnerability\":{\"name\":\"CVE-2024-1\"},\"products\":[\"pkg:deb/debian/bash\"],"
     "\"status\":\"fixed\",\"timestamp\":\"2024-01-01T00:00:00Z\"},{\"vulnerability\":{\"name\":\"CVE-2024-1\"},"
     "\"products\":[\"pkg:deb/debian/bash\"],\"status\":\"affected\",\"timestamp\":\"2024-02-01T00:00:00Z\"}]}",
     "bash", "CVE-2024-1", NULL},
    {true, CSAF("\"branches\":[" BRANCH("P", BASH) "]", "\"known_not_affected\":[\"P\"]"), "bash",
     "CVE-2024-1", "not_affected (component_not_present): why"},
    {true, CSAF("\"branches\":[" BRANCH("P", BASH) "]", "\"known_affected\":[\"P\"]"), "bash",
     "CVE-2024-1", NULL},
    {true, CSAF("\"branches\":[" BRANCH("P", BASH) "]", "\"fixed\":[\"Q\"]"), "bash", "CVE-2024-1",
     NULL},
    {true,
     CSAF(
	 "\"branches\":[" BRANCH("P", BASH) "," BRANCH(
	     "I",
	     "pkg:oci/debian") "],\"relationships\":[{\"category\":"
			       "\"default_component_of\",\"product_reference\":\"P\",\"relates_to_product_reference\":\"I\","
			       "\"full_product_name\":{\"product_id\":\"IP\",\"name\":\"n\"}}]",
	 "\"fixed\":[\"IP\"]"),
     "bash", "CVE-2024-1", ": fixed (component_not_present): why"},
    {true,
     CSAF(
	 "\"branches\":[" BRANCH("P", BASH) "," BRANCH(
	     "I",
	     "pkg:oci/alpine") "],\"relationships\":[{\"category\":"
			       "\"default_component_of\",\"product_reference\":\"P\",\"relates_to_product_reference\":\"I\","
			       "\"full_product_name\":{\"product_id\":\"IP\",\"name\":\"n\"}}]",
	 "\"fixed\":[\"IP\"]"),
     "bash", "CVE-2024-1", NULL},
    {true, CDX("not_affected", "{\"ref\":\"c\"}"), "bash", "CVE-2024-1", "not_affected"},
    {true, CDX("false_positive", "{\"ref\":\"urn:cdx:1/1#" BASH "\"}"), "bash", "CVE-2024-1",
     "not_affected"},
    {true, CDX("resolved", "{\"ref\":\"c\",\"versions\":[{\"version\":\"5.2-1\"}]}"), "bash",
     "CVE-2024-1", ": fixed"},
    {true, CDX("resolved", "{\"ref\":\"c\",\"versions\":[{\"version\":\"6\"}]}"), "bash",
     "CVE-2024-1", NULL},
    {true, CDX("exploitable", "{\"ref\":\"c\"}"), "bash", "CVE-2024-1", NULL},
    {true, CDX("not_affected", "{\"ref\":\"unknown\"}"), "bash", "CVE-2024-1", NULL},
    {false, "# all\nCVE-2024-1 # not used\n", "bash", "CVE-2024-1", "line 2: not used"},
    {false, "CVE-2024-1 exp:2025-12-31\n", "bash", "CVE-2024-1", "line 1"},
    {false, "CVE-2024-1 exp:2025-01-01\n", "bash", "CVE-2024-1", NULL},
    {false, "CVE-2024-10\n", "bash", "CVE-2024-1", NULL},
    {false, "vulnerabilities:\n  - id: CVE-2024-1\n    statement: s\n", "bash", "CVE-2024-1",
     "line 2: s"},
    {false, "vulnerabilities:\n  - id: CVE-2024-1\n    paths:\n      - \"app/*\"\n", "b",
     "CVE-2024-1", "line"},
    {false, "vulnerabilities:\n  - id: CVE-2024-1\n    paths:\n      - \"app/*\"\n", "bash",
     "CVE-2024-1", NULL},
    {false, "vulnerabilities:\n  - id: CVE-2024-1\n    purls: [\"pkg:npm/%40a/b\"]\n", "b",
     "CVE-2024-1", "line"},
    {false, "vulnerabilities:\n  - id: CVE-2024-1\n    purls: [\"pkg:npm/%40a/b\"]\n", "bash",
     "CVE-2024-1", NULL},
    {false, "vulnerabilities:\n  - id: CVE-2024-1\n    expired_at: 2025-01-01\n", "bash",
     "CVE-2024-1", NULL},
    {false, "vulnerabilities:\n  - id: CVE-2024-1\n    pathz: [x]\n", "bash", "CVE-2024-1", NULL},
    {false, "vulnerabilities:\n  - statement: s\n", "bash", "CVE-2024-1", NULL},
    {false, "ignore:\n  - vulnerability: CVE-2024-1\n    reason: r\n", "bash", "CVE-2024-1",
     "line 2: r"},
    {false, "ignore:\n  - package:\n      name: ba.*\n      type: deb\n", "bash", "CVE-2024-7",
     "line"},
    {false, "ignore:\n  - package:\n      name: ba.*\n      type: rpm\n", "bash", "CVE-2024-7",
     NULL},
    {false, "ignore:\n  - package:\n      name: \"(a|b)ash\"\n", "bash", "CVE-2024-7", NULL},
    {false, "ignore:\n  - vulnerability: CVE-2024-1\n    fix-state: fixed\n", "bash", "CVE-2024-1",
     NULL},
    {false, "ignore:\n  - vulnerability: CVE-2024-1\n    fix-state: not-fixed\n", "bash",
     "CVE-2024-1", "line"},
    {false, "ignore:\n  - vulnerability: CVE-2024-1\n    match-type: x\n", "bash", "CVE-2024-1",
     NULL},
    {false,
     "ignore:\n  - package: {language: go, location: \"/usr/bin/*\", upstream-name: source}\n", "c",
     "CVE-1", "line"},
    {false, "ignore:\n  - vulnerability: CVE-2024-1\n    expires: 2026-01-01\n", "bash",
     "CVE-2024-1", "line"},
    {false, "ignore:\n  - vulnerability: CVE-2024-1\n    expires: 2025-01-01\n", "bash",
     "CVE-2024-1", NULL},
    {false, "ignore:\n  - vulnerability: CVE-2024-1\n    expires: soon\n", "bash", "CVE-2024-1",
     NULL},
};

static int read_case(size_t i, struct bytes text, struct exceptions *x, struct err *e)
{
	exceptions_init(x);
	x->arena.budget = 1U << 22;
	return cases[i].vex ? exceptions_add_vex(x, text, BYTES_LIT("v.json"), e)
			    : exceptions_add_ignore(x, text, BYTES_LIT("ignored"), e);
}

/* What takes this match out of what is said of an id, or NULL. */
static const struct exception *taken_out_by(const struct exceptions *x, const char *id,
					    struct finding_match m)
{
	struct err e = ERR_INIT;
	struct arena a;
	struct bytes cve = bytes_of(id);
	struct finding f = {.check = {.cves = &cve, .cve_count = 1},
			    .matches = &m,
			    .match_listed = 1,
			    .match_count = 1};
	struct exception_findings all = {.items = &f, .count = 1};
	arena_init(&a, 1U << 20);
	assert_int_equal(exceptions_apply(x, &image, NOW, &all, &a, &e), 0);
	const struct exception *by = all.hit_count ? all.hits[0].by : NULL;
	arena_free(&a);
	return by;
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = ERR_INIT;
		struct exceptions x;
		struct buf said;
		buf_init(&said, 4096);
		if (read_case(i, bytes_of(cases[i].text), &x, &e) < 0)
			fail_msg("case %zu: %s", i, e.msg);
		const struct exception *by =
		    taken_out_by(&x, cases[i].id, match_named(cases[i].match));
		if (by)
			exception_put_text(&said, by);
		if (!by != !cases[i].by || (by && !strstr(buf_cstr(&said), cases[i].by)))
			fail_msg("case %zu: %s\nsaid: %s", i, cases[i].text, buf_cstr(&said));
		buf_free(&said);
		exceptions_free(&x);
	}
}

static void test_refused(void **state)
{
	static const struct {
		bool vex;
		const char *text, *says;
	} rows[] = {
	    {true, "{}", "neither OpenVEX"},
	    {true, "x", "v"},
	    {true, "{\"statements\":{}}", "v"},
	    {false, "CVE-1 CVE-2", "line 1: \"CVE-2\" behind the id"},
	    {false, "CVE-1 exp:soon", "\"exp:soon\" is no date"},
	    {false, "a:\n", "neither Trivy's"},
	    {false, "ignore:\n  - &a {}\n  - *a\n", "aliases are not read"},
	    {false, "ignore:\n  - [\n", "YAML: line"},
	    {false, "ignore:\n---\nignore:\n", "a second document"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err e = ERR_INIT;
		struct exceptions x;
		exceptions_init(&x);
		int r = rows[i].vex
			    ? exceptions_add_vex(&x, bytes_of(rows[i].text), BYTES_LIT("v"), &e)
			    : exceptions_add_ignore(&x, bytes_of(rows[i].text), BYTES_LIT("i"), &e);
		if (r >= 0 || !strstr(e.msg, rows[i].says))
			fail_msg("%s: %d %s", rows[i].text, r, e.msg);
		exceptions_free(&x);
	}
}

/* A finding goes only when each of its vulnerabilities, of each of its matches, has an exception.
 */
static void test_apply(void **state)
{
	struct bytes cves[] = {BYTES_LIT("CVE-2024-1"), BYTES_LIT("CVE-2024-2")};
	static const struct {
		const char *text;
		size_t findings, matches, hits;
	} rows[] = {
	    {"CVE-2024-1\n", 1, 2, 0},
	    {"CVE-2024-1\nCVE-2024-2\n", 0, 0, 2},
	    {"DSA-1\n", 0, 0, 2},
	    {"vulnerabilities:\n - id: DSA-1\n   purls: [pkg:npm/%40a/b]\n", 1, 1, 1},
	    {"CVE-2024-3\n", 1, 2, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err e = ERR_INIT;
		struct exceptions x;
		struct arena a;
		struct finding_match matches[] = {match_named("b"), match_named("bash")};
		struct finding f = {.check = {.id = 1,
					      .advisory = BYTES_LIT("DSA-1"),
					      .cves = cves,
					      .cve_count = 2},
				    .matches = matches,
				    .match_listed = 2,
				    .match_count = 2};
		struct exception_findings all = {.items = &f, .count = 1};
		arena_init(&a, 1U << 20);
		exceptions_init(&x);
		assert_int_equal(
		    exceptions_add_ignore(&x, bytes_of(rows[i].text), BYTES_LIT("i"), &e), 0);
		assert_int_equal(exceptions_apply(&x, &image, NOW, &all, &a, &e), 0);
		assert_int_equal(all.count, rows[i].findings);
		assert_int_equal(all.hit_count, rows[i].hits);
		if (all.count) {
			assert_int_equal(f.match_listed, rows[i].matches);
			assert_int_equal(f.match_count, rows[i].matches);
		} else {
			assert_true(all.hits[all.hit_count - 1].whole);
		}
		exceptions_free(&x);
		arena_free(&a);
	}
}

#define STATEMENTS 2000U
#define NAMES 250U
#define MATCHES 2000U

/* Statements of NAMES vulnerabilities each, all of them about bash. */
static void put_statements(struct buf *out, const char *front)
{
	buf_put_text(out, "{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"statements\":[");
	for (unsigned i = 0; i < STATEMENTS; i++) {
		buf_printf(out, "%s{\"vulnerability\":{\"name\":\"CVE-2024-1\",\"aliases\":[",
			   i ? "," : "");
		for (unsigned k = 0; k < NAMES; k++)
			buf_printf(out, "%s\"%s-%u\"", k ? "," : "", front, i * NAMES + k);
		buf_put_text(out, "]},\"products\":[{\"@id\":\"pkg:deb/debian/bash\"}],"
				  "\"status\":\"not_affected\"}");
	}
	buf_put_text(out, "]}");
}

static int apply_to(const struct exceptions *x, const char *id, uint64_t steps_max,
		    size_t *ret_hits, struct err *e)
{
	static struct finding findings[MATCHES];
	static struct finding_match matches[MATCHES];
	struct bytes cve = bytes_of(id);
	struct arena a;
	arena_init(&a, 64U << 20);
	for (size_t i = 0; i < MATCHES; i++) {
		matches[i] = match_named("bash");
		findings[i] = (struct finding){.check = {.cves = &cve, .cve_count = 1},
					       .matches = &matches[i],
					       .match_listed = 1,
					       .match_count = 1};
	}
	struct exception_findings all = {
	    .items = findings, .count = MATCHES, .steps_max = steps_max};
	int r = exceptions_apply(x, &image, NOW, &all, &a, e);
	*ret_hits = all.hit_count;
	arena_free(&a);
	return r;
}

/* Half a million names cost what is about the findings' own: a statement and a match that are about
 * the same vulnerability are one comparison. */
static void test_many_names(void **state)
{
	struct err e = ERR_INIT;
	struct exceptions x;
	struct buf text;
	size_t hits;
	(void)state;
	buf_init(&text, 32U << 20);
	put_statements(&text, "GHSA");
	exceptions_init(&x);
	assert_int_equal(exceptions_add_vex(&x, buf_bytes(&text), BYTES_LIT("v"), &e), 0);
	assert_int_equal(x.count, STATEMENTS);
	assert_int_equal(apply_to(&x, "CVE-2024-2", 1, &hits, &e), 0);
	assert_int_equal(hits, 0);
	assert_int_equal(apply_to(&x, "ghsa-300000", MATCHES, &hits, &e), 0);
	assert_int_equal(hits, MATCHES);
	assert_int_equal(apply_to(&x, "GHSA-300000", MATCHES - 1, &hits, &e), -ERR_LIMIT);
	e = (struct err)ERR_INIT;
	assert_int_equal(apply_to(&x, "CVE-2024-1", (uint64_t)MATCHES * STATEMENTS, &hits, &e), 0);
	assert_int_equal(hits, MATCHES);
	assert_int_equal(apply_to(&x, "CVE-2024-1", (uint64_t)MATCHES * STATEMENTS - 1, &hits, &e),
			 -ERR_LIMIT);
	exceptions_free(&x);
	buf_free(&text);
}

static void test_fronts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t n = 0; n < strlen(cases[i].text); n++) {
			struct err e = ERR_INIT;
			struct exceptions x;
			uint8_t *front = malloc(n + (n == 0));
			assert_non_null(front);
			memcpy(front, cases[i].text, n);
			int r = read_case(i, (struct bytes){.ptr = front, .len = n}, &x, &e);
			assert_true(r == 0 || e.msg[0]);
			/* A VEX document that ends early says nothing. */
			if (r == 0)
				(void)taken_out_by(&x, "CVE-2024-1", match_named("bash"));
			assert_true(!cases[i].vex || r < 0);
			exceptions_free(&x);
			free(front);
		}
}

static int once(void *arg)
{
	size_t i = *(const size_t *)arg;
	struct err e = ERR_INIT;
	struct exceptions x;
	int r = read_case(i, bytes_of(cases[i].text), &x, &e);
	if (r < 0)
		assert_int_equal(e.code, ERR_NOMEM);
	exceptions_free(&x);
	return r;
}

static void test_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_true(torture(once, &i) > 0);
}

/* A vulnerability of thousands of products, each of which is in the status, in a flag and in a
 * threat: what is said of a product is looked up, and the last word counts. */
static void test_long(void **state)
{
	struct exceptions x;
	struct err e = ERR_INIT;
	struct buf text;
	size_t n = 0;
	(void)state;
	buf_init(&text, 8U << 20);
	buf_put_text(&text, "{\"document\":{},\"product_tree\":{\"full_product_names\":[{}");
	for (; text.len < 900000; n++)
		buf_printf(&text,
			   ",{\"product_id\":\"p%zu\",\"product_identification_helper\":"
			   "{\"purl\":\"pkg:deb/debian/p%zu\"}}",
			   n, n);
	buf_put_text(&text, "]},\"vulnerabilities\":[{\"cve\":\"CVE-2031-1\"");
	for (unsigned list = 0; list < 4; list++) {
		static const char *const heads[] = {
		    ",\"flags\":[{\"label\":\"component_not_present\",\"product_ids\":[\"p0\"",
		    "]}],\"threats\":[{\"category\":\"impact\",\"details\":\"of all\"},"
		    "{\"category\":\"impact\",\"details\":\"first\",\"product_ids\":[\"p0\"",
		    "]},{\"category\":\"impact\",\"details\":\"last\",\"product_ids\":[\"p0\"",
		    "]}],\"product_status\":{\"known_not_affected\":[\"p0\""};
		buf_put_text(&text, heads[list]);
		for (size_t i = 1; i < n - (list == 2); i++)
			buf_printf(&text, ",\"p%zu\"", i);
	}
	buf_put_text(&text, "]}}]}");
	exceptions_init(&x);
	assert_true(text.len > (1U << 20) && buf_ok(&text));
	if (exceptions_add_vex(&x, buf_bytes(&text), BYTES_LIT("x"), &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(x.count, n);
	for (size_t i = 0; i < n; i++) {
		assert_true(bytes_eq_lit(x.items[i].justification, "component_not_present"));
		assert_true(bytes_eq_lit(x.items[i].statement, i == n - 1 ? "first" : "last"));
	}
	exceptions_free(&x);
	buf_free(&text);
}

/* Names of one vulnerability: 256 are looked at for each finding, more are no statement. */
static void test_names(void **state)
{
	(void)state;
	for (unsigned names = 256; names <= 60000; names = names == 256 ? 257 : names * 230) {
		struct exceptions x;
		struct err e = ERR_INIT;
		struct buf text;
		buf_init(&text, 4U << 20);
		buf_put_text(&text, "{\"statements\":[{\"status\":\"not_affected\",\"products\":"
				    "[{\"@id\":\"pkg:npm/a\"}],\"vulnerability\":{\"name\":\"A\","
				    "\"aliases\":[\"B\"");
		for (unsigned i = 2; i < names; i++)
			buf_printf(&text, ",\"CVE-%u\"", i);
		buf_put_text(&text, "]}}]}");
		exceptions_init(&x);
		assert_int_equal(exceptions_add_vex(&x, buf_bytes(&text), BYTES_LIT("x"), &e), 0);
		assert_int_equal(x.count, names == 256);
		assert_int_equal(x.note_count, names != 256);
		exceptions_free(&x);
		buf_free(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cases),      cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_apply),      cmocka_unit_test(test_fronts),
	    cmocka_unit_test(test_many_names), cmocka_unit_test(test_long),
	    cmocka_unit_test(test_names),      cmocka_unit_test(test_memory)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
