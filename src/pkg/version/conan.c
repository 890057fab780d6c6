/* item{.item}[-pre][+build]: items by their number in front, then by what follows it in byte order;
 * one without a number comes after those with one; zeros at the end do not count. A pre-release
 * comes before the same without; build data counts, after the same without. Conan itself compares a
 * number with a word as texts, which has cycles (9 < 10 < 1a < 9); here their numbers decide.
 * Spec: docs.conan.io "Version ranges". Native tool: conan.internal.model.version. */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

static bool is_zero(struct bytes item)
{
	return part_is_digits(item) && part_digits_cmp(item, BYTES_NONE) == 0;
}

/* Without ".0" at the end. */
static struct bytes trimmed(struct bytes list)
{
	for (;;) {
		size_t dot = list.len;
		while (dot > 0 && list.ptr[dot - 1] != '.')
			dot--;
		if (dot == 0 || !is_zero(bytes_from(list, dot)))
			return list;
		list = bytes_part(list, 0, dot - 1);
	}
}

static int item_cmp(struct bytes x, struct bytes y)
{
	struct bytes nx = part_digits(&x), ny = part_digits(&y);
	if ((nx.len > 0) != (ny.len > 0))
		return nx.len > 0 ? -1 : 1;
	int r = part_digits_cmp(nx, ny);
	return r != 0 ? r : part_sign(bytes_cmp(x, y));
}

static int list_cmp(struct bytes a, struct bytes b)
{
	uint8_t end_a = 1, end_b = 1;
	a = trimmed(a);
	b = trimmed(b);
	while (end_a != 0 && end_b != 0) {
		int r =
		    item_cmp(part_until(&a, '.', '.', &end_a), part_until(&b, '.', '.', &end_b));
		if (r != 0)
			return r;
	}
	return (end_a != 0) - (end_b != 0);
}

/* Items, then the pre-releases one inside the other: "a-b" is a version a with the pre-release b.
 */
static int nested_cmp(struct bytes a, struct bytes b)
{
	uint8_t end_a = 1, end_b = 1;
	while (end_a != 0 && end_b != 0) {
		int r =
		    list_cmp(part_until(&a, '-', '-', &end_a), part_until(&b, '-', '-', &end_b));
		if (r != 0)
			return r;
	}
	return (end_b != 0) - (end_a != 0);
}

bool ver_conan_is_valid(struct bytes v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.ptr[i] <= ' ' || v.ptr[i] == 0x7f)
			return false;
	return v.len > 0 && v.ptr[0] != '-' && v.ptr[0] != '+';
}

int ver_conan_cmp(struct bytes a, struct bytes b)
{
	size_t plus_a = bytes_find(a, '+'), plus_b = bytes_find(b, '+');
	bool build_a = plus_a < a.len, build_b = plus_b < b.len;
	int r = nested_cmp(bytes_part(a, 0, plus_a), bytes_part(b, 0, plus_b));
	if (r == 0 && build_a != build_b)
		r = build_a ? 1 : -1;
	return r != 0 ? r : nested_cmp(bytes_from(a, plus_a + 1), bytes_from(b, plus_b + 1));
}
