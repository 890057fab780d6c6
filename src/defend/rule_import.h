/* rule_import: files as disable rules: ignore files of Trivy and Grype, OpenVEX, Harbor's
 * allowlists, and rules that a server exported. A part that criteria cannot say as narrowly is left
 * out, with a note: a rule never disables more than its file does. */
#pragma once
#include "exception/exception.h"
#include "match/rule.h"

enum rule_import_format {
	RULE_IMPORT_TRIVYIGNORE,
	RULE_IMPORT_TRIVYIGNORE_YAML,
	RULE_IMPORT_GRYPE,
	RULE_IMPORT_OPENVEX,
	RULE_IMPORT_HARBOR,
	RULE_IMPORT_JSON, /* {"rules": [rule_import_kept …]} */
};
/* "trivyignore", "trivyignore-yaml", "grype", "openvex", "harbor", "json"; NULL past them. */
const char *rule_import_word(int format);
/* Which of them a text is, by its keys; what has none is a list of ids, a .trivyignore. */
enum rule_import_format rule_import_guess(struct bytes text);

struct rule_import_item {
	struct rule_terms terms; /* settled */
	struct bytes justification;
	int64_t expires_ms; /* 0: never */
	/* Of RULE_IMPORT_JSON; else empty. */
	struct bytes scope, name, ticket;
	int effect; /* enum rule_effect */
};
/* A rule as it is exported and read back: struct rule_import_item. */
extern const struct record_object rule_import_kept;
struct rule_import {
	struct exceptions read; /* what the file says */
	struct rule_import_item *items;
	size_t count, cap;
	uint64_t left_out; /* statements that are no rule */
	struct bytes *notes;
	size_t note_count, note_cap;
};
/* What the text says; free it in any case. Statements that differ in their CVEs alone are one rule,
 * as far as its list goes. ERR_FORMAT, ERR_LIMIT, ERR_UNSUPPORTED, ERR_NOMEM. */
int rule_import_read(enum rule_import_format format, struct bytes text, struct rule_import *ret,
		     struct err *e);
void rule_import_free(struct rule_import *x);
