/* vdb_sample: short ways to write advisories down in tests, and a database of them. */
#pragma once
#include "base/io.h"
#include "vdb/vdb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define EV_MAX 8
/* A row of a table of records: one affected package each; rows of one id and modified_ms are
 * united. */
struct sample {
	const char *feed, *id, *ecosystem, *name;
	const char *events; /* "introduced 0,fixed 1.2;introduced 2": ';' starts another range */
	enum adv_keyed keyed;
	enum adv_status status;
	const char *alias, *module, *arches, *severity_text, *vendor_id, *cvss, *summary, *listed;
	enum adv_severity severity;
	int64_t modified_ms;
	bool silent; /* no details */
	int64_t withdrawn_ms;
};

static inline enum adv_event sample_kind(struct bytes word)
{
	return bytes_eq_lit(word, "introduced")	     ? ADV_INTRODUCED
	       : bytes_eq_lit(word, "fixed")	     ? ADV_FIXED_AT
	       : bytes_eq_lit(word, "last_affected") ? ADV_LAST_AFFECTED
						     : ADV_LIMIT;
}

static inline size_t sample_events(const char *text, struct adv_range_event *out)
{
	struct bytes rest = bytes_of(text);
	size_t n = 0;
	for (uint8_t range = 0; rest.len; range++) {
		struct bytes one = bytes_cut(&rest, ';');
		while (one.len && n < EV_MAX) {
			struct bytes version = bytes_cut(&one, ',');
			struct bytes word = bytes_cut(&version, ' ');
			out[n++] = (struct adv_range_event){
			    .range = range, .kind = sample_kind(word), .version = version};
		}
	}
	return n;
}

static inline int sample_add(struct vdb_writer *w, const struct sample *s, struct err *e)
{
	struct adv_range_event events[EV_MAX];
	struct bytes alias = bytes_of(s->alias), cvss = bytes_of(s->cvss),
		     listed = bytes_of(s->listed);
	struct adv_reference ref = {.type = BYTES_LIT("ADVISORY"),
				    .url = BYTES_LIT("https://example.org/advisory")};
	struct adv_affected x = {
	    .ecosystem = bytes_of(s->ecosystem),
	    .name = bytes_of(s->name),
	    .keyed = s->keyed,
	    .arches = bytes_of(s->arches),
	    .module = bytes_of(s->module),
	    .status = s->status,
	    .severity_text = bytes_of(s->severity_text),
	    .vendor_id = bytes_of(s->vendor_id),
	    .events = events,
	    .event_count = sample_events(s->events, events),
	    .versions = &listed,
	    .version_count = s->listed ? 1 : 0,
	};
	struct adv a = {
	    .feed = bytes_of(s->feed ? s->feed : "osv"),
	    .id = bytes_of(s->id),
	    .aliases = &alias,
	    .alias_count = s->alias ? 1 : 0,
	    .summary = bytes_of(s->summary),
	    .details = s->silent ? BYTES_NONE : BYTES_LIT("details of it"),
	    .modified_ms = s->modified_ms,
	    .withdrawn_ms = s->withdrawn_ms,
	    .severity = s->severity,
	    .cvss = &cvss,
	    .cvss_count = s->cvss ? 1 : 0,
	    .references = &ref,
	    .reference_count = 1,
	    .affected = &x,
	    .affected_count = s->ecosystem ? 1 : 0,
	};
	return vdb_writer_add(w, &a, e);
}

#define SAMPLE_DUE_MS (INT64_C(22) * 86400000)

static inline int sample_exploit(struct vdb_writer *w, const char *cve, bool kev, double epss,
				 struct err *e)
{
	struct adv_exploit x = {.cve = bytes_of(cve),
				.kev = kev,
				.ransomware = kev,
				.kev_lists = kev ? ADV_KEV_CISA : 0,
				.kev_added_ms = kev ? 86400000 : 0,
				.kev_due_ms = kev ? SAMPLE_DUE_MS : 0,
				.kev_due_list = kev ? ADV_KEV_CISA : 0,
				.kev_action = kev ? BYTES_LIT("Apply updates.") : BYTES_NONE,
				.kev_name = kev ? BYTES_LIT("Name of it") : BYTES_NONE,
				.epss = epss,
				.epss_percentile = epss};
	return vdb_writer_add_exploit(w, &x, e);
}

static inline void sample_path(char out[256], const char *name)
{
	const char *dir = getenv("TMPDIR");
	(void)snprintf(out, 256, "%s/plimsoll-%s-%ld.vdb", dir ? dir : "/tmp", name,
		       (long)getpid());
}

/* The file of these records into *out. */
static inline void sample_file(const struct sample *rows, size_t n, struct buf *out)
{
	struct err e = ERR_INIT;
	char path[256];
	struct vdb_writer *w = vdb_writer_open(&e);
	assert_non_null(w);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(sample_add(w, &rows[i], &e), 0);
	assert_int_equal(sample_exploit(w, "CVE-2024-1", true, 0.5, &e), 0);
	assert_int_equal(sample_exploit(w, "CVE-2024-2", false, 0.000430001, &e), 0);
	assert_int_equal(
	    vdb_writer_add_source(w, BYTES_LIT("osv"), BYTES_LIT("a.zip"), 1000, n, 2, &e), 0);
	sample_path(path, "sample");
	assert_int_equal(vdb_writer_finish(w, path, &e), 0);
	vdb_writer_close(w);
	buf_init(out, 1U << 24);
	assert_int_equal(io_read_file(path, out, &e), 0);
	(void)unlink(path);
}
