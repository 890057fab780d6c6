#include "../unit/layer_make.h"

#include "inventory/image.h"

#define LAYERS_MAX 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A line: a tar type, a path, and for links a target; other members hold the rest of the line, as a
 * package each. */
static void put_line(struct buf *t, struct bytes line)
{
	struct bytes type = bytes_cut(&line, ' '), path = bytes_cut(&line, ' ');
	char name[100], rest[100], text[300];
	snprintf(name, sizeof name, "%.*s", BYTES_ARG(bytes_part(path, 0, 99)));
	snprintf(rest, sizeof rest, "%.*s", BYTES_ARG(bytes_part(line, 0, 99)));
	const char *form = bytes_has_suffix_lit(path, "os-release") ? "ID=%s\nVERSION_ID=1\n"
			   : bytes_has_suffix_lit(path, "installed")
			       ? "P:%s\nV:1\n\n"
			       : "Package: %s\nVersion: 1\n\n";
	const char *mark = strchr(form, '%');
	snprintf(text, sizeof text, "%.*s%s%s", (int)(mark - form), form, rest, mark + 2);
	bool is_file = type.len == 0 || type.ptr[0] == '0';
	tar_put(t, name, type.len ? (char)type.ptr[0] : '0', is_file ? NULL : rest,
		is_file ? bytes_of(text) : BYTES_NONE);
}

/* Layers of members, one a line, "-" between layers: indexed, merged. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = {.ptr = data, .len = size < 4096 ? size : 4096};
	struct buf tar, texts[LAYERS_MAX];
	struct lay lays[LAYERS_MAX];
	struct arena a;
	struct inv_image im;
	size_t count = 0;
	arena_init(&a, (size_t)64 << 20);
	while (count < LAYERS_MAX && rest.len > 0) {
		buf_init(&tar, 1U << 20);
		for (struct bytes line = bytes_cut(&rest, '\n'); !bytes_eq_lit(line, "-");
		     line = bytes_cut(&rest, '\n')) {
			put_line(&tar, line);
			if (rest.len == 0)
				break;
		}
		tar_end(&tar);
		struct tar_source s = {.bytes = buf_bytes(&tar)};
		if (index_tars(&s, -1, &texts[count], NULL) < 0 ||
		    layer_parse(buf_bytes(&texts[count]), &a, &lays[count], NULL) < 0)
			abort();
		buf_free(&tar);
		count++;
	}
	const struct inv_source source = {
	    .layers = lays, .layer_count = count, .step_max = 1000000};
	if (inv_merge(&source, &a, &im, NULL) < 0)
		abort();
	if (im.state == INV_ASSESSED && (im.doubt.len > 0 || im.unread || !im.has_distro))
		abort();
	for (size_t i = 0; i < count; i++)
		buf_free(&texts[i]);
	arena_free(&a);
	return 0;
}
