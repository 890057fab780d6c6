/* Why a package is not assessed. A package without applicable advisories is never "not affected":
 * it counts, with the reason, and the image is not Healthy. */
#include "match/ecosystem.h"
#include "match/kernel.h"
#include "match/range.h"

struct ask {
	const struct vdb *v;
	const struct pkg *p;
	struct arena *a;
	struct err *e;
	bool known;	/* the database has records of some ecosystem of p's */
	bool unordered; /* and versions of one cannot be ordered */
	bool odd;	/* a record about p has versions that cannot be compared */
	bool named;	/* there is a record about p */
};

static bool is_about(const struct pkg *p, const struct adv_affected *x, struct bytes name)
{
	if (x->keyed == ADV_BY_BINARY && p->class == PKG_OS)
		return bytes_eq(name, p->name);
	return bytes_eq(name, p->source_name.len ? p->source_name : p->name);
}

static int ask_name(struct ask *k, struct bytes ecosystem, const struct ver_scheme *s,
		    struct bytes name)
{
	struct vdb_hit *hits;
	int64_t n = vdb_find(k->v, ecosystem, name, k->a, &hits, k->e);
	for (int64_t i = 0; i < n; i++) {
		bool about = hits[i].affected.status != ADV_NOT_AFFECTED &&
			     is_about(k->p, &hits[i].affected, name);
		k->named |= about;
		k->odd |= about && !range_is_comparable(&hits[i].affected, s);
	}
	return n < 0 ? (int)n : 0;
}

static int ask_one(struct ask *k, struct bytes ecosystem)
{
	const struct ver_scheme *s = ver_of_ecosystem(ecosystem);
	/* what is not affected says nothing of the rest */
	if (bytes_eq_lit(ecosystem, ECOSYSTEM_ALPINE_REJECTED) ||
	    !vdb_has_ecosystem(k->v, ecosystem))
		return 0;
	k->known = true;
	k->unordered |= !s;
	int r = s ? ask_name(k, ecosystem, s, k->p->name) : 0;
	if (r == 0 && s && k->p->source_name.len && !bytes_eq(k->p->source_name, k->p->name))
		r = ask_name(k, ecosystem, s, k->p->source_name);
	return r;
}

static int ask_all(struct ask *k, const struct bytes *names, size_t n)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct vdb_ecosystem *list;
		if (!bytes_has_suffix_lit(names[i], "*")) {
			r = ask_one(k, names[i]);
			continue;
		}
		int64_t many = vdb_ecosystems(k->v, bytes_part(names[i], 0, names[i].len - 1), k->a,
					      &list, k->e);
		r = many < 0 ? (int)many : 0;
		for (int64_t m = 0; r == 0 && m < many; m++)
			r = ask_one(k, list[m].name);
	}
	return r;
}

int match_unassessed(const struct vdb *v, const struct pkg *p, struct arena *a,
		     enum match_unassessed *ret, struct err *e)
{
	struct ask k = {.v = v, .p = p, .a = a, .e = e};
	struct bytes names[MATCH_ECOSYSTEMS_MAX];
	struct pkg copy;
	size_t n;
	*ret = MATCH_ASSESSED;
	if (p->third_party) {
		*ret = MATCH_THIRD_PARTY;
		return 0;
	}
	if (p->class == PKG_DECLARED) {
		*ret = MATCH_DECLARED;
		return 0;
	}
	if (bytes_eq_lit(p->type, "maven") && bytes_find(p->name, ':') == p->name.len) {
		*ret = MATCH_NO_GROUP;
		return 0;
	}
	if (!ecosystem_has_type(p)) {
		*ret = MATCH_WRONG_TYPE;
		return 0;
	}
	k.p = kernel_of(p, a, &copy);
	if (!k.p || !ecosystem_names(k.p, a, names, &n))
		return err_nomem(e);
	int r = ask_all(&k, names, n);
	if (!k.known)
		*ret = p->class == PKG_OS ? MATCH_NO_ADVISORIES : MATCH_NO_LANGUAGE;
	else if (k.unordered)
		*ret = MATCH_NO_ORDER;
	else if (k.named && p->class != PKG_OS && p->version.len == 0)
		*ret = MATCH_UNVERSIONED;
	else if (k.odd)
		*ret = MATCH_NO_VERSION;
	else if (!k.named && bytes_eq_lit(p->type, "generic"))
		*ret = MATCH_NO_PROGRAM;
	return r;
}

const char *match_unassessed_text(enum match_unassessed u)
{
	switch (u) {
	case MATCH_THIRD_PARTY:
		return "third-party: the distribution's advisories do not cover them";
	case MATCH_DECLARED:
		return "declared by lock files or attached documents: nothing shows that they are "
		       "installed";
	case MATCH_WRONG_TYPE:
		return "of a package manager other than the distribution's, whose advisories do "
		       "not cover them";
	case MATCH_NO_GROUP:
		return "stated by Java archives without their group, by which advisories name "
		       "them";
	case MATCH_NO_ADVISORIES:
		return "of a release that the vulnerability database holds no advisories for";
	case MATCH_NO_LANGUAGE:
		return "of a language that the vulnerability database holds no advisories for";
	case MATCH_NO_PROGRAM:
		return "programs without a package, about which the vulnerability database holds "
		       "no advisories";
	case MATCH_NO_ORDER:
		return "of an ecosystem whose versions cannot be ordered yet";
	case MATCH_UNVERSIONED:
		return "of a version that is not stated, and advisories are about them";
	case MATCH_NO_VERSION:
		return "advisories about them state versions that cannot be compared";
	case MATCH_ASSESSED:
		break;
	}
	return "";
}
