/* serve: `plimsoll serve`: creates and connects the modules, runs until SIGTERM or SIGINT, closes
 * them in reverse order. */
#pragma once
#include "daemon/config.h"

/* Returns when the server was asked to stop: 0, or <0 when it could not start. */
int serve_run(const struct config *c, const char *version, struct err *e);
