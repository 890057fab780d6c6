/* What scanning reads of the registry. Its own reads are no pulls: they renew no one's window. */
#include "scan/engine_impl.h"

int engine_read_manifest(struct engine *g, struct bytes repository, struct bytes digest,
			 struct arena *a, struct bytes *ret_text, struct bytes *ret_type,
			 struct err *e)
{
	struct store_manifest m;
	int r = registry_manifest_get(g->o.registry, repository, digest, true, a, &m, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "the manifest was deleted");
	if (r < 0)
		return r;
	*ret_text = m.content;
	*ret_type = m.media_type;
	return 0;
}

int engine_open_blob(struct engine *g, struct bytes repository, const struct digest *d, int *ret_fd,
		     uint64_t *ret_len, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	int r = registry_blob_open(g->o.registry, repository, d, ret_fd, ret_len, e);
	if (r == 0) {
		digest_text(d, text);
		return err_set(e, ERR_NOT_FOUND, "blob %s is not in the registry", text);
	}
	return r < 0 ? r : 0;
}
