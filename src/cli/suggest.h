/* suggest: the word that was probably meant. */
#pragma once
#include "base/bytes.h"

/* Edits (a letter added, lost, changed, or two swapped) between two words, in any case. */
size_t suggest_distance(struct bytes a, struct bytes b);
/* candidates ends with NULL. The nearest one, or NULL when none is near. */
const char *suggest(struct bytes word, const char *const *candidates);
