/* odd: members of layers that engines take differently, whatever they hold. Inside the worker only.
 */
#pragma once
#include "archive/tar.h"
#include "inventory/writer.h"

/* Note, as doubts, what is odd about m. */
int odd_note(struct layer_writer *w, const struct tar_entry *m, struct err *e);
