/* A document's form by the keys of its outermost object, and what the readers of all forms share.
 */
#include "base/json.h"
#include "base/num.h"
#include "exception/parse.h"

#include <string.h>

#define MEMORY_MAX ((size_t)512 << 20) /* bytes: the texts, and what 200,000 exceptions take */

void exceptions_init(struct exceptions *x)
{
	*x = (struct exceptions){.count = 0};
	arena_init(&x->arena, MEMORY_MAX);
}

void exceptions_free(struct exceptions *x)
{
	arena_free(&x->arena);
	*x = (struct exceptions){.count = 0};
}

struct exception *exceptions_push(struct exceptions *x, struct err *e)
{
	if (x->count == EXCEPTIONS_MAX) {
		(void)err_set(e, ERR_LIMIT, "more than %u exceptions", EXCEPTIONS_MAX);
		return NULL;
	}
	struct exception *more = arena_grow(&x->arena, x->items, x->count, &x->cap, sizeof *more);
	if (!more) {
		(void)err_nomem(e);
		return NULL;
	}
	x->items = more;
	more[x->count] = (struct exception){.kind = EXCEPTION_IGNORED};
	return &more[x->count++];
}

void exceptions_note(struct exceptions *x, const char *made)
{
	size_t max = sizeof x->notes / sizeof *x->notes;
	x->no_memory |= !made;
	if (!made || x->note_count == max)
		return;
	x->notes[x->note_count] = x->note_count + 1 == max
				      ? BYTES_LIT("there are more notes than are kept")
				      : bytes_of(made);
	x->note_count++;
}

int exceptions_text_add(struct exceptions *x, struct bytes **list, size_t *count, struct bytes text,
			struct err *e)
{
	/* A list that has a power of two is full. */
	bool full = (*count & (*count - 1)) == 0;
	struct bytes *more =
	    full ? arena_alloc(&x->arena, *count ? 2 * *count : 1, sizeof *more) : *list;
	if (!more)
		return err_nomem(e);
	if (full && *count)
		memcpy(more, *list, *count * sizeof *more);
	more[(*count)++] = text;
	*list = more;
	return 0;
}

int exceptions_join(struct exceptions *x, const struct exceptions *from, struct err *e)
{
	for (size_t i = 0; i < from->count; i++) {
		struct exception *new = exceptions_push(x, e);
		if (!new)
			return -(int)e->code;
		*new = from->items[i];
	}
	return 0;
}

bool exception_is_digest(struct bytes text)
{
	uint8_t hash[32];
	return text.len == sizeof "sha256:" - 1 + 2 * sizeof hash &&
	       bytes_has_prefix_lit(text, "sha256:") &&
	       num_hex_decode(bytes_from(text, sizeof "sha256:" - 1), hash, sizeof hash);
}

struct bytes exception_digest_of(struct exceptions *x, struct bytes hex)
{
	struct bytes text = BYTES_NONE;
	bool ok = true;
	uint8_t hash[32];
	if (hex.len == 2 * sizeof hash && num_hex_decode(hex, hash, sizeof hash)) {
		const char *made = arena_printf(&x->arena, "sha256:%.*s", BYTES_ARG(hex));
		x->no_memory |= !made;
		text = arena_lower(&x->arena, bytes_of(made), &ok);
	}
	x->no_memory |= !ok;
	return text;
}

bool exception_product(struct exceptions *x, struct bytes purl, struct exception *out)
{
	struct pkg p;
	struct err why = ERR_INIT;
	/* A digest alone, or that of a reference: "ghcr.io/team/app@sha256:…". */
	size_t at = bytes_find_last(purl, '@');
	struct bytes digest = at < purl.len ? bytes_from(purl, at + 1) : purl;
	if (!bytes_has_prefix_lit(purl, "pkg:") && exception_is_digest(digest)) {
		out->of_image = true;
		out->image = (struct pkg){.type = BYTES_LIT("oci"), .version = digest};
		return true;
	}
	if (!purl.len || purl.len > PKG_PURL_MAX || pkg_purl_read(purl, &x->arena, &p, &why) < 0) {
		x->no_memory |= why.code == ERR_NOMEM;
		return false;
	}
	bool image = bytes_eq_lit(p.type, "oci") || bytes_eq_lit(p.type, "docker");
	/* A package that has a package as its product: both cannot be told here, the part is meant.
	 */
	if (image) {
		out->of_image = true;
		out->image = p;
	} else {
		out->of_package = true;
		out->package = p;
	}
	return true;
}

int exceptions_keep(struct exceptions *x, struct bytes *text, struct bytes *source, struct err *e)
{
	bool a, b;
	if (text->len > EXCEPTION_FILE_MAX)
		return err_set(e, ERR_LIMIT, "more than %u MiB", EXCEPTION_FILE_MAX >> 20);
	*text = arena_bytes(&x->arena, *text, &a);
	*source = arena_bytes(&x->arena, *source, &b);
	return a && b ? 0 : err_nomem(e);
}

static int add_vex(struct exceptions *x, struct bytes text, struct bytes source, struct err *e)
{
	static const struct {
		const char *key;
		int (*read)(struct exceptions *x, struct bytes text, struct bytes source,
			    struct err *e);
	} forms[] = {{"statements", openvex_read},
		     {"document", csaf_read},
		     {"bomFormat", cdx_vex_read},
		     {"specVersion", cdx_vex_read}};
	struct json j;
	size_t form = sizeof forms / sizeof *forms;
	json_init(&j, text, &x->arena);
	if (json_enter_object(&j))
		for (struct bytes key; json_next_key(&j, &key);) {
			for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
				if (form == sizeof forms / sizeof *forms &&
				    bytes_eq_lit(key, forms[i].key))
					form = i;
			json_skip(&j);
		}
	if (json_finish(&j, e) < 0)
		return -(int)e->code;
	if (form == sizeof forms / sizeof *forms)
		return err_set(e, ERR_UNSUPPORTED,
			       "no VEX document: neither OpenVEX (statements), CSAF (document) nor "
			       "CycloneDX (bomFormat)");
	return forms[form].read(x, text, source, e);
}

int exceptions_add_vex(struct exceptions *x, struct bytes text, struct bytes source, struct err *e)
{
	int r = exceptions_keep(x, &text, &source, e);
	if (r == 0)
		r = add_vex(x, text, source, e);
	if (r == 0 && x->no_memory)
		r = err_nomem(e);
	return r < 0 ? err_ctx(e, "%.*s", BYTES_ARG(source)) : 0;
}
