/* "affected" of an OSV record: an array of
 *
 *   {"package": {"ecosystem", "name", "purl"}, "severity": [{"type", "score"}],
 *    "ranges": [{"type": "SEMVER" | "ECOSYSTEM" | "GIT", "repo", "events": [{"introduced" | "fixed"
 * | "last_affected" | "limit": version}]}], "versions": [version], "ecosystem_specific": {…},
 * "database_specific": {…}}
 *
 * What the two last hold is each database's own; the keys read here are those that databases use
 * (docs/formats/osv.md lists them). GIT ranges name commits, which no installed package states: an
 * entry that has nothing else is not used, and this is noted. */
#include "feed/grow.h"
#include "feed/osv.h"
#include "feed/value.h"
#include "pkg/python_name.h"
#include "pkg/version.h"

#include <string.h>

/* Distributions. Where a purl says arch=source, or keyed_by says otherwise, that wins. */
static const struct osv_rules rules_table[] = {
    {"AlmaLinux", ADV_BY_BINARY, true, true, false},
    {"Alpaquita", ADV_BY_SOURCE, false, false, false},
    {"Alpine", ADV_BY_SOURCE, false, false, false},
    {"Amazon Linux", ADV_BY_BINARY, true, false, false},
    {"Azure Linux", ADV_BY_SOURCE, true, false, false},
    {"BellSoft Hardened Containers", ADV_BY_SOURCE, false, false, false},
    {"Arch Linux", ADV_BY_BINARY, false, false, false},
    {"Bottlerocket", ADV_BY_SOURCE, true, false, false},
    {"CBL-Mariner", ADV_BY_SOURCE, true, false, false},
    {"CentOS", ADV_BY_BINARY, true, false, false},
    {"Chainguard", ADV_BY_BINARY, false, false, true},
    {"Debian", ADV_BY_SOURCE, true, false, false},
    {"Echo", ADV_BY_SOURCE, false, false, false},
    {"Fedora", ADV_BY_BINARY, true, false, false},
    {"Mageia", ADV_BY_SOURCE, true, false, false},
    {"MinimOS", ADV_BY_BINARY, false, false, false}, /* lists sub-packages one by one */
    {"Oracle Linux", ADV_BY_BINARY, true, false, false},
    {"Photon OS", ADV_BY_SOURCE, true, false, false},
    {"Red Hat", ADV_BY_BINARY, true, false, false},
    /* Rocky's records name source packages ("kernel", "java-11-openjdk") and no sub-package. */
    {"Rocky Linux", ADV_BY_SOURCE, true, true, false},
    {"Root:Alpine", ADV_BY_SOURCE, false, false, false},
    {"Root:Debian", ADV_BY_SOURCE, false, false, false},
    {"Root:Ubuntu", ADV_BY_SOURCE, false, false, false},
    {"SUSE", ADV_BY_SOURCE, true, false, false},
    {"Ubuntu", ADV_BY_SOURCE, true, false, false},
    {"Wolfi", ADV_BY_BINARY, false, false, true},
    {"openEuler", ADV_BY_SOURCE, true, false, false},
    {"openSUSE", ADV_BY_SOURCE, true, false, false},
};

#define RANGES_MAX 256 /* ranges of one entry: their number is a byte */

const struct osv_rules *osv_rules_row(size_t i)
{
	return i < sizeof rules_table / sizeof *rules_table ? &rules_table[i] : NULL;
}

const struct osv_rules *osv_rules_of(struct bytes ecosystem)
{
	for (size_t i = 0; i < sizeof rules_table / sizeof *rules_table; i++) {
		struct bytes name = bytes_of(rules_table[i].ecosystem);
		if (bytes_has_prefix(ecosystem, name) &&
		    (ecosystem.len == name.len ||
		     bytes_has_prefix_lit(bytes_from(ecosystem, name.len), ":")))
			return &rules_table[i];
	}
	return NULL;
}

/* What one entry said, before it is known which ecosystem it is of. */
struct entry {
	struct adv_affected out;
	struct bytes purl, keyed_by, urgency;
	struct bytes packages; /* Go */
	enum adv_status stated;
	bool has_git;
	unsigned ranges;
};

/* False when out of memory; the reader has failed then. */
static bool add_affected(struct osv_record *r, const struct adv_affected *f)
{
	struct adv_affected *list =
	    feed_grow(r->a, r->adv.affected, r->adv.affected_count, sizeof *list);
	if (!list) {
		json_fail_memory(r->j);
		return false;
	}
	r->adv.affected = list;
	list[r->adv.affected_count++] = *f;
	return true;
}

static void add_event(struct osv_record *r, struct entry *in, enum adv_event kind)
{
	struct bytes version = value_text(r->j);
	if (version.len == 0)
		return;
	struct adv_range_event *room =
	    feed_grow(r->a, in->out.events, in->out.event_count, sizeof *room);
	if (!room) {
		json_fail_memory(r->j);
		return;
	}
	in->out.events = room;
	room[in->out.event_count++] = (struct adv_range_event){
	    .range = (uint8_t)in->ranges, .kind = kind, .version = version};
}

static void read_event(struct osv_record *r, struct entry *in)
{
	struct bytes key;
	if (!value_object(r->j))
		return;
	while (json_next_key(r->j, &key)) {
		if (bytes_eq_lit(key, "introduced"))
			add_event(r, in, ADV_INTRODUCED);
		else if (bytes_eq_lit(key, "fixed"))
			add_event(r, in, ADV_FIXED_AT);
		else if (bytes_eq_lit(key, "last_affected"))
			add_event(r, in, ADV_LAST_AFFECTED);
		else if (bytes_eq_lit(key, "limit"))
			add_event(r, in, ADV_LIMIT);
		else
			json_skip(r->j);
	}
}

/* The type may follow the events: they are read first and dropped if the range is one
 * of commits. */
static void read_range(struct osv_record *r, struct entry *in)
{
	struct bytes key, type = BYTES_NONE;
	size_t before = in->out.event_count;
	if (!value_object(r->j))
		return;
	if (in->ranges >= RANGES_MAX) {
		json_fail(r->j, "more than 256 ranges of one package");
		return;
	}
	while (json_next_key(r->j, &key)) {
		if (bytes_eq_lit(key, "type"))
			type = value_text(r->j);
		else if (bytes_eq_lit(key, "events") && value_array(r->j))
			while (json_next_item(r->j))
				read_event(r, in);
		else if (!bytes_eq_lit(key, "events"))
			json_skip(r->j);
	}
	if (bytes_eq_lit(type, "GIT")) {
		in->has_git = true;
		in->out.event_count = before;
	} else if (in->out.event_count > before) {
		in->ranges++;
	}
}

static void read_package(struct osv_record *r, struct entry *in)
{
	struct bytes key;
	if (!value_object(r->j))
		return;
	while (json_next_key(r->j, &key)) {
		if (bytes_eq_lit(key, "ecosystem"))
			in->out.ecosystem = value_text(r->j);
		else if (bytes_eq_lit(key, "name"))
			in->out.name = value_text(r->j);
		else if (bytes_eq_lit(key, "purl"))
			in->purl = value_text(r->j);
		else
			json_skip(r->j);
	}
}

/* With a space between. */
static struct bytes join_words(struct osv_record *r, const struct bytes *list, size_t count)
{
	size_t len = 0;
	for (size_t i = 0; i < count; i++)
		len += list[i].len + 1;
	if (count == 0)
		return BYTES_NONE;
	uint8_t *text = arena_alloc(r->a, len, 1);
	if (!text) {
		json_fail_memory(r->j);
		return BYTES_NONE;
	}
	len = 0;
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			text[len++] = ' ';
		memcpy(text + len, list[i].ptr, list[i].len);
		len += list[i].len;
	}
	return (struct bytes){text, len};
}

/* ["x86_64", "aarch64"], or one string: "x86_64 aarch64". */
static struct bytes read_arches(struct osv_record *r)
{
	struct bytes *list = NULL;
	size_t count = 0;
	if (json_peek(r->j) != JSON_ARRAY)
		return value_text(r->j);
	osv_read_list(r, &list, &count, 64);
	return join_words(r, list, count);
}

static struct bytes read_first(struct osv_record *r)
{
	struct bytes *list = NULL;
	size_t count = 0;
	if (json_peek(r->j) != JSON_ARRAY)
		return value_text(r->j);
	osv_read_list(r, &list, &count, 64);
	return count > 0 ? list[0] : BYTES_NONE;
}

static void keep(struct bytes *to, struct bytes value)
{
	if (value.len > 0)
		*to = value;
}

static struct bytes read_path(struct json *j)
{
	struct bytes key, path = BYTES_NONE;
	if (!value_object(j))
		return path;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "path"))
			path = value_text(j);
		else
			json_skip(j);
	}
	return path;
}

/* Go: [{"path": "net/http", "symbols": ["Get"]}]: the packages of the module that are affected. One
 * that is not named makes it all of them. */
static struct bytes read_imports(struct osv_record *r)
{
	struct bytes *list = NULL;
	size_t count = 0;
	bool whole = true;
	if (!value_array(r->j))
		return BYTES_NONE;
	while (json_next_item(r->j)) {
		struct bytes *more = feed_grow(r->a, list, count, sizeof *list);
		if (!more) {
			json_fail_memory(r->j);
			return BYTES_NONE;
		}
		list = more;
		list[count] = read_path(r->j);
		whole =
		    whole && list[count].len > 0 && bytes_find(list[count], ' ') == list[count].len;
		count++;
	}
	return whole ? join_words(r, list, count) : BYTES_NONE;
}

static void read_specific_key(struct osv_record *r, struct entry *in, struct bytes key)
{
	struct json *j = r->j;
	if (bytes_eq_lit(key, "keyed_by"))
		keep(&in->keyed_by, value_text(j));
	else if (bytes_eq_lit(key, "arches") || bytes_eq_lit(key, "arch"))
		keep(&in->out.arches, read_arches(r));
	else if (bytes_eq_lit(key, "module") || bytes_eq_lit(key, "rpm_modularity"))
		keep(&in->out.module, value_text(j));
	else if (bytes_eq_lit(key, "vendor_ids") || bytes_eq_lit(key, "advisory"))
		keep(&in->out.vendor_id, read_first(r));
	else if (bytes_eq_lit(key, "imports"))
		in->packages = read_imports(r);
	else if (bytes_eq_lit(key, "urgency"))
		keep(&in->urgency, value_text(j));
	else if (bytes_eq_lit(key, "severity") || bytes_eq_lit(key, "ubuntu_priority") ||
		 bytes_eq_lit(key, "informational"))
		keep(&in->out.severity_text, value_text(j));
	else if (bytes_eq_lit(key, "status") || bytes_eq_lit(key, "fix_state") ||
		 bytes_eq_lit(key, "fix_status") || bytes_eq_lit(key, "nodsa_reason")) {
		enum adv_status stated = value_status(value_text(j));
		if (stated != ADV_UNKNOWN)
			in->stated = stated;
	} else if (!osv_read_shared(r, key))
		json_skip(j);
}

static void read_specific(struct osv_record *r, struct entry *in)
{
	struct bytes key;
	if (!value_object(r->j))
		return;
	while (json_next_key(r->j, &key))
		read_specific_key(r, in, key);
}

static void read_entry(struct osv_record *r, struct entry *in)
{
	struct bytes key;
	if (!value_object(r->j))
		return;
	while (json_next_key(r->j, &key)) {
		if (bytes_eq_lit(key, "package")) {
			read_package(r, in);
		} else if (bytes_eq_lit(key, "ranges")) {
			if (value_array(r->j))
				while (json_next_item(r->j))
					read_range(r, in);
		} else if (bytes_eq_lit(key, "versions")) {
			osv_read_versions(r, &in->out);
		} else if (bytes_eq_lit(key, "severity")) {
			osv_read_severity(r, &in->out.severity_text);
		} else if (bytes_eq_lit(key, "database_specific") ||
			   bytes_eq_lit(key, "ecosystem_specific")) {
			read_specific(r, in);
		} else {
			json_skip(r->j);
		}
	}
}

/* The service of Ubuntu Pro that delivers: "esm-infra" of
 * "pkg:deb/ubuntu/wayland@1.12?arch=source&distro=esm-infra/xenial"; "trusty/esm" was its name on
 * 14.04. */
static struct bytes pro_service(struct bytes purl)
{
	size_t at = bytes_find_bytes(purl, BYTES_LIT("distro="));
	struct bytes rest =
	    at < purl.len ? bytes_from(purl, at + sizeof "distro=" - 1) : BYTES_NONE;
	rest = bytes_part(rest, 0, bytes_find(rest, '&'));
	struct bytes release = rest;
	struct bytes service = bytes_cut(&release, '/');
	if (release.len == 0)
		return BYTES_NONE;
	return bytes_eq_lit(release, "esm") ? BYTES_LIT("esm-infra") : service;
}

static enum adv_keyed keyed_of(const struct entry *in, const struct osv_rules *rules)
{
	if (bytes_eq_lit(in->keyed_by, "source"))
		return ADV_BY_SOURCE;
	if (bytes_eq_lit(in->keyed_by, "binary") || bytes_eq_lit(in->keyed_by, "library"))
		return ADV_BY_BINARY;
	if (bytes_find_bytes(in->purl, BYTES_LIT("arch=source")) < in->purl.len)
		return ADV_BY_SOURCE;
	return rules ? rules->keyed : ADV_BY_BINARY;
}

/* A real fixed version overrides what was said before it existed (a postponed or ignored state),
 * but not "not affected". */
static enum adv_status status_of(const struct entry *in)
{
	if (in->stated == ADV_NOT_AFFECTED)
		return ADV_NOT_AFFECTED;
	for (size_t i = 0; i < in->out.event_count; i++)
		if (in->out.events[i].kind == ADV_FIXED_AT)
			return ADV_FIXED;
	if (in->stated != ADV_UNKNOWN && in->stated != ADV_FIXED)
		return in->stated;
	return ADV_AFFECTED;
}

static const char *why_unused(const struct entry *in)
{
	if (in->out.ecosystem.len == 0 || in->out.name.len == 0)
		return in->has_git ? "no package, only GIT ranges" : "no package named";
	if (in->out.event_count > 0 || in->out.version_count > 0 || in->stated == ADV_NOT_AFFECTED)
		return NULL;
	return in->has_git ? "only GIT ranges" : "neither ranges nor versions";
}

/* Architecture of "pkg:apk/wolfi/prism?arch=aarch64": Wolfi and Chainguard make a record for each.
 */
static struct bytes purl_arch(struct bytes purl)
{
	struct bytes rest = bytes_from(purl, bytes_find(purl, '?') + 1);
	while (rest.len > 0) {
		struct bytes value = bytes_cut(&rest, '&');
		struct bytes key = bytes_cut(&value, '=');
		if (bytes_eq_lit(key, "arch") && !bytes_eq_lit(value, "source"))
			return value;
	}
	return BYTES_NONE;
}

static bool is_no_version(struct bytes ecosystem, const struct adv_range_event *v)
{
	const struct ver_scheme *scheme = ver_of_ecosystem(ecosystem);
	return scheme && osv_rules_of(ecosystem) &&
	       !(v->kind == ADV_LIMIT && bytes_eq_lit(v->version, "*")) &&
	       !ver_is_comparable(scheme, v->version);
}

/* "<not-affected>", "<unfixed>": Debian's lists have such words in a version's place, and a few
 * records took them over. What is no version and no word either stays: nothing can be compared with
 * it, and the matcher says so. Either is noted. */
static void read_words(struct osv_record *r, struct entry *in)
{
	size_t kept = 0;
	for (size_t i = 0; i < in->out.event_count; i++) {
		struct adv_range_event *v = &in->out.events[i];
		bool odd = is_no_version(in->out.ecosystem, v);
		bool word = odd && bytes_has_prefix_lit(v->version, "<") &&
			    bytes_has_suffix_lit(v->version, ">");
		enum adv_status as =
		    word ? value_status(bytes_part(v->version, 1, v->version.len - 2))
			 : ADV_UNKNOWN;
		if (odd && r->odd_version.len == 0) {
			r->odd_name = in->out.name;
			r->odd_version = v->version;
			r->odd_as = as;
		}
		if (as == ADV_UNKNOWN || as == ADV_FIXED)
			in->out.events[kept++] = *v;
		else
			in->stated = as;
	}
	in->out.event_count = kept;
}

void osv_finish_affected(struct osv_record *r)
{
	size_t count = r->adv.affected_count;
	for (size_t i = 0; i < count && !r->alone; i++) {
		const struct adv_affected *f = &r->adv.affected[i];
		const struct osv_rules *rules = osv_rules_of(f->ecosystem);
		if (!rules || !rules->origins_too || f->keyed != ADV_BY_BINARY)
			continue;
		struct adv_affected by_source = *f;
		by_source.keyed = ADV_BY_SOURCE;
		if (!add_affected(r, &by_source))
			return;
	}
}

/* Names as they are compared: PyPI's as PEP 503 has them, NuGet's and Packagist's without case.
 * Packages are looked up in that form. */
static void fold_name(struct osv_record *r, struct adv_affected *x)
{
	bool ok = true;
	if (bytes_eq_lit(x->ecosystem, "PyPI")) {
		struct bytes name = python_name(x->name, r->a);
		ok = name.len > 0 || x->name.len == 0;
		x->name = name;
	} else if (bytes_eq_lit(x->ecosystem, "NuGet") || bytes_eq_lit(x->ecosystem, "Packagist")) {
		x->name = arena_lower(r->a, x->name, &ok);
	}
	if (!ok)
		json_fail_memory(r->j);
}

static void finish_entry(struct osv_record *r, struct entry *in)
{
	const struct osv_rules *rules = osv_rules_of(in->out.ecosystem);
	read_words(r, in);
	const char *why = why_unused(in);
	if (why) {
		r->unused_why = r->unused_why ? r->unused_why : why;
		r->unused++;
		return;
	}
	r->rules = r->rules ? r->rules : rules;
	if (bytes_eq_lit(in->urgency, "end-of-life"))
		in->stated = ADV_END_OF_LIFE;
	else if (adv_severity_parse(in->urgency) != ADV_SEV_UNKNOWN)
		in->out.severity_text = in->urgency;
	if (bytes_has_prefix_lit(in->out.ecosystem, "Ubuntu:Pro:") && in->out.module.len == 0)
		in->out.module = pro_service(in->purl);
	if (bytes_eq_lit(in->out.ecosystem, "Go"))
		in->out.module = in->packages;
	if (in->out.arches.len == 0)
		in->out.arches = purl_arch(in->purl);
	fold_name(r, &in->out);
	in->out.keyed = keyed_of(in, rules);
	in->out.status = status_of(in);
	(void)add_affected(r, &in->out);
}

void osv_read_affected(struct osv_record *r)
{
	if (!value_array(r->j))
		return;
	while (json_next_item(r->j)) {
		struct entry in = {0};
		read_entry(r, &in);
		if (json_ok(r->j))
			finish_entry(r, &in);
	}
}
