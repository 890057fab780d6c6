/* template (template_): text made of a template and a JSON value: docs/formats/report-template.md
 * is the language. Nothing of it can name a file, run a program or fail to end. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define TEMPLATE_MAX (1U << 20) /* bytes of a template; public ones have a few KiB */
#define TEMPLATE_DEPTH_MAX 32U	/* sections in sections */
/* Tags that are carried out: some seconds; a section in a section of a large report repeats
 * millions. */
#define TEMPLATE_STEPS_MAX UINT64_C(50000000)

/* Append what text makes of data, one JSON value. ERR_FORMAT (the line and what is wrong there),
 * ERR_LIMIT, ERR_NOMEM. */
int template_render(struct bytes text, struct bytes data, struct arena *a, struct buf *out,
		    struct err *e);
