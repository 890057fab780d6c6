/* Go's build information begins with a magic of 14 bytes at a multiple of 16, in a part of the
 * program that is data. In the form of Go 1.18 and later all else follows it: it is gathered. In
 * the older form pointers follow, to what may have gone by.
 *
 * ELF names its sections behind all that is loaded: there the name of cargo-auditable's section is
 * looked for. PE and Mach-O name them in front. The segments of ELF's notes are kept. */
#include "eco/program_scan.h"

#include "eco/go_info.h"

#include <string.h>

#define RUST_SECTION ".dep-v0"
#define SVM_SYMBOL "sbom_length"
#define SVM_FRONT (1U << 20) /* bytes from the file's start in which dynamic symbols are named */
#define GO_ALIGN 16U

void program_scan_init(struct program_scan *s)
{
	*s = (struct program_scan){.prefix_len = 0};
	buf_init(&s->excerpt, GO_INFO_MAX + GO_NAMES_MAX + 4096U);
	go_names_init(&s->names);
}

void program_scan_free(struct program_scan *s)
{
	buf_free(&s->excerpt);
	go_names_free(&s->names);
}

/* Go */

static bool is_data(const struct program_scan *s, uint64_t off)
{
	for (size_t i = 0; !s->whole && i < s->program.part_count; i++) {
		const struct program_part *p = &s->program.parts[i];
		if (!p->is_section && !p->is_executable && off >= p->off && off - p->off < p->len)
			return true;
	}
	return s->whole;
}

static bool is_done(const struct program_scan *s)
{
	return s->has_excerpt || s->has_pointers || s->is_cut;
}

/* What has been gathered may be all, more is needed, or it is none. */
static void gathered(struct program_scan *s)
{
	switch (go_info_look(buf_bytes(&s->excerpt), &s->need)) {
	case GO_INFO_WHOLE:
		s->has_excerpt = true;
		break;
	case GO_INFO_POINTERS:
		s->has_pointers = true;
		break;
	case GO_INFO_TOO_LARGE:
		s->is_cut = true;
		break;
	case GO_INFO_PART:
		s->is_sure = true;
		return;
	case GO_INFO_MORE:
		return;
	case GO_INFO_NONE:
		break;
	}
	s->gathering = false;
}

/* The bytes of b that are still needed. Returns their number. */
static size_t gather(struct program_scan *s, struct bytes b)
{
	size_t n = s->need - s->excerpt.len < b.len ? (size_t)(s->need - s->excerpt.len) : b.len;
	buf_put(&s->excerpt, bytes_part(b, 0, n));
	if (buf_ok(&s->excerpt))
		gathered(s);
	else
		s->gathering = false;
	return n;
}

/* Go on to what may be the magic; b begins at off of the file. Returns the bytes in front of it. */
static size_t search(struct program_scan *s, struct bytes b, uint64_t off)
{
	size_t i = (size_t)((GO_ALIGN - off % GO_ALIGN) % GO_ALIGN);
	for (; i < b.len; i += GO_ALIGN)
		if (b.ptr[i] == 0xff && go_info_may_be_magic(bytes_from(b, i)) &&
		    is_data(s, off + i))
			break;
	if (i >= b.len)
		return b.len;
	s->gathering = true;
	s->need = GO_INFO_HEAD_LEN;
	buf_clear(&s->excerpt);
	return i;
}

/* Bytes that were taken for the beginning of it and are to be looked at again. */
struct again {
	uint8_t bytes[GO_INFO_HEAD_MAX];
	size_t len, at;
};

/* What was taken for it, but for its own first bytes: it may hold the right one. Returns the
 * number of bytes that are looked at again. */
static size_t put_back(struct program_scan *s, struct again *again)
{
	uint8_t joint[2 * GO_INFO_HEAD_MAX];
	size_t len = s->excerpt.len, rest = again->len - again->at;
	size_t back = len > GO_ALIGN ? len - GO_ALIGN : 0;
	if (back + rest > sizeof again->bytes)
		back = 0; /* never: a part of what was put back before is no longer than that */
	if (back)
		memcpy(joint, s->excerpt.ptr + GO_ALIGN, back);
	if (rest)
		memcpy(joint + back, again->bytes + again->at, rest);
	memcpy(again->bytes, joint, back + rest);
	again->len = back + rest;
	again->at = 0;
	buf_clear(&s->excerpt);
	return back;
}

static void see_data(struct program_scan *s, struct bytes b, uint64_t off)
{
	struct again again = {.len = 0};
	while ((b.len > 0 || again.at < again.len) && !is_done(s) && buf_ok(&s->excerpt)) {
		bool is_again = again.at < again.len;
		struct bytes now = b;
		if (is_again)
			now = (struct bytes){.ptr = again.bytes + again.at,
					     .len = again.len - again.at};
		bool was_gathering = s->gathering;
		size_t n = was_gathering ? gather(s, now) : search(s, now, off);
		off += n;
		if (is_again)
			again.at += n;
		else
			b = bytes_from(b, n);
		if (was_gathering && !s->gathering && !is_done(s) && buf_ok(&s->excerpt))
			off -= put_back(s, &again);
	}
}

/* Words in names of sections and symbols */

/* ELF: names of sections, and of symbols that are not loaded, lie behind what is; those that are
 * loaded in front. */
static void see_names(struct program_scan *s, struct bytes b)
{
	const struct bytes svm = BYTES_LIT(SVM_SYMBOL);
	uint64_t names = s->whole ? 0 : s->program.loaded_end;
	if (s->off < SVM_FRONT)
		eco_word_see(&s->svm_front, svm, b);
	if (s->off + b.len <= names)
		return;
	struct bytes end = s->off < names ? bytes_from(b, (size_t)(names - s->off)) : b;
	eco_word_see(&s->rust, BYTES_LIT(RUST_SECTION), end);
	eco_word_see(&s->svm_end, svm, end);
}

static bool has_section(const struct program *p, const char *name)
{
	for (size_t i = 0; i < p->part_count; i++)
		if (bytes_eq_lit(p->parts[i].name, name))
			return true;
	return false;
}

/* all */

static void see(struct program_scan *s, struct bytes b)
{
	see_data(s, b, s->off);
	go_names_feed(&s->names, b, s->off);
	program_note_feed(&s->note, b, s->off);
	bundle_feed(&s->bundle, b);
	if (s->program.format == PROGRAM_ELF)
		see_names(s, b);
	s->off += b.len;
}

static void start(struct program_scan *s)
{
	struct bytes prefix = {.ptr = s->prefix, .len = s->prefix_len};
	s->started = true;
	s->whole = !program_open(prefix, &s->program);
	bundle_init_program(&s->bundle, prefix, s->whole ? NULL : &s->program);
	if (!s->whole)
		program_note_init(&s->note, &s->program);
	if (s->program.format == PROGRAM_ELF && s->program.section_count == 0 && !s->whole)
		s->program.loaded_end = UINT64_MAX; /* no names to look for */
	s->rust.met = s->program.format != PROGRAM_ELF && has_section(&s->program, RUST_SECTION);
	see(s, prefix);
}

void program_scan_feed(struct program_scan *s, struct bytes b)
{
	if (!s->started) {
		size_t room = sizeof s->prefix - s->prefix_len;
		size_t n = b.len < room ? b.len : room;
		if (n > 0)
			memcpy(s->prefix + s->prefix_len, b.ptr, n);
		s->prefix_len += n;
		b = bytes_from(b, n);
		if (s->prefix_len == sizeof s->prefix)
			start(s);
	}
	if (b.len > 0)
		see(s, b);
}

bool program_scan_end(struct program_scan *s)
{
	if (!s->started)
		start(s);
	s->is_cut = s->is_cut || (s->gathering && s->is_sure);
	s->has_rust = s->rust.met;
	s->has_svm = s->svm_front.met || s->svm_end.met;
	return buf_ok(&s->excerpt) && !s->names.no_memory;
}
