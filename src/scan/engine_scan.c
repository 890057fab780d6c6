/* One scan: manifest, config, layer inventories, merge, match, commit. */
#include "scan/engine_impl.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/own.h"
#include "scan/artifact.h"
#include "scan/assess.h"
#include "scan/contents.h"
#include "scan/engine_attached.h"
#include "store/event.h"
#include "store/inventories.h"
#include "store/plan.h"
#include "store/usage.h"
#include "ledger/matches.h"

#include <stdlib.h>
#include <string.h>

#define COVERAGE_MAX (1U << 20)
#define LAYERS_STEP 16U /* inventories that are read together: of some 100 KiB each */

/* What is found of a package that is not kept yet. */
struct found {
	bool known; /* kept already when it was looked up: not matched here */
	struct match *matches;
	size_t match_count;
};

struct image_scan {
	struct engine *g;
	const struct store_scan *scan;
	struct registry *registry;
	struct arena *arena;
	struct oci_manifest manifest;
	struct oci_config config;
	struct scan_layer *layers;
	struct lay *parsed;
	bool *damaged;	 /* layers that the registry lost */
	bool *known;	 /* layers whose inventories were kept already */
	uint32_t *first; /* where each layer's digest comes first */
	size_t layer_count;
	struct inv_image image;
	struct assess assess;
	struct package_entry *entries; /* of image.packages */
	struct found *found;
	struct engine_attached attached;
	struct ledger_image out;
};

/* The config's text; empty when it is larger than one may be. */
static int read_config(struct image_scan *w, struct bytes *ret, struct err *e)
{
	OWN_CONTENT struct content content = CONTENT_INIT;
	*ret = BYTES_NONE;
	if (engine_open_blob(w->g, w->scan, &w->manifest.config.digest, &content, e) < 0)
		return -(int)e->code;
	uint64_t len = content.size;
	if (len > LIMIT_CONFIG_MAX)
		return oci_is_config_type(w->manifest.config.media_type)
			   ? err_set(e, ERR_LIMIT, "config: %llu bytes, more than %u",
				     (unsigned long long)len, LIMIT_CONFIG_MAX)
			   : 0;
	uint8_t *config = arena_alloc(w->arena, (size_t)len, 1);
	if (!config)
		return err_set(e, ERR_NOMEM, "no memory for the config");
	ssize_t n = content_read(&content, config, (size_t)len, 0, e);
	if (n < 0)
		return (int)n;
	*ret = (struct bytes){.ptr = config, .len = (size_t)n};
	return 0;
}

/* Is one of the layers something else than JSON, or not here to be looked at? */
static int has_layers(struct image_scan *w, bool *ret, struct err *e)
{
	*ret = oci_has_layer_type(&w->manifest);
	for (size_t i = 0; i < w->manifest.layer_count && !*ret; i++) {
		OWN_CONTENT struct content content = CONTENT_INIT;
		const struct digest *d = &w->manifest.layers[i].digest;
		int r = d->algo == DIGEST_NONE ? -(int)ERR_NOT_FOUND
					       : engine_open_blob(w->g, w->scan, d, &content, e);
		if (r < 0 && r != -ERR_NOT_FOUND)
			return r;
		*ret = r < 0 || !artifact_is_json(&content, 0);
	}
	return 0;
}

static int not_an_image(struct image_scan *w, struct bytes *ret_reason, struct err *e)
{
	struct err why = ERR_INIT;
	(void)artifact_fail(&w->manifest, &why);
	char *text = arena_printf(w->arena, "%s", why.msg);
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory");
	*ret_reason = bytes_of(text);
	return 1;
}

/* 0 = an image; 1 = not one (*ret_reason). */
static int read_image(struct image_scan *w, struct bytes *ret_reason, struct err *e)
{
	struct bytes text, type, config;
	bool is_image;
	if (engine_read_manifest(w->g, w->scan, w->arena, &text, &type, e) < 0 ||
	    oci_manifest_parse(text, type, w->arena, &w->manifest, e) < 0)
		return -(int)e->code;
	if (w->manifest.kind == OCI_INDEX) {
		*ret_reason = BYTES_LIT("an index: its images are scanned one by one");
		return 1;
	}
	if (read_config(w, &config, e) < 0)
		return -(int)e->code;
	int has_config = artifact_has_image_config(&w->manifest, config, w->arena, e);
	if (has_config <= 0)
		return has_config < 0 ? has_config : not_an_image(w, ret_reason, e);
	if (w->manifest.layer_count > LIMIT_LAYERS_MAX)
		return err_set(e, ERR_LIMIT, "%zu layers: images of more than %d are not assessed",
			       w->manifest.layer_count, LIMIT_LAYERS_MAX);
	if (has_layers(w, &is_image, e) < 0)
		return -(int)e->code;
	*e = (struct err)ERR_INIT;
	return is_image ? oci_config_parse(config, w->arena, &w->config, e)
			: not_an_image(w, ret_reason, e);
}

struct damage {
	struct image_scan *w;
	const struct digest *digest;
	struct bytes reason;
};

static int damage_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct damage *d = arg;
	return registry_blob_damage(d->w->registry, tx, d->w->scan->repository, d->digest,
				    d->w->arena, &d->reason, e);
}

/* A layer that is not here: it was lost, or never was. */
static int miss_layer(struct image_scan *w, size_t i, struct err *e)
{
	struct scan_layer *l = &w->layers[i];
	struct damage d = {.w = w, .digest = &l->digest};
	int r = db_run(w->g->o.db, DB_READ, damage_tx, &d, e);
	w->damaged[i] = r == 1;
	if (r == 1)
		l->absent = d.reason;
	else if (r == 0)
		r = scan_layer_absent(l, w->arena, e);
	w->parsed[i] = (struct lay){.absent = l->absent};
	return r < 0 ? r : 0;
}

/* A layer that need not be here, and is not, leaves the rest to be assessed. The inventory's text
 * counts to the image's memory as all else does. */
static int take_layer(struct image_scan *w, size_t i, struct err *e)
{
	struct scan_layer *l = &w->layers[i];
	struct buf text;
	bool absent, ok = true;
	buf_init(&text, LIMIT_INVENTORY_MAX);
	int r = engine_layer_get(w->g, w->scan, &l->digest, &text, &absent, e);
	if (!absent && r >= 0) {
		struct bytes kept = arena_bytes(w->arena, buf_bytes(&text), &ok);
		r = ok ? layer_parse(kept, w->arena, &w->parsed[i], e)
		       : err_set(e, ERR_NOMEM, "no memory for an inventory");
	}
	buf_free(&text);
	if (!absent && r != -ERR_DAMAGED)
		return r;
	*e = (struct err)ERR_INIT;
	return miss_layer(w, i, e);
}

/* Where each layer's digest comes first: one that is named again is read once, whatever it is. Open
 * addressing over positions + 1, 0 = free. */
static int firsts_find(struct image_scan *w, struct err *e)
{
	size_t mask = 15;
	while (mask < 2 * w->layer_count)
		mask = mask * 2 + 1;
	uint32_t *at = arena_alloc(w->arena, mask + 1, sizeof *at);
	w->first = arena_alloc(w->arena, w->layer_count, sizeof *w->first);
	if (!at || !w->first)
		return err_set(e, ERR_NOMEM, "no memory for %zu layers", w->layer_count);
	for (size_t i = 0; i < w->layer_count; i++) {
		const struct digest *d = &w->layers[i].digest;
		size_t slot =
		    bytes_hash((struct bytes){.ptr = d->hash, .len = sizeof d->hash}, 0) & mask;
		while (at[slot] && !digest_eq(&w->layers[at[slot] - 1].digest, d))
			slot = (slot + 1) & mask;
		if (!at[slot])
			at[slot] = (uint32_t)i + 1;
		w->first[i] = at[slot] - 1;
	}
	return 0;
}

static void copy_layer(struct image_scan *w, size_t from, size_t to)
{
	w->parsed[to] = w->parsed[from];
	w->layers[to].absent = w->layers[from].absent;
	w->damaged[to] = w->damaged[from];
}

/* Layers whose inventories are kept are read some at a time. */
struct known_layers {
	struct image_scan *w;
	size_t from, count;
	struct digest digests[LAYERS_STEP];
	size_t at[LAYERS_STEP]; /* layers of those that the repository holds */
	struct buf text;
};

/* What is damaged is looked at by itself later (take_layer). */
static int on_inventory(void *arg, size_t digest, struct bytes inventory, struct err *e)
{
	struct known_layers *k = arg;
	struct image_scan *w = k->w;
	size_t at = k->at[digest];
	bool ok;
	struct bytes kept = arena_bytes(w->arena, inventory, &ok);
	if (!ok)
		return err_set(e, ERR_NOMEM, "no memory for an inventory");
	int r = layer_parse(kept, w->arena, &w->parsed[at], e);
	w->known[at] = r == 0;
	if (r != -ERR_DAMAGED)
		return r;
	*e = (struct err)ERR_INIT;
	return 0;
}

/* An inventory is the content's: only a repository that holds the blob gets it. 1 = the plan is
 * off: nothing is read. */
static int known_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct known_layers *k = arg;
	struct store_blob_look looks[LAYERS_STEP];
	char texts[LAYERS_STEP][DIGEST_TEXT_CAP];
	struct bytes list[LAYERS_STEP];
	size_t n = 0;
	if (k->from == 0) {
		int on = store_plan_is_on(tx, k->w->scan->repository_id, e);
		if (on <= 0)
			return on < 0 ? on : 1;
	}
	if (registry_blobs_look(k->w->registry, tx, k->w->scan->repository, k->digests, k->count,
				looks, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < k->count; i++) {
		size_t layer = k->from + i;
		if (!looks[i].is_in || k->w->known[layer] || k->w->first[layer] != layer)
			continue;
		digest_text(&k->digests[i], texts[n]);
		list[n] = bytes_of(texts[n]);
		k->at[n++] = layer;
	}
	return store_inventories_each(tx, list, n, &k->text, on_inventory, k, e);
}

/* 1 = the plan is off. */
static int read_known(struct image_scan *w, struct err *e)
{
	struct known_layers k = {.w = w};
	int r = 0;
	buf_init(&k.text, LIMIT_INVENTORY_MAX);
	for (; r == 0 && k.from < w->layer_count; k.from += k.count) {
		size_t left = w->layer_count - k.from;
		k.count = left < LAYERS_STEP ? left : LAYERS_STEP;
		for (size_t i = 0; i < k.count; i++)
			k.digests[i] = w->layers[k.from + i].digest;
		r = db_run(w->g->o.db, DB_READ, known_tx, &k, e);
	}
	buf_free(&k.text);
	return r;
}

static int name_layers(struct image_scan *w, struct err *e)
{
	size_t n = w->manifest.layer_count;
	w->layers = arena_alloc(w->arena, n, sizeof *w->layers);
	w->parsed = arena_alloc(w->arena, n, sizeof *w->parsed);
	w->damaged = arena_alloc(w->arena, n, sizeof *w->damaged);
	w->known = arena_alloc(w->arena, n, sizeof *w->known);
	if (!w->layers || !w->parsed || !w->damaged || !w->known)
		return err_set(e, ERR_NOMEM, "no memory for %zu layers", n);
	for (size_t i = 0; i < n; i++) {
		const struct oci_descriptor *d = &w->manifest.layers[i];
		if (d->digest.algo == DIGEST_NONE)
			return err_set(e, ERR_UNSUPPORTED, "layer %zu: unknown digest algorithm",
				       i + 1);
		w->layers[i] =
		    (struct scan_layer){.digest = d->digest,
					.media_type = d->media_type,
					.fd = -1,
					.created_by = oci_config_layer_line(&w->config, i)};
		w->layer_count = i + 1;
	}
	return 0;
}

/* 1 = the plan is off. */
static int take_layers(struct image_scan *w, struct err *e)
{
	if (name_layers(w, e) < 0 || firsts_find(w, e) < 0)
		return -(int)e->code;
	int r = read_known(w, e);
	if (r != 0)
		return r;
	for (size_t i = 0; i < w->layer_count; i++) {
		if (atomic_load(&w->g->stopping))
			return err_set(e, ERR_CANCELLED, "the server is stopping");
		if (w->first[i] != i)
			copy_layer(w, w->first[i], i);
		else if (!w->known[i] && take_layer(w, i, e) < 0)
			return err_ctx(e, "layer %zu", i + 1);
	}
	return 0;
}

static int make_entries(struct image_scan *w, struct err *e)
{
	size_t n = inv_subject_count(&w->image);
	w->entries = arena_alloc(w->arena, n, sizeof *w->entries);
	w->found = arena_alloc(w->arena, n, sizeof *w->found);
	if (!w->entries || !w->found)
		return err_set(e, ERR_NOMEM, "no memory for %zu packages", n);
	for (size_t i = 0; i < n; i++) {
		w->entries[i].pkg = &inv_subject(&w->image, i)->pkg;
		if (package_identity(&w->entries[i], e) < 0)
			return -(int)e->code;
	}
	return 0;
}

static int find_known(struct db_tx *tx, void *arg, struct err *e)
{
	struct image_scan *w = arg;
	return package_find_many(tx, w->entries, inv_subject_count(&w->image), e);
}

/* Match what the store does not know yet. The caller holds the generation. */
static int match_new(struct image_scan *w, struct err *e)
{
	if (make_entries(w, e) < 0 || db_run(w->g->o.db, DB_READ, find_known, w, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < inv_subject_count(&w->image); i++) {
		struct found *f = &w->found[i];
		f->known = w->entries[i].row.id != 0;
		if (f->known || (!w->g->vdb && w->entries[i].pkg->class != PKG_CONTENT))
			continue;
		int64_t n = match_package(w->g->vdb, w->entries[i].pkg, w->arena, &f->matches, e);
		if (n < 0)
			return (int)n;
		f->match_count = (size_t)n;
	}
	return 0;
}

/* Packages that are kept now but were not when they were looked up: another scan kept them
 * meanwhile, with the matches of this generation. */
static int put_packages(struct db_tx *tx, struct image_scan *w, struct err *e)
{
	size_t count = inv_subject_count(&w->image), n = 0;
	struct package_matches *matches = arena_alloc(w->arena, count, sizeof *matches);
	if (!matches)
		return err_set(e, ERR_NOMEM, "no memory for %zu packages", count);
	if (package_put_many(tx, w->entries, count, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < count; i++) {
		if (!w->entries[i].row.is_new)
			continue;
		/* Known then and not now: it was cleared away, and its matches were not looked for.
		 */
		if (w->found[i].known)
			return err_set(e, ERR_CONFLICT, "a package was cleared away meanwhile");
		matches[n++] = (struct package_matches){.package = w->entries[i].row.id,
							.matches = w->found[i].matches,
							.count = w->found[i].match_count};
	}
	return matches_put_many(tx, matches, n, e);
}

/* The packages of a layer. */
static int add_part(struct image_scan *w, uint32_t layer, struct image_part *p, struct err *e)
{
	for (size_t i = 0; i < inv_subject_count(&w->image); i++)
		p->member_count += inv_subject(&w->image, i)->layer == layer;
	p->members = arena_alloc(w->arena, p->member_count, sizeof *p->members);
	if (p->member_count && !p->members)
		return err_set(e, ERR_NOMEM, "no memory");
	size_t at = 0;
	for (size_t i = 0; i < inv_subject_count(&w->image); i++)
		if (inv_subject(&w->image, i)->layer == layer)
			p->members[at++] = (struct package_set_member){
			    .package = w->entries[i].row.id,
			    .path = inv_subject(&w->image, i)->pkg.path};
	return 0;
}

/* What attached bills declare is in no layer: it stands under the manifest of the first. */
static int add_declared(struct image_scan *w, struct image_part *parts, size_t *n, struct err *e)
{
	const struct attached *x = &w->attached.docs;
	if (!x->bill_count)
		return 0;
	parts[*n] = (struct image_part){.position = (uint32_t)w->layer_count,
					.layer = x->docs[x->bills[0].doc].digest,
					.created_by = BYTES_LIT("an attached bill of materials")};
	if (add_part(w, UINT32_MAX, &parts[*n], e) < 0)
		return -(int)e->code;
	*n += parts[*n].member_count > 0;
	return 0;
}

/* The packages by the layer that brought them in. */
static int make_parts(struct image_scan *w, struct image_part **ret, size_t *ret_count,
		      struct err *e)
{
	struct image_part *parts = arena_alloc(w->arena, w->layer_count + 1, sizeof *parts);
	size_t n = 0;
	if (!parts)
		return err_set(e, ERR_NOMEM, "no memory");
	for (size_t layer = 0; layer < w->layer_count; layer++) {
		parts[n] = (struct image_part){.position = (uint32_t)layer,
					       .layer = bytes_of(w->assess.layers[layer].digest),
					       .created_by = w->layers[layer].created_by};
		if (add_part(w, (uint32_t)layer, &parts[n], e) < 0)
			return -(int)e->code;
		n += parts[n].member_count > 0;
	}
	if (add_declared(w, parts, &n, e) < 0)
		return -(int)e->code;
	*ret = parts;
	*ret_count = n;
	return 0;
}

static int append_event(struct db_tx *tx, const struct image_scan *w, struct err *e)
{
	struct buf detail;
	struct json_out j;
	buf_init(&detail, 65536);
	json_out_init(&j, &detail, false);
	json_put_object(&j, NULL);
	json_put_i64(&j, "scan", w->scan->id);
	json_put_text(&j, "state", ledger_image_state_word(w->out.state));
	json_put_end(&j, '}');
	struct event ev = {.type = BYTES_LIT("scanned"),
			   .registry_id = w->scan->registry_id,
			   .registry = w->scan->registry,
			   .repository_id = w->scan->repository_id,
			   .repository = w->scan->repository,
			   .digest = w->scan->digest,
			   .detail = buf_bytes(&detail),
			   .at = clock_wall_ms()};
	int r = event_append(tx, &ev, e);
	buf_free(&detail);
	return r;
}

/* What the registry lost, or got back, while this scan ran: its event may have come first, and must
 * not be overwritten. */
static int look_again(struct db_tx *tx, struct image_scan *w, struct err *e)
{
	size_t n = w->layer_count + 1;
	struct digest *digests = arena_alloc(w->arena, n, sizeof *digests);
	struct store_blob_look *looks = arena_alloc(w->arena, n, sizeof *looks);
	if (!digests || !looks)
		return err_set(e, ERR_NOMEM, "no memory for %zu layers", n);
	for (size_t i = 0; i < n; i++)
		digests[i] = i < w->layer_count ? w->layers[i].digest : w->manifest.config.digest;
	if (registry_blobs_look(w->registry, tx, w->scan->repository, digests, n, looks, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < n; i++) {
		if (looks[i].is_damaged != (i < w->layer_count && w->damaged[i]))
			return err_set(e, ERR_CONFLICT,
				       "a blob was found damaged or pushed again meanwhile");
	}
	return 0;
}

static int commit(struct db_tx *tx, void *arg, struct err *e)
{
	struct image_scan *w = arg;
	struct image_part *parts = NULL;
	size_t part_count = 0;
	/* First: nothing is written by a scan that another server has taken over. */
	if (store_scan_end(tx, w->scan, STORE_SCAN_COMPLETED, BYTES_NONE, 0, clock_wall_ms(), e) <
		0 ||
	    look_again(tx, w, e) < 0 ||
	    engine_attached_same(w->g, tx, w->scan, w->arena, &w->attached, e) < 0 ||
	    put_packages(tx, w, e) < 0 || make_parts(w, &parts, &part_count, e) < 0)
		return -(int)e->code;
	struct engine_notice notice = {.wanted = false};
	int r = engine_notice_before(tx, w->scan, &notice, e);
	if (r >= 0)
		r = ledger_image_put(tx, &w->out, parts, part_count, e);
	if (r >= 0)
		r = engine_notice_after(tx, w->scan, &w->out, &notice, e);
	check_union_free(&notice.checks);
	if (r >= 0 && w->out.state != IMAGE_UNVERIFIED)
		r = store_usage_add(tx, w->out.repository_id, w->out.digest, w->out.scanned_ms, e);
	return r < 0 ? r : append_event(tx, w, e);
}

/* What a stranger's image can make longer than its limit, it will again. */
static int arena_buf(struct arena *a, struct buf *b, const char *what, struct bytes *ret,
		     struct err *e)
{
	bool ok, spent = buf_is_spent(b);
	size_t max = b->max;
	*ret = arena_bytes(a, buf_bytes(b), &ok);
	ok = ok && buf_ok(b);
	buf_free(b);
	if (spent)
		return err_set(e, ERR_LIMIT, "%s of more than %zu KiB", what, max >> 10);
	return ok ? 0 : err_set(e, ERR_NOMEM, "no memory");
}

static int describe(struct image_scan *w, struct err *e)
{
	struct buf platform, coverage;
	struct json_out j;
	buf_init(&platform, 1024);
	buf_init(&coverage, COVERAGE_MAX);
	oci_platform_text(&w->config.platform, &platform);
	json_out_init(&j, &coverage, false);
	json_put_object(&j, NULL);
	assess_put_coverage_members(&j, &w->assess);
	attached_put(&j, "attached", &w->attached.docs);
	json_put_end(&j, '}');
	w->out = (struct ledger_image){.repository_id = w->scan->repository_id,
				       .digest = w->scan->digest,
				       .reason = w->assess.reason,
				       .package_count = w->image.package_count,
				       .config = &w->config,
				       .layer_count = w->layer_count,
				       .has_attached = w->attached.docs.count > 0,
				       .attached = w->attached.body,
				       .scanned_ms = clock_wall_ms()};
	w->out.state =
	    w->assess.reason.len
		? IMAGE_UNVERIFIED
		: IMAGE_HEALTHY; /* ledger_image_put makes it Unhealthy when checks count */
	if (w->image.has_distro) {
		w->out.distro_id = w->image.distro.id;
		w->out.distro_version = w->image.distro.version_id;
		w->out.distro_name = w->image.distro.name;
	}
	int r = arena_buf(w->arena, &platform, "a platform", &w->out.platform, e);
	int r2 = arena_buf(w->arena, &coverage, "a coverage", &w->out.coverage, e);
	return r < 0 ? r : r2;
}

static int match_and_commit(struct image_scan *w, struct err *e)
{
	const struct inv_source source = {.layers = w->parsed,
					  .layer_count = w->layer_count,
					  .has_config = true,
					  .diff_ids = w->config.diff_ids,
					  .diff_id_count = w->config.diff_id_count,
					  .cancel = &w->g->stopping};
	if (inv_merge(&source, w->arena, &w->image, e) < 0 ||
	    contents_settle(&w->image, &w->config, w->g->o.content_checks, clock_wall_ms(),
			    w->arena, e) < 0)
		return -(int)e->code;
	if (attached_take_packages(&w->attached.docs, &w->image, w->arena, e) < 0 ||
	    (w->g->o.assume_linked && inv_assume_linked(&w->image, w->arena, e) < 0))
		return -(int)e->code;
	/* A switch of generations waits for this scan, or this scan for it: never half of each. */
	pthread_rwlock_rdlock(&w->g->rows_lock);
	pthread_rwlock_rdlock(&w->g->vdb_lock);
	const struct assess_input in = {.image = &w->image,
					.platform = &w->config.platform,
					.vdb = w->g->vdb,
					.now_ms = clock_wall_ms()};
	int r = assess_describe(&in, w->arena, &w->assess, e);
	if (r >= 0)
		r = assess_layers(&w->assess, w->layers, w->parsed, w->layer_count, w->arena, e);
	if (r >= 0)
		r = match_new(w, e);
	if (r >= 0)
		r = engine_attached_decide(&w->attached, &in, w->arena, e);
	if (r >= 0)
		r = describe(w, e);
	if (r >= 0)
		r = db_run(w->g->o.db, DB_WRITE, commit, w, e);
	pthread_rwlock_unlock(&w->g->vdb_lock);
	pthread_rwlock_unlock(&w->g->rows_lock);
	return r;
}

int engine_scan_image(struct engine *g, const struct store_scan *s,
		      enum store_scan_status *ret_status, struct bytes *ret_reason, struct arena *a,
		      struct err *e)
{
	struct image_scan w = {.g = g, .scan = s, .arena = a, .registry = engine_registry(g, s, e)};
	if (!w.registry)
		return -(int)e->code;
	*ret_status = STORE_SCAN_COMPLETED;
	int r = read_image(&w, ret_reason, e);
	if (r == 1) {
		*ret_status = STORE_SCAN_UNSUPPORTED;
		return 0;
	}
	if (r == 0)
		r = take_layers(&w, e); /* 1 = the plan is off */
	if (r == 0)
		r = engine_attached_read(g, s, a, &w.attached, e);
	if (r == 0)
		r = match_and_commit(&w, e);
	engine_attached_free(&w.attached);
	/* The image exhausted its own share, and would again. */
	if (r == -ERR_NOMEM && arena_is_spent(a))
		r = err_set(e, ERR_LIMIT,
			    "its layers' inventories and packages need more than %u MiB together",
			    ENGINE_SCAN_BUDGET >> 20);
	return r;
}
