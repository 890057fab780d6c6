/* images (ledger_image_): images, what they consist of, and their counts. */
#pragma once
#include "ledger/image_parts.h"

struct oci_config;

const char *
ledger_image_state_word(enum image_state s); /* "Pending", "Healthy" …; an artifact is Unverified */

struct ledger_image {
	int64_t id;
	int64_t repository_id;
	struct bytes digest, platform;
	struct bytes repository, registry, subscription; /* names; when read */
	enum image_state state;
	struct bytes reason;
	struct bytes coverage; /* JSON object */
	struct bytes distro_id, distro_version, distro_name;
	uint64_t package_count;
	int64_t pushed_ms, pulled_ms, scanned_ms;
	int64_t first_pushed_ms; /* 0: an older program did not note it */
	/* Names of users as they were; empty: not known, or not signed in. */
	struct bytes pushed_by, first_pushed_by, pulled_by;
	uint64_t pulls; /* within 30 days; when read */
	struct image_counts counts;
	int64_t policy; /* ledger/policy.h; when read */
	/* When written; NULL: nothing is kept of it. */
	const struct oci_config *config;
	size_t layer_count;    /* of the manifest */
	bool has_attached;     /* documents are attached to it */
	struct bytes attached; /* what they come to: members of its policy */
};

/* Note that an image exists (state Pending until it is scanned), pushed by this user (empty: not
 * signed in). pushed_ms and pushed_by of an older row are brought forward. */
int ledger_image_add(struct db_tx *tx, int64_t repository, struct bytes digest, int64_t pushed_ms,
		     struct bytes pushed_by, struct err *e);
/* The result of a scan: row, sets and counts under the rules in effect. image->id and counts are
 * filled in, and the state becomes Unhealthy when there are active checks. ERR_NOT_FOUND when the
 * image was deleted meanwhile. */
int ledger_image_put(struct db_tx *tx, struct ledger_image *image, const struct image_part *parts,
		     size_t part_count, struct err *e);
/* Only the state (a scan that could not be done). */
int ledger_image_put_state(struct db_tx *tx, int64_t repository, struct bytes digest,
			   enum image_state state, struct bytes reason, int64_t scanned_ms,
			   struct err *e);
/* It is no image and has nothing to be found: IMAGE_ARTIFACT with the reason. */
int ledger_image_put_artifact(struct db_tx *tx, int64_t repository, struct bytes digest,
			      struct bytes reason, int64_t scanned_ms, struct err *e);
/* Pulls: 1 (*ret_scanned: when it was scanned last, 0 = never), 0 = there is no such image. */
struct ledger_pulls {
	int64_t at_ms;	 /* of the last */
	struct bytes by; /* who that was */
	uint64_t count;
};
int ledger_image_pulled(struct db_tx *tx, int64_t repository, struct bytes digest,
			const struct ledger_pulls *pulls, int64_t *ret_scanned, struct err *e);
/* Pulls from before this time no more count as an image's; up to some hundred images: 1 = there may
 * be more, 0 = done. */
int ledger_image_pulls_forget(struct db_tx *tx, int64_t before_ms, struct err *e);
/* With its scans. */
int ledger_image_delete(struct db_tx *tx, int64_t repository, struct bytes digest, struct err *e);
/* 1 = found; runs from a. */
int ledger_image_get(struct db_tx *tx, int64_t repository, struct bytes digest, struct arena *a,
		     struct ledger_image *ret, struct err *e);
int ledger_image_at(struct db_tx *tx, int64_t id, struct arena *a, struct ledger_image *ret,
		    struct err *e);
/* In SQL: the state of an image. One that has checks is Unhealthy; rest is its state without them.
 */
#define LEDGER_IMAGE_STATE                                                                         \
	"CASE WHEN n.critical + n.high + n.medium + n.low + n.negligible + n.unknown > 0 THEN 2"   \
	" ELSE n.rest END"
/* A row of a SELECT of LEDGER_IMAGE_COLUMNS FROM LEDGER_IMAGE_FROM. */
#define LEDGER_IMAGE_COLUMNS                                                                       \
	"i.id, nr.name, i.digest, i.platform, " LEDGER_IMAGE_STATE                                 \
	", i.reason, i.coverage, i.distro_id, i.distro_version, i.distro_name, i.package_count,"   \
	" i.pushed_at, i.pulled_at, i.scanned_at, n.critical, n.high, n.medium, n.low,"            \
	" n.negligible, n.unknown, ng.name, ns.name, i.repository_id, n.disabled, n.policy,"       \
	" n.pulls, i.first_pushed_at, i.pushed_by, i.first_pushed_by, i.pulled_by"
#define LEDGER_IMAGE_WIDTH 30 /* so many columns */
#define LEDGER_IMAGE_FROM                                                                          \
	"image i JOIN image_seen n ON n.image_id = i.id" STORE_NAMES_JOIN("i.repository_id")
int ledger_image_row(struct db_stmt *s, struct arena *a, struct ledger_image *ret, struct err *e);
