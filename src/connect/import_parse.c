/* A request to import: a reference as clients write it, or its parts; the target; how. */
#include "connect/import.h"

#include "oci/reference.h"

#define HUB "registry-1.docker.io"
#define PLATFORM_MAX 64U /* bytes */

/* Printable ASCII without space: what a header may carry. */
static bool is_visible(struct bytes text, const char *also)
{
	struct bytes more = bytes_of(also);
	for (size_t i = 0; i < text.len; i++)
		if ((text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f) &&
		    bytes_find(more, text.ptr[i]) == more.len)
			return false;
	return true;
}

static int bad(struct err *e, const char *field, const char *what)
{
	return err_set(e, ERR_FORMAT, "%s: %s", field, what);
}

/* A registry that is stated as such needs no dot in its name. */
static int from_parts(const struct import_ask *ask, struct arena *a, struct ref *ret, struct err *e)
{
	bool hub = !ask->registry.len || bytes_eq_lit(ask->registry, "docker.io") ||
		   bytes_eq_lit(ask->registry, "index.docker.io");
	*ret = (struct ref){.registry = hub ? BYTES_LIT(HUB) : ask->registry,
			    .repository = ask->source_repository,
			    .tag = ask->tag};
	if (!ref_is_host(ret->registry))
		return bad(e, "from.registry", "is not a host name with an optional port");
	if (!ref_is_name(ret->repository))
		return bad(e, "from.repository", "is not the name of a repository");
	if (ask->tag.len && !ref_is_tag(ask->tag))
		return bad(e, "from.tag", "is not a tag");
	if (ask->tag.len && ask->digest.len)
		return bad(e, "from", "a tag or a digest is needed, not both");
	if (ask->digest.len && digest_parse(ask->digest, &ret->digest, e) < 0)
		return err_ctx(e, "from.digest");
	ret->has_digest = ask->digest.len > 0;
	if (!ret->has_digest && !ask->tag.len)
		ret->tag = BYTES_LIT("latest");
	if (hub && bytes_find(ret->repository, '/') == ret->repository.len)
		ret->repository =
		    bytes_of(arena_printf(a, "library/%.*s", BYTES_ARG(ret->repository)));
	return ret->repository.len ? 0 : err_nomem(e);
}

static int parse_source(const struct import_ask *ask, struct arena *a, struct store_import *ret,
			struct ref *ref, struct err *e)
{
	bool parts =
	    ask->registry.len || ask->source_repository.len || ask->tag.len || ask->digest.len;
	char digest[DIGEST_TEXT_CAP];
	bool ok = true;
	if (ask->source.len && parts)
		return bad(e, "from", "source says it already");
	if (!ask->source.len && !parts)
		return bad(e, "source", "is needed, or from");
	int r = parts ? from_parts(ask, a, ref, e) : ref_parse(ask->source, a, ref, e);
	if (r < 0)
		return parts ? r : err_ctx(e, "source");
	ret->host = ref->registry;
	ret->source_repository = ref->repository;
	ret->reference = ref->tag;
	if (ref->has_digest) {
		digest_text(&ref->digest, digest);
		ret->reference = arena_bytes(a, bytes_of(digest), &ok);
	}
	return ok ? 0 : err_nomem(e);
}

static int parse_tags(const struct import_ask *ask, const struct ref *ref, struct arena *a,
		      struct store_import *ret, struct err *e)
{
	struct buf out;
	bool ok;
	if (ask->tag_count > REGISTRY_TAGS_MAX)
		return err_set(e, ERR_LIMIT, "tags: there may be %d", REGISTRY_TAGS_MAX);
	if (ask->tag_count == 0) {
		ret->tags = ref->tag;
		return 0;
	}
	buf_init(&out, 65536);
	for (size_t i = 0; i < ask->tag_count; i++) {
		if (!ref_is_tag(ask->tags[i])) {
			buf_free(&out);
			return err_set(e, ERR_FORMAT, "tags: \"%.*s\" is not a tag",
				       BYTES_ARG(bytes_part(ask->tags[i], 0, 200)));
		}
		buf_put_text(&out, i ? " " : "");
		buf_put(&out, ask->tags[i]);
	}
	ret->tags = arena_bytes(a, buf_bytes(&out), &ok);
	ok = ok && buf_ok(&out);
	buf_free(&out);
	return ok ? 0 : err_nomem(e);
}

static int check_platform(const struct import_ask *ask, struct err *e)
{
	size_t slashes = 0;
	struct bytes p = ask->platform;
	for (size_t i = 0; i < p.len; i++)
		slashes += p.ptr[i] == '/';
	if (p.len && ask->all_platforms)
		return bad(e, "platform", "all_platforms says it already");
	if (p.len > PLATFORM_MAX || (p.len && (slashes < 1 || slashes > 2 || !is_visible(p, ""))))
		return bad(e, "platform", "is not OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT");
	return 0;
}

static int check_credentials(const struct import_ask *ask, struct err *e)
{
	if (ask->token.len && (ask->username.len || ask->password.len))
		return bad(e, "credentials", "a token, or username and password, not both");
	if ((ask->username.len > 0) != (ask->password.len > 0))
		return bad(e, "credentials", "username and password are needed together");
	if (ask->username.len > 256 || ask->password.len > IMPORT_SECRET_MAX ||
	    ask->token.len > IMPORT_SECRET_MAX)
		return err_set(e, ERR_LIMIT,
			       "credentials: a username may have 256 bytes, a "
			       "password or token %d",
			       IMPORT_SECRET_MAX);
	if (bytes_find(ask->username, ':') < ask->username.len ||
	    bytes_find(ask->username, 0) < ask->username.len ||
	    bytes_find(ask->password, 0) < ask->password.len)
		return bad(e, "credentials", "a username has no colon, and neither has a NUL");
	if (!is_visible(ask->token, ""))
		return bad(e, "credentials.token", "holds a byte that a token cannot have");
	return 0;
}

static int check_authorities(struct bytes pem, struct err *e)
{
	if (pem.len > IMPORT_AUTHORITIES_MAX)
		return err_set(e, ERR_LIMIT, "ca_certificates: there may be %u bytes",
			       IMPORT_AUTHORITIES_MAX);
	if (pem.len && (!bytes_has_prefix_lit(bytes_trim(pem), "-----BEGIN CERTIFICATE-----") ||
			!is_visible(pem, " \t\r\n")))
		return bad(e, "ca_certificates", "is not a certificate in PEM");
	return 0;
}

int import_parse(const struct import_ask *ask, struct arena *a, struct store_import *ret,
		 struct err *e)
{
	struct ref ref;
	*ret = (struct store_import){.platform = ask->platform, .authorities = ask->authorities};
	if (parse_source(ask, a, ret, &ref, e) < 0 || parse_tags(ask, &ref, a, ret, e) < 0 ||
	    check_platform(ask, e) < 0 || check_credentials(ask, e) < 0 ||
	    check_authorities(ask->authorities, e) < 0)
		return -(int)e->code;
	ret->repository = ask->repository.len ? ask->repository : ret->source_repository;
	if (!ref_is_name(ret->repository))
		return bad(e, "repository", "is not the name of a repository");
	ret->options = (ask->all_platforms ? STORE_IMPORT_ALL_PLATFORMS : 0U) |
		       (ask->force ? STORE_IMPORT_FORCE : 0U) |
		       (ask->insecure ? STORE_IMPORT_INSECURE : 0U);
	return 0;
}

const char *import_source_text(const struct store_import *i, struct arena *a)
{
	bool digest = bytes_find(i->reference, ':') < i->reference.len;
	struct bytes host = bytes_eq_lit(i->host, HUB) ? BYTES_LIT("docker.io") : i->host;
	return arena_printf(a, "%.*s/%.*s%s%.*s", BYTES_ARG(host), BYTES_ARG(i->source_repository),
			    digest ? "@" : ":", BYTES_ARG(i->reference));
}
