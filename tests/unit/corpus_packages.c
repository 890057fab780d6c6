/* Every pair of the shared corpus of package databases: what we read against what other readers'
 * own tests expect. A pair may differ only as a row of tests/accuracy/judged.tsv says. What is said
 * on standard output in lines "pair", "release" and "broken", with tabs, tests/accuracy reads. */
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
    {"alpm", "var/lib/pacman/local/a-1-1/desc"},
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
    {"bottlerocket_inventory", "usr/share/bottlerocket/application-inventory.json"},
    {"nuget-packages-config", "srv/packages.config"},
    {"nuget-packagesprops", "srv/Directory.Packages.props"},
    {"pom-xml", "srv/pom.xml"},
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

static const char *shared_root(void)
{
	const char *root = getenv("PLIMSOLL_SHARED");
	return root ? root : "";
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

/* The row of the table of judgements for this expected list: "packages", list, "missing/extra". */
static bool judged(struct bytes table, struct bytes expected, size_t missing, size_t extra)
{
	char want[512];
	snprintf(want, sizeof want, "\npackages\t%.*s\t%zu/%zu\t",
		 BYTES_ARG(bytes_from(expected, bytes_find_last(expected, '/') + 1)), missing,
		 extra);
	return bytes_find_bytes(table, bytes_of(want)) < table.len;
}

struct totals {
	size_t pairs, equal, judged, wrong, unread;
};

/* Of a file in a folder: at the place of its kind when it is named so, else by its own name. */
static void place_in(struct bytes type, struct bytes below, char out[256])
{
	const char *place = kinds[kind_of(type)].place;
	struct bytes own = bytes_from(below, bytes_find_last(below, '/') + 1),
		     kind = bytes_of(place);
	if (place && bytes_eq(own, bytes_from(kind, bytes_find_last(kind, '/') + 1)))
		snprintf(out, 256, "%s", place);
	else
		snprintf(out, 256, "srv/%.*s", BYTES_ARG(below));
}

/* folder: the bytes of the fixture's folder in front of name; 0 = a fixture by itself. */
static int parse_file(struct eco_catch *c, struct bytes type, struct bytes name, size_t folder,
		      struct err *e)
{
	char path[4200], place[256];
	struct buf input;
	snprintf(path, sizeof path, "packages/%.*s", BYTES_ARG(name));
	int r = -ERR_NOT_FOUND;
	if (corpus_read(path, &input)) {
		if (bytes_has_suffix_lit(name, ".txtar"))
			r = parse_txtar(c, buf_bytes(&input), e);
		if (folder == 0)
			place_of(type, name, place);
		else
			place_in(type, bytes_from(name, folder), place);
		if (r == -ERR_NOT_FOUND)
			r = eco_catch_parse(c, place, buf_bytes(&input), e);
	}
	buf_free(&input);
	return r;
}

/* One file, or every file of a folder that a parser wants by its own name. NOT_FOUND: there is
 * none. */
static int parse_fixture(struct eco_catch *c, struct bytes type, struct bytes name, size_t folder,
			 struct err *e)
{
	char path[4096];
	struct stat st;
	int r = -ERR_NOT_FOUND;
	snprintf(path, sizeof path, "%s/corpus/packages/%.*s", shared_root(), BYTES_ARG(name));
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return parse_file(c, type, name, folder, e);
	DIR *d = opendir(path);
	for (struct dirent *ent; d && (ent = readdir(d)) && (r >= 0 || r == -ERR_NOT_FOUND);) {
		char below[4096];
		if (ent->d_name[0] == '.')
			continue;
		snprintf(below, sizeof below, "%.*s/%s", BYTES_ARG(name), ent->d_name);
		int one =
		    parse_fixture(c, type, bytes_of(below), folder ? folder : name.len + 1, e);
		r = one == -ERR_NOT_FOUND ? r : one;
	}
	if (d)
		closedir(d);
	return r;
}

/* "a | b": several files that are read together. */
static int parse_all(struct eco_catch *c, struct bytes type, struct bytes names, struct err *e)
{
	int r = -ERR_NOT_FOUND;
	bool alone = bytes_find(names, '|') == names.len;
	while (names.len > 0 && (r >= 0 || r == -ERR_NOT_FOUND)) {
		struct bytes name = bytes_trim(bytes_cut(&names, '|'));
		int one =
		    parse_fixture(c, type, name, alone ? 0 : bytes_find_last(name, '/') + 1, e);
		r = one == -ERR_NOT_FOUND ? r : one;
	}
	return r;
}

static void run_pair(const struct bytes *f, struct bytes table, struct totals *t)
{
	char name[1024];
	struct buf expected;
	struct eco_catch c;
	struct err e = ERR_INIT;
	size_t missing = 0, extra = 0;
	const char *state = "unread";
	t->pairs++;
	eco_catch_init(&c);
	snprintf(name, sizeof name, "packages/%.*s", BYTES_ARG(f[F_EXPECTED]));
	bool ok = corpus_read(name, &expected);
	int r = -ERR_NOT_FOUND;
	if (ok && kind_of(f[F_TYPE]) < KIND_COUNT)
		r = parse_all(&c, f[F_TYPE], f[F_FIXTURES], &e);
	if (r == -ERR_NOT_FOUND) {
		t->unread++;
	} else {
		compare(buf_bytes(&expected), buf_bytes(&c.packages), names_of(f[F_TYPE]), &missing,
			&extra);
		bool same = r == 0 && missing == 0 && extra == 0;
		bool known = !same && judged(table, f[F_EXPECTED], missing, extra);
		t->equal += same;
		t->judged += known;
		t->wrong += !same && !known;
		state = same ? "equal" : known ? "judged" : "WRONG";
	}
	printf("pair\t%.*s\t%.*s\t%.*s\t%zu\t%zu\t%zu\t%s\t%s\n", BYTES_ARG(f[F_TYPE]),
	       BYTES_ARG(f[F_PROJECT]),
	       BYTES_ARG(bytes_from(f[F_EXPECTED], bytes_find_last(f[F_EXPECTED], '/') + 1)),
	       c.package_count, missing, extra, state, r < 0 && r != -ERR_NOT_FOUND ? e.msg : "");
	eco_catch_free(&c);
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

static size_t run_os_release(void)
{
	char path[4096];
	size_t wrong = 0;
	snprintf(path, sizeof path, "%s/corpus/packages/_raw/claircore/osrelease/testdata",
		 shared_root());
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
			printf("release\t%s\t%s\n", ent->d_name, same ? "equal" : "WRONG");
			wrong += !same;
			eco_catch_free(&c);
		}
		buf_free(&input);
		buf_free(&want);
	}
	if (d)
		closedir(d);
	return wrong;
}

/* Where a broken input would lie, by a part of its path; NULL: by its own name. */
static const struct {
	const char *part, *place;
} broken_places[] = {
    {"osrelease/", "etc/os-release"},
    {"/conan", "srv/conan.lock"},
    {"packageslockjson", "srv/packages.lock.json"},
    {"/gomod/", "srv/go.mod"},
    {"haskell/cabal", "srv/cabal.project.freeze"},
    {"gradlelockfile", "srv/gradle.lockfile"},
    {"packagejson", "srv/node_modules/a/package.json"},
    {"pkg-json", "srv/node_modules/a/package.json"},
    {"manifesttoml", "srv/Manifest.toml"},
    {"condameta", "opt/conda-meta/a.json"},
    {"conda/meta", "opt/conda-meta/a.json"},
    {"pylock", "srv/pylock.toml"},
    {"uvlock", "srv/uv.lock"},
    {"renvlock", "srv/renv.lock"},
    {"packageresolved", "srv/Package.resolved"},
    {"os/apk", "lib/apk/db/installed"},
    {"os/rpm", "var/lib/rpm/Packages"},
    {"os/chisel", "var/lib/chisel/manifest.wall"},
    {"os/pacman", "var/lib/pacman/local/a-1-1/desc"},
    {"status.d/", "var/lib/dpkg/status.d/corrupt"},
    {"local/corrupt", "var/lib/pacman/local/corrupt-0.2.1-3/desc"},
    {"egg-info/", "srv/a.egg-info/PKG-INFO"},
    {"nodejs/bun", "srv/bun.lock"},
    {"yarn", "srv/yarn.lock"},
    {"gemspec", "usr/specifications/a.gemspec"},
    {"content_manifests", "root/buildinfo/content_manifests/a.json"},
    {"dotnet/deps", "app/a.deps.json"},
    {"dotnet/nuget", "srv/packages.lock.json"},
};

static void broken_as(const char *shown, const char *place, struct bytes input)
{
	struct eco_catch c;
	struct err e = ERR_INIT;
	eco_catch_init(&c);
	int r = eco_catch_parse(&c, place, input, &e);
	struct bytes note = buf_bytes(&c.notes);
	note = bytes_cut(&note, '\n');
	(void)bytes_cut(&note, ' '); /* its offset */
	const char *state = r == -ERR_NOT_FOUND ? "unread"
			    : r < 0		? "refused"
			    : c.note_count	? "noted"
			    : c.package_count	? "read"
						: "nothing";
	printf("broken\t%s\t%s\t%zu\t%.*s\n", shown, state, c.package_count,
	       r < 0 && r != -ERR_NOT_FOUND ? 1000 : (int)note.len,
	       r < 0 && r != -ERR_NOT_FOUND ? e.msg : (const char *)note.ptr);
	eco_catch_free(&c);
}

/* Every broken input of the corpus at its own place, whose answer is said, then as each kind of
 * file that is read: nothing may happen. */
static void run_broken(const char *path, size_t from)
{
	struct stat st;
	if (lstat(path, &st) != 0)
		return;
	if (S_ISREG(st.st_mode)) {
		struct buf input;
		char own[4200];
		buf_init(&input, CORPUS_MAX);
		(void)io_read_file(path, &input, NULL);
		snprintf(own, sizeof own, "app/%s", path + from);
		for (size_t i = 0; i < sizeof broken_places / sizeof *broken_places; i++)
			if (has_part(bytes_of(path), broken_places[i].part))
				snprintf(own, sizeof own, "%s", broken_places[i].place);
		broken_as(path + from, own, buf_bytes(&input));
		for (size_t i = 0; i < KIND_COUNT; i++) {
			struct eco_catch c;
			eco_catch_init(&c);
			(void)eco_catch_parse(&c, kinds[i].place ? kinds[i].place : "app/a-1.jar",
					      buf_bytes(&input), NULL);
			eco_catch_free(&c);
		}
		buf_free(&input);
		return;
	}
	DIR *d = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
	for (struct dirent *ent; d && (ent = readdir(d));) {
		char sub[4096];
		if (ent->d_name[0] == '.')
			continue;
		if (snprintf(sub, sizeof sub, "%s/%s", path, ent->d_name) < (int)sizeof sub)
			run_broken(sub, from);
	}
	if (d)
		closedir(d);
}

int main(void)
{
	struct buf index, table;
	char path[4096];
	const char *source = getenv("PLIMSOLL_SOURCE");
	if (!corpus_read("packages/index.tsv", &index)) {
		printf("no shared corpus: skipped\n");
		return 77;
	}
	buf_init(&table, 1U << 20);
	snprintf(path, sizeof path, "%s/tests/accuracy/judged.tsv", source ? source : ".");
	if (io_read_file(path, &table, NULL) < 0) {
		printf("%s: cannot be read\n", path);
		return 1;
	}
	struct totals t = {.pairs = 0};
	for (struct bytes rest = buf_bytes(&index); rest.len > 0;) {
		struct bytes f[FIELD_COUNT], line = bytes_cut(&rest, '\n');
		cut_fields(line, '\t', f, FIELD_COUNT);
		if (line.len > 0 && line.ptr[0] != '#')
			run_pair(f, buf_bytes(&table), &t);
	}
	t.wrong += run_os_release();
	snprintf(path, sizeof path, "%s/corpus/packages/_negative", shared_root());
	run_broken(path, strlen(path) + 1);
	printf("%zu pairs: %zu equal, %zu judged, %zu wrong, %zu of kinds that are not read\n",
	       t.pairs, t.equal, t.judged, t.wrong, t.unread);
	buf_free(&index);
	buf_free(&table);
	return t.wrong == 0 && t.equal > 0 ? 0 : 1;
}
