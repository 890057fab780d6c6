/* num: numbers from and to text, without locale, sign surprises or overflow. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

/* All of b is decimal digits (at least one) and the value is <= max. Leading zeros are accepted. */
bool num_u64(struct bytes b, uint64_t max, uint64_t *ret_v);
/* As num_u64 with an optional leading '-'. */
bool num_i64(struct bytes b, int64_t *ret_v);
/* The ending of a noun that is counted: "" for 1, else "s". */
const char *num_plural(uint64_t n);
/* "64KiB", "20 GiB", "3MB", "100": bytes; units B, KB, MB, GB, TB (1000) and KiB, MiB, GiB, TiB
 * (1024), any case. */
bool num_size(struct bytes b, uint64_t *ret_v);
/* "250ms", "30s", "5m", "24h", "7d", "1h30m", "5m0s": milliseconds; a bare number is seconds. */
bool num_duration_ms(struct bytes b, uint64_t *ret_ms);
/* For qsort and bsearch: <0, 0, >0 of what both point at. */
int num_cmp_i64(const void *a, const void *b);
int num_cmp_u64(const void *a, const void *b);
/* Hexadecimal, both cases accepted: out_len must be b.len/2. */
bool num_hex_decode(struct bytes b, uint8_t *out, size_t out_len);
/* out needs 2*in.len+1 chars; lower case, NUL-terminated. */
void num_hex_encode(struct bytes in, char *out);
/* Decimal "7.5" style numbers of at most 15 digits, as JSON writes them (sign, fraction, exponent).
 */
bool num_double(struct bytes b, double *ret_v);
