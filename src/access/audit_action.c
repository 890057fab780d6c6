#include "access/audit_action.h"

const struct audit_action_row audit_actions[AUDIT_ACTION_COUNT] = {
#define AUDIT_ACTION(name, log, code, words) [AUDIT_##name] = {code, words, ACCESS_LOG_##log},
#include "access/audit_actions.inc"
};

struct bytes audit_action_words(struct bytes code)
{
	for (size_t i = 0; i < AUDIT_ACTION_COUNT; i++)
		if (bytes_eq_lit(code, audit_actions[i].code))
			return bytes_of(audit_actions[i].words);
	return code;
}
