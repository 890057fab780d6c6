/* CSAF 2.0 (docs.oasis-open.org/csaf): a product tree gives products their purl, and relationships
 * say that one is a component of another; vulnerabilities list products by status. flags and impact
 * threats say why one is not affected. Branches are read from their own text, so that nothing
 * recurses. Products without a purl cannot be told from others here, and are counted. */
#include "base/clock.h"
#include "exception/parse.h"

#include <stdlib.h>
#include <string.h>

struct product {
	struct bytes id, purl;
	struct bytes whole; /* of a relationship: the product it is a component of */
	bool is_component;
};
/* What flags and threats say of a product, or, without one, of all: of several the last. */
struct reason {
	struct bytes product, label, details;
	size_t label_at, details_at; /* which said it, in the order of the document */
};
struct document {
	struct exceptions *x;
	struct bytes source;
	int64_t at_ms;
	struct product *products;
	size_t count, cap;
	struct bytes *queue; /* lists of branches */
	size_t queue_count, queue_cap, queue_next;
	struct reason *reasons; /* of the vulnerability at hand */
	size_t reason_count, reason_cap;
	size_t unresolved;
};

static int queue_add(struct document *d, struct bytes list, struct err *e)
{
	struct bytes *more =
	    arena_grow(&d->x->arena, d->queue, d->queue_count, &d->queue_cap, sizeof *more);
	if (!more)
		return err_nomem(e);
	d->queue = more;
	d->queue[d->queue_count++] = list;
	return 0;
}

static int product_add(struct document *d, const struct product *p, struct err *e)
{
	struct product *more =
	    arena_grow(&d->x->arena, d->products, d->count, &d->cap, sizeof *more);
	if (!more)
		return err_nomem(e);
	d->products = more;
	d->products[d->count++] = *p;
	return 0;
}

static struct bytes first_text(struct json *j)
{
	struct bytes first = BYTES_NONE;
	if (json_peek(j) == JSON_STRING)
		return json_string(j);
	if (!json_enter_array(j))
		return first;
	while (json_next_item(j)) {
		struct bytes text = json_string(j);
		first = first.len ? first : text;
	}
	return first;
}

/* [{"file_hashes": [{"algorithm": "sha256", "value": HEX}], "filename"}]: an image's digest. */
static struct bytes read_hash(struct exceptions *x, struct json *j)
{
	struct bytes algorithm = BYTES_NONE, value = BYTES_NONE;
	const struct bytes_slot slots[] = {{"algorithm", &algorithm}, {"value", &value}};
	json_slots_lenient(j, BYTES_SLOTS(slots));
	return bytes_eq_nocase(algorithm, BYTES_LIT("sha256")) ? exception_digest_of(x, value)
							       : BYTES_NONE;
}

static struct bytes read_hashes(struct exceptions *x, struct json *j)
{
	struct bytes digest = BYTES_NONE;
	if (!json_enter_array(j))
		return digest;
	while (json_next_item(j)) {
		if (!json_enter_object(j))
			return digest;
		for (struct bytes key; json_next_key(j, &key);) {
			if (!bytes_eq_lit(key, "file_hashes") || !json_enter_array(j)) {
				json_skip(j);
				continue;
			}
			while (json_next_item(j)) {
				struct bytes one = read_hash(x, j);
				digest = one.len ? one : digest;
			}
		}
	}
	return digest;
}

/* A full product name: {"product_id", "product_identification_helper": {"purl", "hashes"}}. */
static void read_product(struct exceptions *x, struct json *j, struct product *p)
{
	struct bytes digest = BYTES_NONE;
	if (!json_enter_object(j))
		return;
	for (struct bytes key; json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "product_id") && json_peek(j) == JSON_STRING) {
			p->id = json_string(j);
		} else if (bytes_eq_lit(key, "product_identification_helper") &&
			   json_peek(j) == JSON_OBJECT && json_enter_object(j)) {
			for (struct bytes kind; json_next_key(j, &kind);) {
				if (bytes_eq_lit(kind, "purl") || bytes_eq_lit(kind, "purls"))
					p->purl = first_text(j);
				else if (bytes_eq_lit(kind, "hashes") && json_peek(j) == JSON_ARRAY)
					digest = read_hashes(x, j);
				else
					json_skip(j);
			}
		} else {
			json_skip(j);
		}
	}
	p->purl = p->purl.len ? p->purl : digest;
}

static int read_branch(struct document *d, struct json *j, struct err *e)
{
	if (!json_enter_object(j))
		return 0;
	for (struct bytes key; json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "product")) {
			struct product p = {.id = BYTES_NONE};
			read_product(d->x, j, &p);
			if (product_add(d, &p, e) < 0)
				return -(int)e->code;
		} else if (bytes_eq_lit(key, "branches")) {
			if (queue_add(d, json_raw(j), e) < 0)
				return -(int)e->code;
		} else {
			json_skip(j);
		}
	}
	return 0;
}

static int read_relationship(struct document *d, struct json *j, struct err *e)
{
	struct product p = {.is_component = true};
	struct bytes category = BYTES_NONE, component = BYTES_NONE;
	if (!json_enter_object(j))
		return 0;
	const struct bytes_slot slots[] = {{"category", &category},
					   {"product_reference", &component},
					   {"relates_to_product_reference", &p.whole}};
	for (struct bytes key; json_next_key(j, &key);) {
		struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
		if (to && json_peek(j) == JSON_STRING)
			*to = json_string(j);
		else if (bytes_eq_lit(key, "full_product_name")) {
			struct product full = {.id = BYTES_NONE};
			read_product(d->x, j, &full);
			p.id = full.id;
		} else
			json_skip(j);
	}
	p.purl = component; /* its id, until all products are known */
	return bytes_eq_lit(category, "default_component_of") ||
		       bytes_eq_lit(category, "installed_on") ||
		       bytes_eq_lit(category, "external_component_of") ||
		       bytes_eq_lit(category, "optional_component_of")
		   ? product_add(d, &p, e)
		   : 0;
}

static int each(struct document *d, struct bytes list,
		int (*see)(struct document *d, struct json *j, struct err *e), struct err *e)
{
	struct json j;
	json_init(&j, list, &d->x->arena);
	if (json_enter_array(&j))
		while (json_next_item(&j))
			if (see(d, &j, e) < 0)
				return -(int)e->code;
	return json_finish(&j, e);
}

static int read_full_name(struct document *d, struct json *j, struct err *e)
{
	struct product p = {.id = BYTES_NONE};
	read_product(d->x, j, &p);
	return product_add(d, &p, e);
}

static int by_id(const void *a, const void *b)
{
	const struct product *x = a, *y = b;
	return bytes_cmp(x->id, y->id);
}

static int read_tree(struct document *d, struct bytes tree, struct err *e)
{
	struct json j;
	struct bytes relationships = BYTES_NONE, names = BYTES_NONE;
	json_init(&j, tree, &d->x->arena);
	if (json_enter_object(&j))
		for (struct bytes key; json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, "branches")) {
				if (queue_add(d, json_raw(&j), e) < 0)
					return -(int)e->code;
			} else if (bytes_eq_lit(key, "relationships")) {
				relationships = json_raw(&j);
			} else if (bytes_eq_lit(key, "full_product_names")) {
				names = json_raw(&j);
			} else {
				json_skip(&j);
			}
		}
	if (json_finish(&j, e) < 0)
		return -(int)e->code;
	while (d->queue_next < d->queue_count)
		if (each(d, d->queue[d->queue_next++], read_branch, e) < 0)
			return -(int)e->code;
	if ((names.len && each(d, names, read_full_name, e) < 0) ||
	    (relationships.len && each(d, relationships, read_relationship, e) < 0))
		return -(int)e->code;
	if (d->count)
		qsort(d->products, d->count, sizeof *d->products, by_id);
	return 0;
}

static const struct product *find(const struct document *d, struct bytes id)
{
	const struct product key = {.id = id};
	return d->count ? bsearch(&key, d->products, d->count, sizeof key, by_id) : NULL;
}

/* The purl of a product by its id; of a relationship, of its component. */
static struct bytes purl_of(const struct document *d, struct bytes id)
{
	const struct product *p = find(d, id);
	return p && !p->is_component ? p->purl : BYTES_NONE;
}

static int by_product(const void *a, const void *b)
{
	const struct reason *x = a, *y = b;
	return bytes_cmp(x->product, y->product);
}

/* b's label and details, where they were said later. */
static void reason_join(struct reason *to, const struct reason *b)
{
	if (b->label.len && (!to->label.len || b->label_at > to->label_at)) {
		to->label = b->label;
		to->label_at = b->label_at;
	}
	if (b->details.len && (!to->details.len || b->details_at > to->details_at)) {
		to->details = b->details;
		to->details_at = b->details_at;
	}
}

/* Sorted by product, one for each. */
static void reasons_settle(struct document *d)
{
	size_t kept = 0;
	if (d->reason_count)
		qsort(d->reasons, d->reason_count, sizeof *d->reasons, by_product);
	for (size_t i = 0; i < d->reason_count; i++) {
		if (kept && bytes_eq(d->reasons[kept - 1].product, d->reasons[i].product))
			reason_join(&d->reasons[kept - 1], &d->reasons[i]);
		else
			d->reasons[kept++] = d->reasons[i];
	}
	d->reason_count = kept;
}

static struct reason reason_of(const struct document *d, struct bytes id)
{
	struct reason why = {.product = id};
	const struct reason *own =
	    d->reason_count ? bsearch(&why, d->reasons, d->reason_count, sizeof why, by_product)
			    : NULL;
	if (d->reason_count && !d->reasons[0].product.len) /* of all */
		reason_join(&why, &d->reasons[0]);
	if (own)
		reason_join(&why, own);
	return why;
}

static int add_product(struct document *d, struct exception one, struct bytes id, struct err *e)
{
	const struct product *p = find(d, id);
	struct bytes package = BYTES_NONE, whole = BYTES_NONE;
	if (p && p->is_component) {
		package = purl_of(d, p->purl);
		whole = purl_of(d, p->whole);
	} else if (p) {
		package = p->purl;
	}
	/* A component of what is no image may be part of something else here. */
	bool ok = package.len > 0;
	if (ok && p->is_component)
		ok = exception_product(d->x, whole, &one) && one.of_image;
	ok = ok && exception_product(d->x, package, &one);
	if (!ok) {
		d->unresolved++;
		return 0;
	}
	struct reason why = reason_of(d, id);
	one.justification = why.label;
	one.statement = why.details;
	struct exception *new = exceptions_push(d->x, e);
	if (!new)
		return -(int)e->code;
	*new = one;
	return 0;
}

static int read_status(struct document *d, struct json *j, const struct exception *base,
		       struct err *e)
{
	static const struct {
		const char *key;
		enum adv_status status;
	} rows[] = {{"known_not_affected", ADV_NOT_AFFECTED},
		    {"fixed", ADV_FIXED},
		    {"known_affected", ADV_AFFECTED},
		    {"under_investigation", ADV_UNDER_INVESTIGATION}};
	if (!json_enter_object(j))
		return 0;
	for (struct bytes key; json_next_key(j, &key);) {
		struct exception one = *base;
		one.status = ADV_UNKNOWN;
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
			if (bytes_eq_lit(key, rows[i].key))
				one.status = rows[i].status;
		if (one.status == ADV_UNKNOWN || !json_enter_array(j)) {
			json_skip(j);
			continue;
		}
		while (json_next_item(j))
			if (add_product(d, one, json_string(j), e) < 0)
				return -(int)e->code;
	}
	return 0;
}

static int reason_add(struct document *d, const struct reason *r, struct err *e)
{
	struct reason *more =
	    arena_grow(&d->x->arena, d->reasons, d->reason_count, &d->reason_cap, sizeof *more);
	if (!more)
		return err_nomem(e);
	d->reasons = more;
	more[d->reason_count] = *r;
	more[d->reason_count].label_at = more[d->reason_count].details_at = d->reason_count;
	d->reason_count++;
	return 0;
}

/* A flag or a threat: what it says of each of its products, or of all. */
static int read_reason(struct document *d, struct json *j, struct err *e)
{
	struct reason r = {.product = BYTES_NONE};
	struct bytes category = BYTES_NONE, products = BYTES_NONE;
	if (!json_enter_object(j))
		return 0;
	const struct bytes_slot slots[] = {
	    {"label", &r.label}, {"details", &r.details}, {"category", &category}};
	for (struct bytes key; json_next_key(j, &key);) {
		struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
		if (to && json_peek(j) == JSON_STRING)
			*to = json_string(j);
		else if (bytes_eq_lit(key, "product_ids"))
			products = json_raw(j);
		else
			json_skip(j);
	}
	if (category.len && !bytes_eq_lit(category, "impact"))
		return 0;
	if (!products.len)
		return reason_add(d, &r, e);
	struct json k;
	json_init(&k, products, &d->x->arena);
	if (json_enter_array(&k))
		while (json_next_item(&k)) {
			r.product = json_string(&k);
			if (reason_add(d, &r, e) < 0)
				return -(int)e->code;
		}
	return json_finish(&k, e);
}

static int read_vulnerability(struct document *d, struct json *j, struct err *e)
{
	struct exception base = {.kind = EXCEPTION_VEX, .source = d->source, .at_ms = d->at_ms};
	struct bytes status = BYTES_NONE;
	d->reason_count = 0;
	if (!json_enter_object(j))
		return 0;
	for (struct bytes key; json_next_key(j, &key);) {
		int r = 0;
		if (bytes_eq_lit(key, "cve") && json_peek(j) == JSON_STRING)
			r = exceptions_text_add(d->x, &base.ids, &base.id_count, json_string(j), e);
		else if (bytes_eq_lit(key, "product_status"))
			status = json_raw(j);
		else if (bytes_eq_lit(key, "flags") || bytes_eq_lit(key, "threats"))
			r = each(d, json_raw(j), read_reason, e);
		else
			json_skip(j);
		if (r < 0)
			return r;
	}
	if (!base.id_count || !status.len || !json_ok(j))
		return 0;
	struct json k;
	reasons_settle(d);
	json_init(&k, status, &d->x->arena);
	if (read_status(d, &k, &base, e) < 0)
		return -(int)e->code;
	return json_finish(&k, e);
}

static void read_head(struct document *d, struct bytes head)
{
	struct json j;
	json_init(&j, head, &d->x->arena);
	if (!json_enter_object(&j))
		return;
	for (struct bytes key; json_next_key(&j, &key);) {
		if (!bytes_eq_lit(key, "tracking") || !json_enter_object(&j)) {
			json_skip(&j);
			continue;
		}
		for (struct bytes inner; json_next_key(&j, &inner);) {
			if (bytes_eq_lit(inner, "current_release_date") &&
			    json_peek(&j) == JSON_STRING)
				(void)clock_parse_rfc3339(json_string(&j), &d->at_ms);
			else
				json_skip(&j);
		}
	}
	d->x->no_memory |= j.failed && j.code == ERR_NOMEM;
}

int csaf_read(struct exceptions *x, struct bytes text, struct bytes source, struct err *e)
{
	struct json j;
	struct document d = {.x = x, .source = source};
	struct bytes head = BYTES_NONE, tree = BYTES_NONE, vulnerabilities = BYTES_NONE;
	json_init(&j, text, &x->arena);
	if (json_enter_object(&j))
		for (struct bytes key; json_next_key(&j, &key);) {
			struct bytes raw = json_raw(&j);
			if (bytes_eq_lit(key, "document"))
				head = raw;
			else if (bytes_eq_lit(key, "product_tree"))
				tree = raw;
			else if (bytes_eq_lit(key, "vulnerabilities"))
				vulnerabilities = raw;
		}
	if (json_finish(&j, e) < 0)
		return -(int)e->code;
	read_head(&d, head);
	if ((tree.len && read_tree(&d, tree, e) < 0) ||
	    (vulnerabilities.len && each(&d, vulnerabilities, read_vulnerability, e) < 0))
		return -(int)e->code;
	if (d.unresolved)
		exceptions_note(x, arena_printf(&x->arena,
						"%.*s: %zu products without a package URL are not "
						"applied",
						BYTES_ARG(source), d.unresolved));
	return 0;
}
