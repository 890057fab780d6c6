/* A list of items, parted by '.', in which every '-' and every change between digits and letters
 * opens a list inside, as its last item; so does a qualifier after a '.', when it ends the text or
 * a digit follows ("1.0.x1" as "1.0-x1"). Items are numbers (an empty one is 0) or qualifiers, in
 * lower case; a, b, m before a digit mean alpha, beta, milestone; cr means rc; ga, final and
 * release mean the empty one. Null items (0, the empty qualifier) at the end of a list are dropped,
 * then lists that are empty. Qualifiers: alpha beta milestone rc snapshot "" sp, then all others in
 * byte order. Between kinds: qualifier < list < number. A missing item counts as the release: a
 * number is above it, a qualifier where its place says, a list by its first item that differs.
 * Since lists are last, the whole is a chain and is walked without recursion. Spec: Maven POM
 * reference, "Version Order Specification"; native tool: ComparableVersion of Maven 3.8. */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

enum kind { KIND_END, KIND_QUALIFIER, KIND_LIST, KIND_NUMBER };

struct item {
	enum kind kind;
	struct bytes text;
	int place; /* of a qualifier */
};

#define PLACE_RELEASE 5
#define PLACE_OTHER 7
#define QUALIFIER_MAX 9 /* bytes: "milestone" */

static const struct {
	const char *name;
	int place;
	bool before_digit; /* means this only when a digit follows at once */
} qualifiers[] = {
    {"alpha", 0, false},     {"a", 0, true},   {"beta", 1, false}, {"b", 1, true},
    {"milestone", 2, false}, {"m", 2, true},   {"rc", 3, false},   {"cr", 3, false},
    {"snapshot", 4, false},  {"", 5, false},   {"ga", 5, false},   {"final", 5, false},
    {"release", 5, false},   {"sp", 6, false},
};

/* The raw items, from off on. list: an inner list opens before the next item. */
struct scanner {
	struct bytes text;
	size_t off;
	bool list;
	bool filled; /* the current list has an item */
};

static struct item qualifier(struct bytes text, bool digit_follows)
{
	struct item it = {.kind = KIND_QUALIFIER, .text = text, .place = PLACE_OTHER};
	if (text.len > QUALIFIER_MAX)
		return it;
	for (size_t i = 0; i < sizeof(qualifiers) / sizeof(qualifiers[0]); i++) {
		if (qualifiers[i].before_digit && !digit_follows)
			continue;
		if (part_eq_fold(text, qualifiers[i].name))
			it.place = qualifiers[i].place;
	}
	return it;
}

static bool is_null(struct item it)
{
	return it.kind == KIND_NUMBER ? part_digits_cmp(it.text, BYTES_NONE) == 0
				      : it.place == PLACE_RELEASE;
}

/* The next raw item: KIND_LIST where one opens, KIND_END at the end. */
static struct item scan(struct scanner *s)
{
	struct bytes rest = bytes_from(s->text, s->off);
	if (s->list) {
		s->list = false;
		s->filled = false;
		return (struct item){.kind = KIND_LIST};
	}
	if (rest.len == 0)
		return (struct item){.kind = KIND_END};
	bool digits = byte_is_digit(rest.ptr[0]);
	size_t n = 0;
	while (n < rest.len && rest.ptr[n] != '.' && rest.ptr[n] != '-' &&
	       byte_is_digit(rest.ptr[n]) == digits)
		n++;
	bool mark = n < rest.len && (rest.ptr[n] == '.' || rest.ptr[n] == '-');
	if (s->filled && n > 0 && !digits && !mark) {
		s->filled = false;
		return (struct item){.kind = KIND_LIST};
	}
	s->filled = true;
	s->list = n < rest.len && rest.ptr[n] != '.';
	s->off += mark ? n + 1 : n;
	if (n == 0 || digits)
		return (struct item){.kind = KIND_NUMBER, .text = bytes_part(rest, 0, n)};
	return qualifier(bytes_part(rest, 0, n), n < rest.len && !mark);
}

/* Walks the chain as it is after null items were dropped. */
struct reader {
	struct scanner s;
	size_t last;	 /* offset of the last item of all that is not null, +1; 0 = none */
	size_t list_end; /* the same for the current list */
};

static void enter_list(struct reader *r)
{
	struct scanner look = r->s;
	r->list_end = 0;
	for (;;) {
		size_t at = look.off + 1;
		struct item it = scan(&look);
		if (it.kind == KIND_END || it.kind == KIND_LIST)
			return;
		if (!is_null(it))
			r->list_end = at;
	}
}

static struct reader reader_of(struct bytes text)
{
	struct reader r = {.s = {.text = text}};
	struct scanner look = r.s;
	for (;;) {
		size_t at = look.off + 1;
		struct item it = scan(&look);
		if (it.kind == KIND_END)
			break;
		if (it.kind != KIND_LIST && !is_null(it))
			r.last = at;
	}
	enter_list(&r);
	return r;
}

static struct item next(struct reader *r)
{
	for (;;) {
		size_t at = r->s.off + 1;
		struct item it = scan(&r->s);
		if (it.kind == KIND_END)
			return it;
		if (it.kind == KIND_LIST) {
			enter_list(r);
			return at <= r->last ? it : (struct item){.kind = KIND_END};
		}
		if (at <= r->list_end)
			return it;
	}
}

/* An item against a missing one. */
static int release_cmp(struct item it)
{
	if (it.kind == KIND_NUMBER)
		return is_null(it) ? 0 : 1;
	return it.kind == KIND_QUALIFIER ? part_sign(it.place - PLACE_RELEASE) : 0;
}

/* it and all that follows it against nothing. */
static int rest_cmp(struct item it, struct reader *r)
{
	for (; it.kind != KIND_END; it = next(r)) {
		int c = release_cmp(it);
		if (c != 0)
			return c;
	}
	return 0;
}

int ver_maven_cmp(struct bytes a, struct bytes b)
{
	struct reader x = reader_of(a), y = reader_of(b);
	for (;;) {
		struct item i = next(&x), j = next(&y);
		if (i.kind == KIND_END)
			return -rest_cmp(j, &y);
		if (j.kind == KIND_END)
			return rest_cmp(i, &x);
		int r = part_sign((int)i.kind - (int)j.kind);
		if (r == 0 && i.kind == KIND_NUMBER)
			r = part_digits_cmp(i.text, j.text);
		if (r == 0 && i.kind == KIND_QUALIFIER)
			r = part_sign(i.place - j.place);
		if (r == 0 && i.kind == KIND_QUALIFIER && i.place == PLACE_OTHER)
			r = part_cmp_fold(i.text, j.text);
		if (r != 0)
			return r;
	}
}

/* Maven takes any text; blanks and controls are what no repository holds. */
bool ver_maven_is_valid(struct bytes v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.ptr[i] <= ' ' || v.ptr[i] == 0x7f)
			return false;
	return v.len > 0;
}
