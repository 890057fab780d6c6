/* images (ims_): images, what they consist of, and their counts. */
#pragma once
/* clang-format off */
#include "store/counts.h"
#include "store/packages.h"

const char *ims_state_word(enum ims_state s); /* "Pending", "Healthy" …; an artifact is Unverified */

struct ims_image {
	int64_t id;
	struct bytes repository, digest, platform;
	enum ims_state state;
	struct bytes reason;
	struct bytes coverage; /* JSON object */
	struct bytes distro_id, distro_version, distro_name;
	uint64_t package_count;
	int64_t pushed_ms, pulled_ms, scanned_ms;
	struct ims_counts counts;
};

/* The packages one layer brought in. */
struct ims_part {
	uint32_t position;     /* layer index */
	struct bytes layer;    /* digest */
	struct bytes created_by;
	struct pks_member *members;
	size_t member_count;
};

/* Note that an image exists (state Pending until it is scanned). pushed_ms of an older row is brought forward. */
int ims_add(struct db_tx *tx, struct bytes repository, struct bytes digest, int64_t pushed_ms, struct err *e);
/* The result of a scan: row, sets and counts. image->id and counts are filled in, and the state becomes Unhealthy when there are checks. ERR_NOT_FOUND when the
 * image was deleted meanwhile. */
int ims_put(struct db_tx *tx, struct ims_image *image, struct ims_part *parts, size_t part_count, struct err *e);
/* Only the state (a scan that could not be done). */
int ims_put_state(struct db_tx *tx, struct bytes repository, struct bytes digest, enum ims_state state, struct bytes reason, int64_t scanned_ms, struct err *e);
/* It is no image and has nothing to be found: IMS_ARTIFACT with the reason. */
int ims_put_artifact(struct db_tx *tx, struct bytes repository, struct bytes digest, struct bytes reason, int64_t scanned_ms, struct err *e);
/* With its scans. */
int ims_delete(struct db_tx *tx, struct bytes repository, struct bytes digest, struct err *e);
/* 1 = found; runs from a. */
int ims_get(struct db_tx *tx, struct bytes repository, struct bytes digest, struct arena *a, struct ims_image *ret, struct err *e);
/* A row of a SELECT of IMS_COLUMNS FROM IMS_FROM. */
#define IMS_COLUMNS                                                                                                    \
	"i.id, i.repository, i.digest, i.platform, " CNT_STATE ", i.reason, i.coverage, i.distro_id, i.distro_version,"      \
	" i.distro_name, i.package_count, i.pushed_at, i.pulled_at, i.scanned_at, " CNT_NOW("critical") ", " CNT_NOW("high") \
	", " CNT_NOW("medium") ", " CNT_NOW("low") ", " CNT_NOW("negligible") ", " CNT_NOW("unknown")
#define IMS_FROM "image i JOIN image_counts n ON n.image_id = i.id"
int ims_row(struct db_stmt *s, struct arena *a, struct ims_image *ret, struct err *e);
