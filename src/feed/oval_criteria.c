#include "feed/oval_criteria.h"

#include "feed/grow.h"
#include "feed/product.h"

/* Of one package: SUSE's definitions name up to some sixty. Each package counts once for each. */
#define PLATFORMS_MAX 512U

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
	s->cut |= s->count >= PLATFORMS_MAX;
	if (ecosystem.len > 0 && !s->cut &&
	    !feed_add_once(d->a, &s->ecosystems, &s->count, NULL, ecosystem))
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
		 struct build p)
{
	if (s->count == 0 || s->cut)
		out->unknown_platform++;
	for (size_t i = 0; i < s->count; i++) {
		p.ecosystem = s->ecosystems[i];
		builds_add(&out->builds, d, p);
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
	struct build p = {.name = t.package,
			  .module = s->module,
			  .arches = arches_of(&t, s),
			  .keyed = out->keyed};
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
