/* report: a scan's result in the formats people ask for: one file and one row in report/table.c
 * for each. */
#pragma once
#include "exception/exception.h"
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

/* The run of a pipeline that a report belongs to, for formats that name it. NULL: not known. */
struct report_run {
	const char *commit, *ref, *job, *workflow;
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
	struct exception_hit *excepted; /* what VEX and ignore files took out */
	size_t excepted_count;
	uint64_t disabled_count; /* findings that rules of the server disable */
	struct report_run run;
	struct bytes template; /* of the format "template" */
	const char *version;   /* of the program */
	int64_t now_ms;	       /* for what has ended by now; 0: nothing is said of that */
};

struct report_format {
	const char *name;
	const char *help;
	const char *type; /* its media type */
	int (*put)(const struct report *r, struct buf *out, struct err *e);
	bool of_packages;    /* it is about packages' vulnerabilities: what content checks found has
				no place in it */
	bool lists_packages; /* put needs the image's packages, too */
	/* The package list of an image, for `plimsoll inventory`; NULL: the format has none. */
	int (*put_inventory)(const struct report *r, struct buf *out, struct err *e);
};
/* Their names, for help: a test compares them with the table. */
#define REPORT_NAMES                                                                               \
	"table, json, trivy, grype, sarif, cyclonedx, spdx-json, spdx-tv, openvex, csv, html, "    \
	"junit, gitlab, github, in-toto, template"
#define REPORT_INVENTORY_NAMES "table, json, cyclonedx, spdx-json, spdx-tv, github, template"
extern const struct report_format report_table[];
extern const size_t report_count;
const struct report_format *report_find(struct bytes name);
/* Write r in the format f. */
int report_put(const struct report_format *f, const struct report *r, struct buf *out,
	       struct err *e);
/* Is it a content check's? And where: "app/.env" and line 12 of "app/.env:12"; line 1 where none is
 * said. */
bool report_is_content(const struct finding *f);
struct bytes report_content_place(const struct finding_match *m, uint64_t *ret_line);

#define REPORT_MEMORY_MAX (256U << 20) /* bytes that a format may need next to its output */
#define REPORT_URL_MAX 4096U
#define REPORT_VULNS_TYPE "https://in-toto.io/attestation/vulns/v0.2" /* of the format in-toto */

/* Ends a JSON document, or a text: 0, ERR_LIMIT (LIMIT_REPORT_MAX), ERR_NOMEM. */
int report_end(struct buf *out, struct err *e);
int report_end_text(struct buf *out, struct err *e);
/* The packages that r lists: none when only their number is known. */
size_t report_package_count(const struct report *r);
/* By which names other tools know a finding: its CVEs, else its advisory's id; at least one. */
size_t report_id_count(const struct finding *f);
struct bytes report_id(const struct finding *f, size_t i);
/* Where people read about a vulnerability. */
void report_put_url(struct buf *out, struct bytes id);
/* REGISTRY/REPOSITORY of an image that was given as a reference; false: it was not. */
bool report_put_repository(struct buf *out, const struct report *r);
/* "pkg:oci/…" of any image. */
void report_put_image_purl(struct buf *out, const struct report *r);

/* Findings that are gone by exceptions of this kind. */
size_t report_excepted(const struct report *r, enum exception_kind kind);
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
