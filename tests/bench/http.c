/* The HTTP room alone: small requests by wrk, one upload with SHA-256 and a file, one download,
 * each with its limit. Client and server share the machine's cores. Needs wrk, ab and curl. */
#include "base/clock.h"
#include "base/io.h"
#include "base/own.h"
#include "figure.h"
#include "http/http.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define BLOB_LEN (256U << 20)
#define ROUNDS 5

static char dir[] = "/tmp/plimsoll-bench-XXXXXX";

static int get_base(struct http_request *r, struct err *e)
{
	int rc =
	    http_reply_header(r, "Docker-Distribution-Api-Version", BYTES_LIT("registry/2.0"), e);
	return rc < 0 ? rc : http_reply_bytes(r, 200, "application/json", BYTES_LIT("{}"), e);
}

static int get_blob(struct http_request *r, struct err *e)
{
	char path[64];
	(void)snprintf(path, sizeof path, "%s/in", dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return http_reply_file(r, 200, "application/octet-stream", fd, 0, BLOB_LEN, e);
}

struct upload {
	EVP_MD_CTX *hash;
	int fd;
};

static int up_begin(struct http_request *r, void **ret_state, struct err *e)
{
	(void)r;
	char path[64];
	struct upload *u = calloc(1, sizeof *u);
	if (!u)
		return err_set(e, ERR_NOMEM, "upload");
	(void)snprintf(path, sizeof path, "%s/out", dir);
	u->hash = EVP_MD_CTX_new();
	u->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	(void)EVP_DigestInit_ex(u->hash, EVP_sha256(), NULL);
	*ret_state = u;
	return 0;
}

static int up_data(struct http_request *r, void *state, struct bytes piece, struct err *e)
{
	(void)r;
	struct upload *u = state;
	(void)EVP_DigestUpdate(u->hash, piece.ptr, piece.len);
	return io_write(u->fd, piece.ptr, piece.len, e);
}

static void up_abort(struct http_request *r, void *state)
{
	(void)r;
	struct upload *u = state;
	EVP_MD_CTX_free(u->hash);
	(void)close(u->fd);
	free(u);
}

static int up_end(struct http_request *r, void *state, struct err *e)
{
	up_abort(r, state);
	return http_reply_empty(r, 201, e);
}

static const struct http_stream up = {up_begin, up_data, up_end, up_abort};
static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .pattern = "/v2/",
     .handle = get_base,
     .action = HTTP_PUBLIC,
     .summary = "base"},
    {.methods = HTTP_GET,
     .pattern = "/blob",
     .handle = get_blob,
     .action = HTTP_PUBLIC,
     .summary = "blob"},
    {.methods = HTTP_PUT,
     .pattern = "/blob",
     .stream = &up,
     .action = HTTP_PUBLIC,
     .summary = "up",
     .body_max = UINT64_MAX},
};

static void write_blob(void)
{
	char path[64];
	static uint8_t piece[1 << 20];
	(void)snprintf(path, sizeof path, "%s/in", dir);
	OWN_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	for (size_t i = 0; i < sizeof piece; i++)
		piece[i] = (uint8_t)(i * 2654435761U >> 13);
	for (unsigned i = 0; i < BLOB_LEN / sizeof piece; i++)
		if (io_write(fd, piece, sizeof piece, NULL) < 0)
			exit(1);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* The median of what the command prints in ROUNDS runs. */
static double median_of(const char *command)
{
	double v[ROUNDS];
	for (int i = 0; i < ROUNDS; i++) {
		char text[64] = "";
		FILE *p = popen(command, "r");
		if (!p || !fgets(text, sizeof text, p))
			exit(77);
		(void)pclose(p);
		v[i] = atof(text);
	}
	qsort(v, ROUNDS, sizeof *v, compare);
	return v[ROUNDS / 2];
}

/* Hash and write the same bytes in one thread, without HTTP: what an upload can reach at best. */
static double floor_mb(void)
{
	char path[64];
	static uint8_t piece[256 << 10];
	void *state = NULL;
	(void)snprintf(path, sizeof path, "%s/in", dir);
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	int64_t begin = clock_mono_us();
	if (up_begin(NULL, &state, NULL) < 0)
		exit(1);
	for (ssize_t n; (n = io_read(fd, piece, sizeof piece, NULL)) > 0;)
		(void)up_data(NULL, state, (struct bytes){.ptr = piece, .len = (size_t)n}, NULL);
	up_abort(NULL, state);
	return BLOB_LEN / (double)(clock_mono_us() - begin);
}

int main(void)
{
	struct err e = ERR_INIT;
	char command[512];
	const struct http_route *tables[] = {rows};
	const size_t counts[] = {sizeof rows / sizeof *rows};
	const struct http_hooks hooks = {.context = NULL};
	(void)signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir))
		return 1;
	struct http_server *s =
	    http_server_open(&(struct http_options){.port = 0}, tables, counts, 1, &hooks, &e);
	if (!s) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	write_blob();
	unsigned port = http_server_port(s);
	(void)snprintf(command, sizeof command,
		       "wrk -t1 -c32 -d2 http://127.0.0.1:%u/v2/ | sed -n 's/^Requests.sec: *//p'",
		       port);
	figure("GET /v2/, 32 kept connections", median_of(command), "/s", FIGURE_LEAST, 75000);
	(void)snprintf(
	    command, sizeof command,
	    "ab -q -c16 -n 10000 http://127.0.0.1:%u/v2/ | sed -n 's/^Requests per second: *//p'",
	    port);
	figure("GET /v2/, a connection each", median_of(command), "/s", FIGURE_LEAST, 1900);
	(void)snprintf(
	    command, sizeof command,
	    "curl -s -o /dev/null -w '%%{speed_upload}\\n' -T %s/in http://127.0.0.1:%u/blob |"
	    " awk '{print $1/1e6}'",
	    dir, port);
	double best = floor_mb();
	figure("PUT 256 MiB, SHA-256 and file", median_of(command), "MB/s", FIGURE_LEAST, 650);
	(void)snprintf(
	    command, sizeof command,
	    "curl -s -o /dev/null -w '%%{speed_upload}\\n' -H 'Transfer-Encoding: chunked'"
	    " -T %s/in http://127.0.0.1:%u/blob | awk '{print $1/1e6}'",
	    dir, port);
	figure("the same chunked", median_of(command), "MB/s", FIGURE_LEAST, 650);
	printf("%-46s %10.0f MB/s\n", "SHA-256 and file without HTTP, one thread", best);
	(void)snprintf(command, sizeof command,
		       "curl -s -o /dev/null -w '%%{speed_download}\\n' http://127.0.0.1:%u/blob |"
		       " awk '{print $1/1e6}'",
		       port);
	figure("GET 256 MiB", median_of(command), "MB/s", FIGURE_LEAST, 900);
	struct rusage u;
	(void)getrusage(RUSAGE_SELF, &u);
	printf("%-46s %10.1f MiB\n", "peak memory", (double)u.ru_maxrss / 1024);
	(void)http_server_close(s, 500);
	(void)snprintf(command, sizeof command, "rm -r %s", dir);
	return system(command) != 0 ? 2 : figure_status();
}
