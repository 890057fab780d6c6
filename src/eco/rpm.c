/* The package database of rpm. One of three containers holds the same header blobs (rpm_header.c):
 * "Packages", Berkeley DB hash (rpm_bdb.c): until rpm 4.15, in enterprise distributions until 8.
 * "Packages.db", NDB (rpm_ndb.c): SUSE. "rpmdb.sqlite", SQLite (rpm_sqlite.c): Fedora since 33,
 * enterprise distributions since 9, Azure Linux. They lie in var/lib/rpm, usr/lib/sysimage/rpm or
 * usr/share/rpm. What a file is, its first bytes decide, not its name.
 * var/lib/rpmmanifest/container-manifest-2 replaces the database in Microsoft's distroless
 * images: a line a package, ten fields separated by tabs: name, version-release, install time,
 * build time, vendor, epoch or "(none)", size, architecture, epoch number, source rpm. */
#include "eco/rpm.h"
#include "base/num.h"
#include "eco/path.h"
#include "pkg/ecosystem.h"

#define MANIFEST_FIELDS 10
/* SQLite's logs: not there or empty, unless rpm was stopped at work */
#define WAL_NAME "rpmdb.sqlite-wal"
#define JOURNAL_NAME "rpmdb.sqlite-journal"
/* What it begins with while it is to be rolled back: SQLite "Database File Format", 3 */
#define JOURNAL_MAGIC "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"

static struct eco_want rpm_wants(struct bytes path)
{
	struct eco_want w = {.wanted = false, .merge = ECO_REPLACE};
	const char *const *locations = eco_table[ECO_RPM].locations;
	struct bytes base = eco_path_base(path);
	if (!bytes_eq_lit(base, "Packages") && !bytes_eq_lit(base, "Packages.db") &&
	    !bytes_eq_lit(base, "rpmdb.sqlite") && !bytes_eq_lit(base, "container-manifest-2") &&
	    !bytes_eq_lit(base, WAL_NAME) && !bytes_eq_lit(base, JOURNAL_NAME))
		return w;
	for (int i = 0; locations[i] && !w.wanted; i++) {
		w.wanted = eco_path_at(path, locations[i], &w.keep);
		w.rank = i;
	}
	for (int i = 0; i < 3 && !w.wanted; i++) {
		w.wanted = eco_path_near(path, locations[i], 2, &w.keep);
		w.rank = i;
	}
	return w;
}

struct rpm_run {
	const struct eco_sink *sink;
	uint64_t header_count;
};

static int on_header(void *arg, uint64_t off, struct bytes blob, struct err *e)
{
	struct rpm_run *run = arg;
	run->header_count++;
	return rpm_header_parse(blob, off, run->sink, e);
}

static int on_note(void *arg, uint64_t off, const char *text, struct err *e)
{
	struct rpm_run *run = arg;
	return run->sink->note(run->sink->arg, off, text, e);
}

static int manifest_line(struct bytes line, uint64_t off, const struct eco_sink *sink,
			 struct arena *a, struct err *e)
{
	struct bytes f[MANIFEST_FIELDS];
	size_t n = 0;
	for (struct bytes rest = line; n < MANIFEST_FIELDS && (rest.len > 0 || n == 0); n++)
		f[n] = bytes_trim(bytes_cut(&rest, '\t'));
	if (n < MANIFEST_FIELDS || !rpm_is_word(f[0]) || !rpm_is_word(f[1]))
		return sink->note(sink->arg, off, "manifest: line without ten fields", e);
	struct pkg p = {.type = BYTES_LIT("rpm"),
			.name = f[0],
			.version = f[1],
			.arch = bytes_eq_lit(f[7], "(none)") ? BYTES_NONE : f[7],
			.vendor = bytes_eq_lit(f[4], "(none)") ? BYTES_NONE : f[4],
			.class = PKG_OS};
	uint64_t epoch = 0;
	bool has_epoch = num_u64(f[8], UINT32_MAX, &epoch) && epoch > 0;
	p.source_name = p.name;
	struct bytes source_version = p.version;
	bool has_source = rpm_split_source(f[9], &p.source_name, &source_version);
	p.source_version = source_version;
	if (has_epoch) {
		char *v = arena_printf(a, "%.*s:%.*s", BYTES_ARG(f[8]), BYTES_ARG(p.version));
		char *s = arena_printf(a, "%.*s:%.*s", BYTES_ARG(f[8]), BYTES_ARG(source_version));
		if (!v || !s)
			return err_set(e, ERR_NOMEM, "rpm manifest: out of memory");
		p.version = bytes_of(v);
		p.source_version = bytes_of(s);
	}
	if (!has_source)
		p.source_version = p.version;
	return sink->package(sink->arg, &p, e);
}

static int manifest_parse(struct bytes file, const struct eco_sink *sink, struct arena *a,
			  struct err *e)
{
	for (struct bytes rest = file; rest.len > 0;) {
		uint64_t off = (uint64_t)(rest.ptr - file.ptr);
		struct bytes line = bytes_cut(&rest, '\n');
		if (bytes_trim(line).len == 0 || bytes_has_prefix_lit(line, "gpg-pubkey\t"))
			continue;
		int r = manifest_line(line, off, sink, a, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int rpm_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		     struct arena *a, struct err *e)
{
	struct rpm_run run = {.sink = sink};
	const struct rpm_sink headers = {.arg = &run, .header = on_header, .note = on_note};
	if (bytes_eq_lit(eco_path_base(path), WAL_NAME) && file.len > 0)
		return err_set(e, ERR_UNSUPPORTED,
			       "changes that rpm had not yet put into the database: not read");
	if (bytes_eq_lit(eco_path_base(path), JOURNAL_NAME))
		return bytes_has_prefix_lit(file, JOURNAL_MAGIC)
			   ? err_set(
				 e, ERR_UNSUPPORTED,
				 "changes that rpm will take back out of the database: not read")
			   : 0;
	if (bytes_eq_lit(eco_path_base(path), "container-manifest-2"))
		return manifest_parse(file, sink, a, e);
	if (rpm_sqlite_is_magic(file))
		return rpm_sqlite_read(file, &headers, e);
	if (rpm_ndb_is_magic(file))
		return rpm_ndb_read(file, &headers, e);
	if (rpm_bdb_is_magic(file))
		return rpm_bdb_read(file, &headers, e);
	if (file.len == 0)
		return 0; /* rpm makes it so when it first looks for a database */
	return err_set(e, ERR_FORMAT, "rpm database: neither Berkeley DB hash, NDB nor SQLite");
}

const struct eco_parser eco_rpm = {.wants = rpm_wants, .parse = rpm_parse};
