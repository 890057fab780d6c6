#include "vdb/format.h"

const uint32_t vdb_row_len[VDB_SECTION_COUNT] = {
    [VDB_ADVISORIES] = VDB_ADVISORY_ROW,
    [VDB_ECOSYSTEMS] = VDB_ECOSYSTEM_ROW,
    [VDB_KEYS] = VDB_KEY_ROW,
    [VDB_KEY_SLOTS] = VDB_SLOT_ROW,
    [VDB_IDS] = VDB_ID_ROW,
    [VDB_EXPLOITS] = VDB_EXPLOIT_ROW,
};

const char *const vdb_section_name[VDB_SECTION_COUNT] = {
    [VDB_STRINGS] = "strings",	 [VDB_ADVISORIES] = "advisories",
    [VDB_BODIES] = "bodies",	 [VDB_ECOSYSTEMS] = "ecosystems",
    [VDB_KEYS] = "keys",	 [VDB_KEY_SLOTS] = "key slots",
    [VDB_ENTRIES] = "entries",	 [VDB_IDS] = "ids",
    [VDB_EXPLOITS] = "exploits", [VDB_EXPLOIT_FACTS] = "exploit facts",
    [VDB_SOURCES] = "sources",
};

uint64_t vdb_key_hash(struct bytes ecosystem, struct bytes name)
{
	return bytes_hash(name, bytes_hash(ecosystem, UINT64_C(0x706c696d766462)));
}
