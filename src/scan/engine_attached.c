/* What is attached to an image, as a scan reads it: manifests whose subject is the image or an
 * index of it, and what cosign attached by tags. What the statements of those that are applied come
 * to is a part of the image's policy: they disable the checks that they take out whole. A check
 * that has other matches, too, is left alone. Every list reads policies, so theirs are short. */
#include "scan/engine_attached.h"

#include "base/clock.h"
#include "base/own.h"
#include "ledger/policy.h"
#include "match/rule.h"
#include "scan/assess.h"
#include "store/attached.h"

#include <stdlib.h>
#include <string.h>

#define MANIFEST_MAX (256U << 10)	    /* bytes of a manifest that holds documents */
#define FINDINGS_BUDGET ((size_t)512 << 20) /* bytes: an image's matches */
#define TEXT_MAX 512U			    /* bytes of what a statement says, in lists */
#define INDEXES_MAX 64U
#define MEMBERS_MAX (128U << 10) /* bytes: 300 statements with a sentence of their own each */

struct collecting {
	struct engine_attached *x;
	struct engine *g;
	const struct store_scan *scan;
	struct arena *a;
	size_t cap;
};

static int add_place(struct collecting *c, struct bytes digest, int64_t pushed_at, bool of_index,
		     struct err *e)
{
	struct engine_attached *x = c->x;
	if (x->place_count == LIMIT_ATTACHED_SEEN) {
		x->left_out++;
		return 0;
	}
	struct engine_attached_place *more =
	    arena_grow(c->a, x->places, x->place_count, &c->cap, sizeof *more);
	if (!more)
		return err_nomem(e);
	x->places = more;
	more[x->place_count++] = (struct engine_attached_place){
	    .digest = digest, .pushed_at = pushed_at, .of_index = of_index};
	return 0;
}

static int add_tagged(struct collecting *c, const struct store_registry *t, struct bytes subject,
		      const char *kind, bool of_index, struct err *e)
{
	char name[DIGEST_TEXT_CAP + 8];
	struct bytes digest;
	struct store_manifest m;
	if (!attached_tag(subject, kind, name, sizeof name))
		return 0;
	int r = store_tag_find(t, c->scan->repository_id, bytes_of(name), c->a, &digest, e);
	if (r > 0)
		r = store_manifest_find(t, c->scan->repository_id, digest, false, c->a, &m, e);
	return r > 0 ? add_place(c, digest, m.pushed_at, of_index, e) : r;
}

static int add_subject(struct collecting *c, const struct store_registry *t, struct bytes subject,
		       bool of_index, struct err *e)
{
	struct store_page page = {.n = LIMIT_ATTACHED_SEEN};
	struct store_manifests found = {.more = true};
	while (found.more && c->x->place_count < LIMIT_ATTACHED_SEEN) {
		if (store_referrers(t, c->scan->repository_id, subject, &page, c->a, &found, e) < 0)
			return -(int)e->code;
		for (size_t i = 0; i < found.count; i++)
			if (add_place(c, found.items[i].digest, found.items[i].pushed_at, of_index,
				      e) < 0)
				return -(int)e->code;
		if (!found.count)
			break;
		page.after = found.items[found.count - 1].digest;
	}
	c->x->left_out += found.more && found.count;
	return add_tagged(c, t, subject, "att", of_index, e) < 0 ||
		       add_tagged(c, t, subject, "sbom", of_index, e) < 0
		   ? -(int)e->code
		   : 0;
}

/* The newest first: those are read where there are too many. */
static int by_time(const void *a, const void *b)
{
	const struct engine_attached_place *x = a, *y = b;
	if (x->pushed_at != y->pushed_at)
		return x->pushed_at > y->pushed_at ? -1 : 1;
	return bytes_cmp(x->digest, y->digest);
}

static int collect(struct collecting *c, struct db_tx *tx, struct err *e)
{
	const struct store_registry t = {.tx = tx, .registry = c->scan->registry_id};
	struct engine_attached *x = c->x;
	x->place_count = x->left_out = 0;
	x->places = NULL;
	c->cap = 0;
	if (store_attached_indexes(&t, c->scan->repository_id, c->scan->digest, INDEXES_MAX, c->a,
				   &x->indexes, e) < 0 ||
	    add_subject(c, &t, c->scan->digest, false, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < x->indexes.count; i++)
		if (add_subject(c, &t, x->indexes.items[i], true, e) < 0)
			return -(int)e->code;
	if (x->place_count)
		qsort(x->places, x->place_count, sizeof *x->places, by_time);
	return 0;
}

static int collect_tx(struct db_tx *tx, void *arg, struct err *e)
{
	return collect(arg, tx, e);
}

/* One manifest's documents. What of it cannot be read is said of it. */
static int read_place(struct collecting *c, const struct engine_attached_place *p, struct arena *a,
		      struct err *e)
{
	struct registry *registry = engine_registry(c->g, c->scan, e);
	struct store_manifest row = {.size = 0};
	struct oci_manifest m;
	struct err why = ERR_INIT;
	struct attached_source s = {.manifest = p->digest, .of_index = p->of_index};
	int r = registry ? registry_manifest_get(registry, c->scan->repository, p->digest, true, a,
						 &row, e)
			 : -(int)e->code;
	if (r <= 0)
		return r < 0 && e->code != ERR_DAMAGED ? r
						       : 0; /* deleted meanwhile: noticed later */
	s.type = row.artifact_type;
	if (row.content.len > MANIFEST_MAX)
		return 0;
	if (oci_manifest_parse(row.content, row.media_type, a, &m, &why) < 0)
		return why.code == ERR_NOMEM ? err_nomem(e)
					     : attached_unread(&c->x->docs, &s, why.msg, e);
	for (size_t i = 0; m.kind == OCI_IMAGE && i < m.layer_count; i++) {
		OWN_FD int fd = -1;
		if (!attached_is_document(&m, i, &s.type) || m.layers[i].digest.algo == DIGEST_NONE)
			continue;
		r = engine_open_layer(c->g, c->scan, &m.layers[i].digest, &fd, &s.len, &why);
		s.fd = fd;
		r = r < 0 ? attached_unread(&c->x->docs, &s, why.msg, e)
			  : attached_read(&c->x->docs, &s, c->g->o.pool, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int engine_attached_read(struct engine *g, const struct store_scan *s, struct arena *a,
			 struct engine_attached *x, struct err *e)
{
	struct collecting c = {.x = x, .g = g, .scan = s, .a = a};
	*x = (struct engine_attached){.place_count = 0};
	if (g->o.attached_use == ATTACHED_OFF)
		return 0;
	if (db_run(g->o.db, DB_READ, collect_tx, &c, e) < 0)
		return -(int)e->code;
	const struct exception_image image = {.path = s->repository,
					      .digest = s->digest,
					      .indexes = x->indexes.items,
					      .index_count = x->indexes.count};
	attached_init(&x->docs, g->o.attached_use, g->o.attached_keys, &image);
	for (size_t i = 0; i < x->place_count; i++) {
		struct arena of_one;
		arena_init(&of_one, 16U << 20);
		int r = read_place(&c, &x->places[i], &of_one, e);
		arena_free(&of_one);
		if (r < 0)
			return r;
	}
	x->docs.left_out += x->left_out;
	return 0;
}

int engine_attached_same(struct engine *g, struct db_tx *tx, const struct store_scan *s,
			 struct arena *a, const struct engine_attached *x, struct err *e)
{
	struct engine_attached now = {.place_count = 0};
	struct collecting c = {.x = &now, .g = g, .scan = s, .a = a};
	if (g->o.attached_use == ATTACHED_OFF)
		return 0;
	if (collect(&c, tx, e) < 0)
		return -(int)e->code;
	bool same = now.place_count == x->place_count && now.indexes.count == x->indexes.count;
	for (size_t i = 0; same && i < now.place_count; i++)
		same = bytes_eq(now.places[i].digest, x->places[i].digest);
	for (size_t i = 0; same && i < now.indexes.count; i++)
		same = bytes_eq(now.indexes.items[i], x->indexes.items[i]);
	return same ? 0
		    : err_set(e, ERR_CONFLICT, "what is attached to the image changed meanwhile");
}

/* What statements of one document say in the same words is one member. */
static int by_words(const struct exception *x, const struct exception *y)
{
	int r = bytes_cmp(x->source, y->source);
	r = r ? r : (x->status > y->status) - (x->status < y->status);
	r = r ? r : bytes_cmp(x->justification, y->justification);
	return r ? r : bytes_cmp(x->statement, y->statement);
}

static int by_statement(const void *a, const void *b)
{
	const struct exception_hit *x = a, *y = b;
	int r = x->by == y->by ? 0 : by_words(x->by, y->by);
	return r ? r : (x->check.id > y->check.id) - (x->check.id < y->check.id);
}

/* "not_affected (component_not_present): text". */
static void put_text(struct buf *out, const struct exception *x)
{
	buf_put_text(out, adv_status_word(x->status));
	if (x->justification.len) {
		buf_put_text(out, " (");
		buf_put(out, bytes_part(x->justification, 0, TEXT_MAX));
		buf_put_text(out, ")");
	}
	if (x->statement.len) {
		buf_put_text(out, ": ");
		buf_put(out, bytes_part(x->statement, 0, TEXT_MAX));
	}
}

/* Checks that statements of the same words take out whole, as a member of the policy. */
static void put_member(const struct exception_hit *hits, size_t count, size_t place, uint64_t *ids,
		       struct buf *out)
{
	struct buf text;
	struct bytes source = hits->by->source;
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		if (n == 0 || ids[n - 1] != hits[i].check.id)
			ids[n++] = hits[i].check.id;
	buf_init(&text, 4 * TEXT_MAX);
	put_text(&text, hits->by);
	policy_attached_put(out,
			    &(const struct policy_attached){
				.document = bytes_part(source, 0, bytes_find(source, ' ')),
				.text = buf_bytes(&text),
				.ids = ids,
				.id_count = n},
			    place);
	out->failed |= !buf_ok(&text);
	buf_free(&text);
}

static int put_members(struct exception_hit *hits, size_t count, struct buf *out, struct err *e)
{
	OWN_FREE uint64_t *ids = own_calloc(RULE_VALUES_MAX, sizeof *ids);
	size_t n = 0, place = 0;
	if (!ids)
		return err_nomem(e);
	for (size_t i = 0; i < count; i++)
		if (hits[i].whole)
			hits[n++] = hits[i];
	if (n)
		qsort(hits, n, sizeof *hits, by_statement);
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from;
		     to < n && to - from < RULE_VALUES_MAX &&
		     (hits[to].by == hits[from].by || by_words(hits[to].by, hits[from].by) == 0);)
			to++;
		put_member(&hits[from], to - from, place++, ids, out);
		if (out->len > MEMBERS_MAX)
			return err_set(e, ERR_LIMIT,
				       "what the statements take out takes more than %u KiB",
				       MEMBERS_MAX >> 10);
	}
	return buf_ok(out) ? 0 : err_nomem(e);
}

/* What documents that are applied take out, as members of the image's policy. */
static int work_out(const struct attached *docs, const struct assess_input *in, struct arena *a,
		    struct buf *out, struct err *e)
{
	struct assess as = {.finding_count = 0};
	int r = assess_image(in, a, &as, e);
	struct exception_findings f = {
	    .items = as.findings, .count = as.finding_count, .steps_max = LIMIT_ATTACHED_STEPS};
	if (r == 0)
		r = exceptions_apply(&docs->applied, &docs->image, in->now_ms, &f, a, e);
	if (r == 0)
		r = put_members(f.hits, f.hit_count, out, e);
	if (r == -ERR_NOMEM && arena_is_spent(a))
		r = err_set(e, ERR_LIMIT,
			    "the image has more findings than statements are compared with");
	return r;
}

int engine_attached_decide(struct engine_attached *x, const struct assess_input *in,
			   struct arena *keep, struct err *e)
{
	struct arena a;
	struct buf out;
	bool ok = true;
	if (!x->docs.applied.count)
		return 0;
	x->docs.image.arch = in->platform->arch;
	arena_init(&a, FINDINGS_BUDGET);
	buf_init(&out, 2 * MEMBERS_MAX);
	int r = work_out(&x->docs, in, &a, &out, e);
	if (r == 0)
		x->body = arena_bytes(keep, buf_bytes(&out), &ok);
	else if (r == -ERR_LIMIT) /* the image is assessed without them */
		r = attached_set_aside(&x->docs, e);
	buf_free(&out);
	arena_free(&a);
	return ok ? r : err_nomem(e);
}

void engine_attached_free(struct engine_attached *x)
{
	attached_free(&x->docs);
}
