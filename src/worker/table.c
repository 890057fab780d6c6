#include "worker/tasks.h"

const struct worker_task worker_task_table[] = {
    {.kind = TASK_INDEX_LAYER, .run = task_index_layer},
    {.kind = TASK_READ_FEED, .run = task_read_feed},
    {.kind = TASK_LIST_TAR, .run = task_list_tar},
    {.kind = TASK_READ_SBOM, .run = task_read_sbom},
    {.kind = TASK_READ_ATTACHED, .run = task_read_attached},
    {.kind = TASK_PACK, .run = task_pack},
    {.kind = TASK_UNPACK, .run = task_unpack},
};
const size_t worker_task_count = sizeof worker_task_table / sizeof worker_task_table[0];
