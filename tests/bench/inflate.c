/* What our layer walk costs over the bare decompressor: reads FILE (tar.gz or tar.zst) with the
 * library alone, then through codec and tar, in turns, and compares the best processor times.
 * Prints figure, limit and ratio; exits with 1 past the limit. Usage: bench_inflate FILE [ROUNDS]
 */
#include "archive/tar.h"
#include "base/num.h"
#include "codec/codec.h"
#include "figure.h"
#include <fcntl.h>
#include <inttypes.h>
#include <isa-l/igzip_lib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#define RATIO_MAX 1.25
#define IN_LEN (64U << 10) /* what the library's own tool reads at once */
#define OUT_LEN (256U << 10)

static uint8_t in_buf[IN_LEN];
static uint8_t out_buf[OUT_LEN];

static double cpu_sec(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
	fprintf(stderr, "bench_inflate: %s\n", what);
	exit(2);
}

/* One gzip file of any number of members, all input consumed. */
static uint64_t bare_gzip(int fd)
{
	static struct inflate_state st;
	uint64_t made = 0;
	off_t off = 0;

	isal_inflate_init(&st);
	st.crc_flag = ISAL_GZIP;
	for (;;) {
		if (st.avail_in == 0) {
			ssize_t got = pread(fd, in_buf, sizeof in_buf, off);
			if (got <= 0)
				break;
			off += got;
			st.next_in = in_buf;
			st.avail_in = (uint32_t)got;
		}
		if (st.block_state == ISAL_BLOCK_FINISH) {
			isal_inflate_reset(&st);
			st.crc_flag = ISAL_GZIP;
		}
		do {
			st.next_out = out_buf;
			st.avail_out = sizeof out_buf;
			if (isal_inflate(&st) != ISAL_DECOMP_OK)
				die("the bare loop fails");
			made += sizeof out_buf - st.avail_out;
		} while (st.avail_out == 0 && st.block_state != ISAL_BLOCK_FINISH);
	}
	return made;
}

static uint64_t bare_zstd(int fd)
{
	ZSTD_DCtx *z = ZSTD_createDCtx();
	uint64_t made = 0;
	off_t off = 0;
	ssize_t got;

	while ((got = pread(fd, in_buf, sizeof in_buf, off)) > 0) {
		ZSTD_inBuffer in = {.src = in_buf, .size = (size_t)got, .pos = 0};
		ZSTD_outBuffer out;
		off += got;
		do {
			out = (ZSTD_outBuffer){.dst = out_buf, .size = sizeof out_buf, .pos = 0};
			if (ZSTD_isError(ZSTD_decompressStream(z, &out, &in)))
				die("the bare loop fails");
			made += out.pos;
		} while (in.pos < in.size || out.pos == out.size);
	}
	ZSTD_freeDCtx(z);
	return made;
}

static uint64_t ours(int fd, uint64_t *ret_members)
{
	struct limits lim = LIMITS_DEFAULT;
	struct err e = ERR_INIT;
	struct tar_entry ent;
	struct bytes b;
	int rc;

	struct stream *s =
	    codec_open(stream_open_fd(fd, 0, UINT64_MAX, NULL, NULL, &e), &lim, NULL, &e);
	struct tar *t = s ? tar_open(s, &lim, &e) : NULL;
	*ret_members = 0;
	while (t && (rc = tar_next(t, &ent, &e)) > 0)
		++*ret_members;
	if (!t || (rc < 0 && e.code != ERR_TRUNCATED))
		die(e.msg);
	while (stream_peek(s, 1, &b, &e) > 0)
		stream_consume(s, b.len);
	uint64_t made = stream_offset(s);
	tar_close(t);
	stream_close(s);
	return made;
}

int main(int argc, char **argv)
{
	uint64_t rounds = 7;
	uint64_t members = 0;
	double best_bare = 1e9;
	double best_ours = 1e9;
	uint8_t magic[1] = {0};

	if (argc < 2 || (argc > 2 && !num_u64(bytes_of(argv[2]), 1000, &rounds)))
		die("usage: bench_inflate FILE [ROUNDS]");
	int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, magic, 1, 0) != 1)
		die("the file cannot be read");
	for (uint64_t i = 0; i < rounds; i++) {
		double t0 = cpu_sec();
		uint64_t bare = magic[0] == 0x1f ? bare_gzip(fd) : bare_zstd(fd);
		double t1 = cpu_sec();
		uint64_t made = ours(fd, &members);
		double t2 = cpu_sec();
		if (bare != made)
			die("the two do not give the same number of bytes");
		best_bare = t1 - t0 < best_bare ? t1 - t0 : best_bare;
		best_ours = t2 - t1 < best_ours ? t2 - t1 : best_ours;
		if (i == 0)
			printf("%" PRIu64 " bytes plain, %" PRIu64 " members\n", made, members);
	}
	double ratio = best_ours / best_bare;
	printf("bare %.3f s, codec and tar %.3f s\n", best_bare, best_ours);
	figure("inflate: codec and tar against the library alone", ratio, "x", FIGURE_MOST,
	       RATIO_MAX);
	close(fd);
	return figure_status();
}
