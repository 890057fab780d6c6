/* What each record says of a package: which name it means, architecture, rpm module and flavour,
 * then the range. */
#include "match/verdict.h"

#include "match/ecosystem.h"
#include "match/range.h"
#include "match/rebuild.h"
#include "match/stream.h"
#include "pkg/linked.h"

struct look {
	const struct vdb *v;
	const struct pkg *p;
	struct arena *a;
	struct bytes built_from; /* of a backport: the version to compare */
	struct verdict *out;
	size_t count, cap;
	struct err *e;
};

static bool has(struct bytes text, const char *part)
{
	struct bytes p = bytes_of(part);
	return bytes_find_bytes(text, p) < text.len;
}

static bool arch_passes(struct bytes arches, struct bytes arch)
{
	if (arches.len == 0 || arch.len == 0 || bytes_eq_lit(arch, "noarch") ||
	    bytes_eq_lit(arch, "all"))
		return true;
	while (arches.len) {
		struct bytes one = bytes_cut(&arches, ' ');
		if (bytes_eq(one, arch) || bytes_eq_lit(one, "noarch"))
			return true;
	}
	return false;
}

/* "1:12.22.5-1.module_el8.5.0+2618+8d46dafd": built for a module stream. */
static bool is_modular_version(struct bytes version)
{
	return has(version, ".module");
}

static struct bytes fixed_of(const struct adv_affected *x)
{
	for (size_t i = x->event_count; i > 0; i--)
		if (x->events[i - 1].kind == ADV_FIXED_AT)
			return x->events[i - 1].version;
	return BYTES_NONE;
}

/* "nodejs:12" of "nodejs:12:8020020200326104117:4cda2c84". */
static struct bytes stream_of(struct bytes label)
{
	size_t name = bytes_find(label, ':');
	size_t stream = bytes_find(bytes_from(label, name + 1), ':');
	return bytes_part(label, 0, name + 1 + stream);
}

static bool ends_word(struct bytes text, size_t at)
{
	return at >= text.len || !(byte_is_alnum(text.ptr[at]) || text.ptr[at] == '.' ||
				   text.ptr[at] == '_' || text.ptr[at] == '-');
}

static bool has_word(struct bytes text, struct bytes word)
{
	size_t from = 0;
	for (;;) {
		size_t at = from + bytes_find_bytes(bytes_from(text, from), word);
		if (at >= text.len)
			return false;
		if ((at == 0 || ends_word(text, at - 1)) && ends_word(text, at + word.len))
			return true;
		from = at + 1;
	}
}

/* "Important: varnish security update" for "varnish:6": a few summaries name the module without its
 * stream. The stream is then the one that the fix is a version of, or a rolling one ("rhel8"),
 * which has no number. */
static bool stream_unsaid(struct bytes summary, struct bytes stream, struct bytes fixed)
{
	struct bytes number = stream;
	struct bytes module = bytes_cut(&number, ':');
	struct bytes named = bytes_part(stream, 0, module.len + 1); /* with the ':' */
	if (number.len == 0 || !has_word(summary, module) ||
	    bytes_find_bytes(summary, named) < summary.len)
		return false;
	if (!byte_is_digit(number.ptr[0]))
		return true;
	size_t colon = bytes_find(fixed, ':');
	struct bytes upstream = colon < fixed.len ? bytes_from(fixed, colon + 1) : fixed;
	return bytes_has_prefix(upstream, number) && upstream.len > number.len &&
	       (upstream.ptr[number.len] == '.' || upstream.ptr[number.len] == '-');
}

/* AlmaLinux's and Rocky's records name the stream in their summary only: "nodejs:14 security
 * update". 1 = this stream, 0 = another, <0 error. */
static int stream_in_summary(const struct look *l, const struct vdb_hit *h, struct bytes stream)
{
	struct adv adv;
	struct arena tmp;
	arena_init(&tmp, 1U << 26);
	int r = vdb_advisory(l->v, h->advisory, &tmp, &adv, l->e);
	arena_free(&tmp); /* the summary borrows from the database */
	if (r < 0)
		return r;
	return has_word(adv.summary, stream) ||
	       stream_unsaid(adv.summary, stream, fixed_of(&h->affected));
}

/* 1 = same module or none on both sides, 0 = not, <0 error. */
static int module_passes(const struct look *l, const struct vdb_hit *h)
{
	const struct adv_affected *x = &h->affected;
	struct bytes label = l->p->module;
	bool modular = label.len || is_modular_version(l->p->version);
	if (!bytes_eq_lit(l->p->type, "rpm"))
		return 1;
	if (x->module.len) {
		/* "nodejs:12" and "nodejs:12::npm" (a profile) mean the stream. */
		struct bytes want = stream_of(x->module);
		return label.len && bytes_eq(stream_of(label), want);
	}
	struct bytes fixed = fixed_of(x);
	if (fixed.len == 0)
		return !modular;
	if (is_modular_version(fixed) != modular)
		return 0;
	if (!modular)
		return 1;
	return label.len ? stream_in_summary(l, h, stream_of(label)) : 0;
}

static bool flavour_passes(const struct pkg *p, const struct adv_affected *x)
{
	static const char *const flavours[] = {".ksplice", "_fips"};
	struct bytes fixed = fixed_of(x);
	if (!bytes_eq_lit(p->type, "rpm") || fixed.len == 0)
		return true;
	for (size_t i = 0; i < sizeof flavours / sizeof *flavours; i++)
		if (has(fixed, flavours[i]) != has(p->version, flavours[i]))
			return false;
	return true;
}

/* Go: the record names packages of the module, and the program is known to have no function of any
 * of them. */
static bool is_not_linked(const struct pkg *p, const struct adv_affected *x)
{
	struct bytes paths = x->module;
	if (!bytes_eq_lit(p->type, "golang") || paths.len == 0)
		return false;
	while (paths.len > 0)
		if (linked_find(p->qualifiers, bytes_cut(&paths, ' ')) != LINKED_ABSENT)
			return false;
	return true;
}

/* rpm has no epoch for a source; that of the binary package of the same name is the source's. */
static enum epochs epochs_of(const struct pkg *p, const struct adv_affected *x)
{
	if (!bytes_eq_lit(p->type, "rpm"))
		return EPOCHS_COUNT;
	if (x->keyed == ADV_BY_SOURCE && !bytes_eq(p->name, x->name))
		return EPOCHS_IGNORED;
	return ver_states_epochs(x->ecosystem) ? EPOCHS_COUNT : EPOCHS_IF_STATED;
}

static int judge(const struct look *l, const struct vdb_hit *h, bool source_name, bool binary_name,
		 struct verdict *ret)
{
	const struct adv_affected *x = &h->affected;
	/* a language's package is looked up by the name that its ecosystem compares */
	bool by_source = x->keyed == ADV_BY_SOURCE || l->p->class != PKG_OS;
	*ret = (struct verdict){
	    .hit = h,
	    .scheme = ver_of_ecosystem(x->ecosystem),
	    .compared =
		by_source && l->p->source_version.len ? l->p->source_version : l->p->version,
	};
	if (l->built_from.len)
		ret->compared = l->built_from;
	const struct order order = {.scheme = ret->scheme, .epochs = epochs_of(l->p, x)};
	int module = 1;
	if (!(by_source ? source_name : binary_name))
		ret->kind = VERDICT_OTHER_NAME;
	else if (!arch_passes(x->arches, l->p->arch))
		ret->kind = VERDICT_OTHER_ARCH;
	else if ((module = module_passes(l, h)) <= 0)
		ret->kind = VERDICT_OTHER_MODULE;
	else if (!flavour_passes(l->p, x))
		ret->kind = VERDICT_OTHER_FLAVOUR;
	else if (x->status == ADV_NOT_AFFECTED)
		ret->kind = VERDICT_NOT_AFFECTED;
	else if (!ret->scheme)
		ret->kind = VERDICT_NO_SCHEME;
	else if (!range_is_comparable(x, ret->scheme))
		ret->kind = VERDICT_NO_VERSION;
	else
		ret->kind = range_has(x, &order, ret->compared, &ret->fixed, &ret->listed)
				? VERDICT_AFFECTED
				: VERDICT_OUT_OF_RANGE;
	if (ret->kind == VERDICT_AFFECTED && bytes_eq_lit(l->p->type, "deb") &&
	    rebuild_has_fix(ret->scheme, ret->compared, ret->fixed))
		ret->kind = VERDICT_OUT_OF_RANGE;
	if (ret->kind == VERDICT_AFFECTED && is_not_linked(l->p, x))
		ret->kind = VERDICT_NOT_LINKED;
	ret->from = stream_fix(l->p, x, ret->fixed);
	return module < 0 ? module : 0;
}

static int look_in(struct look *l, struct bytes ecosystem, struct bytes name)
{
	struct vdb_hit *hits;
	bool is_source =
	    l->p->source_name.len ? bytes_eq(name, l->p->source_name) : bytes_eq(name, l->p->name);
	int64_t n = vdb_find(l->v, ecosystem, name, l->a, &hits, l->e);
	if (n <= 0)
		return (int)n;
	if (l->cap - l->count < (size_t)n) {
		size_t cap = 2 * l->count + (size_t)n;
		struct verdict *more = arena_alloc(l->a, cap, sizeof *more);
		if (!more)
			return err_set(l->e, ERR_NOMEM, "match: no memory");
		for (size_t i = 0; i < l->count; i++)
			more[i] = l->out[i];
		l->out = more;
		l->cap = cap;
	}
	for (int64_t i = 0; i < n; i++) {
		int r =
		    judge(l, &hits[i], is_source, bytes_eq(name, l->p->name), &l->out[l->count]);
		if (r < 0)
			return r;
		l->count++;
	}
	return 0;
}

static int look_both(struct look *l, struct bytes ecosystem)
{
	int r = look_in(l, ecosystem, l->p->name);
	if (r == 0 && l->p->source_name.len && !bytes_eq(l->p->source_name, l->p->name))
		r = look_in(l, ecosystem, l->p->source_name);
	return r;
}

/* A backport has the state of the release after the one it was built for, where that is known. */
static int look_backport(struct look *l, bool *ret_done)
{
	struct bytes version = l->p->source_version.len ? l->p->source_version : l->p->version,
		     base;
	uint64_t release = bytes_eq_lit(ecosystem_distro_id(l->p), "debian")
			       ? rebuild_backport_of(version, &base)
			       : 0;
	*ret_done = false;
	if (release == 0)
		return 0;
	char *next = arena_printf(l->a, "Debian:%llu", (unsigned long long)release + 1);
	if (!next)
		return err_set(l->e, ERR_NOMEM, "match: no memory");
	if (!vdb_has_ecosystem(l->v, bytes_of(next)))
		return 0;
	*ret_done = true;
	l->built_from = base;
	return look_both(l, bytes_of(next));
}

int verdict_all(const struct vdb *v, const struct pkg *p, struct arena *a, struct verdicts *ret,
		struct err *e)
{
	struct look l = {.v = v, .p = p, .a = a, .e = e};
	struct bytes names[MATCH_ECOSYSTEMS_MAX];
	size_t n = 0;
	int r = 0;
	bool versioned = p->class == PKG_OS || p->version.len > 0;
	if (!p->third_party && p->class != PKG_DECLARED && versioned &&
	    !ecosystem_names(p, a, names, &n))
		return err_nomem(e);
	bool done = false;
	r = n ? look_backport(&l, &done) : 0;
	for (size_t i = 0; r == 0 && !done && i < n; i++) {
		struct vdb_ecosystem *list;
		if (!bytes_has_suffix_lit(names[i], "*")) {
			r = look_both(&l, names[i]);
			continue;
		}
		int64_t many =
		    vdb_ecosystems(v, bytes_part(names[i], 0, names[i].len - 1), a, &list, e);
		r = many < 0 ? (int)many : 0;
		for (int64_t k = 0; r == 0 && k < many; k++)
			r = look_both(&l, list[k].name);
	}
	if (r == 0)
		*ret = (struct verdicts){.v = l.out, .count = l.count};
	return r;
}
