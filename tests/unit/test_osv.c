#include "feed_case.h"

/* A record around the members given; "2024-01-02T03:04:05Z" is 1704164645 seconds after 1970. */
#define RECORD(members) "{\"id\":\"X-1\",\"modified\":\"2024-01-02T03:04:05Z\"," members "}"
#define HEAD "advisory osv X-1 Unknown modified=1704164645000\n"
#define PKG(eco, name) "\"package\":{\"ecosystem\":\"" eco "\",\"name\":\"" name "\"}"
#define FROM0 "\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"}]}]"
#define FIX(v)                                                                                     \
	"\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"" v   \
	"\"}]}]"
#define AFFECTED(entry) "\"affected\":[{" entry "}]"

static const struct feed_case records[] = {
    /* every event and range type of the schema; GIT ranges name commits */
    {RECORD(AFFECTED(PKG("Go", "a") ",\"ranges\":[{\"type\":\"SEMVER\",\"events\":["
				    "{\"introduced\":\"1.0.0\"},{\"fixed\":\"1.2.0\"},"
				    "{\"introduced\":\"2.0.0\"},{\"limit\":\"3.0.0\"}]},"
				    "{\"type\":\"GIT\",\"events\":[{\"introduced\":\"0\"}]},"
				    "{\"events\":[{\"introduced\":\"4\"},"
				    "{\"last_affected\":\"5\"}],\"type\":\"ECOSYSTEM\"}],"
				    "\"versions\":[\"1.0.0\",\"1.1.0\"]")),
     HEAD " affected Go a binary fixed\n  0 introduced 1.0.0\n  0 fixed 1.2.0\n"
	  "  0 introduced 2.0.0\n  0 limit 3.0.0\n  1 introduced 4\n  1 last_affected 5\n"
	  "  version 1.0.0\n  version 1.1.0\n",
     0},
    /* the type may stand behind the events */
    {RECORD(AFFECTED(PKG("Go", "a") ",\"ranges\":[{\"events\":[{\"introduced\":\"0\"}],"
				    "\"type\":\"GIT\"}],\"versions\":[\"1\"]")),
     HEAD " affected Go a binary affected\n  version 1\n", 0},
    /* only last_affected: no fix is known */
    {RECORD(AFFECTED(PKG("npm", "a") ",\"ranges\":[{\"type\":\"SEMVER\",\"events\":["
				     "{\"introduced\":\"0\"},{\"last_affected\":\"1\"}]}]")),
     HEAD " affected npm a binary affected\n  0 introduced 0\n  0 last_affected 1\n", 0},
    /* names in the form that is compared */
    {RECORD("\"affected\":[{" PKG("PyPI", "Py_Anchor..Keel") "," FROM0 "},{" PKG(
	 "NuGet", "Anchor.Keel") "," FROM0
				 "},{" PKG("Packagist", "Anchor/Keel") "," FROM0 "},{" PKG(
				     "npm", "Anchor") "," FROM0 "}]"),
     HEAD " affected PyPI py-anchor-keel binary affected\n  0 introduced 0\n"
	  " affected NuGet anchor.keel binary affected\n  0 introduced 0\n"
	  " affected Packagist anchor/keel binary affected\n  0 introduced 0\n"
	  " affected npm Anchor binary affected\n  0 introduced 0\n",
     0},
    /* of what is withdrawn its ids are sent, whatever else it says */
    {RECORD("\"withdrawn\":\"2024-02-02T00:00:00Z\"," AFFECTED(PKG("npm", "a") "," FROM0)),
     "advisory osv X-1 Unknown modified=1704164645000 withdrawn=1706832000000\nnote X-1: record not used: withdrawn\n",
     0},
    {RECORD("\"aliases\":[\"CVE-2024-1\"],\"withdrawn\":\"yes\""),
     "advisory osv X-1 Unknown modified=1704164645000 withdrawn=1\n alias CVE-2024-1\n"
     "note X-1: record not used: withdrawn\n",
     0},
    /* a malicious package is as bad as can be, unless someone says otherwise */
    {"{\"id\":\"MAL-2031-1\"," AFFECTED(PKG("npm", "a") "," FROM0) "}",
     "advisory osv MAL-2031-1 Critical\n affected npm a binary affected\n  0 introduced 0\n", 0},
    /* errata that repair or add something (bug fix, enhancement) are no vulnerabilities, unless
     * they list one */
    {"{\"id\":\"ALBA-2020:1673\",\"related\":[],\"summary\":\"bug fix and enhancement "
     "update\"," AFFECTED(PKG("AlmaLinux:8", "a") "," FIX("2-1.el8")) "}",
     "", 0},
    {"{\"id\":\"RHEA-2020:1\"," AFFECTED(
	 PKG("Red Hat:enterprise_linux:8::baseos", "a") "," FIX("2")) "}",
     "", 0},
    {"{\"id\":\"openSUSE-RU-2020:1-1\"," AFFECTED(PKG("openSUSE:Leap 15.5", "a") "," FIX("2")) "}",
     "", 0},
    {"{\"id\":\"ALBA-2021:1\",\"related\":[\"CVE-2021-1\"]," AFFECTED(
	 PKG("AlmaLinux:8", "a") "," FIX("2")) "}",
     "advisory osv ALBA-2021:1 Unknown\n alias CVE-2021-1\n affected AlmaLinux:8 a binary fixed\n"
     "  0 introduced 0\n  0 fixed 2\n",
     0},
    {"{\"id\":\"ALSA-2021:1\"," AFFECTED(PKG("AlmaLinux:8", "a") "," FIX("2")) "}",
     "advisory osv ALSA-2021:1 Unknown\n affected AlmaLinux:8 a binary fixed\n  0 introduced 0\n  "
     "0 fixed 2\n",
     0},
    /* null is as if it were not there */
    {RECORD("\"withdrawn\":null,\"aliases\":null,\"severity\":null,\"references\":null,"
	    "\"database_specific\":null,\"details\":null," AFFECTED(
		PKG("npm", "a") ",\"versions\":null,\"ecosystem_specific\":null," FROM0)),
     HEAD " affected npm a binary affected\n  0 introduced 0\n", 0},
    /* nothing to match with is told, not dropped */
    {RECORD("\"summary\":\"x\""), "note X-1: record not used: no affected package\n", 0},
    {RECORD("\"affected\":[]"), "note X-1: record not used: no affected package\n", 0},
    {RECORD(AFFECTED("\"ranges\":[{\"type\":\"GIT\",\"events\":[{\"introduced\":\"0\"}]}]")),
     "note X-1: record not used: no package, only GIT ranges\n", 0},
    {RECORD(AFFECTED(PKG("OSS-Fuzz", "a") ",\"ranges\":[{\"type\":\"GIT\",\"events\":["
					  "{\"introduced\":\"0\"}]}]")),
     "note X-1: record not used: only GIT ranges\n", 0},
    {RECORD(AFFECTED(PKG("npm", "a"))), "note X-1: record not used: neither ranges nor versions\n",
     0},
    {"{\"affected\":[{" PKG("npm", "a") "," FROM0 "}]}", "note file: record not used: no id\n", 0},
    {RECORD("\"affected\":[{" PKG("npm", "a") "},{" PKG("npm", "b") "," FROM0 "}]"),
     HEAD " affected npm b binary affected\n  0 introduced 0\n"
	  "note X-1: affected entries not used: 1 (neither ranges nor versions)\n",
     0},
    /* not a record */
    {"{\"id\":\"X-1\"", "", -ERR_TRUNCATED},
    {"{\"id\":\"X-1\"} x", "note X-1: record not used: no affected package\n", -ERR_FORMAT},
    {"\"X-1\"", "", -ERR_FORMAT},
    {"", "", -ERR_TRUNCATED},
    /* words where a version belongs, and what is neither: noted */
    {RECORD(AFFECTED(PKG("Debian:12", "a") "," FIX("<not-affected>"))),
     HEAD " affected Debian:12 a source not_affected\n  0 introduced 0\n"
	  "note X-1: package a: \"<not-affected>\" is not a version: read as not_affected\n",
     0},
    {RECORD(AFFECTED(PKG("Debian:12", "a") "," FIX("<unfixed>"))),
     HEAD " affected Debian:12 a source affected\n  0 introduced 0\n"
	  "note X-1: package a: \"<unfixed>\" is not a version: read as affected\n",
     0},
    {RECORD(AFFECTED(PKG("Debian:12", "a") "," FIX("<end-of-life>"))),
     HEAD " affected Debian:12 a source end_of_life\n  0 introduced 0\n"
	  "note X-1: package a: \"<end-of-life>\" is not a version: read as end_of_life\n",
     0},
    {RECORD(AFFECTED(PKG("AlmaLinux:8", "a") "," FIX("to be done"))),
     HEAD " affected AlmaLinux:8 a binary fixed\n  0 introduced 0\n  0 fixed to be done\n"
	  "note X-1: package a: \"to be done\" is not a version: it cannot be compared\n",
     0},
    /* an array of records */
    {"[" RECORD(AFFECTED(PKG("npm", "a") "," FROM0)) "," RECORD("\"affected\":[]") "]",
     HEAD " affected npm a binary affected\n  0 introduced 0\n"
	  "note X-1: record not used: no affected package\n",
     0},
};

static const struct feed_case names[] = {
    /* which of a package's names is meant: by distribution, by purl, by keyed_by */
    {RECORD("\"affected\":[{" PKG("AlmaLinux:8", "a") "," FROM0 "},{" PKG(
	 "Red Hat:x:9",
	 "a") "," FROM0
	      "},{" PKG("Rocky Linux:9", "a") "," FROM0 "},{" PKG(
		  "Debian:12",
		  "a") "," FROM0
		       "},{" PKG("Ubuntu:22.04:LTS", "a") "," FROM0 "},{" PKG(
			   "Alpine:v3.19",
			   "a") "," FROM0
				"},{" PKG("Wolfi", "a") "," FROM0 "},{" PKG(
				    "SUSE:Linux 15",
				    "a") "," FROM0 "},{" PKG("PyPI", "a") "," FROM0
									  "},{" PKG("Debianish",
										    "a") "," FROM0
											 "}]"),
     HEAD " affected AlmaLinux:8 a binary affected\n  0 introduced 0\n"
	  " affected Red Hat:x:9 a binary affected\n  0 introduced 0\n"
	  " affected Rocky Linux:9 a source affected\n  0 introduced 0\n"
	  " affected Debian:12 a source affected\n  0 introduced 0\n"
	  " affected Ubuntu:22.04:LTS a source affected\n  0 introduced 0\n"
	  " affected Alpine:v3.19 a source affected\n  0 introduced 0\n"
	  " affected Wolfi a binary affected\n  0 introduced 0\n"
	  " affected SUSE:Linux 15 a source affected\n  0 introduced 0\n"
	  " affected PyPI a binary affected\n  0 introduced 0\n"
	  " affected Debianish a binary affected\n  0 introduced 0\n"
	  " affected Wolfi a source affected\n  0 introduced 0\n",
     0},
    /* Wolfi, Chainguard: the package, and its origin's others unless said otherwise; the purl
       names the architecture */
    {RECORD("\"affected\":[{\"package\":{\"ecosystem\":\"Chainguard\",\"name\":\"a\",\"purl\":"
	    "\"pkg:apk/chainguard/a?distro=x&arch=aarch64\"}," FIX(
		"1-r0") "}],"
			"\"database_specific\":{\"chainguard\":{\"x\":[1],\"applies_to_"
			"subpackages\":false}}"),
     HEAD " affected Chainguard a binary fixed arches=aarch64\n  0 introduced 0\n  0 fixed 1-r0\n",
     0},
    {RECORD("\"database_specific\":{\"chainguard\":{\"applies_to_subpackages\":true}}," AFFECTED(
	 PKG("Chainguard", "a") "," FIX("1-r0"))),
     HEAD " affected Chainguard a binary fixed\n  0 introduced 0\n  0 fixed 1-r0\n"
	  " affected Chainguard a source fixed\n  0 introduced 0\n  0 fixed 1-r0\n",
     0},
    {RECORD("\"affected\":[{\"package\":{\"ecosystem\":\"AlmaLinux:8\",\"name\":\"a\","
	    "\"purl\":\"pkg:rpm/x/a?arch=source\"}," FROM0 "},"
	    "{\"database_specific\":{\"keyed_by\":\"binary\"}," PKG(
		"Debian:9",
		"a") "," FROM0 "},"
		     "{" PKG("AlmaLinux:8",
			     "a") ",\"database_specific\":{\"keyed_by\":\"source\"}," FROM0 "}]"),
     HEAD " affected AlmaLinux:8 a source affected\n  0 introduced 0\n"
	  " affected Debian:9 a binary affected\n  0 introduced 0\n"
	  " affected AlmaLinux:8 a source affected\n  0 introduced 0\n",
     0},
    /* arches, module, erratum */
    {RECORD(AFFECTED(PKG("AlmaLinux:8", "a") ",\"database_specific\":{\"arches\":[\"x86_64\","
					     "\"aarch64\"],\"vendor_ids\":[\"RHSA-1\",\"B\"]},"
					     "\"ecosystem_specific\":{\"rpm_modularity\":"
					     "\"httpd:2.4\"}," FIX("1"))),
     HEAD " affected AlmaLinux:8 a binary fixed arches=x86_64 aarch64 module=httpd:2.4 "
	  "vendor_id=RHSA-1\n  0 introduced 0\n  0 fixed 1\n",
     0},
    /* packages of a Go module; one without a path makes it all of them; other ecosystems' are none
     */
    {RECORD(AFFECTED(PKG("Go", "a") ",\"ecosystem_specific\":{\"imports\":[{\"path\":\"a/b\","
				    "\"symbols\":[\"F\",\"G\"]},{\"goos\":[\"windows\"],"
				    "\"path\":\"a\"}]}," FIX("1"))),
     HEAD " affected Go a binary fixed module=a/b a\n  0 introduced 0\n  0 fixed 1\n", 0},
    {RECORD(AFFECTED(PKG("Go", "a") ",\"ecosystem_specific\":{\"imports\":[{\"path\":\"a/b\"},"
				    "{\"symbols\":[\"F\"]}]}," FIX("1"))),
     HEAD " affected Go a binary fixed\n  0 introduced 0\n  0 fixed 1\n", 0},
    {RECORD(AFFECTED(
	 PKG("npm", "a") ",\"ecosystem_specific\":{\"imports\":[{\"path\":\"a/b\"}]}," FIX("1"))),
     HEAD " affected npm a binary fixed\n  0 introduced 0\n  0 fixed 1\n", 0},
    /* an erratum that only repeats the record's id says nothing */
    {RECORD(
	 AFFECTED(PKG("Red Hat:x", "a") ",\"database_specific\":{\"advisory\":\"X-1\"}," FIX("1"))),
     HEAD " affected Red Hat:x a binary fixed\n  0 introduced 0\n  0 fixed 1\n", 0},
};

static const struct feed_case states[] = {
    {RECORD("\"affected\":["
	    "{" PKG(
		"Debian:9",
		"a") "," FROM0 ",\"database_specific\":{\"status\":\"postponed\"}},"
		     "{" PKG(
			 "Debian:9",
			 "b") "," FROM0 ",\"database_specific\":{\"status\":\"ignored\"}},"
			      "{" PKG(
				  "Debian:9",
				  "c") "," FROM0 ",\"database_specific\":{\"status\":\"7\"}},"
				       "{" PKG(
					   "Debian:9",
					   "d") "," FROM0 ",\"ecosystem_specific\":{\"urgency\":"
						"\"end-of-life\"}},"
						"{" PKG("Debian:9", "e") "," FIX(
						    "2") ",\"database_specific\":{\"status\":"
							 "\"postponed\"}},"
							 "{" PKG(
							     "Debian:9",
							     "f") ",\"database_specific\":{"
								  "\"status\":\"not-affected\"}},"
								  "{" PKG(
								      "Red Hat:x",
								      "g") "," FROM0
									   ",\"database_specific\":"
									   "{\"fix_state\":"
									   "\"Out of support "
									   "scope\"}},"
									   "{" PKG(
									       "Red Hat:x",
									       "h") "," FROM0
										    ",\"database_"
										    "specific\":{"
										    "\"fix_state\":"
										    "\"Under "
										    "investigation"
										    "\"}}]"),
     HEAD " affected Debian:9 a source fix_deferred\n  0 introduced 0\n"
	  " affected Debian:9 b source will_not_fix\n  0 introduced 0\n"
	  " affected Debian:9 c source end_of_life\n  0 introduced 0\n"
	  " affected Debian:9 d source end_of_life\n  0 introduced 0\n"
	  " affected Debian:9 e source fixed\n  0 introduced 0\n  0 fixed 2\n"
	  " affected Debian:9 f source not_affected\n"
	  " affected Red Hat:x g binary end_of_life\n  0 introduced 0\n"
	  " affected Red Hat:x h binary under_investigation\n  0 introduced 0\n",
     0},
    {RECORD(
	 "\"affected\":["
	 "{" PKG("Debian:10",
		 "a") "," FROM0 ",\"ecosystem_specific\":{\"urgency\":"
		      "\"unimportant\"}},"
		      "{" PKG(
			  "Alpine:v3.9",
			  "b") "," FROM0 ",\"ecosystem_specific\":{\"urgency\":"
			       "\"not yet assigned\"}},"
			       "{" PKG(
				   "crates.io",
				   "c") "," FROM0 ",\"database_specific\":{\"informational\":"
					"\"unmaintained\",\"cvss\":null}},"
					"{" PKG(
					    "Bitnami",
					    "d") "," FROM0
						 ",\"severity\":[{\"type\":\"CVSS_V3\",\"score\":"
						 "\"CVSS:3.1/AV:N\"}]}]"),
     HEAD " cvss CVSS:3.1/AV:N\n"
	  " affected Debian:10 a source affected severity=unimportant\n  0 introduced 0\n"
	  " affected Alpine:v3.9 b source affected\n  0 introduced 0\n"
	  " affected crates.io c binary affected severity=unmaintained\n  0 introduced 0\n"
	  " affected Bitnami d binary affected\n  0 introduced 0\n",
     0},
    /* severities of the record; a bare number is no vector; each vector once */
    {RECORD(
	 "\"severity\":[{\"type\":\"CVSS_V2\",\"score\":\"AV:N/AC:L\"},{\"type\":\"CVSS_V3\","
	 "\"score\":\"CVSS:3.1/AV:N\"},{\"type\":\"CVSS_V3\",\"score\":\"CVSS:3.1/AV:N\"},"
	 "{\"type\":\"CVSS_V4\",\"score\":\"CVSS:4.0/AV:N\"},{\"type\":\"CVSS_V3\",\"score\":"
	 "\"7.5\"},{\"type\":\"Ubuntu\",\"score\":\"medium\"}],\"database_specific\":{\"cwe_ids\":"
	 "[\"CWE-79\",\"CWE-79\",\"CWE-80\"]}," AFFECTED(PKG("npm", "a") "," FROM0)),
     "advisory osv X-1 Medium word=medium modified=1704164645000\n cvss AV:N/AC:L\n"
     " cvss CVSS:3.1/AV:N\n cvss CVSS:4.0/AV:N\n cwe CWE-79\n cwe CWE-80\n"
     " affected npm a binary affected\n  0 introduced 0\n",
     0},
    {RECORD("\"database_specific\":{\"severity\":\"MODERATE\",\"cwes\":[{\"cweId\":\"CWE-1\"}]}"
	    "," AFFECTED(PKG("npm", "a") "," FROM0)),
     "advisory osv X-1 Medium word=MODERATE modified=1704164645000\n cwe CWE-1\n"
     " affected npm a binary affected\n  0 introduced 0\n",
     0},
    /* AlmaLinux states its severity in front of the summary, others do not */
    {RECORD("\"summary\":\"Important: x security update\"," AFFECTED(
	 PKG("AlmaLinux:9", "a") "," FROM0)),
     "advisory osv X-1 High word=Important modified=1704164645000\n"
     " summary Important: x security update\n affected AlmaLinux:9 a binary affected\n"
     "  0 introduced 0\n",
     0},
    {RECORD("\"summary\":\"Critical: x\"," AFFECTED(PKG("npm", "a") "," FROM0)),
     HEAD " summary Critical: x\n affected npm a binary affected\n  0 introduced 0\n", 0},
};

static const struct feed_case aliases[] = {
    /* an erratum's related CVEs are what it fixes; of "upstream" only ids that we know */
    {"{\"id\":\"ALSA-1\",\"aliases\":[\"ALSA-1\",\"CVE-1\"],\"related\":[\"CVE-2\",\"CVE-1\","
     "\"GO-3\"],\"upstream\":[\"CVE-4\",\"GHSA-5\",\"X\"]," AFFECTED(
	 PKG("AlmaLinux:8", "a") "," FROM0) "}",
     "advisory osv ALSA-1 Unknown\n alias CVE-1\n alias CVE-4\n alias GHSA-5\n alias CVE-2\n"
     " affected AlmaLinux:8 a binary affected\n  0 introduced 0\n",
     0},
    {"{\"id\":\"DSA-1-1\",\"related\":[\"CVE-2\"]," AFFECTED(PKG("Debian:11", "a") "," FROM0) "}",
     "advisory osv DSA-1-1 Unknown\n alias CVE-2\n affected Debian:11 a source affected\n"
     "  0 introduced 0\n",
     0},
    /* a CVE of a distribution, and a language's record: related is only related */
    {"{\"id\":\"CVE-1\",\"related\":[\"CVE-2\"]," AFFECTED(PKG("Debian:11", "a") "," FROM0) "}",
     "advisory osv CVE-1 Unknown\n affected Debian:11 a source affected\n  0 introduced 0\n", 0},
    {"{\"id\":\"GHSA-1\",\"related\":[\"CVE-2\"]," AFFECTED(PKG("PyPI", "a") "," FROM0) "}",
     "advisory osv GHSA-1 Unknown\n affected PyPI a binary affected\n  0 introduced 0\n", 0},
    {"{\"id\":\"UBUNTU-CVE-2024-1\",\"related\":[\"USN-1\"]," AFFECTED(
	 PKG("Ubuntu:22.04:LTS", "a") "," FROM0) "}",
     "advisory osv UBUNTU-CVE-2024-1 Unknown\n alias CVE-2024-1\n"
     " affected Ubuntu:22.04:LTS a source affected\n  0 introduced 0\n",
     0},
};

#define CHECK(table) feed_check("osv", table, sizeof(table) / sizeof *(table))

static void records_are_sent_or_told(void **state)
{
	(void)state;
	CHECK(records);
}

static void names_are_keyed(void **state)
{
	(void)state;
	CHECK(names);
}

static void states_and_severities_are_kept(void **state)
{
	(void)state;
	CHECK(states);
}

static void aliases_mean_the_same(void **state)
{
	(void)state;
	CHECK(aliases);
}

static void too_much_is_refused(void **state)
{
	(void)state;
	struct buf b;
	struct feed_catch c;
	struct err e = ERR_INIT;
	buf_init(&b, 1U << 20);
	buf_put_text(&b, "{\"id\":\"X-1\",\"affected\":[{" PKG("npm", "a") ",\"ranges\":[");
	for (unsigned i = 0; i < 257; i++)
		buf_put_text(&b, i == 0 ? "{\"events\":[{\"introduced\":\"1\"}]}"
					: ",{\"events\":[{\"introduced\":\"1\"}]}");
	buf_put_text(&b, "]}]}");
	assert_int_equal(feed_run("osv", buf_bytes(&b), &c, &e), -ERR_FORMAT);
	assert_int_equal(c.advisories, 0);
	buf_free(&c.text);
	buf_clear(&b);
	buf_put_text(&b, "{\"id\":\"X-1\",\"aliases\":[");
	for (unsigned i = 0; i < 8193; i++)
		buf_printf(&b, "%s\"A-%u\"", i == 0 ? "" : ",", i);
	buf_put_text(&b, "]}");
	assert_int_equal(feed_run("osv", buf_bytes(&b), &c, &e), -ERR_FORMAT);
	buf_free(&c.text);
	buf_free(&b);
}

static void hostile_runs_end(void **state)
{
	(void)state;
	static const char whole[] = RECORD(
	    "\"aliases\":[\"CVE-\\u0031\"],\"references\":[{\"type\":\"WEB\",\"url\":\"u\"}]"
	    "," AFFECTED(PKG("AlmaLinux:8", "a") ",\"versions\":[\"1\"],\"database_specific\":{"
						 "\"arches\":[\"x\"]}," FIX("1")));
	feed_prefixes("osv", whole, sizeof whole - 1);
	feed_tortured("osv", whole);
	feed_refused("osv", whole);
}

/* As PyPA keeps its records. */
static void yaml_is_read_as_well(void **state)
{
	static const char document[] = "id: PYSEC-2031-1\nmodified: 2031-02-03T00:00:00Z\n"
				       "aliases:\n- CVE-2031-1\naffected:\n- package:\n"
				       "    ecosystem: PyPI\n    name: anchor\n  ranges:\n"
				       "  - type: ECOSYSTEM\n    events:\n    - introduced: \"0\"\n"
				       "    - fixed: 1.2\n";
	struct feed_catch c;
	struct feed_sink sink = catch_sink(&c);
	struct arena a;
	struct err e = ERR_INIT;
	const struct feed *f = feed_find(BYTES_LIT("osv"));
	(void)state;
	arena_init(&a, 1U << 20);
	assert_int_equal(
	    f->import(BYTES_LIT("PYSEC-2031-1.yaml"), bytes_of(document), &sink, &a, &e), 0);
	assert_string_equal(buf_cstr(&c.text),
			    "advisory osv PYSEC-2031-1 Unknown modified=1927843200000\n"
			    " alias CVE-2031-1\n affected PyPI anchor binary fixed\n"
			    "  0 introduced 0\n  0 fixed 1.2\n");
	assert_true(f->wants(BYTES_LIT("vulns/anchor/PYSEC-2031-1.yaml")));
	assert_false(f->wants(BYTES_LIT(".github/workflows/a.yaml")));
	arena_free(&a);
	buf_free(&c.text);
}

static void golden(void **state)
{
	(void)state;
	feed_golden("osv");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(records_are_sent_or_told),
	    cmocka_unit_test(names_are_keyed),
	    cmocka_unit_test(states_and_severities_are_kept),
	    cmocka_unit_test(aliases_mean_the_same),
	    cmocka_unit_test(too_much_is_refused),
	    cmocka_unit_test(hostile_runs_end),
	    cmocka_unit_test(yaml_is_read_as_well),
	    cmocka_unit_test(golden),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
