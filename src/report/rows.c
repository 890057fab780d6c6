#include "report/rows.h"

#include <stdlib.h>

static int worst_first(const void *a, const void *b)
{
	const struct finding *f = *(const struct finding *const *)a;
	const struct finding *g = *(const struct finding *const *)b;
	const struct match_check *x = &f->check, *y = &g->check;
	double of_x = match_urgency(x), of_y = match_urgency(y);
	if (of_x < of_y || of_x > of_y)
		return of_x < of_y ? 1 : -1;
	int r = bytes_cmp(finding_package(f), finding_package(g));
	if (r == 0)
		r = bytes_cmp(x->advisory, y->advisory);
	return r ? r : (x->id > y->id) - (x->id < y->id);
}

const struct finding **report_rows(const struct finding *findings, size_t count, struct arena *a)
{
	const struct finding **rows = arena_alloc(a, count, sizeof *rows);
	for (size_t i = 0; rows && i < count; i++)
		rows[i] = &findings[i];
	if (rows && count)
		qsort(rows, count, sizeof *rows, worst_first);
	return rows;
}

struct report_counts report_counts_of(const struct finding *findings, size_t count)
{
	struct report_counts c = {.findings = count};
	for (size_t i = 0; i < count; i++) {
		const struct finding *f = &findings[i];
		c.matches += (size_t)f->match_count;
		c.severities[f->check.severity]++;
		c.kev += f->check.kev;
		c.fixed += f->fixed.len > 0;
		size_t k = 0;
		while (k < i && !bytes_eq(finding_package(&findings[k]), finding_package(f)))
			k++;
		c.packages += k == i;
	}
	return c;
}

int report_upgrades(const struct finding *const *rows, size_t count, struct arena *a,
		    struct report_upgrade **ret, size_t *ret_count, struct err *e)
{
	struct report_upgrade *list = arena_alloc(a, count, sizeof *list);
	size_t n = 0;
	if (!list)
		return err_set(e, ERR_NOMEM, "no memory for %zu upgrades", count);
	for (size_t i = 0; i < count; i++) {
		const struct finding *f = rows[i];
		size_t k = 0;
		if (!f->fixed.len)
			continue;
		while (k < n && !bytes_eq(list[k].package, finding_package(f)))
			k++;
		if (k == n)
			list[n++] = (struct report_upgrade){.package = finding_package(f)};
		struct report_upgrade *u = &list[k];
		if (finding_is_newer(f->fixed, u->version, f->matches[f->best].pkg.type)) {
			u->version = f->fixed;
			u->deliverable = f->patchable;
		}
		u->clears++;
		u->kev += f->check.kev;
	}
	*ret = list;
	*ret_count = n;
	return 0;
}
