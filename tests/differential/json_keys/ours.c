/* Reads the lines that main.go writes: of each document ours must refuse it or read what Go read.
 * What Go refuses no engine can run, and we may read it as we like. Ends with 0 when nothing
 * differed and enough was read by both. */
#include "base/buf.h"
#include "base/limits.h"
#include "oci/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_hex(struct buf *out, struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		buf_printf(out, "%02x", b.ptr[i]);
}

static void put_platform(struct buf *out, const struct oci_platform *p)
{
	const struct bytes texts[] = {p->os, p->arch, p->variant, p->os_version};
	for (size_t i = 0; i < 4; i++) {
		buf_put_text(out, i ? "," : "");
		put_hex(out, texts[i]);
	}
}

static void put_descriptor(struct buf *out, const struct oci_descriptor *d)
{
	buf_put_u8(out, '(');
	put_hex(out, d->media_type);
	buf_put_u8(out, ' ');
	put_hex(out, d->digest_text);
	buf_printf(out, " %" PRIu64 " %s ", d->size, d->has_urls ? "true" : "false");
	put_hex(out, d->artifact_type);
	buf_put_u8(out, ' ');
	if (d->has_platform)
		put_platform(out, &d->platform);
	else
		buf_put_u8(out, '-');
	buf_put_u8(out, ')');
}

static bool read_manifest(struct bytes text, struct arena *a, struct buf *out)
{
	struct oci_manifest m;
	if (oci_manifest_parse(text, BYTES_NONE, a, &m, NULL) < 0)
		return false;
	buf_put_text(out, "2 ");
	put_hex(out, m.media_type);
	buf_put_u8(out, ' ');
	put_hex(out, m.artifact_type);
	buf_put_u8(out, ' ');
	if (m.kind == OCI_IMAGE)
		put_descriptor(out, &m.config);
	else
		buf_put_u8(out, '-');
	buf_put_u8(out, ' ');
	if (m.has_subject)
		put_descriptor(out, &m.subject);
	else
		buf_put_u8(out, '-');
	for (size_t i = 0; i < m.layer_count; i++) {
		buf_put_u8(out, ' ');
		put_descriptor(out, &m.layers[i]);
	}
	return true;
}

static bool read_config(struct bytes text, struct arena *a, struct buf *out)
{
	struct oci_config c;
	if (oci_config_parse(text, a, &c, NULL) < 0)
		return false;
	put_platform(out, &c.platform);
	buf_put_u8(out, ' ');
	put_hex(out, c.created);
	buf_put_u8(out, ' ');
	put_hex(out, c.user);
	for (size_t i = 0; i < c.diff_id_count; i++) {
		char digest[DIGEST_TEXT_CAP];
		digest_text(&c.diff_ids[i], digest);
		buf_printf(out, " %s", digest);
	}
	for (size_t i = 0; i < c.history_count; i++) {
		const struct oci_history *h = &c.history[i];
		const struct bytes texts[] = {h->created, h->created_by, h->comment};
		for (size_t k = 0; k < 3; k++) {
			buf_put_text(out, k ? " " : " (");
			put_hex(out, texts[k]);
		}
		buf_printf(out, " %s)", h->empty_layer ? "true" : "false");
	}
	return true;
}

static unsigned nibble(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

/* In place: hexadecimal digits become the bytes. */
static struct bytes unhex(char *text)
{
	size_t n = strlen(text) / 2;
	uint8_t *to = (uint8_t *)text;
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
	return (struct bytes){.ptr = to, .len = n};
}

struct counts {
	unsigned long all, both, refused, differ;
};

static void compare(char *line, struct counts *n)
{
	char *save = NULL;
	const char *kind = strtok_r(line, "\t", &save);
	char *document = strtok_r(NULL, "\t", &save);
	const char *go = strtok_r(NULL, "\n", &save);
	struct arena a;
	struct buf out;
	if (!kind || !document || !go) {
		n->differ++;
		return;
	}
	struct bytes text = unhex(document);
	arena_init(&a, 16U << 20);
	buf_init(&out, 16U << 20);
	bool read = strcmp(kind, "config") == 0 ? read_config(text, &a, &out)
						: read_manifest(text, &a, &out);
	bool go_read = strcmp(go, "error") != 0;
	n->all++;
	n->refused += !read && go_read;
	n->both += read && go_read;
	if (read && go_read && strcmp(buf_cstr(&out), go) != 0) {
		n->differ++;
		(void)printf("differs: %.*s\n  go   %s\n  ours %s\n", (int)text.len,
			     (const char *)text.ptr, go, buf_cstr(&out));
	}
	buf_free(&out);
	arena_free(&a);
}

int main(int argc, char **argv)
{
	FILE *f = argc > 1 ? fopen(argv[1], "re") : stdin;
	struct counts n = {0};
	char *line = NULL;
	size_t cap = 0;
	if (!f) {
		perror(argv[1]);
		return 2;
	}
	while (getline(&line, &cap, f) > 0)
		compare(line, &n);
	free(line);
	(void)fclose(f);
	(void)printf("%lu documents, %lu read by both, %lu refused by us alone, %lu differ\n",
		     n.all, n.both, n.refused, n.differ);
	return n.differ || n.both < n.all / 5 || n.refused < n.all / 50 || n.all < 100;
}
