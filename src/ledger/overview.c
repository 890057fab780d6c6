#include "ledger/overview.h"

#include "ledger/firsts.h"
#include "store/seen.h"

#include <stdlib.h>

static const enum adv_severity order[] = {ADV_SEV_CRITICAL, ADV_SEV_HIGH,	ADV_SEV_MEDIUM,
					  ADV_SEV_LOW,	    ADV_SEV_NEGLIGIBLE, ADV_SEV_UNKNOWN};

static enum overview_age age_of(int64_t days)
{
	return days <= 7    ? OVERVIEW_WEEK
	       : days <= 30 ? OVERVIEW_MONTH
	       : days <= 90 ? OVERVIEW_QUARTER
			    : OVERVIEW_OLDER;
}

/* The findings of a day and cause. */
static void add_day(struct overview_ages *a, int64_t days, enum overview_cause cause,
		    struct db_stmt *s, double *sum_days)
{
	for (int i = 0; i <= ADV_SEV_CRITICAL; i++) {
		uint64_t n = (uint64_t)db_int(s, 2 + i);
		a->by[order[i]][age_of(days)] += n;
		a->dated += n;
		*sum_days += (double)n * (double)days;
		a->day[cause].by[order[i]] += days <= 1 ? n : 0;
		a->week[cause].by[order[i]] += days <= 7 ? n : 0;
	}
}

#define SUM(column) "sum(t." column ")"
int overview_ages(struct db_tx *tx, const struct visibility *v, int64_t now_ms,
		  struct overview_ages *ret, struct err *e)
{
	int64_t today = now_ms / FIRSTS_DAY_MS;
	double sum = 0;
	*ret = (struct overview_ages){.dated = 0};
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT t.day, t.by_advisory, " SEEN_SEVERITIES(
			 SUM) " FROM age_seen t WHERE"
			      " " STORE_VISIBLE("t.repository_id", "$1",
						"$2") " GROUP BY t.day, t.by_advisory",
		     DB_ARGS(STORE_VISIBLE_ARGS(v)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		int64_t days = today - db_int(s, 0);
		add_day(ret, days < 0 ? 0 : days, db_int(s, 1) ? OVERVIEW_ADVISORY : OVERVIEW_IMAGE,
			s, &sum);
	}
	db_done(s);
	ret->mean_days = ret->dated ? sum / (double)ret->dated : 0;
	return r < 0 ? r : 0;
}

struct placed {
	int64_t image, risk;
};

static int by_risk(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	if (x->risk != y->risk)
		return (x->risk < y->risk) - (x->risk > y->risk);
	return (x->image > y->image) - (x->image < y->image);
}

/* The images at most risk are in the repositories whose first images are: so many, by the index. */
static int64_t read_repositories(struct db_tx *tx, const struct visibility *v, size_t max,
				 int64_t *out, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT t.id, (SELECT " SEEN_RISK " FROM image_counts WHERE repository_id = t.id"
	    " ORDER BY " SEEN_RISK " DESC LIMIT 1) AS risk FROM repository_total t WHERE"
	    " " STORE_VISIBLE("t.id", "$1",
			      "$2") " AND t.critical + t.d_critical + t.high"
				    " + t.d_high + t.medium + t.d_medium + t.low + t.d_low"
				    " + t.negligible + t.d_negligible"
				    " + t.unknown + t.d_unknown > 0 ORDER BY 2 DESC, 1 LIMIT $3",
	    DB_ARGS(STORE_VISIBLE_ARGS(v), DB_I(max)), e);
	int r = s ? 0 : -(int)e->code;
	int64_t n = 0;
	while (s && (size_t)n < max && (r = db_step(s, e)) > 0)
		out[n++] = db_int(s, 0);
	db_done(s);
	return r < 0 ? r : n;
}

static int read_first(struct db_tx *tx, int64_t repository, size_t max, struct placed *out,
		      size_t *count, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT image_id, " SEEN_RISK " FROM image_counts"
		     " WHERE repository_id = $1 ORDER BY " SEEN_RISK " DESC LIMIT $2",
		     DB_ARGS(DB_I(repository), DB_I(max)), e);
	int r = s ? 0 : -(int)e->code;
	for (size_t n = 0; s && n < max && (r = db_step(s, e)) > 0; n++)
		if (db_int(s, 1) > 0)
			out[(*count)++] =
			    (struct placed){.image = db_int(s, 0), .risk = db_int(s, 1)};
	db_done(s);
	return r < 0 ? r : 0;
}

#define MORE LEDGER_IMAGE_WIDTH

static int read_images(struct db_tx *tx, const struct placed *placed, size_t count, struct arena *a,
		       struct overview_image *out, struct err *e)
{
	int64_t ids[OVERVIEW_IMAGES_MAX] = {0};
	for (size_t i = 0; i < count; i++) {
		ids[i] = placed[i].image;
		out[i] = (struct overview_image){.risk = placed[i].risk};
	}
	struct db_stmt *s = db_query(tx,
				     "SELECT " LEDGER_IMAGE_COLUMNS ", n.exploited, n.urgent FROM"
				     " " LEDGER_IMAGE_FROM " WHERE i.id {IN $1}",
				     DB_ARGS(DB_INTS(ids, count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		struct overview_image row = {.exploited = (uint64_t)db_int(s, MORE),
					     .urgent = (uint64_t)db_int(s, MORE + 1)};
		r = ledger_image_row(s, a, &row.image, e);
		for (size_t i = 0; r == 0 && i < count; i++)
			if (ids[i] == row.image.id) {
				row.risk = placed[i].risk;
				out[i] = row;
			}
		if (r < 0)
			break;
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int64_t overview_riskiest(struct db_tx *tx, const struct visibility *v, size_t max, struct arena *a,
			  struct overview_image *out, struct err *e)
{
	int64_t repositories[OVERVIEW_IMAGES_MAX];
	struct placed placed[OVERVIEW_IMAGES_MAX * OVERVIEW_IMAGES_MAX];
	size_t count = 0;
	max = max < OVERVIEW_IMAGES_MAX ? max : OVERVIEW_IMAGES_MAX;
	int64_t n = read_repositories(tx, v, max, repositories, e);
	for (int64_t i = 0; i < n; i++)
		if (read_first(tx, repositories[i], max, placed, &count, e) < 0)
			return -(int)e->code;
	if (n <= 0)
		return n;
	qsort(placed, count, sizeof *placed, by_risk);
	count = count < max ? count : max;
	int r = read_images(tx, placed, count, a, out, e);
	return r < 0 ? r : (int64_t)count;
}

int64_t overview_kev(struct db_tx *tx, int64_t since_ms, size_t max, uint64_t *out, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT id FROM security_check WHERE kev_since > 0"
				     " AND kev_since >= $1 ORDER BY kev_since DESC, id LIMIT $2",
				     DB_ARGS(DB_I(since_ms), DB_I(max)), e);
	int r = s ? 0 : -(int)e->code;
	int64_t n = 0;
	while (s && (size_t)n < max && (r = db_step(s, e)) > 0)
		out[n++] = (uint64_t)db_int(s, 0);
	db_done(s);
	return r < 0 ? r : n;
}
