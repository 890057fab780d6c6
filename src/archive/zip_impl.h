/* zip_impl: what the files of the zip reader share. */
#pragma once
#include "archive/zip.h"

/* Bytes of a central directory kept in memory: 500,000 members with paths of 80 bytes fit. */
#define ZIP_DIR_MAX (64U << 20)

struct zip {
	int fd; /* -1: in memory */
	struct bytes mem;
	uint64_t file_size;
	uint64_t base;	  /* bytes before the archive, such as a self-extractor */
	uint8_t *dir_buf; /* NULL in memory: the directory is read where it lies */
	struct bytes dir; /* the records, possibly with trailing bytes */
	size_t dir_off;	  /* of the next record */
	uint64_t next;
	uint64_t count;
	uint64_t out_left; /* bytes that all members together may still produce */
};

/* Copy n bytes at off; ERR_TRUNCATED past the end, ERR_IO. */
int zip_read_at(const struct zip *z, uint64_t off, void *out, size_t n, struct err *e);
/* Find the central directory, read and count its records. */
int zip_dir_read(struct zip *z, const struct limits *lim, struct err *e);
/* The record at the start of b: 1 and *ret_len its length; 0 if there is none;
 * ERR_FORMAT. */
int zip_dir_parse(struct bytes b, struct zip_entry *ent, size_t *ret_len, struct err *e);
