/* Actions in words: what roles allow, and what the audit logs say was done. */
#include "access/access.h"
#include "api/doc.h"
#include "api/routes.h"

enum kind { KIND_ROLES, KIND_CHANGES, KIND_IMAGES, KIND_DENIALS };
static const char *kind_word(int i)
{
	static const char *const words[] = {"roles", "changes", "images", "denials", NULL};
	return words[i];
}

struct action_row {
	const char *code, *words;
	enum kind kind;
};
static struct bytes code_of(const void *row)
{
	return bytes_of(((const struct action_row *)row)->code);
}
static struct bytes words_of(const void *row)
{
	return bytes_of(((const struct action_row *)row)->words);
}
static const struct record_field action_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "action", "Its code", .made = code_of,
		 .example = "\"registries/pull/read\""),
    RECORD_SHOWN(RECORD_TEXT, "words", "What it lets do, or what was done", .made = words_of,
		 .example = "\"Pull images\""),
    RECORD_FIELD(struct action_row, kind, RECORD_WORD, "kind",
		 "roles: a role may list it, and a denied change lacks it. The others: entries of "
		 "that audit log say it",
		 .words = kind_word),
};
static const struct record_object action_object = {
    .name = "Action", .text = "An action, as a code and in words", RECORD_TABLE(action_fields)};

#define COUNT (role_action_count + AUDIT_ACTION_COUNT)
static struct action_row row_at(size_t i)
{
	static const enum kind kinds[] = {[ACCESS_LOG_CHANGES] = KIND_CHANGES,
					  [ACCESS_LOG_TRAFFIC] = KIND_IMAGES,
					  [ACCESS_LOG_DENIALS] = KIND_DENIALS};
	if (i < role_action_count)
		return (struct action_row){role_actions[i].code, role_actions[i].words, KIND_ROLES};
	const struct audit_action_row *a = &audit_actions[i - role_action_count];
	return (struct action_row){a->code, a->words, kinds[a->log]};
}

struct listing {
	struct api_page page; /* the table's struct */
	struct arena *a;
	uint64_t
	    before; /* rows are numbered from the end, as api_number_cursor_read begins there */
};

static int write_actions(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	size_t at = l->before < COUNT ? COUNT - (size_t)l->before : 0, n = 0;
	(void)tx;
	(void)e;
	api_list_begin(w);
	for (; at < COUNT && n < l->page.limit; at++, n++) {
		struct action_row row = row_at(at);
		record_put(w, NULL, &action_object, &row);
	}
	api_list_end(w, at < COUNT ? api_number_cursor(w, l->a, (int64_t)(COUNT - at)) : BYTES_NONE,
		     total_of(COUNT, true));
	return 0;
}

static int get_actions(struct http_request *r, struct err *e)
{
	struct listing l = {.a = http_arena(r), .before = INT64_MAX};
	if (api_query_read(r, &l.page, e) < 0 ||
	    api_number_cursor_read(l.page.cursor, &l.before, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_actions, &l, e);
}

static const struct api_doc actions_doc = {
    .id = "listActions",
    .query = &api_page_query,
    .replies = {{.status = 200,
		 .text = "A page of actions: of roles, then of the audit logs",
		 .of = &action_object,
		 .list = true}},
};
const struct http_route api_actions_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/actions",
     .handle = get_actions,
     .action = ACTION_ANY_PRINCIPAL,
     .summary = "Actions in words: what roles allow, and what the audit logs say was done",
     .doc = &actions_doc},
};
const size_t api_actions_route_count = sizeof api_actions_routes / sizeof *api_actions_routes;
