/* [v][epoch!]release[{a|b|rc}N][.postN][.devN][+local], with the spellings PEP 440 allows: any
 * case, '.', '-', '_' between the parts, alpha, beta, c, pre, preview; post, rev, r, or "-N";
 * numbers may be missing (0). Order: epoch; release numbers (missing = 0); pre-release (none comes
 * last, but a development release of the final one comes before all); post (none first); dev (none
 * last); local (none first; its parts: words in byte order before numbers). What is not valid comes
 * before all that is, in byte order. Spec: packaging.python.org "Version specifiers" (PEP 440). */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

enum pre { PRE_DEV_ONLY, PRE_A, PRE_B, PRE_RC, PRE_NONE };

struct parsed {
	struct bytes epoch, release;
	enum pre pre;
	struct bytes pre_number;
	bool has_post, has_dev, has_local;
	struct bytes post, dev, local;
};

static bool starts_fold(struct bytes b, const char *word)
{
	struct bytes w = bytes_of(word);
	return b.len >= w.len && part_cmp_fold(bytes_part(b, 0, w.len), w) == 0;
}

static bool is_separator(struct bytes b)
{
	return b.len > 0 && (b.ptr[0] == '.' || b.ptr[0] == '-' || b.ptr[0] == '_');
}

/* [sep]word[sep][N]: cut it and give N, or leave *rest as it is. */
static bool take_tagged(struct bytes *rest, const char *word, struct bytes *ret_number)
{
	struct bytes b = *rest;
	if (is_separator(b))
		b = bytes_from(b, 1);
	if (!starts_fold(b, word))
		return false;
	b = bytes_from(b, bytes_of(word).len);
	struct bytes after = is_separator(b) ? bytes_from(b, 1) : b;
	if (after.len > 0 && byte_is_digit(after.ptr[0])) {
		*ret_number = part_digits(&after);
		b = after;
	} else {
		*ret_number = BYTES_NONE;
		/* A separator without a number belongs to this part as well. */
		if (is_separator(b) && !(after.len > 0 && byte_is_alpha(after.ptr[0])))
			b = after;
	}
	*rest = b;
	return true;
}

static void take_pre(struct bytes *rest, struct parsed *p)
{
	static const struct {
		const char *word;
		enum pre pre;
	} words[] = {{"alpha", PRE_A}, {"beta", PRE_B}, {"preview", PRE_RC}, {"pre", PRE_RC},
		     {"rc", PRE_RC},   {"a", PRE_A},	{"b", PRE_B},	     {"c", PRE_RC}};
	p->pre = PRE_NONE;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (take_tagged(rest, words[i].word, &p->pre_number)) {
			p->pre = words[i].pre;
			return;
		}
	}
}

static void take_post(struct bytes *rest, struct parsed *p)
{
	struct bytes after = bytes_from(*rest, 1);
	if (rest->len > 1 && rest->ptr[0] == '-' && byte_is_digit(after.ptr[0])) {
		p->post = part_digits(&after);
		*rest = after;
		p->has_post = true;
		return;
	}
	p->has_post = take_tagged(rest, "post", &p->post) || take_tagged(rest, "rev", &p->post) ||
		      take_tagged(rest, "r", &p->post);
}

static bool is_local(struct bytes b)
{
	bool inside = false;
	for (size_t i = 0; i < b.len; i++) {
		if (byte_is_alnum(b.ptr[i]))
			inside = true;
		else if (inside && is_separator(bytes_from(b, i)))
			inside = false;
		else
			return false;
	}
	return inside;
}

/* digits{.digits}; the dot is left where no digit follows. */
static struct bytes take_release(struct bytes *rest)
{
	struct bytes all = *rest;
	(void)part_digits(rest);
	while (rest->len > 1 && rest->ptr[0] == '.' && byte_is_digit(rest->ptr[1])) {
		*rest = bytes_from(*rest, 1);
		(void)part_digits(rest);
	}
	return bytes_part(all, 0, all.len - rest->len);
}

static bool parse(struct bytes v, struct parsed *p)
{
	struct bytes rest = bytes_trim(v);
	*p = (struct parsed){.pre = PRE_NONE};
	if (starts_fold(rest, "v"))
		rest = bytes_from(rest, 1);
	struct bytes look = rest;
	struct bytes epoch = part_digits(&look);
	if (epoch.len > 0 && look.len > 0 && look.ptr[0] == '!') {
		p->epoch = epoch;
		rest = bytes_from(look, 1);
	}
	p->release = take_release(&rest);
	if (p->release.len == 0)
		return false;
	take_pre(&rest, p);
	take_post(&rest, p);
	p->has_dev = take_tagged(&rest, "dev", &p->dev);
	if (rest.len > 0 && rest.ptr[0] == '+') {
		p->local = bytes_from(rest, 1);
		p->has_local = true;
		rest = BYTES_NONE;
	}
	if (p->pre == PRE_NONE && !p->has_post && p->has_dev)
		p->pre = PRE_DEV_ONLY;
	return rest.len == 0 && (!p->has_local || is_local(p->local));
}

static int release_cmp(struct bytes a, struct bytes b)
{
	while (a.len > 0 || b.len > 0) {
		int r = part_digits_cmp(bytes_cut(&a, '.'), bytes_cut(&b, '.'));
		if (r != 0)
			return r;
	}
	return 0;
}

static struct bytes cut_local(struct bytes *rest)
{
	size_t n = 0;
	while (n < rest->len && byte_is_alnum(rest->ptr[n]))
		n++;
	struct bytes part = bytes_part(*rest, 0, n);
	*rest = bytes_from(*rest, n + 1);
	return part;
}

static int local_cmp(struct bytes a, struct bytes b)
{
	while (a.len > 0 && b.len > 0) {
		struct bytes x = cut_local(&a), y = cut_local(&b);
		bool nx = part_is_digits(x), ny = part_is_digits(y);
		if (nx != ny)
			return nx ? 1 : -1;
		int r = nx ? part_digits_cmp(x, y) : part_cmp_fold(x, y);
		if (r != 0)
			return r;
	}
	return (a.len > 0) - (b.len > 0);
}

/* A part that may be missing: absent is what its absence counts as next to any number. */
static int optional_cmp(bool has_a, struct bytes a, bool has_b, struct bytes b, int absent)
{
	if (has_a != has_b)
		return has_a ? -absent : absent;
	return part_digits_cmp(a, b);
}

bool ver_pep440_is_valid(struct bytes v)
{
	struct parsed p;
	return parse(v, &p);
}

int ver_pep440_cmp(struct bytes a, struct bytes b)
{
	struct parsed x, y;
	bool vx = parse(a, &x), vy = parse(b, &y);
	if (!vx || !vy)
		return vx != vy ? (int)vx - (int)vy
				: part_sign(bytes_cmp(bytes_trim(a), bytes_trim(b)));
	int r = part_digits_cmp(x.epoch, y.epoch);
	if (r == 0)
		r = release_cmp(x.release, y.release);
	if (r == 0 && x.pre != y.pre)
		return x.pre < y.pre ? -1 : 1;
	if (r == 0)
		r = part_digits_cmp(x.pre_number, y.pre_number);
	if (r == 0)
		r = optional_cmp(x.has_post, x.post, y.has_post, y.post, -1);
	if (r == 0)
		r = optional_cmp(x.has_dev, x.dev, y.has_dev, y.dev, 1);
	if (r == 0 && x.has_local != y.has_local)
		return x.has_local ? 1 : -1;
	return r != 0 ? r : local_cmp(x.local, y.local);
}
