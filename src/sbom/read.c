/* Which form a document has, by its first bytes and, of JSON, by the keys of its outermost object.
 * An in-toto statement is looked through to its predicate. */
#include "sbom/sbom.h"

#include "sbom/draft.h"

#define MEMORY_MAX (160U << 20) /* bytes: what 65,536 packages take; a worker has 256 MiB */
#define WRAPS_MAX 4		/* statements in statements */

struct form {
	const char *key; /* of the outermost object */
	int (*read)(struct bytes text, struct draft *d, struct err *e);
};
static const struct form forms[] = {
    {"bomFormat", cyclonedx_read},
    {"specVersion", cyclonedx_read},
    {"spdxVersion", spdx_read},
    {"@graph", spdx3_read},
};

/* The form of a JSON document; *ret_inner: of a statement, its predicate. */
static int find_form(struct bytes text, struct draft *d, const struct form **ret,
		     struct bytes *ret_inner, struct err *e)
{
	struct json j;
	*ret = NULL;
	*ret_inner = BYTES_NONE;
	json_init(&j, text, &d->arena);
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			for (size_t i = 0; !*ret && i < sizeof forms / sizeof *forms; i++)
				if (bytes_eq_lit(key, forms[i].key))
					*ret = &forms[i];
			if (bytes_eq_lit(key, "predicate") && json_peek(&j) == JSON_OBJECT)
				*ret_inner = json_raw(&j);
			else
				json_skip(&j);
		}
	}
	return json_finish(&j, e);
}

static int read_json(struct bytes text, struct draft *d, struct err *e)
{
	for (int wraps = 0; wraps < WRAPS_MAX; wraps++) {
		const struct form *form;
		struct bytes inner;
		if (find_form(text, d, &form, &inner, e) < 0)
			return -(int)e->code;
		if (form)
			return form->read(text, d, e);
		if (!inner.len)
			break;
		text = inner;
	}
	return err_set(e, ERR_UNSUPPORTED,
		       "a JSON document that is no bill of materials: neither CycloneDX "
		       "(bomFormat) nor SPDX (spdxVersion, @graph)");
}

static int read_any(struct bytes text, struct draft *d, struct err *e)
{
	if (bytes_has_prefix_lit(text, "\xef\xbb\xbf"))
		text = bytes_from(text, 3);
	struct bytes head = bytes_trim(text);
	if (bytes_has_prefix_lit(head, "{"))
		return read_json(text, d, e);
	if (bytes_has_prefix_lit(head, "<"))
		return err_set(e, ERR_UNSUPPORTED,
			       "bills of materials in XML are not read: convert it to JSON");
	while (bytes_has_prefix_lit(head, "#")) {
		(void)bytes_cut(&head, '\n');
		head = bytes_trim(head);
	}
	if (bytes_has_prefix_lit(head, "SPDXVersion:"))
		return spdx_tv_read(text, d, e);
	if (bytes_has_prefix_lit(head, "pkg:"))
		return purls_read(text, d, e);
	return err_set(e, ERR_UNSUPPORTED,
		       "no bill of materials: neither JSON, nor SPDX as tag and "
		       "value, nor a list of package URLs");
}

int sbom_read(struct bytes text, struct buf *out, struct err *e)
{
	struct draft *d;
	struct arena a;
	if (text.len > BILL_MAX)
		return err_set(e, ERR_LIMIT, "a bill of materials of more than %u MiB",
			       BILL_MAX >> 20);
	arena_init(&a, 1U << 20);
	d = arena_alloc(&a, 1, sizeof *d);
	if (!d) {
		arena_free(&a);
		return err_nomem(e);
	}
	arena_init(&d->arena, MEMORY_MAX);
	int rc = read_any(text, d, e);
	if (rc == 0)
		rc = draft_finish(d, e);
	if (rc == 0)
		bill_put(out, &d->bill);
	if (rc == 0 && !buf_ok(out))
		rc = err_nomem(e);
	if (rc == -ERR_NOMEM && arena_is_spent(&d->arena))
		rc = err_set(e, ERR_LIMIT, "a bill of materials that takes more than %u MiB",
			     MEMORY_MAX >> 20);
	arena_free(&d->arena);
	arena_free(&a);
	return rc;
}
