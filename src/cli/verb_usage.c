/* The images that are billed. */
#include "cli/listing.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

#define COUNT(columns) (sizeof(columns) / sizeof *(columns))

const struct cli_option usage_options[] = {
    {"month", 0, "YYYY-MM", NULL, "in UTC (default: the current one)"},
    {"subscription", 0, "NAME", NULL, "this subscription alone"},
    {"images", 0, NULL, NULL, "list the images instead of how many there are"},
    {"format", 0, "WORD", "table", "table or csv"},
    CLI_SERVER_OPTIONS,
    {0},
};

static const struct listing_column sum_columns[] = {
    {"month", "MONTH", 7},	     {"subscription", "SUBSCRIPTION", 20}, {"images", "IMAGES", 8},
    {"trial_images", "IN TRIAL", 8}, {"billable_images", "BILLABLE", 0},
};
static const struct listing_column image_columns[] = {
    {"scanned_at", "FIRST SCAN", 24},
    {"subscription", "SUBSCRIPTION", 16},
    {"registry", "REGISTRY", 12},
    {"repository", "REPOSITORY", 32},
    {"trial", "TRIAL", 5},
    {"digest", "DIGEST", 0},
};

/* "/api/v1/usage" + leaf with what was asked for; NULL without memory. */
static const char *path_of(struct admin *p, const char *leaf)
{
	struct buf b;
	const char *month = cli_get(&p->args, "month");
	const char *subscription = cli_get(&p->args, "subscription");
	buf_init(&b, 65536);
	buf_put_text(&b, "/api/v1/usage");
	buf_put_text(&b, leaf);
	if (month) {
		buf_put_text(&b, "?month=");
		fetch_encode(&b, bytes_of(month));
	}
	if (subscription) {
		buf_put_text(&b, month ? "&subscription=" : "?subscription=");
		fetch_encode(&b, bytes_of(subscription));
	}
	const char *path = buf_ok(&b) ? arena_cstr(&p->arena, buf_bytes(&b)) : NULL;
	buf_free(&b);
	return path;
}

static int print_csv(struct admin *p, struct err *e)
{
	struct fetch_reply reply = {0};
	struct cli_server_request q = {.path = path_of(p, ".csv")};
	if (!q.path)
		return err_set(e, ERR_NOMEM, "no memory");
	int r = cli_server_ask(&p->server, &q, &p->arena, &reply, e);
	if (r >= 0 && (fwrite(reply.body.ptr, 1, reply.body.len, stdout) != reply.body.len ||
		       fflush(stdout) != 0))
		r = err_set(e, ERR_IO, "standard output could not be written");
	fetch_reply_free(&reply);
	return r;
}

static int print(struct admin *p, struct err *e)
{
	const char *format = cli_get(&p->args, "format");
	bool images = cli_has(&p->args, "images"), csv = strcmp(format, "csv") == 0;
	if (!csv && strcmp(format, "table") != 0)
		return err_set(e, ERR_FORMAT, "--format: \"%s\" is neither table nor csv", format);
	if (csv && images)
		return err_set(e, ERR_FORMAT, "--images is a table only");
	if (admin_connect(p, e) < 0)
		return -(int)e->code;
	if (csv)
		return print_csv(p, e);
	const char *path = path_of(p, images ? "/images" : "");
	if (!path)
		return err_set(e, ERR_NOMEM, "no memory");
	return images ? listing_print(p, path, image_columns, COUNT(image_columns), e)
		      : listing_print(p, path, sum_columns, COUNT(sum_columns), e);
}

int verb_usage(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"usage", usage_options, 0, 0}, argc, argv,
		       &e) < 0)
		return CLI_ERROR;
	return admin_close(&p, print(&p, &e), &e);
}
