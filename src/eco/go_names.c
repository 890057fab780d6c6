/* The table by which Go's runtime names functions (pclntab), of Go 1.18 and later: a header
 *
 *   u32 magic (0xfffffff0: Go 1.18, 0xfffffff1: Go 1.20), u8 0, u8 0, u8 size of an instruction,
 *   u8 size of a word; words: number of functions, of files, an address, then where these begin,
 *   counted from the header: names, units, files, counters, functions
 *
 * in the program's byte order, at a multiple of a word. Names follow it, at a multiple of 32 before
 * Go 1.26: each ends with a NUL. The linker writes one for each function in the program and for
 * each that was inlined into one, so that a package without a name has no code there: of what it
 * calls "dead" nothing is left. "strip" and "-ldflags=-s" leave the table as it is, since panics
 * need it.
 *
 *   golang.org/x/net/http2.(*Framer).ReadFrame     gopkg.in/yaml%2ev3.Unmarshal
 *   slices.SortFunc[go.shape.string]               type:.eq.net/http.Cookie
 *
 * A package's path ends at the first '.' behind its last '/'; '%2e' and the like are escapes. A
 * program may hold another one as data: the packages of all tables count. Spec: Go's
 * cmd/link/internal/ld/pcln.go, debug/gosym, cmd/internal/objabi.PathToPrefix. */
#include "eco/go_names.h"

#include "base/cursor.h"
#include "base/num.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS (2U * GO_NAMES_COUNT)
#define FRONT_LEN 8U /* bytes that tell a header from other data */
#define WORDS 8U     /* behind them */
#define GAP_MAX 256U /* bytes between a header and its names, which may lie at a multiple of 32 */
#define ALIGN 4U     /* of a header: a word of the smallest */
#define TABLE_MAX (1U << 30) /* bytes of names; the largest programs have 20 MiB */
#define MARK "\xffGo packages:"

void go_names_init(struct go_names *n)
{
	*n = (struct go_names){.head_len = 0};
	buf_init(&n->list, GO_NAMES_MAX);
}

void go_names_free(struct go_names *n)
{
	buf_free(&n->list);
	free(n->slots);
	n->slots = NULL;
}

/* the set */

static bool is_at(const struct go_names *n, uint32_t slot, struct bytes path)
{
	struct bytes at = bytes_from(buf_bytes(&n->list), slot - 1);
	return bytes_has_prefix(at, path) && at.len > path.len && at.ptr[path.len] == '\n';
}

static void add(struct go_names *n, struct bytes path)
{
	if (bytes_eq(path, n->last))
		return;
	if (!n->slots)
		n->slots = calloc(SLOTS, sizeof *n->slots);
	if (!n->slots) {
		n->no_memory = true;
		return;
	}
	size_t i = (size_t)bytes_hash(path, 0) & (SLOTS - 1);
	while (n->slots[i] && !is_at(n, n->slots[i], path))
		i = (i + 1) & (SLOTS - 1);
	size_t at = n->slots[i] ? n->slots[i] - 1 : n->list.len;
	if (!n->slots[i]) {
		if (n->count == GO_NAMES_COUNT || path.len >= n->list.max - n->list.len) {
			n->is_cut = true;
			return;
		}
		buf_put(&n->list, path);
		buf_put_u8(&n->list, '\n');
		n->no_memory = n->no_memory || !buf_ok(&n->list);
		n->slots[i] = (uint32_t)at + 1;
		n->count++;
	}
	n->last = n->no_memory ? BYTES_NONE : bytes_part(buf_bytes(&n->list), at, path.len);
}

/* names */

/* In place; what it gives is never longer. */
static struct bytes unescape(uint8_t *text, size_t len)
{
	size_t out = 0;
	for (size_t i = 0; i < len;) {
		struct bytes rest = {.ptr = text + i, .len = len - i};
		uint8_t c = text[i];
		bool escaped =
		    c == '%' && rest.len > 2 && num_hex_decode(bytes_part(rest, 1, 2), &c, 1);
		text[out++] = c;
		i += escaped ? 3 : 1;
	}
	return (struct bytes){.ptr = text, .len = out};
}

static void end_name(struct go_names *n)
{
	static const char *const made[] = {"type:.eq.", "type:.hash.", "type..eq.", "type..hash."};
	struct bytes name = {.ptr = n->name, .len = n->name_len};
	size_t front = 0;
	for (size_t i = 0; front == 0 && i < sizeof made / sizeof *made; i++)
		if (bytes_has_prefix(name, bytes_of(made[i])))
			front = bytes_of(made[i]).len;
	name = bytes_from(name, front);
	size_t slash = bytes_find_last(name, '/');
	size_t base = slash < name.len ? slash + 1 : 0;
	size_t len = base + bytes_find(bytes_from(name, base), '.');
	n->name_len = 0;
	n->name_ends = false;
	if (len == 0 || len >= name.len)
		return; /* of assembly: no package */
	struct bytes path = unescape(n->name + front, len);
	for (size_t i = 0; i < path.len; i++)
		if (path.ptr[i] <= ' ')
			return;
	add(n, path);
}

/* A name's bytes: those behind a type's arguments or a receiver say nothing of its package. */
static void add_bytes(struct go_names *n, struct bytes b)
{
	for (size_t i = 0; i < b.len && !n->name_ends; i++) {
		if (b.ptr[i] == '[' || b.ptr[i] == '(')
			n->name_ends = true;
		else if (n->name_len < sizeof n->name)
			n->name[n->name_len++] = b.ptr[i];
		else
			n->name_ends = n->is_cut = true;
	}
}

static size_t read_names(struct go_names *n, struct bytes b)
{
	if (n->gap > 0) {
		size_t skipped = n->gap < b.len ? (size_t)n->gap : b.len;
		n->gap -= skipped;
		return skipped;
	}
	b = bytes_part(b, 0, n->left < b.len ? (size_t)n->left : b.len);
	size_t len = bytes_find(b, 0);
	add_bytes(n, bytes_part(b, 0, len));
	len += len < b.len; /* the NUL */
	n->left -= len;
	if (b.ptr[len - 1] == 0 || n->left == 0)
		end_name(n);
	n->tables += n->left == 0;
	return len;
}

/* headers */

/* As far as b goes. */
static bool may_begin(struct bytes b)
{
	size_t last = b.len > 0 && b.ptr[0] == 0xff ? 3 : 0; /* which byte of the magic is last */
	for (size_t i = 0; i < b.len && i < FRONT_LEN; i++) {
		uint8_t c = b.ptr[i];
		bool fits = i == last ? c == 0xf0 || c == 0xf1
			    : i < 4   ? c == 0xff
			    : i < 6   ? c == 0
			    : i == 6  ? c == 1 || c == 2 || c == 4
				      : c == 4 || c == 8;
		if (!fits)
			return false;
	}
	return true;
}

static size_t head_len_of(const struct go_names *n)
{
	return n->head_len < FRONT_LEN ? FRONT_LEN : FRONT_LEN + (size_t)WORDS * n->head[7];
}

static uint64_t word(const struct go_names *n, unsigned i)
{
	unsigned size = n->head[7];
	uint64_t v = 0;
	const uint8_t *p = n->head + FRONT_LEN + (size_t)i * size;
	for (unsigned k = 0; k < size; k++)
		v = v << 8 | p[n->head[0] == 0xff ? k : size - 1 - k];
	return v;
}

/* It is none: go on with what follows in what was gathered. */
static void resume(struct go_names *n)
{
	size_t i = ALIGN;
	while (i < n->head_len &&
	       !may_begin((struct bytes){.ptr = n->head + i, .len = n->head_len - i}))
		i += ALIGN;
	n->head_len = i < n->head_len ? n->head_len - i : 0;
	memmove(n->head, n->head + i, n->head_len);
}

/* A whole header of len bytes: where the names are, of which some may have been gathered. */
static void see_head(struct go_names *n, size_t len)
{
	uint8_t more[GO_NAMES_HEAD];
	uint64_t names = word(n, 3), units = word(n, 4);
	bool ordered = units > names && word(n, 5) >= units && word(n, 6) >= word(n, 5) &&
		       word(n, 7) >= word(n, 6);
	if (word(n, 0) == 0 || names < len || names - len >= GAP_MAX || !ordered ||
	    units - names > TABLE_MAX) {
		resume(n);
		return;
	}
	struct bytes rest = {.ptr = more, .len = n->head_len - len};
	memcpy(more, n->head + len, rest.len);
	n->gap = names - len;
	n->left = units - names;
	n->head_len = 0;
	while (rest.len > 0 && n->left > 0)
		rest = bytes_from(rest, read_names(n, rest));
}

/* Go on with a header. */
static size_t gather(struct go_names *n, struct bytes b)
{
	size_t used = 0;
	while (n->head_len > 0) {
		size_t len = head_len_of(n);
		if (!may_begin((struct bytes){.ptr = n->head, .len = n->head_len}))
			resume(n);
		else if (n->head_len >= FRONT_LEN && n->head_len >= len)
			see_head(n, len);
		else if (used < b.len)
			n->head[n->head_len++] = b.ptr[used++];
		else
			break;
	}
	return used;
}

/* Go on to what may be a header; the bytes in front of it. */
static size_t search(struct go_names *n, struct bytes b, uint64_t off)
{
	size_t i = (size_t)((ALIGN - off % ALIGN) % ALIGN);
	/* The two in the middle of the magic are 0xff in either byte order. */
	while (i < b.len) {
		bool middle = b.len - i < ALIGN || (b.ptr[i + 1] & b.ptr[i + 2]) == 0xff;
		if (middle && b.ptr[i] >= 0xf0 && may_begin(bytes_from(b, i)))
			break;
		i += ALIGN;
	}
	if (i >= b.len)
		return b.len;
	n->head[n->head_len++] = b.ptr[i];
	return i + 1;
}

void go_names_feed(struct go_names *n, struct bytes b, uint64_t off)
{
	while (b.len > 0 && !n->is_cut && !n->no_memory) {
		size_t used = n->left > 0	? read_names(n, b)
			      : n->head_len > 0 ? gather(n, b)
						: search(n, b, off);
		off += used;
		b = bytes_from(b, used);
	}
}

/* Is the runtime's own package in it? Without that it is no program's table, or one of a program
 * whose packages are in libraries of its own. */
static bool has_runtime(struct bytes list)
{
	while (list.len > 0)
		if (bytes_eq_lit(bytes_cut(&list, '\n'), "runtime"))
			return true;
	return false;
}

struct bytes go_names_list(const struct go_names *n)
{
	bool whole = n->tables > 0 && n->left == 0 && !n->is_cut && !n->no_memory;
	struct bytes list = whole ? buf_bytes(&n->list) : BYTES_NONE;
	return has_runtime(list) ? list : BYTES_NONE;
}

void go_names_put(struct buf *out, struct bytes list)
{
	buf_put(out, BYTES_LIT(MARK));
	buf_put_blob(out, list);
}

struct bytes go_names_cut(struct bytes *behind)
{
	struct bytes mark = BYTES_LIT(MARK);
	if (!bytes_has_prefix(*behind, mark))
		return BYTES_NONE;
	struct cursor c = cur_of(bytes_from(*behind, mark.len));
	struct bytes list = cur_blob(&c);
	if (!cur_ok(&c))
		return BYTES_NONE;
	*behind = bytes_from(*behind, mark.len + c.off);
	return list;
}
