/* A fat Mach-O file holds several programs; the same four bytes begin a Java class, whose version
 * is a larger number than any count of architectures. */
#include "pkg/program_format.h"

#include "base/cursor.h"

#define FAT_ARCHES_MAX 30U /* Java classes begin with version 45 here */

enum program_format program_format_of(struct bytes head)
{
	struct cursor c = cur_of(head);
	uint32_t magic = cur_be32(&c), next = cur_be32(&c);
	if (!cur_ok(&c))
		return PROGRAM_NONE;
	if (magic == 0x7f454c46)
		return PROGRAM_ELF;
	if (magic >> 16 == 0x4d5a)
		return PROGRAM_PE;
	if (magic == 0xfeedface || magic == 0xfeedfacf || magic == 0xcefaedfe ||
	    magic == 0xcffaedfe)
		return PROGRAM_MACH;
	return magic == 0xcafebabe && next > 0 && next < FAT_ARCHES_MAX ? PROGRAM_FAT
									: PROGRAM_NONE;
}
