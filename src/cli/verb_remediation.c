/* What to do about findings, as a server says. */
#include "cli/filter.h"
#include "cli/admin.h"
#include "cli/verbs.h"

#include "base/record.h"
#include "report/report.h"

#include <stdio.h>
#include <unistd.h>

const struct cli_option remediation_options[] = {
    {"subscription", 0, "NAME", NULL, "of the images of this subscription"},
    {"registry", 0, "NAME", NULL, "of those of this registry"},
    FILTER_IMAGE_OPTIONS FILTER_OPTIONS{"limit", 0, "N", "20", "steps that are shown"},
    CLI_SERVER_OPTIONS,
    {0},
};

/* The fields of the reply that are printed. */
struct severities {
	uint64_t critical, high, medium;
};
static const struct record_field severity_fields[] = {
    RECORD_FIELD(struct severities, critical, RECORD_UINT, "Critical", ""),
    RECORD_FIELD(struct severities, high, RECORD_UINT, "High", ""),
    RECORD_FIELD(struct severities, medium, RECORD_UINT, "Medium", ""),
};
static const struct record_object severities_object = {RECORD_TABLE(severity_fields)};
struct base {
	struct bytes repository, digest;
};
static const struct record_field base_fields[] = {
    RECORD_FIELD(struct base, repository, RECORD_TEXT, "repository", ""),
    RECORD_FIELD(struct base, digest, RECORD_TEXT, "digest", ""),
};
static const struct record_object base_object = {RECORD_TABLE(base_fields)};
struct step {
	struct base base;
	struct bytes kind, package, text, command;
	uint64_t findings, kev, images, cleared;
	double score;
	struct severities by;
};

static const struct record_field step_fields[] = {
    RECORD_FIELD(struct step, kind, RECORD_TEXT, "kind", ""),
    RECORD_FIELD(struct step, package, RECORD_TEXT, "package", ""),
    RECORD_FIELD(struct step, text, RECORD_TEXT, "text", ""),
    RECORD_FIELD(struct step, command, RECORD_TEXT, "command", ""),
    RECORD_FIELD(struct step, findings, RECORD_UINT, "findings", ""),
    RECORD_FIELD(struct step, kev, RECORD_UINT, "kev", ""),
    RECORD_FIELD(struct step, images, RECORD_UINT, "images", ""),
    RECORD_FIELD(struct step, cleared, RECORD_UINT, "images_cleared", ""),
    RECORD_FIELD(struct step, score, RECORD_NUMBER, "score_increase", ""),
    RECORD_FIELD(struct step, base, RECORD_OBJECT, "base", "", .of = &base_object),
    RECORD_FIELD(struct step, by, RECORD_OBJECT, "by_severity", "", .of = &severities_object),
};
static const struct record_object step_object = {RECORD_TABLE(step_fields)};
struct command {
	struct bytes command;
};
static const struct record_field command_fields[] = {
    RECORD_FIELD(struct command, command, RECORD_TEXT, "command", ""),
};
static const struct record_object command_object = {RECORD_TABLE(command_fields)};
struct plan {
	uint64_t findings, images, upgrade, content, elsewhere, none, cleared, step_count;
	bool whole;
	double score;
	struct record_rows steps, commands;
};
static const struct record_field plan_fields[] = {
    RECORD_FIELD(struct plan, findings, RECORD_UINT, "findings", ""),
    RECORD_FIELD(struct plan, images, RECORD_UINT, "images", ""),
    RECORD_FIELD(struct plan, upgrade, RECORD_UINT, "upgrade_findings", ""),
    RECORD_FIELD(struct plan, content, RECORD_UINT, "change_image_findings", ""),
    RECORD_FIELD(struct plan, elsewhere, RECORD_UINT, "fix_elsewhere_findings", ""),
    RECORD_FIELD(struct plan, none, RECORD_UINT, "no_fix_findings", ""),
    RECORD_FIELD(struct plan, cleared, RECORD_UINT, "images_cleared", ""),
    RECORD_FIELD(struct plan, step_count, RECORD_UINT, "step_count", ""),
    RECORD_FIELD(struct plan, whole, RECORD_BOOL, "whole", ""),
    RECORD_FIELD(struct plan, score, RECORD_NUMBER, "score_increase", ""),
    RECORD_FIELD(struct plan, steps, RECORD_OBJECTS, "steps", "", .of = &step_object,
		 .stride = sizeof(struct step)),
    RECORD_FIELD(struct plan, commands, RECORD_OBJECTS, "commands", "", .of = &command_object,
		 .stride = sizeof(struct command)),
};
static const struct record_object plan_object = {RECORD_TABLE(plan_fields)};

static void put_step(struct buf *out, size_t number, const struct step *s)
{
	buf_printf(out, "%zu. ", number);
	bool does = bytes_eq_lit(s->kind, "upgrade") || bytes_eq_lit(s->kind, "rebase") ||
		    bytes_eq_lit(s->kind, "change_image");
	if (!does) {
		report_put_plain(out, s->package);
		buf_put_text(out, ": ");
	}
	report_put_plain(out, s->text);
	buf_put_text(out, "\n   ");
	buf_put_text(out, does ? "clears " : "leaves ");
	report_put_count(out, s->findings, "finding", "findings");
	buf_printf(out, " (%llu critical, %llu high, %llu medium",
		   (unsigned long long)s->by.critical, (unsigned long long)s->by.high,
		   (unsigned long long)s->by.medium);
	if (s->kev)
		buf_printf(out, "; %llu known exploited", (unsigned long long)s->kev);
	buf_put_text(out, ") in ");
	report_put_count(out, s->images, "image", "images");
	if (s->cleared)
		buf_printf(out, ", of which %llu have none left", (unsigned long long)s->cleared);
	if (s->score > 0)
		buf_printf(out, "; secure score +%.2f", s->score);
	buf_put_text(out, "\n");
	if (s->base.digest.len) {
		buf_put_text(out, "   FROM ");
		report_put_plain(out, s->base.repository);
		buf_put_text(out, "@");
		report_put_plain(out, s->base.digest);
		buf_put_text(out, "\n");
	}
	if (s->command.len) {
		buf_put_text(out, "   ");
		report_put_plain(out, s->command);
		buf_put_text(out, "\n");
	}
}

static void put_plan(struct buf *out, const struct plan *p)
{
	const struct command *commands = p->commands.items;
	const struct step *steps = p->steps.items;
	report_put_count(out, p->findings, "finding", "findings");
	buf_put_text(out, " in ");
	report_put_count(out, p->images, "image", "images");
	buf_printf(out, ": upgrades clear %llu, ", (unsigned long long)p->upgrade);
	if (p->content)
		buf_printf(out, "changes of the images %llu, ", (unsigned long long)p->content);
	buf_printf(out, "%llu have a fix elsewhere, %llu have none\n",
		   (unsigned long long)p->elsewhere, (unsigned long long)p->none);
	if (!p->whole)
		buf_put_text(out, "There are more findings: these are the gravest.\n");
	if (p->score > 0)
		buf_printf(out, "All upgrades add %.2f to the secure score.\n", p->score);
	for (size_t i = 0; i < p->commands.count; i++) {
		buf_put_text(out, i ? "" : "\nAll upgrades:\n");
		buf_put_text(out, "  ");
		report_put_plain(out, commands[i].command);
		buf_put_text(out, "\n");
	}
	buf_put_text(out, p->steps.count ? "\n" : "");
	for (size_t i = 0; i < p->steps.count; i++)
		put_step(out, i + 1, &steps[i]);
	if (p->step_count > p->steps.count)
		buf_printf(out, "and %llu more steps: see --limit\n",
			   (unsigned long long)(p->step_count - p->steps.count));
}

static const char *path_of(struct admin *p, struct err *e)
{
	static const char *const places[] = {"subscription", "registry"};
	struct buf b;
	buf_init(&b, 65536);
	buf_put_text(&b, "/api/v1/remediation?limit=");
	fetch_encode(&b, bytes_of(cli_get(&p->args, "limit")));
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		const char *value = cli_get(&p->args, places[i]);
		if (!value)
			continue;
		buf_printf(&b, "&%s=", places[i]);
		fetch_encode(&b, bytes_of(value));
	}
	filter_query(&p->args, &b);
	return admin_text(p, &b, e);
}

static int show(struct admin *p, struct err *e)
{
	struct fetch_reply reply = {0};
	struct json j;
	struct buf out;
	struct plan plan = {.whole = true};
	const char *path = path_of(p, e);
	int r = path ? cli_server_ask(&p->server, &(struct cli_server_request){.path = path},
				      &p->arena, &reply, e)
		     : -(int)e->code;
	buf_init(&out, 16U << 20);
	if (r == 0) {
		json_init(&j, buf_bytes(&reply.body), &p->arena);
		r = record_read(&j, &plan_object, &plan, false, e);
		r = r < 0 ? r : json_finish(&j, e);
	}
	if (r == 0) {
		put_plan(&out, &plan);
		r = cli_write(NULL, buf_bytes(&out), e);
	}
	buf_free(&out);
	fetch_reply_free(&reply);
	return r;
}

int verb_remediation(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"remediation", remediation_options, 0, 0},
		       argc, argv, &e) < 0)
		return CLI_ERROR;
	int r = admin_connect(&p, &e);
	if (r == 0)
		r = show(&p, &e);
	return admin_close(&p, r, &e);
}
