/* OpenVEX 0.2.0 (github.com/openvex/spec): a statement for each vulnerability of a finding, whose
 * product is the image and whose subcomponents are the packages that it hits. A statement's @id
 * ends in the security check's number and the vulnerability. */
#include "report/formats.h"
#include "report/parts.h"

#include <stdlib.h>

static void put_subcomponents(struct json_out *w, const struct finding *f)
{
	size_t count = 0;
	struct err e = ERR_INIT;
	const struct finding_match **rows = parts_hit(f, &count, &e);
	w->out->failed |= !rows;
	json_put_array(w, "subcomponents");
	for (size_t i = 0; i < count; i++) {
		json_put_object(w, NULL);
		json_put_string(w, "@id", rows[i]->purl);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
	free(rows);
}

static void put_vulnerability(struct json_out *w, const struct finding *f, struct bytes id)
{
	struct buf url;
	buf_init(&url, REPORT_URL_MAX);
	report_put_url(&url, id);
	json_put_object(w, "vulnerability");
	json_put_string_nonempty(w, "@id", buf_bytes(&url));
	json_put_string(w, "name", id);
	json_put_string_nonempty(w, "description",
				 f->check.summary.len ? f->check.summary : f->check.title);
	json_put_end(w, '}');
	json_put_need(w, &url);
	buf_free(&url);
}

static void put_statement(struct json_out *w, const struct report *r, struct bytes document,
			  const struct finding *f, struct bytes id)
{
	struct buf text;
	bool open = f->status == ADV_UNDER_INVESTIGATION;
	buf_init(&text, 65536);
	buf_put(&text, document);
	buf_printf(&text, "#%llu-", (unsigned long long)f->check.id);
	buf_put_percent(&text, id, "");
	json_put_object(w, NULL);
	json_put_string(w, "@id", buf_bytes(&text));
	json_put_need(w, &text);
	put_vulnerability(w, f, id);
	json_put_array(w, "products");
	json_put_object(w, NULL);
	buf_clear(&text);
	report_put_image_purl(&text, r);
	json_put_string(w, "@id", buf_bytes(&text));
	json_put_need(w, &text);
	put_subcomponents(w, f);
	json_put_end(w, '}');
	json_put_end(w, ']');
	json_put_text(w, "status", open ? "under_investigation" : "affected");
	buf_clear(&text);
	buf_put(&text, f->remediation);
	if (!f->remediation.len)
		buf_printf(&text, "There is no fixed version: %s", adv_status_word(f->status));
	json_put_string(w, open ? "status_notes" : "action_statement", buf_bytes(&text));
	json_put_need(w, &text);
	json_put_end(w, '}');
	buf_free(&text);
}

int openvex_put(const struct report *r, struct buf *out, struct err *e)
{
	struct json_out w;
	struct buf id, tool;
	char digest[DIGEST_TEXT_CAP];
	digest_text(&r->input->digest, digest);
	struct bytes hex = bytes_of(digest);
	(void)bytes_cut(&hex, ':');
	buf_init(&id, 512);
	buf_init(&tool, 256);
	buf_printf(&id, "https://openvex.dev/docs/plimsoll-%.*s-%lld", BYTES_ARG(hex),
		   (long long)r->now_ms);
	buf_printf(&tool, "plimsoll %s", r->version);
	json_out_init(&w, out, true);
	json_put_object(&w, NULL);
	json_put_text(&w, "@context", "https://openvex.dev/ns/v0.2.0");
	json_put_string(&w, "@id", buf_bytes(&id));
	json_put_text(&w, "author", "Plimsoll");
	json_put_text(&w, "role", "Scanner");
	json_put_time(&w, "timestamp", r->now_ms);
	json_put_u64(&w, "version", 1);
	json_put_string(&w, "tooling", buf_bytes(&tool));
	json_put_array(&w, "statements");
	for (size_t i = 0; i < r->finding_count; i++)
		for (size_t c = 0; c < report_id_count(&r->findings[i]); c++)
			put_statement(&w, r, buf_bytes(&id), &r->findings[i],
				      report_id(&r->findings[i], c));
	json_put_end(&w, ']');
	json_put_end(&w, '}');
	json_put_need(&w, &id);
	json_put_need(&w, &tool);
	buf_free(&id);
	buf_free(&tool);
	return report_end(out, e);
}
