/* Whole images of the shared corpus: every layer read, merged, matched against the advisories
 * beside it; what comes out must be the expected table, row by row. Exits with 77 where the corpus
 * is absent. */
#include "corpus.h"

#include "archive/tar.h"
#include "base/json.h"
#include "feed/feed.h"
#include "inventory/image.h"
#include "match/match.h"
#include "oci/digest.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MEMBERS_MAX 64
#define LAYERS_MAX 16
#define ROWS_MAX 256
#define BUDGET (512U << 20)

struct members {
	struct bytes name[MEMBERS_MAX], content[MEMBERS_MAX];
	size_t count;
};

struct rows {
	char *v[ROWS_MAX];
	size_t count;
};

static void list_members(struct bytes tar, struct members *m, struct arena *a)
{
	struct err e = ERR_INIT;
	const struct limits lim = LIMITS_DEFAULT;
	struct stream *s = stream_open_bytes(tar, &e);
	struct tar *t = tar_open(s, &lim, &e);
	struct tar_entry ent;
	bool ok;
	m->count = 0;
	while (tar_next(t, &ent, &e) > 0 && m->count < MEMBERS_MAX) {
		m->name[m->count] = arena_bytes(a, ent.path, &ok);
		m->content[m->count++] = bytes_part(tar, (size_t)ent.offset, (size_t)ent.size);
	}
	tar_close(t);
	stream_close(s);
}

static struct bytes member(const struct members *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (bytes_eq_lit(m->name[i], name))
			return m->content[i];
	return BYTES_NONE;
}

static struct bytes blob(const struct members *m, struct bytes digest)
{
	char name[200];
	(void)snprintf(name, sizeof name, "blobs/sha256/%.*s", BYTES_ARG(bytes_from(digest, 7)));
	return member(m, name);
}

/* Collect the strings at array "key"[] (docker) or "key"[].digest (OCI) of the first object. */
static size_t strings_of(struct bytes text, const char *key, struct bytes out[LAYERS_MAX],
			 struct arena *a)
{
	struct json j;
	size_t n = 0;
	json_init(&j, text, a);
	if (json_peek(&j) == JSON_ARRAY && json_enter_array(&j))
		(void)json_next_item(&j);
	if (!json_enter_object(&j))
		return 0;
	for (struct bytes k; json_next_key(&j, &k);) {
		if (!bytes_eq_lit(k, key)) {
			json_skip(&j);
			continue;
		}
		if (json_enter_array(&j)) {
			while (json_next_item(&j)) {
				struct bytes s = BYTES_NONE;
				if (json_peek(&j) == JSON_STRING) {
					s = json_string(&j);
				} else if (json_enter_object(&j)) {
					for (struct bytes f; json_next_key(&j, &f);) {
						if (bytes_eq_lit(f, "digest"))
							s = json_string(&j);
						else
							json_skip(&j);
					}
				}
				if (n < LAYERS_MAX)
					out[n++] = s;
			}
		}
	}
	return n;
}

static size_t layers_of(const struct members *m, struct bytes out[LAYERS_MAX], struct arena *a)
{
	struct bytes names[LAYERS_MAX], docker = member(m, "manifest.json");
	size_t n;
	if (docker.len) {
		n = strings_of(docker, "Layers", names, a);
		for (size_t i = 0; i < n; i++) {
			char name[300];
			(void)snprintf(name, sizeof name, "%.*s", BYTES_ARG(names[i]));
			out[i] = member(m, name);
		}
		return n;
	}
	assert_int_equal(strings_of(member(m, "index.json"), "manifests", names, a), 1);
	n = strings_of(blob(m, names[0]), "layers", names, a);
	for (size_t i = 0; i < n; i++)
		out[i] = blob(m, names[i]);
	return n;
}

static struct stream *reopen(void *arg, struct err *e)
{
	const struct bytes *b = arg;
	return stream_open_bytes(*b, e);
}

static void read_layer(struct bytes content, struct arena *a, struct lay *ret)
{
	struct err e = ERR_INIT;
	const struct limits lim = LIMITS_DEFAULT;
	struct buf out;
	bool ok;
	struct layer_source src = {.reopen = reopen, .arg = &content, .scratch_fd = -1};
	buf_init(&out, LIMIT_INVENTORY_MAX);
	assert_int_equal(layer_index(&src, &lim, &out, &e), 0);
	struct bytes kept = arena_bytes(a, buf_bytes(&out), &ok);
	assert_true(ok);
	assert_int_equal(layer_parse(kept, a, ret, &e), 0);
	assert_true(ret->complete);
	buf_free(&out);
}

static int on_advisory(void *arg, const struct adv *adv, struct err *e)
{
	return vdb_writer_add(arg, adv, e);
}

static int on_note(void *arg, struct bytes where, const char *text, struct err *e)
{
	(void)arg;
	(void)where;
	return err_set(e, ERR_FORMAT, "%s", text);
}

static struct vdb *open_advisories(const char *dir, struct err *e)
{
	char path[8300], out[256];
	const struct feed *osv = feed_find(BYTES_LIT("osv"));
	struct vdb_writer *w = vdb_writer_open(e);
	const struct feed_sink sink = {.arg = w, .advisory = on_advisory, .note = on_note};
	DIR *d = opendir(dir);
	assert_non_null(d);
	for (struct dirent *ent; (ent = readdir(d));) {
		struct buf doc;
		struct arena a;
		if (ent->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", dir, ent->d_name);
		buf_init(&doc, 1U << 24);
		arena_init(&a, BUDGET);
		assert_int_equal(io_read_file(path, &doc, e), 0);
		assert_int_equal(osv->import(bytes_of(ent->d_name), buf_bytes(&doc), &sink, &a, e),
				 0);
		arena_free(&a);
		buf_free(&doc);
	}
	closedir(d);
	(void)snprintf(out, sizeof out, "%s/plimsoll-images-%ld.vdb",
		       getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (long)getpid());
	assert_int_equal(vdb_writer_finish(w, out, e), 0);
	vdb_writer_close(w);
	struct vdb *v = vdb_open(out, e);
	(void)unlink(out);
	return v;
}

static void add_row(struct rows *r, const char *text)
{
	assert_true(r->count < ROWS_MAX);
	r->v[r->count] = strdup(text);
	assert_non_null(r->v[r->count++]);
}

static int cmp_row(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_match(struct rows *rows, const struct pkg *p, const struct match *m)
{
	for (size_t i = 0; i < m->check.cve_count; i++) {
		char row[600];
		(void)snprintf(row, sizeof row, "%.*s\t%.*s\t%.*s\t%.*s", BYTES_ARG(p->name),
			       BYTES_ARG(p->version), BYTES_ARG(m->check.cves[i]),
			       BYTES_ARG(m->fixed_version));
		add_row(rows, row);
	}
	assert_true(m->check.id > 0 && m->check.id < UINT64_C(1) << 52);
	assert_int_equal(m->patchable, m->fixed_version.len > 0);
	assert_true(m->check.severity != ADV_SEV_UNKNOWN);
	assert_true(m->remediation.len > 0 && m->evidence.range.len > 0);
}

static void actual_rows(const struct inv_image *image, const struct vdb *v, struct arena *a,
			struct rows *rows)
{
	struct err e = ERR_INIT;
	for (size_t i = 0; i < image->package_count; i++) {
		struct match *m;
		int64_t n = match_package(v, &image->packages[i].pkg, a, &m, &e);
		assert_true(n >= 0);
		for (int64_t k = 0; k < n; k++)
			add_match(rows, &image->packages[i].pkg, &m[k]);
	}
	qsort(rows->v, rows->count, sizeof *rows->v, cmp_row);
}

static void expected_rows(const char *name, struct rows *rows)
{
	struct buf table;
	char path[300];
	(void)snprintf(path, sizeof path, "images/%s.expected.tsv", name);
	assert_true(corpus_read(path, &table));
	struct bytes rest = buf_bytes(&table);
	while (rest.len) {
		struct bytes line = bytes_cut(&rest, '\n');
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		/* four columns; severity is another project's choice */
		size_t at = 0;
		for (int tabs = 0; at < line.len; at++)
			if (line.ptr[at] == '\t' && ++tabs == 4)
				break;
		char row[600];
		(void)snprintf(row, sizeof row, "%.*s", BYTES_ARG(bytes_part(line, 0, at)));
		add_row(rows, row);
	}
	buf_free(&table);
	qsort(rows->v, rows->count, sizeof *rows->v, cmp_row);
}

static void compare(const char *name, const struct rows *want, const struct rows *have)
{
	size_t wrong = want->count != have->count;
	for (size_t i = 0; i < want->count || i < have->count; i++) {
		const char *w = i < want->count ? want->v[i] : "",
			   *h = i < have->count ? have->v[i] : "";
		if (strcmp(w, h) != 0) {
			print_error("%s: expected \"%s\", found \"%s\"\n", name, w, h);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void check_image(void **state)
{
	const char *name = *state;
	struct err e = ERR_INIT;
	char path[300], dir[4200];
	struct buf tar;
	struct arena a;
	struct members m;
	struct bytes content[LAYERS_MAX];
	struct lay layers[LAYERS_MAX];
	struct inv_image image;
	struct rows want = {.count = 0}, have = {.count = 0};
	arena_init(&a, BUDGET);
	(void)snprintf(path, sizeof path, "images/%s.tar", name);
	(void)snprintf(dir, sizeof dir, "%s/corpus/images/%s.osv", getenv("PLIMSOLL_SHARED"), name);
	assert_true(corpus_read(path, &tar));
	list_members(buf_bytes(&tar), &m, &a);
	size_t n = layers_of(&m, content, &a);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++)
		read_layer(content[i], &a, &layers[i]);
	assert_int_equal(
	    inv_merge(&(struct inv_source){.layers = layers, .layer_count = n}, &a, &image, &e), 0);
	assert_true(image.package_count > 0);
	struct vdb *v = open_advisories(dir, &e);
	assert_non_null(v);
	expected_rows(name, &want);
	actual_rows(&image, v, &a, &have);
	compare(name, &want, &have);
	for (size_t i = 0; i < want.count; i++)
		free(want.v[i]);
	for (size_t i = 0; i < have.count; i++)
		free(have.v[i]);
	vdb_close(v);
	buf_free(&tar);
	arena_free(&a);
}

int main(void)
{
	static const char *const names[] = {"trivy-almalinux-8",    "trivy-alpine-310-real",
					    "trivy-alpine-39",	    "trivy-centos-7",
					    "trivy-debian-stretch", "trivy-distroless-base",
					    "trivy-photon-30",	    "trivy-ubuntu-1804"};
	struct CMUnitTest tests[sizeof names / sizeof *names];
	struct buf probe;
	if (!corpus_read("images/index.tsv", &probe)) {
		puts("the shared corpus is absent: nothing tested");
		return 77;
	}
	buf_free(&probe);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		tests[i] = (struct CMUnitTest){.name = names[i],
					       .test_func = check_image,
					       .initial_state = (void *)(uintptr_t)names[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
