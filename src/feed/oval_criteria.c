#include "feed/oval_criteria.h"

#include "feed/grow.h"
#include "feed/product.h"
#include "pkg/version.h"

#include <stdlib.h>
#include <string.h>

/* Depth: the reader stops at LIMIT_XML_DEPTH. */
void oval_criteria_read(struct xml *x, struct oval_node *ret)
{
	struct oval_node **end = &ret->children;
	*ret = (struct oval_node){.is_criteria = true,
				  .any = bytes_eq_lit(xml_attribute(x, "operator"), "OR")};
	while (xml_child(x)) {
		if (!xml_is(x, "criteria") && !xml_is(x, "criterion")) {
			xml_skip(x);
			continue;
		}
		struct oval_node *node = arena_alloc(x->arena, 1, sizeof *node);
		if (!node) {
			xml_fail_memory(x);
			return;
		}
		if (xml_is(x, "criteria")) {
			oval_criteria_read(x, node);
		} else {
			node->comment = bytes_trim(xml_attribute(x, "comment"));
			node->test = xml_attribute(x, "test_ref");
			xml_skip(x);
		}
		*end = node;
		end = &node->next;
	}
}

void oval_scope_add(struct oval_scope *s, struct draft *d, struct bytes ecosystem)
{
	if (ecosystem.len > 0 && !feed_add_once(d->a, &s->ecosystems, &s->count, ecosystem))
		d->no_memory = true;
}

static bool cut_end(struct bytes *text, const char *end)
{
	if (!bytes_has_suffix_lit(*text, end))
		return false;
	*text = bytes_part(*text, 0, text->len - bytes_of(end).len);
	return true;
}

static bool cut_start(struct bytes *text, const char *start)
{
	if (!bytes_has_prefix_lit(*text, start))
		return false;
	*text = bytes_from(*text, bytes_of(start).len);
	return true;
}

/* The release packages that platforms are known by: "redhat-release", "sles-release". */
static bool is_release_package(struct bytes name)
{
	return bytes_has_suffix_lit(name, "-release") ||
	       bytes_has_suffix_lit(name, "-release-ltss");
}

/* Does the criterion name the platform? "Oracle Linux 5 is installed". Products that images are
 * not of ("SUSE Manager Proxy 4.1") are platforms as well, which are not known. */
static bool is_platform(const struct oval_node *n, const struct oval_index *ix)
{
	struct oval_test t;
	struct product_name p;
	struct bytes text = n->comment;
	if (n->is_criteria || !cut_end(&text, " is installed"))
		return false;
	if (product_of_name(text, &p))
		return true;
	return oval_test_find(ix, n->test, &t) ? is_release_package(t.package)
					       : bytes_find(text, ' ') < text.len;
}

static void add_platform(const struct oval_node *n, struct oval_scope *s, struct draft *d)
{
	struct product_name p;
	struct bytes text = n->comment;
	(void)cut_end(&text, " is installed");
	if (s->red_hat)
		return;
	if (!product_of_name(text, &p)) {
		s->unknown = true;
		return;
	}
	oval_scope_add(s, d,
		       draft_printf(d, "%s%.*s%s", p.vendor,
				    BYTES_ARG(bytes_part(p.release, 0, 100)), p.ending));
}

/* Are these criteria nothing but platforms to choose from? */
static bool is_platforms(const struct oval_node *n, const struct oval_index *ix)
{
	if (!n->is_criteria)
		return is_platform(n, ix);
	for (const struct oval_node *c = n->children; c; c = c->next)
		if (!is_platforms(c, ix))
			return false;
	return n->children != NULL;
}

static void add_platforms(const struct oval_node *n, struct oval_scope *s, struct draft *d)
{
	if (!n->is_criteria)
		add_platform(n, s, d);
	for (const struct oval_node *c = n->children; c; c = c->next)
		add_platforms(c, s, d);
}

/* Module and architecture: "Module idm:DL1 is enabled", "Oracle Linux arch is x86_64". */
static bool narrow(const struct oval_node *n, struct oval_scope *s)
{
	struct bytes text = n->comment;
	if (cut_start(&text, "Module ") && cut_end(&text, " is enabled")) {
		s->module = text;
		return true;
	}
	size_t at = bytes_find_bytes(text, BYTES_LIT(" arch is "));
	if (at < text.len) {
		s->arch = bytes_from(text, at + sizeof " arch is " - 1);
		return true;
	}
	return false;
}

/* What an image does not show, or what is true of it anyway. */
static bool is_ignored(struct bytes comment)
{
	return bytes_find_bytes(comment, BYTES_LIT(" is signed with ")) < comment.len ||
	       bytes_has_suffix_lit(comment, " must be installed") ||
	       bytes_has_suffix_lit(comment, " is currently running") ||
	       bytes_has_suffix_lit(comment, " is set to boot up on next boot") ||
	       bytes_has_suffix_lit(comment, " is not installed");
}

static void push(struct oval_packages *out, struct draft *d, const struct oval_scope *s,
		 struct oval_package p)
{
	if (s->count == 0)
		out->unknown_platform++;
	for (size_t i = 0; i < s->count; i++) {
		struct oval_package *room = feed_grow(d->a, out->v, out->count, sizeof *room);
		if (!room) {
			d->no_memory = true;
			return;
		}
		out->v = room;
		p.ecosystem = s->ecosystems[i];
		/* an epoch of 0 says nothing where most records have none */
		if (!ver_states_epochs(p.ecosystem))
			(void)cut_start(&p.fixed, "0:");
		p.fixed = bytes_trim(p.fixed); /* "0: 1.20.10-1.azl3" */
		room[out->count++] = p;
	}
}

/* "(aarch64|x86_64)" without its parentheses. */
static struct bytes arches_of(const struct oval_test *t, const struct oval_scope *s)
{
	struct bytes b = t->arches.len ? t->arches : s->arch;
	if (b.len > 1 && b.ptr[0] == '(' && b.ptr[b.len - 1] == ')')
		b = bytes_part(b, 1, b.len - 2);
	if (bytes_eq_lit(b,
			 "i386")) /* of a machine: what is built for it has other names as well */
		return BYTES_LIT("i386|i586|i686");
	return b;
}

static void find_package(const struct oval_node *n, const struct oval_scope *s, struct draft *d,
			 struct oval_packages *out)
{
	struct oval_test t;
	struct bytes comment = n->comment;
	if (is_ignored(comment) || is_platform(n, out->ix) ||
	    !oval_test_find(out->ix, n->test, &t) || is_release_package(t.package))
		return;
	struct oval_package p = {
	    .name = t.package, .module = s->module, .arches = arches_of(&t, s)};
	bool compared = t.operation == OVAL_BELOW && t.evr.len > 0;
	if (compared) {
		p.status = out->unfixed == ADV_NOT_AFFECTED ? ADV_NOT_AFFECTED : ADV_FIXED;
		p.fixed = t.evr;
	} else if (t.operation == OVAL_ZERO || bytes_has_suffix_lit(comment, " is not affected")) {
		p.status = ADV_NOT_AFFECTED;
	} else if (t.operation == OVAL_UP_TO || bytes_has_suffix_lit(comment, " is installed") ||
		   bytes_has_suffix_lit(comment, " is affected")) {
		p.status = out->unfixed;
	} else {
		return;
	}
	push(out, d, s, p);
}

/* Depth: that of the reader. */
void oval_criteria_find(const struct oval_node *top, const struct oval_scope *scope,
			struct draft *d, struct oval_packages *ret)
{
	struct oval_scope s = *scope;
	bool platforms = false;
	for (const struct oval_node *c = top->children; c && !top->any; c = c->next) {
		if (!c->is_criteria && narrow(c, &s))
			continue;
		if (!is_platforms(c, ret->ix))
			continue;
		if (!platforms && !s.red_hat) { /* these take the place of the outer ones */
			s.ecosystems = NULL;
			s.count = 0;
		}
		platforms = true;
		add_platforms(c, &s, d);
	}
	for (const struct oval_node *c = top->children; c && !d->no_memory; c = c->next) {
		if (c->is_criteria && !is_platforms(c, ret->ix))
			oval_criteria_find(c, &s, d, ret);
		else if (!c->is_criteria)
			find_package(c, &s, d, ret);
	}
}

static int cmp_but_arches(const struct oval_package *x, const struct oval_package *y)
{
	int c = bytes_cmp(x->ecosystem, y->ecosystem);
	c = c ? c : bytes_cmp(x->name, y->name);
	c = c ? c : bytes_cmp(x->module, y->module);
	c = c ? c : bytes_cmp(x->fixed, y->fixed);
	return c ? c : (int)x->status - (int)y->status;
}

static int cmp_package(const void *a, const void *b)
{
	const struct oval_package *x = a, *y = b;
	int c = cmp_but_arches(x, y);
	return c ? c : bytes_cmp(x->arches, y->arches);
}

static bool has_word(const uint8_t *list, size_t len, struct bytes word)
{
	struct bytes rest = {list, len};
	while (rest.len > 0)
		if (bytes_eq(bytes_cut(&rest, ' '), word))
			return true;
	return false;
}

/* The architectures of n equal packages, with blanks between, each once; empty when one of them is
 * for all. */
static struct bytes join_arches(struct draft *d, const struct oval_package *v, size_t n)
{
	size_t len = 0, used = 0;
	for (size_t i = 0; i < n; i++) {
		if (v[i].arches.len == 0)
			return BYTES_NONE;
		len += v[i].arches.len + 1;
	}
	uint8_t *room = arena_alloc(d->a, len, 1);
	if (!room) {
		d->no_memory = true;
		return BYTES_NONE;
	}
	for (size_t i = 0; i < n; i++) {
		for (struct bytes rest = v[i].arches; rest.len > 0;) {
			struct bytes word = bytes_trim(bytes_cut(&rest, '|'));
			if (word.len == 0 || has_word(room, used, word))
				continue;
			if (used > 0)
				room[used++] = ' ';
			memcpy(room + used, word.ptr, word.len);
			used += word.len;
		}
		while (i + 1 < n && bytes_eq(v[i + 1].arches, v[i].arches))
			i++;
	}
	return (struct bytes){room, used};
}

void oval_packages_put(struct oval_packages *found, struct draft *d)
{
	if (found->count > 0)
		qsort(found->v, found->count, sizeof *found->v, cmp_package);
	for (size_t i = 0, n; i < found->count && !d->no_memory; i += n) {
		const struct oval_package *p = &found->v[i];
		for (n = 1; i + n < found->count && cmp_but_arches(p, p + n) == 0;)
			n++;
		struct adv_affected *f = draft_affected(
		    d, p->ecosystem, p->name, found->by_source ? ADV_BY_SOURCE : ADV_BY_BINARY);
		draft_fixed(d, f, p->status == ADV_NOT_AFFECTED ? BYTES_NONE : p->fixed, p->status);
		if (!f)
			return;
		f->module = p->module;
		f->arches = join_arches(d, p, n);
	}
}
