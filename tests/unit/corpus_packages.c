/* Every pair of the shared corpus of package databases for dpkg, apk, rpm and chisel: what we read
 * against what other readers' own tests expect. A pair may differ only as
 * docs/formats/packages-corpus.md says: the table there is read by this program. */
#include "corpus.h"
#include "base/json.h"
#include "eco_catch.h"

#include <dirent.h>
#include <sys/stat.h>

#define FIELD_COUNT 9 /* of index.tsv up to the note */
#define LINE_COUNT_MAX 4096

enum { F_TYPE, F_PROJECT, F_COMMIT, F_FIXTURES, F_EXPECTED, F_COUNT, F_TEST, F_CASE, F_NOTE };

/* Whose rules names and versions are compared by. */
enum names { OF_OTHERS, OF_RPM, OF_PYTHON, OF_GO };

static enum names names_of(struct bytes type)
{
	static const char *const python[] = {
	    "pdm-lock",	   "pipfile-lock", "poetry-lock", "python-installed", "python-requirements",
	    "pylock-toml", "uv-lock"};
	for (size_t i = 0; i < sizeof python / sizeof *python; i++)
		if (bytes_eq_lit(type, python[i]))
			return OF_PYTHON;
	return bytes_eq_lit(type, "rpm")      ? OF_RPM
	       : bytes_eq_lit(type, "go-mod") ? OF_GO
					      : OF_OTHERS;
}

struct lines {
	struct bytes line[LINE_COUNT_MAX];
	size_t count;
};

static size_t cut_fields(struct bytes line, uint8_t sep, struct bytes *out, size_t max)
{
	size_t n = 0;
	for (struct bytes rest = line; n < max;) {
		size_t at = bytes_find(rest, sep);
		out[n++] = bytes_part(rest, 0, at);
		if (at == rest.len)
			break;
		rest = bytes_from(rest, at + 1);
	}
	for (size_t i = n; i < max; i++)
		out[i] = BYTES_NONE;
	return n;
}

/* "name version arch source" of an expected row, as far as it states them. rpm lists give the
 * source rpm's file name and keep the epoch apart. */
/* Names of Python's packages as PEP 503 has them, as ours are. */
static void put_name(struct bytes name, bool is_python, struct buf *out)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i];
		bool joint = c == '-' || c == '_' || c == '.';
		buf_put_u8(out, !is_python ? c : joint ? '-' : byte_lower(c));
	}
}

/* One list has the 'v' of Go's versions, the other has not. */
static void put_version(struct bytes version, enum names names, struct buf *out)
{
	bool v = names == OF_GO && bytes_has_prefix_lit(version, "v");
	buf_put(out, bytes_from(version, v));
}

static void expected_line(struct bytes row, enum names names, struct buf *out)
{
	bool is_rpm = names == OF_RPM;
	struct bytes f[6], json;
	cut_fields(row, '\t', f, 6);
	json = f[5];
	size_t at = bytes_find_bytes(json, BYTES_LIT("\"epoch\": "));
	struct bytes epoch = bytes_from(json, at + 9);
	epoch = bytes_part(epoch, 0, bytes_find(epoch, ','));
	if (at == json.len) {
		at = bytes_find_bytes(json, BYTES_LIT("\"Epoch\": "));
		epoch = bytes_from(json, at + 9);
		epoch = bytes_part(epoch, 0, bytes_find(epoch, ','));
	}
	bool has_epoch =
	    is_rpm && at < json.len && !bytes_eq_lit(epoch, "null") && !bytes_eq_lit(epoch, "0");
	put_name(f[0], names == OF_PYTHON, out);
	buf_put_u8(out, ' ');
	if (has_epoch) {
		buf_put(out, epoch);
		buf_put_u8(out, ':');
	}
	put_version(f[1], names, out);
	buf_put_u8(out, ' ');
	buf_put(out, f[2]);
	buf_put_u8(out, ' ');
	buf_put(out, f[3]);
	if (!is_rpm && f[4].len > 0) {
		buf_put_u8(out, ' ');
		buf_put(out, f[4]);
	}
}

/* The same of what we read; parts that the expected row leaves empty are left empty. */
static void actual_line(struct bytes row, struct bytes want_row, enum names names, struct buf *out)
{
	bool is_rpm = names == OF_RPM;
	struct bytes f[8], w[6];
	cut_fields(row, '\t', f, 8);
	cut_fields(want_row, '\t', w, 6);
	buf_put(out, f[1]);
	buf_put_u8(out, ' ');
	put_version(f[2], names, out);
	buf_put_u8(out, ' ');
	if (w[2].len > 0)
		buf_put(out, f[3]);
	buf_put_u8(out, ' ');
	if (w[3].len == 0)
		return;
	buf_put(out, f[4]);
	if (is_rpm) {
		struct bytes version = f[5];
		size_t colon = bytes_find(version, ':');
		buf_put_u8(out, '-');
		buf_put(out, colon == version.len ? version : bytes_from(version, colon + 1));
		bool nosrc = bytes_has_suffix_lit(w[3], ".nosrc.rpm");
		buf_put_text(out, nosrc ? ".nosrc.rpm" : ".src.rpm");
	} else if (w[4].len > 0) {
		buf_put_u8(out, ' ');
		buf_put(out, f[5]);
	}
}

static void split_lines(struct bytes text, struct lines *out)
{
	out->count = 0;
	for (struct bytes rest = text; rest.len > 0 && out->count < LINE_COUNT_MAX;) {
		struct bytes line = bytes_cut(&rest, '\n');
		if (line.len > 0 && line.ptr[0] != '#')
			out->line[out->count++] = line;
	}
}

/* Rows that have no partner on the other side. */
static void compare(struct bytes want_text, struct bytes have_text, enum names names,
		    size_t *ret_missing, size_t *ret_extra)
{
	static struct lines want, have;
	static bool used[LINE_COUNT_MAX];
	split_lines(want_text, &want);
	split_lines(have_text, &have);
	memset(used, 0, sizeof used);
	*ret_missing = 0;
	for (size_t i = 0; i < want.count; i++) {
		struct buf a, b;
		bool found = false;
		buf_init(&a, 65536);
		buf_init(&b, 65536);
		expected_line(want.line[i], names, &a);
		for (size_t k = 0; k < have.count && !(found && names == OF_RPM); k++) {
			buf_clear(&b);
			actual_line(have.line[k], want.line[i], names, &b);
			/* what a lock file says twice is one */
			bool once = names == OF_OTHERS || names == OF_PYTHON || !used[k];
			bool same = once && bytes_eq(buf_bytes(&a), buf_bytes(&b));
			found = found || same;
			used[k] = used[k] || same;
		}
		if (!found)
			printf("    missing: %s\n", buf_cstr(&a));
		*ret_missing += !found;
		buf_free(&a);
		buf_free(&b);
	}
	*ret_extra = 0;
	for (size_t k = 0; k < have.count; k++) {
		if (!used[k])
			printf("    extra: %.*s\n", BYTES_ARG(have.line[k]));
		*ret_extra += !used[k];
	}
}

/* The kinds that are compared, and where such a file lies in an image; NULL: by the fixture's own
 * name. */
static const struct {
	const char *type, *place;
} kinds[] = {
    {"apk", "lib/apk/db/installed"},
    {"chisel", "var/lib/chisel/manifest.wall"},
    {"dpkg", "var/lib/dpkg/status"},
    {"rpm", "var/lib/rpm/Packages"},
    {"dotnet-deps-json", "app/a.deps.json"},
    {"java-archive", NULL},
    {"nuget-lock", "srv/packages.lock.json"},
    {"composer", "srv/composer.lock"},
    {"gemspec", "usr/specifications/a.gemspec"},
    {"npm-package-json", "srv/node_modules/a/package.json"},
    {"python-installed", "srv/a.egg-info/PKG-INFO"},
    {"gemfile-lock", "srv/Gemfile.lock"},
    {"npm-package-lock", "srv/package-lock.json"},
    {"pdm-lock", "srv/pdm.lock"},
    {"pipfile-lock", "srv/Pipfile.lock"},
    {"poetry-lock", "srv/poetry.lock"},
    {"pylock-toml", "srv/pylock.toml"},
    {"python-requirements", "srv/requirements.txt"},
    {"uv-lock", "srv/uv.lock"},
    {"yarn", "srv/yarn.lock"},
    {"bun", "srv/bun.lock"},
    {"cabal", "srv/cabal.project.freeze"},
    {"cargo-lock", "srv/Cargo.lock"},
    {"cocoapods", "srv/Podfile.lock"},
    {"conan", "srv/conan.lock"},
    {"conda-meta", "opt/conda-meta/a.json"},
    {"go-mod", "srv/go.mod"},
    {"gradle-lockfile", "srv/gradle.lockfile"},
    {"julia-manifest", "srv/Manifest.toml"},
    {"mix-lock", "srv/mix.lock"},
    {"pnpm", "srv/pnpm-lock.yaml"},
    {"pub", "srv/pubspec.lock"},
    {"renvlock", "srv/renv.lock"},
    {"sbt-lockfile", "srv/build.sbt.lock"},
    {"swift-resolved", "srv/Package.resolved"},
    {"wordpress", "srv/wp-includes/version.php"},
};
#define KIND_COUNT (sizeof kinds / sizeof *kinds)

static size_t kind_of(struct bytes type)
{
	size_t i = 0;
	while (i < KIND_COUNT && !bytes_eq_lit(type, kinds[i].type))
		i++;
	return i;
}

static bool has_part(struct bytes text, const char *part)
{
	return bytes_find_bytes(text, bytes_of(part)) < text.len;
}

static void place_of(struct bytes type, struct bytes fixture, char out[256])
{
	const char *place = kinds[kind_of(type)].place;
	if (has_part(fixture, "installed.json"))
		place = "srv/vendor/composer/installed.json";
	if (bytes_has_suffix_lit(fixture, ".egg") || bytes_has_suffix_lit(fixture, ".whl"))
		place = NULL;
	else if (has_part(fixture, "METADATA") || has_part(fixture, "distinfo"))
		place = "srv/a.dist-info/METADATA";
	if (bytes_eq_lit(type, "dpkg") &&
	    bytes_find_bytes(fixture, BYTES_LIT("/opkg/")) < fixture.len)
		place = "usr/lib/opkg/status";
	else if (bytes_eq_lit(type, "dpkg") &&
		 bytes_find_bytes(fixture, BYTES_LIT("/status.d/")) < fixture.len)
		place = "var/lib/dpkg/status.d/foo";
	if (place)
		snprintf(out, 256, "%s", place);
	else
		snprintf(out, 256, "app/%.*s",
			 BYTES_ARG(bytes_from(fixture, bytes_find_last(fixture, '/') + 1)));
}

/* A folder, or several files that are read together. */
static bool is_one_file(struct bytes fixture)
{
	char path[4096];
	struct stat st;
	const char *root = getenv("PLIMSOLL_SHARED");
	snprintf(path, sizeof path, "%s/corpus/packages/%.*s", root ? root : "",
		 BYTES_ARG(fixture));
	return stat(path, &st) != 0 ? bytes_find(fixture, '|') == fixture.len : S_ISREG(st.st_mode);
}

/* Files of a txtar archive, each parsed where it says it lies. */
static int parse_txtar(struct eco_catch *c, struct bytes text, struct err *e)
{
	int r = 0;
	struct bytes rest = text;
	bytes_cut(&rest, 0);
	rest = text;
	char path[256] = "";
	size_t start = 0;
	for (size_t off = 0; r >= 0; off = (size_t)(rest.ptr - text.ptr)) {
		struct bytes line = rest.len ? bytes_cut(&rest, '\n') : BYTES_NONE;
		bool is_head =
		    bytes_has_prefix_lit(line, "-- ") && bytes_has_suffix_lit(line, " --");
		if (!is_head && line.ptr)
			continue;
		if (path[0]) {
			r = eco_catch_parse(c, path, bytes_part(text, start, off - start), e);
			r = r == -ERR_NOT_FOUND ? 0 : r;
		}
		if (!line.ptr)
			break;
		struct bytes name = bytes_part(line, 3, line.len - 6);
		snprintf(path, sizeof path, "%.*s", BYTES_ARG(name));
		start = (size_t)(rest.ptr - text.ptr);
	}
	return r;
}

/* The row of the table in the documentation for this expected list: "| `file` | missing | extra |
 * why |". */
static bool explained(struct bytes doc, struct bytes expected, size_t missing, size_t extra)
{
	char want[512];
	size_t slash = bytes_find_last(expected, '/');
	struct bytes base = bytes_from(expected, slash + 1);
	snprintf(want, sizeof want, "| `%.*s` | %zu | %zu | ", BYTES_ARG(base), missing, extra);
	return bytes_find_bytes(doc, bytes_of(want)) < doc.len;
}

struct totals {
	size_t pairs, exact, explained, wrong, without_input, packages;
};

static void run_pair(const struct bytes *f, struct bytes doc, struct totals *t)
{
	char name[1024], place[256];
	struct buf input, expected;
	struct eco_catch c;
	struct err e = ERR_INIT;
	t->pairs++;
	if (f[F_FIXTURES].len == 0 || !is_one_file(f[F_FIXTURES])) {
		t->without_input++;
		return;
	}
	snprintf(name, sizeof name, "packages/%.*s", BYTES_ARG(f[F_FIXTURES]));
	bool ok = corpus_read(name, &input);
	snprintf(name, sizeof name, "packages/%.*s", BYTES_ARG(f[F_EXPECTED]));
	ok = corpus_read(name, &expected) && ok;
	eco_catch_init(&c);
	int r = -ERR_NOT_FOUND;
	if (ok && bytes_has_suffix_lit(f[F_FIXTURES], ".txtar"))
		r = parse_txtar(&c, buf_bytes(&input), &e);
	place_of(f[F_TYPE], f[F_FIXTURES], place);
	if (ok && r == -ERR_NOT_FOUND)
		r = eco_catch_parse(&c, place, buf_bytes(&input), &e);
	if (r == -ERR_NOT_FOUND) { /* a part of a file that is read */
		t->without_input++;
		eco_catch_free(&c);
		buf_free(&input);
		buf_free(&expected);
		return;
	}
	size_t missing, extra;
	printf("%.*s: %zu packages, %zu notes%s%s\n", BYTES_ARG(f[F_EXPECTED]), c.package_count,
	       c.note_count, r < 0 ? ": " : "", e.msg);
	compare(buf_bytes(&expected), buf_bytes(&c.packages), names_of(f[F_TYPE]), &missing,
		&extra);
	bool same = r == 0 && missing == 0 && extra == 0;
	bool known = !same && r == 0 && explained(doc, f[F_EXPECTED], missing, extra);
	t->exact += same;
	t->explained += known;
	t->wrong += !same && !known;
	t->packages += c.package_count;
	if (!same)
		printf("    %s: %zu missing, %zu extra\n", known ? "explained" : "WRONG", missing,
		       extra);
	eco_catch_free(&c);
	buf_free(&input);
	buf_free(&expected);
}

/* The "Distribution" that another reader makes of an os-release file: each field it names must be
 * ours. Codenames that it leaves out we may imply. */
static bool same_distro(struct bytes text, struct bytes have_line)
{
	static const char *const keys[] = {"did", "version_id", "version_code_name", "pretty_name",
					   "cpe"};
	static const size_t columns[] = {0, 2, 3, 4, 5};
	struct bytes have[6];
	struct arena a;
	struct json j;
	bool same = true;
	cut_fields(bytes_trim(have_line), '\t', have, 6);
	arena_init(&a, 65536);
	json_init(&j, text, &a);
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			struct bytes value = json_string(&j);
			for (size_t i = 0; i < 5; i++) {
				/* that reader shortens some names for people to the product's */
				bool is_short = columns[i] == 4 && bytes_has_prefix(have[4], value);
				if (bytes_eq_lit(key, keys[i]) &&
				    !bytes_eq(value, have[columns[i]]) && !is_short)
					same = false;
			}
		}
	}
	same = same && json_finish(&j, NULL) == 0;
	arena_free(&a);
	return same;
}

static size_t run_os_release(const char *root, size_t *ret_count)
{
	char path[4096];
	size_t wrong = 0;
	snprintf(path, sizeof path, "%s/corpus/packages/_raw/claircore/osrelease/testdata", root);
	DIR *d = opendir(path);
	for (struct dirent *ent; d && (ent = readdir(d));) {
		char name[512];
		struct buf input, want;
		struct eco_catch c;
		if (!bytes_has_suffix_lit(bytes_of(ent->d_name), ".txtar.d"))
			continue;
		snprintf(name, sizeof name,
			 "packages/_raw/claircore/osrelease/testdata/%s/os-release", ent->d_name);
		bool ok = corpus_read(name, &input);
		snprintf(name, sizeof name,
			 "packages/_raw/claircore/osrelease/testdata/%s/Distribution", ent->d_name);
		ok = corpus_read(name, &want) && ok;
		if (ok) {
			eco_catch_init(&c);
			int r = eco_catch_parse(&c, "etc/os-release", buf_bytes(&input), NULL);
			bool same = r == 0 && same_distro(buf_bytes(&want), buf_bytes(&c.distro));
			printf("%s: %s %s", ent->d_name, same ? "as expected" : "WRONG",
			       buf_cstr(&c.distro));
			wrong += !same;
			(*ret_count)++;
			eco_catch_free(&c);
		}
		buf_free(&input);
		buf_free(&want);
	}
	if (d)
		closedir(d);
	return wrong;
}

/* Every broken input of the corpus, whatever it was made for, as each of our files: nothing may
 * happen. */
static size_t run_negative(const char *path)
{
	static const char *const places[] = {"var/lib/dpkg/status",
					     "lib/apk/db/installed",
					     "var/lib/rpm/Packages",
					     "etc/os-release",
					     "var/lib/chisel/manifest.wall",
					     "var/lib/ubuntu-advantage/status.json",
					     "usr/share/buildinfo/content-sets.json",
					     "app/a.deps.json",
					     "srv/packages.lock.json",
					     "app/a-1.jar",
					     "srv/node_modules/a/package.json",
					     "srv/a.dist-info/METADATA",
					     "srv/a.egg",
					     "usr/specifications/a.gemspec",
					     "srv/vendor/composer/installed.json",
					     "srv/package-lock.json",
					     "srv/yarn.lock",
					     "srv/poetry.lock",
					     "srv/Pipfile.lock",
					     "srv/requirements.txt",
					     "srv/Gemfile.lock",
					     "srv/composer.lock"};
	struct stat st;
	size_t files = 0;
	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		struct buf input;
		buf_init(&input, CORPUS_MAX);
		(void)io_read_file(path, &input, NULL);
		for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
			struct eco_catch c;
			eco_catch_init(&c);
			(void)eco_catch_parse(&c, places[i], buf_bytes(&input), NULL);
			eco_catch_free(&c);
		}
		buf_free(&input);
		return 1;
	}
	DIR *d = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
	for (struct dirent *ent; d && (ent = readdir(d));) {
		char sub[4096];
		if (ent->d_name[0] == '.')
			continue;
		if (snprintf(sub, sizeof sub, "%s/%s", path, ent->d_name) < (int)sizeof sub)
			files += run_negative(sub);
	}
	if (d)
		closedir(d);
	return files;
}

int main(void)
{
	struct buf index, doc;
	char path[4096];
	const char *source = getenv("PLIMSOLL_SOURCE");
	if (!corpus_read("packages/index.tsv", &index)) {
		printf("no shared corpus: skipped\n");
		return 77;
	}
	buf_init(&doc, 1U << 20);
	snprintf(path, sizeof path, "%s/docs/formats/packages-corpus.md", source ? source : ".");
	if (io_read_file(path, &doc, NULL) < 0) {
		printf("%s: cannot be read\n", path);
		return 1;
	}
	struct totals t = {.pairs = 0};
	for (struct bytes rest = buf_bytes(&index); rest.len > 0;) {
		struct bytes f[FIELD_COUNT];
		cut_fields(bytes_cut(&rest, '\n'), '\t', f, FIELD_COUNT);
		if (kind_of(f[F_TYPE]) < KIND_COUNT)
			run_pair(f, buf_bytes(&doc), &t);
	}
	printf(
	    "%zu pairs: %zu exact, %zu explained, %zu wrong, %zu without an input; %zu packages\n",
	    t.pairs, t.exact, t.explained, t.wrong, t.without_input, t.packages);
	size_t releases = 0;
	const char *root = getenv("PLIMSOLL_SHARED");
	t.wrong += run_os_release(root ? root : "", &releases);
	snprintf(path, sizeof path, "%s/corpus/packages/_negative", root ? root : "");
	printf("%zu os-release files; %zu broken inputs read without harm\n", releases,
	       run_negative(path));
	buf_free(&index);
	buf_free(&doc);
	return t.wrong == 0 && t.exact > 0 ? 0 : 1;
}
