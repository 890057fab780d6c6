/* Remediation: what to do about the findings of an image, a repository, a registry, a subscription.
 */
#include "api/doc.h"
#include "api/routes.h"

#include "base/clock.h"
#include "defend/remediation.h"
#include "ledger/images.h"

#define STEPS 100
#define STEPS_MAX 1000

#define P(member, key, ...)                                                                        \
	RECORD_FIELD(struct remediation_package, member, RECORD_TEXT, key, __VA_ARGS__)
static const struct record_field package_fields[] = {
    P(pkg.name, "name", "Name of the package"),
    P(pkg.version, "installed_version", "Its version; in several images, that of one of them"),
    P(fixed, "fixed_version", "The version to upgrade to, as the advisory states it"),
};
static const struct record_object package_object = {
    .name = "RemediationPackage", .text = "A package of the step", RECORD_TABLE(package_fields)};

struct base_row {
	struct ledger_image from, to;
	struct record_rows tags;
};
#define B(member, kind, key, ...) RECORD_FIELD(struct base_row, member, kind, key, __VA_ARGS__)
static const struct record_field base_fields[] = {
    B(to.registry, RECORD_TEXT, "registry", "Its registry"),
    B(to.repository, RECORD_TEXT, "repository", "Its repository",
      .pattern = RECORD_REPOSITORY_PATTERN),
    B(from.digest, RECORD_TEXT, "from_digest", "The base image in use",
      .pattern = RECORD_DIGEST_PATTERN),
    B(to.digest, RECORD_TEXT, "digest", "The newer one", .pattern = RECORD_DIGEST_PATTERN),
    B(tags, RECORD_TEXTS, "tags", "Up to 100 of its tags"),
    B(from.distro_name, RECORD_TEXT, "from_distro", "Distribution of the base image in use"),
    B(to.distro_name, RECORD_TEXT, "distro", "Distribution of the newer one"),
    B(to.pushed_ms, RECORD_TIME, "pushed_at", "When the newer one was pushed"),
};
static const struct record_object base_object = {
    .name = "NewerBase",
    .text = "A newer base image of the same repository, platform and distribution",
    RECORD_TABLE(base_fields)};

struct step_row {
	const void *base; /* struct base_row */
	struct remediation_step s;
	struct record_rows packages;
	bool has_score;
};
static bool has_score(const void *row)
{
	return ((const struct step_row *)row)->has_score;
}
#define S(member, kind, key, ...) RECORD_FIELD(struct step_row, member, kind, key, __VA_ARGS__)
static const struct record_field step_fields[] = {
    S(s.kind, RECORD_WORD, "kind",
      "upgrade: the image's own repositories deliver the fix. rebase: a newer base image is here "
      "that does not have these findings; upgrades may clear them, too. change_image: what the "
      "image holds is the finding (a secret, an account): build it without. fix_elsewhere: there "
      "is a fix that they do not deliver. no_fix: there is none",
      .words = remediation_kind_word),
    S(s.package, RECORD_TEXT, "package",
      "The package: the source package, or the package itself where there is none; of rebase the "
      "repository of the base image, of change_image the check"),
    S(s.type, RECORD_TEXT, "type", "Type of its package URL", .flags = RECORD_OPTIONAL,
      .example = "\"deb\""),
    S(s.distro, RECORD_TEXT, "distro", "Distribution and release, of an OS package",
      .flags = RECORD_OPTIONAL, .example = "\"debian:12\""),
    S(s.installed, RECORD_TEXT, "installed_version", "Its version, where all have the same",
      .flags = RECORD_OPTIONAL),
    S(s.fixed, RECORD_TEXT, "fixed_version", "The version that clears all of these findings",
      .flags = RECORD_OPTIONAL),
    S(s.text, RECORD_TEXT, "text", "What to do, or why nothing can be done"),
    S(s.command, RECORD_TEXT, "command", "The package manager's command for it, where one is known",
      .flags = RECORD_OPTIONAL),
    S(s.findings, RECORD_UINT, "findings", "Findings that it is about"),
    S(s.counts, RECORD_OBJECT, "by_severity", "These by severity", .of = &api_counts),
    S(s.kev, RECORD_UINT, "kev", "Those that CISA KEV lists as exploited"),
    S(s.images, RECORD_UINT, "images", "Images with such findings"),
    S(s.images_cleared, RECORD_UINT, "images_cleared",
      "Images that have no finding left after this step alone"),
    RECORD_FIELD(
	struct step_row, s.score, RECORD_NUMBER, "score_increase",
	"Points that this step alone adds to the secure score; absent where the caller may "
	"not see the registries' states",
	.flags = RECORD_OPTIONAL, .has = has_score, .decimals = 2),
    S(base, RECORD_OBJECT_AT, "base", "Of rebase: what to build on", .flags = RECORD_OPTIONAL,
      .of = &base_object),
    S(packages, RECORD_OBJECTS, "packages", "Up to 64 of the packages, by name",
      .of = &package_object, .stride = sizeof(struct remediation_package)),
};
static const struct record_object step_object = {
    .name = "RemediationStep",
    .text = "The upgrade of one package, or what keeps it from being upgraded",
    RECORD_TABLE(step_fields)};

#define C(member, kind, key, ...)                                                                  \
	RECORD_FIELD(struct remediation_command, member, kind, key, __VA_ARGS__)
static const struct record_field command_fields[] = {
    C(type, RECORD_TEXT, "type", "Type of the packages", .example = "\"deb\""),
    C(distro, RECORD_TEXT, "distro", "Distribution and release, of OS packages",
      .flags = RECORD_OPTIONAL),
    C(packages, RECORD_UINT, "packages", "Number of packages that it upgrades"),
    C(command, RECORD_TEXT, "command", "The command"),
};
static const struct record_object command_object = {
    .name = "RemediationCommand",
    .text = "All upgrades of a package manager in one command",
    RECORD_TABLE(command_fields)};

struct plan_row {
	struct remediation p;
	struct record_rows steps, commands;
};
static bool plan_has_score(const void *row)
{
	return ((const struct plan_row *)row)->p.has_score;
}
#define R(member, kind, key, ...) RECORD_FIELD(struct plan_row, member, kind, key, __VA_ARGS__)
static const struct record_field plan_fields[] = {
    R(p.findings, RECORD_UINT, "findings", "Findings that the plan is about"),
    R(p.images, RECORD_UINT, "images", "Images that have them"),
    R(p.whole, RECORD_BOOL, "whole",
      "false: there are more findings; the plan is about the 5,000 gravest at most"),
    R(p.findings_upgrade, RECORD_UINT, "upgrade_findings", "Findings that upgrades clear"),
    R(p.findings_content, RECORD_UINT, "change_image_findings",
      "Findings of what images hold that is in no package: who builds them can change that"),
    R(p.findings_elsewhere, RECORD_UINT, "fix_elsewhere_findings",
      "Findings with a fix that the images' own repositories do not deliver"),
    R(p.findings_none, RECORD_UINT, "no_fix_findings", "Findings without a fix"),
    R(p.images_cleared, RECORD_UINT, "images_cleared",
      "Images that have no finding left after all upgrades"),
    RECORD_FIELD(
	struct plan_row, p.score, RECORD_NUMBER, "score_increase",
	"Points that all upgrades add to the secure score; absent where the caller may not "
	"see the registries' states",
	.flags = RECORD_OPTIONAL, .has = plan_has_score, .decimals = 2),
    R(commands, RECORD_OBJECTS, "commands", "All upgrades, a command for each package manager",
      .of = &command_object, .stride = sizeof(struct remediation_command)),
    R(p.step_count, RECORD_UINT, "step_count", "Number of steps"),
    R(steps, RECORD_OBJECTS, "steps",
      "The steps: upgrades first, and of them those that clear what is exploited and gravest",
      .of = &step_object, .stride = sizeof(struct step_row)),
};
static const struct record_object plan_object = {
    .name = "Remediation",
    .text = "What to do about findings, the cheapest first",
    RECORD_TABLE(plan_fields)};

struct plan_query {
	struct criteria criteria;
	struct bytes registry, subscription;
	uint64_t limit;
};
#define Q(member, kind, key, ...) RECORD_FIELD(struct plan_query, member, kind, key, __VA_ARGS__)
#define LIMIT_ROW                                                                                  \
	Q(limit, RECORD_UINT, "limit", "Steps that are shown", .min = 1, .max = STEPS_MAX,         \
	  .fallback = STEPS)
static const struct record_field query_fields[] = {
    Q(subscription, RECORD_TEXT, "subscription", "In this subscription"),
    Q(registry, RECORD_TEXT, "registry", "In this registry"),
    LIMIT_ROW,
};
static const struct record_object query = {RECORD_TABLE(query_fields)};
static const struct record_field image_query_fields[] = {LIMIT_ROW};
static const struct record_object image_query = {RECORD_TABLE(image_query_fields)};

struct asked {
	struct plan_query q; /* the tables' struct: first */
	struct http_request *r;
	struct bytes digest; /* of the path */
};

static int fill_base(struct db_tx *tx, struct http_request *r, struct step_row *row, struct err *e)
{
	struct base_row *base = arena_alloc(http_arena(r), 1, sizeof *base);
	if (!base)
		return err_set(e, ERR_NOMEM, "no memory for a remediation plan");
	*base = (struct base_row){.from = row->s.base, .to = row->s.newer};
	row->base = base;
	return api_image_tags(tx, r, &base->to, &base->tags, e);
}

static int put_plan(struct db_tx *tx, struct json_out *w, struct http_request *r,
		    const struct remediation *p, uint64_t limit, struct err *e)
{
	struct arena *a = http_arena(r);
	size_t n = p->step_count < limit ? p->step_count : (size_t)limit;
	struct step_row *steps = arena_alloc(a, n, sizeof *steps);
	if (!steps)
		return err_set(e, ERR_NOMEM, "no memory for a remediation plan");
	for (size_t i = 0; i < n; i++) {
		steps[i] =
		    (struct step_row){.s = p->steps[i],
				      .packages = {p->steps[i].packages, p->steps[i].package_count},
				      .has_score = p->has_score};
		if (p->steps[i].kind == REMEDIATION_REBASE && fill_base(tx, r, &steps[i], e) < 0)
			return -(int)e->code;
	}
	const struct plan_row row = {
	    .p = *p, .steps = {steps, n}, .commands = {p->commands, p->command_count}};
	record_put(w, NULL, &plan_object, &row);
	return 0;
}

/* The places that the query names: there, and visible. */
static int find_places(struct db_tx *tx, const struct asked *x, struct finding_query *q,
		       struct err *e)
{
	const struct plan_query *p = &x->q;
	struct store_scope s;
	if (p->registry.len) {
		q->registry_id = api_registry_find(tx, p->registry, e);
		int seen = q->registry_id < 0
			       ? -(int)e->code
			       : store_scope_is_visible(tx, q->registry_id, &q->visible, e);
		if (seen < 0)
			return seen;
	}
	if (p->subscription.len) {
		int r = store_scope_find(tx, STORE_SCOPE_SUBSCRIPTION, 0, p->subscription,
					 http_arena(x->r), &s, e);
		if (r == 0)
			return err_set(e, ERR_NOT_FOUND, "there is no subscription \"%.*s\"",
				       BYTES_ARG(p->subscription));
		if (r < 0)
			return r;
		q->below = s.id;
	}
	return api_repositories_check(tx, p->registry, &p->criteria, &q->visible, e);
}

/* A plan of many images needs more than a request has. */
#define BUDGET ((size_t)128 << 20)

static int write_plan_of(struct db_tx *tx, struct json_out *w, const struct asked *x,
			 struct arena *a, struct err *e)
{
	struct finding_query q = {.criteria = &x->q.criteria};
	struct remediation plan;
	struct ledger_image image;
	if (api_visibility(x->r, &q.visible, e) < 0)
		return -(int)e->code;
	if (x->digest.len) {
		if (api_image_find(tx, x->r, &image, e) < 0)
			return -(int)e->code;
		q.repository_id = image.repository_id;
	} else if (find_places(tx, x, &q, e) < 0) {
		return -(int)e->code;
	}
	if (remediation_plan(tx, &q, clock_wall_ms(), a, &plan, e) < 0)
		return -(int)e->code;
	return put_plan(tx, w, x->r, &plan, x->q.limit, e);
}

static int write_plan(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct arena a;
	arena_init(&a, BUDGET);
	int r = write_plan_of(tx, w, arg, &a, e);
	arena_free(&a);
	return r;
}

static int reply_plan(struct asked *x, struct err *e)
{
	int rc = api_turn_begin(x->r, e);
	if (rc)
		return rc;
	rc = api_reply_read(x->r, 200, write_plan, x, e);
	api_turn_end(x->r);
	return rc;
}

static int get_plan(struct http_request *r, struct err *e)
{
	struct asked x = {.r = r};
	return api_query_read(r, &x.q, e) < 0 ? -(int)e->code : reply_plan(&x, e);
}

static int get_image_plan(struct http_request *r, struct err *e)
{
	struct asked x = {.r = r, .digest = http_param(r, "digest")};
	if (api_query_read(r, &x.q, e) < 0)
		return -(int)e->code;
	x.q.criteria.digests = (struct criteria_texts){&x.digest, 1};
	return reply_plan(&x, e);
}

static const struct api_doc plan_doc = {
    .id = "getRemediation",
    .text = "The plan for what `/findings` lists with the same filters",
    .where = &criteria_object,
    .where_at = offsetof(struct plan_query, criteria),
    .query = &query,
    .replies = {{.status = 200, .text = "The plan", .of = &plan_object}},
    .errors = {404},
};
static const struct api_doc image_plan_doc = {
    .id = "getImageRemediation",
    .where = &criteria_of_finding,
    .where_at = offsetof(struct plan_query, criteria),
    .query = &image_query,
    .replies = {{.status = 200, .text = "The plan", .of = &plan_object}},
};

const struct http_route api_remediation_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/remediation",
     .anywhere = true,
     .handle = get_plan,
     .action = ACTION_SECURITY_READ,
     .summary = "What to do about findings, the cheapest first",
     .doc = &plan_doc},
    {.methods = HTTP_GET,
     .pattern = API_IMAGE "/remediation",
     .handle = get_image_plan,
     .action = ACTION_SECURITY_READ,
     .summary = "What to do about the findings of one image",
     .doc = &image_plan_doc},
};
const size_t api_remediation_route_count =
    sizeof api_remediation_routes / sizeof *api_remediation_routes;
