/* What a caller sees, on one page: findings by age, what is new, the images at most risk. */
#include "api/doc.h"
#include "api/routes.h"

#include "base/clock.h"
#include "ledger/findings.h"
#include "ledger/overview.h"

#define RISKIEST 5U
#define KEV_ASKED 20U
#define KEV_MAX 5U
#define WEEK_MS (INT64_C(7) * 86400000)

struct age_row {
	int severity;
	uint64_t open, by[OVERVIEW_AGES];
};
#define A(member, kind, key, ...) RECORD_FIELD(struct age_row, member, kind, key, __VA_ARGS__)
static const struct record_field age_fields[] = {
    A(severity, RECORD_WORD, "severity", "The severity", .words = api_severity_word),
    A(open, RECORD_UINT, "open", "Findings"),
    A(by[OVERVIEW_WEEK], RECORD_UINT, "week", "Open for up to 7 days"),
    A(by[OVERVIEW_MONTH], RECORD_UINT, "month", "For 8 to 30 days"),
    A(by[OVERVIEW_QUARTER], RECORD_UINT, "quarter", "For 31 to 90 days"),
    A(by[OVERVIEW_OLDER], RECORD_UINT, "older", "For longer"),
};
static const struct record_object age_object = {
    .name = "FindingAges",
    .text = "Findings of a severity by the days since they are open",
    RECORD_TABLE(age_fields)};

struct news_row {
	struct image_counts by_advisory, by_image;
};
#define N(member, kind, key, ...) RECORD_FIELD(struct news_row, member, kind, key, __VA_ARGS__)
static const struct record_field news_fields[] = {
    N(by_advisory, RECORD_OBJECT, "by_advisory",
      "An advisory brought them to images that were there", .of = &api_counts),
    N(by_image, RECORD_OBJECT, "by_image", "An image brought them", .of = &api_counts),
};
static const struct record_object news_object = {
    .name = "NewFindings",
    .text = "Findings that are new in their repositories, by what brought them",
    RECORD_TABLE(news_fields)};

struct kev_row {
	struct match_check c;
	struct total images;
	struct record_rows cves;
};
#define K(member, kind, key, ...) RECORD_FIELD(struct kev_row, member, kind, key, __VA_ARGS__)
static const struct record_field kev_fields[] = {
    K(c.id, RECORD_UINT, "id", "Number of the security check"),
    K(c.title, RECORD_TEXT, "title", "What it is"),
    K(c.severity, RECORD_WORD, "severity", "Its severity", .words = api_severity_word),
    K(cves, RECORD_TEXTS, "cves", "The CVEs it is about"),
    K(c.source_name, RECORD_TEXT, "package", "The source package it is about"),
    K(c.kev_since_ms, RECORD_TIME, "kev_since", "Since when this server knows that"),
    FINDING_DUE_FIELD(struct kev_row, c),
    K(images.count, RECORD_UINT, "images", "Images that it is a finding of, up to 10,000"),
    K(images.exact, RECORD_BOOL, "images_exact", "false: there are more"),
};
static const struct record_object kev_object = {
    .name = "NewlyExploited",
    .text = "A security check that entered CISA KEV lately and is a finding",
    RECORD_TABLE(kev_fields)};

struct risk_row {
	struct overview_image o;
	struct record_rows tags;
};
#define R(member, kind, key, ...) RECORD_FIELD(struct risk_row, member, kind, key, __VA_ARGS__)
static const struct record_field risk_fields[] = {
    R(o.image.subscription, RECORD_TEXT, "subscription", "Its subscription"),
    R(o.image.registry, RECORD_TEXT, "registry", "Its registry"),
    R(o.image.repository, RECORD_TEXT, "repository", "Its repository",
      .pattern = RECORD_REPOSITORY_PATTERN),
    R(o.image.digest, RECORD_TEXT, "digest", "Its digest", .pattern = RECORD_DIGEST_PATTERN),
    R(tags, RECORD_TEXTS, "tags", "Up to 100 of its tags"),
    R(o.image.counts, RECORD_OBJECT, "findings", "Findings by severity", .of = &api_counts),
    R(o.exploited, RECORD_UINT, "exploited", "Those listed in CISA KEV"),
    R(o.urgent, RECORD_UINT, "critical_patchable", "Critical ones that an update repairs"),
    R(o.image.pulls, RECORD_UINT, "pulls", "Pulls within 30 days"),
    R(o.image.pulled_ms, RECORD_TIME, "pulled_at", "The last one", .flags = RECORD_OPTIONAL),
    R(o.image.pushed_ms, RECORD_TIME, "pushed_at", "When it was pushed last"),
};
static const struct record_object risk_object = {.name = "RiskyImage",
						 .text = "An image at risk, and how it is used",
						 RECORD_TABLE(risk_fields)};

struct overview_row {
	struct repository_total total;
	uint64_t pending;
	struct total cves;
	double mean_days; /* <0: nothing is open */
	bool dated;
	struct record_rows ages, kev, riskiest;
	struct news_row day, week;
};
#define O(member, kind, key, ...) RECORD_FIELD(struct overview_row, member, kind, key, __VA_ARGS__)
static const struct record_field overview_fields[] = {
    O(total.images, RECORD_UINT, "images", "Images"),
    O(total.healthy, RECORD_UINT, "healthy", "Healthy ones"),
    O(total.unhealthy, RECORD_UINT, "unhealthy", "Unhealthy ones"),
    O(total.unverified, RECORD_UINT, "unverified", "Those that could not be assessed"),
    O(pending, RECORD_UINT, "pending", "Those that are not scanned yet"),
    O(total.counts, RECORD_OBJECT, "findings", "Findings by severity", .of = &api_counts),
    O(total.counts.disabled, RECORD_UINT, "disabled",
      "Findings that rules disable; counted nowhere else"),
    O(cves.count, RECORD_UINT, "unique_cves", "Different CVEs that they are about, up to 10,000"),
    O(cves.exact, RECORD_BOOL, "unique_cves_exact", "false: there are more"),
    O(ages, RECORD_OBJECTS, "ages", "Findings by age, Critical first", .of = &age_object,
      .stride = sizeof(struct age_row)),
    O(mean_days, RECORD_NUMBER, "mean_age_days", "Days for which they are open on average",
      .flags = RECORD_OPTIONAL, .decimals = 1),
    O(dated, RECORD_BOOL, "ages_complete",
      "false: images of an older store are still being counted, and lack in `ages`"),
    O(day, RECORD_OBJECT, "new_day", "New since yesterday, in UTC", .of = &news_object),
    O(week, RECORD_OBJECT, "new_week", "New within 7 days", .of = &news_object),
    O(kev, RECORD_OBJECTS, "newly_exploited",
      "Findings whose security check entered CISA KEV within 7 days, up to 5", .of = &kev_object,
      .stride = sizeof(struct kev_row)),
    O(riskiest, RECORD_OBJECTS, "riskiest",
      "The 5 images at most risk: those in use first, then by exploited findings, Critical ones "
      "with an update, and pulls",
      .of = &risk_object, .stride = sizeof(struct risk_row)),
};
static const struct record_object overview_object = {
    .name = "Overview", .text = "What the caller sees, in figures", RECORD_TABLE(overview_fields)};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for an overview");
}

static int read_ages(struct db_tx *tx, struct arena *a, const struct visibility *v,
		     struct overview_row *row, struct err *e)
{
	struct overview_ages ages;
	struct age_row *rows = arena_alloc(a, ADV_SEV_CRITICAL + 1, sizeof *rows);
	uint64_t open = 0;
	if (!rows)
		return no_memory(e);
	if (overview_ages(tx, v, clock_wall_ms(), &ages, e) < 0)
		return -(int)e->code;
	for (int i = 0; i <= ADV_SEV_CRITICAL; i++) {
		/* Unknown is the lowest number and the last row. */
		int severity = ADV_SEV_CRITICAL - i;
		rows[i] =
		    (struct age_row){.severity = severity, .open = row->total.counts.by[severity]};
		for (int k = 0; k < OVERVIEW_AGES; k++)
			rows[i].by[k] = ages.by[severity][k];
		open += rows[i].open;
	}
	row->ages = (struct record_rows){rows, ADV_SEV_CRITICAL + 1};
	row->mean_days = ages.dated ? ages.mean_days : -1;
	row->dated = ages.dated == open;
	row->day = (struct news_row){.by_advisory = ages.day[OVERVIEW_ADVISORY],
				     .by_image = ages.day[OVERVIEW_IMAGE]};
	row->week = (struct news_row){.by_advisory = ages.week[OVERVIEW_ADVISORY],
				      .by_image = ages.week[OVERVIEW_IMAGE]};
	return 0;
}

/* The list of findings says which of the checks the caller has, and rules leave. */
static int read_kev(struct db_tx *tx, struct arena *a, const struct visibility *v,
		    struct overview_row *row, struct err *e)
{
	uint64_t ids[KEV_ASKED];
	struct finding found[KEV_MAX];
	struct total images[KEV_MAX];
	struct finding_cursor cursor = {.is_set = false};
	bool more;
	int64_t n = overview_kev(tx, clock_wall_ms() - WEEK_MS, KEV_ASKED, ids, e);
	const struct criteria c = {.ids = ids, .id_count = n > 0 ? (size_t)n : 0};
	const struct finding_query q = {
	    .visible = *v, .criteria = &c, .max = KEV_MAX, .matches = 1, .images = images};
	if (n > 0)
		n = finding_list(tx, &q, &cursor, a, found, &more, e);
	if (n < 0)
		return (int)n;
	struct kev_row *rows = arena_alloc(a, (size_t)n, sizeof *rows);
	if (!rows && n)
		return no_memory(e);
	for (int64_t i = 0; i < n; i++)
		rows[i] = (struct kev_row){.c = found[i].check,
					   .images = images[i],
					   .cves = {found[i].check.cves, found[i].check.cve_count}};
	row->kev = (struct record_rows){rows, (size_t)n};
	return 0;
}

static int read_riskiest(struct db_tx *tx, struct http_request *r, const struct visibility *v,
			 struct overview_row *row, struct err *e)
{
	struct overview_image found[RISKIEST];
	int64_t n = overview_riskiest(tx, v, RISKIEST, http_arena(r), found, e);
	struct risk_row *rows = n > 0 ? arena_alloc(http_arena(r), (size_t)n, sizeof *rows) : NULL;
	if (n < 0 || (n > 0 && !rows))
		return n < 0 ? (int)n : no_memory(e);
	for (int64_t i = 0; i < n; i++) {
		rows[i].o = found[i];
		if (api_image_tags(tx, r, &found[i].image, &rows[i].tags, e) < 0)
			return -(int)e->code;
	}
	row->riskiest = (struct record_rows){rows, (size_t)n};
	return 0;
}

static int write_overview(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct http_request *r = arg;
	struct overview_row row = {.pending = 0};
	struct visibility v;
	if (api_visibility(r, &v, e) < 0 || repository_totals_sum(tx, 0, &v, &row.total, e) < 0 ||
	    read_ages(tx, http_arena(r), &v, &row, e) < 0 ||
	    read_kev(tx, http_arena(r), &v, &row, e) < 0 || read_riskiest(tx, r, &v, &row, e) < 0 ||
	    overview_cves(tx, &v, http_arena(r), &row.cves, e) < 0)
		return -(int)e->code;
	row.pending = repository_total_pending(&row.total);
	record_put(w, NULL, &overview_object, &row);
	return 0;
}

static int get_overview(struct http_request *r, struct err *e)
{
	return api_reply_read(r, 200, write_overview, r, e);
}

static const struct api_doc overview_doc = {
    .id = "getOverview",
    .replies = {{.status = 200, .text = "The figures", .of = &overview_object}},
};

const struct http_route api_overview_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/overview",
     .anywhere = true,
     .handle = get_overview,
     .action = ACTION_SECURITY_READ,
     .summary = "What the caller sees, in figures: findings by age, what is new, images at risk",
     .doc = &overview_doc},
};
const size_t api_overview_route_count = sizeof api_overview_routes / sizeof *api_overview_routes;
