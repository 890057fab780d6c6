/* attached (cli_attached_): `--vex attached`: what is attached to the image is applied to it. */
#pragma once
#include "cli/image.h"

/* The word among the files of --vex. */
#define CLI_ATTACHED "attached"
bool cli_attached_asked(const struct cli_args *args);
/* Read what is attached to the image that was opened, into c->attached; what is not applied is said
 * on standard error. */
int cli_attached_read(struct cli_image *c, const struct cli_args *args, struct err *e);
