/* The binary format of parameters and results: integers and floating-point numbers in network
 * order, texts and bytes as they are. An array is dimensions, whether there are NULLs, the
 * elements' type, then of each dimension its length and first index, then of each element its
 * length and bytes (PostgreSQL, src/backend/utils/adt/arrayfuncs.c, array_recv). A numeric is the
 * number of its base-10,000 digits, the power of the first, the sign, the digits after the point,
 * then the digits (numeric.c, numeric_recv). */
#include "db/db_pgsql.h"

#include "base/cursor.h"
#include "base/library.h"
#include "base/utf8.h"

#include <pthread.h>
#include <string.h>

#define LIBRARY "libpq.so.5" /* the ABI since 2006; pipelines since 14 */
#define ENCODED_MAX ((size_t)256 << 20)
#define NOT_ENCODED SIZE_MAX
#define NUMERIC_NEGATIVE 0x4000

/* pg_type.dat */
enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_FLOAT4 = 700,
	OID_FLOAT8 = 701,
	OID_BYTEA_LIST = 1001,
	OID_TEXT_LIST = 1009,
	OID_INT8_LIST = 1016,
	OID_NUMERIC = 1700,
};

static struct pg_library library;
static struct err failed = ERR_INIT;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
#define ROW(name) {#name, &library.name},
	const struct library_symbol symbols[] = {PG_SYMBOLS(ROW)};
#undef ROW
	(void)library_load(LIBRARY, symbols, sizeof symbols / sizeof *symbols, &failed);
}

const struct pg_library *pg_load(struct err *e)
{
	(void)pthread_once(&once, load);
	if (failed.code == ERR_OK)
		return &library;
	err_set(e, ERR_UNSUPPORTED, "a store on a server needs libpq of PostgreSQL 14 or newer: %s",
		failed.msg);
	return NULL;
}

static void put_be(struct buf *b, uint64_t v, unsigned bytes)
{
	while (bytes-- > 0)
		buf_put_u8(b, (uint8_t)(v >> (8 * bytes)));
}

Oid pg_type_of(const struct db_value *v)
{
	switch (v->type == DB_NULL ? v->null_of : v->type) {
	case DB_INT:
		return OID_INT8;
	case DB_REAL:
		return OID_FLOAT8;
	case DB_TEXT:
		return OID_TEXT;
	case DB_BLOB:
		return OID_BYTEA;
	case DB_INT_LIST:
		return OID_INT8_LIST;
	case DB_TEXT_LIST:
		return OID_TEXT_LIST;
	case DB_BLOB_LIST:
		return OID_BYTEA_LIST;
	case DB_NULL:
		break;
	}
	return 0;
}

static void put_element(struct buf *b, const struct db_value *v, size_t i)
{
	if (v->type == DB_INT_LIST) {
		put_be(b, sizeof(int64_t), 4);
		put_be(b, (uint64_t)v->ints[i], 8);
		return;
	}
	struct bytes value = v->texts[i];
	size_t at = b->len;
	put_be(b, value.len, 4);
	if (v->type == DB_BLOB_LIST || utf8_is_text(value)) {
		buf_put(b, value);
		return;
	}
	utf8_put_text(b, value);
	if (buf_ok(b)) {
		size_t len = b->len - at - 4;
		for (unsigned k = 0; k < 4; k++)
			b->ptr[at + k] = (uint8_t)(len >> (8 * (3 - k)));
	}
}

static void put_list(struct buf *b, const struct db_value *v)
{
	Oid element = v->type == DB_INT_LIST	? OID_INT8
		      : v->type == DB_TEXT_LIST ? OID_TEXT
						: OID_BYTEA;
	put_be(b, v->count ? 1 : 0, 4);
	put_be(b, 0, 4);
	put_be(b, element, 4);
	if (v->count == 0)
		return;
	put_be(b, v->count, 4);
	put_be(b, 1, 4);
	for (size_t i = 0; i < v->count; i++)
		put_element(b, v, i);
}

/* Values that must be converted go to p->encoded; it may still move. */
static void put_value(struct pg_params *p, int i, const struct db_value *v)
{
	uint64_t bits;
	p->at[i] = p->encoded.len;
	switch (v->type) {
	case DB_INT:
		put_be(&p->encoded, (uint64_t)v->i, 8);
		return;
	case DB_REAL:
		memcpy(&bits, &v->r, sizeof bits);
		put_be(&p->encoded, bits, 8);
		return;
	case DB_INT_LIST:
	case DB_TEXT_LIST:
	case DB_BLOB_LIST:
		put_list(&p->encoded, v);
		return;
	case DB_TEXT:
		if (!utf8_is_text(v->b)) {
			utf8_put_text(&p->encoded, v->b);
			return;
		}
		break;
	case DB_BLOB:
	case DB_NULL:
		break;
	}
	p->at[i] = NOT_ENCODED;
}

void pg_params_init(struct pg_params *p)
{
	p->count = 0;
	buf_init(&p->encoded, ENCODED_MAX);
}

void pg_params_free(struct pg_params *p)
{
	buf_free(&p->encoded);
}

int pg_params_set(struct pg_params *p, const struct db_value *args, size_t count, struct err *e)
{
	if (count > DB_PARAMS_MAX)
		return err_set(e, ERR_INTERNAL, "database: %zu parameters", count);
	buf_clear(&p->encoded);
	p->count = (int)count;
	for (int i = 0; i < p->count; i++) {
		const struct db_value *v = &args[i];
		if (v->count > DB_LIST_MAX)
			return err_set(e, ERR_LIMIT, "database: a list of %zu values", v->count);
		put_value(p, i, v);
		p->len[i] = p->encoded.len - (p->at[i] == NOT_ENCODED ? 0 : p->at[i]);
		p->types[i] = pg_type_of(v);
		p->formats[i] = 1;
	}
	if (!buf_ok(&p->encoded))
		return err_set(e, ERR_NOMEM, "database: no memory for parameters");
	for (int i = 0; i < p->count; i++) {
		const struct db_value *v = &args[i];
		bool is_own = p->at[i] != NOT_ENCODED;
		size_t len = is_own ? p->len[i] : v->b.len;
		const uint8_t *ptr = is_own ? p->encoded.ptr + p->at[i] : v->b.ptr;
		if (len > INT32_MAX)
			return err_set(e, ERR_LIMIT, "database: a value of %zu bytes", len);
		p->lengths[i] = (int)len;
		p->values[i] = v->type == DB_NULL ? NULL : len ? (const char *)ptr : "";
	}
	return 0;
}

static struct cursor value_of(const struct pg_library *pq, const PGresult *r, int row, int column)
{
	if (pq->PQgetisnull(r, row, column))
		return cur_of(BYTES_NONE);
	return cur_of((struct bytes){.ptr = (const uint8_t *)pq->PQgetvalue(r, row, column),
				     .len = (size_t)pq->PQgetlength(r, row, column)});
}

static double power_of(double base, int exponent)
{
	double v = 1;
	for (int i = 0; i < exponent; i++)
		v *= base;
	for (int i = 0; i > exponent; i--)
		v /= base;
	return v;
}

/* Of sums and averages; more than 18 digits before the point are nothing that we count. */
static double numeric(struct cursor *c, int64_t *ret_whole)
{
	unsigned count = cur_be16(c);
	int weight = (int16_t)cur_be16(c);
	unsigned sign = cur_be16(c);
	(void)cur_be16(c);
	double value = 0;
	int64_t whole = 0;
	for (unsigned i = 0; i < count && cur_ok(c); i++, weight--) {
		unsigned digit = cur_be16(c);
		value += digit * power_of(10000, weight);
		if (weight >= 0 && weight < 5) {
			int64_t power = 1;
			for (int k = 0; k < weight; k++)
				power *= 10000;
			if (__builtin_mul_overflow(power, (int64_t)digit, &power) ||
			    __builtin_add_overflow(whole, power, &whole))
				whole = INT64_MAX;
		}
	}
	*ret_whole = sign == NUMERIC_NEGATIVE ? -whole : whole;
	return sign == NUMERIC_NEGATIVE ? -value : value;
}

static double float_of(Oid type, struct cursor *c)
{
	double value = 0;
	float small = 0;
	if (type == OID_FLOAT8) {
		uint64_t bits = cur_be64(c);
		memcpy(&value, &bits, sizeof value);
		return value;
	}
	uint32_t bits = cur_be32(c);
	memcpy(&small, &bits, sizeof small);
	return (double)small;
}

int64_t pg_int(const struct pg_library *pq, const PGresult *r, int row, int column)
{
	struct cursor c = value_of(pq, r, row, column);
	int64_t whole;
	if (cur_left(&c) == 0)
		return 0;
	switch (pq->PQftype(r, column)) {
	case OID_INT8:
		return (int64_t)cur_be64(&c);
	case OID_INT4:
		return (int32_t)cur_be32(&c);
	case OID_INT2:
		return (int16_t)cur_be16(&c);
	case OID_BOOL:
		return cur_u8(&c) != 0;
	case OID_NUMERIC:
		(void)numeric(&c, &whole);
		return whole;
	case OID_FLOAT8:
	case OID_FLOAT4:
		return (int64_t)float_of(pq->PQftype(r, column), &c);
	default:
		return 0;
	}
}

double pg_real(const struct pg_library *pq, const PGresult *r, int row, int column)
{
	struct cursor c = value_of(pq, r, row, column);
	int64_t whole;
	if (cur_left(&c) == 0)
		return 0;
	switch (pq->PQftype(r, column)) {
	case OID_FLOAT8:
	case OID_FLOAT4:
		return float_of(pq->PQftype(r, column), &c);
	case OID_NUMERIC:
		return numeric(&c, &whole);
	default:
		return (double)pg_int(pq, r, row, column);
	}
}

struct bytes pg_bytes(const struct pg_library *pq, const PGresult *r, int row, int column)
{
	if (pq->PQgetisnull(r, row, column) || pq->PQgetlength(r, row, column) <= 0)
		return BYTES_NONE;
	return (struct bytes){.ptr = (const uint8_t *)pq->PQgetvalue(r, row, column),
			      .len = (size_t)pq->PQgetlength(r, row, column)};
}
