/* report: a scan's result in the formats people ask for: one file and one row in report/table.c
 * for each. */
#pragma once
#include "report/finding.h"
#include "report/support.h"
#include "scan/input.h"

struct report {
	const struct scan_input *input;
	const struct assess *assess;
	const struct vdb *vdb; /* may be NULL */
	struct report_finding *findings; /* after the user's filters */
	size_t finding_count;
	size_t hidden_count;  /* findings the filters took out */
	bool color;           /* escape sequences are welcome */
	const char *version;  /* of the program */
	int64_t now_ms;	      /* for what has ended by now; 0: nothing is said of that */
};

struct report_format {
	const char *name;
	const char *help;
	int (*put)(const struct report *r, struct buf *out, struct err *e);
};
extern const struct report_format report_table[];
extern const size_t report_count;
const struct report_format *report_find(struct bytes name);

/* The package list of an image: `plimsoll inventory`. */
int report_inventory_json(const struct report *r, struct buf *out, struct err *e);
int report_inventory_table(const struct report *r, struct buf *out, struct err *e);
/* Shared by formats. Untrusted bytes for a terminal: control bytes and escapes become '?', valid
 * UTF-8 stays. */
void report_put_plain(struct buf *out, struct bytes text);
/* Is it known until when the image's release is supported? */
bool report_support(const struct report *r, struct support *ret);
void report_put_coverage(struct json_out *w, const struct report *r);
void report_put_image(struct json_out *w, const struct report *r);
/* Severities of the findings shown. */
void report_count_severities(const struct report *r, size_t counts[ADV_SEV_CRITICAL + 1]);
extern const enum adv_severity report_severity_order[ADV_SEV_CRITICAL + 1]; /* Critical first */
