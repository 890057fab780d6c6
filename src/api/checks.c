/* Security checks. */
#include "api/routes.h"

#include "base/num.h"
#include "store/findings.h"

static void put_score(struct json_out *w, const char *key, struct cvss_score s)
{
	if (s.version == CVSS_NONE)
		return;
	json_put_object(w, key);
	json_put_double(w, "base", s.base, 1);
	json_put_end(w, '}');
}

static void put_check(struct json_out *w, const struct match_check *c, uint64_t images)
{
	json_put_object(w, NULL);
	json_put_u64(w, "id", c->id);
	json_put_string(w, "title", c->title);
	json_put_string(w, "category", c->category);
	json_put_string(w, "advisory", c->advisory);
	json_put_string(w, "source_name", c->source_name);
	json_put_text(w, "severity", adv_severity_word(c->severity));
	json_put_text(w, "vendor_severity", adv_severity_word(c->vendor_severity));
	json_put_array(w, "cves");
	for (size_t i = 0; i < c->cve_count; i++)
		json_put_string(w, NULL, c->cves[i]);
	json_put_end(w, ']');
	json_put_object(w, "cvss");
	put_score(w, "2.0", c->cvss_v2);
	put_score(w, "3.0", c->cvss_v3);
	put_score(w, "4.0", c->cvss_v4);
	json_put_end(w, '}');
	json_put_string_nonempty(w, "cvss_vector", c->cvss_vector);
	json_put_bool(w, "kev", c->kev);
	json_put_bool(w, "ransomware", c->ransomware);
	if (c->epss >= 0)
		json_put_double(w, "epss", c->epss, 5);
	if (c->epss_percentile >= 0)
		json_put_double(w, "epss_percentile", c->epss_percentile, 5);
	json_put_time(w, "published", c->published_ms);
	json_put_time(w, "modified", c->modified_ms);
	json_put_string(w, "summary", c->summary);
	json_put_string(w, "description", c->details);
	json_put_array(w, "references");
	for (size_t i = 0; i < c->reference_count; i++) {
		json_put_object(w, NULL);
		json_put_string(w, "type", c->references[i].type);
		json_put_string(w, "url", c->references[i].url);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
	json_put_u64(w, "images", images);
	json_put_end(w, '}');
}

struct asked {
	struct http_request *r;
	uint64_t id;
};

static int write_check(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct asked *q = arg;
	struct match_check c;
	uint64_t images;
	int r = fnd_check(tx, q->id, http_arena(q->r), &c, &images, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no security check %llu",
			       (unsigned long long)q->id);
	if (r > 0)
		put_check(w, &c, images);
	return r < 0 ? r : 0;
}

static int get_check(struct http_request *r, struct err *e)
{
	struct asked q = {.r = r};
	if (!num_u64(http_param(r, "id"), UINT64_C(1) << 53, &q.id))
		return err_set(e, ERR_NOT_FOUND, "there is no security check \"%.*s\"",
			       BYTES_ARG(http_param(r, "id")));
	return api_reply_read(r, 200, write_check, &q, e);
}

const struct http_route api_checks_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/checks/{id}",
     .handle = get_check,
     .action = ACTION_SECURITY_READ,
     .summary = "A security check in full"},
};
const size_t api_checks_route_count = sizeof api_checks_routes / sizeof *api_checks_routes;
