#include "feed/ranges.h"

#include "feed/text.h"
#include "pkg/version.h"

/* "2.4" of "2.3.14" is what "~> 2.3.14" ends before: the last number is dropped, the one before it
 * grows by one. */
static struct bytes bumped(struct draft *d, struct bytes version)
{
	size_t dot = bytes_find_last(version, '.');
	struct bytes front = dot < version.len ? bytes_part(version, 0, dot) : version;
	size_t last = bytes_find_last(front, '.');
	struct bytes number = last < front.len ? bytes_from(front, last + 1) : front;
	unsigned value = 0;
	for (size_t i = 0; i < number.len && byte_is_digit(number.ptr[i]) && value < 100000000; i++)
		value = value * 10 + (unsigned)(number.ptr[i] - '0');
	return draft_printf(d, "%.*s%u",
			    BYTES_ARG(bytes_part(front, 0, last < front.len ? last + 1 : 0)),
			    value + 1);
}

static bool narrow(struct draft *d, struct bytes part, struct range_run *r)
{
	size_t n = 0;
	while (n < part.len && bytes_find(BYTES_LIT("<>=~!"), part.ptr[n]) < 5)
		n++;
	struct bytes mark = bytes_part(part, 0, n), version = bytes_trim(bytes_from(part, n));
	if (version.len == 0 || !byte_is_digit(version.ptr[0]) || version.len > 100)
		return false;
	if (bytes_eq_lit(mark, "~>")) {
		/* with "~> 2.3.14, >= 2.3.14.1" the second says more */
		r->from = r->from.len ? r->from : version;
		r->to = bumped(d, version);
	} else if (bytes_eq_lit(mark, ">=") || bytes_eq_lit(mark, ">")) {
		r->from = version;
		r->after_from = mark.len == 1;
	} else if (bytes_eq_lit(mark, "<") || bytes_eq_lit(mark, "<=")) {
		r->to = version;
		r->through_to = mark.len == 2;
	} else if (mark.len == 0 || bytes_eq_lit(mark, "=") || bytes_eq_lit(mark, "==")) {
		r->from = r->to = version;
		r->through_to = true;
	} else {
		return false;
	}
	return true;
}

bool range_run_parse(struct draft *d, struct bytes text, struct range_run *ret)
{
	*ret = (struct range_run){.from = BYTES_NONE};
	bool any = false;
	while (text.len > 0) {
		struct bytes part = bytes_trim(bytes_cut(&text, ','));
		if (!narrow(d, part, ret))
			return false;
		any = true;
	}
	return any;
}

static void sort(const struct ver_scheme *s, struct range_runs *runs)
{
	for (size_t i = 1; i < runs->count; i++) {
		struct range_run r = runs->v[i];
		size_t k = i;
		for (; k > 0; k--) {
			const struct range_run *p = &runs->v[k - 1];
			if (p->from.len == 0 || (r.from.len > 0 && s->cmp(p->from, r.from) <= 0))
				break;
			runs->v[k] = *p;
		}
		runs->v[k] = r;
	}
}

void range_runs_invert(struct draft *d, struct range_runs *runs, struct adv_affected *f)
{
	const struct ver_scheme *s = ver_of_ecosystem(f->ecosystem);
	struct bytes at = BYTES_LIT("0"); /* everything before it is told */
	bool start = true, open = true;
	if (!s)
		return;
	sort(s, runs);
	for (size_t i = 0; i < runs->count && open; i++) {
		const struct range_run *r = &runs->v[i];
		int c = r->from.len == 0 ? -1 : start ? 1 : s->cmp(r->from, at);
		if (c > 0 || (c == 0 && r->after_from)) {
			uint8_t range = draft_range(d, &f);
			draft_event(d, f, range, ADV_INTRODUCED, at);
			draft_event(d, f, range, r->after_from ? ADV_LAST_AFFECTED : ADV_FIXED_AT,
				    r->from);
		}
		if (r->to.len == 0) {
			open = false;
			break;
		}
		/* what follows a version that is in the run: OSV has no word for "after", and no
		 * gem has such a version */
		struct bytes next =
		    r->through_to ? draft_printf(d, "%.*s.0.1", BYTES_ARG(r->to)) : r->to;
		if (start || s->cmp(next, at) > 0)
			at = next;
		start = false;
	}
	if (open) {
		uint8_t range = draft_range(d, &f);
		draft_event(d, f, range, ADV_INTRODUCED, at);
	}
}
