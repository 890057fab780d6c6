/* import (import_, importer_): images of other registries, fetched by the server into one of its
 * own. An import is a row (store/imports.h) that threads of the importer work on: the source's
 * manifests are read and kept, missing blobs are fetched as uploads of the registry, and at last
 * manifests and tags are put. Whatever ends in between, this process included, the rest is done
 * later. Spec: OCI distribution-spec "Pull"; what may be reached: docs/decisions/import.md. */
#pragma once
#include "connect/reach.h"
#include "registry/registry.h"
#include "store/imports.h"

struct access;
struct access_actor;
struct importer;

#define IMPORT_MANIFESTS_MAX 50		  /* below an index; the described system has this limit */
#define IMPORT_BLOBS_MAX 4096		  /* of an import */
#define IMPORT_MANIFEST_BYTES (16U << 20) /* of all manifests of an import */
#define IMPORT_OPEN_MAX 1000		  /* imports of a user that have not ended */
#define IMPORT_SECRET_MAX 8192 /* bytes of a password or token: some are signed statements */
#define IMPORT_AUTHORITIES_MAX (48U << 10) /* bytes of certificates */

/* What a client asks for. Texts may be empty where they have a default. */
struct import_ask {
	struct bytes source; /* "docker.io/library/alpine:3.18"; or its parts: */
	struct bytes registry, source_repository, tag, digest;
	struct bytes username, password, token;
	struct bytes authorities;
	struct bytes repository;  /* of the target; default: the source's */
	const struct bytes *tags; /* default: the source's tag */
	size_t tag_count;
	struct bytes platform;
	bool all_platforms, force, insecure;
};
/* The request as a row, without ids, credentials and the caller. ERR_FORMAT and ERR_LIMIT name the
 * field. Texts borrow from ask and a. */
int import_parse(const struct import_ask *ask, struct arena *a, struct store_import *ret,
		 struct err *e);
/* "docker.io/library/alpine:3.18" of a row. NULL: no memory. */
const char *import_source_text(const struct store_import *i, struct arena *a);

struct importer_options {
	struct db *db;
	struct registry *registry; /* any of the server's */
	struct access *access;
	const struct reach *reach;    /* which sources may be reached */
	const struct reach *insecure; /* which may be asked without TLS or a trusted certificate */
	unsigned threads;	      /* imports at once */
	int64_t history_ms;	      /* those that ended are kept so long */
};
struct importer *importer_start(const struct importer_options *o, struct err *e);
/* Running imports end soon and go on after the next start. NULL accepted by both. */
void importer_stop_soon(struct importer *m);
void importer_stop(struct importer *m);

/* Queue it. ERR_FORMAT, ERR_DENIED (a source that the settings do not permit), ERR_CONFLICT (a tag
 * exists and is not to be moved; too many are open). user_id: whose roles decide which blobs of
 * other repositories may be used, and whether it may still run when its turn comes. */
struct import_by {
	const struct access_actor *actor;
	int64_t user_id;
};
int importer_add(struct importer *m, struct registry *target, const struct import_ask *ask,
		 const struct import_by *by, int64_t *ret_id, struct err *e);
/* ERR_CONFLICT: it has ended. */
int importer_cancel(struct importer *m, const struct store_import *i, const struct access_actor *by,
		    struct err *e);
/* What it has done until now, where it runs here. */
void importer_progress(struct importer *m, struct store_import *i);
