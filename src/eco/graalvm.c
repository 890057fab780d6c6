/* Native images that GraalVM built with a bill of materials, CycloneDX in JSON, compressed by gzip.
 * The exported symbol "sbom" is where it lies in memory, "sbom_length" where its length does, 8
 * bytes. Its components with a package URL are what the image was built from. ELF of 64 bits only.
 * Spec: graalvm.org "Software Bill of Materials (SBOM) in Native Image". */
#include "codec/codec.h"
#include "eco/bills.h"
#include "eco/program.h"

#define SYMBOL_LEN 24U
#define PACKED_MAX (16U << 20) /* bytes: real ones have 100 KiB */
#define PLAIN_MAX (32U << 20)
#define RATIO_MAX 2000U /* JSON that repeats itself */

static bool find_in(const struct program *p, const char *symbols, const char *names,
		    const char *want, uint64_t *ret)
{
	struct bytes text = program_section(p, names);
	struct cursor c = cur_of(program_section(p, symbols));
	while (cur_left(&c) >= SYMBOL_LEN) {
		uint64_t name = program_number(p, &c, 4);
		cur_skip(&c, 4);
		uint64_t value = program_number(p, &c, 8);
		cur_skip(&c, 8);
		if (value && program_is_named(text, name, want)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

static bool find(const struct program *p, const char *want, uint64_t *ret)
{
	return find_in(p, ".dynsym", ".dynstr", want, ret) ||
	       find_in(p, ".symtab", ".strtab", want, ret);
}

static int unpack(struct bytes packed, struct buf *out, struct err *e)
{
	struct limits lim = LIMITS_DEFAULT;
	struct bytes seen;
	int r;
	lim.layer_out_max = PLAIN_MAX;
	lim.layer_ratio_max = RATIO_MAX;
	struct stream *s = stream_open_bytes(packed, e);
	s = s ? codec_open(s, &lim, NULL, e) : NULL;
	if (!s)
		return -(int)e->code;
	while ((r = stream_peek(s, 1, &seen, e)) > 0) {
		buf_put(out, seen);
		stream_consume(s, seen.len);
	}
	stream_close(s);
	if (r == 0 && !buf_ok(out))
		return err_set(e, ERR_NOMEM, "native image: out of memory");
	return r;
}

static int graalvm_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			 struct arena *a, struct err *e)
{
	struct err own = ERR_INIT;
	uint64_t at = 0, len_at = 0;
	struct program *p = arena_alloc(a, 1, sizeof *p);
	struct buf text;
	(void)path;
	e = e ? e : &own;
	if (!p)
		return err_set(e, ERR_NOMEM, "native image: out of memory");
	if (!program_open(file, p) || p->format != PROGRAM_ELF || !p->is_64 ||
	    !find(p, "sbom", &at) || !find(p, "sbom_length", &len_at))
		return 0; /* the name was met, and is none of a symbol's */
	struct cursor c = cur_of(program_at(p, len_at, 8));
	uint64_t len = program_number(p, &c, 8);
	struct bytes packed = cur_ok(&c) && len <= PACKED_MAX ? program_at(p, at, len) : BYTES_NONE;
	if (packed.len == 0)
		return sink->note(sink->arg, 0,
				  "its bill of materials is not all there, or too large", e);
	buf_init(&text, PLAIN_MAX);
	int r = unpack(packed, &text, e);
	if (r == 0)
		r = bills_read(buf_bytes(&text), PKG_BINARY, sink, a, e);
	buf_free(&text);
	return r;
}

const struct eco_parser eco_graalvm = {.parse = graalvm_parse};
