/* go_main: the version of a Go program's own module where the toolchain did not know it: what the
 * linker's flags put into a variable that says so. */
#pragma once
#include "base/bytes.h"

/* flags: the value of -ldflags as the build information has it; module: the program's own. "1.2.3"
 * or "1.2.3-rc.1", without a "v", borrowed; empty: none is said, or two that differ. */
struct bytes go_main_version(struct bytes flags, struct bytes module);
