/* suggest: the word that the user probably meant. */
#pragma once
#include "base/bytes.h"

/* Edit distance (a letter added, removed, changed, or two swapped), ignoring case. */
size_t suggest_distance(struct bytes a, struct bytes b);
/* candidates ends with NULL. The nearest one, or NULL when none is close. */
const char *suggest(struct bytes word, const char *const *candidates);
