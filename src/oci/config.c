/* {"architecture", "os", ["variant", "os.version", "created"], "config": {"User", …}, "rootfs":
 * {"type": "layers", "diff_ids": [digest]}, "history": [{"created", "created_by", "comment",
 * "empty_layer"}]}. History lines with empty_layer made no layer: the others stand for the layers
 * in order, bottom first. Everything else is passed over unread. Spec: image-spec config.md. */
#include "oci/config.h"
#include "base/limits.h"
#include "oci/descriptor.h"

#define HISTORY_MAX                                                                                \
	100000 /* lines: LIMIT_CONFIG_MAX holds fewer of any length that builders write */

struct reader {
	struct oci_config c;
	struct arena *arena;
	bool too_many;
	bool nomem;
	bool has_rootfs;
};

/* Room for the elements of the array that comes next, or NULL (none, or failed). */
static void *room_for(struct json *j, struct reader *r, size_t size, size_t max, size_t *ret_count)
{
	size_t count = descriptor_count(j);
	*ret_count = 0;
	if (count > max) {
		r->too_many = true;
		json_fail(j, "too many elements");
		return NULL;
	}
	if (count == 0)
		return NULL;
	void *room = arena_alloc(r->arena, count, size);
	if (!room) {
		r->nomem = true;
		json_fail(j, "no memory");
		return NULL;
	}
	*ret_count = count;
	return room;
}

static void read_diff_ids(struct json *j, struct reader *r)
{
	size_t max, i = 0;
	if (descriptor_skip_null(j))
		return;
	r->c.diff_ids = room_for(j, r, sizeof(*r->c.diff_ids), LIMIT_LAYERS_MAX, &max);
	if (!json_enter_array(j))
		return;
	while (json_next_item(j)) {
		struct bytes text = json_string(j);
		if (!json_ok(j) || i == max)
			continue;
		if (digest_parse(text, &r->c.diff_ids[i++], NULL) < 0)
			json_fail(j, "rootfs.diff_ids: not a sha256 or sha512 digest (image-spec "
				     "config.md)");
	}
	r->c.diff_id_count = i;
}

static void read_rootfs(struct json *j, struct reader *r)
{
	struct bytes key;
	uint32_t seen = 0;
	if (!json_enter_object(j))
		return;
	r->has_rootfs = true;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "diff_ids")) {
			descriptor_once(j, &seen, 0);
			read_diff_ids(j, r);
		} else if (bytes_eq_lit(key, "type")) {
			struct bytes type = json_string(j);
			if (json_ok(j) && !bytes_eq_lit(type, "layers"))
				json_fail(j,
					  "rootfs.type must be \"layers\" (image-spec config.md)");
		} else {
			json_skip(j);
		}
	}
}

static void read_history_line(struct json *j, struct oci_history *h)
{
	struct bytes key;
	if (!json_enter_object(j))
		return;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "created_by"))
			h->created_by = json_string_or_null(j);
		else if (bytes_eq_lit(key, "comment"))
			h->comment = json_string_or_null(j);
		else if (bytes_eq_lit(key, "created"))
			h->created = json_string_or_null(j);
		else if (bytes_eq_lit(key, "empty_layer"))
			h->empty_layer = !descriptor_skip_null(j) && json_bool(j);
		else
			json_skip(j);
	}
}

static void read_history(struct json *j, struct reader *r)
{
	size_t max, i = 0;
	if (descriptor_skip_null(j))
		return;
	r->c.history = room_for(j, r, sizeof(*r->c.history), HISTORY_MAX, &max);
	if (!json_enter_array(j))
		return;
	while (json_next_item(j)) {
		if (i == max)
			json_skip(j);
		else
			read_history_line(j, &r->c.history[i++]);
	}
	r->c.history_count = i;
}

static void read_run_config(struct json *j, struct reader *r)
{
	struct bytes key;
	if (descriptor_skip_null(j) || !json_enter_object(j))
		return;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "User"))
			r->c.user = json_string_or_null(j);
		else
			json_skip(j);
	}
}

enum field {
	F_OS,
	F_ARCH,
	F_VARIANT,
	F_OS_VERSION,
	F_CREATED,
	F_CONFIG,
	F_ROOTFS,
	F_HISTORY,
	F_COUNT
};

static const char *const field_names[F_COUNT] = {
    [F_OS] = "os",	     [F_ARCH] = "architecture",
    [F_VARIANT] = "variant", [F_OS_VERSION] = "os.version",
    [F_CREATED] = "created", [F_CONFIG] = "config",
    [F_ROOTFS] = "rootfs",   [F_HISTORY] = "history",
};

static void read_field(struct json *j, enum field f, struct reader *r)
{
	struct bytes *const texts[] = {
	    [F_OS] = &r->c.platform.os,		  [F_ARCH] = &r->c.platform.arch,
	    [F_VARIANT] = &r->c.platform.variant, [F_OS_VERSION] = &r->c.platform.os_version,
	    [F_CREATED] = &r->c.created,
	};
	if (f <= F_CREATED)
		*texts[f] = json_string_or_null(j);
	else if (f == F_CONFIG)
		read_run_config(j, r);
	else if (f == F_ROOTFS)
		read_rootfs(j, r);
	else if (f == F_HISTORY)
		read_history(j, r);
	else
		json_skip(j);
}

static void read_members(struct json *j, struct reader *r)
{
	uint32_t seen = 0;
	struct bytes key;
	if (!json_enter_object(j))
		return;
	while (json_next_key(j, &key)) {
		unsigned f = 0;
		while (f < F_COUNT && !bytes_eq_lit(key, field_names[f]))
			f++;
		if (f < F_COUNT)
			descriptor_once(j, &seen, f);
		read_field(j, (enum field)f, r);
	}
	if (json_ok(j) && !r->has_rootfs)
		json_fail(j, "rootfs is required (image-spec config.md)");
}

int oci_config_parse(struct bytes text, struct arena *a, struct oci_config *ret, struct err *e)
{
	struct reader r = {.arena = a};
	struct json j;
	if (text.len > LIMIT_CONFIG_MAX)
		return err_set(e, ERR_LIMIT, "image config: %zu bytes are more than %u", text.len,
			       LIMIT_CONFIG_MAX);
	json_init(&j, text, a);
	read_members(&j, &r);
	if (r.too_many)
		return err_set(e, ERR_LIMIT,
			       "image config: more than %d layers or %d history lines",
			       LIMIT_LAYERS_MAX, HISTORY_MAX);
	if (r.nomem)
		return err_set(e, ERR_NOMEM, "image config: no memory");
	int code = json_finish(&j, e);
	if (code < 0) {
		err_ctx(e, "image config");
		return code;
	}
	*ret = r.c;
	return 0;
}

struct bytes oci_config_layer_line(const struct oci_config *c, size_t i)
{
	size_t layers = 0;
	struct bytes line = BYTES_NONE;
	for (size_t h = 0; h < c->history_count; h++) {
		if (c->history[h].empty_layer)
			continue;
		if (layers == i)
			line = c->history[h].created_by;
		layers++;
	}
	/* History that does not account for every layer cannot be laid beside them. */
	return layers == c->diff_id_count ? line : BYTES_NONE;
}
