/* {"architecture", "os", ["variant", "os.version", "created"], "config": {"User", …}, "rootfs":
 * {"type": "layers", "diff_ids": [digest]}, "history": [{"created", "created_by", "comment",
 * "empty_layer"}]}. History lines with empty_layer made no layer: the others belong to the layers
 * in order, bottom first. Everything else is passed over unread. Spec: image-spec config.md. */
#include "oci/config.h"
#include "base/limits.h"
#include "oci/descriptor.h"
#include "oci/fields.h"

/* Lines: LIMIT_CONFIG_MAX holds fewer of any length that builders write. */
#define HISTORY_MAX 100000
#define DIFF_ID_MIN_LEN 73 /* bytes of "sha256:…" in quotes */
#define LINE_MIN_LEN 2	   /* bytes: {} */

struct reader {
	struct oci_config c;
	struct arena *arena;
	bool too_many;
	bool nomem;
};

/* Space for count elements, or NULL (none, or failed). */
static void *room_for(struct json *j, struct reader *r, size_t count, size_t size)
{
	void *room = count ? arena_alloc(r->arena, count, size) : NULL;
	if (count && !room) {
		r->nomem = true;
		json_fail(j, "no memory");
	}
	return room;
}

static void read_diff_ids(struct json *j, struct reader *r)
{
	size_t count = descriptor_count(j, DIFF_ID_MIN_LEN), i = 0;
	r->c.diff_ids = room_for(j, r, count, sizeof(*r->c.diff_ids));
	if (!json_enter_array(j))
		return;
	while (json_next_item(j)) {
		struct bytes text = json_string(j);
		if (!json_ok(j) || i == count)
			continue;
		if (digest_parse(text, &r->c.diff_ids[i++], NULL) < 0)
			json_fail(j, "rootfs.diff_ids: not a sha256 or sha512 digest (image-spec "
				     "config.md)");
	}
	r->c.diff_id_count = i;
}

static void read_rootfs(struct json *j, struct reader *r)
{
	static const char *const names[] = {"diff_ids", "type"};
	struct fields f = {.names = names, .count = 2};
	unsigned i;
	if (!fields_enter(j, &f))
		return;
	while (fields_next(j, &f, &i)) {
		if (i == 0)
			read_diff_ids(j, r);
		else if (!bytes_eq_lit(json_string(j), "layers") && json_ok(j))
			json_fail(j, "rootfs.type must be \"layers\" (image-spec config.md)");
	}
}

static void read_history_line(struct json *j, struct oci_history *h)
{
	static const char *const names[] = {"created_by", "comment", "created", "empty_layer"};
	struct bytes *const texts[] = {&h->created_by, &h->comment, &h->created};
	struct fields f = {.names = names, .count = 4};
	unsigned i;
	if (!fields_enter(j, &f))
		return;
	while (fields_next(j, &f, &i)) {
		if (i < 3)
			*texts[i] = json_string(j);
		else
			h->empty_layer = json_bool(j);
	}
}

static void read_history(struct json *j, struct reader *r)
{
	size_t count = descriptor_count(j, LINE_MIN_LEN), i = 0;
	if (count > HISTORY_MAX) {
		r->too_many = true;
		json_fail(j, "too many elements");
	}
	r->c.history = json_ok(j) ? room_for(j, r, count, sizeof(*r->c.history)) : NULL;
	if (!json_enter_array(j) || !r->c.history)
		return;
	while (json_next_item(j)) {
		if (i == count)
			json_skip(j);
		else
			read_history_line(j, &r->c.history[i++]);
	}
	r->c.history_count = i;
}

/* Other types than strings are passed over: engines refuse them, and it is no matter here. */
static void add_string(struct json *j, struct reader *r, struct bytes **items, size_t *count,
		       size_t *cap)
{
	if (json_peek(j) != JSON_STRING) {
		json_skip(j);
		return;
	}
	*items = arena_grow(r->arena, *items, *count, cap, sizeof **items);
	if (*items) {
		(*items)[(*count)++] = json_string(j);
		return;
	}
	r->nomem = true;
	json_fail(j, "no memory");
}

static void read_env(struct json *j, struct reader *r)
{
	size_t cap = 0;
	r->c.env_count = 0;
	if (json_peek(j) != JSON_ARRAY || !json_enter_array(j)) {
		json_skip(j);
		return;
	}
	while (json_next_item(j))
		add_string(j, r, &r->c.env, &r->c.env_count, &cap);
}

static void read_labels(struct json *j, struct reader *r)
{
	size_t cap = 0;
	r->c.label_count = 0;
	if (json_peek(j) != JSON_OBJECT || !json_enter_object(j)) {
		json_skip(j);
		return;
	}
	for (struct bytes key; json_next_key(j, &key);)
		add_string(j, r, &r->c.labels, &r->c.label_count, &cap);
}

static void read_run_config(struct json *j, struct reader *r)
{
	static const char *const names[] = {"User", "Env", "Labels"};
	struct fields f = {.names = names, .count = 3};
	unsigned i;
	if (!fields_enter(j, &f))
		return;
	while (fields_next(j, &f, &i)) {
		if (i == 0)
			r->c.user = json_string(j);
		else if (i == 1)
			read_env(j, r);
		else
			read_labels(j, r);
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
		*texts[f] = json_string(j);
	else if (f == F_CONFIG)
		read_run_config(j, r);
	else if (f == F_ROOTFS)
		read_rootfs(j, r);
	else
		read_history(j, r);
}

static void read_members(struct json *j, struct reader *r)
{
	struct fields f = {.names = field_names, .count = F_COUNT};
	unsigned i;
	if (!fields_enter(j, &f))
		return;
	while (fields_next(j, &f, &i))
		read_field(j, (enum field)i, r);
	if (json_ok(j) && !fields_has(&f, F_ROOTFS))
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
		return err_set(e, ERR_LIMIT, "image config: more than %d history lines",
			       HISTORY_MAX);
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

int oci_config_has_rootfs(struct bytes text, struct arena *a, struct err *e)
{
	struct json j;
	bool found = false;
	json_init(&j, text, a);
	if (!json_enter_object(&j))
		return 0;
	for (struct bytes key; !found && json_next_key(&j, &key); json_skip(&j))
		found = fields_fold(key, "rootfs");
	if (!found && j.code == ERR_NOMEM)
		return err_set(e, ERR_NOMEM, "image config: no memory");
	return found;
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
	/* History that does not account for every layer cannot be matched with them. */
	return layers == c->diff_id_count ? line : BYTES_NONE;
}

/* Classic builders write "/bin/sh -c #(nop)  CMD [...]", BuildKit "CMD [...]". */
static bool is_cmd(struct bytes line)
{
	static const char *const starts[] = {"/bin/sh -c #(nop)  CMD ", "/bin/sh -c #(nop) CMD ",
					     "CMD "};
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (bytes_has_prefix(line, bytes_of(starts[i])))
			return true;
	return false;
}

size_t oci_config_base_guess(const struct oci_config *c)
{
	size_t layers = 0, base = 0;
	for (size_t i = 0; i < c->history_count; i++) {
		/* The last CMD that a layer follows ends the base. */
		if (!c->history[i].empty_layer)
			layers++;
		else if (is_cmd(c->history[i].created_by) && layers < c->diff_id_count)
			base = layers;
	}
	return layers == c->diff_id_count ? base : 0;
}
