/* The layout of a vulnerability database file, shared by the writer and the reader
 * (docs/formats/vdb.md). Private to vdb/. */
#pragma once
#include "base/bytes.h"
#include <stdint.h>

/* All numbers are little-endian. A string reference is an offset in STRINGS of a varint length
 * followed by the bytes.
 *
 *   header    0 magic[8]  8 u32 version  12 u32 header length  16 u64 file length  24 i64 built_ms
 *             32 u64 affected entries  40 u32 sections  44 u32 zero  48 digest[32]
 *             80 section table: u32 id, u32 rows, u64 offset, u64 length, SHA-256[32] each
 *             then SHA-256 of all header bytes before it
 *   sections  one after the other without gaps, in the order of their ids, up to the file's end
 */
#define VDB_MAGIC "PLIMVDB\n"
#define VDB_VERSION 3U
#define VDB_VERSION_OLDEST                                                                         \
	1U /* read: without withdrawn records and sources of KEV entries; until                    \
	     2 without due dates */
#define VDB_HASH_LEN 32U
#define VDB_FIXED_LEN 80U
#define VDB_SECTION_LEN 56U
#define VDB_HEADER_LEN (VDB_FIXED_LEN + VDB_SECTION_LEN * VDB_SECTION_COUNT + VDB_HASH_LEN)

enum vdb_section {
	VDB_STRINGS,	/* bytes */
	VDB_ADVISORIES, /* rows: u32 id, u32 offset in BODIES; in the order of feed, id */
	VDB_BODIES,	/* bytes: the advisories' fields, except those per package */
	VDB_ECOSYSTEMS, /* rows: u32 name, u32 first key, u32 keys; sorted by name */
	VDB_KEYS, /* rows: u32 ecosystem, u32 name, u32 offset in ENTRIES, u32 length, u64 content
		     hash; sorted */
	VDB_KEY_SLOTS, /* rows: u32 tag, u32 key + 1 (0 = free); a power of two of them, linear
			  probing */
	VDB_ENTRIES,   /* bytes: what the advisories state about a key's package */
	VDB_IDS,       /* rows: u32 id or alias, u32 advisory; sorted */
	VDB_EXPLOITS, /* rows: u32 CVE, u32 EPSS, u32 percentile, u32 offset in EXPLOIT_FACTS + 1 (0
			 = not in KEV); sorted */
	VDB_EXPLOIT_FACTS, /* bytes: u8 marks, added, action, name, and if VDB_FACTS_DUE the due
			      date and its list */
	VDB_SOURCES,	   /* bytes; the only section that the digest leaves out */
	VDB_SECTION_COUNT
};

#define VDB_ADVISORY_ROW 8U
#define VDB_ECOSYSTEM_ROW 12U
#define VDB_KEY_ROW 24U
#define VDB_SLOT_ROW 8U
#define VDB_ID_ROW 8U
#define VDB_EXPLOIT_ROW 16U
#define VDB_FACTS_DUE 32U /* in the marks: above ransomware and the lists */
#define VDB_EPSS_UNIT 1e9 /* EPSS is published with at most nine decimals */
#define VDB_EPSS_UNKNOWN UINT32_MAX

/* Bytes of one row, 0 for sections that are bytes. */
extern const uint32_t vdb_row_len[VDB_SECTION_COUNT];
extern const char *const vdb_section_name[VDB_SECTION_COUNT];

/* An entry of a key: varint advisory (the difference to the entry before), u8 flags, u8 status and
 * shape, then what the flags say, in this order: arches, module, severity text, vendor id (string
 * references); events by shape; enumerated versions (count, references). */
enum vdb_entry_flag {
	VDB_ENTRY_BINARY = 1,
	VDB_ENTRY_ARCHES = 2,
	VDB_ENTRY_MODULE = 4,
	VDB_ENTRY_SEVERITY = 8,
	VDB_ENTRY_VENDOR_ID = 16,
	VDB_ENTRY_VERSIONS = 32,
	VDB_ENTRY_FLAGS = 63
};
enum vdb_shape {
	VDB_SHAPE_NONE,	 /* no event */
	VDB_SHAPE_ALL,	 /* introduced 0 */
	VDB_SHAPE_FIXED, /* introduced 0, fixed: one reference */
	VDB_SHAPE_LIST,	 /* count, then each: varint range * 4 + kind, reference */
	VDB_SHAPE_COUNT
};
#define VDB_BODY_WITHDRAWN 0x80U /* in the severity's byte: the time follows that of change */
#define VDB_STATUS_MASK 15U	 /* low bits of the second byte; the shape is in the high bits */
#define VDB_SHAPE_SHIFT 4U

uint64_t vdb_key_hash(struct bytes ecosystem, struct bytes name);
