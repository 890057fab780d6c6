/* Disable rules of a server. */
#include "cli/listing.h"
#include "cli/rule_files.h"
#include "cli/verbs.h"

#include "base/json.h"
#include "base/num.h"

#include <stdio.h>
#include <string.h>

#define COUNT(columns) (sizeof(columns) / sizeof *(columns))
#define RULES "/api/v1/rules"

static const struct listing_column columns[] = {
    {"id", "NUMBER", 6},     {"scope.path", "SCOPE", 32}, {"name", "NAME", 24},
    {"effect", "EFFECT", 8}, {"state", "STATE", 8},	  {"findings", "FINDINGS", 8},
    {"images", "IMAGES", 6}, {"author", "AUTHOR", 12},	  {"expires_at", "EXPIRES AT", 0},
};

static const struct cli_option list_options[] = {
    {"scope", 0, "SCOPE", NULL, "those at this scope, such as /registries/local"},
    {"inherited", 0, NULL, NULL, "with --scope: also those above it, which hold for it, too"},
    CLI_SERVER_OPTIONS,
    {0},
};

static const char *list_path(struct admin *p)
{
	const char *scope = cli_get(&p->args, "scope");
	if (!scope)
		return RULES;
	return admin_path(p, RULES "?scope=", scope,
			  cli_has(&p->args, "inherited") ? "&inherited=true" : "");
}

static int rule_list(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"rule list", list_options, 0, 0}, argc, argv,
		       &e) < 0)
		return CLI_ERROR;
	int r = admin_connect(&p, &e);
	const char *path = list_path(&p);
	if (r == 0)
		r = path ? listing_print(&p, path, columns, COUNT(columns), &e)
			 : err_set(&e, ERR_NOMEM, "no memory");
	return admin_close(&p, r, &e);
}

static const struct listing_column details[] = {
    {"id", "number", 0},
    {"name", "name", 0},
    {"scope.path", "scope", 0},
    {"effect", "effect", 0},
    {"match", "match", 0},
    {"criteria.check_id", "criterion check id", 0},
    {"criteria.cve", "criterion cve", 0},
    {"criteria.package", "criterion package", 0},
    {"criteria.category", "criterion category", 0},
    {"criteria.not_category", "criterion not category", 0},
    {"criteria.text", "criterion text", 0},
    {"criteria.severity", "criterion severity", 0},
    {"criteria.status", "criterion status", 0},
    {"criteria.patchable", "criterion patchable", 0},
    {"criteria.fixed", "criterion fixed", 0},
    {"criteria.kev", "criterion kev", 0},
    {"criteria.cvss_gte", "criterion cvss gte", 0},
    {"criteria.cvss_lt", "criterion cvss lt", 0},
    {"criteria.epss_gte", "criterion epss gte", 0},
    {"criteria.epss_lt", "criterion epss lt", 0},
    {"criteria.search", "criterion search", 0},
    {"criteria.digest", "criterion digest", 0},
    {"criteria.tag", "criterion tag", 0},
    {"criteria.repository", "criterion repository", 0},
    {"criteria.os", "criterion os", 0},
    {"ends_when.fix_available", "until fixed", 0},
    {"ends_when.kev", "until in CISA KEV", 0},
    {"ends_when.epss_gte", "until EPSS", 0},
    {"ends_when.severity_gte", "until severity", 0},
    {"state", "state", 0},
    {"ended_reason", "because", 0},
    {"in_effect", "in effect", 0},
    {"findings", "findings", 0},
    {"images", "images", 0},
    {"released", "findings that came back", 0},
    {"justification", "justification", 0},
    {"ticket", "ticket", 0},
    {"author", "author", 0},
    {"created_at", "created", 0},
    {"changed_at", "changed", 0},
    {"expires_at", "expires", 0},
};
static const struct cli_option plain_options[] = {CLI_SERVER_OPTIONS, {0}};

/* "/api/v1/rules/NUMBER"; NULL and *e when the operand is none. */
static const char *rule_path(struct admin *p, struct err *e)
{
	const char *text = p->args.operands[0];
	uint64_t id;
	if (!num_u64(bytes_of(text), INT64_MAX, &id)) {
		err_set(e, ERR_FORMAT, "\"%s\" is not a rule's number (plimsoll rule list)", text);
		return NULL;
	}
	const char *path = admin_path(p, RULES "/", text, "");
	if (!path)
		err_set(e, ERR_NOMEM, "no memory");
	return path;
}

static int rule_show(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"rule show", plain_options, 1, 1}, argc, argv,
		       &e) < 0)
		return CLI_ERROR;
	const char *path = rule_path(&p, &e);
	int r = path ? admin_connect(&p, &e) : -(int)e.code;
	if (r == 0)
		r = listing_print_one(&p, path, details, COUNT(details), &e);
	return admin_close(&p, r, &e);
}

static int rule_delete(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"rule delete", plain_options, 1, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	const char *path = rule_path(&p, &e);
	int r = path ? admin_connect(&p, &e) : -(int)e.code;
	if (r == 0)
		r = admin_do(&p, "DELETE", path, NULL, &e);
	return admin_close(&p, r, &e);
}

/* How an option's text becomes JSON. */
enum kind { TEXT, WORDS, NUMBERS, NUMBER, TRUTH };
struct term {
	const char *option, *key;
	enum kind kind;
};
static const struct term criteria[] = {
    {"check-id", "check_id", NUMBERS},
    {"cve", "cve", WORDS},
    {"package", "package", WORDS},
    {"category", "category", WORDS},
    {"text", "text", WORDS},
    {"severity", "severity", WORDS},
    {"severity-below", "severity_below", TEXT},
    {"status", "status", WORDS},
    {"patchable", "patchable", TRUTH},
    {"fixed", "fixed", TRUTH},
    {"kev", "kev", TRUTH},
    {"cvss-lt", "cvss_lt", NUMBER},
    {"epss-lt", "epss_lt", NUMBER},
    {"digest", "digest", WORDS},
    {"tag", "tag", WORDS},
    {"repository", "repository", WORDS},
    {"os", "os", WORDS},
};
static const struct term ends[] = {
    {"until-fixed", "fix_available", TRUTH},
    {"until-kev", "kev", TRUTH},
    {"until-epss", "epss_gte", NUMBER},
    {"until-severity", "severity_gte", TEXT},
};
static const struct term plain[] = {
    {"match", "match", TEXT},
    {"justification", "justification", TEXT},
    {"ticket", "ticket", TEXT},
    {"expires", "expires_at", TEXT},
};
#define TERM_OPTIONS                                                                               \
	{"check-id", 0, "LIST", NULL, "security checks by number"},                                \
	    {"cve", 0, "LIST", NULL, "CVEs or advisories"},                                        \
	    {"package", 0, "LIST", NULL, "packages or source packages"},                           \
	    {"category", 0, "LIST", NULL, "categories, such as Debian"},                           \
	    {"text", 0, "LIST", NULL, "texts in the title of the security check"},                 \
	    {"severity", 0, "LIST", NULL, "severities"},                                           \
	    {"severity-below", 0, "SEVERITY", NULL, "below this severity"},                        \
	    {"status", 0, "LIST", NULL, "fix statuses"},                                           \
	    {"patchable", 0, "BOOL", NULL, "whether an update repairs it"},                        \
	    {"fixed", 0, "BOOL", NULL, "whether there is a fixed version"},                        \
	    {"kev", 0, "BOOL", NULL, "whether it is in CISA KEV"},                                 \
	    {"cvss-lt", 0, "SCORE", NULL, "CVSS base score below this"},                           \
	    {"epss-lt", 0, "P", NULL, "EPSS probability below this"},                              \
	    {"digest", 0, "LIST", NULL, "images by digest"},                                       \
	    {"tag", 0, "LIST", NULL, "images by tag; * and ? stand for any characters"},           \
	    {"repository", 0, "LIST", NULL, "repositories; * and ? as in --tag"},                  \
	    {"os", 0, "LIST", NULL, "distributions, such as debian:12; * and ? as in --tag"},      \
	    {"match", 0, "WORD", "any", "any or all of these criteria"},                           \
	    {"until-fixed", 0, NULL, NULL, "a finding with a fixed version comes back"},           \
	    {"until-kev", 0, NULL, NULL, "a finding in CISA KEV comes back"},                      \
	    {"until-epss", 0, "P", NULL, "a finding with this EPSS or more comes back"},           \
	    {"until-severity", 0, "SEVERITY", NULL, "a finding this severe or more comes back"},   \
	    {"observe", 0, NULL, NULL, "count what it would disable, and disable nothing"},        \
	    {"justification", 0, "TEXT", NULL, "why"},                                             \
	    {"ticket", 0, "TEXT", NULL, "where it was decided"},                                   \
	{                                                                                          \
		"expires", 0, "TIME", NULL, "when it expires, such as 2027-01-31T00:00:00Z"        \
	}
static const struct cli_option create_options[] = {TERM_OPTIONS, CLI_SERVER_OPTIONS, {0}};
static const struct cli_option change_options[] = {
    {"name", 0, "TEXT", NULL, "another name"},
    {"drop", 0, "LIST", NULL, "what it is not to say any more: options of this command"},
    TERM_OPTIONS,
    CLI_SERVER_OPTIONS,
    {0},
};

static int put_list(struct json_out *w, const struct term *t, const char *text, struct err *e)
{
	struct bytes list = bytes_of(text);
	json_put_array(w, t->key);
	while (list.len) {
		struct bytes one = bytes_trim(bytes_cut(&list, ','));
		uint64_t number;
		if (t->kind == WORDS)
			json_put_string(w, NULL, one);
		else if (num_u64(one, INT64_MAX, &number))
			json_put_u64(w, NULL, number);
		else
			return err_set(e, ERR_FORMAT, "--%s: \"%.*s\" is not a number", t->option,
				       BYTES_ARG(one));
	}
	json_put_end(w, ']');
	return 0;
}

static int put_term(struct json_out *w, const struct term *t, const char *text, struct err *e)
{
	double number;
	bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
	switch (t->kind) {
	case TEXT:
		json_put_text(w, t->key, text);
		return 0;
	case WORDS:
	case NUMBERS:
		return put_list(w, t, text, e);
	case NUMBER:
		if (!num_double(bytes_of(text), &number))
			return err_set(e, ERR_FORMAT, "--%s: \"%s\" is not a number", t->option,
				       text);
		json_put_double(w, t->key, number, 6);
		return 0;
	case TRUTH:
		if (!yes && strcmp(text, "false") != 0)
			return err_set(e, ERR_FORMAT, "--%s: \"%s\" is neither true nor false",
				       t->option, text);
		json_put_bool(w, t->key, yes);
		return 0;
	}
	return 0;
}

/* Those that are given; a flag's text is "1". */
static int put_terms(struct admin *p, struct json_out *w, const struct term *terms, size_t count,
		     struct err *e)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < count; i++) {
		const char *text = cli_get(&p->args, terms[i].option);
		if (text)
			r = put_term(w, &terms[i], text, e);
	}
	return r;
}

/* The body of operands SCOPE [NAME] and options. */
static const char *rule_json(struct admin *p, struct err *e)
{
	struct buf text;
	struct json_out w;
	buf_init(&text, 4U << 20);
	json_out_init(&w, &text, false);
	json_put_object(&w, NULL);
	json_put_text(&w, "scope", p->args.operands[0]);
	if (p->args.operand_count > 1)
		json_put_text(&w, "name", p->args.operands[1]);
	if (cli_has(&p->args, "observe"))
		json_put_text(&w, "effect", "observe");
	json_put_object(&w, "criteria");
	int r = put_terms(p, &w, criteria, COUNT(criteria), e);
	json_put_end(&w, '}');
	json_put_object(&w, "ends_when");
	if (r == 0)
		r = put_terms(p, &w, ends, COUNT(ends), e);
	json_put_end(&w, '}');
	if (r == 0)
		r = put_terms(p, &w, plain, COUNT(plain), e);
	json_put_end(&w, '}');
	if (r == 0)
		return admin_text(p, &text, e);
	buf_free(&text);
	return NULL;
}

static int rule_create(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"rule create", create_options, 2, 2}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	const char *json = rule_json(&p, &e);
	int r = json ? admin_connect(&p, &e) : -(int)e.code;
	if (r == 0)
		r = admin_do(&p, "POST", RULES, json, &e);
	return admin_close(&p, r, &e);
}

/* The text of a member; empty: there is none. */
static struct bytes member(struct admin *p, struct bytes object, const char *name)
{
	struct json j;
	struct bytes found = BYTES_NONE;
	json_init(&j, object, &p->arena);
	if (object.len && json_enter_object(&j))
		for (struct bytes key; json_next_key(&j, &key);) {
			struct bytes value = json_raw(&j);
			found = bytes_eq_lit(key, name) ? value : found;
		}
	return json_ok(&j) ? found : BYTES_NONE;
}

static bool is_dropped(struct admin *p, const char *option)
{
	const char *list = cli_given(&p->args, "drop");
	struct bytes rest = bytes_of(list ? list : "");
	while (rest.len)
		if (bytes_eq_lit(bytes_trim(bytes_cut(&rest, ',')), option))
			return true;
	return false;
}

/* What was said of it is said anew, or not any more. Replies name the severities that
 * severity_below means. */
static bool is_replaced(struct admin *p, const struct term *t, struct bytes key)
{
	bool severity = bytes_eq_lit(key, "severity") && strcmp(t->key, "severity_below") == 0;
	return (bytes_eq_lit(key, t->key) || severity) &&
	       (cli_given(&p->args, t->option) || is_dropped(p, t->option));
}

/* The members of an object that was, with those of terms that are given instead. */
static int put_merged(struct admin *p, struct json_out *w, struct bytes was,
		      const struct term *terms, size_t count, struct err *e)
{
	struct json j;
	int r = 0;
	json_init(&j, was.len ? was : BYTES_LIT("{}"), &p->arena);
	if (json_enter_object(&j))
		for (struct bytes key; json_next_key(&j, &key);) {
			struct bytes value = json_raw(&j);
			bool replaced = false;
			for (size_t i = 0; i < count && !replaced; i++)
				replaced = is_replaced(p, &terms[i], key);
			const char *name = arena_cstr(&p->arena, key);
			if (!name)
				return err_nomem(e);
			if (!replaced)
				json_put_raw(w, name, value);
		}
	for (size_t i = 0; r == 0 && i < count; i++) {
		const char *text = cli_given(&p->args, terms[i].option);
		if (text && !is_dropped(p, terms[i].option))
			r = put_term(w, &terms[i], text, e);
	}
	return r < 0 ? r : json_finish(&j, e);
}

/* As put_merged, of members that are the rule's own. */
static int put_plain(struct admin *p, struct json_out *w, struct bytes was, struct err *e)
{
	for (size_t i = 0; i < COUNT(plain); i++) {
		const struct term *t = &plain[i];
		const char *text = cli_given(&p->args, t->option);
		struct bytes had = member(p, was, t->key);
		if (is_dropped(p, t->option))
			continue;
		if (text && put_term(w, t, text, e) < 0)
			return -(int)e->code;
		if (!text && had.len)
			json_put_raw(w, t->key, had);
	}
	return 0;
}

/* The body of a change: what the rule says, and what options say instead. */
static const char *change_json(struct admin *p, struct bytes was, struct err *e)
{
	struct buf text;
	struct json_out w;
	const char *name = cli_given(&p->args, "name");
	buf_init(&text, 4U << 20);
	json_out_init(&w, &text, false);
	json_put_object(&w, NULL);
	if (name)
		json_put_text(&w, "name", name);
	else
		json_put_raw(&w, "name", member(p, was, "name"));
	if (cli_given(&p->args, "observe"))
		json_put_text(&w, "effect", "observe");
	else if (!is_dropped(p, "observe"))
		json_put_raw(&w, "effect", member(p, was, "effect"));
	json_put_object(&w, "criteria");
	int r = put_merged(p, &w, member(p, was, "criteria"), criteria, COUNT(criteria), e);
	json_put_end(&w, '}');
	json_put_object(&w, "ends_when");
	if (r == 0)
		r = put_merged(p, &w, member(p, was, "ends_when"), ends, COUNT(ends), e);
	json_put_end(&w, '}');
	if (r == 0)
		r = put_plain(p, &w, was, e);
	json_put_end(&w, '}');
	if (r == 0)
		return admin_text(p, &text, e);
	buf_free(&text);
	return NULL;
}

/* Each word of --drop is an option of a rule. */
static int check_drop(struct admin *p, struct err *e)
{
	const char *list = cli_given(&p->args, "drop");
	struct bytes rest = bytes_of(list ? list : "");
	while (rest.len) {
		struct bytes word = bytes_trim(bytes_cut(&rest, ','));
		bool known = bytes_eq_lit(word, "observe");
		for (size_t i = 0; i < COUNT(criteria); i++)
			known = known || bytes_eq_lit(word, criteria[i].option);
		for (size_t i = 0; i < COUNT(ends); i++)
			known = known || bytes_eq_lit(word, ends[i].option);
		for (size_t i = 0; i < COUNT(plain); i++)
			known = known || bytes_eq_lit(word, plain[i].option);
		if (!known)
			return err_set(
			    e, ERR_FORMAT,
			    "--drop: \"%.*s\" is nothing that a rule says: name options, "
			    "as in --drop until-kev,expires",
			    BYTES_ARG(word));
	}
	return 0;
}

static int change(struct admin *p, struct err *e)
{
	struct fetch_reply was = {0};
	const char *path = rule_path(p, e), *json = NULL;
	if (!path || check_drop(p, e) < 0 || admin_connect(p, e) < 0)
		return -(int)e->code;
	int r = cli_server_ask(&p->server, &(struct cli_server_request){.path = path}, &p->arena,
			       &was, e);
	if (r == 0)
		json = change_json(p, buf_bytes(&was.body), e);
	fetch_reply_free(&was);
	return json ? admin_do(p, "PUT", path, json, e) : -(int)e->code;
}

static int rule_change(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"rule change", change_options, 1, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	int r = change(&p, &e);
	return admin_close(&p, r, &e);
}

static const struct listing_column preview_columns[] = {
    {"findings", "findings", 0},
    {"new_findings", "that no other rule disables", 0},
    {"images", "in images", 0},
    {"by_severity.Critical", "Critical", 0},
    {"by_severity.High", "High", 0},
    {"by_severity.Medium", "Medium", 0},
    {"by_severity.Low", "Low", 0},
    {"by_severity.Negligible", "Negligible", 0},
    {"by_severity.Unknown", "Unknown", 0},
    {"kev", "known to be exploited", 0},
    {"patchable", "that an update repairs", 0},
    {"exact", "all images were counted", 0},
    {"warning", "warning", 0},
};

static int rule_preview(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"rule preview", create_options, 1, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	const char *json = rule_json(&p, &e);
	int r = json ? admin_connect(&p, &e) : -(int)e.code;
	if (r == 0)
		r = listing_print_reply(&p, "POST", RULES "/preview", json, preview_columns,
					COUNT(preview_columns), &e);
	return admin_close(&p, r, &e);
}

const struct cli_command rule_commands[] = {
    {.name = "list",
     .main = rule_list,
     .synopsis = "[--scope SCOPE [--inherited]]",
     .summary = "list disable rules",
     .options = list_options},
    {.name = "show",
     .main = rule_show,
     .synopsis = "NUMBER",
     .summary = "show one",
     .options = plain_options},
    {.name = "preview",
     .main = rule_preview,
     .synopsis = "SCOPE [--severity-below SEVERITY …]",
     .summary = "show what a rule would disable; nothing is changed",
     .options = create_options},
    {.name = "create",
     .main = rule_create,
     .synopsis = "SCOPE NAME [--severity-below SEVERITY …]",
     .summary = "disable the findings that fit, at and below a scope",
     .options = create_options},
    {.name = "change",
     .main = rule_change,
     .synopsis = "NUMBER [--expires TIME …] [--drop LIST]",
     .summary = "change what a rule says; what is not named stays",
     .options = change_options},
    {.name = "import",
     .main = rule_import,
     .synopsis = "FILE [--scope SCOPE] [--preview]",
     .summary = "create rules from a file of Trivy, Grype, OpenVEX, Harbor or \"rule export\"",
     .options = rule_import_options},
    {.name = "export",
     .main = rule_export,
     .synopsis = "[--format openvex|json] [--scope SCOPE]",
     .summary = "write rules to a file, for other tools or servers",
     .options = rule_export_options},
    {.name = "delete",
     .main = rule_delete,
     .synopsis = "NUMBER",
     .summary = "delete a rule: what it disabled comes back",
     .options = plain_options},
    {.name = NULL},
};

int verb_rule(int argc, char **argv)
{
	return cli_run_below(cli_find("rule"), argc, argv);
}
