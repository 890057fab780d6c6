#include "daemon/hosts.h"

#include "access/access.h"
#include "base/log.h"
#include "oci/reference.h"
#include "registry/registry.h"
#include "store/registries.h"

/* The next NAME=HOST: 1, 0 = no more. */
static int next(struct bytes *text, struct bytes *ret_name, struct bytes *ret_host, struct err *e)
{
	struct bytes word = BYTES_NONE;
	while (text->len && !word.len) {
		size_t len = 0;
		while (len < text->len && !byte_is_space(text->ptr[len]) && text->ptr[len] != ',')
			len++;
		word = bytes_part(*text, 0, len);
		*text = bytes_from(*text, len < text->len ? len + 1 : len);
	}
	if (!word.len)
		return 0;
	*ret_host = word;
	*ret_name = bytes_cut(ret_host, '=');
	if (!ref_is_name(*ret_name) || !ref_is_host(*ret_host))
		return err_set(e, ERR_FORMAT, "\"%.*s\" is not NAME=HOST", BYTES_ARG(word));
	return 1;
}

int hosts_check(const char *text, struct err *e)
{
	struct bytes rest = bytes_of(text), name, host;
	int r;
	while ((r = next(&rest, &name, &host, e)) > 0)
		;
	return r;
}

/* Those of one registry into out; how many. */
static size_t hosts_of(const char *text, struct bytes registry, struct bytes out[STORE_HOSTS_MAX])
{
	struct bytes rest = bytes_of(text), name, host;
	size_t n = 0;
	while (n < STORE_HOSTS_MAX && next(&rest, &name, &host, NULL) > 0)
		if (bytes_eq(name, registry))
			out[n++] = host;
	return n;
}

/* One round over the registries that are named; take: they lose what they should not have, so that
 * a host can go from one to another. */
static int each(struct registry *any, const char *text, bool take, struct err *e)
{
	static const struct access_actor by = {
	    .name = {.ptr = (const uint8_t *)"configuration", .len = sizeof "configuration" - 1}};
	struct bytes rest = bytes_of(text), name, host;
	int r;
	while ((r = next(&rest, &name, &host, e)) > 0) {
		struct bytes hosts[STORE_HOSTS_MAX];
		size_t n = hosts_of(text, name, hosts);
		struct registry *g = registry_named(any, name);
		const struct store_registry_change c = {.hosts = hosts, .host_count = take ? 0 : n};
		if (!g && take)
			log_line(LOG_WARN, "registry-hosts: there is no registry \"%.*s\"",
				 BYTES_ARG(name));
		if (g && !registry_has_hosts(g, hosts, n) && registry_change(g, &c, &by, e) < 0)
			return -(int)e->code;
	}
	return r;
}

int hosts_apply(struct registry *any, const char *text, struct err *e)
{
	int r = each(any, text, true, e);
	return r < 0 ? r : each(any, text, false, e);
}
