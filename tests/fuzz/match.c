/* A database of records and a package, both made of the input: lines of fields with '|' between
 * them. First the package (type|distro|name|version| source|source version|arch|module), then
 * records (id|ecosystem|name|keyed and status digits|module|arches|alias|severity|events "k
 * version,"). */
#include "base/io.h"
#include "match/match.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EVENTS_MAX 16
#define RECORDS_MAX 32

static size_t events(struct bytes text, struct adv_range_event *out)
{
	size_t n = 0;
	while (text.len && n < EVENTS_MAX) {
		struct bytes one = bytes_cut(&text, ',');
		uint8_t what = one.len ? one.ptr[0] : 0;
		out[n++] = (struct adv_range_event){.range = what >> 4 & 1,
						    .kind = (enum adv_event)(what & 3),
						    .version = bytes_from(one, 1)};
	}
	return n;
}

static void add(struct vdb_writer *w, struct bytes line)
{
	struct adv_range_event ev[EVENTS_MAX];
	struct bytes id = bytes_cut(&line, '|');
	struct adv_affected x = {
	    .ecosystem = bytes_cut(&line, '|'), .name = bytes_cut(&line, '|'), .events = ev};
	struct bytes kind = bytes_cut(&line, '|');
	x.keyed = kind.len && kind.ptr[0] & 1 ? ADV_BY_BINARY : ADV_BY_SOURCE;
	x.status = kind.len > 1 ? (enum adv_status)(kind.ptr[1] & 7) : ADV_UNKNOWN;
	x.module = bytes_cut(&line, '|');
	x.arches = bytes_cut(&line, '|');
	struct bytes alias = bytes_cut(&line, '|');
	x.severity_text = bytes_cut(&line, '|');
	x.versions = &alias;
	x.version_count = alias.len & 1;
	x.event_count = events(line, ev);
	struct adv a = {.feed = BYTES_LIT("osv"),
			.id = id,
			.summary = line,
			.aliases = &alias,
			.alias_count = 1,
			.cvss = &x.severity_text,
			.cvss_count = 1,
			.affected = &x,
			.affected_count = 1};
	(void)vdb_writer_add(w, &a, NULL);
}

static volatile uint64_t sink;

static void ask(const struct vdb *v, const struct pkg *p)
{
	struct arena a;
	struct match *m;
	enum match_outcome outcome;
	struct bytes text;
	struct vdb_ecosystem *list;
	arena_init(&a, 1U << 24);
	int64_t n = match_package(v, p, &a, &m, NULL);
	for (int64_t i = 0; i < n; i++)
		sink += bytes_hash(m[i].remediation, bytes_hash(m[i].check.title, m[i].check.id)) +
			bytes_hash(m[i].evidence.range, bytes_hash(m[i].fixed_version, 0));
	int64_t all = vdb_ecosystems(v, BYTES_NONE, &a, &list, NULL);
	for (int64_t i = 0; i < all; i++)
		if (match_explain(v, p, list[i].name, &a, &outcome, &text, NULL) == 0)
			sink += bytes_hash(text, 0);
	for (int64_t i = 0; i < n; i++)
		if (match_explain(v, p, m[i].check.advisory, &a, &outcome, &text, NULL) == 0 &&
		    outcome != MATCH_AFFECTED)
			abort(); /* what is reported must be explained as such */
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	struct bytes rest = {.ptr = data, .len = size < 4096 ? size : 4096};
	struct bytes line = bytes_cut(&rest, '\n');
	struct pkg p = {.type = bytes_cut(&line, '|'),
			.distro = bytes_cut(&line, '|'),
			.name = bytes_cut(&line, '|'),
			.version = bytes_cut(&line, '|'),
			.source_name = bytes_cut(&line, '|'),
			.source_version = bytes_cut(&line, '|'),
			.arch = bytes_cut(&line, '|'),
			.module = line};
	struct vdb_writer *w = vdb_writer_open(NULL);
	if (!w)
		return 0;
	for (int i = 0; i < RECORDS_MAX && rest.len; i++)
		add(w, bytes_cut(&rest, '\n'));
	(void)snprintf(path, sizeof path, "/dev/shm/plimsoll-fuzz-match-%ld", (long)getpid());
	struct vdb *v = vdb_writer_finish(w, path, NULL) == 0 ? vdb_open(path, NULL) : NULL;
	vdb_writer_close(w);
	(void)unlink(path);
	if (v)
		ask(v, &p);
	vdb_close(v);
	return 0;
}
