#include "cli/remote.h"

#include "base/clock.h"
#include "base/limits.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "report/coverage.h"

#include <stdlib.h>
#include <string.h>

static void read_distro(struct json *j, struct pkg_distro *d)
{
	const struct bytes_slot slots[] = {
	    {"id", &d->id}, {"version_id", &d->version_id}, {"name", &d->name}};
	json_slots(j, BYTES_SLOTS(slots));
}

static int read_image(struct json *j, struct arena *a, struct remote *m, struct err *e)
{
	if (json_enter_object(j)) {
		for (struct bytes key; json_next_key(j, &key);) {
			if (bytes_eq_lit(key, "state"))
				m->state = json_string(j);
			else if (bytes_eq_lit(key, "kind"))
				m->is_artifact = bytes_eq_lit(json_string(j), "artifact");
			else if (bytes_eq_lit(key, "reason"))
				m->assess.reason = json_string(j);
			else if (bytes_eq_lit(key, "disabled"))
				m->disabled = json_u64(j);
			else if (bytes_eq_lit(key, "platform"))
				m->input.config.platform = oci_platform_of(json_string(j));
			else if (bytes_eq_lit(key, "distro"))
				read_distro(j, &m->image.distro);
			else if (bytes_eq_lit(key, "coverage"))
				coverage_read(j, a, &m->image, &m->assess);
			else
				json_skip(j);
		}
	}
	m->image.has_distro = m->image.distro.id.len > 0;
	m->assess.state = bytes_eq_lit(m->state, "Healthy")	? ASSESS_HEALTHY
			  : bytes_eq_lit(m->state, "Unhealthy") ? ASSESS_UNHEALTHY
								: ASSESS_UNVERIFIED;
	return json_finish(j, e);
}

struct registries {
	struct bytes host, first; /* of the server; the name's first component, when it has more */
	struct bytes by_host, by_name; /* the registries of those; empty: none */
	struct arena *arena;
};

static bool is_host(struct json *j, struct bytes host)
{
	bool found = false;
	if (json_peek(j) != JSON_ARRAY) {
		json_skip(j);
		return false;
	}
	json_enter_array(j);
	while (json_next_item(j))
		found = bytes_eq(json_string(j), host) || found;
	return found;
}

static int on_registry(void *arg, struct json *j, struct err *e)
{
	struct registries *r = arg;
	struct bytes name = BYTES_NONE;
	bool ok = true, host = false;
	if (!json_enter_object(j))
		return 0;
	for (struct bytes key; json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "name"))
			name = json_string(j);
		else if (bytes_eq_lit(key, "hosts"))
			host = is_host(j, r->host);
		else
			json_skip(j);
	}
	if (host)
		r->by_host = arena_bytes(r->arena, name, &ok);
	if (name.len && bytes_eq(name, r->first))
		r->by_name = r->first;
	return ok ? 0 : err_nomem(e);
}

/* "https://Registry.example:5000/x": registry.example:5000 */
static struct bytes host_of(const char *url, struct arena *a, bool *ret_ok)
{
	struct bytes rest = bytes_of(url);
	size_t at = bytes_find_bytes(rest, BYTES_LIT("://"));
	rest = at < rest.len ? bytes_from(rest, at + 3) : rest;
	return arena_lower(a, bytes_part(rest, 0, bytes_find(rest, '/')), ret_ok);
}

const char *remote_repository(const struct cli_server *s, struct bytes name, struct arena *a,
			      struct err *e)
{
	bool ok;
	struct registries r = {.arena = a, .host = host_of(s->url, a, &ok)};
	size_t slash = bytes_find(name, '/');
	if (slash < name.len)
		r.first = bytes_part(name, 0, slash);
	if (!ok) {
		err_nomem(e);
		return NULL;
	}
	if (cli_server_each(s, "/api/v1/registries", on_registry, &r, a, e) < 0) {
		if (e->code != ERR_DENIED && e->code != ERR_NOT_FOUND)
			return NULL;
		*e = (struct err)ERR_INIT; /* who may not list them has no other */
	}
	struct bytes registry = r.by_host.len ? r.by_host : r.by_name;
	if (!r.by_host.len && r.by_name.len)
		name = bytes_from(name, slash + 1);
	const char *path =
	    arena_printf(a, "/api/v1/registries/%.*s/repositories/%.*s",
			 BYTES_ARG(registry.len ? registry : BYTES_LIT("local")), BYTES_ARG(name));
	if (!path)
		err_nomem(e);
	return path;
}

int remote_manifest(const struct cli_server *s, struct bytes repository, struct bytes name,
		    struct arena *a, struct fetch_reply *reply, struct err *e)
{
	struct cli_server_request ask = {
	    .path =
		arena_printf(a, "/v2/%.*s/manifests/%.*s", BYTES_ARG(repository), BYTES_ARG(name)),
	    .header = "Accept: " OCI_MANIFEST_TYPE ", " OCI_INDEX_TYPE ", " DOCKER_MANIFEST_TYPE
		      ", " DOCKER_LIST_TYPE};
	if (!ask.path)
		return err_nomem(e);
	int r = cli_server_ask(s, &ask, a, reply, e);
	if (r < 0 && e->code == ERR_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND, "%s: not found: %.*s%s%.*s", s->url,
			       BYTES_ARG(repository), bytes_find(name, ':') < name.len ? "@" : ":",
			       BYTES_ARG(name));
	return r;
}

/* The digest a reference means now. */
static int resolve(const struct cli_server *s, const struct ref *ref, struct arena *a,
		   struct bytes *ret, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	struct fetch_reply reply = {0};
	bool ok = true;
	int r = 0;
	if (ref->has_digest) {
		digest_text(&ref->digest, text);
		*ret = arena_bytes(a, bytes_of(text), &ok);
	} else {
		r = remote_manifest(s, ref->repository, ref->tag, a, &reply, e);
		if (r == 0)
			*ret = arena_bytes(a, bytes_of(reply.digest), &ok);
		fetch_reply_free(&reply);
	}
	return r == 0 && !ok ? err_nomem(e) : r;
}

/* host: NULL if the operand names none. */
static int parse_operand(const char *text, struct arena *a, struct ref *ref, const char **ret_host,
			 struct err *e)
{
	struct bytes first = bytes_part(bytes_of(text), 0, bytes_find(bytes_of(text), '/'));
	bool has_host = first.len < strlen(text) &&
			(bytes_find(first, '.') < first.len || bytes_find(first, ':') < first.len ||
			 bytes_eq_lit(first, "localhost"));
	/* A made-up host keeps the grammar of references from reading a host into a repository's
	 * name. */
	const char *whole = has_host ? text : arena_printf(a, "server.invalid/%s", text);
	*ret_host = has_host ? arena_cstr(a, first) : NULL;
	if (!whole || (has_host && !*ret_host))
		return err_nomem(e);
	if (ref_parse(bytes_of(whole), a, ref, e) < 0)
		return err_set(e, e->code, "\"%s\" is not REPOSITORY[:TAG|@DIGEST]", text);
	return 0;
}

int remote_open(struct cli_server *s, const struct cli_args *args, const char *operand,
		struct arena *a, struct remote_name *ret, struct err *e)
{
	struct ref ref;
	const char *host;
	*ret = (struct remote_name){.path = NULL};
	if (parse_operand(operand, a, &ref, &host, e) < 0 ||
	    cli_server_open(s, args, host, a, e) < 0)
		return -(int)e->code;
	ret->repository = ref.repository;
	ret->path = remote_repository(s, ref.repository, a, e);
	return ret->path ? resolve(s, &ref, a, &ret->digest, e) : -(int)e->code;
}

static const char *image_path(const char *repository, struct bytes digest, const char *leaf,
			      struct arena *a)
{
	return arena_printf(a, "%s/images/%.*s%s", repository, BYTES_ARG(digest), leaf);
}

static void point(struct remote *m)
{
	m->assess.image = &m->image;
	m->report = (struct report){.input = &m->input,
				    .assess = &m->assess,
				    .disabled_count = m->disabled,
				    .version = PLIMSOLL_VERSION,
				    .now_ms = clock_wall_ms()};
}

int remote_image(const struct cli_server *s, const char *repository, struct bytes digest,
		 const char *name, struct arena *a, struct remote *ret, struct err *e)
{
	struct fetch_reply reply = {0};
	struct json j;
	bool ok = true;
	struct cli_server_request q = {.path = image_path(repository, digest, "", a)};
	*ret = (struct remote){.input = {.name = bytes_of(name), .has_digest = true}};
	if (!q.path)
		return err_nomem(e);
	int r = cli_server_ask(s, &q, a, &reply, e);
	struct bytes text = r == 0 ? arena_bytes(a, buf_bytes(&reply.body), &ok) : BYTES_NONE;
	fetch_reply_free(&reply);
	if (r < 0)
		return e->code == ERR_NOT_FOUND ? 0 : r;
	if (!ok)
		return err_nomem(e);
	json_init(&j, text, a);
	if (read_image(&j, a, ret, e) < 0 || digest_parse(digest, &ret->input.digest, e) < 0)
		return err_ctx(e, "%s", s->url);
	point(ret);
	return 1;
}

int remote_none(const char *name, struct bytes digest, struct bytes reason, struct remote *ret,
		struct err *e)
{
	*ret = (struct remote){.input = {.name = bytes_of(name), .has_digest = true},
			       .assess = {.state = ASSESS_UNVERIFIED, .reason = reason},
			       .image = {.state = INV_NOTHING}};
	point(ret);
	return digest_parse(digest, &ret->input.digest, e);
}

struct listing {
	struct inv_package *rows; /* grown by realloc */
	size_t count, cap;
	struct assess_layer layers[LIMIT_LAYERS_MAX];
	size_t layer_count;
};

/* Make space for one more row of size bytes. */
static int grow(void **rows, size_t count, size_t *cap, size_t size, struct err *e)
{
	if (count < *cap)
		return 0;
	size_t more = *cap ? 2 * *cap : 256;
	void *p = reallocarray(*rows, more, size);
	if (!p)
		return err_set(e, ERR_NOMEM, "no memory for %zu rows", more);
	*rows = p;
	*cap = more;
	return 0;
}

/* The number of the layer with this digest, which is added when it is new. */
static uint32_t layer_of(struct listing *l, struct bytes digest)
{
	size_t i = 0;
	while (i < l->layer_count && !bytes_eq_lit(digest, l->layers[i].digest))
		i++;
	if (i == LIMIT_LAYERS_MAX || digest.len >= sizeof l->layers[i].digest)
		return UINT32_MAX;
	if (i == l->layer_count) {
		l->layers[i] = (struct assess_layer){.complete = true};
		if (digest.len)
			memcpy(l->layers[i].digest, digest.ptr, digest.len);
		l->layer_count++;
	}
	return (uint32_t)i;
}

static int on_package(void *arg, struct json *j, struct err *e)
{
	struct listing *l = arg;
	struct bytes layer = BYTES_NONE, class = BYTES_NONE;
	void *rows = l->rows;
	int r = grow(&rows, l->count, &l->cap, sizeof *l->rows, e);
	l->rows = rows;
	if (r < 0)
		return r;
	struct pkg p = {.class = PKG_OS};
	const struct bytes_slot slots[] = {
	    {"type", &p.type},
	    {"name", &p.name},
	    {"version", &p.version},
	    {"arch", &p.arch},
	    {"source_name", &p.source_name},
	    {"source_version", &p.source_version},
	    {"distro", &p.distro},
	    {"module", &p.module},
	    {"vendor", &p.vendor},
	    {"license", &p.license},
	    {"path", &p.path},
	    {"layer", &layer},
	    {"class", &class},
	};
	json_slots(j, BYTES_SLOTS(slots));
	p.class = eco_class_of(p.type);
	for (int n = 0; pkg_class_word(n); n++)
		if (bytes_eq_lit(class, pkg_class_word(n)))
			p.class = (enum pkg_class)n;
	p.namespace = bytes_part(p.distro, 0, bytes_find(p.distro, ':'));
	l->rows[l->count++] = (struct inv_package){.pkg = p, .layer = layer_of(l, layer)};
	return 0;
}

int remote_packages(const struct cli_server *s, const char *repository, struct bytes digest,
		    struct arena *a, struct remote *ret, struct err *e)
{
	const char *path = image_path(repository, digest, "/packages", a);
	struct listing *l = arena_alloc(a, 1, sizeof *l);
	if (!path || !l)
		return err_nomem(e);
	int r = cli_server_each(s, path, on_package, l, a, e);
	ret->image.packages = r == 0 ? arena_alloc(a, l->count, sizeof *l->rows) : NULL;
	if (r == 0 && !ret->image.packages)
		r = err_set(e, ERR_NOMEM, "no memory for %zu packages", l->count);
	if (r == 0 && l->count)
		memcpy(ret->image.packages, l->rows, l->count * sizeof *l->rows);
	ret->image.package_count = r == 0 ? l->count : 0;
	ret->assess.layers = l->layers;
	ret->assess.layer_count = l->layer_count;
	free(l->rows);
	return r;
}

struct reading {
	struct finding *rows; /* grown by realloc */
	size_t count, cap;
};

/* A purl says the type, by which versions are compared: "pkg:deb/…". */
static void name_type(struct finding_match *m)
{
	struct bytes rest = m->purl;
	if (bytes_eq_lit(bytes_cut(&rest, ':'), "pkg"))
		m->pkg.type = bytes_cut(&rest, '/');
	m->pkg.class = eco_class_of(m->pkg.type);
}

static int on_finding(void *arg, struct json *j, struct err *e)
{
	struct reading *g = arg;
	void *rows = g->rows;
	int r = grow(&rows, g->count, &g->cap, sizeof *g->rows, e);
	g->rows = rows;
	if (r < 0)
		return r;
	struct finding *f = &g->rows[g->count++];
	*f = (struct finding){.check = {.epss = -1, .epss_percentile = -1}};
	if (record_read(j, &finding_object, f, false, e) < 0)
		return -(int)e->code;
	if (json_ok(j) && f->match_listed == 0)
		return err_set(e, ERR_FORMAT, "a finding without matches");
	for (size_t i = 0; i < f->match_listed; i++)
		name_type(&f->matches[i]);
	finding_settle(f);
	f->subscription = f->registry = f->repository = f->digest =
	    BYTES_NONE; /* one image's: it goes without saying */
	return 0;
}

int remote_findings(const struct cli_server *s, const char *repository, struct bytes digest,
		    struct arena *a, struct remote *ret, struct err *e)
{
	struct reading g = {.rows = NULL};
	const char *path = image_path(repository, digest, "/findings", a);
	int r = path ? cli_server_each(s, path, on_finding, &g, a, e) : err_nomem(e);
	struct finding *rows = r == 0 ? arena_alloc(a, g.count, sizeof *rows) : NULL;
	if (r == 0 && !rows)
		r = err_set(e, ERR_NOMEM, "no memory for %zu findings", g.count);
	if (rows && g.count)
		memcpy(rows, g.rows, g.count * sizeof *rows);
	free(g.rows);
	if (!rows)
		return r;
	ret->report.findings = rows;
	ret->report.finding_count = g.count;
	return 0;
}
