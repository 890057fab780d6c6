/* Names are numbers: operating-system names first, application names after them. A set takes one
 * name of each of as many strata as it has packages, so that no name comes twice; application sets
 * of odd and even number take odd and even names, and an image with two of them takes one of each
 * kind. */
#include "fleet.h"

#include "base/clock.h"
#include "codec/stream.h"
#include "inventory/layer.h"
#include "oci/manifest.h"
#include "match/match.h"
#include "store/event.h"
#include "ledger/images.h"
#include "ledger/matches.h"
#include "ledger/packages.h"
#include "store/inventories.h"
#include "store/pack.h"
#include "store/registries.h"
#include "store/registry.h"
#include "store/scope.h"
#include "store/scans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 500 /* images a transaction */
#define MAINTAINER "Debian Developers <debian-devel@lists.debian.org>"

static uint64_t mix(uint64_t kind, uint64_t a, uint64_t b)
{
	uint64_t x = kind * UINT64_C(0x9e3779b97f4a7c15) + a * UINT64_C(0xbf58476d1ce4e5b9) +
		     b * UINT64_C(0x94d049bb133111eb) + 1;
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}
enum { MIX_OS = 1, MIX_APP, MIX_VERSION, MIX_IMAGE, MIX_SECOND, MIX_COUNT, MIX_FIX, MIX_SEVERITY };

struct member {
	unsigned name, version;
};

static size_t members_of(const struct fleet *f, unsigned layer, struct member *out)
{
	bool os = layer < f->os_sets;
	unsigned n = os ? FLEET_OS_PACKAGES : FLEET_APP_PACKAGES;
	unsigned first = os ? 0 : f->os_names, width = (os ? f->os_names : f->app_names) / n;
	for (unsigned i = 0; i < n; i++) {
		unsigned at = (unsigned)(mix(os ? MIX_OS : MIX_APP, layer, i) % width);
		if (!os)
			at = (at & ~1U) + (layer & 1U) < width ? (at & ~1U) + (layer & 1U)
							       : (layer & 1U);
		out[i] = (struct member){
		    .name = first + i * width + at,
		    .version = (unsigned)(mix(MIX_VERSION, layer, i) % FLEET_VERSIONS)};
	}
	return n;
}

struct words {
	char name[16], version[16], path[48];
};

static void name_of(const struct fleet *f, unsigned name, char out[16])
{
	bool os = name < f->os_names;
	(void)snprintf(out, 16, "%s%05u", os ? "os" : "app", os ? name : name - f->os_names);
}

static void path_of(const struct fleet *f, unsigned layer, char out[48])
{
	if (layer < f->os_sets)
		(void)snprintf(out, 48, "var/lib/dpkg/status");
	else
		(void)snprintf(out, 48, "var/lib/dpkg/status.d/app%05u", layer - f->os_sets);
}

static void version_of(unsigned version, char out[16])
{
	(void)snprintf(out, 16, "1.%u.0-1", version + 1);
}

/* As the engine has it after it merged the image's layers. */
static struct pkg package_of(const struct fleet *f, struct member m, struct words *w)
{
	name_of(f, m.name, w->name);
	version_of(m.version, w->version);
	return (struct pkg){.type = BYTES_LIT("deb"),
			    .namespace = BYTES_LIT("debian"),
			    .name = bytes_of(w->name),
			    .version = bytes_of(w->version),
			    .arch = BYTES_LIT("amd64"),
			    .source_name = bytes_of(w->name),
			    .source_version = bytes_of(w->version),
			    .vendor = BYTES_LIT(MAINTAINER),
			    .distro = BYTES_LIT("debian:12"),
			    .path = bytes_of(w->path),
			    .class = PKG_OS};
}

struct fleet_image fleet_image_of(const struct fleet *f, unsigned image)
{
	unsigned app = image % f->app_sets;
	struct fleet_image r = {
	    .layers = {(unsigned)(mix(MIX_IMAGE, image, 0) % f->os_sets), f->os_sets + app},
	    .layer_count = 2};
	uint64_t more = mix(MIX_SECOND, image, 0);
	if (more & 1) {
		unsigned odd = ((f->os_sets + app) & 1U) ^ 1U; /* the other kind of layer number */
		unsigned second = (unsigned)((more >> 1) % (f->app_sets / 2)) * 2;
		r.layers[r.layer_count++] =
		    f->os_sets + second + (((f->os_sets + second) & 1U) != odd);
	}
	(void)snprintf(r.repository, sizeof r.repository, "team%02u/service%04u", image / 50 % 40,
		       image / 50);
	(void)snprintf(r.tag, sizeof r.tag, "v%u", image % 50);
	return r;
}

static void tar_member(struct buf *out, const char *path, struct bytes content)
{
	char h[512] = {0};
	unsigned sum = 0;
	(void)snprintf(h, 100, "%s", path);
	(void)snprintf(h + 100, 8, "%07o", 0644U);
	(void)snprintf(h + 108, 8, "%07o", 0U);
	(void)snprintf(h + 116, 8, "%07o", 0U);
	(void)snprintf(h + 124, 12, "%011o", (unsigned)content.len);
	(void)snprintf(h + 136, 12, "%011o", 0U);
	memset(h + 148, ' ', 8);
	h[156] = '0';
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof h; i++)
		sum += (unsigned char)h[i];
	(void)snprintf(h + 148, 8, "%06o", sum);
	buf_put(out, (struct bytes){.ptr = (const uint8_t *)h, .len = sizeof h});
	buf_put(out, content);
	while (out->len % 512)
		buf_put_u8(out, 0);
}

void fleet_layer_tar(const struct fleet *f, unsigned layer, struct buf *out)
{
	struct member m[FLEET_OS_PACKAGES];
	struct words w;
	struct buf status;
	size_t n = members_of(f, layer, m);
	buf_init(&status, 1U << 20);
	buf_clear(out);
	path_of(f, layer, w.path);
	for (size_t i = 0; i < n; i++) {
		(void)package_of(f, m[i], &w);
		buf_printf(&status,
			   "Package: %s\nStatus: install ok installed\nMaintainer: " MAINTAINER
			   "\nArchitecture: amd64\nVersion: %s\nDescription: a package\n\n",
			   w.name, w.version);
	}
	if (layer < f->os_sets)
		tar_member(out, "etc/os-release",
			   BYTES_LIT("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n"
				     "VERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n"));
	tar_member(out, w.path, buf_bytes(&status));
	for (int i = 0; i < 1024; i++)
		buf_put_u8(out, 0);
	buf_free(&status);
}

void fleet_manifest(const struct fleet *f, unsigned image, const struct fleet_layer *layers,
		    struct buf *config, struct buf *manifest)
{
	struct fleet_image im = fleet_image_of(f, image);
	struct digest d;
	char text[DIGEST_TEXT_CAP];
	buf_clear(config);
	buf_clear(manifest);
	buf_put_text(config, "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Env\":["
			     "\"PATH=/usr/bin:/bin\"]},\"history\":[");
	for (size_t i = 0; i < im.layer_count; i++)
		buf_printf(config, "%s{\"created_by\":\"COPY part %zu of service\"}", i ? "," : "",
			   i);
	buf_printf(config,
		   "],\"created\":\"2026-01-01T00:00:00.%06uZ\",\"rootfs\":{\"type\":\"layers\","
		   "\"diff_ids\":[",
		   image);
	for (size_t i = 0; i < im.layer_count; i++) {
		digest_text(&layers[im.layers[i]].digest, text);
		buf_printf(config, "%s\"%s\"", i ? "," : "", text);
	}
	buf_put_text(config, "]}}");
	digest_of(DIGEST_SHA256, buf_bytes(config), &d);
	digest_text(&d, text);
	buf_printf(manifest,
		   "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MANIFEST_TYPE
		   "\",\"config\":{\"mediaType\":\"" OCI_CONFIG_TYPE
		   "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[",
		   text, config->len);
	for (size_t i = 0; i < im.layer_count; i++) {
		digest_text(&layers[im.layers[i]].digest, text);
		buf_printf(manifest,
			   "%s{\"mediaType\":\"application/"
			   "vnd.oci.image.layer.v1.tar\",\"digest\":\"%s\",\"size\":%llu}",
			   i ? "," : "", text, (unsigned long long)layers[im.layers[i]].len);
	}
	buf_put_text(manifest, "]}");
}

static const struct {
	enum adv_severity severity;
	const char *word, *vector;
} grades[] = {
    {ADV_SEV_LOW, "low", "CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:L/I:N/A:N"},
    {ADV_SEV_MEDIUM, "medium", "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:L/I:L/A:N"},
    {ADV_SEV_MEDIUM, "medium", "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H"},
    {ADV_SEV_HIGH, "high", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"},
    {ADV_SEV_CRITICAL, "critical", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
};

static int put_advisory(struct vdb_writer *w, const struct fleet *f, unsigned name, unsigned nth,
			int fix, unsigned grade, struct err *e)
{
	char package[16], id[40], version[16], details[400], url[80];
	unsigned number = name * 4 + nth, year = 2014 + number % 12;
	name_of(f, name, package);
	(void)snprintf(id, sizeof id, "DEBIAN-CVE-%u-%u", year, 10000 + number);
	(void)snprintf(url, sizeof url, "https://security-tracker.debian.org/tracker/%s", id + 7);
	(void)snprintf(details, sizeof details,
		       "%s before the fixed version does not check the length of a field of part "
		       "%u before it copies it, "
		       "which allows an attacker who can send a crafted file to read memory behind "
		       "the buffer, to end the process or, "
		       "with more care, to run code with the rights of the user who opened the "
		       "file. Number %u.",
		       package, nth, number);
	version_of((unsigned)(fix > 0 ? fix : 1), version);
	struct adv_range_event events[2] = {{.kind = ADV_INTRODUCED, .version = BYTES_LIT("0")},
					    {.kind = ADV_FIXED_AT, .version = bytes_of(version)}};
	struct adv_affected affected = {.ecosystem = BYTES_LIT("Debian:12"),
					.name = bytes_of(package),
					.keyed = ADV_BY_SOURCE,
					.status = fix ? ADV_FIXED : ADV_AFFECTED,
					.events = events,
					.event_count = fix ? 2 : 1};
	struct bytes alias = bytes_of(id + 7), vector = bytes_of(grades[grade].vector);
	struct adv_reference ref = {.type = BYTES_LIT("ADVISORY"), .url = bytes_of(url)};
	struct adv a = {.feed = BYTES_LIT("osv"),
			.id = bytes_of(id),
			.aliases = &alias,
			.alias_count = 1,
			.details = bytes_of(details),
			.published_ms = 1700000000000 + number,
			.modified_ms = 1700000000000 + number,
			.severity = grades[grade].severity,
			.severity_text = bytes_of(grades[grade].word),
			.cvss = &vector,
			.cvss_count = 1,
			.references = &ref,
			.reference_count = 1,
			.affected = &affected,
			.affected_count = 1};
	return vdb_writer_add(w, &a, e);
}

/* Which of the changed packages a name is, or -1: half of them are of the operating system. */
static int changed_of(const struct fleet *f, unsigned name)
{
	bool os = name < f->os_names;
	unsigned at = os ? name : name - f->os_names,
		 step = (os ? f->os_names : f->app_names) / (FLEET_CHANGED / 2);
	if (at % step != 0 || at / step >= FLEET_CHANGED / 2)
		return -1;
	return (int)(at / step);
}

/* Changed packages, in turn: a new advisory, another fixed version, another severity, an advisory
 * taken back. */
static int put_name(struct vdb_writer *w, const struct fleet *f, unsigned name, int generation,
		    struct err *e)
{
	unsigned count = 2 + (mix(MIX_COUNT, name, 0) % 4 == 0);
	int changed = generation ? changed_of(f, name) : -1, turn = changed < 0 ? -1 : changed % 4;
	for (unsigned i = 0; i < count; i++) {
		uint64_t m = mix(MIX_FIX, name, i);
		int fix = m % 3 == 0 ? 0 : 1 + (int)(m / 3 % 6); /* the version before which all are
								    affected; 0: none is fixed */
		unsigned grade = (unsigned)(mix(MIX_SEVERITY, name, i) % 5);
		if (i == 0 && turn == 3)
			continue;
		if (i == 0 && turn == 1)
			fix = fix == 4 ? 2 : 4;
		if (i == 0 && turn == 2)
			grade = grades[grade].severity == ADV_SEV_CRITICAL ? 0 : 4;
		if (put_advisory(w, f, name, i, fix, grade, e) < 0)
			return -(int)e->code;
	}
	return turn == 0 ? put_advisory(w, f, name, 3, 0, 4, e) : 0;
}

int fleet_vdb(const struct fleet *f, int generation, const char *path, struct err *e)
{
	struct vdb_writer *w = vdb_writer_open(e);
	int r = w ? 0 : -(int)e->code;
	for (unsigned name = 0; r == 0 && name < f->os_names + f->app_names; name++)
		r = put_name(w, f, name, generation, e);
	if (r == 0)
		r = vdb_writer_add_source(w, BYTES_LIT("osv"), BYTES_LIT("fleet"),
					  1700000000000 + generation, 1, 0, e);
	if (r == 0)
		r = vdb_writer_finish(w, path, e);
	vdb_writer_close(w);
	return r;
}

struct fill {
	const struct fleet *f;
	const struct vdb *v;
	struct fleet_layer *layers; /* len 0: not made yet */
	int64_t *packages;	    /* ids by name and version; 0: not kept yet */
	/* Both as the last transaction left them: one that runs again begins there. */
	struct fleet_layer *kept_layers;
	int64_t *kept_packages;
	size_t layer_count, package_count;
	int64_t registries[FLEET_SUBSCRIPTIONS_MAX + 1]; /* by subscription */
	struct store_registry store_registry;
	int64_t repository;    /* of the image that is written */
	unsigned subscription; /* likewise */
	unsigned image, end;
	struct buf tar, config, manifest, inventory, packed;
};

static struct stream *reopen(void *arg, struct err *e)
{
	const struct buf *tar = arg;
	return stream_open_bytes(buf_bytes(tar), e);
}

int fleet_layer_index(struct buf *tar, struct buf *out, struct err *e)
{
	struct limits limits = LIMITS_DEFAULT;
	struct layer_source source = {.reopen = reopen, .arg = tar, .scratch_fd = -1};
	buf_clear(out);
	return layer_index(&source, &limits, out, e);
}

static int put_layer(struct db_tx *tx, struct fill *l, unsigned layer, struct err *e)
{
	struct fleet_layer *to = &l->layers[layer];
	struct arena a;
	struct lay lay;
	char text[DIGEST_TEXT_CAP];
	if (to->len)
		return 0;
	fleet_layer_tar(l->f, layer, &l->tar);
	digest_of(DIGEST_SHA256, buf_bytes(&l->tar), &to->digest);
	to->len = l->tar.len;
	digest_text(&to->digest, text);
	arena_init(&a, 64U << 20);
	if (fleet_layer_index(&l->tar, &l->inventory, e) < 0 ||
	    layer_parse(buf_bytes(&l->inventory), &a, &lay, e) < 0)
		return -(int)e->code;
	arena_free(&a);
	buf_clear(&l->packed);
	pack_put(buf_bytes(&l->inventory), &l->packed);
	return store_inventory_put(tx, bytes_of(text), buf_bytes(&l->packed), &lay,
				   l->store_registry.now_ms, e);
}

/* Packages of a layer on their way into the store. */
struct packages {
	struct words words[FLEET_OS_PACKAGES];
	struct pkg pkgs[FLEET_OS_PACKAGES];
	struct package_entry entries[FLEET_OS_PACKAGES];
	int64_t *ids[FLEET_OS_PACKAGES];
	size_t count;
};

static int put_new(struct db_tx *tx, const struct fill *l, struct packages *p, struct err *e)
{
	struct package_matches found[FLEET_OS_PACKAGES];
	struct arena a;
	size_t n = 0;
	int r = package_put_many(tx, p->entries, p->count, e);
	arena_init(&a, 64U << 20);
	for (size_t i = 0; r == 0 && i < p->count; i++) {
		struct match *matches;
		*p->ids[i] = p->entries[i].row.id;
		if (!p->entries[i].row.is_new)
			continue;
		int64_t count = match_package(l->v, p->entries[i].pkg, &a, &matches, e);
		if (count < 0)
			r = (int)count;
		else
			found[n++] = (struct package_matches){
			    .package = *p->ids[i], .matches = matches, .count = (size_t)count};
	}
	if (r == 0)
		r = matches_put_many(tx, found, n, e);
	arena_free(&a);
	return r;
}

/* The packages of a layer, and the matches of those that are new. */
static int put_packages(struct db_tx *tx, struct fill *l, const struct member *m, size_t count,
			struct package_set_member *out, struct err *e)
{
	struct packages *p = calloc(1, sizeof *p);
	int r = p ? 0 : err_set(e, ERR_NOMEM, "no memory for the fleet");
	for (size_t i = 0; r == 0 && i < count; i++) {
		int64_t *id = &l->packages[m[i].name * FLEET_VERSIONS + m[i].version];
		if (*id)
			continue;
		size_t n = p->count++;
		p->pkgs[n] = package_of(l->f, m[i], &p->words[n]);
		p->entries[n].pkg = &p->pkgs[n];
		p->ids[n] = id;
		r = package_identity(&p->entries[n], e);
	}
	if (r == 0)
		r = put_new(tx, l, p, e);
	free(p);
	for (size_t i = 0; r == 0 && i < count; i++)
		out[i].package = l->packages[m[i].name * FLEET_VERSIONS + m[i].version];
	return r;
}

static int put_blob(struct fill *l, int64_t repository, const struct digest *d, uint64_t len,
		    struct err *e)
{
	char text[DIGEST_TEXT_CAP], key[BLOB_KEY_CAP];
	digest_text(d, text);
	(void)snprintf(key, sizeof key, "%.30s%02x", text + 7 + 16, l->subscription);
	return store_blob_add(&l->store_registry, bytes_of(text), key, len, e) < 0 ||
		       store_blob_link(&l->store_registry, repository, bytes_of(text), e) < 0
		   ? -(int)e->code
		   : 0;
}

static int put_event(struct db_tx *tx, const struct fill *l, const char *type,
		     const struct fleet_image *im, struct bytes digest, struct bytes detail,
		     struct err *e)
{
	bool push = strcmp(type, EVENT_PUSHED) == 0;
	struct event ev = {.registry_id = l->store_registry.registry,
			   .type = bytes_of(type),
			   .registry = bytes_of(push ? "local" : ""),
			   .repository_id = l->repository,
			   .repository = bytes_of(im->repository),
			   .digest = digest,
			   .tag = bytes_of(push ? im->tag : ""),
			   .media_type = bytes_of(push ? OCI_MANIFEST_TYPE : ""),
			   .size = push ? l->manifest.len : 0,
			   .actor = bytes_of(push ? "ann" : ""),
			   .detail = detail,
			   .at = l->store_registry.now_ms};
	return event_append(tx, &ev, e);
}

/* What the registry writes of a push. */
static int put_registry(struct db_tx *tx, struct fill *l, const struct fleet_image *im,
			struct bytes digest, struct err *e)
{
	struct digest config;
	char text[DIGEST_TEXT_CAP];
	digest_of(DIGEST_SHA256, buf_bytes(&l->config), &config);
	digest_text(&config, text);
	int64_t repository = store_repository_make(&l->store_registry, bytes_of(im->repository), e);
	l->repository = repository;
	if (repository < 0 || put_blob(l, repository, &config, l->config.len, e) < 0)
		return -(int)e->code;
	struct store_manifest m = {.digest = digest,
				   .media_type = BYTES_LIT(OCI_MANIFEST_TYPE),
				   .size = l->manifest.len,
				   .pushed_at = l->store_registry.now_ms,
				   .content = buf_bytes(&l->manifest)};
	if (store_manifest_put(&l->store_registry, repository, &m, e) < 0 ||
	    store_manifest_ref(&l->store_registry, repository, digest, STORE_REF_BLOB,
			       bytes_of(text), e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < im->layer_count; i++) {
		const struct fleet_layer *layer = &l->layers[im->layers[i]];
		digest_text(&layer->digest, text);
		if (put_blob(l, repository, &layer->digest, layer->len, e) < 0 ||
		    store_manifest_ref(&l->store_registry, repository, digest, STORE_REF_BLOB,
				       bytes_of(text), e) < 0)
			return -(int)e->code;
	}
	if (store_tag_put(&l->store_registry, repository, bytes_of(im->tag), digest, e) < 0)
		return -(int)e->code;
	return put_event(tx, l, EVENT_PUSHED, im, digest, BYTES_NONE, e);
}

static const struct store_scan_turn any_scan = {.owner = "fleet", .any = true};

/* What the scan engine writes of it. */
static int put_scan(struct db_tx *tx, struct fill *l, const struct fleet_image *im,
		    struct bytes digest, struct err *e)
{
	struct package_set_member members[FLEET_LAYERS_MAX][FLEET_OS_PACKAGES];
	struct image_part parts[FLEET_LAYERS_MAX];
	char layers[FLEET_LAYERS_MAX][DIGEST_TEXT_CAP], lines[FLEET_LAYERS_MAX][48],
	    paths[FLEET_LAYERS_MAX][48];
	size_t total = 0;
	for (size_t i = 0; i < im->layer_count; i++) {
		struct member m[FLEET_OS_PACKAGES];
		size_t n = members_of(l->f, im->layers[i], m);
		digest_text(&l->layers[im->layers[i]].digest, layers[i]);
		(void)snprintf(lines[i], sizeof lines[i], "COPY part %zu of service", i);
		path_of(l->f, im->layers[i], paths[i]);
		for (size_t k = 0; k < n; k++)
			members[i][k].path = bytes_of(paths[i]);
		if (put_packages(tx, l, m, n, members[i], e) < 0)
			return -(int)e->code;
		total += n;
		parts[i] = (struct image_part){.position = (uint32_t)i,
					       .layer = bytes_of(layers[i]),
					       .created_by = bytes_of(lines[i]),
					       .members = members[i],
					       .member_count = n};
	}
	char coverage[160], detail[80];
	(void)snprintf(coverage, sizeof coverage,
		       "{\"state\":\"assessed\",\"packages\":%zu,\"packages_assessed\":%zu,"
		       "\"packages_third_party\":0,\"not_assessed\":[],\"notes\":[]}",
		       total, total);
	struct ledger_image out = {.repository_id = l->repository,
				   .digest = digest,
				   .platform = BYTES_LIT("linux/amd64"),
				   .state = IMAGE_HEALTHY,
				   .coverage = bytes_of(coverage),
				   .distro_id = BYTES_LIT("debian"),
				   .distro_version = BYTES_LIT("12"),
				   .distro_name = BYTES_LIT("Debian GNU/Linux 12 (bookworm)"),
				   .package_count = total,
				   .scanned_ms = l->store_registry.now_ms};
	struct store_scan scan;
	struct arena a;
	int64_t next;
	arena_init(&a, 1U << 20);
	if (ledger_image_add(tx, out.repository_id, digest, l->store_registry.now_ms, BYTES_NONE,
			     e) < 0 ||
	    store_scan_add(tx, out.repository_id, digest, BYTES_LIT("push"),
			   l->store_registry.now_ms, &next, e) < 0 ||
	    store_scan_claim(tx, l->store_registry.now_ms, &any_scan, &a, &scan, &next, e) < 0 ||
	    ledger_image_put(tx, &out, parts, im->layer_count, e) < 0)
		return -(int)e->code;
	(void)snprintf(detail, sizeof detail, "{\"scan\":%lld,\"state\":\"%s\"}",
		       (long long)scan.id, ledger_image_state_word(out.state));
	int r = put_event(tx, l, "scanned", im, digest, bytes_of(detail), e);
	if (r == 0)
		r = store_scan_end(tx, &scan, STORE_SCAN_COMPLETED, BYTES_NONE, 0,
				   l->store_registry.now_ms, e);
	arena_free(&a);
	return r;
}

/* Subscription, resource group and registry of one name. */
static int64_t add_registry(struct db_tx *tx, unsigned number, struct err *e)
{
	static const enum store_scope_kind kinds[] = {STORE_SCOPE_SUBSCRIPTION,
						      STORE_SCOPE_RESOURCE_GROUP};
	struct store_scope root;
	struct arena a;
	char name[16];
	(void)snprintf(name, sizeof name, "sub%02u", number);
	arena_init(&a, 1U << 20);
	int r = store_scope_find(tx, STORE_SCOPE_ROOT, 0, BYTES_NONE, &a, &root, e);
	int64_t id = r > 0 ? root.id : r == 0 ? err_set(e, ERR_NOT_FOUND, "no root") : r;
	struct store_scope s = {.name = bytes_of(name), .created_at = clock_wall_ms()};
	for (size_t i = 0; id > 0 && i < sizeof kinds / sizeof *kinds; i++) {
		s.parent_id = id;
		s.kind = kinds[i];
		id = store_scope_add(tx, &s, e);
	}
	s.parent_id = id;
	s.kind = STORE_SCOPE_REGISTRY;
	id = id > 0 ? store_registries_add(tx, &s, NULL, 0, e) : id;
	arena_free(&a);
	return id;
}

static int registries_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct fill *l = arg;
	l->registries[0] = store_scope_default(tx, e);
	for (unsigned i = 1; i < l->f->subscriptions; i++) {
		l->registries[i] = add_registry(tx, i, e);
		if (l->registries[i] < 0)
			return (int)l->registries[i];
	}
	return l->registries[0] < 0 ? (int)l->registries[0] : 0;
}

static int fill_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct fill *l = arg;
	memcpy(l->layers, l->kept_layers, l->layer_count * sizeof *l->layers);
	memcpy(l->packages, l->kept_packages, l->package_count * sizeof *l->packages);
	l->store_registry = (struct store_registry){.tx = tx, .now_ms = clock_wall_ms()};
	for (unsigned i = l->image; i < l->end; i++) {
		unsigned subscriptions = l->f->subscriptions ? l->f->subscriptions : 1;
		l->subscription = i / 50 % subscriptions;
		l->store_registry.registry = l->registries[l->subscription];
		struct fleet_image im = fleet_image_of(l->f, i);
		struct digest d;
		char digest[DIGEST_TEXT_CAP];
		for (size_t k = 0; k < im.layer_count; k++) {
			if (put_layer(tx, l, im.layers[k], e) < 0)
				return -(int)e->code;
		}
		fleet_manifest(l->f, i, l->layers, &l->config, &l->manifest);
		digest_of(DIGEST_SHA256, buf_bytes(&l->manifest), &d);
		digest_text(&d, digest);
		if (put_registry(tx, l, &im, bytes_of(digest), e) < 0 ||
		    put_scan(tx, l, &im, bytes_of(digest), e) < 0)
			return -(int)e->code;
	}
	int64_t last;
	if (event_last(tx, &last, e) < 0)
		return -(int)e->code;
	int64_t n = db_exec(tx,
			    "INSERT INTO event_cursor(name, last_event) VALUES('scan', $1)"
			    " ON CONFLICT(name) DO UPDATE SET last_event = excluded.last_event",
			    DB_ARGS(DB_I(last)), e);
	return n < 0 ? (int)n : 0;
}

int fleet_fill(const struct fleet *f, struct db *db, const struct vdb *v, bool talk, struct err *e)
{
	struct fill l = {.f = f, .v = v};
	int r = 0;
	l.layer_count = f->os_sets + f->app_sets;
	l.package_count = (size_t)(f->os_names + f->app_names) * FLEET_VERSIONS;
	l.layers = calloc(l.layer_count, sizeof *l.layers);
	l.kept_layers = calloc(l.layer_count, sizeof *l.layers);
	l.packages = calloc(l.package_count, sizeof *l.packages);
	l.kept_packages = calloc(l.package_count, sizeof *l.packages);
	struct buf *bufs[] = {&l.tar, &l.config, &l.manifest, &l.inventory, &l.packed};
	for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
		buf_init(bufs[i], 64U << 20);
	if (!l.layers || !l.packages || !l.kept_layers || !l.kept_packages)
		r = err_set(e, ERR_NOMEM, "no memory for the fleet");
	if (r == 0)
		r = db_run(db, DB_WRITE, registries_tx, &l, e);
	while (r == 0 && l.image < f->images) {
		l.end = l.image + CHUNK < f->images ? l.image + CHUNK : f->images;
		r = db_run(db, DB_WRITE_SOON, fill_tx, &l, e);
		if (r >= 0) {
			memcpy(l.kept_layers, l.layers, l.layer_count * sizeof *l.layers);
			memcpy(l.kept_packages, l.packages, l.package_count * sizeof *l.packages);
		}
		l.image = l.end;
		if (talk && l.image % 10000 == 0)
			printf("  %u images\n", l.image);
	}
	for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
		buf_free(bufs[i]);
	free(l.layers);
	free(l.packages);
	free(l.kept_layers);
	free(l.kept_packages);
	return r < 0 ? r : 0;
}
