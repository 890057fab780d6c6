/* report: a scan's result in the formats people ask for: one file and one row in report/table.c
 * for each. */
#pragma once
#include "match/finding.h"
#include "pkg/support.h"
#include "scan/assess.h"
#include "scan/input.h"

#define REPORT_COLUMNS_MAX 24

struct report_style {
	bool color;			    /* escape sequences are welcome */
	bool ascii;			    /* the terminal shows no UTF-8 */
	bool wide;			    /* every column, nothing cut or left out */
	size_t width;			    /* of the terminal; 0: lines may be of any length */
	size_t columns[REPORT_COLUMNS_MAX]; /* of report_columns */
	size_t column_count;		    /* 0: the usual ones */
};

struct report {
	const struct scan_input *input;
	const struct assess *assess;
	const struct vdb *vdb;	  /* may be NULL */
	struct finding *findings; /* after the user's filters */
	size_t finding_count;
	size_t hidden_count;	   /* findings that the filters took out */
	size_t hidden_unrated;	   /* those without a severity that a list of severities took out */
	struct report_style style; /* of the table */
	const char *version;	   /* of the program */
	int64_t now_ms;		   /* for what has ended by now; 0: nothing is said of that */
};

struct report_format {
	const char *name;
	const char *help;
	int (*put)(const struct report *r, struct buf *out, struct err *e);
	/* The package list of an image, for `plimsoll inventory`; NULL: the format has none. */
	int (*put_inventory)(const struct report *r, struct buf *out, struct err *e);
};
extern const struct report_format report_table[];
extern const size_t report_count;
const struct report_format *report_find(struct bytes name);

/* Shared by formats. Untrusted bytes for a terminal: control bytes and escapes become '?', valid
 * UTF-8 stays. */
void report_put_plain(struct buf *out, struct bytes text);
/* "1 package", "2 packages". */
void report_put_count(struct buf *out, size_t count, const char *one, const char *many);
/* Is it known until when the image's release is supported? */
bool report_support(const struct report *r, struct support *ret);
void report_put_coverage(struct json_out *w, const struct report *r);
void report_put_image(struct json_out *w, const struct report *r);
extern const enum adv_severity report_severity_order[ADV_SEV_CRITICAL + 1]; /* Critical first */
