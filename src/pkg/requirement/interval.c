/* Maven and NuGet: intervals, "[1.0,2.0)", "(,1.0],[1.2,)", "[1.0]".
 *
 *   Maven  a version alone is a wish that any version fulfils. Spec: Maven POM reference,
 *          "Dependency Version Requirement Specification".
 *   NuGet  one interval; a version alone is the lowest; "1.0.*" and "1.0.0-beta*" float above the
 *          lowest they name. Spec: NuGet, "Package versioning". */
#include "pkg/requirement/syntax.h"

#define FLOAT_NUMBERS 4

struct interval {
	struct bytes from, to;
	bool with_from, with_to, single;
};

/* Cut "[a,b)". */
static bool cut_interval(struct bytes *text, struct interval *x)
{
	*x = (struct interval){.with_from = text->ptr[0] == '['};
	struct bytes rest = bytes_from(*text, 1);
	size_t end = bytes_find(rest, ']'), round = bytes_find(rest, ')');
	end = round < end ? round : end;
	if (end >= rest.len)
		return false;
	struct bytes inside = bytes_part(rest, 0, end);
	x->with_to = rest.ptr[end] == ']';
	x->single = bytes_find(inside, ',') == inside.len;
	x->from = bytes_trim(bytes_cut(&inside, ','));
	x->to = bytes_trim(inside);
	*text = bytes_trim(bytes_from(rest, end + 1));
	return bytes_find(x->to, ',') == x->to.len;
}

static bool add_interval(struct req_reader *r, const struct interval *x)
{
	if (!req_or(r))
		return false;
	if (x->single)
		return req_add(r, REQ_EQUAL, x->from);
	return (!x->from.len || req_add(r, x->with_from ? REQ_FROM : REQ_ABOVE, x->from)) &&
	       (!x->to.len || req_add(r, x->with_to ? REQ_UP_TO : REQ_BELOW, x->to));
}

static bool opens(struct bytes text)
{
	return text.len > 0 && (text.ptr[0] == '[' || text.ptr[0] == '(');
}

bool req_parse_maven(struct req_reader *r, struct bytes text)
{
	if (!opens(text)) {
		size_t n = 0;
		while (n < text.len && bytes_find(BYTES_LIT("<>=[](),|"), text.ptr[n]) == 9)
			n++;
		return n > 0 && n == text.len && req_or(r);
	}
	while (text.len > 0) {
		struct interval x;
		if (!opens(text) || !cut_interval(&text, &x) || (x.single && x.from.len == 0) ||
		    !add_interval(r, &x))
			return false;
		if (text.len > 0 && text.ptr[0] != ',')
			return false;
		text = bytes_trim(bytes_from(text, 1));
	}
	return true;
}

static bool is_label(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (!byte_is_alnum(b.ptr[i]) && b.ptr[i] != '-' && b.ptr[i] != '.')
			return false;
	return true;
}

/* "1.0.*-beta*": the lowest that it names, of the label what is before the '*'. */
static bool float_lowest(struct req_reader *r, struct bytes text, struct bytes *ret)
{
	size_t dash = bytes_find(text, '-');
	struct bytes numbers = bytes_part(text, 0, dash), label = bytes_from(text, dash + 1);
	bool floats = bytes_has_suffix_lit(numbers, "*");
	size_t parts = 0;
	if (floats)
		numbers = bytes_part(numbers, 0, numbers.len - 1);
	if (floats && numbers.len > 0 && numbers.ptr[numbers.len - 1] != '.')
		return false;
	struct bytes front =
	    floats && numbers.len > 0 ? bytes_part(numbers, 0, numbers.len - 1) : numbers;
	for (struct bytes rest = front; rest.len > 0; parts++) {
		struct bytes one = bytes_cut(&rest, '.');
		for (size_t i = 0; i < one.len; i++)
			if (!byte_is_digit(one.ptr[i]))
				return false;
		if (one.len == 0)
			return false;
	}
	if (parts + floats > FLOAT_NUMBERS || parts + floats == 0)
		return false;
	bool labelled = dash < text.len, star = bytes_has_suffix_lit(label, "*");
	if (star)
		label = bytes_part(label, 0, label.len - 1);
	if (!is_label(label) || (labelled && !star && (floats || label.len == 0)))
		return false;
	/* the lowest label that begins so: "beta." is "beta.0" */
	bool open = label.len == 0 || label.ptr[label.len - 1] == '.';
	char *made =
	    arena_printf(r->a, "%.*s%s%s%.*s%s", BYTES_ARG(front), parts ? "" : "0",
			 labelled ? "-" : "", BYTES_ARG(label), labelled && open ? "0" : "");
	r->no_memory |= !made;
	*ret = bytes_of(made);
	return made != NULL;
}

/* A bound: a version, or the lowest of a floating one. */
static bool nuget_lowest(struct req_reader *r, struct bytes text, struct bytes *ret)
{
	const struct ver_scheme *s = ver_find(BYTES_LIT("nuget"));
	*ret = text;
	if (bytes_find(text, '*') < text.len)
		return float_lowest(r, text, ret);
	return s->is_valid(text);
}

bool req_parse_nuget(struct req_reader *r, struct bytes text)
{
	const struct ver_scheme *s = ver_find(BYTES_LIT("nuget"));
	struct bytes lowest;
	struct interval x;
	if (!opens(text))
		return nuget_lowest(r, text, &lowest) && req_or(r) && req_add(r, REQ_FROM, lowest);
	if (!cut_interval(&text, &x) || text.len > 0)
		return false;
	if (x.single) {
		x.to = x.from;
		if (!x.with_from || !x.with_to)
			return false;
	}
	if ((x.from.len == 0 && x.to.len == 0) || (x.to.len && !s->is_valid(x.to)))
		return false;
	if (x.from.len && !nuget_lowest(r, x.from, &x.from))
		return false;
	int order = x.from.len && x.to.len ? s->cmp(x.from, x.to) : -1;
	if (order > 0 || (order == 0 && !(x.with_from && x.with_to)))
		return false;
	return add_interval(r, &x);
}
