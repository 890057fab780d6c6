/* Random small layers, laid over one another by inv_merge and by naive unpackers (unpack.h). What
 * must hold: an image that is assessed shows every engine that can unpack it the package set that
 * inv_merge says; and images as builders make them are assessed.
 * PLIMSOLL_LAYERING_SEC: seconds to run, 3 when unset; PLIMSOLL_SEED: where to begin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "inventory/image.h"
#include "layer_make.h"
#include "unpack.h"

#include <time.h>

#define LAYERS_MAX 5
#define MEMBERS_MAX 16
#define CONTENTS 9 /* contents 1 … CONTENTS - 1 state a package each, 0 states none */

struct picture {
	struct un_member members[LAYERS_MAX][MEMBERS_MAX];
	size_t counts[LAYERS_MAX], layer_count;
};

static uint64_t rng, first_seed; /* every test begins with the first */

static unsigned pick(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)((rng >> 20) % n);
}

static bool chance(unsigned percent)
{
	return pick(100) < percent;
}

/* any image */

static const char *const places[] = {
    "var",
    "var/lib",
    "var/lib/dpkg",
    "var/lib/dpkg/status",
    "var/lib/dpkg/status.d",
    "opt",
    "opt/dpkg",
    "opt/dpkg/status",
    "opt/dpkg/status.d",
    "data",
    "data/z",
    "data/z/status",
    "x",
    "x/y",
    "x/y/z",
    "x/y/z/status",
    "x/y/dpkg",
    "x/y/dpkg/status",
    "x/lib",
    "x/lib/dpkg/status",
    "x/dpkg/status",
    "data/status",
    "var/lib/dpkg/status.d/a",
    "var/lib/dpkg/status.d/b",
    "opt/dpkg/status.d/a",
    "x/status",
    "x/y/status",
    "var/z",
    "var/lib/opkg/status",
    "lib",
    "usr/lib",
    "lib/apk",
    "usr/lib/apk/db",
    "lib/apk/db/installed",
    "opt/apk/db/installed",
    "usr/lib/apk/db/installed",
    "opt/apk",
};
#define PLACE_COUNT (sizeof places / sizeof places[0])
static const char *const targets[] = {
    "/opt/dpkg",
    "/data/z",
    "/x",
    "../opt",
    "../../opt/dpkg",
    "/data",
    "y",
    "../x/y",
    "/x/y/z",
    "/var",
    "/var/lib",
    "/var/lib/dpkg",
    "../lib/dpkg",
    "../../../data/z/status",
    "/opt/dpkg/status",
    "z",
    "..",
    "/",
    "/data/status",
    "usr/lib",
    "/opt/apk",
    "/usr/lib/apk",
    "dpkg",
    "/x/y/dpkg",
    "../../x/y/../lib/dpkg",
    "status",
};
#define TARGET_COUNT (sizeof targets / sizeof targets[0])

static void random_member(struct un_member *m, const struct picture *p)
{
	static const enum unpack_kind kinds[] = {UN_FILE, UN_FILE,   UN_FILE,  UN_FILE, UN_DIR,
						 UN_DIR,  UN_LINK,   UN_LINK,  UN_LINK, UN_HARD,
						 UN_GONE, UN_OPAQUE, UN_DEVICE};
	*m = (struct un_member){.kind = kinds[pick(sizeof kinds / sizeof kinds[0])],
				.content = (int)pick(CONTENTS)};
	if (p->layer_count == 1 && (m->kind == UN_GONE || m->kind == UN_OPAQUE))
		m->kind = UN_FILE;
	snprintf(m->path, sizeof m->path, "%s", places[chance(20) ? 3 : pick(PLACE_COUNT)]);
	if (m->kind == UN_LINK)
		snprintf(m->target, sizeof m->target, "%s", targets[pick(TARGET_COUNT)]);
	if (m->kind == UN_HARD)
		snprintf(m->target, sizeof m->target, "%s", places[pick(PLACE_COUNT)]);
}

static void random_picture(struct picture *p)
{
	size_t layers = 1 + pick(LAYERS_MAX);
	*p = (struct picture){.layer_count = 0};
	for (size_t i = 0; i < layers; i++) {
		p->layer_count++;
		p->counts[i] = 1 + pick(chance(70) ? 4 : MEMBERS_MAX - 1);
		for (size_t k = 0; k < p->counts[i]; k++)
			random_member(&p->members[i][k], p);
	}
}

static void add(struct picture *p, enum unpack_kind kind, const char *path, const char *target)
{
	size_t i = p->layer_count - 1;
	if (p->counts[i] == MEMBERS_MAX)
		return;
	for (size_t k = 0; k < p->counts[i]; k++) {
		if (strcmp(p->members[i][k].path, path) == 0)
			return;
	}
	struct un_member *m = &p->members[i][p->counts[i]++];
	*m = (struct un_member){.kind = kind, .content = (int)(1 + pick(CONTENTS - 1))};
	snprintf(m->path, sizeof m->path, "%s", path);
	snprintf(m->target, sizeof m->target, "%s", target ? target : "");
}

static void add_with_folders(struct picture *p, enum unpack_kind kind, const char *path)
{
	char dir[UN_PATH_MAX];
	snprintf(dir, sizeof dir, "%s", path);
	for (char *slash = strchr(dir, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		add(p, UN_DIR, dir, NULL);
		*slash = '/';
	}
	add(p, kind, path, NULL);
}

/* A database that is reached through a link, and little else: what is changed then lies on its way
 * more often than not. */
static void near_picture(struct picture *p)
{
	static const char *const ways[][3] = {
	    /* link, target, file */
	    {"var/lib/dpkg", "/opt/dpkg", "opt/dpkg/status"},
	    {"var/lib/dpkg", "../../opt/dpkg", "opt/dpkg/status"},
	    {"var", "opt", "opt/lib/dpkg/status"},
	    {"var/lib", "/x/y", "x/y/dpkg/status"},
	    {"var/lib/dpkg/status", "/opt/dpkg/status", "opt/dpkg/status"},
	    {"var/lib/dpkg/status.d", "/opt/dpkg/status.d", "opt/dpkg/status.d/a"},
	    {"x", "var/lib", "var/lib/dpkg/status"},
	    {"x/y", "/var/lib/dpkg", "var/lib/dpkg/status"},
	    {"x/y/z", "../../var/lib/dpkg", "var/lib/dpkg/status"},
	    {"opt", "data", "data/dpkg/status"},
	    {"lib", "usr/lib", "usr/lib/apk/db/installed"},
	    {"lib/apk", "/opt/apk", "opt/apk/db/installed"},
	    {"lib/apk/db", "../../x/y", "x/y/installed"},
	    {"lib/apk/db/installed", "/opt/apk/db/installed", "opt/apk/db/installed"},
	};
	const char *const *way = ways[pick(sizeof ways / sizeof ways[0])];
	size_t layers = 1 + pick(3);
	*p = (struct picture){.layer_count = 1};
	if (chance(50))
		add_with_folders(p, UN_FILE, way[2]);
	add(p, UN_LINK, way[0], way[1]);
	add_with_folders(p, UN_FILE, way[2]);
	while (p->layer_count < layers) {
		p->layer_count++;
		for (unsigned n = 1 + pick(3); n > 0; n--) {
			struct un_member m;
			random_member(&m, p);
			if (chance(50)) {
				add_with_folders(p, m.kind, m.path);
				struct un_member *last =
				    &p->members[p->layer_count - 1]
					       [p->counts[p->layer_count - 1] - 1];
				memcpy(last->target, m.target, sizeof last->target);
			} else {
				add(p, m.kind, m.path, m.target);
			}
		}
	}
}

/* an image as builders make it: folders in front of what they hold, no path twice, nothing behind
 * a link; links as distributions have them */

static void usual_picture(struct picture *p)
{
	static const char *const files[] = {"usr/lib/a",
					    "usr/bin/b",
					    "opt/app/c",
					    "etc/d",
					    "var/lib/dpkg/status",
					    "usr/lib/apk/db/installed",
					    "data/e",
					    "run/f"};
	size_t layers = 2 + pick(LAYERS_MAX - 1);
	*p = (struct picture){.layer_count = 1};
	add(p, UN_LINK, "bin", "usr/bin");
	add(p, UN_LINK, "lib", "usr/lib");
	add(p, UN_DIR, "run", NULL);
	add_with_folders(p, UN_FILE, "var/lib/dpkg/status");
	add(p, UN_LINK, "var/run", "/run");
	while (p->layer_count < layers) {
		p->layer_count++;
		for (unsigned n = 1 + pick(3); n > 0; n--) {
			const char *path = files[pick(sizeof files / sizeof files[0])];
			bool gone = chance(15) && strcmp(path, "var/lib/dpkg/status") != 0;
			if (chance(10))
				add(p, UN_LINK, "opt/app/link", "c");
			add_with_folders(p, gone ? UN_GONE : UN_FILE, path);
		}
	}
}

/* the image by our own means */

static void put_tar(struct buf *t, const struct un_member *m)
{
	char path[UN_PATH_MAX + 16], content[200];
	const char *slash = strrchr(m->path, '/'), *base = slash ? slash + 1 : m->path;
	int dir_len = (int)(base - m->path);
	static const char types[] = {
	    [UN_DIR] = '5',  [UN_FILE] = '0', [UN_LINK] = '2',	[UN_DEVICE] = '6',
	    [UN_HARD] = '1', [UN_GONE] = '0', [UN_OPAQUE] = '0'};
	snprintf(path, sizeof path, "%s", m->path);
	if (m->kind == UN_GONE)
		snprintf(path, sizeof path, "%.*s.wh.%s", dir_len, m->path, base);
	if (m->kind == UN_OPAQUE)
		snprintf(path, sizeof path, "%s/.wh..wh..opq", m->path);
	if (strcmp(base, "installed") == 0)
		snprintf(content, sizeof content, "P:p%d\nV:1\n\n", m->content);
	else
		snprintf(content, sizeof content,
			 "Package: p%d\nStatus: install ok installed\nVersion: 1\n"
			 "Architecture: all\n\n",
			 m->content);
	if (m->content == 0)
		content[0] = 0;
	bool has_content = m->kind == UN_FILE;
	bool has_target = m->kind == UN_LINK || m->kind == UN_HARD;
	tar_put(t, path, types[m->kind], has_target ? m->target : NULL,
		has_content ? bytes_of(content) : BYTES_NONE);
}

/* Bit n: the package of content n is there. */
static unsigned set_of_inventory(const struct inv_image *im)
{
	unsigned set = 0;
	for (size_t i = 0; i < im->package_count; i++)
		set |= 1U << (im->packages[i].pkg.name.ptr[1] - '0');
	return set;
}

static enum inv_state merge(const struct picture *p, unsigned *ret_set)
{
	struct buf tar, texts[LAYERS_MAX + 1];
	struct lay lays[LAYERS_MAX + 1];
	struct arena a;
	struct inv_image im;
	struct err e = ERR_INIT;
	arena_init(&a, (size_t)64 << 20);
	for (size_t i = 0; i <= p->layer_count; i++) {
		buf_init(&tar, 1U << 20);
		for (size_t k = 0; i < p->layer_count && k < p->counts[i]; k++)
			put_tar(&tar, &p->members[i][k]);
		if (i == p->layer_count) /* which distribution it is does not matter here */
			tar_file(&tar, "etc/os-release", "ID=debian\nVERSION_ID=12\n");
		tar_end(&tar);
		struct tar_source s = {.bytes = buf_bytes(&tar)};
		assert_int_equal(index_tars(&s, -1, &texts[i], &e), 0);
		assert_int_equal(layer_parse(buf_bytes(&texts[i]), &a, &lays[i], &e), 0);
		buf_free(&tar);
	}
	const struct inv_source source = {.layers = lays, .layer_count = p->layer_count + 1};
	assert_int_equal(inv_merge(&source, &a, &im, &e), 0);
	*ret_set = set_of_inventory(&im);
	for (size_t i = 0; i <= p->layer_count; i++)
		buf_free(&texts[i]);
	arena_free(&a);
	return im.state;
}

/* the image by the unpackers' means */

static unsigned set_of_file(struct unpack *u, struct un_node *root, const char *path)
{
	const struct un_node *n = un_find(u, root, path);
	return n && n->kind == UN_FILE && n->content > 0 ? 1U << n->content : 0;
}

static unsigned set_of_root(struct unpack *u, struct un_node *root)
{
	unsigned set = set_of_file(u, root, "var/lib/dpkg/status") |
		       set_of_file(u, root, "var/lib/opkg/status") |
		       set_of_file(u, root, "lib/apk/db/installed") |
		       set_of_file(u, root, "usr/lib/apk/db/installed");
	struct un_node *parts = un_find(u, root, "var/lib/dpkg/status.d");
	for (int i = 0; parts && parts->kind == UN_DIR && i < parts->count; i++) {
		char path[UN_PATH_MAX];
		snprintf(path, sizeof path, "var/lib/dpkg/status.d/%s", parts->child[i]->name);
		set |= set_of_file(u, root, path);
	}
	return set;
}

static void print_picture(const struct picture *p)
{
	static const char *const kinds[] = {"folder",	 "file",     "link",  "device",
					    "hard link", "whiteout", "opaque"};
	for (size_t i = 0; i < p->layer_count; i++) {
		printf("  layer %zu\n", i);
		for (size_t k = 0; k < p->counts[i]; k++) {
			const struct un_member *m = &p->members[i][k];
			printf("    %s %s %s", kinds[m->kind], m->path, m->target);
			if (m->kind == UN_FILE)
				printf(" content %d", m->content);
			puts("");
		}
	}
}

struct outcome {
	enum inv_state state;
	unsigned said;
	int runs;    /* engines that unpack it */
	bool differ; /* and do not show the same */
};

/* false: an engine shows what inv_merge does not say. */
static bool agrees(struct unpack *u, const struct picture *p, struct outcome *ret)
{
	const struct un_member *layers[LAYERS_MAX];
	unsigned first = 0;
	*ret = (struct outcome){.runs = 0};
	ret->state = merge(p, &ret->said);
	for (size_t i = 0; i < p->layer_count; i++)
		layers[i] = p->members[i];
	for (int model = 0; model < UNPACK_MODELS; model++) {
		struct un_node *root =
		    unpack(u, (enum unpack_model)model, layers, p->counts, p->layer_count);
		if (!root)
			continue;
		unsigned set = set_of_root(u, root);
		first = ret->runs ? first : set;
		ret->differ = ret->differ || first != set;
		ret->runs++;
		if (ret->state == INV_ASSESSED && set != ret->said) {
			printf("model %d shows %x, the inventory says %x\n", model, set, ret->said);
			print_picture(p);
			return false;
		}
	}
	return true;
}

/* tests */

static void run(void (*make)(struct picture *), int64_t end_ms, unsigned share_min)
{
	struct unpack u = {.pool = calloc(UN_POOL, sizeof *u.pool)};
	unsigned long count = 0, assessed = 0, ran = 0, with_packages = 0, differ = 0;
	assert_non_null(u.pool);
	rng = first_seed;
	do {
		struct picture p;
		struct outcome o;
		uint64_t seed = rng;
		make(&p);
		if (!agrees(&u, &p, &o))
			fail_msg("seed %llu", (unsigned long long)seed);
		bool is_assessed = o.state == INV_ASSESSED;
		count++;
		ran += o.runs > 0;
		differ += o.differ;
		assessed += o.runs > 0 && is_assessed;
		with_packages += o.runs > 0 && is_assessed && o.said;
		if (share_min == 100 && !is_assessed) {
			print_picture(&p);
			fail_msg("an ordinary image is not assessed, seed %llu",
				 (unsigned long long)seed);
		}
	} while (count < 200 || clock_mono_ms() < end_ms);
	printf("%lu images, %lu of them run, %lu of these assessed, %lu with packages; engines "
	       "differ on %lu\n",
	       count, ran, assessed, with_packages, differ);
	assert_true(with_packages * 100 >= ran * share_min);
	free(u.pool);
}

static int64_t third_of_time(void)
{
	const char *sec = getenv("PLIMSOLL_LAYERING_SEC");
	return clock_mono_ms() + (int64_t)(sec ? atoi(sec) : 3) * 1000 / 3;
}

/* A share that must be reached keeps the first property from being kept by saying nothing. */
static void test_any_image(void **state)
{
	(void)state;
	run(random_picture, third_of_time(), 2);
}

static void test_image_behind_links(void **state)
{
	(void)state;
	run(near_picture, third_of_time(), 10);
}

static void test_usual_image(void **state)
{
	(void)state;
	run(usual_picture, third_of_time(), 100);
}

int main(void)
{
	const char *seed = getenv("PLIMSOLL_SEED");
	first_seed = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL) * 2654435761U;
	first_seed = first_seed ? first_seed : 1;
	printf("seed %llu\n", (unsigned long long)first_seed);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_usual_image),
	    cmocka_unit_test(test_image_behind_links),
	    cmocka_unit_test(test_any_image),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
