/* The parser on whole programs, and the scan that finds what it states while bytes go by: in one
 * piece and in pieces it finds the same. */
#include "eco/program_scan.h"
#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned scan(struct bytes file, size_t piece)
{
	struct program_scan *s = malloc(sizeof *s);
	if (!s)
		abort();
	program_scan_init(s);
	for (struct bytes rest = file; rest.len > 0; rest = bytes_from(rest, piece))
		program_scan_feed(s, bytes_part(rest, 0, piece));
	if (!program_scan_end(s) || (s->has_excerpt && !s->excerpt.len))
		abort();
	unsigned found = (s->has_excerpt ? 1U : 0U) | (s->has_pointers ? 2U : 0U) |
			 (s->has_rust ? 4U : 0U) | (s->is_cut ? 8U : 0U);
	found |= (unsigned)bytes_hash(go_names_list(&s->names), 0) << 4;
	if (s->has_excerpt)
		eco_fuzz_row(ECO_GO, buf_bytes(&s->excerpt));
	program_scan_free(s);
	free(s);
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = {.ptr = data, .len = size};
	eco_fuzz_row(ECO_GO, file);
	if (size >= PROGRAM_HEAD_LEN && scan(file, size) != scan(file, 13))
		abort();
	return 0;
}
