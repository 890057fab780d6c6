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
	for (size_t i = 0; rows && i < count; i++) {
		json_put_object(w, NULL);
		json_put_string(w, "@id", rows[i]->purl);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
	free(rows);
}

static void put_vulnerability(struct json_out *w, const struct match_check *c, struct bytes id)
{
	struct buf url;
	buf_init(&url, REPORT_URL_MAX);
	report_put_url(&url, id);
	json_put_object(w, "vulnerability");
	json_put_string_nonempty(w, "@id", buf_bytes(&url));
	json_put_string(w, "name", id);
	json_put_string_nonempty(w, "description", c->summary.len ? c->summary : c->title);
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
	put_vulnerability(w, &f->check, id);
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

/* What a VEX document took out is said on, with its reason. */
static void put_decided(struct json_out *w, const struct report *r, const struct exception_hit *h,
			struct bytes id)
{
	struct buf product;
	bool fixed = h->by->status == ADV_FIXED;
	buf_init(&product, 65536);
	report_put_image_purl(&product, r);
	json_put_object(w, NULL);
	put_vulnerability(w, &h->check, id);
	json_put_array(w, "products");
	json_put_object(w, NULL);
	json_put_string(w, "@id", buf_bytes(&product));
	json_put_array(w, "subcomponents");
	json_put_object(w, NULL);
	json_put_string(w, "@id", h->match.purl);
	json_put_end(w, '}');
	json_put_end(w, ']');
	json_put_end(w, '}');
	json_put_end(w, ']');
	json_put_text(w, "status", fixed ? "fixed" : "not_affected");
	if (!fixed) {
		if (exception_is_justification(h->by->justification))
			json_put_string(w, "justification", h->by->justification);
		json_put_string(w, "impact_statement",
				h->by->statement.len	   ? h->by->statement
				: h->by->justification.len ? h->by->justification
							   : h->by->source);
	}
	json_put_end(w, '}');
	json_put_need(w, &product);
	buf_free(&product);
}

static void put_statements(struct json_out *w, const struct report *r, struct bytes document)
{
	for (size_t i = 0; i < r->finding_count; i++)
		for (size_t c = 0; c < report_id_count(&r->findings[i]); c++)
			put_statement(w, r, document, &r->findings[i],
				      report_id(&r->findings[i], c));
	for (size_t i = 0; i < r->excepted_count; i++) {
		const struct exception_hit *h = &r->excepted[i];
		for (size_t c = 0; h->by->kind == EXCEPTION_VEX && c < h->check.cve_count; c++)
			put_decided(w, r, h, h->check.cves[c]);
	}
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
	put_statements(&w, r, buf_bytes(&id));
	json_put_end(&w, ']');
	json_put_end(&w, '}');
	json_put_need(&w, &id);
	json_put_need(&w, &tool);
	buf_free(&id);
	buf_free(&tool);
	return report_end(out, e);
}
