/* rpm: the parts of the rpm ecosystem to one another. A container (Berkeley DB hash, NDB, SQLite)
 * holds one header blob per package. */
#pragma once
#include "eco/parsers.h"

#define RPM_HEADER_MAX                                                                             \
	(UINT32_C(16)                                                                              \
	 << 20) /* bytes of one header: the largest seen, with 100,000 files, has 8 MiB */

#define RPM_WORD_MAX 512 /* bytes of a name, version or release */

/* The reader of a container calls this for each header; <0 ends the reading and is returned. off:
 * where in the file, for notes. */
struct rpm_sink {
	void *arg;
	int (*header)(void *arg, uint64_t off, struct bytes blob, struct err *e);
	int (*note)(void *arg, uint64_t off, const char *text, struct err *e);
};

bool rpm_bdb_is_magic(struct bytes file);
int rpm_bdb_read(struct bytes file, const struct rpm_sink *sink, struct err *e);
bool rpm_ndb_is_magic(struct bytes file);
int rpm_ndb_read(struct bytes file, const struct rpm_sink *sink, struct err *e);
bool rpm_sqlite_is_magic(struct bytes file);
int rpm_sqlite_read(struct bytes file, const struct rpm_sink *sink, struct err *e);

/* One header, as a database stores it (no magic in front): states the package and what it owns. A
 * bad header is noted at off. */
int rpm_header_parse(struct bytes blob, uint64_t off, const struct eco_sink *sink, struct err *e);
/* Split "bash-5.1.8-6.el9.src.rpm" at its last two "-": false when it is not such a name. */
bool rpm_split_source(struct bytes sourcerpm, struct bytes *ret_name, struct bytes *ret_version);
/* A name, version or release that can be looked up and printed: printable ASCII without spaces, 1
 * to RPM_WORD_MAX bytes. */
bool rpm_is_word(struct bytes b);
