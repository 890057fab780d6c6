/* Recommendations, the registries they are about, and the secure score. */
#include "api/doc.h"
#include "api/routes.h"

#include "base/clock.h"
#include "base/num.h"
#include "defend/score.h"
#include "defend/sibling.h"
#include "oci/reference.h"

#define PAGE 1000 /* registries that are read at once for sums */

static const char *severity_word(int i)
{
	return api_severity_word(i);
}

/* A recommendation with what it comes to over the registries that the caller sees. */
struct recommendation_row {
	struct bytes key, name, description, control;
	int severity, state;
	uint64_t healthy, unhealthy, not_applicable, images, unhealthy_images;
	struct image_counts counts;
	struct record_rows steps;
	struct score score;
	bool is_scored;
};
static bool is_scored(const void *row)
{
	return ((const struct recommendation_row *)row)->is_scored;
}
#define R(member, kind, key, ...)                                                                  \
	RECORD_FIELD(struct recommendation_row, member, kind, key, __VA_ARGS__)
#define R_SCORED(member, key, text_)                                                               \
	RECORD_FIELD(struct recommendation_row, member, RECORD_NUMBER, key, text_,                 \
		     .flags = RECORD_OPTIONAL, .has = is_scored, .decimals = 2)
static const struct record_field recommendation_fields[] = {
    R(key, RECORD_TEXT, "key", "Its key: a GUID that never changes"),
    R(name, RECORD_TEXT, "name", "What should be done"),
    R(description, RECORD_TEXT, "description", "Why"),
    R(steps, RECORD_TEXTS, "remediation_steps", "How"),
    R(severity, RECORD_WORD, "severity", "How much it matters", .words = severity_word),
    R(control, RECORD_TEXT, "control", "The control of the secure score that it counts for"),
    R(state, RECORD_WORD, "state",
      "Unhealthy: a registry is. NotApplicable: no registry could be assessed",
      .words = assessment_state_word),
    R(unhealthy, RECORD_UINT, "unhealthy_registries",
      "Registries that it concerns: those with findings, or as its description says"),
    R(healthy, RECORD_UINT, "healthy_registries",
      "Registries all of whose images were assessed and that it does not concern"),
    R(not_applicable, RECORD_UINT, "not_applicable_registries",
      "Registries that are not assessed; each has its reason"),
    R(images, RECORD_UINT, "images", "Images of all these registries"),
    R(unhealthy_images, RECORD_UINT, "unhealthy_images", "Images that it concerns"),
    R(counts, RECORD_OBJECT, "findings", "Findings by severity, summed over the images",
      .of = &api_counts),
    R(counts.disabled, RECORD_UINT, "disabled",
      "Findings that rules disable; counted nowhere else"),
    R_SCORED(score.max, "max_score", "Points of its control"),
    R_SCORED(score.current, "current_score", "Points reached"),
    R_SCORED(score.increase, "potential_increase", "Points that remediating all would add"),
};
static const struct record_object recommendation_object = {
    .name = "Recommendation",
    .text = "What should be done about the registries that the caller sees",
    RECORD_TABLE(recommendation_fields)};

static void counts_add(struct image_counts *to, const struct image_counts *add)
{
	for (size_t i = 0; i < sizeof to->by / sizeof *to->by; i++)
		to->by[i] += add->by[i];
	to->disabled += add->disabled;
}

static void assessment_add(struct recommendation_row *row, const struct assessment *as)
{
	row->healthy += as->state == ASSESSMENT_HEALTHY;
	row->unhealthy += as->state == ASSESSMENT_UNHEALTHY;
	row->not_applicable += as->state == ASSESSMENT_NOT_APPLICABLE;
	if (as->state == ASSESSMENT_NOT_APPLICABLE && as->cause != ASSESSMENT_NOT_ASSESSED)
		return; /* what is off or exempt is no vulnerability of this recommendation */
	row->images += as->total.images;
	row->unhealthy_images += as->total.unhealthy;
	counts_add(&row->counts, &as->total.counts);
}

static int steps_list(const struct recommendation *x, struct arena *a, struct record_rows *ret,
		      struct err *e)
{
	size_t n = 0;
	while (x->steps[n])
		n++;
	struct bytes *items = arena_alloc(a, n, sizeof *items);
	if (!items)
		return err_set(e, ERR_NOMEM, "no memory for remediation steps");
	for (size_t i = 0; i < n; i++)
		items[i] = bytes_of(x->steps[i]);
	*ret = (struct record_rows){items, n};
	return 0;
}

static struct assessment_query query_of(struct http_request *r, const struct recommendation *x,
					size_t n)
{
	return (struct assessment_query){.recommendation = x,
					 .n = n,
					 .now_ms = clock_wall_ms(),
					 .anonymous_pushes = api_of(r)->anonymous_pushes,
					 .secrets_off = api_of(r)->secrets_off,
					 .kept = api_of(r)->siblings};
}

/* sums: of the recommendation before. */
static int put_recommendation(struct db_tx *tx, struct json_out *w, struct http_request *r,
			      const struct recommendation *x, struct assessment_sums *sums,
			      struct err *e)
{
	struct arena *a = http_arena(r);
	struct assessments page = {.more = true};
	struct assessment_query q = query_of(r, x, PAGE);
	q.sums = sums;
	struct recommendation_row row = {.key = bytes_of(x->key),
					 .name = bytes_of(x->name),
					 .description = bytes_of(x->description),
					 .control = bytes_of(x->control),
					 .severity = (int)x->severity,
					 .is_scored = x->points > 0};
	int rc = api_visibility(r, &q.visible, e);
	if (rc >= 0)
		rc = steps_list(x, a, &row.steps, e);
	while (rc >= 0 && page.more) {
		rc = assessment_list(tx, &q, a, &page, e);
		for (size_t i = 0; rc >= 0 && i < page.count; i++)
			assessment_add(&row, &page.items[i]);
		if (rc >= 0 && page.count)
			q.after = page.items[page.count - 1].registry;
	}
	if (rc < 0)
		return rc;
	row.score = (struct score){.healthy = row.healthy, .unhealthy = row.unhealthy};
	score_settle(&row.score);
	row.state = row.unhealthy ? ASSESSMENT_UNHEALTHY
		    : row.healthy ? ASSESSMENT_HEALTHY
				  : ASSESSMENT_NOT_APPLICABLE;
	record_put(w, NULL, &recommendation_object, &row);
	return 0;
}

struct table_page {
	struct api_page page; /* the table's struct */
	struct http_request *r;
	size_t from; /* number in the table */
};

static int write_recommendations(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct table_page *p = arg;
	struct assessment_sums sums = {.count = 0};
	size_t i = p->from;
	int rc = 0;
	api_list_begin(w);
	for (; i < recommendation_count && i - p->from < p->page.limit && rc >= 0; i++)
		rc = put_recommendation(tx, w, p->r, &recommendation_table[i], &sums, e);
	api_list_end(
	    w, i < recommendation_count ? bytes_of(recommendation_table[i - 1].key) : BYTES_NONE,
	    total_of(recommendation_count, true));
	return rc;
}

static int get_recommendations(struct http_request *r, struct err *e)
{
	struct table_page p = {.r = r};
	if (api_query_read(r, &p.page, e) < 0)
		return -(int)e->code;
	const struct recommendation *last = recommendation_find(p.page.cursor);
	if (p.page.cursor.len && !last)
		return api_bad_cursor(e);
	p.from = last ? (size_t)(last - recommendation_table) + 1 : 0;
	return api_reply_read(r, 200, write_recommendations, &p, e);
}

static int recommendation_of(struct http_request *r, const struct recommendation **ret,
			     struct err *e)
{
	struct bytes key = http_param(r, "key");
	*ret = recommendation_find(key);
	return *ret ? 0
		    : err_set(e, ERR_NOT_FOUND, "there is no recommendation \"%.*s\"",
			      BYTES_ARG(bytes_part(key, 0, 100)));
}

static int write_recommendation(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct recommendation *x;
	int rc = recommendation_of(arg, &x, e);
	return rc < 0 ? rc : put_recommendation(tx, w, arg, x, NULL, e);
}

static int get_recommendation(struct http_request *r, struct err *e)
{
	return api_reply_read(r, 200, write_recommendation, r, e);
}

/* A registry as a recommendation sees it. */
struct resource_row {
	struct assessment as;
	struct bytes exemption, category;
};
#define A(member, kind, key, ...) RECORD_FIELD(struct resource_row, member, kind, key, __VA_ARGS__)
static const struct record_field resource_fields[] = {
    A(as.registry, RECORD_TEXT, "registry", "Name of the registry"),
    A(as.subscription, RECORD_TEXT, "subscription", "Its subscription"),
    A(as.state, RECORD_WORD, "state", "Its state by this recommendation",
      .words = assessment_state_word),
    A(as.cause, RECORD_WORD, "cause",
      "Why it is NotApplicable: the plan or the recommendation is off, an exemption holds, it "
      "has no images, or images could not be assessed or are not scanned yet; empty else",
      .words = assessment_cause_word),
    A(as.reason, RECORD_TEXT, "reason", "The same in words; empty else"),
    A(exemption, RECORD_TEXT, "exemption", "Name of the exemption that holds",
      .flags = RECORD_OPTIONAL),
    A(category, RECORD_TEXT, "category", "Category of that exemption", .flags = RECORD_OPTIONAL),
    A(as.exempt_images, RECORD_UINT, "exempt_images",
      "Images that exemptions of their own take out: in none of the figures that follow"),
    A(as.total.images, RECORD_UINT, "images", "Images in all"),
    A(as.total.unhealthy, RECORD_UINT, "unhealthy", "Images with findings"),
    A(as.total.healthy, RECORD_UINT, "healthy", "Images without findings"),
    A(as.total.unverified, RECORD_UINT, "unverified", "Images that could not be assessed"),
    A(as.pending, RECORD_UINT, "pending", "Images that are not scanned yet"),
    A(as.total.scanned_ms, RECORD_TIME, "scanned_at", "When a scan in it last ended",
      .flags = RECORD_OPTIONAL),
    A(as.total.counts, RECORD_OBJECT, "findings", "Findings by severity", .of = &api_counts),
    A(as.total.counts.disabled, RECORD_UINT, "disabled",
      "Findings that rules disable; counted nowhere else"),
};
static const struct record_object resource_object = {
    .name = "AssessedRegistry",
    .text = "A registry and its state by a recommendation",
    RECORD_TABLE(resource_fields)};

struct resources_query {
	struct api_page page;
	int state; /* -1: any */
	struct bytes subscription;
};
static const struct record_field resources_query_fields[] = {
    RECORD_FIELD(struct resources_query, state, RECORD_WORD, "state", "Of this state",
		 .words = assessment_state_word, .fallback = RECORD_NONE),
    RECORD_FIELD(struct resources_query, subscription, RECORD_TEXT, "subscription",
		 "Of this subscription"),
    API_PAGE_FIELDS(struct resources_query, page),
};
static const struct record_object resources_query = {RECORD_TABLE(resources_query_fields)};

struct listing {
	struct resources_query q; /* the tables' struct */
	struct http_request *r;
	const struct recommendation *recommendation;
};

static void put_resource(struct json_out *w, const struct assessment *as)
{
	struct resource_row row = {.as = *as};
	if (as->exemption) {
		row.exemption = as->exemption->name;
		row.category = bytes_of(exemption_category_word((int)as->exemption->category));
	}
	record_put(w, NULL, &resource_object, &row);
}

/* The scope of a subscription's name; 0 for none given. */
static int below_of(struct db_tx *tx, struct bytes subscription, struct arena *a, int64_t *ret,
		    struct err *e)
{
	struct store_scope s;
	*ret = 0;
	if (!subscription.len)
		return 0;
	int rc = store_scope_find(tx, STORE_SCOPE_SUBSCRIPTION, 0, subscription, a, &s, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no subscription \"%.*s\"",
			       BYTES_ARG(subscription));
	*ret = rc > 0 ? s.id : 0;
	return rc < 0 ? rc : 0;
}

/* How many there are in all: registries are few. */
static int count_resources(struct db_tx *tx, const struct listing *l, struct assessment_query q,
			   struct total *ret, struct err *e)
{
	struct assessments page = {.more = true};
	uint64_t n = 0;
	q.n = PAGE;
	for (q.after = BYTES_NONE; page.more && n <= TOTAL_MAX;) {
		int rc = assessment_list(tx, &q, http_arena(l->r), &page, e);
		if (rc < 0)
			return rc;
		for (size_t i = 0; i < page.count; i++)
			n += l->q.state < 0 || l->q.state == (int)page.items[i].state;
		if (page.count)
			q.after = page.items[page.count - 1].registry;
	}
	*ret = total_of(n, true);
	return 0;
}

static int write_resources(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct arena *a = http_arena(l->r);
	struct assessments page = {.more = true};
	struct assessment_query q =
	    query_of(l->r, l->recommendation, l->q.state < 0 ? (size_t)l->q.page.limit + 1 : PAGE);
	q.after = l->q.page.cursor;
	struct total total;
	uint64_t written = 0;
	struct bytes next = BYTES_NONE;
	int rc = api_visibility(l->r, &q.visible, e);
	if (rc >= 0)
		rc = below_of(tx, l->q.subscription, a, &q.below, e);
	if (rc < 0 || count_resources(tx, l, q, &total, e) < 0)
		return -(int)e->code;
	api_list_begin(w);
	while (page.more && next.len == 0) {
		rc = assessment_list(tx, &q, a, &page, e);
		if (rc < 0)
			return rc;
		for (size_t i = 0; i < page.count && next.len == 0; i++) {
			if (l->q.state >= 0 && l->q.state != (int)page.items[i].state)
				continue;
			if (written++ == l->q.page.limit)
				next = q.after;
			else
				put_resource(w, &page.items[i]);
			q.after = page.items[i].registry;
		}
		if (page.count && next.len == 0)
			q.after = page.items[page.count - 1].registry;
	}
	api_list_end(w, next, total);
	return 0;
}

static int get_resources(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (recommendation_of(r, &l.recommendation, e) < 0 || api_query_read(r, &l.q, e) < 0)
		return -(int)e->code;
	if (l.q.page.cursor.len && !ref_is_name(l.q.page.cursor))
		return api_bad_cursor(e);
	return api_reply_read(r, 200, write_resources, &l, e);
}

/* An image as a recommendation sees it. */
static const char *image_state_word(int state)
{
	static const char *const words[] = {"Healthy", "Unhealthy", "NotApplicable"};
	return state >= 0 && state <= SIBLING_UNKNOWN ? words[state] : NULL;
}
#define I(member, kind, key, ...) RECORD_FIELD(struct sibling_image, member, kind, key, __VA_ARGS__)
static const struct record_field image_fields[] = {
    I(registry, RECORD_TEXT, "registry", "Its registry"),
    I(repository, RECORD_TEXT, "repository", "Its repository",
      .pattern = RECORD_REPOSITORY_PATTERN),
    I(digest, RECORD_TEXT, "digest", "Its digest", .pattern = RECORD_DIGEST_PATTERN),
    I(distro_id, RECORD_TEXT, "distro", "Its distribution", .flags = RECORD_OPTIONAL),
    I(distro_version, RECORD_TEXT, "distro_version", "The release of that",
      .flags = RECORD_OPTIONAL),
    I(state, RECORD_WORD, "state",
      "Unhealthy: the recommendation concerns it; NotApplicable: that is not known",
      .words = image_state_word),
    I(reason, RECORD_TEXT, "reason", "Why, unless it is Healthy"),
};
static const struct record_object image_object = {.name = "AssessedImage",
						  .text =
						      "An image and its state by a recommendation",
						  RECORD_TABLE(image_fields)};

struct images_query {
	struct api_page page;
	int state; /* -1: any */
	struct bytes registry;
};
static const struct record_field images_query_fields[] = {
    RECORD_FIELD(struct images_query, state, RECORD_WORD, "state", "Of this state",
		 .words = image_state_word, .fallback = RECORD_NONE),
    RECORD_FIELD(struct images_query, registry, RECORD_TEXT, "registry", "In this registry"),
    API_PAGE_FIELDS(struct images_query, page),
};
static const struct record_object images_query = {RECORD_TABLE(images_query_fields)};

struct image_listing {
	struct images_query q; /* the tables' struct */
	struct http_request *r;
	const struct recommendation *recommendation;
	int64_t after;
};
#define IMAGES_LOOKS 20 /* pages of images that a page of one state is looked for in */

/* Registries that the recommendation leaves out, of those that the caller sees: their images are
 * not listed. */
static int left_out(struct db_tx *tx, const struct image_listing *l, struct visibility *v,
		    struct err *e)
{
	struct assessment_query q = query_of(l->r, l->recommendation, PAGE);
	q.visible = *v;
	return assessment_visible(tx, &q, http_arena(l->r), v, e);
}

static int write_images(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct image_listing *l = arg;
	struct arena *a = http_arena(l->r);
	struct sibling_images got = {.last = l->after};
	struct sibling_images_query q = {.about = l->recommendation->about,
					 .n = (size_t)l->q.page.limit,
					 .state = l->q.state,
					 .now_ms = clock_wall_ms()};
	uint64_t written = 0;
	int rc = api_visibility(l->r, &q.visible, e);
	if (rc >= 0 && l->q.registry.len)
		q.registry_id = api_registry_find(tx, l->q.registry, e);
	if (rc < 0 || q.registry_id < 0 || left_out(tx, l, &q.visible, e) < 0)
		return -(int)e->code;
	api_list_begin(w);
	for (int look = 0; look < IMAGES_LOOKS && written == 0 && (look == 0 || got.last); look++) {
		q.after = got.last;
		rc = sibling_images(tx, &q, a, &got, e);
		if (rc < 0)
			return rc;
		for (size_t i = 0; i < got.count; i++)
			record_put(w, NULL, &image_object, &got.items[i]);
		written += got.count;
	}
	struct bytes next = api_number_cursor(w, a, got.last);
	/* How many there are in all would take going through all of them. */
	api_list_end(w, next, total_of(written, !got.last && l->after == 0));
	return 0;
}

static int get_images(struct http_request *r, struct err *e)
{
	struct image_listing l = {.r = r};
	uint64_t after = 0;
	if (recommendation_of(r, &l.recommendation, e) < 0 || api_query_read(r, &l.q, e) < 0)
		return -(int)e->code;
	if (api_number_cursor_read(l.q.page.cursor, &after, e) < 0)
		return -(int)e->code;
	l.after = (int64_t)after;
	return api_reply_read(r, 200, write_images, &l, e);
}

static const struct api_doc list_doc = {
    .id = "listRecommendations",
    .query = &api_page_query,
    .replies = {{.status = 200,
		 .text = "A page of recommendations",
		 .of = &recommendation_object,
		 .list = true}},
};
static const struct api_doc one_doc = {
    .id = "getRecommendation",
    .replies = {{.status = 200, .text = "The recommendation", .of = &recommendation_object}},
};
static const struct api_doc resources_doc = {
    .id = "listAssessedRegistries",
    .query = &resources_query,
    .replies = {{.status = 200,
		 .text = "A page of registries, by name",
		 .of = &resource_object,
		 .list = true}},
};

static const struct api_doc images_doc = {
    .id = "listAssessedImages",
    .query = &images_query,
    .replies = {{.status = 200,
		 .text = "A page of images, by number; one of a state may be short",
		 .of = &image_object,
		 .list = true}},
    .errors = {404},
};

#define RECOMMENDATIONS "/api/v1/recommendations"
const struct http_route api_recommendations_routes[] = {
    {.methods = HTTP_GET,
     .pattern = RECOMMENDATIONS,
     .handle = get_recommendations,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "Recommendations and how many registries they concern",
     .doc = &list_doc},
    {.methods = HTTP_GET,
     .pattern = RECOMMENDATIONS "/{key}",
     .handle = get_recommendation,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "One recommendation",
     .doc = &one_doc},
    {.methods = HTTP_GET,
     .pattern = RECOMMENDATIONS "/{key}/registries",
     .handle = get_resources,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "Registries by a recommendation: unhealthy, healthy, not applicable",
     .doc = &resources_doc},
    {.methods = HTTP_GET,
     .pattern = RECOMMENDATIONS "/{key}/images",
     .handle = get_images,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "Images by a recommendation, without those of registries that it leaves out",
     .doc = &images_doc},
};
const size_t api_recommendations_route_count =
    sizeof api_recommendations_routes / sizeof *api_recommendations_routes;
