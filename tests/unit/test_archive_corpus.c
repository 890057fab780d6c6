/* The shared tar and zip archives against what their own projects expect of them: names, types,
 * sizes and content of Go's archive/tar, names and errors of its archive/zip, the number of members
 * that bsdtar lists, and no crash, hang or silence on the malicious ones. */
#include "archive/tar.h"
#include "archive/zip.h"
#include "codec/codec.h"
#include "corpus.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/num.h"

#define READ_MAX (UINT64_C(64) << 20) /* bytes of a member's content: holes can be endless */

struct seen {
	char path[256];
	char link[256];
	char md5[33];
	uint64_t size, uid, mode;
	enum tar_type type;
};

static struct limits lim = LIMITS_DEFAULT;
static unsigned checked;
static unsigned wrong;

static int open_corpus(struct bytes path)
{
	char name[4096];
	const char *root = getenv("PLIMSOLL_SHARED");
	snprintf(name, sizeof name, "%s/corpus/oci/%.*s", root ? root : "/nonexistent",
		 BYTES_ARG(path));
	return open(name, O_RDONLY | O_CLOEXEC);
}

static void copy(char *out, struct bytes b)
{
	snprintf(out, 256, "%.*s", BYTES_ARG(b));
}

static int read_content(struct tar *t, char *ret_md5, struct err *e)
{
	uint8_t part[4096], sum[16];
	int64_t n;
	uint64_t total = 0;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_DigestInit_ex(md, EVP_md5(), NULL);
	while (total < READ_MAX && (n = tar_read(t, part, sizeof part, e)) > 0) {
		EVP_DigestUpdate(md, part, (size_t)n);
		total += (uint64_t)n;
	}
	EVP_DigestFinal_ex(md, sum, NULL);
	EVP_MD_CTX_free(md);
	num_hex_encode((struct bytes){.ptr = sum, .len = sizeof sum}, ret_md5);
	return total < READ_MAX && n < 0 ? (int)n : 0;
}

/* All members, or <0. The first max go to out. */
static int64_t walk_tar(int fd, struct seen *out, size_t max, struct err *e)
{
	struct tar_entry ent;
	int64_t rc = -1;
	int64_t n = 0;
	struct stream *s =
	    codec_open(stream_open_fd(fd, 0, UINT64_MAX, NULL, NULL, e), &lim, NULL, e);
	struct tar *t = s ? tar_open(s, &lim, e) : NULL;
	while (t && (rc = tar_next(t, &ent, e)) > 0) {
		if (ent.type == TAR_GLOBAL)
			continue;
		struct seen m = {.size = ent.size, .uid = (uint64_t)ent.uid, .mode = ent.mode};
		m.type = ent.type;
		copy(m.path, ent.path);
		copy(m.link, ent.link);
		rc = read_content(t, m.md5, e);
		if (rc < 0)
			break;
		if ((size_t)n < max)
			out[n] = m;
		n++;
	}
	tar_close(t);
	stream_close(s);
	return rc < 0 ? rc : n;
}

static int64_t walk_zip(int fd, char (*names)[256], size_t max, struct err *e)
{
	struct zip_entry ent;
	struct bytes b;
	int rc = 0;
	int64_t n = 0;
	struct zip *z = zip_open(fd, &lim, e);
	if (!z)
		return -(int64_t)e->code;
	while (rc >= 0 && (rc = zip_next(z, &ent, e)) > 0) {
		if ((size_t)n < max)
			copy(names[n], ent.path);
		n++;
		struct stream *s = zip_open_member(z, &ent, &lim, e);
		uint64_t got = 0;
		rc = s ? 0 : -(int)e->code;
		while (s && (rc = stream_peek(s, 1, &b, e)) > 0) {
			got += b.len;
			stream_consume(s, b.len);
		}
		assert_true(rc < 0 || got == ent.size);
		stream_close(s);
	}
	zip_close(z);
	return rc < 0 ? rc : n;
}

static enum tar_type go_type(struct bytes t)
{
	static const struct {
		const char *name;
		enum tar_type type;
	} types[] = {{"0", TAR_FILE},  {"TypeReg", TAR_FILE}, {"TypeGNUSparse", TAR_FILE},
		     {"S", TAR_FILE},  {"2", TAR_SYMLINK},    {"TypeSymlink", TAR_SYMLINK},
		     {"5", TAR_DIR},   {"TypeDir", TAR_DIR},  {"D", TAR_OTHER},
		     {"83", TAR_FILE}, {"48", TAR_FILE}};
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (bytes_eq_lit(t, types[i].name))
			return types[i].type;
	}
	fail_msg("type %.*s", BYTES_ARG(t));
	return TAR_OTHER;
}

/* One header of the table against what we saw; false: a global header, which we do not show. */
static bool check_header(struct json *j, const struct seen *m)
{
	bool global = false;
	struct bytes path = BYTES_NONE;
	if (!json_enter_object(j))
		return false;
	for (struct bytes key; json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "Typeflag")) {
			struct bytes t =
			    json_peek(j) == JSON_NUMBER ? json_number(j) : json_string(j);
			global = bytes_eq_lit(t, "TypeXGlobalHeader");
			if (!global)
				assert_int_equal(m->type, go_type(t));
		} else if (bytes_eq_lit(key, "Name")) {
			path = json_string(j);
		} else if (bytes_eq_lit(key, "Linkname")) {
			assert_true(bytes_eq(json_string(j), bytes_of(m->link)));
		} else if (bytes_eq_lit(key, "Size")) {
			assert_int_equal(json_u64(j), m->size);
		} else if (bytes_eq_lit(key, "Mode")) {
			assert_int_equal(json_u64(j), m->mode);
		} else if (bytes_eq_lit(key, "Uid")) {
			assert_int_equal(json_u64(j), m->uid);
		} else {
			json_skip(j);
		}
	}
	if (global)
		return false;
	/* The table holds the Go expression of one name, not the name. */
	if (bytes_has_prefix_lit(path, "strings.Repeat("))
		return true;
	if (!bytes_eq(bytes_part(path, 0, 200), bytes_part(bytes_of(m->path), 0, 200)))
		print_error("%s, not %.*s\n", m->path, BYTES_ARG(path));
	assert_true(bytes_eq(bytes_part(path, 0, 200), bytes_part(bytes_of(m->path), 0, 200)));
	return true;
}

static void check_go_tar(struct json *j, struct bytes file)
{
	static struct seen seen[16];
	char path[300];
	struct err e = ERR_INIT;
	snprintf(path, sizeof path, "tar-corpus/go/%.*s", BYTES_ARG(file));
	int fd = open_corpus(bytes_of(path));
	if (fd < 0) {
		json_skip(j);
		return;
	}
	memset(seen, 0, sizeof seen);
	int64_t n = walk_tar(fd, seen, 16, &e);
	close(fd);
	checked++;
	json_enter_object(j);
	for (struct bytes key; json_next_key(j, &key);) {
		int64_t i = 0;
		if (bytes_eq_lit(key, "error")) {
			bool refused = json_string_or_null(j).len > 0;
			if (refused != (n < 0))
				print_error("%s: %lld %s\n", path, (long long)n, e.msg);
			assert_int_equal(refused, n < 0);
		} else if (bytes_eq_lit(key, "headers") && n >= 0) {
			json_enter_array(j);
			while (json_next_item(j)) {
				assert_true(i < 16);
				i += check_header(j, &seen[i]);
			}
			assert_int_equal(i, n);
		} else if (bytes_eq_lit(key, "md5") && json_peek(j) == JSON_ARRAY) {
			json_enter_array(j);
			for (; json_next_item(j); i++)
				assert_true(bytes_eq_lit(json_string(j), seen[i].md5));
		} else {
			json_skip(j);
		}
	}
}

static void test_go_tar(void **state)
{
	(void)state;
	struct buf text;
	struct json j;
	struct err e = ERR_INIT;
	struct arena a;
	checked = 0;
	assert_true(corpus_read("oci/tar-corpus/go-expected.json", &text));
	arena_init(&a, 64 << 20);
	json_init(&j, buf_bytes(&text), &a);
	assert_true(json_enter_object(&j));
	for (struct bytes file; json_next_key(&j, &file);)
		check_go_tar(&j, file);
	if (json_finish(&j, &e) < 0)
		print_error("%s\n", e.msg);
	assert_true(json_ok(&j));
	print_message("%u archives\n", checked);
	assert_true(checked >= 10);
	arena_free(&a);
	buf_free(&text);
}

/* Where we differ from the table, and why. want: members, or <0 an error code. */
static const struct {
	const char *path;
	int64_t want;
} differs[] = {
    /* Compressions that no layer has: compress, lz4, lzop. */
    {".tar.Z", -ERR_FORMAT},
    {".pax.Z", -ERR_FORMAT},
    {".tar.lz4", -ERR_FORMAT},
    /* Tells its map's lines apart by comments, which GNU tar does not read either. */
    {"sparse_1_17_posix10_modified.tar", -ERR_FORMAT},
    /* A lone block of zeros, then something: Go refuses it. */
    {"test_compat_plexus_archiver_tar.tar", -ERR_FORMAT},
    /* A member with a wrong CRC on purpose: listing alone does not notice. */
    {"test_read_format_zip.zip", -ERR_INTEGRITY},
    /* Stored content longer than declared: bsdtar cuts it. */
    {"zip_size_exceeds_declared_stored.zip", -ERR_INTEGRITY},
    /* bzip2 in zip, which no package file has. */
    {"zip_bzip2.zipx", -ERR_UNSUPPORTED},
};

static bool check_count(struct bytes path, struct bytes want, int64_t n, const struct err *e)
{
	uint64_t count = 0;
	for (size_t i = 0; i < sizeof differs / sizeof differs[0]; i++) {
		if (bytes_has_suffix_lit(path, differs[i].path))
			return n == differs[i].want || (n < 0 && differs[i].want == -ERR_FORMAT &&
							e->code == ERR_TRUNCATED);
	}
	return num_u64(want, UINT32_MAX, &count) && n == (int64_t)count;
}

/* "a, b, c" against names. */
static bool check_names(struct bytes want, char (*names)[256], int64_t n)
{
	int64_t i = 0;
	while (want.len > 0) {
		struct bytes name = bytes_trim(bytes_cut(&want, ','));
		if (i >= n || !bytes_eq_lit(name, names[i++]))
			return false;
	}
	return i == n;
}

static void check_row(struct bytes path, struct bytes want)
{
	static char names[64][256];
	static const struct {
		const char *files, *error, *bsdtar;
	} words = {"files: ", "error: ", "bsdtar rc=0 entries="};
	struct err e = ERR_INIT;
	bool good = true;
	bool is_zip = bytes_has_prefix_lit(path, "zip-corpus/");
	if (!is_zip && !bytes_has_prefix_lit(path, "tar-corpus/") &&
	    !bytes_has_prefix_lit(path, "malicious/"))
		return;
	int fd = open_corpus(path);
	if (fd < 0)
		return;
	int64_t n = is_zip ? walk_zip(fd, names, 64, &e) : walk_tar(fd, NULL, 0, &e);
	close(fd);
	checked++;
	/* Whatever it is, an error has a code that speaks of the input, and words. */
	if (n < 0)
		good = e.code != ERR_OK && e.code != ERR_INTERNAL && e.code != ERR_IO && e.msg[0];
	if (bytes_has_prefix_lit(want, words.error))
		good = good && n < 0;
	else if (bytes_has_prefix_lit(want, words.files))
		good = good && check_names(bytes_from(want, strlen(words.files)), names, n);
	else if (bytes_has_prefix_lit(want, words.bsdtar))
		good = good && check_count(path, bytes_from(want, strlen(words.bsdtar)), n, &e);
	if (!good)
		print_error("%.*s: %lld %s, not %.*s\n", BYTES_ARG(path), (long long)n, e.msg,
			    BYTES_ARG(want));
	wrong += !good;
}

static void test_index(void **state)
{
	(void)state;
	struct buf text;
	checked = wrong = 0;
	assert_true(corpus_read("oci/index.tsv", &text));
	struct bytes rest = buf_bytes(&text);
	while (rest.len > 0) {
		struct bytes row = bytes_cut(&rest, '\n');
		struct bytes path = bytes_cut(&row, '\t');
		(void)bytes_cut(&row, '\t');
		(void)bytes_cut(&row, '\t');
		check_row(path, bytes_trim(row));
	}
	print_message("%u archives\n", checked);
	assert_true(checked >= 100);
	assert_int_equal(wrong, 0);
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_go_tar),
					   cmocka_unit_test(test_index)};
	struct buf text;
	bool here = corpus_read("oci/index.tsv", &text);
	buf_free(&text);
	if (!here) {
		printf("skipped: no corpus\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
