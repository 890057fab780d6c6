/* table: the functions listed in table.c; one pair per format. Contracts as in struct codec. */
#pragma once
#include "codec/codec.h"

bool gzip_is_magic(struct bytes head);
struct stream *gzip_open(struct stream *in, const struct limits *lim, struct err *e);
bool zstd_is_magic(struct bytes head);
struct stream *zstd_open(struct stream *in, const struct limits *lim, struct err *e);
bool xz_is_magic(struct bytes head);
struct stream *xz_open(struct stream *in, const struct limits *lim, struct err *e);
bool bzip2_is_magic(struct bytes head);
struct stream *bzip2_open(struct stream *in, const struct limits *lim, struct err *e);
