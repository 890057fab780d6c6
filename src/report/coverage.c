#include "report/coverage.h"

#include <string.h>

#define TEXTS_MAX 1024 /* of a list: a server of ours sends fewer */

static void read_texts(struct json *j, struct arena *a, struct bytes **ret, size_t *ret_count)
{
	struct bytes held[TEXTS_MAX];
	size_t n = 0;
	if (!json_enter_array(j))
		return;
	while (json_next_item(j)) {
		struct bytes text = json_string(j);
		if (n < TEXTS_MAX)
			held[n++] = text;
	}
	*ret = arena_alloc(a, n, sizeof **ret);
	*ret_count = *ret ? n : 0;
	if (!*ret)
		json_fail_memory(j);
	else if (n)
		memcpy(*ret, held, n * sizeof *held);
}

static void read_note(struct json *j, struct inv_note *n)
{
	*n = (struct inv_note){.layer = -1};
	const struct bytes_slot slots[] = {{"path", &n->path}, {"text", &n->text}};
	json_slots(j, BYTES_SLOTS(slots));
}

static void read_notes(struct json *j, struct arena *a, struct inv_image *image)
{
	image->notes = arena_alloc(a, TEXTS_MAX, sizeof *image->notes);
	if (!image->notes)
		json_fail_memory(j);
	if (!image->notes || !json_enter_array(j))
		return;
	while (json_next_item(j)) {
		struct inv_note note;
		read_note(j, &note);
		if (image->note_count < TEXTS_MAX)
			image->notes[image->note_count++] = note;
	}
}

void coverage_read(struct json *j, struct arena *a, struct inv_image *image, struct assess *assess)
{
	if (!json_enter_object(j))
		return;
	for (struct bytes key; json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "state")) {
			struct bytes word = json_string(j);
			image->state = bytes_eq_lit(word, "assessed")  ? INV_ASSESSED
				       : bytes_eq_lit(word, "partial") ? INV_PARTIAL
								       : INV_NOTHING;
		} else if (bytes_eq_lit(key, "packages")) {
			image->package_count = (size_t)json_u64(j);
		} else if (bytes_eq_lit(key, "packages_assessed")) {
			assess->assessed_count = (size_t)json_u64(j);
		} else if (bytes_eq_lit(key, "packages_third_party")) {
			image->third_party_count = (size_t)json_u64(j);
		} else if (bytes_eq_lit(key, "not_assessed")) {
			read_texts(j, a, &assess->unassessed, &assess->unassessed_count);
		} else if (bytes_eq_lit(key, "notes")) {
			read_notes(j, a, image);
		} else if (bytes_eq_lit(key, "support_end")) {
			image->distro.support_end = json_string(j);
		} else {
			json_skip(j);
		}
	}
}
