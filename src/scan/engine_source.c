/* What scanning reads of the registry. Its own reads are no pulls: they renew no one's window. */
#include "scan/engine_impl.h"

struct registry *engine_registry(const struct engine *g, const struct store_scan *s, struct err *e)
{
	struct registry *found = registry_numbered(g->o.registry, s->registry_id);
	if (!found)
		err_set(e, ERR_NOT_FOUND, "the registry was deleted");
	return found;
}

int engine_read_manifest(struct engine *g, const struct store_scan *s, struct arena *a,
			 struct bytes *ret_text, struct bytes *ret_type, struct err *e)
{
	struct store_manifest m;
	struct registry *registry = engine_registry(g, s, e);
	int r = registry ? registry_manifest_get(registry, s->repository, s->digest, true, a, &m, e)
			 : -(int)e->code;
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "the manifest was deleted");
	if (r < 0)
		return r;
	*ret_text = m.content;
	*ret_type = m.media_type;
	return 0;
}

static int not_there(int r, const struct digest *d, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	if (r != 0)
		return r < 0 ? r : 0;
	digest_text(d, text);
	return err_set(e, ERR_NOT_FOUND, "blob %s is not in the registry", text);
}

int engine_open_blob(struct engine *g, const struct store_scan *s, const struct digest *d,
		     struct content *ret, struct err *e)
{
	struct registry *registry = engine_registry(g, s, e);
	return registry ? not_there(registry_blob_open(registry, s->repository, d, ret, e), d, e)
			: -(int)e->code;
}

int engine_open_layer(struct engine *g, const struct store_scan *s, const struct digest *d,
		      int *ret_fd, uint64_t *ret_len, struct err *e)
{
	struct registry *registry = engine_registry(g, s, e);
	return registry
		   ? not_there(registry_blob_file(registry, s->repository, d, ret_fd, ret_len, e),
			       d, e)
		   : -(int)e->code;
}
