/* FriendsOfPHP's security advisories, one YAML document for each ("drupal/core/CVE-2017-1.yaml"):
 *
 *   title: …
 *   link: https://…
 *   cve: CVE-2017-6920 | ~
 *   branches:
 *     8.x:
 *       time: 2017-06-21 17:00:00
 *       versions: ['>=8.0', '<8.3.4']
 *   reference: composer://drupal/core
 *
 * Each branch is a range. An advisory without a CVE is called after its file. */
#include "base/clock.h"
#include "feed/draft.h"
#include "feed/rows.h"
#include "feed/text.h"
#include "feed/value.h"
#include "feed/yaml.h"

#define JSON_MAX ((size_t)8 << 20) /* bytes: escapes make at most six of one */
#define BRANCHES_MAX 255	   /* ranges of one package: their number is a byte */

struct advisory {
	struct draft d;
	struct adv_affected f;
	struct bytes cve, reference;
	size_t branches;
	bool odd;  /* a constraint that is none */
	bool many; /* more branches than there may be */
};

/* ">=8.0", "<8.3.4" of one branch. */
static void read_versions(struct json *j, struct advisory *v)
{
	struct bytes from = BYTES_LIT("0"), to = BYTES_NONE;
	bool through = false, known = true;
	for (bool more = value_array(j); more && json_next_item(j);) {
		struct bytes text = bytes_trim(value_text(j));
		size_t n = 0;
		while (n < text.len && bytes_find(BYTES_LIT("<>="), text.ptr[n]) < 3)
			n++;
		struct bytes mark = bytes_part(text, 0, n),
			     version = bytes_trim(bytes_from(text, n));
		bool up = bytes_eq_lit(mark, "<") || bytes_eq_lit(mark, "<=");
		bool one = n == 0 || bytes_eq_lit(mark, "=") || bytes_eq_lit(mark, "==");
		/* ">" is taken for ">=": what it leaves out is one version that nobody has twice */
		known &= version.len > 0 && (up || one || mark.ptr[0] == '>') &&
			 (byte_is_digit(version.ptr[0]) || version.ptr[0] == 'v');
		if (up || one) {
			to = version;
			through = one || mark.len == 2;
		}
		if (!up)
			from = version;
	}
	v->odd |= !known;
	v->many |= known && v->branches >= BRANCHES_MAX;
	if (!known || v->branches >= BRANCHES_MAX)
		return;
	uint8_t range = (uint8_t)v->branches++;
	draft_event(&v->d, &v->f, range, ADV_INTRODUCED, from);
	if (to.len > 0)
		draft_event(&v->d, &v->f, range, through ? ADV_LAST_AFFECTED : ADV_FIXED_AT, to);
}

/* "2017-06-21 17:00:00" */
static void read_time(struct json *j, struct advisory *v)
{
	int64_t ms;
	struct bytes text = value_text(j);
	if (v->d.adv.published_ms == 0 && clock_parse_rfc3339(bytes_part(text, 0, 10), &ms))
		v->d.adv.published_ms = ms;
}

static void read_branches(struct json *j, struct advisory *v)
{
	struct bytes branch, key;
	if (!value_object(j))
		return;
	while (json_next_key(j, &branch)) {
		for (bool in = value_object(j); in && json_next_key(j, &key);) {
			if (bytes_eq_lit(key, "versions"))
				read_versions(j, v);
			else if (bytes_eq_lit(key, "time"))
				read_time(j, v);
			else
				json_skip(j);
		}
	}
}

static void read_document(struct json *j, struct advisory *v)
{
	struct bytes key;
	for (bool more = json_enter_object(j); more && json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "title"))
			v->d.adv.summary = value_text(j);
		else if (bytes_eq_lit(key, "link"))
			draft_reference(&v->d, "ADVISORY", value_text(j));
		else if (bytes_eq_lit(key, "cve"))
			v->cve = value_text(j);
		else if (bytes_eq_lit(key, "reference"))
			v->reference = value_text(j);
		else if (bytes_eq_lit(key, "branches"))
			read_branches(j, v);
		else
			json_skip(j);
	}
}

static int send(struct advisory *v, struct bytes path, const struct feed_sink *sink, struct err *e)
{
	bool ok = true;
	int rc = 0;
	struct bytes start = BYTES_LIT("composer://");
	if (!bytes_has_prefix(v->reference, start))
		return sink->note(sink->arg, path, "record not used: no package of Composer", e);
	struct bytes name = arena_lower(v->d.a, bytes_from(v->reference, start.len), &ok);
	struct bytes file = text_file_name(path);
	file = bytes_part(file, 0, bytes_find_last(file, '.'));
	v->d.no_memory |= !ok;
	v->d.adv.id = bytes_has_prefix_lit(v->cve, "CVE-")
			  ? v->cve
			  : draft_printf(&v->d, "%.*s/%.*s", BYTES_ARG(bytes_part(name, 0, 120)),
					 BYTES_ARG(bytes_part(file, 0, 80)));
	if (v->odd)
		rc = sink->note(sink->arg, path, "a branch not used: its versions are no range", e);
	if (rc == 0 && v->many)
		rc = sink->note(sink->arg, path, "branches not used: there are more than 255", e);
	if (rc == 0 && v->f.event_count == 0)
		return sink->note(sink->arg, path, "record not used: no versions", e);
	struct adv_affected *f = draft_affected(&v->d, BYTES_LIT("Packagist"), name, ADV_BY_BINARY);
	if (f) {
		f->events = v->f.events;
		f->event_count = v->f.event_count;
		for (size_t i = 0; i < f->event_count; i++)
			if (f->events[i].kind == ADV_FIXED_AT)
				f->status = ADV_FIXED;
	}
	return rc < 0 ? rc : draft_send(&v->d, path, sink, e);
}

bool php_advisories_wants(struct bytes path)
{
	return bytes_has_suffix_lit(path, ".yaml");
}

int php_advisories_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
			  struct arena *a, struct err *e)
{
	struct json j;
	struct buf text;
	struct advisory v = {.branches = 0};
	draft_init(&v.d, a, "php-advisories", BYTES_NONE);
	buf_init(&text, JSON_MAX);
	int rc = yaml_to_json(document, &text, e);
	if (rc == 0) {
		json_init(&j, buf_bytes(&text), a);
		read_document(&j, &v);
		rc = json_finish(&j, e);
	}
	if (rc == 0)
		rc = send(&v, path, sink, e);
	buf_free(&text);
	return rc;
}
