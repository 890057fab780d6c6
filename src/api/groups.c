/* Groups: users and robots that roles are assigned to together. */
#include "api/people.h"
#include "store/group.h"

#define BODY_MAX 65536

struct group_row {
	struct store_group g;
	uint64_t members;
};
#define G(member, kind, key, ...) RECORD_FIELD(struct group_row, member, kind, key, __VA_ARGS__)
static const struct record_field group_fields[] = {
    G(g.row.name, RECORD_TEXT, "name", "Its name", .example = "\"operators\""),
    G(g.claim, RECORD_TEXT, "claim", "Who signs in with this group claim is a member",
      .flags = RECORD_OPTIONAL),
    G(members, RECORD_UINT, "members", "How many members it has"),
    G(g.row.created_at, RECORD_TIME, "created_at", "When it was created"),
    RECORD_SHOWN(RECORD_OBJECTS, "roles", "Its roles and their scopes", .of = &people_assignment),
};
static const struct record_object group_object = {
    .name = "Group",
    .text = "Users and robots that roles are assigned to together",
    RECORD_TABLE(group_fields)};
/* All but the roles, which are read while they are written. */
static const struct record_object group_written = {
    .fields = group_fields, .count = sizeof group_fields / sizeof *group_fields - 1};

#define M(member, kind, key, ...) RECORD_FIELD(struct store_member, member, kind, key, __VA_ARGS__)
static const char *kind_word(int i)
{
	static const char *const words[] = {"user", "robot", NULL};
	return words[i];
}
static const struct record_field member_fields[] = {
    M(name, RECORD_TEXT, "name", "Name of the user or robot"),
    M(kind, RECORD_TEXT, "kind", "What it is", .words = kind_word),
    M(by_claim, RECORD_BOOL, "by_claim",
      "A claim of the last sign-in made it a member; one without the claim ends that"),
    M(created_at, RECORD_TIME, "created_at", "Since when"),
};
static const struct record_object member_object = {
    .name = "GroupMember", .text = "A member of a group", RECORD_TABLE(member_fields)};

static int no_group(struct bytes name, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "there is no group \"%.*s\"", BYTES_ARG(name));
}

static int put_group(struct db_tx *tx, struct json_out *w, const struct store_group *g,
		     struct http_request *r, struct err *e)
{
	int64_t n = store_member_count(tx, g->row.id, e);
	if (n < 0)
		return (int)n;
	struct group_row row = {.g = *g, .members = (uint64_t)n};
	json_put_object(w, NULL);
	record_put_members(w, &group_written, &row);
	json_put_array(w, "roles");
	int rc = people_put_assignments(tx, w, &g->row, false, r, e);
	json_put_end(w, ']');
	json_put_end(w, '}');
	return rc;
}

struct listing {
	struct api_page page; /* the table's struct */
	struct http_request *r;
	struct bytes group;
};

static int write_groups(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct arena *a = http_arena(l->r);
	struct store_groups got;
	struct total total;
	int rc = access_db_total(tx, ACCESS_GROUPS, 0, &total, e);
	if (rc >= 0)
		rc = store_group_list(tx, l->page.cursor, (size_t)l->page.limit, a, &got, e);
	if (rc < 0)
		return rc;
	api_list_begin(w);
	for (size_t i = 0; rc >= 0 && i < got.count; i++)
		rc = put_group(tx, w, &got.items[i], l->r, e);
	api_list_end(w, got.more ? got.items[got.count - 1].row.name : BYTES_NONE, total);
	return rc;
}

static int read_page(struct listing *l, struct err *e)
{
	if (api_query_read(l->r, &l->page, e) < 0)
		return -(int)e->code;
	return people_is_cursor(l->page.cursor) ? 0 : api_bad_cursor(e);
}

static int get_groups(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	int rc = read_page(&l, e);
	return rc < 0 ? rc : api_reply_read(r, 200, write_groups, &l, e);
}

static int write_members(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct arena *a = http_arena(l->r);
	struct store_group g;
	struct store_members got;
	struct total total;
	int rc = store_group_find(tx, l->group, a, &g, e);
	if (rc == 0)
		return no_group(l->group, e);
	if (rc > 0)
		rc = access_db_total(tx, ACCESS_MEMBERS, g.row.id, &total, e);
	if (rc >= 0)
		rc = store_member_list(tx, g.row.id, l->page.cursor, (size_t)l->page.limit, a, &got,
				       e);
	if (rc < 0)
		return rc;
	api_list_begin(w);
	for (size_t i = 0; i < got.count; i++)
		record_put(w, NULL, &member_object, &got.items[i]);
	api_list_end(w, got.more ? got.items[got.count - 1].name : BYTES_NONE, total);
	return 0;
}

static int get_members(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r, .group = http_param(r, "group")};
	int rc = read_page(&l, e);
	return rc < 0 ? rc : api_reply_read(r, 200, write_members, &l, e);
}

static int write_group(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct store_group g;
	int rc = store_group_find(tx, l->group, http_arena(l->r), &g, e);
	if (rc == 0)
		return no_group(l->group, e);
	return rc < 0 ? rc : put_group(tx, w, &g, l->r, e);
}

static int get_group(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r, .group = http_param(r, "group")};
	return api_reply_read(r, 200, write_group, &l, e);
}

struct new_group {
	struct bytes name, claim;
};
#define N(member, key, ...)                                                                        \
	RECORD_FIELD(struct new_group, member, RECORD_TEXT, key, __VA_ARGS__,                      \
		     .max = ACCESS_TEXT_MAX)
#define CLAIM                                                                                      \
	N(claim, "claim",                                                                          \
	  "Who signs in with this value in the provider's group claim is a member, until a "       \
	  "sign-in without it; absent or empty: members are those that are added")
static const struct record_field new_fields[] = {
    N(name, "name", "As a user's; no user or robot may have it", .flags = RECORD_NEEDED, .min = 1),
    CLAIM,
};
static const struct record_object new_body = {
    .name = "NewGroup", .text = "A group to create", RECORD_TABLE(new_fields)};
static const struct record_field set_fields[] = {CLAIM};
static const struct record_object set_body = {
    .name = "GroupChange", .text = "What the group becomes", RECORD_TABLE(set_fields)};

static int post_group(struct http_request *r, struct err *e)
{
	struct new_group b = {.name = BYTES_NONE};
	struct access_actor by = people_actor(r);
	if (api_body_read(r, &b, e) < 0 ||
	    access_group_add(api_of(r)->access, &by, b.name, b.claim, e) < 0)
		return -(int)e->code;
	const char *at = arena_printf(http_arena(r), "/api/v1/groups/%.*s", BYTES_ARG(b.name));
	if (!at)
		return err_set(e, ERR_NOMEM, "no memory");
	struct listing l = {.r = r, .group = b.name};
	int rc = http_reply_header(r, "Location", bytes_of(at), e);
	return rc < 0 ? rc : api_reply_read(r, 201, write_group, &l, e);
}

static int put_one(struct http_request *r, struct err *e)
{
	struct new_group b = {.name = BYTES_NONE};
	struct access_actor by = people_actor(r);
	struct listing l = {.r = r, .group = http_param(r, "group")};
	if (api_body_read(r, &b, e) < 0 ||
	    access_group_set(api_of(r)->access, &by, l.group, b.claim, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_group, &l, e);
}

static int delete_group(struct http_request *r, struct err *e)
{
	struct access_actor by = people_actor(r);
	int rc = access_group_remove(api_of(r)->access, &by, http_param(r, "group"), e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

static int put_member(struct http_request *r, struct err *e)
{
	struct access_actor by = people_actor(r);
	int rc = access_member_add(api_of(r)->access, &by, http_param(r, "group"),
				   http_param(r, "user"), e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

static int delete_member(struct http_request *r, struct err *e)
{
	struct access_actor by = people_actor(r);
	int rc = access_member_remove(api_of(r)->access, &by, http_param(r, "group"),
				      http_param(r, "user"), e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

static const struct api_doc list_doc = {
    .id = "listGroups",
    .query = &api_page_query,
    .replies = {{.status = 200, .text = "A page, by name", .of = &group_object, .list = true}},
};
static const struct api_doc post_doc = {
    .id = "createGroup",
    .text = "It allows nothing until it has a role.",
    .body = &new_body,
    .body_example = "{\"name\": \"operators\", \"claim\": \"container-operators\"}",
    .replies = {{.status = 201,
		 .text = "The group",
		 .of = &group_object,
		 .headers = &api_created_headers}},
    .errors = {409},
};
static const struct api_doc get_doc = {
    .id = "getGroup",
    .replies = {{.status = 200, .text = "The group", .of = &group_object}},
};
static const struct api_doc put_doc = {
    .id = "changeGroup",
    .body = &set_body,
    .body_example = "{\"claim\": \"container-operators\"}",
    .replies = {{.status = 200, .text = "The group", .of = &group_object}},
};
static const struct api_doc delete_doc = {
    .id = "deleteGroup",
    .replies = {{.status = 204, .text = "Removed, with its roles; its members stay users"}},
};
static const struct api_doc members_doc = {
    .id = "listGroupMembers",
    .query = &api_page_query,
    .replies = {{.status = 200, .text = "A page, by name", .of = &member_object, .list = true}},
};
static const struct api_doc put_member_doc = {
    .id = "addGroupMember",
    .replies = {{.status = 204, .text = "It is a member"}},
    .errors = {409},
};
static const struct api_doc delete_member_doc = {
    .id = "removeGroupMember",
    .replies = {{.status = 204, .text = "It is a member no more"}},
    .errors = {409},
};

#define GROUPS "/api/v1/groups"
const struct http_route api_groups_routes[] = {
    {.methods = HTTP_GET,
     .pattern = GROUPS,
     .handle = get_groups,
     .action = ACTION_ACCESS_READ,
     .summary = "Groups with their roles",
     .doc = &list_doc},
    {.methods = HTTP_POST,
     .pattern = GROUPS,
     .handle = post_group,
     .action = ACTION_ACCESS_WRITE,
     .body_max = BODY_MAX,
     .summary = "Create a group",
     .doc = &post_doc},
    {.methods = HTTP_GET,
     .pattern = GROUPS "/{group}",
     .handle = get_group,
     .action = ACTION_ACCESS_READ,
     .summary = "One group",
     .doc = &get_doc},
    {.methods = HTTP_PUT,
     .pattern = GROUPS "/{group}",
     .handle = put_one,
     .action = ACTION_ACCESS_WRITE,
     .body_max = BODY_MAX,
     .summary = "Change which claim makes members of a group",
     .doc = &put_doc},
    {.methods = HTTP_DELETE,
     .pattern = GROUPS "/{group}",
     .handle = delete_group,
     .action = ACTION_ACCESS_WRITE,
     .summary = "Remove a group and its roles",
     .doc = &delete_doc},
    {.methods = HTTP_GET,
     .pattern = GROUPS "/{group}/members",
     .handle = get_members,
     .action = ACTION_ACCESS_READ,
     .summary = "Members of a group",
     .doc = &members_doc},
    {.methods = HTTP_PUT,
     .pattern = GROUPS "/{group}/members/{user}",
     .handle = put_member,
     .action = ACTION_ACCESS_WRITE,
     .summary = "Add a user or robot to a group",
     .doc = &put_member_doc},
    {.methods = HTTP_DELETE,
     .pattern = GROUPS "/{group}/members/{user}",
     .handle = delete_member,
     .action = ACTION_ACCESS_WRITE,
     .summary = "Take a user or robot out of a group",
     .doc = &delete_member_doc},
};
const size_t api_groups_route_count = sizeof api_groups_routes / sizeof *api_groups_routes;
