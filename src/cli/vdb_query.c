/* vdb info, query, diff: what a database holds. */
#include "cli/vdb_verbs.h"
#include "cli/verbs.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/num.h"
#include "vdb/vdb.h"

#include <stdio.h>
#include <string.h>

#define QUERY_BUDGET (256U << 20) /* bytes: the kernel's 10,000 records take some 20 MiB */

const struct cli_option vdb_query_options[] = {
    {"package", 'p', "ECOSYSTEM", NULL, "advisories of the package named by the next operand"},
    {"id", 'i', "ID", NULL, "an advisory by its id, or all advisories of a CVE"},
    {"format", 'f', "table|json", "table", "how to print it"},
    {NULL, 0, NULL, NULL, NULL},
};
const struct cli_option vdb_info_options[] = {
    {"format", 'f', "table|json", "table", "how to print it"},
    {NULL, 0, NULL, NULL, NULL},
};

const struct cli_option vdb_diff_options[] = {
    {"list", 'l', NULL, NULL, "one line per package: ecosystem, tab, name"},
    {NULL, 0, NULL, NULL, NULL},
};

/* One report: lines of text, or JSON. */
struct report {
	struct buf text;
	struct json_out json;
	bool as_json;
	const struct vdb *v;
	struct arena a;
};

static int report_open(struct report *r, const struct cli_args *args, const char *path,
		       struct err *e)
{
	const char *format = cli_get(args, "format");
	buf_init(&r->text, SIZE_MAX / 4);
	arena_init(&r->a, QUERY_BUDGET);
	r->as_json = format && strcmp(format, "json") == 0;
	if (format && !r->as_json && strcmp(format, "table") != 0)
		return err_set(e, ERR_FORMAT, "--format: \"%s\" is neither table nor json", format);
	json_out_init(&r->json, &r->text, true);
	r->v = cli_open_vdb(path, e);
	return r->v ? 0 : -(int)e->code;
}

static int report_close(struct report *r, int rc, struct err *e)
{
	if (rc >= 0 && r->as_json)
		buf_put_text(&r->text, "\n");
	if (rc >= 0 && !buf_ok(&r->text))
		rc = err_set(e, ERR_NOMEM, "no memory for the report");
	if (rc >= 0)
		rc = cli_write(NULL, buf_bytes(&r->text), e);
	vdb_close((struct vdb *)(uintptr_t)r->v);
	arena_free(&r->a);
	buf_free(&r->text);
	return rc;
}

/* Feeds are untrusted: escape anything that could control the terminal. */
static void put_clean(struct buf *b, struct bytes s)
{
	for (size_t i = 0; i < s.len; i++)
		buf_put_u8(b, s.ptr[i] < 0x20 || s.ptr[i] == 0x7f ? ' ' : s.ptr[i]);
}

static void put_field(struct report *r, const char *name, struct bytes v)
{
	if (v.len == 0)
		return;
	buf_printf(&r->text, "  %-12s", name);
	put_clean(&r->text, v);
	buf_put_text(&r->text, "\n");
}

static void info_sources(struct report *r)
{
	struct vdb_source s;
	char when[CLOCK_RFC3339_CAP];
	if (r->as_json)
		json_put_array(&r->json, "sources");
	for (size_t i = 0; i < vdb_source_count(r->v) && vdb_source_get(r->v, i, &s); i++) {
		if (r->as_json) {
			json_put_object(&r->json, NULL);
			json_put_string(&r->json, "feed", s.feed);
			json_put_string(&r->json, "source", s.source);
			json_put_time(&r->json, "fetched_at", s.fetched_ms);
			json_put_u64(&r->json, "records", s.records);
			json_put_u64(&r->json, "notes", s.notes);
			json_put_end(&r->json, '}');
			continue;
		}
		clock_rfc3339(s.fetched_ms, when);
		buf_put_text(&r->text, "source      ");
		put_clean(&r->text, s.feed);
		buf_put_text(&r->text, "  ");
		put_clean(&r->text, s.source);
		buf_printf(&r->text, "  %s  records: %llu, unread: %llu\n", when,
			   (unsigned long long)s.records, (unsigned long long)s.notes);
	}
	if (r->as_json)
		json_put_end(&r->json, ']');
}

static int info_ecosystems(struct report *r, struct err *e)
{
	struct vdb_ecosystem *list;
	int64_t n = vdb_ecosystems(r->v, BYTES_NONE, &r->a, &list, e);
	if (r->as_json)
		json_put_array(&r->json, "ecosystems");
	for (int64_t i = 0; i < n; i++) {
		if (r->as_json) {
			json_put_object(&r->json, NULL);
			json_put_string(&r->json, "name", list[i].name);
			json_put_u64(&r->json, "packages", list[i].keys);
			json_put_end(&r->json, '}');
			continue;
		}
		buf_put_text(&r->text, "ecosystem   ");
		put_clean(&r->text, list[i].name);
		buf_printf(&r->text, "  %llu package%s\n", (unsigned long long)list[i].keys,
			   num_plural(list[i].keys));
	}
	if (r->as_json)
		json_put_end(&r->json, ']');
	return n < 0 ? (int)n : 0;
}

static int info(struct report *r, struct err *e)
{
	struct vdb_counts c = vdb_counts_get(r->v);
	const struct {
		const char *name;
		uint64_t v;
	} counts[] = {{"advisories", c.advisories},
		      {"affected", c.affected},
		      {"packages", c.packages},
		      {"exploits", c.exploits},
		      {"bytes", c.file_len}};
	char when[CLOCK_RFC3339_CAP];
	clock_rfc3339(vdb_built_ms(r->v), when);
	if (r->as_json) {
		json_put_object(&r->json, NULL);
		json_put_text(&r->json, "digest", vdb_digest(r->v));
		json_put_time(&r->json, "built_at", vdb_built_ms(r->v));
	} else {
		buf_printf(&r->text, "digest      %s\nbuilt       %s\n", vdb_digest(r->v), when);
	}
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		if (r->as_json)
			json_put_u64(&r->json, counts[i].name, counts[i].v);
		else
			buf_printf(&r->text, "%-12s%llu\n", counts[i].name,
				   (unsigned long long)counts[i].v);
	}
	info_sources(r);
	int rc = info_ecosystems(r, e);
	if (r->as_json)
		json_put_end(&r->json, '}');
	return rc;
}

int vdb_verb_info(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct report r = {.as_json = false};
	if (cli_parse(vdb_info_options, argc, argv, &args, &e) < 0)
		return cli_usage("vdb info", &e);
	if (args.operand_count != 1) {
		(void)err_set(&e, ERR_FORMAT, "give one FILE");
		return cli_usage("vdb info", &e);
	}
	int rc = report_open(&r, &args, args.operands[0], &e);
	rc = report_close(&r, rc < 0 ? rc : info(&r, &e), &e);
	return rc < 0 ? cli_fail("vdb info", &e) : 0;
}

static const char *event_word(enum adv_event kind)
{
	static const char *const words[] = {[ADV_INTRODUCED] = "introduced",
					    [ADV_FIXED_AT] = "fixed",
					    [ADV_LAST_AFFECTED] = "last_affected",
					    [ADV_LIMIT] = "limit"};
	return words[kind];
}

static void json_list(struct report *r, const char *key, const struct bytes *v, size_t n)
{
	json_put_array(&r->json, key);
	for (size_t i = 0; i < n; i++)
		json_put_string(&r->json, NULL, v[i]);
	json_put_end(&r->json, ']');
}

static void json_affected(struct report *r, const struct adv_affected *x)
{
	json_put_object(&r->json, NULL);
	json_put_string(&r->json, "ecosystem", x->ecosystem);
	json_put_string(&r->json, "name", x->name);
	json_put_text(&r->json, "keyed_by", x->keyed == ADV_BY_SOURCE ? "source" : "binary");
	json_put_text(&r->json, "status", adv_status_word(x->status));
	json_put_string_nonempty(&r->json, "arches", x->arches);
	json_put_string_nonempty(&r->json, "module", x->module);
	json_put_string_nonempty(&r->json, "severity", x->severity_text);
	json_put_string_nonempty(&r->json, "erratum", x->vendor_id);
	json_put_array(&r->json, "events");
	for (size_t i = 0; i < x->event_count; i++) {
		json_put_object(&r->json, NULL);
		json_put_u64(&r->json, "range", x->events[i].range);
		json_put_string(&r->json, event_word(x->events[i].kind), x->events[i].version);
		json_put_end(&r->json, '}');
	}
	json_put_end(&r->json, ']');
	if (x->version_count)
		json_list(r, "versions", x->versions, x->version_count);
	json_put_end(&r->json, '}');
}

static void json_lists(struct report *r, unsigned lists)
{
	unsigned bit = 0;
	const char *name;
	json_put_array(&r->json, "known_by");
	for (size_t i = 0; (name = adv_kev_name(i, &bit)); i++)
		if (lists & bit)
			json_put_text(&r->json, NULL, name);
	json_put_end(&r->json, ']');
}

static void json_exploit(struct report *r, const struct adv *a)
{
	json_put_array(&r->json, "exploits");
	for (size_t i = 0; i <= a->alias_count; i++) {
		struct adv_exploit x;
		if (!vdb_exploit(r->v, i ? a->aliases[i - 1] : a->id, &x))
			continue;
		json_put_object(&r->json, NULL);
		json_put_string(&r->json, "cve", x.cve);
		json_put_bool(&r->json, "known_exploited", x.kev);
		json_put_bool(&r->json, "ransomware", x.ransomware);
		json_put_time(&r->json, "known_since", x.kev_added_ms);
		json_lists(r, x.kev_lists);
		json_put_day(&r->json, "due", x.kev_due_ms);
		if (x.kev_due_ms)
			json_put_text(&r->json, "due_by",
				      adv_kev_word(adv_kev_number(x.kev_due_list) - 1));
		json_put_string_nonempty(&r->json, "required_action", x.kev_action);
		if (x.epss >= 0)
			json_put_double(&r->json, "epss", x.epss, 9);
		if (x.epss_percentile >= 0)
			json_put_double(&r->json, "epss_percentile", x.epss_percentile, 9);
		json_put_end(&r->json, '}');
	}
	json_put_end(&r->json, ']');
}

static void json_advisory(struct report *r, const struct adv *a)
{
	json_put_object(&r->json, NULL);
	json_put_string(&r->json, "feed", a->feed);
	json_put_string(&r->json, "id", a->id);
	json_list(r, "aliases", a->aliases, a->alias_count);
	json_put_string_nonempty(&r->json, "summary", a->summary);
	json_put_string_nonempty(&r->json, "details", a->details);
	json_put_text(&r->json, "severity", adv_severity_word(a->severity));
	json_list(r, "cvss", a->cvss, a->cvss_count);
	json_put_time(&r->json, "published_at", a->published_ms);
	json_put_time(&r->json, "modified_at", a->modified_ms);
	if (a->withdrawn_ms > ADV_WITHDRAWN_UNDATED)
		json_put_time(&r->json, "withdrawn_at", a->withdrawn_ms);
	if (a->withdrawn_ms)
		json_put_bool(&r->json, "withdrawn", true);
	json_list(r, "cwes", a->cwes, a->cwe_count);
	json_put_array(&r->json, "references");
	for (size_t i = 0; i < a->reference_count; i++)
		json_put_string(&r->json, NULL, a->references[i].url);
	json_put_end(&r->json, ']');
	json_exploit(r, a);
	json_put_array(&r->json, "affected");
	for (size_t i = 0; i < a->affected_count; i++)
		json_affected(r, &a->affected[i]);
	json_put_end(&r->json, ']');
	json_put_end(&r->json, '}');
}

static void text_affected(struct report *r, const struct adv_affected *x)
{
	struct buf *b = &r->text;
	buf_put_text(b, "  ");
	put_clean(b, x->ecosystem);
	buf_put_text(b, "  ");
	put_clean(b, x->name);
	buf_printf(b, " (%s)  %s ", x->keyed == ADV_BY_SOURCE ? "source" : "binary",
		   adv_status_word(x->status));
	for (size_t i = 0; i < x->event_count; i++) {
		buf_printf(b, "%s %s ",
			   i && x->events[i].range != x->events[i - 1].range ? ";" : "",
			   event_word(x->events[i].kind));
		put_clean(b, x->events[i].version);
	}
	if (x->version_count)
		buf_printf(b, "  %zu listed versions", x->version_count);
	buf_put_text(b, "\n");
}

static void text_advisory(struct report *r, const struct adv *a)
{
	put_clean(&r->text, a->id);
	buf_printf(&r->text, "  %s  (", adv_severity_word(a->severity));
	put_clean(&r->text, a->feed);
	buf_put_text(&r->text, ")\n");
	for (size_t i = 0; i < a->alias_count; i++)
		put_field(r, "alias", a->aliases[i]);
	put_field(r, "summary", a->summary);
	for (size_t i = 0; i < a->cvss_count; i++)
		put_field(r, "cvss", a->cvss[i]);
	for (size_t i = 0; i < a->affected_count; i++)
		text_affected(r, &a->affected[i]);
}

static int put_one(struct report *r, uint32_t advisory, const struct adv_affected *only,
		   struct err *e)
{
	struct adv a;
	int rc = only ? vdb_advisory(r->v, advisory, &r->a, &a, e)
		      : vdb_advisory_full(r->v, advisory, &r->a, &a, e);
	if (rc < 0)
		return rc;
	struct adv_affected one;
	if (only) {
		one = *only;
		a.affected = &one;
		a.affected_count = 1;
	}
	if (r->as_json)
		json_advisory(r, &a);
	else
		text_advisory(r, &a);
	return 0;
}

static bool is_same_word(struct bytes a, struct bytes b)
{
	size_t n = 0;
	while (n < a.len && n < b.len && byte_lower(a.ptr[n]) == byte_lower(b.ptr[n]))
		n++;
	return n == a.len && n == b.len;
}

/* The ecosystem as the database spells it. One that it does not hold is an error, which names those
 * that begin like it. */
static int find_ecosystem(struct report *r, struct bytes *name, struct err *e)
{
	struct vdb_ecosystem *list;
	struct buf near;
	size_t count = 0;
	int64_t n = vdb_ecosystems(r->v, BYTES_NONE, &r->a, &list, e);
	if (n < 0)
		return (int)n;
	buf_init(&near, 400);
	for (int64_t i = 0; i < n; i++) {
		if (is_same_word(list[i].name, *name)) {
			*name = list[i].name;
			buf_free(&near);
			return 0;
		}
		if (is_same_word(bytes_part(list[i].name, 0, bytes_find(*name, ':')),
				 bytes_part(*name, 0, bytes_find(*name, ':')))) {
			buf_put_text(&near, count++ ? ", " : "");
			buf_put(&near, list[i].name);
		}
	}
	int rc = err_set(e, ERR_NOT_FOUND, "the database has no ecosystem \"%.*s\"%s%.*s",
			 BYTES_ARG(*name), count ? "; it has " : " (plimsoll vdb info lists them)",
			 (int)(buf_ok(&near) ? near.len : 0), buf_cstr(&near));
	buf_free(&near);
	return rc;
}

static int64_t query(struct report *r, const struct cli_args *args, struct err *e)
{
	const char *ecosystem = cli_get(args, "package");
	struct vdb_hit *hits;
	uint32_t *ids;
	struct bytes id = BYTES_NONE, named = bytes_of(ecosystem);
	if (ecosystem ? find_ecosystem(r, &named, e) < 0
		      : cli_known_id(r->v, cli_get(args, "id"), &r->a, &id, e) < 0)
		return -(int)e->code;
	int64_t n = ecosystem ? vdb_find(r->v, named, bytes_of(args->operands[1]), &r->a, &hits, e)
			      : vdb_find_id(r->v, id, &r->a, &ids, e);
	int rc = 0;
	if (r->as_json)
		json_put_array(&r->json, NULL);
	for (int64_t i = 0; rc == 0 && i < n; i++)
		rc = ecosystem ? put_one(r, hits[i].advisory, &hits[i].affected, e)
			       : put_one(r, ids[i], NULL, e);
	if (r->as_json)
		json_put_end(&r->json, ']');
	return rc < 0 ? rc : n;
}

int vdb_verb_query(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct report r = {.as_json = false};
	if (cli_parse(vdb_query_options, argc, argv, &args, &e) < 0)
		return cli_usage("vdb query", &e);
	const char *ecosystem = cli_get(&args, "package"), *id = cli_get(&args, "id");
	if (!ecosystem == !id || args.operand_count != (ecosystem ? 2U : 1U)) {
		(void)err_set(&e, ERR_FORMAT,
			      "give FILE and one of --package ECOSYSTEM NAME, --id ID");
		return cli_usage("vdb query", &e);
	}
	int64_t rc = report_open(&r, &args, args.operands[0], &e);
	if (rc == 0)
		rc = query(&r, &args, &e);
	if (rc == 0 && !r.as_json)
		(void)fputs("plimsoll vdb query: nothing found\n", stderr);
	rc = report_close(&r, (int)rc, &e);
	return rc < 0 ? cli_fail("vdb query", &e) : 0;
}

#define NAMES_SHOWN 8 /* packages of an ecosystem that a summary names */

struct diff {
	struct buf out;
	bool list;
	struct arena a;
	struct bytes ecosystem; /* the one that keys come of now */
	size_t packages, ecosystems;
	size_t total;
	struct buf names;
};

static void end_ecosystem(struct diff *d)
{
	if (d->packages == 0)
		return;
	put_clean(&d->out, d->ecosystem);
	buf_printf(&d->out, ": %zu package%s: ", d->packages, num_plural(d->packages));
	put_clean(&d->out, buf_bytes(&d->names));
	if (d->packages > NAMES_SHOWN)
		buf_printf(&d->out, " and %zu more", d->packages - NAMES_SHOWN);
	buf_put_u8(&d->out, '\n');
	buf_clear(&d->names);
	d->packages = 0;
}

static int put_key(void *arg, struct bytes ecosystem, struct bytes name, struct err *e)
{
	struct diff *d = arg;
	d->total++;
	if (d->list) {
		put_clean(&d->out, ecosystem);
		buf_put_u8(&d->out, '\t');
		put_clean(&d->out, name);
		buf_put_u8(&d->out, '\n');
		return buf_ok(&d->out) ? 0 : err_set(e, ERR_NOMEM, "no memory for the list");
	}
	if (!bytes_eq(ecosystem, d->ecosystem)) {
		bool ok;
		end_ecosystem(d);
		d->ecosystems++;
		d->ecosystem = arena_bytes(&d->a, ecosystem, &ok);
		if (!ok)
			return err_set(e, ERR_NOMEM, "no memory for the list");
	}
	if (d->packages++ < NAMES_SHOWN) {
		buf_put_text(&d->names, d->packages > 1 ? ", " : "");
		buf_put(&d->names, name);
	}
	return buf_ok(&d->out) && buf_ok(&d->names)
		   ? 0
		   : err_set(e, ERR_NOMEM, "no memory for the list");
}

static void put_change(struct diff *d, const struct vdb *old, const struct vdb *now)
{
	struct vdb_counts a = vdb_counts_get(old), b = vdb_counts_get(now);
	end_ecosystem(d);
	buf_printf(&d->out,
		   "%zu package%s of %zu ecosystem%s differ%s; %llu advisories before, %llu now\n",
		   d->total, num_plural(d->total), d->ecosystems, num_plural(d->ecosystems),
		   d->total == 1 ? "s" : "", (unsigned long long)a.advisories,
		   (unsigned long long)b.advisories);
}

int vdb_verb_diff(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct diff d = {.list = false};
	if (cli_parse(vdb_diff_options, argc, argv, &args, &e) == 0 && args.operand_count != 2)
		(void)err_set(&e, ERR_FORMAT, "give OLD and NEW");
	if (e.code != ERR_OK)
		return cli_usage("vdb diff", &e);
	d.list = cli_has(&args, "list");
	buf_init(&d.out, SIZE_MAX / 4);
	buf_init(&d.names, 1U << 20);
	arena_init(&d.a, 16U << 20);
	struct vdb *old = cli_open_vdb(args.operands[0], &e),
		   *now = old ? cli_open_vdb(args.operands[1], &e) : NULL;
	int rc = now ? vdb_diff(old, now, put_key, &d, &e) : -(int)e.code;
	if (rc == 0 && !d.list)
		put_change(&d, old, now);
	if (rc == 0)
		rc = buf_ok(&d.out) ? cli_write(NULL, buf_bytes(&d.out), &e)
				    : err_set(&e, ERR_NOMEM, "no memory for the list");
	vdb_close(old);
	vdb_close(now);
	buf_free(&d.out);
	buf_free(&d.names);
	arena_free(&d.a);
	return rc < 0 ? cli_fail("vdb diff", &e) : 0;
}
