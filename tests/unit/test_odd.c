/* odd: members that engines take differently are doubts of the layer; what writers usually write is
 * none. */
#include "layer_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct parsed {
	struct buf tar, inventory;
	struct arena a;
	struct lay lay;
};

static void finish(struct parsed *p)
{
	struct err e = ERR_INIT;
	tar_end(&p->tar);
	struct tar_source s = {.bytes = buf_bytes(&p->tar)};
	assert_int_equal(index_tars(&s, -1, &p->inventory, &e), 0);
	assert_int_equal(layer_parse(buf_bytes(&p->inventory), &p->a, &p->lay, &e), 0);
}

static void start(struct parsed *p)
{
	*p = (struct parsed){.lay = {.complete = false}};
	buf_init(&p->tar, (size_t)1 << 20);
	arena_init(&p->a, (size_t)1 << 20);
}

static void drop(struct parsed *p)
{
	buf_free(&p->tar);
	buf_free(&p->inventory);
	arena_free(&p->a);
}

struct odd_case {
	const char *name;
	char type;
	const char *record; /* of a pax header in front of it; of a global header: its own */
	const char *doubt;  /* a part of what is noted; NULL: nothing is */
	const char *path;   /* of the note */
};

static const struct odd_case cases[] = {
    {.name = "usr/bin/x", .type = '0'},
    {.name = "usr/bin/x", .type = '0', .record = "SCHILY.xattr.security.capability=abc"},
    {.name = "a/.wh.b", .type = '0'},
    {.name = "a/.wh..wh..opq", .type = '0'},
    {.name = "a/x.wh.", .type = '0'},
    {.name = "pax_global_header", .type = 'g', .record = "comment=0123"},
    {.name = "/tmp/GlobalHead.1.1", .type = 'g', .record = "mtime=1"},
    {.name = "././@PaxHeader", .type = 'g', .record = "hdrcharset=BINARY"},
    {.name = "p",
     .type = '0',
     .record = "GNU.sparse.map=0,1",
     .doubt = NULL}, /* ends the archive */
    {.name = "var/lib/dpkg/.wh.",
     .type = '0',
     .doubt = "without a name",
     .path = "var/lib/dpkg/.wh."},
    {.name = "a/.wh..", .type = '0', .doubt = "by \".\"", .path = "a/.wh.."},
    {.name = "a/.wh...", .type = '0', .doubt = "by \".\"", .path = "a/.wh..."},
    {.name = ".wh..wh.plnk/", .type = '5', .doubt = "AUFS", .path = ".wh..wh.plnk"},
    {.name = ".wh..wh.aufs", .type = '0', .doubt = "AUFS", .path = ".wh..wh.aufs"},
    {.name = "a/.wh..wh.x", .type = '0', .doubt = "AUFS", .path = "a/.wh..wh.x"},
    {.name = "x/.wh.y",
     .type = 'g',
     .record = "a=b",
     .doubt = "global header of this name",
     .path = "x/.wh.y"},
    {.name = "pax_global_header",
     .type = 'g',
     .record = "path=var/lib/dpkg/status",
     .doubt = "global header of this name",
     .path = "var/lib/dpkg/status"},
    {.name = "pax_global_header",
     .type = 'g',
     .record = "uid=x",
     .doubt = "global header with an invalid number",
     .path = "pax_global_header"},
    {.name = "d/",
     .type = '5',
     .record = "SCHILY.xattr.trusted.overlay.opaque=y",
     .doubt = "trusted.overlay.opaque",
     .path = "d"},
    {.name = "d/",
     .type = '5',
     .record = "SCHILY.xattr.user.overlay.redirect=/z",
     .doubt = "user.overlay.redirect",
     .path = "d"},
    {.name = "d/",
     .type = '5',
     .record = "LIBARCHIVE.xattr.trusted.overlay.redirect=L3o=",
     .doubt = "trusted.overlay.redirect",
     .path = "d"},
    {.name = "f", .type = '0', .record = "GNU.sparse.name=g", .doubt = "GNU.sparse", .path = "f"},
    {.name = "f", .type = '0', .record = "GNU.sparse.major=2", .doubt = "GNU.sparse", .path = "f"},
    {.name = "f", .type = 'V', .doubt = "type 0x56", .path = "f"},
    {.name = "f", .type = '7', .doubt = "type 0x37", .path = "f"},
};

static void put_record(struct buf *t, const char *path, char type, const char *record)
{
	char text[200];
	size_t len = strlen(record) + 2;
	for (size_t digits = 0; digits != len;) {
		digits = len;
		len = (size_t)snprintf(text, sizeof text, "%zu %s\n", len, record);
	}
	tar_put(t, path, type, NULL, bytes_of(text));
}

static void test_odd(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct odd_case *c = &cases[i];
		struct parsed p;
		bool found = false;
		start(&p);
		if (c->record && c->type != 'g')
			put_record(&p.tar, "pax", 'x', c->record);
		if (c->type == 'g')
			put_record(&p.tar, c->name, 'g', c->record);
		else
			tar_put(&p.tar, c->name, c->type, NULL, BYTES_NONE);
		finish(&p);
		for (size_t n = 0; n < p.lay.note_count; n++) {
			const struct layer_note *note = &p.lay.notes[n];
			if (!note->doubt)
				continue;
			found = true;
			if (!c->doubt)
				fail_msg("%s, %s: %.*s", c->name, c->record ? c->record : "",
					 BYTES_ARG(note->text));
			assert_true(bytes_find_bytes(note->text, bytes_of(c->doubt)) <
				    note->text.len);
			assert_true(bytes_eq_lit(note->path, c->path));
		}
		if (found != (c->doubt != NULL))
			fail_msg("%s, %s: no doubt", c->name, c->record ? c->record : "");
		drop(&p);
	}
}

/* A doubt that finds no place among the notes is not lost. */
static void test_left_out(void **state)
{
	(void)state;
	for (int odd = 0; odd < 2; odd++) {
		struct parsed p;
		start(&p);
		for (int i = 0; i < 600; i++) {
			char path[64];
			(void)snprintf(path, sizeof path, "%d/etc/os-release", i);
			tar_file(&p.tar, path,
				 "NAME=x\n"); /* names no distribution: a plain note */
		}
		if (odd)
			tar_file(&p.tar, "a/.wh.", "");
		finish(&p);
		const struct layer_note *last = &p.lay.notes[p.lay.note_count - 1];
		assert_true(bytes_find_bytes(last->text, BYTES_LIT("further notes")) <
			    last->text.len);
		assert_int_equal(last->doubt, odd);
		drop(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_odd),
					   cmocka_unit_test(test_left_out)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
