/* remote (remote_): a running server's view of an image, as a report with the same formats, filters
 * and gates as a scan. repository: a path that remote_repository gave. */
#pragma once
#include "cli/server.h"
#include "report/report.h"

struct remote {
	struct bytes state; /* Pending, Healthy, Unhealthy, Unverified */
	bool is_artifact;   /* not a runnable image: never assessed */
	uint64_t disabled;  /* findings that rules disable */
	struct report report;
	/* what the report points to */
	struct scan_input input;
	struct assess assess;
	struct inv_image image;
};

/* Where the API has a repository, by the name that clients of the registry call it: of another
 * registry than local, its host name is the server's, or its name is in front. "/api/v1/registries/
 * local/repositories/team/shop"; NULL: no memory, or the server does not answer. */
const char *remote_repository(const struct cli_server *s, struct bytes name, struct arena *a,
			      struct err *e);
/* The manifest of a tag or digest. reply is freed by the caller in any case. */
int remote_manifest(const struct cli_server *s, struct bytes repository, struct bytes name,
		    struct arena *a, struct fetch_reply *reply, struct err *e);
/* An operand, "HOST:PORT/team/shop:1.4", or as the server itself names it: "team/shop:1.4". */
struct remote_name {
	struct bytes repository, digest;
	const char *path; /* of the repository, in the API */
};
/* Open the server of the options, or else the operand's, and ask what the operand means now. */
int remote_open(struct cli_server *s, const struct cli_args *args, const char *operand,
		struct arena *a, struct remote_name *ret, struct err *e);
/* The image of this digest, without its findings; name: of the report. All borrows from a. 1, 0:
 * unknown to the server, <0. */
int remote_image(const struct cli_server *s, const char *repository, struct bytes digest,
		 const char *name, struct arena *a, struct remote *ret, struct err *e);
/* For a manifest that is not an image: a report with the reason, without findings. */
int remote_none(const char *name, struct bytes digest, struct bytes reason, struct remote *ret,
		struct err *e);
/* Its packages and the layers that added them, for formats that list them. */
int remote_packages(const struct cli_server *s, const char *repository, struct bytes digest,
		    struct arena *a, struct remote *ret, struct err *e);
/* Its findings, into ret->report. */
int remote_findings(const struct cli_server *s, const char *repository, struct bytes digest,
		    struct arena *a, struct remote *ret, struct err *e);
