/* image (cli_image_): shared by the verbs that read one image: open it, inventory it, match it. */
#pragma once
#include "cli/kept.h"
#include "cli/vdb_verbs.h"
#include "report/report.h"
#include "scan/attached.h"
#include "scan/bill_input.h"
#include "scan/layers.h"
#include "scan/pull.h"
#include "scan/rootfs.h"
#include <pthread.h>

/* Options of every verb that uses a registry. */
#define CREG_OPTIONS                                                                               \
	{"insecure", 0, NULL, NULL,                                                                \
	 "use a registry without TLS or without checking its certificate"},                        \
	    {"cacert", 0, "FILE", NULL,                                                            \
	     "certificate authorities to trust (default: SSL_CERT_FILE)"},                         \
	    {"username", 'u', "NAME", NULL,                                                        \
	     "for the registry (default: the credentials of docker, podman or skopeo login)"},     \
	    {"password", 'p', "TEXT", NULL,                                                        \
	     "visible to every user of this machine; prefer PLIMSOLL_PASSWORD, "                   \
	     "--password-stdin or the prompt"},                                                    \
	{                                                                                          \
		"password-stdin", 0, NULL, NULL, "read the password from standard input"           \
	}

/* Options of every such verb, at the start of its table. */
#define CIMG_OPTIONS                                                                               \
	{"input", 'i', "PATH", NULL,                                                               \
	 "an OCI layout or docker-archive, folder or tar, instead of an operand; "                 \
	 "PATH:TAG or PATH@DIGEST selects one of several images"},                                 \
	    {"platform", 0, "OS/ARCH", NULL, "which image of an index (default: this machine's)"}, \
	    {"all-file-systems", 0, NULL, NULL,                                                    \
	     "of a root folder: enter other file systems, too"},                                   \
	    {"skip-dirs", 0, "LIST", NULL, "of a root folder: do not enter these folders"},        \
	    {"content-checks", 0, "LIST", NULL,                                                    \
	     "groups of content checks: accounts, secrets, permissions, configuration, or none "   \
	     "(default: accounts,secrets)"},                                                       \
	    {"assume-linked", 0, NULL, NULL,                                                       \
	     "of Go programs: take every package of their modules for linked"},                    \
	    {"vdb", 0, "FILE", NULL,                                                               \
	     "the vulnerability database, or a folder of some: the newest"},                       \
	    VDB_KEY_OPTIONS, KEPT_OPTION,                                                          \
	    {"cache-dir", 0, "DIR", NULL, "where layer inventories are kept"},                     \
	    {"no-cache", 0, NULL, NULL, "neither read nor store layer inventories"},               \
	    {"timeout", 0, "TIME", "5m", "give up after this time"},                               \
	    {"quiet", 'q', NULL, NULL, "no progress on standard error"}, CLI_OUTPUT_OPTION,        \
	    CREG_OPTIONS,                                                                          \
	{                                                                                          \
		"allow-unjailed", 0, NULL, NULL, "run even if this kernel cannot jail the workers" \
	}

struct cli_image {
	struct pool *pool;
	struct vdb *vdb; /* NULL when not requested */
	struct scan_input input;
	struct layers_result layers;
	struct inv_image image;
	struct bill_input bill; /* in place of layers */
	bool is_bill;
	struct rootfs_stats rootfs; /* of a root folder */
	struct assess assess;
	struct attached attached; /* --vex attached */
	struct buf attached_keys;
	struct arena arena;
	bool progress;
	int spool; /* standard input's copy; 0: none */
	/* the database is checked concurrently; all borrowed */
	const struct cli_args *args;
	const char *vdb_path, *vdb_kept; /* kept: where --vdb says, a file or a folder */
	int64_t now_ms; /* of judgements that depend on the date: the time of --as-of */
	pthread_t checker;
	bool checking;
	struct err check_err;
};

/* text: the operand that names the image, or NULL with --input. want_vdb: match too (the message
 * of ERR_NOT_FOUND says how to get a database). */
int cli_image_open(struct cli_image *c, const struct cli_args *args, const char *text,
		   bool want_vdb, struct err *e);
void cli_image_close(struct cli_image *c);
/* From here on the process ends with status 1 after --timeout. */
int cli_image_arm_timeout(const struct cli_args *args, struct err *e);
/* Of these options; the password is asked for where that is needed. */
int cli_registry_options(const struct cli_args *args, struct arena *a, struct pull_options *ret,
			 struct err *e);
