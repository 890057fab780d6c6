/* What an image's state says: Healthy only where all that was seen was assessed, nothing was found
 * and the release gets fixes; else a reason. */
#include "torture.h"
#include "vdb_sample.h"

#include "base/clock.h"
#include "scan/assess.h"

static const struct sample rows[] = {
    {.id = "CVE-2024-1",
     .ecosystem = "Debian:12",
     .name = "bad",
     .events = "introduced 0,fixed 2",
     .status = ADV_FIXED},
    {.id = "CVE-2024-2",
     .ecosystem = "Debian:12",
     .name = "odd",
     .events = "introduced 0,fixed soon",
     .status = ADV_FIXED},
    {.id = "CVE-2024-3",
     .ecosystem = "Photon OS:5.0",
     .name = "bad",
     .events = "introduced 0,fixed 2",
     .status = ADV_FIXED},
    {.id = "CVE-2024-4",
     .ecosystem = "Debian:9",
     .name = "other",
     .events = "introduced 0",
     .status = ADV_AFFECTED},
};

struct shape {
	const char *distro, *id, *version; /* "debian:12" */
	const char *types[3], *names[3];
	bool language; /* a file of npm's lies there */
	bool third;    /* the first package is of another vendor */
	size_t absent; /* layers that are not there */
	enum inv_state inv;
	enum assess_state want;
	size_t assessed, findings;
	const char *says; /* part of the reason; "": none */
};

#define DEB12 .distro = "debian:12", .id = "debian", .version = "12"
static const struct shape shapes[] = {
    {DEB12, .types = {"deb"}, .names = {"good"}, .want = ASSESS_HEALTHY, .assessed = 1, .says = ""},
    {DEB12, .types = {"deb", "deb"}, .names = {"bad", "good"}, .want = ASSESS_UNHEALTHY,
     .assessed = 2, .findings = 1, .says = ""},
    /* seen and not assessed: never Healthy, and said beside findings too */
    {DEB12, .types = {"deb", "deb"}, .names = {"good", "own"}, .third = true,
     .want = ASSESS_UNVERIFIED, .assessed = 1,
     .says = "1 package third-party: the distribution's advisories do not cover them (good)"},
    {DEB12, .types = {"deb", "deb"}, .names = {"good", "bad"}, .third = true,
     .want = ASSESS_UNHEALTHY, .assessed = 1, .findings = 1, .says = "1 package third-party"},
    {DEB12, .types = {"deb", "rpm", "apk"}, .names = {"good", "bad", "bad"},
     .want = ASSESS_UNVERIFIED, .assessed = 1, .says = "2 packages of a package manager other"},
    {DEB12, .types = {"deb"}, .names = {"odd"}, .want = ASSESS_UNVERIFIED,
     .says = "1 package advisories about them state versions that cannot be compared (odd)"},
    {.distro = "photon:5.0",
     .id = "photon",
     .version = "5.0",
     .types = {"deb"},
     .names = {"bad"},
     .want = ASSESS_UNVERIFIED,
     .says = "of a package manager other"},
    {.distro = "debian:99",
     .id = "debian",
     .version = "99",
     .types = {"deb"},
     .names = {"good"},
     .want = ASSESS_UNVERIFIED,
     .says = "holds no advisories for debian 99"},
    {.distro = "kali:2024",
     .id = "kali",
     .version = "2024",
     .types = {"deb"},
     .names = {"good"},
     .want = ASSESS_UNVERIFIED,
     .says = "holds no advisories for kali 2024"},
    {.types = {"deb"},
     .names = {"good"},
     .inv = INV_PARTIAL,
     .want = ASSESS_UNVERIFIED,
     .says = "does not say which distribution"},
    {DEB12, .types = {"deb"}, .names = {"good"}, .inv = INV_PARTIAL, .want = ASSESS_UNVERIFIED,
     .assessed = 1, .says = "could not be read"},
    {DEB12, .types = {"deb"}, .names = {"good"}, .language = true, .want = ASSESS_UNVERIFIED,
     .assessed = 1,
     .says = "7 files of npm packages, which are not read (app/node_modules/a/package.json, ...)"},
    {DEB12, .types = {"deb"}, .names = {"bad"}, .language = true, .want = ASSESS_UNHEALTHY,
     .assessed = 1, .findings = 1, .says = "7 files of npm packages"},
    {DEB12, .types = {"deb"}, .names = {"good"}, .absent = 2, .inv = INV_PARTIAL,
     .want = ASSESS_UNVERIFIED, .assessed = 1,
     .says = "layer one is not in the image; 1 other is not there either"},
    {DEB12, .types = {"deb"}, .names = {"good"}, .absent = 3, .inv = INV_PARTIAL,
     .want = ASSESS_UNVERIFIED, .assessed = 1,
     .says = "layer one is not in the image; 2 others are not there either"},
    /* a release without fixes */
    {.distro = "debian:9",
     .id = "debian",
     .version = "9",
     .types = {"deb"},
     .names = {"good"},
     .want = ASSESS_UNVERIFIED,
     .assessed = 1,
     .says = "debian 9 gets no more fixes"},
    {.distro = "debian:9",
     .id = "debian",
     .version = "9",
     .types = {"deb"},
     .names = {"other"},
     .want = ASSESS_UNHEALTHY,
     .assessed = 1,
     .findings = 1,
     .says = "debian 9 gets no more fixes"},
};

static void make(const struct shape *s, struct inv_package packages[3], struct inv_image *ret)
{
	*ret = (struct inv_image){
	    .packages = packages, .state = s->inv, .has_distro = s->distro != NULL};
	for (size_t i = 0; i < 3 && s->names[i]; i++) {
		packages[i] = (struct inv_package){.pkg = {.type = bytes_of(s->types[i]),
							   .name = bytes_of(s->names[i]),
							   .version = BYTES_LIT("1"),
							   .source_name = bytes_of(s->names[i]),
							   .source_version = BYTES_LIT("1"),
							   .distro = bytes_of(s->distro),
							   .class = PKG_OS,
							   .third_party = s->third && i == 0}};
		ret->package_count++;
	}
	if (s->language) {
		ret->languages[ret->language_count++] = (struct inv_language){
		    .kind = "npm",
		    .count = 7,
		    .examples = {BYTES_LIT("app/node_modules/a/package.json")},
		    .example_count = 1};
	}
	ret->third_party_count = s->third;
	ret->absent_count = s->absent;
	ret->absent = s->absent ? BYTES_LIT("layer one is not in the image") : BYTES_NONE;
	ret->distro.id = bytes_of(s->id);
	ret->distro.version_id = bytes_of(s->version);
}

static void test_states(void **state)
{
	struct err e = ERR_INIT;
	struct buf file;
	int64_t now;
	(void)state;
	assert_true(clock_parse_rfc3339(BYTES_LIT("2026-01-01"), &now));
	sample_file(rows, sizeof rows / sizeof *rows, &file);
	struct vdb *v = vdb_open_bytes(buf_bytes(&file), &e);
	assert_non_null(v);
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		struct inv_package packages[3];
		struct inv_image image;
		struct assess as;
		struct arena a;
		make(&shapes[i], packages, &image);
		arena_init(&a, 16U << 20);
		const struct assess_input in = {.image = &image, .vdb = v, .now_ms = now};
		assert_int_equal(assess_image(&in, &a, &as, &e), 0);
		bool says =
		    shapes[i].says[0]
			? bytes_find_bytes(as.reason, bytes_of(shapes[i].says)) < as.reason.len
			: as.reason.len == 0;
		if (as.state != shapes[i].want || !says || as.finding_count != shapes[i].findings ||
		    as.assessed_count != shapes[i].assessed)
			fail_msg("shape %zu: %s, \"%.*s\", %zu assessed, %zu findings", i,
				 assess_state_word(as.state), BYTES_ARG(as.reason),
				 as.assessed_count, as.finding_count);
		arena_free(&a);
	}
	vdb_close(v);
	buf_free(&file);
}

/* More findings than there is memory for: what fits is reported, and that it is not all. */
static void test_too_many(void **state)
{
	enum { RECORDS = 60, PACKAGES = 400 };
	static struct sample many[RECORDS];
	static char ids[RECORDS][24];
	static struct inv_package packages[PACKAGES];
	struct inv_image image = {
	    .packages = packages,
	    .package_count = PACKAGES,
	    .has_distro = true,
	    .state = INV_ASSESSED,
	    .distro = {.id = BYTES_LIT("debian"), .version_id = BYTES_LIT("12")}};
	struct err e = ERR_INIT;
	struct buf file;
	struct assess as;
	struct arena a;
	(void)state;
	for (size_t i = 0; i < RECORDS; i++) {
		(void)snprintf(ids[i], sizeof ids[i], "CVE-2024-%zu", i + 1);
		many[i] = (struct sample){.id = ids[i],
					  .ecosystem = "Debian:12",
					  .name = "bad",
					  .events = "introduced 0",
					  .status = ADV_AFFECTED};
	}
	for (size_t i = 0; i < PACKAGES; i++)
		packages[i].pkg = (struct pkg){.type = BYTES_LIT("deb"),
					       .name = BYTES_LIT("part"),
					       .version = BYTES_LIT("1"),
					       .source_name = BYTES_LIT("bad"),
					       .source_version = BYTES_LIT("1"),
					       .distro = BYTES_LIT("debian:12"),
					       .class = PKG_OS};
	sample_file(many, RECORDS, &file);
	struct vdb *v = vdb_open_bytes(buf_bytes(&file), &e);
	arena_init(&a, 16U << 20);
	const struct assess_input in = {.image = &image, .vdb = v};
	assert_int_equal(assess_image(&in, &a, &as, &e), 0);
	assert_int_equal(as.state, ASSESS_UNHEALTHY);
	assert_int_equal(as.finding_count, RECORDS);
	assert_true(as.findings[0].match_count > 1 && as.findings[0].match_count < PACKAGES);
	assert_true(bytes_find_bytes(as.reason, BYTES_LIT("the limit of findings was reached")) <
		    as.reason.len);
	for (size_t i = 0; i < RECORDS; i++)
		assert_int_equal(as.findings[i].match_count, as.assessed_count);
	arena_free(&a);
	vdb_close(v);
	buf_free(&file);
}

struct once {
	const struct vdb *v;
};

static int assess_once(void *arg)
{
	const struct once *o = arg;
	struct err e = ERR_INIT;
	struct inv_package packages[3];
	struct inv_image image;
	struct assess as;
	struct arena a;
	make(&shapes[3], packages, &image);
	arena_init(&a, 16U << 20);
	const struct assess_input in = {.image = &image, .vdb = o->v, .now_ms = 1};
	int r = assess_image(&in, &a, &as, &e);
	if (r == 0)
		assert_int_equal(as.finding_count, 1);
	else
		assert_int_equal(e.code, ERR_NOMEM);
	arena_free(&a);
	return r;
}

static void test_memory(void **state)
{
	struct err e = ERR_INIT;
	struct buf file;
	(void)state;
	sample_file(rows, sizeof rows / sizeof *rows, &file);
	struct once o = {.v = vdb_open_bytes(buf_bytes(&file), &e)};
	assert_int_equal(assess_once(&o), 0);
	assert_true(torture(assess_once, &o) > 0);
	vdb_close((struct vdb *)(uintptr_t)o.v);
	buf_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_states),
					   cmocka_unit_test(test_too_many),
					   cmocka_unit_test(test_memory)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
