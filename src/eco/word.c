#include "eco/word.h"

#include <string.h>

void eco_word_see(struct eco_word *w, struct bytes word, struct bytes b)
{
	uint8_t seam[2 * sizeof w->carry];
	size_t head = b.len < word.len ? b.len : word.len;
	if (w->met || b.len == 0)
		return;
	if (w->carry_len)
		memcpy(seam, w->carry, w->carry_len);
	memcpy(seam + w->carry_len, b.ptr, head);
	struct bytes joint = {.ptr = seam, .len = w->carry_len + head};
	w->met = memmem(joint.ptr, joint.len, word.ptr, word.len) ||
		 memmem(b.ptr, b.len, word.ptr, word.len);
	struct bytes last = b.len < word.len ? joint : b;
	w->carry_len = last.len < word.len - 1 ? last.len : word.len - 1;
	memmove(w->carry, last.ptr + last.len - w->carry_len, w->carry_len);
}
