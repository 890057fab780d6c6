/* Java: archives of classes, read wherever they lie: jar, war, ear and their like, and what lies in
 * them.
 *
 * An archive is a zip. META-INF/maven/GROUP/ARTIFACT/pom.properties, one for each project that
 * Maven put into it (a shaded jar has many), says groupId, artifactId and version;
 * META-INF/MANIFEST.MF, and at last the archive's own name, speak of the archive itself
 * (java_name.h). The pom.xml beside pom.properties says which licence the project has. An archive
 * in an archive is read in its place when it is stored, and held in
 * memory when it is compressed. Members are found by the central directory, as the JVM finds them:
 * what only local headers name does not run. Of two members of one path both are read, since
 * readers differ on which of them counts. Spec: JAR File Specification; docs/formats/zip.md. */
#include "archive/zip.h"
#include "eco/java_name.h"
#include "eco/parsers.h"
#include "eco/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 6U		      /* archives in one another: an ear of wars of jars is 3 */
#define ARCHIVES_MAX 10000U	      /* in one file: the largest have 1,000 */
#define RECORDS_MAX UINT64_C(2000000) /* members of all of them: the largest have 300,000 */
#define OUT_MAX (UINT64_C(512) << 20) /* plain bytes that are inflated of one file */
#define HELD_MAX (24U << 20)	      /* plain bytes of compressed archives held at once */
/* Bytes of pom.properties, of a manifest: of that the first part counts. */
#define TEXT_MAX (64U << 10)
#define POMS_MAX 1024U /* of one archive that are compared with its name */
#define NOTES_MAX 16U
#define NESTED_PATH_MAX 1024U

/* A project of an archive, until its pom.xml went by, which lies beside its pom.properties. */
struct project {
	char name[JAVA_NAME_CAP];
	uint8_t version[JAVA_FIELD_MAX];
	size_t version_len;
	struct bytes folder; /* that both lie in; borrows from the zip; empty: there is none */
	bool is_own;
};

/* One archive while it is read. */
struct archive {
	struct java *j;
	struct zip *zip;
	uint8_t *held; /* its bytes, when they were compressed */
	size_t held_len;
	char text[NESTED_PATH_MAX];
	struct bytes path; /* in the file: "WEB-INF/lib/a.jar!/b.jar"; empty: the file itself */
	struct bytes name; /* its own, "a-1.0.jar" */
	struct java_manifest manifest;
	struct project project;	    /* not stated yet */
	struct bytes pom_folder;    /* of the pom.xml that was read last */
	struct license pom_license; /* what that says */
	size_t pom_count, xml_count;
	bool pom_is_own; /* one of them is the archive's */
	bool has_classes;
};

struct java {
	const struct eco_sink *sink;
	struct err *e;
	struct archive open[DEPTH_MAX]; /* the file, an archive in it, one in that … */
	size_t open_count;
	uint64_t records_left, out_left;
	size_t archives_left, held;
	unsigned notes;
	bool full; /* a limit of the whole file was reached, and said */
};

static int note(const struct archive *a, uint64_t off, struct bytes member, const char *text)
{
	struct java *j = a->j;
	char line[400];
	if (j->notes++ >= NOTES_MAX)
		return 0;
	if (j->notes == NOTES_MAX)
		text = "more could not be read than is said";
	(void)snprintf(line, sizeof line, "%.*s%s%.*s%s%s", BYTES_ARG(bytes_part(a->path, 0, 100)),
		       a->path.len && member.len ? "!/" : "", BYTES_ARG(bytes_part(member, 0, 100)),
		       a->path.len || member.len ? ": " : "", text);
	return j->sink->note(j->sink->arg, off, line, j->e);
}

/* Of the whole file, once. */
static int note_full(const struct archive *a, uint64_t off, struct bytes member, const char *text)
{
	if (a->j->full)
		return 0;
	a->j->full = true;
	return note(a, off, member, text);
}

/* own: it is what the archive itself is, of which the manifest speaks; l: what its pom.xml says. */
static int put(const struct archive *a, struct bytes name, struct bytes version, bool own,
	       struct license l)
{
	if (own && l.len == 0)
		java_license_of(&a->manifest, &l);
	const struct pkg p = {.type = BYTES_LIT("maven"),
			      .name = name,
			      .version = version,
			      .source_name = name,
			      .source_version = version,
			      .license = license_bytes(&l),
			      .path = a->path,
			      .class = PKG_LANGUAGE};
	return a->j->sink->package(a->j->sink->arg, &p, a->j->e);
}

/* members */

static bool is_damage(int r)
{
	return r == -ERR_TRUNCATED || r == -ERR_FORMAT || r == -ERR_LIMIT ||
	       r == -ERR_UNSUPPORTED || r == -ERR_INTEGRITY;
}

/* At most cap bytes of a member into out. The rest is not looked at. */
static int read_member(const struct archive *a, const struct zip_entry *ent, uint8_t *out,
		       size_t cap, size_t *ret_len, struct err *why)
{
	struct limits lim = LIMITS_DEFAULT;
	struct stream *s = zip_open_member(a->zip, ent, &lim, why);
	size_t len = 0;
	int r = 0;
	if (!s)
		return -(int)why->code;
	while (len < cap) {
		struct bytes have;
		r = stream_peek(s, 1, &have, why);
		if (r <= 0)
			break;
		have = bytes_part(have, 0, cap - len);
		for (size_t i = 0; i < have.len; i++)
			out[len++] = have.ptr[i];
		stream_consume(s, have.len);
	}
	stream_close(s);
	uint64_t spent = ent->size < cap ? ent->size : cap;
	a->j->out_left -= spent < a->j->out_left ? spent : a->j->out_left;
	*ret_len = len;
	return r < 0 ? r : 0;
}

/* The start of a member that is text, in memory of its own. */
static int read_text(const struct archive *a, const struct zip_entry *ent, uint8_t **ret_text,
		     size_t *ret_len, struct err *why)
{
	size_t cap = ent->size < TEXT_MAX ? (size_t)ent->size : TEXT_MAX;
	if (cap > a->j->out_left)
		return err_set(why, ERR_LIMIT, "the file's members are too large together");
	*ret_text = malloc(cap ? cap : 1);
	if (!*ret_text)
		return err_set(why, ERR_NOMEM, "Java packages: out of memory");
	return read_member(a, ent, *ret_text, cap, ret_len, why);
}

/* State the project that waits for its pom.xml. */
static int put_project(struct archive *a)
{
	static const struct license none = {.len = 0};
	const struct project *p = &a->project;
	struct bytes version = {.ptr = p->version, .len = p->version_len};
	if (version.len == 0)
		return 0;
	bool has_pom = p->folder.len > 0 && bytes_eq(p->folder, a->pom_folder);
	int r = put(a, bytes_of(p->name), version, p->is_own, has_pom ? a->pom_license : none);
	a->project.version_len = 0;
	return r;
}

static struct bytes folder_of(struct bytes path)
{
	size_t slash = bytes_find_last(path, '/');
	return slash < path.len ? bytes_part(path, 0, slash) : BYTES_NONE;
}

static int read_properties(struct archive *a, const struct zip_entry *ent, struct bytes text)
{
	struct java_pom pom;
	struct project *p = &a->project;
	int r = put_project(a);
	if (r < 0)
		return r;
	if (!java_pom_read(text, &pom))
		return note(a, ent->header_off, ent->path, "no groupId, artifactId or version");
	a->pom_count++;
	p->is_own = java_is_name_of(a->name, pom.artifact);
	a->pom_is_own = a->pom_is_own || p->is_own;
	if (!java_name_join(pom.group, pom.artifact, p->name) ||
	    pom.version.len > sizeof p->version)
		return note(a, ent->header_off, ent->path, "a name or version that is too long");
	memcpy(p->version, pom.version.ptr, pom.version.len);
	p->version_len = pom.version.len;
	p->folder = folder_of(ent->path);
	return bytes_eq(p->folder, a->pom_folder) ? put_project(a) : 0;
}

static int read_pom(struct archive *a, const struct zip_entry *ent, struct bytes text)
{
	a->pom_folder = folder_of(ent->path);
	if (!java_pom_license(text, &a->pom_license))
		return err_set(a->j->e, ERR_NOMEM, "Java packages: out of memory");
	return bytes_eq(a->project.folder, a->pom_folder) ? put_project(a) : 0;
}

static int read_manifest(struct archive *a, const struct zip_entry *ent, struct bytes text)
{
	(void)ent;
	java_manifest_read(text, &a->manifest);
	return 0;
}

static int read_small(struct archive *a, const struct zip_entry *ent,
		      int (*read)(struct archive *, const struct zip_entry *, struct bytes))
{
	struct err why = ERR_INIT;
	uint8_t *text = NULL;
	size_t len = 0;
	int r = read_text(a, ent, &text, &len, &why);
	struct bytes b = {.ptr = text, .len = len};
	if (is_damage(r))
		r = note(a, ent->header_off, ent->path, why.msg);
	else if (r < 0)
		(void)err_set(a->j->e, why.code, "%s", why.msg);
	else
		r = read(a, ent, b);
	free(text);
	return r;
}

/* archives in archives */

/* Its bytes, when they are held, are its own from here on, or freed. A name may be of anything:
 * what is no archive, then, is said. */
static int open_archive(struct java *j, struct bytes file, struct archive *a)
{
	struct err why = ERR_INIT;
	struct limits lim = LIMITS_DEFAULT;
	lim.layer_members_max = j->records_left;
	lim.layer_out_max = UINT64_MAX;
	a->zip = zip_open_bytes(file, &lim, &why);
	if (a->zip) {
		j->records_left -= zip_count(a->zip);
		j->open_count++;
		return 0;
	}
	bool is_program = program_format_of(file) != PROGRAM_NONE, is_empty = file.len == 0;
	free(a->held);
	a->held = NULL;
	if (why.code == ERR_NOMEM)
		return err_set(j->e, ERR_NOMEM, "%s", why.msg);
	if (why.code == ERR_LIMIT)
		return note_full(a, 0, BYTES_NONE,
				 "from here on not read: more than 2,000,000 members");
	if (is_program)
		return note(a, 0, BYTES_NONE, "a program with an archive's name: not read");
	return is_empty || java_may_be_other(a->name) ? 0 : note(a, 0, BYTES_NONE, why.msg);
}

static void close_archive(struct java *j)
{
	struct archive *a = &j->open[--j->open_count];
	zip_close(a->zip);
	free(a->held);
	j->held -= a->held_len;
}

/* The plain bytes of a compressed archive, as next's own. 1: there are none, which is said. */
static int hold(const struct archive *a, const struct zip_entry *ent, struct archive *next)
{
	struct err why = ERR_INIT;
	size_t len = 0;
	if (ent->size > HELD_MAX - a->j->held)
		return note(a, ent->header_off, ent->path,
			    "compressed, and more than 24 MiB: not read") < 0
			   ? -(int)a->j->e->code
			   : 1;
	if (ent->size > a->j->out_left)
		return note_full(a, ent->header_off, ent->path,
				 "from here on not read: 512 MiB were inflated") < 0
			   ? -(int)a->j->e->code
			   : 1;
	next->held = malloc(ent->size ? (size_t)ent->size : 1);
	if (!next->held)
		return err_set(a->j->e, ERR_NOMEM, "Java packages: out of memory");
	int r = read_member(a, ent, next->held, (size_t)ent->size, &len, &why);
	next->held_len = len;
	if (r == 0)
		return 0;
	free(next->held);
	next->held = NULL;
	if (!is_damage(r))
		return err_set(a->j->e, why.code, "%s", why.msg);
	r = note(a, ent->header_off, ent->path, why.msg);
	return r < 0 ? r : 1;
}

static int open_nested(struct archive *a, const struct zip_entry *ent, struct archive *next)
{
	struct err why = ERR_INIT;
	struct java *j = a->j;
	struct bytes inner = BYTES_NONE;
	int r = 0;
	if (ent->method == 0 && zip_member_bytes(a->zip, ent, &inner, &why) < 0)
		return note(a, ent->header_off, ent->path, why.msg);
	if (ent->method != 0)
		r = hold(a, ent, next);
	if (r != 0)
		return r < 0 ? r : 0;
	if (next->held)
		inner = (struct bytes){.ptr = next->held, .len = next->held_len};
	size_t count = j->open_count;
	r = open_archive(j, inner, next);
	j->held += j->open_count > count ? next->held_len : 0;
	return r;
}

static int read_nested(struct archive *a, const struct zip_entry *ent)
{
	struct java *j = a->j;
	size_t slash = bytes_find_last(ent->path, '/');
	if (j->open_count == DEPTH_MAX)
		return note(a, ent->header_off, ent->path, "more than 6 archives deep: not read");
	if (j->archives_left == 0)
		return note_full(a, ent->header_off, ent->path,
				 "from here on not read: more than 10,000 archives");
	struct archive *next = &j->open[j->open_count];
	*next = (struct archive){.j = j};
	int n = snprintf(next->text, sizeof next->text, "%.*s%s%.*s", BYTES_ARG(a->path),
			 a->path.len ? "!/" : "", BYTES_ARG(ent->path));
	if (n < 0 || (size_t)n >= sizeof next->text)
		return note(a, ent->header_off, ent->path, "its path is too long: not read");
	next->path = bytes_of(next->text);
	next->name = slash < ent->path.len ? bytes_from(ent->path, slash + 1) : ent->path;
	j->archives_left--;
	return open_nested(a, ent, next);
}

/* one archive */

/* A pom.xml that cannot be read, or is one too many, states no licence. */
static int read_license(struct archive *a, const struct zip_entry *ent)
{
	struct err why = ERR_INIT;
	uint8_t *text = NULL;
	size_t len = 0;
	if (a->xml_count++ >= POMS_MAX)
		return 0;
	int r = read_text(a, ent, &text, &len, &why);
	if (r == 0)
		r = read_pom(a, ent, (struct bytes){.ptr = text, .len = len});
	else
		r = is_damage(r) ? 0 : err_set(a->j->e, why.code, "%s", why.msg);
	free(text);
	return r;
}

static int read_entry(struct archive *a, const struct zip_entry *ent)
{
	size_t slash = bytes_find_last(ent->path, '/');
	struct bytes base = slash < ent->path.len ? bytes_from(ent->path, slash + 1) : ent->path;
	if (bytes_eq_lit(base, "pom.properties"))
		return a->pom_count < POMS_MAX
			   ? read_small(a, ent, read_properties)
			   : note(a, ent->header_off, ent->path, "more than 1,024 projects");
	if (bytes_eq_lit(base, "pom.xml") && bytes_has_prefix_lit(ent->path, "META-INF/maven/"))
		return read_license(a, ent);
	if (bytes_eq_nocase(ent->path, BYTES_LIT("META-INF/MANIFEST.MF")))
		return read_small(a, ent, read_manifest);
	a->has_classes = a->has_classes || bytes_has_suffix_lit(base, ".class");
	if (!java_is_archive(base))
		return 0;
	int r = put_project(a);
	return r < 0 ? r : read_nested(a, ent);
}

/* What the archive itself is, where none of its projects is it. */
static int put_own(const struct archive *a)
{
	static const struct license none = {.len = 0};
	struct java_pom own;
	char name[JAVA_NAME_CAP];
	if (a->pom_is_own)
		return 0;
	if (!java_own_find(a->name, &a->manifest, &own))
		return a->has_classes && a->pom_count == 0
			   ? note(a, 0, BYTES_NONE, "classes without a stated version")
			   : 0;
	if (own.group.len == 0 && a->pom_count > 0)
		return 0;
	if (own.group.len == 0)
		return put(a, own.artifact, own.version, true, none);
	return java_name_join(own.group, own.artifact, name)
		   ? put(a, bytes_of(name), own.version, true, none)
		   : 0;
}

/* The next member of the archive opened last, or its end. */
static int step(struct java *j)
{
	struct archive *a = &j->open[j->open_count - 1];
	struct zip_entry ent;
	struct err why = ERR_INIT;
	int r = zip_next(a->zip, &ent, &why);
	if (r > 0)
		return read_entry(a, &ent);
	r = r < 0 ? note(a, 0, BYTES_NONE, why.msg) : 0;
	if (r == 0)
		r = put_project(a);
	if (r == 0)
		r = put_own(a);
	close_archive(j);
	return r;
}

/* An archive that was unpacked into a folder of classes. */
static int read_unpacked(struct bytes file, const struct eco_sink *sink, struct err *e)
{
	struct java_pom pom;
	char name[JAVA_NAME_CAP];
	if (!java_pom_read(bytes_part(file, 0, TEXT_MAX), &pom))
		return sink->note(sink->arg, 0, "no groupId, artifactId or version", e);
	if (!java_name_join(pom.group, pom.artifact, name))
		return sink->note(sink->arg, 0, "a name or version that is too long", e);
	struct pkg p = eco_language_package("maven", bytes_of(name), pom.version, PKG_LANGUAGE);
	return sink->package(sink->arg, &p, e);
}

static int java_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		      struct arena *a, struct err *e)
{
	struct err own = ERR_INIT;
	size_t slash = bytes_find_last(path, '/');
	if (bytes_has_suffix_lit(path, "/pom.properties"))
		return read_unpacked(file, sink, e ? e : &own);
	struct java *j = arena_alloc(a, 1, sizeof *j);
	if (!j)
		return err_set(e, ERR_NOMEM, "Java packages: out of memory");
	*j = (struct java){.sink = sink,
			   .e = e ? e : &own,
			   .records_left = RECORDS_MAX,
			   .out_left = OUT_MAX,
			   .archives_left = ARCHIVES_MAX};
	j->open[0] =
	    (struct archive){.j = j, .name = slash < path.len ? bytes_from(path, slash + 1) : path};
	int r = open_archive(j, file, &j->open[0]);
	while (r == 0 && j->open_count > 0)
		r = step(j);
	while (j->open_count > 0)
		close_archive(j);
	return r;
}

const struct eco_parser eco_java = {.parse = java_parse};
