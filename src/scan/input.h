/* input: one image to scan, wherever it lies: a folder or tar on disk, or a registry (connect/). */
#pragma once
#include "oci/config.h"
#include "oci/reference.h"
#include "scan/files.h"

struct attached_source;

struct scan_layer {
	struct digest digest; /* of the bytes at fd/off/len as the manifest (or diff_ids, for
				 docker-archive) states it */
	struct bytes media_type;
	int fd;
	uint64_t off, len;
	bool is_diff_id; /* digest is of the plain tar (docker-archive): only a layer stored plain
			    can be checked against it */
	struct bytes created_by; /* history line, may be empty */
	struct bytes absent; /* why there is nothing to read (fd is -1 then); empty: it is there */
};

struct scan_input {
	struct bytes name;   /* as the user gave it */
	struct bytes choice; /* the path's suffix: which image of several; may be empty */
	struct bytes tag;    /* RepoTags / annotation, may be empty */
	struct bytes note;   /* what the user should know of how it was chosen; may be empty */
	bool has_digest;
	struct digest
	    digest; /* of the image manifest; docker-archive has none: then of the config */
	struct oci_config config;
	struct scan_layer *layers;
	size_t layer_count;
	struct arena arena;  /* holds all of the above */
	struct files *files; /* of a local image */
	int *owned_fds;	     /* of a pulled one */
	size_t owned_fd_count;
	/* Indexes that led to the image, and, where it was asked for, what is attached to it. */
	struct bytes indexes[8];
	size_t index_count;
	struct attached_source *attached;
	size_t attached_count;
	int *attached_fds; /* of a pulled one: owned */
	size_t attached_fd_count;
	struct bytes attached_note; /* what was left out; may be empty */
	struct buf texts[12];	    /* manifest and config texts that runs borrow from */
	size_t text_count;
};

/* path: OCI layout, docker-archive or skopeo dir, as folder or tar; ":TAG", ":NAME" or "@DIGEST"
 * behind it says which of several images. platform ("linux/arm64", may be empty): which image of an
 * index; empty takes this machine's, else the first. ERR_FORMAT, ERR_NOT_FOUND (no such image, or
 * none of that platform), ERR_CONFLICT (several, and none was chosen), ERR_UNSUPPORTED. */
int scan_input_open(struct scan_input *in, const char *path, struct bytes platform,
		    struct pool *pool, struct err *e);
/* What is attached to an image of an OCI layout: manifests of index.json whose subject it is, or
 * that are tagged as cosign does. Nothing elsewhere. */
int scan_input_attached(struct scan_input *in, struct err *e);
void scan_input_init(struct scan_input *in, const char *name);
/* The layer is not in the image: the message, the same wherever the image is. */
int scan_layer_absent(struct scan_layer *l, struct arena *a, struct err *e);
/* ERR_LIMIT for more layers than are assessed. */
int scan_input_check_layers(size_t count, struct err *e);
/* The path in what the user gave, and its suffix: an existing path has no
 * choice. */
#define SCAN_PLACE_MAX 4096
void scan_input_place(const char *path, char place[SCAN_PLACE_MAX], struct bytes *ret_choice);
void scan_input_free(struct scan_input *in);
/* "blobs/sha256/…" of an OCI layout. */
int scan_input_blob_name(struct scan_input *in, const struct digest *d, struct bytes *ret,
			 struct err *e);
/* An index that led to the image. */
void scan_input_index(struct scan_input *in, struct bytes digest);
/* Add a text the input's runs may borrow from; NULL when there is no room. */
struct buf *scan_input_text(struct scan_input *in, size_t max);
