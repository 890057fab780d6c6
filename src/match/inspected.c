/* What a content check found is a match of that check: its text, severity and what to do are the
 * table's. docs/decisions/content-checks.md */
#include "match/inspected.h"

#include "inspect/inspect.h"
#include "match/check.h"

uint64_t match_content_check(unsigned kind)
{
	struct bytes id = bytes_of(inspect_table[kind].id);
	return check_number(BYTES_LIT(INSPECT_TYPE), id, id);
}

static bool fill_check(enum inspect_kind kind, struct match_check *c, struct arena *a)
{
	const struct inspect_check *x = &inspect_table[kind];
	struct bytes id = bytes_of(x->id);
	char *title = arena_printf(a, "%s (%s)", x->title, x->id);
	*c = (struct match_check){.id = match_content_check(kind),
				  .advisory = id,
				  .source_name = id,
				  .title = bytes_of(title),
				  .category = bytes_of(inspect_category((int)x->group)),
				  .severity = x->severity,
				  .vendor_severity = x->severity,
				  .epss = -1,
				  .epss_percentile = -1,
				  .summary = bytes_of(x->title),
				  .details = bytes_of(x->description)};
	return title && c->id != 0;
}

int64_t inspected_match(const struct pkg *p, struct arena *a, struct match **ret, struct err *e)
{
	enum inspect_kind kind = inspect_find(p->name);
	*ret = NULL;
	if (kind == INSPECT_KIND_COUNT)
		return 0;
	struct match *m = arena_alloc(a, 1, sizeof *m);
	if (!m || !fill_check(kind, &m->check, a))
		return err_nomem(e);
	/* who builds the image can mend it: rules about what has no fix do not mean it */
	m->patchable = true;
	m->status = ADV_AFFECTED;
	m->remediation = bytes_of(inspect_table[kind].remediation);
	m->evidence = (struct match_evidence){.ecosystem = BYTES_LIT(INSPECT_TYPE),
					      .keyed_name = p->name,
					      .keyed = ADV_BY_BINARY,
					      .compared = p->version,
					      .scheme = BYTES_LIT("content check"),
					      .range = p->path};
	*ret = m;
	return 1;
}
