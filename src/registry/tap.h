/* tap: what the registry reports of uploads as they happen, to its observer (scan/). The registry
 * itself does not depend on scanning. A tap never slows or fails an upload: no call blocks, none
 * returns an error. */
#pragma once
#include "oci/digest.h"
#include <stdint.h>

struct tap {
	void *arg;
	/* A blob upload begins to receive bytes into the file fd (read it by pread; dup it to keep
	 * it). owner: whose it is, the user's if one is known, else the repository's; never 0.
	 * Returns a handle for the other calls, or NULL: not interested. */
	void *(*begin)(void *arg, uint64_t owner, int fd);
	/* The file holds `len` bytes now. */
	void (*grow)(void *arg, void *handle, uint64_t len);
	/* Complete and stored under d, or (d == NULL) cancelled. The handle is invalid after this.
	 * fd stays valid until the call returns. */
	void (*end)(void *arg, void *handle, const struct digest *d, int fd, uint64_t len);
};
