/* nix: outputs in Nix's store. */
#pragma once
#include "base/bytes.h"

/* The name of the output that the file at path is of, "bash-5.2-p15"; empty: of none. */
struct bytes nix_output(struct bytes path);
