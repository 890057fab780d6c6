/* operand (operand_): the kind of image operand: an existing file or folder, standard input, a root
 * file system, or a reference. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum operand_kind { OPD_PATH, OPD_ROOTFS, OPD_STDIN, OPD_SBOM, OPD_REFERENCE };
struct operand {
	enum operand_kind kind;
	const char *text; /* without the scheme; borrows from what was given */
};
/* "oci:DIR[:TAG]", "oci-archive:", "docker-archive:", "dir:", "rootfs:DIR", "sbom:FILE",
 * "docker://REF", "-", a path that exists or begins like one, else a reference. ERR_UNSUPPORTED: a
 * scheme that is not supported; the message says what to do instead. */
int operand_parse(const char *text, struct operand *ret, struct err *e);
/* Copy all of standard input to an unlinked temporary file: its descriptor, or <0. */
int operand_spool(struct err *e);
