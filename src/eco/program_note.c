/* Notes: u32 length of the name, u32 length of what is said, u32 type, the name and what is said,
 * each filled up with zeros to a multiple of 4. The name of this one is "FDO". Spec: System V ABI
 * "Note Section"; systemd "Package Metadata for Executable Files". */
#include "eco/program_note.h"

#include <string.h>

#define TYPE 0xcafe1a7eU
#define ALIGN 4U

void program_note_init(struct program_note *n, const struct program *p)
{
	n->count = p->note_count;
	n->is_cut = p->has_more_notes;
	n->big = p->big;
	for (size_t i = 0; i < n->count; i++) {
		n->segments[i] = p->notes[i];
		n->len[i] = 0;
	}
}

void program_note_feed(struct program_note *n, struct bytes b, uint64_t off)
{
	for (size_t i = 0; i < n->count; i++) {
		uint64_t at = n->segments[i].off + n->len[i];
		uint64_t left =
		    n->segments[i].len < PROGRAM_NOTE_LEN ? n->segments[i].len : PROGRAM_NOTE_LEN;
		left -= n->len[i];
		if (left == 0 || at < off || at - off >= b.len)
			continue;
		struct bytes part = bytes_part(b, (size_t)(at - off), (size_t)left);
		memcpy(n->v[i] + n->len[i], part.ptr, part.len);
		n->len[i] += part.len;
	}
}

static void skip_filling(struct cursor *c, uint64_t len)
{
	cur_skip(c, (size_t)((ALIGN - len % ALIGN) % ALIGN));
}

static struct bytes find_in(struct bytes notes, bool big)
{
	const struct program p = {.big = big};
	struct cursor c = cur_of(notes);
	while (cur_ok(&c) && cur_left(&c) > 0) {
		uint64_t name_len = program_number(&p, &c, 4), len = program_number(&p, &c, 4);
		uint64_t type = program_number(&p, &c, 4);
		struct bytes name = cur_take(&c, (size_t)name_len);
		skip_filling(&c, name_len);
		struct bytes said = cur_take(&c, (size_t)len);
		if (cur_ok(&c) && type == TYPE &&
		    bytes_eq_lit(bytes_part(name, 0, bytes_find(name, 0)), "FDO"))
			return bytes_part(said, 0, bytes_find(said, 0));
		if (cur_left(&c) > 0)
			skip_filling(&c, len);
	}
	return BYTES_NONE;
}

struct bytes program_note_find(const struct program_note *n, bool *ret_is_cut)
{
	*ret_is_cut = n->is_cut;
	for (size_t i = 0; i < n->count; i++) {
		struct bytes found =
		    find_in((struct bytes){.ptr = n->v[i], .len = n->len[i]}, n->big);
		if (found.len > 0) {
			*ret_is_cut = false;
			return found;
		}
		*ret_is_cut |= n->segments[i].len > PROGRAM_NOTE_LEN;
	}
	return BYTES_NONE;
}
