/* hosts: the setting registry-hosts: which registries have which host names. */
#pragma once
#include "base/err.h"

struct registry;

/* Is it "NAME=HOST …", separated by spaces or commas? ERR_FORMAT. */
int hosts_check(const char *text, struct err *e);
/* The registries that it names have these hosts from now on, and no others. One that does not exist
 * is logged. ERR_CONFLICT: a host is that of a registry which is not named. */
int hosts_apply(struct registry *any, const char *text, struct err *e);
