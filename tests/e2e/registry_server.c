/* The registry alone on a port, for the conformance test, fault tests and benches: http, access,
 * registry, store; no scanning.
 *
 *   registry_server DIR PORT [anonymous [streams [URL]]]
 *
 * Prints "port=N user=admin password=P", serves until SIGTERM or SIGINT. The password is made on
 * the first start of a folder; later starts print an empty one. With "anonymous" every request is
 * the owner's; with "streams" blobs are read as if they were no files, and with URL clients are
 * sent to URL followed by the blob's key. */
#include "../unit/blob_readers.h"
#include "access/access.h"
#include "api/routes.h"
#include "base/clock.h"
#include "registry/registry.h"
#include "store/schema.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fatal(const char *what, const struct err *e)
{
	fprintf(stderr, "registry_server: %s: %s\n", what, e->msg);
	return 1;
}

/* Everything is allowed to whoever asks. */
static int allow_all(struct http_request *r, const struct http_route *route, struct err *e)
{
	static struct grant all;
	static struct principal owner;
	(void)route;
	(void)e;
	all = (struct grant){.actions = BYTES_LIT("*"), .scope = BYTES_LIT("/")};
	owner = (struct principal){.kind = PRINCIPAL_USER,
				   .name = BYTES_LIT("anonymous"),
				   .grants = &all,
				   .grant_count = 1};
	http_principal_set(r, &owner);
	return 0;
}

static int serve(const char *dir, uint16_t port, bool anonymous, struct stream_reader *streams)
{
	static struct api api;
	struct err e = ERR_INIT;
	char path[4096], secret[SECRET_TOKEN_CAP] = "";
	(void)snprintf(path, sizeof path, "%s/plimsoll.db", dir);
	struct blobs *blobs = blobs_open(dir, &e);
	struct db *db = blobs ? store_open(path, &e) : NULL;
	struct registry *g = db ? registry_open(db, blobs, NULL, NULL, &e) : NULL;
	if (blobs && streams && stream_reader_begin(streams, dir, blobs, &e) < 0)
		return fatal("streams", &e);
	if (!g || registry_start(g, &e) < 0)
		return fatal(dir, &e);
	struct access_options ao = {.data_dir = dir};
	api = (struct api){.db = db,

			   .registry = g,
			   .public_url = "",
			   .version = "test",
			   .started_ms = clock_wall_ms()};
	api.access = access_open(db, &ao, &e);
	if (!api.access || access_bootstrap(api.access, secret, &e) < 0)
		return fatal("access", &e);
	const struct http_route *tables[] = {
	    api_auth_routes, api_registry_blobs_routes, api_registry_uploads_routes,
	    api_registry_manifests_routes, api_registry_tags_routes};
	const size_t counts[] = {api_auth_route_count, api_registry_blobs_route_count,
				 api_registry_uploads_route_count,
				 api_registry_manifests_route_count, api_registry_tags_route_count};
	struct http_options o = {.address = "127.0.0.1", .port = port};
	struct http_hooks hooks = {.context = &api,
				   .authorise = anonymous ? allow_all : api_authorise};
	struct http_server *s =
	    http_server_open(&o, tables, counts, sizeof counts / sizeof *counts, &hooks, &e);
	if (!s)
		return fatal("http", &e);
	printf("port=%u user=admin password=%s\n", http_server_port(s), secret);
	fflush(stdout);
	sigset_t set;
	int sig;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigwait(&set, &sig);
	http_server_close(s, 1000);
	registry_close(g);
	access_close(api.access);
	db_close(db);
	blobs_close(blobs);
	if (streams)
		stream_reader_end(streams);
	return 0;
}

int main(int argc, char **argv)
{
	sigset_t set;
#ifdef M_MMAP_THRESHOLD
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 20); /* as the daemon does */
#endif
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (argc < 3) {
		fprintf(stderr, "usage: registry_server DIR PORT [anonymous [streams [URL]]]\n");
		return 2;
	}
	struct stream_reader streams = {.address = argc > 5 ? argv[5] : NULL};
	return serve(argv[1], (uint16_t)atoi(argv[2]), argc > 3, argc > 4 ? &streams : NULL);
}
