/* What PEAR and PECL installed: .registry/NAME.reg and .registry/.channel.HOST/NAME.reg, an array
 * as PHP's serialize writes it:
 *
 *   a:2:{s:4:"name";s:5:"redis";s:7:"version";a:2:{s:7:"release";s:5:"5.3.7";s:3:"api";…}}
 *
 * name, channel, license (a text, or an array with "_content") and release of version count; in
 * version 1 of the registry version is a text. Spec: php.net serialize(); PEAR_Registry. */
#include "base/cursor.h"
#include "base/num.h"
#include "eco/parsers.h"

#define DEPTH_MAX 32U /* arrays in one another: real ones have under 10 */

struct pear {
	struct cursor c;
	struct bytes name, version, channel, license;
};

static uint64_t number(struct cursor *c, uint8_t end)
{
	uint64_t n = 0;
	if (!num_u64(cur_until(c, end), UINT32_MAX, &n))
		cur_fail(c);
	return n;
}

/* 5:"redis" */
static struct bytes text(struct cursor *c)
{
	uint64_t len = number(c, ':');
	if (cur_u8(c) != '"')
		cur_fail(c);
	struct bytes b = cur_take(c, (size_t)len);
	if (cur_u8(c) != '"')
		cur_fail(c);
	return b;
}

/* Keys of the arrays that are open, outermost first. */
struct keys {
	struct bytes key[DEPTH_MAX];
	uint64_t left[DEPTH_MAX]; /* keys and values that follow in each */
	size_t depth;
};

static void keep(struct pear *p, const struct keys *k, struct bytes value)
{
	struct bytes first = k->key[0], second = k->depth > 1 ? k->key[1] : BYTES_NONE;
	if (k->depth == 1 && bytes_eq_lit(first, "name"))
		p->name = value;
	else if (k->depth == 1 && bytes_eq_lit(first, "channel"))
		p->channel = value;
	else if ((k->depth == 1 || (k->depth == 2 && bytes_eq_lit(second, "release"))) &&
		 bytes_eq_lit(first, "version"))
		p->version = value;
	else if ((k->depth == 1 || (k->depth == 2 && bytes_eq_lit(second, "_content"))) &&
		 bytes_eq_lit(first, "license"))
		p->license = value;
}

/* One key or value; *ret: a text; opened: an array or object was entered. */
static struct bytes element(struct cursor *c, struct keys *k, bool *ret_opened)
{
	struct bytes found = BYTES_NONE;
	uint8_t type = cur_u8(c);
	*ret_opened = false;
	if (type != 'N' && cur_u8(c) != ':')
		cur_fail(c);
	if (type == 'O') {
		(void)text(c);
		if (cur_u8(c) != ':')
			cur_fail(c);
	}
	if (type == 'a' || type == 'O') {
		uint64_t count = number(c, ':');
		if (cur_u8(c) != '{' || k->depth == DEPTH_MAX)
			cur_fail(c);
		else
			k->left[k->depth++] = count * 2;
		*ret_opened = cur_ok(c);
	} else if (type == 's') {
		found = text(c);
		if (cur_u8(c) != ';')
			cur_fail(c);
	} else if (bytes_find(BYTES_LIT("ibdNrR"), type) < 6) {
		(void)cur_until(c, ';');
	} else {
		cur_fail(c);
	}
	return found;
}

static void read_all(struct pear *p)
{
	struct keys k = {.depth = 0};
	bool opened;
	(void)element(&p->c, &k, &opened);
	while (cur_ok(&p->c) && k.depth > 0) {
		uint64_t *left = &k.left[k.depth - 1];
		if (*left == 0) {
			if (cur_u8(&p->c) != '}')
				cur_fail(&p->c);
			k.depth--;
			continue;
		}
		bool is_key = *left % 2 == 0;
		(*left)--;
		struct bytes value = element(&p->c, &k, &opened);
		if (is_key && opened)
			cur_fail(&p->c);
		else if (is_key)
			k.key[k.depth - 1] = value;
		else if (!opened && cur_ok(&p->c))
			keep(p, &k, value);
	}
}

static int pear_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		      struct arena *a, struct err *e)
{
	struct pear p = {.c = cur_of(file)};
	(void)path;
	read_all(&p);
	if (!cur_ok(&p.c))
		return err_set(e, ERR_FORMAT, "PEAR registry: at byte %zu: not as PHP serializes",
			       p.c.off);
	if (!eco_is_word(p.name) || !eco_is_word(p.version))
		return sink->note(sink->arg, 0, "a package without a name or version", e);
	struct bytes name = p.name;
	if (eco_is_word(p.channel)) {
		char *whole = arena_printf(a, "%.*s/%.*s", BYTES_ARG(p.channel), BYTES_ARG(p.name));
		if (!whole)
			return err_set(e, ERR_NOMEM, "PEAR registry: out of memory");
		name = bytes_of(whole);
	}
	struct pkg q = eco_language_package("pear", name, p.version, PKG_LANGUAGE);
	int r = eco_license(&q, p.license, a, e);
	return r < 0 ? r : sink->package(sink->arg, &q, e);
}

const struct eco_parser eco_pear = {.parse = pear_parse};
