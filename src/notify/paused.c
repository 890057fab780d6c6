#include "notify/notify.h"

#include "access/access.h"
#include "store/notification.h"

int notify_paused(struct db_tx *tx, const struct store_notification *x, struct arena *a,
		  struct bytes *ret, struct err *e)
{
	struct err why = ERR_INIT;
	struct visibility v;
	const struct principal *author = NULL;
	int sees = 0, r = access_named_now(tx, x->author, a, &author, &why);
	*ret = BYTES_NONE;
	if (r < 0 && r != -ERR_DENIED)
		return err_again(e, &why);
	if (r == 0)
		sees = access_visibility(author, ACTION_SECURITY_READ, a, &v, e);
	if (r == 0 && sees == 0)
		sees = store_scope_is_visible(tx, x->scope_id, &v, e);
	if (sees != 0)
		return sees < 0 ? sees : 0;
	const char *text = arena_printf(a, "%.*s %s", BYTES_ARG(x->author),
					r < 0 ? "is no user any more, or is disabled"
					      : "may no longer read the findings of this scope");
	*ret = bytes_of(text);
	return text ? 0 : err_nomem(e);
}
