/* Content checks as Trivy has them: a result for each file, of the class "secret" with what was
 * found in it, or of the class "config" with what is wrong with it. A match is masked, as there. */
#include "inspect/inspect.h"
#include "report/trivy.h"

static bool is_secret(const struct finding *f)
{
	return bytes_eq_lit(f->check.category, inspect_category(INSPECT_SECRETS));
}

static void put_secret(struct json_out *w, const struct report *r, const struct finding *f,
		       const struct finding_match *m)
{
	uint64_t line;
	(void)report_content_place(m, &line);
	json_put_object(w, NULL);
	json_put_string(w, "RuleID", f->check.advisory);
	json_put_string(w, "Category", f->check.summary.len ? f->check.summary : f->check.title);
	json_put_text(w, "Severity", trivy_severity(f->check.severity));
	json_put_string(w, "Title", f->check.title);
	json_put_u64(w, "StartLine", line);
	json_put_u64(w, "EndLine", line);
	json_put_object(w, "Code");
	json_put_null(w, "Lines");
	json_put_end(w, '}');
	json_put_string(w, "Match", m->pkg.version);
	trivy_put_layer(w, r, m->layer);
	json_put_end(w, '}');
}

static void put_misconfiguration(struct json_out *w, const struct report *r,
				 const struct finding *f, const struct finding_match *m)
{
	uint64_t line;
	(void)report_content_place(m, &line);
	json_put_object(w, NULL);
	json_put_text(w, "Type", "Image Security Check");
	json_put_string(w, "ID", f->check.advisory);
	json_put_string(w, "Title", f->check.title);
	json_put_string_nonempty(w, "Description", f->check.details);
	json_put_string(w, "Message", m->pkg.version);
	json_put_string_nonempty(w, "Resolution", f->remediation);
	json_put_text(w, "Severity", trivy_severity(f->check.severity));
	json_put_text(w, "Status", "FAIL");
	trivy_put_layer(w, r, m->layer);
	json_put_object(w, "CauseMetadata");
	json_put_u64(w, "StartLine", line);
	json_put_u64(w, "EndLine", line);
	json_put_end(w, '}');
	json_put_end(w, '}');
}

/* All of the file at target that is of the kind; the first of them stands at i, k. */
static void put_result(struct json_out *w, const struct report *r, struct bytes target, bool secret)
{
	json_put_object(w, NULL);
	json_put_string(w, "Target", target);
	json_put_text(w, "Class", secret ? "secret" : "config");
	if (!secret)
		json_put_text(w, "Type", "image");
	json_put_array(w, secret ? "Secrets" : "Misconfigurations");
	for (size_t i = 0; i < r->finding_count; i++) {
		const struct finding *f = &r->findings[i];
		uint64_t line;
		if (!report_is_content(f) || is_secret(f) != secret)
			continue;
		for (size_t k = 0; k < f->match_listed; k++) {
			if (!bytes_eq(report_content_place(&f->matches[k], &line), target))
				continue;
			if (secret)
				put_secret(w, r, f, &f->matches[k]);
			else
				put_misconfiguration(w, r, f, &f->matches[k]);
		}
	}
	json_put_end(w, ']');
	json_put_end(w, '}');
}

/* Has a result for this file and kind come before match k of finding i? */
static bool came_before(const struct report *r, size_t i, size_t k)
{
	uint64_t line;
	struct bytes target = report_content_place(&r->findings[i].matches[k], &line);
	for (size_t f = 0; f <= i; f++) {
		const struct finding *x = &r->findings[f];
		if (!report_is_content(x) || is_secret(x) != is_secret(&r->findings[i]))
			continue;
		size_t end = f == i ? k : x->match_listed;
		for (size_t m = 0; m < end; m++)
			if (bytes_eq(report_content_place(&x->matches[m], &line), target))
				return true;
	}
	return false;
}

void trivy_put_contents(struct json_out *w, const struct report *r)
{
	uint64_t line;
	for (size_t i = 0; i < r->finding_count; i++) {
		const struct finding *f = &r->findings[i];
		for (size_t k = 0; report_is_content(f) && k < f->match_listed; k++)
			if (!came_before(r, i, k))
				put_result(w, r, report_content_place(&f->matches[k], &line),
					   is_secret(f));
	}
}
