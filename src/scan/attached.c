#include "scan/attached.h"

#include "attest/head.h"
#include "attest/verify.h"
#include "base/io.h"
#include "base/own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_BUDGET ((size_t)4 << 20)	/* bytes: rows and their notes */
#define HEAD_BUDGET ((size_t)4 << 20)	/* bytes: subjects of a document */
#define BILLS_BUDGET ((size_t)64 << 20) /* bytes: what bills list */
#define ENVELOPE_BUDGET ((size_t)128 << 20)

const char *attached_use_word(int use)
{
	static const char *const words[] = {"off", "show", "apply"};
	return (unsigned)use < sizeof words / sizeof *words ? words[use] : NULL;
}

const char *attached_state_word(enum attached_state s)
{
	static const char *const words[] = {"applied", "shown", "of_another_image", "not_read"};
	return words[s];
}

const char *attached_signature_word(enum attached_signature s)
{
	static const char *const words[] = {"unsigned", "unverified", "verified"};
	return words[s];
}

void attached_init(struct attached *x, enum attached_use use, struct bytes keys,
		   const struct exception_image *image)
{
	*x = (struct attached){.use = use, .keys = keys, .image = *image};
	arena_init(&x->arena, ROWS_BUDGET);
	arena_init(&x->bill_arena, BILLS_BUDGET);
	exceptions_init(&x->applied);
	exceptions_init(&x->shown);
}

void attached_free(struct attached *x)
{
	exceptions_free(&x->applied);
	exceptions_free(&x->shown);
	arena_free(&x->arena);
	arena_free(&x->bill_arena);
	*x = (struct attached){.count = 0};
}

/* One of these words within a media, artifact or predicate type. */
static bool has_word(struct bytes type, const char *const *words)
{
	for (; *words; words++)
		for (size_t i = 0; i < type.len; i++)
			if (bytes_has_prefix_nocase(bytes_from(type, i), bytes_of(*words)))
				return true;
	return false;
}

/* An annotation that says which predicate a statement has. */
static struct bytes predicate_type(struct bytes annotations)
{
	static const char *const keys[] = {"predicateType", "in-toto.io/predicate-type",
					   "dev.sigstore.bundle.predicateType"};
	struct bytes found = BYTES_NONE;
	struct arena a;
	struct json j;
	arena_init(&a, 1U << 20);
	json_init(&j, annotations, &a);
	if (annotations.len && json_enter_object(&j))
		for (struct bytes key; json_next_key(&j, &key);) {
			bool is = false;
			for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
				is = is || bytes_eq_lit(key, keys[i]);
			struct bytes raw = json_raw(&j);
			/* As it is written: a URI has no escapes. */
			if (is && raw.len > 2 && raw.ptr[0] == '"')
				found = bytes_part(raw, 1, raw.len - 2);
		}
	arena_free(&a);
	return found;
}

static const char *const documents[] = {"vex", "csaf", "cyclonedx", "spdx", NULL};
static const char *const wrapped[] = {"in-toto", "dsse", "sigstore.bundle", NULL};
static const char *const unstated[] = {"empty", "unknown", "image.config", NULL};

bool attached_may_be(struct bytes artifact_type)
{
	return !artifact_type.len || has_word(artifact_type, documents) ||
	       has_word(artifact_type, wrapped) || has_word(artifact_type, unstated);
}

bool attached_is_document(const struct oci_manifest *m, size_t layer, struct bytes *ret_type)
{
	const struct oci_descriptor *d = &m->layers[layer];
	struct bytes of_layer = predicate_type(d->annotations);
	struct bytes predicate = of_layer.len ? of_layer : predicate_type(m->annotations);
	*ret_type = predicate.len ? predicate : d->media_type;
	if (predicate.len)
		return has_word(predicate, documents);
	if (has_word(d->media_type, documents) || has_word(d->media_type, wrapped))
		return true;
	*ret_type = m->artifact_type;
	return has_word(m->artifact_type, documents) || has_word(m->artifact_type, wrapped);
}

static struct attached_doc *add_doc(struct attached *x, const struct attached_source *s,
				    struct err *e)
{
	bool ok, ok2;
	struct attached_doc *more = arena_grow(&x->arena, x->docs, x->count, &x->cap, sizeof *more);
	if (!more) {
		(void)err_nomem(e);
		return NULL;
	}
	x->docs = more;
	more[x->count] =
	    (struct attached_doc){.digest = arena_bytes(&x->arena, s->manifest, &ok),
				  .type = arena_bytes(&x->arena, bytes_part(s->type, 0, 256), &ok2),
				  .of_index = s->of_index};
	if (!ok || !ok2) {
		(void)err_nomem(e);
		return NULL;
	}
	return &more[x->count++];
}

static int set_note(struct attached *x, struct attached_doc *d, const char *text, struct err *e)
{
	const char *made = arena_printf(&x->arena, "%s", text);
	d->note = bytes_of(made);
	return made ? 0 : err_nomem(e);
}

int attached_unread(struct attached *x, const struct attached_source *s, const char *why,
		    struct err *e)
{
	if (x->count >= LIMIT_ATTACHED_COUNT) {
		x->left_out++;
		return 0;
	}
	struct attached_doc *d = add_doc(x, s, e);
	if (!d)
		return -(int)e->code;
	d->state = ATTACHED_UNREAD;
	return set_note(x, d, why, e);
}

/* What a worker sent. */
struct answer {
	struct buf statements, head, bill;
};

static int on_record(void *arg, enum task_record type, struct bytes body, struct err *e)
{
	struct answer *a = arg;
	struct buf *to = type == TASK_STATEMENTS ? &a->statements
			 : type == TASK_BILL	 ? &a->bill
						 : &a->head;
	if (to->len)
		return err_set(e, ERR_CHILD, "a worker sent two of what is one");
	buf_put(to, body);
	return buf_ok(to) ? 0 : err_nomem(e);
}

/* 1 = signed by one of the keys. */
static int look_at_signature(const struct attached *x, const struct attached_source *s,
			     struct err *e)
{
	struct arena a;
	struct attest_envelope envelope;
	int r = 0;
	if (!x->keys.len)
		return 0;
	arena_init(&a, ENVELOPE_BUDGET);
	uint8_t *text = arena_alloc(&a, (size_t)s->len, 1);
	ssize_t n = text ? io_pread(s->fd, text, (size_t)s->len, s->off, e) : err_nomem(e);
	if (n < 0)
		r = (int)n;
	else
		r = attest_envelope_read((struct bytes){.ptr = text, .len = (size_t)n}, &a,
					 &envelope, e);
	if (r > 0)
		r = attest_is_signed(&envelope, x->keys, e);
	if (r == -ERR_NOMEM && arena_is_spent(&a))
		r = err_set(e, ERR_LIMIT, "an envelope that needs more than %zu MiB",
			    ENVELOPE_BUDGET >> 20);
	arena_free(&a);
	return r;
}

/* The digest is the image's, or that of an index of it. */
static bool is_digest_of(const struct attached *x, struct bytes digest)
{
	bool is = bytes_eq(digest, x->image.digest);
	for (size_t k = 0; k < x->image.index_count && !is; k++)
		is = bytes_eq(digest, x->image.indexes[k]);
	return is;
}

static bool is_of_image(const struct attached *x, const struct attest_head *h)
{
	bool is = !h->is_statement;
	for (size_t i = 0; i < h->subject_count && !is; i++)
		is = is_digest_of(x, h->subjects[i]);
	return is;
}

/* Statements that are about other images are kept: they fit nothing, and are counted. */
static int take_statements(struct attached *x, struct attached_doc *d, const struct answer *a,
			   struct err *e)
{
	struct exceptions *to = d->state == ATTACHED_APPLIED ? &x->applied : &x->shown;
	size_t first = to->count, notes = to->note_count;
	const char *source = arena_printf(&x->arena, "%.*s (attached)", BYTES_ARG(d->digest));
	if (!source)
		return err_nomem(e);
	int r = exceptions_take(to, buf_bytes(&a->statements), bytes_of(source), e);
	if (r == 0 && x->applied.count + x->shown.count > LIMIT_ATTACHED_STATEMENTS)
		r = err_set(e, ERR_LIMIT, "more than %u statements are attached",
			    LIMIT_ATTACHED_STATEMENTS);
	if (r == -ERR_NOMEM && arena_is_spent(&to->arena))
		r = err_set(e, ERR_LIMIT, "too much is attached");
	if (r < 0) {
		to->count = first; /* nothing of half a document */
		return r;
	}
	d->statements = to->count - first;
	for (size_t i = first; i < to->count; i++)
		d->of_others += !exception_is_of(&to->items[i], &x->image);
	if (d->statements && d->of_others == d->statements) {
		d->state = ATTACHED_OF_ANOTHER;
		return set_note(x, d, "no statement in it is about this image", e);
	}
	if (to->note_count == notes)
		return 0;
	const char *note = arena_printf(&x->arena, "%.*s", BYTES_ARG(to->notes[notes]));
	d->note = bytes_of(note);
	return note ? 0 : err_nomem(e);
}

/* Kept as long as rows are; one for which there is no space is not, nor is one that is not trusted.
 * A bill that says which image it describes is about that one. */
static int take_bill(struct attached *x, struct attached_doc *d, const struct answer *a,
		     bool trusted, struct err *e)
{
	struct arena check;
	struct bill bill;
	bool ok = false;
	arena_init(&check, BILLS_BUDGET);
	int r = bill_take(buf_bytes(&a->bill), &check, &bill, e);
	if (r == -ERR_NOMEM && arena_is_spent(&check))
		r = err_set(e, ERR_LIMIT, "a bill of materials of more than %zu MiB",
			    BILLS_BUDGET >> 20);
	bool is_other =
	    r == 0 && exception_is_digest(bill.version) && !is_digest_of(x, bill.version);
	arena_free(&check);
	if (r < 0)
		return r;
	if (is_other) {
		d->state = ATTACHED_OF_ANOTHER;
		return set_note(x, d, "its bill of materials is another image's", e);
	}
	if (!trusted)
		return 0;
	if (!x->bills)
		x->bills = arena_alloc(&x->bill_arena, LIMIT_ATTACHED_COUNT, sizeof *x->bills);
	struct bytes kept = arena_bytes(&x->bill_arena, buf_bytes(&a->bill), &ok);
	if (x->bills && ok && bill_take(kept, &x->bill_arena, &bill, e) == 0) {
		x->bills[x->bill_count++] =
		    (struct attached_bill){.doc = (size_t)(d - x->docs), .bill = bill};
		return 0;
	}
	if (!arena_is_spent(&x->bill_arena))
		return err_nomem(e);
	*e = (struct err)ERR_INIT;
	d->state = ATTACHED_UNREAD;
	d->note = BYTES_LIT("bills of materials of more than 64 MiB are attached");
	return 0;
}

/* Its signature; 1 = it is about this image. */
static int take_head(struct attached *x, struct attached_doc *d, const struct attached_source *s,
		     const struct answer *a, struct err *e)
{
	struct arena scratch;
	struct attest_head head;
	arena_init(&scratch, HEAD_BUDGET);
	int r = attest_head_take(buf_bytes(&a->head), &scratch, &head, e);
	if (r == 0 && head.is_envelope) {
		r = look_at_signature(x, s, e);
		d->signature = r > 0 ? ATTACHED_VERIFIED : ATTACHED_UNVERIFIED;
	}
	if (r >= 0)
		r = is_of_image(x, &head);
	arena_free(&scratch);
	return r;
}

static int take_answer(struct attached *x, struct attached_doc *d, const struct attached_source *s,
		       const struct answer *a, struct err *e)
{
	int of_image = take_head(x, d, s, a, e);
	if (of_image < 0)
		return of_image;
	d->has_bill = a->bill.len > 0;
	bool trusted = !x->keys.len || d->signature == ATTACHED_VERIFIED;
	/* What a bill lists takes nothing out: it counts where VEX is only shown, too. */
	bool counts = x->use == ATTACHED_APPLY || !a->statements.len;
	d->state = counts && trusted ? ATTACHED_APPLIED : ATTACHED_SHOWN;
	if (!of_image) {
		d->state = ATTACHED_OF_ANOTHER;
		return set_note(x, d, "its subject is another image", e);
	}
	if (a->statements.len && take_statements(x, d, a, e) < 0)
		return -(int)e->code;
	if (a->bill.len && take_bill(x, d, a, trusted, e) < 0)
		return -(int)e->code;
	if (!a->statements.len && !a->bill.len) {
		d->state = ATTACHED_UNREAD;
		return set_note(x, d, "neither VEX nor a bill of materials", e);
	}
	if (!trusted && d->state == ATTACHED_SHOWN && !d->note.len)
		return set_note(x, d,
				"no signature of a key that is trusted, so it changes nothing", e);
	return 0;
}

/* What would meet any document ends the scan; the rest is the document's. */
static bool is_of_document(enum err_code code)
{
	return code != ERR_NOMEM && code != ERR_CANCELLED && code != ERR_IO && code != ERR_INTERNAL;
}

int attached_read(struct attached *x, const struct attached_source *s, struct pool *pool,
		  struct err *e)
{
	struct answer a;
	if (x->count >= LIMIT_ATTACHED_COUNT) {
		x->left_out++;
		return 0;
	}
	if (s->len > LIMIT_ATTACHED_MAX)
		return attached_unread(x, s, "it is larger than 32 MiB", e);
	struct attached_doc *d = add_doc(x, s, e);
	if (!d)
		return -(int)e->code;
	buf_init(&a.statements, LIMIT_ATTACHED_SAYS_MAX);
	buf_init(&a.head, LIMIT_FRAME_MAX);
	buf_init(&a.bill, LIMIT_INVENTORY_MAX);
	const struct pool_task task = {
	    .kind = TASK_READ_ATTACHED, .fd = s->fd, .out_fd = -1, .off = s->off, .len = s->len};
	const struct pool_reader reader = {.arg = &a, .record = on_record};
	int r = pool_run(pool, &task, &reader, e);
	if (r == 0)
		r = take_answer(x, d, s, &a, e);
	if (r < 0 && is_of_document(e->code)) {
		struct err why = *e;
		*e = (struct err)ERR_INIT;
		d->state = ATTACHED_UNREAD;
		r = set_note(x, d, why.msg, e);
	}
	buf_free(&a.statements);
	buf_free(&a.head);
	buf_free(&a.bill);
	return r;
}

int attached_set_aside(struct attached *x, struct err *e)
{
	struct err why = *e;
	*e = (struct err)ERR_INIT;
	for (size_t i = 0; i < x->count; i++) {
		struct attached_doc *d = &x->docs[i];
		if (d->state != ATTACHED_APPLIED || !d->statements)
			continue;
		d->state = ATTACHED_SHOWN;
		if (set_note(x, d, why.msg, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

void attached_put(struct json_out *w, const char *key, const struct attached *x)
{
	if (!x->count && !x->left_out)
		return;
	json_put_array(w, key);
	for (size_t i = 0; i < x->count; i++) {
		const struct attached_doc *d = &x->docs[i];
		json_put_object(w, NULL);
		json_put_string(w, "digest", d->digest);
		json_put_string(w, "type", d->type);
		json_put_text(w, "state", attached_state_word(d->state));
		json_put_text(w, "signature", attached_signature_word(d->signature));
		if (d->of_index)
			json_put_bool(w, "of_index", true);
		if (d->has_bill)
			json_put_bool(w, "bill_of_materials", true);
		json_put_u64(w, "statements", d->statements);
		if (d->packages)
			json_put_u64(w, "declared_packages", d->packages);
		if (d->of_others)
			json_put_u64(w, "statements_of_other_images", d->of_others);
		json_put_string_nonempty(w, "note", d->note);
		json_put_end(w, '}');
	}
	if (x->left_out) {
		char text[128];
		(void)snprintf(text, sizeof text, "%zu further ones: of an image %u are read",
			       x->left_out, LIMIT_ATTACHED_COUNT);
		json_put_object(w, NULL);
		json_put_text(w, "state", attached_state_word(ATTACHED_UNREAD));
		json_put_text(w, "note", text);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
}

bool attached_tag(struct bytes digest, const char *kind, char *out, size_t cap)
{
	size_t colon = bytes_find(digest, ':');
	int n = snprintf(out, cap, "%.*s-%.*s.%s", BYTES_ARG(bytes_part(digest, 0, colon)),
			 BYTES_ARG(bytes_from(digest, colon + 1)), kind);
	return n > 0 && (size_t)n < cap;
}

bool attached_tag_digest(struct bytes tag, char out[DIGEST_TEXT_CAP])
{
	struct digest d;
	struct err ignored = ERR_INIT;
	size_t dot = bytes_find_last(tag, '.');
	struct bytes kind = bytes_from(tag, dot < tag.len ? dot + 1 : dot);
	struct bytes name = bytes_part(tag, 0, dot);
	size_t dash = bytes_find(name, '-');
	if ((!bytes_eq_lit(kind, "att") && !bytes_eq_lit(kind, "sbom")) || dash == name.len)
		return false;
	int n = snprintf(out, DIGEST_TEXT_CAP, "%.*s:%.*s", BYTES_ARG(bytes_part(name, 0, dash)),
			 BYTES_ARG(bytes_from(name, dash + 1)));
	return n > 0 && n < DIGEST_TEXT_CAP && digest_parse(bytes_of(out), &d, &ignored) == 0;
}
