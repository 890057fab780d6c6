#include "cli/gate.h"
#include "cli/image.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

const struct cli_option scan_options[] = {
    CIMG_OPTIONS,
    GATE_OPTIONS,
    {"declared", 0, NULL, NULL,
     "also look up packages that lock files declare, though nothing shows that they are installed"},
    {0},
};
const struct cli_option inventory_options[] = {
    CIMG_OPTIONS,
    {"format", 'f', "NAME", "table", "one of " REPORT_INVENTORY_NAMES},
    {"template", 0, "FILE", NULL, "the template of --format template"},
    {"wide", 'w', NULL, NULL, "table: nothing truncated or left out"},
    {0},
};

/* "scan image REF", as in other scanners, is "scan REF". */
static void drop_word(struct cli_args *args)
{
	if (args->operand_count == 0 || !bytes_eq_lit(bytes_of(args->operands[0]), "image") ||
	    (args->operand_count == 1 && !cli_get(args, "input")))
		return;
	args->operand_count--;
	memmove(args->operands, args->operands + 1, args->operand_count * sizeof *args->operands);
}

int verb_scan(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct gate gate = {.left_status = CLI_DONE};
	struct cli_image c = {0};
	if (cli_parse(scan_options, argc, argv, &args, &e) < 0 ||
	    gate_parse(&args, "scan", &gate, &e) < 0) {
		gate_free(&gate);
		return cli_usage("scan", &e);
	}
	drop_word(&args);
	if (args.operand_count > 1) {
		(void)err_set(&e, ERR_FORMAT, "one image at a time");
		gate_free(&gate);
		return cli_usage("scan", &e);
	}
	int rc = cli_image_open(&c, &args, args.operand_count ? args.operands[0] : NULL, true, &e);
	struct report r = {.input = &c.input,
			   .assess = &c.assess,
			   .vdb = c.vdb,
			   .version = PLIMSOLL_VERSION,
			   .now_ms = c.now_ms};
	int status = 1;
	r.findings = c.assess.findings;
	r.finding_count = c.assess.finding_count;
	if (rc == 0)
		rc = exceptions_join(&gate.exceptions, &c.attached.applied, &e);
	if (rc == 0)
		rc = gate_except(&gate, &r, &c.assess, &e);
	gate_apply(&gate, &r);
	if (rc == 0)
		rc = gate_write(&gate, &r, &args, &e);
	if (rc == 0)
		status = gate_status(&gate, &r, "scan");
	gate_free(&gate);
	cli_image_close(&c);
	return rc < 0 ? cli_fail("scan", &e) : status;
}

int verb_inventory(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct cli_image c = {0};
	if (cli_parse(inventory_options, argc, argv, &args, &e) < 0)
		return cli_usage("inventory", &e);
	const struct report_format *f = report_find(bytes_of(cli_get(&args, "format")));
	if (args.operand_count > 1 || !f || !f->put_inventory) {
		err_set(&e, ERR_FORMAT,
			args.operand_count > 1 ? "one image at a time"
					       : "--format must be one of " REPORT_INVENTORY_NAMES);
		return cli_usage("inventory", &e);
	}
	int rc = cli_image_open(&c, &args, args.operand_count ? args.operands[0] : NULL, false, &e);
	struct report r = {.input = &c.input,
			   .assess = &c.assess,
			   .version = PLIMSOLL_VERSION,
			   .now_ms = c.now_ms};
	const struct report_format put = {.put = f ? f->put_inventory : NULL};
	struct gate all = {.format = &put};
	if (rc == 0)
		rc = gate_template(&args, &all.template, &e);
	gate_apply(&all, &r);
	if (rc == 0)
		rc = term_style(&args, &r.style, &e);
	if (rc == 0)
		rc = gate_write(&all, &r, &args, &e);
	cli_image_close(&c);
	gate_free(&all);
	return rc < 0 ? cli_fail("inventory", &e) : 0;
}
