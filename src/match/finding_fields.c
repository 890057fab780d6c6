/* The fields of a finding, once. */
#include "match/finding.h"

static const char *cvss_word(int i)
{
	static const char *const words[] = {"2.0", "3.0", "3.1", "4.0", NULL};
	return words[i];
}

static const struct record_field cvss_fields[] = {
    RECORD_FIELD(struct match_check, cvss.version, RECORD_WORD, "version", "Version of CVSS",
		 .words = cvss_word, .words_from = CVSS_2_0),
    RECORD_FIELD(struct match_check, cvss.base, RECORD_NUMBER, "base", "Base score", .decimals = 1,
		 .max = 10),
    RECORD_FIELD(struct match_check, cvss_vector, RECORD_TEXT, "vector",
		 "The vector it was computed from"),
    RECORD_FIELD(
	struct match_check, cvss_source, RECORD_TEXT, "source",
	"Feed and id of the record that the vector is from; absent for checks that a server "
	"recorded before it kept that",
	.flags = RECORD_OPTIONAL, .example = "\"nvd CVE-2024-1\""),
};
static const struct record_object cvss_object = {
    .name = "Cvss", .text = "The effective score", RECORD_TABLE(cvss_fields)};

static const char *keyed_word(int i)
{
	static const char *const words[] = {"source", "binary", NULL};
	return words[i];
}

static const struct record_field evidence_fields[] = {
    RECORD_FIELD(struct match_evidence, ecosystem, RECORD_TEXT, "ecosystem",
		 "The record's ecosystem", .example = "\"Debian:12\""),
    RECORD_FIELD(struct match_evidence, keyed_name, RECORD_TEXT, "name",
		 "The name that was looked up"),
    RECORD_FIELD(struct match_evidence, keyed, RECORD_WORD, "keyed",
		 "Whether that is a source package's or a binary one's", .words = keyed_word),
    RECORD_FIELD(struct match_evidence, compared, RECORD_TEXT, "compared",
		 "The version that was compared"),
    RECORD_FIELD(struct match_evidence, scheme, RECORD_TEXT, "scheme", "The order of versions",
		 .example = "\"dpkg\""),
    RECORD_FIELD(struct match_evidence, range, RECORD_TEXT, "range",
		 "The record's range that holds it"),
};
static const struct record_object evidence_object = {.name = "Evidence",
						     .text = "What decided that a package matches",
						     RECORD_TABLE(evidence_fields)};

static bool has_evidence(const void *row)
{
	const struct finding_match *m = row;
	return m->evidence.ecosystem.len > 0;
}

static const char *origin_word(int i)
{
	static const char *const words[] = {"base", "image", NULL};
	return words[i];
}
static bool match_has_origin(const void *row)
{
	return ((const struct finding_match *)row)->origin != FINDING_ORIGIN_UNKNOWN;
}
static bool has_origin(const void *row)
{
	return ((const struct finding *)row)->origin != FINDING_ORIGIN_UNKNOWN;
}

#define M(member, kind, key, ...) RECORD_FIELD(struct finding_match, member, kind, key, __VA_ARGS__)
static const struct record_field match_fields[] = {
    M(pkg.name, RECORD_TEXT, "package", "Name of the package"),
    M(pkg.version, RECORD_TEXT, "installed_version", "Its version in the image"),
    M(fixed_version, RECORD_TEXT, "fixed_version",
      "The first version without it; empty when there is none"),
    M(status, RECORD_WORD, "status", "Fix status", .words = finding_status_word),
    M(patchable, RECORD_BOOL, "patchable",
      "A fixed version exists that the image's own repositories can deliver"),
    M(pkg.arch, RECORD_TEXT, "arch", "The package's architecture"),
    M(pkg.source_name, RECORD_TEXT, "source_name", "The source package it was built from"),
    M(pkg.source_version, RECORD_TEXT, "source_version", "The version of that"),
    M(layer, RECORD_TEXT, "layer", "Digest of the layer that brought the package in"),
    M(layer_created_by, RECORD_TEXT, "layer_created_by", "History line of that layer",
      .flags = RECORD_OPTIONAL),
    M(origin, RECORD_WORD, "origin",
      "base: in a layer of the base image. image: above it. In lists of one image, where the base "
      "is known or guessed",
      .flags = RECORD_OPTIONAL, .words = origin_word, .words_from = FINDING_ORIGIN_BASE,
      .has = match_has_origin),
    M(pkg.path, RECORD_TEXT, "path", "The file that states the package"),
    M(purl, RECORD_TEXT, "purl", "Package URL"),
    M(remediation, RECORD_TEXT, "remediation", "What to do, with the exact command",
      .flags = RECORD_OPTIONAL),
    M(evidence, RECORD_OBJECT, "evidence", "What decided; in reports of a scan only",
      .flags = RECORD_OPTIONAL, .of = &evidence_object, .has = has_evidence),
};
const struct record_object finding_match_object = {
    .name = "Match",
    .text = "A package of the image that a security check hits",
    RECORD_TABLE(match_fields)};

static bool has_cvss(const void *row)
{
	const struct finding *f = row;
	return f->check.cvss.version != CVSS_NONE;
}

static bool has_vendor_severity(const void *row)
{
	const struct finding *f = row;
	return f->check.vendor_severity != ADV_SEV_UNKNOWN;
}

/* The source: the vendor, the score of a vector (of this or of another record of the CVE), or the
 * word of another record. Derived, so that every list says the same. */
static struct bytes severity_source(const void *row)
{
	const struct finding *f = row;
	if (f->check.severity == ADV_SEV_UNKNOWN)
		return BYTES_NONE;
	if (f->check.vendor_severity != ADV_SEV_UNKNOWN)
		return BYTES_LIT("vendor");
	return has_cvss(row) ? BYTES_LIT("cvss") : BYTES_LIT("other_record");
}

static const char *state_word(int i)
{
	static const char *const words[] = {"active", "disabled", NULL};
	return words[i];
}

#define D(member, kind, key, ...) RECORD_FIELD(struct finding_rule, member, kind, key, __VA_ARGS__)
static const struct record_field rule_fields[] = {
    D(id, RECORD_INT, "rule", "Its number; 0: a document attached to the image disables it"),
    D(name, RECORD_TEXT, "name", "What people call it"),
    D(scope, RECORD_TEXT, "scope", "The scope it is set at; absent of a document",
      .flags = RECORD_OPTIONAL),
    D(document, RECORD_TEXT, "document", "Digest of the document, if it is no rule",
      .flags = RECORD_OPTIONAL),
    D(justification, RECORD_TEXT, "justification", "Why", .flags = RECORD_OPTIONAL),
    D(expires_at, RECORD_TIME, "expires_at", "When it ends; absent: never",
      .flags = RECORD_OPTIONAL),
};
static const struct record_object rule_object = {
    .name = "DisabledBy",
    .text = "What disables a finding: a rule, or a document attached to the image",
    RECORD_TABLE(rule_fields)};

#define F(member, kind, key, ...) RECORD_FIELD(struct finding, member, kind, key, __VA_ARGS__)
static const struct record_field finding_fields[] = {
    F(check.id, RECORD_UINT, "id", "Number of the security check: the same on every server"),
    F(check.title, RECORD_TEXT, "check", "Title of the security check",
      .example = "\"Debian Security Update for openssl (DSA-5678-1)\""),
    F(check.category, RECORD_TEXT, "category",
      "Whose advisory it is; `Kernel headers`: a kernel's source, whose code is not executed in a "
      "container",
      .example = "\"Debian\""),
    F(check.advisory, RECORD_TEXT, "advisory", "The advisory's id", .example = "\"DSA-5678-1\""),
    F(check.cves, RECORD_TEXTS, "cves", "The CVEs it is about"),
    F(check.severity, RECORD_WORD, "severity", "The vendor's, else that of the CVSS score",
      .words = finding_severity_word),
    F(check.vendor_severity, RECORD_WORD, "vendor_severity", "The vendor's own, where there is one",
      .flags = RECORD_OPTIONAL, .words = finding_severity_word, .has = has_vendor_severity),
    RECORD_SHOWN(RECORD_TEXT, "severity_source",
		 "`vendor`, `cvss` (the score, of this or another record of the CVE) or "
		 "`other_record` (its word); absent where the severity is Unknown",
		 .flags = RECORD_OPTIONAL, .made = severity_source),
    F(check.source_name, RECORD_TEXT, "package",
      "The package it is about: the source package, or the package itself where there is none"),
    F(installed, RECORD_TEXT, "installed_version",
      "The version that its matches share, else that of their source package"),
    F(fixed, RECORD_TEXT, "fixed_version",
      "The newest of its matches' fixed versions; empty when there is none"),
    F(status, RECORD_WORD, "status", "Fix status: `fixed` where any match has a fix",
      .words = finding_status_word),
    F(patchable, RECORD_BOOL, "patchable",
      "The image's own repositories can deliver a fixed version of a match at least"),
    F(origin, RECORD_WORD, "origin", "base: all its packages are in layers of the base image",
      .flags = RECORD_OPTIONAL, .words = origin_word, .words_from = FINDING_ORIGIN_BASE,
      .has = has_origin),
    F(check, RECORD_OBJECT, "cvss", "The effective score", .flags = RECORD_OPTIONAL,
      .of = &cvss_object, .has = has_cvss),
    F(check.kev, RECORD_BOOL, "kev", "Listed in CISA KEV: known to be exploited"),
    F(check.ransomware, RECORD_BOOL, "ransomware", "CISA KEV reports its use by ransomware",
      .flags = RECORD_OPTIONAL),
    FINDING_DUE_FIELDS(struct finding, check),
    F(check.epss, RECORD_NUMBER, "epss", "Probability of exploitation within 30 days",
      .flags = RECORD_OPTIONAL, .decimals = 5, .max = 1),
    F(check.epss_percentile, RECORD_NUMBER, "epss_percentile", "Share of CVEs with a lower one",
      .flags = RECORD_OPTIONAL, .decimals = 5, .max = 1),
    F(check.summary, RECORD_TEXT, "summary", "The advisory in a line", .flags = RECORD_OPTIONAL),
    F(remediation, RECORD_TEXT, "remediation",
      "What to do, with the exact command, for the match with the newest fix",
      .flags = RECORD_OPTIONAL),
    F(check.published_ms, RECORD_TIME, "published", "When the advisory was published",
      .flags = RECORD_OPTIONAL),
    F(first_seen_ms, RECORD_TIME, "first_seen",
      "Since when it is open: when this server first found the check in an image of the "
      "repository; in the API's lists",
      .flags = RECORD_OPTIONAL),
    F(subscription, RECORD_TEXT, "subscription",
      "The subscription of that registry, in the API's lists", .flags = RECORD_OPTIONAL),
    F(registry, RECORD_TEXT, "registry", "Registry of the image, in the API's lists",
      .flags = RECORD_OPTIONAL),
    F(repository, RECORD_TEXT, "repository", "Repository of the image, in the API's lists",
      .flags = RECORD_OPTIONAL),
    F(digest, RECORD_TEXT, "digest", "Digest of the image, in the API's lists",
      .flags = RECORD_OPTIONAL, .pattern = RECORD_DIGEST_PATTERN),
    F(state, RECORD_WORD, "state",
      "`disabled`: by a rule, so it counts nowhere; in the API's lists", .flags = RECORD_OPTIONAL,
      .words = state_word, .words_from = FINDING_ACTIVE),
    F(disabled_by, RECORD_OBJECT_AT, "disabled_by", "The rule that disables it",
      .flags = RECORD_OPTIONAL, .of = &rule_object),
    F(match_count, RECORD_UINT, "match_count",
      "Packages of the image that it hits; a list over many images shows up to 100 of them"),
    F(matches, RECORD_OBJECTS, "matches", "These packages, by name", .of = &finding_match_object,
      .stride = sizeof(struct finding_match)),
};
const struct record_object finding_object = {
    .name = "Finding",
    .text = "A security check of an image, with the packages that it hits",
    RECORD_TABLE(finding_fields)};
