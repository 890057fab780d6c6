/* What inflating alone costs: each file named is decompressed by the library and forgotten, as many
 * at once as there are processors. */
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define IN_LEN (64U << 10)
#define OUT_LEN (256U << 10)

static char **names;
static int name_count;
static atomic_int next_name;

static void gunzip(int fd, uint8_t *in, uint8_t *out)
{
	static __thread struct inflate_state s; /* 85 KiB: too much for a frame */
	isal_inflate_init(&s);
	s.crc_flag = ISAL_GZIP;
	for (ssize_t n; (n = read(fd, in, IN_LEN)) > 0;) {
		s.next_in = in;
		s.avail_in = (uint32_t)n;
		do {
			s.next_out = out;
			s.avail_out = OUT_LEN;
			if (isal_inflate(&s) != ISAL_DECOMP_OK)
				exit(1);
			if (s.block_state == ISAL_BLOCK_FINISH) {
				if (s.avail_in == 0)
					break;
				uint8_t *rest = s.next_in;
				uint32_t left = s.avail_in;
				isal_inflate_reset(&s);
				s.crc_flag = ISAL_GZIP;
				s.next_in = rest;
				s.avail_in = left;
			}
		} while (s.avail_in > 0 || s.avail_out == 0);
	}
}

static void unzstd(int fd, uint8_t *in, uint8_t *out)
{
	ZSTD_DCtx *d = ZSTD_createDCtx();
	for (ssize_t n; (n = read(fd, in, IN_LEN)) > 0;) {
		ZSTD_inBuffer from = {in, (size_t)n, 0};
		while (from.pos < from.size) {
			ZSTD_outBuffer to = {out, OUT_LEN, 0};
			if (ZSTD_isError(ZSTD_decompressStream(d, &to, &from)))
				exit(1);
		}
	}
	ZSTD_freeDCtx(d);
}

static void *work(void *arg)
{
	(void)arg;
	uint8_t *in = malloc(IN_LEN), *out = malloc(OUT_LEN), magic[4];
	for (int i; (i = atomic_fetch_add(&next_name, 1)) < name_count;) {
		int fd = open(names[i], O_RDONLY);
		if (!in || !out || fd < 0 || pread(fd, magic, 4, 0) != 4)
			exit(1);
		if (magic[0] == 0x1f)
			gunzip(fd, in, out);
		else if (memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0)
			unzstd(fd, in, out);
		close(fd);
	}
	free(in);
	free(out);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t t[64];
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	names = argv + 1;
	name_count = argc - 1;
	for (long i = 0; i < n && i < 64; i++)
		pthread_create(&t[i], NULL, work, NULL);
	for (long i = 0; i < n && i < 64; i++)
		pthread_join(t[i], NULL);
	return 0;
}
