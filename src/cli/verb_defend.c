/* The defender of a server: plans, recommendations, exemptions, the secure score. */
#include "cli/listing.h"
#include "cli/verbs.h"

#include "base/json.h"
#include "base/num.h"
#include "defend/recommendation.h"

#include <stdio.h>

#define COUNT(columns) (sizeof(columns) / sizeof *(columns))

const struct cli_option defend_options[] = {CLI_SERVER_OPTIONS, {0}};

static const struct listing_column plan_columns[] = {
    {"subscription", "subscription", 0}, {"tier", "plan", 0},
    {"trial_until", "trial until", 0},	 {"changed_at", "changed", 0},
    {"changed_by", "changed by", 0},
};

static const char *plan_path(struct admin *p)
{
	const char *name = p->args.operand_count ? p->args.operands[0] : "default";
	return admin_path(p, "/api/v1/subscriptions/", name, "/plan");
}

static int plan_print(struct admin *p, struct err *e)
{
	const char *path = plan_path(p);
	return path ? listing_print_one(p, path, plan_columns, COUNT(plan_columns), e)
		    : err_set(e, ERR_NOMEM, "no memory");
}

static int plan_show(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"plan show", defend_options, 0, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	int r = admin_connect(&p, &e);
	if (r == 0)
		r = plan_print(&p, &e);
	return admin_close(&p, r, &e);
}

static int plan_set(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"plan set", defend_options, 2, 2}, argc, argv,
		       &e) < 0)
		return CLI_ERROR;
	const char *const pairs[] = {"tier", p.args.operands[1], NULL};
	const char *json = admin_json(&p, pairs, &e);
	int r = json ? admin_connect(&p, &e) : -(int)e.code;
	if (r == 0)
		r = admin_do(&p, "PUT", plan_path(&p), json, &e);
	if (r == 0)
		r = plan_print(&p, &e);
	return admin_close(&p, r, &e);
}

const struct cli_command plan_commands[] = {
    {.name = "show",
     .main = plan_show,
     .synopsis = "[SUBSCRIPTION]",
     .summary = "show the plan of a subscription (default: \"default\")",
     .options = defend_options},
    {.name = "set",
     .main = plan_set,
     .synopsis = "SUBSCRIPTION standard|free",
     .summary = "switch the defender on or off for a subscription",
     .options = defend_options},
    {.name = NULL},
};

int verb_plan(int argc, char **argv)
{
	return cli_run_below(cli_find("plan"), argc, argv);
}

static const struct listing_column exemption_columns[] = {
    {"id", "NUMBER", 6},
    {"scope", "SCOPE", 32},
    {"name", "NAME", 24},
    {"category", "CATEGORY", 10},
    {"author", "AUTHOR", 12},
    {"expired", "EXPIRED", 7},
    {"expires_at", "EXPIRES AT", 0},
};

static int exemption_list(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"exemption list", defend_options, 0, 0}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	int r = admin_connect(&p, &e);
	if (r == 0)
		r = listing_print(&p, "/api/v1/exemptions", exemption_columns,
				  COUNT(exemption_columns), &e);
	return admin_close(&p, r, &e);
}

static const struct cli_option add_options[] = {
    {"category", 0, "WORD", "waiver", "mitigated (dealt with otherwise) or waiver (accepted)"},
    {"expires", 0, "TIME", NULL, "when it ends, such as 2027-01-31T00:00:00Z (default: never)"},
    {"description", 0, "TEXT", NULL, "why"},
    {"digest", 0, "DIGEST", NULL, "of a repository only this image"},
    CLI_SERVER_OPTIONS,
    {0},
};

static int exemption_add(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"exemption add", add_options, 2, 2}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	const char *const pairs[] = {"scope",	    p.args.operands[0],
				     "name",	    p.args.operands[1],
				     "category",    cli_get(&p.args, "category"),
				     "description", cli_get(&p.args, "description"),
				     "expires_at",  cli_get(&p.args, "expires"),
				     "digest",	    cli_get(&p.args, "digest"),
				     NULL};
	const char *json = admin_json(&p, pairs, &e);
	int r = json ? admin_connect(&p, &e) : -(int)e.code;
	if (r == 0)
		r = admin_do(&p, "POST", "/api/v1/exemptions", json, &e);
	return admin_close(&p, r, &e);
}

static int exemption_remove(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	uint64_t id;
	if (admin_open(&p, &(const struct admin_verb){"exemption remove", defend_options, 1, 1},
		       argc, argv, &e) < 0)
		return CLI_ERROR;
	int r = num_u64(bytes_of(p.args.operands[0]), INT64_MAX, &id)
		    ? admin_connect(&p, &e)
		    : err_set(&e, ERR_FORMAT,
			      "\"%s\" is not an exemption's number (plimsoll exemption list)",
			      p.args.operands[0]);
	if (r == 0)
		r = admin_do(&p, "DELETE",
			     admin_path(&p, "/api/v1/exemptions/", p.args.operands[0], ""), NULL,
			     &e);
	return admin_close(&p, r, &e);
}

const struct cli_command exemption_commands[] = {
    {.name = "list",
     .main = exemption_list,
     .synopsis = "",
     .summary = "list exemptions",
     .options = defend_options},
    {.name = "add",
     .main = exemption_add,
     .synopsis = "SCOPE NAME [--category mitigated|waiver] [--expires TIME]",
     .summary = "take the registries or images at and below a scope out of the recommendation",
     .options = add_options},
    {.name = "remove",
     .main = exemption_remove,
     .synopsis = "NUMBER",
     .summary = "remove an exemption",
     .options = defend_options},
    {.name = NULL},
};

int verb_exemption(int argc, char **argv)
{
	return cli_run_below(cli_find("exemption"), argc, argv);
}

static const struct listing_column registry_columns[] = {
    {"registry", "REGISTRY", 20}, {"subscription", "SUBSCRIPTION", 16},
    {"state", "STATE", 13},	  {"unhealthy", "UNHEALTHY", 9},
    {"images", "IMAGES", 6},	  {"findings.Critical", "CRITICAL", 8},
    {"findings.High", "HIGH", 6}, {"findings.Medium", "MEDIUM", 6},
    {"reason", "REASON", 0},
};

static const struct listing_column all_columns[] = {
    {"key", "KEY", 36},
    {"state", "STATE", 13},
    {"unhealthy_registries", "REGISTRIES", 10},
    {"unhealthy_images", "IMAGES", 6},
    {"name", "NAME", 0},
};
static const struct listing_column assessed_image_columns[] = {
    {"registry", "REGISTRY", 16}, {"repository", "REPOSITORY", 28}, {"digest", "DIGEST", 71},
    {"state", "STATE", 13},	  {"reason", "REASON", 0},
};
static const struct listing_column switch_columns[] = {
    {"name", "recommendation", 0},
    {"state", "state", 0},
    {"changed_by", "changed by", 0},
    {"changed_at", "changed", 0},
};
const struct cli_option recommendation_options[] = {
    {"all", 0, NULL, NULL, "list all recommendations"},
    {"images", 0, NULL, NULL, "list images, not registries"},
    {"on", 0, "SUBSCRIPTION", NULL, "switch the recommendation on for a subscription"},
    {"off", 0, "SUBSCRIPTION", NULL, "switch it off: registries there are NotApplicable by it"},
    CLI_SERVER_OPTIONS,
    {0},
};

static int recommendation_switch(struct admin *p, const struct recommendation *x, struct err *e)
{
	bool on = cli_has(&p->args, "on");
	const char *of = admin_path(p, "/api/v1/subscriptions/",
				    cli_get(&p->args, on ? "on" : "off"), "/recommendations/");
	const char *path = of ? arena_printf(&p->arena, "%s%s", of, x->key) : NULL;
	if (!path)
		return err_set(e, ERR_NOMEM, "no memory");
	return listing_print_reply(p, "PUT", path,
				   on ? "{\"state\":\"On\"}" : "{\"state\":\"Off\"}",
				   switch_columns, COUNT(switch_columns), e);
}

static int recommendation_print(struct admin *p, const struct recommendation *x, struct err *e)
{
	bool images = cli_has(&p->args, "images");
	const char *path =
	    admin_path(p, "/api/v1/recommendations/", x->key, images ? "/images" : "/registries");
	if (!path)
		return err_set(e, ERR_NOMEM, "no memory");
	printf("%s\n\n", x->name);
	return images ? listing_print(p, path, assessed_image_columns,
				      COUNT(assessed_image_columns), e)
		      : listing_print(p, path, registry_columns, COUNT(registry_columns), e);
}

int verb_recommendation(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p,
		       &(const struct admin_verb){"recommendation", recommendation_options, 0, 1},
		       argc, argv, &e) < 0)
		return CLI_ERROR;
	const struct recommendation *x = p.args.operand_count
					     ? recommendation_find(bytes_of(p.args.operands[0]))
					     : RECOMMENDATION_IMAGES;
	int r = x ? admin_connect(&p, &e)
		  : err_set(&e, ERR_FORMAT,
			    "\"%s\" is not the key of a recommendation (plimsoll recommendation "
			    "--all)",
			    p.args.operands[0]);
	if (r == 0 && cli_has(&p.args, "all"))
		r = listing_print(&p, "/api/v1/recommendations", all_columns, COUNT(all_columns),
				  &e);
	else if (r == 0 && (cli_has(&p.args, "on") || cli_has(&p.args, "off")))
		r = recommendation_switch(&p, x, &e);
	else if (r == 0)
		r = recommendation_print(&p, x, &e);
	return admin_close(&p, r, &e);
}

static const struct listing_column score_columns[] = {
    {"all.percentage", "percent", 0},
    {"all.current", "points", 0},
    {"all.max", "of", 0},
    {"all.potential_increase", "remediating everything adds", 0},
    {"all.increase_per_registry", "one more healthy registry adds", 0},
    {"all.healthy", "healthy registries", 0},
    {"all.unhealthy", "unhealthy registries", 0},
    {"all.not_applicable", "not applicable", 0},
};

int verb_score(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"score", defend_options, 0, 0}, argc, argv,
		       &e) < 0)
		return CLI_ERROR;
	int r = admin_connect(&p, &e);
	if (r == 0)
		r = listing_print_one(&p, "/api/v1/secure-score", score_columns,
				      COUNT(score_columns), &e);
	return admin_close(&p, r, &e);
}
