/* What pulls and pushes share. Private to connect/client*.c. */
#pragma once
#include "connect/client.h"

/* kind/leaf with authentication; f's url is filled in here. kind NULL: leaf is the whole URL, on
 * the registry itself. The caller frees reply. */
int client_request(struct client *c, const char *kind, const char *leaf, struct fetch *f,
		   struct fetch_reply *reply, struct err *e);
/* What holds for every request: certificates, what may be reached, time. */
void client_set_rules(const struct client *c, struct fetch *f);
/* The error that a reply's status stands for. */
int client_status_error(struct client *c, const struct fetch_reply *reply, const char *what,
			struct err *e);
