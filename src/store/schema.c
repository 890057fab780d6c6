#include "store/schema.h"

const struct schema_room schema_rooms[] = {
    {.room = "store", .steps = schema_store},
    {.room = "registry", .steps = schema_registry},
    {.room = "access", .steps = schema_access},
    {.room = "scan", .steps = schema_scan},
};
const size_t schema_room_count = sizeof schema_rooms / sizeof schema_rooms[0];
