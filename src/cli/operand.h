/* operand (operand_): what the user means by the image to look at: a file or folder that is there,
 * standard input, a root file system, or a reference. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum operand_kind { OPD_PATH, OPD_ROOTFS, OPD_STDIN, OPD_REFERENCE };
struct operand {
	enum operand_kind kind;
	const char *text; /* without the scheme; borrows from what was given */
};
/* "oci:DIR[:TAG]", "oci-archive:", "docker-archive:", "dir:", "rootfs:DIR", "docker://REF", "-", a
 * path that exists or begins as one, else a reference. ERR_UNSUPPORTED: a scheme whose images are
 * not read, and what to do instead. */
int operand_parse(const char *text, struct operand *ret, struct err *e);
/* Standard input, whole, in an unlinked temporary file: its descriptor, or <0. */
int operand_spool(struct err *e);
