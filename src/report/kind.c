/* Words from Trivy's pkg/fanal/types/const.go and Grype's grype/match/matcher_type.go, syft's
 * syft/pkg/type.go and language.go. */
#include "report/kind.h"

struct row {
	const char *purl_type;
	const char *trivy_type, *trivy_target; /* target NULL: the file that states the package */
	const char *grype_type, *language, *matcher;
};
static const struct row rows[] = {
    {"deb", NULL, "", "deb", "", "dpkg-matcher"},
    {"apk", NULL, "", "apk", "", "apk-matcher"},
    {"rpm", NULL, "", "rpm", "", "rpm-matcher"},
    {"alpm", NULL, "", "alpm", "", "stock-matcher"},
    {"pypi", "python-pkg", "Python", "python", "python", "python-matcher"},
    {"npm", "node-pkg", "Node.js", "npm", "javascript", "javascript-matcher"},
    {"maven", "jar", "Java", "java-archive", "java", "java-matcher"},
    {"gem", "gemspec", "Ruby", "gem", "ruby", "ruby-gem-matcher"},
    {"golang", "gobinary", NULL, "go-module", "go", "go-module-matcher"},
    {"cargo", "rustbinary", NULL, "rust-crate", "rust", "rust-matcher"},
    {"composer", "composer-vendor", NULL, "php-composer", "php", "stock-matcher"},
    {"nuget", "dotnet-core", NULL, "dotnet", "dotnet", "dotnet-matcher"},
    {"conda", "conda-pkg", "Conda", "conda", "python", "stock-matcher"},
    {"bitnami", "bitnami", "Bitnami", "bitnami", "", "bitnami-matcher"},
};
/* The file that declares a package says which tool wrote it. */
static const struct {
	const char *name, *type;
} locks[] = {
    {"package-lock.json", "npm"}, {"npm-shrinkwrap.json", "npm"},
    {"yarn.lock", "yarn"},	  {"pnpm-lock.yaml", "pnpm"},
    {"bun.lock", "bun"},	  {"poetry.lock", "poetry"},
    {"Pipfile.lock", "pipenv"},	  {"uv.lock", "uv"},
    {"pylock.toml", "pylock"},	  {"requirements.txt", "pip"},
    {"Gemfile.lock", "bundler"},  {"composer.lock", "composer"},
    {"Cargo.lock", "cargo"},	  {"packages.lock.json", "nuget"},
    {"go.mod", "gomod"},
};

static struct bytes lock_type(const struct pkg *p)
{
	struct bytes name = p->path;
	size_t slash = bytes_find_last(name, '/');
	name = slash < name.len ? bytes_from(name, slash + 1) : name;
	for (size_t i = 0; i < sizeof locks / sizeof *locks; i++)
		if (bytes_eq_lit(name, locks[i].name))
			return bytes_of(locks[i].type);
	return p->type;
}

struct kind kind_of(const struct pkg *p, struct bytes distro)
{
	struct kind k = {.trivy_class = p->class == PKG_OS ? "os-pkgs" : "lang-pkgs",
			 .trivy_type = p->type,
			 .trivy_target = p->class == PKG_OS ? BYTES_NONE : p->path,
			 .grype_type = "UnknownPackage",
			 .grype_language = "",
			 .grype_matcher = "stock-matcher"};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!bytes_eq_lit(p->type, rows[i].purl_type))
			continue;
		k.grype_type = rows[i].grype_type;
		k.grype_language = rows[i].language;
		k.grype_matcher = rows[i].matcher;
		if (rows[i].trivy_type)
			k.trivy_type = bytes_of(rows[i].trivy_type);
		if (p->class != PKG_OS && rows[i].trivy_target)
			k.trivy_target = bytes_of(rows[i].trivy_target);
	}
	if (p->class == PKG_DECLARED) {
		k.trivy_type = lock_type(p);
		k.trivy_target = p->path;
	} else if (p->class == PKG_OS && distro.len) {
		k.trivy_type = distro;
	}
	return k;
}

void kind_source(struct bytes category, char out[KIND_SOURCE_CAP])
{
	size_t n = 0;
	for (size_t i = 0; i < category.len && n < KIND_SOURCE_CAP - 1; i++)
		if (byte_is_alnum(category.ptr[i]))
			out[n++] = (char)byte_lower(category.ptr[i]);
	out[n] = 0;
}
