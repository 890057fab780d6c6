/* GitHub's dependency submission (REST API, "Create a snapshot of dependencies for a repository"):
 * the packages of the image; GitHub looks for vulnerabilities itself, so the findings are only
 * counted, in metadata. The commit, the reference and the job are the run's (struct report_run). */
#include "report/formats.h"
#include "report/parts.h"

#include <stdio.h>

static void put_head(struct json_out *w, const struct report *r)
{
	const struct report_run *run = &r->run;
	json_put_u64(w, "version", 0);
	json_put_text(w, "sha", run->commit ? run->commit : "");
	json_put_text(w, "ref", run->ref ? run->ref : "");
	json_put_object(w, "job");
	json_put_text(w, "id", run->job ? run->job : "plimsoll");
	json_put_text(w, "correlator", run->workflow ? run->workflow : "plimsoll");
	json_put_end(w, '}');
	json_put_object(w, "detector");
	json_put_text(w, "name", "plimsoll");
	json_put_text(w, "version", r->version);
	json_put_text(w, "url", "https://plimsoll.invalid/"); /* needed, and there is none */
	json_put_end(w, '}');
	json_put_object(w, "metadata");
	json_put_text(w, "state", assess_state_word(r->assess->state));
	json_put_u64(w, "findings", r->finding_count);
	json_put_end(w, '}');
	json_put_time(w, "scanned", r->now_ms);
}

int github_put(const struct report *r, struct buf *out, struct err *e)
{
	struct json_out w;
	struct arena a;
	struct part *parts = NULL;
	size_t count = 0;
	arena_init(&a, REPORT_MEMORY_MAX);
	int rc = parts_of(r, &a, &parts, &count, e);
	json_out_init(&w, out, true);
	json_put_object(&w, NULL);
	put_head(&w, r);
	json_put_object(&w, "manifests");
	json_put_object(&w, "image");
	json_put_string(&w, "name", r->input->name);
	json_put_object(&w, "resolved");
	for (size_t i = 0; i < count; i++) {
		if (i && bytes_eq(parts[i].purl, parts[i - 1].purl))
			continue;
		/* The key is only this list's own: a number, for a purl is no literal. */
		char key[24];
		(void)snprintf(key, sizeof key, "%zu", i);
		json_put_object(&w, key);
		json_put_string(&w, "package_url", parts[i].purl);
		json_put_text(&w, "relationship", "direct");
		json_put_text(&w, "scope", "runtime");
		json_put_end(&w, '}');
	}
	json_put_end(&w, '}');
	json_put_end(&w, '}');
	json_put_end(&w, '}');
	json_put_end(&w, '}');
	arena_free(&a);
	return rc < 0 ? rc : report_end(out, e);
}
