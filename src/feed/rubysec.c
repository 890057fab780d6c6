/* ruby-advisory-db, one YAML document for each advisory and gem ("gems/actionpack/CVE-2012-1.yml"):
 *
 *   gem: actionpack
 *   cve: 2012-1099        ghsa: 2xjj-5x6h-8vmf        osvdb: 79727
 *   url: …                title: …                    date: 2012-03-01
 *   description: |
 *     …
 *   cvss_v3: 6.1
 *   unaffected_versions:
 *     - "< 2.3.0"
 *   patched_versions:
 *     - ~> 3.0.12
 *     - ">= 3.2.2"
 *   related: {cve: […], ghsa: […], url: […]}
 *
 * Affected is what neither list holds. Scores have no vectors: their words are the vendor's
 * severity. Advisories about Ruby itself ("engine") name no gem: they are noted. */
#include "base/clock.h"
#include "base/num.h"
#include "feed/grow.h"
#include "feed/ranges.h"
#include "feed/rows.h"
#include "feed/text.h"
#include "feed/value.h"
#include "feed/yaml.h"

#define REQUIREMENTS_MAX 512U	   /* of one advisory: real ones have up to 10 */
#define JSON_MAX ((size_t)8 << 20) /* bytes: escapes make at most six of one */

struct advisory {
	struct draft d;
	struct bytes gem, cve, ghsa, osvdb, engine, odd;
	struct range_runs sound;
	double score;
};

static void read_versions(struct json *j, struct advisory *v)
{
	for (bool more = value_array(j); more && json_next_item(j);) {
		struct range_run r;
		struct bytes text = value_text(j);
		if (text.len == 0)
			continue;
		if (!range_run_parse(&v->d, text, &r)) {
			v->odd = v->odd.len ? v->odd : text;
			continue;
		}
		if (v->sound.count == REQUIREMENTS_MAX) {
			json_fail(j, "more than 512 requirements");
			return;
		}
		struct range_run *room =
		    feed_grow(v->d.a, v->sound.v, v->sound.count, sizeof *room);
		if (!room) {
			v->d.no_memory = true;
			return;
		}
		v->sound.v = room;
		room[v->sound.count++] = r;
	}
}

static void read_score(struct json *j, struct advisory *v)
{
	double score;
	if (num_double(value_text(j), &score) && v->score == 0)
		v->score = score;
}

static void read_related(struct json *j, struct advisory *v)
{
	struct bytes key;
	if (!value_object(j))
		return;
	while (json_next_key(j, &key)) {
		bool url = bytes_eq_lit(key, "url");
		for (bool more = url && value_array(j); more && json_next_item(j);)
			draft_reference(&v->d, "WEB", value_text(j));
		if (!url)
			json_skip(j);
	}
}

static void read_member(struct json *j, struct advisory *v, struct bytes key)
{
	struct adv *adv = &v->d.adv;
	const struct bytes_slot slots[] = {
	    {"gem", &v->gem},
	    {"cve", &v->cve},
	    {"ghsa", &v->ghsa},
	    {"osvdb", &v->osvdb},
	    {"engine", &v->engine},
	    {"title", &adv->summary},
	    {"description", &adv->details},
	};
	struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
	if (to)
		*to = value_text(j);
	else if (bytes_eq_lit(key, "url"))
		draft_reference(&v->d, "ADVISORY", value_text(j));
	else if (bytes_eq_lit(key, "date"))
		adv->published_ms = value_time(j);
	else if (bytes_has_prefix_lit(key, "cvss_v"))
		read_score(j, v);
	else if (bytes_eq_lit(key, "patched_versions") || bytes_eq_lit(key, "unaffected_versions"))
		read_versions(j, v);
	else if (bytes_eq_lit(key, "related"))
		read_related(j, v);
	else
		json_skip(j);
}

/* "CVE-2012-1099" before "GHSA-…" before "OSVDB-…"; the others are aliases. */
static void set_ids(struct advisory *v)
{
	const struct {
		const char *start;
		struct bytes text;
	} ids[] = {{"CVE-", v->cve}, {"GHSA-", v->ghsa}, {"OSVDB-", v->osvdb}};
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		if (ids[i].text.len == 0 || ids[i].text.len > 40)
			continue;
		struct bytes id =
		    draft_printf(&v->d, "%s%.*s", ids[i].start, BYTES_ARG(ids[i].text));
		if (v->d.adv.id.len == 0)
			v->d.adv.id = id;
		else if (i < 2) /* OSVDB is gone */
			draft_alias(&v->d, id);
	}
}

static int send(struct advisory *v, struct bytes path, const struct feed_sink *sink, struct err *e)
{
	int rc = 0;
	if (v->gem.len == 0)
		return sink->note(sink->arg, path,
				  v->engine.len ? "record not used: about a Ruby engine, not a gem"
						: "record not used: no gem",
				  e);
	set_ids(v);
	struct adv_affected *f =
	    draft_affected(&v->d, BYTES_LIT("RubyGems"), v->gem, ADV_BY_BINARY);
	if (f)
		range_runs_invert(&v->d, &v->sound, f);
	for (size_t k = 0; k < v->d.adv.affected_count; k++) {
		f = &v->d.adv.affected[k];
		f->status = ADV_AFFECTED;
		for (size_t i = 0; i < f->event_count; i++)
			if (f->events[i].kind == ADV_FIXED_AT)
				f->status = ADV_FIXED;
		f->severity_text = draft_score_word(v->score);
	}
	if (v->odd.len > 0)
		rc =
		    sink->note(sink->arg, path, "a requirement not used: not of RubyGems' form", e);
	return rc < 0 ? rc : draft_send(&v->d, path, sink, e);
}

bool rubysec_wants(struct bytes path)
{
	bool yaml = bytes_has_suffix_lit(path, ".yml");
	return yaml && (bytes_has_prefix_lit(path, "gems/") ||
			bytes_find_bytes(path, BYTES_LIT("/gems/")) < path.len);
}

int rubysec_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
		   struct arena *a, struct err *e)
{
	struct json j;
	struct buf text;
	struct bytes key;
	struct advisory v = {.score = 0};
	draft_init(&v.d, a, "rubysec", BYTES_NONE);
	buf_init(&text, JSON_MAX);
	int rc = yaml_to_json(document, &text, e);
	if (rc == 0) {
		json_init(&j, buf_bytes(&text), a);
		for (bool more = json_enter_object(&j); more && json_next_key(&j, &key);)
			read_member(&j, &v, key);
		rc = json_finish(&j, e);
	}
	if (rc == 0)
		rc = send(&v, path, sink, e);
	buf_free(&text);
	return rc;
}
