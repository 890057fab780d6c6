/* What a crash left in the folder of generations: whatever is written lies under a temporary name
 * at first (base/io.h). */
#include "scan/engine_impl.h"

#include "base/io.h"

void engine_sweep_temporary(struct engine *g)
{
	io_sweep_temporary(g->o.vdb_dir);
}
