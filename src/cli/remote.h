/* remote (remote_): an image as a running server knows it, as a report: the same formats, filters
 * and gates as of a scan. */
#pragma once
#include "cli/server.h"
#include "report/report.h"

struct remote {
	struct bytes state; /* Pending, Healthy, Unhealthy, Unverified */
	bool is_artifact;   /* no engine could run it: it is never assessed */
	struct report report;
	/* what the report points to */
	struct scan_input input;
	struct assess assess;
	struct inv_image image;
};

/* The image of this digest; name: of the report. Without its findings. All borrows from a. 1, 0:
 * the server knows no such image, <0. */
int remote_image(const struct srv *s, struct bytes repository, struct bytes digest,
		 const char *name, struct arena *a, struct remote *ret, struct err *e);
/* What is no image: a report that says why, without findings. */
int remote_none(const char *name, struct bytes digest, struct bytes reason, struct remote *ret,
		struct err *e);
/* Its packages and the layers that brought them in, for formats that list them. */
int remote_packages(const struct srv *s, struct bytes repository, struct bytes digest,
		    struct arena *a, struct remote *ret, struct err *e);
/* Its findings, into ret->report. */
int remote_findings(const struct srv *s, struct bytes repository, struct bytes digest,
		    struct arena *a, struct remote *ret, struct err *e);
