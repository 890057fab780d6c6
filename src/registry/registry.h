/* registry: the embedded OCI registry over store/. Spec: OCI distribution-spec v1.1. Knows nothing of HTTP (api/ does) or scanning. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "oci/digest.h"
#include "oci/manifest.h"
#include "registry/tap.h"
#include "store/db.h"

struct registry;
struct blobs; /* store/blobs.h */

/* Events appended in the same transaction as what they tell (store: table event, in order, never lost). type: "pushed", "pulled", "deleted". */
struct registry *registry_open(struct db *db, struct blobs *blobs, const struct tap *tap, struct err *e);
void registry_close(struct registry *g);
/* The owner of this room defines the rest here: uploads, blobs, manifests, tags, referrers, catalog, garbage collection. */
