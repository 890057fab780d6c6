/* A list of package URLs, one a line; empty lines and those that begin with '#' are skipped. */
#include "sbom/draft.h"

int purls_read(struct bytes text, struct draft *d, struct err *e)
{
	struct draft_item *item = arena_alloc(&d->arena, 1, sizeof *item);
	if (!item)
		return err_nomem(e);
	d->bill.format = BYTES_LIT("package URLs");
	while (text.len) {
		struct bytes line = bytes_trim(bytes_cut(&text, '\n'));
		if (!line.len || line.ptr[0] == '#')
			continue;
		*item = (struct draft_item){.name = line, .purl = line};
		if (draft_add(d, item, e) < 0)
			return -(int)e->code;
	}
	return 0;
}
