#include "ledger/many.h"

#include <stdlib.h>
#include <string.h>

static int flush(struct many *m, struct err *e)
{
	int64_t n = db_exec_many(m->tx, m->text, m->values, m->columns, m->rows, e);
	m->rows = 0;
	return n < 0 ? (int)n : 0;
}

static int grow(struct many *m, struct err *e)
{
	size_t cap = m->cap ? 2 * m->cap : 64;
	struct db_value *grown = reallocarray(m->values, cap * m->columns, sizeof *m->values);
	if (!grown)
		return err_set(e, ERR_NOMEM, "no memory for rows of the store");
	m->values = grown;
	m->cap = cap;
	return 0;
}

int many_add(struct many *m, const struct db_value *row, struct err *e)
{
	int r = 0;
	if (m->rows == MANY_ROWS)
		r = flush(m, e);
	if (r == 0 && m->rows == m->cap)
		r = grow(m, e);
	if (r == 0)
		memcpy(&m->values[m->rows++ * m->columns], row, m->columns * sizeof *row);
	return r;
}

int many_end(struct many *m, int r, struct err *e)
{
	if (r == 0)
		r = flush(m, e);
	free(m->values);
	*m = (struct many){0};
	return r;
}
