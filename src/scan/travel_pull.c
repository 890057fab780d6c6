#include "scan/travel_impl.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/own.h"
#include "oci/manifest.h"
#include "scan/pull_impl.h"
#include "vdb/delta.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define BUDGET (16U << 20)
#define PATH_CAP 4200
#define WHOLE_CAP (PATH_CAP + 8)
#define PLAIN_ENDING ".plain"
#define PART_ENDING ".part-" /* and the beginning of the file's SHA-256 */

struct pulling {
	const struct travel_pull *p;
	struct travel_pulled *ret;
	struct client *c;
	struct arena *a;
	struct oci_descriptor layer;
	bool packed;			      /* the layer is compressed */
	uint64_t file_len;		      /* of the plain file */
	struct bytes file, length, signature; /* as annotated, "" = not */
	struct vdb *current;		      /* NULL: none */
	struct vdb_statement said;	      /* of the signature, if keys are wanted */
	char part[PATH_CAP];		      /* what is fetched, until it is whole */
	char whole[WHOLE_CAP];		      /* the plain file, which takes the place: or part */
};

static bool wants_signature(const struct pulling *w)
{
	return w->p->keys.len > 0;
}

static int take_annotations(struct pulling *w, struct bytes text, struct err *e)
{
	struct json j;
	if (!text.len)
		return 0;
	json_init(&j, text, w->a);
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, TRAVEL_NOTE_FILE))
				w->file = json_string(&j);
			else if (bytes_eq_lit(key, TRAVEL_NOTE_LENGTH))
				w->length = json_string(&j);
			else if (bytes_eq_lit(key, TRAVEL_NOTE_SIGNATURE))
				w->signature = json_string(&j);
			else
				json_skip(&j);
		}
	}
	return json_finish(&j, e);
}

/* The layer of an artifact of this type, which has one, and the manifest's annotations. */
static int take_manifest(struct pulling *w, struct bytes reference, const char *type,
			 struct oci_descriptor *ret_layer, struct bytes *ret_notes, struct err *e)
{
	struct buf text;
	struct bytes content_type;
	struct oci_manifest m = {.kind = OCI_IMAGE};
	buf_init(&text, LIMIT_MANIFEST_MAX);
	int r = client_manifest(w->c, reference, &text, &content_type, e);
	bool ok = true;
	struct bytes kept = r == 0 ? arena_bytes(w->a, buf_bytes(&text), &ok) : BYTES_NONE;
	if (r == 0)
		r = ok ? oci_manifest_parse(kept, content_type, w->a, &m, e) : err_nomem(e);
	buf_free(&text);
	if (r < 0)
		return r;
	if (m.kind != OCI_IMAGE || !bytes_eq_lit(m.artifact_type, type) || m.layer_count != 1 ||
	    !m.layers || m.layers[0].digest.algo != DIGEST_SHA256)
		return err_set(e, ERR_UNSUPPORTED,
			       "not a vulnerability database: an artifact of type \"%.*s\"",
			       BYTES_ARG(bytes_part(m.artifact_type, 0, 100)));
	*ret_layer = m.layers[0];
	*ret_notes = m.annotations;
	return 0;
}

/* Which file the layer holds: by its own digest, or, compressed, by what the artifact says of it,
 * which must be so once it is plain. */
static int take_identity(struct pulling *w, struct err *e)
{
	uint8_t raw[32];
	if (bytes_eq_lit(w->layer.media_type, TRAVEL_PACKED_TYPE)) {
		w->packed = true;
		if (w->file.len != 2 * sizeof raw || !num_hex_decode(w->file, raw, sizeof raw) ||
		    !num_u64(w->length, UINT64_MAX, &w->file_len))
			return err_set(e, ERR_FORMAT,
				       "the artifact does not say which file its layer holds");
	} else if (bytes_eq_lit(w->layer.media_type, TRAVEL_TYPE)) {
		memcpy(raw, w->layer.digest.hash, sizeof raw);
		w->file_len = w->layer.size;
	} else {
		return err_set(e, ERR_UNSUPPORTED,
			       "a database in a layer of type \"%.*s\": a newer Plimsoll reads it",
			       BYTES_ARG(bytes_part(w->layer.media_type, 0, 100)));
	}
	num_hex_encode((struct bytes){.ptr = raw, .len = sizeof raw}, w->ret->file);
	if (w->file_len > LIMIT_VDB_MAX || w->layer.size > LIMIT_VDB_MAX)
		return err_set(e, ERR_LIMIT, "a database of %llu bytes, more than %llu",
			       (unsigned long long)w->file_len, (unsigned long long)LIMIT_VDB_MAX);
	return 0;
}

static int take_file(struct pulling *w, const struct ref *ref, struct err *e)
{
	char digest[DIGEST_TEXT_CAP];
	struct bytes reference = ref->tag, notes = BYTES_NONE;
	if (ref->has_digest) {
		digest_text(&ref->digest, digest);
		reference = bytes_of(digest);
	}
	if (take_manifest(w, reference, TRAVEL_TYPE, &w->layer, &notes, e) < 0 ||
	    take_annotations(w, notes, e) < 0)
		return -(int)e->code;
	return take_identity(w, e);
}

/* Before anything else is fetched: who vouches for it, and for this very file? */
static int check_signature(struct pulling *w, struct err *e)
{
	if (!wants_signature(w))
		return 0;
	if (!w->signature.len)
		return err_set(
		    e, ERR_DENIED,
		    "not signed: a key for databases is configured, and the artifact has "
		    "no signature");
	if (vdb_signature_check(w->p->keys, w->signature, &w->said, e) < 0)
		return -(int)e->code;
	if (w->p->name && strcmp(w->said.name, w->p->name) != 0)
		return err_set(e, ERR_DENIED,
			       "the signature is of a database named \"%s\", not of \"%s\"",
			       w->said.name, w->p->name);
	if (strcmp(w->said.file, w->ret->file) != 0 || w->said.file_len != w->file_len)
		return err_set(e, ERR_DENIED, "the signature is of another file");
	return 0;
}

static int refuse_older(int64_t ms, int64_t current_ms, struct err *e)
{
	char is[CLOCK_RFC3339_CAP], was[CLOCK_RFC3339_CAP];
	clock_rfc3339(ms, is);
	clock_rfc3339(current_ms, was);
	return err_set(e, ERR_CONFLICT, "the database is of %s, older than the one in use (%s)", is,
		       was);
}

/* A signature that is checked says when it was made; the one beside the current file was checked
 * when that came here. */
static int check_age_signed(const struct pulling *w, struct err *e)
{
	struct buf text;
	struct vdb_statement s;
	struct err ignored = ERR_INIT;
	if (!w->current || w->p->may_be_older || !wants_signature(w))
		return 0;
	buf_init(&text, VDB_SIGNATURE_MAX);
	bool known = vdb_signature_beside(w->p->current, &text, &ignored) == 0 &&
		     vdb_signature_check(w->p->keys, buf_bytes(&text), &s, &ignored) == 0 &&
		     strcmp(s.generation, vdb_digest(w->current)) == 0;
	buf_free(&text);
	return known && w->said.created_ms < s.created_ms
		   ? refuse_older(w->said.created_ms, s.created_ms, e)
		   : 0;
}

static int check_age(const struct pulling *w, const struct vdb *v, struct err *e)
{
	if (!w->current || w->p->may_be_older || vdb_built_ms(v) >= vdb_built_ms(w->current))
		return 0;
	return refuse_older(vdb_built_ms(v), vdb_built_ms(w->current), e);
}

/* Parts of other files are not needed any more. */
static void sweep_parts(const struct pulling *w)
{
	const char *slash = strrchr(w->part, '/'), *leaf = slash ? slash + 1 : w->part;
	struct bytes stem = bytes_part(bytes_of(leaf), 0, strlen(leaf) - 16);
	char path[PATH_CAP];
	size_t n = (size_t)(leaf - w->part);
	memcpy(path, w->part, n);
	path[n] = '\0';
	OWN_DIR DIR *dir = opendir(n ? path : ".");
	for (const struct dirent *entry; dir && (entry = readdir(dir));) {
		struct bytes name = bytes_of(entry->d_name);
		if (bytes_has_prefix(name, stem) && !bytes_eq_lit(name, leaf))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	}
}

/* The blob into a file of our own, continued where it broke off. */
static int fetch_whole(struct pulling *w, struct err *e)
{
	struct stat st;
	OWN_FD int fd = open(w->part, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "%s", w->part);
	if ((uint64_t)st.st_size > w->layer.size && ftruncate(fd, 0) < 0)
		return err_sys(e, "%s", w->part);
	if ((uint64_t)st.st_size != w->layer.size &&
	    client_blob(w->c, &w->layer.digest, w->layer.size, fd, e) < 0)
		return -(int)e->code;
	w->ret->received = w->layer.size;
	return fsync(fd) < 0 ? err_sys(e, "%s", w->part) : 0;
}

/* The delta's bytes into out. ERR_NOT_FOUND: there is none. */
static int fetch_delta(struct pulling *w, struct buf *out, struct err *e)
{
	char tag[TRAVEL_TAG_CAP];
	struct oci_descriptor layer = {.size = 0};
	struct bytes notes;
	struct digest d;
	travel_delta_tag(vdb_digest(w->current), w->ret->file, tag);
	if (take_manifest(w, bytes_of(tag), TRAVEL_DELTA_TYPE, &layer, &notes, e) < 0)
		return -(int)e->code;
	if (layer.size > LIMIT_VDB_DELTA_MAX)
		return err_set(e, ERR_LIMIT, "it has %llu bytes", (unsigned long long)layer.size);
	OWN_FD int fd = pull_temporary(e);
	if (fd < 0)
		return -(int)e->code;
	if (client_blob(w->c, &layer.digest, LIMIT_VDB_DELTA_MAX, fd, e) < 0)
		return -(int)e->code;
	uint8_t *p = buf_room(out, (size_t)layer.size + 1);
	ssize_t n = p ? io_pread(fd, p, (size_t)layer.size + 1, 0, e) : err_nomem(e);
	if (n < 0)
		return (int)n;
	buf_commit(out, (size_t)n);
	digest_of(DIGEST_SHA256, buf_bytes(out), &d);
	return digest_eq(&d, &layer.digest)
		   ? 0
		   : err_set(e, ERR_INTEGRITY, "the content has a different digest");
}

/* The file by a delta. Whatever goes wrong, the whole is fetched: *ret->note says why. */
static bool by_delta(struct pulling *w)
{
	struct err e = ERR_INIT;
	struct buf delta, file;
	if (!w->current)
		return false;
	buf_init(&delta, (size_t)LIMIT_VDB_DELTA_MAX + 1);
	buf_init(&file, (size_t)LIMIT_VDB_MAX);
	int r = fetch_delta(w, &delta, &e);
	if (r == 0)
		r = vdb_delta_apply(w->current, buf_bytes(&delta), &file, &e);
	if (r == 0)
		r = io_replace_file(w->whole, buf_bytes(&file), 0644, &e);
	w->ret->by_delta = r == 0;
	w->ret->received = delta.len;
	if (r < 0 && e.code != ERR_NOT_FOUND)
		(void)snprintf(w->ret->note, sizeof w->ret->note, "%s", e.msg);
	buf_free(&delta);
	buf_free(&file);
	return r == 0;
}

/* What was fetched is the file that was promised, a whole database, and not an older one. */
static int check_part(const struct pulling *w, struct err *e)
{
	struct vdb_statement is = {.created_ms = 0};
	struct vdb *v = vdb_open(w->whole, e);
	if (!v)
		return -(int)e->code;
	vdb_statement_of(v, &is);
	int r = 0;
	if (strcmp(is.file, w->ret->file) != 0 || is.file_len != w->file_len)
		r = err_set(e, ERR_INTEGRITY, "what was fetched has a different digest");
	if (r == 0)
		r = vdb_verify(v, e);
	if (r == 0 && wants_signature(w))
		r = vdb_statement_fits(&w->said, v, w->p->name, e);
	if (r == 0)
		r = check_age(w, v, e);
	vdb_close(v);
	return r;
}

/* Beside the file, or nothing: an old one would be of another file. */
static int put_signature(const struct pulling *w, const char *file, struct err *e)
{
	char path[PATH_CAP];
	(void)snprintf(path, sizeof path, "%s" VDB_SIGNATURE_ENDING, file);
	if (w->signature.len)
		return io_replace_file(path, w->signature, 0644, e);
	(void)unlink(path);
	return 0;
}

static int take_place(const struct pulling *w, struct err *e)
{
	char folder[PATH_CAP];
	if (rename(w->whole, w->p->to) < 0)
		return err_sys(e, "%s: rename", w->p->to);
	const char *slash = strrchr(w->p->to, '/');
	(void)snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - w->p->to) + 1 : 1,
		       slash ? w->p->to : ".");
	int r = io_sync_dir(folder, e);
	return r < 0 ? r : put_signature(w, w->p->to, e);
}

static bool is_here(const struct pulling *w)
{
	struct vdb_statement is = {.created_ms = 0};
	if (!w->current)
		return false;
	vdb_statement_of(w->current, &is);
	return strcmp(is.file, w->ret->file) == 0;
}

static int pull(struct pulling *w, const struct ref *ref, struct err *e)
{
	if (take_file(w, ref, e) < 0 || check_signature(w, e) < 0)
		return -(int)e->code;
	if (w->p->known && strcmp(w->p->known, w->ret->file) == 0)
		return 0;
	if (is_here(w)) /* a crash may have left it without its signature */
		return put_signature(w, w->p->current, e);
	if (check_age_signed(w, e) < 0)
		return -(int)e->code;
	int n = snprintf(w->part, sizeof w->part, "%s" PART_ENDING "%.16s", w->p->to, w->ret->file);
	if (n < 0 || (size_t)n >= sizeof w->part - sizeof PLAIN_ENDING)
		return err_set(e, ERR_FORMAT, "the path is too long");
	(void)snprintf(w->whole, sizeof w->whole, "%s" PLAIN_ENDING, w->part);
	sweep_parts(w);
	bool patched = by_delta(w);
	int r = patched ? 0 : fetch_whole(w, e);
	if (r < 0)
		return r;
	if (!patched && !w->packed)
		memcpy(w->whole, w->part, sizeof w->part);
	else if (!patched)
		r = travel_unpack(w->p->pool, w->part, w->file_len, w->whole, e);
	if (r == 0)
		r = check_part(w, e);
	if (r == 0)
		r = take_place(w, e);
	/* Whole and in its place, or not what it should be. */
	(void)unlink(w->part);
	(void)unlink(w->whole);
	w->ret->changed = r == 0;
	return r;
}

/* A current file that is damaged is no base, and nothing to be older than. */
static struct vdb *open_current(const char *path)
{
	struct err ignored = ERR_INIT;
	struct vdb *v = path ? vdb_open(path, &ignored) : NULL;
	if (v && vdb_check(v, NULL, &ignored) < 0) {
		vdb_close(v);
		v = NULL;
	}
	return v;
}

int travel_pull(const struct travel_pull *p, struct travel_pulled *ret, struct err *e)
{
	struct arena a;
	struct client c = {.push = false};
	struct ref ref = {.has_digest = false};
	*ret = (struct travel_pulled){.changed = false};
	struct pulling w = {.p = p, .ret = ret, .c = &c, .a = &a};
	arena_init(&a, BUDGET);
	int r = travel_open(&p->from, &a, &c, &ref, e);
	if (r == 0) {
		c.o.is_configured = true;
		w.current = open_current(p->current);
		r = pull(&w, &ref, e);
	}
	vdb_close(w.current);
	client_close(&c);
	arena_free(&a);
	return r < 0 ? err_ctx(e, "%s", p->from.ref) : 0;
}
