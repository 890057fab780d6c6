/* SPDX 2.3 (spdx.github.io/spdx-spec/v2.3): the image is the package that the document describes;
 * it contains the distribution and a package for each purl and path. A finding is an external
 * reference of the category SECURITY (annex K.1) of each package that it hits. What a purl cannot
 * say is in a package's comment, as JSON, by which a document of ours is read back whole. */
#include "report/spdx.h"

#include "base/clock.h"
#include "pkg/license.h"

#include <stdio.h>
#include <stdlib.h>

static int by_purl_and_check(const void *a, const void *b)
{
	const struct spdx_reference *x = a, *y = b;
	int c = bytes_cmp(x->purl, y->purl);
	if (c == 0)
		c = (x->check > y->check) - (x->check < y->check);
	return c ? c : bytes_cmp(x->url, y->url);
}

static bool is_same(const struct spdx_reference *x, const struct spdx_reference *y)
{
	return x->check == y->check && bytes_eq(x->purl, y->purl) && bytes_eq(x->url, y->url);
}

static int fill_reference(const struct finding *f, const struct finding_match *m, struct bytes id,
			  struct arena *a, struct spdx_reference *ret, struct err *e)
{
	struct buf url;
	bool ok;
	const char *comment = arena_printf(
	    a, "plimsoll check %llu: %.*s, %s, %s%.*s", (unsigned long long)f->check.id,
	    BYTES_ARG(id), adv_severity_word(f->check.severity),
	    m->fixed_version.len ? "fixed in " : adv_status_word(m->status),
	    BYTES_ARG(m->fixed_version));
	buf_init(&url, REPORT_URL_MAX);
	report_put_url(&url, id);
	*ret = (struct spdx_reference){
	    .purl = m->purl, .check = f->check.id, .comment = bytes_of(comment)};
	ret->url = arena_bytes(a, buf_bytes(&url), &ok);
	ok = ok && comment && buf_ok(&url);
	buf_free(&url);
	return ok ? 0 : err_nomem(e);
}

/* Of all findings, by package, each once. */
static int make_references(const struct report *r, struct arena *a, struct spdx_reference **ret,
			   size_t *ret_count, struct err *e)
{
	size_t n = 0, kept = 0;
	for (size_t i = 0; i < r->finding_count; i++)
		n += r->findings[i].match_listed * report_id_count(&r->findings[i]);
	struct spdx_reference *all = arena_alloc(a, n + 1, sizeof *all);
	if (!all)
		return err_nomem(e);
	n = 0;
	for (size_t i = 0; i < r->finding_count; i++) {
		const struct finding *f = &r->findings[i];
		for (size_t k = 0; k < f->match_listed; k++)
			for (size_t c = 0; c < report_id_count(f); c++)
				if (fill_reference(f, &f->matches[k], report_id(f, c), a, &all[n++],
						   e) < 0)
					return -(int)e->code;
	}
	if (n)
		qsort(all, n, sizeof *all, by_purl_and_check);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || !is_same(&all[kept - 1], &all[i]))
			all[kept++] = all[i];
	*ret = all;
	*ret_count = kept;
	return 0;
}

/* The references of a package. */
static void find_references(struct spdx_package *p, const struct spdx_reference *all, size_t count)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (bytes_cmp(all[mid].purl, p->purl) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	p->references = &all[low];
	while (low + p->reference_count < count &&
	       bytes_eq(all[low + p->reference_count].purl, p->purl))
		p->reference_count++;
}

static void put_extra(void *arg, const char *name, struct bytes value)
{
	json_put_string(arg, name, value);
}

static int make_comment(const struct report *r, const struct inv_package *ip, struct arena *a,
			struct bytes *ret, struct err *e)
{
	struct buf text;
	struct json_out w;
	bool ok;
	buf_init(&text, PKG_PURL_MAX);
	json_out_init(&w, &text, false);
	json_put_object(&w, NULL);
	json_put_object(&w, "plimsoll");
	parts_extras(r, ip, put_extra, &w);
	json_put_string_nonempty(&w, "path", ip->pkg.path);
	json_put_end(&w, '}');
	json_put_end(&w, '}');
	*ret = arena_bytes(a, buf_bytes(&text), &ok);
	ok = ok && buf_ok(&text);
	buf_free(&text);
	return ok ? 0 : err_nomem(e);
}

static int make_distribution(const struct pkg_distro *d, struct arena *a, struct spdx_package *p,
			     struct err *e)
{
	struct buf text;
	struct json_out w;
	bool ok;
	*p = (struct spdx_package){.id = "SPDXRef-OperatingSystem",
				   .name = d->id,
				   .version = d->version_id,
				   .purpose = "OPERATING_SYSTEM"};
	buf_init(&text, PKG_PURL_MAX);
	json_out_init(&w, &text, false);
	json_put_object(&w, NULL);
	json_put_object(&w, "plimsoll");
	json_put_string_nonempty(&w, "name", d->name);
	json_put_string_nonempty(&w, "id_like", d->id_like);
	json_put_string_nonempty(&w, "codename", d->codename);
	json_put_string_nonempty(&w, "support_end", d->support_end);
	json_put_string_nonempty(&w, "streams", d->streams);
	json_put_end(&w, '}');
	json_put_end(&w, '}');
	p->comment = arena_bytes(a, buf_bytes(&text), &ok);
	ok = ok && buf_ok(&text);
	buf_free(&text);
	return ok ? 0 : err_nomem(e);
}

static void put_unread(void *arg, struct bytes text)
{
	json_put_string(arg, NULL, text);
}

static int make_image(const struct report *r, struct arena *a, struct spdx_package *p,
		      struct err *e)
{
	char digest[DIGEST_TEXT_CAP];
	struct buf text;
	struct json_out w;
	bool ok, version_ok;
	digest_text(&r->input->digest, digest);
	*p = (struct spdx_package){
	    .id = "SPDXRef-Image", .name = r->input->name, .purpose = "CONTAINER"};
	buf_init(&text, LIMIT_REPORT_MAX);
	json_out_init(&w, &text, false);
	json_put_object(&w, NULL);
	json_put_object(&w, "plimsoll");
	json_put_text(&w, "state", assess_state_word(r->assess->state));
	json_put_string_nonempty(&w, "reason", r->assess->reason);
	if (r->assess->unassessed_count) {
		json_put_array(&w, "not_assessed");
		for (size_t i = 0; i < r->assess->unassessed_count; i++)
			json_put_string(&w, NULL, r->assess->unassessed[i]);
		json_put_end(&w, ']');
	}
	json_put_array(&w, "not_read");
	parts_unread(r, put_unread, &w);
	json_put_end(&w, ']');
	json_put_end(&w, '}');
	json_put_end(&w, '}');
	p->version = arena_bytes(a, bytes_of(digest), &version_ok);
	p->comment = arena_bytes(a, buf_bytes(&text), &ok);
	ok = ok && version_ok && buf_ok(&text);
	buf_free(&text);
	return ok ? 0 : err_nomem(e);
}

static void name_document(const struct report *r, struct spdx_document *d)
{
	char digest[DIGEST_TEXT_CAP], when[CLOCK_RFC3339_CAP];
	digest_text(&r->input->digest, digest);
	clock_rfc3339(r->now_ms, when);
	d->name = r->input->name;
	struct bytes hex = bytes_of(digest);
	(void)bytes_cut(&hex, ':');
	(void)snprintf(d->created, sizeof d->created, "%.19sZ", when);
	(void)snprintf(d->space, sizeof d->space, "https://spdx.org/spdxdocs/plimsoll-%.*s-%lld",
		       BYTES_ARG(hex), (long long)r->now_ms);
}

struct license_run {
	struct arena *arena;
	struct spdx_document *document;
	struct bytes text; /* of what is no expression; empty: the name is all that is known */
	size_t cap;
	bool failed;
};

static void see_license(void *arg, struct bytes ref)
{
	struct license_run *run = arg;
	struct spdx_document *d = run->document;
	struct spdx_license *more =
	    arena_grow(run->arena, d->licenses, d->license_count, &run->cap, sizeof *more);
	run->failed = run->failed || !more;
	if (!more)
		return;
	d->licenses = more;
	d->licenses[d->license_count++] =
	    (struct spdx_license){.ref = ref, .text = run->text.len ? run->text : ref};
}

static int by_ref(const void *a, const void *b)
{
	const struct spdx_license *x = a, *y = b;
	int c = bytes_cmp(x->ref, y->ref);
	return c ? c : bytes_cmp(x->text, y->text);
}

/* What a package's metadata says, as the expression that SPDX demands. */
static void make_license(struct license_run *run, struct spdx_package *p, struct bytes license)
{
	char ref[LICENSE_REF_CAP];
	bool ok = true;
	run->text = BYTES_NONE;
	p->license = license;
	if (license.len && !license_is_expression(license)) {
		license_ref(license, ref);
		p->license = arena_bytes(run->arena, bytes_of(ref), &ok);
		run->text = license;
	}
	run->failed = run->failed || !ok;
	if (ok && p->license.len)
		license_each_ref(p->license, see_license, run);
}

static void sort_licenses(struct spdx_document *d)
{
	size_t kept = 0;
	if (d->license_count)
		qsort(d->licenses, d->license_count, sizeof *d->licenses, by_ref);
	for (size_t i = 0; i < d->license_count; i++)
		if (kept == 0 || !bytes_eq(d->licenses[kept - 1].ref, d->licenses[i].ref))
			d->licenses[kept++] = d->licenses[i];
	d->license_count = kept;
}

int spdx_make(const struct report *r, struct arena *a, struct spdx_document *ret, struct err *e)
{
	struct part *parts = NULL;
	struct spdx_reference *references = NULL;
	size_t part_count = 0, reference_count = 0;
	const struct inv_image *image = r->assess->image;
	if (parts_of(r, a, &parts, &part_count, e) < 0 ||
	    make_references(r, a, &references, &reference_count, e) < 0)
		return -(int)e->code;
	*ret = (struct spdx_document){.packages =
					  arena_alloc(a, part_count + 2, sizeof *ret->packages)};
	name_document(r, ret);
	if (!ret->packages || make_image(r, a, &ret->packages[ret->package_count++], e) < 0)
		return err_nomem(e);
	if (image->has_distro &&
	    make_distribution(&image->distro, a, &ret->packages[ret->package_count++], e) < 0)
		return -(int)e->code;
	struct license_run licenses = {.arena = a, .document = ret};
	for (size_t i = 0; i < part_count; i++) {
		struct spdx_package *p = &ret->packages[ret->package_count++];
		const struct pkg *pkg = &parts[i].package->pkg;
		*p = (struct spdx_package){.name = pkg->name,
					   .version = pkg->version,
					   .purl = parts[i].purl,
					   .path = pkg->path};
		make_license(&licenses, p, pkg->license);
		(void)snprintf(p->id, sizeof p->id, "SPDXRef-Package-%zu", i + 1);
		/* Of the same purl, the first one holds the references. */
		if (i == 0 || !bytes_eq(parts[i].purl, parts[i - 1].purl))
			find_references(p, references, reference_count);
		if (make_comment(r, parts[i].package, a, &p->comment, e) < 0)
			return -(int)e->code;
	}
	sort_licenses(ret);
	return licenses.failed ? err_nomem(e) : 0;
}
