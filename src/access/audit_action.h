/* audit_action: what an entry of an audit log says was done, as a code and in words. One row each
 * in audit_actions.inc: what is not there cannot be written. */
#pragma once
#include "base/bytes.h"
#include "store/access.h"

enum audit_action {
#define AUDIT_ACTION(name, log, code, words) AUDIT_##name,
#include "access/audit_actions.inc"
#undef AUDIT_ACTION
	AUDIT_ACTION_COUNT
};

struct audit_action_row {
	const char *code, *words;
	enum access_log log;
};
extern const struct audit_action_row audit_actions[AUDIT_ACTION_COUNT];
/* The words of a code; the code where it has none: an entry of a newer program. */
struct bytes audit_action_words(struct bytes code);
