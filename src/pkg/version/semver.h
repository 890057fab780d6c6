/* semver: the pieces that the schemes built on semantic versioning share. */
#pragma once
#include "base/bytes.h"
#include <stdbool.h>

struct semver {
	struct bytes core, pre, build;
	bool has_pre, has_build;
};

/* Without blanks around, one '=' and one 'v' in front. Never fails. */
struct semver semver_split(struct bytes v);
/* Core, then pre-release; build data is ignored. */
int semver_cmp(const struct semver *a, const struct semver *b);
int semver_core_cmp(struct bytes a, struct bytes b);
int semver_pre_cmp(struct bytes a, struct bytes b);
/* One identifier: numbers by value and before words. */
int semver_word_cmp(struct bytes a, struct bytes b);
/* The strict grammar: three numbers, no leading zeros. */
bool semver_is_valid(const struct semver *s);
/* min to max dotted numbers without leading zeros. */
bool semver_is_core(struct bytes core, unsigned min, unsigned max);
/* Dotted identifiers of [0-9A-Za-z-], none empty; zeros_allowed: numbers may have leading zeros. */
bool semver_is_words(struct bytes list, bool zeros_allowed);
