/* go_info: the build information that Go's linker writes into programs. Inside eco only. */
#pragma once
#include "eco/program.h"

#define GO_INFO_HEAD_LEN 32U   /* bytes in front of what is said in place */
#define GO_INFO_HEAD_MAX 324U  /* bytes that decide whether it is one: header, version, a length */
#define GO_INFO_MAX (4U << 20) /* bytes of the list of modules: 1,500 take 200 KiB */

enum go_info_state {
	GO_INFO_NONE,	   /* it is something else */
	GO_INFO_MORE,	   /* *ret_need bytes are needed to decide */
	GO_INFO_PART,	   /* it is one; *ret_need bytes are all of it */
	GO_INFO_WHOLE,	   /* all that is said in place, *ret_need bytes */
	GO_INFO_POINTERS,  /* it points to what it says */
	GO_INFO_TOO_LARGE, /* the list of modules is over the limit */
};

struct go_info {
	struct bytes version; /* "go1.21.3", "go1.20.1 X:boringcrypto", "devel …" */
	struct bytes modules; /* lines; empty: built without modules */
	struct bytes behind;  /* what the file goes on with when all is said in place */
};

bool go_info_is_magic(struct bytes b);
/* The same of what may go on behind b. */
bool go_info_may_be_magic(struct bytes b);
/* What b, which begins with the magic, is. *ret_need grows with what is known. */
enum go_info_state go_info_look(struct bytes b, uint64_t *ret_need);
/* Both forms; b is what lies at the magic, in p when it points. Borrows from the file. False: not
 * all of it is there. */
bool go_info_read(struct bytes b, const struct program *p, struct go_info *ret);
