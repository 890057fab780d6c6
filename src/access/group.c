/* Changes of groups, their members, and custom roles. */
#include "access/change.h"

#include "base/clock.h"
#include "store/group.h"

#include <stdio.h>

static int group_of(struct db_tx *tx, struct change *c, struct store_group *ret, struct err *e)
{
	int rc = store_group_find(tx, c->name, &c->arena, ret, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "no group \"%.*s\"", BYTES_ARG(c->name));
	return rc < 0 ? rc : 0;
}

static int group_add_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	const struct store_group g = {
	    .row = {.name = c->name, .enabled = true, .created_at = clock_wall_ms()},
	    .claim = c->scope};
	int64_t id = store_group_add(tx, &g, e);
	if (id < 0)
		return (int)id;
	return access_audit(tx, c->by, AUDIT_GROUP_ADD, c->name, BYTES_NONE,
			    change_note(c, "claim", g.claim, NULL, BYTES_NONE), e);
}

int access_group_add(struct access *a, const struct access_actor *by, struct bytes name,
		     struct bytes claim, struct err *e)
{
	struct change c = {.by = by, .name = name, .scope = claim};
	if (!change_is_name(name))
		return err_set(e, ERR_FORMAT, "\"%.*s\" is no group name", BYTES_ARG(name));
	int rc = change_run(a, group_add_tx, &c, e);
	return rc < 0 ? rc : 0;
}

static int group_set_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_group g;
	int rc = group_of(tx, c, &g, e);
	if (rc >= 0)
		rc = store_group_set(tx, g.row.id, c->scope, e);
	if (rc < 0)
		return rc;
	return access_audit(tx, c->by, AUDIT_GROUP_CHANGE, c->name,
			    change_note(c, "claim", g.claim, NULL, BYTES_NONE),
			    change_note(c, "claim", c->scope, NULL, BYTES_NONE), e);
}

int access_group_set(struct access *a, const struct access_actor *by, struct bytes name,
		     struct bytes claim, struct err *e)
{
	struct change c = {.by = by, .name = name, .scope = claim};
	int rc = change_run(a, group_set_tx, &c, e);
	return rc < 0 ? rc : 0;
}

int change_is_own(struct db_tx *tx, struct change *c, int64_t group_id, struct err *e)
{
	struct access_user u;
	int rc = access_db_user_find(tx, c->by->name, &c->arena, &u, e);
	return rc > 0 ? store_member_is(tx, group_id, u.id, e) : rc;
}

static int group_remove_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_group g;
	int rc = group_of(tx, c, &g, e);
	if (rc >= 0)
		rc = change_is_own(tx, c, g.row.id, e);
	if (rc > 0)
		return err_set(e, ERR_CONFLICT, "users cannot remove a group they are in");
	if (rc >= 0)
		rc = store_group_remove(tx, g.row.id, e);
	if (rc < 0)
		return rc;
	return access_audit(tx, c->by, AUDIT_GROUP_REMOVE, c->name,
			    change_note(c, "claim", g.claim, NULL, BYTES_NONE), BYTES_NONE, e);
}

int access_group_remove(struct access *a, const struct access_actor *by, struct bytes name,
			struct err *e)
{
	struct change c = {.by = by, .name = name};
	int rc = change_run(a, group_remove_tx, &c, e);
	return rc < 0 ? rc : 0;
}

/* The user or robot that c->member names. */
static int member_of(struct db_tx *tx, struct change *c, struct access_user *ret, struct err *e)
{
	struct bytes group = c->name;
	c->name = c->member;
	int rc = change_user(tx, c, ret, e);
	c->name = group;
	return rc;
}

static int check_limits(struct db_tx *tx, const struct store_group *g, const struct access_user *u,
			struct err *e)
{
	int64_t groups = store_member_group_count(tx, u->id, e);
	int64_t members = groups < 0 ? groups : store_member_count(tx, g->row.id, e);
	int64_t own = members < 0 ? members : store_member_grants(tx, u->id, e);
	int64_t more = own < 0 ? own : access_db_assignment_count(tx, g->row.id, e);
	if (more < 0)
		return (int)more;
	if (groups >= ACCESS_GROUPS_MAX)
		return err_set(e, ERR_CONFLICT, "%.*s is in %d groups, the most there may be",
			       BYTES_ARG(u->name), ACCESS_GROUPS_MAX);
	if (members >= ACCESS_MEMBERS_MAX)
		return err_set(e, ERR_CONFLICT, "the group has %d members, the most there may be",
			       ACCESS_MEMBERS_MAX);
	if (own + more > ACCESS_GRANTS_MAX)
		return err_set(e, ERR_CONFLICT,
			       "%.*s would have more than %d role assignments, with those of its "
			       "groups",
			       BYTES_ARG(u->name), ACCESS_GRANTS_MAX);
	return 0;
}

int group_join(struct db_tx *tx, const struct store_group *g, const struct access_user *u,
	       bool by_claim, struct err *e)
{
	const struct store_member m = {.group_id = g->row.id,
				       .user_id = u->id,
				       .by_claim = by_claim,
				       .created_at = clock_wall_ms()};
	int rc = store_member_is(tx, g->row.id, u->id, e);
	if (rc == 0)
		rc = check_limits(tx, g, u, e);
	return rc < 0 ? rc : store_member_put(tx, &m, e);
}

static int member_add_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_group g;
	struct access_user u;
	int rc = group_of(tx, c, &g, e);
	if (rc >= 0)
		rc = member_of(tx, c, &u, e);
	if (rc >= 0)
		rc = group_join(tx, &g, &u, false, e);
	if (rc <= 0)
		return rc;
	return access_audit(tx, c->by, AUDIT_GROUP_MEMBER_ADD, c->name, BYTES_NONE,
			    change_note(c, "member", c->member, NULL, BYTES_NONE), e);
}

int access_member_add(struct access *a, const struct access_actor *by, struct bytes group,
		      struct bytes user, struct err *e)
{
	struct change c = {.by = by, .name = group, .member = user};
	int rc = change_run(a, member_add_tx, &c, e);
	return rc < 0 ? rc : 0;
}

static int member_remove_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_group g;
	struct access_user u;
	int rc = group_of(tx, c, &g, e);
	if (rc >= 0)
		rc = member_of(tx, c, &u, e);
	if (rc >= 0 && bytes_eq(c->by->name, c->member))
		return err_set(e, ERR_CONFLICT, "users cannot take themselves out of a group");
	if (rc >= 0)
		rc = store_member_remove(tx, g.row.id, u.id, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "\"%.*s\" is no member", BYTES_ARG(c->member));
	if (rc < 0)
		return rc;
	return access_audit(tx, c->by, AUDIT_GROUP_MEMBER_REMOVE, c->name,
			    change_note(c, "member", c->member, NULL, BYTES_NONE), BYTES_NONE, e);
}

int access_member_remove(struct access *a, const struct access_actor *by, struct bytes group,
			 struct bytes user, struct err *e)
{
	struct change c = {.by = by, .name = group, .member = user};
	int rc = change_run(a, member_remove_tx, &c, e);
	return rc < 0 ? rc : 0;
}

int access_role_id(char out[ACCESS_ROLE_ID_CAP], struct err *e)
{
	uint8_t b[16];
	int rc = secret_random(b, sizeof b, e);
	if (rc < 0)
		return rc;
	b[6] = (uint8_t)((b[6] & 0x0fU) | 0x40U); /* RFC 9562: version 4 */
	b[8] = (uint8_t)((b[8] & 0x3fU) | 0x80U);
	(void)snprintf(out, ACCESS_ROLE_ID_CAP,
		       "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
		       b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		       b[13], b[14], b[15]);
	return 0;
}

/* Its patterns are actions that there are, its scopes are there. */
static int check_role(struct db_tx *tx, struct change *c, struct err *e)
{
	struct bytes actions = c->row->actions, scopes = c->row->scopes;
	while (actions.len)
		if (role_pattern_check(bytes_cut(&actions, '\n'), e) < 0)
			return -(int)e->code;
	while (scopes.len) {
		struct store_scope s;
		struct bytes text = bytes_cut(&scopes, '\n');
		int rc = store_scope_resolve(tx, text, false, &c->arena, &s, e);
		if (rc >= 0 && change_allowed(tx, c, rc ? s.id : 0, text, e) < 0)
			return -(int)e->code;
		if (rc == 0)
			return err_set(e, ERR_FORMAT, "scopes: there is no scope \"%.*s\"",
				       BYTES_ARG(text));
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A role that is there is changed by who may change it wherever it may be assigned, and wherever it
 * is. */
static int check_owned(struct db_tx *tx, struct change *c, const struct access_role_row *old,
		       struct err *e)
{
	struct bytes scopes = old->scopes.len ? old->scopes : BYTES_LIT("/");
	if (!c->by->may || c->by->may->all)
		return 0;
	while (scopes.len) {
		struct store_scope s = {.id = 0};
		struct bytes text = bytes_cut(&scopes, '\n');
		int rc = store_scope_resolve(tx, text, false, &c->arena, &s, e);
		if (rc < 0 || change_allowed(tx, c, rc ? s.id : 0, text, e) < 0)
			return -(int)e->code;
	}
	int64_t beyond = access_db_role_uses_beyond(tx, old->id, c->by->may, e);
	if (beyond > 0)
		return err_set(e, ERR_DENIED,
			       "the role %.*s is assigned where you may not change it",
			       BYTES_ARG(old->name));
	return beyond < 0 ? (int)beyond : 0;
}

static int role_put_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct access_role_row old = {.id = BYTES_NONE}, same;
	int rc = check_role(tx, c, e);
	if (rc >= 0)
		rc = access_db_role_find(tx, c->row->id, &c->arena, &old, e);
	if (rc == 0 && !c->only_first)
		return err_set(e, ERR_NOT_FOUND, "no role \"%.*s\"", BYTES_ARG(c->row->id));
	if (rc == 1 && c->only_first)
		return err_set(e, ERR_CONFLICT, "there is a role \"%.*s\"", BYTES_ARG(c->row->id));
	bool had = rc == 1;
	if (had && check_owned(tx, c, &old, e) < 0)
		return -(int)e->code;
	if (rc >= 0)
		rc = access_db_role_find(tx, c->row->name, &c->arena, &same, e);
	if (rc == 1 && !(had && bytes_eq(same.id, old.id)))
		return err_set(e, ERR_CONFLICT, "there is a role \"%.*s\"",
			       BYTES_ARG(c->row->name));
	if (rc < 0)
		return rc;
	struct access_role_row row = *c->row;
	if (had)
		row.id = old.id;
	int64_t n = access_db_role_put(tx, &row, e);
	if (n < 0)
		return (int)n;
	return access_audit(tx, c->by, had ? AUDIT_ROLE_CHANGE : AUDIT_ROLE_ADD, row.name,
			    had ? change_note(c, "actions", old.actions, "scopes", old.scopes)
				: BYTES_NONE,
			    change_note(c, "actions", row.actions, "scopes", row.scopes), e);
}

int access_role_put(struct access *a, const struct access_actor *by,
		    const struct access_role_row *row, bool is_new, struct err *e)
{
	struct change c = {.by = by, .row = row, .only_first = is_new};
	if (row->id.len == 0 || row->name.len == 0 || row->actions.len == 0)
		return err_set(e, ERR_FORMAT, "a role needs a name and actions");
	if (role_find(row->id) || role_find(row->name))
		return err_set(e, ERR_CONFLICT, "a built-in role has this name");
	int rc = change_run(a, role_put_tx, &c, e);
	return rc < 0 ? rc : 0;
}

static int role_remove_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct access_role_row row;
	int rc = access_db_role_find(tx, c->role, &c->arena, &row, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "no role \"%.*s\"", BYTES_ARG(c->role));
	if (rc > 0 && check_owned(tx, c, &row, e) < 0)
		return -(int)e->code;
	int64_t uses = rc < 0 ? rc : access_db_role_uses(tx, row.id, e);
	if (uses > 0)
		return err_set(e, ERR_CONFLICT, "%.*s is assigned %lld times", BYTES_ARG(row.name),
			       (long long)uses);
	int64_t n = uses < 0 ? uses : access_db_role_remove(tx, row.id, e);
	if (n < 0)
		return (int)n;
	return access_audit(tx, c->by, AUDIT_ROLE_REMOVE, row.name,
			    change_note(c, "actions", row.actions, "scopes", row.scopes),
			    BYTES_NONE, e);
}

int access_role_remove(struct access *a, const struct access_actor *by, struct bytes role,
		       struct err *e)
{
	struct change c = {.by = by, .role = role};
	if (role_find(role))
		return err_set(e, ERR_CONFLICT, "the role is built in");
	int rc = change_run(a, role_remove_tx, &c, e);
	return rc < 0 ? rc : 0;
}
