/* Our tar reader against Go's, which container engines read layers with: random archives
 * (tar_random.h) are told by both as text, which must be equal. Go's answers for the first seeds
 * are recorded; where go is installed fresh seeds are tried as well.
 *
 * TAR_GO_SECONDS=600: so long; TAR_GO_SEED=n: from there on. PLIMSOLL_RECORD=1 (with go) writes the
 * record anew. */
#include "archive/tar.h"
#include "tar_random.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/num.h"

#define RECORDED 3000U		/* seeds 0 … */
#define ROUND 2000U		/* archives given to one run of the Go program */
#define BIG (UINT64_C(1) << 20) /* bytes: content that neither side reads */
#define SUM_LEN 8U		/* bytes of a SHA-256 that are compared */

static const struct limits defaults = LIMITS_DEFAULT;

static void put_hex(struct buf *out, struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		buf_printf(out, "%02x", b.ptr[i]);
}

/* The content's hash; false: it cannot be read. */
static bool put_content(struct tar *t, struct buf *out)
{
	uint8_t part[1000], sum[32];
	int64_t n;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_DigestInit_ex(md, EVP_sha256(), NULL);
	while ((n = tar_read(t, part, sizeof part, NULL)) > 0)
		EVP_DigestUpdate(md, part, (size_t)n);
	EVP_DigestFinal_ex(md, sum, NULL);
	EVP_MD_CTX_free(md);
	if (n < 0)
		return false;
	buf_put_u8(out, ' ');
	put_hex(out, (struct bytes){.ptr = sum, .len = SUM_LEN});
	return true;
}

/* One entry; NULL, or how the archive ends here. */
static const char *put_entry(struct tar *t, const struct tar_entry *ent, struct buf *out)
{
	buf_printf(out, "%02x ", ent->flag);
	if (ent->stray_number) {
		buf_put_text(out, "?\n");
		return NULL;
	}
	put_hex(out, ent->path);
	if (ent->type == TAR_GLOBAL) {
		buf_put_u8(out, '\n');
		return NULL;
	}
	buf_put_u8(out, ' ');
	put_hex(out, ent->link);
	if (ent->type != TAR_FILE && ent->type != TAR_OTHER) {
		buf_put_text(out, " -");
	} else {
		buf_printf(out, " %llu", (unsigned long long)ent->size);
		if (ent->size > BIG)
			return "\nbig\n";
		if (!put_content(t, out))
			return "\nerror\n";
	}
	buf_printf(out, " %o %lld\n", ent->mode, (long long)ent->uid);
	return NULL;
}

/* As tests/differential/tar/main.go does. */
static void tell(struct bytes archive, struct buf *out)
{
	struct stream *s = stream_open_bytes(archive, NULL);
	struct tar *t = tar_open(s, &defaults, NULL);
	struct tar_entry ent;
	const char *end = NULL;
	int rc = 0;
	while (!end && (rc = tar_next(t, &ent, NULL)) > 0)
		end = put_entry(t, &ent, out);
	buf_put_text(out, end ? end : rc < 0 ? "error\n" : "end\n");
	tar_close(t);
	stream_close(s);
}

static void sum_text(struct bytes text, char ret[2 * SUM_LEN + 1])
{
	uint8_t sum[32];
	unsigned len = 0;
	assert_int_equal(EVP_Digest(text.ptr, text.len, sum, &len, EVP_sha256(), NULL), 1);
	num_hex_encode((struct bytes){.ptr = sum, .len = SUM_LEN}, ret);
}

static FILE *open_record(const char *mode)
{
	char path[4096];
	const char *root = getenv("PLIMSOLL_SOURCE");
	snprintf(path, sizeof path, "%s/tests/golden/tar-go/answers.txt", root ? root : ".");
	return fopen(path, mode);
}

/* The record: one hash of Go's text for each seed. */
static void test_recorded(void **state)
{
	struct buf archive, text;
	char line[64], sum[2 * SUM_LEN + 1];
	unsigned seed = 0, wrong = 0;
	FILE *f = open_record("r");
	(void)state;
	assert_non_null(f);
	buf_init(&archive, (size_t)1 << 24);
	buf_init(&text, (size_t)1 << 24);
	for (; fgets(line, sizeof line, f); seed++) {
		rnd_archive(seed, &archive);
		buf_clear(&text);
		tell(buf_bytes(&archive), &text);
		sum_text(buf_bytes(&text), sum);
		if (strncmp(line, sum, 2 * SUM_LEN) != 0 && ++wrong < 10)
			print_error("seed %u: Go reads it otherwise than\n%.*s", seed,
				    BYTES_ARG(buf_bytes(&text)));
	}
	(void)fclose(f);
	buf_free(&archive);
	buf_free(&text);
	assert_int_equal(wrong, 0);
	assert_int_equal(seed, RECORDED);
}

static char folder[] = "/tmp/plimsoll-tar-go.XXXXXX";

/* Build the Go program; false: there is no go, or it builds nothing. */
static bool build_go(void)
{
	char command[8192];
	const char *root = getenv("PLIMSOLL_SOURCE");
	if (system("command -v go >/dev/null 2>&1") != 0 || !mkdtemp(folder))
		return false;
	snprintf(command, sizeof command,
		 "cd %s/tests/differential/tar && GO111MODULE=off GOTOOLCHAIN=local "
		 "GOCACHE=${GOCACHE:-${TMPDIR:-/tmp}/plimsoll-go} go build -o %s/tell main.go",
		 root ? root : ".", folder);
	return system(command) == 0;
}

static void drop_go(void)
{
	static const char *const files[] = {"in", "tell"};
	for (size_t i = 0; i < 2; i++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
}

/* What Go says of count archives from seed on. */
static void ask_go(uint64_t seed, unsigned count, struct buf *ret)
{
	struct buf archive;
	char path[4096];
	buf_init(&archive, (size_t)1 << 24);
	snprintf(path, sizeof path, "%s/in", folder);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	for (unsigned i = 0; i < count; i++) {
		rnd_archive(seed + i, &archive);
		uint8_t len[4] = {(uint8_t)archive.len, (uint8_t)(archive.len >> 8),
				  (uint8_t)(archive.len >> 16), (uint8_t)(archive.len >> 24)};
		assert_int_equal(fwrite(len, 1, 4, f), 4);
		assert_int_equal(fwrite(archive.ptr, 1, archive.len, f), archive.len);
	}
	assert_int_equal(fclose(f), 0);
	buf_free(&archive);
	snprintf(path, sizeof path, "%s/tell < %s/in", folder, folder);
	f = popen(path, "r");
	assert_non_null(f);
	buf_clear(ret);
	for (uint8_t *room; (room = buf_room(ret, 65536)) != NULL;) {
		size_t n = fread(room, 1, 65536, f);
		if (n == 0)
			break;
		buf_commit(ret, n);
	}
	assert_int_equal(pclose(f), 0);
	assert_true(buf_ok(ret));
}

/* The lines of one archive, taken from *rest. */
static struct bytes take_answer(struct bytes *rest)
{
	struct bytes all = *rest;
	while (rest->len > 0) {
		struct bytes line = bytes_cut(rest, '\n');
		if (bytes_eq_lit(line, "end") || bytes_eq_lit(line, "error") ||
		    bytes_eq_lit(line, "big"))
			break;
	}
	return bytes_part(all, 0, all.len - rest->len);
}

static unsigned entries_seen, ends_seen;

static unsigned compare(uint64_t seed, unsigned count, struct bytes go)
{
	struct buf archive, text;
	unsigned wrong = 0;
	buf_init(&archive, (size_t)1 << 24);
	buf_init(&text, (size_t)1 << 24);
	for (unsigned i = 0; i < count; i++) {
		struct bytes want = take_answer(&go);
		rnd_archive(seed + i, &archive);
		buf_clear(&text);
		tell(buf_bytes(&archive), &text);
		ends_seen += bytes_has_suffix_lit(want, "end\n");
		for (size_t at = 0; at < want.len; at++)
			entries_seen += want.ptr[at] == '\n';
		if (bytes_eq(want, buf_bytes(&text)))
			continue;
		if (++wrong < 10)
			print_error("seed %llu: Go reads\n%.*sand we\n%.*s",
				    (unsigned long long)(seed + i), BYTES_ARG(want),
				    BYTES_ARG(buf_bytes(&text)));
	}
	assert_int_equal(go.len, 0);
	buf_free(&archive);
	buf_free(&text);
	return wrong;
}

static void test_fresh(void **state)
{
	const char *seconds = getenv("TAR_GO_SECONDS"), *from = getenv("TAR_GO_SEED");
	time_t end = time(NULL) + (seconds ? atoi(seconds) : 0);
	uint64_t seed = from ? strtoull(from, NULL, 10) : (uint64_t)time(NULL) * 1000000;
	unsigned long long tried = 0;
	unsigned wrong = 0;
	struct buf go;
	(void)state;
	if (!build_go()) {
		printf("skipped: no go\n");
		skip();
	}
	printf("from seed %llu on\n", (unsigned long long)seed);
	buf_init(&go, (size_t)1 << 28);
	do {
		ask_go(seed, ROUND, &go);
		wrong += compare(seed, ROUND, buf_bytes(&go));
		seed += ROUND;
		tried += ROUND;
	} while (wrong == 0 && time(NULL) < end);
	drop_go();
	printf("%llu archives, %u lines, %u to their end\n", tried, entries_seen, ends_seen);
	buf_free(&go);
	assert_int_equal(wrong, 0);
	/* They are worth reading: most have members, many can be read to their end. */
	assert_true(entries_seen > 2 * tried && ends_seen > tried / 4);
}

static int record(void)
{
	struct buf go;
	char sum[2 * SUM_LEN + 1];
	FILE *f = open_record("w");
	if (!f || !build_go())
		return 1;
	buf_init(&go, (size_t)1 << 28);
	ask_go(0, RECORDED, &go);
	for (struct bytes rest = buf_bytes(&go); rest.len > 0;) {
		sum_text(take_answer(&rest), sum);
		fprintf(f, "%s\n", sum);
	}
	drop_go();
	buf_free(&go);
	return fclose(f) == 0 ? 0 : 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_recorded),
					   cmocka_unit_test(test_fresh)};
	if (getenv("PLIMSOLL_RECORD"))
		return record();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
