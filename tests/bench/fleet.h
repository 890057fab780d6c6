/* fleet: the synthetic fleet of the benches: images that share operating-system and application
 * package sets, and two generations of advisories that differ in 100 packages. Everything follows
 * from the sizes and from numbers, so that a store, the layers and the advisories can be made apart
 * from each other and fit. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "oci/digest.h"
#include "pkg/package.h"
#include "db/db.h"
#include "vdb/vdb.h"

#define FLEET_OS_PACKAGES 120
#define FLEET_APP_PACKAGES 60
#define FLEET_VERSIONS 7  /* of each package name */
#define FLEET_CHANGED 100 /* packages whose advisories differ between the generations */
#define FLEET_LAYERS_MAX 3

struct fleet {
	unsigned images, os_sets, app_sets, os_names, app_names;
	/* Each has one registry, and every so many of the repositories; 0 and 1: only the default
	 * one. The others are called sub01, sub02, …, their registries too. */
	unsigned subscriptions;
};
#define FLEET_SUBSCRIPTIONS_MAX 99U
/* 1,000 operating-system sets of 120, 60,000 application sets of 60, one and one or two of them an
 * image, 300,000 package versions, about 1.5 matches each. */
#define FLEET_FULL                                                                                 \
	{                                                                                          \
		.images = 100000, .os_sets = 1000, .app_sets = 60000, .os_names = 1040,            \
		.app_names = 42000                                                                 \
	}
#define FLEET_SAMPLE                                                                               \
	{                                                                                          \
		.images = 60, .os_sets = 5, .app_sets = 40, .os_names = 240, .app_names = 1200     \
	}

/* A layer of the fleet: operating-system sets come first, application sets after them. */
struct fleet_layer {
	struct digest digest;
	uint64_t len;
};
struct fleet_image {
	char repository[64], tag[16];
	unsigned layers[FLEET_LAYERS_MAX];
	size_t layer_count;
};

struct fleet_image fleet_image_of(const struct fleet *f, unsigned image);
/* The layer as a tar archive, into out. */
void fleet_layer_tar(const struct fleet *f, unsigned layer, struct buf *out);
/* Its inventory, as a worker makes it. */
int fleet_layer_index(struct buf *tar, struct buf *out, struct err *e);
/* Config and manifest of an image whose layers are known. */
void fleet_manifest(const struct fleet *f, unsigned image, const struct fleet_layer *layers,
		    struct buf *config, struct buf *manifest);
/* The advisories of a generation (0 or 1). */
int fleet_vdb(const struct fleet *f, int generation, const char *path, struct err *e);
/* What pushing and scanning all images writes into an empty store whose generation is v, without
 * layers being sent: rows as the registry and the scan engine write them. talk: say on stdout how
 * far it is. */
int fleet_fill(const struct fleet *f, struct db *db, const struct vdb *v, bool talk, struct err *e);
