/* index.json of an OCI layout may name many images: those of an index by platform, and any number
 * beside them, which their tags distinguish. Spec: image-layout.md "index.json", annotations.md
 * "org.opencontainers.image.ref.name"; Docker and containerd write the whole name as
 * io.containerd.image.name beside it. */
#include "scan/choose.h"

#include "base/json.h"
#include "scan/input.h"

#include <string.h>

bool choose_is_name(struct bytes name, struct bytes choice)
{
	if (bytes_eq(name, choice))
		return name.len > 0;
	struct bytes rest = name;
	while (bytes_find(rest, ':') < rest.len)
		(void)bytes_cut(&rest, ':');
	return rest.len > 0 && rest.len < name.len && bytes_eq(rest, choice);
}

void choose_names_add(struct choose_names *n, struct bytes name)
{
	if (n->count < CHOOSE_NAMES_MAX)
		n->names[n->count] = name;
	n->count++;
}

int choose_fail(const struct choose_names *names, struct bytes choice, size_t found, struct err *e)
{
	struct buf list;
	size_t shown = names->count < CHOOSE_NAMES_MAX ? names->count : CHOOSE_NAMES_MAX;
	buf_init(&list, 65536);
	for (size_t i = 0; i < shown; i++)
		buf_printf(&list, "%s%.*s", i ? ", " : "",
			   BYTES_ARG(bytes_part(names->names[i], 0, 100)));
	if (names->count > shown)
		buf_printf(&list, " and %zu more", names->count - shown);
	if (!buf_ok(&list))
		err_set(e, ERR_NOMEM, "no memory");
	else if (found == 0)
		err_set(e, ERR_NOT_FOUND, "there is no image \"%.*s\"; there are: %.*s",
			BYTES_ARG(choice), BYTES_ARG(buf_bytes(&list)));
	else
		err_set(e, ERR_CONFLICT,
			"several images; choose one by :TAG or @DIGEST after the path: %.*s",
			BYTES_ARG(buf_bytes(&list)));
	buf_free(&list);
	return -(int)e->code;
}

struct names {
	struct bytes tag, whole;
};

static int read_names(const struct oci_descriptor *d, struct arena *a, struct names *ret,
		      struct err *e)
{
	struct json j;
	*ret = (struct names){.tag = BYTES_NONE};
	if (!d->annotations.len)
		return 0;
	json_init(&j, d->annotations, a);
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, "org.opencontainers.image.ref.name"))
				ret->tag = json_string(&j);
			else if (bytes_eq_lit(key, "io.containerd.image.name"))
				ret->whole = json_string(&j);
			else
				json_skip(&j);
		}
	}
	return json_finish(&j, e);
}

/* The whole name first: images of several repositories may have one tag. */
static struct bytes best_name(const struct oci_descriptor *d, const struct names *n)
{
	return n->whole.len ? n->whole : n->tag.len ? n->tag : d->digest_text;
}

static bool is_same_platform(const struct oci_descriptor *a, const struct oci_descriptor *b)
{
	if (!a->has_platform || !b->has_platform)
		return a->has_platform == b->has_platform;
	return bytes_eq(a->platform.os, b->platform.os) &&
	       bytes_eq(a->platform.arch, b->platform.arch) &&
	       bytes_eq(a->platform.variant, b->platform.variant);
}

/* What refers to images, as signatures do, says what it is. */
static bool is_image_or_index(const struct oci_descriptor *d)
{
	return !oci_is_attestation(d) &&
	       (d->artifact_type.len == 0 || bytes_eq_lit(d->artifact_type, OCI_CONFIG_TYPE));
}

/* Another image with d's names and platform exists. */
static int check_only(const struct oci_manifest *index, const struct oci_descriptor *d,
		      struct bytes choice, struct arena *a, struct err *e)
{
	struct choose_names names = {0};
	bool several = false;
	for (size_t i = 0; i < index->layer_count; i++) {
		const struct oci_descriptor *x = &index->layers[i];
		struct names n;
		if (!is_image_or_index(x) || !is_same_platform(x, d))
			continue;
		if (read_names(x, a, &n, e) < 0)
			return -(int)e->code;
		several = several || !bytes_eq(x->digest_text, d->digest_text);
		choose_names_add(&names, choice.len ? x->digest_text : best_name(x, &n));
	}
	return several ? choose_fail(&names, choice, names.count, e) : 0;
}

/* Those of index that choice means. */
static int filter(const struct oci_manifest *index, struct bytes choice, struct arena *a,
		  struct oci_manifest *ret, struct err *e)
{
	struct choose_names all = {0};
	*ret = *index;
	if (!choice.len)
		return 0;
	ret->layer_count = 0;
	ret->layers = arena_alloc(a, index->layer_count, sizeof *ret->layers);
	if (!ret->layers)
		return err_set(e, ERR_NOMEM, "no memory");
	for (size_t i = 0; i < index->layer_count; i++) {
		const struct oci_descriptor *d = &index->layers[i];
		struct names n;
		if (read_names(d, a, &n, e) < 0)
			return -(int)e->code;
		if (bytes_eq(d->digest_text, choice) || choose_is_name(n.tag, choice) ||
		    choose_is_name(n.whole, choice))
			ret->layers[ret->layer_count++] = *d;
		if (is_image_or_index(d))
			choose_names_add(&all, best_name(d, &n));
	}
	return ret->layer_count ? 0 : choose_fail(&all, choice, 0, e);
}

int choose_from_layout(const struct oci_manifest *index, struct bytes choice, struct bytes platform,
		       struct arena *a, const struct oci_descriptor **ret, struct err *e)
{
	struct oci_manifest meant;
	if (filter(index, choice, a, &meant, e) < 0)
		return -(int)e->code;
	*ret = oci_index_choose(&meant, platform);
	if (!*ret)
		return err_set(e, ERR_NOT_FOUND, "names no image%s%.*s",
			       platform.len ? " for " : "", BYTES_ARG(platform));
	return check_only(&meant, *ret, choice, a, e);
}
