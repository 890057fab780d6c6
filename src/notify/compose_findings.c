#include "notify/compose_findings.h"

bool notify_severity_fits(int severity, int severity_min)
{
	return severity >= severity_min ||
	       (severity == ADV_SEV_UNKNOWN && severity_min <= ADV_SEV_MEDIUM);
}

void notify_sums_add(struct notify_sums *s, const struct match_check *c, bool patchable)
{
	s->by[c->severity]++;
	s->count++;
	s->kev += c->kev;
	s->patchable += patchable;
}

void notify_put_sums(struct notify_message *m, const struct notify_sums *s)
{
	json_put_u64(&m->w, "count", s->count);
	json_put_object(&m->w, "by_severity");
	for (int i = ADV_SEV_CRITICAL; i >= 0; i--)
		json_put_u64(&m->w, finding_severity_word(i), s->by[i]);
	json_put_end(&m->w, '}');
	json_put_u64(&m->w, "kev", s->kev);
	json_put_u64(&m->w, "patchable", s->patchable);
}

const char *notify_sums_text(const struct notify_sums *s, struct arena *a)
{
	static const char *const words[] = {"unrated", "negligible", "low",
					    "medium",  "high",	     "critical"};
	const char *text = "";
	for (int i = ADV_SEV_CRITICAL; text && i >= 0; i--)
		if (s->by[i])
			text = arena_printf(a, "%s%s%llu %s", text, *text ? ", " : "",
					    (unsigned long long)s->by[i], words[i]);
	if (text && s->kev)
		text = arena_printf(a, "%s, %llu known to be exploited", text,
				    (unsigned long long)s->kev);
	return text;
}

void notify_put_check(struct notify_message *m, const struct match_check *c)
{
	json_put_u64(&m->w, "check_id", c->id);
	json_put_string(&m->w, "check", c->title);
	json_put_text(&m->w, "severity", finding_severity_word((int)c->severity));
	json_put_array(&m->w, "cves");
	for (size_t i = 0; i < c->cve_count; i++)
		json_put_string(&m->w, NULL, c->cves[i]);
	json_put_end(&m->w, ']');
	json_put_bool(&m->w, "kev", c->kev);
}
