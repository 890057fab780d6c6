#include "scan/travel_impl.h"

#include "base/io.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/own.h"
#include "oci/manifest.h"
#include "scan/pull_impl.h"
#include "vdb/delta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define MANIFEST_CAP (1U << 20) /* bytes */
#define BUDGET (4U << 20)
#define EMPTY_CONFIG "{}"
#define WORTH_PART 4 /* a delta larger than a fourth of the file is not worth it */

void travel_delta_tag(const char *base_generation, const char *file_sha256,
		      char out[TRAVEL_TAG_CAP])
{
	(void)snprintf(out, TRAVEL_TAG_CAP, "delta-%.20s-%.20s", base_generation, file_sha256);
}

int travel_open(const struct travel_place *place, struct arena *a, struct client *c,
		struct ref *ref, struct err *e)
{
	struct bytes text = bytes_of(place->ref);
	if (bytes_has_prefix_lit(text, TRAVEL_SCHEME))
		text = bytes_from(text, sizeof TRAVEL_SCHEME - 1);
	if (ref_parse(text, a, ref, e) < 0)
		return -(int)e->code;
	const struct client_options o = {
	    .credentials = place->credentials, .insecure = place->insecure, .stop = place->stop};
	return client_open(c, ref, &o, e);
}

/* What an artifact is made of. */
struct artifact {
	const char *type, *layer_type, *title, *layer_digest;
	uint64_t layer_len;
	const char *base; /* of a delta; NULL: none */
	const struct vdb_statement *is;
	const struct vdb *v;
	struct bytes signature;
	int64_t created_ms;
};

/* When each feed was fetched: the newest of its sources. */
static void put_feeds(struct json_out *w, const struct vdb *v)
{
	struct vdb_source s, other;
	for (size_t i = 0; vdb_source_get(v, i, &s); i++) {
		bool first = true;
		for (size_t k = 0; vdb_source_get(v, k, &other); k++) {
			if (!bytes_eq(other.feed, s.feed))
				continue;
			first = first && k >= i;
			if (other.fetched_ms > s.fetched_ms)
				s.fetched_ms = other.fetched_ms;
		}
		char key[128];
		(void)snprintf(key, sizeof key, TRAVEL_NOTE_FEED "%.*s", BYTES_ARG(s.feed));
		if (first)
			json_put_time(w, key, s.fetched_ms);
	}
}

static void put_descriptor(struct json_out *w, const char *key, const char *type,
			   const char *digest, uint64_t len)
{
	json_put_object(w, key);
	json_put_text(w, "mediaType", type);
	json_put_text(w, "digest", digest);
	json_put_u64(w, "size", len);
}

static void put_manifest(struct buf *out, const struct artifact *x)
{
	struct json_out w;
	struct digest d;
	char config[DIGEST_TEXT_CAP], length[24];
	digest_of(DIGEST_SHA256, BYTES_LIT(EMPTY_CONFIG), &d);
	digest_text(&d, config);
	json_out_init(&w, out, false);
	json_put_object(&w, NULL);
	json_put_u64(&w, "schemaVersion", 2);
	json_put_text(&w, "mediaType", OCI_MANIFEST_TYPE);
	json_put_text(&w, "artifactType", x->type);
	put_descriptor(&w, "config", OCI_EMPTY_TYPE, config, sizeof EMPTY_CONFIG - 1);
	json_put_end(&w, '}');
	json_put_array(&w, "layers");
	put_descriptor(&w, NULL, x->layer_type, x->layer_digest, x->layer_len);
	json_put_object(&w, "annotations");
	json_put_text(&w, TRAVEL_NOTE_TITLE, x->title);
	json_put_end(&w, '}');
	json_put_end(&w, '}');
	json_put_end(&w, ']');
	json_put_object(&w, "annotations");
	json_put_time(&w, TRAVEL_NOTE_CREATED, x->created_ms);
	json_put_text(&w, TRAVEL_NOTE_GENERATION, vdb_digest(x->v));
	json_put_text(&w, TRAVEL_NOTE_FILE, x->is->file);
	(void)snprintf(length, sizeof length, "%llu", (unsigned long long)x->is->file_len);
	json_put_text(&w, TRAVEL_NOTE_LENGTH, length);
	if (x->base)
		json_put_text(&w, TRAVEL_NOTE_BASE, x->base);
	json_put_string_nonempty(&w, TRAVEL_NOTE_SIGNATURE, x->signature);
	put_feeds(&w, x->v);
	json_put_end(&w, '}');
	json_put_end(&w, '}');
}

static int put_artifact(struct client *c, const char *tag, const struct artifact *x,
			char ret_digest[DIGEST_TEXT_CAP], struct err *e)
{
	struct digest d;
	struct buf text;
	buf_init(&text, MANIFEST_CAP);
	put_manifest(&text, x);
	digest_of(DIGEST_SHA256, BYTES_LIT(EMPTY_CONFIG), &d);
	int r = buf_ok(&text) ? client_put_blob(c, &d, NULL, EMPTY_CONFIG, e) : err_nomem(e);
	if (r == 0)
		r = client_put_manifest(c, tag, buf_cstr(&text), OCI_MANIFEST_TYPE, e);
	if (r == 0 && ret_digest) {
		digest_of(DIGEST_SHA256, buf_bytes(&text), &d);
		digest_text(&d, ret_digest);
	}
	buf_free(&text);
	return r;
}

struct pushing {
	const struct travel_push *p;
	struct client *c;
	const struct vdb *v;
	struct vdb_statement is; /* of v */
};

static void say(const struct pushing *w, const char *base, const char *why)
{
	char text[1024];
	(void)snprintf(text, sizeof text, "no delta from %s: %s", base, why);
	if (w->p->on_note)
		w->p->on_note(w->p->arg, text);
}

static int put_delta(const struct pushing *w, const struct vdb *old, struct bytes delta,
		     struct err *e)
{
	char tag[TRAVEL_TAG_CAP], digest[DIGEST_TEXT_CAP];
	struct digest d;
	OWN_FD int fd = pull_temporary(e);
	if (fd < 0 || io_write(fd, delta.ptr, delta.len, e) < 0)
		return -(int)e->code;
	const struct fetch_file file = {.fd = fd, .len = delta.len};
	digest_of(DIGEST_SHA256, delta, &d);
	digest_text(&d, digest);
	travel_delta_tag(vdb_digest(old), w->is.file, tag);
	const struct artifact x = {.type = TRAVEL_DELTA_TYPE,
				   .layer_type = TRAVEL_DELTA_TYPE,
				   .is = &w->is,
				   .title = "plimsoll.vdb-delta",
				   .layer_digest = digest,
				   .layer_len = delta.len,
				   .base = vdb_digest(old),
				   .v = w->v,
				   .created_ms = vdb_built_ms(w->v)};
	int r = client_put_blob(w->c, &d, &file, NULL, e);
	return r < 0 ? r : put_artifact(w->c, tag, &x, NULL, e);
}

/* A delta that cannot be made is no reason not to push the whole. */
static int push_delta(const struct pushing *w, const char *base, struct err *e)
{
	struct err why = ERR_INIT;
	struct buf delta;
	buf_init(&delta, LIMIT_VDB_DELTA_MAX);
	struct vdb *old = vdb_open(base, &why);
	int made = old ? vdb_verify(old, &why) : -1, r = 0;
	if (made == 0)
		made = vdb_delta_make(old, w->v, &delta, &why);
	if (made == 0 && delta.len > w->is.file_len / WORTH_PART)
		made = err_set(&why, ERR_LIMIT, "it would be %zu bytes", delta.len);
	if (made < 0)
		say(w, base, why.msg);
	else
		r = put_delta(w, old, buf_bytes(&delta), e);
	vdb_close(old);
	buf_free(&delta);
	return r;
}

static int read_signature(const struct pushing *w, struct buf *text, int64_t *ret_created,
			  struct err *e)
{
	struct vdb_statement s;
	int r = vdb_signature_beside(w->p->file, text, e);
	if (r == -ERR_NOT_FOUND) {
		*e = (struct err)ERR_INIT;
		return 0;
	}
	if (r == 0)
		r = vdb_statement_read(buf_bytes(text), &s, e);
	if (r == 0)
		r = vdb_statement_fits(&s, w->v, NULL, e);
	if (r == 0)
		*ret_created = s.created_ms;
	return r < 0 ? err_ctx(e, "%s" VDB_SIGNATURE_ENDING, w->p->file) : 0;
}

/* The layer: the file compressed. */
static int put_file(const struct pushing *w, struct digest *d, uint64_t *ret_len, struct err *e)
{
	OWN_FD int fd = open(w->p->file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "%s", w->p->file);
	OWN_FD int packed = travel_pack(w->p->pool, fd, ret_len, e);
	if (packed < 0 || travel_digest(packed, d, e) < 0)
		return -(int)e->code;
	const struct fetch_file file = {.fd = packed, .len = *ret_len};
	return client_put_blob(w->c, d, &file, NULL, e);
}

static int push_file(struct pushing *w, const char *tag, char ret_digest[DIGEST_TEXT_CAP],
		     struct err *e)
{
	char digest[DIGEST_TEXT_CAP];
	struct digest d;
	struct buf text;
	struct artifact x = {.type = TRAVEL_TYPE,
			     .layer_type = TRAVEL_PACKED_TYPE,
			     .title = "plimsoll.vdb.zst",
			     .layer_digest = digest,
			     .is = &w->is,
			     .v = w->v,
			     .created_ms = vdb_built_ms(w->v)};
	buf_init(&text, VDB_SIGNATURE_MAX);
	int r = read_signature(w, &text, &x.created_ms, e);
	x.signature = buf_bytes(&text);
	if (r == 0)
		r = put_file(w, &d, &x.layer_len, e);
	if (r == 0)
		digest_text(&d, digest);
	/* Deltas come first: who sees the tag finds them. */
	for (size_t i = 0; r == 0 && i < w->p->base_count; i++)
		r = push_delta(w, w->p->bases[i], e);
	if (r == 0)
		r = put_artifact(w->c, tag, &x, ret_digest, e);
	buf_free(&text);
	return r;
}

int travel_push(const struct travel_push *p, char ret_digest[DIGEST_TEXT_CAP], struct err *e)
{
	struct arena a;
	struct client c = {.push = false};
	struct ref ref = {.has_digest = false};
	struct pushing w = {.p = p, .c = &c};
	arena_init(&a, BUDGET);
	struct vdb *v = vdb_open(p->file, e);
	int r = v ? vdb_verify(v, e) : -(int)e->code;
	if (v && r < 0)
		r = err_ctx(e, "%s", p->file);
	if (r == 0)
		r = travel_open(&p->to, &a, &c, &ref, e);
	if (r == 0 && (ref.has_digest || !ref.tag.len))
		r = err_set(e, ERR_FORMAT, "%s: a push needs a tag", p->to.ref);
	char *tag = r == 0 ? arena_cstr(&a, ref.tag) : NULL;
	if (r == 0 && !tag)
		r = err_nomem(e);
	if (r == 0) {
		c.push = true;
		w.v = v;
		vdb_statement_of(v, &w.is);
		r = push_file(&w, tag, ret_digest, e);
		if (r < 0)
			r = err_ctx(e, "%s", p->to.ref);
	}
	client_close(&c);
	vdb_close(v);
	arena_free(&a);
	return r;
}
