/* The tokens of users and robots: their secrets are shown once, only hashes are kept. */
#include "api/people.h"

#include "base/clock.h"

#define BODY_MAX 65536
#define DAYS_MAX 3650

static const char *kind_word(int i)
{
	static const char *const words[] = {"personal", "refresh", "session", NULL};
	return words[i];
}

#define T(member, kind, key, ...) RECORD_FIELD(struct access_token, member, kind, key, __VA_ARGS__)
static const struct record_field token_fields[] = {
    T(id, RECORD_INT, "id", "Its number, for revoking it"),
    T(kind, RECORD_TEXT, "kind",
      "refresh: made for a registry client by /oauth2/token; session: of the portal",
      .words = kind_word),
    T(name, RECORD_TEXT, "label", "Its label"),
    T(created_at, RECORD_TIME, "created_at", "When it was created"),
    T(expires_at, RECORD_TIME, "expires_at", "When it expires; absent if never",
      .flags = RECORD_OPTIONAL),
};
static const struct record_object token_object = {
    .name = "Token", .text = "A token, without its secret", RECORD_TABLE(token_fields)};

struct made_row {
	struct bytes token, label;
	int64_t until;
};
static const struct record_field made_fields[] = {
    RECORD_FIELD(struct made_row, token, RECORD_TEXT, "token", "The secret; shown only once"),
    RECORD_FIELD(struct made_row, label, RECORD_TEXT, "label", "As requested"),
    RECORD_FIELD(struct made_row, until, RECORD_TIME, "expires_at",
		 "When it expires; absent if never", .flags = RECORD_OPTIONAL),
};
static const struct record_object made_object = {
    .name = "MadeToken", .text = "A new token", RECORD_TABLE(made_fields)};

struct listing {
	struct api_page page; /* the table's struct */
	struct http_request *r;
	uint64_t after; /* ids above this one */
};

static int write_tokens(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct bytes name = http_param(l->r, "user"), next = BYTES_NONE;
	struct arena *a = http_arena(l->r);
	struct access_user u;
	struct access_token t = {.id = (int64_t)l->after};
	int64_t last = 0;
	struct total total;
	int rc = access_db_user_find(tx, name, a, &u, e);
	if (rc == 0 || (rc > 0 && bytes_eq_lit(u.kind, "group")))
		return people_no_user(name, e);
	if (rc < 0 || access_db_total(tx, ACCESS_TOKENS, u.id, &total, e) < 0)
		return -(int)e->code;
	api_list_begin(w);
	for (uint64_t n = 0; (rc = access_db_token_next(tx, u.id, t.id, a, &t, e)) > 0; n++) {
		if (n == l->page.limit) {
			next = api_number_cursor(w, a, last);
			rc = 0;
			break;
		}
		record_put(w, NULL, &token_object, &t);
		last = t.id;
	}
	api_list_end(w, next, total);
	return rc;
}

static int get_tokens(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (api_query_read(r, &l.page, e) < 0)
		return -(int)e->code;
	if (api_number_cursor_read(l.page.cursor, &l.after, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_tokens, &l, e);
}

struct user_id {
	struct bytes name;
	struct arena *arena;
	int64_t id;
};

static int user_id_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct user_id *f = arg;
	struct access_user u;
	int rc = access_db_user_find(tx, f->name, f->arena, &u, e);
	if (rc == 0 || (rc > 0 && bytes_eq_lit(u.kind, "group")))
		return people_no_user(f->name, e);
	if (rc > 0)
		f->id = u.id;
	return rc < 0 ? rc : 0;
}

static int find_user(struct http_request *r, int64_t *ret, struct err *e)
{
	struct user_id f = {.name = http_param(r, "user"), .arena = http_arena(r)};
	int rc = db_run(api_of(r)->db, DB_READ, user_id_tx, &f, e);
	*ret = f.id;
	return rc < 0 ? rc : 0;
}

struct new_token {
	struct bytes label;
	uint64_t days;
};
static const struct record_field new_token_fields[] = {
    RECORD_FIELD(struct new_token, label, RECORD_TEXT, "label", "Its purpose",
		 .max = ACCESS_LABEL_MAX),
    RECORD_FIELD(struct new_token, days, RECORD_UINT, "days",
		 "Lifetime in days; unlimited by default", .min = 1, .max = DAYS_MAX),
};
static const struct record_object new_token = {
    .name = "NewToken", .text = "A token to create", RECORD_TABLE(new_token_fields)};

static int reply_made(struct http_request *r, const struct made_row *row, struct err *e)
{
	struct buf out;
	struct json_out w;
	if (http_reply_header(r, "Cache-Control", BYTES_LIT("no-store"), e) < 0)
		return -(int)e->code;
	buf_init(&out, 4096);
	json_out_init(&w, &out, false);
	record_put(&w, NULL, &made_object, row);
	return api_reply_json(r, 201, &out, e);
}

static int post_token(struct http_request *r, struct err *e)
{
	char token[SECRET_TOKEN_CAP];
	struct new_token b;
	int64_t user;
	if (api_body_read(r, &b, e) < 0 || find_user(r, &user, e) < 0)
		return -(int)e->code;
	int64_t until = b.days ? clock_wall_ms() + (int64_t)b.days * 86400000 : 0;
	struct access_actor by = people_actor(r);
	const struct access_token row = {
	    .user_id = user, .kind = BYTES_LIT("personal"), .name = b.label, .expires_at = until};
	int rc = access_token_add(api_of(r)->access, &by, &row, token, e);
	if (rc < 0)
		return rc;
	rc = reply_made(
	    r, &(struct made_row){.token = bytes_of(token), .label = b.label, .until = until}, e);
	secret_wipe(token, sizeof token);
	return rc;
}

static int delete_token(struct http_request *r, struct err *e)
{
	int64_t user;
	int64_t token;
	struct access_actor by = people_actor(r);
	int rc = api_id(r, "token", &token, e);
	if (rc == 0)
		rc = find_user(r, &user, e);
	if (rc == 0)
		rc = access_token_remove(api_of(r)->access, &by, user, token, e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

static const struct record_field id_fields[] = {
    RECORD_SHOWN(RECORD_INT, "id", "Number of the token"),
};
static const struct record_object id_params = {RECORD_TABLE(id_fields)};
static const struct record_field secret_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "Cache-Control", "no-store"),
};
static const struct record_object secret_headers = {RECORD_TABLE(secret_fields)};

static const struct api_doc tokens_doc = {
    .id = "listTokens",
    .query = &api_page_query,
    .replies = {{.status = 200,
		 .text = "A page of tokens, oldest first",
		 .of = &token_object,
		 .list = true}},
};
static const struct api_doc post_token_doc = {
    .id = "createToken",
    .body = &new_token,
    .body_example = "{\"label\": \"build\", \"days\": 90}",
    .replies =
	{{.status = 201, .text = "The token", .of = &made_object, .headers = &secret_headers}},
};
static const struct api_doc delete_token_doc = {
    .id = "deleteToken",
    .params = &id_params,
    .replies = {{.status = 204, .text = "It is ended"}},
};

const struct http_route api_tokens_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/users/{user}/tokens",
     .handle = get_tokens,
     .action = ACTION_ACCESS_READ,
     .summary = "Tokens of a user, without their secrets",
     .doc = &tokens_doc},
    {.methods = HTTP_POST,
     .pattern = "/api/v1/users/{user}/tokens",
     .handle = post_token,
     .action = ACTION_ACCESS_WRITE,
     .body_max = BODY_MAX,
     .summary = "Create a token; its secret is shown only once",
     .doc = &post_token_doc},
    {.methods = HTTP_DELETE,
     .pattern = "/api/v1/users/{user}/tokens/{id}",
     .handle = delete_token,
     .action = ACTION_ACCESS_WRITE,
     .summary = "End a token",
     .doc = &delete_token_doc},
};
const size_t api_tokens_route_count = sizeof api_tokens_routes / sizeof *api_tokens_routes;
