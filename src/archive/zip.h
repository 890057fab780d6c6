/* zip: members of a zip archive in a file or in memory, by its central directory. Zip64,
 * stored and deflated members. Spec: PKWARE APPNOTE 6.3.x, sections 4.3, 4.4, 4.5.3. */
#pragma once
#include "codec/stream.h"

struct zip;
struct zip_entry {
	struct bytes path; /* borrows from the zip until zip_close */
	uint64_t size;	   /* uncompressed, as the central directory says */
	uint64_t stored;
	uint32_t crc32;
	uint16_t method; /* 0 stored, 8 deflate */
	bool encrypted;
	uint64_t header_off;
};
/* fd stays the caller's; pread only. */
struct zip *zip_open(int fd, const struct limits *lim, struct err *e);
void zip_close(struct zip *z);
uint64_t zip_count(const struct zip *z);
/* In the central directory's order: 1 = entry, 0 = end, <0 = error. */
int zip_next(struct zip *z, struct zip_entry *ent, struct err *e);
/* The member's plain bytes; checks size and CRC at the end (ERR_INTEGRITY). The caller closes the
 * stream before the zip. */
struct stream *zip_open_member(struct zip *z, const struct zip_entry *ent, const struct limits *lim,
			       struct err *e);

/* The same over bytes in memory, borrowed until close. */
struct zip *zip_open_bytes(struct bytes b, const struct limits *lim, struct err *e);
/* The bytes of a stored member of an archive in memory, where they lie; its CRC is not looked at.
 * ERR_UNSUPPORTED: it is compressed or encrypted, or the archive is a file. */
int zip_member_bytes(const struct zip *z, const struct zip_entry *ent, struct bytes *ret,
		     struct err *e);
