/* reach: which hosts and addresses a server may connect to for its users. Public addresses always;
 * others, of which an operator may not want users to learn anything, only if they are listed. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct sockaddr;

struct reach_net {
	uint8_t addr[16]; /* IPv6, or IPv4 mapped into it */
	unsigned bits;
};
struct reach_host {
	struct bytes name; /* lower case, without brackets */
	unsigned port;	   /* 0 = any */
};
struct reach {
	struct reach_host *hosts;
	size_t host_count;
	struct reach_net *nets;
	size_t net_count;
	bool all;	     /* "*": any address but those where clouds keep secrets */
	const char *proxy;   /* all connections go through it, and it decides; NULL or "" = none */
	const char *setting; /* that errors name; NULL: import-allow */
};

/* Of a list separated by spaces or commas: "registry.example", "registry.example:5000",
 * "10.0.0.0/8", "fd00::/8", "10.1.2.3", "*". Runs live in a. ERR_FORMAT names the item. */
int reach_parse(struct bytes text, struct arena *a, struct reach *ret, struct err *e);
/* The host is listed by its name (or its address, as text); host as in a URL, without a port. */
bool reach_has_host(const struct reach *r, struct bytes host, unsigned port);
/* "host", "host:port" of a reference; without a port any port that is listed counts. */
bool reach_has_authority(const struct reach *r, struct bytes authority);
/* May this address of a host be connected to? listed: reach_has_host of it. Addresses of clouds'
 * metadata services (a table): only if an item is the address or a network within its row. Other
 * families than IPv4 and IPv6: no. */
bool reach_may_connect(const struct reach *r, const struct sockaddr *address, bool listed);
/* Does one of the networks have the address (text, IPv4 or IPv6)? */
bool reach_has_address(const struct reach *r, struct bytes address);
/* Of a list of networks alone: ERR_FORMAT names a host, or "*". */
int reach_parse_networks(struct bytes text, struct arena *a, struct reach *ret, struct err *e);
/* Is the address (text) one where clouds keep secrets? */
bool reach_is_secret(struct bytes address);
/* Before a name is looked up: a host that is an address, or "localhost", and is not allowed is
 * refused with ERR_DENIED, which says what to list. */
int reach_check_authority(const struct reach *r, struct bytes authority, struct err *e);
/* ERR_DENIED for an address (text) of a host, which says what to list. */
int reach_refuse(const struct reach *r, struct bytes host, const char *address, struct err *e);
