/* buf: a growing run of bytes, freed by its owner. Failure to grow, or exceeding max, is sticky:
 * later writes do nothing, and buf_ok returns false. */
#pragma once
#include "base/bytes.h"
#include <stdbool.h>
#include <stdint.h>

struct buf {
	uint8_t *ptr;
	size_t len;
	size_t cap;
	size_t max; /* inclusive limit of len */
	bool failed;
	bool refused; /* because of max */
};

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);
void buf_clear(struct buf *b); /* empties it and clears a failure; memory is kept */
bool buf_ok(const struct buf *b);
/* Was a write refused because of max, not by the system? */
bool buf_is_spent(const struct buf *b);
struct bytes buf_bytes(const struct buf *b); /* borrowed until the next write */
/* Space for n more bytes; NULL on failure. The caller writes there and then calls buf_commit(b,
 * written). */
uint8_t *buf_room(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);
void buf_put(struct buf *b, struct bytes add);
void buf_put_text(struct buf *b, const char *text);
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_le16(struct buf *b, uint16_t v);
void buf_put_le32(struct buf *b, uint32_t v);
void buf_put_le64(struct buf *b, uint64_t v);
void buf_put_varint(struct buf *b, uint64_t v);
void buf_put_blob(struct buf *b, struct bytes add); /* varint length, bytes: what cur_blob reads */
/* Each byte of text as it is when RFC 3986 §2.3 calls it unreserved or it is in plain, else as %XX.
 */
void buf_put_percent(struct buf *b, struct bytes text, const char *plain);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* NUL-terminated view (the NUL is not counted in len); "" on failure. */
const char *buf_cstr(struct buf *b);
