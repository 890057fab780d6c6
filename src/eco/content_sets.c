/* The repositories that a Red Hat image was built from: root/buildinfo/content_manifests/NAME.json,
 * one for each image it was built on, and usr/share/buildinfo/content-sets.json since 2025:
 *
 *   {"metadata": {…}, "content_sets": ["rhel-8-for-x86_64-baseos-rpms", …], "image_contents": […]}
 *
 * A content set names a product stream, which advisories name by its CPE: the extended update
 * streams of one minor release say so in their middle and have their minor after "__"
 * ("rhel-9-for-x86_64-appstream-eus-rpms__9_DOT_2": rhel_eus:9.2); a layered product starts with
 * its name and version
 * ("rhocp-4.12-for-rhel-8-x86_64-rpms": openshift:4.12); the others are the release's own
 * (enterprise_linux:8). Repositories of one stream are not distinguished: packages that a later
 * build step adds come from repositories that no manifest names. Red Hat keeps the whole map as
 * repository-to-cpe.json. Spec: Red Hat, "Security Data Guidelines", "Content sets". */
#include "base/json.h"
#include "base/num.h"
#include "eco/parsers.h"
#include "eco/path.h"
#include "pkg/ecosystem.h"
#include "pkg/streams.h"

#include <stdio.h>
#include <string.h>

#define MAJOR_MAX 99U
#define STREAM_CAP (PKG_STREAM_LEN_MAX + 1)

static const struct {
	const char *part, *product;
} extended[] = {{"-eus-", "rhel_eus"},
		{"-e4s-", "rhel_e4s"},
		{"-aus-", "rhel_aus"},
		{"-tus-", "rhel_tus"},
		{"-els-", "rhel_els"}};

/* "NAME-VERSION-for-rhel-MAJOR-…" */
static const struct {
	const char *name, *product;
} layered[] = {
    {"ansible-automation-platform", "ansible_automation_platform"},
    {"cnv", "container_native_virtualization"},
    {"logging", "logging"},
    {"ocp-tools", "ocp_tools"},
    {"openshift-gitops", "openshift_gitops"},
    {"openstack", "openstack"},
    {"ossm", "service_mesh"},
    {"rhceph", "ceph_storage"},
    {"rhocp", "openshift"},
    {"satellite", "satellite"},
    {"satellite-capsule", "satellite_capsule"},
};

/* How names of the release's own repositories start, up to the major. */
static const char *const own[] = {"rhel-", "ubi-", "codeready-builder-for-rhel-",
				  "fast-datapath-for-rhel-"};

static struct eco_want sets_wants(struct bytes path)
{
	struct eco_want w = {.merge = ECO_PART};
	struct bytes dir = eco_path_dir(path);
	const char *const *locations = eco_table[ECO_CONTENT_SETS].locations;
	for (int i = 0; locations[i] && !w.wanted && bytes_has_suffix_lit(path, ".json"); i++) {
		struct bytes folder = eco_location_of(locations[i]).folder;
		folder.len--; /* its "/" */
		w.wanted = bytes_has_suffix(dir, folder) &&
			   (dir.len == folder.len || dir.ptr[dir.len - folder.len - 1] == '/');
		w.keep = dir.len - folder.len;
	}
	return w;
}

/* Product and version as a stream; false: too long for one. */
static bool put_stream(char out[STREAM_CAP], const char *product, struct bytes version)
{
	int n = snprintf(out, STREAM_CAP, "%s:%.*s", product, BYTES_ARG(version));
	return n > 0 && n < STREAM_CAP;
}

/* "9.2" of "9_DOT_2" or "9_DOT_2__x86_64"; empty when there is no minor. */
static void minor_release(struct bytes tail, char out[STREAM_CAP])
{
	uint64_t major, minor;
	struct bytes word = bytes_part(tail, 0, bytes_find_bytes(tail, BYTES_LIT("__")));
	size_t dot = bytes_find_bytes(word, BYTES_LIT("_DOT_"));
	out[0] = 0;
	if (dot < word.len && num_u64(bytes_part(word, 0, dot), MAJOR_MAX, &major) &&
	    num_u64(bytes_from(word, dot + 5), 999, &minor))
		(void)snprintf(out, STREAM_CAP, "%u.%u", (unsigned)major, (unsigned)minor);
}

/* The number that follows start in name; false: another name. */
static bool major_behind(struct bytes name, const char *start, struct bytes *ret)
{
	uint64_t major;
	struct bytes rest = bytes_from(name, strlen(start));
	*ret = bytes_part(rest, 0, bytes_find(rest, '-'));
	return bytes_has_prefix_lit(name, start) && num_u64(*ret, MAJOR_MAX, &major);
}

/* "openshift:4.12" of "rhocp-4.12-for-rhel-8-x86_64-rpms" and "rhel-7-server-ose-4.6-rpms"; false:
 * no such product. */
static bool layered_stream(struct bytes name, char out[STREAM_CAP])
{
	size_t at = bytes_find_bytes(name, BYTES_LIT("-for-rhel-"));
	struct bytes ose = BYTES_LIT("rhel-7-server-ose-");
	if (bytes_has_prefix(name, ose)) {
		struct bytes version = bytes_from(name, ose.len);
		return put_stream(out, "openshift",
				  bytes_part(version, 0, bytes_find(version, '-')));
	}
	if (bytes_has_prefix_lit(name, "rhel-server-rhscl-"))
		return put_stream(out, "rhel_software_collections", BYTES_LIT("3"));
	struct bytes front = bytes_part(name, 0, at);
	size_t dash = bytes_find_last(front, '-');
	for (size_t i = 0;
	     at < name.len && dash < front.len && i < sizeof layered / sizeof *layered; i++)
		if (bytes_eq_lit(bytes_part(front, 0, dash), layered[i].name))
			return put_stream(out, layered[i].product, bytes_from(front, dash + 1));
	return false;
}

static bool own_stream(struct bytes name, struct bytes minor, char out[STREAM_CAP])
{
	struct bytes major;
	size_t n = 0;
	while (n < sizeof own / sizeof *own && !major_behind(name, own[n], &major))
		n++;
	if (n == sizeof own / sizeof *own)
		return false;
	for (size_t i = 0; i < sizeof extended / sizeof *extended; i++)
		if (bytes_find_bytes(name, bytes_of(extended[i].part)) < name.len)
			return put_stream(out, extended[i].product, minor.len ? minor : major);
	return put_stream(out, "enterprise_linux", major);
}

/* 1 = added or there already, 0 = a content set of an unknown product, <0 error. */
static int add_stream(struct bytes set, struct arena *a, struct bytes *streams, struct err *e)
{
	char minor[STREAM_CAP], stream[STREAM_CAP];
	size_t at = bytes_find_bytes(set, BYTES_LIT("__"));
	struct bytes name = bytes_part(set, 0, at);
	minor_release(bytes_from(set, at + 2), minor);
	if (!layered_stream(name, stream) && !own_stream(name, bytes_of(minor), stream))
		return 0;
	int r = pkg_streams_add(streams, bytes_of(stream), a, e);
	return r == -ERR_FORMAT ? 0 : r < 0 ? r : 1;
}

static int read_sets(struct json *j, const struct eco_sink *sink, struct arena *a,
		     struct bytes *streams, struct err *e)
{
	bool noted = false;
	json_enter_array(j);
	while (json_next_item(j)) {
		uint64_t off = j->off;
		struct bytes set = BYTES_NONE;
		if (json_peek(j) == JSON_STRING)
			set = json_string(j);
		else
			json_skip(j);
		int r = json_ok(j) ? add_stream(set, a, streams, e) : 1;
		if (r == 0 && !noted) {
			noted = true;
			r = sink->note(sink->arg, off,
				       "content sets of a product that is not known: its "
				       "advisories are not used",
				       e);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int sets_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		      struct arena *a, struct err *e)
{
	struct json j;
	struct bytes key;
	struct pkg_distro d = {.id = BYTES_LIT("rhel")};
	int r = 0;
	(void)path;
	json_init(&j, file, a);
	json_enter_object(&j);
	while (r == 0 && json_next_key(&j, &key)) {
		if (bytes_eq_lit(key, "content_sets") && json_peek(&j) == JSON_ARRAY)
			r = read_sets(&j, sink, a, &d.streams, e);
		else
			json_skip(&j);
	}
	if (r == 0)
		r = json_finish(&j, e);
	return r < 0 || d.streams.len == 0 ? r : sink->distro(sink->arg, &d, e);
}

const struct eco_parser eco_content_sets = {.wants = sets_wants, .parse = sets_parse};
