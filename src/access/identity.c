/* Users whom a provider vouches for: found by issuer and subject, never by their name, which
 * another person may have here or get there. */
#include "access/change.h"

#include "base/clock.h"
#include "store/group.h"
#include "store/identity.h"

struct sign_in {
	struct change c; /* first: change_run's argument */
	const struct access_identity *who;
	struct arena *arena;
	const struct principal *principal;
};

static int user_make(struct db_tx *tx, struct sign_in *s, struct access_user *ret, struct err *e)
{
	const struct access_identity *who = s->who;
	if (!who->may_create)
		return err_set(e, ERR_DENIED, "no user here is the provider's \"%.*s\"",
			       BYTES_ARG(who->name));
	if (!change_is_name(who->name))
		return err_set(e, ERR_FORMAT, "the provider's \"%.*s\" is no user name",
			       BYTES_ARG(who->name));
	int rc = access_db_user_find(tx, who->name, &s->c.arena, ret, e);
	if (rc > 0)
		return err_set(e, ERR_CONFLICT,
			       "\"%.*s\" is another user's name, whom the provider does not vouch "
			       "for",
			       BYTES_ARG(who->name));
	if (rc < 0)
		return rc;
	*ret = (struct access_user){.name = who->name,
				    .kind = BYTES_LIT("user"),
				    .enabled = true,
				    .created_at = clock_wall_ms()};
	ret->id = access_db_user_add(tx, ret, e);
	if (ret->id < 0)
		return (int)ret->id;
	if (store_identity_add(tx, who->issuer, who->subject, ret->id, e) < 0)
		return -(int)e->code;
	return access_audit(tx, s->c.by, AUDIT_USER_ADD, ret->name, BYTES_NONE,
			    change_note(&s->c, "issuer", who->issuer, "subject", who->subject), e);
}

static int note_member(struct db_tx *tx, struct sign_in *s, enum audit_action action,
		       struct bytes group, bool added, struct err *e)
{
	struct bytes note = change_note(&s->c, "member", s->c.by->name, "by", BYTES_LIT("claim"));
	return access_audit(tx, s->c.by, action, group, added ? BYTES_NONE : note,
			    added ? note : BYTES_NONE, e);
}

static bool has_group(const struct store_groups *all, int64_t id)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].row.id == id)
			return true;
	return false;
}

/* Memberships that claims made are those of this sign-in's claims. */
static int groups_follow(struct db_tx *tx, struct sign_in *s, const struct access_user *u,
			 struct err *e)
{
	struct store_groups claimed;
	struct store_members had;
	int rc =
	    store_group_claimed(tx, s->who->groups, s->who->group_count, &s->c.arena, &claimed, e);
	if (rc >= 0)
		rc = store_member_groups(tx, u->id, &s->c.arena, &had, e);
	for (size_t i = 0; rc >= 0 && i < had.count; i++) {
		const struct store_member *m = &had.items[i];
		if (!m->by_claim || has_group(&claimed, m->group_id))
			continue;
		rc = store_member_remove(tx, m->group_id, u->id, e);
		if (rc >= 0)
			rc = note_member(tx, s, AUDIT_GROUP_MEMBER_REMOVE, m->name, false, e);
	}
	for (size_t i = 0; rc >= 0 && i < claimed.count; i++) {
		rc = group_join(tx, &claimed.items[i], u, true, e);
		if (rc == -ERR_CONFLICT) { /* not of the name, which ERR_CONFLICT says */
			e->code = ERR_UNSUPPORTED;
			return -ERR_UNSUPPORTED;
		}
		if (rc > 0)
			rc = note_member(tx, s, AUDIT_GROUP_MEMBER_ADD, claimed.items[i].row.name,
					 true, e);
	}
	return rc;
}

static int sign_in_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct sign_in *s = arg;
	struct access_user u;
	int64_t id = store_identity_find(tx, s->who->issuer, s->who->subject, e);
	if (id < 0)
		return (int)id;
	int rc = id ? access_db_user_get(tx, id, &s->c.arena, &u, e) : user_make(tx, s, &u, e);
	if (rc < 0)
		return rc;
	const struct access_actor by = {.name = u.name, .peer = s->c.by->peer};
	const struct access_actor *was = s->c.by;
	s->c.by = &by;
	rc = groups_follow(tx, s, &u, e);
	if (rc >= 0)
		rc = access_user_now(tx, u.id, s->arena, &s->principal, e);
	s->c.by = was;
	return rc < 0 ? rc : 0;
}

int access_identify(struct access *a, const struct access_actor *by,
		    const struct access_identity *who, struct arena *arena,
		    const struct principal **ret, struct err *e)
{
	struct sign_in s = {.c = {.by = by}, .who = who, .arena = arena};
	int rc = change_run(a, sign_in_tx, &s.c, e);
	*ret = s.principal;
	return rc < 0 ? rc : 0;
}
