/* golden: a folder per case under tests/golden/<ecosystem>/ with the file "input" and the text
 * "expected": first "path P", where the file lies in the image; then, in this order, what is
 * stated: "package …", "license …", "owns …", "distro …", "note …" (see eco_catch.h). Include after
 * cmocka. */
#pragma once
#include "base/io.h"
#include "eco_catch.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static inline bool golden_read(const char *dir, const char *name, const char *file, struct buf *out)
{
	char path[4096 + 512];
	snprintf(path, sizeof path, "%.4000s/%.255s/%s", dir, name, file);
	buf_init(out, (size_t)16 << 20);
	return io_read_file(path, out, NULL) == 0;
}

static inline void golden_put(struct buf *out, const char *word, struct bytes lines)
{
	for (struct bytes rest = lines; rest.len > 0;) {
		struct bytes line = bytes_cut(&rest, '\n');
		buf_put_text(out, word);
		buf_put(out, line);
		buf_put_u8(out, '\n');
	}
}

static inline void golden_text(const struct eco_catch *c, const char *path, struct buf *out)
{
	buf_printf(out, "path %s\n", path);
	golden_put(out, "package ", buf_bytes(&c->packages));
	golden_put(out, "license ", buf_bytes(&c->licenses));
	golden_put(out, "owns ", buf_bytes(&c->owned));
	golden_put(out, "distro ", buf_bytes(&c->distro));
	golden_put(out, "note ", buf_bytes(&c->notes));
}

/* Also every prefix of the input: no crash, and never more packages than the whole states plus the
 * one that was cut. */
static inline void golden_prefixes(size_t row, const char *path, struct bytes input, size_t whole)
{
	for (size_t n = 0; n < input.len; n++) {
		struct eco_catch c;
		uint8_t *copy = malloc(n ? n : 1);
		assert_non_null(copy);
		if (n)
			memcpy(copy, input.ptr, n);
		eco_catch_init(&c);
		(void)eco_catch_parse_row(&c, row, path, (struct bytes){.ptr = copy, .len = n},
					  NULL);
		assert_true(c.package_count <= whole + 1);
		eco_catch_free(&c);
		free(copy);
	}
}

/* id: of the row whose cases they are; it wants their paths, or goes by content. */
static inline size_t golden_row(const char *id, const char *path)
{
	size_t row = eco_catch_row(path);
	for (size_t i = 0; row == eco_count && i < eco_count; i++)
		if (eco_table[i].by_content && bytes_eq_lit(bytes_of(eco_table[i].id), id))
			return i;
	return row;
}

static inline void golden_case(const char *id, const char *dir, const char *name)
{
	struct buf input, expected, have;
	struct eco_catch c;
	char path[256];
	assert_true(golden_read(dir, name, "input", &input));
	assert_true(golden_read(dir, name, "expected", &expected));
	struct bytes rest = buf_bytes(&expected);
	struct bytes first = bytes_cut(&rest, '\n');
	assert_true(bytes_has_prefix_lit(first, "path "));
	snprintf(path, sizeof path, "%.*s", BYTES_ARG(bytes_from(first, 5)));
	eco_catch_init(&c);
	buf_init(&have, (size_t)16 << 20);
	size_t row = golden_row(id, path);
	assert_true(row < eco_count);
	int r = eco_catch_parse_row(&c, row, path, buf_bytes(&input), NULL);
	golden_text(&c, path, &have);
	if (r != 0 || !bytes_eq(buf_bytes(&have), buf_bytes(&expected))) {
		printf("%s/%s: %d, stated:\n%s", dir, name, r, buf_cstr(&have));
		fail();
	}
	golden_prefixes(row, path, buf_bytes(&input), c.package_count);
	eco_catch_free(&c);
	buf_free(&input);
	buf_free(&expected);
	buf_free(&have);
}

/* Every case of tests/golden/<id>/: their number. */
static inline size_t golden_all(const char *id)
{
	char dir[4096];
	size_t cases = 0;
	const char *source = getenv("PLIMSOLL_SOURCE");
	snprintf(dir, sizeof dir, "%s/tests/golden/%s", source ? source : ".", id);
	DIR *d = opendir(dir);
	assert_non_null(d);
	for (struct dirent *ent; (ent = readdir(d));) {
		if (ent->d_name[0] == '.')
			continue;
		golden_case(id, dir, ent->d_name);
		cases++;
	}
	closedir(d);
	return cases;
}
