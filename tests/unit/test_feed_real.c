/* Real feeds, where the shared data lies: what is sent and told must be what an independent count
 * of the same files found (records with a package that can be matched, records without; (package,
 * id) pairs; blocks of the lists; entries). */
#include "feed/feed.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct count {
	size_t advisories, affected, exploits, notes;
};

static int count_advisory(void *arg, const struct adv *a, struct err *e)
{
	struct count *c = arg;
	(void)e;
	c->advisories += a->withdrawn_ms == 0;
	c->affected += a->affected_count;
	return 0;
}

static int count_exploit(void *arg, const struct adv_exploit *x, struct err *e)
{
	(void)x;
	(void)e;
	((struct count *)arg)->exploits++;
	return 0;
}

static int count_note(void *arg, struct bytes where, const char *text, struct err *e)
{
	(void)where;
	(void)text;
	(void)e;
	((struct count *)arg)->notes++;
	return 0;
}

static const struct {
	const char *feed, *path;
	struct count want;
} files[] = {
    /* withdrawn: 17 of Go's 4,291, 10 of PyPI's 2,661, 13 of RustSec's 1,206, 5 of Ubuntu's 18 */
    /* 1,197 of AlmaLinux's 5,637 repair or add something and fix no vulnerability */
    {"osv", "osv/AlmaLinux/all.zip", {4440, 59899, 0, 0}},
    {"osv", "osv/Go/all.zip", {4274, 6106, 0, 17}},
    {"osv", "osv/Bitnami/all.zip", {7444, 7444, 0, 0}},
    {"osv", "osv/PyPI/all.zip", {2651, 2651, 0, 10}},
    {"osv", "osv/crates.io/all.zip", {1193, 1193, 0, 13}},
    {"osv", "osv/PSF/all.zip", {0, 0, 0, 132}},			/* GIT ranges only */
    {"osv", "osv-derived/Debian/all.zip", {8911, 10468, 0, 1}}, /* "<not-affected>" as a fix */
    {"osv", "osv-fragments/Ubuntu/all.zip", {13, 69, 0, 5}},
    {"osv", "osv-fragments/Rocky Linux/all.zip", {8, 275, 0, 0}},
    {"alpine-secdb", "alpine/alpine-secdb-from-aports.tar.zst", {67374, 67581, 0, 0}},
    {"alpine-secdb", "wolfi/security-generated-here.json.zst", {31931, 31931, 0, 0}},
    /* 5,406 DSA and 3,534 DLA, 27 of them without a package */
    {"debian-lists", "debian/security-tracker-dsa-dla.tar.zst", {8913, 10523, 0, 27}},
    /* 213 rejected, 52 with a release that has no version, 6 with a version that is none */
    {"ubuntu-tracker", "ubuntu/ubuntu-cve-tracker.tar.zst", {32629, 388578, 0, 271}},
    {"oval", "azurelinux/azurelinux-3.0-oval.xml.zst", {1222, 1222, 0, 0}},
    {"oval", "azurelinux/cbl-mariner-2.0-oval.xml.zst", {2436, 2436, 0, 0}},
    {"oval", "photon/com.vmware.phsa-photon3.xml.zst", {222, 778, 0, 0}},
    {"oval", "rhel/rhel-8.oval.xml.zst", {181, 2835, 0, 0}},
    /* 5 of 327 errata fix no CVE */
    {"oval", "rhel/Red_Hat_Enterprise_Linux_3.xml.zst", {322, 8775, 0, 0}},
    /* two documents were deleted */
    {"csaf", "format-fixtures/claircore-rhel-vex.tar.zst", {7, 419, 0, 2}},
    {"rubysec", "rubygems/ruby-advisory-db.tar.zst", {1234, 1234, 0, 0}},
    {"php-advisories", "packagist/FriendsOfPHP-security-advisories.tar.zst", {1592, 1592, 0, 0}},
    {"bodhi", "fedora/bodhi-F36-updates.json.zst", {100, 117, 0, 0}},
    {"kev", "kev/cisa-kev.tar.zst", {0, 0, 1404, 0}},
};

static void real_feeds_are_read_whole(void **state)
{
	static const struct limits limits = LIMITS_DEFAULT;
	const char *shared = *state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct count c = {0};
		const struct feed_sink sink = {.arg = &c,
					       .advisory = count_advisory,
					       .exploit = count_exploit,
					       .note = count_note};
		struct err e = ERR_INIT;
		char path[4096];
		(void)snprintf(path, sizeof path, "%s/feeds/%s", shared, files[i].path);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			fail_msg("%s cannot be opened", path);
		int rc = feed_read(feed_find(bytes_of(files[i].feed)), bytes_of(path), fd, &limits,
				   &sink, &e);
		close(fd);
		if (rc < 0)
			fail_msg("%s: %s", path, e.msg);
		const struct count *want = &files[i].want;
		if (c.advisories != want->advisories || c.affected != want->affected ||
		    c.exploits != want->exploits || c.notes != want->notes)
			fail_msg("%s: %zu advisories, %zu affected, %zu exploits, %zu notes", path,
				 c.advisories, c.affected, c.exploits, c.notes);
	}
}

int main(void)
{
	char *shared = getenv("PLIMSOLL_SHARED");
	char path[4096];
	(void)snprintf(path, sizeof path, "%s/feeds/osv", shared ? shared : ".");
	if (!shared || access(path, R_OK) < 0) {
		printf("no shared feeds: skipped\n");
		return 77;
	}
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_prestate(real_feeds_are_read_whole, shared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
