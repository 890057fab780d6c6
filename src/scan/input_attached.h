/* input_attached: what is attached to an image that is no server's: shared by layouts and pulls. */
#pragma once
#include "base/io.h"
#include "oci/digest.h"
#include "scan/attached.h"
#include "scan/input.h"

struct input_attached_from {
	void *arg;
	/* 1 = s has the file of a layer, whose digest is right; 0 = it is not there. */
	int (*open)(void *arg, const struct oci_descriptor *d, struct attached_source *s,
		    struct err *e);
};
/* Add the documents of a manifest. What cannot be read is a note. */
int input_attached_add(struct scan_input *in, const struct input_attached_from *from,
		       struct bytes manifest, struct bytes text, bool of_index, struct err *e);
int input_attached_note(struct scan_input *in, const char *what, struct err *e);
int input_attached_hash(int fd, uint64_t off, uint64_t len, struct digest_run *run, struct err *e);
