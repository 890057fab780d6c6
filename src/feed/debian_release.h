/* debian_release: code names of Debian's releases and what OSV calls them. */
#pragma once
#include "base/bytes.h"

/* "bookworm" → "Debian:12", "sid" → "Debian:sid"; the empty run for others. */
struct bytes debian_release_ecosystem(struct bytes codename);
