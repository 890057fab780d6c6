/* The manifest of an image that was cut with Chisel: var/lib/chisel/manifest.wall, zstd-compressed
 * lines of JSON ("jsonwall"):
 *
 *   {"jsonwall":"1.0","schema":"1.0","count":4}
 *   {"kind":"content","slice":"libc6_libs","path":"/usr/lib/x86_64-linux-gnu/libc.so.6"}
 *   {"kind":"package","name":"libc6","version":"2.39-0ubuntu8.4","sha256":"…","arch":"amd64"}
 *   {"kind":"path","path":"/usr/lib/…/libc.so.6","mode":"0755","slices":["libc6_libs"],…}
 *   {"kind":"slice","name":"libc6_libs"}
 *
 * The first line is the header, the others are sorted by their bytes; other kinds may occur. A
 * slice is named after its package, "_" between. Of a path's two kinds of line "content" is read:
 * it names one slice. The manifest does not say which source package a package was built from.
 * Spec: canonical/chisel, public/manifest and internal/jsonwall. */
#include "base/json.h"
#include "codec/codec.h"
#include "eco/parsers.h"
#include "eco/path.h"
#include "pkg/ecosystem.h"

#define PLAIN_MAX (UINT64_C(64) << 20) /* bytes unpacked: a manifest of 400,000 paths */
#define RATIO_MAX 200U		       /* real ones reach about 8 */
#define LINE_MAX ((size_t)64 << 10)    /* bytes of one line: a path and its slices */
#define LINE_ARENA_MAX ((size_t)1 << 20)

struct wall_line {
	struct bytes kind, name, version, arch, slice, path;
	bool is_head;
};

static struct eco_want chisel_wants(struct bytes path)
{
	struct eco_want w = {.merge = ECO_REPLACE};
	w.wanted = eco_path_at(path, eco_table[ECO_CHISEL].locations[0], &w.keep);
	return w;
}

static void read_key(struct json *j, struct bytes key, struct wall_line *l)
{
	static const char *const names[] = {"kind",  "name", "version", "arch",
					    "slice", "path", "jsonwall"};
	struct bytes format = BYTES_NONE;
	struct bytes *const slots[] = {&l->kind,  &l->name, &l->version, &l->arch,
				       &l->slice, &l->path, &format};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!bytes_eq_lit(key, names[i]) || json_peek(j) != JSON_STRING)
			continue;
		*slots[i] = json_string(j);
		l->is_head = l->is_head || format.len > 0;
		return;
	}
	json_skip(j);
}

static bool is_word(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.ptr[i] <= ' ' || b.ptr[i] >= 0x7f || b.ptr[i] == '/')
			return false;
	return b.len > 0;
}

static int state(const struct wall_line *l, uint64_t off, const struct eco_sink *sink,
		 struct err *e)
{
	if (bytes_eq_lit(l->kind, "content") && l->slice.len && l->path.len) {
		struct bytes package = bytes_part(l->slice, 0, bytes_find(l->slice, '_'));
		bool folder = l->path.ptr[l->path.len - 1] == '/';
		return folder || !is_word(package)
			   ? 0
			   : sink->owns(sink->arg, package, BYTES_NONE, l->path, e);
	}
	if (!bytes_eq_lit(l->kind, "package"))
		return 0;
	if (!is_word(l->name) || !is_word(l->version))
		return sink->note(sink->arg, off, "package without a name or a version", e);
	struct pkg p = {.type = BYTES_LIT("deb"),
			.name = l->name,
			.version = l->version,
			.arch = l->arch,
			.source_name = l->name,
			.source_version = l->version,
			.class = PKG_OS};
	return sink->package(sink->arg, &p, e);
}

/* One line; off: of its first byte in the plain text. */
static int read_line(struct bytes line, uint64_t off, const struct eco_sink *sink, struct err *e)
{
	struct arena a;
	struct json j;
	struct wall_line l = {.is_head = false};
	struct bytes key;
	arena_init(&a, LINE_ARENA_MAX);
	json_init(&j, line, &a);
	json_enter_object(&j);
	while (json_next_key(&j, &key))
		read_key(&j, key, &l);
	struct err why = ERR_INIT;
	int r = json_finish(&j, &why);
	if (r == 0 && off == 0 && !l.is_head)
		r = err_set(e, ERR_FORMAT, "manifest.wall: the first line is not a jsonwall head");
	else if (r == 0)
		r = state(&l, off, sink, e);
	else if (r == -ERR_NOMEM)
		r = err_set(e, ERR_NOMEM, "manifest.wall: no memory");
	else if (off == 0)
		r = err_set(e, ERR_FORMAT, "manifest.wall: %s", why.msg);
	else
		r = sink->note(sink->arg, off, "line that is not a JSON object", e);
	arena_free(&a);
	return r;
}

static int read_lines(struct stream *s, const struct eco_sink *sink, struct err *e)
{
	for (;;) {
		struct bytes seen;
		uint64_t off = stream_offset(s);
		int r = stream_peek(s, 1, &seen, e);
		size_t end = r > 0 ? bytes_find(seen, '\n') : 0;
		if (r > 0 && end == seen.len) { /* not all of a line at hand */
			r = stream_peek(s, LINE_MAX, &seen, e);
			end = r > 0 ? bytes_find(seen, '\n') : 0;
		}
		if (r <= 0)
			return r;
		if (end >= LINE_MAX)
			return err_set(e, ERR_LIMIT,
				       "manifest.wall: line of more than %zu bytes at byte %llu",
				       LINE_MAX, (unsigned long long)off);
		struct bytes line = bytes_trim(bytes_part(seen, 0, end));
		r = line.len ? read_line(line, off, sink, e) : 0;
		if (r < 0)
			return r;
		stream_consume(s, end < seen.len ? end + 1 : end);
	}
}

static int chisel_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			struct arena *a, struct err *e)
{
	(void)path;
	(void)a;
	struct limits lim = LIMITS_DEFAULT;
	struct err why = ERR_INIT;
	if (!e)
		e = &why;
	lim.layer_out_max = PLAIN_MAX;
	lim.layer_ratio_max = RATIO_MAX;
	struct stream *s = stream_open_bytes(file, e);
	s = s ? codec_open(s, &lim, NULL, e) : NULL;
	if (!s)
		return -(int)e->code;
	int r = read_lines(s, sink, e);
	stream_close(s);
	return r;
}

const struct eco_parser eco_chisel = {.wants = chisel_wants, .parse = chisel_parse};
