/* Alpine secdb, JSON, one file per release and repository, and the security.json of Wolfi and
 * Chainguard in the same shape:
 *
 *   {"apkurl", "archs": [], "reponame": "main", "urlprefix":
 * "https://dl-cdn.alpinelinux.org/alpine", "distroversion": "v3.19", "packages": [{"pkg": {"name":
 * "openssl", "secfixes": {"3.1.4-r1": ["CVE-2023-5363", "CVE-2017-1 XSA-2 (comment)"], "0":
 * ["CVE-2023-1"]}}}]}
 *
 * pkg.name is the origin (source) package. A key of secfixes is the version that fixes what it
 * lists; "0" says never affected. One entry may hold several words, ids and remarks: each CVE is a
 * record of its own (XSA-254 is about three), and the other ids are aliases where there is one CVE.
 * The same id may occur under several versions (a fix that had to be repeated): one advisory is
 * sent for each package and id. Without distroversion the ecosystem follows from urlprefix. */
#include "base/json.h"
#include "feed/grow.h"
#include "feed/rows.h"
#include "feed/text.h"
#include "feed/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct secdb {
	const struct feed_sink *sink;
	struct bytes ecosystem;
	struct bytes packages; /* the array's own text */
};

struct fix {
	struct bytes id, entry, version;
	bool alone; /* the entry names one CVE at most */
	size_t order;
};

struct package {
	struct bytes name;
	struct fix *fixes;
	size_t count;
};

bool alpine_secdb_wants(struct bytes path)
{
	struct bytes name = text_file_name(path);
	return bytes_eq_lit(name, "main.json") || bytes_eq_lit(name, "community.json") ||
	       bytes_eq_lit(name, "security.json");
}

/* "CVE-2023-5363", "XSA-2", "GNUTLS-SA-2020-06-03", "CVE_2019-2426": a capital first, a digit and a
 * dash somewhere; of GHSA ids some have no digit. If the entry has nothing else, lower
 * letters do as well: "wnpa-sec-2017-18". */
static bool is_id(struct bytes word, struct bytes entry)
{
	bool digit = bytes_has_prefix_lit(word, "GHSA-");
	bool alone = bytes_eq(word, bytes_trim(entry));
	if (word.len < 4 || word.len > 64 || !byte_is_alpha(word.ptr[0]) ||
	    (!alone && word.ptr[0] > 'Z') || bytes_find(word, '-') == word.len)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		digit = digit || byte_is_digit(word.ptr[i]);
		if (!byte_is_alnum(word.ptr[i]) && word.ptr[i] != '-' && word.ptr[i] != '_' &&
		    word.ptr[i] != '.' && word.ptr[i] != ':')
			return false;
	}
	return digit;
}

/* Alpine's maintainers once wrote CVE_2019-2426. *ret_ok is false when out of memory. */
static struct bytes clean_id(struct arena *a, struct bytes id, bool *ret_ok)
{
	if (!bytes_has_prefix_lit(id, "CVE_"))
		return id;
	uint8_t *copy = arena_alloc(a, id.len, 1);
	*ret_ok = *ret_ok && copy;
	if (!copy)
		return BYTES_NONE;
	memcpy(copy, id.ptr, id.len);
	copy[3] = '-';
	return (struct bytes){copy, id.len};
}

static int add_id(struct json *j, struct package *p, struct fix new)
{
	bool ok = true;
	new.id = clean_id(j->arena, new.id, &ok);
	struct fix *room = ok ? feed_grow(j->arena, p->fixes, p->count, sizeof *room) : NULL;
	if (!room) {
		json_fail_memory(j);
		return 0;
	}
	p->fixes = room;
	new.order = p->count;
	room[p->count++] = new;
	return 0;
}

/* CVEs of an entry; *ret_first: its first id of another kind. */
static size_t count_cves(struct bytes entry, struct bytes *ret_first)
{
	size_t n = 0;
	*ret_first = BYTES_NONE;
	for (struct bytes rest = entry; rest.len > 0;) {
		struct bytes word = text_word(&rest);
		if (!is_id(word, entry))
			continue;
		if (bytes_has_prefix_lit(word, "CVE"))
			n++;
		else if (ret_first->len == 0)
			*ret_first = word;
	}
	return n;
}

static int add_fix(struct json *j, struct secdb *db, struct package *p, struct bytes version,
		   struct err *e)
{
	struct bytes entry = value_text(j), other;
	int r = 0;
	if (!json_ok(j))
		return 0;
	size_t cves = count_cves(entry, &other);
	if ((cves == 0 && other.len == 0) || version.len == 0)
		return db->sink->note(db->sink->arg, p->name, "entry not used: no id in it", e);
	struct fix new = {.id = other, .entry = entry, .version = version, .alone = cves < 2};
	if (cves == 0)
		return add_id(j, p, new);
	for (struct bytes rest = entry; r == 0 && json_ok(j) && rest.len > 0;) {
		struct bytes word = text_word(&rest);
		new.id = word;
		if (is_id(word, entry) && bytes_has_prefix_lit(word, "CVE"))
			r = add_id(j, p, new);
	}
	return r;
}

static int read_secfixes(struct json *j, struct secdb *db, struct package *p, struct err *e)
{
	struct bytes version;
	int rc = 0;
	if (!value_object(j))
		return 0;
	while (rc >= 0 && json_next_key(j, &version)) {
		if (!value_array(j))
			continue;
		while (rc >= 0 && json_next_item(j))
			rc = add_fix(j, db, p, version, e);
	}
	return rc;
}

static int cmp_fix(const void *a, const void *b)
{
	const struct fix *x = a, *y = b;
	int c = bytes_cmp(x->id, y->id);
	return c != 0 ? c : (x->order > y->order) - (x->order < y->order);
}

/* An id of another kind next to several CVEs covers each of them in part, and would
 * make them one vulnerability for every package. */
static bool add_aliases(struct arena *a, struct adv *adv, struct index *ix, const struct fix *f)
{
	struct bytes entry = f->entry, rest = f->alone ? entry : BYTES_NONE;
	bool ok = true;
	while (rest.len > 0 && ok) {
		struct bytes word = text_word(&rest);
		if (!is_id(word, entry))
			continue;
		word = clean_id(a, word, &ok);
		if (ok && !bytes_eq(word, adv->id))
			ok = feed_add_once(a, &adv->aliases, &adv->alias_count, ix, word);
	}
	return ok;
}

static bool add_affected(struct arena *a, struct adv *adv, struct bytes version)
{
	struct adv_affected *f = &adv->affected[adv->affected_count++];
	if (bytes_eq_lit(version, "0")) {
		f->status = ADV_NOT_AFFECTED;
		return true;
	}
	f->status = ADV_FIXED;
	f->events = arena_alloc(a, 2, sizeof *f->events);
	if (!f->events)
		return false;
	f->event_count = 2;
	f->events[0] = (struct adv_range_event){.kind = ADV_INTRODUCED, .version = BYTES_LIT("0")};
	f->events[1] = (struct adv_range_event){.kind = ADV_FIXED_AT, .version = version};
	return true;
}

/* The fixes from one id: a real version overrides "never affected". */
static int send_group(struct arena *a, struct secdb *db, struct bytes name, const struct fix *fixes,
		      size_t count, struct err *e)
{
	struct adv adv = {.feed = BYTES_LIT("alpine-secdb"), .id = fixes[0].id};
	struct index aliases = {.count = 0};
	bool real = false, zero = false;
	adv.affected = arena_alloc(a, count, sizeof *adv.affected);
	bool ok = adv.affected != NULL;
	for (size_t i = 0; i < count; i++)
		real = real || !bytes_eq_lit(fixes[i].version, "0");
	for (size_t i = 0; i < count && ok; i++) {
		bool is_zero = bytes_eq_lit(fixes[i].version, "0");
		ok = add_aliases(a, &adv, &aliases, &fixes[i]);
		if (!ok || (is_zero && (real || zero)))
			continue;
		zero = is_zero;
		adv.affected[adv.affected_count] = (struct adv_affected){
		    .ecosystem = db->ecosystem, .name = name, .keyed = ADV_BY_SOURCE};
		ok = add_affected(a, &adv, fixes[i].version);
	}
	if (!ok)
		return err_set(e, ERR_NOMEM, "package %.*s: no memory", BYTES_ARG(name));
	return db->sink->advisory(db->sink->arg, &adv, e);
}

static int send_package(struct arena *a, struct secdb *db, struct package *p, struct err *e)
{
	if (p->name.len == 0 && p->count > 0)
		return db->sink->note(db->sink->arg, BYTES_LIT("packages"),
				      "package not used: no name", e);
	if (p->count > 0)
		qsort(p->fixes, p->count, sizeof *p->fixes, cmp_fix);
	for (size_t i = 0; i < p->count;) {
		size_t n = 1;
		while (i + n < p->count && bytes_eq(p->fixes[i].id, p->fixes[i + n].id))
			n++;
		int rc = send_group(a, db, p->name, p->fixes + i, n, e);
		if (rc < 0)
			return rc;
		i += n;
	}
	return 0;
}

/* {"pkg": {"name", "secfixes"}} */
static int read_package(struct json *j, struct secdb *db, struct err *e)
{
	struct package p = {0};
	struct bytes key, inner;
	int rc = 0;
	if (!json_enter_object(j))
		return 0;
	while (rc >= 0 && json_next_key(j, &key)) {
		if (!bytes_eq_lit(key, "pkg")) {
			json_skip(j);
			continue;
		}
		if (!json_enter_object(j))
			return 0;
		while (rc >= 0 && json_next_key(j, &inner)) {
			if (bytes_eq_lit(inner, "name"))
				p.name = value_text(j);
			else if (bytes_eq_lit(inner, "secfixes"))
				rc = read_secfixes(j, db, &p, e);
			else
				json_skip(j);
		}
	}
	return rc < 0 || !json_ok(j) ? rc : send_package(j->arena, db, &p, e);
}

static int read_packages(struct secdb *db, struct arena *a, struct err *e)
{
	struct json j;
	int rc = 0;
	json_init(&j, db->packages, a);
	for (bool more = json_enter_array(&j); more && rc >= 0 && json_next_item(&j);) {
		struct arena one;
		arena_init(&one, a->budget);
		j.arena = &one;
		rc = read_package(&j, db, e);
		j.arena = a;
		arena_free(&one);
	}
	return rc < 0 ? rc : json_finish(&j, e);
}

static bool contains(struct bytes text, const char *part)
{
	return bytes_find_bytes(text, bytes_of(part)) < text.len;
}

static struct bytes ecosystem_of(struct arena *a, struct bytes version, struct bytes prefix)
{
	if (version.len > 0) {
		const char *name = arena_printf(a, "Alpine:%.*s", BYTES_ARG(version));
		return name ? bytes_of(name) : BYTES_NONE;
	}
	if (contains(prefix, "wolfi"))
		return BYTES_LIT("Wolfi");
	if (contains(prefix, "chainguard") || contains(prefix, "cgr.dev"))
		return BYTES_LIT("Chainguard");
	if (contains(prefix, "mini.dev"))
		return BYTES_LIT("MinimOS");
	return BYTES_NONE;
}

int alpine_secdb_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
			struct arena *a, struct err *e)
{
	(void)path;
	struct secdb db = {.sink = sink};
	struct bytes key, version = BYTES_NONE, prefix = BYTES_NONE;
	struct json j;
	json_init(&j, document, a);
	for (bool more = json_enter_object(&j); more && json_next_key(&j, &key);) {
		if (bytes_eq_lit(key, "distroversion"))
			version = value_text(&j);
		else if (bytes_eq_lit(key, "urlprefix"))
			prefix = value_text(&j);
		else if (bytes_eq_lit(key, "packages"))
			db.packages = json_raw(&j);
		else
			json_skip(&j);
	}
	int rc = json_finish(&j, e);
	if (rc < 0)
		return rc;
	db.ecosystem = ecosystem_of(a, version, prefix);
	if (db.ecosystem.len == 0)
		return err_set(e, ERR_FORMAT, "secdb: no distroversion, and urlprefix is unknown");
	if (db.packages.len == 0)
		return err_set(e, ERR_FORMAT, "secdb: no packages");
	return read_packages(&db, a, e);
}
