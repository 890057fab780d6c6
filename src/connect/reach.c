/* Public is what IANA's special-purpose registries do not take out (RFC 6890, updated): of IPv6
 * only 2000::/3. Addresses of IPv4 inside IPv6 ones (mapped, 6to4, NAT64) are judged by the IPv4
 * one, since that is where the packets go. */
#include "connect/reach.h"

#include "base/num.h"
#include "oci/reference.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ITEMS_MAX 1024U /* of a list */
#define V4_BITS 96U	/* before the address of IPv4 in a mapped one */

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
static const uint8_t nat64_local[6] = {0, 0x64, 0xff, 0x9b, 0, 1}; /* RFC 8215 */

/* The special ranges of IPv4 and, inside 2000::/3, of IPv6. */
static const struct {
	uint32_t net;
	unsigned bits;
} special4[] = {
    {0x00000000, 8},  {0x0a000000, 8},	{0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
    {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0586300, 24}, {0xc0a80000, 16},
    {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 4},  {0xf0000000, 4},
};
static const struct reach_net special6[] = {
    {.addr = {0x20, 0x01, 0x00}, .bits = 23},			/* protocols, Teredo */
    {.addr = {0x20, 0x01, 0x0d, 0xb8}, .bits = 32},		/* documentation */
    {.addr = {0x3f, 0xff}, .bits = 20},				/* documentation */
    {.addr = {0x26, 0x20, 0x00, 0x4f, 0x80, 0x00}, .bits = 48}, /* AS112 */
};

/* Where clouds keep the secrets of a machine: link-local addresses, and those of their own. Only an
 * item that names one of them, or a network within its row, permits it: "*", a wider network and
 * the name of a host do not. */
#define V4(a, b, c, d)                                                                             \
	{                                                                                          \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d                               \
	}
static const struct reach_net metadata[] = {
    {.addr = V4(169, 254, 0, 0), .bits = V4_BITS + 16},		  /* most clouds */
    {.addr = {0xfe, 0x80}, .bits = 10},				  /* the same, of IPv6 */
    {.addr = V4(100, 100, 100, 200), .bits = 128},		  /* Alibaba Cloud */
    {.addr = V4(168, 63, 129, 16), .bits = 128},		  /* Azure's WireServer */
    {.addr = V4(192, 0, 0, 192), .bits = 128},			  /* Oracle Cloud, classic */
    {.addr = V4(192, 80, 8, 124), .bits = 128},			  /* Equinix Metal */
    {.addr = {0xfd, 0x00, 0x0e, 0xc2}, .bits = 32},		  /* Amazon: fd00:ec2::254 */
    {.addr = {0xfd, 0x20, 0x00, 0xce}, .bits = 32},		  /* Google: fd20:ce::254 */
    {.addr = {0xfd, 0x00, 0x00, 0x42, [15] = 0x42}, .bits = 128}, /* Scaleway: fd00:42::42 */
};

static bool covers(const struct reach_net *n, const uint8_t addr[16])
{
	size_t whole = n->bits / 8;
	unsigned rest = n->bits % 8;
	if (memcmp(n->addr, addr, whole) != 0)
		return false;
	uint8_t mask = (uint8_t)(0xff00U >> rest);
	return rest == 0 || (n->addr[whole] & mask) == (addr[whole] & mask);
}

/* In the form of struct reach_net; an IPv4 address in an IPv6 one becomes that. */
static bool address_of(const struct sockaddr *sa, uint8_t out[16])
{
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof in);
		memcpy(out, mapped, sizeof mapped);
		memcpy(out + 12, &in.sin_addr, 4);
		return true;
	}
	if (sa->sa_family != AF_INET6)
		return false;
	struct sockaddr_in6 in6;
	memcpy(&in6, sa, sizeof in6);
	memcpy(out, &in6.sin6_addr, 16);
	if (memcmp(out, nat64, sizeof nat64) == 0 ||
	    memcmp(out, nat64_local, sizeof nat64_local) == 0)
		memcpy(out, mapped, sizeof mapped);
	if (out[0] == 0x20 && out[1] == 0x02) {
		uint8_t v4[4];
		memcpy(v4, out + 2, 4);
		memcpy(out, mapped, sizeof mapped);
		memcpy(out + 12, v4, 4);
	}
	return true;
}

static bool is_public(const uint8_t addr[16])
{
	if (memcmp(addr, mapped, sizeof mapped) == 0) {
		uint32_t v4 = (uint32_t)addr[12] << 24 | (uint32_t)addr[13] << 16 |
			      (uint32_t)addr[14] << 8 | addr[15];
		for (size_t i = 0; i < sizeof special4 / sizeof *special4; i++)
			if ((v4 ^ special4[i].net) >> (32 - special4[i].bits) == 0)
				return false;
		return true;
	}
	for (size_t i = 0; i < sizeof special6 / sizeof *special6; i++)
		if (covers(&special6[i], addr))
			return false;
	return addr[0] >> 5 == 1;
}

static const struct reach_net *metadata_row(const uint8_t addr[16])
{
	for (size_t i = 0; i < sizeof metadata / sizeof *metadata; i++)
		if (covers(&metadata[i], addr))
			return &metadata[i];
	return NULL;
}

/* An address as text, with or without brackets. */
static bool parse_address(struct bytes text, uint8_t out[16])
{
	char name[INET6_ADDRSTRLEN];
	if (text.len >= 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']')
		text = bytes_part(text, 1, text.len - 2);
	if (text.len == 0 || text.len >= sizeof name || bytes_find(text, 0) < text.len)
		return false;
	memcpy(name, text.ptr, text.len);
	name[text.len] = '\0';
	if (inet_pton(AF_INET, name, out + 12) == 1) {
		memcpy(out, mapped, sizeof mapped);
		return true;
	}
	return inet_pton(AF_INET6, name, out) == 1;
}

/* An item is the address itself, as a network of one or with a port behind it, or a network within
 * the row. */
static bool is_named(const struct reach *r, const struct reach_net *row, const uint8_t addr[16])
{
	uint8_t named[16];
	for (size_t i = 0; i < r->net_count; i++)
		if (r->nets[i].bits >= row->bits && covers(&r->nets[i], addr))
			return true;
	for (size_t i = 0; i < r->host_count; i++)
		if (parse_address(r->hosts[i].name, named) && memcmp(named, addr, 16) == 0)
			return true;
	return false;
}

bool reach_may_connect(const struct reach *r, const struct sockaddr *address, bool listed)
{
	uint8_t addr[16];
	if (!address_of(address, addr))
		return false;
	const struct reach_net *row = metadata_row(addr);
	if (row)
		return is_named(r, row, addr);
	if (listed || is_public(addr) || r->all)
		return true;
	for (size_t i = 0; i < r->net_count; i++)
		if (covers(&r->nets[i], addr))
			return true;
	return false;
}

static bool parse_net(struct bytes item, struct reach_net *ret)
{
	struct bytes rest = item, addr = bytes_cut(&rest, '/');
	bool has_bits = bytes_find(item, '/') < item.len;
	uint64_t bits;
	*ret = (struct reach_net){.bits = 128};
	if (!parse_address(addr, ret->addr))
		return false;
	bool v4 =
	    memcmp(ret->addr, mapped, sizeof mapped) == 0 && bytes_find(addr, ':') == addr.len;
	if (!has_bits)
		return true;
	if (!num_u64(rest, v4 ? 32 : 128, &bits))
		return false;
	ret->bits = (unsigned)bits + (v4 ? V4_BITS : 0);
	return true;
}

/* "host:port" in its parts, the host without brackets; false: not that form. */
static bool split(struct bytes authority, struct bytes *ret_host, unsigned *ret_port)
{
	size_t colon = bytes_find_last(authority, ':'), end = bytes_find(authority, ']');
	uint64_t port = 0;
	struct bytes host = authority;
	if (!ref_is_host(authority))
		return false;
	if (colon < authority.len && (end == authority.len || colon > end)) {
		if (!num_u64(bytes_from(authority, colon + 1), 65535, &port))
			return false;
		host = bytes_part(authority, 0, colon);
	}
	if (host.ptr[0] == '[')
		host = bytes_part(host, 1, host.len - 2);
	*ret_host = host;
	*ret_port = (unsigned)port;
	return host.len > 0;
}

static int add_item(struct reach *r, struct bytes item, struct arena *a, struct err *e)
{
	struct reach_net net;
	struct bytes host;
	unsigned port;
	bool ok;
	if (bytes_eq_lit(item, "*")) {
		r->all = true;
		return 0;
	}
	if (parse_net(item, &net)) {
		r->nets[r->net_count++] = net;
		return 0;
	}
	if (!split(item, &host, &port))
		return err_set(e, ERR_FORMAT,
			       "\"%.*s\" is not HOST, HOST:PORT, ADDRESS, NETWORK/BITS or *",
			       BYTES_ARG(bytes_part(item, 0, 200)));
	r->hosts[r->host_count++] =
	    (struct reach_host){.name = arena_bytes(a, host, &ok), .port = port};
	return ok ? 0 : err_set(e, ERR_NOMEM, "no memory");
}

static bool is_between(uint8_t c)
{
	return c == ' ' || c == ',' || c == '\t' || c == '\n' || c == '\r';
}

int reach_parse(struct bytes text, struct arena *a, struct reach *ret, struct err *e)
{
	size_t items = 0;
	for (size_t i = 0; i < text.len; i++)
		items += !is_between(text.ptr[i]) && (i == 0 || is_between(text.ptr[i - 1]));
	*ret = (struct reach){0};
	if (items > ITEMS_MAX)
		return err_set(e, ERR_LIMIT, "%zu items, the most there may be are %u", items,
			       ITEMS_MAX);
	ret->hosts = arena_alloc(a, items + 1, sizeof *ret->hosts);
	ret->nets = arena_alloc(a, items + 1, sizeof *ret->nets);
	if (!ret->hosts || !ret->nets)
		return err_set(e, ERR_NOMEM, "no memory");
	for (size_t i = 0; i < text.len;) {
		size_t end = i;
		while (end < text.len && !is_between(text.ptr[end]))
			end++;
		if (end > i && add_item(ret, bytes_part(text, i, end - i), a, e) < 0)
			return -(int)e->code;
		i = end + 1;
	}
	return 0;
}

bool reach_has_address(const struct reach *r, struct bytes address)
{
	uint8_t addr[16];
	if (!parse_address(address, addr))
		return false;
	for (size_t i = 0; i < r->net_count; i++)
		if (covers(&r->nets[i], addr))
			return true;
	return false;
}

int reach_parse_networks(struct bytes text, struct arena *a, struct reach *ret, struct err *e)
{
	if (reach_parse(text, a, ret, e) < 0)
		return -(int)e->code;
	if (!ret->all && ret->host_count == 0)
		return 0;
	return err_set(
	    e, ERR_FORMAT, "\"%.*s\" is not ADDRESS or NETWORK/BITS",
	    BYTES_ARG(ret->all ? BYTES_LIT("*") : bytes_part(ret->hosts[0].name, 0, 200)));
}

bool reach_has_host(const struct reach *r, struct bytes host, unsigned port)
{
	if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = bytes_part(host, 1, host.len - 2);
	for (size_t i = 0; i < r->host_count; i++) {
		const struct reach_host *h = &r->hosts[i];
		if (bytes_eq_nocase(h->name, host) && (h->port == 0 || h->port == port))
			return true;
	}
	return false;
}

bool reach_is_secret(struct bytes address)
{
	uint8_t addr[16];
	return parse_address(address, addr) && metadata_row(addr);
}

bool reach_has_authority(const struct reach *r, struct bytes authority)
{
	struct bytes host;
	unsigned port;
	uint8_t addr[16];
	if (!split(authority, &host, &port))
		return false;
	if (reach_has_host(r, host, port ? port : 443))
		return true;
	for (size_t i = 0; parse_address(host, addr) && i < r->net_count; i++)
		if (covers(&r->nets[i], addr))
			return true;
	return r->all;
}

int reach_refuse(const struct reach *r, struct bytes host, const char *address, struct err *e)
{
	unsigned port;
	struct bytes alone = host;
	const char *setting = r && r->setting ? r->setting : "import-allow";
	(void)split(host, &alone, &port);
	if (reach_is_secret(address ? bytes_of(address) : alone))
		return err_set(e, ERR_DENIED,
			       "%.*s%s%s%s is an address where clouds keep secrets: only the "
			       "address itself in the server's setting %s permits it",
			       BYTES_ARG(bytes_part(host, 0, 253)), address ? " (" : "",
			       address ? address : "", address ? ")" : "", setting);
	return err_set(e, ERR_DENIED,
		       "%.*s%s%s%s is not a public address: the server's setting %s must "
		       "list the host or its network",
		       BYTES_ARG(bytes_part(host, 0, 253)), address ? " (" : "",
		       address ? address : "", address ? ")" : "", setting);
}

int reach_check_authority(const struct reach *r, struct bytes authority, struct err *e)
{
	struct bytes host;
	unsigned port;
	uint8_t addr[16];
	if (!split(authority, &host, &port))
		return err_set(e, ERR_FORMAT, "\"%.*s\" is not a host with an optional port",
			       BYTES_ARG(bytes_part(authority, 0, 200)));
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6};
	if (bytes_eq_nocase(host, BYTES_LIT("localhost")))
		sa.sin6_addr = in6addr_loopback;
	else if (parse_address(host, addr))
		memcpy(&sa.sin6_addr, addr, sizeof addr);
	else
		return 0;
	struct sockaddr_storage any = {0};
	memcpy(&any, &sa, sizeof sa);
	bool listed = reach_has_host(r, host, port ? port : 443);
	if (reach_may_connect(r, (const struct sockaddr *)&any, listed))
		return 0;
	return reach_refuse(r, authority, NULL, e);
}
