/* limits: every bound on the resources that untrusted input can consume. Unit, default, reason.
 * The daemon's configuration can change those in struct limits; the macros are fixed. */
#pragma once
#include <stdint.h>

#define LIMIT_PATH_MAX 4096	      /* bytes of a member's path: Linux PATH_MAX */
#define LIMIT_JSON_DEPTH 64	      /* levels: real documents stay under 20 */
#define LIMIT_XML_DEPTH 48	      /* elements in one another: real documents stay under 20 */
#define LIMIT_MANIFEST_MAX (4U << 20) /* bytes: OCI distribution-spec asks for at least 4 MiB */
#define LIMIT_CONFIG_MAX (8U << 20)   /* bytes of an image config: history of 10,000 lines fits */
#define LIMIT_LAYERS_MAX 512	 /* layers of an image that is assessed: overlay stops at 500 */
#define LIMIT_PACKAGES_MAX 65536 /* of an image that is assessed: large ones have 10,000 */
/* Bytes of a report: 100,000 findings take some 300 MiB as Trivy's JSON. */
#define LIMIT_REPORT_MAX (512U << 20)
#define LIMIT_INVENTORY_MAX (32U << 20) /* bytes of a layer inventory a worker may send */
#define LIMIT_FRAME_MAX (1U << 20)	/* bytes of one message between daemon and worker */

/* Documents that are attached to an image; what is past these is said in its coverage. */
#define LIMIT_ATTACHED_MAX (32U << 20)	 /* bytes of one: a bill of 20,000 packages has 25 MiB */
#define LIMIT_ATTACHED_COUNT 64U	 /* read for one image, the newest: usual are five */
#define LIMIT_ATTACHED_SEEN 1000U	 /* referrers and tags that are looked at for one image */
#define LIMIT_ATTACHED_STATEMENTS 20000U /* of all */
/* Comparisons with an image's matches: a second; usual are 10,000. */
#define LIMIT_ATTACHED_STEPS UINT64_C(20000000)
#define LIMIT_ATTACHED_SAYS_MAX (16U << 20) /* bytes of statements that a worker may send */

/* What content checks look at in a layer; what they do not is said. */
#define LIMIT_CONTENT_FILE_MAX (1U << 20) /* bytes of a file: larger texts are data */
/* Bytes of all: two seconds; large images have 300 MiB. */
#define LIMIT_CONTENT_LAYER_MAX (UINT64_C(1) << 30)
#define LIMIT_CONTENT_FOUND_MAX 1024U /* things found in a layer, and in an image */

#define LIMIT_VDB_MAX (UINT64_C(4) << 30) /* bytes of a vulnerability database that is fetched */
/* bytes of a delta: a day's change is some MiB; applying one takes up to some thirty times this */
#define LIMIT_VDB_DELTA_MAX (16U << 20)

/* bytes: what zstd --long writes; for files named by the operator */
#define LIMIT_WINDOW_MAX (128U << 20)

struct limits {
	uint64_t layer_in_max;	    /* compressed bytes of a layer; 64 GiB */
	uint64_t layer_out_max;	    /* uncompressed bytes; 20 GiB: larger layers are stopped and
				       reported */
	uint64_t layer_ratio_max;   /* out/in once a fifth of layer_out_max is out; 1,200: deflate
				       cannot exceed 1,032 */
	uint64_t layer_members_max; /* tar members; 4 million */
	uint64_t layer_window_max;  /* bytes of a zstd window; 32 MiB: half of the 64 MiB a layer
				       may take; 0 = this */
	uint64_t wanted_file_max;   /* bytes of one file handed to an ecosystem; 256 MiB */
	uint64_t worker_memory_max; /* bytes of anonymous memory (RLIMIT_AS minus the program);
				       256 MiB */
	uint64_t worker_cpu_sec;    /* processor seconds of one task; 600 */
	uint64_t worker_wall_ms;    /* wall time of one task without progress; 120,000 */
};

#define LIMITS_DEFAULT                                                                             \
	{                                                                                          \
		.layer_in_max = UINT64_C(64) << 30, .layer_out_max = UINT64_C(20) << 30,           \
		.layer_ratio_max = 1200, .layer_members_max = 4000000,                             \
		.layer_window_max = UINT64_C(32) << 20, .wanted_file_max = UINT64_C(256) << 20,    \
		.worker_memory_max = UINT64_C(256) << 20, .worker_cpu_sec = 600,                   \
		.worker_wall_ms = 120000,                                                          \
	}
