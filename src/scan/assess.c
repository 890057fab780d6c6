#include "scan/assess.h"

#include <stdlib.h>
#include <string.h>

#define UNASSESSED_MAX 16
#define UNREAD "part of the image could not be read"

const char *assess_state_word(enum assess_state s)
{
	static const char *const words[] = {"Healthy", "Unhealthy", "Unverified"};
	return words[s];
}

static int by_severity(const void *a, const void *b)
{
	const struct assess_finding *x = a, *y = b;
	int r = (int)y->match->check.severity - (int)x->match->check.severity;
	if (r)
		return r;
	r = pkg_cmp(&x->package->pkg, &y->package->pkg);
	if (r)
		return r;
	return (x->match->check.id > y->match->check.id) - (x->match->check.id < y->match->check.id);
}

struct packages_matches {
	struct match *matches;
	int64_t count;
};

static int add_unassessed(struct assess *as, const char *text, struct err *e)
{
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory");
	if (as->unassessed_count < UNASSESSED_MAX)
		as->unassessed[as->unassessed_count++] = bytes_of(text);
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct assess_finding *x = a, *y = b;
	return (x->match->check.id > y->match->check.id) - (x->match->check.id < y->match->check.id);
}

/* A check counts once per image, at its severity. */
static void count_checks(struct assess *as)
{
	qsort(as->findings, as->finding_count, sizeof *as->findings, by_id);
	for (size_t i = 0; i < as->finding_count; i++) {
		const struct match_check *c = &as->findings[i].match->check;
		if (i == 0 || as->findings[i - 1].match->check.id != c->id)
			as->counts[c->severity]++;
	}
	qsort(as->findings, as->finding_count, sizeof *as->findings, by_severity);
}

/* Why an image is not wholly assessed, though layers were there. */
static struct bytes doubt_text(const struct inv_image *image)
{
	return image->doubt.len ? image->doubt : BYTES_LIT(UNREAD);
}

/* An image without one of its layers: which. */
static const char *absent_text(const struct inv_image *image, struct arena *a)
{
	if (image->absent_count == 1)
		return arena_cstr(a, image->absent);
	return arena_printf(a, "%.*s; %zu others are not there either", BYTES_ARG(image->absent), image->absent_count - 1);
}

static int unverified_reason(const struct inv_image *image, const struct oci_platform *platform,
			     const struct vdb *vdb, struct arena *a, struct bytes *ret, struct err *e)
{
	const char *text = "";
	if (platform && platform->os.len && !bytes_eq_lit(platform->os, "linux"))
		text = arena_printf(a, "images of operating system %.*s are not assessed", BYTES_ARG(platform->os));
	else if (image->absent_count)
		text = absent_text(image, a);
	else if (image->unread && !(image->has_distro && image->package_count)) {
		*ret = doubt_text(image); /* and what was not read may hold what was not found */
		return 0;
	} else if (image->state == INV_NOTHING)
		text = "no package database and no distribution was found in the image";
	else if (!image->has_distro && image->package_count)
		text = "the image does not say which distribution it is (no os-release)";
	else if (!image->package_count && image->state == INV_ASSESSED)
		text = "the package database states no packages";
	else if (vdb && image->package_count) {
		struct bytes ecosystems[MATCH_ECOSYSTEMS_MAX];
		/* of the image, whatever its first package is */
		const struct pkg any = {.class = PKG_OS, .distro = image->packages[0].pkg.distro};
		size_t n = match_ecosystems(&any, a, ecosystems);
		bool known = false;
		for (size_t i = 0; i < n && !known; i++)
			known = vdb_has_ecosystem(vdb, ecosystems[i]);
		if (!known)
			text = arena_printf(a, "the vulnerability database holds no advisories for %.*s %.*s",
					    BYTES_ARG(image->distro.id), BYTES_ARG(image->distro.version_id));
	}
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory");
	*ret = bytes_of(text);
	return 0;
}

static int match_all(const struct inv_image *image, const struct vdb *vdb, struct arena *a, struct assess *as,
		     struct err *e)
{
	size_t total = 0;
	struct packages_matches *per = arena_alloc(a, image->package_count, sizeof *per);
	if (!per)
		return err_set(e, ERR_NOMEM, "no memory for %zu packages", image->package_count);
	for (size_t i = 0; i < image->package_count; i++) {
		per[i].count = match_package(vdb, &image->packages[i].pkg, a, &per[i].matches, e);
		if (per[i].count < 0)
			return (int)per[i].count;
		total += (size_t)per[i].count;
	}
	as->findings = arena_alloc(a, total, sizeof *as->findings);
	if (!as->findings)
		return err_set(e, ERR_NOMEM, "no memory for %zu findings", total);
	for (size_t i = 0; i < image->package_count; i++) {
		for (int64_t k = 0; k < per[i].count; k++)
			as->findings[as->finding_count++] =
				(struct assess_finding){.package = &image->packages[i], .match = &per[i].matches[k]};
	}
	if (as->finding_count)
		count_checks(as);
	return 0;
}

int assess_describe(const struct inv_image *image, const struct oci_platform *platform, const struct vdb *vdb,
		    struct arena *a, struct assess *ret, struct err *e)
{
	*ret = (struct assess){.image = image};
	ret->unassessed = arena_alloc(a, UNASSESSED_MAX, sizeof *ret->unassessed);
	if (!ret->unassessed)
		return err_set(e, ERR_NOMEM, "no memory");
	ret->assessed_count = vdb ? image->package_count - image->third_party_count : 0;
	if (image->third_party_count &&
	    add_unassessed(ret, arena_printf(a, "%zu third-party packages are not covered by the distribution's advisories",
					     image->third_party_count), e) < 0)
		return -(int)e->code;
	if (add_unassessed(ret, "software outside the distribution's packages: language packages, and files no "
				"package owns", e) < 0)
		return -(int)e->code;
	if (unverified_reason(image, platform, vdb, a, &ret->reason, e) < 0)
		return -(int)e->code;
	if (!ret->reason.len && image->state == INV_PARTIAL)
		ret->reason = image->lack.len ? image->lack : doubt_text(image);
	if (!ret->reason.len && !vdb)
		ret->reason = BYTES_LIT("there is no vulnerability database");
	ret->state = ret->reason.len ? ASSESS_UNVERIFIED : ASSESS_HEALTHY;
	return 0;
}

int assess_image(const struct inv_image *image, const struct oci_platform *platform, const struct vdb *vdb,
		 struct arena *a, struct assess *ret, struct err *e)
{
	if (assess_describe(image, platform, vdb, a, ret, e) < 0 || (vdb && match_all(image, vdb, a, ret, e) < 0))
		return -(int)e->code;
	if (ret->finding_count)
		ret->state = ASSESS_UNHEALTHY;
	return 0;
}

void assess_put_coverage_members(struct json_out *w, const struct assess *as)
{
	json_put_text(w, "state", as->image->state == INV_ASSESSED  ? "assessed"
				  : as->image->state == INV_PARTIAL ? "partial"
								    : "nothing");
	json_put_u64(w, "packages", as->image->package_count);
	json_put_u64(w, "packages_assessed", as->assessed_count);
	json_put_u64(w, "packages_third_party", as->image->third_party_count);
	json_put_array(w, "not_assessed");
	for (size_t i = 0; i < as->unassessed_count; i++)
		json_put_string(w, NULL, as->unassessed[i]);
	json_put_end(w, ']');
	json_put_array(w, "notes");
	for (size_t i = 0; i < as->image->note_count; i++) {
		const struct inv_note *n = &as->image->notes[i];
		json_put_object(w, NULL);
		if (n->layer >= 0 && (size_t)n->layer < as->layer_count)
			json_put_text(w, "layer", as->layers[n->layer].digest);
		json_put_string_nonempty(w, "path", n->path);
		json_put_string(w, "text", n->text);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
	json_put_string_nonempty(w, "support_end", as->image->distro.support_end);
}

void assess_put_coverage(struct json_out *w, const char *key, const struct assess *as)
{
	json_put_object(w, key);
	assess_put_coverage_members(w, as);
	json_put_end(w, '}');
}

int assess_layers(struct assess *as, const struct scan_layer *layers, const struct lay *inventories, size_t count,
		  struct arena *a, struct err *e)
{
	as->layers = arena_alloc(a, count, sizeof *as->layers);
	if (!as->layers)
		return err_set(e, ERR_NOMEM, "no memory");
	for (size_t i = 0; i < count; i++) {
		struct assess_layer *l = &as->layers[i];
		digest_text(&layers[i].digest, l->digest);
		l->created_by = layers[i].created_by;
		l->complete = inventories[i].complete;
		l->in_len = inventories[i].in_len;
		l->out_len = inventories[i].out_len;
		l->member_count = inventories[i].member_count;
	}
	as->layer_count = count;
	return 0;
}
