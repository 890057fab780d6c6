#include "exception/exception.h"

#include "base/num.h"
#include "exception/parse.h"
#include "match/criteria.h"
#include "pkg/linked.h"

#include <string.h>

int exceptions_add_ignore(struct exceptions *x, struct bytes text, struct bytes source,
			  struct err *e)
{
	int r = exceptions_keep(x, &text, &source, e);
	/* A map's key ends its line's first word with ':'; an id never does. */
	bool yaml = bytes_has_suffix_lit(source, ".yaml") || bytes_has_suffix_lit(source, ".yml");
	struct bytes rest = text;
	while (!yaml && rest.len) {
		struct bytes line = bytes_trim(bytes_cut(&rest, '\n'));
		if (!line.len || line.ptr[0] == '#')
			continue;
		yaml = bytes_has_suffix_lit(line, ":");
		break;
	}
	if (r == 0)
		r = yaml ? ignore_yaml_read(x, text, source, e)
			 : ignore_lines_read(x, text, source, e);
	if (r == 0 && x->no_memory)
		r = err_nomem(e);
	return r < 0 ? err_ctx(e, "%.*s", BYTES_ARG(source)) : 0;
}

/* As the ecosystem compares names: NuGet without case. */
static struct bytes compared_name(const struct pkg *p)
{
	return p->class == PKG_OS ? p->name : p->source_name;
}

/* Does what a purl says hold for a package? What it does not say fits any. */
static bool fits_purl(const struct pkg *want, const struct pkg *have)
{
	struct bytes stated = want->qualifiers;
	if (!bytes_eq(want->type, have->type) ||
	    !bytes_eq(compared_name(want), compared_name(have)) ||
	    !bytes_eq(want->namespace, have->namespace) ||
	    (want->version.len && !bytes_eq(want->version, have->version)) ||
	    (want->arch.len && !bytes_eq(want->arch, have->arch)) ||
	    (want->distro.len && !bytes_eq(want->distro, have->distro)))
		return false;
	while (stated.len) {
		struct bytes one = bytes_cut(&stated, '&'), rest = have->qualifiers;
		bool found = linked_is(one); /* of the very build, which a statement outlives */
		while (rest.len && !found)
			found = bytes_eq(bytes_cut(&rest, '&'), one);
		if (!found)
			return false;
	}
	return true;
}

/* The next byte of a percent-encoded text. */
static uint8_t cut_byte(struct bytes *text)
{
	uint8_t c = text->ptr[0], decoded;
	bool encoded =
	    c == '%' && text->len > 2 && num_hex_decode(bytes_part(*text, 1, 2), &decoded, 1);
	*text = bytes_from(*text, encoded ? 3 : 1);
	return encoded ? decoded : c;
}

/* The value of a qualifier that no field of a package holds, decoded into out. */
static struct bytes qualifier(const struct pkg *p, const char *key, uint8_t *out, size_t cap)
{
	struct bytes rest = p->qualifiers;
	while (rest.len) {
		struct bytes value = bytes_cut(&rest, '&'), name = bytes_cut(&value, '=');
		if (!bytes_eq_lit(name, key))
			continue;
		size_t n = 0;
		while (value.len && n < cap)
			out[n++] = cut_byte(&value);
		return (struct bytes){.ptr = out, .len = n};
	}
	return BYTES_NONE;
}

/* docker.io has three names. */
static struct bytes without_docker(struct bytes repository)
{
	static const char *const hosts[] = {"registry-1.docker.io/", "index.docker.io/",
					    "docker.io/"};
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
		if (bytes_has_prefix_lit(repository, hosts[i]))
			return bytes_from(repository, strlen(hosts[i]));
	return repository;
}

/* "host/team": what is behind the host. */
static struct bytes behind_host(struct bytes url)
{
	size_t slash = bytes_find(url, '/');
	return slash < url.len ? bytes_from(url, slash + 1) : BYTES_NONE;
}

/* A repository_url is the repository, or what its last part, the name, is below. */
static bool fits_url(struct bytes url, struct bytes name, struct bytes repository)
{
	if (bytes_eq(url, repository))
		return true;
	if (!url.len)
		return bytes_eq(name, repository);
	return url.len + 1 + name.len == repository.len && bytes_has_prefix(repository, url) &&
	       repository.ptr[url.len] == '/' && bytes_has_suffix(repository, name);
}

static bool fits_digest(struct bytes want, const struct exception_image *image)
{
	bool fits = want.len > 0 && bytes_eq(want, image->digest);
	for (size_t i = 0; want.len && !fits && i < image->index_count; i++)
		fits = bytes_eq(want, image->indexes[i]);
	return fits;
}

static bool fits_image(const struct pkg *want, const struct exception_image *image)
{
	uint8_t url_text[512], tag_text[128];
	struct bytes url = qualifier(want, "repository_url", url_text, sizeof url_text);
	struct bytes tag = qualifier(want, "tag", tag_text, sizeof tag_text);
	struct bytes repository = without_docker(image->repository);
	struct bytes name = repository.len ? repository : image->path;
	size_t slash = bytes_find_last(name, '/');
	name = slash < name.len ? bytes_from(name, slash + 1) : name;
	bool by_digest = fits_digest(want->version, image);
	if (want->version.len && !by_digest)
		return false;
	if ((want->arch.len && image->arch.len && !bytes_eq(want->arch, image->arch)) ||
	    (tag.len && !bytes_eq(tag, image->tag) && !by_digest))
		return false;
	if (!name.len)
		return by_digest; /* a digest is an image, whatever it is called */
	if (!url.len)
		return by_digest || bytes_eq(name, want->name);
	if (!repository.len)
		return by_digest || fits_url(behind_host(url), want->name, image->path);
	url = without_docker(url);
	return url.len && fits_url(url, want->name, repository);
}

bool exception_is_of(const struct exception *x, const struct exception_image *image)
{
	return !x->of_image || fits_image(&x->image, image);
}

static bool fits_any(const struct bytes *list, size_t count, struct bytes text,
		     bool (*fits)(struct bytes pattern, struct bytes text))
{
	for (size_t i = 0; i < count; i++)
		if (fits(list[i], text))
			return true;
	return count == 0;
}

static bool fits_path(struct bytes pattern, struct bytes path)
{
	while (bytes_has_prefix_lit(pattern, "/"))
		pattern = bytes_from(pattern, 1);
	return criteria_glob(pattern, path);
}

static bool fits_purl_list(const struct exception *x, const struct pkg *have)
{
	bool fits = x->purl_count == 0;
	for (size_t i = 0; !fits && i < x->purl_count; i++) {
		struct arena a;
		struct pkg want;
		struct err why = ERR_INIT;
		arena_init(&a, 1U << 20);
		fits = pkg_purl_read(x->purls[i], &a, &want, &why) == 0 && fits_purl(&want, have);
		arena_free(&a);
	}
	return fits;
}

/* Grype's words of a purl type, and the other way about. */
static bool fits_type(struct bytes want, struct bytes type)
{
	static const char *const rows[][2] = {{"python", "pypi"},
					      {"java-archive", "maven"},
					      {"go-module", "golang"},
					      {"rust-crate", "cargo"},
					      {"php-composer", "composer"},
					      {"dotnet", "nuget"},
					      {"javascript", "npm"},
					      {"java", "maven"},
					      {"go", "golang"},
					      {"rust", "cargo"},
					      {"ruby", "gem"},
					      {"php", "composer"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (bytes_eq_lit(want, rows[i][0]) && bytes_eq_lit(type, rows[i][1]))
			return true;
	return bytes_eq(want, type);
}

static bool fits_rule(const struct exception *x, const struct finding_match *m,
		      const struct pkg *have)
{
	if (x->name.len && !criteria_glob(x->name, m->pkg.name))
		return false;
	if (x->version.len && !bytes_eq(x->version, m->pkg.version))
		return false;
	if (x->source_name.len && !bytes_eq(x->source_name, m->pkg.source_name))
		return false;
	if ((x->type.len && !fits_type(x->type, have->type)) ||
	    (x->language.len && !fits_type(x->language, have->type)))
		return false;
	if (x->fix_state.len && !bytes_eq_lit(x->fix_state, finding_fix_state(m)))
		return false;
	return fits_any(x->paths, x->path_count, m->pkg.path, fits_path) && fits_purl_list(x, have);
}

bool exception_fits(const struct exception *x, const struct finding_match *m,
		    const struct pkg *have)
{
	return (!x->of_package || fits_purl(&x->package, have)) && fits_rule(x, m, have);
}

size_t exceptions_expired(const struct exceptions *x, int64_t now_ms)
{
	size_t n = 0;
	for (size_t i = 0; i < x->count; i++)
		n += x->items[i].expires_ms && x->items[i].expires_ms <= now_ms;
	return n;
}

void exception_put_text(struct buf *out, const struct exception *x)
{
	buf_put_text(out, x->kind == EXCEPTION_VEX ? "VEX document " : "ignore file ");
	buf_put(out, x->source);
	if (x->line)
		buf_printf(out, ", line %u", x->line);
	if (x->kind == EXCEPTION_VEX)
		buf_printf(out, ": %s", adv_status_word(x->status));
	if (x->justification.len) {
		buf_put_text(out, " (");
		buf_put(out, x->justification);
		buf_put_text(out, ")");
	}
	if (x->statement.len) {
		buf_put_text(out, ": ");
		buf_put(out, x->statement);
	}
}
