#include "pkg/support.h"

#include "base/arena.h"
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUPPORT_WORD_MAX 80 /* with its end */

#define DAY_MS INT64_C(86400000)

/* Where the dates come from and when they were looked up. */
enum facts {
	DISTRO_INFO,
	ALPINE,
	RED_HAT,
	ALMA,
	ROCKY,
	CENTOS,
	ORACLE,
	SUSE,
	OPENSUSE,
	AMAZON,
	FEDORA
};
static const struct {
	const char *source, *as_of;
} facts[] = {
    [DISTRO_INFO] = {"distro-info-data 0.58+deb12u7", "2026-04-25"},
    [ALPINE] = {"alpinelinux.org/releases", "2025-06-01"},
    [RED_HAT] = {"access.redhat.com/support/policy/updates/errata", "2025-06-01"},
    [ALMA] = {"wiki.almalinux.org/release-notes", "2025-06-01"},
    [ROCKY] = {"wiki.rockylinux.org/rocky/version", "2025-06-01"},
    [CENTOS] = {"centos.org", "2025-06-01"},
    [ORACLE] = {"oracle.com, Lifetime Support Policy", "2025-06-01"},
    [SUSE] = {"suse.com/lifecycle", "2025-06-01"},
    [OPENSUSE] = {"en.opensuse.org/Lifetime", "2025-10-01"},
    [AMAZON] = {"docs.aws.amazon.com/linux", "2025-06-01"},
    [FEDORA] = {"docs.fedoraproject.org/en-US/releases/lifecycle", "2025-10-28"},
};

#define PRO_LEGACY "Ubuntu Pro (and its Legacy add-on)"

/* The last days of support. release: what VERSION_ID starts with, up to a '.'. */
static const struct release {
	const char *id, *release, *standard;
	const char *extended, *extended_end; /* may be NULL */
	enum facts facts;
} releases[] = {
    {"debian", "4", "2010-02-15", NULL, NULL, DISTRO_INFO},
    {"debian", "5", "2012-02-06", NULL, NULL, DISTRO_INFO},
    {"debian", "6", "2014-05-31", "LTS", "2016-02-29", DISTRO_INFO},
    {"debian", "7", "2016-04-25", "LTS", "2018-05-31", DISTRO_INFO},
    {"debian", "8", "2018-06-17", "LTS", "2020-06-30", DISTRO_INFO},
    {"debian", "9", "2020-07-18", "LTS", "2022-06-30", DISTRO_INFO},
    {"debian", "10", "2022-09-10", "LTS", "2024-06-30", DISTRO_INFO},
    {"debian", "11", "2024-08-14", "LTS", "2026-08-31", DISTRO_INFO},
    {"debian", "12", "2026-07-11", "LTS", "2028-06-30", DISTRO_INFO},
    {"debian", "13", "2028-08-09", "LTS", "2030-06-30", DISTRO_INFO},
    {"ubuntu", "12.04", "2017-04-28", "Ubuntu Pro", "2019-04-26", DISTRO_INFO},
    {"ubuntu", "12.10", "2014-05-16", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "13.04", "2014-01-27", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "13.10", "2014-07-17", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "14.04", "2019-04-25", PRO_LEGACY, "2026-04-28", DISTRO_INFO},
    {"ubuntu", "14.10", "2015-07-23", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "15.04", "2016-02-04", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "15.10", "2016-07-28", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "16.04", "2021-04-30", PRO_LEGACY, "2028-04-25", DISTRO_INFO},
    {"ubuntu", "16.10", "2017-07-20", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "17.04", "2018-01-13", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "17.10", "2018-07-19", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "18.04", "2023-05-31", PRO_LEGACY, "2030-04-30", DISTRO_INFO},
    {"ubuntu", "18.10", "2019-07-18", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "19.04", "2020-01-23", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "19.10", "2020-07-17", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "20.04", "2025-05-29", PRO_LEGACY, "2032-04-27", DISTRO_INFO},
    {"ubuntu", "20.10", "2021-07-22", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "21.04", "2022-01-20", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "21.10", "2022-07-14", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "22.04", "2027-06-01", PRO_LEGACY, "2034-04-25", DISTRO_INFO},
    {"ubuntu", "22.10", "2023-07-20", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "23.04", "2024-01-25", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "23.10", "2024-07-11", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "24.04", "2029-05-31", PRO_LEGACY, "2036-04-29", DISTRO_INFO},
    {"ubuntu", "24.10", "2025-07-10", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "25.04", "2026-01-15", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "25.10", "2026-07-09", NULL, NULL, DISTRO_INFO},
    {"ubuntu", "26.04", "2031-05-29", PRO_LEGACY, "2038-04-27", DISTRO_INFO},
    {"ubuntu", "26.10", "2027-07-15", NULL, NULL, DISTRO_INFO},
    {"alpine", "3.0", "2016-05-01", NULL, NULL, ALPINE},
    {"alpine", "3.1", "2016-11-01", NULL, NULL, ALPINE},
    {"alpine", "3.2", "2017-05-01", NULL, NULL, ALPINE},
    {"alpine", "3.3", "2017-11-01", NULL, NULL, ALPINE},
    {"alpine", "3.4", "2018-05-01", NULL, NULL, ALPINE},
    {"alpine", "3.5", "2018-11-01", NULL, NULL, ALPINE},
    {"alpine", "3.6", "2019-05-01", NULL, NULL, ALPINE},
    {"alpine", "3.7", "2019-11-01", NULL, NULL, ALPINE},
    {"alpine", "3.8", "2020-05-01", NULL, NULL, ALPINE},
    {"alpine", "3.9", "2020-11-01", NULL, NULL, ALPINE},
    {"alpine", "3.10", "2021-05-01", NULL, NULL, ALPINE},
    {"alpine", "3.11", "2021-11-01", NULL, NULL, ALPINE},
    {"alpine", "3.12", "2022-05-01", NULL, NULL, ALPINE},
    {"alpine", "3.13", "2022-11-01", NULL, NULL, ALPINE},
    {"alpine", "3.14", "2023-05-01", NULL, NULL, ALPINE},
    {"alpine", "3.15", "2023-11-01", NULL, NULL, ALPINE},
    {"alpine", "3.16", "2024-05-23", NULL, NULL, ALPINE},
    {"alpine", "3.17", "2024-11-22", NULL, NULL, ALPINE},
    {"alpine", "3.18", "2025-05-09", NULL, NULL, ALPINE},
    {"alpine", "3.19", "2025-11-01", NULL, NULL, ALPINE},
    {"alpine", "3.20", "2026-04-01", NULL, NULL, ALPINE},
    {"alpine", "3.21", "2026-11-01", NULL, NULL, ALPINE},
    {"alpine", "3.22", "2027-05-01", NULL, NULL, ALPINE},
    {"rhel", "4", "2012-02-29", "Extended Life Cycle Support", "2017-03-31", RED_HAT},
    {"rhel", "5", "2017-03-31", "Extended Life Cycle Support", "2020-11-30", RED_HAT},
    {"rhel", "6", "2020-11-30", "Extended Life Cycle Support", "2024-06-30", RED_HAT},
    {"rhel", "7", "2024-06-30", "Extended Life Cycle Support", "2028-06-30", RED_HAT},
    {"rhel", "8", "2029-05-31", "Extended Life Cycle Support", "2032-05-31", RED_HAT},
    {"rhel", "9", "2032-05-31", "Extended Life Cycle Support", "2035-05-31", RED_HAT},
    {"rhel", "10", "2035-05-31", "Extended Life Cycle Support", "2038-05-31", RED_HAT},
    {"almalinux", "8", "2029-03-01", NULL, NULL, ALMA},
    {"almalinux", "9", "2032-05-31", NULL, NULL, ALMA},
    {"almalinux", "10", "2035-05-31", NULL, NULL, ALMA},
    {"rocky", "8", "2029-05-31", NULL, NULL, ROCKY},
    {"rocky", "9", "2032-05-31", NULL, NULL, ROCKY},
    {"rocky", "10", "2035-05-31", NULL, NULL, ROCKY},
    {"centos", "5", "2017-03-31", NULL, NULL, CENTOS},
    {"centos", "6", "2020-11-30", NULL, NULL, CENTOS},
    {"centos", "7", "2024-06-30", NULL, NULL, CENTOS},
    {"centos", "8", "2021-12-31", NULL, NULL, CENTOS},
    {"centos-stream", "8", "2024-05-31", NULL, NULL, CENTOS},
    {"centos-stream", "9", "2027-05-31", NULL, NULL, CENTOS},
    {"centos-stream", "10", "2030-01-01", NULL, NULL, CENTOS},
    {"ol", "5", "2017-06-30", "Extended Support", "2020-11-30", ORACLE},
    {"ol", "6", "2021-03-31", "Extended Support", "2024-12-31", ORACLE},
    {"ol", "7", "2024-12-31", "Extended Support", "2028-06-30", ORACLE},
    {"ol", "8", "2029-07-31", "Extended Support", "2032-07-31", ORACLE},
    {"ol", "9", "2032-06-30", "Extended Support", "2035-06-30", ORACLE},
    {"sles", "11.1", "2012-08-31", "LTSS", "2015-08-30", SUSE},
    {"sles", "11.2", "2014-01-31", "LTSS", "2017-01-30", SUSE},
    {"sles", "11.3", "2016-01-31", "LTSS", "2019-01-30", SUSE},
    {"sles", "11.4", "2019-03-31", "LTSS", "2022-03-31", SUSE},
    {"sles", "12", "2016-06-30", "LTSS", "2019-07-01", SUSE},
    {"sles", "12.1", "2017-05-31", "LTSS", "2020-05-31", SUSE},
    {"sles", "12.2", "2018-03-31", "LTSS", "2021-03-31", SUSE},
    {"sles", "12.3", "2019-06-30", "LTSS", "2022-06-30", SUSE},
    {"sles", "12.4", "2020-06-30", "LTSS", "2023-06-30", SUSE},
    {"sles", "12.5", "2024-10-31", "LTSS", "2027-10-31", SUSE},
    {"sles", "15", "2019-12-31", "LTSS", "2022-12-31", SUSE},
    {"sles", "15.1", "2021-01-31", "LTSS", "2024-01-31", SUSE},
    {"sles", "15.2", "2021-12-31", "LTSS", "2024-12-31", SUSE},
    {"sles", "15.3", "2022-12-31", "LTSS", "2025-12-31", SUSE},
    {"sles", "15.4", "2023-12-31", "LTSS", "2026-12-31", SUSE},
    {"sles", "15.5", "2024-12-31", "LTSS", "2027-12-31", SUSE},
    {"sles", "15.6", "2025-12-31", "LTSS", "2028-12-31", SUSE},
    {"sles", "15.7", "2031-07-31", "LTSS", "2034-07-31", SUSE},
    {"opensuse-leap", "42.1", "2017-05-17", NULL, NULL, OPENSUSE},
    {"opensuse-leap", "42.2", "2018-01-26", NULL, NULL, OPENSUSE},
    {"opensuse-leap", "42.3", "2019-07-01", NULL, NULL, OPENSUSE},
    {"opensuse-leap", "15.0", "2019-12-03", NULL, NULL, OPENSUSE},
    {"opensuse-leap", "15.1", "2021-02-02", NULL, NULL, OPENSUSE},
    {"opensuse-leap", "15.2", "2022-01-04", NULL, NULL, OPENSUSE},
    {"opensuse-leap", "15.3", "2022-12-31", NULL, NULL, OPENSUSE},
    {"opensuse-leap", "15.4", "2023-12-07", NULL, NULL, OPENSUSE},
    {"opensuse-leap", "15.5", "2024-12-31", NULL, NULL, OPENSUSE},
    {"opensuse-leap", "15.6", "2026-04-30", NULL, NULL, OPENSUSE},
    {"opensuse-leap", "16.0", "2027-10-31", NULL, NULL, OPENSUSE},
    {"amzn", "2014", "2020-12-31", "maintenance support", "2023-12-31", AMAZON},
    {"amzn", "2015", "2020-12-31", "maintenance support", "2023-12-31", AMAZON},
    {"amzn", "2016", "2020-12-31", "maintenance support", "2023-12-31", AMAZON},
    {"amzn", "2017", "2020-12-31", "maintenance support", "2023-12-31", AMAZON},
    {"amzn", "2018", "2020-12-31", "maintenance support", "2023-12-31", AMAZON},
    {"amzn", "2", "2026-06-30", NULL, NULL, AMAZON},
    {"amzn", "2023", "2027-06-30", "maintenance support", "2029-06-30", AMAZON},
    {"fedora", "24", "2017-08-08", NULL, NULL, FEDORA},
    {"fedora", "25", "2017-12-12", NULL, NULL, FEDORA},
    {"fedora", "26", "2018-05-29", NULL, NULL, FEDORA},
    {"fedora", "27", "2018-11-30", NULL, NULL, FEDORA},
    {"fedora", "28", "2019-05-28", NULL, NULL, FEDORA},
    {"fedora", "29", "2019-11-26", NULL, NULL, FEDORA},
    {"fedora", "30", "2020-05-26", NULL, NULL, FEDORA},
    {"fedora", "31", "2020-11-24", NULL, NULL, FEDORA},
    {"fedora", "32", "2021-05-25", NULL, NULL, FEDORA},
    {"fedora", "33", "2021-11-30", NULL, NULL, FEDORA},
    {"fedora", "34", "2022-06-07", NULL, NULL, FEDORA},
    {"fedora", "35", "2022-12-13", NULL, NULL, FEDORA},
    {"fedora", "36", "2023-05-16", NULL, NULL, FEDORA},
    {"fedora", "37", "2023-12-05", NULL, NULL, FEDORA},
    {"fedora", "38", "2024-05-21", NULL, NULL, FEDORA},
    {"fedora", "39", "2024-11-26", NULL, NULL, FEDORA},
    {"fedora", "40", "2025-05-13", NULL, NULL, FEDORA},
    {"fedora", "41", "2025-12-15", NULL, NULL, FEDORA},
    {"fedora", "42", "2026-05-13", NULL, NULL, FEDORA},
    {"fedora", "43", "2026-12-09", NULL, NULL, FEDORA},
};

/* Has the day ended? Days end in UTC. */
static bool is_past(struct bytes day, int64_t now_ms)
{
	int64_t ms;
	return day.len > 0 && clock_parse_rfc3339(day, &ms) && now_ms >= ms + DAY_MS;
}

/* "15" is not the release of "15.5", whose service packs have rows of their own; "8" is that of
 * "8.5", whose minor releases have none. */
static bool is_release(struct bytes id, struct bytes version, struct bytes row_id,
		       struct bytes release)
{
	if (!bytes_eq(id, row_id))
		return false;
	return bytes_eq(version, release) ||
	       (!bytes_eq_lit(id, "sles") && version.len > release.len &&
		version.ptr[release.len] == '.' && bytes_has_prefix(version, release));
}

static const struct release *release_of(struct bytes id, struct bytes version)
{
	const struct release *best = NULL;
	for (size_t i = 0; i < sizeof releases / sizeof *releases; i++) {
		const struct release *r = &releases[i];
		if (is_release(id, version, bytes_of(r->id), bytes_of(r->release)) &&
		    (!best || strlen(r->release) > strlen(best->release)))
			best = r;
	}
	return best;
}

/* Tables of feeds, the newest first; those before it stay for the answers that borrow from them. */
struct table {
	struct table *before;
	struct arena a;
	struct support_row *rows;
	char (*words)[3][SUPPORT_WORD_MAX]; /* of each row: extended, source, as_of */
	size_t count;
};
static _Atomic(struct table *) newest;

static bool same_rows(const struct table *t, const struct support_row *rows, size_t count)
{
	bool same = t ? t->count == count : count == 0;
	for (size_t i = 0; t && same && i < count; i++) {
		const struct support_row *x = &t->rows[i], *y = &rows[i];
		same = bytes_eq(x->id, y->id) && bytes_eq(x->release, y->release) &&
		       bytes_eq(x->standard, y->standard) &&
		       bytes_eq(x->extended_end, y->extended_end) &&
		       bytes_eq(x->extended, y->extended) && bytes_eq(x->source, y->source) &&
		       bytes_eq(x->as_of, y->as_of);
	}
	return same;
}

static bool copy_row(struct table *t, const struct support_row *from)
{
	struct support_row *to = &t->rows[t->count];
	struct bytes *all[] = {&to->id,	      &to->release, &to->standard, &to->extended_end,
			       &to->extended, &to->source,  &to->as_of};
	bool ok = true, one = false;
	*to = *from;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		*all[i] = arena_bytes(&t->a, *all[i], &one);
		ok = ok && one;
	}
	const struct bytes words[] = {to->extended, to->source, to->as_of};
	for (size_t i = 0; i < 3; i++)
		(void)snprintf(t->words[t->count][i], SUPPORT_WORD_MAX, "%.*s",
			       BYTES_ARG(words[i]));
	t->count += ok;
	return ok;
}

int support_use(const struct support_row *rows, size_t count, struct err *e)
{
	struct table *before = atomic_load(&newest);
	if (same_rows(before, rows, count))
		return 0;
	struct table *t = calloc(1, sizeof *t);
	if (!t)
		return err_nomem(e);
	arena_init(&t->a, SIZE_MAX / 4);
	t->rows = arena_alloc(&t->a, count + 1, sizeof *t->rows);
	t->words = arena_alloc(&t->a, count + 1, sizeof *t->words);
	bool ok = t->rows && t->words;
	for (size_t i = 0; ok && i < count; i++)
		ok = copy_row(t, &rows[i]);
	if (!ok) {
		arena_free(&t->a);
		free(t);
		return err_nomem(e);
	}
	t->before = before;
	while (!atomic_compare_exchange_weak(&newest, &t->before, t))
		;
	return 0;
}

static bool find_in_table(struct bytes id, struct bytes version, struct support *ret)
{
	const struct table *t = atomic_load(&newest);
	const struct support_row *best = NULL;
	size_t at = 0;
	for (size_t i = 0; t && i < t->count; i++)
		if (is_release(id, version, t->rows[i].id, t->rows[i].release) &&
		    (!best || t->rows[i].release.len > best->release.len)) {
			best = &t->rows[i];
			at = i;
		}
	if (best)
		*ret = (struct support){.standard_end = best->standard,
					.extended_end = best->extended_end,
					.extended = best->extended_end.len ? t->words[at][0] : NULL,
					.source = t->words[at][1],
					.as_of = t->words[at][2]};
	return best != NULL;
}

/* Of the program's own table, else what the image says. */
static bool find_own(struct bytes id, struct bytes version, struct bytes stated_end,
		     struct support *ret)
{
	int64_t ms;
	const struct release *r = release_of(id, version);
	if (r)
		*ret = (struct support){.standard_end = bytes_of(r->standard),
					.extended_end = bytes_of(r->extended_end),
					.extended = r->extended,
					.source = facts[r->facts].source,
					.as_of = facts[r->facts].as_of};
	else if (stated_end.len == sizeof "2026-01-02" - 1 && clock_parse_rfc3339(stated_end, &ms))
		*ret = (struct support){
		    .standard_end = stated_end, .source = "SUPPORT_END of os-release", .as_of = ""};
	else
		return false;
	return true;
}

bool support_find(struct bytes id, struct bytes version, struct bytes name, struct bytes stated_end,
		  int64_t now_ms, struct support *ret)
{
	bool stream =
	    bytes_eq_lit(id, "centos") && bytes_find_bytes(name, BYTES_LIT("Stream")) < name.len;
	id = stream ? BYTES_LIT("centos-stream") : id;
	if (!find_in_table(id, version, ret) && !find_own(id, version, stated_end, ret))
		return false;
	if (is_past(ret->standard_end, now_ms))
		ret->state = ret->extended && !is_past(ret->extended_end, now_ms) ? SUPPORT_EXTENDED
										  : SUPPORT_ENDED;
	return true;
}

void support_put(struct json_out *w, const struct support *s)
{
	static const char *const states[] = {"supported", "extended", "ended"};
	json_put_object(w, "support");
	json_put_text(w, "state", states[s->state]);
	json_put_string(w, "standard_end", s->standard_end);
	if (s->extended) {
		json_put_text(w, "extended", s->extended);
		json_put_string(w, "extended_end", s->extended_end);
	}
	json_put_text(w, "source", s->source);
	if (*s->as_of)
		json_put_text(w, "as_of", s->as_of);
	json_put_end(w, '}');
}

void support_put_text(struct buf *out, struct bytes id, struct bytes version,
		      const struct support *s)
{
	if (s->state == SUPPORT_FULL)
		return;
	buf_printf(out, "%.*s %.*s ", BYTES_ARG(id), BYTES_ARG(version));
	if (s->state == SUPPORT_EXTENDED)
		buf_printf(out,
			   "is past its standard support, which ended on %.*s: fixes come with %s "
			   "only, until %.*s",
			   BYTES_ARG(s->standard_end), s->extended, BYTES_ARG(s->extended_end));
	else if (s->extended)
		buf_printf(out, "gets no more fixes: standard support ended on %.*s, %s on %.*s",
			   BYTES_ARG(s->standard_end), s->extended, BYTES_ARG(s->extended_end));
	else
		buf_printf(out, "gets no more fixes: support ended on %.*s",
			   BYTES_ARG(s->standard_end));
}
