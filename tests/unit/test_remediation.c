/* The remediation plan of a random store, beside a count over the model; commands for packages by
 * hand; memory that fails. */
#include "findings_case.h"

#include "defend/remediation.h"
#include "match/remedy.h"
#include "torture.h"
#include "scratch.h"

#include <unistd.h>

static int setup(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	scratch_file(file, "remediation");
	assert_non_null(db = store_open(file, &e));
	roll();
	if (db_run(db, DB_WRITE, fill_tx, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	scratch_file_remove(file);
	return 0;
}

static const struct model *seen; /* what readers see */

/* Image i has the package, in one of its sets. */
static bool has(unsigned i, unsigned p)
{
	for (size_t k = 0; k < images[i].parts; k++)
		if (in_set[images[i].part[k].set][p])
			return true;
	return false;
}

/* 0 = no finding, else 1 + its kind: one match without a way to fix it keeps it open. */
static unsigned model_kind(unsigned i, unsigned c)
{
	unsigned kind = 0;
	for (unsigned p = 0; p < PACKAGES; p++) {
		const struct model_match *m = &seen->matches[p][c];
		if (!m->is || !has(i, p))
			continue;
		unsigned of = m->patchable ? 1 + REMEDIATION_UPGRADE
			      : m->fixed   ? 1 + REMEDIATION_ELSEWHERE
					   : 1 + REMEDIATION_NONE;
		kind = of > kind ? of : kind;
	}
	return kind;
}

struct count {
	uint64_t findings, kev, images, cleared;
	struct image_counts by;
};

static bool is_of(unsigned i, unsigned c, const struct remediation_step *s)
{
	return model_kind(i, c) == 1 + (unsigned)s->kind &&
	       bytes_eq(seen->checks[c].source_name, s->package);
}

static struct count model_step(const struct remediation_step *s)
{
	struct count n = {0};
	for (unsigned i = 0; i < IMAGES; i++) {
		uint64_t all = 0, of = 0;
		for (unsigned c = 0; c < CHECKS; c++) {
			all += model_kind(i, c) > 0;
			if (!is_of(i, c, s))
				continue;
			of++;
			n.kev += seen->checks[c].kev;
			n.by.by[seen->checks[c].severity]++;
		}
		n.findings += of;
		n.images += of > 0;
		n.cleared += s->kind == REMEDIATION_UPGRADE && of == all && of > 0;
	}
	return n;
}

struct made {
	struct arena a;
	struct finding_query q;
	struct criteria criteria;
	struct remediation plan;
};

static int plan_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct made *m = arg;
	m->q = (struct finding_query){.visible = VISIBILITY_ALL, .criteria = &m->criteria};
	return remediation_plan(tx, &m->q, 1, &m->a, &m->plan, e);
}

static void compare(const struct model *with)
{
	struct made m = {.criteria = {.any = false}};
	struct err e = ERR_INIT;
	uint64_t findings = 0, kinds[REMEDIATION_NONE + 1] = {0};
	seen = with;
	arena_init(&m.a, 64U << 20);
	assert_int_equal(db_run(db, DB_READ, plan_tx, &m, &e), 0);
	for (unsigned i = 0; i < IMAGES; i++) {
		for (unsigned c = 0; c < CHECKS; c++) {
			unsigned kind = model_kind(i, c);
			findings += kind > 0;
			if (kind)
				kinds[kind - 1]++;
		}
	}
	assert_true(m.plan.whole && m.plan.step_count >= 5 && findings > 30);
	assert_int_equal(m.plan.findings, findings);
	assert_int_equal(m.plan.findings_upgrade, kinds[REMEDIATION_UPGRADE]);
	assert_int_equal(m.plan.findings_elsewhere, kinds[REMEDIATION_ELSEWHERE]);
	assert_int_equal(m.plan.findings_none, kinds[REMEDIATION_NONE]);
	for (size_t k = 0; k < m.plan.step_count; k++) {
		const struct remediation_step *s = &m.plan.steps[k];
		struct count n = model_step(s);
		assert_int_equal(s->findings, n.findings);
		assert_int_equal(s->images, n.images);
		assert_int_equal(s->kev, n.kev);
		assert_int_equal(s->images_cleared, n.cleared);
		assert_memory_equal(&s->counts, &n.by, sizeof n.by);
		assert_true(s->package_count > 0);
		assert_int_equal(s->command.len > 0, s->kind == REMEDIATION_UPGRADE);
		/* What can be done comes first, and of that what is exploited. */
		if (k) {
			assert_true(s->kind >= s[-1].kind);
			assert_true(s->kind > s[-1].kind || s->kev <= s[-1].kev);
		}
	}
	arena_free(&m.a);
}

static void as_counted(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	compare(&now);
	assert_int_equal(db_run(db, DB_WRITE, prepare_tx, NULL, &e), 0);
	compare(&now);
	assert_int_equal(db_run(db, DB_WRITE, flip_tx, NULL, &e), 0);
}

static int plan_once(void *arg)
{
	struct made m = {.criteria = {.any = false}};
	struct err e = ERR_INIT;
	(void)arg;
	arena_init(&m.a, 64U << 20);
	int r = db_run(db, DB_READ, plan_tx, &m, &e);
	assert_true(r == 0 || e.code == ERR_NOMEM);
	arena_free(&m.a);
	return r;
}

static void memory_that_fails(void **state)
{
	(void)state;
	assert_true(torture(plan_once, NULL) > 10);
}

#define PKG(type_, distro_, name_, version_, source_)                                              \
	{                                                                                          \
		.type = BYTES_LIT(type_), .distro = BYTES_LIT(distro_), .name = BYTES_LIT(name_),  \
		.version = BYTES_LIT(version_), .source_version = BYTES_LIT(source_)               \
	}
static void command_is(const struct pkg *a, const struct pkg *b, const char *fixed,
		       const char *command)
{
	struct arena arena;
	bool ok;
	const struct remedy_target targets[] = {{a, bytes_of(fixed)}, {b, bytes_of(fixed)}};
	arena_init(&arena, 1U << 20);
	struct bytes is = remedy_command(targets, b ? 2 : 1, &arena, &ok);
	assert_true(ok);
	assert_true(bytes_eq(is, bytes_of(command)));
	arena_free(&arena);
}

static void commands(void **state)
{
	const struct pkg deb = PKG("deb", "debian:12", "libssl3", "3", "3"),
			 rebuilt = PKG("deb", "debian:12", "libgcc", "3+b1", "3"),
			 apk = PKG("apk", "alpine:3.18", "busybox", "1", ""),
			 yum = PKG("rpm", "centos:7", "bash", "1", ""),
			 suse = PKG("rpm", "sles:15", "bash", "1", ""),
			 python = PKG("pypi", "", "django", "1", ""),
			 npm = PKG("npm", "", "lodash", "1", ""),
			 hostile = PKG("deb", "debian:12", "a;reboot", "1", "1");
	(void)state;
#define APT "apt-get update && apt-get install --only-upgrade "
	command_is(&deb, NULL, "4", APT "libssl3=4");
	/* The version of a rebuilt binary is not that of its source. */
	command_is(&deb, &rebuilt, "4", APT "libssl3=4 libgcc");
	command_is(&apk, NULL, "2", "apk update && apk add --upgrade 'busybox>=2'");
	command_is(&yum, NULL, "2", "yum update bash-2");
	command_is(&suse, NULL, "2", "zypper refresh && zypper install 'bash>=2'");
	command_is(&python, NULL, "2", "pip install --upgrade 'django>=2'");
	command_is(&npm, NULL, "2", "");
	command_is(&deb, &hostile, "2", "");
	command_is(&deb, NULL, "2 $(reboot)", "");
	command_is(&deb, &yum, "2", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_counted),
					   cmocka_unit_test(memory_that_fails),
					   cmocka_unit_test(commands)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
