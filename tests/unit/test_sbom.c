/* Bills of materials: samples in the shapes that Plimsoll, Syft, Trivy and the specifications'
 * examples have; expected packages follow from the purls. */
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "inventory/bill.h"
#include "sbom/sbom.h"

/* As lines: the format, the distribution, packages, notes. */
static int show(struct bytes text, struct buf *out, struct err *e)
{
	struct buf wire;
	struct arena a;
	struct bill b;
	buf_init(&wire, LIMIT_INVENTORY_MAX);
	arena_init(&a, 1U << 24);
	int r = sbom_read(text, &wire, e);
	if (r == 0)
		r = bill_take(buf_bytes(&wire), &a, &b, e);
	if (r == 0) {
		buf_put(out, b.format);
		buf_printf(out, "|%.*s %.*s\n", BYTES_ARG(b.distro.id),
			   BYTES_ARG(b.distro.version_id));
		for (size_t i = 0; i < b.package_count; i++) {
			const struct pkg *p = &b.packages[i].pkg;
			buf_printf(out, "%.*s %.*s %.*s %s src=%.*s@%.*s distro=%.*s path=%.*s%s\n",
				   BYTES_ARG(p->type), BYTES_ARG(p->name), BYTES_ARG(p->version),
				   pkg_class_word((int)p->class), BYTES_ARG(p->source_name),
				   BYTES_ARG(p->source_version), BYTES_ARG(p->distro),
				   BYTES_ARG(p->path), p->third_party ? " third-party" : "");
		}
		for (size_t i = 0; i < b.note_count; i++)
			buf_printf(out, "note: %.*s\n", BYTES_ARG(b.notes[i]));
		if (!buf_ok(out))
			r = err_nomem(e);
	}
	arena_free(&a);
	buf_free(&wire);
	return r;
}

static const struct {
	const char *text, *want;
} cases[] = {
    /* ours */
    {"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"metadata\":{\"component\":{\"type\":\"container\","
     "\"name\":\"x\",\"version\":\"sha256:00\"},\"properties\":[{\"name\":\"plimsoll:not_read\",\"value\":\"a "
     "layer\"}]},\"components\":[{\"type\":\"operating-system\",\"name\":\"debian\",\"version\":\"12\","
     "\"properties\":[{\"name\":\"plimsoll:codename\",\"value\":\"bookworm\"}]},{\"type\":\"library\","
     "\"name\":\"libssl3\",\"version\":\"3\",\"purl\":\"pkg:deb/debian/"
     "libssl3@3?arch=amd64&distro=debian-12&upstream=openssl\",\"properties\":[{\"name\":\"plimsoll:class\","
     "\"value\":\"os\"},{\"name\":\"plimsoll:source_name\",\"value\":\"openssl\"},{\"name\":"
     "\"plimsoll:source_version\",\"value\":\"3\"},{\"name\":\"plimsoll:distro\",\"value\":\"debian:12\"},"
     "{\"name\":\"plimsoll:third_party\",\"value\":\"true\"}],\"evidence\":{\"occurrences\":[{\"location\":"
     "\"var/lib/dpkg/status\"},{\"location\":\"b\"}]}}]}",
     "CycloneDX 1.6|debian 12\n"
     "deb libssl3 3 os src=openssl@3 distro=debian:12 path=b third-party\n"
     "deb libssl3 3 os src=openssl@3 distro=debian:12 path=var/lib/dpkg/status third-party\n"
     "note: a layer\n"},
    /* Trivy: purls without upstream, the family's name */
    {"{\"$schema\":\"http://cyclonedx.org/schema/bom-1.5.schema.json\",\"bomFormat\":\"CycloneDX\","
     "\"specVersion\":\"1.5\",\"components\":[{\"bom-ref\":\"a\",\"type\":\"operating-system\",\"name\":"
     "\"redhat\",\"version\":\"8.5\"},{\"type\":\"library\",\"name\":\"openssl-libs\",\"version\":\"1.1.1k-5\","
     "\"purl\":\"pkg:rpm/redhat/openssl-libs@1.1.1k-5?arch=x86_64&distro=redhat-8.5&epoch=1\","
     "\"properties\":[{\"name\":\"aquasecurity:trivy:SrcName\",\"value\":\"openssl\"},{\"name\":"
     "\"aquasecurity:trivy:SrcVersion\",\"value\":\"1.1.1k\"},{\"name\":\"aquasecurity:trivy:SrcRelease\","
     "\"value\":\"5\"},{\"name\":\"aquasecurity:trivy:SrcEpoch\",\"value\":\"1\"}]},{\"type\":\"application\","
     "\"name\":\"app/yarn.lock\",\"components\":[{\"type\":\"library\",\"name\":\"x\",\"version\":\"1.0.0\","
     "\"purl\":\"pkg:npm/x@1.0.0\",\"properties\":[{\"name\":\"aquasecurity:trivy:FilePath\",\"value\":"
     "\"app/x/package.json\"}]}]}]}",
     "CycloneDX 1.5|rhel 8.5\n"
     "npm x 1.0.0 language src=x@1.0.0 distro= path=app/x/package.json\n"
     "rpm openssl-libs 1:1.1.1k-5 os src=openssl@1:1.1.1k-5 distro=rhel:8.5 path=\n"},
    /* Syft: files are components, too; locations as properties */
    {"{\"specVersion\":\"1.4\",\"bomFormat\":\"CycloneDX\",\"components\":[{\"type\":\"file\",\"name\":\"/etc/a\"},"
     "{\"type\":\"library\",\"name\":\"musl\",\"version\":\"1.2.4-r0\",\"purl\":\"pkg:apk/alpine/"
     "musl-utils@1.2.4-r0?arch=x86_64&upstream=musl&distro=alpine-3.18.2\",\"properties\":[{\"name\":"
     "\"syft:location:0:path\",\"value\":\"/lib/apk/db/installed\"},{\"name\":\"syft:location:1:path\",\"value\":"
     "\"/usr/share/doc/musl\"}]},{\"type\":\"library\",\"name\":\"odd\"},{\"type\":\"library\",\"name\":"
     "\"all\",\"version\":\"UNKNOWN\",\"purl\":\"pkg:maven/all/all\"},"
     "{\"type\":\"library\",\"name\":\"bad\",\"purl\":\"purl\"},{\"type\":\"library\",\"name\":\"t\",\"scope\":"
     "\"excluded\",\"purl\":\"pkg:gem/t@1\"}]}",
     "CycloneDX 1.4|alpine 3.18.2\n"
     "apk musl-utils 1.2.4-r0 os src=musl@1.2.4-r0 distro=alpine:3.18.2 path=lib/apk/db/installed\n"
     "gem t 1 declared src=t@1 distro= path=\n"
     "maven all:all  language src=all:all@ distro= path=\n"
     "note: 1 component without a package URL (odd)\n"
     "note: 1 component whose package URL cannot be read (purl)\n"},
    {"{\"spdxVersion\":\"SPDX-2.3\",\"name\":\"n\",\"packages\":[{\"name\":\"debian\",\"versionInfo\":\"12\","
     "\"primaryPackagePurpose\":\"OPERATING-SYSTEM\"},{\"name\":\"J\",\"versionInfo\":\"NOASSERTION\",\"externalRefs\":[{"
     "\"referenceType\":\"purl\",\"referenceLocator\":\"pkg:nuget/J\"}]},{\"name\":\"libc6\",\"versionInfo\":\"2.36-9\","
     "\"sourceInfo\":\"built package from: glibc 2.36-9\",\"externalRefs\":[{\"referenceCategory\":"
     "\"PACKAGE-MANAGER\",\"referenceType\":\"purl\",\"referenceLocator\":\"pkg:deb/debian/"
     "libc6@2.36-9?arch=amd64&distro=debian-12\"}]},{\"name\":\"src\",\"primaryPackagePurpose\":\"SOURCE\"},"
     "{\"name\":\"none\",\"externalRefs\":[]}]}",
     "SPDX 2.3|debian 12\n"
     "deb libc6 2.36-9 os src=glibc@2.36-9 distro=debian:12 path=\n"
     "nuget J  language src=j@ distro= path=\n"
     "note: 1 component without a package URL (none)\n"},
    {"{\"spdxVersion\":\"SPDX-2.9\",\"packages\":[{\"name\":\"x\",\"comment\":\"{\\\"plimsoll\\\":{\\\"class\\\":"
     "\\\"binary\\\",\\\"path\\\":\\\"usr/bin/x\\\",\\\"source_name\\\":\\\"\\\"}}\",\"externalRefs\":[{"
     "\"referenceType\":\"purl\",\"referenceLocator\":\"pkg:cargo/x@0.1.0\"}]}]}",
     "SPDX 2.9| \ncargo x 0.1.0 binary src=@ distro= path=usr/bin/x\n"
     "note: a version of SPDX that is not known: read as 2.3\n"},
    {"SPDXVersion: SPDX-2.2\nDocumentName: d\n# comment\n\nPackageName: alpine\nPackageVersion: 3.18.2\n"
     "PrimaryPackagePurpose: OPERATING-SYSTEM\n\nPackageName: a\nPackageComment: <text>two\nlines</text>\n"
     "ExternalRef: PACKAGE-MANAGER purl pkg:apk/alpine/a@1-r0?distro=alpine-3.18.2\nFileName: ./f\n"
     "PackageName: b\nExternalRef: PACKAGE_MANAGER purl pkg:npm/%40s/b@2\nRelationship: X DESCRIBES Y\n",
     "SPDX 2.2|alpine 3.18.2\n"
     "apk a 1-r0 os src=a@1-r0 distro=alpine:3.18.2 path=\n"
     "npm @s/b 2 language src=@s/b@2 distro= path=\n"},
    {"{\"@context\":\"https://spdx.org/rdf/3.0.1/spdx-context.jsonld\",\"@graph\":[{\"type\":\"SpdxDocument\","
     "\"name\":\"d\"},{\"type\":\"software_Package\",\"name\":\"y\",\"software_packageUrl\":\"pkg:pypi/Y_z@1\"},"
     "{\"type\":\"software_Package\",\"name\":\"z\",\"software_packageVersion\":\"2\",\"externalIdentifier\":[{"
     "\"type\":\"ExternalIdentifier\",\"externalIdentifierType\":\"packageUrl\",\"identifier\":\"pkg:nuget/"
     "Z.Q\"}]},{\"type\":\"software_File\",\"name\":\"f\"}]}",
     "SPDX 3.0| \n"
     "nuget Z.Q 2 language src=z.q@2 distro= path=\n"
     "pypi y-z 1 language src=y-z@1 distro= path=\n"},
    {"# of a build\npkg:npm/a@1\n\npkg:deb/debian/b@1?distro=debian-12\nnothing\n",
     "package URLs|debian 12\n"
     "deb b 1 os src=b@1 distro=debian:12 path=\n"
     "npm a 1 language src=a@1 distro= path=\n"
     "note: 1 component whose package URL cannot be read (nothing)\n"},
    {"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"https://cyclonedx.org/bom\","
     "\"predicate\":{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.8\",\"components\":[{\"type\":\"library\","
     "\"name\":\"a\",\"purl\":\"pkg:npm/a@1\"},{\"type\":\"operating-system\",\"name\":\"a\"},{\"type\":"
     "\"operating-system\",\"name\":\"b\"},7]}}",
     "CycloneDX 1.8|a \nnpm a 1 language src=a@1 distro= path=\n"
     "note: a version of CycloneDX that is not known: read as 1.7\n"
     "note: 1 component that are further operating systems (b)\n"
     "note: 1 component that are no objects ()\n"},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = ERR_INIT;
		struct buf out;
		buf_init(&out, 1U << 16);
		if (show(bytes_of(cases[i].text), &out, &e) < 0)
			fail_msg("case %zu: %s", i, e.msg);
		/* The order of equal types is the packages' own: compare line by line. */
		if (strcmp(buf_cstr(&out), cases[i].want) != 0)
			fail_msg("case %zu:\n%s\nwanted:\n%s", i, buf_cstr(&out), cases[i].want);
		buf_free(&out);
	}
}

static const struct {
	const char *text;
	enum err_code code;
	const char *says;
} refused[] = {
    {"", ERR_UNSUPPORTED, "no bill of materials"},
    {"hello", ERR_UNSUPPORTED, "no bill of materials"},
    {"{}", ERR_UNSUPPORTED, "neither CycloneDX"},
    {"{\"predicate\":{\"predicate\":{\"predicate\":{\"predicate\":{}}}}}", ERR_UNSUPPORTED,
     "neither"},
    {"<?xml version=\"1.0\"?><bom/>", ERR_UNSUPPORTED, "XML are not read"},
    {"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"2.0\"}", ERR_UNSUPPORTED, "1.2 to 1.7"},
    {"{\"bomFormat\":\"CycloneDX\"}", ERR_UNSUPPORTED, "version \"\""},
    {"{\"spdxVersion\":\"SPDX-1.2\"}", ERR_UNSUPPORTED, "SPDX-2.2, SPDX-2.3"},
    {"{\"spdxVersion\":\"SPDX-2.3\",\"packages\":{}}", ERR_FORMAT, ""},
    {"{\"bomFormat\":1,\"specVersion\":\"1.4\",\"components\":\"x\"}", ERR_FORMAT, ""},
    {"SPDXVersion: SPDX-2.3\nPackageName\n", ERR_FORMAT, "\"PackageName\" is no tag"},
    {"SPDXVersion: SPDX-2.3\nPackageComment: <text>x", ERR_TRUNCATED, "does not end"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct err e = ERR_INIT;
		struct buf out;
		buf_init(&out, 1U << 16);
		int r = show(bytes_of(refused[i].text), &out, &e);
		if (r != -(int)refused[i].code || !strstr(e.msg, refused[i].says))
			fail_msg("%s: %d, %s", refused[i].text, r, e.msg);
		buf_free(&out);
	}
}

/* Every front of each is read or refused with a reason, without a byte behind it. */
static void test_fronts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t n = 0; n < strlen(cases[i].text); n++) {
			struct err e = ERR_INIT;
			struct buf out;
			uint8_t *front = malloc(n + (n == 0));
			assert_non_null(front);
			memcpy(front, cases[i].text, n);
			buf_init(&out, 1U << 16);
			int r = show((struct bytes){.ptr = front, .len = n}, &out, &e);
			assert_true(r == 0 || (r < 0 && e.msg[0]));
			assert_true(r != -ERR_INTERNAL && r != -ERR_NOMEM);
			buf_free(&out);
			free(front);
		}
}

/* A purl with a quote deep in nested components; more of them than may nest. */
static void test_nested(void **state)
{
	struct buf text, out;
	struct err e = ERR_INIT;
	(void)state;
	for (int depth = 1; depth <= 40; depth += 39) {
		buf_init(&text, 1U << 20);
		buf_init(&out, 1U << 16);
		buf_put_text(
		    &text, "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":[");
		for (int i = 0; i < depth; i++)
			buf_printf(
			    &text,
			    "{\"type\":\"library\",\"name\":\"n\",\"purl\":\"pkg:npm/n%d@1\","
			    "\"components\":[",
			    i);
		for (int i = 0; i < depth; i++)
			buf_put_text(&text, "]}");
		buf_put_text(&text, "]}");
		int r = show(buf_bytes(&text), &out, &e);
		/* Two levels of JSON for each. */
		assert_int_equal(r, depth == 1 ? 0 : -ERR_LIMIT);
		buf_free(&text);
		buf_free(&out);
	}
}

static int once(void *arg)
{
	struct err e = ERR_INIT;
	struct buf out;
	buf_init(&out, 1U << 16);
	int r = show(bytes_of(arg), &out, &e);
	if (r < 0)
		assert_int_equal(e.code, ERR_NOMEM);
	buf_free(&out);
	return r;
}

/* Lines without a tag, millions of which are one document. */
static void test_blank(void **state)
{
	static const char front[] = "SPDXVersion: SPDX-2.3\nPackageName: a\nExternalRef: "
				    "PACKAGE-MANAGER purl pkg:deb/debian/a@1\n";
	size_t len = sizeof front - 1 + (8U << 20);
	uint8_t *text = malloc(len);
	struct buf out;
	struct err e = ERR_INIT;
	(void)state;
	assert_non_null(text);
	memset(text, '\n', len);
	memcpy(text, front, sizeof front - 1);
	for (size_t i = sizeof front; i + 1 < len; i += 4)
		text[i] = '#';
	buf_init(&out, 1U << 20);
	if (sbom_read((struct bytes){text, len}, &out, &e) < 0)
		fail_msg("%s", e.msg);
	assert_true(out.len > 0);
	buf_free(&out);
	free(text);
}

static void test_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = strdup(cases[i].text);
		assert_true(torture(once, text) > 0);
		free(text);
	}
}

/* What a worker sends is hostile: fronts and changed bytes of a bill are taken or refused. */
static void test_wire(void **state)
{
	struct buf wire;
	struct err e = ERR_INIT;
	(void)state;
	buf_init(&wire, 1U << 16);
	assert_int_equal(sbom_read(bytes_of(cases[1].text), &wire, &e), 0);
	for (size_t n = 0; n <= wire.len; n++)
		for (int change = 0; change < 2; change++) {
			struct arena a;
			struct bill b;
			size_t len = change ? wire.len : n;
			uint8_t *copy = malloc(len + 1);
			assert_non_null(copy);
			memcpy(copy, wire.ptr, len);
			if (change && n < wire.len)
				copy[n] = (uint8_t)~copy[n];
			arena_init(&a, 1U << 22);
			int r = bill_take((struct bytes){.ptr = copy, .len = len}, &a, &b, &e);
			assert_true(r == 0 || e.msg[0]);
			assert_true(change || r == 0 || n < wire.len);
			arena_free(&a);
			free(copy);
		}
	buf_free(&wire);
}

static void test_is(void **state)
{
	uint8_t tar[512] = "{name}";
	(void)state;
	memcpy(tar + 257, "ustar", 5);
	assert_false(bill_is((struct bytes){.ptr = tar, .len = sizeof tar}));
	assert_true(bill_is(BYTES_LIT(" \n{\"bomFormat\"")));
	assert_true(bill_is(BYTES_LIT("\xef\xbb\xbf{")));
	assert_true(bill_is(BYTES_LIT("SPDXVersion: SPDX-2.3")));
	assert_true(bill_is(BYTES_LIT("pkg:npm/a@1")));
	assert_false(bill_is(BYTES_LIT("\x1f\x8b\x08")));
	assert_false(bill_is(BYTES_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cases),  cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_fronts), cmocka_unit_test(test_nested),
	    cmocka_unit_test(test_memory), cmocka_unit_test(test_blank),
	    cmocka_unit_test(test_wire),   cmocka_unit_test(test_is)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
