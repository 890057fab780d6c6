/* Files of other tools as rules. */
#include "api/doc.h"
#include "api/people.h"
#include "api/rules.h"
#include "base/clock.h"
#include "defend/rule_import.h"

#define FILE_MAX_BYTES (4U << 20)
#define RULES_MAX 200U /* of one file of another tool */

struct import_query {
	int format; /* enum rule_import_format; -1: by its content */
	struct bytes scope;
	int dry_run; /* enum record_choice */
};
#define Q(member, kind, key, ...) RECORD_FIELD(struct import_query, member, kind, key, __VA_ARGS__)
static const struct record_field query_fields[] = {
    Q(format, RECORD_WORD, "format", "What the body is; absent: what its content says",
      .words = rule_import_word, .fallback = RECORD_NONE),
    Q(scope, RECORD_TEXT, "scope",
      "Where the rules hold: a path or a number. Absent: where a file of `json` says"),
    Q(dry_run, RECORD_CHOICE, "dry_run", "Say what would be created, and create nothing"),
};
static const struct record_object import_query = {RECORD_TABLE(query_fields)};

struct imported_row {
	int format;
	uint64_t rules, cves, left_out;
	struct record_rows ids, notes;
};
#define I(member, kind, key, ...) RECORD_FIELD(struct imported_row, member, kind, key, __VA_ARGS__)
static const struct record_field imported_fields[] = {
    I(format, RECORD_WORD, "format", "What the body was read as", .words = rule_import_word),
    I(rules, RECORD_UINT, "rules", "Rules that the file comes to"),
    I(ids, RECORD_UINTS, "created", "Their numbers; none of a dry run"),
    I(cves, RECORD_UINT, "vulnerabilities", "Vulnerabilities that they name"),
    I(left_out, RECORD_UINT, "left_out",
      "Statements of the file that are no rule: a rule would disable more than they say"),
    I(notes, RECORD_TEXTS, "notes", "Why, of the first 100"),
};
static const struct record_object imported_object = {
    .name = "ImportedRules", .text = "What an import did", RECORD_TABLE(imported_fields)};

struct importing {
	struct import_query q; /* the table's struct */
	struct api_rule_change c;
	struct rule_import file;
	struct store_rule *rules;
	uint64_t *ids;
	int64_t now_ms;
};

/* The scope of the query, else of the k-th rule. */
static int scope_of(struct db_tx *tx, struct importing *i, size_t k, bool make,
		    struct store_scope *ret, struct err *e)
{
	struct bytes own = i->q.scope.len ? i->q.scope : i->file.items[k].scope;
	if (!own.len)
		return err_set(e, ERR_FORMAT, "scope: is needed: rule %zu of the file has none",
			       k + 1);
	return api_rule_scope(tx, i->c.r, own, make, ret, e);
}

static int import_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct importing *i = arg;
	struct store_scope s;
	for (size_t k = 0; k < i->file.count; k++) {
		struct store_rule *x = &i->rules[k];
		if ((k == 0 || !i->q.scope.len) && scope_of(tx, i, k, true, &s, e) < 0)
			return -(int)e->code;
		x->scope_id = s.id;
		int64_t id = store_rule_add(tx, x, e);
		if (id < 0)
			return (int)id;
		x->id = id;
		i->ids[k] = (uint64_t)id;
		if (api_rule_audit(tx, &i->c, AUDIT_RULE_CREATE, x, BYTES_NONE, x->terms, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

/* The file's items as rows. */
static int make_rules(struct importing *i, struct err *e)
{
	struct arena *a = http_arena(i->c.r);
	const char *format = rule_import_word(i->q.format);
	i->rules = arena_alloc(a, i->file.count, sizeof *i->rules);
	i->ids = arena_alloc(a, i->file.count, sizeof *i->ids);
	if (!i->rules || !i->ids)
		return err_set(e, ERR_NOMEM, "no memory for an import of rules");
	for (size_t k = 0; k < i->file.count; k++) {
		struct rule_import_item *item = &i->file.items[k];
		const char *name = arena_printf(a, "imported from %s, %zu", format, k + 1);
		if (!name)
			return err_set(e, ERR_NOMEM, "no memory for an import of rules");
		i->rules[k] =
		    (struct store_rule){.name = item->name.len ? item->name : bytes_of(name),
					.justification = item->justification,
					.ticket = item->ticket,
					.effect = item->effect,
					.author = i->c.by.name,
					.created_at = i->now_ms,
					.changed_at = i->now_ms,
					.expires_at = item->expires_ms};
		if (api_rule_make(i->c.r, &item->terms, &i->rules[k], e) < 0)
			return -(int)e->code;
	}
	return 0;
}

static int write_imported(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct importing *i = arg;
	struct store_scope s;
	bool dry = i->q.dry_run == RECORD_YES;
	struct imported_row row = {.format = i->q.format,
				   .rules = i->file.count,
				   .left_out = i->file.left_out,
				   .ids = {i->ids, dry ? 0 : i->file.count},
				   .notes = {i->file.notes, i->file.note_count}};
	for (size_t k = 0; dry && k < i->file.count && (k == 0 || !i->q.scope.len); k++)
		if (scope_of(tx, i, k, false, &s, e) < 0)
			return -(int)e->code;
	for (size_t k = 0; k < i->file.count; k++)
		row.cves += i->file.items[k].terms.what.c.cves.count;
	record_put(w, NULL, &imported_object, &row);
	return 0;
}

static int import_read(struct importing *i, struct err *e)
{
	struct bytes text = http_body(i->c.r);
	if (i->q.format < 0)
		i->q.format = (int)rule_import_guess(text);
	size_t max = i->q.format == RULE_IMPORT_JSON ? STORE_RULES_MAX : RULES_MAX;
	if (i->q.format != RULE_IMPORT_JSON && !i->q.scope.len)
		return err_set(e, ERR_FORMAT, "scope: is needed");
	if (rule_import_read((enum rule_import_format)i->q.format, text, &i->file, e) < 0)
		return err_ctx(e, "body");
	if (i->file.count > max)
		return err_set(e, ERR_LIMIT, "body: it comes to %zu rules, more than %zu",
			       i->file.count, max);
	return make_rules(i, e);
}

static int post_import(struct http_request *r, struct err *e)
{
	struct importing i = {.c = {.r = r, .by = people_actor(r)}, .now_ms = clock_wall_ms()};
	if (api_query_read(r, &i.q, e) < 0)
		return -(int)e->code;
	/* what a file states takes a hundred times its bytes */
	int rc = api_turn_begin(r, e);
	if (rc)
		return rc;
	rc = import_read(&i, e);
	if (rc >= 0 && i.q.dry_run != RECORD_YES && i.file.count) {
		rc = db_run(api_of(r)->db, DB_WRITE, import_tx, &i, e);
		if (rc >= 0)
			api_rules_apply(r);
	}
	if (rc >= 0)
		rc = api_reply_read(r, 200, write_imported, &i, e);
	rule_import_free(&i.file);
	api_turn_end(r);
	return rc;
}

static const struct api_doc import_doc = {
    .id = "importRules",
    .query = &import_query,
    .body_type = "*/*",
    .replies = {{.status = 200, .text = "What was created", .of = &imported_object}},
};
const struct http_route api_rules_import_routes[] = {
    {.methods = HTTP_POST,
     .pattern = "/api/v1/rules/import",
     .handle = post_import,
     .action = ACTION_RULE_WRITE,
     .anywhere = true,
     .body_max = FILE_MAX_BYTES,
     .summary = "Create rules from a file of Trivy, Grype, OpenVEX or Harbor, or of an export",
     .doc = &import_doc},
};
const size_t api_rules_import_route_count =
    sizeof api_rules_import_routes / sizeof *api_rules_import_routes;
