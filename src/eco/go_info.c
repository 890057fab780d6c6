/* A header of 32 bytes: "\xff Go buildinf:", u8 size of a pointer, u8 flags (1: big-endian, 2: in
 * place). In place (Go 1.18 and later) a varint length and the version follow, then a varint length
 * and the modules. Else (Go 1.13 to 1.17) two pointers are in the header, each to a string of the
 * program: a pointer and a length. The modules are between two runs of 16 bytes that no text has.
 * Spec: Go's debug/buildinfo, cmd/link/internal/ld/data.go. */
#include "eco/go_info.h"

#define MAGIC "\xff Go buildinf:"
#define MAGIC_LEN 14U
#define MARK_LEN 16U
#define VERSION_MAX 256U
#define FLAG_BIG 1U
#define FLAG_IN_PLACE 2U

static const uint8_t mark_start[MARK_LEN] = {0x30, 0x77, 0xaf, 0x0c, 0x92, 0x74, 0x08, 0x02,
					     0x41, 0xe1, 0xc1, 0x07, 0xe6, 0xd6, 0x18, 0xe6};

bool go_info_is_magic(struct bytes b)
{
	return bytes_has_prefix(b, BYTES_LIT(MAGIC));
}

bool go_info_may_be_magic(struct bytes b)
{
	return bytes_has_prefix(BYTES_LIT(MAGIC), bytes_part(b, 0, MAGIC_LEN));
}

static bool is_version(struct bytes b)
{
	return bytes_has_prefix_lit(b, "go") || bytes_has_prefix_lit(b, "devel");
}

static bool has_mark(struct bytes b)
{
	return bytes_has_prefix(b, (struct bytes){.ptr = mark_start, .len = MARK_LEN});
}

/* What is said in place, from behind the header. */
static enum go_info_state look_in_place(struct bytes b, uint64_t *ret_need)
{
	struct cursor c = cur_of(bytes_from(b, GO_INFO_HEAD_LEN));
	uint64_t len = cur_varint(&c);
	size_t head = GO_INFO_HEAD_LEN + c.off;
	if (!cur_ok(&c)) {
		*ret_need = b.len + 1;
		return b.len < GO_INFO_HEAD_LEN + 10 ? GO_INFO_MORE : GO_INFO_NONE;
	}
	if (len > VERSION_MAX)
		return GO_INFO_NONE;
	*ret_need = head + len + 1;
	if (*ret_need > b.len)
		return GO_INFO_MORE;
	if (!is_version(cur_take(&c, (size_t)len)))
		return GO_INFO_NONE;
	uint64_t modules = cur_varint(&c);
	if (!cur_ok(&c)) {
		*ret_need = b.len + 1;
		return b.len < head + len + 10 ? GO_INFO_MORE : GO_INFO_NONE;
	}
	uint64_t end = GO_INFO_HEAD_LEN + c.off;
	bool framed = modules > 2 * MARK_LEN;
	*ret_need = end + (framed ? MARK_LEN : modules);
	if (*ret_need > b.len)
		return GO_INFO_MORE;
	if (framed && !has_mark(bytes_from(b, (size_t)end)))
		return GO_INFO_NONE;
	if (modules > GO_INFO_MAX)
		return GO_INFO_TOO_LARGE;
	*ret_need = end + modules;
	return *ret_need > b.len ? GO_INFO_PART : GO_INFO_WHOLE;
}

enum go_info_state go_info_look(struct bytes b, uint64_t *ret_need)
{
	if (!go_info_may_be_magic(b))
		return GO_INFO_NONE;
	if (b.len < GO_INFO_HEAD_LEN) {
		*ret_need = GO_INFO_HEAD_LEN;
		return GO_INFO_MORE;
	}
	unsigned size = b.ptr[MAGIC_LEN], flags = b.ptr[MAGIC_LEN + 1];
	*ret_need = GO_INFO_HEAD_LEN;
	if (flags & FLAG_IN_PLACE)
		return look_in_place(b, ret_need);
	return (size == 4 || size == 8) && flags <= FLAG_BIG ? GO_INFO_POINTERS : GO_INFO_NONE;
}

/* The string that a pointer at off of the header leads to. */
static bool follow(struct bytes head, size_t off, const struct program *p, unsigned size,
		   struct bytes *ret)
{
	struct cursor c = cur_of(bytes_from(head, off));
	struct bytes string = program_at(p, program_number(p, &c, size), 2ULL * size);
	c = cur_of(string);
	uint64_t addr = program_number(p, &c, size), len = program_number(p, &c, size);
	*ret = BYTES_NONE;
	if (!cur_ok(&c))
		return false;
	if (len > 0 && len <= GO_INFO_MAX)
		*ret = program_at(p, addr, len);
	return ret->len == len;
}

static bool read_pointers(struct bytes b, const struct program *p, struct go_info *ret)
{
	unsigned size = b.ptr[MAGIC_LEN];
	struct program as_go = *p; /* its own word on the byte order counts */
	as_go.big = b.ptr[MAGIC_LEN + 1] & FLAG_BIG;
	return follow(b, 16, &as_go, size, &ret->version) && is_version(ret->version) &&
	       follow(b, 16 + size, &as_go, size, &ret->modules);
}

static bool read_in_place(struct bytes b, struct go_info *ret)
{
	struct cursor c = cur_of(bytes_from(b, GO_INFO_HEAD_LEN));
	ret->version = cur_blob(&c);
	ret->modules = cur_blob(&c);
	ret->behind = bytes_from(b, GO_INFO_HEAD_LEN + c.off);
	return cur_ok(&c);
}

bool go_info_read(struct bytes b, const struct program *p, struct go_info *ret)
{
	uint64_t need = 0;
	enum go_info_state state = go_info_look(b, &need);
	*ret = (struct go_info){.version = BYTES_NONE};
	if (state == GO_INFO_POINTERS ? !p || !read_pointers(b, p, ret)
				      : state != GO_INFO_WHOLE || !read_in_place(b, ret))
		return false;
	if (has_mark(ret->modules) && ret->modules.len >= 2 * MARK_LEN)
		ret->modules = bytes_part(ret->modules, MARK_LEN, ret->modules.len - 2 * MARK_LEN);
	else
		ret->modules = BYTES_NONE;
	return true;
}
