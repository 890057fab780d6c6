/* What is stored, removed: an image, a tag, a repository; findings go with what they are of. */
#include "api/doc.h"
#include "api/people.h"
#include "api/routes.h"

#include "base/log.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "registry/registry.h"

struct removal {
	struct registry *g;
	struct bytes repository;
	struct access_actor by;
};

static int begin(struct http_request *r, struct removal *ret, struct err *e)
{
	*ret = (struct removal){.repository = http_param(r, "repository"), .by = people_actor(r)};
	if (!ref_is_name(ret->repository))
		return err_set(e, ERR_FORMAT, "repository: \"%.*s\" is not a valid repository name",
			       BYTES_ARG(ret->repository));
	return api_registry_get(r, &ret->g, e);
}

/* rc: of the removal, 0 = there was none. sign: ":", "@", or "" of a whole repository. */
static int end(struct http_request *r, const struct removal *x, const char *sign,
	       struct bytes reference, int rc, struct err *e)
{
	if (rc < 0)
		return rc;
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no %.*s%s%.*s", BYTES_ARG(x->repository),
			       sign, BYTES_ARG(reference));
	log_line(LOG_INFO, "deleted %.*s/%.*s%s%.*s by \"%.*s\" from %.*s",
		 BYTES_ARG(registry_name(x->g)), BYTES_ARG(x->repository), sign,
		 BYTES_ARG(reference), BYTES_ARG(x->by.name), BYTES_ARG(x->by.peer));
	return http_reply_empty(r, 204, e);
}

static int delete_image(struct http_request *r, struct err *e)
{
	struct removal x;
	struct digest d;
	struct bytes digest = http_param(r, "digest");
	if (begin(r, &x, e) < 0 || digest_parse(digest, &d, e) < 0)
		return -(int)e->code;
	return end(r, &x, "@", digest,
		   registry_manifest_delete(x.g, x.repository, digest, &x.by, e), e);
}

static int delete_tag(struct http_request *r, struct err *e)
{
	struct removal x;
	struct bytes tag = http_param(r, "tag");
	if (begin(r, &x, e) < 0)
		return -(int)e->code;
	if (!ref_is_tag(tag))
		return err_set(e, ERR_FORMAT, "tag: \"%.*s\" is not a valid tag", BYTES_ARG(tag));
	return end(r, &x, ":", tag, registry_manifest_delete(x.g, x.repository, tag, &x.by, e), e);
}

static int delete_repository(struct http_request *r, struct err *e)
{
	struct removal x;
	if (begin(r, &x, e) < 0)
		return -(int)e->code;
	return end(r, &x, "", BYTES_NONE, registry_repository_delete(x.g, x.repository, &x.by, e),
		   e);
}

static const struct api_doc image_doc = {
    .id = "deleteImage",
    .text = "Its tags and findings go with it. So does an index or an artifact, by its digest.",
    .replies = {{.status = 204, .text = "It is gone"}},
};
static const struct api_doc tag_doc = {
    .id = "deleteTag",
    .text = "The image stays, and can be pulled by its digest and its other tags.",
    .replies = {{.status = 204, .text = "It is gone"}},
};
static const struct api_doc repository_doc = {
    .id = "deleteRepository",
    .text = "Its images, tags, artifacts and findings go with it. The path has each `/` of its "
	    "name as `%2F`.",
    .replies = {{.status = 204, .text = "It is gone"}},
};
const struct http_route api_remove_routes[] = {
    {.methods = HTTP_DELETE,
     .pattern = API_IMAGE,
     .handle = delete_image,
     .action = ACTION_DELETE,
     .summary = "Delete an image with its tags and findings",
     .doc = &image_doc},
    {.methods = HTTP_DELETE,
     .pattern = API_REPOSITORY "/tags/{tag}",
     .handle = delete_tag,
     .action = ACTION_DELETE,
     .summary = "Delete a tag",
     .doc = &tag_doc},
    {.methods = HTTP_DELETE,
     /* One segment, so that nothing below a repository is taken for the name of another. */
     .pattern = "/api/v1/registries/{registry}/repositories/{repository}",
     .handle = delete_repository,
     .action = ACTION_DELETE,
     .summary = "Delete a repository with all that it holds",
     .doc = &repository_doc},
};
const size_t api_remove_route_count = sizeof api_remove_routes / sizeof *api_remove_routes;
