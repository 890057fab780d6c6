/* attached: documents that are attached to an image (VEX, bills of materials), as input of its
 * scan. Who may push to a repository may attach, so what may take findings out is a setting.
 * docs/formats/attached.md says what is read; a worker reads it. */
#pragma once
#include "base/json.h"
#include "exception/exception.h"
#include "inventory/image.h"
#include "inventory/bill.h"
#include "jail/pool.h"
#include "oci/manifest.h"

enum attached_use { ATTACHED_OFF, ATTACHED_SHOW, ATTACHED_APPLY };
const char *attached_use_word(int use); /* "off", "show", "apply"; NULL past them */

enum attached_state {
	ATTACHED_APPLIED,    /* its statements take findings out; without any: its bill is listed */
	ATTACHED_SHOWN,	     /* what it says is shown, and takes nothing out */
	ATTACHED_OF_ANOTHER, /* it is about another image */
	ATTACHED_UNREAD,
};
enum attached_signature { ATTACHED_UNSIGNED, ATTACHED_UNVERIFIED, ATTACHED_VERIFIED };

const char *attached_state_word(enum attached_state state);
const char *attached_signature_word(enum attached_signature signature);

struct attached_doc {
	struct bytes digest; /* of the manifest that holds it */
	struct bytes type;   /* artifact, media or predicate type */
	enum attached_state state;
	enum attached_signature signature;
	bool of_index; /* attached to an index that the image is of */
	bool has_bill;
	uint64_t statements, of_others; /* all; those about other images */
	uint64_t packages;		/* of its bill, that nothing in the layers states */
	struct bytes note;		/* why it is not applied, or not read; may be empty */
};

struct attached_bill {
	size_t doc;
	struct bill bill;
};

struct attached {
	enum attached_use use;
	struct bytes keys; /* PEM; empty: signatures are not looked at */
	struct exception_image image;
	struct exceptions applied, shown;
	struct attached_doc *docs;
	size_t count, cap;
	struct attached_bill *bills;
	size_t bill_count;
	size_t left_out;    /* past LIMIT_ATTACHED_COUNT */
	struct arena arena; /* holds docs and their texts */
	struct arena bill_arena;
};
/* image: what digests and names are compared with; borrowed, as keys is. */
void attached_init(struct attached *x, enum attached_use use, struct bytes keys,
		   const struct exception_image *image);
void attached_free(struct attached *x); /* accepts a zeroed struct */

/* A document: a layer of a manifest that refers to the image. */
struct attached_source {
	struct bytes manifest; /* its digest */
	struct bytes type;
	bool of_index;
	int fd;
	uint64_t off, len;
};
/* Can a layer of this manifest be a document that is read? *ret_type: what says so. */
bool attached_is_document(const struct oci_manifest *m, size_t layer, struct bytes *ret_type);
/* An artifact type with which a manifest may hold documents, so that it is worth to be read; empty:
 * not stated. */
bool attached_may_be(struct bytes artifact_type);
/* Read it. What is wrong with the document is in its row; errors are ERR_NOMEM, ERR_CANCELLED and
 * such as would meet any document. */
int attached_read(struct attached *x, const struct attached_source *s, struct pool *pool,
		  struct err *e);
/* One that cannot be read: why. */
int attached_unread(struct attached *x, const struct attached_source *s, const char *why,
		    struct err *e);
/* Nothing of what is applied is: e says why, and is cleared. ERR_NOMEM. */
int attached_set_aside(struct attached *x, struct err *e);
/* Packages that bills list and the image's layers do not show are declared ones of the image: in
 * its inventory, and not assessed as installed. Their layer is none (UINT32_MAX). The new list is
 * in a. */
int attached_take_packages(struct attached *x, struct inv_image *image, struct arena *a,
			   struct err *e);
/* The rows, in coverage statements. */
void attached_put(struct json_out *w, const char *key, const struct attached *x);

/* The tag that cosign gives what it attaches to a digest, by kind ("att", "sbom"); the digest that
 * such a tag names, empty for any other tag. */
bool attached_tag(struct bytes digest, const char *kind, char *out, size_t cap);
bool attached_tag_digest(struct bytes tag, char out[DIGEST_TEXT_CAP]);
