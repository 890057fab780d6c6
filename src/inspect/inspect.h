/* inspect: content checks, that is what files and configs of images hold besides packages that a
 * security check is about. The rows are known on both sides of the jail. */
#pragma once
#include "advisory/advisory.h"
#include "base/bytes.h"
#include "pkg/package.h"

/* What is switched on and off together. */
enum inspect_group {
	INSPECT_ACCOUNTS,
	INSPECT_SECRETS,
	INSPECT_PERMISSIONS,
	INSPECT_CONFIGURATION,
	INSPECT_GROUP_COUNT
};

enum inspect_kind {
#define ROW(kind, ...) INSPECT_##kind,
#include "inspect/kinds.inc"
#undef ROW
	INSPECT_KIND_COUNT
};

struct inspect_check {
	const char *id; /* what an advisory's id is to a vulnerability: permanent */
	enum inspect_group group;
	enum adv_severity severity;
	const char *title, *description, *remediation;
};
/* INSPECT_KIND_COUNT rows. */
extern const struct inspect_check inspect_table[];
/* By id, in any case; INSPECT_KIND_COUNT: none. */
enum inspect_kind inspect_find(struct bytes id);

/* "accounts" …, for settings; NULL past them. And the category of its checks: "Accounts" … */
const char *inspect_group_word(int group);
const char *inspect_category(int group);
/* Of a list of words apart by blanks or commas, a bit for each group; "none" and nothing: no
 * group. False: a word is none. */
bool inspect_groups_read(struct bytes list, unsigned *ret);
#define INSPECT_GROUPS_DEFAULT ((1U << INSPECT_ACCOUNTS) | (1U << INSPECT_SECRETS))

/* What was found, as packages are matched, kept and listed: named like its check, its version is
 * the detail; its path is of its identity, as a qualifier, so that each place is one. From a;
 * ERR_NOMEM. */
int inspect_package(enum inspect_kind kind, struct bytes detail, struct bytes path, struct arena *a,
		    struct pkg *ret, struct err *e);
/* What a member's mode says: INSPECT_KIND_COUNT: nothing. */
enum inspect_kind inspect_mode(struct bytes path, uint32_t mode);
#define INSPECT_DETAIL_MAX 80U /* bytes of what is said of one that was found */
#define INSPECT_TYPE PKG_CONTENT_TYPE
