/* The overlay against the shared whiteout images: every member of their layers becomes an entry,
 * and the tree that is left must be the expected one. Expected files list the whole tree (folders
 * end with "/"), or lines "+ path" (there) and "- path" (gone). And against the shared images with
 * symbolic links: the files that another reader opens after each layer, or cannot open. */
#include "archive/tar.h"
#include "base/json.h"
#include "corpus.h"
#include "inventory/overlay.h"

#define LAYERS_MAX 8
#define ENTRIES_MAX 256

struct stack {
	struct arena a;
	struct bytes layer_tars[LAYERS_MAX];
	struct lay lays[LAYERS_MAX];
	size_t count;
	struct overlay *overlay;
	struct steps steps;
};

static struct bytes read_member(struct tar *t, const struct tar_entry *m, struct arena *a)
{
	uint8_t *out = arena_alloc(a, m->size ? m->size : 1, 1);
	size_t len = 0;
	for (int64_t n;
	     out && len < m->size && (n = tar_read(t, out + len, m->size - len, NULL)) > 0;)
		len += (size_t)n;
	return (struct bytes){.ptr = out, .len = len};
}

/* The member of an archive in memory. */
static struct bytes find_member(struct bytes archive, struct bytes path, struct arena *a)
{
	struct limits lim = LIMITS_DEFAULT;
	struct stream *s = stream_open_bytes(archive, NULL);
	struct tar *t = tar_open(s, &lim, NULL);
	struct tar_entry m;
	struct bytes out = BYTES_NONE;
	while (tar_next(t, &m, NULL) == 1) {
		if (bytes_eq(m.path, path))
			out = read_member(t, &m, a);
	}
	tar_close(t);
	stream_close(s);
	return out;
}

static void find_layers(struct stack *tr, struct bytes archive)
{
	struct json j;
	struct bytes manifest = find_member(archive, BYTES_LIT("manifest.json"), &tr->a);
	json_init(&j, manifest, &tr->a);
	if (!json_enter_array(&j) || !json_next_item(&j) || !json_enter_object(&j))
		return;
	for (struct bytes key; json_next_key(&j, &key);) {
		if (!bytes_eq_lit(key, "Layers")) {
			json_skip(&j);
			continue;
		}
		for (json_enter_array(&j); json_next_item(&j) && tr->count < LAYERS_MAX;)
			tr->layer_tars[tr->count++] = find_member(archive, json_string(&j), &tr->a);
	}
}

static struct layer_entry entry_of(struct bytes path, const struct tar_entry *m, struct arena *a)
{
	size_t slash = bytes_find_last(path, '/');
	struct bytes base = slash == path.len ? path : bytes_from(path, slash + 1);
	struct bytes dir = slash == path.len ? BYTES_NONE : bytes_part(path, 0, slash);
	struct layer_entry ent = {.kind = m->type == TAR_DIR ? LAYER_DIR : LAYER_OTHER,
				  .path = path};
	bool ok;
	if (bytes_eq_lit(base, ".wh..wh..opq")) {
		ent.kind = LAYER_OPAQUE;
		ent.path = dir;
	} else if (bytes_has_prefix_lit(base, ".wh.")) {
		struct bytes name = bytes_from(base, 4);
		const char *slash_text = dir.len ? "/" : "";
		ent.kind = LAYER_WHITEOUT;
		ent.path = bytes_of(
		    arena_printf(a, "%.*s%s%.*s", BYTES_ARG(dir), slash_text, BYTES_ARG(name)));
	} else if (m->type == TAR_SYMLINK) {
		ent.kind = LAYER_SYMLINK;
		ent.target = arena_bytes(a, m->link, &ok);
	}
	return ent;
}

static void read_layer(struct stack *tr, size_t i)
{
	struct limits lim = LIMITS_DEFAULT;
	struct layer_entry *entries = arena_alloc(&tr->a, ENTRIES_MAX, sizeof *entries);
	struct stream *s = stream_open_bytes(tr->layer_tars[i], NULL);
	struct tar *t = tar_open(s, &lim, NULL);
	struct tar_entry m;
	size_t n = 0;
	while (entries && n < ENTRIES_MAX && tar_next(t, &m, NULL) == 1) {
		uint8_t path[LIMIT_PATH_MAX];
		bool ok;
		int64_t len = tar_clean_path(m.path, path, NULL);
		if (len <= 0)
			continue;
		struct bytes clean = {.ptr = path, .len = (size_t)len};
		entries[n++] = entry_of(arena_bytes(&tr->a, clean, &ok), &m, &tr->a);
	}
	tar_close(t);
	stream_close(s);
	tr->lays[i] = (struct lay){.entries = entries, .entry_count = n, .complete = true};
}

static bool is_there(const struct stack *tr, struct bytes path)
{
	const struct tree *t = overlay_tree(tr->overlay);
	for (uint32_t i = 0; i < t->count; i++) {
		uint8_t buf[LIMIT_PATH_MAX];
		struct bytes at = tree_path(t, i, buf);
		if (t->nodes[i].entry && bytes_has_prefix(at, path) &&
		    (at.len == path.len || at.ptr[path.len] == '/'))
			return true;
	}
	return false;
}

/* A folder itself is not kept by the overlay: it is there when the last layer has it. */
static bool is_folder_of_last(const struct stack *tr, struct bytes path)
{
	const struct lay *l = &tr->lays[tr->count - 1];
	for (size_t i = 0; i < l->entry_count; i++) {
		if (l->entries[i].kind == LAYER_DIR && bytes_eq(l->entries[i].path, path))
			return true;
	}
	return false;
}

static size_t check(const struct stack *tr, struct bytes expected, const char *name)
{
	size_t wrong = 0, listed = 0, alive = 0;
	bool signs = expected.len > 1 && expected.ptr[1] == ' ';
	for (struct bytes rest = expected; rest.len > 0;) {
		struct bytes line = bytes_cut(&rest, '\n');
		struct bytes path = signs ? bytes_from(line, 2) : line;
		bool gone = signs && line.len > 0 && line.ptr[0] == '-';
		if (path.len == 0 || bytes_has_suffix_lit(path, "/"))
			continue;
		listed++;
		bool there = is_there(tr, path) || (!gone && is_folder_of_last(tr, path));
		if (there == gone) {
			printf("%s: %.*s should be %s\n", name, BYTES_ARG(path),
			       gone ? "gone" : "there");
			wrong++;
		}
	}
	alive = overlay_tree(tr->overlay)->nodes[TREE_ROOT].live;
	if (!signs && listed != alive) {
		printf("%s: %zu files listed, %zu there\n", name, listed, alive);
		wrong++;
	}
	return wrong;
}

static size_t run_case(const char *name)
{
	char file[256];
	struct buf archive, expected;
	struct stack tr = {.count = 0, .steps = {.max = UINT64_MAX}};
	size_t wrong = 1;
	snprintf(file, sizeof file, "oci/whiteouts/%s.tar", name);
	bool ok = corpus_read(file, &archive);
	snprintf(file, sizeof file, "oci/whiteouts/%s.expected.txt", name);
	ok = corpus_read(file, &expected) && ok;
	arena_init(&tr.a, 16U << 20);
	if (ok)
		find_layers(&tr, buf_bytes(&archive));
	for (size_t i = 0; i < tr.count; i++)
		read_layer(&tr, i);
	tr.overlay = overlay_open(tr.lays, tr.count, &tr.steps, NULL);
	for (size_t i = 0; i < tr.count && ok; i++)
		ok = overlay_push(tr.overlay, NULL, NULL) == 0;
	if (ok && tr.count > 0)
		wrong = check(&tr, buf_bytes(&expected), name);
	printf("%s: %zu layers, %s\n", name, tr.count, wrong ? "WRONG" : "as expected");
	overlay_close(tr.overlay);
	arena_free(&tr.a);
	buf_free(&archive);
	buf_free(&expected);
	return wrong;
}

/* The highest layer so far that has a member at path: its file is the one to be seen. */
static size_t top_layer_of(const struct stack *tr, size_t layer, struct bytes path)
{
	for (size_t i = layer + 1; i > 0; i--) {
		for (size_t k = 0; k < tr->lays[i - 1].entry_count; k++) {
			if (bytes_eq(tr->lays[i - 1].entries[k].path, path))
				return i - 1;
		}
	}
	return SIZE_MAX;
}

/* One file of a case, [path, content or null], after layer. */
static size_t check_file(const struct stack *tr, struct json *j, size_t layer, bool readable)
{
	struct bytes path = BYTES_NONE;
	uint8_t buf[LIMIT_PATH_MAX];
	size_t wrong = 0;
	json_enter_array(j);
	for (size_t n = 0; json_next_item(j); n++) {
		if (n == 0)
			path = json_string(j);
		else
			json_skip(j);
	}
	uint32_t node = overlay_find(tr->overlay, path);
	const struct tree_node *n =
	    node == TREE_NONE ? NULL : &overlay_tree(tr->overlay)->nodes[node];
	/* the link itself is there in any case: what it leads to is the question */
	if (top_layer_of(tr, layer, path) == SIZE_MAX)
		wrong = 1;
	else if (readable)
		wrong =
		    !n || n->layer != top_layer_of(tr, layer,
						   tree_path(overlay_tree(tr->overlay), node, buf));
	else
		wrong = n != NULL;
	if (wrong)
		printf("    layer %zu: %.*s: WRONG\n", layer, BYTES_ARG(path));
	return wrong;
}

static size_t check_chain(struct stack *tr, struct json *j, bool readable)
{
	size_t wrong = 0, layer = 0;
	for (json_enter_array(j); json_next_item(j); layer++) {
		if (layer >= tr->count || overlay_push(tr->overlay, NULL, NULL) < 0)
			wrong++;
		json_enter_object(j);
		for (struct bytes key; json_next_key(j, &key);) {
			if (!bytes_eq_lit(key, "files") || layer >= tr->count) {
				json_skip(j);
				continue;
			}
			for (json_enter_array(j); json_next_item(j);)
				wrong += check_file(tr, j, layer, readable);
		}
	}
	return wrong;
}

/* One object of scalibr-expected.json; its keys come in the order name, tar, error_on_open,
 * error_on_read, chain_layers. Limits that only that reader has are left out: there the files are
 * there. */
static size_t run_layered(struct json *j, size_t *ret_cases)
{
	struct stack tr = {.count = 0, .steps = {.max = UINT64_MAX}};
	struct buf archive;
	struct bytes name = BYTES_NONE;
	bool readable = true, opens = true, there = false;
	size_t wrong = 0;
	arena_init(&tr.a, 16U << 20);
	buf_init(&archive, 1);
	json_enter_object(j);
	for (struct bytes key; json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "name")) {
			name = json_string(j);
		} else if (bytes_eq_lit(key, "tar")) {
			char file[256];
			struct bytes base = json_string(j);
			snprintf(file, sizeof file, "oci/layered-images/scalibr-%.*s",
				 BYTES_ARG(base));
			there = corpus_read(file, &archive);
		} else if (bytes_eq_lit(key, "error_on_open")) {
			opens = json_string_or_null(j).len == 0;
		} else if (bytes_eq_lit(key, "error_on_read")) {
			bool own_limit =
			    bytes_find_bytes(name, BYTES_LIT("max file size")) < name.len ||
			    bytes_find_bytes(name, BYTES_LIT("depth exceeded")) < name.len;
			readable = json_string_or_null(j).len == 0 || own_limit;
		} else if (bytes_eq_lit(key, "chain_layers") && there && opens) {
			find_layers(&tr, buf_bytes(&archive));
			for (size_t i = 0; i < tr.count; i++)
				read_layer(&tr, i);
			tr.overlay = overlay_open(tr.lays, tr.count, &tr.steps, NULL);
			wrong = check_chain(&tr, j, readable);
			printf("%.*s: %zu layers, %s\n", BYTES_ARG(name), tr.count,
			       wrong ? "WRONG" : "as expected");
			*ret_cases += 1;
		} else {
			json_skip(j);
		}
	}
	overlay_close(tr.overlay);
	arena_free(&tr.a);
	buf_free(&archive);
	return wrong;
}

static size_t run_all_layered(void)
{
	struct buf text;
	struct arena a;
	struct json j;
	struct err e = ERR_INIT;
	size_t wrong = 0, cases = 0;
	arena_init(&a, 1U << 20);
	if (!corpus_read("oci/layered-images/scalibr-expected.json", &text))
		wrong++;
	json_init(&j, buf_bytes(&text), &a);
	for (json_enter_array(&j); json_next_item(&j);)
		wrong += run_layered(&j, &cases);
	if (json_finish(&j, &e) < 0)
		wrong++;
	printf("%zu cases of layered images%s\n", cases, cases ? "" : ": WRONG");
	arena_free(&a);
	buf_free(&text);
	return wrong + (cases == 0);
}

int main(void)
{
	static const char *const names[] = {
	    "storage-TestApplyLayerWhiteouts-0",
	    "storage-TestApplyLayerWhiteouts-1",
	    "storage-TestApplyLayerWhiteouts-2",
	    "storage-TestApplyLayerWhiteouts-3",
	    "umoci-TestUnpackOpaqueWhiteout-EmptyDir",
	    "umoci-TestUnpackOpaqueWhiteout-MissingUpperAncestor",
	    "umoci-TestUnpackOpaqueWhiteout-MultiLevel",
	    "umoci-TestUnpackOpaqueWhiteout-MultiLevelNoUpper",
	    "umoci-TestUnpackOpaqueWhiteout-OneLevel",
	    "umoci-TestUnpackOpaqueWhiteout-OneLevelNoUpper",
	    "umoci-TestUnpackOpaqueWhiteout-TwoLevel",
	    "umoci-TestUnpackOpaqueWhiteout-TwoLevelNoUpper",
	    "umoci-TestUnpackOpaqueWhiteout-UpperDirWhiteout",
	    "umoci-TestUnpackOpaqueWhiteout-UpperWhiteout",
	};
	struct buf index;
	if (!corpus_read("oci/index.tsv", &index)) {
		printf("no shared corpus: skipped\n");
		return 77;
	}
	buf_free(&index);
	size_t wrong = 0;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		wrong += run_case(names[i]);
	wrong += run_all_layered();
	return wrong == 0 ? 0 : 1;
}
