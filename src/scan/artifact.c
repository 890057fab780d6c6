#include "scan/artifact.h"

int artifact_has_image_config(const struct oci_manifest *m, struct bytes text, struct arena *a,
			      struct err *e)
{
	return oci_is_config_type(m->config.media_type) ? 1 : oci_config_has_rootfs(text, a, e);
}

bool artifact_is_json(const struct content *c, uint64_t off)
{
	uint8_t first = 0;
	struct err e = ERR_INIT;
	return content_read(c, &first, 1, off, &e) == 1 && (first == '{' || first == '[');
}

bool artifact_has_layers(const struct oci_manifest *m, const struct scan_layer *layers,
			 size_t count)
{
	if (oci_has_layer_type(m))
		return true;
	for (size_t i = 0; i < count; i++)
		if (layers[i].absent.len || layers[i].fd < 0 ||
		    !artifact_is_json(&(struct content){.fd = layers[i].fd}, layers[i].off))
			return true;
	return false;
}

int artifact_fail(const struct oci_manifest *m, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "an artifact of type %.*s, not an image",
		       BYTES_ARG(bytes_part(m->artifact_type, 0, 256)));
}
