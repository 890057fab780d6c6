#include "scan/input.h"

#include "base/json.h"
#include "base/own.h"
#include "oci/fields.h"
#include "scan/artifact.h"
#include "scan/choose.h"

#include <string.h>
#include <unistd.h>

#define INPUT_BUDGET (32U << 20) /* bytes: manifests and configs are a few hundred KiB */

void scan_input_init(struct scan_input *in, const char *name)
{
	*in = (struct scan_input){.name = bytes_of(name)};
	arena_init(&in->arena, INPUT_BUDGET);
}

void scan_input_free(struct scan_input *in)
{
	for (size_t i = 0; i < in->text_count; i++)
		buf_free(&in->texts[i]);
	files_close(in->files);
	for (size_t i = 0; i < in->owned_fd_count; i++)
		own_fd_close(&in->owned_fds[i]);
	for (size_t i = 0; i < in->attached_fd_count; i++)
		own_fd_close(&in->attached_fds[i]);
	arena_free(&in->arena);
	*in = (struct scan_input){0};
}

void scan_input_index(struct scan_input *in, struct bytes digest)
{
	if (digest.len && in->index_count < sizeof in->indexes / sizeof *in->indexes)
		in->indexes[in->index_count++] = digest;
}

struct buf *scan_input_text(struct scan_input *in, size_t max)
{
	if (in->text_count == sizeof in->texts / sizeof *in->texts)
		return NULL;
	struct buf *b = &in->texts[in->text_count++];
	buf_init(b, max);
	return b;
}

static int read_text(struct scan_input *in, struct bytes name, size_t max, struct bytes *ret,
		     struct err *e)
{
	struct buf *b = scan_input_text(in, max);
	if (!b)
		return err_set(e, ERR_LIMIT, "indexes are nested too deep");
	if (files_read(in->files, name, b, e) < 0)
		return -(int)e->code;
	*ret = buf_bytes(b);
	return 0;
}

/* Spec: image-layout.md "Blobs". */
int scan_input_blob_name(struct scan_input *in, const struct digest *d, struct bytes *ret,
			 struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(d, text);
	char *colon = strchr(text, ':');
	if (colon)
		*colon = '/';
	const char *path = arena_printf(&in->arena, "blobs/%s", text);
	if (!path)
		return err_set(e, ERR_NOMEM, "no memory");
	*ret = bytes_of(path);
	return 0;
}

static int check_digest(const struct digest *want, struct bytes text, struct err *e)
{
	struct digest got;
	char want_text[DIGEST_TEXT_CAP];
	digest_of(want->algo, text, &got);
	digest_text(want, want_text);
	if (!digest_eq(want, &got))
		return err_set(e, ERR_INTEGRITY, "%s: the content has another digest", want_text);
	return 0;
}

static int read_blob(struct scan_input *in, const struct oci_descriptor *d, size_t max,
		     struct bytes *ret, struct err *e)
{
	struct bytes name = BYTES_NONE;
	if (d->digest.algo == DIGEST_NONE)
		return err_set(e, ERR_UNSUPPORTED, "digest %.*s: unknown algorithm",
			       BYTES_ARG(d->digest_text));
	if (scan_input_blob_name(in, &d->digest, &name, e) < 0 ||
	    read_text(in, name, max, ret, e) < 0)
		return -(int)e->code;
	return check_digest(&d->digest, *ret, e);
}

int scan_input_check_layers(size_t count, struct err *e)
{
	return count <= LIMIT_LAYERS_MAX
		   ? 0
		   : err_set(e, ERR_LIMIT, "%zu layers: images of more than %d are not assessed",
			     count, LIMIT_LAYERS_MAX);
}

int scan_layer_absent(struct scan_layer *l, struct arena *a, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(&l->digest, text);
	const char *why = arena_printf(a, "layer %s is not in the image", text);
	if (!why)
		return err_set(e, ERR_NOMEM, "no memory");
	l->absent = bytes_of(why);
	l->fd = -1;
	return 0;
}

/* r: what files_find said of the layer's file. */
static int place_layer(struct scan_input *in, struct scan_layer *l, int r,
		       const struct files_part *part, struct err *e)
{
	if (r == 0)
		return scan_layer_absent(l, &in->arena, e);
	if (r < 0)
		return r;
	l->fd = part->fd;
	l->off = part->off;
	l->len = part->len;
	return 0;
}

static int add_layers(struct scan_input *in, const struct oci_manifest *m, struct err *e)
{
	if (scan_input_check_layers(m->layer_count, e) < 0)
		return -(int)e->code;
	in->layers = arena_alloc(&in->arena, m->layer_count, sizeof *in->layers);
	if (!in->layers)
		return err_set(e, ERR_NOMEM, "no memory for %zu layers", m->layer_count);
	for (size_t i = 0; i < m->layer_count; i++) {
		const struct oci_descriptor *d = &m->layers[i];
		struct files_part part;
		struct bytes name = BYTES_NONE;
		if (d->digest.algo == DIGEST_NONE)
			return err_set(e, ERR_UNSUPPORTED, "layer %.*s: unknown digest algorithm",
				       BYTES_ARG(d->digest_text));
		if (scan_input_blob_name(in, &d->digest, &name, e) < 0)
			return -(int)e->code;
		in->layers[i] =
		    (struct scan_layer){.digest = d->digest, .media_type = d->media_type};
		int r = files_find(in->files, name, &part, e);
		if (place_layer(in, &in->layers[i], r, &part, e) < 0)
			return -(int)e->code;
	}
	in->layer_count = m->layer_count;
	return 0;
}

static void add_history(struct scan_input *in)
{
	for (size_t i = 0; i < in->layer_count; i++)
		in->layers[i].created_by = oci_config_layer_line(&in->config, i);
}

/* An archive of one platform has the index of all of them: those whose manifests are there are
 * chosen from, when no platform was asked for. docker save writes such. */
static int choose_present(struct scan_input *in, const struct oci_manifest *index,
			  const struct oci_descriptor **ret, struct err *e)
{
	struct oci_manifest here = *index;
	struct buf text;
	*ret = oci_index_choose(index, BYTES_NONE);
	here.layer_count = 0;
	here.layers = arena_alloc(&in->arena, index->layer_count, sizeof *here.layers);
	if (index->layer_count && !here.layers)
		return err_set(e, ERR_NOMEM, "no memory");
	for (size_t i = 0; i < index->layer_count; i++) {
		struct bytes name = BYTES_NONE;
		struct files_part part;
		if (index->layers[i].digest.algo == DIGEST_NONE)
			continue;
		if (scan_input_blob_name(in, &index->layers[i].digest, &name, e) < 0)
			return -(int)e->code;
		int r = files_find(in->files, name, &part, e);
		if (r < 0)
			return r;
		if (r > 0)
			here.layers[here.layer_count++] = index->layers[i];
	}
	const struct oci_descriptor *d = oci_index_choose(&here, BYTES_NONE);
	if (!*ret || !d || bytes_eq(d->digest_text, (*ret)->digest_text))
		return 0;
	*ret = d;
	buf_init(&text, 1024);
	oci_platform_text(&d->platform, &text);
	const char *note = arena_printf(
	    &in->arena, "this machine's platform is not in the image; %.*s is, and was looked at",
	    BYTES_ARG(d->has_platform ? buf_bytes(&text) : d->digest_text));
	buf_free(&text);
	in->note = bytes_of(note);
	return note ? 0 : err_set(e, ERR_NOMEM, "no memory");
}

/* A manifest with its config and layers; an index leads on to one of its manifests. */
static int open_manifest(struct scan_input *in, const struct oci_descriptor *first,
			 struct bytes platform, struct err *e)
{
	struct oci_descriptor d = *first;
	for (int depth = 0; depth < 4; depth++) {
		struct bytes text = BYTES_NONE;
		struct oci_manifest m;
		if (read_blob(in, &d, LIMIT_MANIFEST_MAX, &text, e) < 0)
			return err_ctx(e, "manifest");
		if (oci_manifest_parse(text, d.media_type, &in->arena, &m, e) < 0)
			return err_ctx(e, "manifest %.*s", BYTES_ARG(d.digest_text));
		if (m.kind == OCI_INDEX) {
			const struct oci_descriptor *next = oci_index_choose(&m, platform);
			if (next && !platform.len && choose_present(in, &m, &next, e) < 0)
				return -(int)e->code;
			if (!next)
				return err_set(e, ERR_NOT_FOUND,
					       "the index has no image for platform \"%.*s\"",
					       BYTES_ARG(platform));
			scan_input_index(in, d.digest_text);
			d = *next;
			continue;
		}
		struct bytes config = BYTES_NONE;
		if (read_blob(in, &m.config, LIMIT_CONFIG_MAX, &config, e) < 0)
			return err_ctx(e, "config");
		int is_image = artifact_has_image_config(&m, config, &in->arena, e);
		if (is_image <= 0)
			return is_image < 0 ? is_image : artifact_fail(&m, e);
		if (oci_config_parse(config, &in->arena, &in->config, e) < 0)
			return err_ctx(e, "config");
		in->has_digest = true;
		in->digest = d.digest;
		if (add_layers(in, &m, e) < 0)
			return -(int)e->code;
		if (!artifact_has_layers(&m, in->layers, in->layer_count))
			return artifact_fail(&m, e);
		add_history(in);
		return 0;
	}
	return err_set(e, ERR_LIMIT, "indexes are nested more than 4 deep");
}

static int open_layout(struct scan_input *in, struct bytes platform, struct err *e)
{
	struct bytes text = BYTES_NONE;
	struct oci_manifest index;
	if (read_text(in, BYTES_LIT("index.json"), LIMIT_MANIFEST_MAX, &text, e) < 0 ||
	    oci_manifest_parse(text, BYTES_LIT(OCI_INDEX_TYPE), &in->arena, &index, e) < 0)
		return err_ctx(e, "index.json");
	const struct oci_descriptor *d;
	if (choose_from_layout(&index, in->choice, platform, &in->arena, &d, e) < 0)
		return err_ctx(e, "index.json");
	return open_manifest(in, d, platform, e);
}

struct archive_row {
	struct bytes config, tag;
	struct bytes layers[LIMIT_LAYERS_MAX];
	size_t layer_count; /* all of them, also those that did not fit */
	bool is_meant;	    /* by a name it was asked for, if it was by one */
};

static void read_archive_layers(struct json *j, struct archive_row *row)
{
	if (!json_enter_array(j))
		return;
	while (json_next_item(j)) {
		struct bytes name = json_string(j);
		if (row->layer_count < LIMIT_LAYERS_MAX)
			row->layers[row->layer_count] = name;
		row->layer_count++;
	}
}

static void read_archive_tags(struct json *j, struct bytes choice, struct archive_row *row)
{
	if (!json_enter_array(j))
		return;
	while (json_next_item(j)) {
		struct bytes tag = json_string(j);
		bool is_meant = choice.len && choose_is_name(tag, choice);
		row->tag = row->tag.len && !is_meant ? row->tag : tag;
		row->is_meant = row->is_meant || is_meant;
	}
}

static void read_archive_row(struct json *j, struct bytes choice, struct archive_row *row)
{
	static const char *const names[] = {"Config", "Layers", "RepoTags"};
	struct fields f = {.names = names, .count = 3};
	unsigned i;
	row->is_meant = choice.len == 0;
	if (!fields_enter(j, &f))
		return;
	while (fields_next(j, &f, &i)) {
		if (i == 0)
			row->config = json_string(j);
		else if (i == 1)
			read_archive_layers(j, row);
		else
			read_archive_tags(j, choice, row);
	}
}

/* docker-archive: manifest.json = [{"Config": path, "RepoTags": [..], "Layers": [paths]}]. docker
 * save writes null for no layers or tags. Of several images one must be chosen. rows: two, the
 * image's and a spare one. */
static int parse_archive(struct scan_input *in, struct bytes text, struct archive_row rows[2],
			 struct err *e)
{
	struct json j;
	struct choose_names names = {0};
	size_t found = 0;
	json_init(&j, text, &in->arena);
	if (json_enter_array(&j)) {
		while (json_next_item(&j)) {
			struct archive_row *row = &rows[found > 0];
			*row = (struct archive_row){.layer_count = 0};
			read_archive_row(&j, in->choice, row);
			choose_names_add(&names, row->tag.len ? row->tag : row->config);
			found += row->is_meant;
		}
	}
	if (json_finish(&j, e) < 0)
		return err_ctx(e, "manifest.json");
	if (found != 1 && names.count) {
		(void)choose_fail(&names, in->choice, found, e);
		return err_ctx(e, "manifest.json");
	}
	if (!rows[0].config.len)
		return err_set(e, ERR_FORMAT, "manifest.json: no image with a Config");
	return 0;
}

static int open_archive(struct scan_input *in, struct bytes text, struct err *e)
{
	struct archive_row *row = arena_alloc(&in->arena, 2, sizeof *row);
	struct bytes config = BYTES_NONE;
	if (!row)
		return err_set(e, ERR_NOMEM, "no memory");
	if (parse_archive(in, text, row, e) < 0 ||
	    scan_input_check_layers(row->layer_count, e) < 0 ||
	    read_text(in, row->config, LIMIT_CONFIG_MAX, &config, e) < 0 ||
	    oci_config_parse(config, &in->arena, &in->config, e) < 0)
		return err_ctx(e, "docker-archive");
	if (in->config.diff_id_count != row->layer_count)
		return err_set(e, ERR_FORMAT, "docker-archive: %zu layers but %zu diff_ids",
			       row->layer_count, in->config.diff_id_count);
	in->layers = arena_alloc(&in->arena, row->layer_count, sizeof *in->layers);
	if (!in->layers)
		return err_set(e, ERR_NOMEM, "no memory");
	for (size_t i = 0; i < row->layer_count; i++) {
		struct files_part part;
		in->layers[i] = (struct scan_layer){
		    .digest = in->config.diff_ids[i],
		    .media_type = BYTES_LIT("application/vnd.oci.image.layer.v1.tar"),
		    .is_diff_id = true};
		int r = files_find(in->files, row->layers[i], &part, e);
		if (place_layer(in, &in->layers[i], r, &part, e) < 0)
			return -(int)e->code;
	}
	in->layer_count = row->layer_count;
	in->tag = row->tag;
	digest_of(DIGEST_SHA256, config, &in->digest);
	add_history(in);
	return 0;
}

static bool is_there(struct scan_input *in, const char *name)
{
	struct files_part part;
	struct err ignored = ERR_INIT;
	return files_find(in->files, bytes_of(name), &part, &ignored) == 1;
}

void scan_input_place(const char *path, char place[SCAN_PLACE_MAX], struct bytes *ret_choice)
{
	size_t len = strlen(path), at = len;
	*ret_choice = BYTES_NONE;
	place[0] = '\0';
	if (len >= SCAN_PLACE_MAX) /* longer than a path can be: nothing is there */
		return;
	memcpy(place, path, len + 1);
	while (access(place, F_OK) < 0) {
		while (at > 0 && path[at - 1] != ':' && path[at - 1] != '@')
			at--;
		if (at == 0) { /* nothing of it is there: the whole is what is missing */
			memcpy(place, path, len + 1);
			return;
		}
		place[--at] = '\0';
	}
	if (at < len)
		*ret_choice = bytes_of(path + at + 1);
}

int scan_input_open(struct scan_input *in, const char *path, struct bytes platform,
		    struct pool *pool, struct err *e)
{
	char place[SCAN_PLACE_MAX];
	scan_input_init(in, path);
	scan_input_place(path, place, &in->choice);
	in->files = files_open(place, pool, e);
	int r;
	struct bytes text = BYTES_NONE;
	if (!in->files)
		r = -(int)e->code;
	else if (is_there(in, "index.json"))
		r = open_layout(in, platform, e);
	else if (is_there(in, "manifest.json"))
		r = read_text(in, BYTES_LIT("manifest.json"), LIMIT_MANIFEST_MAX, &text, e) < 0
			? -(int)e->code
			: open_archive(in, text, e);
	else
		r = err_set(
		    e, ERR_UNSUPPORTED,
		    "neither an OCI layout (index.json) nor a docker-archive (manifest.json)");
	if (r < 0) {
		if (in->files)
			err_ctx(e, "%s", path);
		scan_input_free(in);
	}
	return r;
}
