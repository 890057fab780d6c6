#include "api/api.h"

#include "access/access.h"
#include "api/turns.h"

#define READ_MS 5000U /* default limit of a reply's reads; the longest take tenths of it */
/* Bytes: a page of 1,000 findings takes 3 MB, 20,000 packages 8 MB. */
#define REPLY_MAX (64U << 20)

struct api *api_of(struct http_request *r)
{
	return http_context(r);
}

bool api_is_word(struct bytes have, const char *word)
{
	return bytes_eq_nocase(have, bytes_of(word));
}

static bool is_gone(void *arg)
{
	return http_is_gone(arg);
}

/* 0 for all who have no number: they share what one may have. */
static int64_t caller_of(struct http_request *r)
{
	return http_principal(r) ? http_principal(r)->user_id : 0;
}

int api_busy(struct http_request *r, const char *why, struct err *e)
{
	int rc = http_reply_header(r, "Retry-After", BYTES_LIT("5"), e);
	if (rc == 0)
		rc = http_reply_error(r, 503, "busy", why, e);
	return rc < 0 ? rc : 1;
}

int api_turn_begin(struct http_request *r, struct err *e)
{
	return turns_take(api_of(r)->turns, caller_of(r), is_gone, r)
		   ? 0
		   : api_busy(r, "too many large requests at once", e);
}

void api_turn_end(struct http_request *r)
{
	turns_give(api_of(r)->turns, caller_of(r));
}

int api_reply_json(struct http_request *r, unsigned status, struct buf *body, struct err *e)
{
	int rc;
	if (buf_ok(body))
		rc = http_reply_bytes(r, status, "application/json", buf_bytes(body), e);
	else
		rc = err_set(e, ERR_NOMEM, "no memory for the reply");
	buf_free(body);
	return rc;
}

struct reading {
	struct http_request *r;
	struct buf out;
	api_write_fn write;
	void *arg;
};

static void limit(struct db_tx *tx, struct http_request *r)
{
	unsigned ms = api_of(r)->read_ms;
	db_limit(tx, ms ? ms : READ_MS, is_gone, r);
}

static int reading_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct reading *r = arg;
	struct json_out w;
	limit(tx, r->r);
	buf_clear(&r->out);
	json_out_init(&w, &r->out, false);
	return r->write(tx, &w, r->arg, e);
}

/* What took too long may be asked for again. */
static int run(struct http_request *r, db_fn fn, void *arg, struct err *e)
{
	struct err ignored = ERR_INIT;
	(void)turns_read_begin(api_of(r)->turns);
	int rc = db_run(api_of(r)->db, DB_READ, fn, arg, e);
	turns_read_end(api_of(r)->turns);
	if (rc == -(int)ERR_TIMEOUT)
		(void)http_reply_header(r, "Retry-After", BYTES_LIT("5"), &ignored);
	return rc;
}

struct plain_reading {
	struct http_request *r;
	int (*read)(struct db_tx *tx, void *arg, struct err *e);
	void *arg;
};

static int plain_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct plain_reading *p = arg;
	limit(tx, p->r);
	return p->read(tx, p->arg, e);
}

int api_read(struct http_request *r, int (*read)(struct db_tx *tx, void *arg, struct err *e),
	     void *arg, struct err *e)
{
	struct plain_reading p = {.r = r, .read = read, .arg = arg};
	return run(r, plain_tx, &p, e);
}

int api_reply_read(struct http_request *r, unsigned status, api_write_fn write, void *arg,
		   struct err *e)
{
	struct reading reading = {.r = r, .write = write, .arg = arg};
	buf_init(&reading.out, REPLY_MAX);
	int rc = run(r, reading_tx, &reading, e);
	if (rc < 0) {
		buf_free(&reading.out);
		return rc;
	}
	return api_reply_json(r, status, &reading.out, e);
}

void api_list_begin(struct json_out *w)
{
	json_put_object(w, NULL);
	json_put_array(w, "items");
}

struct bytes api_cursor(struct json_out *w, const char *made)
{
	if (!made)
		w->out->failed = true;
	return bytes_of(made);
}

struct bytes api_number_cursor(struct json_out *w, struct arena *a, int64_t number)
{
	return number ? api_cursor(w, arena_printf(a, "%lld", (long long)number)) : BYTES_NONE;
}

void api_list_end(struct json_out *w, struct bytes next, struct total total)
{
	json_put_end(w, ']');
	json_put_u64(w, "total", total.count);
	json_put_bool(w, "total_exact", total.exact);
	json_put_string_nonempty(w, "next", next);
	json_put_end(w, '}');
}
