#include "match/rule.h"

#include <string.h>

const char *rule_effect_word(int effect)
{
	static const char *const words[] = {"disable", "observe"};
	return effect >= 0 && effect <= RULE_OBSERVES ? words[effect] : NULL;
}

const char *rule_match_word(int match)
{
	static const char *const words[] = {"any", "all"};
	return match >= 0 && match <= 1 ? words[match] : NULL;
}

/* Low and above: nothing that is known is below Negligible. */
static const char *severity_word(int i)
{
	return i < 0 ? NULL : finding_severity_word(i + ADV_SEV_LOW);
}

#define FIELD(member, kind, key, option, letter, value, ...)                                       \
	RECORD_FIELD(struct rule_criteria, c.member, kind, key, __VA_ARGS__,                       \
		     .flags = RECORD_OPTIONAL | RECORD_EXACT),
static const struct record_field criteria_fields[] = {
    CRITERIA_OF_FINDING(FIELD) /* */
    CRITERIA_OF_IMAGE(FIELD)   /* */
    CRITERIA_OF_RULE(FIELD)    /* */
    RECORD_FIELD(struct rule_criteria, severity_below, RECORD_WORD, "severity_below",
		 "Below this severity; Unknown is below none. Replies name the severities",
		 .flags = RECORD_OPTIONAL, .words = severity_word, .words_from = ADV_SEV_LOW),
};
const struct record_object rule_criteria_object = {
    .name = "RuleCriteria",
    .text = "Which findings a rule is about: a criterion holds when one of its values does",
    RECORD_TABLE(criteria_fields)};

#define E(member, kind, key, ...) RECORD_FIELD(struct rule_end, member, kind, key, __VA_ARGS__)
static const struct record_field end_fields[] = {
    E(fix_available, RECORD_BOOL, "fix_available", "There is a fixed version",
      .flags = RECORD_OPTIONAL),
    E(kev, RECORD_BOOL, "kev", "It is listed in CISA KEV", .flags = RECORD_OPTIONAL),
    E(epss_min, RECORD_NUMBER, "epss_gte", "EPSS probability of at least this",
      .flags = RECORD_OPTIONAL | RECORD_EXACT, .max = 1),
    E(severity_min, RECORD_WORD, "severity_gte", "Its severity is this or a worse one",
      .flags = RECORD_OPTIONAL, .words = severity_word, .words_from = ADV_SEV_LOW),
};
const struct record_object rule_end_object = {
    .name = "RuleEnd",
    .text = "A finding for which one of these holds comes back",
    RECORD_TABLE(end_fields)};

static const struct record_field terms_fields[] = {
    RECORD_FIELD(struct rule_terms, match, RECORD_WORD, "match", "One criterion, or all",
		 .words = rule_match_word),
    RECORD_FIELD(struct rule_terms, what, RECORD_OBJECT, "criteria", "Which findings",
		 .of = &rule_criteria_object),
    RECORD_FIELD(struct rule_terms, ends, RECORD_OBJECT, "ends_when", "When they come back",
		 .of = &rule_end_object),
};
const struct record_object rule_terms_object = {RECORD_TABLE(terms_fields)};

static int list_check(const char *key, struct criteria_texts list, struct err *e)
{
	if (list.count > RULE_VALUES_MAX)
		return err_set(e, ERR_LIMIT, "%s: more than %u values", key, RULE_VALUES_MAX);
	for (size_t i = 0; i < list.count; i++)
		if (list.items[i].len == 0 || list.items[i].len > RULE_VALUE_MAX)
			return err_set(e, ERR_FORMAT, "%s: a value has 1 to %u bytes", key,
				       RULE_VALUE_MAX);
	return 0;
}

static int lists_check(const struct criteria *c, struct err *e)
{
	const struct {
		const char *key;
		struct criteria_texts list;
	} lists[] = {{"cve", c->cves},
		     {"category", c->categories},
		     {"not_category", c->not_categories},
		     {"text", c->texts},
		     {"package", c->packages},
		     {"digest", c->digests},
		     {"tag", c->tags},
		     {"repository", c->repositories},
		     {"os", c->os}};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (list_check(lists[i].key, lists[i].list, e) < 0)
			return -(int)e->code;
	return c->id_count > RULE_VALUES_MAX
		   ? err_set(e, ERR_LIMIT, "check_id: more than %u values", RULE_VALUES_MAX)
		   : 0;
}

int rule_terms_settle(struct rule_terms *t, struct err *e)
{
	struct criteria *c = &t->what.c;
	double *const numbers[] = {&c->cvss_min, &c->cvss_below, &c->epss_min, &c->epss_below,
				   &t->ends.epss_min};
	if (lists_check(c, e) < 0)
		return -(int)e->code;
	for (int i = ADV_SEV_NEGLIGIBLE; i < t->what.severity_below; i++)
		c->severities[i] = true;
	t->what.severity_below = 0;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (*numbers[i] <= 0)
			*numbers[i] = -1;
	c->any = t->match == 0;
	return 0;
}

int rule_terms_check(const struct rule_terms *t, struct err *e)
{
	return criteria_is_empty(&t->what.c)
		   ? err_set(e, ERR_FORMAT, "criteria: at least one criterion is needed")
		   : 0;
}

int rule_terms_parse(struct bytes text, struct arena *a, struct rule_terms *ret, struct err *e)
{
	struct json j;
	*ret = (struct rule_terms){0};
	json_init(&j, text, a);
	if (record_read(&j, &rule_terms_object, ret, true, e) < 0 || json_finish(&j, e) < 0 ||
	    rule_terms_settle(ret, e) < 0)
		return err_ctx(e, "terms of a rule");
	return 0;
}

static bool is_released(const struct rule_end *x, const struct finding *f)
{
	return (x->fix_available && f->fixed.len > 0) || (x->kev && f->check.kev) ||
	       (x->epss_min > 0 && f->check.epss >= x->epss_min) ||
	       (x->severity_min > 0 && (int)f->check.severity >= x->severity_min);
}

enum rule_answer rule_of(const struct rule_terms *t, bool whole, const struct finding *f)
{
	if (!whole && !criteria_fits(&t->what.c, f))
		return RULE_NOT;
	return is_released(&t->ends, f) ? RULE_RELEASED : RULE_FITS;
}

bool rule_asks_matches(const struct rule_terms *t, bool whole)
{
	return t->ends.fix_available || (!whole && criteria_ask_matches(&t->what.c));
}

bool rule_asks_check(const struct rule_terms *t, bool whole)
{
	struct criteria rest = t->what.c;
	memset(rest.severities, 0, sizeof rest.severities);
	memset(rest.statuses, 0, sizeof rest.statuses);
	rest.patchable = rest.fixed = RECORD_UNSAID;
	rest.packages = (struct criteria_texts){0};
	return t->ends.kev || t->ends.epss_min > 0 || (!whole && !criteria_is_empty(&rest));
}
