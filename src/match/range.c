/* Ranges of affected versions. Events of a range may be in any order; "0" is below every
 * version. A version is in the range when the event nearest below it opens the range: introduced at
 * or below it; not fixed at or below it; not last_affected below it. Ties: a fix at the very
 * version that is introduced closes it. A limit (OSV) must be above the version. */
#include "match/range.h"

static bool is_zero(struct bytes v)
{
	return bytes_eq_lit(v, "0");
}

/* By the scheme; "0" is below every version. b is a record's. */
static int version_cmp(const struct order *o, struct bytes a, struct bytes b)
{
	if (is_zero(a) || is_zero(b))
		return (int)is_zero(b) - (int)is_zero(a);
	if (o->epochs == EPOCHS_COUNT)
		return o->scheme->cmp(a, b);
	bool stated;
	struct bytes bare = ver_rpm_without_epoch(b, &stated);
	if (o->epochs == EPOCHS_IF_STATED && stated)
		return o->scheme->cmp(a, b);
	return o->scheme->cmp(ver_rpm_without_epoch(a, NULL), bare);
}

/* Order of events: by version; at one version introduced, fixed, last_affected. */
static int cmp_event(const struct order *s, const struct adv_range_event *a,
		     const struct adv_range_event *b)
{
	int c = version_cmp(s, a->version, b->version);
	return c ? c : (int)a->kind - (int)b->kind;
}

/* The events from *at that belong to one range; *at moves past them. */
static size_t next_range(const struct adv_affected *x, size_t *at)
{
	size_t start = *at;
	while (*at < x->event_count && x->events[*at].range == x->events[start].range)
		(*at)++;
	return start;
}

static bool one_range(const struct adv_range_event *v, size_t n, const struct order *s,
		      struct bytes version, struct bytes *ret_fixed)
{
	const struct adv_range_event *last = NULL, *next = NULL;
	bool introduced = false, limited = false, below_limit = false;
	for (size_t i = 0; i < n; i++) {
		int c = is_zero(v[i].version) ? 1 : version_cmp(s, version, v[i].version);
		bool reached = v[i].kind == ADV_LAST_AFFECTED ? c > 0 : c >= 0;
		introduced |= v[i].kind == ADV_INTRODUCED;
		if (v[i].kind == ADV_LIMIT) {
			limited = true;
			below_limit |= c < 0 || bytes_eq_lit(v[i].version, "*");
		} else if (reached) {
			last = !last || cmp_event(s, &v[i], last) > 0 ? &v[i] : last;
		} else if (v[i].kind != ADV_INTRODUCED) {
			next = !next || cmp_event(s, &v[i], next) < 0 ? &v[i] : next;
		}
	}
	bool open = last ? last->kind == ADV_INTRODUCED : !introduced && next;
	bool in = open && (!limited || below_limit);
	*ret_fixed = BYTES_NONE;
	if (in && next && next->kind == ADV_FIXED_AT)
		*ret_fixed = next->version;
	if (!in && last && last->kind == ADV_FIXED_AT)
		*ret_fixed = last->version;
	return in;
}

/* An unfixed state without a range says: every version. */
static bool means_all(const struct adv_affected *x)
{
	switch (x->status) {
	case ADV_AFFECTED:
	case ADV_WILL_NOT_FIX:
	case ADV_FIX_DEFERRED:
	case ADV_END_OF_LIFE:
	case ADV_UNDER_INVESTIGATION:
		return true;
	case ADV_UNKNOWN:
	case ADV_FIXED:
	case ADV_NOT_AFFECTED:
		break;
	}
	return false;
}

bool range_has(const struct adv_affected *x, const struct order *s, struct bytes version,
	       struct bytes *ret_fixed, bool *ret_listed)
{
	struct bytes fixed = BYTES_NONE;
	bool in = false, listed = false;
	for (size_t at = 0; at < x->event_count && !in;) {
		size_t start = next_range(x, &at);
		struct bytes f;
		in = one_range(x->events + start, at - start, s, version, &f);
		/* Of ranges below the version, the highest fix counts. */
		if (in || (f.len && (fixed.len == 0 || version_cmp(s, f, fixed) > 0)))
			fixed = f;
	}
	for (size_t i = 0; !in && i < x->version_count; i++)
		listed |= bytes_eq(x->versions[i], version) ||
			  version_cmp(s, version, x->versions[i]) == 0;
	if (!in && listed)
		fixed = BYTES_NONE;
	if (x->event_count == 0 && x->version_count == 0)
		in = means_all(x);
	*ret_fixed = fixed;
	*ret_listed = listed;
	return in || listed;
}

bool range_is_comparable(const struct adv_affected *x, const struct ver_scheme *s)
{
	for (size_t i = 0; i < x->event_count; i++) {
		const struct adv_range_event *v = &x->events[i];
		if (!(v->kind == ADV_LIMIT && bytes_eq_lit(v->version, "*")) &&
		    !ver_is_comparable(s, v->version))
			return false;
	}
	return true;
}

struct bytes range_text(const struct adv_affected *x, struct arena *a)
{
	static const char *const words[] = {[ADV_INTRODUCED] = "introduced",
					    [ADV_FIXED_AT] = "fixed",
					    [ADV_LAST_AFFECTED] = "last affected",
					    [ADV_LIMIT] = "limit"};
	struct buf b;
	bool ok;
	buf_init(&b, 2000);
	for (size_t i = 0; i < x->event_count; i++) {
		const struct adv_range_event *v = &x->events[i];
		if (i)
			buf_put_text(&b, v->range == v[-1].range ? ", " : "; ");
		buf_put_text(&b, words[v->kind]);
		buf_put_text(&b, " ");
		buf_put(&b, v->version);
	}
	if (x->version_count)
		buf_printf(&b, "%s%zu listed versions", x->event_count ? "; " : "",
			   x->version_count);
	if (x->event_count == 0 && x->version_count == 0)
		buf_put_text(&b, "every version");
	struct bytes t = b.len ? arena_bytes(a, buf_bytes(&b), &ok) : BYTES_NONE;
	buf_free(&b);
	return t;
}
